"""Sufficiency and incomprehensiveness against loops, and the attributions behind them."""

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import integrate

import bopstats as bop
from bopstats.costs import explanation_costs, probability_changes
from bopstats.exceptions import ArgumentError
from bopstats.explanations.changes import Changes
from bopstats.explanations.masking import Masked, Masker
from bopstats.explanations.options import check_explanation, top_count
from bopstats.fitting.models import fit_pair

FORMULA = "y ~ x + z + clinic + x:z + bs(age, df=4) | sex * race"
LINKS = [
    *(("y", "binomial", link) for link in ("logit", "probit", "cloglog", "loglog", "cauchy")),
    ("t", "gaussian", "identity"),
    *(("age", "gamma", link) for link in ("log", "inverse", "identity")),
    ("count", "poisson", "log"),
    ("age", "inverse_gaussian", "inverse_squared"),
]


@pytest.fixture(scope="module")
def halves(people):
    """A design, both models of its even rows, and its odd rows."""

    def make(formula, family=None, link=None, **options):
        data = people.assign(age=people["age"].astype(float), shift=0.1 * people["z"])
        model = bop.glm(formula, data, family, link=link, **options)
        train = np.arange(model.design.n) % 2 == 0
        matrices = (model.design.generic, model.design.personalized)
        pair = fit_pair(model.design, matrices, model.family, train)
        return model.design, pair, np.flatnonzero(~train)

    return make


def masker(model, design, **options):
    usual = {"top": 1, "top_of": "generic", "attribution": "integrated_gradients", "seed": 0}
    usual |= {"rank": "absolute", "baseline": "mean", "unit": "term"}
    return Masker(model, design, check_explanation(design, **(usual | options)))


def loop_masked(model, design, row, count):
    """Predict one person with the top terms only and without them, term by term."""
    x = model.matrix.rows(np.array([row]))[0]
    training = model.matrix.rows(np.arange(0, design.n, 2))
    contributions, constant = {}, 0.0
    for j, term in enumerate(model.matrix.term_of):
        baseline = sum(training[:, j]) / len(training)
        if term < 0:
            constant += model.params[j]
        else:
            constant += model.params[j] * baseline
            contributions.setdefault(term, 0.0)
            contributions[term] += model.params[j] * (x[j] - baseline)
    ranked = sorted(contributions, key=lambda t: (-abs(contributions[t]), t))
    kept = constant + sum(contributions[t] for t in ranked[:count])
    masked = constant + sum(contributions[t] for t in ranked[count:])
    offset = 0.0 if design.offset is None else design.offset[row]
    whole = constant + sum(contributions.values())
    return tuple(float(model.family.link.inverse(eta + offset)) for eta in (whole, kept, masked))


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize(
    ("formula", "family", "options"),
    [
        (FORMULA, "binomial", {}),
        (FORMULA, "binomial", {"offset": "shift"}),
        (FORMULA.replace("y ~", "t ~"), "gaussian", {}),
        (FORMULA.replace("y ~", "count ~"), "poisson", {"exposure": "age"}),
    ],
)
def test_masked_predictions_are_those_of_a_loop(halves, formula, family, options, count):
    design, pair, rows = halves(formula, family, **options)
    for model in (pair.generic, pair.personalized):
        found = masker(model, design)(rows, np.array([count]))
        mean = model.family.link.inverse
        expected = np.array([loop_masked(model, design, row, count) for row in rows])
        for values, column in zip(
            (found.whole, found.top_only[0], found.without_top[0]), expected.T, strict=True
        ):
            np.testing.assert_allclose(mean(values), column, rtol=1e-11, atol=1e-13)


def test_costs_of_explanation_are_means_over_people_of_a_loop(people):
    rows = np.arange(len(people))
    pairs = [(rows[::2], rows[1::2])]
    for outcome, binomial in (("y", True), ("t", False)):
        model = bop.glm(FORMULA.replace("y ~", f"{outcome} ~"), people)
        res = model.fit(cv=pairs, top=2)
        design = model.design
        matrices = (design.generic, design.personalized)
        pair = fit_pair(design, matrices, model.family, rows % 2 == 0)
        if design.relearn is not None:
            generic, personalized, _ = design.relearn(rows[::2])
            pair = fit_pair(design, (generic, personalized), model.family, rows % 2 == 0)
        for which, fitted in (("generic", pair.generic), ("personalized", pair.personalized)):
            sufficiency, incomprehensiveness = [], []
            for row in rows[1::2]:
                whole, kept, masked = loop_masked(fitted, design, row, 2)
                for cost, other in ((sufficiency, kept), (incomprehensiveness, masked)):
                    changed = float((whole >= 0.5) != (other >= 0.5))
                    cost.append(changed if binomial else (whole - other) ** 2)
            for name, values, sign in (
                ("sufficiency", sufficiency, 1),
                ("incomprehensiveness", incomprehensiveness, -1),
            ):
                found = res.frame(name).iloc[-1][f"cost_{which}"]
                assert found == pytest.approx(sign * np.mean(values), rel=1e-9)


