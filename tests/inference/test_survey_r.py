"""Designs with strata against R's survey: means, covariances, design effects, calibration."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bopstats as bop
from bopstats.groups import GroupMoments, RowBop
from bopstats.inference.calibration import calibration
from bopstats.inference.design_effects import intraclass_correlation
from bopstats.inference.heterogeneity import group_covariance, wald_equal
from bopstats.inference.means import group_means, sample_variance

ORACLES = Path(__file__).parent.parent / "oracles"
GROUPS = ("a", "b", "c", "d")
DATA = pd.read_csv(ORACLES / "survey_data.csv", comment="#")
EXPECTED = pd.read_csv(ORACLES / "survey_expected.csv", comment="#").set_index(
    ["what", "group", "name"]
)["value"]
WEIGHTS = {"freq": ("copies", "freq"), "prob": ("weight", "prob")}
STRATIFIED = [
    f"strata{cluster}{weight}" for cluster in ("", " cluster") for weight in ("", " prob", " freq")
]
CLUSTERED = ["cluster", "cluster prob", "cluster freq"]


def of_design(what):
    """Weight column and type, and whether the design has clusters and strata."""
    words = what.split()
    column, weight_type = WEIGHTS.get(words[-1], (None, None))
    return column, weight_type, "cluster" in words, "strata" in words


def moments(what):
    """Moments of the groups, and of the population appended."""
    column, weight_type, cluster, strata = of_design(what)
    n = len(DATA)
    zero, group = np.zeros((1, n)), DATA["group"].map(GROUPS.index).to_numpy()
    found = GroupMoments.from_rows(
        RowBop(
            costs=("squared_error",),
            generic=DATA["benefit"].to_numpy()[None],
            personalized=zero,
            y=zero[0],
            mu_generic=zero[0],
            mu_personalized=zero[0],
            group=group,
            fold=np.zeros(n, dtype=np.int64),
            rows=np.arange(n),
            n_groups=4,
            weight=None if column is None else DATA[column].to_numpy(dtype=float),
            weight_type=weight_type,
            cluster=DATA["cluster"].to_numpy() if cluster else None,
            binary=False,
            stratum=DATA["stratum"].to_numpy() if strata else None,
        )
    )
    return found, found.with_population(), weight_type


def expected(what, name, groups=(*GROUPS, "population")):
    return np.array([EXPECTED[what, group, name] for group in groups])


def close(found, wanted, rtol=1e-10):
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=1e-13)


@pytest.mark.parametrize("what", [*STRATIFIED, *CLUSTERED, "prob"])
def test_means_are_domains_of_svymean(what):
    _, both, weight_type = moments(what)
    means = group_means(both, 0, weight_type)
    for name in ("mean", "std_err", "df"):
        close(getattr(means, name), expected(what, name))
    close(sample_variance(both, 0), expected(what, "variance"))


@pytest.mark.parametrize("what", STRATIFIED)
def test_covariances_of_groups_are_those_of_svyby(what):
    groups, _, weight_type = moments(what)
    covariance = group_covariance(groups, 0)
    for j, other in enumerate(GROUPS):
        close(covariance[:, j], expected(what, f"cov_{other}", GROUPS))
    means = group_means(groups, 0, weight_type)
    close(np.sqrt(np.diag(covariance)), means.std_err)
    close(wald_equal(means.mean, covariance).statistic, EXPECTED[what, "population", "wald"])
    assert groups.design.df == EXPECTED[what, "population", "degf"]


@pytest.mark.parametrize("what", [*STRATIFIED, *CLUSTERED, "prob"])
def test_design_effects_are_those_of_svymean(what):
    _, both, weight_type = moments(what)
    means = group_means(both, 0, weight_type)
    effect = means.std_err**2 * both.n / sample_variance(both, 0)
    close(effect, expected(what, "deff"))
    most = both.w if weight_type in (None, "freq") else both.w**2 / both.w2
    if what != "prob":
        close(means.n_eff, np.minimum(most, both.n / expected(what, "deff")))
    assert (means.n_eff <= both.n).all()


@pytest.mark.parametrize(
    ("what", "name"), [("cluster", "none"), ("cluster freq", "freq"), ("cluster prob", "prob")]
)
def test_intraclass_correlation_is_that_of_the_analysis_of_variance(what, name):
    for design in (what, f"strata {what}"):
        close(intraclass_correlation(moments(design)[1], 0), expected("icc", name), rtol=1e-9)


@pytest.mark.parametrize("what", STRATIFIED)
def test_calibration_errors_are_those_of_svyglm_in_domains(what):
    column, weight_type, cluster, _ = of_design(what)
    found = calibration(
        DATA["event"].to_numpy(dtype=float),
        DATA["mu"].to_numpy(),
        DATA["group"].map(GROUPS.index).to_numpy(),
        4,
        family="binomial",
        weight=None if column is None else DATA[column].to_numpy(dtype=float),
        weight_type=weight_type,
        cluster=DATA["cluster"].to_numpy() if cluster else None,
        stratum=DATA["stratum"].to_numpy(),
    )
    for coefficient, name in ((found.intercept, "intercept"), (found.slope, "slope")):
        close(coefficient.value, expected(what, name, GROUPS), rtol=1e-9)
        close(coefficient.std_err, expected(what, f"{name}_se", GROUPS), rtol=1e-9)


@pytest.mark.parametrize("what", STRATIFIED)
def test_coefficients_and_their_wald_test_are_those_of_svyglm(what):
    column, weight_type, cluster, _ = of_design(what)
    options = {
        "weights": column,
        "weight_type": weight_type,
        "cluster": "cluster" if cluster else None,
        "strata": "stratum",
    }
    res = bop.glm("event ~ x | group", DATA, **options).fit(cv=None)
    order = [0, 4, 1, 2, 3]  # R has x before the groups
    covariance = np.asarray(res.personalized.cov_params())
    wanted = np.array([EXPECTED[what, "population", f"coef_{i}"] for i in range(1, 6)])
    names = list(res.personalized.params.index)
    order = [names.index(n) for n in ("Intercept", "x", *(f"group[T.{g}]" for g in "bcd"))]
    close(np.asarray(res.personalized.params)[order], wanted, rtol=1e-8)
    for name, each in (("", res), ("gaussian_", None)):
        if each is None:
            other = bop.glm("benefit ~ x | group", DATA, "gaussian", **options).fit(cv=None)
            covariance = np.asarray(other.personalized.cov_params())
        for i in range(5):
            for j in range(5):
                value = EXPECTED[what, "population", f"{name}vcov_{i + 1}_{j + 1}"]
                assert covariance[order[i], order[j]] == pytest.approx(value, rel=1e-9, abs=1e-12)
    test = res.anova()
    assert (test.method, test.df) == ("Wald", 3)
    assert test.statistic == pytest.approx(EXPECTED[what, "population", "glm_wald"], rel=1e-9)
    assert test.df_denom == EXPECTED[what, "population", "degf"]
