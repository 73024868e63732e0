"""What is known when only a variance is: Cantelli's inequality and its two-point law."""

from __future__ import annotations

import numpy as np
from scipy.special import log_ndtr, ndtr
from scipy.stats import binom

from bopstats.theory._numeric import Floats

#: Above this many unequal groups the sum of coins is bounded instead of computed.
MANY = 2000


class CantelliTest:
    """Error bounds of the min-of-means test for all laws with the given standardised effect."""

    def __init__(self, delta: Floats) -> None:
        self.delta = np.minimum(delta, 1e100)

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


def cantelli_lower(exponent: Floats, counts: Floats) -> Floats:
    """Return the largest ``E min(1, Z / E Z)`` with Z a sum of coins of chances exp(−exponent).

    Theory 3, T6. Groups may be left out, since fewer are never harder: the largest value over the
    sets of the likeliest coins is returned.

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
        used = counts[case] > 0.0
        value[case] = _many_coins(chance[case, used], counts[case, used])
    return np.asarray(np.clip(value, 0.0, 1.0))


def _many_coins(chance: Floats, counts: Floats) -> float:
    """Return the largest value where all coins together are expected to fall more than once."""
    if chance.size == 1:
        return _equal_coins(chance[0], counts[0])
    order = np.argsort(-chance)
    chance, counts = chance[order], counts[order]
    if counts.sum() > MANY:
        # E (1 - Z/EZ)_+ is at most half the standard deviation of Z/EZ.
        expected = np.cumsum(counts * chance)
        spread = np.sqrt(np.cumsum(counts * chance * (1.0 - chance)))
        return max(float(chance[0]), float((1.0 - 0.5 * spread / expected).max()))
    best, expected_so_far = 0.0, 0.0
    mass = np.zeros(int(np.ceil((counts * chance).sum())) + 1)
    mass[0] = 1.0
    falls = np.arange(mass.size)
    for coin in np.repeat(chance, counts.astype(int)):
        mass[1:] = mass[1:] * (1.0 - coin) + mass[:-1] * coin
        mass[0] *= 1.0 - coin
        expected_so_far += coin
        short = float(mass @ np.maximum(1.0 - falls / expected_so_far, 0.0))
        best = max(best, 1.0 - short)
    return best


def _equal_coins(chance: float, count: float) -> float:
    """Return the largest value of some of `count` equal coins.

    With d of them, E min(1, Z/EZ) = 1 − (1 − a) P(Bin(d − 1, a) = k), k the largest integer
    below EZ.
    """
    powers = 2.0 ** np.arange(np.floor(np.log2(count)) + 1.0)
    d = np.unique([*powers, max(np.floor(1.0 / chance), 1.0), count])
    d = d[d <= count]
    k = np.ceil(d * chance) - 1.0
    return float(np.max(1.0 - (1.0 - chance) * binom.pmf(k, d - 1.0, chance)))
