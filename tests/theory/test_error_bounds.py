"""Error bounds against enumeration, brute force, edge cases and misuse."""

from itertools import product

import mpmath
import numpy as np
import pytest
from scipy import stats
from test_moments import EVERY_LAW

from bopstats.exceptions import ArgumentError, BopError, DomainError
from bopstats.theory import (
    Bernoulli,
    Bounded,
    BoundedVariance,
    Gamma,
    Gaussian,
    GaussianTwoSigma,
    InverseGaussian,
    Laplace,
    NegativeBinomial,
    Poisson,
    PublishedCategorical,
    Skellam,
    StudentT,
    Ternary,
    Tilted,
    VarianceGamma,
    average_error,
    effective_size_clusters,
    effective_size_weights,
    error_lower_bound,
    error_upper_bound,
    mse_lower_bound,
    summed_error,
    total_error,
)


def ternary_mass(m, down, up):
    mass = np.ones(1)
    for _ in range(m):
        mass = np.convolve(mass, [down, 1.0 - down - up, up])
    return mass


def no_test_beats(null, other, d):
    """Return 1 − TV between "all groups help" and "one group, any, does not", by enumeration.

    `null` and `other` hold the chances of one group's outcomes. Mixed over which group, and for
    one group alone: no test of the minimum errs less than either.
    """
    p = np.ones(1)
    q = np.zeros((d, 1))
    for group in range(d):
        grown = np.multiply.outer(p, other).ravel()
        lost = np.array([np.multiply.outer(row, other).ravel() for row in q])
        lost[group] = np.multiply.outer(p, null).ravel()
        p, q = grown, lost
    mixed = np.minimum(p, q.mean(axis=0)).sum()
    return max(mixed, np.minimum(null, other).sum())


def best_threshold(null, other, d):
    """Return the least error of "every group's statistic reaches s", by brute force."""
    reject = np.append(np.cumsum(null[::-1])[::-1], 0.0)
    accept = np.append(np.cumsum(other[::-1])[::-1], 0.0)
    return min(1.0, (reject + 1.0 - accept**d).min())


@pytest.mark.parametrize(
    ("m", "d"), [(1, 1), (1, 3), (2, 2), (3, 3), (5, 2), (4, 4), (9, 2), (30, 1)]
)
@pytest.mark.parametrize("effect", [0.05, 0.2, 0.45])
def test_two_point_laws_by_enumeration(m, d, effect):
    law = Bounded(-1, 0.5)
    k = np.arange(m + 1)
    null, other = stats.binom.pmf(k, m, 2 / 3), stats.binom.pmf(k, m, (effect + 1) / 1.5)
    low = error_lower_bound(effect, m, law, n_groups=d)
    high = error_upper_bound(effect, m, law, n_groups=d)
    assert low <= no_test_beats(null, other, d) + 1e-12
    assert high == pytest.approx(best_threshold(null, other, d), rel=1e-12)
    if d == 1:
        assert low == pytest.approx(high, rel=1e-12)


@pytest.mark.parametrize(("m", "d"), [(1, 1), (1, 3), (2, 2), (3, 3), (6, 2), (20, 1)])
@pytest.mark.parametrize(
    ("q", "effect"), [(0.3, 0.1), (0.3, 0.299), (0.3, 0.3), (1.0, 0.4), (0.9, 0.1)]
)
def test_ternary_laws_by_enumeration(m, d, q, effect):
    law = Ternary(q)
    null, other = ternary_mass(m, q / 2, q / 2), ternary_mass(m, (q - effect) / 2, (q + effect) / 2)
    low = error_lower_bound(effect, m, law, n_groups=d)
    high = error_upper_bound(effect, m, law, n_groups=d)
    assert high == pytest.approx(best_threshold(null, other, d), rel=1e-11)
    # The likelihood depends on the numbers of both signs, not on the sum alone.
    signs = [(a, b) for a in range(m + 1) for b in range(m + 1 - a)]

    def chances(down, up):
        return np.array(
            [
                stats.multinomial.pmf([a, b, m - a - b], m, [down, up, 1 - down - up])
                for a, b in signs
            ]
        )

    if len(signs) ** d <= 30_000:
        truth = no_test_beats(chances(q / 2, q / 2), chances((q - effect) / 2, (q + effect) / 2), d)
        assert low <= truth + 1e-12
        if d == 1:
            assert low >= 0.98 * truth


