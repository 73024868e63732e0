"""Loops that fit the models again, for intervals that are not conditional on the fitted ones.

Nested cross-validation estimates how far a cross-fitted benefit is from its own estimand, the
refit bootstrap how it would vary over samples of people. Both hand their replicates on; what is
made of them is in `bopstats.inference.refits`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from bopstats._progress import Tick, progress_bar
from bopstats._typing import FloatArray, IntArray
from bopstats._validation import check_count, fail
from bopstats.crossfit import CrossFit
from bopstats.evaluation import Evaluation, Refitted
from bopstats.fitting.models import FittedPair
from bopstats.groups import GroupMoments, RowBop
from bopstats.inference.estimates import estimate
from bopstats.inference.means import group_means
from bopstats.inference.refits import nested_intervals, refit_intervals
from bopstats.splitting import Plan, Split, key_words


def refit(
    run: CrossFit,
    plan: Plan,
    full: FittedPair,
    evaluation: Evaluation,
    nested: bool,
    replicates: int,
    rng: np.random.Generator,
    progress: bool | None,
) -> Refitted:
    """Fit the models again as asked, and return what that says; see `PersonalizedGLM.fit`.

    Raises
    ------
    ArgumentError
        If both are asked for, or the plan does not allow them.
    """
    replicates = check_count("refit_bootstrap", replicates, low=0)
    if nested and replicates:
        fail("nested, refit_bootstrap", (nested, replicates), "one of the two")
    if plan.kind == "in-sample" or (nested and (plan.kind == "hold-out" or plan.folds < 3)):
        what = "nested" if nested else "refit_bootstrap"
        fail(what, plan.kind, "cross-fitting with at least 3 folds" if nested else "held-out rows")
    if nested and run.design.stratum is not None:
        what = "refit_bootstrap with strata: one fold has too few units of a stratum for an error"
        fail("nested", nested, what)
    names = [cost.name for cost in run.individual_costs]
    estimates = [estimate(evaluation, name, alpha=0.05) for name in names]
    if nested:
        pairs = plan.folds + plan.folds * (plan.folds - 1) // 2
        with progress_bar(pairs * len(plan.partitions), "nested", progress) as tick:
            errors = nested_errors(run, plan, full, tick)
        naive = np.stack([each.median("std_err") for each in estimates])
        return nested_intervals(errors.inner, errors.outer, errors.variance, errors.weight, naive)
    replicates = check_count("refit_bootstrap", replicates, low=20)
    with progress_bar(replicates, "refit bootstrap", progress) as tick:
        values = refit_replicates(run, plan, full, replicates, rng, tick)
    return refit_intervals(values, np.stack([each.mean("bop") for each in estimates]))


@dataclass(frozen=True)
class NestedErrors:
    """Squared errors of inner means against outer means, one a partition, fold, cost and group.

    `inner`, `outer` are weighted mean benefits, `variance` the variance of the outer mean (with
    weights and clusters as in the analysis), nan where a fold holds fewer than two people (or
    clusters) of a group; shape (R, K, C, G + 1), the population
    last. `weight` is the weight of a fold's people of a group, shape (R, K, G + 1).
    """

    inner: FloatArray
    outer: FloatArray
    variance: FloatArray
    weight: FloatArray


def nested_errors(run: CrossFit, plan: Plan, full: FittedPair, tick: Tick) -> NestedErrors:
    """Run nested cross-validation over the plan's own partitions (Bates et al. 2024).

    For each fold the other K − 1 are cross-validated among themselves; each model without two
    folds serves both orders, K(K − 1)/2 pairs of fits a partition.
    """
    run = replace(run)  # what these fits meet is not the analysis' own
    parts = [_nested_partition(run, splits, full, tick) for splits in plan.partitions]
    return NestedErrors(*(np.stack(each) for each in zip(*parts, strict=True)))


def _nested_partition(
    run: CrossFit, splits: tuple[Split, ...], full: FittedPair, tick: Tick
) -> tuple[FloatArray, ...]:
    folds, costs = len(splits), len(run.individual_costs)
    n = run.design.n
    outer = np.empty((costs, n))
    inner = np.zeros((folds, costs, n))
    for split in splits:
        outer[:, split.test] = run.benefit(run.train(split, full), split)
        tick(1)
    for j, k in combinations(range(folds), 2):
        both = replace(splits[j], train=splits[j].train & splits[k].train)
        pair = run.train(both, full)
        inner[k][:, splits[j].test] = run.benefit(pair, both)
        inner[j][:, splits[k].test] = run.benefit(pair, replace(both, test=splits[k].test))
        tick(1)
    shape = (folds, costs, run.design.groups.n_groups + 1)
    means_in, means_out, variance = (np.empty(shape) for _ in range(3))
    weight = np.empty((folds, shape[-1]))
    for k, split in enumerate(splits):
        rest = np.setdiff1d(np.arange(n), split.test)
        means_in[k] = _means(_moments(run, inner[k], rest))
        held_out = _moments(run, outer, split.test)
        means_out[k], variance[k] = _means(held_out), _variances(run, held_out)
        weight[k] = held_out.w
    return means_in, means_out, variance, weight


def _moments(run: CrossFit, benefit: FloatArray, rows: IntArray) -> GroupMoments:
    """Sum the benefits of some rows up by group, the population last."""
    design, nothing = run.design, np.zeros(len(rows))
    mine = benefit[:, rows]
    return GroupMoments.from_rows(
        RowBop(
            costs=tuple(cost.name for cost in run.individual_costs),
            generic=mine,
            personalized=np.zeros_like(mine),
            y=nothing,
            mu_generic=nothing,
            mu_personalized=nothing,
            group=design.group[rows],
            fold=nothing.astype(np.int64),
            rows=rows,
            n_groups=design.groups.n_groups,
            weight=None if design.weight is None else design.weight[rows],
            weight_type=design.weight_type,
            cluster=None if design.cluster is None else design.cluster[rows],
            binary=False,
        )
    ).with_population()


def _means(moments: GroupMoments) -> FloatArray:
    """Return mean benefits, shape (C, G + 1); nan for fewer than two people."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(moments.n > 1, moments.wb / moments.w, np.nan)


