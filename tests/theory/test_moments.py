"""Log moments of every law against sums and integrals of scipy's densities."""

import math
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from scipy import integrate, stats

import bopstats.theory as theory
from bopstats.exceptions import ArgumentError, BopError, DomainError
from bopstats.theory import (
    Bernoulli,
    Bounded,
    BoundedVariance,
    Exponential,
    ExponentialFamily,
    Gamma,
    Gaussian,
    GaussianTwoSigma,
    GeneralizedNormal,
    InverseGaussian,
    Laplace,
    Law,
    Logistic,
    NegativeBinomial,
    Poisson,
    PublishedCategorical,
    PublishedLaplace,
    Skellam,
    StudentT,
    Ternary,
    Tilted,
    VarianceGamma,
    error_upper_bound,
)

SAMPLE = [-1.0, -0.4, -0.1, 0.0, 0.05, 0.1, 0.3, 0.9, 0.15, 0.2]

LAWS = [
    Gaussian(0.7),
    GaussianTwoSigma(1.1, 0.9),
    Bounded(-1, 1),
    Bounded(-0.5, 2.0),
    Ternary(0.6),
    Ternary(1.0),
    BoundedVariance(0.7),
    Laplace(0.5),
    GeneralizedNormal(0.8, 1.5),
    GeneralizedNormal(0.8, 0.7),
    StudentT(0.6, 3.0),
    StudentT(0.6, 0.8),
    Logistic(0.4),
    Skellam(0.6),
    VarianceGamma(0.5, 1.3),
    Tilted(SAMPLE),
    ExponentialFamily(lambda t: 0.49 * t * t / 2, lambda t: 0.49 * t, name="normal"),
    Bernoulli(0.6),
    Poisson(1.5),
    Gamma(1.5, 2.0),
    Exponential(1.5),
    InverseGaussian(1.5, 2.0),
    NegativeBinomial(1.5, 2.0),
    PublishedCategorical(),
    PublishedLaplace(0.5),
]
EVERY_LAW = pytest.mark.parametrize("law", LAWS, ids=repr)


def integral(alt, ref, low=-np.inf, high=np.inf, cuts=(-40.0, -4.0, 0.0, 0.3, 4.0, 40.0)):
    """Return ln of the integral of alt²/ref between the cuts."""
    ends = [low, *(c for c in cuts if low < c < high), high]
    parts = [
        integrate.quad(
            lambda x: np.exp(2 * alt.logpdf(x) - ref.logpdf(x)), a, b, epsabs=0, epsrel=1e-11
        )[0]
        for a, b in pairwise(ends)
    ]
    return np.log(sum(parts))


def total(alt, ref, values):
    """Return ln of the sum of alt²/ref."""
    p, q = alt.pmf(values), ref.pmf(values)
    keep = p > 0
    return np.log((p[keep] ** 2 / q[keep]).sum())


COUNTS = np.arange(400)
E = 0.3


@pytest.mark.parametrize(
    ("law", "null", "other"),
    [
        (Gaussian(0.7), stats.norm(0, 0.7), stats.norm(E, 0.7)),
        (GaussianTwoSigma(1.1, 0.9), stats.norm(0, 1.1), stats.norm(E, 0.9)),
        (Laplace(0.5), stats.laplace(0, 0.5), stats.laplace(E, 0.5)),
        (StudentT(0.6, 3.0), stats.t(3, 0, 0.6), stats.t(3, E, 0.6)),
        (Logistic(0.4), stats.logistic(0, 0.4), stats.logistic(E, 0.4)),
        (GeneralizedNormal(0.8, 1.5), stats.gennorm(1.5, 0, 0.8), stats.gennorm(1.5, E, 0.8)),
        (GeneralizedNormal(0.8, 0.7), stats.gennorm(0.7, 0, 0.8), stats.gennorm(0.7, E, 0.8)),
    ],
    ids=repr,
)
def test_densities_of_a_difference(law, null, other):
    end = {StudentT: np.inf, GeneralizedNormal: 400.0}.get(type(law), 25.0)
    low, high = -end, end
    with np.errstate(under="ignore"):
        assert law.log_moment(E) == pytest.approx(integral(null, other, low, high), rel=1e-8)
        assert law.log_moment(E, "paper") == pytest.approx(
            integral(other, null, low, high), rel=1e-8
        )


@pytest.mark.parametrize(
    ("law", "family"),
    [
        (Gamma(1.5, 2.0), lambda m: stats.gamma(2.0, scale=m / 2.0)),
        (Exponential(1.5), lambda m: stats.expon(scale=m)),
        (InverseGaussian(1.5, 2.0), lambda m: stats.invgauss(m / 2.0, scale=2.0)),
    ],
    ids=repr,
)
def test_densities_of_a_cost(law, family):
    # The mean cost falls from 1.5 under the null.
    null, other = family(1.5), family(1.5 - E)
    cuts = (0.5, 1.0, 3.0, 10.0)
    assert law.log_moment(E) == pytest.approx(integral(null, other, 0, 300, cuts), rel=1e-7)
    assert law.log_moment(E, "paper") == pytest.approx(
        integral(other, null, 0, 300, cuts), rel=1e-7
    )


