"""Types of Arrow columns: one type a column over all files, and pandas columns made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from bopstats.exceptions import DataError
from bopstats.sources.pieces import PIECE_ROWS

_MAYBE_MISSING = ("integer", "boolean")  # pandas has another type for these where values lack
# Texts with more levels than this are names, whose order nobody needs.
_MOST_SORTED = 4096


@dataclass(frozen=True)
class Field:
    """A column: its kind, its Arrow type in all pieces, and whether values are missing.

    `missing` is None where the files do not tell.
    """

    name: str
    kind: str
    type: Any
    missing: bool | None = None

    @property
    def plain_text(self) -> bool:
        """Tell whether it is text that is not stored as categories."""
        return self.kind == "text" and not hasattr(self.type, "value_type")

    @property
    def undecided(self) -> bool:
        """Tell whether the type in pandas hangs on missing values that nobody has counted."""
        return self.missing is None and self.kind in _MAYBE_MISSING


def fields_of(schema: Any, where: str) -> dict[str, Field]:
    """Return the columns of an Arrow schema; a name that comes twice is an error."""
    fields: dict[str, Field] = {}
    for entry in schema:
        if entry.name in fields:
            raise DataError(f"data: column {entry.name!r} is there more than once in {where}")
        fields[entry.name] = Field(entry.name, _kind(entry.type), entry.type)
    return fields


def _kind(kind: Any) -> str:
    import pyarrow.types as pat

    if pat.is_dictionary(kind):
        return "text" if _is_text(kind.value_type) else f"categories of {kind.value_type}"
    checks = {
        "text": _is_text,
        "boolean": pat.is_boolean,
        "integer": pat.is_integer,
        "real": lambda each: pat.is_floating(each) or pat.is_decimal(each),
        "date": lambda each: pat.is_date(each) or pat.is_timestamp(each),
        "empty": pat.is_null,
    }
    return next((name for name, fits in checks.items() if fits(kind)), f"other: {kind}")


def _is_text(kind: Any) -> bool:
    import pyarrow.types as pat

    view = getattr(pat, "is_string_view", None)  # newer than the oldest pyarrow allowed
    return bool(pat.is_string(kind) or pat.is_large_string(kind) or (view and view(kind)))


def unite(schemas: Iterable[tuple[str, Mapping[str, Field]]]) -> tuple[dict[str, Field], set[str]]:
    """Return one type a column over all files, and the columns that only later files have.

    Parameters
    ----------
    schemas : iterable of (name of the file, its columns)
        Columns are those of the first.

    Raises
    ------
    DataError
        If a file lacks a column of the first, or has it as something else.
    """
    pairs = iter(schemas)
    first, united = next(pairs)
    united, extra = dict(united), set[str]()
    for where, fields in pairs:
        extra |= fields.keys() - united.keys()
        for name, known in united.items():
            if name not in fields:
                raise DataError(f"data: {where} lacks column {name!r}, which {first} has")
            common = _common(known, fields[name])
            if common is None:
                raise DataError(
                    f"data: column {name!r} is {fields[name].type} in {where}, but {known.type} in "
                    f"{first}"
                )
            united[name] = common
    return united, extra


def _common(one: Field, other: Field) -> Field | None:
    """Return a column that holds the values of both, or None if there is none."""
    import pyarrow as pa
    import pyarrow.types as pat

    if one.type == other.type or other.kind == "empty":
        return one
    if one.kind == "empty":
        return other
    if one.kind == other.kind == "text":
        return replace(one, type=pa.string())
    if {one.kind, other.kind} <= {"integer", "real"}:
        whole = one.kind == other.kind == "integer"
        unsigned = pat.is_uint64(one.type) or pat.is_uint64(other.type)
        common = pa.int64() if whole and not unsigned else pa.float64()
        return replace(one, kind="integer" if common == pa.int64() else "real", type=common)
    if one.kind == other.kind == "date":
        zones = {getattr(each.type, "tz", None) for each in (one, other)}
        fine = "ns" in {getattr(each.type, "unit", None) for each in (one, other)}
        unit = "ns" if fine else "us"
        return replace(one, type=pa.timestamp(unit, zones.pop())) if len(zones) == 1 else None
    return one if one.kind == other.kind else None


def with_missing(fields: Mapping[str, Field], counts: Mapping[str, int | None]) -> dict[str, Field]:
    """Set which columns have missing values, by their number; None where it is not known."""
    known = {name: None if n is None else n > 0 for name, n in counts.items()}
    return {name: replace(each, missing=known.get(name)) for name, each in fields.items()}


def check_readable(fields: Mapping[str, Field], columns: Sequence[str]) -> None:
    """Raise if a column asked for holds what no analysis can use."""
    for name in columns:
        if fields[name].kind.startswith("other"):
            raise DataError(
                f"column {name!r} has type {fields[name].type}; allowed: numbers, booleans, text, "
                "categories, dates"
            )


def to_frame(table: Any, fields: Mapping[str, Field]) -> pd.DataFrame:
    """Turn an Arrow table into a DataFrame, numbers without a copy where none are missing."""
    columns = {name: _to_pandas(table.column(name), fields[name]) for name in table.column_names}
    return pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows), copy=False)


def _to_pandas(values: Any, field: Field) -> pd.Series[Any]:
    """Turn an Arrow column into a pandas one, of the type that its field says."""
    import pyarrow as pa
    import pyarrow.types as pat

    if field.kind == "text" or pat.is_dictionary(field.type):
        return _categorical(values, declared=pat.is_dictionary(field.type))
    target = field.type
    if (
        field.kind == "empty"
        or pat.is_decimal(target)
        or (field.kind == "integer" and field.missing)
    ):
        target = pa.float64()
    elif pat.is_date(target):
        target = pa.timestamp("ms" if pat.is_date64(target) else "s")
    if values.type != target:
        values = values.cast(target, safe=False)
    nullable = field.kind == "boolean" and field.missing
    mapper = {pa.bool_(): pd.BooleanDtype()}.get if nullable else None
    series: pd.Series[Any] = values.to_pandas(types_mapper=mapper)
    return series


def _categorical(values: Any, declared: bool) -> pd.Series[Any]:
    """Return labels; text may be read as dictionaries too, whose order then means nothing."""
    import pyarrow as pa
    import pyarrow.types as pat

    if pat.is_null(values.type):
        values = values.cast(pa.string())
    elif pat.is_dictionary(values.type) and any(map(_unfit, values.iterchunks())):
        values = values.cast(values.type.value_type)
    if not pat.is_dictionary(values.type):
        values = values.dictionary_encode()
    series: pd.Series[Any] = values.unify_dictionaries().to_pandas()
    levels = series.cat.categories
    if declared or len(levels) > _MOST_SORTED:
        return series
    return series.cat.reorder_categories(sorted(levels))  # as levels of text are elsewhere


def _unfit(chunk: Any) -> bool:
    """Tell whether levels are no levels for pandas, or far more than a piece has (as of names)."""
    levels = chunk.dictionary
    if len(levels) > PIECE_ROWS or levels.null_count:
        return True
    return len(levels.unique()) < len(levels)
