"""Firth's penalty: against the likelihood written plainly, closed forms, published numbers."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from firthmodels import FirthLogisticRegression
from scipy import optimize, stats

import bopstats as bop
from bopstats.exceptions import ArgumentError, ConvergenceWarning, FitError, SeparationWarning

FORMULA = "event ~ x + z | sex * race"
ORACLES = Path(__file__).parents[1] / "oracles"


def fit(data, formula=FORMULA, cv=None, penalty="firth", fit=None, **options):
    return bop.glm(formula, data, "binomial", **options).fit(cv=cv, penalty=penalty, **(fit or {}))


def penalized(beta, x, y, weight=1.0, offset=0.0):
    """The penalised log likelihood, as Firth writes it."""
    eta = x @ beta + offset
    mu = 1 / (1 + np.exp(-eta))
    likelihood = np.sum(weight * (y * np.log(mu) + (1 - y) * np.log1p(-mu)))
    information = (x * (weight * mu * (1 - mu))[:, None]).T @ x
    return likelihood + np.linalg.slogdet(information)[1] / 2


def maximise(x, y, free=None, **parts):
    """Maximise it over the coefficients `free`, the others at 0, in standardised columns."""
    scale = np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    z = x / scale
    free = np.arange(x.shape[1]) if free is None else free

    def loss(some):
        beta = np.zeros(x.shape[1])
        beta[free] = some
        return -penalized(beta, z, y, **parts)

    start = np.zeros(len(free))
    for method in ("Nelder-Mead", "BFGS"):
        options = {"maxiter": 20_000, "maxfev": 20_000} if method == "Nelder-Mead" else {}
        start = optimize.minimize(loss, start, method=method, options=options, tol=1e-12).x
    beta = np.zeros(x.shape[1])
    beta[free] = start
    return beta / scale, -loss(start) + np.log(scale).sum()


def dummies(data):
    """Intercept, x, z, sex, race, sex:race, the columns of `FORMULA` in this order."""
    male = (data["sex"] == "male").to_numpy(float)
    black, white = ((data["race"] == r).to_numpy(float) for r in ("Black", "White"))
    one = np.ones(len(data))
    return np.column_stack(
        [one, data["x"], data["z"], male, black, white, male * black, male * white]
    )


ORDER = [
    *("Intercept", "x", "z", "sex[T.male]", "race[T.Black]", "race[T.White]"),
    *("sex[T.male]:race[T.Black]", "sex[T.male]:race[T.White]"),
]


@pytest.fixture(scope="module")
def separated(patients):
    """All Black women have the event, all White men do not."""
    data = patients.copy()
    data.loc[(data["sex"] == "female") & (data["race"] == "Black"), "event"] = 1
    data.loc[(data["sex"] == "male") & (data["race"] == "White"), "event"] = 0
    return data


@pytest.fixture(scope="module")
def endometrial():
    """Heinze and Schemper (2002), 79 women; neovasculisation NV separates high grades."""
    return pd.read_csv(ORACLES / "endometrial.csv")


@pytest.mark.parametrize("which", ["patients", "separated"])
def test_coefficients_maximise_the_penalised_likelihood(which, request):
    data = request.getfixturevalue(which)
    res = fit(data)
    x, y = dummies(data), data["event"].to_numpy()
    for model, width in ((res.generic, 3), (res.personalized, 8)):
        beta, value = maximise(x[:, :width], y)
        np.testing.assert_allclose(model.params[ORDER[:width]], beta, rtol=1e-5, atol=1e-6)
        assert model.llf == pytest.approx(value, abs=1e-9)
        assert model.llf >= value - 1e-12 * abs(value)


def test_the_gradient_is_zero_to_the_last_digits(separated):
    x, y = dummies(separated), separated["event"].to_numpy()
    beta = fit(separated).personalized.params[ORDER].to_numpy()
    mu = 1 / (1 + np.exp(-x @ beta))
    spread = mu * (1 - mu)
    inverse = np.linalg.inv((x * spread[:, None]).T @ x)
    hat = spread * np.einsum("ij,jk,ik->i", x, inverse, x)
    step = inverse @ x.T @ (y - mu + hat * (0.5 - mu))
    assert (np.abs(step) < 1e-8 * np.sqrt(np.diag(inverse))).all()


@pytest.mark.parametrize("cells", [(7, 3, 4, 9), (5, 0, 3, 6), (0, 8, 6, 0)])
def test_a_table_of_four_cells_adds_half_a_person_to_each(cells):
    a, b, c, d = cells
    rows = [("male", 1, a), ("male", 0, b), ("female", 1, c), ("female", 0, d)]
    data = pd.DataFrame([row[:2] for row in rows for _ in range(row[2])], columns=["sex", "y"])
    res = fit(data, "y ~ 1 | sex", fit={"costs": "brier"})
    slope = np.log((a + 0.5) * (d + 0.5) / ((b + 0.5) * (c + 0.5)))
    expected = [np.log((c + 0.5) / (d + 0.5)), slope]
    np.testing.assert_allclose(res.personalized.params, expected, rtol=1e-9)
    level = np.log((a + c + 0.5) / (b + d + 0.5))
    np.testing.assert_allclose(res.generic.params, [level], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        res.evaluation.rows[0].mu_personalized,
        np.where(data["sex"] == "male", (a + 0.5) / (a + b + 1), (c + 0.5) / (c + d + 1)),
        rtol=1e-9,
    )
    assert np.isfinite(res.generic.pvalues).all()


def test_published_coefficients_and_limits(endometrial):
    """Coefficients and profile limits of R's logistf; standard errors of the 2002 paper."""
    model = fit(endometrial, "HG ~ PI + EH | NV").personalized
    names = ["NV", "PI", "EH", "Intercept"]
    params = [2.92927330, -0.03475175, -2.60416387, 3.77455951]
    low, upp = [0.6097244, -0.1244587, -4.3651832, 1.0825371], [7.85463171, 0.04045547]
    upp += [-1.23272106, 7.20928050]
    np.testing.assert_allclose(model.params[names], params, rtol=1e-6)
    np.testing.assert_allclose(model.conf_int().loc[names, 0], low, rtol=1e-5)
    np.testing.assert_allclose(model.conf_int().loc[names, 1], upp, rtol=1e-5)
    np.testing.assert_allclose(model.bse[names[:3]], [1.551, 0.040, 0.776], atol=6e-4)


