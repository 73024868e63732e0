"""A small sample of a large source that shows all there is to know of its columns.

It holds evenly spaced rows, and a row for every level of a categorical variable and every value of
one that has few, so that a design made of it has the levels, groups, types and warnings that one of
all rows has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from bopstats._typing import IntArray
from bopstats.columns import is_text, with_levels

_SAMPLE = 20_000
_MOST_LEVELS = 1000  # of a variable of whole numbers or texts
_MOST_VALUES = 14  # of others: attributes have two, numbers that look like codes up to twelve


class Witnesses:
    """Gathers the rows, piece by piece.

    Parameters
    ----------
    n_rows : int or None
        Number of all rows, if it is known, so that few are kept from the beginning.
    """

    def __init__(self, n_rows: int | None = None) -> None:
        self._n_rows = n_rows
        # Of each variable, the values seen and the place of a row that shows it.
        self._seen: dict[str, dict[Any, int]] = {}
        self._full: set[str] = set()
        self._also: set[int] = set()
        self._sample: list[pd.DataFrame] = []
        self._shown: list[pd.DataFrame] = []
        self._stride, self._sampled = 1, 0
        while n_rows is not None and n_rows > 2 * _SAMPLE * self._stride:
            self._stride *= 2

    def __add__(self, other: Self) -> Witnesses:
        """Join the witnesses of later rows; both know the number of all rows."""
        both = Witnesses(self._n_rows)
        both._seen = {name: dict(values) for name, values in self._seen.items()}
        both._full, both._also = set(self._full), self._also | other._also
        places = set(other._also)
        for name, values in other._seen.items():
            own = both._seen.setdefault(name, {})
            fresh = [value for value in values if value not in own]
            if name not in self._full:
                own.update((value, values[value]) for value in fresh)
                places.update(values[value] for value in fresh)
            if name in other._full or len(own) > _MOST_LEVELS:
                both._full.add(name)
        shown = [rows[rows.index.isin(places)] for rows in other._shown]
        both._shown = [*self._shown, *(rows for rows in shown if len(rows))]
        both._sample = [*self._sample, *other._sample]
        return both

    def add(
        self,
        frame: pd.DataFrame,
        position: int,
        columns: Sequence[tuple[str, pd.Series[Any]]],
        also: Sequence[int] = (),
    ) -> None:
        """Look at rows.

        Parameters
        ----------
        frame : DataFrame
            The rows, all columns of the analysis.
        position : int
            Place of the first one among all rows.
        columns : sequence of (name, values)
            What is to be shown: values of some of the rows, their labels those of `frame`.
        also : sequence of int
            Places of more rows to keep.
        """
        frame = frame.set_axis(position + np.arange(len(frame)))
        new = [self._new(name, values, position) for name, values in columns]
        self._also.update(position + place for place in also)
        places = np.unique(np.concatenate([*new, np.array(also, dtype=np.int64)]))
        if len(places):
            self._shown.append(_few_levels(frame.iloc[places]))
        some = frame.iloc[-position % self._stride :: self._stride]
        self._sample.append(_few_levels(some.copy()))  # a view would keep the whole piece
        self._sampled += len(self._sample[-1])
        while self._sampled > 2 * _SAMPLE:
            self._stride *= 2
            self._sample = [rows[rows.index % self._stride == 0] for rows in self._sample]
            self._sampled = sum(map(len, self._sample))

    def _new(self, name: str, values: pd.Series[Any], position: int) -> IntArray:
        """Return the places of the first rows of values not seen before."""
        if name in self._full:
            return np.zeros(0, dtype=np.int64)
        present = values[values.notna()]
        if isinstance(present.dtype, pd.CategoricalDtype):
            codes, distinct = present.cat.codes.to_numpy(), list(present.cat.categories)
        else:
            codes, uniques = pd.factorize(present)
            distinct = list(uniques)
        seen = self._seen.setdefault(name, {})
        first = np.full(len(distinct), -1, dtype=np.int64)
        first[codes[::-1]] = np.arange(len(codes))[::-1]
        fresh = [i for i in np.flatnonzero(first >= 0) if distinct[i] not in seen]
        whole = is_text(values) or all(
            not isinstance(v, float) or v.is_integer() for v in distinct[:_MOST_VALUES]
        )
        room = (_MOST_LEVELS if whole else _MOST_VALUES) - len(seen)
        if len(fresh) > room:
            self._full.add(name)
            fresh = fresh[: max(room, 0)]
        labels = present.index.to_numpy(dtype=np.int64)[first[fresh]]
        seen.update((distinct[i], position + int(at)) for i, at in zip(fresh, labels, strict=True))
        return np.asarray(labels, dtype=np.int64)

    def frame(self) -> pd.DataFrame:
        """Return the rows in their order."""
        parts = [*self._shown, *self._sample]
        columns = {name: _joined([part[name] for part in parts]) for name in parts[0]}
        found = pd.DataFrame(columns)
        return found[~found.index.duplicated()].sort_index()


def _few_levels(rows: pd.DataFrame) -> pd.DataFrame:
    """Let go of thousands of names that other rows have."""
    names = [
        name
        for name, dtype in rows.dtypes.items()
        if isinstance(dtype, pd.CategoricalDtype) and len(dtype.categories) > _MOST_LEVELS
    ]
    return rows.astype(dict.fromkeys(names, object)) if names else rows


def _joined(parts: Sequence[pd.Series[Any]]) -> pd.Series[Any]:
    """Put rows behind rows; levels that differ are sorted, as those of texts are."""
    levels = {tuple(part.cat.categories) for part in parts if hasattr(part, "cat")}
    if len(levels) > 1:
        united = pd.CategoricalDtype(sorted(set().union(*levels)), parts[0].cat.ordered)
        parts = [with_levels(part, united) for part in parts]
    joined: pd.Series[Any] = pd.concat(parts)
    return joined
