"""Coverage of nominal 95 % intervals of a mean benefit with clusters, and with sampling weights.

Clusters: 10 people each ("equal"), or 4 or 16 ("unequal"); an intraclass correlation of 0.1; the
errors of clusters and people both normal, or both exponential. Weights: exp(z/2) with z ~ N(0, 1),
and benefits that rise with z, so that an unweighted mean is biased. t is the linearised one.

    python benchmarks/coverage_designs.py [--samples=8000] [--csv]
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import numpy as np
from coverage_means import AT_ONCE, LAWS, REPLICATES, SAMPLES, SIZES, cells_of, intervals, rows_of
from stored import Table, progress, report, samples_of

from bopstats.groups import GroupMoments
from bopstats.inference.bootstrap import bootstrap_means
from bopstats.inference.bootstrap_limits import METHODS, limits
from bopstats.inference.means import group_means

SEED, CORRELATION, SLOPE, SPREAD = 2024, 0.1, 0.5, 0.5
CLUSTERS = (10, 20, 50)
MEMBERS = {"equal": (10, 10), "unequal": (4, 16)}
RESULT = ("method", "coverage", "below", "above", "width / t", "infinite", "no interval", "samples")


def cluster_sample(law, clusters, sizes, rng):
    """One partition with one group of clustered people, whose mean benefit is 0."""
    draw, mean = LAWS[law]
    cluster = np.repeat(np.arange(clusters), np.resize(MEMBERS[sizes], clusters))
    shared, own = draw(rng, clusters) - mean, draw(rng, len(cluster)) - mean
    benefit = np.sqrt(CORRELATION) * shared[cluster] + np.sqrt(1 - CORRELATION) * own
    return replace(rows_of(benefit[None]), cluster=cluster)


def cluster_study(law, clusters, sizes, samples, replicates=REPLICATES):
    """Limits of each method over all samples, shape (2, samples) each."""
    rng, found = np.random.default_rng([SEED, clusters]), {key: [] for key in ("t", *METHODS)}
    for _ in range(samples):
        rows = cluster_sample(law, clusters, sizes, rng)
        means = group_means(GroupMoments.from_rows(rows), 0, None)
        found["t"].append([each[0] for each in means.interval(0.05)])
        drawn = bootstrap_means(rows, 0, size=replicates, rng=rng)
        for method in METHODS:
            found[method].append([each[0] for each in limits(drawn, method=method)])
    return {method: np.array(each).T for method, each in found.items()}


def weight_study(law, n, samples, replicates=REPLICATES):
    """Limits of each method over all samples, shape (2, samples) each, and the true mean."""
    draw, mean = LAWS[law]
    rng, pieces = np.random.default_rng([SEED, n]), []
    for first in range(0, samples, AT_ONCE):
        shape = (min(AT_ONCE, samples - first), n)
        z = rng.normal(size=shape)
        pieces.append(intervals(draw(rng, shape) + SLOPE * z, replicates, rng, np.exp(SPREAD * z)))
    # Weighting by exp(z/2) moves the mean of z by 1/2.
    return mean + SLOPE * SPREAD, {
        method: np.concatenate([np.array(piece[method]) for piece in pieces], axis=1)
        for method in pieces[0]
    }


def main(arguments):
    samples, start, rows = samples_of(arguments, SAMPLES), time.perf_counter(), []
    for law in ("normal", "exponential"):
        for clusters in CLUSTERS:
            for sizes in MEMBERS:
                found = cells_of(0.0, cluster_study(law, clusters, sizes, samples))
                rows += [(law, str(clusters), sizes, *cells) for cells in found]
            progress(f"{clusters} clusters, {law}", start)
    report(Table("clusters", ("law", "clusters", "sizes", *RESULT), rows), arguments)
    rows = []
    for law in LAWS:
        for n in SIZES:
            rows += [(law, str(n), *each) for each in cells_of(*weight_study(law, n, samples))]
        progress(f"weights, {law}", start)
    report(Table("weights", ("law", "n", *RESULT), rows), arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
