"""Costs against plain loops and hand formulas, and their signs."""

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import bopstats as bop
from bopstats.costs import auc_by_group, resolve
from bopstats.exceptions import ArgumentError
from bopstats.fitting.families import unit_deviance
from bopstats.groups import RowBop

BINARY = ["brier", "zero_one", "log_loss", "squared_error", "absolute_error", "net_benefit"]


def loop_cost(name, y, mu, threshold):
    """One person's cost as its definition says."""
    positive = mu >= threshold
    return {
        "brier": lambda: (y - mu) ** 2,
        "squared_error": lambda: (y - mu) ** 2,
        "absolute_error": lambda: abs(y - mu),
        "zero_one": lambda: 0.0 if positive == (y == 1) else 1.0,
        "log_loss": lambda: -math.log(mu if y == 1 else 1 - mu),
        "deviance": lambda: -2 * math.log(mu if y == 1 else 1 - mu),
        "net_benefit": lambda: (
            -((positive and y == 1) - (positive and y == 0) * threshold / (1 - threshold))
        ),
    }[name]()


def too_short(y, mu):
    return y[:3]


def infinite(y, mu):
    return np.full_like(mu, np.inf)


def row_bop(y, mu, group, fold, *, n_groups, other=None, weight=None):
    empty = np.zeros((0, len(y)))
    return RowBop(
        costs=(),
        generic=empty,
        personalized=empty,
        y=np.asarray(y, dtype=float),
        mu_generic=np.asarray(mu, dtype=float),
        mu_personalized=np.asarray(mu if other is None else other, dtype=float),
        group=np.asarray(group),
        fold=np.asarray(fold),
        rows=np.arange(len(y)),
        n_groups=n_groups,
        weight=None if weight is None else np.asarray(weight, dtype=float),
        weight_type=None if weight is None else "prob",
        cluster=None,
        binary=True,
    )


def loop_auc(y, mu, fold, weight):
    """Pairs of an event and a non-event of one fold, one by one."""
    wins = pairs = 0.0
    for i in np.flatnonzero(np.equal(y, 1)):
        for j in np.flatnonzero(np.equal(y, 0)):
            if fold[i] == fold[j]:
                both = weight[i] * weight[j]
                pairs += both
                wins += both * (1.0 if mu[i] > mu[j] else 0.5 if mu[i] == mu[j] else 0.0)
    return wins / pairs if pairs else math.nan


@pytest.fixture(scope="module")
def held_out(people):
    """Both models' held-out predictions of two folds, and the results."""
    rows = np.arange(len(people))
    pairs = [(rows[rows % 2 == k], rows[rows % 2 != k]) for k in (0, 1)]
    model = bop.glm("y ~ x + z | sex * race", people)
    res = model.fit(cv=pairs, costs=[*BINARY, "deviance", "auc", "r2"], threshold=0.35)
    return res, res.evaluation.rows[0]


@pytest.mark.parametrize("name", [*BINARY, "deviance"])
def test_costs_of_a_person_are_their_definitions(held_out, name):
    _, rows = held_out
    place = rows.costs.index(name)
    for values, mu in ((rows.generic, rows.mu_generic), (rows.personalized, rows.mu_personalized)):
        expected = [loop_cost(name, y, m, 0.35) for y, m in zip(rows.y, mu, strict=True)]
        np.testing.assert_allclose(values[place], expected, rtol=1e-12, atol=1e-15)


def test_benefit_is_generic_minus_personalized(held_out):
    res, rows = held_out
    np.testing.assert_array_equal(rows.benefit, rows.generic - rows.personalized)
    np.testing.assert_array_equal(res.individual.to_numpy().T, rows.benefit)
    frame = res.frame()
    gap = frame["cost_generic"] - frame["cost_personalized"]
    np.testing.assert_allclose(frame["bop"], gap, atol=1e-15)


def test_a_prediction_at_the_threshold_is_an_event():
    zero_one = resolve("zero_one", "binomial", 0.5, None)[0].per_person
    y, mu = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    assert zero_one(y, mu).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.8])
