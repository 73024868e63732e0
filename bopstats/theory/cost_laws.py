"""Laws of a cost: the generic model's risk is known, only the personalized cost is random.

These are not laws of an individual difference. The mean cost is `mean` under the null and
``mean - effect`` where the personal attributes help.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from bopstats.theory import _cost_pairs as pairs
from bopstats.theory._base import Law, stacked_moments
from bopstats.theory._checks import check_positive
from bopstats.theory._numeric import Floats, Ops
from bopstats.theory._pairs import Pair, Test


class CostLaw(Law):
    """A family of costs with a natural parameter that the mean determines.

    Both error bounds use exact tails of the summed cost.
    """

    family: ClassVar[pairs.Family]

    @abstractmethod
    def _mean(self) -> float:
        """Return the mean cost under the null."""

    def _parameter(self) -> float:
        """Return the remaining parameter."""
        return 1.0

    @abstractmethod
    def _moment(self, alt: Any, ref: Any, gap: Any, ops: Ops, /) -> Any:
        """Return ln ∫ p_alt² / p_ref for two mean costs, ``gap = |alt - ref|``."""

    def _largest(self) -> Any:
        return self._mean()

    def _limit(self, _direction: str, /) -> Any:
        return self._mean()

    def _log_moment(self, effect: Any, direction: str, ops: Ops, /) -> Any:
        null = ops.number(self._mean())
        if direction == "min":
            return self._moment(null, null - effect, effect, ops)
        return self._moment(null - effect, null, effect, ops)

    @abstractmethod
    def _third(self, null: Floats, alternative: Floats) -> Floats:
        """Return the mean of the law ∝ p0²/p1; anything where there is none."""

    @classmethod
    def _lower_pair(cls, laws: Sequence[Self], effect: Floats, sizes: Floats) -> Pair:
        null = np.array([law._mean() for law in laws], dtype=float)
        other = null - effect
        with np.errstate(divide="ignore", invalid="ignore"):
            third = np.stack(
                [law._third(null[i], other[:, i]) for i, law in enumerate(laws)], axis=-1
            )
        third = np.where(np.isfinite(third) & (third > 0.0), third, null)
        parameter = np.array([law._parameter() for law in laws], dtype=float)
        means = (null, np.maximum(other, np.finfo(float).tiny), third)
        moment = stacked_moments(laws, effect)
        return pairs.CostPair(cls.family, means, parameter, sizes, moment)

    @classmethod
    def _upper_test(cls, laws: Sequence[Self], effect: Floats, sizes: Floats) -> Test:
        return cls._lower_pair(laws, effect, sizes)


@dataclass(frozen=True)
class Poisson(CostLaw):
    r"""Poisson costs (counts of errors or events) whose mean falls by the effect.

    .. math:: \ln c = \epsilon^2 / (\text{mean} - \epsilon)

    Source: χ² divergences within an exponential family (Nielsen and Nock, 2014).

    Parameters
    ----------
    mean : float
        Known mean cost of the generic model; positive.

    Raises
    ------
    DomainError
        If `mean` is not a positive finite number.

    Examples
    --------
    >>> float(Poisson(5.0).log_moment(4.5))
    40.5
    """

    mean: float

    family: ClassVar[pairs.Family] = pairs.POISSON

    def __post_init__(self) -> None:
        check_positive("mean", self.mean)

    @property
    def describes(self) -> str:
        """The class of distributions, in words."""
        return f"Poisson costs whose mean falls from a known {self.mean:g}"

    def _mean(self) -> float:
        return self.mean

    def _moment(self, _alt: Any, ref: Any, gap: Any, _ops: Ops, /) -> Any:
        return gap**2 / ref

    def _third(self, null: Floats, alternative: Floats) -> Floats:
        return null**2 / alternative


@dataclass(frozen=True)
class Gamma(CostLaw):
    r"""Gamma costs of known shape whose mean falls by the effect.

    .. math:: \ln c = -k\ln(1-\epsilon^2/r^2), \quad r = \text{mean} - \epsilon,

    infinite unless the effect is below half the mean.

    Source: χ² divergences within an exponential family (Nielsen and Nock, 2014).

    Parameters
    ----------
    mean : float
        Known mean cost of the generic model; positive.
    shape : float
        Shape k; positive.

    Raises
    ------
    DomainError
        If a parameter is not a positive finite number.

    Examples
    --------
    >>> round(float(Gamma(1.99, 1.0).log_moment(0.99)), 8)
    3.91703555
    """

    mean: float
    shape: float

    family: ClassVar[pairs.Family] = pairs.GAMMA

    def __post_init__(self) -> None:
        check_positive("mean", self.mean)
        check_positive("shape", self.shape)

    @property
    def describes(self) -> str:
        """The class of distributions, in words."""
        return f"Gamma costs of shape {self.shape:g} whose mean falls from a known {self.mean:g}"

    def _mean(self) -> float:
        return self.mean

    def _parameter(self) -> float:
        return self.shape

    def _limit(self, direction: str, /) -> Any:
        return self.mean / 2 if direction == "min" else self.mean

    def _moment(self, _alt: Any, ref: Any, gap: Any, ops: Ops, /) -> Any:
        return -ops.number(self.shape) * ops.log1p(-((gap / ref) ** 2))

    def _third(self, null: Floats, alternative: Floats) -> Floats:
        return 1.0 / (2.0 / null - 1.0 / alternative)


class Exponential(Gamma):
    r"""Exponential costs (waiting times, deviances) whose mean falls by the effect.

    Source: χ² divergences within an exponential family (Nielsen and Nock, 2014).

    Parameters
    ----------
    mean : float
        Known mean cost of the generic model; positive.

    Raises
    ------
    DomainError
        If `mean` is not a positive finite number.

    Examples
    --------
    >>> round(float(Exponential(1.1).log_moment(0.1, "paper")), 9)
    0.008298803
    """

    def __init__(self, mean: float) -> None:
        super().__init__(mean, 1.0)

    def __repr__(self) -> str:
        return f"Exponential(mean={self.mean!r})"

    @property
    def describes(self) -> str:
        """The class of distributions, in words."""
        return f"exponential costs whose mean falls from a known {self.mean:g}"


@dataclass(frozen=True)
class InverseGaussian(CostLaw):
    r"""Inverse Gaussian costs whose mean falls by the effect.

    .. math:: \ln c = \lambda(2/a - 1/r - \sqrt{2/a^2 - 1/r^2}), \quad r = a - \epsilon,

    with a the known mean; infinite unless :math:`a \le \sqrt 2\, r`.

    Source: χ² divergences within an exponential family (Nielsen and Nock, 2014).

    Parameters
    ----------
    mean : float
        Known mean cost of the generic model; positive.
    shape : float
        Shape λ; positive.

    Raises
    ------
    DomainError
        If a parameter is not a positive finite number.

    Examples
    --------
    >>> round(float(InverseGaussian(1.4, 2.0).log_moment(0.4)), 9)
    0.571428571
    """

    mean: float
    shape: float

    family: ClassVar[pairs.Family] = pairs.INVERSE_GAUSSIAN

    def __post_init__(self) -> None:
        check_positive("mean", self.mean)
        check_positive("shape", self.shape)

    @property
    def describes(self) -> str:
        """The class of distributions, in words."""
        return (
            f"inverse Gaussian costs of shape {self.shape:g} whose mean falls from a known "
            f"{self.mean:g}"
        )

    def _mean(self) -> float:
        return self.mean

    def _parameter(self) -> float:
        return self.shape

    def _limit(self, direction: str, /) -> Any:
        return self.mean * (1.0 - 0.5**0.5) if direction == "min" else self.mean

    def _moment(self, alt: Any, ref: Any, gap: Any, ops: Ops, /) -> Any:
        # The printed form cancels; multiply by the conjugate.
        height = gap / (alt * ref)
        below = 2 / alt - 1 / ref + ops.sqrt(2 / alt**2 - 1 / ref**2)
        return ops.number(self.shape) * 2 * height**2 / below

    def _third(self, null: Floats, alternative: Floats) -> Floats:
        return np.asarray((2.0 / null**2 - 1.0 / alternative**2) ** -0.5)


@dataclass(frozen=True)
class NegativeBinomial(CostLaw):
    r"""Negative binomial costs (overdispersed counts) whose mean falls by the effect.

    .. math:: \ln c = -n\ln\Bigl(1-\frac{(q_a-q_r)^2}{q_r(1-q_a)^2}\Bigr), \quad
              q = \frac{\mu}{\mu+n},

    a for the known mean and r for the mean less the effect; infinite unless
    :math:`q_a^2 < q_r`.

    Source: χ² divergences within an exponential family (Nielsen and Nock, 2014).

    Parameters
    ----------
    mean : float
        Known mean cost of the generic model; positive.
    size : float
        Size n; positive. The variance is :math:`\mu+\mu^2/n`.

    Raises
    ------
    DomainError
        If a parameter is not a positive finite number.

    Examples
    --------
    >>> round(float(NegativeBinomial(1.1, 3.0).log_moment(0.1, "paper")), 12)
    0.006659270215
    """

    mean: float
    size: float

    family: ClassVar[pairs.Family] = pairs.NEGATIVE_BINOMIAL

    def __post_init__(self) -> None:
        check_positive("mean", self.mean)
        check_positive("size", self.size)

    @property
    def describes(self) -> str:
        """The class of distributions, in words."""
        return (
            f"negative binomial costs of size {self.size:g} whose mean falls from a known "
            f"{self.mean:g}"
        )

    def _mean(self) -> float:
        return self.mean

    def _parameter(self) -> float:
        return self.size

    def _limit(self, direction: str, /) -> Any:
        if direction == "paper":
            return self.mean
        # q_a² = q_r at this mean of the better model.
        square = (self.mean / (self.mean + self.size)) ** 2
        return self.mean - self.size * square / (1.0 - square)

    def _moment(self, _alt: Any, ref: Any, gap: Any, ops: Ops, /) -> Any:
        n = ops.number(self.size)
        # q_a − q_r = n gap / ((a + n)(r + n)) and 1 − q_a = n / (a + n).
        share = ref / (ref + n)
        return -n * ops.log1p(-((gap / (ref + n)) ** 2) / share)

    def _third(self, null: Floats, alternative: Floats) -> Floats:
        q = (null / (null + self.size)) ** 2 * (alternative + self.size) / alternative
        return self.size * q / (1.0 - q)