@pytest.mark.parametrize(("outcome", "family", "link"), LINKS)
def test_integrated_gradients_are_contributions_times_the_secant(halves, outcome, family, link):
    """Their sum is the change of the mean; ranking them is ranking contributions."""
    _, pair, rows = halves(f"{outcome} ~ x + z + clinic | sex", family, link)
    model = pair.personalized
    mu, slope = model.family.link.inverse, model.family.link.inverse_deriv
    for row in rows[:6]:
        x = model.matrix.rows(np.array([row]))[0]
        by_column = model.params * (x - model.baseline)
        parts = np.array([by_column[model.matrix.term_of == t].sum() for t in range(4)])
        start = float(model.baseline @ model.params)
        end = float(x @ model.params)
        mean_slope = integrate.quad(slope, start, end, epsabs=1e-12)[0] / (end - start)
        gradients = parts * mean_slope
        secant = (mu(end) - mu(start)) / (end - start)
        np.testing.assert_allclose(gradients, parts * secant, rtol=1e-7)
        assert gradients.sum() == pytest.approx(mu(end) - mu(start), rel=1e-7)
        assert np.argsort(-abs(gradients)).tolist() == np.argsort(-abs(parts)).tolist()


@pytest.mark.parametrize("formula", ["t ~ x + z | sex", "t ~ z + x | sex"])
def test_ties_go_to_the_term_that_the_formula_names_first(people, formula):
    sign = np.where(np.arange(len(people)) % 2, 1.0, -1.0)
    data = people.assign(x=1.0 + np.arange(len(people)) % 5)
    model = bop.glm(formula, data.assign(z=sign * data["x"]))
    everyone = np.ones(len(data), dtype=bool)
    pair = fit_pair(
        model.design, (model.design.generic, model.design.personalized), model.family, everyone
    )
    tied = replace(pair.generic, params=np.array([0.0, 1.0, 1.0]), baseline=np.zeros(3))
    found = masker(tied, model.design)(np.arange(len(data)), np.array([1]))
    first = formula.split()[2]
    values = {"x": data["x"], "z": sign * data["x"]}
    np.testing.assert_allclose(found.top_only[0], values.pop(first))
    np.testing.assert_allclose(found.without_top[0], values.popitem()[1])


@pytest.mark.parametrize(
    ("top", "n_terms", "count"),
    [
        (0.5, 6, 3),
        (0.5, 5, 3),
        (0.34, 3, 2),
        (1.0, 4, 4),
        (1 / 3, 3, 1),
        (0.1, 10, 1),
        (1, 4, 1),
        (4, 4, 4),
    ],
)
def test_top_is_a_share_rounded_up_or_a_count(top, n_terms, count):
    assert top_count(top, n_terms) == count


@pytest.mark.parametrize("top", [0, 5, -1, 1.5, 0.0, "all", None, True])
def test_another_top_is_an_error(people, top):
    with pytest.raises(ArgumentError, match="top"):
        bop.glm("y ~ x + z | sex", people).fit(top=top, repeats=1)


def test_both_models_keep_the_same_number_of_terms(people):
    res = bop.glm("y ~ x + z + age | sex * race", people).fit(repeats=1)
    assert (res.evaluation.settings.top, res.evaluation.settings.n_terms) == (2, 3)


def test_all_terms_of_the_generic_model_explain_it_wholly(people):
    res = bop.glm("t ~ x + z + age | sex", people).fit(repeats=1, top=1.0)
    assert res.frame("sufficiency").iloc[-1]["cost_generic"] == pytest.approx(0, abs=1e-20)


def test_costs_of_explanation_by_definition():
    whole, kept = np.array([0.2, 0.5, 0.7]), np.array([0.49, 0.4, 0.9])
    link = sm.families.links.Logit()
    both = [Masked(link(whole), link(kept)[None], link(kept)[None])] * 2
    for threshold, expected in ((0.5, [0.0, 1.0, 0.0]), (0.3, [1.0, 0.0, 0.0])):
        changes = Changes(sm.families.Binomial(), threshold, 1.0)
        for cost, sign in zip(explanation_costs(True), (1, -1), strict=True):
            for found in changes.costs(cost, *both):
                assert (sign * found[0]).tolist() == expected
        for cost, sign in zip(probability_changes(), (1, -1), strict=True):
            for found in changes.costs(cost, *both):
                np.testing.assert_allclose(sign * found[0], (whole - kept) ** 2)


def test_less_change_with_the_top_terms_and_more_without_is_benefit(people):
    res = bop.glm("t ~ x + z | sex * race", people).fit(repeats=1)
    for name, sign in (("sufficiency", 1), ("incomprehensiveness", -1)):
        frame = res.frame(name)
        assert (sign * frame["cost_generic"] >= 0).all()
        assert (sign * frame["cost_personalized"] >= 0).all()
        gap = frame["cost_generic"] - frame["cost_personalized"]
        np.testing.assert_allclose(frame["bop"], gap, atol=1e-14)


def test_a_model_without_terms_has_no_explanations(people):
    res = bop.glm("y ~ 1 | sex", people).fit(repeats=1)
    assert [cost.kind for cost in res.evaluation.costs] == ["prediction", "prediction"]
    with pytest.raises(ArgumentError, match="at least one term in the generic model"):
        bop.glm("y ~ 1 | sex", people).fit(costs=["brier", "sufficiency"], explain=False)
