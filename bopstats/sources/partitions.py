"""A `dask.dataframe` as a source: Dask makes its partitions anew each pass, on its workers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bopstats.exceptions import DataError
from bopstats.sources.cluster import Message, computed, run
from bopstats.sources.frames import Kinds, cut
from bopstats.sources.pieces import Piece, Work


@dataclass(frozen=True)
class Partition:
    """A partition without its rows: its number, its place, and how many rows it had."""

    number: int
    position: int
    n_rows: int
    like: pd.DataFrame

    def of(self, frame: pd.DataFrame) -> PartitionRows:
        """Return the partition with its rows.

        Raises
        ------
        DataError
            If it has not as many rows as at the start.
        """
        if len(frame) != self.n_rows:
            raise DataError(
                f"data: {self._name} has {len(frame):,} rows in this pass, {self.n_rows:,} at the "
                "start; allowed: data that are the same each time they are computed"
            )
        return PartitionRows(self._name, self.position, frame, self.like)

    @property
    def _name(self) -> str:
        return f"data.partitions[{self.number}]"


@dataclass(frozen=True)
class PartitionRows:
    """The rows of a partition; `like` has none, and the columns as Dask announces them."""

    name: str
    position: int
    frame: pd.DataFrame
    like: pd.DataFrame

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.frame)

    def pieces(self, columns: Sequence[str]) -> Iterator[Piece]:
        """Cut the rows into pieces."""
        kinds = Kinds()
        for name in columns:
            kinds.fitting(self.like[name], "the dask.dataframe's own description")
        yield from cut(self.frame, self.name, self.position, columns, kinds)


class DaskSource:
    """The rows of a `dask.dataframe`.

    Parameters
    ----------
    data : dask.dataframe.DataFrame
        Partitions are counted at once, in a pass of its own.
    client : distributed.Client or None
        None for the current one or, if there is none, Dask's own way.

    Raises
    ------
    DataError
        If there are no columns or rows, or a column name comes twice.
    """

    note: str | None = None

    def __init__(self, data: Any, client: Any) -> None:
        self._data, self._client = data, client
        like = data._meta
        repeated = like.columns[like.columns.duplicated()]
        if len(repeated):
            raise DataError(f"data: column {repeated[0]!r} is there more than once")
        self.columns: tuple[str, ...] = tuple(like.columns)
        counts = self._counts()
        starts = [sum(counts[:i]) for i in range(len(counts))]
        self.n_rows = sum(counts)
        if not self.n_rows:
            raise DataError("data: no rows")
        self._parts = tuple(
            Partition(i, start, n_rows, like.iloc[:0])
            for i, (start, n_rows) in enumerate(zip(starts, counts, strict=True))
        )

    def parts(self) -> tuple[PartitionRows, ...]:
        """Return nothing: partitions cannot be read but by Dask."""
        return ()

    def pieces(self, columns: Sequence[str]) -> Iterator[Piece]:
        """Compute all rows, in order, one partition after another."""
        for part, rows in zip(self._parts, self._rows(columns), strict=True):
            if part.n_rows:
                frame = computed((), rows, self._client, f"data.partitions[{part.number}]", False)
                yield from part.of(frame).pieces(columns)

    def passed(self, columns: Sequence[str], work: Work, label: str, show: bool | None) -> Any:
        """Return the sum of what `work` finds in all partitions."""
        some = [part.n_rows > 0 for part in self._parts]
        parts = tuple(part for part, there in zip(self._parts, some, strict=True) if there)
        rows = [(own,) for own, there in zip(self._rows(columns), some, strict=True) if there]
        return run(Message(work, parts, tuple(columns), label), rows, self._client, show)

    def _rows(self, columns: Sequence[str]) -> list[Any]:
        partitions: list[Any] = self._data[list(columns)].to_delayed()
        return partitions

    def _counts(self) -> list[int]:
        from dask import delayed

        if not self.columns:
            raise DataError("data: no columns")
        numeric = self._data._meta.select_dtypes("number").columns
        column = (*numeric, *self.columns)[0]
        count = delayed(len, pure=True)
        sizes = [count(each) for each in self._data[[column]].to_delayed()]
        found: list[int] = computed(sizes, delayed(list)(sizes), self._client, "counting", None)
        return found
