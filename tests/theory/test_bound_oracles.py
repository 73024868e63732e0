"""Bounds, budgets and effective sizes against numbers computed elsewhere."""

import math

import mpmath
import numpy as np
import pytest
from oracle_cases import FUNCTIONS, cases, relative
from test_moment_oracles import COSTS, DIFFERENCES

from bopstats.planning import attribute_budget, attribute_menu, detectable_effect, sample_size
from bopstats.theory import (
    Bounded,
    BoundedVariance,
    Gaussian,
    Laplace,
    PublishedCategorical,
    PublishedLaplace,
    Ternary,
    _engine,
    budget,
    effective_size_clusters,
    effective_size_weights,
    error_lower_bound,
    error_upper_bound,
    mse,
    mse_lower_bound,
)
from bopstats.theory._cantelli import cantelli_lower

FAMILIES = {
    "gauss": lambda p: Gaussian(float(p)),
    "hcr": lambda p: BoundedVariance(float(p)),
    "bounded": lambda p: Bounded(-float(p), float(p)),
    "ternary": lambda p: Ternary(float(p)),
    "paper_cat": lambda _: PublishedCategorical(),
    "laplace": lambda p: Laplace(float(p)),
}
TESTED = {
    *DIFFERENCES, *COSTS, "lnc_gauss2", "lnc_laplace", "lnc_laplace_loose",
}  # fmt: skip


def asked(*functions):
    """Return the cases, and remember that a test asks for them."""
    TESTED.update(functions)
    return cases(*functions)


def law_of(inputs):
    parameter = inputs.get("sigma", inputs.get("R"))
    return FAMILIES[inputs["family"]](parameter)


def close(got, value, tolerance=1e-12):
    """Compare; a bound that is clipped at 0 where the printed one is negative is right."""
    truth = mpmath.mpf(value)
    if truth <= 0:
        assert got == 0.0
    elif truth < 1e-300:
        assert got <= 1e-300
    else:
        assert relative(float(got), value) < tolerance


@pytest.mark.parametrize(("inputs", "value"), asked("log_chi2_equal"))
def test_log_chi2(inputs, value):
    d = 2 ** inputs["k"]
    moment = law_of(inputs).log_moment(float(inputs["eps"]))
    exponent = np.array([[float(inputs["N"]) / d * moment]])
    got = _engine.log_chi2(exponent, np.array([[float(d)]]))[0]
    assert got == pytest.approx(float(value), rel=1e-12)


@pytest.mark.parametrize(("inputs", "value"), asked("pe_lower_paper", "pe_lower_sharp"))
def test_equal_groups(inputs, value):
    method = "published" if inputs["function"] == "pe_lower_paper" else "chi2"
    d = 2 ** inputs["k"]
    size = float(inputs["N"]) / d
    got = error_lower_bound(
        float(inputs["eps"]), size, law_of(inputs), n_groups=float(d), method=method
    )
    close(got, value)


@pytest.mark.parametrize(("inputs", "value"), asked("pe_lower_opt_weights"))
def test_best_weights(inputs, value):
    sigma = inputs["sigma"]
    laws = (
        [Gaussian(float(s)) for s in sigma] if isinstance(sigma, list) else Gaussian(float(sigma))
    )
    close(error_lower_bound(float(inputs["eps"]), inputs["m"], laws, method="chi2"), value)


@pytest.mark.parametrize(
    ("inputs", "value"), asked("pe_lower_uniform_paper", "pe_lower_uniform_sharp")
)
def test_uniform_weights(inputs, value):
    # The formula alone: the bounds themselves answer 1 where a group is empty.
    moment = law_of(inputs).log_moment(float(inputs["eps"]))
    exponent = np.array([[m * moment for m in inputs["m"]]])
    log_x = _engine.log_chi2_uniform(exponent, np.ones_like(exponent))
    sharp = inputs["function"].endswith("sharp")
    close((_engine.sharp_bound if sharp else _engine.printed_bound)(log_x)[0], value)
    if not sharp and 0 not in inputs["m"]:
        law = law_of(inputs)
        close(error_lower_bound(float(inputs["eps"]), inputs["m"], law, method="published"), value)


