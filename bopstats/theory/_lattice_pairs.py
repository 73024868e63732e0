"""Pairs of laws of integer benefits: the errors of a threshold on each group's sum."""

from __future__ import annotations

import numpy as np

from bopstats.theory._lattice import Steps, log_tail
from bopstats.theory._numeric import Floats
from bopstats.theory._pairs import BinomialPair, binomial_tail

#: Bins of the number of rows that changed, for the exact error of one group.
BINS = 400


class LatticePair:
    """Sums of whole steps under the null, the alternative and the third law, ∝ p0²/p1."""

    def __init__(
        self,
        size: Floats,
        null: Steps,
        alternative: Steps,
        third: Steps,
        log_moment: Floats,
    ) -> None:
        self.size, self.null, self.alternative, self.third = size, null, alternative, third
        self.log_moment = log_moment
        self.sd = np.sqrt(size * null.moved)
        # A sum of ternary steps cannot leave [-size, size].
        self.top = np.where(null.poisson, np.inf, size + 1.0)

    def threshold(self, z: Floats) -> Floats:
        """Return the smallest sum that accepts: the null is symmetric, so z gives the level."""
        return np.asarray(np.clip(np.ceil(z * self.sd + 0.5), 1.0 - self.top, self.top))

    def moments(self, z: Floats) -> tuple[Floats, Floats]:
        """Return log P0(A) and log E0[L 1_A]."""
        s = self.threshold(z)
        first = log_tail(s, self.size, self.null)
        # Where the ratio is not bounded its second moment is infinite, and the cut is useless.
        finite = np.isfinite(self.log_moment)
        second = np.where(finite, self.log_moment, 0.0) * self.size + log_tail(
            s, self.size, self.third
        )
        return first, np.where(finite, second, np.inf)

    def errors(self, z: Floats) -> tuple[Floats, Floats]:
        """Return P0(A) and log P1(A)."""
        s = self.threshold(z)
        reject = np.exp(log_tail(s, self.size, self.null))
        return reject, log_tail(s, self.size, self.alternative)


class TernaryPair(LatticePair):
    """Benefits in {−1, 0, 1} with a known share q of non-zero ones."""

    def __init__(self, share: Floats, effect: Floats, size: Floats, log_moment: Floats) -> None:
        self.share, self.effect = share, effect
        # Third law: q²/(2 (q ± effect)) / c on ±1; its tails are not used where c is infinite.
        room = np.maximum((share - effect) * (share + effect), np.finfo(float).tiny)
        weight = share**2 / (room * np.exp(np.minimum(log_moment, 700.0)))
        super().__init__(
            size,
            Steps(share, np.zeros_like(share)),
            Steps(share, effect),
            Steps(np.minimum(weight * share, 1.0), -weight * effect),
            log_moment,
        )

    def alone(self) -> Floats:
        """Return the exact error of the best test of one group, rounded down by binning.

        The number K of non-zero rows has the same law under both hypotheses, and given K their
        signs are a binomial problem whose error falls as K grows.
        """
        mean, spread = self.size * self.share, np.sqrt(self.size * self.share * (1 - self.share))
        low = np.maximum(np.floor(mean - 9.0 * spread - 20.0), -1.0)
        high = np.minimum(np.ceil(mean + 9.0 * spread + 20.0), self.size)
        edges = np.round(low[..., None] + (high - low)[..., None] * np.linspace(0, 1, BINS + 1))
        above = binomial_tail(edges + 1.0, self.size[..., None], self.share[..., None])
        chance = np.maximum(above[..., :-1] - above[..., 1:], 0.0)
        known = edges[..., 1:]
        tilt = (self.effect / (2.0 * self.share))[..., None]
        half = np.full_like(known, 0.5)
        error = BinomialPair(half, tilt, np.maximum(known, 1.0), np.zeros_like(known)).alone()
        return np.asarray((chance * np.where(known > 0.0, error, 1.0)).sum(axis=-1))


class SkellamPair(LatticePair):
    """Differences of two Poisson losses; both laws belong to one exponential family."""

    def __init__(self, variance: Floats, effect: Floats, size: Floats, log_moment: Floats) -> None:
        self.tilt = np.arcsinh(effect / variance)
        null = Steps(variance, np.zeros_like(variance), poisson=True)
        super().__init__(
            size,
            null,
            Steps(np.hypot(variance, effect), effect, poisson=True),
            Steps(np.hypot(variance, effect), -effect, poisson=True),
            log_moment,
        )

    def alone(self) -> Floats:
        """Return the error of the Neyman–Pearson test of one group, which is exact."""
        share = self.null.cumulant(self.tilt) / self.tilt
        s = np.ceil(self.size * share * (1.0 - 1e-15))
        reject = np.exp(log_tail(s, self.size, self.null))
        miss = np.exp(log_tail(1.0 - s, self.size, self.alternative.mirrored()))
        return np.asarray(reject + miss)
