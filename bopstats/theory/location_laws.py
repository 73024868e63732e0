"""Location families: the individual benefit has a known shape, only its mean is not known."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from scipy import special, stats

from bopstats.theory import _location
from bopstats.theory._base import Law
from bopstats.theory._checks import check_positive
from bopstats.theory._location_errors import LocationTest
from bopstats.theory._numeric import EXACT, FLOAT, Floats, Ops
from bopstats.theory._pairs import Test
from bopstats.theory.published_laws import PublishedLaplace


class LocationLaw(Law):
    """A symmetric law of known shape and scale, moved by the effect.

    Both directions of the moment agree. The upper bound is that of the better of two tests in
    each group: its mean, by Cantelli's inequality, and its count of rows above half the effect,
    which is exact.
    """

    whole_rows: ClassVar[bool] = True

    @abstractmethod
    def _scale(self) -> float:
        """Return the scale."""

    @abstractmethod
    def _tail(self, r: Floats) -> Floats:
        """Return the chance of a value above r, in units of the scale."""

    @abstractmethod
    def _spread(self) -> float:
        """Return the standard deviation in units of the scale, infinite where there is none."""

    @classmethod
    def _upper_test(cls, laws: Sequence[Self], effect: Floats, sizes: Floats) -> Test:
        half = effect[:, 0] / 2.0
        above = np.stack([law._tail(half / law._scale()) for law in laws], axis=-1)
        sd = np.array([law._spread() * law._scale() for law in laws])
        return LocationTest(above, effect * np.sqrt(sizes) / sd, sizes)


class QuadratureLaw(LocationLaw):
    """A location law whose moment has no closed form."""

    def _log_moment(self, effect: Any, _direction: str, ops: Ops, /) -> Any:
        moved = effect / ops.number(self._scale())

        def floats(r: Any) -> Any:
            return self._log_density(r, FLOAT)

        if ops is EXACT:
            return _location.log_moment_exact(moved, lambda r: self._log_density(r, EXACT), floats)
        return _location.log_moment(np.asarray(moved), floats, self._log_ratio)

    @abstractmethod
    def _log_density(self, r: Any, ops: Ops, /) -> Any:
        """Return the log density at distance r from the centre, in units of the scale."""

    @abstractmethod
    def _log_ratio(self, y: Floats, e: Floats) -> Floats:
        """Return ``log g(y) - log g(y + e)`` without cancellation."""


@dataclass(frozen=True)
class Laplace(LocationLaw):
    r"""Laplace (double exponential) benefits moved by the effect.

    .. math:: g(x) = e^{-|x|/b}/(2b), \qquad
              c = \tfrac23 e^{t} + \tfrac13 e^{-2t}, \quad t = \epsilon/b.

    Meaningful where most rows hardly change and a few change much.

    Source: integrated here.

    Parameters
    ----------
    scale : float
        Scale b; the standard deviation is :math:`b\sqrt 2`. Positive.

    Raises
    ------
    DomainError
        If `scale` is not a positive finite number.

    Examples
    --------
    >>> round(float(Laplace(1.0).log_moment(0.5)), 9)
    0.200303896
    """

    scale: float

    def __post_init__(self) -> None:
        check_positive("scale", self.scale)

    @property
    def describes(self) -> str:
        """The class of distributions, in words."""
        return f"Laplace benefits with scale {self.scale:g}, moved by the effect"

    def published(self) -> Law:
        """Return the literature's formula, exp(effect / scale)."""
        return PublishedLaplace(self.scale)

    def _log_moment(self, effect: Any, _direction: str, ops: Ops, /) -> Any:
        t = effect / ops.number(self.scale)
        if ops is EXACT:
            return ops.log((2 * ops.exp(t) + ops.exp(-2 * t)) / 3)
        # c - 1 = u² (3 + 2u) / (3 (1 + u)²) with u = e^t - 1, and c = e^t (2 + e^(-3t)) / 3.
        u = np.expm1(np.minimum(t, 1.0))
        near = np.log1p(u**2 * (3.0 + 2.0 * u) / (3.0 * (1.0 + u) ** 2))
        return np.where(t < 1.0, near, t + np.log((2.0 + np.exp(-3.0 * t)) / 3.0))

    def _scale(self) -> float:
        return self.scale

    def _tail(self, r: Floats) -> Floats:
        return np.asarray(0.5 * np.exp(-r))

    def _spread(self) -> float:
        return float(np.sqrt(2.0))


