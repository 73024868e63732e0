"""Every reported figure against plain statsmodels, numpy and scipy on the same splits."""

import numpy as np
import pytest
import statsmodels.api as sm
from recompute import FIGURES, differences, partition_costs, plain_rows

import bopstats as bop

GENERIC = "bmi + total_chol + hdl_chol + hba1c + sleep_hours + ever_smoker"
PERSONAL = "sex * race_ethnicity"
COLUMNS = [*GENERIC.split(" + "), *PERSONAL.split(" * ")]
FAMILIES = {"binomial": sm.families.Binomial(), "gaussian": sm.families.Gaussian()}
COSTS = {
    "binomial": ["brier", "zero_one", "sufficiency", "incomprehensiveness"],
    "gaussian": ["squared_error", "sufficiency", "incomprehensiveness"],
}


@pytest.fixture(scope="module")
def nhanes():
    return bop.datasets.load_nhanes()


def check(found, costs):
    summaries = ["gamma", "gamma_low", "gamma_upp", "p_every", "p_some_harm"]
    wanted = {(c, f) for c in costs for f in [*FIGURES, *summaries]}
    assert wanted - set(found) == {(costs[0], "n_changed")}
    worst = max(found, key=found.get)
    assert found[worst] <= 1e-8, worst


@pytest.mark.parametrize(("outcome", "family"), [("high_bp", "binomial"), ("sbp", "gaussian")])
def test_every_figure_equals_plain_statsmodels_and_numpy(nhanes, outcome, family):
    res = bop.glm(f"{outcome} ~ {GENERIC} | {PERSONAL}", nhanes, family).fit(rng=1, repeats=3)
    formulas = [f"{outcome} ~ {GENERIC}", f"{outcome} ~ {GENERIC} + {PERSONAL}"]
    rows = plain_rows(nhanes, [*COLUMNS, outcome])
    check(differences(res, rows, formulas, FAMILIES[family]), COSTS[family])


@pytest.mark.parametrize(("outcome", "family"), [("high_bp", "binomial"), ("sbp", "gaussian")])
def test_given_splits_are_the_ones_used(nhanes, outcome, family):
    folds = np.random.default_rng(0).integers(0, 4, len(nhanes))
    pairs = [(np.flatnonzero(folds != k), np.flatnonzero(folds == k)) for k in range(4)]
    res = bop.glm(f"{outcome} ~ bmi + hba1c | sex * insured", nhanes, family).fit(cv=pairs)
    rows = plain_rows(nhanes, ["bmi", "hba1c", "sex", "insured", outcome])
    formulas = [f"{outcome} ~ bmi + hba1c", f"{outcome} ~ bmi + hba1c + sex * insured"]
    for name, both in partition_costs(rows, formulas, FAMILIES[family], folds).items():
        scale = np.abs(both).max()
        np.testing.assert_allclose(res.individual[name], both[0] - both[1], atol=1e-9 * scale)
    check(differences(res, rows, formulas, FAMILIES[family]), COSTS[family])


def test_dummies_splines_and_interactions_move_together(nhanes):
    generic = "education + bmi * hba1c + np.log(hdl_chol)"
    formulas = [f"high_bp ~ {generic}", f"high_bp ~ {generic} + sex * age"]
    res = bop.glm(f"high_bp ~ {generic} | sex * age", nhanes).fit(rng=5, repeats=1)
    names = ["education", "bmi", "hba1c", "hdl_chol", "sex", "age", "high_bp"]
    rows = plain_rows(nhanes, names)
    check(differences(res, rows, formulas, FAMILIES["binomial"]), COSTS["binomial"])


def test_small_groups_get_the_same_figures(nhanes):
    few = nhanes.groupby(["sex", "race_ethnicity"], observed=True).head(25)
    formula = "high_bp ~ bmi + hba1c"
    res = bop.glm(f"{formula} | sex * race_ethnicity", few).fit(rng=3, repeats=3)
    rows = plain_rows(few, ["bmi", "hba1c", "sex", "race_ethnicity", "high_bp"])
    formulas = [formula, f"{formula} + sex * race_ethnicity"]
    assert (res.frame("zero_one")["ci_method"].iloc[:-1] == "exact unconditional").all()
    check(differences(res, rows, formulas, FAMILIES["binomial"]), COSTS["binomial"])
