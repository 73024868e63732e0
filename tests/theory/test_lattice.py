"""Tails of sums of whole benefits against repeated convolution and mixtures of binomials."""

import mpmath
import numpy as np
import pytest
from scipy import stats

from bopstats.theory._lattice import Steps, log_tail
from bopstats.theory._pairs import binomial_head, binomial_tail, chernoff_tail


def steps(moved, drift, poisson=False):
    return Steps(np.array(float(moved)), np.array(float(drift)), poisson)


def convolved(m, down, up):
    """Return the chances of -m, …, m by convolution; all terms are positive."""
    mass = np.ones(1)
    for _ in range(m):
        mass = np.convolve(mass, [down, 1.0 - down - up, up])
    return mass


@pytest.mark.parametrize("m", [1, 2, 7, 40, 300])
@pytest.mark.parametrize(
    ("down", "up"),
    [(0.15, 0.15), (0.005, 0.005), (0.3, 0.2), (0.1, 0.3), (0.5, 0.5), (0.45, 0.549), (0.0, 0.3),
     (0.3, 0.0), (1e-5, 0.3), (0.02, 0.001)],
)  # fmt: skip
def test_ternary_tails(m, down, up):
    s = np.arange(-m, m + 2)
    mass = convolved(m, down, up)
    tails = np.append(np.cumsum(mass[::-1])[::-1], 0.0)
    got = log_tail(s.astype(float), np.array(float(m)), steps(down + up, up - down))
    seen = tails > 1e-290
    np.testing.assert_allclose(np.exp(got[seen]), tails[seen], rtol=2e-12)
    assert (got[tails == 0.0] < -600).all()


@pytest.mark.parametrize("q", [1.0, 0.9999, 0.99999, 0.7, 0.01])
def test_large_sums_are_mixtures_of_binomials(q):
    m = 20_000
    s = np.round(np.array([-3.0, -0.5, 0.0, 0.01, 0.02, 1.0, 4.0, 8.0]) * np.sqrt(m * q))
    k = np.arange(m + 1)
    weight = stats.binom.pmf(k, m, q)
    k, weight = k[weight > 1e-30], weight[weight > 1e-30]
    expected = [weight @ stats.binom.sf(np.ceil((v + k) / 2) - 1, k, 0.5) for v in s]
    got = np.exp(log_tail(s, np.array(float(m)), steps(q, 0.0)))
    np.testing.assert_allclose(got, expected, rtol=1e-10)


@pytest.mark.parametrize(("up", "down"), [(0.3, 0.3), (2.0, 5.0), (10.0, 7.0)])
def test_skellam_tails(up, down):
    with mpmath.workdps(30):
        a, b = mpmath.mpf(up), mpmath.mpf(down)
        for s in (-5, 0, 3, 20):
            exact = mpmath.fsum(
                mpmath.exp(-a - b) * a**k / mpmath.factorial(k) * b**j / mpmath.factorial(j)
                for k in range(120)
                for j in range(min(k - s, 80) + 1)
            )
            got = log_tail(
                np.array(float(s)), np.array(4.0), steps((up + down) / 4, (up - down) / 4, True)
            )
            assert float(mpmath.exp(mpmath.mpf(float(got))) / exact - 1) == pytest.approx(
                0, abs=1e-12
            )


@pytest.mark.parametrize("m", [1e8, 1e12, 1e20])
def test_huge_sums_are_normal(m):
    # Symmetric steps: the error of the normal tail with continuity correction is of order 1/m.
    s = np.ceil(np.array([-5.0, 0.0, 3.0, 10.0, 30.0]) * np.sqrt(m * 0.1))
    z = (s - 0.5) / np.sqrt(m * 0.1)
    got = log_tail(s, np.array(m), steps(0.1, 0.0))
    np.testing.assert_allclose(got, stats.norm.logsf(z), rtol=1e-4 if m == 1e8 else 1e-7)


def test_binomial_tails_and_their_bound():
    m, p = np.array(50.0), np.array(0.3)
    s = np.arange(0.0, 52.0)
    np.testing.assert_allclose(binomial_tail(s, m, p), stats.binom.sf(s - 1, 50, 0.3), rtol=1e-11)
    np.testing.assert_allclose(
        binomial_head(s, m, 1 - p), stats.binom.cdf(s - 1, 50, 0.3), rtol=1e-11
    )
    bound = chernoff_tail(s, m, p)
    with np.errstate(divide="ignore"):
        assert (bound >= np.log(binomial_tail(s, m, p)) - 1e-12).all()
    # A tail below the smallest float still has a finite bound.
    assert -2e4 < chernoff_tail(np.array(9000.0), np.array(1e4), p) < -700


def test_binomial_tail_of_many_rows():
    m = np.array(1e18)
    s = np.round(m * 0.3 + np.array([-2.0, 0.0, 2.0]) * np.sqrt(m * 0.21))
    got = binomial_tail(s, m, np.array(0.3))
    np.testing.assert_allclose(got, stats.norm.sf([-2.0, 0.0, 2.0]), rtol=1e-6)
