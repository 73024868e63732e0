"""`res.anova()` against statsmodels' tests of nested models."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy import stats
from statsmodels.stats.anova import anova_lm

import bopstats as bop
from bopstats.exceptions import FitError

GENERIC, PERSONAL = "x + z", "sex * race"


def ours(outcome, data, family=None, **options):
    return bop.glm(f"{outcome} ~ {GENERIC} | {PERSONAL}", data, family, **options).fit(cv=None)


def theirs(outcome, data, family, how=None, **options):
    formulas = (f"{outcome} ~ {GENERIC}", f"{outcome} ~ {GENERIC} + {PERSONAL}")
    return [smf.glm(f, data, family=family, **options).fit(**(how or {})) for f in formulas]


@pytest.mark.parametrize(
    ("outcome", "name", "family"),
    [("event", "binomial", sm.families.Binomial()), ("count", "poisson", sm.families.Poisson())],
)
def test_known_scale_gives_the_likelihood_ratio(patients, outcome, name, family):
    test = ours(outcome, patients, name).anova()
    small, large = theirs(outcome, patients, family)
    assert (test.method, test.df) == ("likelihood ratio", 5)
    assert test.statistic == pytest.approx(2 * (large.llf - small.llf), rel=1e-8)
    assert test.pvalue == pytest.approx(stats.chi2.sf(2 * (large.llf - small.llf), 5), rel=1e-8)


def test_negative_binomial_compares_at_one_dispersion(patients):
    res = ours("spread", patients, "negative_binomial")
    test = res.anova()
    assert test.statistic == pytest.approx(2 * (res.personalized.llf - res.generic.llf), rel=1e-7)
    assert test.method == "likelihood ratio"


def test_gaussian_gives_the_f_test_of_linear_models(patients):
    test = ours("level", patients).anova()
    small = smf.ols(f"level ~ {GENERIC}", patients).fit()
    large = smf.ols(f"level ~ {GENERIC} + {PERSONAL}", patients).fit()
    expected = anova_lm(small, large).iloc[1]
    assert (test.method, test.df, test.df_denom) == ("F", 5, large.df_resid)
    assert test.statistic == pytest.approx(expected["F"], rel=1e-9)
    assert test.pvalue == pytest.approx(expected["Pr(>F)"], rel=1e-8)


def test_gaussian_with_precision_weights_gives_that_of_weighted_least_squares(patients):
    test = ours("level", patients, weights="precision", weight_type="precision").anova()
    small, large = (
        smf.wls(f"level ~ {terms}", patients, weights=patients["precision"]).fit()
        for terms in (GENERIC, f"{GENERIC} + {PERSONAL}")
    )
    statistic, pvalue, df = large.compare_f_test(small)
    assert (test.df, test.df_denom) == (df, large.df_resid)
    assert test.statistic == pytest.approx(statistic, rel=1e-9)
    assert test.pvalue == pytest.approx(pvalue, rel=1e-8)


@pytest.mark.parametrize(("outcome", "family"), [("event", "binomial"), ("level", "gaussian")])
def test_frequency_weights_give_the_test_of_repeated_rows(patients, outcome, family):
    long = patients.loc[patients.index.repeat(patients["copies"])].reset_index(drop=True)
    short = ours(outcome, patients, family, weights="copies", weight_type="freq").anova()
    expected = ours(outcome, long, family).anova()
    assert (short.method, short.df) == (expected.method, expected.df)
    assert short.df_denom == pytest.approx(expected.df_denom, nan_ok=True)
    assert short.statistic == pytest.approx(expected.statistic, rel=1e-9)
    assert short.pvalue == pytest.approx(expected.pvalue, rel=1e-9)


def test_an_estimated_scale_gives_f_with_the_pearson_scale(patients):
    test = ours("stay", patients, "gamma").anova()
    small, large = theirs("stay", patients, sm.families.Gamma(sm.families.links.Log()))
    expected = (small.deviance - large.deviance) / 5 / large.scale
    assert test.method == "F"
    assert test.statistic == pytest.approx(expected, rel=1e-8)
    assert test.pvalue == pytest.approx(stats.f.sf(expected, 5, large.df_resid), rel=1e-7)


def test_clusters_give_the_robust_wald_test(patients):
    test = ours("event", patients, cluster="ward").anova()
    how = {"cov_type": "cluster", "cov_kwds": {"groups": patients["ward"]}}
    large = theirs("event", patients, sm.families.Binomial(), how)[1]
    matrix = np.eye(len(large.params))[["sex" in n or "race" in n for n in large.params.index]]
    expected = large.wald_test(matrix, use_f=True, scalar=True)
    assert (test.method, test.df) == ("Wald", 5)
    assert test.df_denom == patients["ward"].nunique() - 1
    assert test.statistic == pytest.approx(float(expected.statistic), rel=1e-7)
    assert test.pvalue == pytest.approx(stats.f.sf(expected.statistic, 5, test.df_denom), rel=1e-6)


def test_sampling_weights_give_the_robust_wald_test(patients):
    test = ours("event", patients, weights="precision", weight_type="prob").anova()
    weights = {"var_weights": patients["precision"]}
    large = theirs("event", patients, sm.families.Binomial(), {"cov_type": "HC0"}, **weights)[1]
    matrix = np.eye(len(large.params))[["sex" in n or "race" in n for n in large.params.index]]
    expected = float(large.wald_test(matrix, use_f=True, scalar=True).statistic)
    assert test.statistic == pytest.approx(expected, rel=1e-7)
    assert test.pvalue == pytest.approx(stats.f.sf(expected, 5, len(patients) - 1), rel=1e-6)


@pytest.mark.parametrize(("weights", "kind"), [("precision", "prob"), ("copies", "freq")])
def test_weighted_cluster_covariance_is_the_sandwich(patients, weights, kind):
    options = {"cluster": "ward", "weights": weights, "weight_type": kind}
    large = ours("event", patients, **options).personalized
    w, x, mu = patients[weights].to_numpy(), large.model.exog, large.fittedvalues.to_numpy()
    bread = np.linalg.inv((x * (w * mu * (1 - mu))[:, None]).T @ x)
    score = x * (w * (patients["event"] - mu).to_numpy())[:, None]
    sums = np.stack([score[patients["ward"] == c].sum(axis=0) for c in patients["ward"].unique()])
    rows, columns = x.shape
    small = len(sums) / (len(sums) - 1) * (rows - 1) / (rows - columns)
    expected = small * bread @ sums.T @ sums @ bread
    np.testing.assert_allclose(large.cov_params(), expected, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"cluster": "ward"}])
def test_rows_of_weight_zero_are_as_good_as_absent(patients, options):
    data = patients.assign(precision=np.where(patients["z"] > 4, 0, patients["precision"]))
    options = options | {"weights": "precision", "weight_type": "prob"}
    whole = ours("event", data, **options)
    part = ours("event", data[data["precision"] > 0], **options)
    np.testing.assert_allclose(whole.personalized.bse, part.personalized.bse, rtol=1e-8)
    assert whole.anova().statistic == pytest.approx(part.anova().statistic, rel=1e-8)


def test_the_scale_of_sampling_weights_does_not_matter(patients):
    first = ours("event", patients, weights="precision", weight_type="prob").anova()
    data = patients.assign(precision=1000 * patients["precision"])
    second = ours("event", data, weights="precision", weight_type="prob").anova()
    assert second.statistic == pytest.approx(first.statistic, rel=1e-6)


@pytest.mark.parametrize("options", [{}, {"cluster": "ward"}])
def test_redundant_columns_take_no_degree_of_freedom(patients, options):
    """Dummies of an attribute of which the generic model has the linear trend."""
    dose = np.random.default_rng(4).integers(1, 4, len(patients))
    data = patients.assign(dose=dose, arm=np.array(list("-abc"))[dose], top=(dose == 2) * 1.0)
    redundant = bop.glm("event ~ x + dose | arm + sex", data, **options).fit(cv=None).anova()
    plain = bop.glm("event ~ x + dose | top + sex", data, **options).fit(cv=None).anova()
    assert redundant.df == plain.df == 2
    assert redundant.statistic == pytest.approx(plain.statistic, rel=1e-7)
    assert redundant.pvalue == pytest.approx(plain.pvalue, rel=1e-7)


@pytest.mark.parametrize("options", [{}, {"cluster": "ward"}])
def test_an_empty_crossing_takes_no_degree_of_freedom(patients, options):
    data = patients[(patients["sex"] == "female") | (patients["race"] != "Black")]
    res = ours("event", data, **options)
    test = res.anova()
    assert np.isfinite(res.personalized.bse).all()
    cells = data.assign(sex=data["sex"] + data["race"])
    expected = bop.glm(f"event ~ {GENERIC} | sex", cells, **options).fit(cv=None).anova()
    assert test.df == expected.df == 4
    assert test.statistic == pytest.approx(expected.statistic, rel=1e-7)


def test_without_association_p_values_are_uniform():
    rng = np.random.default_rng(11)
    pvalues = []
    for _ in range(60):
        data = {"x": rng.normal(size=150), "g": rng.choice(["a", "b", "c"], 150)}
        data["y"] = data["x"] + rng.normal(size=150)
        pvalues.append(bop.glm("y ~ x | g", data).fit(cv=None).anova().pvalue)
    assert stats.kstest(pvalues, "uniform").pvalue > 0.001


def test_a_recoded_generic_term_cannot_be_tested_by_wald(patients):
    formula = "event ~ z:ward | z * sex"
    data = patients.assign(ward=np.where(patients["ward"] < 20, "east", "west"))
    res = bop.glm(formula, data, cluster=patients["ward"]).fit(cv=None)
    with pytest.raises(FitError, match="write the generic interactions with main effects"):
        res.anova()
    assert bop.glm(formula, data).fit(cv=None).anova().df == 2


def test_fewer_clusters_than_coefficients_have_no_wald_test(patients):
    few = np.arange(len(patients)) % 4
    res = ours("level", patients, cluster=few)
    with pytest.raises(FitError, match="covariance of the 5 personal coefficients is singular"):
        res.anova()
    res.personalized.cov_params = lambda: -np.eye(8)  # what rounding may leave
    with pytest.raises(FitError, match="is singular with 3 degrees of freedom"):
        res.anova()
    text = res.summary().as_text()
    assert "Association: " not in text
    assert "No association test: anova: the robust covariance" in text
    assert res.to_dict()["association"] is None


def test_means_that_explode_leak_no_warning():
    rng = np.random.default_rng(3)
    n = 40
    data = pd.DataFrame({"x": np.append(rng.normal(size=n - 1), 300.0), "g": ["a", "b"] * 20})
    data["y"] = rng.poisson(np.exp(np.clip(data["x"], -2, 2)))
    folds = [(np.arange(n - 1), np.array([n - 1])), (np.arange(20, n), np.arange(20))]
    res = bop.glm("y ~ x | g * x", data, "poisson").fit(cv=folds)
    assert len(res.summary().as_text()) > 0
