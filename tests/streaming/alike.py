"""The same analysis twice: of a DataFrame, and of pieces of it that come one after another."""

import warnings

import numpy as np
import pandas as pd
from pandas.testing import assert_frame_equal

import bopstats as bop
from bopstats.fitting.survey import stratified_covariance

FIT = {"cv": 5, "repeats": 1, "rng": 3}
MODEL = ("llf", "deviance", "scale", "nobs", "df_resid")
TESTS = ("every", "harm", "heterogeneity", "gail_simon")


def people(n=1600, seed=0):
    """Invent people with outcomes, weights, clusters and strata of every kind."""
    rng = np.random.default_rng(seed)
    data = pd.DataFrame({"x": rng.normal(size=n), "z": rng.exponential(size=n)})
    data["age"], data["insured"] = rng.integers(20, 80, n), rng.integers(0, 2, n)
    data["sex"] = rng.choice(["F", "M"], n)
    data["race"] = rng.choice(["A", "B", "C"], n, p=[0.4, 0.3, 0.3])
    data["region"] = rng.choice(["n", "s", "w"], n)
    data["clinic"] = rng.integers(0, 90, n)
    data["stratum"] = data["clinic"] % 5
    eta = 0.4 * data["x"] - 0.3 * data["z"] + 0.5 * (data["sex"] == "F") * data["x"]
    data["y"] = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int)
    data["t"] = eta + rng.normal(size=n)
    data["time"] = rng.uniform(0.5, 2, n)
    data["count"] = rng.poisson(data["time"] * np.exp(0.3 * eta))
    data["pos"] = np.exp(0.3 * eta) * rng.gamma(3, 1 / 3, n) + 0.01
    data["times"] = rng.integers(0, 4, n)
    data["weight"] = np.where(rng.random(n) < 0.1, 0.0, rng.uniform(0.2, 3, n))
    data["label"] = np.where(data["y"] == 1, "yes", "no")
    data["key"] = rng.permutation(n)
    return data


def with_gaps(data, seed=1):
    """Take values away, among them all of some pieces that `cut` makes."""
    data, rng = data.copy(), np.random.default_rng(seed)
    for name in ("x", "sex", "race", "y", "times", "insured"):
        data[name] = data[name].mask(rng.random(len(data)) < 0.03)
    data.loc[501:530, "x"] = np.nan
    data.loc[1231:1240, "sex"] = None
    return data


def cut(data, *sizes):
    """Cut a frame into frames of these sizes, over and over."""
    sizes, frames, start = sizes or (1, 500, 30, 700), [], 0
    while start < len(data):
        size = sizes[len(frames) % len(sizes)]
        frames.append(data.iloc[start : start + size].reset_index(drop=True))
        start += size
    return frames


