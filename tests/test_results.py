from dataclasses import replace
from math import comb

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

import bopstats as bop
from bopstats.exceptions import SeparationWarning
from bopstats.groups import GroupMoments

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
    assert rows["note"].str.contains("intervals by ci=").all()
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
        (lambda r: r.frame(simultaneous="yes"), "simultaneous: got 'yes'; allowed: True or False"),
        (lambda r: r.test(require_all="no"), "require_all: got 'no'; allowed: True or False"),
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


def test_null_and_margin_reword_hypotheses_and_verdicts(res):
    shifted = res.test(null=-0.05)
    assert shifted.verdict == "every group's benefit exceeds -0.05"
    assert "does not benefit" not in shifted.null
    assert res.test(margin=0.05).verdict == "no group is harmed by more than 0.05"
    assert res.test(null=0.05).verdict == "some group's benefit is below 0.05"
    with pytest.raises(bop.BopError, match="effect"):
        res.test(null=0.02, effect=0.01)


def test_bounds_of_a_shifted_null_are_those_of_the_distance(res):
    near, far = res.test(effect=0.01), res.test(null=-0.01, effect=0.0)
    assert near.error_lower.equals(far.error_lower)


def test_heterogeneity_and_gail_simon_by_hand(nhanes):
    result = bop.glm(FORMULA, nhanes).fit(repeats=1, rng=4)
    rows = result.frame("brier").iloc[:-1]
    weights = 1 / rows["std_err"] ** 2
    mean = (weights * rows["bop"]).sum() / weights.sum()
    q = (weights * (rows["bop"] - mean) ** 2).sum()
    found = result.test(kind="heterogeneity")
    assert found.statistic == pytest.approx(q, rel=1e-9)
    assert found.pvalue == pytest.approx(stats.chi2.sf(q, 3), rel=1e-9)
    z = -stats.norm.ppf(rows["p_benefit"])
    harmed = (np.minimum(z, 0) ** 2).sum()
    omnibus = result.test(kind="gail_simon")
    assert omnibus.statistic == pytest.approx(harmed, rel=1e-9)
    mixture = sum(comb(4, h) / 16 * stats.chi2.sf(harmed, h) for h in range(1, 5))
    assert omnibus.pvalue == pytest.approx(mixture, rel=1e-9)


@pytest.mark.parametrize("weight_type", ["prob", "precision"])
def test_weights_of_any_size_leave_unchanged_groups_an_honest_interval(nhanes, weight_type):
    weights = np.random.default_rng(0).uniform(1000.5, 90000, len(nhanes))
    model = bop.glm(
        "diabetes ~ bmi + total_chol | sex", nhanes, weights=weights, weight_type=weight_type
    )
    rows = model.fit(rng=1, repeats=1, threshold=0.9).frame("zero_one")
    unchanged = rows[rows["n_changed"] == 0]
    assert len(unchanged) > 0
    assert (unchanged["ci_method"] == "clopper-pearson (effective n)").all()
    for row in unchanged.itertuples():
        # One-sided Clopper–Pearson limits at alpha/4 for each direction of change.
        assert row.ci_upp == pytest.approx(-np.expm1(np.log(0.0125) / row.n_eff), rel=1e-9)
        assert row.ci_low == -row.ci_upp


def test_a_fold_that_flips_at_the_threshold_is_no_crash():
    rng = np.random.default_rng(1)
    y = np.zeros(12000, dtype=int)
    y[:6000][rng.permutation(6000)[:2967]] = 1
    y[6000:][rng.permutation(6000)[:2000]] = 1
    data = pd.DataFrame({"sex": np.where(np.arange(12000) < 6000, "f", "m"), "y": y})
    rows = bop.glm("y ~ 1 | sex", data).fit(rng=1, explain=False).frame("zero_one")
    assert rows["ci_low"].notna().all()


@pytest.mark.parametrize("signs", [(1, 1, 1), (1, -1, 1)])
def test_infinite_costs_in_some_partitions_are_said_and_leak_no_warning(signs):
    data = pd.DataFrame({"x": np.arange(60) % 7, "sex": np.tile(["f", "m"], 30)})
    data["y"] = np.tile([0, 0, 1, 1, 1, 0], 10)
    res = bop.glm("y ~ x | sex", data).fit(repeats=3, costs=["log_loss"], explain=False)
    for rows, sign in zip(res.evaluation.rows, signs, strict=True):
        rows.generic[0, 0], rows.personalized[0, 0] = (np.inf, 0.0) if sign > 0 else (0.0, np.inf)
    evaluation = replace(
        res.evaluation, moments=tuple(GroupMoments.from_rows(r) for r in res.evaluation.rows)
    )
    found = bop.BoPResults(evaluation)
    row = found.frame().iloc[0]
    assert row["note"].startswith("a cost is infinite")
    assert np.isnan(row["partition_sd"])
    assert np.isnan(row["ci_low"])
    assert np.isinf(row["bop"]) if sum(signs) == 3 else np.isnan(row["bop"])
    assert found.individual.iloc[0, 0] == row["bop"] or np.isnan(row["bop"])


