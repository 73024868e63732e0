"""Coefficients that run to infinity: found, named, and without effect on anybody else."""

import re
import warnings

import numpy as np
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from statsmodels.genmod.families import links

import bopstats as bop
from bopstats.exceptions import SeparationWarning

FORMULA = "event ~ x + z | sex * race"
LINKS = {
    "logit": links.Logit(),
    "probit": links.Probit(),
    "cloglog": links.CLogLog(),
    "loglog": links.LogLog(),
}
CASES = [
    *(("binomial", "event", link, value) for link in LINKS for value in (0, 1)),
    ("poisson", "count", None, 0),
    ("negative_binomial", "spread", None, 0),
]


def with_group(data, sex, race, outcome, value):
    inside = np.ones(len(data), dtype=bool)
    if sex is not None:
        inside &= data["sex"] == sex
    if race is not None:
        inside &= data["race"] == race
    return data.assign(**{outcome: np.where(inside, value, data[outcome])}), inside


@pytest.mark.parametrize(("family", "outcome", "link", "value"), CASES)
@pytest.mark.parametrize(
    ("sex", "race", "terms"),
    [("male", "White", "sex:race"), ("female", "Asian", "sex, race, sex:race")],
    ids=["last", "reference"],
)
def test_model_term_group_and_coefficients_are_named(
    patients, family, outcome, link, value, sex, race, terms
):
    data, _ = with_group(patients, sex, race, outcome, value)
    model = bop.glm(f"{outcome} ~ x + z | sex * race", data, family, link=link)
    with pytest.warns(SeparationWarning) as caught:
        res = model.fit(cv=None, costs="deviance")
    assert len(caught) == 1
    text = str(caught[0].message)
    names = [name for name in res.personalized.params.index if name not in {"x", "z"}]
    if sex == "male":
        names = ["sex[T.male]:race[T.White]"]
    assert text == (
        f"separation in the personalized model: {terms} in group {sex}, {race}; these "
        f"coefficients run to infinity and are not estimable: {', '.join(names)}"
    )
    note = next(note for note in res.notes if note.startswith("Separation"))
    assert all(name in note for name in names)


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.filterwarnings("ignore::bopstats.exceptions.SeparationWarning")
def test_other_groups_are_fitted_as_if_the_separated_one_were_not_there(patients, link, value):
    data, inside = with_group(patients, "female", "Black", "event", value)
    res = bop.glm(FORMULA, data, "binomial", link=link).fit(cv=None, costs="deviance")
    rest = data[~inside]
    cells = (rest["sex"] + rest["race"]).rename("cell")
    family = sm.families.Binomial(LINKS[link])
    others = smf.glm("event ~ x + z + cell", rest.assign(cell=cells), family=family).fit()
    mu = res.evaluation.rows[0].mu_personalized
    np.testing.assert_allclose(mu[~inside], others.fittedvalues, atol=1e-5)
    np.testing.assert_allclose(mu[inside], value, atol=1e-4)


def test_separation_by_a_number_is_complete_and_names_no_group(patients, fitted):
    data = patients.assign(event=(patients["x"] > 0).astype(int))
    pair = fitted(bop.glm(FORMULA, data))
    for model in (pair.generic, pair.personalized):
        assert model.separation is not None
        assert "x" in model.separation.terms
        assert model.separation.groups == ()
        assert model.deviance < 1e-5


def test_separation_by_a_number_with_ties_is_found(patients, fitted):
    data = patients.assign(x=patients["x"].round(), event=patients["event"])
    data["event"] = np.where(data["x"] == 0, data["event"], data["x"] > 0).astype(int)
    found = fitted(bop.glm("event ~ x + z | sex", data)).generic.separation
    assert found is not None
    assert found.terms == ("x",)