def _variances(run: CrossFit, moments: GroupMoments) -> FloatArray:
    """Return the variances of the mean benefits, those of the analysis, shape (C, G + 1)."""
    kind = run.design.weight_type
    each = [group_means(moments, c, kind).std_err ** 2 for c in range(len(moments.wb))]
    return np.reshape(each, moments.wb.shape)


def refit_replicates(
    run: CrossFit,
    plan: Plan,
    full: FittedPair,
    replicates: int,
    rng: np.random.Generator,
    tick: Tick,
) -> FloatArray:
    """Return cross-fitted benefits of bootstrap samples, both models fitted anew in each.

    People (or whole clusters) are drawn with replacement within groups, in a design with strata
    within these; copies of one share a fold of the first partition, so that no copy trains a model
    that predicts another. Of C units of a stratum C − 1 are drawn and count C/(C − 1) times, as in
    `bopstats.inference.bootstrap`.

    Returns
    -------
    ndarray, shape (replicates, C, G + 1)
        Mean benefits, the population last.
    """
    splits = plan.partitions[0]
    draw = _Draw(run)
    results = []
    for _ in range(replicates):
        times = draw(rng)
        weight = times if run.design.weight is None else times * run.design.weight
        sample = replace(run, design=replace(run.design, weight=weight))
        benefit = np.zeros((len(run.individual_costs), run.design.n))
        for split in splits:
            drawn = Split(split.train & (times > 0), split.test[times[split.test] > 0])
            pair = sample.train(drawn, full)
            benefit[:, drawn.test] = sample.benefit(pair, drawn)
        results.append(_means(_moments(sample, benefit, np.concatenate([s.test for s in splits]))))
        tick(1)
    return np.stack(results)


class _Draw:
    """Draws of people or clusters with replacement, within the cell that holds most of each.

    Cells are groups, or the strata of a design that has them.
    """

    def __init__(self, run: CrossFit) -> None:
        design = run.design
        cell = design.group if design.stratum is None else design.stratum
        keys, number = np.unique(key_words(design), return_inverse=True)
        self._number = number
        home = np.zeros(len(keys), dtype=np.int64)
        pairs, counts = np.unique(np.stack([number, cell]), axis=1, return_counts=True)
        order = np.lexsort((-pairs[1], counts))
        home[pairs[0][order]] = pairs[1][order]  # the last written has most rows
        self._members = [np.flatnonzero(home == c) for c in np.unique(home)]
        self._size = len(keys)
        self._fewer = 0 if design.stratum is None else 1

    def __call__(self, rng: np.random.Generator) -> FloatArray:
        """Return how often each row is drawn, shape (n,)."""
        times = np.zeros(self._size)
        for members in self._members:
            units = len(members)
            draws = max(1, units - self._fewer)
            drawn = rng.integers(0, units, size=draws)
            times[members] = np.bincount(drawn, minlength=units) * (units / draws)
        return times[self._number]
