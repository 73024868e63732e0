"""Strata and clusters of a sampling design: addable sums about them, and variance between units.

A unit is what was drawn: a cluster, or without clusters a row (each copy of a frequency weight).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from bopstats._typing import FloatArray, IntArray

_MOST_KEYS = 2**62  # that one integer can number
_CELLS = ("w", "w2", "wb", "w2b", "w2b2")


@dataclass(frozen=True)
class DesignSums:
    """Addable sums over the cells of a design with clusters, strata or both.

    A cell is what a group has in a cluster, or without clusters in a stratum. `group`, `stratum`
    and `cluster` (P,) name the P cells that occur, in this order; `stratum` is 0 without strata,
    `cluster` −1 without clusters. Per cell, `w` Σw and `w2` Σw² (P,), per cost `wb` ΣwB (C, P);
    without clusters also `w2b`, `w2b2` Σw²B, Σw²B² (C, P), which clusters leave empty (0, P).
    In squares a frequency weight stands for copies of weight 1. `strata` (H,) are the strata that
    occur, whatever the group, and `rows` their rows, copies counted.
    """

    group: IntArray
    stratum: IntArray
    cluster: IntArray
    w: FloatArray
    w2: FloatArray
    wb: FloatArray
    w2b: FloatArray
    w2b2: FloatArray
    strata: IntArray
    rows: FloatArray
    clustered: bool
    stratified: bool

    @classmethod
    def of(
        cls,
        group: IntArray,
        stratum: IntArray | None,
        cluster: IntArray | None,
        weight: FloatArray,
        copies: bool,
        benefit: FloatArray,
    ) -> DesignSums:
        """Sum rows; `copies` tells that a weight is a number of copies, none of them for 0."""
        n = len(group)
        keys = np.stack(
            [
                group,
                np.zeros(n, dtype=np.int64) if stratum is None else stratum,
                np.full(n, -1) if cluster is None else cluster,
            ]
        )
        if copies:
            there = weight > 0
            keys, weight, benefit = keys[:, there], weight[there], benefit[:, there]
        square = weight if copies else weight * weight
        few = benefit if cluster is None else benefit[:0]
        columns = {"w": weight, "w2": square, "wb": weight * benefit}
        columns |= {"w2b": square * few, "w2b2": square * few**2}
        strata, rows = _tally(keys[1], weight if copies else np.ones(keys.shape[1]))
        return _collect(keys, columns, strata, rows, cluster is not None, stratum is not None)

    def __add__(self, other: DesignSums) -> DesignSums:
        """Join the sums of two disjoint sets of rows."""
        strata, rows = _tally(
            np.concatenate([self.strata, other.strata]), np.concatenate([self.rows, other.rows])
        )
        return self._of_cells(
            np.concatenate([self._keys, other._keys], axis=1),
            {
                name: np.concatenate([getattr(self, name), getattr(other, name)], axis=-1)
                for name in _CELLS
            },
            strata,
            rows,
        )

    def pooled(self) -> DesignSums:
        """Merge all groups into one."""
        keys = self._keys
        keys[0] = 0
        return self._of_cells(keys, self._columns, self.strata, self.rows)

    def with_population(self, n_groups: int) -> DesignSums:
        """Put the population behind the groups, as group number `n_groups`."""
        everyone = self.pooled()
        keys = everyone._keys
        keys[0] = n_groups
        columns = {
            name: np.concatenate([one, everyone._columns[name]], axis=-1)
            for name, one in self._columns.items()
        }
        both = np.concatenate([self._keys, keys], axis=1)
        return self._of_cells(both, columns, self.strata, self.rows)

    def _of_cells(
        self, keys: IntArray, columns: dict[str, FloatArray], strata: IntArray, rows: FloatArray
    ) -> DesignSums:
        return _collect(keys, columns, strata, rows, self.clustered, self.stratified)

    @property
    def _keys(self) -> IntArray:
        return np.stack([self.group, self.stratum, self.cluster])

    @property
    def _columns(self) -> dict[str, FloatArray]:
        return {name: getattr(self, name) for name in _CELLS}

    @cached_property
    def place(self) -> IntArray:
        """Index into `strata` of each cell, shape (P,)."""
        return np.searchsorted(self.strata, self.stratum)

    @cached_property
    def units(self) -> FloatArray:
        """Number of sampling units in each stratum, whatever their groups, shape (H,)."""
        if not self.clustered:
            return self.rows
        return units_by_stratum(self.place, self.cluster, None)

    @property
    def df(self) -> float:
        """Degrees of freedom of the whole design: units less strata."""
        return float(self.units.sum() - len(self.strata))

    def clusters_of(self, n_groups: int) -> IntArray:
        """Count the clusters with members in each group, shape (G,)."""
        return np.bincount(self.group[self.w > 0], minlength=n_groups)

    def strata_of(self, n_groups: int) -> IntArray:
        """Count the strata with members in each group, shape (G,)."""
        there = self.w > 0
        return np.asarray((self.by_stratum(there.astype(np.float64), n_groups) > 0).sum(axis=1))

    def by_stratum(self, values: FloatArray, n_groups: int) -> FloatArray:
        """Sum figures of cells by group and stratum, shape (G, H)."""
        width = len(self.strata)
        cell = self.group * width + self.place
        return np.bincount(cell, values, n_groups * width).reshape(n_groups, width).astype(float)


@dataclass(frozen=True)
class DesignFigures:
    """What inference reads of a design, without its cells: one of these may be one person's.

    `clusters` and `strata` (G + 1,) count those with members in each group, the population last;
    `df` is units less strata of the whole design. Per cost, `between` (C, G + 1) is the variance
    between units of the sum of w(B − mean), `icc` (C, G + 1) the intraclass correlation, and
    `covariance` (C, G, G) that of the groups' mean benefits. Figures cannot be added.
    """

    clusters: IntArray
    strata: IntArray
    df: float
    between: FloatArray
    icc: FloatArray
    covariance: FloatArray
    clustered: bool
    stratified: bool

    def clusters_of(self, n_groups: int) -> IntArray:
        """Return the numbers of clusters with members in the first groups, as `DesignSums` does."""
        return self.clusters[:n_groups]

    def strata_of(self, n_groups: int) -> IntArray:
        """Return the numbers of strata with members in the first groups, as `DesignSums` does."""
        return self.strata[:n_groups]


def between_units(squares: FloatArray, totals: FloatArray, units: FloatArray) -> FloatArray:
    r"""Return the variance between units within strata of a sum, shape (…,).

    Parameters
    ----------
    squares, totals : ndarray, shape (…, H)
        Sums over a stratum's units of their values squared, and of their values. A unit without
        members of the domain has the value 0.
    units : ndarray, shape (H,)
        Number C of units in each stratum; nan comes out where one has a single unit.

    Notes
    -----
    .. math:: \sum_h \frac{C_h}{C_h - 1} \sum_{c \in h} (u_c - \bar u_h)^2

    (Särndal et al. 1992, chapter 5; Lumley 2010, chapter 2).

    Examples
    --------
    >>> u = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 6.0]])  # two strata of three units
    >>> between_units((u**2).sum(axis=1), u.sum(axis=1), np.array([3.0, 3.0])).tolist()
    39.0
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        rest = squares - totals**2 / units
        rest = np.where(rest <= 1e-14 * squares, 0.0, rest)
        return np.asarray((units / (units - 1.0) * rest).sum(axis=-1), dtype=np.float64)


