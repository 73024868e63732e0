"""The only room that touches patsy."""

from bopstats.formula.matrices import Built, Coding, learn
from bopstats.formula.terms import Parsed, environment, evaluate_outcome, parse

__all__ = ["Built", "Coding", "Parsed", "environment", "evaluate_outcome", "learn", "parse"]