def test_p_values_fix_one_coefficient_within_the_full_penalty(endometrial):
    model = fit(endometrial, "HG ~ PI + EH | NV").personalized
    x = endometrial[["NV", "PI", "EH"]].assign(one=1.0).to_numpy()
    names, y = ["NV", "PI", "EH", "Intercept"], endometrial["HG"].to_numpy()
    _, best = maximise(x, y)
    for j, name in enumerate(names):
        _, without = maximise(x, y, free=np.delete(np.arange(4), j))
        expected = stats.chi2.sf(2 * (best - without), 1)
        assert model.pvalues[name] == pytest.approx(expected, rel=1e-6)
        if expected > 0.001:
            limits = model.conf_int(alpha=expected).loc[name]
            assert np.abs(limits).min() == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("which", ["patients", "separated"])
def test_anova_is_the_penalised_ratio_within_the_personalized_penalty(which, request):
    data = request.getfixturevalue(which)
    res = fit(data)
    test = res.anova()
    x, y = dummies(data), data["event"].to_numpy()
    _, best = maximise(x, y)
    _, without = maximise(x, y, free=[0, 1, 2])
    assert (test.method, test.df) == ("penalized likelihood ratio", 5)
    assert test.statistic == pytest.approx(2 * (best - without), rel=1e-8)
    assert test.pvalue == pytest.approx(stats.chi2.sf(2 * (best - without), 5), rel=1e-7)
    apart = 2 * (res.personalized.llf - res.generic.llf)
    assert abs(test.statistic - apart) > 0.5  # the penalties of the two models differ


