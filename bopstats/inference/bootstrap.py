"""Stratified bootstrap of group benefits: how people are resampled, and resampled means.

People are resampled within their group, so that no replicate loses a group; the population adds
the groups' resamples up. Nothing is refitted: the predictions are given, as elsewhere.

Clusters are resampled whole. They may cross groups, so each is drawn in the stratum of the group
that holds most of its rows (ties: the first). A group that is the home of a cluster is then in
every replicate, and group sizes vary as little as whole clusters allow. A group that lives on
other groups' clusters alone may vanish from a replicate, which counts as not computable.

With sampling strata, units are resampled within these instead, as the survey drew them, and groups
are domains: one may vanish from a replicate. Of C units of a stratum C − 1 are drawn, each of which
counts C/(C − 1) times (Rao, Wu and Yue 1992, Survey Methodology 18, 209–217): the replicates then
have the variance of the linearised error, also where strata have two units, of which C draws of C
would show half.

With the same generator, swapping the models negates every replicate bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bopstats._typing import FloatArray, IntArray
from bopstats._validation import check_count, fail
from bopstats.groups import RowBop

Weights = FloatArray | IntArray
CHUNK = 1 << 17


@dataclass(frozen=True)
class Replicates:
    """Replicates of G group benefits, the population's last; nan where one is not computable.

    `estimate` and `acceleration` (for BCa: a sixth of the skewness of the influence values) have
    shape (G + 1,), `values` has shape (R, G + 1).
    """

    estimate: FloatArray
    values: FloatArray
    acceleration: FloatArray

    @property
    def not_computable(self) -> IntArray:
        """Number of replicates without a value, shape (G + 1,)."""
        return np.asarray(np.isnan(self.values).sum(axis=0), dtype=np.int64)

    @property
    def std_err(self) -> FloatArray:
        """Standard deviation of the computable replicates; nan below two."""
        count = len(self.values) - self.not_computable
        with np.errstate(invalid="ignore", divide="ignore"):
            away = self.values - np.nansum(self.values, axis=0) / count
            squares = np.nansum(away**2, axis=0)
            return np.asarray(np.sqrt(squares / np.where(count > 1, count - 1.0, np.nan)))


def bootstrap_counts(
    n: FloatArray, plus: FloatArray, minus: FloatArray, *, size: int, rng: np.random.Generator
) -> Replicates:
    """Resample benefits of −1, 0 and +1 by their counts, at a cost that n does not enter.

    Parameters
    ----------
    n, plus, minus : ndarray, shape (G,)
        People in each group, with B = +1 and with B = −1: whole numbers.
    size : int
        Number of resamples R.
    rng : numpy.random.Generator
        Source of the draws.

    Notes
    -----
    A resample's counts are multinomial: drawn as the number of changed predictions and, of these,
    the number with the commoner sign, which does not depend on what model is called personalized.
    Between equally common signs the first group decides where they are not; if there is none, one
    half of the replicates mirrors the other.

    Examples
    --------
    >>> counts = [np.array([500.0, 80.0]), np.array([40.0, 3.0]), np.array([20.0, 9.0])]
    >>> found = bootstrap_counts(*counts, size=999, rng=np.random.default_rng(1))
    >>> found.estimate.round(4).tolist()
    [0.04, -0.075, 0.0241]
    """
    check_count("size", size)
    for name, each in (("n", n), ("plus", plus), ("minus", minus), ("rest", n - plus - minus)):
        if not ((each >= 0) & (each == np.round(each))).all():
            fail(name, each, "whole numbers of people, 0 or more")
    changed, lead, people = plus + minus, plus - minus, np.maximum(n, 1.0)
    first = lead[lead != 0][:1]
    sign = np.where(lead != 0, np.sign(lead), np.sign(first[0]) if len(first) else 1.0)
    moved = rng.binomial(n.astype(np.int64), changed / people, (size, len(n)))
    common = rng.binomial(moved, np.maximum(plus, minus) / np.maximum(changed, 1.0))
    sums = sign * (2.0 * common - moved)
    if not len(first):
        half = size // 2
        sums[half : size - half] = 0.0
        sums[size - half :] = -sums[:half][::-1]
    mean, same = lead / people, n - changed
    second = plus * (1 - mean) ** 2 + minus * (1 + mean) ** 2 + same * mean**2
    third = (plus * (1 - mean) ** 3 - minus * (1 + mean) ** 3) - same * mean**3
    lead, n, second, third = (np.append(each, each.sum()) for each in (lead, n, second, third))
    return ratios(lead, n, np.column_stack([sums, sums.sum(axis=1)]), n, second, third)


def bootstrap_means(rows: RowBop, cost: int, *, size: int, rng: np.random.Generator) -> Replicates:
    r"""Resample the mean benefit of each group in one partition.

    Parameters
    ----------
    rows : RowBop
        The people. A frequency weight stands for copies, each resampled by itself; other weights
        stay with their row; clusters are resampled whole, within strata if there are any.
    cost : int
        Index of the cost.
    size : int
        Number of resamples R.
    rng : numpy.random.Generator
        Source of the draws.

    Notes
    -----
    If row i was drawn :math:`c_i` times, a replicate is :math:`\sum c_i w_i B_i / \sum c_i w_i`.
    The influence of a row is :math:`w_i (B_i - \bar B)`, for the population centred within strata
    (Davison and Hinkley 1997, sections 3.2 and 5.3). Draws are made in pieces of 1 MiB.

    Examples
    --------
    >>> y, group = np.array([0, 1, 0, 1, 1, 0.0]), np.zeros(6, dtype=np.int64)
    >>> mu = np.full(6, 0.5), np.array([0.2, 0.7, 0.4, 0.3, 0.9, 0.1])
    >>> brier = [(y - each)[None] ** 2 for each in mu]
    >>> rows = RowBop(("brier",), *brier, y, *mu, group, group, group, 1, None, None, None, True)
    >>> found = bootstrap_means(rows, 0, size=2000, rng=np.random.default_rng(1))
    >>> found.estimate.round(4).tolist(), found.std_err.round(2).tolist()
    ([0.1167, 0.1167], [0.07, 0.07])
    """
    check_count("size", size)
    plan = Plan.of(rows)
    with np.errstate(invalid="ignore", divide="ignore"):
        w, benefit = plan.weight, (rows.generic[cost] - rows.personalized[cost])[plan.row]
        columns = np.stack([w * benefit, w], axis=1)
        top, bottom = plan.totals(columns)
        tops, bottoms = plan.resample(columns, size, rng)
        mean = top / bottom
        cubes = plan.cubes(w * (benefit - mean[plan.group]), w * (benefit - mean[-1]))
        return ratios(top, bottom, tops, bottoms, *cubes)


def ratios(
    top: FloatArray,
    bottom: FloatArray,
    tops: FloatArray,
    bottoms: FloatArray,
    second: FloatArray,
    third: FloatArray,
) -> Replicates:
    """Return replicates of a ratio, given sums of squares and of cubes of its influence values."""
    with np.errstate(invalid="ignore", divide="ignore"):
        estimate, values = top / bottom, tops / bottoms
        return Replicates(
            np.where(np.isfinite(estimate), estimate, np.nan),
            np.where(np.isfinite(values), values, np.nan),
            third / (6.0 * second**1.5),
        )


def _blocks(
    units: int, draws: int, size: int, rng: np.random.Generator
) -> Iterator[tuple[slice, slice, IntArray]]:
    """Yield replicates, units, and how often these units were drawn: pieces that fit the cache.

    A long stratum is drawn block by block, after how many of its draws fall into each block.
    """
    step = max(1, CHUNK // units)
    edges = np.append(np.arange(0, units, CHUNK), units)
    for first in range(0, size, step):
        count = min(step, size - first)
        drawn = rng.multinomial(draws, np.diff(edges) / units) if len(edges) > 2 else [draws]
        for low, high, many in zip(edges[:-1], edges[1:], drawn, strict=True):
            width = high - low
            found = rng.integers(0, width, size=(count, many))
            found += np.arange(0, count * width, width)[:, None]
            tally = np.bincount(found.ravel(), minlength=count * width).reshape(count, width)
            yield slice(first, first + count), slice(low, high), tally


@dataclass(frozen=True)
class Plan:
    """What is resampled: rows in order of group and fold, each with its weight and its unit.

    A unit is a row, or a cluster; units are numbered stratum by stratum, `strata` of them in each.
    Strata are the `groups` unless the design is `surveyed`; units may lie `across` groups.
    """

    row: IntArray
    group: IntArray
    weight: FloatArray
    unit: IntArray
    strata: IntArray
    groups: int
    across: bool
    surveyed: bool

    @classmethod
    def of(cls, rows: RowBop) -> Plan:
        """Put the rows of a partition in order and say what their units are."""
        groups, row = rows.n_groups, np.lexsort((rows.fold, rows.group))
        weight = np.ones(len(row)) if rows.weight is None else rows.weight
        copies = weight if rows.weight_type == "freq" else np.ones(len(row))
        row = row[copies[row] > 0]
        surveyed = rows.stratum is not None
        if rows.cluster is None:
            if rows.weight_type == "freq":
                row, weight = np.repeat(row, weight[row].astype(np.int64)), np.ones(len(weight))
            group = rows.group[row]
            home = group
            if rows.stratum is not None:
                home = np.unique(rows.stratum[row], return_inverse=True)[1]
            strata = np.bincount(home, minlength=0 if surveyed else groups)
            return cls(row, group, weight[row], _places(home), strata, groups, surveyed, surveyed)
        cluster, group = np.unique(rows.cluster[row], return_inverse=True)[1], rows.group[row]
        count = int(cluster.max(initial=-1)) + 1
        if rows.stratum is not None:
            home = np.empty(count, dtype=np.int64)
            home[cluster] = np.unique(rows.stratum[row], return_inverse=True)[1]
        else:
            members = np.bincount(cluster * groups + group, copies[row], count * groups)
            home = members.reshape(-1, groups).argmax(axis=1)
        strata = np.bincount(home, minlength=0 if surveyed else groups)
        return cls(row, group, weight[row], _places(home)[cluster], strata, groups, True, surveyed)

    def _draws(self, stratum: int) -> tuple[int, float]:
        """Return how many units are drawn in a stratum, and how often each of them counts."""
        units = int(self.strata[stratum])
        return (units - 1, units / (units - 1)) if self.surveyed else (units, 1.0)

    def totals(self, columns: FloatArray) -> FloatArray:
        """Sum each of k columns, shape (N, k), by group and over all: shape (k, G + 1)."""
        sums = np.stack([np.bincount(self.group, each, self.groups) for each in columns.T])
        return np.append(sums, sums.sum(axis=1, keepdims=True), axis=1)

    def resample(self, columns: FloatArray, size: int, rng: np.random.Generator) -> FloatArray:
        """Return the `totals` of R resamples, shape (k, R, G + 1)."""
        groups, width = self.groups, columns.shape[1]
        sums = np.zeros((size, width, groups + 1))
        if self.across:
            cell, cells = self.unit * groups + self.group, int(self.strata.sum()) * groups
            each = [np.bincount(cell, one, cells).reshape(-1, groups) for one in columns.T]
            columns = np.concatenate(each, axis=1, dtype=np.float64)
        start = 0
        for h in np.flatnonzero(self.strata).tolist():
            here = columns[start : start + self.strata[h]]
            start += self.strata[h]
            draws, times = self._draws(h)
            for some, units, tally in _blocks(len(here), draws, size, rng):
                drawn = (times * tally) @ here[units]
                if self.across:
                    sums[some, :, :-1] += drawn.reshape(-1, width, groups)
                else:
                    sums[some, :, h] += drawn
        sums[:, :, -1] = sums[:, :, :-1].sum(axis=2)
        return np.moveaxis(sums, 1, 0)

    def weights(self, size: int, rng: np.random.Generator) -> Iterator[tuple[slice, Weights]]:
        """Yield the weights that rows have in some resamples, shape (r, N).

        Without weights or strata they are integers, whose running sums are ten times faster.
        """
        plain = bool((self.weight == 1.0).all()) and not self.surveyed
        units = int(self.strata.sum())
        step = max(1, CHUNK // max(1, len(self.row)))
        for first in range(0, size, step):
            count, start = min(step, size - first), 0
            drawn: Any = np.empty((count, units), dtype=np.int64 if plain else np.float64)
            for h in np.flatnonzero(self.strata).tolist():
                stratum, (draws, times) = int(self.strata[h]), self._draws(h)
                for some, here, tally in _blocks(stratum, draws, count, rng):
                    where = slice(start + here.start, start + here.stop)
                    drawn[some, where] = tally if plain else times * tally
                start += stratum
            if self.across:
                drawn = np.take(drawn, self.unit, axis=1)
            yield slice(first, first + count), drawn if plain else drawn * self.weight

    def cubes(self, by_group: FloatArray, overall: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return sums over units of squares and cubes of influence values centred in strata.

        `by_group` is the influence of a row on its own group, `overall` that on the population.
        """
        count = len(self.strata)
        stratum = np.repeat(np.arange(count), self.strata)
        units = np.maximum(self.strata, 1)[:, None]
        found = []
        for values, column in ((by_group, self.group), (overall, np.zeros_like(self.group))):
            width = self.groups if column is self.group else 1
            pair, u = self.unit * width + column, values
            if self.across:
                pair, where = np.unique(pair, return_inverse=True)
                u = np.bincount(where, values).astype(np.float64)
            cell = stratum[pair // width] * width + pair % width
            one, two, three = (
                np.bincount(cell, power, count * width).reshape(count, width)
                for power in (u, u * u, u * u * u)
            )
            mean = one / units
            found.append(
                np.stack([two - mean * one, three - 3 * mean * two + 2 * mean**2 * one]).sum(axis=1)
            )
        second, third = np.concatenate(found, axis=1)
        return second, third


def _places(home: IntArray) -> IntArray:
    """Return the units' numbers, stratum by stratum."""
    return np.argsort(np.argsort(home, kind="stable"), kind="stable")
