"""Mean benefit of each group, its standard error and t interval, from moments alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from bopstats._typing import FloatArray
from bopstats.groups import GroupMoments
from bopstats.sampling import DesignFigures, DesignSums, between_units


@dataclass(frozen=True)
class Means:
    """Mean benefit a group: estimate, variance and degrees of freedom, shape (G,) each.

    `n_eff` is the number of independent rows that would give the same variance: Σw for frequency
    weights, Kish's (Σw)²/Σw² for other weights; with clusters or strata n over the design effect,
    but never more than these. `sigma` is the standard deviation of individual benefits.
    """

    mean: FloatArray
    std_err: FloatArray
    df: FloatArray
    n_eff: FloatArray
    sigma: FloatArray

    def interval(self, alpha: float) -> tuple[FloatArray, FloatArray]:
        """Return the limits of the t interval at level 1 − alpha."""
        with np.errstate(invalid="ignore"):
            half = np.asarray(stats.t.isf(alpha / 2, self.df) * self.std_err, dtype=np.float64)
        return self.mean - half, self.mean + half

    def pvalues(self, null: float) -> tuple[FloatArray, FloatArray]:
        """Return the one-sided p-values against benefit above and below `null`."""
        with np.errstate(invalid="ignore", divide="ignore"):
            t = (self.mean - null) / self.std_err
            tails = np.asarray(stats.t.sf(np.stack([t, -t]), self.df), dtype=np.float64)
        return tails[0], tails[1]


def group_means(moments: GroupMoments, cost: int, weight_type: str | None) -> Means:
    r"""Return the means of one cost's benefit.

    Parameters
    ----------
    moments : GroupMoments
        Sums a group.
    cost : int
        Index of the cost.
    weight_type : {"freq", "prob", "precision"} or None
        Decides the variance: that of a simple sample of Σw rows for frequency weights, the
        linearised one of a ratio mean for the others (Särndal et al. 1992, section 5.7).

    Notes
    -----
    With clusters or strata a group is a domain of the design (Särndal et al. 1992, chapter 10).
    With :math:`u_c = \sum_{i \in c} w_i (B_i - \bar B) / \sum w_i` over the group's members in
    unit c, a cluster or else a row, and C units in stratum h, those without members included,

    .. math:: V = \sum_h \frac{C_h}{C_h - 1} \sum_{c \in h} (u_c - \bar u_h)^2 .

    Degrees of freedom are those of R's survey package for a domain: units with members less
    strata with members.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = moments.wb[cost] / moments.w
        if moments.design is not None:
            return _of_design(moments, moments.design, cost, mean, weight_type)
        if weight_type in (None, "freq"):
            spread = sample_variance(moments, cost)
            size = moments.w
            return Means(mean, np.sqrt(spread / size), size - 1, size, np.sqrt(spread))
        std_err, kish = np.sqrt(_linearised(moments, cost, mean)), moments.w**2 / moments.w2
        return Means(mean, std_err, moments.n - 1, kish, std_err * np.sqrt(kish))


def sample_variance(moments: GroupMoments, cost: int) -> FloatArray:
    r"""Return the variance of individual benefits in each group, shape (G,).

    .. math:: S^2 = \frac{n}{n - 1} \frac{\sum w_i (B_i - \bar B)^2}{\sum w_i}

    with n rows, copies counted; :math:`S^2/n` would be the variance of the mean in a simple sample
    with replacement.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        squares = moments.wb2[cost] - moments.wb[cost] ** 2 / moments.w
        squares = np.where(squares <= 1e-14 * moments.wb2[cost], 0.0, squares)
        return np.asarray(squares * (moments.n / moments.w) / (moments.n - 1))


def sample_skewness(moments: GroupMoments, cost: int) -> FloatArray:
    r"""Return the skewness of individual benefits in each group, shape (G,).

    .. math:: \frac{\sum w_i (B_i - \bar B)^3 / \sum w_i}
              {\bigl(\sum w_i (B_i - \bar B)^2 / \sum w_i\bigr)^{3/2}}
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        one, two, three = (
            each[cost] / moments.w for each in (moments.wb, moments.wb2, moments.wb3)
        )
        second = np.where(two - one**2 > 1e-14 * two, two - one**2, np.nan)
        return np.asarray((three - 3 * one * two + 2 * one**3) / second**1.5)


def _linearised(moments: GroupMoments, cost: int, mean: FloatArray) -> FloatArray:
    squares = moments.w2b2[cost] - 2 * mean * moments.w2b[cost] + mean**2 * moments.w2
    squares = np.where(squares <= 1e-14 * moments.w2b2[cost], 0.0, squares)
    return np.asarray(moments.n / (moments.n - 1) * squares / moments.w**2)


def _of_design(
    moments: GroupMoments,
    sums: DesignSums | DesignFigures,
    cost: int,
    mean: FloatArray,
    weight_type: str | None,
) -> Means:
    size = len(mean)
    members = sums.clusters_of(size) if sums.clustered else moments.n
    df = np.asarray(members - sums.strata_of(size), dtype=np.float64)
    variance = between(sums, cost, mean) / moments.w**2
    variance = np.where(df > 0, variance, np.nan)
    spread = sample_variance(moments, cost)
    most = moments.w if weight_type == "freq" else moments.w**2 / moments.w2
    # Where nothing varies the design effect is unknown: count clusters, not people.
    least = np.minimum(members, most)
    n_eff = np.where(variance > 0, np.minimum(most, spread / variance), least)
    return Means(mean, np.sqrt(variance), df, np.asarray(n_eff), np.sqrt(spread))


def between(sums: DesignSums | DesignFigures, cost: int, mean: FloatArray) -> FloatArray:
    """Return the variance between units of each group's sum of w(B − mean)."""
    if isinstance(sums, DesignFigures):
        return np.asarray(sums.between[cost, : len(mean)], dtype=np.float64)
    size, at = len(mean), mean[sums.group]
    score = sums.wb[cost] - at * sums.w
    if sums.clustered:
        squares, noise = score**2, 1e-20 * sums.wb[cost] ** 2
    else:
        squares = sums.w2b2[cost] - 2 * at * sums.w2b[cost] + at**2 * sums.w2
        noise = 1e-14 * sums.w2b2[cost]
    squares, noise = (sums.by_stratum(each, size) for each in (squares, noise))
    squares = np.where(squares <= noise, 0.0, squares)
    return between_units(squares, sums.by_stratum(score, size), sums.units)
