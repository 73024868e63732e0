"""Tests on all groups together: what they ask, how often they err, and what they agree with."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from invented import evaluation_of
from scipy import stats
from statsmodels.stats.multitest import multipletests

from bopstats.exceptions import ArgumentError, DataError
from bopstats.inference.estimates import estimate
from bopstats.inference.gamma import smallest_benefit
from bopstats.inference.testability import data_bounds
from bopstats.inference.tests import Question, run_test

RNG = np.random.default_rng(12)
GROUP = np.repeat([0, 1, 2], [20, 40, 60])
N, R = len(GROUP), 3
REAL = RNG.normal(0.2, 1, (R, N))
LABELS = ("a", "b", "c")


def ask(benefit, group=GROUP, labels=LABELS, cost="squared_error", in_sample=False, **question):
    evaluation = evaluation_of(benefit, group, cost=cost)
    question = Question(**question)
    found = estimate(evaluation, cost, alpha=question.alpha, null=question.value)
    bounds = None
    if question.effect is not None:
        effect = question.effect - question.value
        bounds = data_bounds(found, effect, question.max_error, evaluation.rows)
    return run_test(
        found,
        question,
        labels,
        moments=evaluation.moments,
        place=0,
        bounds=bounds,
        in_sample=in_sample,
    )


def pvalues(benefit, null=0.0, alternative="greater"):
    return [
        stats.ttest_1samp(benefit[g == GROUP], null, alternative=alternative).pvalue
        for g in range(3)
    ]


@pytest.mark.parametrize("null", [0.0, -0.3, 0.2])
def test_every_is_the_median_over_partitions_of_the_largest_p(null):
    test = ask(REAL, null=null)
    expected = np.median([max(pvalues(b, null)) for b in REAL])
    assert test.pvalue == pytest.approx(expected, rel=1e-9)
    assert test.statistic == pytest.approx(
        np.mean([min(b[g == GROUP].mean() for g in range(3)) for b in REAL])
    )
    assert test.null.startswith(f"gamma <= {null:g}")
    assert test.alternative == f"gamma > {null:g}"


def test_harm_is_the_median_over_partitions_of_the_smallest_adjusted_p():
    test = ask(REAL, kind="harm")
    smallest = [multipletests(pvalues(b, 0.0, "less"), method="holm")[1].min() for b in REAL]
    assert test.pvalue == pytest.approx(np.median(smallest), rel=1e-9)


def test_order_of_median_and_extremes_matters():
    """Each group is worst in one partition: medians of groups all benefit, no partition does."""
    shifts = np.full((3, 3), 3.0)
    np.fill_diagonal(shifts, -3.0)
    benefit = shifts[:, GROUP] + RNG.normal(0, 0.5, (3, N))
    assert ask(benefit).pvalue > 0.99
    assert ask(benefit, kind="harm").pvalue < 1e-6
    found = estimate(evaluation_of(benefit, GROUP), "squared_error", alpha=0.05)
    assert found.median("p_benefit")[:-1].max() < 1e-6


@given(
    alpha=st.floats(0.001, 0.6),
    shift=st.floats(-1, 2),
    partitions=st.sampled_from([1, 3]),
)
def test_every_rejects_when_the_lower_limit_of_gamma_is_above_the_null(alpha, shift, partitions):
    benefit = REAL[:partitions] + shift
    test = ask(benefit, alpha=alpha)
    found = estimate(evaluation_of(benefit, GROUP), "squared_error", alpha=alpha)
    low = smallest_benefit(found, LABELS).ci_low
    if abs(low) > 1e-9:
        assert test.reject == (low >= 0)
    assert test.reject == (test.pvalue <= alpha / 2)
    assert not (test.reject and ask(benefit, alpha=alpha, kind="harm").reject)


def test_a_margin_is_a_null_below():
    a, b = ask(REAL, margin=0.25), ask(REAL, null=-0.25)
    assert a.pvalue == b.pvalue
    assert ask(REAL, null=0.1, margin=0.35).pvalue == pytest.approx(b.pvalue, rel=1e-9)
    assert a.verdict in {"no group is harmed by more than 0.25", "cannot tell"}


@pytest.mark.parametrize(
    ("kind", "means"),
    [("every", (0.0, 3.0, 3.0)), ("every", (0.0, 0.0, 0.0)), ("harm", (0.0, 0.0, 0.0))],
)
def test_sizes_under_the_null(kind, means):
    """3000 samples; the level is 2.5 %, three standard errors are allowed."""
    rng, samples = np.random.default_rng(3), 3000
    mean = np.array(means)[GROUP]
    rejected = sum(ask(rng.normal(mean, 1.0), kind=kind).reject for _ in range(samples))
    allowed = 0.025 * samples + 3 * np.sqrt(0.025 * 0.975 * samples)
    assert rejected <= allowed
    if means[1] or kind == "harm":  # where the tests exhaust their level
        assert rejected >= 0.025 * samples - 4 * np.sqrt(0.025 * 0.975 * samples)


def test_groups_without_a_test_are_named_and_not_covered():
    group = np.r_[GROUP, 3]
    benefit = np.r_[REAL[0] + 2, -5.0]
    test = ask(benefit, group, ("a", "b", "c", "lone"))
    assert test.covers == (3, 4)
    assert "Not covered: lone." in str(test)
    assert test.verdict == "benefits every group"
    with pytest.raises(DataError, match=r"require_all=True.*lone"):
        ask(benefit, group, ("a", "b", "c", "lone"), require_all=True)


def test_no_group_with_a_test_gives_no_p_and_says_so():
    test = ask(np.array([1.0, 2.0, 3.0]), np.arange(3))
    assert np.isnan(test.pvalue)
    assert not test.reject
    assert test.covers == (0, 3)
    assert "not tested" in str(test)


def test_the_threshold_rule_of_the_paper_has_its_gaussian_error_rates():
    effect = 0.3
    rule = ask(REAL[0], effect=effect).reject_threshold
    errors = [stats.sem(REAL[0][g == GROUP]) for g in range(3)]
    assert rule.reject == (min(REAL[0][g == GROUP].mean() for g in range(3)) >= effect)
    assert rule.type_one == pytest.approx(max(stats.norm.cdf(-effect / e) for e in errors))
    draws = np.random.default_rng(0).normal(effect, errors, (40_000, 3))
    assert rule.type_two == pytest.approx(np.mean(draws.min(axis=1) < effect), abs=0.01)


@pytest.mark.parametrize(
    ("shift", "effect", "verdict"),
    [
        (3.0, 0.001, "benefits every group"),
        (-3.0, 0.001, "harms some group"),
        (-0.2, 0.001, "cannot be told at this n"),
        (-0.2, 5.0, "cannot tell"),
        (-0.2, None, "cannot tell"),
    ],
)
def test_verdicts_of_the_rule(shift, effect, verdict):
    assert ask(REAL + shift, effect=effect).verdict == verdict


def test_bounds_are_there_with_an_effect_only():
    without, test = ask(REAL), ask(REAL, effect=0.1)
    assert without.error_lower.empty
    assert without.reject_threshold is None
    assert not (test.error_lower["error_lower"] > test.error_upper["error_upper"]).any()


def test_in_sample_is_said():
    assert "In-sample: optimistic." in str(ask(REAL, in_sample=True))


def test_heterogeneity_is_judged_at_alpha_and_finds_differences_not_levels():
    level, differs = REAL + 5.0, REAL + GROUP
    assert ask(level, kind="heterogeneity").pvalue == pytest.approx(
        ask(REAL, kind="heterogeneity").pvalue, rel=1e-6
    )
    test = ask(differs, kind="heterogeneity")
    assert test.pvalue < 1e-4
    assert test.verdict == "benefits differ between groups"
    assert ask(REAL + 9.0, kind="heterogeneity", alpha=1e-9).verdict == "cannot tell"
    p = ask(REAL, kind="heterogeneity").pvalue
    assert ask(REAL, kind="heterogeneity", alpha=min(0.99, p * 1.01)).reject
    assert not ask(REAL, kind="heterogeneity", alpha=p * 0.99).reject


@pytest.mark.parametrize("shift", np.linspace(-0.6, 0.4, 21))
def test_the_omnibus_verdict_is_that_of_the_omnibus_test(shift):
    test = ask(REAL + shift, kind="gail_simon")
    assert test.reject == (test.verdict == "harms some group")


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"kind": "some"}, "kind"),
        ({"alpha": 0.0}, "alpha"),
        ({"margin": -0.1}, "margin"),
        ({"effect": 0.0}, "effect"),
        ({"effect": 0.1, "null": 0.2}, "effect"),
        ({"max_error": 1.5}, "max_error"),
    ],
)
def test_bad_questions_are_named(question, message):
    with pytest.raises(ArgumentError, match=message):
        ask(REAL, **question)
