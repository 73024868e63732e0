"""Estimates, limits and p-values of every group in every partition, and what is reported of them.

Everything is computed inside a partition. Costs and benefits are reported as means over partitions:
each partition's estimate is unbiased for its estimand and skewed to the left, so that their mean is
unbiased and their median would come out too good. Limits, p-values and counts are reported as
medians of an odd number (Chernozhukov et al. 2018), so that a median test and limit agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bopstats._typing import BoolArray, FloatArray
from bopstats.costs import Cost
from bopstats.evaluation import Evaluation, Refitted
from bopstats.groups import GroupMoments
from bopstats.inference.choice import EFFECTIVE, Choice
from bopstats.inference.means import Means, group_means, sample_skewness
from bopstats.inference.multiplicity import holm
from bopstats.inference.paired import paired_interval, paired_pvalues
from bopstats.inference.refits import normal_figures

NO_ROWS_OF_BENEFIT = "no person has a value of this metric: intervals by ci='bca' only"
_FIGURES = ("low", "high", "bonferroni_high", "p_benefit", "p_harm")


@dataclass(frozen=True)
class NotComputable:
    """A figure that cannot be had, and why."""

    reason: str

    def __str__(self) -> str:
        """Return the reason."""
        return self.reason


@dataclass(frozen=True)
class Estimates:
    """One cost's figures, shape (R, G + 1): R partitions, G groups, the population last.

    `std_err` belongs to the interval, `sigma` and `skewness` are those of individual benefits.
    `method` names the interval of each column ("t", "tango", …; "" where there is none),
    `status` is "ok", "empty" or "too small", `reason` says why a figure is nan.
    """

    cost: Cost
    n: FloatArray
    n_eff: FloatArray
    events: FloatArray
    changed: FloatArray
    generic: FloatArray
    personalized: FloatArray
    bop: FloatArray
    std_err: FloatArray
    sigma: FloatArray
    skewness: FloatArray
    low: FloatArray
    high: FloatArray
    bonferroni_high: FloatArray
    p_benefit: FloatArray
    p_harm: FloatArray
    method: tuple[str, ...]
    status: tuple[str, ...]
    reason: tuple[str, ...]

    @property
    def n_groups(self) -> int:
        """Number of groups G, without the population."""
        return len(self.status) - 1

    @property
    def covered(self) -> BoolArray:
        """Which groups tests and gamma cover, shape (G,): two rows or more, and an estimate."""
        enough = np.array([status == "ok" for status in self.status[:-1]])
        return np.asarray(enough & np.isfinite(self.bop[:, :-1]).all(axis=0), dtype=bool)

    @property
    def tested(self) -> BoolArray:
        """Which groups tests and limits cover, shape (G,): those covered that have a p-value."""
        known = np.isfinite(self.p_benefit[:, :-1]).all(axis=0)
        return np.asarray(self.covered & known, dtype=bool)

    def mean(self, name: str) -> FloatArray:
        """Return the mean over partitions of a cost or benefit; nan if any partition has none."""
        with np.errstate(invalid="ignore"):  # opposite infinite benefits have no mean
            return np.asarray(np.mean(getattr(self, name), axis=0), dtype=np.float64)

    def median(self, name: str) -> FloatArray:
        """Return the median over partitions of a figure; nan if any partition has none."""
        return np.asarray(np.median(getattr(self, name), axis=0), dtype=np.float64)

    def holm(self, name: str) -> FloatArray:
        """Return p-values adjusted over the covered groups in each partition (Holm 1979)."""
        values: FloatArray = getattr(self, name)
        adjusted = np.full_like(values, np.nan)
        columns = np.flatnonzero(self.tested)
        adjusted[:, columns] = holm(values[:, columns])
        return adjusted


def estimate(evaluation: Evaluation, name: str, *, alpha: float, null: float = 0.0) -> Estimates:
    """Estimate one cost's benefit in every group and partition.

    Parameters
    ----------
    evaluation : Evaluation
        The run.
    name : str
        Name of one of its costs.
    alpha : float
        Two-sided: limits at 1 − alpha, one-sided tests at alpha/2.
    null : float
        Benefit that the p-values test.

    Returns
    -------
    Estimates
    """
    cost = next(each for each in evaluation.costs if each.name == name)
    moments = [each.with_population() for each in evaluation.moments]
    n = np.stack([each.n for each in moments])
    sizes: list[float] = np.asarray(np.median(n, axis=0)).tolist()
    status = tuple(_status(size) for size in sizes)
    basics = {
        "n": n,
        "events": np.stack([each.events for each in moments]),
    }
    if cost.group_only:
        return _group_only(cost, evaluation.metrics[name], basics, status)
    per_person = [each for each in evaluation.costs if not each.group_only]
    return _per_person(
        evaluation, cost, per_person.index(cost), moments, basics, status, alpha, null
    )


def _status(n: float) -> str:
    return "empty" if n == 0 else "too small" if n < 2 else "ok"


def _group_only(
    cost: Cost,
    values: FloatArray,
    basics: dict[str, FloatArray],
    status: tuple[str, ...],
) -> Estimates:
    generic, personalized = values[:, 0], values[:, 1]
    missing = {
        "auc": "no event or no non-event in the group",
        "r2": "the outcome does not vary in the group",
    }[cost.name]
    nothing = np.full_like(generic, np.nan)
    bop = generic - personalized
    lacking = np.isnan(bop.sum(axis=0))
    return Estimates(
        cost=cost,
        **basics,
        n_eff=basics["n"],
        changed=nothing,
        generic=generic,
        personalized=personalized,
        bop=bop,
        std_err=nothing,
        sigma=nothing,
        skewness=nothing,
        low=nothing,
        high=nothing,
        bonferroni_high=nothing,
        p_benefit=nothing,
        p_harm=nothing,
        method=("",) * len(status),
        status=status,
        reason=tuple(missing if absent else NO_ROWS_OF_BENEFIT for absent in lacking),
    )


def _per_person(
    evaluation: Evaluation,
    cost: Cost,
    place: int,
    moments: list[GroupMoments],
    basics: dict[str, FloatArray],
    status: tuple[str, ...],
    alpha: float,
    null: float,
) -> Estimates:
    weight_type = evaluation.settings.weight_type
    means = [group_means(each, place, weight_type) for each in moments]
    changed = np.stack([each.minus[place] + each.plus[place] for each in moments])
    columns = len(status)
    exact = cost.integer and weight_type in (None, "freq") and moments[0].design is None
    family = alpha / max(1, sum(each == "ok" for each in status[:-1]))
    simple = weight_type is None and moments[0].design is None
    choices = [
        Choice(
            cost,
            status[g],
            exact,
            cost.kind == "prediction" and evaluation.settings.family == "binomial",
            EFFECTIVE[0] if simple else EFFECTIVE[1],
            basics["n"][:, g],
            basics["events"][:, g],
            changed[:, g],
            np.array([mean.mean[g] for mean in means]),
            np.array([mean.std_err[g] for mean in means]),
            np.array([mean.df[g] for mean in means]),
        ).method()
        for g in range(columns)
    ]
    methods = tuple(method for method, _ in choices)
    each = [_by_t(cost, mean, alpha, family, null) for mean in means]
    for found, moment, mean in zip(each, moments, means, strict=True):
        for g, method in enumerate(methods):
            if method == "t" and mean.std_err[g] > 0:
                continue
            # A partition in which nothing changed borrows the limits for such groups.
            how = EFFECTIVE[0] if method == "t" else method
            found[:, g] = _by_counts(cost, how, moment, mean, place, g, alpha, family, null)
    refitted = evaluation.refitted
    if refitted is not None:
        methods = tuple(refitted.method if method else "" for method in methods)
        _from_refits(refitted, place, methods, each, alpha, family, null)
    figures = dict(zip(_FIGURES, np.stack(each, axis=1), strict=True))
    std_err = np.stack([mean.std_err for mean in means])
    std_err = np.where(std_err > 0, std_err, np.nan)
    n_eff = np.stack([mean.n_eff for mean in means])
    with np.errstate(invalid="ignore", divide="ignore"):
        return Estimates(
            cost=cost,
            **basics,
            n_eff=n_eff,
            changed=changed,
            generic=np.stack([m.wc_generic[place] / m.w for m in moments]),
            personalized=np.stack([m.wc_personalized[place] / m.w for m in moments]),
            bop=np.stack([mean.mean for mean in means]),
            std_err=std_err if refitted is None else _every(refitted.std_err[place], std_err),
            sigma=np.where(std_err > 0, np.stack([mean.sigma for mean in means]), np.nan),
            skewness=np.stack([sample_skewness(each, place) for each in moments]),
            **figures,
            method=methods,
            status=status,
            reason=tuple(reason for _, reason in choices),
        )


def _from_refits(
    refitted: Refitted,
    place: int,
    methods: tuple[str, ...],
    each: list[FloatArray],
    alpha: float,
    family: float,
    null: float,
) -> None:
    """Replace every partition's figures by those of models fitted again."""
    low, high, benefit, harm = normal_figures(refitted, place, alpha, null)
    upper = normal_figures(refitted, place, family, null)[1]
    known = np.array([bool(method) for method in methods])
    for found in each:
        found[:] = np.where(known, np.stack([low, high, upper, benefit, harm]), np.nan)


