"""Pairs of laws of a cost whose mean falls from a known value: thresholds on each group's sum.

A benefit is accepted where the summed cost is at most s. Sums stay in the family, so that every
tail is a special function. The third law, ∝ p0²/p1, is in the family as well or does not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from bopstats.theory._numeric import Floats


@dataclass(frozen=True)
class Family:
    """Sums of costs over `size` rows of mean `mean`, given the remaining parameter.

    Attributes
    ----------
    head : callable
        ``head(s, mean, size, parameter)``, the chance of a sum of at most s.
    tail : callable
        The chance of a larger sum.
    variance : callable
        ``variance(mean, parameter)`` of one row.
    even : callable
        ``even(null, alternative, parameter)``, the mean cost at which both means are equally
        likely.
    whole : bool
        Whether costs are whole numbers.
    """

    head: Callable[[Floats, Floats, Floats, Floats], Floats]
    tail: Callable[[Floats, Floats, Floats, Floats], Floats]
    variance: Callable[[Floats, Floats], Floats]
    even: Callable[[Floats, Floats, Floats], Floats]
    whole: bool


def _poisson_head(s: Floats, mean: Floats, size: Floats, _parameter: Floats) -> Floats:
    return np.where(s >= 0.0, special.gammaincc(np.maximum(s, 0.0) + 1.0, size * mean), 0.0)


def _poisson_tail(s: Floats, mean: Floats, size: Floats, _parameter: Floats) -> Floats:
    return np.where(s >= 0.0, special.gammainc(np.maximum(s, 0.0) + 1.0, size * mean), 1.0)


def _log_ratio(null: Floats, alternative: Floats) -> Floats:
    """Return ln(null / alternative), precise where they are close."""
    return np.log1p((null - alternative) / alternative)


def _even_binomial(null: Floats, alternative: Floats, n: Floats) -> Floats:
    gap = null - alternative
    free = np.log1p(gap / (alternative + n))
    return n * free / (_log_ratio(null, alternative) - free)


POISSON = Family(
    _poisson_head,
    _poisson_tail,
    lambda mean, _parameter: mean,
    lambda null, other, _parameter: (null - other) / _log_ratio(null, other),
    True,
)


def _gamma_head(s: Floats, mean: Floats, size: Floats, shape: Floats) -> Floats:
    return np.asarray(special.gammainc(size * shape, s * shape / mean))


def _gamma_tail(s: Floats, mean: Floats, size: Floats, shape: Floats) -> Floats:
    return np.asarray(special.gammaincc(size * shape, s * shape / mean))


GAMMA = Family(
    _gamma_head,
    _gamma_tail,
    lambda mean, shape: mean**2 / shape,
    lambda null, other, _shape: _log_ratio(null, other) * null * other / (null - other),
    False,
)


def _wald_head(s: Floats, mean: Floats, size: Floats, lam: Floats) -> Floats:
    return np.asarray(stats.invgauss.cdf(s, mean / (size * lam), scale=size**2 * lam))


def _wald_tail(s: Floats, mean: Floats, size: Floats, lam: Floats) -> Floats:
    return np.asarray(stats.invgauss.sf(s, mean / (size * lam), scale=size**2 * lam))


INVERSE_GAUSSIAN = Family(
    _wald_head,
    _wald_tail,
    lambda mean, lam: mean**3 / lam,
    lambda null, other, _lam: 2.0 * null * other / (null + other),
    False,
)


def _binomial_head(s: Floats, mean: Floats, size: Floats, n: Floats) -> Floats:
    value = special.betainc(size * n, np.maximum(s, 0.0) + 1.0, n / (mean + n))
    return np.where(s >= 0.0, value, 0.0)


def _binomial_tail(s: Floats, mean: Floats, size: Floats, n: Floats) -> Floats:
    value = special.betainc(np.maximum(s, 0.0) + 1.0, size * n, mean / (mean + n))
    return np.where(s >= 0.0, value, 1.0)


NEGATIVE_BINOMIAL = Family(
    _binomial_head,
    _binomial_tail,
    lambda mean, n: mean + mean**2 / n,
    _even_binomial,
    True,
)


class CostPair:
    """Summed costs with mean `null` under the null, `alternative` below it, and `third` above."""

    def __init__(
        self,
        family: Family,
        means: tuple[Floats, Floats, Floats],
        parameter: Floats,
        size: Floats,
        log_moment: Floats,
    ) -> None:
        self.family, self.parameter, self.size, self.log_moment = (
            family, parameter, size, log_moment,
        )  # fmt: skip
        self.null, self.alternative, self.third = means
        self.total = size * self.null
        # Relative spread of the sum: thresholds are lognormal in z, so that they stay positive.
        self.spread = np.sqrt(size * family.variance(self.null, parameter)) / self.total

    def threshold(self, z: Floats) -> Floats:
        """Return the largest sum that accepts."""
        width = np.sqrt(np.log1p(self.spread**2))
        s = self.total * np.exp(-z * width - width**2 / 2.0)
        return np.floor(s) if self.family.whole else s

    def moments(self, z: Floats) -> tuple[Floats, Floats]:
        """Return log P0(A) and log E0[L 1_A]."""
        s = self.threshold(z)
        finite = np.isfinite(self.log_moment)
        with np.errstate(divide="ignore", invalid="ignore"):
            first = np.log(self.family.head(s, self.null, self.size, self.parameter))
            third = np.log(self.family.head(s, self.third, self.size, self.parameter))
            second = self.size * self.log_moment + third
        # A tail that underflows says nothing.
        return first, np.where(finite & (third > -700.0), second, np.inf)

    def errors(self, z: Floats) -> tuple[Floats, Floats]:
        """Return P0(A) and log P1(A)."""
        s = self.threshold(z)
        reject = self.family.head(s, self.null, self.size, self.parameter)
        with np.errstate(divide="ignore"):
            miss = self.family.tail(s, self.alternative, self.size, self.parameter)
            accept = self.family.head(s, self.alternative, self.size, self.parameter)
            return reject, np.where(miss < 0.5, np.log1p(-np.minimum(miss, 0.5)), np.log(accept))

    def alone(self) -> Floats:
        """Return the error of the Neyman–Pearson test of one group, which is exact."""
        s = self.size * self.family.even(self.null, self.alternative, self.parameter)
        s = np.floor(s * (1.0 + 1e-15)) if self.family.whole else s
        reject = self.family.head(s, self.null, self.size, self.parameter)
        return np.asarray(reject + self.family.tail(s, self.alternative, self.size, self.parameter))


class TwoSigmaPair:
    """Normal benefits with one standard deviation under the null and another one beyond it."""

    def __init__(
        self,
        null: Floats,
        alternative: Floats,
        effect: Floats,
        size: Floats,
        log_moment: Floats,
    ) -> None:
        self.ratio = null / alternative
        self.delta = np.minimum(effect * np.sqrt(size) / null, 1e100)
        # Twice the precision of the null, less that of the alternative, in units of the former.
        self.room = 2.0 - self.ratio**2
        self.constant = np.where(self.room > 0.0, size * log_moment, 0.0)

    def moments(self, z: Floats) -> tuple[Floats, Floats]:
        """Return log P0(A) and log E0[L 1_A]."""
        room = np.where(self.room > 0.0, self.room, 1.0)
        back = -np.sqrt(room) * (z + self.delta * self.ratio**2 / room)
        second = self.constant + special.log_ndtr(back)
        first, second = np.broadcast_arrays(special.log_ndtr(-z), second)
        return first, np.where(self.room > 0.0, second, np.inf)

    def errors(self, z: Floats) -> tuple[Floats, Floats]:
        """Return P0(A) and log P1(A)."""
        accept = special.log_ndtr((self.delta - z) * self.ratio)
        reject, accept = np.broadcast_arrays(special.ndtr(-z), accept)
        return reject, accept

    def alone(self) -> Floats:
        """Return 0: the best test of one group is not a threshold."""
        return np.zeros_like(self.delta)