def told(call):
    """Return what a call gives, and the texts of its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = call()
    return found, sorted(f"{each.category.__name__}: {each.message}" for each in caught)


def memory(formula, data, family=None, fit=None, **options):
    """Analyse a frame in memory, folds dealt by hash."""
    return bop.glm(formula, data, family, **options).fit(folds="hash", **{**FIT, **(fit or {})})


def streamed(formula, pieces, family=None, fit=None, **options):
    """Analyse pieces."""
    return bop.glm(formula, pieces, family, **options).fit(**{**FIT, **(fit or {})})


def check(formula, data, *args, pieces=None, rtol=1e-8, models=True, **options):
    """Analyse both ways, compare all there is, and return both."""
    pieces = cut(data) if pieces is None else pieces
    one, said_one = told(lambda: streamed(formula, pieces, *args, **options))
    other, said_other = told(lambda: memory(formula, data, *args, **options))
    assert said_one == said_other, (said_one, said_other)
    same(one, other, rtol, models)
    return one, other


def same(one, other, rtol=1e-8, models=True):
    """Everything that two results show is the same."""
    frames(one.frame(), other.frame(), rtol)
    for cost in one.evaluation.costs:
        values(asked(one, "gamma", cost.name), asked(other, "gamma", cost.name), rtol)
        for kind in TESTS:
            found, wanted = (asked(each, "test", cost.name, kind=kind) for each in (one, other))
            values(found, wanted, rtol)
    if one.evaluation.curve or other.evaluation.curve:
        frames(one.top_curve(), other.top_curve(), rtol)
        frames(one.top_area(), other.top_area(), rtol)
    frames(one.design_effects(), other.design_effects(), rtol)
    assert_frame_equal(one.row_flow, other.row_flow)
    np.testing.assert_array_equal(one.evaluation.read, other.evaluation.read)
    np.testing.assert_array_equal(one.evaluation.dropped, other.evaluation.dropped)
    assert one.notes == other.notes
    assert one.evaluation.settings == other.evaluation.settings
    assert one.evaluation.groups == other.evaluation.groups
    assert one._models.references == other._models.references
    assert one._models.not_estimable == other._models.not_estimable
    if models:
        for name in ("generic", "personalized"):
            model(getattr(one, name), ended(getattr(other, name), other._models._design), rtol)
        # A robust covariance in memory is that of statsmodels' coefficients, see `ended`.
        values(asked(one, "anova"), asked(other, "anova"), 1e-6)
        assert str(one.summary()) == str(other.summary())


def ended(results, design):
    """Let statsmodels iterate to the end: it stops when the deviance has settled to 1e-8."""
    how = {"cov_type": "nonrobust"}
    if results.cov_type == "cluster":
        how = {"cov_type": "cluster", "cov_kwds": {"groups": results.cov_kwds["groups"]}}
    if results.cov_type == "HC0":
        how = {"cov_type": "HC0"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        end = results.model.fit(start_params=results.params, tol=0, maxiter=25, **how)
    if design.stratum is not None:
        rows = np.arange(design.n) if design.weight is None else np.flatnonzero(design.weight)
        end._results.cov_params_default = stratified_covariance(end, design, rows)
    return end


def model(one, other, rtol):
    """Compare two models."""
    for name in MODEL:
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol, err_msg=name)
    assert list(one.params.index) == list(other.params.index)
    error, z = np.asarray(other.bse), np.asarray(other.tvalues)
    slack = {"params": error, "bse": error, "pvalues": np.asarray(other.pvalues) * (1 + z**2)}
    for name, size in slack.items():
        found, wanted = np.asarray(getattr(one, name)), np.asarray(getattr(other, name))
        assert np.all(np.abs(found - wanted) <= rtol * (size + np.abs(wanted)) + 1e-300), name
    covariance, wanted = one.cov_params(), np.asarray(other.cov_params())
    size = np.sqrt(np.outer(np.diag(wanted), np.diag(wanted)))
    assert np.nanmax(np.abs(covariance - wanted) / size) < 1e-7


def asked(result, what, *args, **options):
    """Return an answer's fields, or its error."""
    try:
        found = getattr(result, what)(*args, **options)
    except bop.BopError as error:
        return {"error": f"{type(error).__name__}: {error}"}
    return {k: v for k, v in vars(found).items() if not k.startswith("_")}


def values(one, other, rtol):
    """Compare mappings of numbers, texts and tables."""
    assert one.keys() == other.keys()
    for name, found in one.items():
        wanted = other[name]
        if isinstance(found, pd.DataFrame):
            frames(found, wanted, rtol)
        elif isinstance(found, (float, np.floating)):
            np.testing.assert_allclose(found, wanted, rtol, 1e-10, err_msg=name)
        else:
            assert str(found) == str(wanted), name


def frames(one, other, rtol):
    """Compare tables: numbers to `rtol` beside the column's size, the rest exactly."""
    assert list(one.columns) == list(other.columns)
    assert len(one) == len(other)
    for name in one:
        found, wanted = one[name], other[name]
        if found.dtype.kind == "f":
            near(found, wanted, rtol, name)
        else:
            assert found.astype(str).tolist() == wanted.astype(str).tolist(), name


def near(found, wanted, rtol, name):
    found, wanted = np.asarray(found, float), np.asarray(wanted, float)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(wanted), err_msg=name)
    finite = np.isfinite(wanted)
    np.testing.assert_array_equal(
        found[~finite & ~np.isnan(wanted)], wanted[~finite & ~np.isnan(wanted)]
    )
    size = np.abs(wanted[finite]).max(initial=0.0)
    rtol = 10 * rtol if str(name).startswith("p_") else rtol  # Holm multiplies p, errors and all
    np.testing.assert_allclose(found[finite], wanted[finite], rtol, rtol * size, err_msg=name)
