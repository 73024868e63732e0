"""What Fisher scoring needs of each row at a linear predictor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from statsmodels.genmod import families as sm_families
from statsmodels.genmod.families import links as sm_links

from bopstats._typing import FloatArray


@dataclass(frozen=True)
class Working:
    r"""Figures of rows at their linear predictors :math:`\eta`, of any one shape.

    `weight` is :math:`1/(g'(\mu)^2 V(\mu))`, `score` :math:`(y - \mu)/(g'(\mu) V(\mu))`, the
    derivative of a row's log likelihood at scale 1 (McCullagh and Nelder 1989, section 2.5).
    """

    mu: FloatArray
    weight: FloatArray
    score: FloatArray


def is_logistic(family: Any) -> bool:
    """Tell whether outcomes are 0/1 with the logit link, which has quicker formulas."""
    return isinstance(family, sm_families.Binomial) and type(family.link) is sm_links.Logit


def working(family: Any, eta: FloatArray, y: FloatArray) -> Working:
    """Return the figures; `eta` may have more columns than the rows of `y`, shape (n, 1), have."""
    if is_logistic(family):
        tail = np.exp(-np.abs(eta))
        large = 1.0 / (1.0 + tail)
        small = tail * large
        mu = np.where(eta < 0, small, large)
        return Working(mu, small * large, y - mu)
    mu = family.link.inverse(eta)
    slope, variance = family.link.deriv(mu), family.variance(mu)
    return Working(mu, 1.0 / (slope**2 * variance), (y - mu) / (slope * variance))


def scores(family: Any, eta: FloatArray, y: FloatArray) -> FloatArray:
    """Return `Working.score` alone; `eta` may have more rows than `y`, and is overwritten."""
    if not is_logistic(family):
        return working(family, eta, y).score
    with np.errstate(over="ignore"):
        np.exp(np.negative(eta, out=eta), out=eta)
    eta += 1.0
    np.reciprocal(eta, out=eta)
    return np.subtract(y, eta, out=eta)


def deviance(
    family: Any, y: FloatArray, eta: FloatArray, mu: FloatArray, weight: FloatArray
) -> float:
    """Return the sum of weighted unit deviances at scale 1."""
    if is_logistic(family):
        # −log of a probability of 0/1 outcomes, without its rounding near 0 and 1.
        unlikely = np.where(y > 0, -eta, eta)
        unit = np.maximum(unlikely, 0.0) + np.log1p(np.exp(-np.abs(eta)))
        return 2.0 * float(weight @ unit)
    return float(family.deviance(y, mu, var_weights=weight, scale=1.0))
