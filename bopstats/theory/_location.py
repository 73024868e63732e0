"""Moments of symmetric location families by quadrature that keeps small effects precise.

With g the density about its centre and p1 centred at the effect e, c − 1 = ∫ p1 (p0/p1 − 1)².
Everything is positive, so nothing cancels. The line is split at 0, at e and where p0²/p1 peaks,
and every piece is integrated by a double-exponential rule, which minds neither what the density
does at its centre nor how narrow the peak is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np

from bopstats.theory._numeric import Floats, log_expm1, logsumexp, search

#: Abscissae of the double-exponential rules, and their spacing.
_STEP = 0.025
_T = np.arange(-4.5, 4.5001, _STEP)

#: Half-line: y = exp(π/2 sinh t), and the log of dy.
_HALF = np.exp(np.pi / 2.0 * np.sinh(_T))
_LOG_HALF = np.pi / 2.0 * np.sinh(_T) + np.log(np.pi / 2.0 * np.cosh(_T) * _STEP)

#: Interval (0, 1): the share from the left and from the right, and the log weight.
_LEFT = 1.0 / (1.0 + np.exp(-np.pi * np.sinh(_T)))
_RIGHT = 1.0 / (1.0 + np.exp(np.pi * np.sinh(_T)))
_LOG_UNIT = np.log(_LEFT) + np.log(_RIGHT) + np.log(np.pi * np.cosh(_T) * _STEP)

#: ``log g(r)``, and ``log g(y) - log g(y + e)`` computed without cancellation.
LogDensity = Callable[[Any], Any]
LogRatio = Callable[[Any, Any], Any]


def log_moment(effect: Floats, log_density: LogDensity, log_ratio: LogRatio) -> Floats:
    """Return ln ∫ p0²/p1 at positive effects (0 elsewhere), in units of the scale."""
    flat, back = np.unique(effect.ravel(), return_inverse=True)
    value = np.zeros(flat.shape)
    chosen = flat > 0.0
    if chosen.any():
        with np.errstate(all="ignore"):
            value[chosen] = _log_moment(flat[chosen][:, None], log_density, log_ratio)
    return np.asarray(value[back].reshape(effect.shape))


def _log_moment(e: Floats, log_density: LogDensity, log_ratio: LogRatio) -> Floats:
    def left_of_zero(y: Floats) -> Floats:
        return np.asarray(log_density(y + e) + 2.0 * _log_abs_expm1(log_ratio(y, e)))

    peak = _peak(e, log_density)
    near, far = log_density(e * _LEFT), log_density(e * _RIGHT)
    pieces = [
        log_density(_HALF) + 2.0 * _log_abs_expm1(-log_ratio(_HALF, e)) + _LOG_HALF,
        far + 2.0 * _log_abs_expm1(near - far) + _LOG_UNIT + np.log(e),
        left_of_zero(peak * _LEFT) + _LOG_UNIT + np.log(peak),
        left_of_zero(peak + _HALF) + _LOG_HALF,
    ]
    terms = np.concatenate(pieces, axis=-1)
    return np.logaddexp(0.0, logsumexp(np.where(np.isnan(terms), -np.inf, terms)))


def _peak(e: Floats, log_density: LogDensity) -> Floats:
    """Return how far on the other side of 0 the ratio p0²/p1 is largest, shape of `e`."""

    def height(u: Floats) -> Floats:
        y = e[:, 0] * np.exp(u)
        value = np.asarray(2.0 * log_density(y) - log_density(y + e[:, 0]))
        return np.where(np.isnan(value), -np.inf, value)

    found = search(height, np.linspace(-8.0, 8.0, 65), rounds=8)[0]
    return np.asarray(e * np.exp(found)[:, None])


def _log_abs_expm1(x: Floats) -> Floats:
    """Return log |exp(x) − 1|."""
    return np.where(x > 0.0, log_expm1(np.maximum(x, 0.0)), np.log(-np.expm1(np.minimum(x, 0.0))))


def log_moment_exact(effect: Any, log_density: LogDensity, floats: LogDensity) -> Any:
    """Return the same for one positive effect in mpmath, at the working precision."""
    with np.errstate(all="ignore"):
        peak = mpmath.mpf(float(_peak(np.array([[float(effect)]]), floats)[0, 0]))
    # Differences of densities at a small effect lose as many digits as the effect has zeros.
    lost = int(max(0, -2 * mpmath.log10(effect))) + 10
    with mpmath.extradps(lost):

        def excess(x: Any) -> Any:
            null, alternative = log_density(abs(x)), log_density(abs(x - effect))
            return mpmath.exp(alternative) * mpmath.expm1(null - alternative) ** 2

        cuts = [1, 4, 16, mpmath.inf]
        ends = [-peak - c for c in reversed(cuts)] + [-peak, 0, effect]
        return mpmath.log1p(mpmath.quad(excess, ends + [effect + c for c in cuts]))
