"""Laws of the individual benefit that most studies need: normal, bounded, 0–1, any variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from bopstats._validation import check_real
from bopstats.exceptions import DomainError
from bopstats.theory._base import Law, column, stacked_moments
from bopstats.theory._cantelli import CantelliTest, cantelli_lower
from bopstats.theory._checks import check_positive, lattice_period
from bopstats.theory._cost_pairs import TwoSigmaPair
from bopstats.theory._numeric import Floats, Ops
from bopstats.theory._pairs import BinomialPair, GaussianPair, Pair, Test
from bopstats.theory.published_laws import PublishedCategorical


@dataclass(frozen=True)
class Gaussian(Law):
    r"""Normal benefits with a known standard deviation.

    .. math:: B \sim N(\mu, \sigma^2), \qquad \ln c = (\epsilon/\sigma)^2

    in both directions. Meaningful for real-valued differences of costs (squared error, deviance)
    in groups large enough for their mean to be close to normal.

    Source: the χ² divergence of two normal laws (Ingster and Suslina, 2003).

    Parameters
    ----------
    sigma : float
        Standard deviation of the individual benefit, in the unit of the cost; positive.

    Raises
    ------
    DomainError
        If `sigma` is not a positive finite number.

    Notes
    -----
    Both error bounds use the standardised effect ``effect * sqrt(size) / sigma`` alone.

    Examples
    --------
    >>> round(float(Gaussian(0.1).log_moment(0.01)), 12)
    0.01
    """

    sigma: float

    def __post_init__(self) -> None:
        check_positive("sigma", self.sigma)

    @property
    def describes(self) -> str:
        """The class of distributions, in words."""
        return f"normal benefits with standard deviation {self.sigma:g}"

    def _log_moment(self, effect: Any, _direction: str, ops: Ops, /) -> Any:
        return (effect / ops.number(self.sigma)) ** 2

    def published(self) -> Law:
        """Return itself: the literature's formula is this one."""
        return self

    @classmethod
    def _lower_pair(cls, laws: Sequence[Self], effect: Floats, sizes: Floats) -> Pair:
        return GaussianPair(standardised(laws, effect, sizes))

    @classmethod
    def _upper_test(cls, laws: Sequence[Self], effect: Floats, sizes: Floats) -> Test:
        return cls._lower_pair(laws, effect, sizes)


@dataclass(frozen=True)
class Bounded(Law):
    r"""Every law of the benefit between two limits: the certified worst case for 0–1 loss.

    Replacing B by `high` with chance (B − low)/(high − low), else by `low`, keeps means and
    independence, so the class is as hard as its two-point laws {low, high}:

    .. math:: c = \pi_0^2/\pi_1 + (1-\pi_0)^2/(1-\pi_1), \quad
              \pi_0 = -a/(b-a), \quad \pi_1 = (\epsilon-a)/(b-a),

    which is :math:`1/(1-\epsilon^2)` on [−1, 1]. Use ``Bounded(-1, 1)`` for 0–1 loss and for the
    Brier score.

    Source: derived here, as described.

    Parameters
    ----------
    low, high : float
        Limits of the individual benefit, ``low < 0 < high``.

    Raises
    ------
    DomainError
        If the limits do not lie on both sides of 0.

    Examples
    --------
    >>> round(float(Bounded(-1, 1).log_moment(0.6)), 6)
    0.446287
    """

    low: float
    high: float

    whole_rows: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_real("low", self.low, low=-np.inf, high=0.0, error=DomainError)
        check_real("high", self.high, low=0.0, high=np.inf, error=DomainError)

    @property
    def describes(self) -> str:
        """The class of distributions, in words."""
        return f"all laws of the benefit on [{self.low:g}, {self.high:g}]"

    def _limit(self, direction: str, /) -> Any:
        return self.high if direction == "min" else np.inf

    def _largest(self) -> Any:
        return self.high

    def _log_moment(self, effect: Any, direction: str, ops: Ops, /) -> Any:
        low, high = ops.number(self.low), ops.number(self.high)
        if direction == "paper":
            return ops.log1p(effect**2 / (-low * high))
        # c - 1 = shift^2 / (p1 (1 - p1)) with p1 the chance of `high` under the alternative.
        return ops.log1p(effect**2 / ((effect - low) * (high - effect)))

    def published(self) -> Law | None:
        """Return the literature's formula for 0–1 loss, if the limits are −1 and 1."""
        return PublishedCategorical() if (self.low, self.high) == (-1, 1) else None

    @classmethod
    def _period(cls, laws: Sequence[Self], /) -> int:
        low, high = column(laws, "low"), column(laws, "high")
        return lattice_period(-low / (high - low))

    @classmethod
    def _lower_pair(cls, laws: Sequence[Self], effect: Floats, sizes: Floats) -> Pair:
        low, high = column(laws, "low"), column(laws, "high")
        moment = stacked_moments(laws, effect)
        return BinomialPair(-low / (high - low), effect / (high - low), sizes, moment)

    @classmethod
    def _upper_test(cls, laws: Sequence[Self], effect: Floats, sizes: Floats) -> Test:
        return cls._lower_pair(laws, effect, sizes)


