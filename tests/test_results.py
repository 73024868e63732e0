import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

import bopstats as bop

FORMULA = "high_bp ~ bmi + hba1c + sleep_hours | sex * insured"
COLUMNS = [
    *("cost", "kind", "sex", "insured", "group", "n", "n_eff", "events", "n_changed"),
    *("cost_generic", "cost_personalized", "bop", "std_err", "ci_low", "ci_upp", "ci_method"),
    *("p_benefit", "p_harm", "p_benefit_adjusted", "p_harm_adjusted", "p_method"),
    *("partition_sd", "verdict", "status", "note"),
]


@pytest.fixture(scope="module")
def nhanes():
    return bop.datasets.load_nhanes()


@pytest.fixture(scope="module")
def res(nhanes):
    return bop.glm(FORMULA, nhanes).fit(repeats=3, rng=4)


def test_frame_has_the_contract_columns_and_a_population_row_a_cost(res):
    frame = res.frame()
    assert list(frame.columns) == COLUMNS
    assert frame["cost"].unique().tolist() == [
        "brier",
        "zero_one",
        "sufficiency",
        "incomprehensiveness",
    ]
    assert (frame.groupby("cost").size() == 5).all()
    last = frame.groupby("cost").tail(1)
    assert (last["group"] == "population").all()
    assert (last["sex"] == "population").all()


def test_sizes_and_events_are_those_of_the_data(res, nhanes):
    frame = res.frame("brier")
    counts = nhanes.groupby(["sex", "insured"], observed=True)["high_bp"].agg(["size", "sum"])
    assert frame["n"].tolist() == [*counts["size"], 3924]
    assert frame["events"].tolist() == [*counts["sum"], counts["sum"].sum()]


def test_no_verdict_contradicts_its_interval(res):
    for row in res.frame().itertuples():
        assert (row.p_benefit <= 0.025) == (row.ci_low >= 0), row
        assert (row.p_harm <= 0.025) == (row.ci_upp <= 0), row


def test_holm_is_that_of_statsmodels_in_a_single_partition(nhanes):
    one = bop.glm(FORMULA, nhanes).fit(repeats=1, rng=4).frame("brier").iloc[:-1]
    for side in ("benefit", "harm"):
        expected = multipletests(one[f"p_{side}"], method="holm")[1]
        np.testing.assert_allclose(one[f"p_{side}_adjusted"], expected, rtol=1e-12)


def test_gamma_and_test_follow_the_frame_in_a_single_partition(nhanes):
    result = bop.glm(FORMULA, nhanes).fit(repeats=1, rng=4)
    rows = result.frame("brier").iloc[:-1]
    gamma, test = result.gamma(), result.test()
    assert gamma.value == rows["bop"].min()
    assert gamma.group == rows["group"][rows["bop"].idxmin()]
    assert gamma.ci_low == rows["ci_low"].min()
    assert test.pvalue == rows["p_benefit"].max()
    assert result.test(kind="harm").pvalue == rows["p_harm_adjusted"].min()
    wider = result.frame("brier", alpha=0.05 / len(rows)).iloc[:-1]
    assert gamma.ci_upp == pytest.approx(wider["ci_upp"].min(), rel=1e-12)


def test_shifting_the_null_is_shifting_the_interval(res):
    low = res.gamma().ci_low
    assert not res.test(null=low + 1e-6).reject
    assert res.test(null=low - 1e-6).reject


def test_individual_has_the_index_of_the_data_and_means_that_are_the_benefits(nhanes):
    shuffled = nhanes.sample(frac=1, random_state=0).iloc[:700]
    result = bop.glm(FORMULA, shuffled).fit(repeats=1, rng=4)
    people = result.individual
    assert people.index.equals(shuffled.index)
    means = people.groupby([shuffled["sex"], shuffled["insured"]], observed=True).mean()
    for cost in people:
        np.testing.assert_allclose(means[cost], result.frame(cost)["bop"][:-1], atol=1e-12)


def test_bounds_need_an_effect_and_narrow_as_it_grows(res):
    assert res.test().error_lower.empty
    values = [res.test("zero_one", effect=e).error_lower["error_lower"] for e in (0.005, 0.02)]
    assert (values[0] > values[1]).all()
    laws = res.test("zero_one", effect=0.01).error_lower["law"].tolist()
    assert laws == ["bounded", "ternary"]
    assert res.test("brier", effect=0.01).error_lower["law"].tolist() == ["bounded", "gaussian"]


