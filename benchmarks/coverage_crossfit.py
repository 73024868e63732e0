"""Do cross-fitted intervals cover, and which benefit: that of such models, or of these models?

Invented people have x ~ N(0, 1) and belong to a small or a large group; both models are linear in
x, the personalized one has a level for each group (`y ~ x | group`). Two truths, without error:

* (a) the expected benefit of models trained this way on 4/5 of the rows, for new people;
* (b) the benefit of the very models that were fitted, for new people, averaged over folds and
  partitions. (a) is its mean over samples, so that estimate less (b) measures bias with less noise.

A fitted model's line is read off its held-out predictions, and the known law of new people is
integrated over x, by Gauss and Hermite's rule (0-1 costs, which jump: as a function of the x at
which the prediction changes).

    python benchmarks/coverage_crossfit.py [--samples=1900] [--csv] [0 3]

With ``--csv`` the table is stored; with numbers only these settings run, and of the others what is
stored stays.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace
from functools import cached_property, partial
from multiprocessing import Pool

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.special import expit, logit
from scipy.stats import norm
from stored import Table, progress, samples_of, stored_by

import bopstats as bop
from bopstats.inference.estimates import estimate

ALPHA, FOLDS, SEED, SAMPLES, PROCESSES = 0.05, 5, 2024, 1900, 2
GROUPS = ("large", "small")  # as patsy sorts them
LEVEL, SLOPE = -0.5, 1.0
COSTS = {"binomial": ("brier", "zero_one"), "gaussian": ("squared_error",)}
NAME = "crossfit"
COLUMNS = (
    *("outcome", "n", "small group", "effect", "cost", "group", "intervals", "true benefit"),
    *("bias of mean", "error", "bias of median", "covers a", "covers b", "below a", "above a"),
    *("width / sd", "no interval", "samples"),
)


@dataclass(frozen=True)
class Setting:
    """One kind of people: `effect` shifts the small group's level (logits, or standard deviations).

    `nested` adds nested cross-validation, `refits` a bootstrap that fits the models anew.
    """

    family: str
    n: int
    small: int
    effect: float
    nested: bool = False
    refits: int = 0

    @property
    def cells(self):
        """What names the setting in the table."""
        return self.family, str(self.n), str(self.small), f"{self.effect:g}"

    @property
    def sizes(self):
        return np.array([self.n - self.small, self.small])

    def linear(self, x, group):
        return LEVEL + SLOPE * x + self.effect * group

    def people(self, rng):
        """Draw a sample as a mapping of columns."""
        x, group = rng.normal(size=self.n), np.repeat([0, 1], self.sizes)
        eta = self.linear(x, group)
        if self.family == "binomial":
            y = (rng.random(self.n) < expit(eta)).astype(float)
        else:
            y = eta + rng.normal(size=self.n)
        return {"y": y, "x": x, "group": np.array(GROUPS)[group]}

    def mean(self, eta):
        return expit(eta) if self.family == "binomial" else eta

    @cached_property
    def _nodes(self):
        nodes, weights = np.polynomial.hermite_e.hermegauss(40)
        return nodes, weights / weights.sum()

    @cached_property
    def _gains(self):
        """Per group, E{(2 risk − 1) 1(X < c)} as a function of c, and E(1 − risk), E(risk)."""
        grid = np.linspace(-9, 9, 4001)
        found = []
        for group in (0, 1):
            risk = expit(self.linear(grid, group))
            gain = CubicSpline(grid, (2 * risk - 1) * norm.pdf(grid)).antiderivative()
            mean = float(CubicSpline(grid, risk * norm.pdf(grid)).integrate(-9, 9))
            found.append((gain, 1 - mean, mean))
        return found

    def expected_cost(self, cost, level, slope):
        """Cost for new people of models with these lines, but for a constant; shape (…, group)."""
        if cost == "zero_one":
            with np.errstate(divide="ignore"):
                change = np.clip(-level / slope, -9, 9)
            parts = []
            for g, (gain, ones, zeros) in enumerate(self._gains):
                below = gain(change[..., g])
                parts.append(np.where(slope[..., g] > 0, ones + below, zeros - below))
            return np.stack(parts, axis=-1)
        nodes, weights = self._nodes
        # E (y − μ)² is E (risk − μ)² and what no model can change.
        truth = self.mean(self.linear(nodes, np.array([[0], [1]])))
        fitted = self.mean(level[..., None] + slope[..., None] * nodes)
        return (truth - fitted) ** 2 @ weights


SETTINGS = (
    Setting("binomial", 600, 60, 0.0),
    Setting("binomial", 600, 60, 1.5),
    Setting("binomial", 2000, 200, 1.5),
    Setting("gaussian", 600, 60, 0.0),
    Setting("gaussian", 600, 60, 0.5, nested=True, refits=30),
    Setting("gaussian", 2000, 200, 0.5),
)


def lines(setting, rows, x):
    """Level and slope of each fold's models in each group, shape (2 models, K, G) each."""
    cell, cells = rows.fold * rows.n_groups + rows.group, (rows.fold.max() + 1) * rows.n_groups
    x = x[rows.rows]

    def mean(values):
        return np.bincount(cell, values, cells) / np.bincount(cell, minlength=cells)

    away, found = x - mean(x)[cell], []
    for mu in (rows.mu_generic, rows.mu_personalized):
        eta = logit(mu) if setting.family == "binomial" else mu
        slope = mean(away * eta) / mean(away**2)
        found.append((mean(eta) - slope * mean(x), slope))
    return np.moveaxis(np.array(found).reshape(2, 2, -1, rows.n_groups), 1, 0)