@pytest.mark.parametrize("method", ["truncated", "best", "chi2"])
def test_methods_are_ordered(method):
    d = 2.0 ** np.arange(0, 12)
    value = error_lower_bound(0.1, 400 / np.sqrt(d), Gaussian(1.0), n_groups=d, method=method)
    high = error_upper_bound(0.1, 400 / np.sqrt(d), Gaussian(1.0), n_groups=d)
    assert (value <= high + 1e-14).all()
    assert (value <= error_lower_bound(0.1, 400 / np.sqrt(d), Gaussian(1.0), n_groups=d)).all()


def test_one_normal_group_is_settled():
    size = np.array([1.0, 10.0, 100.0, 1000.0])
    truth = 2 * stats.norm.sf(0.1 * np.sqrt(size) / 2)
    np.testing.assert_allclose(error_lower_bound(0.1, size, Gaussian(1.0), n_groups=1), truth)
    np.testing.assert_allclose(error_upper_bound(0.1, size, Gaussian(1.0), n_groups=1), truth)


@pytest.mark.parametrize(
    ("law", "family", "null"),
    [
        (Poisson(1.5), lambda m: stats.poisson(20 * m), 1.5),
        (Gamma(1.5, 2.0), lambda m: stats.gamma(40, scale=m / 2), 1.5),
        (InverseGaussian(1.5, 2.0), lambda m: stats.invgauss(m / 40, scale=800), 1.5),
        (NegativeBinomial(1.5, 2.0), lambda m: stats.nbinom(40, 2 / (2 + m)), 1.5),
    ],
    ids=repr,
)
@pytest.mark.parametrize("d", [1, 8])
def test_sums_of_costs(law, family, null, d):
    # 20 rows a group: accept where the summed cost is at most s, the best s by brute force.
    s = np.arange(0, 100) if law.family.whole else np.linspace(0.5, 100, 200_001)
    worse, better = family(null), family(null - 0.4)
    truth = (worse.cdf(s) + 1 - better.cdf(s) ** d).min()
    high = error_upper_bound(0.4, 20, law, n_groups=d)
    assert high == pytest.approx(min(truth, 1.0), rel=1e-7)
    low = error_lower_bound(0.4, 20, law, n_groups=d)
    assert low <= high * (1 + 1e-12)
    if d == 1:
        assert low == pytest.approx(high, rel=1e-9)


def test_known_risk_is_a_two_point_law():
    # 0-1 cost falling from 0.3: benefits of 0.3 or -0.7 against the known risk.
    same = Bounded(-0.7, 0.3)
    for d in (1, 8):
        assert error_upper_bound(0.1, 50, Bernoulli(0.3), n_groups=d) == pytest.approx(
            error_upper_bound(0.1, 50, same, n_groups=d), rel=1e-9
        )
        assert error_lower_bound(0.1, 50, Bernoulli(0.3), n_groups=d) == pytest.approx(
            error_lower_bound(0.1, 50, same, n_groups=d), rel=1e-9
        )


def test_equal_sigmas_are_one_sigma():
    for d in (1, 8, 1024):
        two, one = GaussianTwoSigma(0.7, 0.7), Gaussian(0.7)
        assert error_upper_bound(0.1, 300, two, n_groups=d) == pytest.approx(
            error_upper_bound(0.1, 300, one, n_groups=d)
        )
        low = error_lower_bound(0.1, 300, two, n_groups=d, method="chi2")
        assert low == pytest.approx(error_lower_bound(0.1, 300, one, n_groups=d, method="chi2"))


def test_two_sigmas_by_integration():
    # One group, one row: the second moment of the cut ratio by quadrature.
    law = GaussianTwoSigma(1.1, 0.9)
    null, other = stats.norm(0, 1.1), stats.norm(0.5, 0.9)
    from scipy.integrate import quad

    truth = quad(
        lambda x: min(null.pdf(x), other.pdf(x)), -12, 12, points=(-3, 0, 0.3, 3), limit=200
    )[0]
    low = error_lower_bound(0.5, 1, law)
    assert 0.5 * truth < low <= truth
    assert error_lower_bound(0.5, 1, GaussianTwoSigma(2.0, 1.0)) == 0.0
    z = np.linspace(-5, 8, 20_001)
    brute = (null.sf(z) + other.cdf(z)).min()
    assert error_upper_bound(0.5, 1, law) == pytest.approx(min(brute, 1.0), rel=1e-6)


