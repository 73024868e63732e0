"""Paired 0-1 inference against brute force, exact enumeration, mpmath, R and published examples."""

from __future__ import annotations

from pathlib import Path

import mpmath as mp
import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from bopstats.exceptions import ArgumentError
from bopstats.inference.paired import (
    ENOUGH,
    EXACT,
    METHODS,
    SMALL_GROUP,
    choose_method,
    clopper_pearson,
    mcnemar_exact,
    paired_interval,
    paired_pvalues,
)
from bopstats.inference.paired_exact import ORDER_LEVEL, Q_ERROR, _region
from bopstats.inference.paired_tango import tango_low

ORACLES = Path(__file__).parent.parent / "oracles"
TABLES = [(n, b, c) for n in (1, 2, 3, 7, 12) for b in range(n + 1) for c in range(n + 1 - b)]


def tango_by_definition(n, b, c, null):
    """Tango's statistic from a numerically constrained multinomial likelihood."""

    def loglik(p_minus):
        p_plus = p_minus + null
        return -sum(
            k * np.log(max(p, 1e-300))
            for k, p in ((b, p_plus), (c, p_minus), (n - b - c, 1 - p_plus - p_minus))
        )

    low, high = max(0.0, -null), (1 - null) / 2
    best = optimize.minimize_scalar(
        loglik, bounds=(low, high), method="bounded", options={"xatol": 1e-13}
    ).x
    return (b - c - n * null) / np.sqrt(n * (2 * best + null - null**2))


@pytest.mark.parametrize(("n", "b", "c"), [(20, 5, 2), (44, 3, 1), (160, 40, 20), (10, 9, 1)])
@pytest.mark.parametrize("null", [-0.4, -0.1, 0.0, 0.05, 0.3])
def test_tango_statistic_is_the_score_at_the_constrained_mle(n, b, c, null):
    p_benefit, p_harm = paired_pvalues(n, b, c, null=null, method="tango")
    statistic = tango_by_definition(n, b, c, null)
    assert p_benefit == pytest.approx(stats.norm.sf(statistic), rel=1e-5)
    assert p_harm == pytest.approx(stats.norm.cdf(statistic), rel=1e-5)


@pytest.mark.parametrize(("n", "b", "c"), [*TABLES, (160, 40, 20), (1000, 3, 9)])
@pytest.mark.parametrize("alpha", [0.5, 0.05, 1e-4])
@pytest.mark.parametrize("method", METHODS)
def test_limits_and_pvalues_invert_each_other(n, b, c, alpha, method):
    low, high = paired_interval(n, b, c, alpha=alpha, method=method)
    assert -1 <= low <= (b - c) / n <= high <= 1
    if low > -1:
        at = paired_pvalues(n, b, c, null=low, method=method)[0]
        assert at == pytest.approx(alpha / 2, rel=1e-7)
    if high < 1:
        at = paired_pvalues(n, b, c, null=high, method=method)[1]
        assert at == pytest.approx(alpha / 2, rel=1e-7)
    for null in np.linspace(-0.99, 0.99, 23) + np.pi * 1e-4:
        p_benefit, p_harm = paired_pvalues(n, b, c, null=null, method=method)
        assert (p_benefit <= alpha / 2) == (low >= null)
        assert (p_harm <= alpha / 2) == (high <= null)


@pytest.mark.parametrize("method", METHODS)
def test_swapping_the_models_flips_every_sign_bit_for_bit(method):
    for n, b, c in [*TABLES, (200, 31, 17), (1000, 0, 3)]:
        low, high = paired_interval(n, b, c, alpha=0.05, method=method)
        assert paired_interval(n, c, b, alpha=0.05, method=method) == (-high, -low)
        p_benefit, p_harm = paired_pvalues(n, b, c, null=0.07, method=method)
        assert paired_pvalues(n, c, b, null=-0.07, method=method) == (p_harm, p_benefit)


@pytest.mark.parametrize("method", METHODS)
def test_pvalues_rise_with_the_null_and_limits_with_the_counts(method):
    nulls = np.linspace(-0.995, 0.995, 81)
    for n, b, c in TABLES:
        p = np.array([paired_pvalues(n, b, c, null=d, method=method) for d in nulls])
        assert (np.diff(p[:, 0]) >= -1e-12).all()
        assert (np.diff(p[:, 1]) <= 1e-12).all()
        low, high = paired_interval(n, b, c, method=method)
        if b + c < n:
            more = paired_interval(n, b + 1, c, method=method)
            assert more[0] > low
            assert more[1] >= high
            worse = paired_interval(n, b, c + 1, method=method)
            assert worse[0] <= low
            assert worse[1] < high


