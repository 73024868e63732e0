"""Record batches of Arrow, made into pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from bopstats.exceptions import DataError
from bopstats.sources.passes import Passes
from bopstats.sources.pieces import Part, Piece, row_range, rows_at_once
from bopstats.sources.schema import Field, check_readable, to_frame, with_missing

Opened = Callable[[Sequence[str], int], AbstractContextManager[Iterable[Any]]]


def arrow_errors() -> tuple[type[Exception], ...]:
    """Return what Arrow raises on a file that it cannot read."""
    import pyarrow as pa

    return (pa.ArrowException, OSError)


def joined(batches: Iterable[Any], n_rows: int) -> Iterator[Any]:
    """Join small record batches into tables of about `n_rows` rows, and cut large ones."""
    import pyarrow as pa

    waiting: list[Any] = []
    count = 0
    for batch in batches:
        for start in range(0, batch.num_rows, n_rows):
            if count and count + min(batch.num_rows - start, n_rows) > n_rows:
                yield pa.Table.from_batches(waiting)
                waiting, count = [], 0
            waiting.append(batch.slice(start, n_rows))
            count += waiting[-1].num_rows
    if count:
        yield pa.Table.from_batches(waiting)


def named(tables: Iterable[Any], name: str, start: int, n_rows: int) -> Iterator[tuple[int, Any]]:
    """Give each table with its first row in the file `name`, which errors of reading then name."""
    last = start + n_rows - 1
    tables = iter(tables)
    while True:
        try:
            table = next(tables, None)
        except arrow_errors() as error:
            rows = f"{name} within rows {start:,} to {last:,}"
            raise DataError(f"data: cannot read {rows}: {error}") from error
        if table is None:
            return
        yield start, table
        start += table.num_rows


@dataclass
class ArrowSource:
    """Rows that Arrow hands on batch by batch: a query, or a dataset of any format.

    Attributes
    ----------
    name : str
        What messages call it.
    fields : dict
        Its columns.
    opened : callable
        Of columns and rows a batch; a context with the batches.
    """

    name: str
    fields: Mapping[str, Field]
    opened: Opened
    n_rows: int
    position: int = 0
    note: str | None = None

    def __post_init__(self) -> None:
        self.columns = tuple(self.fields)
        self._passes = Passes(self.name, self.n_rows)

    def parts(self) -> tuple[Part, ...]:
        """Return the source itself."""
        return (self,)

    def pieces(self, columns: Sequence[str]) -> Iterator[Piece]:
        """Read all rows, in order."""
        check_readable(self.fields, columns)
        yield from self._passes.checked(self._read(columns), columns)

    def _read(self, columns: Sequence[str]) -> Iterator[Piece]:
        at_once = rows_at_once(len(columns))
        try:
            context = self.opened(columns, at_once)
            with context as batches:
                for start, table in named(joined(batches, at_once), self.name, 0, self.n_rows):
                    where = row_range(self.name, start, table.num_rows)
                    yield Piece(where, start, to_frame(table, self.fields))
        except arrow_errors() as error:
            raise DataError(f"data: cannot read {self.name}: {error}") from error


def counted(
    fields: Mapping[str, Field], count: Callable[[list[str]], tuple[int, list[int]]]
) -> tuple[dict[str, Field], int]:
    """Count rows, and the missing values of columns whose type in pandas hangs on them."""
    names = [name for name, each in fields.items() if each.undecided]
    n_rows, missing = count(names)
    if n_rows == 0:
        raise DataError("data: no rows")
    return with_missing(fields, dict(zip(names, missing, strict=True))), n_rows