def test_unequal_groups_by_brute_force():
    rng = np.random.default_rng(4)
    for _ in range(25):
        sizes = rng.integers(1, 25, 3)
        effect, a = rng.uniform(0.1, 0.9), rng.choice([1.0, 0.3])
        reject, accept = [], []
        for m in sizes:
            s = np.arange(-1, m + 1)
            reject.append(stats.binom.sf(s, m, a / (1 + a)))
            accept.append(stats.binom.sf(s, m, (effect + a) / (1 + a)))
        level = np.maximum.reduce(np.meshgrid(*reject, indexing="ij"))
        power = np.multiply.reduce(np.meshgrid(*accept, indexing="ij"))
        best = min(1.0, (level + 1 - power).min())
        got = error_upper_bound(effect, sizes, Bounded(-a, 1.0))
        # Thresholds at a common level; no set of thresholds does better.
        assert best - 1e-12 <= got <= best + 0.01


@pytest.mark.parametrize("sigma", [0.3, 1.0])
def test_coins_of_cantelli_by_enumeration(sigma):
    sizes, effect = np.array([3.0, 5.0, 8.0, 9.0]), 0.2
    chance = (1 + effect**2 / sigma**2) ** -sizes
    truth = 0.0
    for coins in product((0, 1), repeat=4):
        weight = np.prod(np.where(coins, chance, 1 - chance))
        truth += weight * min(1.0, sum(coins) / chance.sum())
    got = BoundedVariance._extra_lower(
        [BoundedVariance(sigma)], np.array([[effect]]), sizes[None], np.ones((1, 4))
    )
    assert got[0] == pytest.approx(truth, rel=1e-12)


def test_many_coins_of_cantelli():
    # More unequal groups than are enumerated: bounded instead, and still close.
    sizes = np.linspace(5, 6, 3000)
    law = BoundedVariance(1.0)
    args = ([law], np.array([[0.2]]), sizes[None], np.ones((1, 3000)))
    bounded = law._extra_lower(*args)[0]
    few = law._extra_lower([law], np.array([[0.2]]), np.array([[5.5]]), np.array([[3000.0]]))[0]
    assert few - 0.01 < bounded < few


def test_upper_bound_of_any_variance():
    # Cantelli's inequality at the best threshold, by a fine grid.
    t = np.linspace(0.0, 0.2, 200_001)[1:-1]
    m, d = 4000, 8
    truth = (1 / (1 + m * t**2) + 1 - (1 - 1 / (1 + m * (0.2 - t) ** 2)) ** d).min()
    assert error_upper_bound(0.2, m, BoundedVariance(1.0), n_groups=d) == pytest.approx(
        truth, rel=1e-6
    )


def test_counts_beat_means_in_heavy_tails():
    # Without a variance the count of rows above half the effect is all there is.
    cauchy = StudentT(1.0, 1.0)
    m, d = 60, 4
    p = stats.cauchy.sf(0.5)
    k = np.arange(m + 1)
    truth = best_threshold(stats.binom.pmf(k, m, p), stats.binom.pmf(k, m, 1 - p), d)
    assert error_upper_bound(1.0, m, cauchy, n_groups=d) == pytest.approx(truth, rel=1e-9)


@pytest.mark.parametrize("law", [VarianceGamma(0.3, 1.0), VarianceGamma(0.2, 4.0)])
def test_bounds_of_sums_of_a_tilted_family(law):
    # Simulated test at every threshold: the bound may not be below the best of them.
    rng = np.random.default_rng(2)
    m, effect, k, b = 80, 0.15, law.shape, law.scale
    moved = effect / b
    y = moved / (k + np.hypot(k, moved))
    runs = 40_000
    null = (rng.gamma(m * k, b, runs) - rng.gamma(m * k, b, runs)) / m
    other = (rng.gamma(m * k, b / (1 - y), runs) - rng.gamma(m * k, b / (1 + y), runs)) / m
    assert other.mean() == pytest.approx(effect, abs=0.01)
    t = np.linspace(0, effect, 60)
    reject = (null[:, None] >= t).mean(0)
    accept = (other[:, None] >= t).mean(0)
    truth = (reject + 1 - accept**4).min()
    high = error_upper_bound(effect, m, law, n_groups=4)
    assert truth - 0.01 < high < 3 * truth
    assert error_lower_bound(effect, m, law, n_groups=4) < truth + 0.01


