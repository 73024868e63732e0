"""`compare`: results from given predictions."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from recompute import partition_predictions
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

import bopstats as bop
from bopstats.exceptions import BopError

FORMULAS = {
    "binomial": "y ~ x + z + clinic | sex * x + race",
    "gaussian": "t ~ x + z + clinic | sex * x + race",
    "poisson": "count ~ x + z + clinic | sex * x + race",
}
COSTS = {
    "binomial": ["brier", "zero_one", "log_loss", "net_benefit", "auc", "absolute_error"],
    "gaussian": ["squared_error", "absolute_error", "r2"],
    "poisson": ["deviance", "squared_error", "r2"],
}
DESIGNS = {
    "plain": {},
    "frequencies": {"weights": "region", "weight_type": "freq"},
    "sampling weights": {"weights": "weight kg", "weight_type": "prob"},
    "clusters": {"cluster": "age"},
    "strata": {"strata": "clinic"},
    "strata of copies": {"strata": "clinic", "weights": "region", "weight_type": "freq"},
    "survey": {
        "strata": "clinic",
        "cluster": "village",
        "weights": "weight kg",
        "weight_type": "prob",
    },
    "weighted clusters": {"weights": "weight kg", "weight_type": "prob", "cluster": "age"},
}


def fit(people, family, **options):
    fold = pd.factorize(people["age"])[0] % 5
    pairs = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(5)]
    return bop.glm(FORMULAS[family], people, family, **options.pop("design", {})).fit(
        cv=pairs, **options
    )


@pytest.mark.parametrize("design", list(DESIGNS))
@pytest.mark.parametrize("family", list(FORMULAS))
def test_held_out_predictions_of_a_fit_give_its_frame(people, family, design):
    costs, columns = COSTS[family], DESIGNS[design]
    people = people.assign(village=people["clinic"] + people["age"].astype(str))
    res = fit(people, family, design=columns, costs=costs, explain=False)
    (rows,) = res.evaluation.rows
    ours = bop.compare(
        people[FORMULAS[family].split(" ~ ")[0]],
        rows.mu_generic,
        rows.mu_personalized,
        people[["sex", "race"]],
        family=family,
        costs=costs,
        folds=rows.fold,
        **{k: v if k == "weight_type" else people[v] for k, v in columns.items()},
    )
    pd.testing.assert_frame_equal(ours.frame(), res.frame(), rtol=1e-12, atol=1e-12)
    pd.testing.assert_frame_equal(ours.individual, res.individual, rtol=1e-12, atol=1e-12)
    for cost in costs:
        found, wanted = ours.test(cost).pvalue, res.test(cost).pvalue
        assert ours.gamma(cost).value == pytest.approx(res.gamma(cost).value, abs=1e-12)
        assert found == pytest.approx(wanted, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("family", list(FORMULAS))
def test_masked_predictions_give_the_explanations_of_a_fit(people, family):
    res = fit(people, family)
    (rows,) = res.evaluation.rows
    left, right = FORMULAS[family].split(" | ")
    law = getattr(sm.families, family.capitalize())()
    predicted = partition_predictions(people, [left, f"{left} + {right}"], law, rows.fold)
    whole, kept, masked = predicted
    ours = bop.compare(
        people[left.split(" ~ ")[0]],
        *whole,
        people[["sex", "race"]],
        family=family,
        explanations={"sufficiency": tuple(kept), "incomprehensiveness": tuple(masked)},
    )
    for cost in ("sufficiency", "incomprehensiveness"):
        found, wanted = ours.frame(cost), res.frame(cost)
        pd.testing.assert_frame_equal(found, wanted, rtol=1e-7, atol=1e-9)
        assert (wanted["n_changed"] > 0).any()


@pytest.fixture(scope="module")
def given():
    """Give an outcome, two predictions and groups of 120 people."""
    rng = np.random.default_rng(4)
    y = rng.integers(0, 2, 120)
    generic = rng.uniform(0.05, 0.95, 120)
    personalized = np.clip(generic + 0.3 * (y - 0.5), 0.01, 0.99)
    groups = pd.DataFrame({"sex": rng.choice(["f", "m"], 120), "old": rng.integers(0, 2, 120)})
    return y, generic, personalized, groups


def test_swapping_the_predictions_flips_every_sign(given):
    y, generic, personalized, groups = given
    costs = ["brier", "zero_one", "log_loss", "auc"]
    one = bop.compare(y, generic, personalized, groups, costs=costs).frame()
    two = bop.compare(y, personalized, generic, groups, costs=costs).frame()
    np.testing.assert_allclose(two["bop"], -one["bop"], atol=1e-15)
    np.testing.assert_allclose(two["ci_low"], -one["ci_upp"], rtol=1e-9)
    np.testing.assert_allclose(two["p_benefit"], one["p_harm"], rtol=1e-9)


def test_groups_come_as_a_frame_a_mapping_a_list_or_an_array(given):
    y, generic, personalized, groups = given
    both = [groups, groups.to_dict("list"), [groups["sex"], groups["old"].rename("old")]]
    frames = [bop.compare(y, generic, personalized, each).frame() for each in both]
    for frame in frames[1:]:
        pd.testing.assert_frame_equal(frame, frames[0])
    for one in (groups["sex"], list(groups["sex"]), groups["sex"].to_numpy()):
        frame = bop.compare(y, generic, personalized, one).frame("brier")
        assert frame["group"].tolist() == ["f", "m", "population"]
    table = bop.compare(y, generic, personalized, groups.to_numpy(dtype=object))
    assert table.evaluation.groups.attributes == ("group1", "group2")


def test_empty_crossings_stay_in_the_table(given):
    y, generic, personalized, groups = given
    few = groups.assign(old=groups["old"].where(groups["sex"] == "f", 0))
    frame = bop.compare(y, generic, personalized, few).frame("brier")
    assert frame["status"].tolist() == ["ok", "ok", "ok", "empty", "ok"]


def test_declared_levels_without_people_are_left_out_with_a_note(given):
    y, generic, personalized, groups = given
    sex = pd.Categorical(groups["sex"], categories=["f", "m", "x"])
    res = bop.compare(y, generic, personalized, {"sex": sex})
    assert res.frame("brier")["group"].tolist() == ["f", "m", "population"]
    assert "sex: declared levels without rows are left out: x." in res.notes


def test_the_order_of_people_does_not_matter(given):
    y, generic, personalized, groups = given
    order = np.random.default_rng(1).permutation(120)
    one = bop.compare(y, generic, personalized, groups)
    two = bop.compare(y[order], generic[order], personalized[order], groups.iloc[order])
    pd.testing.assert_frame_equal(one.frame(), two.frame(), rtol=1e-9)


def test_results_stay_when_the_arrays_change(given):
    y, generic, personalized, groups = (each.copy() for each in given)
    res = bop.compare(y.astype(float), generic, personalized, groups, family="binomial")
    before = res.frame(ci="bca")
    generic[:] = 0.0
    personalized[:] = 1.0
    again = bop.compare(*given, family="binomial")
    pd.testing.assert_frame_equal(again.frame(ci="bca"), before)
    np.testing.assert_array_equal(res.evaluation.rows[0].mu_generic, given[1])


def test_auc_pairs_people_within_folds(given):
    y, generic, personalized, groups = given
    folds = np.array(["a", "b", "c"])[np.arange(120) % 3]
    res = bop.compare(y, generic, personalized, groups, costs=["brier", "auc"], folds=folds)
    inside, total, pairs = groups["sex"].eq("f") & groups["old"].eq(0), 0.0, 0
    for fold in "abc":
        rows = inside & (folds == fold)
        count = y[rows].sum() * (1 - y[rows]).sum()
        total += count * roc_auc_score(y[rows], generic[rows])
        pairs += count
    assert res.frame("auc")["cost_generic"][0] == pytest.approx(-total / pairs, abs=1e-14)
    assert "folds=" not in " ".join(res.notes)
    alone = bop.compare(y, generic, personalized, groups, costs=["brier", "auc"])
    assert alone.frame("auc")["cost_generic"].iloc[-1] == pytest.approx(-roc_auc_score(y, generic))
    assert "folds=" in " ".join(alone.notes)


def test_events_are_named_and_constant_outcomes_accepted(given):
    _, generic, personalized, groups = given
    y = given[0]
    text = np.where(y == 1, "yes", "no")
    res = bop.compare(text, generic, personalized, groups, event="yes")
    numbers = bop.compare(y, generic, personalized, groups)
    pd.testing.assert_frame_equal(res.frame(), numbers.frame())
    declared = pd.Categorical(["no"] * 120, categories=["no", "yes"])
    none = bop.compare(declared, generic, personalized, groups, event="yes", costs=["zero_one"])
    assert none.evaluation.settings.family == "binomial"
    np.testing.assert_allclose(
        none.frame()["cost_generic"].iloc[-1], np.mean(generic >= 0.5), rtol=1e-14
    )
    flat = bop.compare(np.full(120, 7.0), generic, personalized, groups)
    assert flat.evaluation.settings.family == "gaussian"
    assert flat.frame()["cost_generic"].iloc[-1] == pytest.approx(np.mean((7 - generic) ** 2))


def test_predictions_equal_to_rounding_count_as_unchanged(given):
    y, generic, _, groups = given
    noisy = generic * (1 + 2e-16 * np.sign(np.arange(120) % 3 - 1))
    assert (noisy != generic).any()
    res = bop.compare(y, generic, noisy, groups, costs=["brier", "log_loss"])
    assert (res.individual == 0).all(axis=None)
    assert res.frame()["n_changed"].eq(0).all()


def test_clip_moves_probabilities_for_log_loss_only(given):
    y, generic, personalized, groups = given
    hard = np.where(personalized > 0.9, 1.0, personalized)
    costs = ["log_loss", "brier"]
    res = bop.compare(y, generic, hard, groups, costs=costs, clip=0.01)
    clipped = np.clip(hard, 0.01, 0.99)
    found = res.frame("log_loss")["cost_personalized"].iloc[-1]
    assert found == pytest.approx(log_loss(y, clipped), rel=1e-12)
    brier = res.frame("brier")["cost_personalized"].iloc[-1]
    assert brier == pytest.approx(np.mean((y - hard) ** 2), rel=1e-12)
    moved = int((hard > 0.99).sum())
    assert f"0 generic and {moved} personalized" in " ".join(res.notes)


def test_the_summary_says_that_predictions_were_given(given):
    y, generic, personalized, groups = given
    res = bop.compare(y, generic, personalized, groups, folds=np.arange(120) % 4)
    text = res.summary(effect=0.01).as_text()
    for words in (
        "given predictions, binomial outcome",
        "Models:     given predictions",
        "Family:     binomial\n",
        "Evaluation: given predictions, 4 folds",
        "benefit of the given predictions, on these rows",
        "whether these rows were held out",
    ):
        assert words in text
    for word in ("Seed", "GLM", "link", "Association", "Formula"):
        assert word not in text
    assert res.to_dict()["association"] is None
    assert "given predictions; binomial" in repr(res)


@pytest.mark.parametrize("name", ["generic", "personalized", "anova"])
def test_there_are_no_fitted_models(given, name):
    y, generic, personalized, groups = given
    res = bop.compare(y, generic, personalized, groups)
    with pytest.raises(BopError, match=rf"{name}: predictions were given"):
        getattr(res, name)()


def test_labels_of_the_data_are_kept(given):
    y, generic, personalized, groups = given
    index = pd.Index([f"p{i}" for i in range(120)])
    res = bop.compare(y, pd.Series(generic, index), personalized, groups.set_axis(index))
    assert res.individual.index.equals(index)


def test_a_callable_cost_sees_outcome_and_prediction(given):
    y, generic, personalized, groups = given

    def cubed(y, mu):
        return np.abs(y - mu) ** 3

    res = bop.compare(y, generic, personalized, groups, costs=[cubed])
    wanted = np.abs(y - generic) ** 3 - np.abs(y - personalized) ** 3
    np.testing.assert_allclose(res.individual["cubed"], wanted, atol=1e-15)


@pytest.fixture(scope="module")
def classes():
    """Give three classes, probabilities of two models, and groups of 150 people."""
    rng = np.random.default_rng(5)
    labels = np.array(["cat", "dog", "emu"])
    y = rng.choice(labels, 150)
    first, second = rng.dirichlet([2, 2, 2], 150), rng.dirichlet([2, 2, 2], 150)
    second = 0.6 * second + 0.4 * (y[:, None] == labels)
    group = rng.choice(["a", "b"], 150)
    return y, pd.DataFrame(first, columns=labels), pd.DataFrame(second, columns=labels), group


def test_classes_agree_with_scikit_learn_by_group(classes):
    y, generic, personalized, group = classes
    costs = ["log_loss", "zero_one", "brier"]
    res = bop.compare(y, generic, personalized[["emu", "cat", "dog"]], group, costs=costs)
    assert res.evaluation.settings.family == "multinomial"
    for column, p in (("cost_generic", generic), ("cost_personalized", personalized)):
        for g, inside in enumerate([group == "a", group == "b", np.ones(150, dtype=bool)]):
            found = {name: res.frame(name)[column][g] for name in costs}
            likely = p.columns[p[inside].to_numpy().argmax(axis=1)]
            wrong = 1 - accuracy_score(y[inside], likely)
            assert found["log_loss"] == pytest.approx(log_loss(y[inside], p[inside]), rel=1e-12)
            assert found["zero_one"] == pytest.approx(wrong, abs=1e-12)
            hot = y[inside, None] == p.columns.to_numpy()
            brier = ((p[inside].to_numpy() - hot) ** 2).sum(axis=1).mean()
            assert found["brier"] == pytest.approx(brier, rel=1e-12)


def test_classes_agree_with_fairlearn_by_group(classes):
    fairlearn = pytest.importorskip("fairlearn.metrics", reason="fairlearn is not installed")
    y, generic, _, group = classes
    res = bop.compare(y, generic, generic, group, costs=["zero_one"])
    likely = generic.columns.to_numpy()[generic.to_numpy().argmax(axis=1)]
    theirs = fairlearn.MetricFrame(
        metrics=accuracy_score, y_true=y, y_pred=likely, sensitive_features=group
    )
    np.testing.assert_allclose(res.frame()["cost_generic"][:-1], 1 - theirs.by_group, atol=1e-15)


def test_arrays_of_classes_are_read_in_sorted_order(classes):
    y, generic, personalized, group = classes
    frames = bop.compare(y, generic, personalized, group).frame()
    arrays = bop.compare(y, generic.to_numpy(), personalized.to_numpy(), group).frame()
    pd.testing.assert_frame_equal(arrays, frames)
    odd = pd.Categorical(y, categories=["emu", "cat", "dog"])
    ordered = bop.compare(odd, generic.to_numpy(), personalized.to_numpy(), group).frame()
    pd.testing.assert_frame_equal(ordered, frames)


def test_two_classes_cost_twice_the_brier_of_one_probability(given):
    y, generic, personalized, groups = given
    tables = [np.stack([1 - p, p], axis=1) for p in (generic, personalized)]
    two = bop.compare(y, *tables, groups, family="multinomial", costs=["brier", "log_loss"])
    one = bop.compare(y, generic, personalized, groups, costs=["brier", "log_loss"])
    np.testing.assert_allclose(two.individual["brier"], 2 * one.individual["brier"], atol=1e-14)
    np.testing.assert_allclose(two.individual["log_loss"], one.individual["log_loss"], atol=1e-12)


def test_ties_between_classes_go_to_the_first():
    y, p = ["a", "b", "c"] * 4, np.full((12, 3), 1 / 3)
    res = bop.compare(y, p, p, [0, 1] * 6, costs=["zero_one"])
    np.testing.assert_allclose(res.frame()["cost_generic"], 2 / 3)


def test_explanations_of_classes_cost_a_changed_class(classes):
    y, generic, personalized, group = classes
    masked = (personalized, generic)
    res = bop.compare(y, generic, personalized, group, explanations={"sufficiency": masked})
    changed = np.not_equal(*(p.to_numpy().argmax(axis=1) for p in (generic, personalized)))
    frame = res.frame("sufficiency")
    assert frame["kind"].eq("explanation").all()
    assert frame["cost_generic"].iloc[-1] == pytest.approx(changed.mean())
    assert frame["bop"].eq(0).all()
    assert "multinomial" in res.summary(effect={"zero_one": 0.05, "brier": 0.1}).as_text()


def test_a_callable_cost_of_classes_sees_their_numbers(classes):
    y, generic, personalized, group = classes

    def surprise(y, p):
        return 1 - p[np.arange(len(y)), y.astype(int)]

    res = bop.compare(y, generic, personalized, group, costs=[surprise])
    own = [p.to_numpy()[y[:, None] == p.columns.to_numpy()] for p in (generic, personalized)]
    np.testing.assert_allclose(res.individual["surprise"], own[1] - own[0], atol=1e-15)


def test_groups_agree_with_fairlearn(given):
    fairlearn = pytest.importorskip("fairlearn.metrics", reason="fairlearn is not installed")
    y, generic, personalized, groups = given
    res = bop.compare(y, generic, personalized, groups, costs=["zero_one"])
    for column, mu in (("cost_generic", generic), ("cost_personalized", personalized)):
        theirs = fairlearn.MetricFrame(
            metrics=accuracy_score, y_true=y, y_pred=mu >= 0.5, sensitive_features=groups
        )
        np.testing.assert_allclose(res.frame()[column][:-1], 1 - theirs.by_group, atol=1e-15)
