"""Python values as plain JSON and back, exactly.

What JSON has stands for itself; a list is a tuple. Everything else is an object whose key `is` says
what it is. Reading makes values of these kinds only and runs no code of the file.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from dataclasses import MISSING, fields
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from bopstats.costs import Cost
from bopstats.evaluation import Evaluation, Refitted, Settings
from bopstats.exceptions import DataError
from bopstats.fitting.results import AssociationTest
from bopstats.groups import GroupIndex, GroupMoments, RowBop
from bopstats.inference.estimates import Estimates
from bopstats.inference.testability import Bounds
from bopstats.sampling import DesignFigures
from bopstats.saving.arrays import (
    decode_array,
    decode_frame,
    decode_index,
    decode_series,
    encode_array,
    encode_frame,
    encode_index,
    encode_series,
)
from bopstats.saving.models import Failure, SavedModel, SavedModels


class Printed:
    """A group level or event of a type of its own, which comes back as its texts only."""

    def __init__(self, text: str, code: str) -> None:
        self.text, self.code = text, code

    def __str__(self) -> str:
        """Return what it printed."""
        return self.text

    def __repr__(self) -> str:
        """Return what it showed at a prompt."""
        return self.code


CLASSES: dict[str, type[Any]] = {
    each.__name__: each
    for each in (
        *(Evaluation, Settings, Cost, GroupIndex, GroupMoments, DesignFigures, RowBop, Refitted),
        *(Estimates, Bounds, AssociationTest, SavedModels, SavedModel, Failure),
    )
}
# Not needed once costs are computed; code is never saved.
LEFT_OUT = {Cost: frozenset({"per_person"})}
_PLAIN = (type(None), bool, int, str)
_MISSING = {"NA": pd.NA, "NaT": pd.NaT}


def encode(value: Any) -> Any:
    """Return a value as dicts, lists, texts, whole and finite numbers, True, False and None.

    Raises
    ------
    DataError
        If it is of a type that cannot be restored.

    Examples
    --------
    >>> encode((1, float("nan"), np.float64(0.5)))
    [1, {'is': 'float', 'value': 'nan'}, {'is': 'numpy', 'dtype': 'float64', 'value': 0.5}]
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind in _SIMPLE:
        return _SIMPLE[kind](value)
    if CLASSES.get(kind.__name__) is kind:
        return _encode_fields(value)
    for known, encoder in _ENCODERS:
        if isinstance(value, known):
            return encoder(value)
    return _encode_scalar(value)


def decode(record: Any) -> Any:
    """Return the value of a record of `encode`.

    Raises
    ------
    DataError
        If it is of a kind that this version does not know.
    """
    if isinstance(record, list):
        return tuple(decode(each) for each in record)
    if not isinstance(record, dict):
        return record
    kind = record["is"]
    if kind in CLASSES:
        return _decode_fields(CLASSES[kind], record)
    if kind not in _DECODERS:
        raise DataError(f"a saved value is a {kind!r}, which this version of bopstats cannot read")
    return _DECODERS[kind](record)


def printable(value: Any) -> Any:
    """Return a group level or event that can be saved: itself, or else its texts."""
    try:
        encode(value)
    except DataError:
        return Printed(f"{value}", repr(value))
    return value


def _encode_fields(value: Any) -> dict[str, Any]:
    left_out = LEFT_OUT.get(type(value), frozenset())
    names = [each.name for each in fields(value) if each.name not in left_out]
    return {"is": type(value).__name__} | {name: encode(getattr(value, name)) for name in names}


def _decode_fields(cls: type[Any], record: dict[str, Any]) -> Any:
    """Return an object; a field that older files lack has its default."""
    known = {each.name: each for each in fields(cls)}
    unknown = record.keys() - known.keys() - {"is"}
    if unknown:
        names = ", ".join(sorted(unknown))
        raise DataError(f"{cls.__name__} has {names}, which this version of bopstats cannot read")
    values = {name: decode(each) for name, each in record.items() if name != "is"}
    for name, each in known.items():
        if name in LEFT_OUT.get(cls, ()):
            values[name] = None
        elif name not in values and each.default is MISSING and each.default_factory is MISSING:
            raise KeyError(f"{cls.__name__}.{name}")
    return cls(**values)