@EVERY_LAW
def test_trivial_cases_answer_one(law):
    ask = [error_lower_bound, error_upper_bound] if law.has_test else [error_lower_bound]
    for bound in ask:
        assert bound(0.0, 100, law) == 1.0
        assert bound(-0.1, [100, 50], law) == 1.0
        assert bound(0.01, [100, 0], law) == 1.0
        assert bound(0.01, 0, law, n_groups=4) == 1.0
        assert bound(0.0, 100, law, error="average") == 0.5


@EVERY_LAW
def test_lower_never_exceeds_upper(law):
    effects = np.array([1e-9, 1e-4, 0.01, 0.1, 0.25])[:, None]
    sizes = np.array([0.4, 1.0, 3.7, 50.0, 1e3, 1e6])
    for d in (1.0, 3.0, 2.0**10, 2.0**40):
        low = error_lower_bound(effects, sizes, law, n_groups=d)
        assert ((low >= 0) & (low <= 1)).all()
        # With two sigmas the hypotheses differ in more than the effect.
        assert isinstance(law, GaussianTwoSigma) or (np.diff(low, axis=0) <= 1e-9).all()
        assert (np.diff(low, axis=1) <= 1e-9).all()
        if law.has_test:
            high = error_upper_bound(effects, sizes, law, n_groups=d)
            # scipy's incomplete gamma function is good to 1e-7 at a million rows.
            assert (low <= high * (1 + 1e-7) + 1e-300).all()
            assert (np.diff(high, axis=1) <= 1e-9).all()


@pytest.mark.parametrize(
    "law", [Gaussian(1.0), Bounded(-1, 1), Bounded(-1, 0.3), BoundedVariance(1.0), Ternary(0.3),
            Ternary(1.0), Skellam(0.5)], ids=repr,
)  # fmt: skip
def test_extremes_are_neither_nan_nor_wrongly_zero(law):
    n = np.array([1.0, 1e5, 1e10, 1e20])
    for effect in (1e-9, 1e-5, 0.1):
        for d in (1.0, 2.0**20, 2.0**40):
            low = error_lower_bound(effect, n / d, law, n_groups=d)
            high = error_upper_bound(effect, n / d, law, n_groups=d)
            assert np.isfinite(low).all()
            assert np.isfinite(high).all()
            # Far from being settled, the bound is 1 up to half the root of χ².
            few = effect * np.sqrt(n / d) < 1e-3
            assert (low[few] > 0.99).all()
            assert (low <= high * (1 + 1e-6) + 1e-300).all()
    # 1e20 rows, effect 1e-9, 2^36 groups: two rival bounds, both far from 0 and 1.
    d = 2.0**36
    assert 0.9 < error_lower_bound(1e-9, 1e20 / d, law, n_groups=d) < 1.0


@pytest.mark.parametrize("law", [Gaussian(1.0), Bounded(-1, 1), PublishedCategorical()], ids=repr)
def test_a_grid_keeps_thirteen_digits(law):
    rows = np.logspace(2, 20, 40)[:, None, None]
    groups = np.floor(2.0 ** np.linspace(0, 40, 40))[None, :, None]
    effect = np.logspace(-9, np.log10(0.5), 40)
    value = error_lower_bound(effect, rows / groups, law, n_groups=groups, method="chi2")
    assert not np.isnan(value).any()
    rng = np.random.default_rng(9)
    for i, j, k in rng.integers(0, 40, (300, 3)):
        with mpmath.workdps(60):
            moment = law.log_moment(mpmath.mpf(effect[k]), digits=45)
            d = mpmath.mpf(groups[0, j, 0])
            exponent = mpmath.mpf((rows / groups)[i, j, 0]) * moment
            if exponent > 600:  # the bound itself is then below the smallest floats
                continue
            x = mpmath.expm1(exponent) / d
            truth = 1 - mpmath.sqrt(x) / 2 if x <= 1 else 1 / (1 + x)
            tolerance = 1e-13 if truth > 1e-100 else 1e-12
            assert abs(value[i, j, k] - truth) <= tolerance * truth