def true_benefits(setting, evaluation, x, cost):
    """Benefit (b): that of the fitted models for new people, averaged, shape (G,)."""
    each = []
    for rows in evaluation.rows:
        generic, personalized = setting.expected_cost(cost, *lines(setting, rows, x))
        each.append((generic - personalized).mean(axis=0))
    return np.mean(each, axis=0)


def figures(setting, evaluation, x, cost):
    """Mean and median estimate, limits and truth (b) of each group, shape (5, G)."""
    found = estimate(evaluation, cost, alpha=ALPHA)
    each = (
        *(found.bop.mean(axis=0), np.median(found.bop, axis=0)),
        *(found.median("low"), found.median("high")),
    )
    return np.stack([*(one[:-1] for one in each), true_benefits(setting, evaluation, x, cost)])


def evaluations(setting, data, seed):
    """The evaluations of one sample, by name of their intervals."""
    model = bop.glm("y ~ x | group", data, setting.family)
    fixed = {"costs": COSTS[setting.family], "explain": False, "progress": False, "rng": seed}
    main = model.fit(nested=setting.nested, **fixed).evaluation
    plain = replace(main, refitted=None)
    found = {
        "hold-out": model.fit(cv=1 / FOLDS, **fixed).evaluation,
        "1 partition": replace(plain, rows=plain.rows[:1], moments=plain.moments[:1]),
        f"{len(plain.rows)} partitions": plain,
    }
    if setting.nested:
        found["nested"] = main
    if setting.refits:
        refitted = model.fit(repeats=1, refit_bootstrap=setting.refits, **fixed)
        found["refit bootstrap"] = refitted.evaluation
    return found


def one_sample(setting, number):
    """Figures of one sample, by cost and name of the intervals."""
    rng = np.random.default_rng([SEED, SETTINGS.index(setting), number])
    data = setting.people(rng)
    found = evaluations(setting, data, number)
    return {
        (cost, name): figures(setting, evaluation, data["x"], cost)
        for cost in COSTS[setting.family]
        for name, evaluation in found.items()
    }


def study(setting, samples, workers=map):
    """Figures of all samples by cost and name of the intervals, shape (samples, 5, G) each."""
    each = list(workers(partial(one_sample, setting), range(samples)))
    return {key: np.stack([one[key] for one in each]) for key in each[0]}


def summarize(figure, expected):
    """Bias and coverage of one group: `figure` has shape (samples, 5), `expected` is truth (a)."""
    mean, median, low, high, own = figure.T
    has = np.isfinite(high - low)

    def share(event):
        return 100 * event[has].mean()

    return {
        "bias of mean": 1000 * (mean - own).mean(),
        "error": 1000 * (mean - own).std(ddof=1) / np.sqrt(len(own)),
        "bias of median": 1000 * (median - own).mean(),
        "covers a": share((low <= expected) & (expected <= high)),
        "covers b": share((low <= own) & (own <= high)),
        "below a": share(low > expected),
        "above a": share(high < expected),
        "width / sd": (high - low)[has].mean() / mean.std(ddof=1),
        "no interval": 100 * (1 - has.mean()),
    }


def table_rows(setting, found):
    """The table's rows of one setting."""
    for cost in COSTS[setting.family]:
        names = [name for c, name in found if c == cost]
        partitions = next(name for name in names if name.endswith("partitions"))
        expected = found[cost, partitions][:, 4].mean(axis=0)
        for g in (1, 0):
            for name in names:
                s = summarize(found[cost, name][:, :, g], expected[g])
                yield (
                    *(*setting.cells, cost, GROUPS[g], name, f"{1000 * expected[g]:.2f}"),
                    *(f"{s[k]:.2f}" for k in COLUMNS[8:11]),
                    *(f"{s[k]:.1f}" for k in COLUMNS[11:15]),
                    f"{s['width / sd']:.2f}",
                    f"{s['no interval']:.1f} %",
                    str(len(found[cost, name])),
                )


def main(arguments):
    start, samples = time.perf_counter(), samples_of(arguments, SAMPLES)
    chosen = [int(each) for each in arguments if each.isdigit()] or range(len(SETTINGS))
    rows = stored_by(NAME, {setting.cells: setting for setting in SETTINGS})
    with Pool(PROCESSES) as pool:
        workers = partial(pool.imap, chunksize=10)
        for setting in (SETTINGS[each] for each in chosen):
            rows[setting] = list(table_rows(setting, study(setting, samples, workers)))
            table = Table(NAME, COLUMNS, [row for each in rows.values() for row in each])
            if "--csv" in arguments:
                table.write()
            progress(str(setting), start)
    print(table.markdown)


if __name__ == "__main__":
    main(sys.argv[1:])
