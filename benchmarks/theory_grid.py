"""A million lower bounds: time and precision of float64, of an mpmath loop, of the naive formula.

Run as ``python benchmarks/theory_grid.py``. The grid crosses 100 numbers of rows (10² to 10²⁰),
100 numbers of attributes (0 to 40) and 100 effects (10⁻⁹ to 0.5). Relative errors are those of
2000 random points whose bound is above 1e-100, and absolute ones those of the rest.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np

from bopstats.theory import Bounded, BoundedVariance, Gaussian, Law, PublishedCategorical
from bopstats.theory import error_lower_bound as lower

SAMPLE = 2000
LAWS: list[tuple[Law, Callable[[Any], Any]]] = [
    (Gaussian(1.0), lambda e: e**2),
    (Bounded(-1, 1), lambda e: -np.log(1 - e**2)),
    (BoundedVariance(1.0), lambda e: np.log(1 + e**2)),
    (PublishedCategorical(), lambda e: np.log(1 + 4 * e**2)),
]


def grid() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = np.logspace(2, 20, 100)[:, None, None]
    groups = np.floor(2.0 ** np.linspace(0, 40, 100))[None, :, None]
    effect = np.logspace(-9, np.log10(0.5), 100)[None, None, :]
    return tuple(a.ravel() for a in np.broadcast_arrays(effect, rows / groups, groups))


def bound_exact(effect: float, size: float, groups: float, law: Law) -> mpmath.mpf:
    """The same bound with 40 digits; floats are taken as they are, not as decimals."""
    with mpmath.workdps(60):
        exponent = mpmath.mpf(size) * law.log_moment(mpmath.mpf(effect), digits=45)
        if exponent > 1e6:
            return mpmath.mpf(0)
        x = mpmath.expm1(exponent) / mpmath.mpf(groups)
        return 1 - mpmath.sqrt(x) / 2 if x <= 1 else 1 / (1 + x)


def bound_naive(
    effect: np.ndarray, size: np.ndarray, groups: np.ndarray, moment: Any
) -> np.ndarray:
    with np.errstate(all="ignore"):
        x = (np.exp(size * moment(effect)) - 1) / groups
        return np.where(x <= 1, 1 - np.sqrt(x) / 2, 1 / (1 + x))


def timed(call: Callable[[], Any], runs: int = 5) -> tuple[float, Any]:
    """The shortest of a few runs, and the answer."""
    best, answer = np.inf, None
    for _ in range(runs):
        start = time.perf_counter()
        answer = call()
        best = min(best, time.perf_counter() - start)
    return best, answer


def errors(got: np.ndarray, truth: list[mpmath.mpf]) -> tuple[float, float]:
    """Largest relative error above 1e-100 and largest absolute error below, nan left out."""
    relative = absolute = 0.0
    for value, exactly in zip(got, truth, strict=True):
        if np.isnan(value):
            continue
        gap = float(abs(mpmath.mpf(float(value)) - exactly))
        if exactly > 1e-100:
            relative = max(relative, gap / float(exactly))
        else:
            absolute = max(absolute, gap)
    return relative, absolute


def compare(law: Law, moment: Callable[[Any], Any], chosen: np.ndarray) -> None:
    """Print the three ways for one law."""
    effect, size, groups = grid()
    sample = list(zip(effect[chosen], size[chosen], groups[chosen], strict=True))
    loop, truth = timed(lambda: [bound_exact(*point, law) for point in sample], 1)
    ways = {
        "bopstats": lambda: lower(effect, size, law, n_groups=groups, method="chi2"),
        "naive": lambda: bound_naive(effect, size, groups, moment),
    }
    name = type(law).__name__
    for way, call in ways.items():
        seconds, got = timed(call)
        relative, absolute = errors(got[chosen], truth)
        lost = int(np.isnan(got).sum())
        print(f"{name:<22}{way:<10}{seconds:>9.3f}{relative:>11.1e}{absolute:>11.1e}{lost:>6,}")
    whole = loop * effect.size / len(sample)
    print(f"{name:<22}{'mpmath':<10}{whole:>9.0f}  (from {len(sample):,} points)")


def main() -> None:
    total = grid()[0].size
    chosen = np.random.default_rng(0).choice(total, SAMPLE, replace=False)
    print(f"{total:,} points of (rows, attributes, effect); errors at {SAMPLE:,} of them\n")
    print(f"{'law':<22}{'way':<10}{'seconds':>9}{'relative':>11}{'absolute':>11}{'nan':>6}")
    for law, moment in LAWS:
        compare(law, moment, chosen)


if __name__ == "__main__":
    main()
