"""Coverage of the limits of gamma, the smallest group benefit.

Groups of equal size with benefits of standard deviation 1, normal, exponential, or with the
exponential's long tail among the harms ("-exponential"). Their means are all 0 ("equal"), or 0 in
the first and 1 in the others ("one"), so that gamma is 0. Each limit is to err in at most 2.5 %.
Samples are passed to the package as partitions of one run, to be looked at one by one; gamma's
limits and its estimate are what `res.gamma()` prints from a single partition.

    python benchmarks/coverage_gamma.py [--samples=9000] [--csv]
"""

from __future__ import annotations

import sys
import time
from dataclasses import fields, replace

import numpy as np
from coverage_means import LAWS, rows_of
from stored import Table, progress, report, samples_of

import bopstats as bop
from bopstats.groups import GroupIndex, GroupMoments
from bopstats.inference.estimates import estimate
from bopstats.inference.gamma import smallest_benefit

SAMPLES, SEED, ALPHA, COST = 9000, 2024, 0.05, "squared_error"
SIZES, GROUPS, AT_ONCE = (10, 30, 100, 1000), (2, 4, 12), 200
COLUMNS = (
    *("law", "n a group", "groups", "others", "lower limit above", "upper limit below", "coverage"),
    *("mean estimate", "samples"),
)


def template():
    """Any evaluation with a real-valued cost."""
    x = np.linspace(-1, 1, 40)
    data = {"y": x + np.cos(9 * x), "x": x, "g": np.resize(["a", "b"], 40)}
    model = bop.glm("y ~ x | g", data)
    return model.fit(repeats=1, costs=COST, explain=False).evaluation


def gammas(law, n, groups, others, samples):
    """Estimate and both limits of each sample, shape (samples, 3)."""
    draw, mean = LAWS[law.removeprefix("-")]
    sign = -1.0 if law.startswith("-") else 1.0
    rng, base, found = np.random.default_rng([SEED, n, groups]), template(), []
    shift = np.zeros(groups) if others == "equal" else (np.arange(groups) > 0).astype(float)
    index = GroupIndex(("g",), (tuple(f"g{k}" for k in range(groups)),))
    for _ in range(0, samples, AT_ONCE):
        drawn = sign * (draw(rng, (AT_ONCE, groups, n)) - mean) + shift[:, None]
        rows = tuple(replace(rows_of(each), costs=(COST,)) for each in drawn)
        moments = tuple(GroupMoments.from_rows(each) for each in rows)
        evaluation = replace(base, groups=index, rows=rows, moments=moments)
        estimates = estimate(evaluation, COST, alpha=ALPHA)
        found += [_one(estimates, index.labels, r) for r in range(AT_ONCE)]
    return np.array(found)


def _one(estimates, labels, r):
    """Return gamma of one partition."""
    own = {f.name: getattr(estimates, f.name) for f in fields(estimates)}
    own = {name: each[[r]] for name, each in own.items() if isinstance(each, np.ndarray)}
    gamma = smallest_benefit(replace(estimates, **own), labels)
    return gamma.value, gamma.ci_low, gamma.ci_upp


def row(law, n, groups, others, samples):
    value, low, high = gammas(law, n, groups, others, samples).T
    below, above = 100 * (low > 0).mean(), 100 * (high < 0).mean()
    return (
        *(law, str(n), str(groups), others, f"{below:.2f}", f"{above:.2f}"),
        *(f"{100 - below - above:.2f}", f"{value.mean():.3f}", str(samples)),
    )


def main(arguments):
    samples, start, rows = samples_of(arguments, SAMPLES), time.perf_counter(), []
    for law in ("normal", "exponential", "-exponential"):
        for n in SIZES:
            for groups in GROUPS:
                rows += [row(law, n, groups, others, samples) for others in ("equal", "one")]
            progress(f"{law}, n = {n}", start)
    report(Table("gamma", COLUMNS, rows), arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
