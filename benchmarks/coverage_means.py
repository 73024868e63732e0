"""Coverage of nominal 95 % intervals of a mean benefit: t, percentile and BCa.

Benefits are drawn from a normal, an exponential and a lognormal law (skewness 0, 2 and 6.2), one
simulated sample a group of one `RowBop`, so that the code of the package runs as it is. With a
share changed below 1 the others' benefit is exactly 0; so many more samples are drawn that about
`--samples` of them hold someone who changed, and have an interval.

    python benchmarks/coverage_means.py [--samples=8000] [--csv] [0.3 0.05]

With numbers only these shares changed run, and of the others what is stored stays.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from stored import Table, progress, report, samples_of, stored_by

from bopstats.groups import GroupMoments, RowBop
from bopstats.inference.bootstrap import bootstrap_means
from bopstats.inference.bootstrap_limits import METHODS, limits
from bopstats.inference.means import group_means

SAMPLES, REPLICATES, SEED = 8000, 999, 2024
SIZES = (10, 30, 100, 1000)
SHARES = (1.0, 0.3, 0.05, 0.005)
LAWS = {
    "normal": (lambda rng, shape: rng.normal(size=shape), 0.0),
    "exponential": (lambda rng, shape: rng.exponential(size=shape), 1.0),
    "lognormal": (lambda rng, shape: rng.lognormal(size=shape), np.exp(0.5)),
}
NAME = "means"
COLUMNS = (
    *("share changed", "law", "n", "method", "coverage", "below", "above", "width / t"),
    *("infinite", "no interval", "samples"),
)
AT_ONCE = 500  # samples in one RowBop


def rows_of(samples, weight=None):
    """One partition whose groups are the samples, shape (S, n), with sampling weights if any."""
    count, n = samples.shape
    zero = np.zeros(samples.size)
    group = np.repeat(np.arange(count), n)
    weights = (None, None) if weight is None else (weight.ravel(), "prob")
    return RowBop(
        *(("cost",), samples.reshape(1, -1), zero[None], zero, zero, zero),
        *(group, np.zeros_like(group), np.arange(samples.size), count, *weights, None, False),
    )


def intervals(samples, replicates, rng, weight=None):
    """Limits of each method, shape (S,) each; nan where nothing varies."""
    rows = rows_of(samples, weight)
    low, high = group_means(GroupMoments.from_rows(rows), 0, rows.weight_type).interval(0.05)
    found = {"t": (np.where(high > low, low, np.nan), np.where(high > low, high, np.nan))}
    drawn = bootstrap_means(rows, 0, size=replicates, rng=rng)
    for method in METHODS:
        low, high = limits(drawn, alpha=0.05, method=method)
        found[method] = low[:-1], high[:-1]
    return found


def study(law, n, samples, replicates, share=1.0):
    """Limits of each method over all samples, and the true mean."""
    draw, truth = LAWS[law]
    rng, pieces = np.random.default_rng([SEED, n]), []
    total = int(np.ceil(samples / (1 - (1 - share) ** n)))
    for first in range(0, total, AT_ONCE):
        shape = (min(AT_ONCE, total - first), n)
        drawn = draw(rng, shape) * (rng.random(shape) < share)
        pieces.append(intervals(drawn, replicates, rng))
    return share * truth, {
        method: [np.concatenate([piece[method][side] for piece in pieces]) for side in (0, 1)]
        for method in ("t", *METHODS)
    }


def cells_of(truth, found):
    """Method, coverage, misses on both sides, width, what is no interval, and how many are one."""
    reference = np.subtract(*found["t"][::-1])
    for method, (low, high) in found.items():
        has = ~np.isnan(high - low)
        below, above = 100 * (low > truth)[has].mean(), 100 * (high < truth)[has].mean()
        finite = np.isfinite(high - low)
        width = (high - low)[finite].mean() / reference[finite].mean()
        yield (
            *(method, f"{100 - below - above:.1f}", f"{below:.1f}", f"{above:.1f}"),
            *(f"{width:.2f}", f"{100 * (has & ~finite).mean():.1f} %"),
            *(f"{100 * (1 - has.mean()):.1f} %", str(has.sum())),
        )


def main(arguments):
    samples, start = samples_of(arguments, SAMPLES), time.perf_counter()
    chosen = [float(each) for each in arguments if not each.startswith("-")] or SHARES
    rows = stored_by(NAME, {(f"{share:g}",): share for share in SHARES})
    for share in chosen:
        rows[share] = []
        for law in LAWS:
            for n in SIZES:
                cells = cells_of(*study(law, n, samples, REPLICATES, share))
                rows[share] += [(f"{share:g}", law, str(n), *each) for each in cells]
            progress(f"{share:g} {law}", start)
    report(Table(NAME, COLUMNS, [row for each in rows.values() for row in each]), arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
