"""Arrays and pandas objects as plain JSON and back, exactly."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bopstats.exceptions import DataError

_NUMERIC = "biuf"
_SIZES = {"int": (8, 16, 32, 64), "uint": (8, 16, 32, 64), "float": (16, 32, 64)}
_NUMERIC_NAMES = {"bool", *(f"{name}{bits}" for name, sizes in _SIZES.items() for bits in sizes)}
Encode = Callable[[Any], Any]


def encode_array(array: npt.NDArray[Any]) -> dict[str, Any]:
    """Return shape, dtype and values in C order; `order` is "F" for columns that lie together.

    Sums of floats depend on the order in memory in their last digit.
    """
    record: dict[str, Any] = {"is": "array", "dtype": _dtype(array.dtype)}
    record["shape"] = list(array.shape)
    if np.isfortran(array):
        record["order"] = "F"
    return record | {"values": _numbers(array)}


def decode_array(record: dict[str, Any]) -> npt.NDArray[Any]:
    """Return the array of a record."""
    flat = _restored(record["values"], record["dtype"])
    array = flat.reshape([int(each) for each in record["shape"]])
    return np.asfortranarray(array) if record.get("order") == "F" else array


def _dtype(dtype: np.dtype[Any]) -> str:
    if dtype.kind not in _NUMERIC:
        raise DataError(f"an array of {dtype} cannot be saved")
    return dtype.name  # in the machine's own order of bytes


def _numbers(array: npt.NDArray[Any]) -> list[Any]:
    """Return numbers as JSON has them; what is not finite by its name."""
    values: list[Any] = array.ravel().tolist()
    if array.dtype.kind != "f" or bool(np.isfinite(array).all()):
        return values
    return [value if math.isfinite(value) else repr(value) for value in values]


def _restored(values: list[Any], dtype: str) -> npt.NDArray[Any]:
    kind = np.dtype(dtype)
    _dtype(kind)
    if kind.kind == "f":
        values = [float(value) for value in values]
    return np.array(values, dtype=kind)


def encode_index(index: pd.Index[Any], encode: Encode) -> dict[str, Any]:
    """Return the labels of rows or columns."""
    if isinstance(index, pd.RangeIndex):
        ends = {"start": index.start, "stop": index.stop, "step": index.step}
        return {"is": "range index", "name": encode(index.name), **ends}
    if isinstance(index, pd.MultiIndex):
        levels = [encode_column(index.get_level_values(i), encode) for i in range(index.nlevels)]
        return {"is": "multi index", "names": encode(tuple(index.names)), "levels": levels}
    return {"is": "index", "name": encode(index.name), **encode_column(index, encode)}


def decode_index(record: dict[str, Any], decode: Encode) -> pd.Index[Any]:
    """Return the index of a record."""
    if record["is"] == "range index":
        name = decode(record["name"])
        return pd.RangeIndex(record["start"], record["stop"], record["step"], name=name)
    if record["is"] == "multi index":
        levels = [decode_column(each, decode) for each in record["levels"]]
        index: pd.Index[Any] = pd.MultiIndex.from_arrays(levels, names=decode(record["names"]))
        return index
    labels: pd.Index[Any] = pd.Index(decode_column(record, decode), name=decode(record["name"]))
    return labels


def encode_frame(frame: pd.DataFrame, encode: Encode) -> dict[str, Any]:
    """Return the columns of a frame, each with its dtype."""
    columns = [
        {"name": encode(name), **encode_column(frame.iloc[:, j], encode)}
        for j, name in enumerate(frame.columns)
    ]
    return {"is": "frame", "index": encode_index(frame.index, encode), "columns": columns}


def decode_frame(record: dict[str, Any], decode: Encode) -> pd.DataFrame:
    """Return the frame of a record."""
    index = decode_index(record["index"], decode)
    columns = [decode_column(each, decode).set_axis(index) for each in record["columns"]]
    names = [decode(each["name"]) for each in record["columns"]]
    frame = pd.DataFrame(dict(enumerate(columns)), index=index)
    return frame.set_axis(pd.Index(names), axis=1) if names else frame


def encode_series(series: pd.Series[Any], encode: Encode) -> dict[str, Any]:
    """Return the values of a series with their labels."""
    return {"is": "series", "index": encode_index(series.index, encode)} | encode_column(
        series, encode
    )


def decode_series(record: dict[str, Any], decode: Encode) -> pd.Series[Any]:
    """Return the series of a record."""
    series = decode_column(record, decode)
    series.index = decode_index(record["index"], decode)
    return series


def encode_column(values: pd.Series[Any] | pd.Index[Any], encode: Encode) -> dict[str, Any]:
    """Return the dtype of one column, and its values one by one."""
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        categories = encode_column(dtype.categories, encode)
        codes = _numbers(np.asarray(pd.Categorical(values).codes))
        return {"categories": categories, "ordered": bool(dtype.ordered), "values": codes}
    if isinstance(dtype, np.dtype) and dtype.kind in _NUMERIC:
        return {"dtype": _dtype(dtype), "values": _numbers(values.to_numpy())}
    return {"dtype": str(dtype), "values": [encode(value) for value in values]}


def decode_column(record: dict[str, Any], decode: Encode) -> pd.Series[Any]:
    """Return the column of a record, its rows numbered."""
    if "categories" in record:
        labels = pd.Index(decode_column(record["categories"], decode))
        codes = np.array(record["values"], dtype=np.int64)
        categorical = pd.Categorical.from_codes(codes, labels, ordered=record["ordered"])
        column: pd.Series[Any] = pd.Series(categorical)
        return column
    dtype = record["dtype"]
    if dtype in _NUMERIC_NAMES:
        numbers: pd.Series[Any] = pd.Series(_restored(record["values"], dtype))
        return numbers
    values: pd.Series[Any] = pd.Series([decode(each) for each in record["values"]], dtype=dtype)
    return values
