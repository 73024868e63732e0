"""Pairs of laws, null and alternative, of the rows of one group: what a threshold test errs.

Every pair looks at a test "accept a benefit where the group's sum is at least s(z)", where the
threshold grows with z and z is near the normal quantile of the level. Shapes: z is
(points, cases, 1); answers are (points, cases, groups).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from scipy.special import betainc, log_ndtr, ndtr, xlog1py, xlogy

from bopstats.theory._numeric import Floats

#: Beyond this many rows the normal tail errs by 1e-8 or less, and the incomplete beta by more.
NORMAL_FROM = 1e15


class Test(Protocol):
    """The errors of a threshold test within each group."""

    def errors(self, z: Floats) -> tuple[Floats, Floats]:
        """Return P0(A) and log P1(A), A the accepting set, or an upper and a lower bound."""


class Pair(Test, Protocol):
    """Two laws whose likelihood ratio has a known second moment on the accepting set."""

    def moments(self, z: Floats) -> tuple[Floats, Floats]:
        """Return log P0(A) and log E0[L 1_A] with L = dP0/dP1."""

    def alone(self) -> Floats:
        """Return the least error of any test of one group, (cases, groups); 0 if not known."""


class GaussianPair:
    """Normal rows: all depends on ``delta = effect * sqrt(size) / sigma``."""

    def __init__(self, delta: Floats) -> None:
        # Beyond 1e100 every error is 0; the clip keeps the square finite.
        self.delta = np.minimum(delta, 1e100)

    def moments(self, z: Floats) -> tuple[Floats, Floats]:
        with np.errstate(under="ignore"):
            second = self.delta**2 + log_ndtr(-z - self.delta)
            return np.broadcast_arrays(log_ndtr(-z), second)  # type: ignore[return-value]

    def errors(self, z: Floats) -> tuple[Floats, Floats]:
        with np.errstate(under="ignore"):
            return np.broadcast_arrays(ndtr(-z), log_ndtr(self.delta - z))  # type: ignore[return-value]

    def alone(self) -> Floats:
        with np.errstate(under="ignore"):
            return np.asarray(2.0 * ndtr(-self.delta / 2.0))


class BinomialPair:
    """Counts of successes with chance p0 under the null, ``p0 + shift`` under the alternative.

    `size` holds whole numbers of rows. The third law, ∝ p0²/p1, has chance `p2`, and
    `log_moment` is the log of its constant for one row.
    """

    def __init__(self, p0: Floats, shift: Floats, size: Floats, log_moment: Floats) -> None:
        self.size, self.p0, self.shift, self.log_moment = np.broadcast_arrays(
            size, p0, shift, log_moment
        )
        self.p1 = np.minimum(self.p0 + self.shift, 1.0)
        self.q1 = np.maximum(1.0 - self.p0 - self.shift, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            # p2 - p0 = -p0 shift (1 - p0) / (q1 p1 c): written so that nothing cancels.
            constant = self.q1 * self.p1 + self.shift**2
            self.back = np.where(
                constant > 0, self.p0 * self.shift * (1.0 - self.p0) / constant, 0.0
            )
        self.p2 = self.p0 - self.back
        self.sd = np.sqrt(self.size * self.p0 * (1.0 - self.p0))
        self.skew = (1.0 - 2.0 * self.p0) / 6.0
        self.normal = self.size > NORMAL_FROM

    def threshold(self, z: Floats) -> Floats:
        """Return the smallest count that accepts, whole, in [0, size + 1]."""
        centre = self.size * self.p0 + z * self.sd + self.skew * (z * z - 1.0)
        return np.asarray(np.clip(np.ceil(centre), 0.0, self.size + 1.0))

    def moments(self, z: Floats) -> tuple[Floats, Floats]:
        s = self.threshold(z)
        first = binomial_tail(s, self.size, self.p0)
        with np.errstate(divide="ignore"):
            log_first = np.log(first)
            log_second = np.log(binomial_tail(s, self.size, self.p2))
        if (log_second < -690.0).any():
            log_second = np.where(
                log_second < -690.0, chernoff_tail(s, self.size, self.p2), log_second
            )
        with np.errstate(invalid="ignore"):
            second = self.size * self.log_moment + log_second
        # One failure is impossible under the alternative: only "all successes" has a finite ratio.
        certain = self.q1 <= 0.0
        if certain.any():
            whole = xlogy(self.size, self.p0)
            log_first = np.where(certain, whole, log_first)
            second = np.where(certain, 2.0 * whole, second)
        if self.normal.any():
            log_first = np.where(self.normal, log_ndtr(-z), log_first)
            second = np.where(self.normal, self._normal_second(z), second)
        return log_first, second

    def _normal_second(self, z: Floats) -> Floats:
        spread = np.sqrt(self.p2 * (1.0 - self.p2))
        gap = np.sqrt(self.p0 * (1.0 - self.p0)) * z + np.sqrt(self.size) * self.back
        return np.asarray(self.size * self.log_moment + log_ndtr(-gap / spread))

    def errors(self, z: Floats) -> tuple[Floats, Floats]:
        s = self.threshold(z)
        reject = binomial_tail(s, self.size, self.p0)
        # Lower a threshold by one where that stays within the level that z stands for.
        lower = np.maximum(s - 1.0, 0.0)
        wider = binomial_tail(lower, self.size, self.p0)
        keep = wider <= ndtr(-z)
        s, reject = np.where(keep, lower, s), np.where(keep, wider, reject)
        log_accept = self._log_accept(s)
        if self.normal.any():
            reject = np.where(self.normal, ndtr(-z), reject)
            log_accept = np.where(self.normal, self._normal_accept(z), log_accept)
        return reject, log_accept

    def _log_accept(self, s: Floats) -> Floats:
        """Return log P1(S >= s), from the smaller of the two tails."""
        with np.errstate(divide="ignore"):
            return np.where(
                s > self.size * self.p1,
                np.log(binomial_tail(s, self.size, self.p1)),
                np.log1p(-np.minimum(binomial_head(s, self.size, self.q1), 1.0)),
            )

    def _normal_accept(self, z: Floats) -> Floats:
        spread = np.sqrt(np.maximum(self.p1 * self.q1, np.finfo(float).tiny))
        gap = np.sqrt(self.size) * self.shift - np.sqrt(self.p0 * (1.0 - self.p0)) * z
        return np.asarray(log_ndtr(gap / spread))

    def alone(self) -> Floats:
        """Return the error of the Neyman–Pearson test of one group, which is exact."""
        with np.errstate(divide="ignore", invalid="ignore"):
            up = np.log1p(self.shift / self.p0)
            down = -np.log1p(-self.shift / (1.0 - self.p0))
            share = np.where(np.isinf(down), 1.0, down / (up + down))
        s = np.clip(np.ceil(self.size * share * (1.0 - 1e-15)), 0.0, self.size + 1.0)
        error = binomial_tail(s, self.size, self.p0) + binomial_head(s, self.size, self.q1)
        delta = np.sqrt(self.size) * self.shift / np.sqrt(self.p0 * (1.0 - self.p0))
        return np.where(self.normal, 2.0 * ndtr(-delta / 2.0), error)


def binomial_tail(s: Floats, size: Floats, chance: Floats) -> Floats:
    """Return P(S >= s) for whole s in [0, size + 1]."""
    inside = (s > 0.0) & (s <= size)
    s_in = np.where(inside, s, 1.0)
    value = betainc(s_in, np.maximum(size - s_in + 1.0, 1.0), chance)
    large = size > NORMAL_FROM
    if large.any():
        spread = np.sqrt(np.maximum(size * chance * (1.0 - chance), 0.25))
        value = np.where(large, ndtr((size * chance - s_in + 0.5) / spread), value)
    return np.where(inside, value, np.where(s <= 0.0, 1.0, 0.0))


def binomial_head(s: Floats, size: Floats, failure: Floats) -> Floats:
    """Return P(S < s) from the chance of a failure."""
    inside = (s > 0.0) & (s <= size)
    s_in = np.where(inside, s, 1.0)
    value = betainc(np.maximum(size - s_in + 1.0, 1.0), s_in, failure)
    return np.where(inside, value, np.where(s <= 0.0, 0.0, 1.0))


def chernoff_tail(s: Floats, size: Floats, chance: Floats) -> Floats:
    """Return an upper bound of log P(S >= s) that does not underflow."""
    share = np.minimum(s / size, 1.0)
    far = (share > chance) & (s <= size)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = xlogy(share, share / chance) + xlog1py(1.0 - share, -(share - chance) / (1 - chance))
        value = -size * np.maximum(rate, 0.0)
    return np.where(far, value, np.where(s > size, -np.inf, 0.0))
