"""Tests on all groups together, kept apart by what they ask: do all benefit, is one harmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import log_ndtr, ndtr

from bopstats._typing import FloatArray
from bopstats.exceptions import DataError
from bopstats.groups import RowBop
from bopstats.inference.estimates import Estimates
from bopstats.inference.testability import Bounds, data_bounds
from bopstats.inference.verdicts import overall_verdict

KINDS = ("every", "harm")


@dataclass(frozen=True)
class ThresholdRule:
    """The paper's rule: reject when the smallest estimated benefit is at least `effect`.

    `type_one` and `type_two` are its largest error rates for Gaussian benefits with the groups'
    estimated standard deviations: under a smallest benefit of 0 and of `effect`.
    """

    effect: float
    reject: bool
    type_one: float
    type_two: float


@dataclass(frozen=True)
class BoPTest:
    """A test on all groups together.

    Attributes
    ----------
    cost, kind : str
        The cost and the question: "every" or "harm".
    null, alternative : str
        Both hypotheses in words.
    statistic : float
        Smallest benefit over groups ("every": the largest p decides; "harm": the smallest).
    pvalue : float
        One-sided; compare with alpha/2.
    reject : bool
        Whether ``pvalue <= alpha/2``.
    covers : tuple of int
        Number of groups tested, and of all groups.
    error_lower, error_upper, max_attributes : DataFrame
        A row a law; empty without an effect.
    reject_threshold : ThresholdRule or None
        The paper's rule; None without an effect or a standard error.
    verdict : str
        What the data say.
    note : str
        What kept the test from being complete.
    """

    cost: str
    kind: str
    null: str
    alternative: str
    statistic: float
    pvalue: float
    reject: bool
    alpha: float
    covers: tuple[int, int]
    effect: float | None
    max_error: float
    error_lower: pd.DataFrame
    error_upper: pd.DataFrame
    max_attributes: pd.DataFrame
    reject_threshold: ThresholdRule | None
    verdict: str
    note: str

    def __str__(self) -> str:
        """Return the test in a few lines."""
        lines = [
            f"Test on {self.cost}: H0 {self.null}; H1 {self.alternative}",
            f"statistic = {self.statistic:.6g}, one-sided p = {self.pvalue:.4g} "
            f"(level {self.alpha / 2:g}), covers {self.covers[0]} of {self.covers[1]} groups",
            f"Verdict: {self.verdict}",
        ]
        return "\n".join([*lines, self.note] if self.note else lines)


def run_test(
    estimates: Estimates,
    labels: tuple[str, ...],
    *,
    kind: str,
    alpha: float,
    null: float,
    effect: float | None,
    max_error: float,
    require_all: bool,
    rows: Sequence[RowBop] | None,
) -> BoPTest:
    """Test all groups together; see `BoPResults.test`."""
    covered = np.flatnonzero(estimates.covered)
    left_out = [labels[g] for g in range(estimates.n_groups) if not estimates.covered[g]]
    if require_all and left_out:
        raise DataError(
            f"require_all=True, but {len(left_out)} groups are empty, too small or without an "
            f"estimate: {'; '.join(left_out)}"
        )
    p_every = _over_groups(estimates.p_benefit, covered, np.max)
    p_harm = _over_groups(estimates.holm("p_harm"), covered, np.min)
    bounds = None if effect is None else data_bounds(estimates, effect, max_error, rows)
    lower = None if bounds is None else bounds.verdict_bound
    pvalue = p_every if kind == "every" else p_harm
    value = f"{null:g}"
    words = {
        "every": (f"gamma <= {value} (some group does not benefit)", f"gamma > {value}"),
        "harm": (f"every group's benefit >= {value}", f"some group's benefit < {value}"),
    }[kind]
    verdict = overall_verdict(p_every, p_harm, alpha, lower, max_error)
    notes = [f"Not covered: {'; '.join(left_out)}."] if left_out else []
    notes += [bounds.note] if bounds is not None and bounds.note else []
    empty = pd.DataFrame()
    return BoPTest(
        cost=estimates.cost.name,
        kind=kind,
        null=words[0],
        alternative=words[1],
        statistic=_over_groups(estimates.bop, covered, np.min),
        pvalue=pvalue,
        reject=bool(pvalue <= alpha / 2),
        alpha=alpha,
        covers=(len(covered), estimates.n_groups),
        effect=effect,
        max_error=max_error,
        error_lower=empty if bounds is None else bounds.lower,
        error_upper=empty if bounds is None else bounds.upper,
        max_attributes=empty if bounds is None else bounds.attributes,
        reject_threshold=None if effect is None else _threshold_rule(estimates, covered, effect),
        verdict=verdict,
        note=" ".join(notes),
    )


def _over_groups(values: FloatArray, covered: Any, take: Any) -> float:
    """Take the minimum or maximum over groups in each partition, then the median."""
    if not len(covered):
        return float("nan")
    return float(np.median(take(values[:, covered], axis=1)))


def _threshold_rule(estimates: Estimates, covered: Any, effect: float) -> ThresholdRule | None:
    std_err = np.median(estimates.std_err[:, covered], axis=0)
    if not len(covered) or not np.isfinite(std_err).all():
        return None
    gamma = _over_groups(estimates.bop, covered, np.min)
    return ThresholdRule(
        effect,
        gamma >= effect,
        float(ndtr(-effect / std_err).max()),
        float(-np.expm1(np.sum(log_ndtr(np.zeros(len(covered)))))),
    )


__all__ = ["KINDS", "BoPTest", "Bounds", "ThresholdRule", "run_test"]
