"""Data that come with the package, and readers of data that may not."""

from bopstats.datasets import mimic3
from bopstats.datasets.nhanes import load_nhanes

__all__ = ["load_nhanes", "mimic3"]