def test_anova_does_not_depend_on_how_generic_terms_are_coded(patients):
    """z * sex codes the slope in z otherwise than z:ward does; the models stay nested."""
    ward = np.where(patients["ward"] < 20, "east", "west")
    data = patients.assign(ward=ward, east=(ward == "east") * 1.0)
    recoded = fit(data, "event ~ z:ward | z * sex").anova()
    plain = fit(data, "event ~ z + z:east | sex + z:sex").anova()
    assert recoded.df == plain.df == 2
    assert recoded.statistic == pytest.approx(plain.statistic, rel=1e-8)


def test_without_association_p_values_are_uniform():
    rng = np.random.default_rng(3)
    pvalues = []
    for _ in range(60):
        data = {"x": rng.normal(size=120), "g": rng.choice(["a", "b", "c"], 120)}
        data["y"] = (rng.random(120) < 0.3).astype(int)
        pvalues.append(fit(data, "y ~ x | g").anova().pvalue)
    assert stats.kstest(pvalues, "uniform").pvalue > 0.001


def test_separated_groups_get_finite_predictions_and_no_warning(separated):
    with pytest.warns(SeparationWarning):
        fit(separated, penalty=None)
    res = fit(separated)
    assert not any("eparation" in note for note in res.notes)
    mu = res.evaluation.rows[0].mu_personalized
    assert ((mu > 1e-4) & (mu < 1 - 1e-4)).all()
    for model in (res.generic, res.personalized):
        limits = model.conf_int()
        assert np.isfinite(limits).all(axis=None)
        assert ((limits[0] < model.params) & (model.params < limits[1])).all()


def test_the_covariance_is_the_inverse_information(separated):
    model = fit(separated).personalized
    x = dummies(separated)
    mu = 1 / (1 + np.exp(-x @ model.params[ORDER]))
    expected = np.linalg.inv((x * (mu * (1 - mu))[:, None]).T @ x)
    np.testing.assert_allclose(model.cov_params().loc[ORDER, ORDER], expected, rtol=1e-7)
    np.testing.assert_allclose(model.bse[ORDER], np.sqrt(np.diag(expected)), rtol=1e-7)
    y = separated["event"].to_numpy()
    assert model.deviance == pytest.approx(
        -2 * np.sum(y * np.log(mu) + (1 - y) * np.log1p(-mu)), rel=1e-10
    )
    assert (model.scale, model.nobs, model.df_resid) == (1.0, 300, 292)


def test_cross_fitted_costs_are_those_of_the_package_on_the_same_splits(separated):
    order = np.random.default_rng(8).permutation(len(separated))
    parts = np.array_split(order, 4)
    splits = [(np.setdiff1d(order, part), part) for part in parts]
    res = fit(separated, cv=splits)
    x, y = dummies(separated), separated["event"].to_numpy()
    expected = np.zeros((2, len(y)))
    for train, test in splits:
        for which, width in enumerate((3, 8)):
            model = FirthLogisticRegression(max_iter=200, gtol=1e-8, xtol=1e-8)
            model.fit(x[train, 1:width], y[train])
            expected[which, test] = model.predict_proba(x[test, 1:width])[:, 1]
    rows = res.evaluation.rows[0]
    np.testing.assert_allclose(rows.mu_generic, expected[0], atol=1e-8)
    np.testing.assert_allclose(rows.mu_personalized, expected[1], atol=1e-8)
    benefit = (y - expected[0]) ** 2 - (y - expected[1]) ** 2
    cells = (separated["sex"] + ", " + separated["race"]).to_numpy()
    frame = res.frame("brier").set_index("group")["bop"]
    for cell in np.unique(cells):
        assert frame[cell] == pytest.approx(benefit[cells == cell].mean(), abs=1e-8)


def test_explanations_are_of_the_penalised_coefficients(patients):
    """Masked predictions by hand: top 1 of two generic terms by contribution |βx − βx̄|."""
    res = fit(patients)
    beta, x = res.generic.params, patients[["x", "z"]]
    contribution = (x - x.mean()) * beta[["x", "z"]]
    base = beta["Intercept"] + (beta[["x", "z"]] * x.mean()).sum()
    top = np.where(contribution["x"].abs() >= contribution["z"].abs(), *contribution.to_numpy().T)
    whole = base + contribution.sum(axis=1).to_numpy()
    changed = ((whole >= 0) != (base + top >= 0)).mean()
    population = res.frame("sufficiency").set_index("group").loc["population"]
    assert population["cost_generic"] == pytest.approx(changed, abs=1e-12)


