"""Coverage of nominal 95 % bootstrap intervals of the benefit in AUC and in R².

AUC: scores of non-events and events are normal with unit variances, correlated between the models;
the generic model's mean among events is 0.5, the personalized one's 0.5 or 0.8, whence the true
AUCs Φ(d/√2). 30 % of people have the event. R²: y = 0.5 x₁ + b x₂ + e with b = 0.3 or 0 and
var e = 1; the generic model knows the first coefficient, the personalized one takes b for 0.3 (or
for 0.1 where it is 0). One simulated sample is a group of one `RowBop`.

    python benchmarks/coverage_metrics.py [--samples=6500] [--csv]
"""

from __future__ import annotations

import sys
import time

import numpy as np
from coverage_means import LAWS
from scipy.special import expit, ndtr
from stored import Table, progress, report, samples_of

from bopstats.groups import RowBop
from bopstats.inference.bootstrap_limits import METHODS, limits
from bopstats.inference.bootstrap_metrics import bootstrap_metric

SAMPLES, REPLICATES, SEED, AT_ONCE = 6500, 999, 2024, 100
PREVALENCE, CORRELATION = 0.3, 0.9
SIZES = {"auc": (10, 30, 100, 1000), "r2": (10, 30, 100, 1000)}
SPREADS = {"normal": 1.0, "lognormal": np.sqrt((np.e - 1) * np.e)}
COLUMNS = (
    *("metric", "law of errors", "true benefit", "n", "method"),
    *("coverage", "below", "above", "no interval", "width", "samples"),
)


def scores(rng, shape, effect):
    """Outcome and both predictions, whose AUCs are known, and the true benefit."""
    y = (rng.random(shape) < PREVALENCE).astype(float)
    shared, own, other = rng.normal(size=(3, *shape))
    mix, rest = np.sqrt(CORRELATION), np.sqrt(1 - CORRELATION)
    generic = mix * shared + rest * own + 0.5 * y
    personalized = mix * shared + rest * other + (0.5 + effect) * y
    truth = float(np.diff(ndtr(np.array([0.5, 0.5 + effect]) / np.sqrt(2)))[0])
    return y, expit(generic), expit(personalized), truth


def linear(rng, shape, effect, law):
    """Outcome and both predictions, whose R² are known, and the true benefit."""
    draw, mean = LAWS[law]
    x, z = rng.normal(size=(2, *shape))
    y = 0.5 * x + effect * z + (draw(rng, shape) - mean) / SPREADS[law]
    claimed = effect or 0.1
    gain = effect**2 - (effect - claimed) ** 2
    return y, 0.5 * x, 0.5 * x + claimed * z, gain / (0.25 + effect**2 + 1)


def rows_of(y, generic, personalized):
    """One partition whose groups are the samples, shape (S, n)."""
    count, n = y.shape
    group, none = np.repeat(np.arange(count), n), np.empty((0, y.size))
    flat = (each.ravel() for each in (y, generic, personalized))
    places = (group, np.zeros_like(group), np.arange(y.size))
    return RowBop((), none, none, *flat, *places, count, None, None, None, True)


def study(metric, law, effect, n, samples):
    """Limits of each method over all samples, and the true benefit."""
    rng, found = np.random.default_rng([SEED, n]), {method: [] for method in METHODS}
    for first in range(0, samples, AT_ONCE):
        shape = (min(AT_ONCE, samples - first), n)
        *drawn, truth = (
            scores(rng, shape, effect) if metric == "auc" else linear(rng, shape, effect, law)
        )
        replicates = bootstrap_metric(rows_of(*drawn), metric, size=REPLICATES, rng=rng)
        for method in METHODS:
            found[method].append([each[:-1] for each in limits(replicates, method=method)])
    return truth, {method: np.concatenate(each, axis=1) for method, each in found.items()}


def rows_of_table(metric, law, effect, n, samples):
    truth, found = study(metric, law, effect, n, samples)
    for method, (low, high) in found.items():
        has = ~np.isnan(high - low)
        below, above = 100 * (low > truth)[has].mean(), 100 * (high < truth)[has].mean()
        width = np.median((high - low)[has])
        yield (
            *(metric, law, f"{truth:.4f}", str(n), method, f"{100 - below - above:.1f}"),
            *(f"{below:.1f}", f"{above:.1f}", f"{100 * (1 - has.mean()):.1f} %", f"{width:.3f}"),
            str(samples),
        )


def main(arguments):
    samples, start, rows = samples_of(arguments, SAMPLES), time.perf_counter(), []
    cells = [("auc", "normal", effect) for effect in (0.0, 0.3)]
    cells += [("r2", law, effect) for law in SPREADS for effect in (0.0, 0.3)]
    for metric, law, effect in cells:
        for n in SIZES[metric]:
            rows += rows_of_table(metric, law, effect, n, samples)
            progress(f"{metric}, {law}, effect {effect:g}, n = {n}", start)
    report(Table("metrics", COLUMNS, rows), arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