def test_lower_bounds_do_not_exceed_upper_ones(res):
    for cost in ("brier", "zero_one"):
        test = res.test(cost, effect=0.02)
        low, upp = test.error_lower["error_lower"], test.error_upper["error_upper"]
        assert (low <= upp + 1e-12).all()


def test_an_effect_too_small_for_the_data_cannot_be_told(res):
    assert res.test("brier").verdict == "cannot tell"
    assert res.test("brier", effect=1e-6).verdict == "cannot be told at this n"
    assert "cannot be told at this n" in str(res.summary(effect=1e-6))


def test_an_impossible_effect_is_said_to_be_so(res):
    assert "not possible here" in res.test("zero_one", effect=0.9).note


def test_group_only_metrics_say_why_they_have_no_interval(nhanes):
    result = bop.glm("sbp ~ bmi | sex", nhanes).fit(costs=("squared_error", "r2"), rng=1, repeats=1)
    rows = result.frame("r2")
    assert rows["bop"].notna().all()
    assert rows["ci_low"].isna().all()
    assert rows["note"].str.contains("no interval").all()
    assert "no bounds" in result.summary(effect={"r2": 0.1}).as_text()


def test_nothing_changed_is_never_zero_plus_minus_zero():
    rng = np.random.default_rng(0)
    x = np.r_[np.full(60, -9.0), np.full(60, 9.0)] + rng.normal(size=120)
    data = pd.DataFrame({"y": (x > 0) ^ (rng.random(120) < 0.1), "x": x, "g": list("ab") * 60})
    row = bop.glm("y ~ x | g", data).fit(rng=1, repeats=1).frame("zero_one").iloc[0]
    assert row["n_changed"] == 0
    assert row["bop"] == 0
    assert row["ci_low"] < 0 < row["ci_upp"]
    assert row["p_benefit"] == row["p_harm"] == 1


def test_require_all_names_the_group_that_is_too_small(nhanes):
    few = nhanes.iloc[:400].copy()
    few["site"] = ["lonely"] + ["a", "b"] * 199 + ["a"]
    result = bop.glm("sbp ~ bmi | site", few).fit(rng=1, repeats=1)
    assert result.frame("squared_error").set_index("group")["status"]["lonely"] == "too small"
    assert result.test().covers == (2, 3)
    assert "lonely" in result.test().note
    with pytest.raises(bop.BopError, match="lonely"):
        result.test(require_all=True)


def test_in_sample_is_marked_wherever_it_shows(nhanes):
    text = bop.glm("high_bp ~ bmi | sex", nhanes).fit(cv=None).summary().as_text()
    assert "IN-SAMPLE (optimistic" in text


def test_summary_is_readable_at_100_columns(res):
    assert max(map(len, res.summary(effect=0.001).as_text().splitlines())) <= 100


def test_repr_is_one_useful_line(res):
    assert "gamma = " in repr(res)
    assert "\n" not in repr(res)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: r.frame("briar"), "did you mean 'brier'"),
        (lambda r: r.frame(alpha=0), r"alpha: got 0; allowed: a number in \(0, 1\)"),
        (lambda r: r.test(effect=-0.1), "effect"),
        (lambda r: r.test(kind="some"), "kind"),
        (lambda r: r.test(max_error=1.0, effect=0.1), "max_error"),
        (lambda r: r.summary(effect={"nothing": 0.1}), "cost: got 'nothing'"),
        (lambda r: r.summary(effect="big"), "effect: got 'big'"),
    ],
)
def test_bad_arguments_are_named(res, call, message):
    with pytest.raises(bop.BopError, match=message):
        call(res)


def test_unbounded_costs_get_the_laws_that_suit_them(nhanes):
    result = bop.glm("sbp ~ bmi | sex", nhanes).fit(rng=1, repeats=1)
    laws = result.test(effect=1.0).error_lower["law"].tolist()
    assert laws == ["gaussian", "bounded variance", "tilted"]
    # What a summary prints must not need the rows.
    assert "tilted" not in result.summary(effect=1.0).as_text()


def test_continuous_laws_are_refused_where_benefits_take_few_values(nhanes):
    def rounded(y, mu):
        return np.round(np.abs(y - mu) / 20)

    result = bop.glm("sbp ~ bmi | sex", nhanes).fit(rng=1, repeats=1, costs=rounded, explain=False)
    lower = result.test(effect=0.1).error_lower
    assert lower["error_lower"].isna().all()
    assert lower["reason"].str.contains("fewer than 10 distinct").all()
