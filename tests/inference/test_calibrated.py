"""Calibration of a run: each partition's held-out predictions by group, averaged."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import logit
from statsmodels.stats.proportion import proportion_confint

import bopstats as bop


@pytest.fixture(scope="module")
def nhanes():
    return bop.datasets.load_nhanes()


@pytest.fixture(scope="module")
def res(nhanes):
    return bop.glm("high_bp ~ bmi + hba1c | sex", nhanes).fit(rng=1, repeats=3)


def by_statsmodels(rows, mu, here):
    """Intercept and slope with the slope's limits, of one partition's people."""
    y, eta = rows.y[here], logit(mu[here])
    family = sm.families.Binomial()
    level = sm.GLM(y, np.ones_like(eta), family, offset=eta).fit(tol=1e-13)
    slope = sm.GLM(y, sm.add_constant(eta), family).fit(tol=1e-13)
    return [level.params[0], slope.params[1], *slope.conf_int()[1]]


def test_coefficients_are_means_over_partitions_of_statsmodels(res):
    table = res.calibration().set_index(["group", "model"])
    assert list(table.index[:3]) == [
        ("female", "generic"),
        ("female", "personalized"),
        ("male", "generic"),
    ]
    for g, group in enumerate(["female", "male", "population"]):
        for model in ("generic", "personalized"):
            each = [
                by_statsmodels(
                    rows,
                    getattr(rows, f"mu_{model}"),
                    rows.group == g if g < 2 else np.ones(len(rows.y), dtype=bool),
                )
                for rows in res.evaluation.rows
            ]
            got = table.loc[(group, model), ["intercept", "slope", "slope_low", "slope_upp"]]
            np.testing.assert_allclose(got.astype(float), np.mean(each, axis=0), rtol=1e-6)
    assert (table["note"] == "").all()


def test_bins_hold_everyone_and_their_limits_are_wilsons(nhanes):
    res = bop.glm("high_bp ~ bmi + hba1c | sex", nhanes).fit(rng=1, repeats=1)
    table = res.calibration_bins(5)
    sizes = table.groupby(["group", "model"])["n"].sum()
    assert sizes["population", "generic"] == 3924
    assert sizes["female", "personalized"] == (nhanes["sex"] == "female").sum()
    rows = res.evaluation.rows[0]
    order = np.argsort(rows.mu_personalized)
    top = order[-round(table.iloc[-1]["n"]) :]
    last = table[(table["group"] == "population") & (table["model"] == "personalized")].iloc[-1]
    assert last["predicted"] == pytest.approx(rows.mu_personalized[top].mean())
    assert last["observed"] == pytest.approx(rows.y[top].mean())
    limits = proportion_confint(rows.y[top].sum(), len(top), method="wilson")
    assert (last["ci_low"], last["ci_upp"]) == pytest.approx(limits)


def test_clusters_widen_the_population_and_weights_count(nhanes):
    data = nhanes.iloc[:1200].assign(home=np.arange(1200) // 4, w=np.tile([1.0, 2.0, 3.0], 400))
    plain = bop.glm("high_bp ~ bmi | sex", data).fit(cv=None)
    many = bop.glm("high_bp ~ bmi | sex", data, weights="w", weight_type="freq", id="home")
    copies = data.loc[data.index.repeat(data["w"].astype(int))]
    assert np.allclose(
        many.fit(cv=None).calibration().drop(columns=["group", "model", "note"]).astype(float),
        bop.glm("high_bp ~ bmi | sex", copies)
        .fit(cv=None)
        .calibration()
        .drop(columns=["group", "model", "note"])
        .astype(float),
        atol=1e-7,
    )
    clustered = bop.glm("high_bp ~ bmi | sex", data, cluster="home").fit(cv=None)
    assert (clustered.calibration()["slope"] == plain.calibration()["slope"]).all()
    assert (clustered.calibration()["slope_low"] != plain.calibration()["slope_low"]).all()


def test_a_group_without_events_has_a_reason_and_other_families_an_error(nhanes):
    data = nhanes.iloc[:400].copy()
    data["high_bp"] = data["high_bp"].where(data["sex"] == "male", 0)
    with pytest.warns(bop.exceptions.SeparationWarning):
        res = bop.glm("high_bp ~ bmi | sex", data).fit(cv=None)
    table = res.calibration().set_index(["group", "model"])
    assert np.isnan(table.loc[("female", "generic"), "intercept"])
    assert table.loc[("female", "generic"), "note"] == "no events"
    counts = bop.glm("age ~ bmi | sex", nhanes.iloc[:400], family="poisson").fit(cv=None)
    with pytest.raises(bop.BopError, match="calibration: got 'poisson'"):
        counts.calibration()
