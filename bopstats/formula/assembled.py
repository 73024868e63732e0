"""Model matrices that are put together when rows of them are asked for.

A matrix of a million rows would be the largest thing in memory, and most of it would be copies of
numeric columns and of the few distinct rows that categorical terms have. So factors are kept as
they were evaluated: categorical ones as codes, numeric ones as columns (those of the data where
these will do), and blocks of rows are made from them as often as they are needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import patsy
import patsy.categorical
from patsy.design_info import DesignInfo, FactorInfo, SubtermInfo
from patsy.eval import EvalFactor

from bopstats._typing import CodeArray, FloatArray, IntArray
from bopstats.exceptions import DataError

# Missing values are masked before patsy sees a row, so it must neither drop nor look for any.
NO_NA = patsy.NAAction(on_NA="raise", NA_types=[])
# Categorical columns are looked up in one table if so many combinations of levels suffice.
_MOST_CELLS = 1 << 14
Rows = slice | IntArray


@dataclass(frozen=True)
class FactorValues:
    """A factor on some rows: `codes` of a categorical one, or `columns` of a numeric one."""

    codes: CodeArray | None
    columns: tuple[FloatArray, ...]


def evaluate(info: FactorInfo, frame: pd.DataFrame) -> FactorValues:
    """Evaluate a factor with the levels and transforms that `info` has learned."""
    if not len(frame):  # of which not every transform has a value
        none = np.empty(0)
        codes = none.astype(np.int64) if info.type == "categorical" else None
        return FactorValues(codes, () if codes is not None else (none,) * info.num_columns)
    code, values = info.factor.code, info.factor.eval(info.state, frame)
    if info.type == "categorical":
        coded = patsy.categorical.categorical_to_int(values, info.categories, NO_NA, info.factor)
        codes = np.asarray(coded)
        if (codes < 0).any() or any(pd.isna(level) for level in info.categories):
            raise DataError(f"term {code!r} has no value in some rows; allowed: a value each")
        return FactorValues(codes, ())
    array = np.asarray(values, dtype=np.float64)
    array = array[:, None] if array.ndim == 1 else array
    if array.shape != (len(frame), info.num_columns):
        allowed = f"({len(frame)}, {info.num_columns})"
        raise DataError(f"term {code!r} has values of shape {array.shape}; allowed: {allowed}")
    return FactorValues(None, tuple(array.T))


@dataclass(frozen=True)
class _Coded:
    """One column of a categorical factor: `table` by the rows' codes."""

    table: FloatArray
    codes: CodeArray

    def __getitem__(self, rows: Rows) -> FloatArray:
        return self.table.take(self.codes[rows])


@dataclass(frozen=True)
class _Cells:
    """Columns of categorical factors alone: `table`, shape (columns, cells), by the rows' cells."""

    table: FloatArray
    cell: CodeArray

    def put(self, rows: Rows, out: FloatArray) -> None:
        """Write the columns of some rows into `out`, shape (columns, rows)."""
        np.take(self.table, self.cell[rows], axis=1, out=out, mode="clip")


class Assembled:
    """The columns of a model matrix, each a product of evaluated factors, made on demand.

    Parameters
    ----------
    info : DesignInfo
        What the columns are.
    values : mapping from factor to FactorValues
        Its factors on the rows.
    frame : DataFrame
        The rows' variables; kept so that pandas does not write into columns that are used here.
    """

    def __init__(
        self, info: DesignInfo, values: Mapping[EvalFactor, FactorValues], frame: pd.DataFrame
    ) -> None:
        self._n, self._frame = len(frame), frame
        subterms = [each for parts in info.term_codings.values() for each in parts]
        self._columns = [column for each in subterms for column in _columns_of(each, values)]
        # patsy puts terms without a numeric factor first.
        numeric = [any(isinstance(p, np.ndarray) for p in column) for column in self._columns]
        first = [*numeric, True].index(True)
        self._cells = _cells_of(self._columns[:first], self._n)
        self._coded = 0 if self._cells is None else first

    def __getitem__(self, rows: Rows) -> FloatArray:
        """Return some rows, shape (rows, P)."""
        count = len(range(*rows.indices(self._n))) if isinstance(rows, slice) else len(rows)
        columns = np.empty((len(self._columns), count))  # each column in one piece, as its source
        if self._cells is not None:
            self._cells.put(rows, columns[: self._coded])
        for j in range(self._coded, len(columns)):
            self._put(j, rows, columns[j])
        return columns.T

    def column(self, j: int) -> FloatArray:
        """Return column j, shape (n,)."""
        out = np.empty(self._n)
        self._put(j, slice(None), out)
        return out

    def _put(self, j: int, rows: Rows, out: FloatArray) -> None:
        parts = self._columns[j]
        out[:] = parts[0][rows] if parts else 1.0
        for part in parts[1:]:
            out *= part[rows]


def _columns_of(
    subterm: SubtermInfo, values: Mapping[EvalFactor, FactorValues]
) -> list[list[FloatArray | _Coded]]:
    """Return what is to be multiplied for each column; the first factor's columns vary fastest."""
    choices: list[list[FloatArray | _Coded]] = []
    for factor in subterm.factors:
        codes = values[factor].codes
        if codes is None:
            choices.append(list(values[factor].columns))
        else:
            contrast = subterm.contrast_matrices[factor].matrix
            choices.append([_Coded(np.array(column), codes) for column in contrast.T])
    return [list(parts[::-1]) for parts in product(*choices[::-1])]


def _cells_of(columns: list[list[Any]], n: int) -> _Cells | None:
    """Return a table of all combinations of levels; None if they are too many, or no columns."""
    factors = {id(part.codes): part for column in columns for part in column}
    sizes = [len(part.table) for part in factors.values()]
    if not columns or np.prod(sizes, dtype=np.float64) > _MOST_CELLS:
        return None
    cell = np.zeros(n, dtype=np.int32)
    for part, size in zip(factors.values(), sizes, strict=True):
        cell *= np.int32(size)
        cell += part.codes.astype(np.int32)
    cells = np.arange(int(np.prod(sizes, dtype=np.int64)))
    code = dict(zip(factors, np.unravel_index(cells, sizes) if sizes else (), strict=True))
    table = np.ones((len(columns), len(cells)))
    for row, column in zip(table, columns, strict=True):
        for part in column:
            row *= part.table[code[id(part.codes)]]
    return _Cells(table, cell)
