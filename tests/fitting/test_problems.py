"""Rows that come piece by piece are fitted as those in memory are, on every path."""

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

import bopstats as bop
from bopstats.exceptions import FitError
from bopstats.fitting.models import fit_problem, generic_first
from bopstats.fitting.problems import Problem, Rows

SIZES = (3, 0, 1, 96, 50, 17)  # the rest in a last piece


class Streamed(Problem):
    """Rows of one model of a design in pieces of unequal lengths, all that is kept of them."""

    def __init__(self, design, name, family, train):
        whole = getattr(design, name)
        x, y = whole.rows(slice(None)), design.outcome.values
        weight = np.ones(design.n) if design.weight is None else design.weight
        weight = weight if train is None else weight * train
        offset = np.zeros(design.n) if design.offset is None else design.offset
        arrays = (x, y, weight, offset, design.group)
        parts = [np.split(each, np.cumsum(SIZES)) for each in arrays]
        self.pieces = [Rows(*each) for each in zip(*parts, strict=True)]
        self.matrix, self.family, self.reads = replace(whole, base=None, take=None), family, 0

    def blocks(self):
        self.reads += 1
        yield from self.pieces


def fit_streamed(design, name, family, train=None):
    problem = Streamed(design, name, family, train)
    p, labels = problem.matrix.n_columns, design.groups.labels
    order = generic_first(design.generic, problem.matrix)
    return fit_problem(name, problem, labels, np.arange(p), None, order), problem


def check_same(model, fitted, rtol=1e-12, train=None):
    """Compare the fits of both models; return the streamed personalized one."""
    pair = fitted(model, train)
    for name in ("generic", "personalized"):
        held = getattr(pair, name)
        found = fit_streamed(model.design, name, held.family, train)[0]
        for part in ("params", "baseline"):
            expected = getattr(held, part)
            atol = rtol * np.abs(expected).max()
            np.testing.assert_allclose(getattr(found, part), expected, rtol, atol, err_msg=part)
        assert found.deviance == pytest.approx(held.deviance, rel=rtol)
        assert found.pearson == pytest.approx(held.pearson, rel=rtol)
        assert found.dropped == held.dropped
        assert found.separation == held.separation
        assert str(found.separation) == str(held.separation)
        assert found.converged == held.converged
    return found


@pytest.mark.filterwarnings("ignore:The InversePower link function")
@pytest.mark.parametrize(
    ("outcome", "family", "link", "more"),
    [
        ("event", "binomial", None, {}),
        ("event", "binomial", "probit", {"weights": "copies", "weight_type": "freq"}),
        ("level", "gaussian", None, {"weights": "precision", "weight_type": "prob"}),
        ("count", "poisson", None, {"exposure": "years", "offset": "shift"}),
        ("stay", "gamma", "inverse", {}),
        ("wald", "inverse_gaussian", "log", {"offset": "shift"}),
    ],
)
def test_estimates_are_those_of_rows_in_memory_and_of_statsmodels(
    patients, fitted, outcome, family, link, more
):
    model = bop.glm(f"{outcome} ~ x + z | sex * race", patients, family, link=link, **more)
    found, design = check_same(model, fitted), model.design
    expected = sm.GLM(
        design.outcome.values,
        design.personalized.rows(slice(None)),
        family=model.family,
        offset=design.offset,
        var_weights=design.weight,
    ).fit(tol=1e-14)
    np.testing.assert_allclose(found.params, expected.params, rtol=1e-7, atol=1e-9)
    assert found.deviance == pytest.approx(expected.deviance, rel=1e-10)


@pytest.mark.parametrize("where", ["sex == 'male' & race == 'White'", "race == 'Black'", "x > 0"])
def test_separation_is_said_in_the_same_words(patients, fitted, where):
    event = patients["event"].mask(patients.eval(where), 1)
    if where == "x > 0":
        event = patients.eval(where).astype(int)
    model = bop.glm("event ~ x + z | sex * race", patients.assign(event=event))
    pair = fitted(model)
    for name in ("generic", "personalized"):
        held = getattr(pair, name)
        found = fit_streamed(model.design, name, held.family)[0]
        assert found.separation == held.separation
        assert found.converged
        np.testing.assert_allclose(found.deviance, held.deviance, rtol=1e-6, atol=1e-6)
    assert found.separation is not None
    assert bool(found.separation.groups) == (where != "x > 0")


def test_a_start_with_impossible_means_is_mended(patients, fitted):
    steep = np.random.default_rng(1).wald(np.exp(0.6 * patients["x"]), 4.0)
    model = bop.glm("wald ~ x + z | sex", patients.assign(wald=steep), "inverse_gaussian")
    check_same(model, fitted, 1e-10)


@pytest.mark.parametrize("weights", [{}, {"weights": "precision", "weight_type": "prob"}])
def test_redundant_columns_are_the_same(patients, fitted, weights):
    data = patients.assign(copy=2 * patients["x"] - 3, fixed=0.1)
    data = data[(data["sex"] == "female") | (data["race"] != "Black")]
    model = bop.glm("event ~ x + copy + fixed | sex * race", data, **weights)
    lost = check_same(model, fitted).dropped
    assert set(lost) == {"copy", "fixed", "sex[T.male]:race[T.Black]"}


def test_rows_of_weight_0_do_not_train(patients, fitted):
    rare = np.zeros(len(patients))
    rare[::60] = 1.0
    data = patients.assign(rare=rare, event=patients["event"].mask(rare > 0, 1))
    model = bop.glm("event ~ x + rare | sex", data)
    assert check_same(model, fitted, train=rare == 0).dropped == ("rare",)
    assert fit_streamed(model.design, "generic", model.family)[0].separation.terms == ("rare",)


def test_a_large_level_hides_no_variation(patients, fitted):
    """Equations of columns with their means in are singular in working accuracy here."""
    high = 1e9 + patients["z"]
    model = bop.glm("event ~ x + high | sex", patients.assign(high=high))
    found = check_same(model, fitted, 1e-6)
    plain = fitted(bop.glm("event ~ x + I(high - 1e9) | sex", patients.assign(high=high)))
    assert found.deviance == pytest.approx(plain.personalized.deviance, rel=1e-12)
    place = found.matrix.names.index("high")
    assert found.params[place] == pytest.approx(plain.personalized.params[place], rel=1e-9)


def test_what_needs_all_rows_at_once_is_refused_in_words(patients, fitted):
    noise = np.random.default_rng(5).normal(size=len(patients))
    data = patients.assign(close=patients["x"] + 1e-8 * noise)
    model = bop.glm("event ~ x + close | sex", data)
    assert fitted(model).generic.converged
    with pytest.raises(FitError, match=r"the generic model .* all rows in memory\); look for"):
        fit_streamed(model.design, "generic", model.family)


def test_a_fit_reads_the_rows_no_more_often_than_it_must(patients):
    """Least squares: totals, the estimate, the score there, and whether anything runs away."""
    model = bop.glm("level ~ x + z | sex * race", patients, "gaussian")
    assert fit_streamed(model.design, "personalized", model.family)[1].reads == 4