@pytest.mark.parametrize(
    ("law", "family"),
    [
        (Bernoulli(0.6), lambda m: stats.bernoulli(m)),
        (Poisson(1.5), lambda m: stats.poisson(m)),
        (NegativeBinomial(1.5, 2.0), lambda m: stats.nbinom(2.0, 2.0 / (2.0 + m))),
    ],
    ids=repr,
)
def test_masses_of_a_cost(law, family):
    null = 0.6 if isinstance(law, Bernoulli) else 1.5
    values = COUNTS[:2] if isinstance(law, Bernoulli) else COUNTS[:150]
    alt, ref = family(null), family(null - E)
    assert law.log_moment(E) == pytest.approx(total(alt, ref, values), rel=1e-11)
    assert law.log_moment(E, "paper") == pytest.approx(total(ref, alt, values), rel=1e-11)


def test_masses_of_a_skellam_difference():
    # The tilt of a symmetric Skellam law keeps the product of the two rates.
    up = (E + np.hypot(E, 0.6)) / 2
    null, other = stats.skellam(0.3, 0.3), stats.skellam(up, 0.09 / up)
    assert other.mean() == pytest.approx(E)
    values = np.arange(-25, 26)
    assert Skellam(0.6).log_moment(E) == pytest.approx(total(null, other, values), rel=1e-8)
    assert Skellam(0.6).log_moment(E, "paper") == pytest.approx(
        total(other, null, values), rel=1e-8
    )


def test_two_and_three_points():
    a, b = -0.5, 2.0
    p0, p1 = -a / (b - a), (E - a) / (b - a)
    expected = np.log(p0**2 / p1 + (1 - p0) ** 2 / (1 - p1))
    assert Bounded(a, b).log_moment(E) == pytest.approx(expected, rel=1e-13)
    q = 0.6
    null, other = np.array([q / 2, 1 - q, q / 2]), np.array([(q - E) / 2, 1 - q, (q + E) / 2])
    law = Ternary(q)
    assert law.log_moment(E) == pytest.approx(np.log((null**2 / other).sum()), rel=1e-13)
    assert law.log_moment(E, "paper") == pytest.approx(np.log((other**2 / null).sum()), rel=1e-13)


@pytest.mark.parametrize("sigma", [0.1, 0.3, 2.0])
def test_bounded_variance_is_reached_by_cantelli(sigma):
    # p1 on {0, E + s²/E} with mean E and variance s²; p0 all at 0.
    at_zero = sigma**2 / (sigma**2 + E**2)
    assert BoundedVariance(sigma).log_moment(E) == pytest.approx(-np.log(at_zero), rel=1e-13)


def test_tilts_of_a_sample():
    values = np.array(SAMPLE) - np.mean(SAMPLE)

    def tilted(t):
        weight = np.exp(t * values)
        return weight / weight.sum()

    from scipy.optimize import brentq

    t = brentq(lambda t: tilted(t) @ values - E, 0, 30, xtol=1e-14)
    even = np.full(10, 0.1)
    law = Tilted(SAMPLE)
    assert law.log_moment(E) == pytest.approx(np.log((even**2 / tilted(t)).sum()), rel=1e-11)
    assert law.log_moment(E, "paper") == pytest.approx(
        np.log((tilted(t) ** 2 / even).sum()), rel=1e-11
    )
    s = brentq(lambda t: tilted(t) @ values + E, -30, 0, xtol=1e-14)
    assert law.log_moment(E, "min_ref") == pytest.approx(
        np.log((tilted(s) ** 2 / even).sum()), rel=1e-11
    )
    # Never below the least moment of a law with this variance.
    assert law.log_moment(E, "min_ref") >= np.log1p(E**2 / values.var())