def _every(values: FloatArray, like: FloatArray) -> FloatArray:
    """Return the same values for every partition; nan where there were none."""
    return np.where(np.isfinite(like), values, np.nan)


def _by_t(cost: Cost, means: Means, alpha: float, family: float, null: float) -> FloatArray:
    """Return the rows of `_FIGURES` by the t distribution, shape (5, G + 1).

    Limits stay within what the cost allows.
    """
    limits = np.stack([*means.interval(alpha), means.interval(family)[1]])
    if cost.bounds is not None:
        limits = np.clip(limits, *cost.bounds)
    return np.concatenate([limits, np.stack(means.pvalues(null))])


def _by_counts(
    cost: Cost,
    method: str,
    moments: GroupMoments,
    means: Means,
    place: int,
    g: int,
    alpha: float,
    family: float,
    null: float,
) -> tuple[float, ...]:
    """Return the figures of one group by a method for counts; nan where there is no method."""
    if not method or (method in EFFECTIVE and cost.bounds is None):
        return (np.nan,) * len(_FIGURES)
    scale = 1.0
    if method in EFFECTIVE:
        # No variance: everyone's benefit is the same, or units differ between strata only. Where
        # all are 0 and |B| ≤ b, the mean is within ±b · P(changed), whoever may change.
        size, mean = float(means.n_eff[g]), float(means.mean[g])
        either = float(moments.wb2[place][g] / moments.w[g]) if cost.integer else 0.0
        plus, minus = (size * max(either + sign * mean, 0.0) / 2 for sign in (1, -1))
        scale = max(abs(bound) for bound in cost.bounds or (1.0,))
        method = "clopper-pearson"
    else:
        size = float(moments.w[g])
        plus, minus = float(moments.plus[place][g]), float(moments.minus[place][g])
    low, high = paired_interval(size, plus, minus, alpha=alpha, method=method)
    upper = paired_interval(size, plus, minus, alpha=family, method=method)[1]
    at = float(np.clip(null / scale, -1.0, 1.0))
    if abs(at) == 1.0:
        benefit, harm = (1.0, 0.0) if at > 0 else (0.0, 1.0)
    else:
        benefit, harm = paired_pvalues(size, plus, minus, null=at, method=method)
    return scale * low, scale * high, scale * upper, benefit, harm
