"""Both models against `smf.glm` on the same rows: every family, link, offset and weight."""

import warnings

import numpy as np
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from statsmodels.genmod.families import links
from statsmodels.genmod.generalized_linear_model import GLMResults

import bopstats as bop
from bopstats.exceptions import ArgumentError, FitError

SIDES = ("x + z", "sex * race")
FAMILIES = [
    ("event", "binomial", "logit", sm.families.Binomial()),
    ("event", "binomial", "probit", sm.families.Binomial(links.Probit())),
    ("event", "binomial", "cloglog", sm.families.Binomial(links.CLogLog())),
    ("event", "binomial", "loglog", sm.families.Binomial(links.LogLog())),
    ("event", "binomial", "cauchy", sm.families.Binomial(links.Cauchy())),
    ("level", "gaussian", None, sm.families.Gaussian()),
    ("stay", "gaussian", "log", sm.families.Gaussian(links.Log())),
    ("count", "poisson", None, sm.families.Poisson()),
    ("stay", "gamma", None, sm.families.Gamma(links.Log())),
    ("stay", "gamma", "inverse", sm.families.Gamma(links.InversePower())),
    ("stay", "gamma", "identity", sm.families.Gamma(links.Identity())),
    ("wald", "inverse_gaussian", "log", sm.families.InverseGaussian(links.Log())),
    ("stay", "tweedie", None, sm.families.Tweedie()),
]
# Links under which an offset may lead to impossible means go without.
CASES = [
    pytest.param(*family, extra, id=f"{family[1]}-{family[2]}-{extra}")
    for family in FAMILIES
    for extra in ("plain", "offset", "freq", "precision")
    if not (extra == "offset" and family[2] in {"inverse", "identity"})
]
EXTRAS = {
    "plain": ({}, {}),
    "offset": ({"offset": "shift"}, {"offset": "shift"}),
    "freq": ({"weights": "copies", "weight_type": "freq"}, {"freq_weights": "copies"}),
    "precision": (
        {"weights": "precision", "weight_type": "precision"},
        {"var_weights": "precision"},
    ),
}