def test_a_group_without_events_gets_no_t_interval_and_few_events_a_note():
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"x": rng.normal(size=300), "g": list("abc") * 100, "y": 0})
    data.loc[data["g"] == "a", "y"] = rng.integers(0, 2, 100)
    data.loc[data.index[data["g"] == "b"][:4], "y"] = 1
    with pytest.warns(SeparationWarning):
        result = bop.glm("y ~ x | g", data).fit(rng=1, repeats=1)
    rows = result.frame("brier").set_index("group")
    assert np.isnan(rows.loc["c", "ci_low"])
    assert "no events" in rows.loc["c", "note"]
    assert "only 4 events" in rows.loc["b", "note"]
    assert result.test().covers == (2, 3)
    assert result.gamma().covers == (2, 3)


def test_a_personal_side_that_adds_nothing_is_an_error(nhanes):
    both = nhanes.assign(male=(nhanes["sex"] == "male") * 1.0, female=(nhanes["sex"] != "male") * 1)
    with pytest.raises(bop.BopError, match="add nothing to the generic model"):
        bop.glm("high_bp ~ bmi + male | female", both).fit()


def test_a_cost_that_writes_into_its_arguments_is_refused(nhanes):
    def greedy(y, mu):
        mu[:] = 0
        return np.abs(y - mu)

    with pytest.raises(bop.BopError, match="greedy failed"):
        bop.glm("high_bp ~ bmi | sex", nhanes).fit(costs=(greedy, "brier"))


def test_a_single_group_metric_alone_can_be_asked_for(nhanes):
    result = bop.glm("high_bp ~ bmi | sex", nhanes).fit(costs="auc", explain=False, repeats=1)
    assert "not tested" in result.summary().as_text()
    assert "negated: auc" in result.summary().as_text()


def test_in_sample_results_say_so_wherever_they_show(nhanes):
    result = bop.glm("high_bp ~ bmi | sex", nhanes).fit(cv=None)
    assert "optimistic" in repr(result)
    assert "optimistic" in str(result.test())
    assert result.frame()["note"].str.contains("optimistic").all()


@pytest.mark.parametrize("scale", [1e9, 1e-6])
def test_any_scale_prints_within_100_columns_and_not_as_zeros(nhanes, scale):
    data = nhanes.assign(sbp=nhanes["sbp"] * scale)
    lines = bop.glm("sbp ~ bmi | sex", data).fit(repeats=1).summary().as_text().splitlines()
    assert max(map(len, lines)) <= 100
    row = next(line for line in lines if line.startswith("female") and "cannot" in line)
    assert float(row.split()[1]) > 0


def test_columns_and_labels_that_clash_stay_apart(nhanes):
    few = nhanes.iloc[:600]
    data = few.assign(
        group=np.where(few["sex"] == "male", "population", "b"),
        group_attribute=few["insured"].map({0: "no", 1: "yes"}),
    )
    frame = bop.glm("sbp ~ bmi | group * group_attribute", data).fit(repeats=1).frame()
    one = frame[frame["cost"] == "squared_error"]
    assert one["group"].is_unique
    assert (one["group"] == "population").sum() == 1
    assert {"group_attribute", "group_attribute_attribute"} <= set(one.columns)


def test_hold_out_says_how_many_rows_were_evaluated(nhanes):
    text = bop.glm("sbp ~ bmi | sex", nhanes).fit(cv=0.25).summary().as_text()
    evaluated = round(0.25 * 1998) + round(0.25 * 1926)
    assert f"{evaluated} held out and evaluated" in text


@pytest.mark.parametrize("level", [0.0, 1e6])
def test_r2_does_not_depend_on_the_level_of_the_outcome(nhanes, level):
    model = bop.glm("sbp ~ bmi | sex", nhanes.assign(sbp=nhanes["sbp"] + level))
    result = model.fit(cv=None, costs=("squared_error", "r2"), explain=False)
    expected = []
    for sex in ("female", "male"):
        y = nhanes.loc[nhanes["sex"] == sex, "sbp"]
        mu = result.generic.fittedvalues[nhanes["sex"] == sex] - level
        expected.append(1 - ((y - mu) ** 2).sum() / ((y - y.mean()) ** 2).sum())
    np.testing.assert_allclose(-result.frame("r2")["cost_generic"][:2], expected, rtol=1e-5)
