"""Bootstrap limits in place of the usual ones, and limits that hold for all groups together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from bopstats._progress import progress_bar
from bopstats._typing import BoolArray, FloatArray
from bopstats.evaluation import Evaluation
from bopstats.groups import RowBop
from bopstats.inference.bootstrap import Replicates, bootstrap_counts, bootstrap_means
from bopstats.inference.bootstrap_limits import limits, max_t, pvalues, sidak
from bopstats.inference.bootstrap_metrics import bootstrap_metric
from bopstats.inference.estimates import Estimates, estimate

REPLICATES = 1999
KINDS = ("t", "bca", "percentile")


def estimate_as_asked(
    evaluation: Evaluation,
    name: str,
    *,
    alpha: float,
    null: float = 0.0,
    ci: str | None = None,
    simultaneous: bool = False,
) -> Estimates:
    """Estimate one cost's benefit, with bootstrap or simultaneous limits where asked.

    Parameters
    ----------
    evaluation, name, alpha, null
        As in `estimate`.
    ci : {"t", "bca", "percentile"} or None
        None and "t" leave the usual limits; the others resample people within groups, or in strata,
        `REPLICATES` times in each partition, the predictions given.
    simultaneous : bool
        Whether the groups' limits hold together at 1 − alpha: Šidák, or the bootstrap's largest
        |t|. p-values and the population stay as they are.
    """
    base = estimate(evaluation, name, alpha=alpha, null=null)
    if ci in (None, "t"):
        at = partial(estimate, evaluation, name, null=null)
        return widened(base, alpha, lambda level: at(alpha=level)) if simultaneous else base
    return _bootstrapped(evaluation, base, alpha, null, str(ci), simultaneous)


def widened(base: Estimates, alpha: float, at: Callable[[float], Estimates]) -> Estimates:
    """Give the tested groups the limits that hold together at 1 − alpha (Šidák).

    `at` estimates the same at another alpha; all else stays that of `base`.
    """
    if not base.tested.any():
        return base
    wide = at(sidak(alpha, int(base.tested.sum())))
    groups = np.append(base.tested, False)
    return replace(
        base,
        low=np.where(groups, wide.low, base.low),
        high=np.where(groups, wide.high, base.high),
    )


def _bootstrapped(
    evaluation: Evaluation, base: Estimates, alpha: float, null: float, ci: str, together: bool
) -> Estimates:
    family = alpha / max(1, int(base.covered.sum()))
    figures, errors, failed = [], [], np.zeros(len(base.status))
    for draws in _all_replicates(evaluation, base, f"ci={ci!r}"):
        vary = np.nan_to_num(draws.std_err) > 0
        low, high = limits(draws, alpha=alpha, method=ci)
        if together and (groups := np.flatnonzero(vary[:-1] & base.covered)).size:
            wide = limits(draws, alpha=max_t(draws, groups, alpha=alpha), method=ci)
            low[groups], high[groups] = wide[0][groups], wide[1][groups]
        upper = limits(draws, alpha=family, method=ci)[1]
        figures.append([low, high, upper, *pvalues(draws, null=null, method=ci)])
        errors.append(np.where(vary, draws.std_err, np.nan))
        failed += draws.not_computable
    low, high, upper, benefit, harm = np.stack(figures, axis=1)
    if base.cost.bounds is not None:
        low, high, upper = (np.clip(each, *base.cost.bounds) for each in (low, high, upper))
    use = _usable(base, np.stack(errors))

    def take(new: FloatArray, old: FloatArray) -> FloatArray:
        return np.where(use, new, old)

    return replace(
        base,
        std_err=take(np.stack(errors), base.std_err),
        low=take(low, base.low),
        high=take(high, base.high),
        bonferroni_high=take(upper, base.bonferroni_high),
        p_benefit=take(benefit, base.p_benefit),
        p_harm=take(harm, base.p_harm),
        method=tuple(ci if used else old for used, old in zip(use, base.method, strict=True)),
        reason=tuple(
            _failures(lost, len(figures)) if used else old
            for used, lost, old in zip(use, failed, base.reason, strict=True)
        ),
    )


def _all_replicates(evaluation: Evaluation, base: Estimates, asked: str) -> Iterator[Replicates]:
    """Yield each partition's replicates, with a progress bar."""
    partitions = len(evaluation.need_rows(asked))
    with progress_bar(partitions, f"bootstrap, {base.cost.name}") as tick:
        for r in range(partitions):
            yield _replicates(evaluation, base, r)
            tick(1)


def _replicates(evaluation: Evaluation, base: Estimates, r: int) -> Replicates:
    """Draw one partition's replicates; the same seed gives the same draws."""
    rows, moments = evaluation.rows[r], evaluation.moments[r]
    names = [cost.name for cost in evaluation.costs]
    key = [evaluation.settings.bootstrap_seed, r, names.index(base.cost.name)]
    rng = np.random.default_rng(key)
    if base.cost.group_only:
        return bootstrap_metric(rows, base.cost.name, size=REPLICATES, rng=rng)
    place = rows.costs.index(base.cost.name)
    if base.cost.integer and _counts_people(rows):
        counts = (moments.n, moments.plus[place], moments.minus[place])
        return bootstrap_counts(*counts, size=REPLICATES, rng=rng)
    return bootstrap_means(rows, place, size=REPLICATES, rng=rng)


def _counts_people(rows: RowBop) -> bool:
    simple = rows.cluster is None and rows.stratum is None
    return simple and rows.weight_type in (None, "freq")


def _usable(base: Estimates, errors: FloatArray) -> BoolArray:
    """Which columns the bootstrap serves: those with an estimate whose replicates vary."""
    enough = np.array([status == "ok" for status in base.status])
    had = np.array([bool(method) for method in base.method])
    known = np.isfinite(base.bop).all(axis=0) if base.cost.group_only else had
    return np.asarray(enough & known & np.isfinite(errors).all(axis=0), dtype=bool)


def _failures(lost: float, partitions: int) -> str:
    if not lost:
        return ""
    return f"{int(lost)} of {REPLICATES * partitions} replicates could not be computed"
