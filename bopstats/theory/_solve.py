"""Solving an increasing function for its argument, on any interval."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq


def solve_increasing(
    function: Callable[[float], float], target: float, domain: tuple[float, float]
) -> float | None:
    """Return x in the open `domain` with ``function(x) = target``; None if there is none.

    The domain is mapped to the line, so that ends that the function may not touch are only
    approached, and the bracket grows until it holds the target or floats run out.
    """

    def gap(u: float) -> float:
        return function(_place(u, domain)) - target

    here = 0.0
    value = gap(here)
    step = -1.0 if value > 0.0 else 1.0
    while value * step < 0.0:
        further = here + step
        if abs(further) > 700.0 or not domain[0] < _place(further, domain) < domain[1]:
            return None
        value = gap(further)
        if not np.isfinite(value):
            return None
        if value * step >= 0.0:
            root = brentq(
                gap, min(here, further), max(here, further), xtol=1e-300, rtol=8.9e-16, maxiter=500
            )
            return _place(float(root), domain)
        here = further
    return _place(here, domain)


def last_value(function: Callable[[float], float], domain: tuple[float, float]) -> float:
    """Return the supremum of an increasing function; infinite if it still grows at the end."""
    before = value = function(_place(0.0, domain))
    for u in np.arange(1.0, 701.0):
        x = _place(float(u), domain)
        further = function(x) if domain[0] < x < domain[1] else np.nan
        if not np.isfinite(further):
            break
        before, value = value, further
    return np.inf if value - before > 1e-4 * abs(value) else value


def _place(u: float, domain: tuple[float, float]) -> float:
    """Map the line to the domain."""
    low, high = domain
    if np.isinf(low) and np.isinf(high):
        return float(np.sinh(u))
    if np.isinf(high):
        return low + float(np.exp(u))
    if np.isinf(low):
        return high - float(np.exp(-u))
    return low + (high - low) / (1.0 + float(np.exp(-u)))
