"""Simulated studies: the min-of-means test errs as computed, and no test beats the lower bound."""

import numpy as np
import pytest

from bopstats.theory import (
    Bounded,
    Gaussian,
    Skellam,
    Ternary,
    error_lower_bound,
    error_upper_bound,
)

RUNS = 40_000

#: Effect, sizes and standard deviation of each group.
NORMAL = [
    (0.1, [400], [1.0]),
    (0.1, [400, 400], [1.0, 1.0]),
    (0.2, [150] * 8, [1.0] * 8),
    (0.25, [200] * 32, [1.0] * 32),
    (0.1, [100, 300, 900], [0.4, 0.6, 1.0]),
    (0.3, [20, 50, 400, 60], [0.5, 0.7, 2.0, 0.8]),
]
BOUNDED = [
    (Bounded(-1, 1), 0.1, [200] * 4),
    (Bounded(-1, 0.5), 0.1, [120] * 6),
    (Bounded(-1, 1), 0.3, [12, 30, 55]),
    (Ternary(0.3), 0.1, [100] * 4),
    (Ternary(0.5), 0.2, [40, 60, 80]),
    (Skellam(0.5), 0.15, [120] * 5),
]


def sums(rng, law, mean, m, runs):
    """Return simulated sums of m benefits with the mean."""
    if isinstance(law, Bounded):
        width = law.high - law.low
        return law.low * m + width * rng.binomial(m, (mean - law.low) / width, runs)
    if isinstance(law, Skellam):
        both = np.hypot(law.variance, mean)
        return rng.poisson(m * (both + mean) / 2, runs) - rng.poisson(m * (both - mean) / 2, runs)
    q = law.disagreement
    draws = rng.multinomial(m, [(q - mean) / 2, 1 - q, (q + mean) / 2], runs)
    return draws[:, 2] - draws[:, 0]


def simulated_error(null, other):
    """Return the least error over common levels of "every group's statistic is large".

    `null` and `other` have shape (groups, runs). A level gives each group its threshold.
    """
    best = 1.0, 0.0
    ordered = np.sort(null, axis=1)
    for level in np.linspace(0.002, 0.6, 300):
        at = ordered[:, int((1 - level) * null.shape[1])][:, None]
        for threshold in (at, at + 1e-9):
            first = (null >= threshold).mean(axis=1).max()
            accept = (other >= threshold).all(axis=0).mean()
            best = min(best, (first + 1 - accept, accept))
    return best


@pytest.mark.parametrize(("effect", "sizes", "sigmas"), NORMAL)
def test_normal_groups(effect, sizes, sigmas):
    rng = np.random.default_rng(len(sizes))
    laws = [Gaussian(s) for s in sigmas]
    se = np.array(sigmas) / np.sqrt(sizes)
    null = rng.normal(0, 1, (len(sizes), RUNS)) * se[:, None]
    other = rng.normal(0, 1, (len(sizes), RUNS)) * se[:, None] + effect
    compare(effect, sizes, laws, null, other)


@pytest.mark.parametrize(("law", "effect", "sizes"), BOUNDED)
def test_whole_sums(law, effect, sizes):
    rng = np.random.default_rng(len(sizes))
    null = np.array([sums(rng, law, 0.0, m, RUNS) for m in sizes])
    other = np.array([sums(rng, law, effect, m, RUNS) for m in sizes])
    compare(effect, sizes, law, null, other)


def compare(effect, sizes, law, null, other):
    error, accept = simulated_error(null, other)
    # Standard errors of the larger of a few shares and of one share.
    noise = np.sqrt(0.25 / RUNS + accept * (1 - accept) / RUNS)
    assert error == pytest.approx(float(error_upper_bound(effect, sizes, law)), abs=4 * noise)
    assert error > error_lower_bound(effect, sizes, law) - 4 * noise


@pytest.mark.parametrize(
    ("delta", "d"), [(2.0, 4), (2.5, 16), (4.0, 64), (1.0, 2), (3.0, 256), (0.5, 8)]
)
def test_the_likelihood_ratio_test(delta, d):
    # 1 − TV for the mixture over the group that does not benefit; Hoeffding keeps it a bound.
    rng = np.random.default_rng(d)
    runs = 20_000
    z = rng.normal(delta, 1, (runs, d))
    ratio = np.exp(delta**2 / 2 - delta * z).mean(axis=1)
    error = np.minimum(1, ratio).mean()
    slack = np.sqrt(np.log(1e4) / (2 * runs))
    assert error_lower_bound(delta, 1, Gaussian(1.0), n_groups=d) < error + slack
    assert error - slack < error_upper_bound(delta, 1, Gaussian(1.0), n_groups=d)


def test_other_tests_do_not_beat_the_bound():
    """Sums, medians and likelihood ratios as tests: all err more than the lower bound."""
    rng = np.random.default_rng(1)
    m, d, effect = 25, 6, 0.5
    null, other = rng.normal(0, 1, (2, 4000, d, m))
    null, other = null + effect, other + effect
    null[:, 0] -= effect
    low = error_lower_bound(effect, m, Gaussian(1.0), n_groups=d)
    for statistic in (
        lambda x: x.mean(axis=2).min(axis=1),
        lambda x: np.median(x, axis=2).min(axis=1),
        lambda x: x.mean(axis=(1, 2)),
        lambda x: -np.exp(-effect * x.sum(axis=2)).mean(axis=1),
    ):
        worse, better = statistic(null), statistic(other)
        t = np.quantile(np.concatenate([worse, better]), np.linspace(0, 1, 400))
        error = ((worse[:, None] >= t).mean(0) + (better[:, None] < t).mean(0)).min()
        assert error > low - 0.02
