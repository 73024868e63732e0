"""Exponential families of the individual benefit itself: tilting moves the mean to the effect."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import mpmath
import numpy as np

from bopstats._validation import fail
from bopstats.exceptions import DomainError
from bopstats.theory._base import Law
from bopstats.theory._checks import check_positive
from bopstats.theory._chernoff import ChernoffTest, Moments, Rates, chernoff_rates, no_rates
from bopstats.theory._numeric import Floats, Ops
from bopstats.theory._pairs import Test
from bopstats.theory._solve import last_value, solve_increasing


class TiltedFamily(Law):
    """A family with density ∝ exp(θ b) against a law of mean 0.

    The upper bound is that of the min-of-means test, by Chernoff's inequality, sharpened where
    third moments are known.
    """

    @abstractmethod
    def _rates(self, effect: float) -> Rates:
        """Return the large-deviation rates of one row, null and alternative."""

    @classmethod
    def _upper_test(cls, laws: Sequence[Self], effect: Floats, sizes: Floats) -> Test:
        table = []
        known: dict[tuple[int, float], Rates] = {}
        for value in effect[:, 0]:
            row = []
            for law in laws:
                key = (id(law), float(value))
                if key not in known:
                    known[key] = law._rates(float(value))
                row.append(known[key])
            table.append(row)
        return ChernoffTest(table, sizes)


@dataclass(frozen=True)
class VarianceGamma(TiltedFamily):
    r"""Differences of two Gamma losses, tilted towards benefit (shape 1: Laplace, tilted).

    .. math:: K(\theta) = -k\ln(1-b^2\theta^2), \qquad
              \ln c = 2K(\Delta), \quad K'(\Delta)=\epsilon.

    Meaningful for differences of costs, waiting times or squared errors, which have exponential
    tails.

    Source: Madan and Seneta (1990) for the law; χ² divergences within an exponential family
    (Nielsen and Nock, 2014).

    Parameters
    ----------
    scale : float
        Scale b of the two Gamma losses; positive.
    shape : float
        Their shape k; positive. The variance is :math:`2kb^2`.

    Raises
    ------
    DomainError
        If a parameter is not a positive finite number.

    Examples
    --------
    >>> round(float(VarianceGamma(1.0, 1.0).log_moment(0.1)), 9)
    0.004981353
    """

    scale: float
    shape: float

    def __post_init__(self) -> None:
        check_positive("scale", self.scale)
        check_positive("shape", self.shape)

    @property
    def describes(self) -> str:
        """The class of distributions, in words."""
        return (
            f"differences of two Gamma losses with scale {self.scale:g} and shape {self.shape:g}, "
            "tilted to the effect"
        )

    def _square(self, effect: Any, ops: Ops) -> Any:
        """Return (b Δ)²."""
        scale, shape = ops.number(self.scale), ops.number(self.shape)
        moved = effect / scale
        return (moved / (shape + ops.sqrt(shape**2 + moved**2))) ** 2

    def _log_moment(self, effect: Any, direction: str, ops: Ops, /) -> Any:
        shape, square = ops.number(self.shape), self._square(effect, ops)
        if direction == "min":
            return -2 * shape * ops.log1p(-square)
        if isinstance(square, mpmath.mpf):
            if 4 * square >= 1:
                return mpmath.mpf("inf")
            return shape * (2 * ops.log1p(-square) - ops.log1p(-4 * square))
        value = shape * (2 * np.log1p(-square) - np.log1p(-4 * np.minimum(square, 0.25)))
        return np.where(square < 0.25, value, np.inf)

    def _rates(self, effect: float) -> Rates:
        b, k = float(self.scale), float(self.shape)
        moved = effect / b
        tilt = moved / (b * (k + np.hypot(k, moved)))

        def family(theta: Floats) -> Moments:
            y = b * theta
            variance = k * b**2 * ((1.0 - y) ** -2.0 + (1.0 + y) ** -2.0)
            fourth = 6.0 * k * b**4 * ((1.0 - y) ** -4.0 + (1.0 + y) ** -4.0)
            return Moments(
                np.asarray(-k * np.log1p(-(y**2))),
                2.0 * k * b * y / (1.0 - y**2),
                np.sqrt(variance),
                # Lyapunov: the third absolute moment from the fourth.
                (3.0 + fourth / variance**2) ** 0.75,
            )

        return chernoff_rates(tilt, family)


@dataclass(frozen=True, eq=False)
class ExponentialFamily(TiltedFamily):
    r"""The user's own one-parameter exponential family of the individual benefit.

    .. math:: p_\theta(b) = h(b)\,e^{\theta b - A(\theta)}, \qquad
              \ln c = A(2\theta_0-\theta_1) - 2A(\theta_0) + A(\theta_1)

    with :math:`A'(\theta_0)=0`, :math:`A'(\theta_1)=\epsilon`; infinite where
    :math:`2\theta_0-\theta_1` leaves the domain.

    Source: χ² divergences within an exponential family (Nielsen and Nock, 2014).

    Parameters
    ----------
    log_partition : callable
        A(θ), of one number. To use `digits=` it must accept mpmath numbers.
    mean : callable
        A'(θ), the mean benefit, increasing.
    domain : tuple of float
        Open interval of natural parameters; may be infinite.
    name : str
        The family in words, printed beside every bound.

    Raises
    ------
    DomainError
        If no member of the family has mean benefit 0.

    Examples
    --------
    >>> normal = ExponentialFamily(lambda t: t * t / 2, lambda t: t, name="standard normal")
    >>> round(float(normal.log_moment(0.5)), 12)
    0.25
    """

    log_partition: Callable[[Any], Any]
    mean: Callable[[Any], Any]
    domain: tuple[float, float] = (-np.inf, np.inf)
    name: str = "a family given by its log-partition function"

    def __post_init__(self) -> None:
        if not (callable(self.log_partition) and callable(self.mean)):
            fail("log_partition, mean", (self.log_partition, self.mean), "two functions")
        if not self.domain[0] < self.domain[1]:
            fail("domain", self.domain, "an interval (low, high) with low < high", DomainError)
        # Fails where no member of the family has mean benefit 0.
        _ = self._null

    @property
    def describes(self) -> str:
        """The class of distributions, in words."""
        return self.name

    def _mean_at(self, theta: float) -> float:
        """Return the mean, or nan where the user's function gives up."""
        try:
            with np.errstate(all="ignore"):
                return float(self.mean(theta))
        except (OverflowError, ValueError, ZeroDivisionError):
            return np.nan

    def _parameter(self, mean: float) -> float | None:
        return solve_increasing(self._mean_at, mean, self.domain)

    @cached_property
    def _null(self) -> float:
        null = self._parameter(0.0)
        if null is None:
            fail("mean", self.name, "a function that is 0 inside the domain", DomainError)
        return null

    @cached_property
    def _top(self) -> float:
        return last_value(self._mean_at, self.domain)

    def _largest(self) -> Any:
        return self._top

    def _limit(self, _direction: str, /) -> Any:
        return self._top

    def _log_moment(self, effect: Any, direction: str, _ops: Ops, /) -> Any:
        if isinstance(effect, mpmath.mpf):
            start = self._parameter(float(effect))
            if start is None:
                return mpmath.mpf("inf")
            null = mpmath.findroot(self.mean, self._null)
            other = mpmath.findroot(lambda t: self.mean(t) - effect, start)
            return self._moment(null, other, direction)
        flat, back = np.unique(np.asarray(effect).ravel(), return_inverse=True)
        value = np.full(flat.size, np.inf)
        for i, single in enumerate(flat):
            parameter = self._parameter(float(single))
            if parameter is not None:
                value[i] = float(self._moment(self._null, parameter, direction))
        return value[back].reshape(np.shape(effect))

    def _moment(self, null: Any, other: Any, direction: str) -> Any:
        if direction == "paper":
            null, other = other, null
        third = 2 * null - other
        if not self.domain[0] < third < self.domain[1]:
            return np.inf
        a = self.log_partition
        return a(third) - 2 * a(null) + a(other)

    def _rates(self, effect: float) -> Rates:
        null, parameter = self._null, self._parameter(effect)
        if parameter is None:
            return no_rates()
        base = float(self.log_partition(null))

        def family(theta: Floats) -> Moments:
            cumulant = np.array([float(self.log_partition(null + t)) - base for t in theta])
            mean = np.array([float(self.mean(null + t)) for t in theta])
            return Moments(cumulant, mean, np.ones_like(mean), np.full_like(mean, np.inf))

        return chernoff_rates(parameter - null, family)
