"""Columns of any scale and level, nearly or exactly collinear, or empty in some training rows."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

import bopstats as bop
from bopstats.exceptions import ConvergenceWarning

OUTCOMES = {
    "event": ("binomial", sm.families.Binomial()),
    "level": ("gaussian", sm.families.Gaussian()),
    "count": ("poisson", sm.families.Poisson()),
    "stay": ("gamma", sm.families.Gamma(sm.families.links.Log())),
}


@pytest.fixture(scope="module")
def scaled(patients):
    rng = np.random.default_rng(3)
    n = len(patients)
    year = 2017.0 + rng.integers(-3, 4, n)
    return patients.assign(
        year=year,
        year_squared=year**2,
        high=1e6 + rng.normal(size=n),
        wide=1e6 * rng.normal(size=n),
        narrow=1e-6 * rng.normal(size=n),
        close=patients["x"] + 1e-6 * rng.normal(size=n),
        stamp=1.6e9 + 1e3 * rng.normal(size=n),
        copy=2 * patients["x"] - 3,
        fixed=5.0,
    )


def means(pair, design):
    model = pair.personalized
    eta = model.matrix.rows(slice(None)) @ model.params
    return model.family.link.inverse(eta)


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize(
    "columns",
    [
        *("year", "year + year_squared", "high", "wide", "narrow", "close"),
        *("wide + narrow + high + year", "bs(high, df=5)"),
    ],
)
def test_scale_and_level_of_columns_do_not_matter(scaled, fitted, outcome, columns):
    name, family = OUTCOMES[outcome]
    model = bop.glm(f"{outcome} ~ x + {columns} | sex * race", scaled, name)
    pair = fitted(model)
    expected = smf.glm(f"{outcome} ~ x + {columns} + sex * race", scaled, family=family).fit()
    assert pair.personalized.dropped == pair.generic.dropped == ()
    assert pair.personalized.deviance == pytest.approx(expected.deviance, rel=1e-10)
    np.testing.assert_allclose(
        means(pair, model.design), expected.fittedvalues, rtol=1e-8, atol=1e-9
    )


@pytest.mark.parametrize(
    ("term", "unit", "level"), [("stamp", 1.0, 1.6e9), ("wide + I(wide**2)", 1e6, 0.0)]
)
def test_changing_units_changes_no_prediction(scaled, fitted, term, unit, level):
    """Where statsmodels itself is right only in the moderate units."""
    column = term.split()[0]
    moderate = scaled.assign(**{column: (scaled[column] - level) / unit})
    models = [bop.glm(f"event ~ x + {term} | sex", data) for data in (scaled, moderate)]
    expected = smf.glm(f"event ~ x + {term} + sex", moderate, family=sm.families.Binomial()).fit()
    for model in models:
        pair = fitted(model)
        assert pair.personalized.deviance == pytest.approx(expected.deviance, rel=1e-10)
        np.testing.assert_allclose(means(pair, model.design), expected.fittedvalues, rtol=1e-6)


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize(
    ("generic", "redundant"),
    [("x + copy", "copy"), ("x + fixed", "fixed"), ("x + z + I(x + 2*z)", "I(x + 2 * z)")],
)
def test_redundant_columns_change_no_prediction_and_are_named(scaled, outcome, generic, redundant):
    name, family = OUTCOMES[outcome]
    formula = f"{outcome} ~ {generic} | sex * race"
    res = bop.glm(formula, scaled, name).fit(cv=None, costs="deviance")
    slim = generic.rpartition(" + ")[0] if "z" not in generic else "x + z"
    expected = smf.glm(f"{outcome} ~ {slim} + sex * race", scaled, family=family).fit()
    found = res.evaluation.rows[0].mu_personalized
    np.testing.assert_allclose(found, expected.fittedvalues, rtol=1e-7, atol=1e-9)
    for model in ("generic", "personalized"):
        assert f"Redundant columns of the {model} model are dropped: {redundant}." in res.notes


def test_an_empty_crossing_is_dropped_and_predicts_as_statsmodels(patients):
    data = patients[(patients["sex"] == "female") | (patients["race"] != "Black")]
    res = bop.glm("event ~ x | sex * race", data).fit(cv=None)
    expected = smf.glm("event ~ x + sex * race", data, family=sm.families.Binomial())
    with pytest.warns(sm.tools.sm_exceptions.SingularMatrixWarning):
        expected = expected.fit()
    fitted = res.evaluation.rows[0].mu_personalized
    np.testing.assert_allclose(fitted, expected.fittedvalues, rtol=1e-9)
    np.testing.assert_allclose(res.personalized.fittedvalues, expected.fittedvalues, rtol=1e-12)
    assert res.anova().df == 4
    assert res.frame("brier").set_index("group").loc["male, Black", "status"] == "empty"
    assert any("sex[T.male]:race[T.Black]" in note for note in res.notes)


def test_a_training_set_drops_columns_that_it_alone_lacks(patients):
    rare = np.zeros(len(patients))
    rare[:5] = 1.0
    data = patients.assign(rare=rare)
    rows = np.arange(len(data))
    pairs = [(rows[100:], rows[:100]), (rows[:100], rows[100:])]
    res = bop.glm("event ~ x + rare | sex", data).fit(cv=pairs)
    model = smf.glm("event ~ x + sex", data.iloc[100:], family=sm.families.Binomial()).fit()
    found = res.evaluation.rows[0].mu_personalized[:100]
    np.testing.assert_allclose(found, model.predict(data.iloc[:100]), rtol=1e-8)
    for name in ("generic", "personalized"):
        assert f"Some training sets of the {name} model also drop: rare." in res.notes


def test_a_column_dropped_on_all_rows_is_dropped_in_training_sets(scaled):
    both = bop.glm("event ~ x + copy | sex", scaled).fit(repeats=1, rng=2)
    one = bop.glm("event ~ x | sex", scaled).fit(repeats=1, rng=2)
    for a, b in zip(both.evaluation.rows, one.evaluation.rows, strict=True):
        np.testing.assert_allclose(a.mu_personalized, b.mu_personalized, rtol=1e-9)
    assert not any("also drop" in note for note in both.notes)


def test_both_models_drop_the_same_generic_columns(scaled, fitted):
    for distance in 10.0 ** -np.arange(3, 15):
        noise = np.random.default_rng(5).normal(size=len(scaled))
        data = scaled.assign(close=scaled["x"] + distance * noise)
        pair = fitted(bop.glm("event ~ x + close | sex * race", data))
        assert pair.generic.dropped == pair.personalized.dropped, distance
        assert pair.generic.dropped == (("close",) if distance < 1e-10 else ()), distance


def test_what_does_not_converge_is_named(patients, monkeypatch):
    monkeypatch.setattr("bopstats.fitting.irls._MAX_ITERATIONS", 2)
    with pytest.warns(ConvergenceWarning) as caught:
        res = bop.glm("event ~ x + z | sex", patients).fit(repeats=1)
    said = [str(each.message) for each in caught]
    assert said == [f"the {name} model did not converge" for name in ("generic", "personalized")]
    assert "The generic model did not converge." in res.notes
    assert "No convergence in 5 of 5 training sets of the personalized model." in res.notes


@pytest.mark.parametrize("level", [1e6, 1e9, 1e12])
def test_the_level_of_the_outcome_changes_no_more_than_its_digits(level):
    """Doubles near the level are `step` apart; benefits are of squares of about 1."""
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"x": rng.normal(size=800), "g": rng.choice(list("ab"), 800)})
    noise = data["x"] + rng.normal(size=800)
    shifted = noise + level
    step = np.spacing(level)
    raised = bop.glm("y ~ x | g", data.assign(y=shifted)).fit(rng=1, repeats=1)
    plain = bop.glm("y ~ x | g", data.assign(y=shifted - level)).fit(rng=1, repeats=1)
    columns = ["cost_generic", "cost_personalized", "bop", "std_err", "ci_low", "ci_upp"]
    a, b = (res.frame("squared_error")[columns] for res in (raised, plain))
    np.testing.assert_allclose(a, b, atol=max(50 * step, 1e-12))
    assert raised.notes == ()
