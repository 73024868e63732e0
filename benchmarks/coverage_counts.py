"""Coverage for 0-1 costs of intervals that are not made for counts: t, percentile and BCa.

The bootstrap is there on request, t where weights or clusters leave no exact method. Outcomes are
enumerated as in `coverage_paired.py`; only the replicates are drawn. Where nobody's prediction
changed, or everybody's alike, bopstats prints other limits instead, as it does here.

    python benchmarks/coverage_counts.py          1999 replicates of each outcome
    python benchmarks/coverage_counts.py --csv    store the table too
"""

from __future__ import annotations

import sys
import time

import numpy as np
from coverage_paired import LEANS, SHARES, SIZES, percent, window
from stored import Table, progress, report

from bopstats.inference.bootstrap import bootstrap_counts
from bopstats.inference.bootstrap_limits import METHODS, limits
from bopstats.inference.means import Means
from bopstats.inference.paired import choose_method, paired_interval
from bopstats.inference.resampled import REPLICATES

SEED, LEAST, AT_ONCE = 2024, 1e-6, 500
COLUMNS = ("n", "share", "lean", "nq", "method", "coverage", "below", "above")


def outcomes(n, share, lean):
    """Counts (n_plus, n_minus) that matter, shape (N,) each, and their probabilities."""
    found = []
    for changed, chance in zip(*window(n, share), strict=True):
        plus, given = window(int(changed), (1 + lean) / 2)
        found.append(np.stack([plus, changed - plus, chance * given]))
    plus, minus, weight = np.concatenate(found, axis=1)
    keep = weight > LEAST
    return plus[keep], minus[keep], weight[keep]


def by_counts(n, plus, minus, method):
    """Limits by a method for counts, shape (N,) each."""
    each = [
        paired_interval(n, b, c, method=method or choose_method(n, b + c))
        for b, c in zip(plus.tolist(), minus.tolist(), strict=True)
    ]
    return np.array(each).reshape(-1, 2).T


def by_t(n, plus, minus):
    mean = (plus - minus) / n
    sigma = np.sqrt((plus + minus - n * mean**2) / (n - 1))
    found = Means(mean, sigma / np.sqrt(n), np.full_like(mean, n - 1.0), n, sigma)
    low, high = found.interval(0.05)
    return np.clip([low, high], -1, 1)


def by_bootstrap(n, plus, minus):
    """Limits of each bootstrap method, shape (2, N)."""
    rng, found = np.random.default_rng([SEED, n]), {method: [] for method in METHODS}
    for first in range(0, len(plus), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        size = np.full(len(plus[some]), float(n))
        drawn = bootstrap_counts(size, plus[some], minus[some], size=REPLICATES, rng=rng)
        for method in METHODS:
            both = limits(drawn, alpha=0.05, method=method)
            found[method].append(np.clip([each[:-1] for each in both], -1, 1))
    return {method: np.concatenate(each, axis=1) for method, each in found.items()}


def study(n, share, lean):
    """Errors of either limit by method."""
    plus, minus, weight = outcomes(n, share, lean)
    flat = (plus + minus == 0) | (plus == n) | (minus == n)
    found = {"t": by_t(n, plus, minus), **by_bootstrap(n, plus, minus)}
    for method, both in found.items():
        other = "clopper-pearson" if method == "t" else None
        both[:, flat] = by_counts(n, plus[flat], minus[flat], other)
        below, above = both[0] > lean * share + 1e-12, both[1] < lean * share - 1e-12
        yield method, weight[below].sum(), weight[above].sum()


def rows_of(n, share, lean):
    for method, below, above in study(n, share, lean):
        cells = (percent(1 - below - above), percent(below), percent(above))
        yield (str(n), f"{share:g}", f"{lean:g}", f"{n * share:g}", method, *cells)


def main(arguments):
    start, rows = time.perf_counter(), []
    for n in SIZES:
        for share in SHARES:
            rows += [row for lean in LEANS for row in rows_of(n, share, lean)]
            progress(f"n = {n}, share {share:g}", start)
    report(Table("counts", COLUMNS, rows), arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
