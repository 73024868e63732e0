"""Calibration against R's glm, lm, svyglm and prop.test, statsmodels' GLM, and by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import expit, logit

from bopstats.exceptions import ArgumentError
from bopstats.inference.calibration import calibration, calibration_bins

ORACLES = Path(__file__).parent.parent / "oracles"
DATA = pd.read_csv(ORACLES / "calibration_data.csv", comment="#")
EXPECTED = pd.read_csv(ORACLES / "calibration_expected.csv", comment="#").set_index(
    ["what", "group", "name"]
)
DESIGNS = {
    "plain": {},
    "freq": {"weight": DATA["copies"].to_numpy(dtype=float), "weight_type": "freq"},
    "prob": {"weight": DATA["weight"].to_numpy(), "weight_type": "prob"},
    "cluster": {
        "weight": DATA["weight"].to_numpy(),
        "weight_type": "prob",
        "cluster": DATA["cluster"].to_numpy(),
    },
}
COLUMNS = {"binomial": ("event", "p"), "gaussian": ("outcome", "mean")}


def of_data(family, **options):
    y, mu = (DATA[name].to_numpy(dtype=float) for name in COLUMNS[family])
    return calibration(y, mu, DATA["group"].to_numpy(), 3, family=family, **options)


@pytest.mark.parametrize("family", ["binomial", "gaussian"])
@pytest.mark.parametrize("design", DESIGNS)
def test_coefficients_and_errors_are_those_of_r(family, design):
    found = of_data(family, **DESIGNS[design])
    for name in ("intercept", "slope"):
        wanted = EXPECTED.loc[[(f"{family} {design}", g, name) for g in range(3)]]
        one = getattr(found, name)
        np.testing.assert_allclose(one.value, wanted["value"], rtol=1e-9)
        np.testing.assert_allclose(one.std_err, wanted["std_err"], rtol=1e-8)
        assert one.reason == ("", "", "")


@pytest.mark.parametrize("family", ["binomial", "gaussian"])
def test_limits_are_those_of_r(family):
    slope = of_data(family, alpha=0.1).slope
    wanted = EXPECTED["value"]
    for limit, name in ((slope.low, "slope low"), (slope.high, "slope high")):
        assert limit[2] == pytest.approx(wanted[f"{family} plain", 2, name], rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_statsmodels_also_far_from_calibration(seed):
    rng = np.random.default_rng(seed)
    n, group = 300, np.repeat([0, 1, 2], 100)
    z = 4 * rng.normal(size=n) + 3
    y = (rng.random(n) < expit(-2 + 0.2 * z)).astype(float)
    found = calibration(y, expit(z), group, 3, family="binomial")
    for g in range(3):
        here = group == g
        level = sm.GLM(y[here], np.ones(100), sm.families.Binomial(), offset=z[here])
        level = level.fit(tol=1e-13)
        slope = sm.GLM(y[here], sm.add_constant(z[here]), sm.families.Binomial())
        slope = slope.fit(tol=1e-13)
        assert found.intercept.value[g] == pytest.approx(level.params[0], rel=1e-8)
        assert found.intercept.std_err[g] == pytest.approx(level.bse[0], rel=1e-8)
        assert found.slope.value[g] == pytest.approx(slope.params[1], rel=1e-7)
        assert found.slope.std_err[g] == pytest.approx(slope.bse[1], rel=1e-7)
        assert found.slope.low[g] == pytest.approx(slope.conf_int()[1, 0], rel=1e-6)


def test_a_recalibrated_model_is_calibrated():
    y, mu = DATA["event"].to_numpy(dtype=float), DATA["p"].to_numpy()
    group = DATA["group"].to_numpy()
    moved = calibration(y, expit(logit(mu) * 2 + 1), group, 3, family="binomial")
    base = calibration(y, mu, group, 3, family="binomial")
    np.testing.assert_allclose(moved.slope.value, base.slope.value / 2, rtol=1e-9)
    shifted = expit(logit(mu) + base.intercept.value[group])
    again = calibration(y, shifted, group, 3, family="binomial")
    np.testing.assert_allclose(again.intercept.value, 0.0, atol=1e-9)
    np.testing.assert_allclose(
        np.bincount(group, shifted - y), 0.0, atol=1e-9
    )  # calibrated in the large: expected events are the observed ones


def test_what_cannot_be_computed_says_why():
    cases = {
        "fewer than two rows": ([1], [0.5]),
        "no events": ([0, 0, 0], [0.2, 0.3, 0.4]),
        "no non-events": ([1, 1, 1], [0.2, 0.3, 0.4]),
        "a prediction has no finite link": ([0, 1, 1], [0.2, 1.0, 0.4]),
        "the predictions do not vary": ([0, 1, 1], [0.3, 0.3, 0.3]),
        "the predictions separate events from non-events": ([0, 1, 1, 0], [0.3, 0.4, 0.6, 0.3]),
        "": ([0, 1, 0, 1], [0.3, 0.2, 0.6, 0.9]),
        "fewer than three rows": ([0, 1], [0.3, 0.2]),
    }
    y = np.concatenate([each[0] for each in cases.values()]).astype(float)
    mu = np.concatenate([each[1] for each in cases.values()])
    group = np.repeat(np.arange(len(cases)), [len(each[0]) for each in cases.values()])
    found = calibration(y, mu, group, len(cases) + 1, family="binomial")
    assert found.slope.reason == (*cases, "fewer than two rows")
    for one in (found.intercept, found.slope):
        has = np.array([not why for why in one.reason])
        for values in (one.value, one.std_err, one.low, one.high):
            np.testing.assert_array_equal(np.isfinite(values), has)
    assert found.intercept.reason[5] == ""


def test_predictions_that_separate_the_wrong_way_round():
    y, mu = np.array([1, 1, 0, 0.0]), np.array([0.1, 0.3, 0.3, 0.8])
    found = calibration(y, mu, np.zeros(4, dtype=int), 1, family="binomial")
    assert "separate" in found.slope.reason[0]


def test_a_weight_of_zero_is_no_row():
    y, mu = np.array([0, 0, 1.0]), np.array([0.2, 0.3, 0.4])
    weight = np.array([1.0, 2.0, 0.0])
    found = calibration(
        y, mu, np.zeros(3, dtype=int), 1, family="binomial", weight=weight, weight_type="freq"
    )
    assert found.intercept.reason == ("no events",)


def test_a_gaussian_outcome_needs_no_events():
    y, mu = np.array([1.0, 2.0, 4.0]), np.array([1.0, 1.5, 2.5])
    found = calibration(y, mu, np.zeros(3, dtype=int), 1, family="gaussian")
    assert found.intercept.value[0] == pytest.approx(2 / 3)
    assert found.slope.value[0] == pytest.approx(2.0)


def test_bins_cover_every_row_and_keep_ties_together():
    rng = np.random.default_rng(1)
    group = rng.integers(0, 3, 500)
    mu = np.round(rng.random(500), 2)
    y = (rng.random(500) < mu).astype(float)
    found = calibration_bins(y, mu, group, 4, bins=5, binary=True)
    assert found["n"].sum() == 500
    assert set(found["group"]) == {0, 1, 2}
    for g, rows in found.groupby("group"):
        here = group == g
        assert (np.diff(rows["predicted"]) > 0).all()
        assert (rows["n"] * rows["predicted"]).sum() == pytest.approx(mu[here].sum())
        assert (rows["n"] * rows["observed"]).sum() == pytest.approx(y[here].sum())
        assert rows["bin"].tolist() == [0, 1, 2, 3, 4]
        assert rows["n"].between(here.sum() / 5 - 10, here.sum() / 5 + 10).all()
    assert len(calibration_bins(y, np.full(500, 0.5), group, 3, binary=True)) == 3


def test_bins_without_ties_are_quantiles():
    mu = np.random.default_rng(2).permutation(np.arange(20) / 20.0)
    found = calibration_bins(mu, mu, np.zeros(20, dtype=int), 1, bins=4, binary=False)
    assert found["n"].tolist() == [5.0] * 4
    np.testing.assert_allclose(found["predicted"], [0.1, 0.35, 0.6, 0.85])


def test_wilson_limits_are_those_of_prop_test():
    y = np.repeat([1.0, 0.0], [3, 14])
    found = calibration_bins(
        y, np.full(17, 0.2), np.zeros(17, dtype=int), 1, bins=1, binary=True, alpha=0.1
    )
    wanted = [EXPECTED["value"]["wilson 3 of 17", 2, name] for name in ("slope low", "slope high")]
    np.testing.assert_allclose(found[["ci_low", "ci_upp"]].to_numpy()[0], wanted, rtol=1e-12)


def test_frequency_weights_are_copies_in_bins_too():
    y, mu = DATA["outcome"].to_numpy(), DATA["mean"].to_numpy()
    group, copies = DATA["group"].to_numpy(), DATA["copies"].to_numpy()
    weighted = calibration_bins(
        y, mu, group, 3, binary=False, weight=copies.astype(float), weight_type="freq"
    )
    many = [np.repeat(each, copies) for each in (y, mu, group)]
    pd.testing.assert_frame_equal(weighted, calibration_bins(*many, 3, binary=False), rtol=1e-11)


def test_limits_of_a_continuous_outcome_are_t_limits():
    y = np.array([1.0, 2.0, 4.0, 8.0])
    found = calibration_bins(y, np.zeros(4), np.zeros(4, dtype=int), 1, bins=1, binary=False)
    error = y.std(ddof=1) / 2
    low = 3.75 - 3.182446305284264 * error
    assert found["ci_low"][0] == pytest.approx(low)
    weighted = calibration_bins(
        *(y, np.zeros(4), np.zeros(4, dtype=int), 1),
        **{"bins": 1, "binary": False, "weight": np.full(4, 3.0), "weight_type": "prob"},
    )
    assert weighted["ci_low"][0] == pytest.approx(low)
    assert weighted["n_eff"][0] == pytest.approx(4)


def test_one_row_has_no_t_limits():
    found = calibration_bins(np.ones(1), np.ones(1), np.zeros(1, dtype=int), 1, binary=False)
    assert found["observed"][0] == 1.0
    assert np.isnan(found["ci_low"][0])


def test_arguments_are_checked():
    one = np.array([0.5])
    with pytest.raises(ArgumentError, match="family"):
        calibration(one, one, np.zeros(1, dtype=int), 1, family="poisson")
    with pytest.raises(ArgumentError, match="bins"):
        calibration_bins(one, one, np.zeros(1, dtype=int), 1, bins=0, binary=True)
