"""Frequency weights stand for copies of rows: the same figures as the rows written out."""

import numpy as np
import pandas as pd
import pytest

import bopstats as bop

COSTS = {"binomial": ["brier", "zero_one", "log_loss", "auc", "r2"], "gaussian": None}
FORMULAS = ["x + bs(z, df=5) | g * h", "cr(z, df=4) + center(x) | g + h", "x * z | g * x"]


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(5)
    n = 200
    data = pd.DataFrame({"x": rng.normal(size=n), "z": rng.exponential(size=n)})
    data["g"], data["h"] = rng.choice(["a", "b"], n), rng.choice(["u", "v"], n)
    data["key"], data["times"] = np.arange(n), rng.integers(1, 4, n)
    data["number"] = data["x"] + np.where(data["g"] == "a", data["z"], 0) + rng.normal(size=n)
    data["event"] = (data["number"] > rng.logistic(size=n)).astype(int)
    return data


def numbers(frame):
    return frame.select_dtypes("number").to_numpy(dtype=float)


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("family", ["binomial", "gaussian"])
def test_a_weighted_analysis_is_that_of_the_copied_rows(people, family, formula):
    text = f"{'event' if family == 'binomial' else 'number'} ~ {formula}"
    copies = people.loc[people.index.repeat(people["times"])].reset_index(drop=True)
    ask = {"cv": 3, "repeats": 3, "rng": 1, "costs": COSTS[family], "baseline": "median"}
    counts = {"weights": "times", "weight_type": "freq"}
    one = bop.glm(text, people, family, id="key", **counts).fit(**ask)
    other = bop.glm(text, copies, family, id="key").fit(**ask)
    for table in ("frame", "top_curve", "calibration", "design_effects"):
        found, expected = (numbers(getattr(res, table)()) for res in (one, other))
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)
    bins = [res.calibration_bins(5) for res in (one, other)]
    np.testing.assert_allclose(numbers(bins[0]), numbers(bins[1]), rtol=1e-8, atol=1e-10)
    for kind in ("every", "harm", "heterogeneity", "gail_simon"):
        found, expected = (res.test(kind=kind).pvalue for res in (one, other))
        assert found == pytest.approx(expected, rel=1e-7)
    assert one.anova().pvalue == pytest.approx(other.anova().pvalue, rel=1e-7)


def test_too_many_copies_for_splines_are_refused(people):
    many = np.full(len(people), 1_000_000)
    with pytest.raises(bop.BopError, match=r"weights: got '200,000,000 copies of rows'; allowed"):
        bop.glm("number ~ bs(z, df=5) | g", people, weights=many, weight_type="freq")
    bop.glm("number ~ z | g", people, weights=many, weight_type="freq")