def test_separation_in_the_generic_model_is_told_from_the_other(patients):
    data = patients.assign(ward=np.where(patients["ward"] < 8, "burns", "other"))
    data["event"] = np.where(data["ward"] == "burns", 1, data["event"])
    with pytest.warns(SeparationWarning) as caught:
        bop.glm("event ~ x + ward | sex", data).fit(cv=None)
    said = [re.match(r"separation in the (\w+) model: (\w+)", str(w.message)) for w in caught]
    assert [each.groups() for each in said] == [("generic", "ward"), ("personalized", "ward")]


@pytest.mark.parametrize("level", ["year", "high"])
def test_a_column_far_from_zero_is_not_blamed(patients, fitted, level):
    data, _ = with_group(patients, "male", "Black", "event", 0)
    data["year"] = 2017 + np.random.default_rng(0).integers(-3, 4, len(data))
    data["high"] = 1e6 + data["z"]
    found = fitted(bop.glm(f"event ~ x + {level} | sex * race", data)).personalized.separation
    assert found is not None
    assert found.terms == ("sex:race",)
    assert found.columns == ("sex[T.male]:race[T.Black]",)


def test_a_whole_level_is_named_with_all_its_groups(patients, fitted):
    data, _ = with_group(patients, None, "Black", "event", 1)
    found = fitted(bop.glm("event ~ x | sex + race", data)).personalized.separation
    assert found is not None
    assert found.terms == ("race",)
    assert found.columns == ("race[T.Black]",)
    assert found.groups == ("female, Black", "male, Black")


@pytest.mark.parametrize("rare", [1, 2])
@pytest.mark.parametrize("link", [*LINKS, "cauchy"])
def test_a_single_event_in_a_group_is_not_separation(patients, fitted, link, rare):
    data, inside = with_group(patients, "male", "White", "event", 0)
    data.loc[np.flatnonzero(inside)[:rare], "event"] = 1
    pair = fitted(bop.glm("event ~ 1 | sex * race", data, "binomial", link=link))
    assert pair.personalized.separation is None
    assert pair.personalized.converged
    base = pair.personalized.matrix.rows(slice(None)) @ pair.personalized.params
    mu = pair.personalized.family.link.inverse(base)[inside]
    np.testing.assert_allclose(mu, rare / inside.sum(), rtol=1e-7)


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1e9])
@pytest.mark.parametrize("link", ["log", "inverse"])
def test_units_of_the_outcome_do_not_look_like_separation(patients, fitted, scale, link):
    data = patients.assign(stay=patients["stay"] * scale)
    pair = fitted(bop.glm("stay ~ x + z | sex", data, "gamma", link=link))
    assert pair.personalized.separation is None
    assert pair.personalized.converged


@pytest.mark.filterwarnings("ignore::bopstats.exceptions.SeparationWarning")
def test_held_out_predictions_are_used_and_training_sets_counted(patients):
    data, inside = with_group(patients, "female", "White", "event", 0)
    first = np.flatnonzero(inside)[0]
    data.loc[first, "event"] = 1  # so that one training set alone is separated
    rows = np.arange(len(data))
    tests = np.array_split(np.r_[first, np.delete(rows, first)], 3)
    pairs = [(np.setdiff1d(rows, test), test) for test in tests]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing is separated on all rows
        res = bop.glm(FORMULA, data).fit(cv=pairs, costs=["brier", "log_loss"])
    note = next(note for note in res.notes if note.startswith("Separation"))
    assert note.startswith("Separation in 1 of 3 training sets of the personalized model: ")
    assert "in group female, White (1)" in note
    figures = res.frame("log_loss").set_index("group").loc["female, White"]
    assert np.isfinite(figures["cost_personalized"])
    assert np.isfinite(figures["std_err"])
    assert -100 < res.individual.loc[first, "log_loss"] < -10


@pytest.mark.filterwarnings("ignore::bopstats.exceptions.SeparationWarning")
def test_statsmodels_results_of_a_separated_model_are_to_be_had(patients):
    data, _ = with_group(patients, "male", "Asian", "event", 1)
    res = bop.glm(FORMULA, data).fit(cv=None)
    assert res.personalized.bse["sex[T.male]"] > 100
    assert np.isfinite(res.anova().pvalue)