@pytest.mark.parametrize(
    ("inputs", "value"), asked("k_max_lambert", "k_max_exact", "k_max_exact_sharp")
)
def test_attributes(inputs, value):
    literature = inputs["family"] == "laplace_loose"
    with mpmath.workdps(60):
        scale = mpmath.mpf(inputs.get("sigma", "1")) / mpmath.sqrt(2)
        eps = mpmath.mpf(inputs["eps"])
        if literature:
            moment = PublishedLaplace(1.0).log_moment(eps / scale, digits=40)
        elif inputs["family"] == "laplace":
            moment = Laplace(1.0).log_moment(eps / scale, digits=40)
        else:
            moment = law_of(inputs).log_moment(inputs["eps"], digits=40)
        sharp = inputs["function"] == "k_max_exact_sharp"
        threshold = budget.chi2_threshold(inputs["tau"], "sharp" if sharp else "published")
        invert = (
            budget.exact_log_groups
            if "exact" in inputs["function"]
            else (budget.lambert_log_groups)
        )
        groups = invert(inputs["N"], moment, threshold, 40)
        got = groups / mpmath.log(inputs.get("levels", 2))
    assert relative(got, value) < 1e-30


@pytest.mark.parametrize(("inputs", "value"), asked("k_max_exact_sharp"))
def test_attributes_of_a_budget(inputs, value):
    plan = attribute_budget(
        float(inputs["N"]), float(inputs["eps"]), law_of(inputs),
        max_error=float(inputs["tau"]), digits=40,
    )  # fmt: skip
    assert relative(plan.exact, value) < 1e-30
    assert plan.necessary_any == math.floor(float(value))


@pytest.mark.parametrize(("inputs", "value"), asked("k_max_prevalence_int"))
def test_attributes_with_a_prevalence(inputs, value):
    n, p, law = float(inputs["N"]), float(inputs["p"]), law_of(inputs)
    threshold = float(inputs["tau"])

    def excluded(k):
        r = np.arange(k + 1)
        sizes, counts = n * p**r * (1 - p) ** (k - r), [math.comb(k, j) for j in r]
        exponent = sizes[None] * law.log_moment(float(inputs["eps"]))
        log_x = _engine.log_chi2(exponent, np.array([counts], dtype=float))
        return _engine.sharp_bound(log_x)[0] > threshold

    k = int(value)
    assert not excluded(k)
    assert excluded(k + 1)


def test_menu_agrees_with_a_prevalence():
    # 22 attributes are more than a menu lists; at p = 0.1 the limit of 8 fits.
    shares = {f"a{j}": [0.1, 0.9] for j in range(9)}
    menu = attribute_menu(shares, 8e9, 0.01, Gaussian(0.1), max_error=0.5)
    most = max(len(item.attributes) for item in menu.items if item.error_lower <= 0.5)
    assert most <= 8


@pytest.mark.parametrize(("inputs", "value"), asked("N_necessary"))
def test_necessary_rows(inputs, value):
    form = {"paper": "published", "sharp": "sharp"}[inputs["form"]]
    d = 2 ** inputs["k"]
    moment = law_of(inputs).log_moment(inputs["eps"], digits=40)
    with mpmath.workdps(60):
        threshold = budget.chi2_threshold(inputs["tau"], form)
        assert relative(budget.necessary_rows(d, moment, threshold, 40), value) < 1e-30
    if form == "sharp":
        plan = sample_size(
            inputs["k"], float(inputs["eps"]), law_of(inputs), max_error=float(inputs["tau"])
        )
        with mpmath.workdps(60):
            assert plan.necessary_any == int(mpmath.ceil(mpmath.mpf(value)))


@pytest.mark.parametrize(("inputs", "value"), asked("eps_detectable"))
def test_detectable_effect(inputs, value):
    law = FAMILIES[inputs["family"]](inputs["param"] or 0)
    n, k = float(inputs["N"]), inputs["k"]
    plan = detectable_effect(n, k, law, max_error=float(inputs["tau"]))
    with mpmath.workdps(60):
        d = 2**k
        rate = d * mpmath.log1p(budget.chi2_threshold(inputs["tau"]) * d) / mpmath.mpf(inputs["N"])
        if mpmath.mpf(value) < law._largest():
            assert relative(law.log_moment(value, digits=45), mpmath.nstr(rate, 45)) < 1e-30
    if 2**k > n:
        # Some group is empty: no effect can be found, whatever the formula says.
        assert plan.necessary_any == plan.necessary == "none"
        return
    assert relative(plan.necessary_any, value) < 1e-12


