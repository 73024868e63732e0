"""How much a mean changes between two linear predictors, also where they are close."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from bopstats._typing import FloatArray
from bopstats.fitting.families import link_name

# Gauss–Legendre nodes on (0, 1). At most one unit of the linear predictor apart, 16 nodes leave an
# error below 1e-19 for the cauchit, whose poles are nearest, and less for the others.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2
_CLOSE = 1.0


def mean_slope(family: Any, start: FloatArray, end: FloatArray) -> FloatArray:
    r"""Return the mean slope of the inverse link between two linear predictors.

    .. math:: s = \frac{\mu(\eta_1) - \mu(\eta_0)}{\eta_1 - \eta_0}
        = \int_0^1 \mu'(\eta_0 + a(\eta_1 - \eta_0))\,da

    Parameters
    ----------
    family : statsmodels family
        Its link is used.
    start, end : ndarray
        Linear predictors :math:`\eta_0, \eta_1`, of shapes that broadcast.

    Returns
    -------
    ndarray
        Where both are equal, the derivative.

    Notes
    -----
    The quotient loses digits where both are close. Products do not, for example the logit's
    :math:`\sigma(\eta_1) - \sigma(\eta_0) = \sigma(\eta_1)\sigma(-\eta_0)(1 - e^{\eta_0-\eta_1})`;
    links without one are integrated up to a distance of 1.
    """
    link = family.link
    low, high = np.minimum(start, end), np.maximum(start, end)
    name = link_name(family)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if name == "identity":
            return np.ones_like(low)
        if name == "log":
            return np.asarray(np.exp(high) * _share(high - low), dtype=np.float64)
        if name == "logit":
            return np.asarray(expit(high) * expit(-low) * _share(high - low), dtype=np.float64)
        if name == "inverse":
            return -1.0 / (low * high)
        if name == "inverse_squared":
            root_low, root_high = np.sqrt(low), np.sqrt(high)
            return np.asarray(-1.0 / (root_low * root_high * (root_low + root_high)))
        if name == "sqrt":
            return np.asarray(low + high, dtype=np.float64)
        if name == "power":
            return _of_a_power(1.0 / link.power, low, high)
        return _integrated(link, low, high)


def _share(gap: FloatArray) -> FloatArray:
    """Return (1 − e^−gap)/gap, 1 at 0."""
    return np.where(gap > 0, -np.expm1(-gap) / np.where(gap > 0, gap, 1.0), 1.0)


def _of_a_power(power: float, low: FloatArray, high: FloatArray) -> FloatArray:
    """Return (high^q − low^q)/(high − low) for positive numbers."""
    ratio = (high - low) / low
    apart = ratio > 0
    growth = np.expm1(power * np.log1p(ratio)) / np.where(apart, ratio, 1.0)
    return np.asarray(low ** (power - 1) * np.where(apart, growth, power), dtype=np.float64)


def _integrated(link: Any, low: FloatArray, high: FloatArray) -> FloatArray:
    gap = high - low
    slope = np.zeros(np.shape(gap))
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        slope += weight * link.inverse_deriv(low + node * gap)
    quotient = (link.inverse(high) - link.inverse(low)) / np.where(gap > 0, gap, 1.0)
    return np.where(gap <= _CLOSE, slope, quotient)


def class_cut(family: Any, threshold: float) -> float:
    """Return the smallest linear predictor η with μ(η) ≥ threshold, for an increasing link.

    ``eta >= class_cut(family, t)`` then says the same as ``mu >= t`` without a call of the link.
    """
    inverse = family.link.inverse
    middle = float(family.link(threshold))
    low, high = middle - 1e-3, middle + 1e-3
    while np.nextafter(low, high) < high:
        middle = low + (high - low) / 2
        middle = float(np.nextafter(low, high)) if middle in (low, high) else middle
        if inverse(middle) >= threshold:
            high = middle
        else:
            low = middle
    return high