def coverage(n, method, deltas, shares, alpha=0.05):
    """Return the smallest coverage over the grid, by enumeration of all outcomes."""
    tables = [(b, c) for b in range(n + 1) for c in range(n + 1 - b)]
    limits = np.array([paired_interval(n, b, c, alpha=alpha, method=method) for b, c in tables])
    b, c = np.array(tables).T
    worst = [1.0, 1.0, 1.0]
    for q in shares:
        for delta in deltas * q:
            p_plus, p_minus = (q + delta) / 2, (q - delta) / 2
            pmf = stats.multinomial.pmf(
                np.stack([b, c, n - b - c], axis=1), n, [p_plus, p_minus, 1 - p_plus - p_minus]
            )
            below, above = limits[:, 0] > delta, limits[:, 1] < delta
            now = (1 - pmf[below | above].sum(), 1 - pmf[below].sum(), 1 - pmf[above].sum())
            worst = [min(pair) for pair in zip(worst, now, strict=True)]
    return worst


GRID = {
    "deltas": np.array([-1, -0.9, -0.6, -0.3, -0.01, 0, 0.1, 0.5, 0.8, 0.97, 1]),
    "shares": np.array([0.005, 0.02, 0.06, 0.15, 0.3, 0.5, 0.8, 0.95, 1.0]),
}


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("n", [1, 2, 5, 10, 20])
@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_exact_methods_never_cover_less_than_they_say(n, method, alpha):
    both, low, high = coverage(n, method, alpha=alpha, **GRID)
    assert both >= 1 - alpha - 1e-9
    assert low >= 1 - alpha / 2 - 1e-9
    assert high >= 1 - alpha / 2 - 1e-9


def brute_unconditional(n, b, c, null, points=4001):
    """The p-value by its definition: all outcomes, any p_plus - p_minus = null, no shortcut."""
    tables = np.array([(y, z) for y in range(n + 1) for z in range(n + 1 - y)])
    order = np.array([tango_low(n, y, z, ORDER_LEVEL) for y, z in tables])
    here = order[(tables == [b, c]).all(axis=1)][0]
    upper_q = 1.0 if b + c == n else stats.beta.isf(Q_ERROR, b + c + 1, n - b - c)
    most = n if b + c == n else stats.binom.isf(Q_ERROR, n, upper_q)
    rows = tables[(order >= here - 1e-10) | (tables.sum(axis=1) > most)]
    q = abs(null) + (upper_q - abs(null)) * np.linspace(0, 1, points) ** 2
    p = np.stack([(q + null) / 2, (q - null) / 2, 1 - q], axis=1)
    outcomes = np.column_stack([rows, n - rows.sum(axis=1)])
    total = sum(stats.multinomial.pmf(row, n, p) for row in outcomes)
    return min(1.0, Q_ERROR + float(total.max()))


@pytest.mark.parametrize(
    ("n", "b", "c"), [(1, 1, 0), (4, 1, 1), (7, 3, 0), (10, 0, 0), (12, 7, 2), (15, 1, 3)]
)
@pytest.mark.parametrize("null", [-0.3, -0.05, 0.0, 0.1])
def test_exact_unconditional_is_its_definition(n, b, c, null):
    p_benefit, p_harm = paired_pvalues(n, b, c, null=null, method="exact unconditional")
    assert p_benefit == pytest.approx(brute_unconditional(n, b, c, null), rel=1e-5)
    assert p_harm == pytest.approx(brute_unconditional(n, c, b, -null), rel=1e-5)
    assert p_benefit >= brute_unconditional(n, b, c, null) * (1 - 1e-9)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 6, 9, 14, 20, 33, 50, 51, 120])
def test_the_ordering_is_closed_under_going_up(n):
    # Point 3 of the proof in paired_exact: S rises when one person goes from -1 to 0 or 0 to +1.
    s = np.full((n + 1, n + 1), np.nan)
    for b in range(n + 1):
        for c in range(n + 1 - b):
            s[b, c] = tango_low(n, b, c, ORDER_LEVEL)
    up, down = np.diff(s, axis=0), np.diff(s, axis=1)
    assert (up[~np.isnan(up)] > 0).all()
    assert (down[~np.isnan(down)] < 0).all()