def test_a_family_of_ones_own():
    # Two points ±1, and a shifted exponential law, given by their log-partition functions.
    sign = ExponentialFamily(lambda t: np.log(np.cosh(t)), np.tanh, name="plus or minus 1")
    effects = np.array([0.1, 0.5, 0.9])
    np.testing.assert_allclose(sign.log_moment(effects), Bounded(-1, 1).log_moment(effects))
    np.testing.assert_allclose(sign.log_moment(effects, "paper"), np.log1p(effects**2))
    with pytest.raises(DomainError, match=r"effect: got 1\.5"):
        sign.log_moment(1.5)
    assert sign.log_moment(1.0) == np.inf
    waiting = ExponentialFamily(
        lambda t: -mpmath.log(1 - t) - t, lambda t: 1 / (1 - t) - 1, domain=(-np.inf, 1.0)
    )
    # Rates 1 and 1/1.1: 2 θ0 − θ1 stays in the domain.
    assert waiting.log_moment("0.1", digits=30) == pytest.approx(float(waiting.log_moment(0.1)))
    direct = integral(stats.expon(), stats.expon(scale=1.1), 0, 60, (1.0, 5.0))
    assert waiting.log_moment(0.1) == pytest.approx(direct, rel=1e-9)
    assert waiting.log_moment(1.5, "paper") == np.inf


def test_families_on_every_kind_of_domain():
    # A Poisson count less its mean of 2: the rate 2 exp(t), benefits above -2.
    counts = ExponentialFamily(
        lambda t: 2 * np.expm1(t) - 2 * t, lambda t: 2 * np.expm1(t), name="centred Poisson"
    )
    null, other = stats.poisson(2.0), stats.poisson(2.5)
    expected = total(null, other, COUNTS[:60])
    assert counts.log_moment(0.5) == pytest.approx(expected, rel=1e-10)
    # Half-lines and intervals, in both directions: waiting times by their rate.
    rate = ExponentialFamily(
        lambda t: -math.log(t) + t, lambda t: 1 - 1 / t, domain=(0.0, math.inf)
    )
    mirrored = integral(stats.expon(), stats.expon(scale=0.9), 0, 30, (1.0, 5.0))
    assert rate.log_moment(0.1) == pytest.approx(mirrored, rel=1e-9)
    assert rate.log_moment(1.0) == np.inf
    uniform = ExponentialFamily(lambda t: t**2 / 2, lambda t: t, domain=(-0.5, 0.5))
    assert uniform.log_moment(0.3) == pytest.approx(0.09)
    with pytest.raises(DomainError, match="effect"):
        uniform.log_moment(0.6)
    # A function that overflows ends the search instead of the programme.
    steep = ExponentialFamily(lambda t: math.exp(t) - t, lambda t: math.exp(t) - 1)
    assert steep.log_moment(1.0) == pytest.approx(
        total(stats.poisson(1), stats.poisson(2), COUNTS[:60])
    )
    # At the largest mean one row below it decides: the error is 2^-100, and bounded well.
    sign = ExponentialFamily(lambda t: np.log(np.cosh(t)), np.tanh)
    assert 2.0**-100 < error_upper_bound(1.0, 100, sign) < 1e-25


def test_moments_that_are_infinite():
    steep = VarianceGamma(0.1, 0.5)
    assert steep.log_moment(5.0, "paper") == steep.log_moment(5.0, "paper", digits=20) == np.inf
    assert steep.log_moment(5.0) < np.inf
    edge = np.max(SAMPLE) - np.mean(SAMPLE)
    near = Tilted(SAMPLE).log_moment([edge * (1 - 1e-9), edge])
    assert near[0] < near[1] == np.inf
    low = np.mean(SAMPLE) - np.min(SAMPLE)
    assert Tilted([-0.1, 0.0, 0.5]).log_moment(0.3, "min_ref") == np.inf
    assert Tilted([-0.1, 0.0, 0.5]).log_moment(0.3, "min_ref", digits=20) == np.inf
    assert low > edge


@pytest.mark.parametrize(
    "tenth", [Fraction(1, 10), Decimal("0.1"), "0.1", mpmath.mpf(1) / 10, np.float64(0.1)]
)
def test_numbers_are_read_as_decimals(tenth):
    with mpmath.workdps(45):
        expected = mpmath.mpf(1) / 49
        tolerance = mpmath.mpf("1e-15") if isinstance(tenth, mpmath.mpf) else mpmath.mpf("1e-39")
        assert abs(Gaussian(0.7).log_moment(tenth, digits=40) - expected) < tolerance
    assert Gaussian(2).log_moment(1, digits=20) == 0.25


def test_published_formulas():
    e = np.array([1e-9, 0.01, 0.5])
    np.testing.assert_allclose(PublishedCategorical().log_moment(e), np.log1p(4 * e**2), rtol=1e-15)
    np.testing.assert_allclose(PublishedLaplace(0.5).log_moment(e), 2 * e, rtol=1e-15)
    # The loose Laplace moment is valid: it is never below the true one.
    assert (PublishedLaplace(0.5).log_moment(e) >= Laplace(0.5).log_moment(e)).all()


