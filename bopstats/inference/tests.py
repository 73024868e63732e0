"""Tests on all groups together, kept apart by what they ask: do all benefit, is one harmed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import log_ndtr, ndtr, ndtri

from bopstats._notebook import Framed
from bopstats._typing import FloatArray, IntArray
from bopstats._validation import check_choice, check_flag, check_real, check_share, fail
from bopstats.exceptions import DataError
from bopstats.groups import GroupMoments
from bopstats.inference.estimates import Estimates
from bopstats.inference.heterogeneity import (
    Heterogeneity,
    SignTest,
    Statistic,
    cochran_q,
    gail_simon,
    group_covariance,
    over_partitions,
    wald_equal,
)
from bopstats.inference.testability import Bounds
from bopstats.inference.verdicts import CANNOT_TELL, DIFFER, overall_verdict, shifted

KINDS = ("every", "harm", "heterogeneity", "gail_simon")


@dataclass(frozen=True)
class Question:
    """What is asked of all groups together; see `BoPResults.test`.

    `value` is the benefit that each group is compared with: `null` less `margin`.
    """

    kind: str = "every"
    effect: float | None = None
    alpha: float = 0.05
    null: float = 0.0
    margin: float = 0.0
    max_error: float = 0.5
    require_all: bool = False

    def __post_init__(self) -> None:
        check_choice("kind", self.kind, KINDS)
        check_share("alpha", self.alpha)
        check_share("max_error", self.max_error)
        check_flag("require_all", self.require_all)
        check_real("null", self.null)
        check_real("margin", self.margin, low=0.0, closed="low")
        if self.effect is not None:
            check_real("effect", self.effect, low=self.value)

    @property
    def value(self) -> float:
        """The benefit that each group is compared with."""
        return self.null - self.margin

    @property
    def level(self) -> float:
        """What the p-value is compared with: alpha for heterogeneity, which has no direction."""
        return self.alpha if self.kind == "heterogeneity" else self.alpha / 2

    @property
    def words(self) -> tuple[str, str]:
        """Null and alternative."""
        value = f"{self.value:g}"
        gloss = "" if self.value else " (some group does not benefit)"
        return {
            "every": (f"gamma <= {value}{gloss}", f"gamma > {value}"),
            "harm": (f"every group's benefit >= {value}", f"some group's benefit < {value}"),
            "heterogeneity": ("all groups have the same benefit", "some benefits differ"),
            "gail_simon": (f"every group's benefit >= {value}", f"some group's benefit < {value}"),
        }[self.kind]


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


_ROW = (
    *("cost", "kind", "null", "alternative", "method", "statistic", "df", "df_error", "pvalue"),
    *("reject", "alpha", "covers", "of_groups", "effect", "max_error", "verdict", "note"),
)


@dataclass(frozen=True)
class BoPTest(Framed):
    """A test on all groups together.

    Attributes
    ----------
    cost, kind : str
        The cost and the question: "every", "harm", "heterogeneity" or "gail_simon".
    null, alternative : str
        Both hypotheses in words.
    method : str
        Name of the test.
    statistic : float
        Smallest benefit over groups ("every": the largest p decides; "harm": the smallest
        Holm-adjusted one), Cochran's Q (adjusted Wald F with clusters or strata), or Gail and
        Simon's sum over harmed groups.
    df, df_error : float
        Degrees of freedom of a heterogeneity test; nan where there are none, `df_error` infinite
        for a chi-square.
    pvalue : float
        One-sided, but for heterogeneity.
    reject : bool
        Whether the p-value is at most alpha/2 (heterogeneity: alpha).
    covers : tuple of int
        Number of groups tested, and of all groups.
    error_lower, error_upper, max_attributes : DataFrame
        A row a law; empty without an effect.
    reject_threshold : ThresholdRule or None
        The paper's rule; None without an effect or a standard error.
    verdict : str
        What the data say of all groups together: of every group's benefit and of harm (by the
        omnibus test for "gail_simon"), for "heterogeneity" whether benefits differ.
    note : str
        What kept the test from being complete.
    """

    cost: str
    kind: str
    null: str
    alternative: str
    method: str
    statistic: float
    df: float
    df_error: float
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

    def to_frame(self) -> pd.DataFrame:
        """Return one row: cost, hypotheses, method, statistic, p-value, verdict and so on.

        Returns
        -------
        DataFrame
            Columns `cost`, `kind`, `null`, `alternative`, `method`, `statistic`, `df`, `df_error`,
            `pvalue`, `reject`, `alpha`, `covers`, `of_groups`, `effect` (nan without one),
            `max_error`, `verdict`, `note`. Bounds are frames of their own.
        """
        own = {
            "covers": self.covers[0],
            "of_groups": self.covers[1],
            "effect": np.nan if self.effect is None else self.effect,
        }
        return pd.DataFrame([{n: own[n] if n in own else getattr(self, n) for n in _ROW}])

    def __str__(self) -> str:
        """Return the test in a few lines."""
        level = self.alpha if self.kind == "heterogeneity" else self.alpha / 2
        covers = f"covers {self.covers[0]} of {self.covers[1]} groups"
        df = "" if np.isnan(self.df) else f", df = {self.df:g}"
        df += f" and {self.df_error:g}" if np.isfinite(self.df_error) else ""
        result = f"statistic = {self.statistic:.6g}{df}, p = {self.pvalue:.4g} (level {level:g})"
        if np.isnan(self.pvalue):
            result = "not tested: no group has an interval for this metric"
        lines = [
            f"Test on {self.cost}: H0 {self.null}; H1 {self.alternative}",
            f"{result}, {covers}",
            f"Verdict: {self.verdict}",
        ]
        return "\n".join([*lines, self.note] if self.note else lines)


def run_test(
    estimates: Estimates,
    question: Question,
    labels: tuple[str, ...],
    *,
    moments: Sequence[GroupMoments] | None,
    place: int | None,
    bounds: Bounds | None,
    in_sample: bool,
) -> BoPTest:
    """Test all groups together; see `BoPResults.test`.

    Parameters
    ----------
    estimates : Estimates
        One cost's figures at the question's level and value.
    question : Question
        What is asked.
    labels : tuple of str
        Group labels.
    moments : sequence of GroupMoments or None
        One a partition, for designs with clusters or strata; None where groups are independent.
    place : int or None
        The cost's place in the moments; None for costs that only a group has.
    bounds : Bounds or None
        Bounds for the question's effect above its value; None without an effect.
    in_sample : bool
        Whether the rows trained the models.
    """
    tested = np.flatnonzero(estimates.tested)
    left_out = [labels[g] for g in range(estimates.n_groups) if not estimates.tested[g]]
    if question.require_all and left_out:
        raise DataError(
            f"require_all=True, but {len(left_out)} groups are empty, too small or without a "
            f"test: {'; '.join(left_out)}"
        )
    p_every = _over_groups(estimates.p_benefit, tested, np.max)
    p_harm = _over_groups(estimates.holm("p_harm"), tested, np.min)
    effect = None if question.effect is None else question.effect - question.value
    found = _statistic(estimates, question, tested, (p_every, p_harm), moments, place)
    verdict = overall_verdict(
        p_every,
        found.pvalue if question.kind == "gail_simon" else p_harm,
        question.alpha,
        None if bounds is None else bounds.verdict_bound,
        question.max_error,
    )
    reject = bool(found.pvalue <= question.level)
    if question.kind == "heterogeneity":
        verdict = DIFFER if reject else CANNOT_TELL
    notes = ["In-sample: optimistic."] if in_sample else []
    notes += [f"Not covered: {'; '.join(left_out)}."] if left_out else []
    notes += [bounds.note] if bounds is not None and bounds.note else []
    empty = pd.DataFrame()
    null, alternative = question.words
    return BoPTest(
        cost=estimates.cost.name,
        kind=question.kind,
        null=null,
        alternative=alternative,
        method=found.method,
        statistic=found.statistic,
        df=found.df,
        df_error=found.df_error,
        pvalue=found.pvalue,
        reject=reject,
        alpha=question.alpha,
        covers=(len(tested), estimates.n_groups),
        effect=question.effect,
        max_error=question.max_error,
        error_lower=empty if bounds is None else bounds.lower,
        error_upper=empty if bounds is None else bounds.upper,
        max_attributes=empty if bounds is None else bounds.attributes,
        reject_threshold=None if effect is None else _threshold_rule(estimates, tested, effect),
        verdict=shifted(verdict, question.null, question.margin),
        note=" ".join(notes),
    )


def _statistic(
    estimates: Estimates,
    question: Question,
    tested: IntArray,
    p: tuple[float, float],
    moments: Sequence[GroupMoments] | None,
    place: int | None,
) -> Statistic:
    """Return what answers the question: gamma, or a statistic of all groups together."""
    if question.kind in ("every", "harm"):
        smallest = _smallest_benefit(estimates, tested)
        every = question.kind == "every"
        return Statistic("intersection-union" if every else "Holm", smallest, p[0 if every else 1])
    dependent = moments is not None and moments[0].design is not None
    if question.kind == "gail_simon":
        if dependent:
            fail("kind", "gail_simon", "'harm' with clusters or strata, which groups may share")
        return over_partitions(_gail_simon(estimates, tested))
    if dependent and moments is not None and place is not None:
        return over_partitions(_wald(estimates, tested, moments, place))
    return over_partitions(
        cochran_q(benefit[tested], error[tested])
        for benefit, error in zip(estimates.bop, estimates.std_err, strict=True)
    )


def _gail_simon(estimates: Estimates, tested: IntArray) -> Iterator[SignTest]:
    """Yield each partition's omnibus test of harm.

    z-scores of the groups' own tests keep the exactness of small groups.
    """
    for p_benefit in estimates.p_benefit:
        z = -ndtri(np.clip(p_benefit[tested], 1e-300, 1.0 - 1e-16))
        yield gail_simon(z, np.ones_like(z))[0]


def _wald(
    estimates: Estimates, tested: IntArray, moments: Sequence[GroupMoments], place: int
) -> Iterator[Heterogeneity]:
    """Yield each partition's test of equal benefits of groups that may share clusters or strata."""
    for benefit, each in zip(estimates.bop, moments, strict=True):
        covariance = group_covariance(each, place)[np.ix_(tested, tested)]
        df = 0.0 if each.design is None else each.design.df
        yield wald_equal(benefit[tested], covariance, df=df)


def _over_groups(values: FloatArray, covered: Any, take: Any) -> float:
    """Take the minimum or maximum over groups in each partition, then the median."""
    if not len(covered):
        return float("nan")
    return float(np.median(take(values[:, covered], axis=1)))


def _smallest_benefit(estimates: Estimates, covered: Any) -> float:
    """Return gamma, the mean over partitions of the smallest benefit."""
    if not len(covered):
        return float("nan")
    return float(np.mean(estimates.bop[:, covered].min(axis=1)))


def _threshold_rule(estimates: Estimates, covered: Any, effect: float) -> ThresholdRule | None:
    std_err = np.median(estimates.std_err[:, covered], axis=0)
    if not len(covered) or not np.isfinite(std_err).all():
        return None
    gamma = _smallest_benefit(estimates, covered)
    return ThresholdRule(
        effect,
        gamma >= effect,
        float(ndtr(-effect / std_err).max()),
        float(-np.expm1(np.sum(log_ndtr(np.zeros(len(covered)))))),
    )
