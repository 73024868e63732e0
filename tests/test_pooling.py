import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.imputation import mice

import bopstats as bop


@pytest.fixture(scope="module")
def analyses():
    people = bop.datasets.load_nhanes().iloc[:900]
    rng = np.random.default_rng(7)
    fits = []
    for _ in range(4):
        noisy = people.assign(bmi=people["bmi"] + rng.normal(0, 6, len(people)))
        fits.append(bop.glm("sbp ~ bmi + hba1c | sex", noisy).fit(repeats=1, rng=2))
    return fits


def test_rubins_rules_by_hand(analyses):
    frames = [each.frame("squared_error") for each in analyses]
    q = np.array([frame["bop"] for frame in frames])
    u = np.array([frame["std_err"] for frame in frames]) ** 2
    m, between = len(q), q.var(axis=0, ddof=1)
    total = u.mean(axis=0) + (1 + 1 / m) * between
    pooled = bop.pool(analyses).frame("squared_error")
    np.testing.assert_allclose(pooled["bop"], q.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(pooled["std_err"], np.sqrt(total), rtol=1e-12)
    # Barnard and Rubin (1999), equation 3
    lam = (1 + 1 / m) * between / total
    complete = frames[0]["n"] - 1
    observed = (complete + 1) / (complete + 3) * complete * (1 - lam)
    df = 1 / (lam**2 / (m - 1) + 1 / observed)
    half = stats.t.ppf(0.975, df) * np.sqrt(total)
    np.testing.assert_allclose(pooled["ci_low"], q.mean(axis=0) - half, rtol=1e-9)
    expected = stats.t.sf(q.mean(axis=0) / np.sqrt(total), df)
    np.testing.assert_allclose(pooled["p_benefit"], expected, rtol=1e-9)


def test_pooling_copies_changes_no_estimate(analyses):
    one = analyses[0]
    pooled = bop.pool([one, one, one])
    np.testing.assert_allclose(pooled.frame()["bop"], one.frame()["bop"], rtol=1e-12)
    again = pooled.frame("squared_error")["std_err"]
    np.testing.assert_allclose(again, one.frame("squared_error")["std_err"], rtol=1e-12)
    assert pooled.anova() == one.anova()


def test_pooled_results_have_a_summary_a_gamma_and_a_test(analyses):
    pooled = bop.pool(analyses)
    text = pooled.summary(effect=1.0).as_text()
    assert "4 imputations combined by Rubin's rules" in text
    assert "t (Rubin)" in text
    assert pooled.gamma().covers == (2, 2)
    assert pooled.test(effect=1.0).error_lower["error_lower"].notna().all()
    with pytest.raises(bop.BopError, match="results"):
        _ = pooled.generic


def test_the_pooled_association_is_d2(analyses):
    tests = [each.anova() for each in analyses]
    d = np.array([each.statistic * each.df for each in tests])
    m, k = len(d), tests[0].df
    r = (1 + 1 / m) * np.sqrt(d).var(ddof=1)
    expected = (d.mean() / k - (m + 1) / (m - 1) * r) / (1 + r)
    assert bop.pool(analyses).anova().statistic == pytest.approx(max(expected, 0), rel=1e-12)


def test_imputations_of_statsmodels_mice_are_pooled():
    people = bop.datasets.load_nhanes().iloc[:500]
    rng = np.random.default_rng(0)
    holes = people[["sbp", "bmi", "hba1c"]].astype(float)
    holes = holes.mask(rng.random(holes.shape) < 0.1)
    holes["male"] = (people["sex"] == "male").astype(float).to_numpy()
    np.random.seed(3)  # noqa: NPY002 - statsmodels' MICE draws from the global generator
    data = mice.MICEData(pd.DataFrame(holes.to_numpy(), columns=holes.columns))
    fits = []
    for _ in range(3):
        data.update_all(2)
        fits.append(bop.glm("sbp ~ bmi + hba1c | male", data.data).fit(repeats=1, rng=1))
    frame = bop.pool(fits).frame("squared_error")
    assert frame["n"].tolist()[-1] == 500
    within = [fit.frame("squared_error")["std_err"].iloc[-1] ** 2 for fit in fits]
    assert frame["std_err"].iloc[-1] ** 2 >= np.mean(within) * (1 - 1e-12)


def test_heterogeneity_of_pooled_benefits_is_that_of_their_frame(analyses):
    pooled = bop.pool(analyses)
    rows = pooled.frame(pooled.evaluation.costs[0].name).iloc[:-1]
    weight = rows["std_err"] ** -2.0
    mean = np.average(rows["bop"], weights=weight)
    found = pooled.test(kind="heterogeneity")
    assert found.statistic == pytest.approx((weight * (rows["bop"] - mean) ** 2).sum(), rel=1e-9)
    assert (found.method, found.df) == ("Cochran's Q", len(rows) - 1)
    assert f"Cochran's Q = {found.statistic:.2f}" in pooled.summary().as_text()
    z = -stats.norm.ppf(rows["p_benefit"])
    omnibus = pooled.test(kind="gail_simon")
    assert omnibus.statistic == pytest.approx((np.minimum(z, 0) ** 2).sum(), rel=1e-9)


def test_what_cannot_be_pooled_is_refused(analyses):
    other = bop.glm("sbp ~ bmi | sex", bop.datasets.load_nhanes()).fit(repeats=1)
    with pytest.raises(bop.BopError, match="at least two"):
        bop.pool(analyses[:1])
    for given in (3, [analyses[0], "another"]):
        with pytest.raises(bop.BopError, match="at least two BoPResults"):
            bop.pool(given)
    with pytest.raises(bop.BopError, match="calibration: needs the rows"):
        bop.pool(analyses).calibration()
    with pytest.raises(bop.BopError, match="different settings"):
        bop.pool([analyses[0], other])