def test_frequency_weights_are_repeated_rows(separated):
    data = separated.reset_index(drop=True)
    long = data.loc[data.index.repeat(data["copies"])].reset_index(drop=True)
    short = fit(data, weights="copies", weight_type="freq")
    expected = fit(long)
    for a, b in ((short.generic, expected.generic), (short.personalized, expected.personalized)):
        np.testing.assert_allclose(a.params, b.params, rtol=1e-9)
        np.testing.assert_allclose(a.bse, b.bse, rtol=1e-9)
        assert a.llf == pytest.approx(b.llf, rel=1e-12)
        assert (a.nobs, a.df_resid) == (b.nobs, b.df_resid)
    assert short.anova().statistic == pytest.approx(expected.anova().statistic, rel=1e-9)


def test_an_offset_enters_the_penalised_likelihood(patients):
    model = fit(patients, "event ~ x | sex", offset="shift").personalized
    male = (patients["sex"] == "male").to_numpy(float)
    x = np.column_stack([np.ones(len(patients)), patients["x"], male])
    beta, value = maximise(x, patients["event"].to_numpy(), offset=patients["shift"].to_numpy())
    np.testing.assert_allclose(
        model.params[["Intercept", "x", "sex[T.male]"]], beta, rtol=1e-5, atol=1e-6
    )
    assert model.llf == pytest.approx(value, abs=1e-9)


def test_units_and_levels_of_columns_do_not_matter(separated):
    moved = separated.assign(x=1e6 * separated["x"], z=2000 + separated["z"] / 100)
    first, second = fit(separated), fit(moved)
    np.testing.assert_allclose(
        second.evaluation.rows[0].mu_personalized,
        first.evaluation.rows[0].mu_personalized,
        rtol=1e-8,
    )
    assert second.anova().statistic == pytest.approx(first.anova().statistic, rel=1e-8)
    ratio = second.personalized.conf_int().loc["z"] / first.personalized.conf_int().loc["z"]
    np.testing.assert_allclose(ratio, 100, rtol=1e-4)


def test_redundant_columns_are_dropped_before_the_penalty(patients):
    data = patients.assign(twice=2 * patients["x"] - patients["z"])
    res = fit(data, "event ~ x + z + twice | sex * race")
    assert any("Redundant columns of the generic model are dropped: twice" in n for n in res.notes)
    expected = fit(data)
    np.testing.assert_allclose(res.generic.params, expected.generic.params, rtol=1e-9)
    assert "twice" not in res.personalized.params
    assert res.anova().df == 5
    assert res.anova().statistic == pytest.approx(expected.anova().statistic, rel=1e-9)


