"""What users give as columns: one row a person, the same people in the same order everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from bopstats._typing import FloatArray
from bopstats._validation import fail
from bopstats.columns import numbers
from bopstats.exceptions import ArgumentError, DataError


def common_index(arguments: Mapping[str, Any]) -> pd.Index[Any]:
    """Return the rows' labels: those of the first pandas object, or 0, 1, 2, ...

    Parameters
    ----------
    arguments : mapping of str to array-like
        By name; the first one gives the number of rows.

    Raises
    ------
    ArgumentError
        If lengths differ, or two pandas objects have different indexes: rows are never reordered.
    """
    (first, lead), *others = arguments.items()
    size = _length(first, lead)
    if size == 0:
        raise DataError(f"{first}: no rows")
    owner = ""
    index: pd.Index[Any] = pd.RangeIndex(size)
    for name, value in [(first, lead), *others]:
        if _length(name, value) != size:
            fail(name, f"{_length(name, value)} rows", f"as many rows as {first} has ({size})")
        if isinstance(value, (pd.Series, pd.DataFrame)):
            if not owner:
                owner, index = name, value.index
            elif not value.index.equals(index):
                raise ArgumentError(
                    f"{name}: got an index that differs from that of {owner}; allowed: the same "
                    "index, or arrays in row order (rows are never aligned silently)"
                )
    return index


def _length(name: str, value: Any) -> int:
    try:
        return len(value)
    except TypeError:
        fail(name, value, "a column: an array, a Series or a list, one value a row")


def as_column(name: str, value: Any, index: pd.Index[Any]) -> pd.Series[Any]:
    """Return a column without missing values, labelled by `index`."""
    if isinstance(value, pd.Series):
        series = value
    else:
        plain = value if isinstance(value, pd.api.extensions.ExtensionArray) else np.asarray(value)
        if plain.ndim != 1:
            fail(name, f"an array of shape {plain.shape}", f"one column, shape ({len(index)},)")
        series = pd.Series(plain, index=index, name=name)
    _refuse_missing(name, int(series.isna().sum()))
    return series


def _refuse_missing(name: str, count: int) -> None:
    if count:
        raise DataError(
            f"{name}: got {count} missing values; allowed: none (leave these rows out of all "
            "arguments)"
        )


def as_numbers(name: str, value: Any, index: pd.Index[Any]) -> FloatArray:
    """Return a column of finite floats."""
    return numbers(as_column(name, value, index), name)


def as_probabilities(name: str, value: Any, index: pd.Index[Any]) -> FloatArray:
    """Return a column of probabilities."""
    array = as_numbers(name, value, index)
    check_probabilities(name, array)
    return array


def check_probabilities(name: str, array: FloatArray) -> None:
    """Raise where numbers are outside [0, 1]."""
    outside = (array < 0) | (array > 1)
    if outside.any():
        raise DataError(
            f"{name}: got {int(outside.sum())} values outside [0, 1], e.g. "
            f"{array[outside][0]:g}; allowed: probabilities"
        )


def is_table(value: Any) -> bool:
    """Tell whether predictions are a table, one column a class."""
    return getattr(value, "ndim", 1) == 2


def as_table(name: str, value: Any, index: pd.Index[Any]) -> pd.DataFrame:
    """Return a table of finite floats; the columns of an array are numbered."""
    frame = value if isinstance(value, pd.DataFrame) else pd.DataFrame(np.asarray(value))
    if frame.columns.has_duplicates:
        repeated = frame.columns[frame.columns.duplicated()][0]
        raise DataError(f"{name}: column {repeated!r} is there more than once")
    _refuse_missing(name, int(frame.isna().to_numpy().sum()))
    columns = {label: numbers(frame[label], f"{name}[{label!r}]") for label in frame}
    return pd.DataFrame(columns, index=index)


def group_columns(groups: Any) -> dict[str, Any]:
    """Return the values of each attribute that `groups` holds, by its name."""
    found: dict[str, Any] = {}
    for name, values in _group_columns(groups):
        if name in found:
            fail("groups", name, "each name once")
        found[name] = values
    if not found:
        fail("groups", type(groups).__name__ + " of nothing", "at least one attribute")
    return found


def _group_columns(groups: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(groups, pd.DataFrame):
        yield from ((str(name), column) for name, column in groups.items())
    elif isinstance(groups, Mapping):
        yield from ((str(name), values) for name, values in groups.items())
    elif _is_column(groups):
        yield _own_name(groups, 1), groups
    elif isinstance(groups, Iterable) and not isinstance(groups, str):
        columns = groups.T if is_table(groups) else groups  # type: ignore[attr-defined]
        yield from ((_own_name(each, i), each) for i, each in enumerate(columns, start=1))
    else:
        fail("groups", groups, "a DataFrame of attributes, an array, or several of these")


def _is_column(groups: Any) -> bool:
    """Tell an array or a list of labels from a list of arrays."""
    if isinstance(groups, (list, tuple)):
        return all(isinstance(each, str) or not np.iterable(each) for each in groups)
    return getattr(groups, "ndim", None) == 1


def _own_name(values: Any, place: int) -> str:
    name = getattr(values, "name", None)
    return f"group{place}" if name is None else str(name)
