"""Laws of the individual benefit, error bounds and attribute budgets; needs no data."""

from __future__ import annotations

from bopstats.theory._base import Law
from bopstats.theory.bounds import error_lower_bound, error_upper_bound
from bopstats.theory.cost_laws import (
    Exponential,
    Gamma,
    InverseGaussian,
    NegativeBinomial,
    Poisson,
)
from bopstats.theory.effective import effective_size_clusters, effective_size_weights
from bopstats.theory.integer_laws import Bernoulli, Skellam, Ternary
from bopstats.theory.laws import Bounded, BoundedVariance, Gaussian, GaussianTwoSigma
from bopstats.theory.location_laws import GeneralizedNormal, Laplace, Logistic, StudentT
from bopstats.theory.mse import mse_lower_bound
from bopstats.theory.published_laws import PublishedCategorical, PublishedLaplace
from bopstats.theory.sample_law import Tilted
from bopstats.theory.scales import average_error, summed_error, total_error
from bopstats.theory.tilted_laws import ExponentialFamily, VarianceGamma

__all__ = [
    "Bernoulli",
    "Bounded",
    "BoundedVariance",
    "Exponential",
    "ExponentialFamily",
    "Gamma",
    "Gaussian",
    "GaussianTwoSigma",
    "GeneralizedNormal",
    "InverseGaussian",
    "Laplace",
    "Law",
    "Logistic",
    "NegativeBinomial",
    "Poisson",
    "PublishedCategorical",
    "PublishedLaplace",
    "Skellam",
    "StudentT",
    "Ternary",
    "Tilted",
    "VarianceGamma",
    "average_error",
    "effective_size_clusters",
    "effective_size_weights",
    "error_lower_bound",
    "error_upper_bound",
    "mse_lower_bound",
    "summed_error",
    "total_error",
]