def test_a_bootstrap_sample_is_the_analysis_of_its_copied_rows(separated):
    from bopstats.crossfit import CrossFit
    from bopstats.resampling import _Draw, refit_replicates
    from bopstats.splitting import make_plan

    order = np.random.default_rng(1).permutation(len(separated))
    pairs = [(np.setdiff1d(order, part), part) for part in np.array_split(order, 3)]
    model = bop.glm(FORMULA, separated, "binomial")
    costs = model.fit(cv=pairs, explain=False, penalty="firth").evaluation.costs
    plan = make_plan(model.design, pairs, None, "stratified", np.random.default_rng(0))
    run = CrossFit(model.design, model.family, False, costs, 0.5, None, "firth")
    found = refit_replicates(
        run, plan, run.full_fit(plan), 2, np.random.default_rng(5), lambda _: None
    )
    rng, draw = np.random.default_rng(5), _Draw(run)
    for replicate in found:
        rows = np.repeat(np.arange(len(separated)), draw(rng).astype(int))
        copies = separated.iloc[rows].reset_index(drop=True)
        splits = [
            (np.flatnonzero(np.isin(rows, train)), np.flatnonzero(np.isin(rows, test)))
            for train, test in pairs
        ]
        expected = fit(copies, cv=splits, fit={"explain": False}).frame("brier")["bop"]
        np.testing.assert_allclose(replicate[0], expected, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("how", [{"nested": True}, {"refit_bootstrap": 20}])
def test_refits_carry_the_penalty(separated, how):
    frame = fit(separated, cv=3, fit={**how, "repeats": 1, "explain": False}).frame("brier")
    # A group of one class only has no interval, whatever the fit.
    mixed = frame[(frame["events"] > 0) & (frame["events"] < frame["n"])]
    assert len(mixed) == 5
    assert np.isfinite(mixed[["ci_low", "ci_upp"]]).all(axis=None)
    assert set(mixed["ci_method"]) == {next(iter(how)).replace("_", " ")}


def test_the_summary_and_the_record_say_so(patients):
    res = fit(patients)
    text = str(res.summary())
    assert "binomial, logit link, Firth penalty" in text
    assert "penalized likelihood ratio" in text
    record = res.to_dict()
    assert record["settings"]["penalty"] == "firth"
    assert record["association"]["method"] == "penalized likelihood ratio"
    plain = fit(patients, penalty=None)
    assert "penalty" not in str(plain.summary())
    assert plain.to_dict()["settings"]["penalty"] is None
    assert repr(res.generic) == "<PenalizedResults: generic model, Firth penalty, n = 300>"


def test_different_penalties_are_not_pooled(patients):
    with pytest.raises(ArgumentError, match="results: got 'different settings'"):
        bop.pool([fit(patients), fit(patients, penalty=None)])


FREQ = {"weights": "copies", "weight_type": "freq"}
BAD = {
    "word": ({"penalty": "frith"}, {}, r"penalty: got 'frith'; allowed: 'firth' \(did you mean"),
    "number": ({"penalty": 1.0}, {}, "penalty: got 1.0; allowed: 'firth'"),
    "link": ({}, {"link": "probit"}, "binomial family, probit link; allowed: .* the logit link"),
    "sampling": ({}, {**FREQ, "weight_type": "prob"}, "weight_type='prob'; allowed: no weights"),
    "precision": ({}, {**FREQ, "weight_type": "precision"}, "weight_type='precision'; allowed"),
    "clusters": ({}, {"cluster": "ward"}, "'firth' with cluster=; allowed: independent rows"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_honoured_is_refused(patients, case):
    how, options, message = BAD[case]
    with pytest.raises(ArgumentError, match=message):
        fit(patients, **how, **options)


@pytest.mark.parametrize(("outcome", "family"), [("count", "poisson"), ("level", "gaussian")])
def test_other_families_are_refused(patients, outcome, family):
    with pytest.raises(ArgumentError, match=f"with the {family} family.*allowed: the binomial"):
        bop.glm(f"{outcome} ~ x | sex", patients, family).fit(penalty="firth")


def test_a_missing_package_is_named(patients, monkeypatch):
    monkeypatch.setitem(sys.modules, "firthmodels", None)
    with pytest.raises(ArgumentError, match=r"needs the package firthmodels; pip install 'bop"):
        fit(patients)


def test_training_rows_of_one_class_are_an_error(patients):
    data = patients.assign(event=(np.arange(len(patients)) < 20).astype(int))
    half = np.arange(20, 300)
    with pytest.raises(FitError, match=r"generic model .* training rows all have outcome 0"):
        fit(data, cv=[(half, np.arange(20))])


def test_levels_of_limits_are_checked(patients):
    with pytest.raises(ArgumentError, match="alpha: got 5"):
        fit(patients).generic.conf_int(5)


def test_what_is_not_found_is_nan_and_named():
    """Perfect separation by one tall column: the profile is flat beyond what doubles resolve."""
    z = np.random.default_rng(0).exponential(size=120) ** 3
    data = {"z": z, "x": np.arange(120) % 7, "g": np.tile(["a", "b"], 60)}
    data["y"] = (z > np.median(z)).astype(int)
    model = fit(data, "y ~ z + x | g").generic
    with pytest.warns(ConvergenceWarning, match=r"conf_int: no profile limit was found for .* gen"):
        limits = model.conf_int(1e-6)
    known = np.isfinite(limits).all(axis=1)
    assert not known.all()
    assert ((limits[0] < model.params) & (model.params < limits[1]))[known].all()
