"""Fits that share their passes end where fits by themselves, and statsmodels, end."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.genmod.generalized_linear_model import GLM

import bopstats as bop
from bopstats.fitting.models import fit_pair
from bopstats.fitting.sampled import fit_from_sample
from bopstats.fitting.together import close, fit_folds

CASES = [
    ("event", None, {}),
    ("level", "gaussian", {"weights": "precision", "weight_type": "precision"}),
    ("count", "poisson", {"exposure": "years"}),
    ("stay", "gamma", {"offset": "shift"}),
    ("event", "binomial", {"weights": "copies", "weight_type": "freq", "link": "probit"}),
    ("wald", "inverse_gaussian", {"link": "log"}),
]


def dealt(design, n_folds=4):
    return np.random.default_rng(3).integers(0, n_folds, design.n)


def by_statsmodels(design, model, train):
    """Coefficients of the rows that train, by statsmodels from our coefficients on."""
    weight = np.ones(design.n) if design.weight is None else design.weight
    rows = np.flatnonzero(train)
    known = GLM(
        design.outcome.values[rows],
        model.matrix.rows(rows),
        family=model.family,
        offset=None if design.offset is None else design.offset[rows],
        var_weights=weight[rows],
    )
    return known.fit(start_params=model.params, tol=0.0, maxiter=6).params


@pytest.mark.parametrize(("outcome", "family", "options"), CASES)
@pytest.mark.filterwarnings("ignore")
def test_fits_without_a_fold_are_those_of_statsmodels(patients, outcome, family, options):
    model = bop.glm(f"{outcome} ~ x + z | sex * race", patients, family, **options)
    design, fold = model.design, dealt(model.design)
    full = fit_pair(
        design, (design.generic, design.personalized), model.family, np.ones(design.n, bool)
    )
    settled = 0
    for k, pair in enumerate(fit_folds(design, fold, 4, full)[0]):
        for found in pair:
            if found is not None:
                settled += 1
                expected = by_statsmodels(design, found, fold != k)
                np.testing.assert_allclose(found.params, expected, rtol=1e-7, atol=1e-9)
                weight = (fold != k) * (1.0 if design.weight is None else design.weight)
                rows = found.matrix.rows(slice(None))
                mean = np.average(rows, axis=0, weights=weight)
                np.testing.assert_allclose(found.baseline, mean, rtol=1e-12, atol=1e-14)
    assert settled >= 6


def test_a_training_set_with_separation_is_left_to_itself(patients):
    """All events of one group lie in one fold, so that the others' training sets have none."""
    data = patients.copy()
    design_of = lambda d: bop.glm("event ~ x | race", d).design  # noqa: E731
    fold = dealt(design_of(data))
    data.loc[(data["race"] == "Black") & (fold != 0), "event"] = 0
    data.loc[data.index[(data["race"] == "Black") & (fold == 0)][:3], "event"] = 1
    design = design_of(data)
    model = bop.glm("event ~ x | race", data)
    full = fit_pair(
        design, (design.generic, design.personalized), model.family, np.ones(design.n, bool)
    )
    assert full.personalized.separation is None
    found, _ = fit_folds(design, fold, 4, full)
    assert found[0][1] is None
    assert all(pair[0] is not None for pair in found)


@pytest.mark.parametrize("separated", [False, True])
def test_many_rows_are_fitted_from_a_sample(separated):
    rng = np.random.default_rng(5)
    n = 60_000
    data = pd.DataFrame({"x": rng.normal(size=n), "sex": rng.choice(["f", "m"], n)})
    data["site"] = rng.choice(list("abc"), n)
    eta = -1 + 0.5 * data["x"] + 0.2 * (data["sex"] == "m")
    data["y"] = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int)
    if separated:
        data.loc[data["site"] == "b", "y"] = 0
    model = bop.glm("y ~ x | sex * site", data)
    design = model.design
    pair = fit_from_sample(design, model.family)
    if separated:
        assert pair is None
        with pytest.warns(bop.exceptions.SeparationWarning, match="site"):
            model.fit(cv=None)
        return
    pair = close(design, pair)
    for found in (pair.generic, pair.personalized):
        known = GLM(data["y"], found.matrix.rows(slice(None)), family=model.family)
        expected = known.fit(tol=1e-14)
        np.testing.assert_allclose(found.params, expected.params, rtol=1e-8, atol=1e-10)
        assert found.deviance == pytest.approx(expected.deviance, rel=1e-12)
        assert found.pearson == pytest.approx(expected.pearson_chi2, rel=1e-9)
        inverse = np.linalg.inv(found.information)
        np.testing.assert_allclose(inverse, expected.cov_params(), rtol=1e-6)
