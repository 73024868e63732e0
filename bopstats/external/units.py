"""Columns of a model's input that move together, and the baseline that masks them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bopstats._typing import BoolArray, IntArray
from bopstats._validation import check_choice, fail, is_number, nearest
from bopstats.exceptions import DataError

Row = Sequence[Any]


@dataclass(frozen=True)
class Units:
    """A model's input, its columns as units, and a baseline for each column.

    Parameters
    ----------
    table : DataFrame or ndarray, shape (n, p)
        The input.
    names : tuple, length m
        Names of the units.
    members : tuple of tuple of int, length m
        Positions of each unit's columns.
    baseline : tuple, length p
        What masks each column.
    """

    table: Any
    names: tuple[Any, ...]
    members: tuple[tuple[int, ...], ...]
    baseline: tuple[Any, ...]

    @property
    def n_units(self) -> int:
        """Number of units m."""
        return len(self.names)

    @property
    def numeric(self) -> bool:
        """Whether every column holds numbers."""
        frame = isinstance(self.table, pd.DataFrame)
        return not frame or all(_numeric(self.table[label]) for label in self.table)

    def masked(self, where: IntArray, hidden: BoolArray) -> Any:
        """Return some rows with units at their baseline.

        Parameters
        ----------
        where : ndarray of int, shape (rows,)
            Which rows; a row may come several times.
        hidden : ndarray of bool, shape (rows, m)
            Which units are masked in each row.
        """
        chunk = rows_of(self.table, where)
        frame = isinstance(chunk, pd.DataFrame)
        if not frame and chunk.dtype.kind != "f":
            chunk = chunk.astype(np.float64)
        for unit, columns in enumerate(self.members):
            out = hidden[:, unit]
            if not out.any():
                continue
            for j in columns:
                if frame:
                    label = chunk.columns[j]
                    chunk[label] = _replaced(chunk[label], out, self.baseline[j])
                else:
                    chunk[out, j] = self.baseline[j]
        return chunk


def _replaced(column: pd.Series[Any], out: BoolArray, value: Any) -> Any:
    if not _numeric(column):
        return column.where(~out, value)
    plain = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(out, value, plain)


def _numeric(column: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype)


def as_input(name: str, table: Any) -> pd.DataFrame | npt.NDArray[Any]:
    """Return a model's input if it is a DataFrame or a numeric array with rows and columns."""
    if np.ndim(table) == 2 and np.shape(table)[1] == 0:
        raise DataError(f"{name}: no columns")
    if isinstance(table, pd.DataFrame):
        if table.columns.has_duplicates:
            repeated = table.columns[table.columns.duplicated()][0]
            raise DataError(f"{name}: column {repeated!r} is there more than once")
        return table
    if not isinstance(table, np.ndarray) or table.ndim != 2:
        shape = f" of shape {table.shape}" if isinstance(table, np.ndarray) else ""
        fail(name, type(table).__name__ + shape, "a DataFrame or an array of shape (n, p)")
    if table.dtype.kind not in "iufb":
        fail(name, f"an array of type {table.dtype}", "numbers (or a DataFrame)")
    return table


def rows_of(table: Any, where: IntArray) -> Any:
    """Return some rows of a model's input as the model reads them."""
    if isinstance(table, pd.DataFrame):
        return table.iloc[where].reset_index(drop=True)
    return table[where]


def labels_of(table: Any) -> list[Any]:
    """Return the names of a DataFrame's columns, the positions of an array's."""
    return list(table.columns) if isinstance(table, pd.DataFrame) else list(range(table.shape[1]))


def _all_labels(tables: Mapping[str, Any]) -> list[Any]:
    return list(dict.fromkeys(label for table in tables.values() for label in labels_of(table)))


def make_units(tables: Mapping[str, Any], column_groups: Any, baseline: Any) -> tuple[Units, Units]:
    """Return the units of both models' inputs.

    Parameters
    ----------
    tables : mapping
        X0 and Xp by name.
    column_groups : mapping or None
        Name of a unit to the labels of its columns; other columns are units of their own.
    baseline : {"mean", "median"}, mapping, or pair of rows
        What masks a column; see `compare_models`.
    """
    groups = _checked_groups(column_groups, tables)
    rows = _baseline_rows(baseline, tables)
    first, second = (
        _units(table, groups, row) for table, row in zip(tables.values(), rows, strict=True)
    )
    return first, second