@dataclass(frozen=True)
class GeneralizedNormal(QuadratureLaw):
    r"""Benefits with density :math:`\propto e^{-|x/\alpha|^\beta}`, moved by the effect.

    Shape 1 is Laplace, 2 is normal with :math:`\sigma = \alpha/\sqrt 2`. The moment is computed by
    double-exponential quadrature of :math:`c - 1 = \int p_1 (p_0/p_1 - 1)^2`.

    Source: Subbotin (1923) for the density.

    Parameters
    ----------
    scale : float
        Scale α; positive.
    shape : float
        Shape β, between 0.1 and 8: beyond, the quadrature loses digits.

    Raises
    ------
    DomainError
        If a parameter is outside its range.

    Examples
    --------
    >>> round(float(GeneralizedNormal(1.0, 2.0).log_moment(0.5)), 12)
    0.5
    """

    scale: float
    shape: float

    def __post_init__(self) -> None:
        check_positive("scale", self.scale)
        check_positive("shape", self.shape, low=0.1, high=8.0)

    @property
    def describes(self) -> str:
        """The class of distributions, in words."""
        return (
            f"generalized normal benefits with scale {self.scale:g} and shape {self.shape:g}, "
            "moved by the effect"
        )

    def _scale(self) -> float:
        return self.scale

    def _log_density(self, r: Any, ops: Ops, /) -> Any:
        shape = ops.number(self.shape)
        return -(r**shape) - ops.log(2) - ops.loggamma(1 + 1 / shape)

    def _log_ratio(self, y: Floats, e: Floats) -> Floats:
        close = y**self.shape * np.expm1(self.shape * np.log1p(np.minimum(e / y, 1.0)))
        return np.where(e < y, close, (y + e) ** self.shape - y**self.shape)

    def _tail(self, r: Floats) -> Floats:
        return np.asarray(0.5 * special.gammaincc(1.0 / self.shape, r**self.shape))

    def _spread(self) -> float:
        logs = special.gammaln(3.0 / self.shape) - special.gammaln(1.0 / self.shape)
        return float(np.exp(logs / 2.0))


@dataclass(frozen=True)
class StudentT(QuadratureLaw):
    r"""Student's t benefits: heavy tails, moved by the effect.

    .. math:: g(x) \propto (1 + x^2/(\nu s^2))^{-(\nu+1)/2}

    The moment is computed by double-exponential quadrature. With 2 or fewer degrees of freedom
    there is no variance, and the upper bound counts rows instead of averaging them.

    Source: integrated here.

    Parameters
    ----------
    scale : float
        Scale s; positive.
    df : float
        Degrees of freedom ν, between 0.1 and 1e6.

    Raises
    ------
    DomainError
        If a parameter is outside its range.

    Examples
    --------
    >>> round(float(StudentT(1.0, 5.0).log_moment(1.0)), 9)
    0.630074252
    """

    scale: float
    df: float

    def __post_init__(self) -> None:
        check_positive("scale", self.scale)
        check_positive("df", self.df, low=0.1, high=1e6)

    @property
    def describes(self) -> str:
        """The class of distributions, in words."""
        return (
            f"Student t benefits with scale {self.scale:g} and {self.df:g} degrees of freedom, "
            "moved by the effect"
        )

    def _scale(self) -> float:
        return self.scale

    def _log_density(self, r: Any, ops: Ops, /) -> Any:
        df = ops.number(self.df)
        pi = 4 * ops.atan(ops.number(1))
        constant = ops.loggamma((df + 1) / 2) - ops.loggamma(df / 2) - ops.log(df * pi) / 2
        return constant - (df + 1) / 2 * ops.log1p(r**2 / df)

    def _log_ratio(self, y: Floats, e: Floats) -> Floats:
        return np.asarray((self.df + 1.0) / 2.0 * np.log1p(e * (2.0 * y + e) / (self.df + y**2)))

    def _tail(self, r: Floats) -> Floats:
        return np.asarray(stats.t.sf(r, self.df))

    def _spread(self) -> float:
        return float(np.sqrt(self.df / (self.df - 2.0))) if self.df > 2.0 else np.inf


@dataclass(frozen=True)
class Logistic(QuadratureLaw):
    r"""Logistic benefits moved by the effect.

    .. math:: g(x) = \frac{e^{-x/s}}{s(1+e^{-x/s})^2}

    The moment is computed by double-exponential quadrature.

    Source: integrated here.

    Parameters
    ----------
    scale : float
        Scale s; the standard deviation is :math:`s\pi/\sqrt 3`. Positive.

    Raises
    ------
    DomainError
        If `scale` is not a positive finite number.

    Examples
    --------
    >>> round(float(Logistic(1.0).log_moment(0.1)), 10)
    0.0033305596
    """

    scale: float

    def __post_init__(self) -> None:
        check_positive("scale", self.scale)

    @property
    def describes(self) -> str:
        """The class of distributions, in words."""
        return f"logistic benefits with scale {self.scale:g}, moved by the effect"

    def _scale(self) -> float:
        return self.scale

    def _log_density(self, r: Any, ops: Ops, /) -> Any:
        return -r - 2 * ops.log1p(ops.exp(-r))

    def _log_ratio(self, y: Floats, e: Floats) -> Floats:
        small = np.minimum(e, 1.0)
        lean = np.tanh(y / 2.0) * np.sinh(small / 2.0)
        near = 2.0 * np.log1p(2.0 * np.sinh(small / 4.0) ** 2 + lean)
        far = e + 2.0 * (np.log1p(np.exp(-y - e)) - np.log1p(np.exp(-y)))
        return np.where(e < 1.0, near, far)

    def _tail(self, r: Floats) -> Floats:
        return np.asarray(special.expit(-r))

    def _spread(self) -> float:
        return float(np.pi / np.sqrt(3.0))