def test_shapes_broadcast():
    law = Gaussian(1.0)
    assert np.ndim(error_lower_bound(0.1, 100, law)) == 0
    assert error_lower_bound([0.1, 0.2], [100, 200, 300], law).shape == (2,)
    assert error_upper_bound([[0.1], [0.2]], np.ones((4, 5)), law).shape == (2, 4)
    assert error_lower_bound(0.1, [10, 20], law, n_groups=[[1], [2], [4]]).shape == (3, 2)
    grid = error_upper_bound([0.1, 0.2], [[100, 200], [300, 50]], law)
    assert grid[1] == error_upper_bound(0.2, [300, 50], law)
    many = error_upper_bound(0.1, [100] * 8, law)
    assert many == pytest.approx(float(error_upper_bound(0.1, 100, law, n_groups=8)), rel=1e-12)
    low = error_lower_bound(0.1, [100] * 8, law)
    assert low == pytest.approx(float(error_lower_bound(0.1, 100, law, n_groups=8)), rel=1e-12)


def test_a_law_for_each_group():
    sizes, effect = [100, 200, 400], 0.1
    same = [Gaussian(1.0)] * 3
    for bound in (error_lower_bound, error_upper_bound):
        assert bound(effect, sizes, same) == bound(effect, sizes, Gaussian(1.0))
    # Only sqrt(m) / sigma counts for normal benefits.
    scaled = [Gaussian(1.0), Gaussian(2**0.5), Gaussian(2.0)]
    assert error_upper_bound(effect, sizes, scaled) == pytest.approx(
        float(error_upper_bound(effect, 100, Gaussian(1.0), n_groups=3))
    )
    # Laws of several kinds, in any order.
    mixed = [Bounded(-1, 1), Gaussian(1.0), Laplace(1.0)]
    order = [2, 0, 1]
    for bound in (error_lower_bound, error_upper_bound):
        value = bound(effect, sizes, mixed)
        again = bound(effect, [sizes[i] for i in order], [mixed[i] for i in order])
        assert value == pytest.approx(float(again), rel=1e-9)
    # More groups are never easier.
    assert (
        error_lower_bound(effect, sizes, mixed)
        >= error_lower_bound(effect, [100], mixed[:1]) - 1e-12
    )


def test_sizes_that_are_not_whole():
    law = Bounded(-1, 1)
    assert error_lower_bound(0.2, 99.3, law, n_groups=4, method="truncated") == error_lower_bound(
        0.2, 100, law, n_groups=4, method="truncated"
    )
    assert error_upper_bound(0.2, 99.9, law, n_groups=4) == error_upper_bound(
        0.2, 99, law, n_groups=4
    )
    assert error_upper_bound(0.2, 0.9, law, n_groups=4) == 1.0
    assert error_lower_bound(0.2, 0.9, law, n_groups=4) < 1.0


def test_the_average_is_half_the_sum():
    for bound in (error_lower_bound, error_upper_bound):
        total = bound(0.1, [100, 300], Gaussian(1.0))
        assert bound(0.1, [100, 300], Gaussian(1.0), error="average") == total / 2
    assert average_error(0.5) == 0.25
    assert total_error(0.25) == 0.5
    assert summed_error(0.05, 0.8) == 0.25
    assert summed_error(max_error=0.5) == 0.5


def test_the_published_direction_fails_for_skewed_laws():
    """Rare large harms: a test that errs less than the published lower bound (theory 1, T2).

    B is −1 or 1/49: the printed moment says that no test of 16,384 groups of 400 rows errs less
    than 0.81 in sum, and a plain threshold test errs at most 0.11.
    """
    law, effect, m, d = Bounded(-1, 1 / 49), 0.02, 400, 16384
    published = error_lower_bound(effect, m, law, n_groups=d, method="published")
    achieved = error_upper_bound(effect, m, law, n_groups=d)
    assert published > 0.8
    assert achieved < 0.12
    # The test, by hand: every group's count of harms at most some s.
    harms = np.arange(0, 30)
    p0, p1 = 0.02, 0.02 - effect / (1 + 1 / 49)
    by_hand = stats.binom.cdf(harms, m, p0) + 1 - stats.binom.cdf(harms, m, p1) ** d
    assert achieved == pytest.approx(by_hand.min(), rel=1e-9)
    # The valid direction stays below it.
    for method in ("chi2", "truncated", "best"):
        assert error_lower_bound(effect, m, law, n_groups=d, method=method) <= achieved


def test_balanced_groups_are_the_easiest_for_chi2():
    rng = np.random.default_rng(8)
    law = Gaussian(1.0)
    even = error_lower_bound(0.1, 250, law, n_groups=4, method="chi2")
    for _ in range(200):
        sizes = rng.multinomial(1000, rng.dirichlet(np.ones(4)))
        assert error_lower_bound(0.1, sizes, law, method="chi2") >= even - 1e-12


