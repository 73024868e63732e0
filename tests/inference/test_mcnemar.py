"""`res.mcnemar()` against scipy's binomial test of the people whose prediction changed."""

import numpy as np
import pytest
from scipy import stats

import bopstats as bop
from bopstats.exceptions import ArgumentError, BopError

FORMULA = "high_bp ~ bmi + hba1c | sex * race_ethnicity"


@pytest.fixture(scope="module")
def nhanes():
    return bop.datasets.load_nhanes()


@pytest.fixture(scope="module")
def res(nhanes):
    return bop.glm(FORMULA, nhanes).fit(rng=2, repeats=3)


def by_hand(rows, cost, inside):
    benefit = rows.benefit[rows.costs.index(cost)][inside]
    improved, changed = int((benefit > 0).sum()), int((benefit != 0).sum())
    if changed == 0:
        return improved, 0, 1.0, 1.0, 1.0
    sides = ("greater", "less", "two-sided")
    pvalues = [stats.binomtest(improved, changed, alternative=side).pvalue for side in sides]
    return improved, changed - improved, *pvalues


@pytest.mark.parametrize("cost", ["zero_one", "sufficiency", "incomprehensiveness"])
def test_every_group_has_the_medians_of_exact_binomial_tests(res, cost):
    table = res.mcnemar(cost)
    assert table["group"].tolist() == res.frame(cost)["group"].tolist()
    names = ["improved", "worsened", "p_benefit", "p_harm", "p_value"]
    for j, row in table.iterrows():
        each = []
        for rows in res.evaluation.rows:
            inside = rows.group == j if row["group"] != "population" else rows.group >= 0
            each.append(by_hand(rows, cost, inside))
        np.testing.assert_allclose(row[names].to_numpy(float), np.median(each, axis=0), rtol=1e-10)
        assert row["n"] == inside.sum()


def test_the_first_zero_one_cost_is_the_default(res):
    assert set(res.mcnemar()["cost"]) == {"zero_one"}
    assert res.mcnemar().equals(res.mcnemar("zero_one"))


def test_frequency_weights_count_people(nhanes):
    data = nhanes.assign(copies=1 + np.arange(len(nhanes)) % 3)
    long = data.loc[data.index.repeat(data["copies"])].reset_index(drop=True)
    rows = np.arange(len(data))
    copied = np.repeat(rows, data["copies"])
    split = [(rows[rows % 2 == 0], rows[rows % 2 == 1])]
    twice = [tuple(np.flatnonzero(copied % 2 == half) for half in (0, 1))]
    short = bop.glm(FORMULA, data, weights="copies", weight_type="freq").fit(cv=split).mcnemar()
    assert short.equals(bop.glm(FORMULA, long).fit(cv=twice).mcnemar())


def test_what_has_no_exact_test_is_refused(nhanes, res):
    with pytest.raises(ArgumentError, match=r"cost: got 'brier'; allowed: 0–1 costs .*zero_one"):
        res.mcnemar("brier")
    with pytest.raises(ArgumentError, match=r"cost: got 'zeroone'; allowed: .* 'zero_one'"):
        res.mcnemar("zeroone")
    with pytest.raises(ArgumentError, match=r"cost: got 'squared_error.*this run has none"):
        bop.glm("sbp ~ bmi | sex", nhanes).fit(repeats=1).mcnemar()
    ward = np.arange(len(nhanes)) // 4
    with pytest.raises(ArgumentError, match="mcnemar: got 'clusters'; allowed: independent rows"):
        bop.glm(FORMULA, nhanes, cluster=ward).fit(repeats=1).mcnemar()
    for kind in ("prob", "precision"):
        model = bop.glm(FORMULA, nhanes, weights=1.0 + ward % 2, weight_type=kind)
        with pytest.raises(ArgumentError, match=f"mcnemar: got '{kind} weights'; allowed"):
            model.fit(repeats=1).mcnemar()
    with pytest.raises(BopError, match="mcnemar: not available for pooled"):
        bop.pool([res, res]).mcnemar()