def test_net_benefit_is_that_of_the_literature(people, threshold):
    """TP/n − FP/n · t/(1 − t) (Vickers and Elkin 2006), entered negated."""
    res = bop.glm("y ~ x | sex", people).fit(
        costs=["brier", "net_benefit"], threshold=threshold, repeats=1
    )
    rows = res.evaluation.rows[0]
    row = res.frame("net_benefit").iloc[-1]
    for column, mu in (
        ("cost_generic", rows.mu_generic),
        ("cost_personalized", rows.mu_personalized),
    ):
        treated = mu >= threshold
        true, false = np.sum(treated & (rows.y == 1)), np.sum(treated & (rows.y == 0))
        expected = (true - false * threshold / (1 - threshold)) / len(rows.y)
        assert row[column] == pytest.approx(-expected, rel=1e-12)


def test_auc_and_r2_enter_negated_and_by_group(held_out):
    res, rows = held_out
    for g, label in enumerate([*res.evaluation.groups.labels, "population"]):
        inside = rows.group == g if label != "population" else np.ones(len(rows.y), dtype=bool)
        y, fold = rows.y[inside], rows.fold[inside]
        for column, mu in (
            ("cost_generic", rows.mu_generic),
            ("cost_personalized", rows.mu_personalized),
        ):
            auc = res.frame("auc").set_index("group").loc[label, column]
            assert auc == pytest.approx(-loop_auc(y, mu[inside], fold, np.ones(len(y))), rel=1e-12)
            error = np.sum((y - mu[inside]) ** 2) / np.sum((y - y.mean()) ** 2)
            found = res.frame("r2").set_index("group").loc[label, column]
            assert found == pytest.approx(error - 1, rel=1e-9)


def test_metrics_of_a_group_alone_have_no_individual_values_nor_intervals(held_out):
    res, _ = held_out
    assert not {"auc", "r2"} & set(res.individual.columns)
    for name in ("auc", "r2"):
        frame = res.frame(name)
        assert frame[["std_err", "ci_low", "ci_upp", "p_benefit", "p_harm"]].isna().all(axis=None)
        assert frame["note"].str.contains("intervals by ci=").all()


@given(
    st.lists(
        st.tuples(
            st.integers(0, 1),
            st.integers(0, 3),
            st.integers(0, 1),
            st.integers(0, 2),
            st.integers(1, 4),
        ),
        min_size=1,
        max_size=25,
    )
)
def test_auc_counts_pairs_within_folds_with_ties_and_weights(people_rows):
    y, mu, group, fold, weight = (np.array(each) for each in zip(*people_rows, strict=True))
    found = auc_by_group(row_bop(y, mu, group, fold, n_groups=3, weight=weight), mu.astype(float))
    for g in range(3):
        inside = group == g
        expected = loop_auc(y[inside], mu[inside], fold[inside], weight[inside])
        assert found[g] == pytest.approx(expected, rel=1e-12, nan_ok=True)
    assert found[3] == pytest.approx(loop_auc(y, mu, fold, weight), rel=1e-12, nan_ok=True)


def test_auc_of_one_fold_is_the_rank_sum_statistic():
    rng = np.random.default_rng(0)
    y, mu = rng.integers(0, 2, 200), rng.normal(size=200).round(1)
    found = auc_by_group(row_bop(y, mu, np.zeros(200, int), np.zeros(200, int), n_groups=1), mu)
    u = stats.mannwhitneyu(mu[y == 1], mu[y == 0]).statistic
    assert found[0] == pytest.approx(u / ((y == 1).sum() * (y == 0).sum()), rel=1e-12)


def test_a_group_without_an_event_has_no_auc(people):
    data = people.assign(y=np.where(people["sex"] == "male", people["y"], 0))
    model = bop.glm("y ~ x + z | race", data, groups="sex")
    frame = model.fit(repeats=1, costs=["brier", "auc"]).frame("auc").set_index("group")
    assert math.isnan(frame.loc["female", "bop"])
    assert frame.loc["female", "note"].startswith("no event or no non-event in the group")
    assert np.isfinite(frame.loc["male", "bop"])


