"""The negative binomial dispersion against statsmodels' joint maximum likelihood."""

import numpy as np
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy.special import gammaln

import bopstats as bop
from bopstats.fitting.families import best_alpha

FORMULA = "spread ~ x + z | sex * race"
LONG = "spread ~ x + z + sex * race"


def joint_fit(data, **options):
    return smf.negativebinomial(LONG, data, **options).fit(
        disp=0, method="bfgs", maxiter=1000, gtol=1e-7
    )


@pytest.mark.parametrize("option", [None, "offset", "exposure"])
def test_dispersion_and_coefficients_are_the_joint_maximum(patients, fitted, option):
    column = {None: None, "offset": "shift", "exposure": "years"}[option]
    ours = {} if option is None else {option: column}
    theirs = {} if option is None else {option: patients[column]}
    pair = fitted(bop.glm(FORMULA, patients, "negative_binomial", **ours))
    expected = joint_fit(patients, **theirs)
    assert pair.personalized.family.alpha == pytest.approx(expected.params["alpha"], rel=1e-5)
    np.testing.assert_allclose(pair.personalized.params, expected.params.drop("alpha"), rtol=1e-4)


def test_dispersion_comes_from_training_rows_and_serves_both_models(patients, fitted):
    train = np.arange(len(patients)) % 4 > 0
    pair = fitted(bop.glm(FORMULA, patients, "negative_binomial"), train)
    expected = joint_fit(patients[train])
    assert pair.personalized.family.alpha == pytest.approx(expected.params["alpha"], rel=1e-5)
    assert pair.generic.family.alpha == pair.personalized.family.alpha


def test_dispersion_is_shown_and_is_that_of_the_results(patients):
    res = bop.glm(FORMULA, patients, "negative_binomial").fit(repeats=1)
    alpha = joint_fit(patients).params["alpha"]
    assert res.evaluation.settings.dispersion == pytest.approx(alpha, rel=1e-5)
    assert f"{alpha:.3g}" in res.summary().as_text()
    family = sm.families.NegativeBinomial(alpha=res.evaluation.settings.dispersion)
    expected = smf.glm(LONG, patients, family=family).fit()
    np.testing.assert_allclose(res.personalized.params, expected.params, rtol=1e-8)
    assert res.personalized.llf == pytest.approx(expected.llf, rel=1e-10)


def test_a_given_dispersion_is_left_alone(patients, fitted):
    family = sm.families.NegativeBinomial(alpha=0.25)
    pair = fitted(bop.glm(FORMULA, patients, family))
    assert pair.personalized.family.alpha == 0.25


@pytest.mark.parametrize("alpha", [0.02, 0.7, 20.0])
def test_dispersion_maximises_the_weighted_likelihood(alpha):
    rng = np.random.default_rng(2)
    mu, weight = rng.uniform(0.5, 8, 4000), rng.uniform(0.5, 2, 4000)
    y = rng.negative_binomial(1 / alpha, 1 / (1 + alpha * mu)).astype(float)

    def likelihood(a):
        size = 1 / a
        parts = gammaln(y + size) - gammaln(size) - gammaln(y + 1)
        return np.sum(weight * (parts + y * np.log(a * mu) - (y + size) * np.log1p(a * mu)))

    best = best_alpha(y, mu, weight)
    assert best == pytest.approx(alpha, rel=0.25)
    assert likelihood(best) > max(likelihood(best * 0.999), likelihood(best * 1.001))


def test_counts_that_vary_less_than_poisson_have_almost_no_dispersion(patients, fitted):
    data = patients.assign(spread=2 + np.arange(len(patients)) % 2)
    pair = fitted(bop.glm("spread ~ x | sex", data, "negative_binomial"))
    poisson = smf.glm("spread ~ x + sex", data, family=sm.families.Poisson()).fit()
    assert pair.personalized.family.alpha < 1e-5
    np.testing.assert_allclose(pair.personalized.params, poisson.params, atol=1e-4)
