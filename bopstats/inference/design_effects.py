"""How far clusters, strata and weights take a group's mean benefit from a simple sample's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bopstats._typing import FloatArray
from bopstats._validation import fail
from bopstats.evaluation import Evaluation
from bopstats.groups import POPULATION, GroupMoments
from bopstats.inference.means import group_means, sample_variance
from bopstats.sampling import DesignFigures

COLUMNS = ("cost", "group", "n", "clusters", "strata", "icc", "deff", "n_eff")


def design_effects(evaluation: Evaluation, names: Sequence[str] | None = None) -> pd.DataFrame:
    r"""Return intraclass correlation, design effect and effective size of each group.

    Parameters
    ----------
    evaluation : Evaluation
        The run.
    names : sequence of str, optional
        Costs; by default all that one person has.

    Returns
    -------
    DataFrame
        A row a cost and group, the population last, with the columns `COLUMNS`: medians over
        partitions, nan where there is none. `clusters` and `strata` are those with members in the
        group, nan in a design that has none.

    Notes
    -----
    `deff` is that of R's ``svymean(deff = "replace")``, :math:`V n / S^2` with V the variance of
    the group's mean benefit in its design, n its rows and S² as in
    `bopstats.inference.means.sample_variance` (Kish 1965, chapter 8; no correction for a finite
    population). `icc` is `intraclass_correlation`. `n_eff` is that of the bounds: n/deff with
    clusters or strata, but at most n, or Kish's :math:`(\sum w)^2 / \sum w^2` with weights; with
    weights alone the latter.

    References
    ----------
    Kish, L. (1965). Survey Sampling.
    """
    single = [cost.name for cost in evaluation.costs if not cost.group_only]
    for name in names or ():
        if name not in single:
            fail("cost", name, f"costs of one person: {', '.join(map(repr, single))}")
    labels = [*evaluation.groups.labels, POPULATION]
    parts = []
    for name in single if names is None else names:
        each = [
            _figures(moments.with_population(), single.index(name), evaluation.settings.weight_type)
            for moments in evaluation.moments
        ]
        figures = np.median(np.stack(each), axis=0)
        part = pd.DataFrame(figures.T, columns=list(COLUMNS[2:]))
        part.insert(0, "group", labels)
        part.insert(0, "cost", name)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def intraclass_correlation(moments: GroupMoments, cost: int) -> FloatArray:
    r"""Return the correlation of two benefits of one cluster in each group, shape (G,).

    Parameters
    ----------
    moments : GroupMoments
        With sums by cluster.
    cost : int
        Index of the cost.

    Returns
    -------
    ndarray
        Can be negative, down to −1, at which it is held where few clusters have two rows and the
        estimate falls below; nan where each cluster has one row, or there is one cluster.

    Notes
    -----
    The estimator from the analysis of variance, with the sums of squares within and between
    clusters set equal to their expectations under :math:`B_{ci} = \mu + a_c + e_{ci}` (Searle,
    Casella and McCulloch 1992, chapter 3, whose mean squares these are without weights):

    .. math::
        \mathrm{SSW} = \sigma_e^2 \sum_c \Bigl(w_c - \frac{q_c}{w_c}\Bigr), \quad
        \mathrm{SSB} = \sigma_a^2 \Bigl(W - \frac{\sum w_c^2}{W}\Bigr)
        + \sigma_e^2 \Bigl(\sum_c \frac{q_c}{w_c} - \frac{Q}{W}\Bigr),

    with :math:`w_c` and :math:`q_c` the cluster's sums of w and w², and W and Q the group's; the
    correlation is :math:`\sigma_a^2 / (\sigma_a^2 + \sigma_e^2)`. Strata are part of :math:`a_c`.

    References
    ----------
    Searle, S. R., Casella, G. and McCulloch, C. E. (1992). Variance Components.
    """
    size, sums = len(moments.w), moments.design
    if sums is None or not sums.clustered:
        return np.full(size, np.nan)
    if isinstance(sums, DesignFigures):
        return np.asarray(sums.icc[cost, :size], dtype=np.float64)
    there = sums.w > 0
    group = sums.group[there]
    w, q, wb = (each[there] for each in (sums.w, sums.w2, sums.wb[cost]))

    def total(values: FloatArray) -> FloatArray:
        return np.bincount(group, values, size).astype(np.float64)

    with np.errstate(invalid="ignore", divide="ignore"):
        mean = moments.wb[cost] / moments.w
        between = total((wb - mean[group] * w) ** 2 / w)
        everything = moments.wb2[cost] - moments.w * mean**2
        noise = 1e-14 * moments.wb2[cost]
        within = np.where(everything - between <= noise, 0.0, everything - between)
        between = np.where(between <= noise, 0.0, between)
        room = total(w - q / w)
        inner = np.where(room > 1e-9 * moments.w, within / room, np.nan)
        spread = moments.w - total(w * w) / moments.w
        outer = (between - inner * (total(q / w) - total(q) / moments.w)) / spread
        outer = np.where(spread > 1e-9 * moments.w, outer, np.nan)
        possible = outer >= -0.5 * inner  # the same as a correlation of at least −1
        found = np.where(possible | np.isnan(outer), outer / (outer + inner), -1.0)
        return np.asarray(found, dtype=np.float64)


def _figures(moments: GroupMoments, cost: int, weight_type: str | None) -> FloatArray:
    """Return one partition's figures in the order of `COLUMNS`, shape (6, G + 1)."""
    size, sums = len(moments.w), moments.design
    means = group_means(moments, cost, weight_type)
    clusters = strata = np.full(size, np.nan)
    if sums is not None:
        clusters = sums.clusters_of(size) * 1.0 if sums.clustered else clusters
        strata = sums.strata_of(size) * 1.0 if sums.stratified else strata
    with np.errstate(invalid="ignore", divide="ignore"):
        effect = means.std_err**2 * moments.n / sample_variance(moments, cost)
    icc = intraclass_correlation(moments, cost)
    return np.stack([moments.n, clusters, strata, icc, effect, means.n_eff])
