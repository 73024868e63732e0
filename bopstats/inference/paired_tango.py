r"""Tango's score statistic for a paired difference of proportions and its lower limit.

.. math:: T(D) = \frac{n_+ - n_- - nD}{\sqrt{n\,(2\tilde p_- + D(1 - D))}},

where :math:`\tilde p_-`, the maximum likelihood estimate of P(B = −1) given
:math:`\delta = D`, is the larger root of
:math:`2n x^2 + \{(2n - n_+ + n_-)D - n_+ - n_-\}x - n_- D(1 - D) = 0`
(Tango, T. 1998. Statistics in Medicine 17, 891–908). T falls as D rises.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import ndtri

Floats = npt.NDArray[np.float64]


def tango_parts(n: float, plus: float, minus: float, null: float) -> tuple[float, float]:
    """Return numerator and denominator of Tango's statistic.

    Negative nulls are mirrored; at D ≥ 0 every term under the roots is non-negative, so that
    nothing cancels.

    Examples
    --------
    >>> distance, scale = tango_parts(160, 40, 20, 0.0)
    >>> print(distance, round(scale**2))
    20.0 60
    """
    if null < 0:
        distance, scale = tango_parts(n, minus, plus, -null)
        return -distance, scale
    linear = (2 * n - plus + minus) * null - plus - minus
    constant = minus * null * (1 - null)
    root = math.sqrt(linear * linear + 8 * n * constant)
    p_minus = (root - linear) / (4 * n) if linear <= 0 else 2 * constant / (root + linear)
    return plus - minus - n * null, math.sqrt(n * (2 * p_minus + null * (1 - null)))


def tango_excess(n: float, plus: Floats, minus: Floats, null: float, z: float) -> Floats:
    """Return numerator minus `z` times denominator of the statistic, for arrays of outcomes."""
    sign = 1.0
    if null < 0:
        plus, minus, null, sign = minus, plus, -null, -1.0
    linear = (2 * n - plus + minus) * null - plus - minus
    root = np.sqrt(linear**2 + 8 * n * minus * null * (1 - null))
    variance = n * ((root - linear) / (2 * n) + null * (1 - null))
    excess: Floats = sign * (plus - minus - n * null) - z * np.sqrt(np.maximum(variance, 0.0))
    return excess


def tango_low(n: float, plus: float, minus: float, level: float) -> float:
    """Return the null at which Tango's statistic is the normal quantile of one-sided `level`.

    Examples
    --------
    >>> print(f"{tango_low(160, 40, 20, 0.025):.4f}")
    0.0309
    """
    z = -float(ndtri(level))
    if minus >= n:
        return -1.0
    if plus >= n:
        return (n - z * z) / (n + z * z)
    if plus == minus == 0:
        return -z * z / (n + z * z)

    def excess(null: float) -> float:
        distance, scale = tango_parts(n, plus, minus, null)
        return distance - z * scale

    return float(brentq(excess, -1.0, (plus - minus) / n, xtol=1e-17, rtol=1e-15))
