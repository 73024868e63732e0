r"""Confidence limits, p-values and joint levels from bootstrap replicates.

Upper limits are minus the lower limits of the negated replicates, so that swapping the models
negates and swaps the limits, and swaps the p-values, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from bopstats._typing import FloatArray, IntArray
from bopstats._validation import check_choice, check_count, check_real, check_share, fail
from bopstats.inference.bootstrap import Replicates

METHODS = ("percentile", "bca")


def limits(
    replicates: Replicates, *, alpha: float = 0.05, method: str = "bca"
) -> tuple[FloatArray, FloatArray]:
    r"""Return confidence limits, one-sided at alpha/2 each, shape (G + 1,).

    Parameters
    ----------
    replicates : Replicates
        The resamples.
    alpha : float
        One minus the confidence level.
    method : {"bca", "percentile"}
        Kind of interval.

    Returns
    -------
    tuple of ndarray
        Infinite where the level lies beyond the outermost replicate, that is R is too small; nan
        where the replicates do not vary or there are none.

    Notes
    -----
    "percentile": the k-th smallest of R replicates is their quantile at k/(R + 1), with
    interpolation on the normal scale between (Davison and Hinkley 1997, eq. 5.8).

    "bca" (Efron 1987): the lower limit is that quantile at

    .. math:: \Phi\Bigl(z_0 + \frac{z_0 + z_{\alpha/2}}{1 - a (z_0 + z_{\alpha/2})}\Bigr),

    a the acceleration, :math:`\Phi(z_0)` the share of replicates below the estimate; those level
    with it count half, without which the swapped problem would have other limits.

    References
    ----------
    Davison, A. C. and Hinkley, D. V. (1997). Bootstrap Methods and their Application.
    Efron, B. (1987). Journal of the American Statistical Association 82, 171–185.

    Examples
    --------
    >>> values = np.random.default_rng(1).normal(size=(1999, 1))
    >>> draws = Replicates(np.zeros(1), values, np.zeros(1))
    >>> low, high = limits(draws, alpha=0.05, method="percentile")
    >>> print(f"{low[0]:.2f} {high[0]:.2f}")
    -1.95 2.02
    """
    level = check_share("alpha", alpha) / 2
    low = [tail.limit(level) for tail in _tails(replicates, 1.0, method)]
    high = [-tail.limit(level) for tail in _tails(replicates, -1.0, method)]
    return np.array(low), np.array(high)


def pvalues(
    replicates: Replicates, *, null: float = 0.0, method: str = "bca"
) -> tuple[FloatArray, FloatArray]:
    """Return one-sided p-values of benefit and of harm by inversion of `limits`.

    Parameters
    ----------
    replicates : Replicates
        The resamples.
    null : float
        Benefit under the null hypothesis.
    method : {"bca", "percentile"}
        Kind of interval.

    Returns
    -------
    tuple of ndarray
        ``p_benefit <= a`` if and only if the lower limit at one-sided level a is at or above
        `null`, ``p_harm <= a`` if and only if the upper one is at or below it. Neither falls below
        the level of the outermost replicate, 1/(R + 1) for percentiles.

    Examples
    --------
    >>> draws = Replicates(np.zeros(1), np.linspace(-1, 1, 99)[:, None], np.zeros(1))
    >>> benefit, harm = pvalues(draws, null=-1.5, method="percentile")
    >>> float(benefit[0]), float(harm[0])
    (0.01, 1.0)
    """
    value = check_real("null", null)
    benefit = [tail.pvalue(value) for tail in _tails(replicates, 1.0, method)]
    harm = [tail.pvalue(-value) for tail in _tails(replicates, -1.0, method)]
    return np.array(benefit), np.array(harm)


@dataclass(frozen=True)
class _Tail:
    """One group seen from below: its replicates in order, and the two constants of BCa.

    Both constants are 0 for percentiles; `shift` is infinite or nan where there is no limit.
    """

    values: FloatArray
    shift: float
    acceleration: float

    def _z(self, k: int) -> float:
        return float(ndtri(k / (len(self.values) + 1)))

    @property
    def _usable(self) -> bool:
        return bool(np.isfinite(self.shift) and np.isfinite(self.acceleration))

    def limit(self, level: float) -> float:
        """Return the lower limit at a one-sided level."""
        if not self._usable:
            return np.nan
        x = self.shift + float(ndtri(level))
        scale = 1.0 - self.acceleration * x
        z = self.shift + x / scale if scale > 0 else np.sign(x) * np.inf
        size = len(self.values)
        # The interpolation below needs z between neighbours; the search puts it there.
        k = int(ndtr(z) * (size + 1))
        if k < 1:
            return -np.inf
        if k >= size:
            return float(self.values[-1])
        low, high = self.values[k - 1 : k + 1]
        share = (z - self._z(k)) / (self._z(k + 1) - self._z(k))
        return float(low + share * (high - low))

    def pvalue(self, null: float) -> float:
        """Return the smallest level whose lower limit is at or above `null`."""
        if not self._usable:
            return np.nan
        k = int(np.searchsorted(self.values, null))
        if k == len(self.values):
            return 1.0
        z = self._z(k + 1)
        if k:
            low, high = self.values[k - 1 : k + 1]
            z = self._z(k) + (null - low) / (high - low) * (z - self._z(k))
        x = z - self.shift
        scale = 1.0 + self.acceleration * x
        return float(ndtr(x / scale - self.shift)) if scale > 0 else 0.0


def _tails(replicates: Replicates, sign: float, method: str) -> Iterator[_Tail]:
    """Yield the columns, negated where `sign` is −1."""
    check_choice("method", method, METHODS)
    for g, centre in enumerate(sign * replicates.estimate):
        values = sign * replicates.values[:, g]
        values = np.sort(values[np.isfinite(values)])
        spread = values[-1] - values[0] if len(values) else 0.0
        # Sums of the same numbers in another order differ by rounding: they are level.
        if not (np.isfinite(centre) and spread > 1e-12 * abs(centre)):
            yield _Tail(values, np.nan, np.nan)
        elif method == "percentile":
            yield _Tail(values, 0.0, 0.0)
        else:
            slack = 1e-10 * spread
            below = np.searchsorted(values, centre - slack)
            not_above = np.searchsorted(values, centre + slack, side="right")
            shift = float(ndtri((below + not_above) / (2 * len(values))))
            yield _Tail(values, shift, float(sign * replicates.acceleration[g]))


def sidak(alpha: float, count: int) -> float:
    """Return the error of each of `count` independent intervals that hold together at 1 − alpha.

    Examples
    --------
    >>> round(sidak(0.05, 16), 7)
    0.0032007
    """
    return float(-np.expm1(np.log1p(-check_share("alpha", alpha)) / check_count("count", count)))


def max_t(
    replicates: Replicates, columns: IntArray, *, alpha: float = 0.05, sides: int = 2
) -> float:
    r"""Return the error of each interval of some groups if all are to hold together at 1 − alpha.

    Parameters
    ----------
    replicates : Replicates
        The resamples; those that lack one of the groups are left out.
    columns : ndarray of int
        The groups: each must vary.
    alpha : float
        Simultaneous error.
    sides : {2, 1}
        Intervals with both limits, or upper limits only.

    Returns
    -------
    float
        The error to use in place of alpha (sides = 2) or of a one-sided level (sides = 1), whatever
        the method of the intervals.

    Notes
    -----
    The critical value c is the upper alpha quantile over replicates of
    :math:`\max_g |\theta^*_g - \theta_g| / s_g` (of :math:`\max_g (\theta_g - \theta^*_g) / s_g`
    for upper limits), s the bootstrap standard error (Westfall and Young 1993, section 2.3).
    Returned is :math:`2\Phi(-c)` (or :math:`\Phi(-c)`), but never more than alpha, as it would be
    where most replicates change nothing: small groups keep their own t or exact
    quantiles. For groups without common clusters `sidak` is the same but for Monte Carlo error.

    Examples
    --------
    >>> values = np.random.default_rng(1).normal(size=(9999, 16))
    >>> draws = Replicates(np.zeros(16), values, np.zeros(16))
    >>> round(max_t(draws, np.arange(16)), 3)
    0.003
    """
    share = check_share("alpha", alpha)
    if sides not in (1, 2):
        fail("sides", sides, "1 or 2")
    away = replicates.estimate[columns] - replicates.values[:, columns]
    away = away[np.isfinite(away).all(axis=1)] / replicates.std_err[columns]
    largest = np.sort((np.abs(away) if sides == 2 else away).max(axis=1))
    place = int(np.ceil((1.0 - share) * (len(largest) + 1) - 1e-9))
    if place > len(largest):
        fail("replicates", len(largest), f"more computable replicates for alpha = {share:g}")
    return min(share, float(sides * ndtr(-largest[place - 1])))
