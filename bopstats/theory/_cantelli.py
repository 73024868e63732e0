"""What is known when only a variance is: Cantelli's inequality and its two-point law."""

from __future__ import annotations

import numpy as np
from scipy.special import log_ndtr, ndtr
from scipy.stats import binom

from bopstats.theory._numeric import Floats

#: Above this many unequal groups the sum of coins is bounded instead of computed.
MANY = 2000


class CantelliPair:
    """Error bounds of the min-of-means test for all laws with the given standardised effect."""

    def __init__(self, delta: Floats) -> None:
        self.delta = np.minimum(delta, 1e100)

    def moments(self, z: Floats) -> tuple[Floats, Floats]:
        """Not defined: the class has no one worst pair of laws."""
        raise NotImplementedError

    def errors(self, z: Floats) -> tuple[Floats, Floats]:
        """Return the bounds of P0(A) and log P1(A); the level is Φ(−z)."""
        level = ndtr(-z)
        # P(mean >= t) <= 1 / (1 + tau^2), tau = t sqrt(m) / sigma: solve for tau at this level.
        tau = np.exp(np.minimum((log_ndtr(z) - log_ndtr(-z)) / 2.0, 300.0))
        gap = self.delta - tau
        with np.errstate(divide="ignore", over="ignore"):
            log_accept = np.where(gap > 0.0, -np.log1p(np.maximum(gap, 0.0) ** -2.0), -np.inf)
        reject, log_accept = np.broadcast_arrays(level, log_accept)
        return reject, log_accept

    def alone(self) -> Floats:
        """Return 0: the exact error of one group is not known for this class."""
        return np.zeros_like(self.delta)


def cantelli_lower(exponent: Floats, counts: Floats) -> Floats:
    """Return ``E min(1, Z / sum(a))`` with Z a sum of coins of chances ``a = exp(-exponent)``.

    Parameters
    ----------
    exponent : numpy.ndarray, shape (cases, groups)
        ``size * log_moment`` of each group.
    counts : numpy.ndarray, shape (cases, groups)
        How many such groups there are.
    """
    chance = np.exp(-exponent)
    expected = (counts * chance).sum(axis=-1)
    with np.errstate(divide="ignore"):
        logs = np.where(counts > 0, counts * np.log1p(-chance), 0.0)
    value = -np.expm1(logs.sum(axis=-1))
    for case in np.flatnonzero(expected > 1.0):
        value[case] = _many_coins(chance[case], counts[case], expected[case])
    return np.asarray(np.clip(value, 0.0, 1.0))


def _many_coins(chance: Floats, counts: Floats, expected: float) -> float:
    """Return E min(1, Z / E Z) where E Z exceeds 1."""
    used = counts > 0
    chance, counts = chance[used], counts[used]
    if chance.size == 1:
        # E min(1, Z/EZ) = 1 - (1 - a) P(Bin(d - 1, a) = k), k the largest integer below EZ.
        k = np.ceil(expected) - 1.0
        return float(1.0 - (1.0 - chance[0]) * binom.pmf(k, counts[0] - 1.0, chance[0]))
    if counts.sum() > MANY:
        # E (1 - Z/EZ)_+ is at most half the standard deviation of Z/EZ.
        spread = np.sqrt((counts * chance * (1.0 - chance)).sum())
        return float(1.0 - 0.5 * spread / expected)
    below = int(np.ceil(expected))
    mass = np.zeros(below)
    mass[0] = 1.0
    for coin in np.repeat(chance, counts.astype(int)):
        mass[1:] = mass[1:] * (1.0 - coin) + mass[:-1] * coin
        mass[0] *= 1.0 - coin
    return float(1.0 - (mass * (1.0 - np.arange(below) / expected)).sum())