def test_auc_says_when_the_personal_terms_cannot_change_it(people):
    shift = bop.glm("y ~ x | sex * race", people).fit(repeats=1, costs=["brier", "auc"])
    slope = bop.glm("y ~ x | sex * x", people).fit(repeats=1, costs=["brier", "auc"])
    assert (
        shift.frame("auc")["note"].iloc[:-1].str.contains("shift everyone in a group alike").all()
    )
    assert not slope.frame("auc")["note"].str.contains("alike").any()


@pytest.mark.parametrize(
    ("family", "outcome"),
    [("poisson", "count"), ("gaussian", "t"), ("gamma", "age"), ("inverse_gaussian", "age")],
)
def test_deviance_sums_to_that_of_statsmodels(people, family, outcome):
    data = people.assign(age=people["age"].astype(float))
    res = bop.glm(
        f"{outcome} ~ x | sex", data, family, link="log" if outcome == "age" else None
    ).fit(cv=None, costs="deviance")
    rows = res.evaluation.rows[0]
    for values, model in ((rows.generic[0], res.generic), (rows.personalized[0], res.personalized)):
        assert values.sum() == pytest.approx(model.deviance, rel=1e-10)


def test_unit_deviances_are_twice_the_loss_of_log_likelihood():
    rng = np.random.default_rng(1)
    y, mu = rng.poisson(3, 50).astype(float), rng.uniform(1, 6, 50)
    for family, law in (
        (sm.families.Poisson(), lambda m: stats.poisson.logpmf(y, m)),
        (sm.families.Gaussian(), lambda m: stats.norm.logpdf(y, m)),
        (
            sm.families.NegativeBinomial(alpha=0.5),
            lambda m: stats.nbinom.logpmf(y, 2.0, 2.0 / (2.0 + m)),
        ),
    ):
        saturated = (
            law(np.maximum(y, 1e-300)) if not isinstance(family, sm.families.Gaussian) else law(y)
        )
        np.testing.assert_allclose(
            unit_deviance(family, y, mu), 2 * (saturated - law(mu)), atol=1e-9
        )


@pytest.mark.parametrize(
    "family", [sm.families.Poisson(), sm.families.Gamma(), sm.families.Binomial()]
)
def test_an_impossible_mean_costs_infinitely_much(family):
    y, mu = np.array([1.0, 1.0, 1.0]), np.array([0.9, -0.1, np.nan])
    found = unit_deviance(family, y, mu)
    assert np.isfinite(found).tolist() == [True, False, False]
    assert found[0] == pytest.approx(float(family.deviance(y[:1], mu[:1])))
    above = unit_deviance(family, y, np.array([1.1, 2.0, 5.0]))
    assert np.isfinite(above).any() == (not isinstance(family, sm.families.Binomial))


def test_held_out_means_beyond_the_familys_edge_are_not_passed_over(people):
    rng = np.random.default_rng(0)
    data = people.assign(x=rng.uniform(0, 1, len(people)))
    data["stay"] = rng.gamma(5, (1 + data["x"]) / 5)
    data.loc[data.index[:5], "x"] = -4.0
    rows = np.arange(len(data))
    res = bop.glm("stay ~ x | sex", data, "gamma", link="identity").fit(cv=[(rows[60:], rows[:60])])
    assert res.evaluation.rows[0].mu_generic.min() < 0
    assert not np.isfinite(res.frame("deviance")["cost_generic"].iloc[-1])
    assert "infinite" in res.frame("deviance")["note"].iloc[-1]


