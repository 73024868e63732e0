"""A DuckDB relation as a source: each pass runs its query again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bopstats.exceptions import DataError
from bopstats.sources.batches import ArrowSource, counted
from bopstats.sources.schema import fields_of

_NAME = "the DuckDB relation"


def relation_source(relation: Any) -> ArrowSource:
    """Return the rows of a relation; they are counted at once, by a query of its own.

    Raises
    ------
    DataError
        If the query fails or has no rows, or a column name comes twice.
    """
    with _errors():
        schema = _reader(relation.limit(0), 1).schema
    fields = fields_of(schema, _NAME)

    def count(names: list[str]) -> tuple[int, list[int]]:
        asked = ["count(*)", *(f"count(*) - count({_quoted(name)})" for name in names)]
        with _errors():
            ((n_rows, *missing),) = relation.aggregate(", ".join(asked)).fetchall()
        return n_rows, missing

    @contextmanager
    def opened(columns: Sequence[str], at_once: int) -> Iterator[Any]:
        asked = ", ".join(map(_quoted, columns)) or "NULL AS none"
        with _errors():
            reader = _reader(relation.project(asked), at_once)
        try:
            yield _batches(reader)
        finally:
            reader.close()

    known, n_rows = counted(fields, count)
    return ArrowSource(_NAME, known, opened, n_rows)


def _reader(relation: Any, at_once: int) -> Any:
    read = getattr(relation, "to_arrow_reader", None) or relation.fetch_record_batch
    return read(at_once)


def _batches(reader: Any) -> Iterator[Any]:
    while True:
        with _errors():
            batch = next(reader, None)
        if batch is None:
            return
        yield batch


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def _errors() -> Iterator[None]:
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise DataError(f"data: {_NAME} cannot be read: {error}") from error
