"""Laws of whole numbers: 0–1 loss with a known share of changes or a known risk, counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from bopstats._validation import check_real
from bopstats.exceptions import DomainError
from bopstats.theory import _engine as engine
from bopstats.theory._base import Law, column, stacked_moments
from bopstats.theory._checks import check_positive, lattice_period
from bopstats.theory._lattice_pairs import SkellamPair, TernaryPair
from bopstats.theory._numeric import Floats, Ops
from bopstats.theory._pairs import BinomialPair, Pair, Test
from bopstats.theory.published_laws import PublishedCategorical


@dataclass(frozen=True)
class Ternary(Law):
    r"""0–1 loss with a known share of changed predictions: B in {−1, 0, 1}, P(B ≠ 0) = q.

    .. math:: c = 1 + \frac{q\,\epsilon^2}{q^2-\epsilon^2}, \qquad
              c_\text{paper} = 1 + \epsilon^2/q

    for the pair :math:`(q/2, 1-q, q/2)` and :math:`((q-\epsilon)/2, 1-q, (q+\epsilon)/2)`.
    Lower bounds hold as well for the larger class in which *at most* the share q changes; upper
    bounds hold for exactly this share (use ``Bounded(-1, 1)`` when q is only a limit).

    Source: derived here; the setting of McNemar (1947).

    Parameters
    ----------
    disagreement : float
        Share q of rows on which the two models' costs differ, in (0, 1].

    Raises
    ------
    DomainError
        If `disagreement` is outside (0, 1].

    Examples
    --------
    >>> round(float(Ternary(0.25).log_moment(0.1)), 6)
    0.04652
    """

    disagreement: float

    whole_rows: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_real(
            "disagreement", self.disagreement, low=0.0, high=1.0, closed="high", error=DomainError
        )

    @property
    def describes(self) -> str:
        """The class of distributions, in words."""
        return f"benefits in {{-1, 0, 1}}, of which a share {self.disagreement:g} is not 0"

    def _limit(self, direction: str, /) -> Any:
        return self.disagreement if direction == "min" else np.inf

    def _largest(self) -> Any:
        return self.disagreement

    def _log_moment(self, effect: Any, direction: str, ops: Ops, /) -> Any:
        q = ops.number(self.disagreement)
        if direction == "paper":
            return ops.log1p(effect**2 / q)
        return ops.log1p(q * effect**2 / ((q - effect) * (q + effect)))

    def published(self) -> Law:
        """Return the literature's formula for 0–1 loss."""
        return PublishedCategorical()

    @classmethod
    def _period(cls, laws: Sequence[Self], /) -> int:
        return int(column(laws, "disagreement").max() == 1.0)

    @classmethod
    def _lower_pair(cls, laws: Sequence[Self], effect: Floats, sizes: Floats) -> Pair:
        moment = stacked_moments(laws, effect)
        share, effect, sizes, moment = np.broadcast_arrays(
            column(laws, "disagreement"), effect, sizes, moment
        )
        return TernaryPair(share, effect, sizes, moment)

    @classmethod
    def _upper_test(cls, laws: Sequence[Self], effect: Floats, sizes: Floats) -> Test:
        return cls._lower_pair(laws, effect, sizes)

    @classmethod
    def _extra_lower(
        cls, laws: Sequence[Self], effect: Floats, sizes: Floats, counts: Floats
    ) -> Floats:
        # The cut "no row got worse", which stays finite as the effect approaches the share.
        share = column(laws, "disagreement")
        first = sizes * np.log1p(-share / 2.0)
        second = sizes * np.log1p(share * (share / (2.0 * (share + effect)) - 1.0))
        with np.errstate(divide="ignore"):
            return engine.second_moment(first, second, np.log(counts))


