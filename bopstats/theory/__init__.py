"""Laws of the individual benefit, error bounds and attribute budgets; needs no data."""

from __future__ import annotations

from bopstats.theory._base import Law
from bopstats.theory.bounds import error_lower_bound, error_upper_bound
from bopstats.theory.integer_laws import Skellam, Ternary
from bopstats.theory.laws import Bounded, BoundedVariance, Gaussian
from bopstats.theory.published_laws import PublishedCategorical, PublishedLaplace
from bopstats.theory.scales import average_error, summed_error, total_error

__all__ = [
    "Bounded",
    "BoundedVariance",
    "Gaussian",
    "Law",
    "PublishedCategorical",
    "PublishedLaplace",
    "Skellam",
    "Ternary",
    "average_error",
    "error_lower_bound",
    "error_upper_bound",
    "summed_error",
    "total_error",
]
