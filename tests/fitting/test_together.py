"""Fits that share their passes end where fits by themselves, and statsmodels, end."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from statsmodels.genmod.generalized_linear_model import GLM

import bopstats as bop
from bopstats.fitting.models import FittedPair, fit_pair
from bopstats.fitting.passes import CurvaturePass
from bopstats.fitting.sampled import fit_from_sample
from bopstats.fitting.together import fit_folds

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
    for k, pair in enumerate(fit_folds(design, fold, 4, full)):
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
    found = fit_folds(design, fold, 4, full)
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
    fits = fit_from_sample(design, model.family)
    if separated:
        assert fits is None
        with pytest.warns(bop.exceptions.SeparationWarning, match="site"):
            model.fit(cv=None)
        return
    pair, _ = fits
    for found in (pair.generic, pair.personalized):
        known = GLM(data["y"], found.matrix.rows(slice(None)), family=model.family)
        expected = known.fit(tol=1e-14)
        np.testing.assert_allclose(found.params, expected.params, rtol=1e-8, atol=1e-10)
        assert found.deviance == pytest.approx(expected.deviance, rel=1e-12)
        assert found.pearson == pytest.approx(expected.pearson_chi2, rel=1e-9)


def test_a_sample_of_rows_that_repeat_evenly_sees_all_kinds():
    """Every twelfth row of twelve months a person would be the same month."""
    rng = np.random.default_rng(4)
    n = 240_000
    data = pd.DataFrame({"sex": rng.choice(["f", "m"], n)})
    data["month"] = pd.Categorical.from_codes(np.arange(n) % 12, list("abcdefghijkl"))
    data["y"] = rng.integers(0, 2, n)
    model = bop.glm("y ~ month | sex", data)
    full, _ = fit_from_sample(model.design, model.family)
    assert len(full.personalized.keep) == 13
    month = data.groupby("month", observed=True)["y"].mean().to_numpy()
    intercept, *others = full.generic.params
    expected = np.log(month / (1 - month))
    np.testing.assert_allclose(intercept + np.array([0, *others]), expected, rtol=0, atol=1e-10)


def test_a_sample_without_weights_is_no_start():
    """Most rows count, none of those that are every eleventh."""
    rng = np.random.default_rng(6)
    n = 50_000
    data = pd.DataFrame({"x": rng.normal(size=n), "sex": rng.choice(["f", "m"], n)})
    data["y"], data["copies"] = rng.integers(0, 2, n), (np.arange(n) % 11 > 0) * 1
    model = bop.glm("y ~ x | sex", data, weights="copies", weight_type="freq")
    assert fit_from_sample(model.design, model.family) is None
    found = model.fit(cv=None, explain=False)
    known = bop.glm("y ~ x | sex", data[data["copies"] > 0]).fit(cv=None, explain=False)
    one, two = (each.evaluation.moments[0] for each in (found, known))
    np.testing.assert_allclose(one.wc_generic, two.wc_generic, rtol=1e-8)
    np.testing.assert_allclose(one.wc_personalized, two.wc_personalized, rtol=1e-8)


def plain(model, fold, k):
    """Both models without fold k, each by itself."""
    design = model.design
    return fit_pair(design, (design.generic, design.personalized), model.family, fold != k)


@pytest.mark.parametrize("most", [726, 800])
def test_a_step_too_far_from_the_sample_is_not_taken_for_an_end(most):
    """The sample has a level's zeros and ones only; a step on all rows is e to the hundreds."""
    rng = np.random.default_rng(0)
    n = 33_000
    data = pd.DataFrame({"x": rng.normal(size=n), "sex": rng.choice(["f", "m"], n)})
    data["site"], data["y"] = rng.choice(["b", "c"], n), rng.poisson(1.6, n)
    data.loc[::1100, ["site", "y"]] = "a", 1
    data.loc[5::1100, ["site", "y"]] = "a", most
    model = bop.glm("y ~ x + site | sex", data, "poisson")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = model.fit(cv=2, explain=False).evaluation.rows[0]
    for k in (0, 1):
        known, test = plain(model, rows.fold, k), rows.fold == k
        for fit, mu in (
            (known.generic, rows.mu_generic),
            (known.personalized, rows.mu_personalized),
        ):
            expected = np.exp(fit.matrix.rows(np.flatnonzero(test)) @ fit.params)
            np.testing.assert_allclose(mu[test], expected, rtol=1e-7)