def domain_variance(
    values: FloatArray,
    unit: IntArray,
    domain: IntArray,
    stratum: IntArray,
    units: FloatArray,
    times: FloatArray | None,
    n_domains: int,
) -> tuple[FloatArray, FloatArray]:
    """Return the variance of each domain's sum of rows' values, and its degrees of freedom.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Linearised values of the rows, all copies of a row together.
    unit, domain, stratum : ndarray of int, shape (n,)
        Sampling unit, domain and stratum of each row.
    units : ndarray, shape (H,)
        Number of units of each stratum, those without members of the domain included.
    times : ndarray, shape (n,), or None
        Where each row is a unit of its own: how many units it stands for.
    n_domains : int
        Number of domains G.

    Returns
    -------
    tuple of ndarray, shape (G,)
        Variances, and units with members less strata with members.
    """
    width = len(units)
    pair, first, where = np.unique(
        unit * n_domains + domain, return_index=True, return_inverse=True
    )
    total = np.bincount(where, values, len(pair)).astype(np.float64)
    count = np.ones(len(total)) if times is None else times[first]
    cell = domain[first] * width + stratum[first]

    def by_stratum(each: FloatArray) -> FloatArray:
        sums = np.bincount(cell, each, n_domains * width)
        return sums.reshape(n_domains, width).astype(np.float64)

    members = by_stratum(count)
    df = members.sum(axis=1) - (members > 0).sum(axis=1)
    squares = by_stratum(total**2 / np.maximum(count, 1.0))
    return between_units(squares, by_stratum(total), units), np.asarray(df, dtype=np.float64)


