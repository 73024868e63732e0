"""Mean benefit of each group, its standard error and t interval, from moments alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from bopstats._typing import FloatArray
from bopstats.groups import ClusterSums, GroupMoments


@dataclass(frozen=True)
class Means:
    """Mean benefit a group: estimate, variance and degrees of freedom, shape (G,) each.

    `n_eff` is the number of independent rows that would give the same variance: Σw for frequency
    weights, Kish's (Σw)²/Σw² for other weights, n over the design effect for clusters.
    """

    mean: FloatArray
    std_err: FloatArray
    df: FloatArray
    n_eff: FloatArray

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
    """Return the means of one cost's benefit.

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
    With clusters the linearised variance is C/(C − 1) Σ_c (Σ_{i∈c} w(B − B̄))²/(Σw)² over all C
    clusters of the design, those without members in the group included.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = moments.wb[cost] / moments.w
        if moments.clusters is not None:
            return _clustered(moments, moments.clusters, cost, mean)
        if weight_type in (None, "freq"):
            size = moments.w
            squares = np.maximum(moments.wb2[cost] - size * mean**2, 0.0)
            squares = np.where(squares <= 1e-14 * moments.wb2[cost], 0.0, squares)
            return Means(mean, np.sqrt(squares / (size - 1) / size), size - 1, size)
        variance = _linearised(moments, cost, mean)
        return Means(mean, np.sqrt(variance), moments.n - 1, moments.w**2 / moments.w2)


def _linearised(moments: GroupMoments, cost: int, mean: FloatArray) -> FloatArray:
    squares = moments.w2b2[cost] - 2 * mean * moments.w2b[cost] + mean**2 * moments.w2
    squares = np.where(squares <= 1e-14 * moments.w2b2[cost], 0.0, squares)
    return np.asarray(moments.n / (moments.n - 1) * squares / moments.w**2)


def _clustered(moments: GroupMoments, clusters: ClusterSums, cost: int, mean: FloatArray) -> Means:
    size = len(mean)
    total = len(np.unique(clusters.cluster))
    score = clusters.wb[cost] - mean[clusters.group] * clusters.w
    squares = np.bincount(clusters.group, score**2, size)
    noise = 1e-20 * np.bincount(clusters.group, clusters.wb[cost] ** 2, size)
    squares = np.where(squares <= noise, 0.0, squares)
    variance = total / (total - 1) * squares / moments.w**2
    members = np.bincount(clusters.group, minlength=size)
    simple = _linearised(moments, cost, mean)
    variance = np.where(members > 1, variance, np.nan)
    kish = moments.w**2 / moments.w2
    # Where nothing varies the design effect is unknown: count clusters, not people.
    spread = np.where(variance > 0, kish * np.minimum(1.0, simple / variance), members)
    n_eff = np.asarray(spread, dtype=np.float64)
    return Means(mean, np.asarray(np.sqrt(variance)), np.asarray(members - 1.0), n_eff)