@dataclass(frozen=True)
class BoundedVariance(Law):
    r"""Every law of the benefit with at most this standard deviation: distribution-free.

    .. math:: \ln c = \ln(1 + \epsilon^2/\sigma^2)

    is the exact minimum over the class (Hammersley, Chapman and Robbins), reached by Cantelli's
    two-point law. A high bound says that no test is good for *all* these laws, not that
    the data at hand are hard.

    Source: Hammersley (1950), Chapman and Robbins (1951); Cantelli (1928).

    Parameters
    ----------
    sigma : float
        Largest standard deviation of the individual benefit; positive.

    Raises
    ------
    DomainError
        If `sigma` is not a positive finite number.

    Examples
    --------
    >>> round(float(BoundedVariance(0.1).log_moment(0.01)), 9)
    0.009950331
    """

    sigma: float

    def __post_init__(self) -> None:
        check_positive("sigma", self.sigma)

    @property
    def describes(self) -> str:
        """The class of distributions, in words."""
        return f"all laws of the benefit with standard deviation at most {self.sigma:g}"

    def _log_moment(self, effect: Any, _direction: str, ops: Ops, /) -> Any:
        return ops.log1p((effect / ops.number(self.sigma)) ** 2)

    @classmethod
    def _lower_pair(cls, laws: Sequence[Self], effect: Floats, sizes: Floats) -> Pair:
        # The normal laws belong to the class.
        return GaussianPair(standardised(laws, effect, sizes))

    @classmethod
    def _upper_test(cls, laws: Sequence[Self], effect: Floats, sizes: Floats) -> Test:
        return CantelliTest(standardised(laws, effect, sizes))

    @classmethod
    def _extra_lower(
        cls, laws: Sequence[Self], effect: Floats, sizes: Floats, counts: Floats
    ) -> Floats:
        moment = stacked_moments(laws, effect)
        return cantelli_lower(sizes * moment, counts)


@dataclass(frozen=True)
class GaussianTwoSigma(Law):
    r"""Normal benefits whose standard deviation differs between null and alternative.

    .. math:: \ln c = -\tfrac12\ln\bigl(1-(1-\sigma_0^2/\sigma_1^2)^2\bigr)
              + \epsilon^2/(2\sigma_1^2-\sigma_0^2),

    infinite unless :math:`\sigma_0^2 < 2\sigma_1^2`. An effect of 0 or less answers 1 by
    convention; the two laws then still differ in spread.

    Source: χ² divergences within an exponential family (Nielsen and Nock, 2014).

    Parameters
    ----------
    sigma_null : float
        Standard deviation σ₀ where the mean benefit is 0 or less; positive.
    sigma_alternative : float
        Standard deviation σ₁ where the mean benefit reaches the effect; positive.

    Raises
    ------
    DomainError
        If a parameter is not a positive finite number.

    Examples
    --------
    >>> round(float(GaussianTwoSigma(1.2, 1.0).log_moment(0.1)), 9)
    0.125444834
    """

    sigma_null: float
    sigma_alternative: float

    whole_rows: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_positive("sigma_null", self.sigma_null)
        check_positive("sigma_alternative", self.sigma_alternative)

    @property
    def describes(self) -> str:
        """The class of distributions, in words."""
        return (
            f"normal benefits with standard deviation {self.sigma_null:g} under the null and "
            f"{self.sigma_alternative:g} under the alternative"
        )

    def _limit(self, direction: str, /) -> Any:
        alt, ref = self.sigma_null, self.sigma_alternative
        alt, ref = (alt, ref) if direction == "min" else (ref, alt)
        return np.inf if alt**2 < 2.0 * ref**2 else 0.0

    def _log_moment(self, effect: Any, direction: str, ops: Ops, /) -> Any:
        alt, ref = ops.number(self.sigma_null), ops.number(self.sigma_alternative)
        if direction == "paper":
            alt, ref = ref, alt
        spread = ops.log1p(-((1 - (alt / ref) ** 2) ** 2)) / 2
        return effect**2 / (2 * ref**2 - alt**2) - spread

    @classmethod
    def _lower_pair(cls, laws: Sequence[Self], effect: Floats, sizes: Floats) -> Pair:
        null, other = column(laws, "sigma_null"), column(laws, "sigma_alternative")
        return TwoSigmaPair(null, other, effect, sizes, stacked_moments(laws, effect))

    @classmethod
    def _upper_test(cls, laws: Sequence[Self], effect: Floats, sizes: Floats) -> Test:
        return cls._lower_pair(laws, effect, sizes)


def standardised(laws: Sequence[Any], effect: Floats, sizes: Floats) -> Floats:
    """Return ``effect * sqrt(size) / sigma``, shape (cases, groups)."""
    with np.errstate(over="ignore"):
        return np.asarray(effect * np.sqrt(sizes) / column(laws, "sigma"))
