"""DataFrames one after another as a source: a list of them, or what makes them anew each pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd
from pandas.api import types as pdt

from bopstats.exceptions import ArgumentError, DataError
from bopstats.sources.passes import Passes
from bopstats.sources.pieces import Part, Piece, row_range, rows_at_once

_ALLOWED = "a list of DataFrames, or an object whose __iter__ begins anew each time"


def check_restarts(data: Iterable[Any]) -> None:
    """Raise `ArgumentError` if the rows can be read only once."""
    first = iter(data)
    if first is data or first is iter(data):
        raise ArgumentError(
            "data: got a generator or another iterator, which can be read only once; allowed: "
            + _ALLOWED
        )


class FrameSource:
    """DataFrames whose columns are those of the first; they are cut into views, never copied."""

    position = 0
    note: str | None = None

    def __init__(self, data: Iterable[Any]) -> None:
        check_restarts(data)
        self._data = data
        first = next(iter(data), None)
        if first is None:
            raise DataError("data: no rows")
        self.columns: tuple[str, ...] = tuple(_checked(first, "data[0]").columns)
        n_rows = None
        if isinstance(data, (list, tuple)):
            n_rows = sum(len(_checked(each, f"data[{i}]")) for i, each in enumerate(data))
        if n_rows == 0:
            raise DataError("data: no rows")
        self._passes = Passes("data", n_rows)
        self._kinds = Kinds()

    @property
    def n_rows(self) -> int | None:
        """Return the number of rows, None before the first pass over what is not held in memory."""
        return self._passes.n_rows

    def parts(self) -> tuple[Part, ...]:
        """Return the source itself."""
        return (self,)

    def pieces(self, columns: Sequence[str]) -> Iterator[Piece]:
        """Read all rows, in order.

        Raises
        ------
        DataError
            If a frame lacks a column of the first or has it as something else, if there are no
            rows, or if they are not those of an earlier pass.
        """
        yield from self._passes.checked(self._read(columns), columns)

    def _read(self, columns: Sequence[str]) -> Iterator[Piece]:
        position = 0
        for i, frame in enumerate(self._data):
            where = f"data[{i}]"
            there = _checked(frame, where).columns
            lacking = [name for name in self.columns if name not in there]
            if lacking:
                raise DataError(f"data: {where} lacks column {lacking[0]!r}, which data[0] has")
            yield from cut(frame, where, position, columns, self._kinds)
            position += len(frame)


def cut(
    frame: pd.DataFrame, where: str, position: int, columns: Sequence[str], kinds: Kinds
) -> Iterator[Piece]:
    """Cut a frame into pieces, which are views of it.

    Parameters
    ----------
    frame : DataFrame
        Rows that begin at `position` among all rows.
    where : str
        What messages call it.
    position : int
        Place of its first row.
    columns : sequence of str
        Columns asked for.
    kinds : Kinds
        What the columns held before; they must hold the same here.

    Raises
    ------
    DataError
        If a column holds something else.
    """
    at_once = rows_at_once(len(columns))
    for start in range(0, len(frame), at_once):
        rows = slice(start, start + at_once)
        parts = {name: kinds.fitting(frame[name].iloc[rows], where) for name in columns}
        n_rows = min(at_once, len(frame) - start)
        whole = n_rows == len(frame)
        name = where if whole else row_range(where, start, n_rows)
        yield Piece(name, position + start, _view(parts, n_rows))


class Kinds:
    """What the columns hold, and the first frame in which that was seen."""

    def __init__(self) -> None:
        self._kinds: dict[str, tuple[str, str]] = {}

    def fitting(self, values: pd.Series[Any], where: str) -> pd.Series[Any]:
        """Return values of the kind seen before; a column without values fits any kind."""
        kind, name = _kind(values), str(values.name)
        if kind == "empty":
            return values
        known, first = self._kinds.setdefault(name, (kind, where))
        if kind == known:
            return values
        if values.isna().all():
            return _without_values(known, len(values), name)
        raise DataError(f"data: column {name!r} holds {kind} in {where}, but {known} in {first}")


def _checked(frame: Any, where: str) -> pd.DataFrame:
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"data: {where} is a {type(frame).__name__}; allowed: pandas DataFrames")
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        raise DataError(f"data: column {repeated[0]!r} is there more than once in {where}")
    return frame


def _without_values(kind: str, n_rows: int, name: str) -> pd.Series[Any]:
    """Return missing values only, of a type that goes with a kind."""
    types = {"numbers": "float64", "boolean": "boolean", "dates": "datetime64[us]"}
    missing: pd.Series[Any] = pd.Series([None] * n_rows, name=name, dtype=object)
    return missing.astype(types.get(kind, "category"))  # type: ignore[call-overload,no-any-return]


def _view(columns: dict[str, pd.Series[Any]], n_rows: int) -> pd.DataFrame:
    arrays = {name: values.array for name, values in columns.items()}
    return pd.DataFrame(arrays, index=pd.RangeIndex(n_rows), copy=False)


def _kind(values: pd.Series[Any]) -> str:
    """Return what a column holds: text, numbers, booleans, dates, something else, or nothing."""
    dtype: Any = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        values, dtype = pd.Series(dtype.categories), dtype.categories.dtype
    if pdt.is_object_dtype(dtype):
        found = pdt.infer_dtype(values, skipna=True)
        return _OBJECTS.get(found, found)
    if pdt.is_bool_dtype(dtype):
        return "boolean"
    if pdt.is_numeric_dtype(dtype):
        return "numbers"
    if pdt.is_string_dtype(dtype):
        return "text"
    return "dates" if pdt.is_datetime64_any_dtype(dtype) else str(dtype)


_OBJECTS = {
    **dict.fromkeys(("integer", "floating", "decimal", "mixed-integer-float"), "numbers"),
    **{"string": "text", "boolean": "boolean", "empty": "empty"},
    **dict.fromkeys(("date", "datetime", "datetime64"), "dates"),
}
