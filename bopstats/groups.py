"""Groups of people, and the sums about each group that everything later is computed from."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd

from bopstats._typing import BoolArray, FloatArray, IntArray
from bopstats.exceptions import RowsNotKept
from bopstats.sampling import DesignFigures, DesignSums

POPULATION = "population"
# Rows that are summed at once, so that they stay in a processor's cache.
_AT_ONCE = 8192


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


def order_by(number: IntArray, count: int) -> IntArray:
    """Return the order that sorts numbers below `count`; those that are equal keep theirs."""
    # NumPy sorts numbers of 16 bits by counting.
    narrow = number.astype(np.uint16 if count <= 1 << 16 else np.int64)
    return np.argsort(narrow, kind="stable")


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
    stratum : ndarray of int, shape (n,), or None
        Number of the sampling stratum.
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
    stratum: IntArray | None = None

    @property
    def benefit(self) -> FloatArray:
        """B = cost(generic) − cost(personalized), shape (C, n); nan where both are infinite."""
        with np.errstate(invalid="ignore"):
            return self.generic - self.personalized


@dataclass(frozen=True)
class GroupMoments:
    """Addable sums about G groups and C costs; w is 1 where there are no weights.

    Rows are counted `freq` times: their weight for frequency weights, else once. Per group, shape
    (G,): `n` Σ freq, `w` Σw, `w2` Σw², `events` Σ freq·y (0 when the outcome is not binary),
    `passed` Σ freq·(the share of both predictions at or above the threshold), `wy`, `wy2` Σwy, Σwy²
    of y less `RowBop.level`, `sse_generic`, `sse_personalized` Σw(y − μ)².
    Per cost and group, shape (C, G): `wc_generic`, `wc_personalized` sums of w·cost; `wb`, `wb2`,
    `wb3`, `w2b`, `w2b2` sums of wB, wB², wB³, w²B, w²B²; `minus`, `plus` Σ freq over rows with
    B < 0 and B > 0.
    `design` are sums by cluster and stratum, or None where there are neither; in a saved result it
    is what inference made of them, so that its moments cannot be added up any more.
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
    wb3: FloatArray
    w2b: FloatArray
    w2b2: FloatArray
    minus: FloatArray
    plus: FloatArray
    design: DesignSums | DesignFigures | None = None

    def __add__(self, other: Self) -> GroupMoments:
        """Add the moments of two disjoint sets of rows."""
        sums = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in _SUMS}
        one, two = self._cells, other._cells
        design = None if one is None or two is None else one + two
        return GroupMoments(**sums, design=design)

    def pooled(self) -> GroupMoments:
        """Return the moments of the whole population as a single group."""
        sums = {f.name: getattr(self, f.name).sum(axis=-1, keepdims=True) for f in _SUMS}
        cells = self._cells
        return GroupMoments(**sums, design=None if cells is None else cells.pooled())

    def with_population(self) -> GroupMoments:
        """Put the whole population behind the groups."""
        everyone = replace(self, design=None).pooled()
        sums = {
            f.name: np.concatenate([getattr(self, f.name), getattr(everyone, f.name)], axis=-1)
            for f in _SUMS
        }
        design = self.design
        if isinstance(design, DesignSums):
            design = design.with_population(len(self.n))
        return GroupMoments(**sums, design=design)

    @property
    def _cells(self) -> DesignSums | None:
        if isinstance(self.design, DesignFigures):
            raise RowsNotKept("moments: those of a saved result hold no sums by cluster or stratum")
        return self.design

    @classmethod
    def from_rows(cls, rows: RowBop) -> GroupMoments:
        """Sum the rows of one partition, in one pass."""
        total = {f.name: np.zeros(()) for f in _SUMS}
        for start in range(0, max(1, len(rows.group)), _AT_ONCE):
            for name, sums in _sums_of(rows, slice(start, start + _AT_ONCE)).items():
                total[name] = total[name] + sums
        design = None
        if rows.cluster is not None or rows.stratum is not None:
            copies = rows.weight_type == "freq"
            w = np.ones(len(rows.group)) if rows.weight is None else rows.weight
            design = DesignSums.of(rows.group, rows.stratum, rows.cluster, w, copies, rows.benefit)
        return cls(**total, design=design)


def _sums_of(rows: RowBop, part: slice) -> dict[str, FloatArray]:
    """Sum some rows by group: sorted by it, so that each sum runs over one piece."""
    group = rows.group[part]
    order = order_by(group, rows.n_groups)
    ends = np.searchsorted(group[order], np.arange(rows.n_groups + 1))
    present = np.flatnonzero(np.diff(ends))
    first = ends[present]

    def total(values: FloatArray) -> FloatArray:
        found = np.zeros((*values.shape[:-1], rows.n_groups))
        if len(present):
            found[..., present] = np.add.reduceat(values, first, axis=-1)
        return found

    weight = None if rows.weight is None else rows.weight[part][order]
    freq = weight if rows.weight_type == "freq" else None

    def weighted(values: FloatArray, by: FloatArray | None = weight) -> FloatArray:
        return values if by is None else by * values

    def counted(mask: BoolArray) -> FloatArray:
        return total(weighted(mask.astype(np.float64), freq))

    y, *means = (each[part][order] for each in (rows.y, rows.mu_generic, rows.mu_personalized))
    generic, personalized = (
        each[:, part].take(order, axis=1) for each in (rows.generic, rows.personalized)
    )
    one = np.ones(len(group))
    passed = [counted(mu >= rows.threshold) for mu in means]
    with np.errstate(over="ignore", invalid="ignore"):  # a mean may explode
        benefit = generic - personalized
        errors = [(y - mu) ** 2 for mu in means]
        wb = weighted(benefit)
        wb2 = wb * benefit
        sums = {
            "n": total(weighted(one, freq)),
            "w": total(weighted(one)),
            "w2": total(weighted(weighted(one))),
            "events": total(weighted(y, freq)) if rows.binary else np.zeros(rows.n_groups),
            "passed": 0.5 * (passed[0] + passed[1]),
            "wy": total(weighted(y - rows.level)),
            "wy2": total(weighted((y - rows.level) ** 2)),
            "sse_generic": total(weighted(errors[0])),
            "sse_personalized": total(weighted(errors[1])),
            "wc_generic": total(weighted(generic)),
            "wc_personalized": total(weighted(personalized)),
            "wb": total(wb),
            "wb2": total(wb2),
            "wb3": total(wb2 * benefit),
            "minus": counted(benefit < 0),
            "plus": counted(benefit > 0),
        }
        if weight is None:
            return sums | {"w2b": sums["wb"], "w2b2": sums["wb2"]}
        return sums | {"w2b": total(weight * wb), "w2b2": total(weight * wb2)}


_SUMS = [f for f in fields(GroupMoments) if f.name != "design"]
