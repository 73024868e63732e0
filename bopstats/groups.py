"""Groups of people, and the sums about each group that everything later is computed from."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd

from bopstats._typing import FloatArray, IntArray

POPULATION = "population"


def _named(name: str) -> str:
    """Put brackets round an expression."""
    return name if name.isidentifier() else f"({name})"


@dataclass(frozen=True)
class GroupIndex:
    """The crossing of categorical attributes; empty crossings are kept.

    Parameters
    ----------
    attributes : tuple of str
        Names of the attributes.
    levels : tuple of tuples
        The levels of each attribute, reference first. Group g is the g-th element of their
        product, the last attribute varying fastest.
    """

    attributes: tuple[str, ...]
    levels: tuple[tuple[object, ...], ...]

    @property
    def n_groups(self) -> int:
        """Number of groups, empty ones included."""
        return int(np.prod([len(each) for each in self.levels]))

    def encode(self, codes: list[IntArray]) -> IntArray:
        """Combine one code array an attribute into group numbers, shape (n,)."""
        shape = tuple(len(each) for each in self.levels)
        return np.ravel_multi_index(tuple(codes), shape).astype(np.int64)

    def frame(self) -> pd.DataFrame:
        """Return one row a group: its level of each attribute, as the data hold it."""
        shape = tuple(len(each) for each in self.levels)
        where = np.unravel_index(np.arange(self.n_groups), shape)
        columns = {
            name: pd.Series([each[i] for i in codes], dtype=object)
            for name, each, codes in zip(self.attributes, self.levels, where, strict=True)
        }
        return pd.DataFrame(columns)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """One text a group, e.g. ``"female, insured=1"``; all with names where levels clash."""
        rows = list(self.frame().itertuples(index=False, name=None))
        short = tuple(
            ", ".join(
                level if isinstance(level, str) else f"{_named(name)}={level}"
                for name, level in zip(self.attributes, row, strict=True)
            )
            for row in rows
        )
        if len(set(short)) == len(short) and POPULATION not in short:
            return short
        return tuple(
            ", ".join(f"{name}={level!r}" for name, level in zip(self.attributes, row, strict=True))
            for row in rows
        )


@dataclass(frozen=True)
class RowBop:
    """One partition's held-out figures of each evaluated person.

    Parameters
    ----------
    costs : tuple of str, length C
        Names of the costs that have a value for each person.
    generic, personalized : ndarray, shape (C, n)
        Cost of each model for each person.
    y : ndarray, shape (n,)
        Outcome.
    mu_generic, mu_personalized : ndarray, shape (n,)
        Held-out predictions of the mean.
    group, fold, rows : ndarray of int, shape (n,)
        Group number, fold, and place among the design's rows.
    n_groups : int
        Number of groups.
    weight : ndarray, shape (n,), or None
        Weights.
    weight_type : {"freq", "prob", "precision"} or None
        What the weights mean.
    cluster : ndarray of int, shape (n,), or None
        Cluster number.
    binary : bool
        Whether the outcome is 0/1, so that events can be counted.
    threshold : float
        Prediction from which the event is predicted.
    level : float
        What is taken off the outcome before it is squared, the same for all rows of a run.
    """

    costs: tuple[str, ...]
    generic: FloatArray
    personalized: FloatArray
    y: FloatArray
    mu_generic: FloatArray
    mu_personalized: FloatArray
    group: IntArray
    fold: IntArray
    rows: IntArray
    n_groups: int
    weight: FloatArray | None
    weight_type: str | None
    cluster: IntArray | None
    binary: bool
    threshold: float = 0.5
    level: float = 0.0

    @property
    def benefit(self) -> FloatArray:
        """B = cost(generic) − cost(personalized), shape (C, n); nan where both are infinite."""
        with np.errstate(invalid="ignore"):
            return self.generic - self.personalized


@dataclass(frozen=True)
class ClusterSums:
    """Sums over the members of each (group, cluster) pair that occurs, in that order.

    `group` and `cluster` have shape (P,), `w` shape (P,), `wb` shape (C, P).
    """

    group: IntArray
    cluster: IntArray
    w: FloatArray
    wb: FloatArray

    def __add__(self, other: ClusterSums) -> ClusterSums:
        """Join the sums of two disjoint sets of rows."""
        return _collect_clusters(
            np.concatenate([self.group, other.group]),
            np.concatenate([self.cluster, other.cluster]),
            np.concatenate([self.w, other.w]),
            np.concatenate([self.wb, other.wb], axis=1),
        )

    def pooled(self) -> ClusterSums:
        """Merge all groups into one."""
        return _collect_clusters(np.zeros_like(self.group), self.cluster, self.w, self.wb)


def _collect_clusters(
    group: IntArray, cluster: IntArray, w: FloatArray, wb: FloatArray
) -> ClusterSums:
    pairs, where = np.unique(np.stack([group, cluster]), axis=1, return_inverse=True)
    size = pairs.shape[1]
    return ClusterSums(
        pairs[0],
        pairs[1],
        np.bincount(where, w, size).astype(np.float64),
        np.stack([np.bincount(where, each, size) for each in wb]),
    )


@dataclass(frozen=True)
class GroupMoments:
    """Addable sums about G groups and C costs; w is 1 where there are no weights.

    Rows are counted `freq` times: their weight for frequency weights, else once. Per group, shape
    (G,): `n` Σ freq, `w` Σw, `w2` Σw², `events` Σ freq·y (0 when the outcome is not binary),
    `passed` Σ freq·(the share of both predictions at or above the threshold), `wy`, `wy2` Σwy, Σwy²
    of y less `RowBop.level`, `sse_generic`, `sse_personalized` Σw(y − μ)².
    Per cost and group, shape (C, G): `wc_generic`, `wc_personalized` sums of w·cost; `wb`, `wb2`,
    `w2b`, `w2b2` sums of wB, wB², w²B, w²B²; `minus`, `plus` Σ freq over rows with B < 0 and B > 0.
    `clusters` are sums a (group, cluster) pair, or None.
    """

    n: FloatArray
    w: FloatArray
    w2: FloatArray
    events: FloatArray
    passed: FloatArray
    wy: FloatArray
    wy2: FloatArray
    sse_generic: FloatArray
    sse_personalized: FloatArray
    wc_generic: FloatArray
    wc_personalized: FloatArray
    wb: FloatArray
    wb2: FloatArray
    w2b: FloatArray
    w2b2: FloatArray
    minus: FloatArray
    plus: FloatArray
    clusters: ClusterSums | None = None

    def __add__(self, other: Self) -> GroupMoments:
        """Add the moments of two disjoint sets of rows."""
        sums = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in _SUMS}
        clusters = None
        if self.clusters is not None and other.clusters is not None:
            clusters = self.clusters + other.clusters
        return GroupMoments(**sums, clusters=clusters)

    def pooled(self) -> GroupMoments:
        """Return the moments of the whole population as a single group."""
        sums = {f.name: getattr(self, f.name).sum(axis=-1, keepdims=True) for f in _SUMS}
        clusters = None if self.clusters is None else self.clusters.pooled()
        return GroupMoments(**sums, clusters=clusters)

    def with_population(self) -> GroupMoments:
        """Put the whole population behind the groups."""
        return self.append(self.pooled())

    def append(self, other: GroupMoments) -> GroupMoments:
        """Put the groups of `other` behind these; clusters of both stay apart."""
        sums = {
            f.name: np.concatenate([getattr(self, f.name), getattr(other, f.name)], axis=-1)
            for f in _SUMS
        }
        clusters = None
        if self.clusters is not None and other.clusters is not None:
            a, b = self.clusters, other.clusters
            clusters = ClusterSums(
                np.concatenate([a.group, b.group + len(self.n)]),
                np.concatenate([a.cluster, b.cluster]),
                np.concatenate([a.w, b.w]),
                np.concatenate([a.wb, b.wb], axis=1),
            )
        return GroupMoments(**sums, clusters=clusters)

    @classmethod
    def from_rows(cls, rows: RowBop) -> GroupMoments:
        """Sum the rows of one partition, in one pass a cost."""
        size, group = rows.n_groups, rows.group
        w = np.ones(len(group)) if rows.weight is None else rows.weight
        freq = w if rows.weight_type == "freq" else np.ones(len(group))

        def total(values: FloatArray) -> FloatArray:
            return np.bincount(group, values, size).astype(np.float64)

        def each(values: FloatArray) -> FloatArray:
            return np.array([total(row) for row in values]).reshape(len(values), size)

        def over(mu: FloatArray) -> FloatArray:
            return (mu >= rows.threshold).astype(np.float64)

        benefit = rows.benefit
        clusters = None
        if rows.cluster is not None:
            clusters = _collect_clusters(group, rows.cluster, w, w * benefit)
        return cls(
            n=total(freq),
            w=total(w),
            w2=total(w * w),
            events=total(freq * rows.y) if rows.binary else np.zeros(size),
            passed=total(freq * 0.5 * (over(rows.mu_generic) + over(rows.mu_personalized))),
            wy=total(w * (rows.y - rows.level)),
            wy2=total(w * (rows.y - rows.level) ** 2),
            sse_generic=total(w * (rows.y - rows.mu_generic) ** 2),
            sse_personalized=total(w * (rows.y - rows.mu_personalized) ** 2),
            wc_generic=each(w * rows.generic),
            wc_personalized=each(w * rows.personalized),
            wb=each(w * benefit),
            wb2=each(w * benefit**2),
            w2b=each(w * w * benefit),
            w2b2=each(w * w * benefit**2),
            minus=each(freq * (benefit < 0)),
            plus=each(freq * (benefit > 0)),
            clusters=clusters,
        )


_SUMS = [f for f in fields(GroupMoments) if f.name != "clusters"]
