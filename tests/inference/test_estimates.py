"""Figures of every group: computed inside a partition, then the median; by one method each."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from invented import evaluation_of
from scipy import stats
from statsmodels.stats.multitest import multipletests

import bopstats as bop
from bopstats.inference.estimates import estimate
from bopstats.inference.gamma import smallest_benefit
from bopstats.inference.notes import group_notes
from bopstats.inference.paired import choose_method, paired_interval, paired_pvalues

RNG = np.random.default_rng(8)
N, R = 120, 5
GROUP = np.repeat([0, 1, 2], [20, 40, 60])
REAL = RNG.normal(0.2, 1, (R, N))
COUNTS = RNG.choice([-1.0, 0.0, 1.0], (R, N), p=[0.1, 0.6, 0.3])
LABELS = ("a", "b", "c")


def figures(benefit, group=GROUP, *, alpha=0.05, null=0.0, **options):
    evaluation = evaluation_of(benefit, group, **options)
    return estimate(evaluation, evaluation.costs[0].name, alpha=alpha, null=null)


def test_the_benefit_is_the_mean_over_partitions_every_other_figure_the_median():
    found = figures(REAL, null=0.1)
    for g in range(4):
        own = g == GROUP if g < 3 else np.ones(N, dtype=bool)
        tests = [stats.ttest_1samp(b[own], 0.1, alternative="greater") for b in REAL]
        limits = [stats.ttest_1samp(b[own], 0).confidence_interval() for b in REAL]
        benefits = [b[own].mean() for b in REAL]
        assert found.mean("bop")[g] == pytest.approx(np.mean(benefits), rel=1e-9)
        expected = {
            "std_err": [stats.sem(b[own]) for b in REAL],
            "low": [limit.low for limit in limits],
            "high": [limit.high for limit in limits],
            "p_benefit": [test.pvalue for test in tests],
            "p_harm": [1 - test.pvalue for test in tests],
        }
        for name, values in expected.items():
            assert found.median(name)[g] == pytest.approx(np.median(values), rel=1e-9), name


def test_a_mean_benefit_outside_of_its_median_limits_is_noted():
    """Two calm partitions agree on 1, the third is far off: the mean is -2, the limits about 1."""
    benefit = np.tile([0.9, 1.1], (3, 3))
    benefit[2] -= 9.0
    evaluation = evaluation_of(benefit, np.zeros(6, dtype=np.int64))
    found = estimate(evaluation, evaluation.costs[0].name, alpha=0.05)
    assert found.mean("bop")[0] == pytest.approx(-2.0)
    assert "outside of the median limits" in group_notes(found, evaluation)[0]
    calm = evaluation_of(benefit[:1], np.zeros(6, dtype=np.int64))
    assert "outside" not in group_notes(estimate(calm, calm.costs[0].name, alpha=0.05), calm)[0]


def notes_of(benefit, **options):
    evaluation = evaluation_of(benefit, np.zeros(benefit.shape[-1], dtype=np.int64), **options)
    found = estimate(evaluation, evaluation.costs[0].name, alpha=0.05)
    return group_notes(found, evaluation)[0]


def test_an_interval_that_few_people_few_changed_or_few_clusters_carry_is_noted():
    """The regions in which docs/coverage.md shows under-coverage."""
    many = np.random.default_rng(1).exponential(size=(1, 400))
    assert notes_of(many) == ""
    assert "fewer than 100 people" in notes_of(many[:, :99])
    for changed, noted in ((99, True), (100, False)):
        text = notes_of(np.where(np.arange(400) < changed, many, 0.0))
        assert ("of only 99 people changed: the interval may under-cover" in text) is noted
    for clusters, noted in ((99, True), (100, False)):
        text = notes_of(many, cluster=np.arange(400) % clusters)
        assert ("only 99 clusters: the interval may under-cover" in text) is noted
    for heavy, noted in ((20, True), (0, False)):  # Kish: 780²/8380 = 72.6
        weight = np.where(np.arange(400) < heavy, 20.0, 1.0)
        text = notes_of(many, weight=weight, weight_type="prob")
        assert ("worth only 73 people (n_eff): the interval may under-cover" in text) is noted
    counts = np.where(np.arange(400) < 30, 1.0, 0.0)[None]
    assert "under-cover" not in notes_of(counts, cost="zero_one")


def test_counts_use_one_method_in_every_partition():
    found = figures(COUNTS, cost="zero_one")
    for g in range(4):
        own = g == GROUP if g < 3 else np.ones(N, dtype=bool)
        tables = [(own.sum(), np.sum(b[own] > 0), np.sum(b[own] < 0)) for b in COUNTS]
        method = choose_method(own.sum(), np.median([plus + minus for _, plus, minus in tables]))
        assert found.method[g] == method
        for r, (n, plus, minus) in enumerate(tables):
            table = (int(n), int(plus), int(minus))
            limits = paired_interval(*table, method=method)
            tails = paired_pvalues(*table, method=method)
            assert (found.low[r, g], found.high[r, g]) == limits
            assert (found.p_benefit[r, g], found.p_harm[r, g]) == tails


def test_the_method_is_chosen_from_the_median_number_changed():
    """13, 14 and 30 of 200 changed: the median asks for the exact method in all three."""
    benefit = np.zeros((3, 200))
    for r, changed in enumerate((13, 30, 14)):
        benefit[r, :changed] = 1.0
    found = figures(benefit, np.zeros(200, dtype=int), cost="zero_one")
    assert found.method == ("exact unconditional",) * 2


@given(
    alpha=st.floats(0.001, 0.6),
    null=st.floats(-0.5, 0.7),
    cost=st.sampled_from(["squared_error", "brier"]),
)
def test_median_test_and_median_limit_agree(alpha, null, cost):
    scale = 1.0 if cost == "squared_error" else 0.1
    found = figures(scale * REAL, alpha=alpha, null=null, cost=cost)
    low, high = found.median("low"), found.median("high")
    clear = np.minimum(abs(low - null), abs(high - null)) > 1e-9
    assert ((found.median("p_benefit") <= alpha / 2) == (low >= null))[clear].all()
    assert ((found.median("p_harm") <= alpha / 2) == (high <= null))[clear].all()


@pytest.mark.parametrize("alpha", [0.3, 0.05])
@pytest.mark.parametrize("null", [-0.2, 0.0, 0.11, 0.35])
def test_median_test_and_median_limit_agree_for_counts(alpha, null):
    found = figures(COUNTS[:3], alpha=alpha, null=null, cost="zero_one")
    low, high = found.median("low"), found.median("high")
    np.testing.assert_array_equal(found.median("p_benefit") <= alpha / 2, low >= null)
    np.testing.assert_array_equal(found.median("p_harm") <= alpha / 2, high <= null)


def test_a_number_missing_in_one_partition_is_missing():
    benefit = REAL.copy()
    benefit[2, 0] = np.inf
    found = figures(benefit)
    assert found.method == ("", "t", "t", "")
    assert "infinite" in found.reason[0]
    for name in ("low", "high", "p_benefit", "p_harm"):
        np.testing.assert_array_equal(np.isnan(found.median(name)), [True, False, False, True])
    assert found.covered.tolist() == [False, True, True]
    assert smallest_benefit(found, LABELS).covers == (2, 3)


@pytest.mark.parametrize("options", [{}, {"weight_type": "prob"}, {"cluster": True}])
@pytest.mark.parametrize("cost", ["brier", "zero_one"])
def test_nothing_changed_in_a_bounded_cost_is_never_zero_plus_minus_zero(cost, options):
    benefit = np.where(GROUP == 0, 0.0, 0.1 * REAL[0] if cost == "brier" else COUNTS[0])
    settings = {"weight_type": options.get("weight_type")}
    if settings["weight_type"]:
        settings["weight"] = RNG.uniform(0.3, 3, N)
    if options.get("cluster"):
        settings["cluster"] = np.arange(N) % 30
    found = figures(benefit, cost=cost, **settings)
    assert found.low[0, 0] < 0 < found.high[0, 0]
    assert found.low[0, 0] == -found.high[0, 0]
    assert found.p_benefit[0, 0] == found.p_harm[0, 0] > 0.5
    assert np.isnan(found.std_err[0, 0])


def test_nothing_changed_in_an_unbounded_cost_has_no_interval_and_says_so():
    found = figures(np.where(GROUP == 0, 0.0, REAL[0]))
    assert found.method[0] == ""
    assert "no one's cost changed" in found.reason[0]
    assert np.isnan([found.low[0, 0], found.p_benefit[0, 0]]).all()
    assert found.bop[0, 0] == 0


def test_the_fewer_people_the_wider_is_the_interval_of_an_unchanged_group():
    widths = [
        figures(np.zeros(n), np.arange(n) % 2, cost="zero_one").high[0, 0] for n in (10, 40, 400)
    ]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < 0.03


@pytest.mark.parametrize("cost", ["brier", "squared_error"])
def test_limits_stay_within_what_a_cost_allows(cost):
    found = figures(np.array([0.9, -0.8, 0.95, 0.7, -0.9, 0.9]), np.repeat([0, 1], 3), cost=cost)
    beyond = np.abs(np.r_[found.low[0], found.high[0]]).max() > 1
    assert beyond == (cost == "squared_error")


@pytest.mark.parametrize(
    ("sizes", "statuses"),
    [((0, 1, 2), ("empty", "too small", "ok")), ((5, 0, 1), ("ok", "empty", "too small"))],
)
def test_groups_of_no_or_one_row_have_a_status_and_no_test(sizes, statuses):
    group = np.repeat([0, 1, 2, 3], [*sizes, 4])
    found = figures(RNG.normal(size=len(group)), group)
    assert found.status[:3] == statuses
    tested = [status == "ok" for status in (*statuses, "ok")]
    assert found.tested.tolist() == tested
    np.testing.assert_array_equal(np.isfinite(found.p_benefit[0, :-1]), tested)
    np.testing.assert_array_equal(np.isfinite(found.holm("p_harm")[0, :-1]), tested)


def test_holm_adjusts_inside_each_partition_over_the_groups_alone():
    found = figures(REAL)
    for side in ("p_benefit", "p_harm"):
        values = getattr(found, side)
        adjusted = found.holm(side)
        for r in range(R):
            expected = multipletests(values[r, :-1], method="holm")[1]
            np.testing.assert_allclose(adjusted[r, :-1], expected, rtol=1e-12)
        assert np.isnan(adjusted[:, -1]).all()


def test_gamma_is_the_mean_of_smallest_benefits_and_names_the_group_most_often_smallest():
    benefit = np.zeros((3, 6))
    group = np.repeat([0, 1, 2], 2)
    for r, means in enumerate(([0.0, 5.0, 9.0], [1.0, 2.0, 8.0], [7.0, 3.0, 6.0])):
        benefit[r] = np.repeat(means, 2) + np.tile([-0.1, 0.1], 3)
    gamma = smallest_benefit(figures(benefit, group), LABELS)
    assert gamma.value == pytest.approx((0.0 + 1.0 + 3.0) / 3)
    assert gamma.group == "a"


def test_limits_of_gamma_are_the_smallest_of_the_groups_limits():
    """The lower one without correction, the upper one by Bonferroni, inside each partition."""
    found = figures(REAL)
    gamma = smallest_benefit(found, LABELS)
    lows, highs = [], []
    for b in REAL:
        tests = [stats.ttest_1samp(b[g == GROUP], 0) for g in range(3)]
        lows.append(min(test.confidence_interval(0.95).low for test in tests))
        highs.append(min(test.confidence_interval(1 - 0.05 / 3).high for test in tests))
    assert gamma.ci_low == pytest.approx(np.median(lows), rel=1e-10)
    assert gamma.ci_upp == pytest.approx(np.median(highs), rel=1e-10)
    assert gamma.covers == (3, 3)


def test_gamma_limits_cover_gamma():
    """Each limit errs in at most 2.5 % of samples: 4000 of them, three standard errors allowed."""
    rng = np.random.default_rng(1)
    truth, above, below, samples = np.array([0.0, 0.0, 0.3]), 0, 0, 4000
    for _ in range(samples):
        benefit = rng.normal(truth[GROUP], 1.0)
        gamma = smallest_benefit(figures(benefit), LABELS)
        above += gamma.ci_low > 0
        below += gamma.ci_upp < 0
    allowed = 0.025 * samples + 3 * np.sqrt(0.025 * 0.975 * samples)
    assert above <= allowed
    assert below <= allowed


@given(scale=st.floats(1e-6, 1e6))
def test_units_of_a_cost_scale_estimates_and_leave_tests_alone(scale):
    a, b = figures(REAL[:1]), figures(scale * REAL[:1])
    for name in ("bop", "std_err", "low", "high", "bonferroni_high"):
        np.testing.assert_allclose(getattr(b, name), scale * getattr(a, name), rtol=1e-9)
    for name in ("p_benefit", "p_harm"):
        np.testing.assert_allclose(getattr(b, name), getattr(a, name), rtol=1e-7)


@pytest.mark.parametrize(("law", "noted"), [("normal", [0, 0, 0]), ("lognormal", [1, 0, 1])])
def test_a_skewed_benefit_is_noted_until_there_are_enough_people(law, noted):
    """Cochran's rule: 25 times the squared skewness; both groups hold 150 people."""
    benefit = getattr(np.random.default_rng(3), law)(size=(1, 300))
    group = np.repeat([0, 1], 150)
    evaluation = evaluation_of(benefit, group)
    found = estimate(evaluation, evaluation.costs[0].name, alpha=0.05)
    expected = [stats.skew(benefit[0, group == g]) for g in (0, 1)]
    assert found.skewness[0, :2] == pytest.approx(expected, rel=1e-9)
    assert found.skewness[0, 2] == pytest.approx(stats.skew(benefit[0]), rel=1e-9)
    assert [n < 25 * g**2 for n, g in zip((150, 150, 300), found.skewness[0], strict=True)] == noted
    assert ["skewed" in note for note in group_notes(found, evaluation)] == noted


def test_a_missing_standard_error_is_explained():
    rng = np.random.default_rng(4)
    group, weight = np.repeat([0, 1], 40), rng.uniform(1, 2, 80)
    benefit = rng.integers(-1, 2, (3, 80)).astype(float)
    benefit[1, group == 0] = 0.0
    found = evaluation_of(benefit, group, cost="zero_one", weight=weight, weight_type="prob")
    row, other = bop.BoPResults(found).frame().iloc[:2].itertuples()
    assert row.ci_method == "t"
    assert np.isnan(row.std_err)
    assert "the benefit does not vary in some partitions: no standard error" in row.note
    assert "partitions" not in other.note