def units_by_stratum(
    stratum: IntArray, cluster: IntArray | None, copies: FloatArray | None
) -> FloatArray:
    """Count the sampling units of strata 0, 1, …; rows of no copies are none, shape (H,)."""
    size = int(stratum.max(initial=-1)) + 1
    count = np.ones(len(stratum)) if copies is None else copies
    if cluster is not None:
        first = np.unique(cluster[count > 0], return_index=True)[1]
        stratum, count = stratum[count > 0][first], np.ones(len(first))
    return np.bincount(stratum, count, size).astype(np.float64)


def between_units_matrix(values: FloatArray, stratum: IntArray, units: FloatArray) -> FloatArray:
    """Return the covariance of k sums as `between_units` has the variance of one, shape (k, k).

    Parameters
    ----------
    values : ndarray, shape (U, k)
        The values of each unit, those without members included or left out (they are 0).
    stratum : ndarray of int, shape (U,)
        Index into `units` of each unit's stratum.
    units : ndarray, shape (H,)
        Number of units in each stratum.
    """
    totals = np.zeros((len(units), values.shape[1]))
    np.add.at(totals, stratum, values)
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = units / (units - 1.0)
        return centre_in_strata((values * factor[stratum][:, None]).T @ values, totals, units)


def centre_in_strata(products: FloatArray, totals: FloatArray, units: FloatArray) -> FloatArray:
    """Take the strata's means off sums of products, shape (k, k).

    Parameters
    ----------
    products : ndarray, shape (k, k)
        Sums over units of products of their values, times C/(C − 1) of their stratum.
    totals : ndarray, shape (H, k)
        Sums of the values.
    units : ndarray, shape (H,)
        Number C of units in each stratum.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        found = products - (totals / (units - 1.0)[:, None]).T @ totals
    # A value that varies between strata only leaves rounding: no variance, not a tiny one.
    flat = np.diag(found) <= 1e-14 * np.diag(products)
    found[flat] = found[:, flat] = 0.0
    return np.asarray(found, dtype=np.float64)


def _tally(stratum: IntArray, rows: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return the strata that occur and their rows."""
    strata, where = np.unique(stratum, return_inverse=True)
    return strata, np.bincount(where, rows, len(strata)).astype(np.float64)


def _collect(
    keys: IntArray,
    columns: dict[str, FloatArray],
    strata: IntArray,
    rows: FloatArray,
    clustered: bool,
    stratified: bool,
) -> DesignSums:
    """Add up what has the same key: columns of shape (N,) or (C, N)."""
    # One number a key: sorting these is several times faster than sorting columns.
    low, high = keys.min(axis=1, initial=0).tolist(), keys.max(axis=1, initial=0).tolist()
    names: Sequence[Any] = [range(bottom, top + 1) for bottom, top in zip(low, high, strict=True)]
    places: Sequence[Any] = list(keys - np.array(low)[:, None])
    if prod(map(len, names)) > _MOST_KEYS:  # numbers far apart, as hashes are
        names, places = zip(*(np.unique(each, return_inverse=True) for each in keys), strict=True)
    shape = tuple(map(len, names))
    flat, where = np.unique(np.ravel_multi_index(tuple(places), shape), return_inverse=True)
    size = len(flat)
    cells = [
        place + name.start if isinstance(name, range) else name[place]
        for name, place in zip(names, np.unravel_index(flat, shape), strict=True)
    ]

    def total(values: FloatArray) -> FloatArray:
        if values.ndim == 1:
            return np.bincount(where, values, size).astype(np.float64)
        return np.array([total(each) for each in values]).reshape(len(values), size)

    return DesignSums(
        group=cells[0],
        stratum=cells[1],
        cluster=cells[2],
        w=total(columns["w"]),
        w2=total(columns["w2"]),
        wb=total(columns["wb"]),
        w2b=total(columns["w2b"]),
        w2b2=total(columns["w2b2"]),
        strata=strata,
        rows=rows,
        clustered=clustered,
        stratified=stratified,
    )