def _encode_mapping(value: dict[Any, Any]) -> dict[str, Any]:
    return {
        "is": "mapping",
        "pairs": [[encode(key), encode(each)] for key, each in value.items()],
    }


_SIMPLE: dict[type[Any], Callable[[Any], Any]] = {
    float: lambda v: v if math.isfinite(v) else {"is": "float", "value": repr(v)},
    tuple: lambda v: [encode(each) for each in v],
    dict: _encode_mapping,
    Printed: lambda v: {"is": "printed", "text": v.text, "code": v.code},
    frozenset: lambda v: {"is": "set", "values": [encode(each) for each in sorted(v)]},
}
_ENCODERS: tuple[tuple[type[Any], Callable[[Any], Any]], ...] = (
    (np.ndarray, encode_array),
    (pd.DataFrame, lambda value: encode_frame(value, encode)),
    (pd.Series, lambda value: encode_series(value, encode)),
    (pd.Index, lambda value: encode_index(value, encode)),
)


def _encode_scalar(value: Any) -> dict[str, Any]:
    """Return a single value of a type that group levels and row labels may have."""
    kind = type(value)
    if isinstance(value, np.datetime64 | np.timedelta64):
        return {"is": "numpy", "dtype": str(value.dtype), "value": int(value.astype(np.int64))}
    if isinstance(value, np.str_ | np.bool_ | np.integer | np.float16 | np.float32 | np.float64):
        return {"is": "numpy", "dtype": str(value.dtype), "value": encode(value.item())}
    if value is pd.NA or value is pd.NaT:
        return {"is": "missing", "value": "NA" if value is pd.NA else "NaT"}
    if kind is pd.Timestamp:
        zone = None if value.tz is None else str(value.tz)
        return {"is": "timestamp", "value": encode(value.asm8), "zone": zone}
    if kind is pd.Timedelta:
        return {"is": "timedelta", "value": encode(value.asm8)}
    if kind is pd.Period:
        return {"is": "period", "value": value.ordinal, "frequency": value.freqstr}
    if kind is pd.Interval:
        ends = {"left": encode(value.left), "right": encode(value.right)}
        return {"is": "interval", **ends, "closed": value.closed}
    if kind in (datetime.date, datetime.time) or (
        kind is datetime.datetime and value.tzinfo is None
    ):
        return {"is": kind.__name__, "value": value.isoformat()}
    if kind is Decimal:
        return {"is": "decimal", "value": str(value)}
    raise DataError(f"a value of type {kind.__name__} cannot be saved: {value!r}")


def _timestamp(value: Any, zone: str | None) -> pd.Timestamp:
    stamp = pd.Timestamp(value)
    return stamp if zone is None else stamp.tz_localize("UTC").tz_convert(zone)


def _numpy_scalar(record: dict[str, Any]) -> Any:
    value, dtype = decode(record["value"]), np.dtype(record["dtype"])
    if dtype.kind in "mM":
        return np.int64(value).astype(dtype)
    return dtype.type(value)


_DECODERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "float": lambda r: float(r["value"]),
    "mapping": lambda r: {decode(key): decode(each) for key, each in r["pairs"]},
    "set": lambda r: frozenset(decode(each) for each in r["values"]),
    "array": decode_array,
    "series": lambda r: decode_series(r, decode),
    "frame": lambda r: decode_frame(r, decode),
    **dict.fromkeys(("index", "range index", "multi index"), lambda r: decode_index(r, decode)),
    "numpy": _numpy_scalar,
    "missing": lambda r: _MISSING[r["value"]],
    "timestamp": lambda r: _timestamp(decode(r["value"]), r["zone"]),
    "timedelta": lambda r: pd.Timedelta(decode(r["value"])),
    "period": lambda r: pd.Period(ordinal=r["value"], freq=r["frequency"]),
    "interval": lambda r: pd.Interval(decode(r["left"]), decode(r["right"]), r["closed"]),
    "date": lambda r: datetime.date.fromisoformat(r["value"]),
    "time": lambda r: datetime.time.fromisoformat(r["value"]),
    "datetime": lambda r: datetime.datetime.fromisoformat(r["value"]),
    "printed": lambda r: Printed(r["text"], r["code"]),
    "decimal": lambda r: Decimal(r["value"]),
}