@dataclass(frozen=True)
class Skellam(Law):
    r"""Differences of two Poisson losses, equal under the null, tilted towards benefit.

    .. math:: \ln c = 4\omega(\cosh\theta - 1), \quad \omega = v/2, \quad
              \theta = \operatorname{asinh}(\epsilon/2\omega).

    Meaningful for counts of errors or events per person. Its sums are exact.

    Source: Skellam (1946); χ² divergences within an exponential family (Nielsen and Nock, 2014).

    Parameters
    ----------
    variance : float
        Variance v of the individual benefit under the null; positive.

    Raises
    ------
    DomainError
        If `variance` is not a positive finite number.

    Examples
    --------
    >>> round(float(Skellam(2.0).log_moment(0.1)), 8)
    0.00499688
    """

    variance: float

    def __post_init__(self) -> None:
        check_positive("variance", self.variance)

    @property
    def describes(self) -> str:
        """The class of distributions, in words."""
        return f"differences of two Poisson losses, variance {self.variance:g} where they are equal"

    def _log_moment(self, effect: Any, direction: str, ops: Ops, /) -> Any:
        variance = ops.number(self.variance)
        tilt = ops.asinh(effect / variance)
        if direction == "paper":
            # cosh 2θ − 2 cosh θ + 1 = 2 cosh θ (cosh θ − 1), and cosh θ − 1 = 2 sinh²(θ/2).
            return 4 * variance * ops.sinh(tilt / 2) ** 2 * ops.sqrt(1 + (effect / variance) ** 2)
        return 4 * variance * ops.sinh(tilt / 2) ** 2

    @classmethod
    def _lower_pair(cls, laws: Sequence[Self], effect: Floats, sizes: Floats) -> Pair:
        moment = stacked_moments(laws, effect)
        variance, effect, sizes, moment = np.broadcast_arrays(
            column(laws, "variance"), effect, sizes, moment
        )
        return SkellamPair(variance, effect, sizes, moment)

    @classmethod
    def _upper_test(cls, laws: Sequence[Self], effect: Floats, sizes: Floats) -> Test:
        return cls._lower_pair(laws, effect, sizes)


@dataclass(frozen=True)
class Bernoulli(Law):
    r"""A 0–1 cost against a known risk: the share of errors falls from `risk` by the effect.

    .. math:: c = 1 + \frac{\epsilon^2}{r(1-r)}, \quad r = \text{risk} - \epsilon

    Source: χ² divergences within an exponential family (Nielsen and Nock, 2014).

    Parameters
    ----------
    risk : float
        Known risk of the generic model, in (0, 1).

    Raises
    ------
    DomainError
        If `risk` is outside (0, 1).

    Examples
    --------
    >>> round(float(Bernoulli(0.11).log_moment(0.01)), 9)
    0.001110494
    """

    risk: float

    whole_rows: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_real("risk", self.risk, low=0.0, high=1.0, error=DomainError)

    @property
    def describes(self) -> str:
        """The class of distributions, in words."""
        return f"0-1 costs whose risk falls from a known {self.risk:g}"

    def _limit(self, direction: str, /) -> Any:
        return self.risk if direction == "min" else np.inf

    def _largest(self) -> Any:
        return self.risk

    def _log_moment(self, effect: Any, direction: str, ops: Ops, /) -> Any:
        risk = ops.number(self.risk)
        ref = risk - effect if direction == "min" else risk
        return ops.log1p(effect**2 / (ref * (1 - ref)))

    @classmethod
    def _period(cls, laws: Sequence[Self], /) -> int:
        return lattice_period(column(laws, "risk"))

    @classmethod
    def _lower_pair(cls, laws: Sequence[Self], effect: Floats, sizes: Floats) -> Pair:
        free = 1.0 - column(laws, "risk")
        return BinomialPair(free, effect + 0.0 * free, sizes, stacked_moments(laws, effect))

    @classmethod
    def _upper_test(cls, laws: Sequence[Self], effect: Floats, sizes: Floats) -> Test:
        return cls._lower_pair(laws, effect, sizes)
