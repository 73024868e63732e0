"""The only room that touches patsy."""

from bopstats.formula.matrices import Built, build
from bopstats.formula.terms import Parsed, environment, evaluate_outcome, parse

__all__ = ["Built", "Parsed", "build", "environment", "evaluate_outcome", "parse"]