@EVERY_LAW
def test_float64_agrees_with_mpmath(law):
    top = min(float(law._largest()), 1.0)
    # Quadrature takes a second in mpmath.
    slow = isinstance(law, GeneralizedNormal | StudentT | Logistic)
    for effect in (1e-6, 0.25) if slow else (1e-9, 1e-6, 1e-3, 0.03, 0.1, 0.25, 0.4):
        for direction in law.directions:
            got = float(law.log_moment(effect * top, direction))
            exact = law.log_moment(effect * top, direction, digits=25)
            if mpmath.isinf(exact):
                assert got == np.inf
            else:
                assert abs(got - exact) <= 1e-12 * abs(exact)


@EVERY_LAW
def test_shape_edges_and_words(law):
    effects = np.array([[-0.1, 0.0, 0.01], [0.05, 0.1, 0.2]])
    value = law.log_moment(effects)
    assert value.shape == effects.shape
    assert (value[0, :2] == 0.0).all()
    assert (np.diff(value.ravel()[1:]) > 0).all()
    assert law.log_moment(0.1) == pytest.approx(value[1, 1])
    assert np.ndim(law.log_moment(0.1)) == 0
    assert law.log_moment(0, digits=20) == law.log_moment(-1, digits=20) == 0
    assert law.describes
    assert law.describes[0] != "<"


@EVERY_LAW
def test_effects_beyond_the_law(law):
    largest = float(law._largest())
    if np.isinf(largest):
        assert law.log_moment(1e3) > 1
        return
    with pytest.raises(DomainError, match="not possible here"):
        law.log_moment(largest * 1.001)
    if not isinstance(law, PublishedCategorical):
        assert law.log_moment(largest) == np.inf
        assert law.log_moment(largest, digits=20) == mpmath.inf


def test_every_exported_law_is_tested():
    exported = {getattr(theory, name) for name in theory.__all__}
    laws = {thing for thing in exported if isinstance(thing, type) and issubclass(thing, Law)}
    assert laws - {Law} == {type(law) for law in LAWS}


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Gaussian(0.0), "sigma"),
        (lambda: Gaussian(-1.0), "sigma"),
        (lambda: Gaussian(np.inf), "sigma"),
        (lambda: Gaussian("1"), "sigma"),
        (lambda: GaussianTwoSigma(1.0, 0.0), "sigma_alternative"),
        (lambda: BoundedVariance(0.0), "sigma"),
        (lambda: Bounded(0.0, 1.0), "low"),
        (lambda: Bounded(-1.0, 0.0), "high"),
        (lambda: Bounded(-np.inf, 1.0), "low"),
        (lambda: Ternary(0.0), "disagreement"),
        (lambda: Ternary(1.1), "disagreement"),
        (lambda: Laplace(-1.0), "scale"),
        (lambda: PublishedLaplace(0.0), "scale"),
        (lambda: GeneralizedNormal(1.0, 20.0), "shape"),
        (lambda: StudentT(1.0, 0.0), "df"),
        (lambda: Logistic(0.0), "scale"),
        (lambda: Skellam(0.0), "variance"),
        (lambda: VarianceGamma(1.0, 0.0), "shape"),
        (lambda: Tilted([1.0, 1.0]), "sample"),
        (lambda: Tilted([1.0, np.nan]), "sample"),
        (lambda: Tilted([]), "sample"),
        (lambda: Tilted(["a"]), "sample"),
        (lambda: ExponentialFamily(1, 2), "log_partition"),
        (lambda: ExponentialFamily(abs, abs, domain=(1, 0)), "domain"),
        (lambda: ExponentialFamily(np.exp, lambda t: np.exp(t) + 1), "mean"),
        (lambda: Bernoulli(1.0), "risk"),
        (lambda: Poisson(0.0), "mean"),
        (lambda: Gamma(1.0, 0.0), "shape"),
        (lambda: Exponential(0.0), "mean"),
        (lambda: InverseGaussian(1.0, -1.0), "shape"),
        (lambda: NegativeBinomial(1.0, 0.0), "size"),
        (lambda: Gaussian(1.0).log_moment(np.nan), "effect"),
        (lambda: Gaussian(1.0).log_moment("x"), "effect"),
        (lambda: Gaussian(1.0).log_moment(0.1, digits=0), "digits"),
    ],
)
def test_bad_parameters(make, name):
    with pytest.raises(BopError, match=f"^{name}.*: got .*allowed"):
        make()


def test_unknown_direction():
    with pytest.raises(ArgumentError, match=r"direction: got 'mni'; allowed.*did you mean 'min'"):
        Gaussian(1.0).log_moment(0.1, "mni")
    with pytest.raises(ArgumentError, match="direction"):
        Gaussian(1.0).log_moment(0.1, "min_ref")


@pytest.mark.parametrize("effect", [1e-300, 1e-30, 1e30])
def test_extreme_effects(effect):
    for law in LAWS:
        if effect <= float(law._largest()):
            assert not np.isnan(law.log_moment(effect))