def by_statsmodels(formula, data, family, how=None, **options):
    columns = {key: data[name] for key, name in options.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of links that do not respect the family's domain
        return smf.glm(formula, data, family=family, **columns).fit(**(how or {}))


def check_same(found, expected):
    assert isinstance(found._results, GLMResults)
    assert list(found.params.index) == list(expected.params.index)
    for name in ("params", "bse"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-8)
    for name in ("llf", "deviance", "scale", "nobs", "df_resid"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-8)


@pytest.mark.parametrize(("outcome", "name", "link", "family", "extra"), CASES)
def test_results_are_those_of_smf_glm(patients, outcome, name, link, family, extra):
    ours, theirs = EXTRAS[extra]
    formula = f"{outcome} ~ {SIDES[0]}"
    res = bop.glm(f"{formula} | {SIDES[1]}", patients, name, link=link, **ours).fit(cv=None)
    check_same(res.generic, by_statsmodels(formula, patients, family, **theirs))
    longer = f"{formula} + {SIDES[1]}"
    check_same(res.personalized, by_statsmodels(longer, patients, family, **theirs))


@pytest.mark.parametrize(("outcome", "name", "link", "family", "extra"), CASES)
def test_our_own_fit_is_the_optimum(patients, fitted, outcome, name, link, family, extra):
    ours, theirs = EXTRAS[extra]
    formula = f"{outcome} ~ {' + '.join(SIDES)}"
    pair = fitted(bop.glm(f"{outcome} ~ {' | '.join(SIDES)}", patients, name, link=link, **ours))
    found, expected = pair.personalized, by_statsmodels(formula, patients, family, **theirs)
    # statsmodels stops when the deviance has settled, with coefficients still off by up to 1e-6:
    # its Newton step from our coefficients says how far they are from the optimum.
    model = expected.model
    step = np.linalg.solve(model.hessian(found.params, 1.0), model.score(found.params, 1.0))
    assert (np.abs(step) <= 1e-8 * expected.bse).all()
    np.testing.assert_allclose(found.params, expected.params, rtol=1e-3, atol=1e-5)
    assert found.deviance == pytest.approx(expected.deviance, rel=1e-10)
    assert found.converged
    assert found.separation is None


@pytest.mark.parametrize("name", ["poisson", "gamma"])
def test_exposure_is_an_offset_of_its_logarithm(patients, fitted, name):
    outcome = {"poisson": "count", "gamma": "stay"}[name]
    family = {"poisson": sm.families.Poisson(), "gamma": sm.families.Gamma(links.Log())}[name]
    model = bop.glm(f"{outcome} ~ x | sex", patients, name, exposure="years", offset="shift")
    expected = by_statsmodels(
        f"{outcome} ~ x + sex", patients, family, exposure="years", offset="shift"
    )
    check_same(model.fit(cv=None).personalized, expected)
    np.testing.assert_allclose(fitted(model).personalized.params, expected.params, rtol=1e-7)


def test_frequency_weights_are_repeated_rows(patients, fitted):
    repeated = patients.loc[patients.index.repeat(patients["copies"])].reset_index(drop=True)
    for outcome, family in (
        ("event", "binomial"),
        ("stay", "gamma"),
        ("spread", "negative_binomial"),
    ):
        formula = f"{outcome} ~ x | sex"
        short = fitted(bop.glm(formula, patients, family, weights="copies", weight_type="freq"))
        long = fitted(bop.glm(formula, repeated, family))
        for a, b in ((short.generic, long.generic), (short.personalized, long.personalized)):
            np.testing.assert_allclose(a.params, b.params, rtol=1e-9)
            np.testing.assert_allclose(a.baseline, b.baseline, rtol=1e-12)
            assert a.deviance == pytest.approx(b.deviance, rel=1e-10)


def test_robust_covariances_are_those_of_statsmodels(patients):
    formula, longer = "event ~ x | sex", "event ~ x + sex"
    family = sm.families.Binomial()
    clustered = bop.glm(formula, patients, cluster="ward").fit(cv=None)
    how = {"cov_type": "cluster", "cov_kwds": {"groups": patients["ward"]}}
    check_same(clustered.personalized, by_statsmodels(longer, patients, family, how))
    sampled = bop.glm(formula, patients, weights="precision", weight_type="prob").fit(cv=None)
    expected = by_statsmodels(
        longer, patients, family, {"cov_type": "HC0"}, var_weights="precision"
    )
    check_same(sampled.personalized, expected)


def test_a_mask_of_training_rows_fits_those_rows(patients, fitted):
    train = np.arange(len(patients)) % 3 > 0
    pair = fitted(bop.glm("event ~ x + z | sex", patients), train)
    for model, formula in (
        (pair.generic, "event ~ x + z"),
        (pair.personalized, "event ~ x + z + sex"),
    ):
        expected = by_statsmodels(formula, patients[train], sm.families.Binomial())
        np.testing.assert_allclose(model.params, expected.params, rtol=1e-8)
        np.testing.assert_allclose(model.baseline, expected.model.exog.mean(axis=0), rtol=1e-12)


def test_chunks_do_not_matter(patients, fitted, monkeypatch):
    model = bop.glm("count ~ x + z | sex * race", patients, "poisson")
    whole = fitted(model).personalized
    monkeypatch.setattr("bopstats.fitting.problems.CHUNK", 7)
    parts = fitted(model).personalized
    np.testing.assert_allclose(parts.params, whole.params, rtol=1e-10)
    assert parts.deviance == pytest.approx(whole.deviance, rel=1e-12)


def test_a_start_with_impossible_means_is_mended(patients):
    """The canonical link of the inverse Gaussian, on which statsmodels gives up by itself."""
    steep = np.random.default_rng(1).wald(np.exp(0.6 * patients["x"]), 4.0)
    data = patients.assign(wald=steep)
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="infeasible"):
        by_statsmodels("wald ~ x + z", data, sm.families.InverseGaussian())
    res = bop.glm("wald ~ x + z | sex", data, "inverse_gaussian").fit(cv=None)
    for each in (res.generic, res.personalized):
        score = each.model.score(each.params)
        assert each.converged
        np.testing.assert_allclose(score / np.sqrt(len(patients)), 0, atol=1e-3)


@pytest.mark.parametrize(
    ("family", "link", "known"),
    [("poisson", "logit", "identity, log, sqrt"), ("gamma", "probit", "identity, inverse, log")],
)
def test_links_that_a_family_lacks_are_refused(patients, family, link, known):
    outcome = {"poisson": "count", "gamma": "stay"}[family]
    with pytest.raises(ArgumentError, match=f"allowed: {known} for the {family} family"):
        bop.glm(f"{outcome} ~ x | sex", patients, family, link=link)


def test_what_cannot_be_fitted_is_named(patients):
    data = patients.assign(risk=np.where(patients["x"] > 0, patients["event"], 0))
    with pytest.raises(FitError, match=r"the \w+ model could not be fitted .*impossible means"):
        bop.glm("risk ~ x + z | sex", data, "binomial", link="identity").fit(cv=None)