@pytest.mark.parametrize("scale", [1.0, 1e-20])
def test_what_is_negligible_does_not_depend_on_the_scale_of_weights(scale):
    rng = np.random.default_rng(1)
    n = 26_000
    data = pd.DataFrame({"x": rng.normal(size=n), "sex": rng.choice(["f", "m"], n)})
    data["y"] = (data["x"] + rng.normal(size=n)) / np.sqrt(scale)
    data["w"] = rng.uniform(0.5, 2, n) * scale
    model = bop.glm("y ~ x | sex", data, "gaussian", weights="w", weight_type="precision")
    rows = model.fit(cv=3, explain=False).evaluation.rows[0]
    for k in range(3):
        x = model.design.personalized.rows(slice(None))
        train, root = rows.fold != k, np.sqrt(data["w"].to_numpy())
        beta = np.linalg.lstsq(
            (x * root[:, None])[train], (data["y"].to_numpy() * root)[train], rcond=None
        )[0]
        expected = (x @ beta)[~train]
        size = np.abs(expected).max()
        np.testing.assert_allclose(rows.mu_personalized[~train], expected, 1e-9, 1e-10 * size)


@pytest.mark.parametrize("level", [0.0, 1e5])
def test_a_high_level_of_the_outcome_lets_fits_settle(level):
    rng = np.random.default_rng(2)
    n = 60_000
    data = pd.DataFrame({"x": rng.normal(size=n), "sex": rng.choice(["f", "m"], n)})
    data["y"] = level + data["x"] + rng.normal(size=n)
    model = bop.glm("y ~ x | sex", data, "gaussian")
    fold = dealt(model.design)
    full, pairs = fit_from_sample(model.design, model.family, fold, 4)
    assert np.isfinite(full.personalized.deviance)
    assert all(found is not None for pair in pairs for found in pair)


def impossible(n):
    """Counts of an identity link whose equations have their root where some means are negative."""
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"x": rng.uniform(0, 4, n), "sex": rng.choice(["f", "m"], n)})
    data["y"] = rng.poisson(3 - 0.6 * data["x"])
    data.loc[[1, 10, 100, 1000], ["x", "y"]] = 9, 0
    return data


def test_equations_are_not_solved_by_impossible_means():
    model = bop.glm("y ~ x | sex", impossible(60_000), "poisson", link="identity")
    assert fit_from_sample(model.design, model.family) is None


def test_a_training_set_whose_means_become_impossible_is_left_to_itself():
    """All rows far out lie in one fold; the fits without it need not allow for them, others do."""
    data = impossible(4000)
    far = np.flatnonzero(data["x"] > 8)
    inside = bop.glm("y ~ x | sex", data.drop(index=far), "poisson", link="identity").design
    design = bop.glm("y ~ x | sex", data, "poisson", link="identity").design
    model = bop.glm("y ~ x | sex", data, "poisson", link="identity")
    start = fit_pair(
        inside,
        (inside.generic, inside.personalized),
        model.family,
        np.ones(inside.n, dtype=bool),
    )
    fold = np.where(np.isin(np.arange(design.n), far), 0, np.arange(design.n) % 3)
    start = [
        replace(each, matrix=matrix)
        for each, matrix in zip(
            (start.generic, start.personalized), (design.generic, design.personalized), strict=True
        )
    ]
    found = fit_folds(design, fold, 3, FittedPair(*start))
    assert [pair[0] is None for pair in found] == [False, True, True]
    assert [pair[1] is None for pair in found] == [False, True, True]


@pytest.mark.parametrize("n_folds", [3, 40_000])
def test_rows_are_summed_by_fold(n_folds):
    rng = np.random.default_rng(7)
    n = 45_000
    data = pd.DataFrame({"y": rng.integers(0, 2, n), "sex": rng.choice(["f", "m"], n)})
    data["w"] = rng.uniform(size=n)
    design = bop.glm("y ~ 1 | sex", data, weights="w", weight_type="prob").design
    model = bop.glm("y ~ 1 | sex", data, weights="w", weight_type="prob")
    full = fit_pair(
        design, (design.generic, design.personalized), model.family, np.ones(n, dtype=bool)
    )
    fold = rng.permutation(np.arange(n) % n_folds)
    sums, _ = CurvaturePass((full.generic, full.personalized), n_folds)(design, fold)
    expected = np.bincount(fold, data["w"], n_folds)
    np.testing.assert_allclose(sums.weight, expected, rtol=1e-12)