def test_the_largest_tail_is_not_missed_between_grid_points():
    rng = np.random.default_rng(5)
    for n in (3, 10, 30, 50, 400):
        for _ in range(8):
            b, c = (int(k) for k in rng.integers(0, min(ENOUGH, n // 2) + 1, 2))
            region = _region(n, b, c)
            null = float(rng.uniform(-0.9, 0.9)) * region.upper_q
            dense = region.log_probability(null, np.linspace(0, np.pi / 2, 3001)).max()
            assert region.worst(null)[0] >= dense - 1e-9


def test_tail_sums_keep_their_digits_in_large_groups():
    n, q, null = 10**7, mp.mpf("1.7e-6"), mp.mpf("-3e-7")
    region = _region(n, 6, 1)
    angle = np.arcsin(np.sqrt(float((q - abs(null)) / (region.upper_q - abs(null)))))
    with mp.workdps(40):
        plus, minus = (q + null) / 2, (q - null) / 2
        inside = mp.fsum(
            mp.binomial(n, b) * mp.binomial(n - b, c) * plus**b * minus**c * (1 - q) ** (n - b - c)
            for b, c in region.counts[:2].T.astype(int).tolist()
        )
        beyond = 1 - mp.fsum(
            mp.binomial(n, m) * q**m * (1 - q) ** (n - m) for m in range(region.most + 1)
        )
        expected = float(inside + beyond)
    found = np.exp(region.log_probability(float(null), angle)[0])
    assert found == pytest.approx(expected, rel=1e-8)


def rule_errors(n, p_plus, p_minus, tail=9.0):
    """Return how often the chosen method's limits miss above and below, by enumeration."""
    delta, q = p_plus - p_minus, p_plus + p_minus
    spread = tail * np.sqrt(n * q * (1 - q)) + tail
    low = high = 0.0
    for m in range(max(0, int(n * q - spread)), min(n, int(n * q + spread)) + 1):
        method = choose_method(n, m)
        weight = stats.binom.pmf(m, n, q)
        limits = np.array(
            [paired_interval(n, b, m - b, method=method) for b in range(m + 1)]
        ).reshape(-1, 2)
        share = stats.binom.pmf(np.arange(m + 1), m, p_plus / q)
        low += weight * share[limits[:, 0] > delta].sum()
        high += weight * share[limits[:, 1] < delta].sum()
    return low, high


@pytest.mark.parametrize("n", [10, 30, 100, 1000])
@pytest.mark.parametrize("changed", [0.005, 0.05])
@pytest.mark.parametrize("lean", [0.0, 0.3, 0.8])
def test_the_rule_covers(n, changed, lean):
    low, high = rule_errors(n, changed * (1 + lean) / 2, changed * (1 - lean) / 2)
    assert low + high <= 0.07
    if n <= SMALL_GROUP:
        assert low <= 0.025
        assert high <= 0.025


def test_nothing_changed_is_never_a_point():
    for n in (1, 5, 50, 2000):
        method = choose_method(n, 0)
        assert method in EXACT
        low, high = paired_interval(n, 0, 0, method=method)
        assert low == -high
        assert low < 0
        assert paired_pvalues(n, 0, 0, method=method)[0] > 0.05


def test_no_people_tells_nothing():
    for method in METHODS:
        assert paired_interval(0, 0, 0, method=method) == (-1.0, 1.0)
        assert paired_pvalues(0, 0, 0, method=method) == (1.0, 1.0)


@pytest.mark.parametrize("x", [0, 1, 4, 19, 20])
@pytest.mark.parametrize("alpha", [0.05, 1e-8])
def test_clopper_pearson_solves_the_binomial_tails(x, alpha):
    n = 20
    low, high = clopper_pearson(x, n, alpha)
    with mp.workdps(40):

        def tail(p, lowest, highest):
            return mp.fsum(
                mp.binomial(n, k) * mp.mpf(p) ** k * (1 - mp.mpf(p)) ** (n - k)
                for k in range(lowest, highest + 1)
            )

        at_low, at_high = float(tail(low, x, n)), float(tail(high, 0, x))
    assert low == 0 if x == 0 else at_low == pytest.approx(alpha / 2, rel=1e-10)
    assert high == 1 if x == n else at_high == pytest.approx(alpha / 2, rel=1e-10)
    assert clopper_pearson(x, n, alpha / 2, sides=1) == (low, high)


def test_mcnemar_is_the_binomial_tail():
    for b, c in [(0, 0), (9, 1), (3, 3), (0, 7), (120, 60)]:
        m = b + c
        p_benefit, p_harm = mcnemar_exact(b, c)
        assert p_benefit == pytest.approx(stats.binom.sf(b - 1, m, 0.5) if m else 1, rel=1e-10)
        assert p_harm == pytest.approx(stats.binom.sf(c - 1, m, 0.5) if m else 1, rel=1e-10)


def test_tango_at_zero_is_mcnemars_asymptotic_statistic():
    p_benefit, _ = paired_pvalues(500, 31, 17, method="tango")
    assert p_benefit == pytest.approx(stats.norm.sf(14 / np.sqrt(48)), rel=1e-12)


def oracle(name):
    return pd.read_csv(ORACLES / name, comment="#").itertuples(index=False)


def test_limits_and_pvalues_agree_with_r():
    for row in oracle("paired_limits.csv"):
        table, near = (row.n, row.n_plus, row.n_minus), {"rel": 1e-8, "abs": 1e-10}
        tango = paired_interval(*table, alpha=row.alpha, method="tango")
        assert tango == pytest.approx((row.tango_low, row.tango_high), **near)
        tango = paired_pvalues(*table, null=row.null, method="tango")
        assert tango == pytest.approx((row.tango_benefit, row.tango_harm), **near)
        bounds = paired_interval(*table, alpha=row.alpha, method="clopper-pearson")
        assert bounds == pytest.approx((row.bounds_low, row.bounds_high), **near)
        cp = clopper_pearson(row.n_plus, row.n, row.alpha)
        assert cp == pytest.approx((row.cp_low, row.cp_high), **near)
        mcnemar = mcnemar_exact(row.n_plus, row.n_minus)
        assert mcnemar == pytest.approx((row.mcnemar_benefit, row.mcnemar_harm), **near)
        if not np.isnan(row.mcnemar_score):
            two_sided = 2 * min(paired_pvalues(*table, method="tango"))
            assert min(1.0, two_sided) == pytest.approx(row.mcnemar_score, **near)


def test_exact_unconditional_agrees_with_r():
    for row in oracle("paired_exact.csv"):
        table, near = (row.n, row.n_plus, row.n_minus), {"rel": 1e-8, "abs": 1e-8}
        limits = paired_interval(*table, alpha=row.alpha, method="exact unconditional")
        assert limits == pytest.approx((row.low, row.high), **near)
        zero = paired_pvalues(*table, method="exact unconditional")
        assert zero == pytest.approx((row.p_benefit_zero, row.p_harm_zero), **near)
        minus = paired_pvalues(*table, null=-0.05, method="exact unconditional")
        assert minus == pytest.approx((row.p_benefit_minus, row.p_harm_minus), **near)


def test_tango_agrees_with_propcis():
    for row in oracle("paired_propcis.csv"):
        limits = paired_interval(row.n, row.n_plus, row.n_minus, alpha=row.alpha, method="tango")
        assert limits == pytest.approx((row.low, row.high), abs=1e-6)


def test_published_example_of_tangos_interval():
    # Fagerland, Lydersen & Laake (2014), airway reactivity before and after transplantation
    low, high = paired_interval(21, 1, 7, method="tango")
    assert (round(low, 3), round(high, 3)) == (-0.517, -0.026)


def test_exact_pvalues_have_a_floor_and_limits_know_it():
    method = "exact unconditional"
    assert paired_pvalues(1000, 9, 0, null=-0.9, method=method)[0] == Q_ERROR
    assert paired_interval(1000, 9, 0, alpha=2 * Q_ERROR, method=method) == (-1.0, 1.0)
    assert paired_interval(1000, 9, 0, alpha=3 * Q_ERROR, method=method)[0] > -0.1


def test_the_rule_in_words():
    assert choose_method(SMALL_GROUP, SMALL_GROUP // 2) == "exact unconditional"
    assert choose_method(SMALL_GROUP + 1, SMALL_GROUP // 2) == "tango"
    assert choose_method(10**6, ENOUGH - 1) == "exact unconditional"
    assert choose_method(10**6, 10**6 - ENOUGH + 1) == "clopper-pearson"


@pytest.mark.parametrize("method", ["tango", "clopper-pearson"])
def test_these_take_effective_counts(method):
    low, high = paired_interval(100.5, 12.25, 3.5, method=method)
    assert low < 8.75 / 100.5 < high
    around = [paired_interval(n, 12.25, 3.5, method=method)[0] for n in (100, 101)]
    assert min(around) < low < max(around)


def test_the_exact_unconditional_method_counts_people():
    with pytest.raises(ArgumentError, match="n_plus"):
        paired_interval(100, 12.25, 3, method="exact unconditional")


@pytest.mark.parametrize(
    ("args", "kwargs", "name"),
    [
        ((10, 8, 3), {"method": "tango"}, "n_plus"),
        ((10, -1, 3), {"method": "tango"}, "n_plus"),
        ((10, 1, np.nan), {"method": "tango"}, "n_minus"),
        ((10, 1, 3), {"method": "wald"}, "method"),
        ((10, 1, 3), {"method": "tango", "alpha": 1.0}, "alpha"),
    ],
)
def test_bad_arguments_are_named(args, kwargs, name):
    with pytest.raises(ArgumentError, match=name):
        paired_interval(*args, **kwargs)


def test_more_bad_arguments_are_named():
    with pytest.raises(ArgumentError, match="at most 1000"):
        paired_interval(10_000, 900, 101, method="exact unconditional")
    with pytest.raises(ArgumentError, match="null"):
        paired_pvalues(10, 1, 3, null=1.0, method="tango")
    with pytest.raises(ArgumentError, match="sides"):
        clopper_pearson(1, 3, sides=3)
    with pytest.raises(ArgumentError, match="n_changed"):
        choose_method(10, 11)