def _checked_groups(column_groups: Any, tables: Mapping[str, Any]) -> dict[Any, Any]:
    """Return the unit of each grouped column."""
    if column_groups is None:
        return {}
    if not isinstance(column_groups, Mapping):
        fail("column_groups", column_groups, "a mapping of a unit's name to its columns")
    known = _all_labels(tables)
    unit_of: dict[Any, Any] = {}
    for unit, columns in column_groups.items():
        name = f"column_groups[{unit!r}]"
        if isinstance(columns, str) or not isinstance(columns, Sequence) or not columns:
            fail(name, columns, "a list of columns")
        for label in columns:
            if label not in known:
                fail(name, label, f"columns of X0 or Xp{nearest(str(label), known)}")
            if label in unit_of:
                fail(name, label, f"each column in one unit; it is in {unit_of[label]!r} too")
            unit_of[label] = unit
    alone = set(known) - set(unit_of)
    for unit in column_groups:
        if unit in alone:
            fail("column_groups", unit, "a name that no other column has")
    return unit_of


def _units(table: Any, unit_of: Mapping[Any, Any], row: Row) -> Units:
    members: dict[Any, list[int]] = {}
    for j, label in enumerate(labels_of(table)):
        members.setdefault(unit_of.get(label, label), []).append(j)
    return Units(table, tuple(members), tuple(map(tuple, members.values())), tuple(row))


def _baseline_rows(baseline: Any, tables: Mapping[str, Any]) -> list[Row]:
    if isinstance(baseline, str):
        check_choice("baseline", baseline, ("mean", "median"))
        return [_middle(name, table, baseline) for name, table in tables.items()]
    if isinstance(baseline, (Mapping, pd.Series)):
        chosen = _by_label("baseline", baseline, _all_labels(tables))
        return [
            _checked_row("baseline", table, [chosen[label] for label in labels_of(table)])
            for table in tables.values()
        ]
    if not isinstance(baseline, (tuple, list)) or len(baseline) != 2:
        allowed = "'mean', 'median', a mapping of columns to values, or a pair of rows"
        fail("baseline", baseline if is_number(baseline) else type(baseline).__name__, allowed)
    rows = []
    for i, (row, table) in enumerate(zip(baseline, tables.values(), strict=True)):
        name, labels = f"baseline[{i}]", labels_of(table)
        if isinstance(row, (Mapping, pd.Series)):
            row = list(_by_label(name, row, labels).values())
        if np.ndim(row) != 1 or len(row) != len(labels):
            fail(name, f"shape {np.shape(row)}", f"a row of {len(labels)} values")
        rows.append(_checked_row(name, table, list(row)))
    return rows


def _by_label(name: str, row: Any, labels: list[Any]) -> dict[Any, Any]:
    given = dict(row.items())
    unknown = [label for label in given if label not in labels]
    missing = [label for label in labels if label not in given]
    if unknown:
        fail(name, unknown[0], f"columns of the model's input{nearest(str(unknown[0]), labels)}")
    if missing:
        fail(name, f"no value for {', '.join(map(repr, missing))}", "a value for each column")
    return {label: given[label] for label in labels}


def _checked_row(name: str, table: Any, row: list[Any]) -> Row:
    for j, label in enumerate(labels_of(table)):
        column = table[label] if isinstance(table, pd.DataFrame) else None
        if column is None or _numeric(column):
            known = is_number(row[j]) or isinstance(row[j], (bool, np.bool_))
            if not known or not np.isfinite(row[j]):
                fail(f"{name}[{label!r}]", row[j], "a finite number")
        elif isinstance(column.dtype, pd.CategoricalDtype) and row[j] not in column.cat.categories:
            fail(f"{name}[{label!r}]", row[j], f"one of {list(column.cat.categories)}")
    return row


def _middle(name: str, table: Any, which: str) -> Row:
    """Return the mean or median of each column; the most frequent value where there is none."""
    frame = table if isinstance(table, pd.DataFrame) else pd.DataFrame(table)
    row: list[Any] = []
    for label in frame:
        known = frame[label].dropna()
        if known.empty:
            raise DataError(f"{name}: column {label!r} has no value to make a baseline of")
        if _numeric(known):
            row.append(float(getattr(known.astype(np.float64), which)()))
        else:
            row.append(known.mode().iloc[0])
    return row
