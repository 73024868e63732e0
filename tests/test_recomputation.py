import numpy as np
import pytest
import statsmodels.api as sm
from recompute import largest_difference, partition_costs, plain_rows
from scipy.stats import ttest_1samp
from statsmodels.stats.multitest import multipletests

import bopstats as bop

GENERIC = "bmi + total_chol + hdl_chol + hba1c + sleep_hours + ever_smoker"
PERSONAL = "sex * race_ethnicity"
COLUMNS = [*GENERIC.split(" + "), *PERSONAL.split(" * ")]
FAMILIES = {"binomial": sm.families.Binomial(), "gaussian": sm.families.Gaussian()}


@pytest.fixture(scope="module")
def nhanes():
    return bop.datasets.load_nhanes()


@pytest.mark.parametrize(("outcome", "family"), [("high_bp", "binomial"), ("sbp", "gaussian")])
def test_every_figure_equals_plain_statsmodels_and_numpy(nhanes, outcome, family):
    res = bop.glm(f"{outcome} ~ {GENERIC} | {PERSONAL}", nhanes, family).fit(rng=1, repeats=3)
    formulas = [f"{outcome} ~ {GENERIC}", f"{outcome} ~ {GENERIC} + {PERSONAL}"]
    rows = plain_rows(nhanes, [*COLUMNS, outcome])
    assert largest_difference(res, rows, formulas, FAMILIES[family]) < 1e-8


def test_dummies_splines_and_interactions_move_together(nhanes):
    generic = "education + bmi * hba1c + np.log(hdl_chol)"
    formulas = [f"high_bp ~ {generic}", f"high_bp ~ {generic} + sex * age"]
    res = bop.glm(f"high_bp ~ {generic} | sex * age", nhanes).fit(rng=5, repeats=1)
    names = ["education", "bmi", "hba1c", "hdl_chol", "sex", "age", "high_bp"]
    rows = plain_rows(nhanes, names)
    assert largest_difference(res, rows, formulas, FAMILIES["binomial"]) < 1e-8


def test_given_splits_are_the_ones_used(nhanes):
    folds = np.random.default_rng(0).integers(0, 4, len(nhanes))
    pairs = [(np.flatnonzero(folds != k), np.flatnonzero(folds == k)) for k in range(4)]
    res = bop.glm("high_bp ~ bmi + hba1c | sex", nhanes).fit(cv=pairs)
    rows = plain_rows(nhanes, ["bmi", "hba1c", "sex", "high_bp"])
    formulas = ["high_bp ~ bmi + hba1c", "high_bp ~ bmi + hba1c + sex"]
    costs = partition_costs(rows, formulas, FAMILIES["binomial"], folds)
    for name, both in costs.items():
        np.testing.assert_allclose(res.individual[name], both[0] - both[1], rtol=0, atol=1e-9)


def test_gamma_intersection_union_and_holm_from_the_partitions(nhanes):
    res = bop.glm(f"sbp ~ {GENERIC} | {PERSONAL}", nhanes).fit(rng=2, repeats=3)
    lows, p_every, p_harm, gammas = [], [], [], []
    for rows in res.evaluation.rows:
        benefit = rows.generic[0] - rows.personalized[0]
        groups = [benefit[rows.group == g] for g in range(12)]
        means = [g.mean() for g in groups]
        p_every.append(max(ttest_1samp(g, 0, alternative="greater").pvalue for g in groups))
        harms = [ttest_1samp(g, 0, alternative="less").pvalue for g in groups]
        p_harm.append(multipletests(harms, method="holm")[1].min())
        lows.append(min(ttest_1samp(g, 0).confidence_interval(0.95).low for g in groups))
        gammas.append(min(means))
    assert res.gamma().value == pytest.approx(np.median(gammas), rel=1e-10)
    assert res.gamma().ci_low == pytest.approx(np.median(lows), rel=1e-10)
    assert res.test().pvalue == pytest.approx(np.median(p_every), rel=1e-10)
    assert res.test(kind="harm").pvalue == pytest.approx(np.median(p_harm), rel=1e-10)
