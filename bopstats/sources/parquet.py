"""Parquet files as a source: footers are read at once, rows pass by pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from bopstats.columns import names_of
from bopstats.exceptions import DataError
from bopstats.sources.batches import arrow_errors, joined, named
from bopstats.sources.pieces import Piece, row_range, rows_at_once
from bopstats.sources.schema import (
    Field,
    check_readable,
    fields_of,
    to_frame,
    unite,
    with_missing,
)

PART_ROWS = 2**18
# Columns are read through buffers of this many bytes, and nothing ahead of what is asked for:
# otherwise Arrow keeps whole row groups, or the whole file, in memory.
BUFFER = 2**18


@dataclass(frozen=True)
class File:
    """A file and the values that its folders give to all its rows (``sex=F/part-0.parquet``)."""

    filesystem: Any
    path: str
    name: str
    keys: Mapping[str, Any]


@dataclass(frozen=True)
class ParquetPart:
    """Row groups that follow each other in one file."""

    file: File
    fields: Mapping[str, Field]
    groups: tuple[int, ...]
    start: int
    position: int
    n_rows: int

    def pieces(self, columns: Sequence[str]) -> Iterator[Piece]:
        """Read its rows, in order.

        Raises
        ------
        DataError
            If the file cannot be read, naming it and the row, or is another than at the start.
        """
        check_readable(self.fields, columns)
        stored = [name for name in columns if name not in self.file.keys]
        text = [name for name in stored if self.fields[name].plain_text]
        at_once, name, rows = rows_at_once(len(columns)), self.file.name, (self.start, self.n_rows)
        with _opened(self.file, text) as file:
            self._check_same(file, stored)
            batches = file.iter_batches(at_once, row_groups=list(self.groups), columns=stored)
            for start, table in named(joined(batches, at_once), name, *rows):
                frame = to_frame(self._with_keys(table).select(list(columns)), self.fields)
                where = row_range(name, start, table.num_rows)
                yield Piece(where, self.position + start - self.start, frame)

    def _check_same(self, file: Any, stored: Sequence[str]) -> None:
        metadata = file.metadata
        groups = [i for i in self.groups if i < metadata.num_row_groups]
        n_rows = sum(metadata.row_group(i).num_rows for i in groups)
        if n_rows != self.n_rows or not set(stored) <= set(file.schema_arrow.names):
            raise DataError(f"data: {self.file.name} was changed after its footer was read")

    def _with_keys(self, table: Any) -> Any:
        import pyarrow as pa

        for name, value in self.file.keys.items():
            kind = getattr(self.fields[name].type, "value_type", self.fields[name].type)
            values = pa.repeat(pa.scalar(value, kind), table.num_rows)
            if name in table.column_names:
                table = table.drop_columns(name)
            table = table.append_column(name, values)
        return table


class ParquetSource:
    """Files one after another, all with the columns of the first.

    Parameters
    ----------
    files : sequence of File
        In order.
    keys : dict
        The columns that folders give.
    stated : dict or None
        Columns that the files must have, where that is not left to the first.

    Raises
    ------
    DataError
        If a file cannot be opened, has other columns than the first, or there are no rows.
    """

    def __init__(
        self,
        files: Sequence[File],
        keys: Mapping[str, Field],
        stated: Mapping[str, Field] | None = None,
    ) -> None:
        footers = [_footer(file) for file in files]
        schemas = [
            (file.name, {**footer.fields, **keys})
            for file, footer in zip(files, footers, strict=True)
        ]
        if stated is not None:
            schemas = [("the dataset's schema", dict(stated)), *schemas]
        fields, extra = unite(schemas)
        self.n_rows = sum(sum(footer.rows) for footer in footers)
        if self.n_rows == 0:
            raise DataError("data: no rows")
        self.note = _note(extra)
        self.columns = tuple(fields)
        counts = {name: _total(footer.missing.get(name) for footer in footers) for name in fields}
        counts |= {name: sum(file.keys[name] is None for file in files) for name in keys}
        fields = with_missing(fields, counts)
        self._parts = tuple(_parts(files, footers, fields))
        self.fields = self._decided(fields)
        if self.fields != fields:
            self._parts = tuple(_parts(files, footers, self.fields))

    def parts(self) -> tuple[ParquetPart, ...]:
        """Return row groups, joined up to about a quarter of a million rows, file by file."""
        return self._parts

    def pieces(self, columns: Sequence[str]) -> Iterator[Piece]:
        """Read all rows, in order."""
        for part in self._parts:
            yield from part.pieces(columns)

    def _decided(self, fields: dict[str, Field]) -> dict[str, Field]:
        """Count missing values that the footers do not tell, by reading these columns."""
        names = [name for name, each in fields.items() if each.undecided]
        missing = dict.fromkeys(names, False)
        for piece in self.pieces(names) if names else ():
            for name in names:
                missing[name] |= bool(piece.frame[name].isna().any())
        return {
            name: replace(each, missing=missing.get(name, each.missing))
            for name, each in fields.items()
        }


@dataclass(frozen=True)
class _Footer:
    """Columns, rows of each row group, and numbers of missing values, None where not known."""

    fields: Mapping[str, Field]
    rows: tuple[int, ...]
    missing: Mapping[str, int | None]


def _footer(file: File) -> _Footer:
    with _opened(file) as opened:
        metadata, fields = opened.metadata, fields_of(opened.schema_arrow, file.name)
    places = {metadata.schema.column(j).path: j for j in range(metadata.num_columns)}
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    missing = {
        name: _total(_missing(group.column(places[name])) for group in groups)
        for name, each in fields.items()
        if each.undecided
    }
    return _Footer(fields, tuple(group.num_rows for group in groups), missing)


def _missing(chunk: Any) -> int | None:
    statistics = chunk.statistics
    known = statistics is not None and statistics.has_null_count
    return int(statistics.null_count) if known else None


def _total(counts: Iterable[int | None]) -> int | None:
    """Add up counts; None if one is not known."""
    found = list(counts)
    known = [each for each in found if each is not None]
    return sum(known) if len(known) == len(found) else None


def _parts(
    files: Sequence[File], footers: Sequence[_Footer], fields: Mapping[str, Field]
) -> Iterator[ParquetPart]:
    position = 0
    for file, footer in zip(files, footers, strict=True):
        start = 0
        for groups, n_rows in _stretches(footer.rows):
            yield ParquetPart(file, fields, groups, start, position, n_rows)
            start, position = start + n_rows, position + n_rows


def _stretches(rows: Sequence[int]) -> Iterator[tuple[tuple[int, ...], int]]:
    """Join neighbouring row groups as long as they have `PART_ROWS` at most."""
    groups: tuple[int, ...] = ()
    total = 0
    for i, n_rows in enumerate(rows):
        if groups and total + n_rows > PART_ROWS:
            yield groups, total
            groups, total = (), 0
        groups, total = (*groups, i), total + n_rows
    if total:
        yield groups, total


def _note(extra: set[str]) -> str | None:
    names = names_of(sorted(extra))
    return f"Columns that only some files have are not read: {names}." if extra else None


@contextmanager
def _opened(file: File, text: Sequence[str] = ()) -> Iterator[Any]:
    import pyarrow.parquet as pq

    try:
        opened = pq.ParquetFile(
            file.path,
            filesystem=file.filesystem,
            read_dictionary=list(text),
            pre_buffer=False,
            buffer_size=BUFFER,
            page_checksum_verification=True,
        )
    except arrow_errors() as error:
        raise DataError(f"data: cannot open {file.name}: {error}") from error
    with opened:
        yield opened
