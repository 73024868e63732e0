"""What a reader must know about one group's figures."""

from __future__ import annotations

import numpy as np

from bopstats._typing import BoolArray, FloatArray
from bopstats.evaluation import Evaluation
from bopstats.inference.estimates import Estimates

_RARE = 0.01
_FEW_EVENTS = 10
# Nominal 95 % intervals of a skewed mean cover 84–93 % up to 30 people and 92–94 % at 100; what
# counts is how many people's cost changed (80 % with 5 of 1000), and clusters (docs/coverage.md).
_APPROXIMATE = ("t", "bca", "percentile", "nested", "refit bootstrap")
_MANY = 100
# Rows that a mean needs before its interval holds, by the square of the skewness (Cochran 1977,
# section 2.15).
_COCHRAN = 25
_DOUBT = "the interval may under-cover"
_SMALL = f"fewer than {_MANY} people: {_DOUBT} where benefits are skewed"
# R² of errors with long tails covers 90 % at 100 people, 92.5 at 1000; no one's benefit tells how
# skewed it is.
_MANY_FOR_R2 = 5000
_SMALL_FOR_R2 = f"fewer than {_MANY_FOR_R2:,} people: {_DOUBT} where errors have long tails"
_OUTSIDE = "the mean over partitions lies outside of the median limits"


def group_notes(estimates: Estimates, evaluation: Evaluation) -> list[str]:
    """Return one text a group, the population last; empty where there is nothing to say.

    Says why a figure is missing; that events, people, clusters or changed costs are few; that 0–1
    loss cannot see a group in which under 1 % or over 99 % of predictions pass the threshold; and
    that personal terms which only shift a whole group cannot change its AUC.
    """
    texts = [[reason] if reason else [] for reason in estimates.reason]
    for g, doubts in enumerate(_interval_notes(estimates, evaluation)):
        texts[g] += doubts
    passing = evaluation.settings.family == "binomial"
    if passing and estimates.cost.name in {"zero_one", "net_benefit"}:
        for g, share in enumerate(_passing(evaluation)):
            if share < _RARE or share > 1 - _RARE:
                texts[g].append(
                    f"{share:.1%} of predictions pass the threshold: 0–1 loss cannot see benefit"
                )
    if estimates.cost.name == "auc" and evaluation.settings.shifts_only:
        for each in texts[:-1]:
            each.append(
                "the personal terms shift everyone in a group alike: only the refitted generic "
                "coefficients can change its AUC"
            )
    if evaluation.settings.evaluation == "in-sample":
        for each in texts:
            each.append("in-sample, optimistic")
    return ["; ".join(each) for each in texts]


def _outside(estimates: Estimates) -> BoolArray:
    """Tell where the benefit, a mean over partitions, is not between the limits, medians."""
    bop, low, high = estimates.mean("bop"), estimates.median("low"), estimates.median("high")
    slack = 1e-9 * np.abs(bop)
    return np.asarray((bop < low - slack) | (bop > high + slack), dtype=bool)


def _interval_notes(estimates: Estimates, evaluation: Evaluation) -> list[list[str]]:
    """Say where an interval is known to under-cover, or misses the estimate."""
    few, thin = _few_events(estimates, evaluation), _thin(estimates, evaluation)
    outside = _outside(estimates)
    return [
        ([few[g]] if few[g] and method else [])
        + ([_OUTSIDE] if outside[g] else [])
        + ([thin[g]] if thin[g] and method in _APPROXIMATE else [])
        for g, method in enumerate(estimates.method)
    ]


def _thin(estimates: Estimates, evaluation: Evaluation) -> list[str]:
    """Say where too few people, clusters or changed costs carry an approximate interval."""
    names = ("n", "n_eff", "changed", "skewness")
    figures = (*(estimates.median(name) for name in names), _clusters(evaluation))
    found = [_too_few(*each) for each in zip(*figures, strict=True)]
    if estimates.cost.name != "r2":
        return found
    small = estimates.median("n") < _MANY_FOR_R2
    return [text or (_SMALL_FOR_R2 if few else "") for text, few in zip(found, small, strict=True)]


def _too_few(n: float, n_eff: float, changed: float, skewness: float, clusters: float) -> str:
    """Return the first of a group's doubts; figures that are nan raise none."""
    if n < _MANY:
        return _SMALL
    if clusters < _MANY:
        return f"only {clusters:g} clusters: {_DOUBT}"
    if n_eff < _MANY:
        return f"worth only {n_eff:.0f} people (n_eff): {_DOUBT} where benefits are skewed"
    if changed < _MANY:
        return f"the cost of only {changed:g} people changed: {_DOUBT}"
    if n_eff < _COCHRAN * skewness**2:
        return f"benefits are skewed ({skewness:.1f}): {_DOUBT}"
    return ""


def _clusters(evaluation: Evaluation) -> FloatArray:
    """Return how many clusters have members in each group and in the population; else infinite."""
    size = evaluation.groups.n_groups + 1
    sums = evaluation.moments[0].with_population().design
    if sums is None or not sums.clustered:
        return np.full(size, np.inf)
    return sums.clusters_of(size).astype(np.float64)


def _few_events(estimates: Estimates, evaluation: Evaluation) -> list[str]:
    """Say where few events or non-events make a t interval of a prediction cost doubtful."""
    single = estimates.cost.kind == "prediction" and not estimates.cost.group_only
    nothing = [""] * len(estimates.status)
    if evaluation.settings.family != "binomial" or not single or estimates.cost.integer:
        return nothing
    events = estimates.median("events")
    fewest = np.minimum(events, estimates.median("n") - events)
    return [
        f"only {size:g} {'events' if yes <= size else 'non-events'}: t intervals may under-cover"
        if size < _FEW_EVENTS
        else ""
        for size, yes in zip(fewest, events, strict=True)
    ]


def _passing(evaluation: Evaluation) -> list[float]:
    """Share of both models' predictions at or above the threshold, a group and the population."""
    parts = [moments.with_population() for moments in evaluation.moments]
    with np.errstate(invalid="ignore"):
        share = np.sum([m.passed for m in parts], axis=0) / np.sum([m.n for m in parts], axis=0)
    return [float(each) for each in share]
