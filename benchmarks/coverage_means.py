"""Coverage of nominal 95 % intervals of a mean benefit: t, percentile and BCa.

Benefits are drawn from a normal, an exponential and a lognormal law (skewness 0, 2 and 6.2), one
simulated sample a group of one `RowBop`, so that the code of the package runs as it is.

    python benchmarks/coverage_means.py            10000 samples, 2000 replicates each
    python benchmarks/coverage_means.py --quick    400 samples, 500 replicates

Prints a Markdown table: coverage in %, misses below and above (the truth below the lower limit,
above the upper limit), mean width relative to t, and the share of infinite intervals, where the
adjusted level of BCa lies beyond the outermost replicate.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from bopstats.groups import GroupMoments, RowBop
from bopstats.inference.bootstrap import bootstrap_means
from bopstats.inference.bootstrap_limits import METHODS, limits
from bopstats.inference.means import group_means

SIZES = (10, 30, 100, 1000)
LAWS = {
    "normal": (lambda rng, shape: rng.normal(size=shape), 0.0),
    "exponential": (lambda rng, shape: rng.exponential(size=shape), 1.0),
    "lognormal": (lambda rng, shape: rng.lognormal(size=shape), np.exp(0.5)),
}
AT_ONCE = 500  # samples in one RowBop


def rows_of(samples):
    """One partition whose groups are the samples, shape (S, n)."""
    count, n = samples.shape
    zero = np.zeros(samples.size)
    group = np.repeat(np.arange(count), n)
    return RowBop(
        *(("cost",), samples.reshape(1, -1), zero[None], zero, zero, zero),
        *(group, np.zeros_like(group), np.arange(samples.size), count, None, None, None, False),
    )


def intervals(samples, replicates, rng):
    """Limits of each method, shape (S,) each."""
    rows = rows_of(samples)
    found = {"t": group_means(GroupMoments.from_rows(rows), 0, None).interval(0.05)}
    drawn = bootstrap_means(rows, 0, size=replicates, rng=rng)
    for method in METHODS:
        low, high = limits(drawn, alpha=0.05, method=method)
        found[method] = low[:-1], high[:-1]
    return found


def study(law, n, samples, replicates, rng):
    """Limits of each method over all samples, and the true mean."""
    draw, truth = LAWS[law]
    pieces = []
    for first in range(0, samples, AT_ONCE):
        shape = (min(AT_ONCE, samples - first), n)
        pieces.append(intervals(draw(rng, shape), replicates, rng))
    return truth, {
        method: [np.concatenate([piece[method][side] for piece in pieces]) for side in (0, 1)]
        for method in ("t", *METHODS)
    }


def main(quick):
    samples, replicates = (400, 500) if quick else (10_000, 2000)
    error = 100 * np.sqrt(0.05 * 0.95 / samples)
    start, rng = time.perf_counter(), np.random.default_rng(2024)
    print("| law | n | method | coverage | below | above | width / t | infinite |")
    print("|---|---|---|---|---|---|---|---|")
    for law in LAWS:
        for n in SIZES:
            truth, found = study(law, n, samples, replicates, rng)
            for method, (low, high) in found.items():
                below, above = 100 * (low > truth).mean(), 100 * (high < truth).mean()
                finite = np.isfinite(high - low)
                width = (high - low)[finite].mean() / np.subtract(*found["t"][::-1])[finite].mean()
                print(
                    f"| {law} | {n} | {method} | {100 - below - above:.1f} | {below:.1f} "
                    f"| {above:.1f} | {width:.2f} | {100 * (1 - finite.mean()):.1f} % |"
                )
    seconds = time.perf_counter() - start
    print(f"\n{samples} samples, {replicates} replicates each; Monte Carlo standard error")
    print(f"{error:.2f} points at 95 %; {seconds:.0f} s on one core.")


if __name__ == "__main__":
    main("--quick" in sys.argv[1:])
