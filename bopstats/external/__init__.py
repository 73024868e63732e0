"""The same results from anybody's predictions and models."""

from bopstats.external.comparison import compare
from bopstats.external.models import compare_models

__all__ = ["compare", "compare_models"]