def test_r2_is_about_the_groups_own_mean(people):
    res = bop.glm("t ~ x | sex", people).fit(repeats=1, costs=["squared_error", "r2"])
    rows = res.evaluation.rows[0]
    inside = rows.group == 1
    y, mu = rows.y[inside], rows.mu_personalized[inside]
    expected = 1 - np.sum((y - mu) ** 2) / np.sum((y - y.mean()) ** 2)
    row = res.frame("r2").set_index("group").loc["male"]
    assert row["cost_personalized"] == pytest.approx(-expected, rel=1e-10)


@pytest.mark.parametrize("level", [-50.0, 1e3])
def test_r2_does_not_depend_on_the_outcomes_level(people, level):
    data = people.assign(t=people["t"] + level)
    found = bop.glm("t ~ x | sex", data).fit(cv=None, costs=["squared_error", "r2"]).frame("r2")
    plain = bop.glm("t ~ x | sex", people).fit(cv=None, costs=["squared_error", "r2"]).frame("r2")
    np.testing.assert_allclose(found["bop"], plain["bop"], rtol=1e-6, atol=1e-9)


def test_own_costs_are_taken(people):
    def quartic(y, mu):
        return (y - mu) ** 4

    res = bop.glm("t ~ x | sex", people).fit(costs=[quartic, "squared_error"], repeats=1)
    rows = res.evaluation.rows[0]
    assert rows.costs[:2] == ("quartic", "squared_error")
    np.testing.assert_allclose(rows.generic[0], (rows.y - rows.mu_generic) ** 4)
    assert res.gamma().value == res.gamma("quartic").value


@pytest.mark.parametrize(
    ("costs", "message"),
    [
        (["brier", "brire"], "did you mean 'brier'"),
        (["brier", "brier"], "each cost once"),
        (["sufficiency", "brier"], "a cost of prediction first"),
        ([], "a cost of prediction first"),
        ([too_short], r"returned shape \(3,\)"),
        ([infinite], "non-finite values"),
    ],
)
def test_bad_costs_are_named(people, costs, message):
    with pytest.raises(ArgumentError, match=message):
        bop.glm("y ~ x | sex", people).fit(costs=costs, repeats=1)


@pytest.mark.parametrize("name", ["brier", "zero_one", "log_loss", "net_benefit", "auc"])
def test_costs_of_a_probability_need_one(people, name):
    with pytest.raises(ArgumentError, match=f"{name!r} needs a binomial family"):
        bop.glm("t ~ x | sex", people).fit(costs=["squared_error", name])


@pytest.mark.parametrize(
    ("outcome", "family", "names"),
    [
        ("y", "binomial", ["brier", "zero_one"]),
        ("t", "gaussian", ["squared_error"]),
        ("count", "poisson", ["deviance"]),
    ],
)
def test_default_costs_and_their_order(people, outcome, family, names):
    model = bop.glm(f"{outcome} ~ x | sex", people, family)
    explanations = ["sufficiency", "incomprehensiveness"]
    found = [cost.name for cost in model.fit(repeats=1).evaluation.costs]
    assert found == [*names, *explanations]
    without = [cost.name for cost in model.fit(repeats=1, explain=False).evaluation.costs]
    assert without == names
    named = model.fit(repeats=1, explain=False, costs=[names[0], "sufficiency"]).evaluation.costs
    assert [cost.name for cost in named] == [names[0], "sufficiency"]
    assert [cost.kind for cost in named] == ["prediction", "explanation"]


@pytest.mark.parametrize(("n", "noted"), [(500, True), (12_000, False)])
def test_an_r2_of_fewer_than_5000_people_carries_a_note(n, noted):
    """Its interval covers 90 % at 100 people and 92.5 at 1000 if errors are lognormal."""
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"x": rng.normal(size=n), "sex": ["f", "m"] * (n // 2)})
    data["y"] = data["x"] + rng.normal(size=n)
    res = bop.glm("y ~ x | sex", data).fit(repeats=1, costs=["squared_error", "r2"])
    notes = res.frame("r2", ci="bca")["note"].iloc[:2]
    assert notes.str.contains("long tails").tolist() == [noted] * 2
