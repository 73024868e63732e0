import numpy as np
import pytest
from scipy import stats

import bopstats as bop
from bopstats.inference.bootstrap_limits import sidak


@pytest.fixture(scope="module")
def res():
    nhanes = bop.datasets.load_nhanes()
    model = bop.glm("high_bp ~ bmi + hba1c + sleep_hours | sex * insured", nhanes)
    return model.fit(rng=4, repeats=1, costs=("brier", "zero_one", "auc"))


@pytest.mark.parametrize("ci", ["bca", "percentile"])
def test_bootstrap_limits_are_near_scipys(res, ci):
    rows = res.evaluation.rows[0]
    frame = res.frame("brier", ci=ci)
    for g in range(4):
        benefit = rows.benefit[0][rows.group == g]
        other = stats.bootstrap(
            (benefit,), np.mean, method=ci, n_resamples=1999, rng=np.random.default_rng(g)
        )
        error = other.standard_error
        low, high = other.confidence_interval
        # Monte Carlo error of a 2.5 % quantile of 1999 replicates is about 0.06 standard errors.
        assert frame["ci_low"][g] == pytest.approx(low, abs=0.3 * error)
        assert frame["ci_upp"][g] == pytest.approx(high, abs=0.3 * error)
        assert frame["ci_method"][g] == ci


def test_bootstrap_tests_and_limits_agree_and_repeat(res):
    frame = res.frame(ci="bca")
    assert ((frame["p_benefit"] <= 0.025) == (frame["ci_low"] >= 0)).all()
    assert ((frame["p_harm"] <= 0.025) == (frame["ci_upp"] <= 0)).all()
    assert frame.equals(res.frame(ci="bca"))


def test_auc_gets_intervals_by_the_bootstrap_only(res):
    assert res.frame("auc")["ci_low"].isna().all()
    frame = res.frame("auc", ci="percentile")
    assert (frame["ci_low"] <= frame["bop"]).all()
    assert (frame["bop"] <= frame["ci_upp"]).all()


def test_simultaneous_limits_are_sidaks_and_leave_the_population_alone(res):
    plain = res.frame("brier")
    wide = res.frame("brier", simultaneous=True)
    expected = res.frame("brier", alpha=sidak(0.05, 4))
    np.testing.assert_allclose(wide["ci_low"][:-1], expected["ci_low"][:-1], rtol=1e-12)
    assert wide["ci_low"].iloc[-1] == plain["ci_low"].iloc[-1]
    assert wide["p_benefit"].equals(plain["p_benefit"])
    together = res.frame("brier", ci="bca", simultaneous=True)
    alone = res.frame("brier", ci="bca")
    assert (together["ci_low"][:-1] < alone["ci_low"][:-1]).all()


def test_an_unknown_kind_of_interval_is_named(res):
    with pytest.raises(bop.BopError, match="ci: got 'wald'"):
        res.frame(ci="wald")