def test_mean_squared_error():
    assert mse_lower_bound([100, 400], Gaussian(2.0)) == 0.04
    assert mse_lower_bound([100, 0], Gaussian(2.0)) == np.inf
    assert mse_lower_bound([100, 0], Bounded(-1, 1)) == 0.25
    grid = mse_lower_bound([[100, 100], [100, 300]], Gaussian(1.0))
    assert grid.shape == (2,)
    # Thousands of groups: about a quarter of ln d times the variance of a mean.
    d = 2.0**40
    value = mse_lower_bound(100, Gaussian(1.0), n_groups=d)
    assert 0.8 < value / (np.log(d) / 4 / 100) < 1.05
    # The plug-in minimum does worse, in a simulation.
    rng = np.random.default_rng(3)
    means = rng.normal(0, 0.1, (20_000, 64))
    assert (means.min(axis=1) ** 2).mean() > mse_lower_bound(100, Gaussian(1.0), n_groups=64)
    family = [Bounded(-1, 1), Tilted([-1.0, 0.0, 0.5]), Skellam(1.0), Poisson(2.0)]
    assert all(mse_lower_bound([50, 80], law) > 0 for law in family)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: error_lower_bound(0.1, [], Gaussian(1.0)), "sizes"),
        (lambda: error_lower_bound(0.1, [-1], Gaussian(1.0)), "sizes"),
        (lambda: error_lower_bound(0.1, [np.nan], Gaussian(1.0)), "sizes"),
        (lambda: error_lower_bound(0.1, ["a"], Gaussian(1.0)), "sizes"),
        (lambda: error_lower_bound(np.nan, [1], Gaussian(1.0)), "effect"),
        (lambda: error_lower_bound([0.1, 0.2], np.ones((3, 2)), Gaussian(1.0)), "sizes"),
        (lambda: error_lower_bound(0.1, [1], "gauss"), "law"),
        (lambda: error_lower_bound(0.1, [1], []), "law"),
        (lambda: error_lower_bound(0.1, [1, 2, 3], [Gaussian(1.0)] * 2), "law"),
        (lambda: error_lower_bound(0.1, 1, [Gaussian(1.0)] * 2, n_groups=2), "law"),
        (lambda: error_lower_bound(0.1, 1, Gaussian(1.0), n_groups=0), "n_groups"),
        (lambda: error_lower_bound(0.1, 1, Gaussian(1.0), n_groups=1.5), "n_groups"),
        (lambda: error_lower_bound(0.1, 1, Gaussian(1.0), error="mean"), "error"),
        (lambda: error_lower_bound(0.1, 1, Gaussian(1.0), method="sharp"), "method"),
        (lambda: error_lower_bound(0.1, 1, Laplace(1.0), method="truncated"), "method"),
        (lambda: error_upper_bound(0.1, 1, PublishedCategorical()), "law"),
        (lambda: error_upper_bound(1.1, 1, Bounded(-1, 1)), "effect"),
        (lambda: error_upper_bound(0.4, [1, 2], [Ternary(0.5), Ternary(0.3)]), "effect"),
        (lambda: mse_lower_bound([-1], Gaussian(1.0)), "sizes"),
        (lambda: summed_error(0.0, 0.8), "alpha"),
        (lambda: summed_error(0.05, 1.0), "power"),
        (lambda: summed_error(0.05, 0.01), "power"),
        (lambda: summed_error(max_error=1.0), "max_error"),
        (lambda: average_error(3.0), "total"),
        (lambda: total_error(-1.0), "average"),
        (lambda: effective_size_clusters([0.5], 0.1), "sizes"),
        (lambda: effective_size_clusters([5], 1.1), "icc"),
        (lambda: effective_size_weights([0.0, 0.0]), "weights"),
        (lambda: effective_size_weights([-1.0]), "weights"),
    ],
)
def test_misuse(call, name):
    with pytest.raises(BopError, match=f"^{name}: got .*; allowed: "):
        call()


def test_errors_have_kinds():
    with pytest.raises(DomainError, match="not possible here"):
        error_lower_bound(0.5, [10, 20], Ternary(0.3))
    with pytest.raises(ArgumentError, match="tails of sums not known"):
        error_lower_bound(0.1, 10, Laplace(1.0), method="truncated")