@pytest.mark.parametrize(("inputs", "value"), asked("pe_lower_trunc_gauss", "pe_upper_gauss"))
def test_normal_benefits(inputs, value):
    delta, d = float(inputs["delta"]), inputs["d"]
    if inputs["function"] == "pe_upper_gauss":
        got = error_upper_bound(delta, 1, Gaussian(1.0), n_groups=d)
    else:
        got = error_lower_bound(delta, 1, Gaussian(1.0), n_groups=d, method="truncated")
    close(got, value, 1e-9)


@pytest.mark.parametrize(("inputs", "value"), asked("pe_upper_gauss_uneq"))
def test_normal_benefits_of_unequal_groups(inputs, value):
    sizes = np.array([float(delta) for delta in inputs["deltas"]]) ** 2
    close(error_upper_bound(1.0, sizes, Gaussian(1.0)), value)


@pytest.mark.parametrize(
    ("inputs", "value"), asked("pe_lower_trunc_bounded", "pe_upper_bounded", "pe_upper_ternary")
)
def test_whole_sums(inputs, value):
    eps, m, d = float(inputs["eps"]), inputs["m"], inputs["d"]
    law = (
        Ternary(float(inputs["q"]))
        if "q" in inputs
        else Bounded(float(inputs["a"]), float(inputs["b"]))
    )
    if inputs["function"] == "pe_lower_trunc_bounded":
        got = error_lower_bound(eps, m, law, n_groups=d, method="truncated")
    else:
        got = error_upper_bound(eps, m, law, n_groups=d)
    close(got, value)


@pytest.mark.parametrize(("inputs", "value"), asked("pe_lower_cantelli", "pe_lower_cantelli_uneq"))
def test_two_point_law_of_cantelli(inputs, value):
    sizes = np.atleast_2d(inputs["m"]).astype(float)
    law, eps = BoundedVariance(float(inputs["sigma"])), float(inputs["eps"])
    counts = np.full_like(sizes, inputs.get("d", 1))
    close(cantelli_lower(sizes * law.log_moment(eps), counts)[0], value)
    best = error_lower_bound(eps, inputs["m"], law, n_groups=inputs.get("d"))
    assert best >= float(value) * (1 - 1e-12)


@pytest.mark.parametrize(("inputs", "value"), asked("m_sufficient_opt"))
def test_sufficient_rows(inputs, value):
    d, tau = inputs["d"], float(inputs["tau"])
    law = Gaussian(float(inputs["sigma"]))
    m = float(value)
    at = error_upper_bound(
        float(inputs["eps"]), m * np.array([1 - 1e-9, 1 + 1e-9]), law, n_groups=d
    )
    assert at[0] > tau > at[1]
    plan = sample_size(int(math.log2(d)), float(inputs["eps"]), law, max_error=tau)
    assert plan.sufficient == d * math.ceil(m)


@pytest.mark.parametrize(("inputs", "value"), asked("m_sufficient_split"))
def test_sufficient_rows_with_equal_errors(inputs, value):
    # The level split evenly is one threshold of many: it cannot beat the best one.
    law, d = Gaussian(float(inputs["sigma"])), inputs["d"]
    assert error_upper_bound(float(inputs["eps"]), float(value), law, n_groups=d) < float(
        inputs["tau"]
    )


@pytest.mark.parametrize(("inputs", "value"), asked("mse_lower_bl", "mse_lower_closed"))
def test_mean_squared_error(inputs, value):
    law = {"gauss": Gaussian, "hcr": BoundedVariance}[inputs["class"]](float(inputs["sigma_or_R"]))
    m, d = inputs["m"], inputs["d"]
    problem = mse.make_problem(0.0, m, law, d)
    brown_low = mse._brown_low(problem, mse.WIDEST)[0]
    if inputs["function"] == "mse_lower_bl":
        assert relative(brown_low, value) < 1e-9
    else:
        assert brown_low >= float(value)
    one_group = float(inputs["sigma_or_R"]) ** 2 / m
    assert mse_lower_bound(m, law, n_groups=d) == pytest.approx(max(brown_low, one_group))


@pytest.mark.parametrize(("inputs", "value"), asked("neff_cluster"))
def test_clusters(inputs, value):
    got = effective_size_clusters(inputs["sizes"], float(inputs["icc"]))
    assert relative(got, value) < 1e-12


@pytest.mark.parametrize(("inputs", "value"), asked("neff_kish"))
def test_weights(inputs, value):
    got = effective_size_weights([float(w) for w in inputs["weights"]])
    assert relative(got, value) < 1e-12


def test_every_oracle_is_used():
    assert set(FUNCTIONS) <= TESTED
