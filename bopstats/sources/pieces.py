"""What a source of rows gives: pieces that fit in memory, in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import pandas as pd

PIECE_ROWS = 131_072
_PIECE_BYTES = 64 * 2**20
_VALUE_BYTES = 8


@dataclass(frozen=True)
class Piece:
    """Rows that are read at once.

    Attributes
    ----------
    where : str
        Names them in messages: ``"people/part-003.parquet, rows 131,072 to 262,143"``, counted from
        0 within the file, or ``"data[4]"``.
    position : int
        Place of the first row in the whole source, from 0.
    frame : DataFrame
        The columns asked for; the index counts from 0.
    """

    where: str
    position: int
    frame: pd.DataFrame


class Part(Protocol):
    """A stretch of a source that can be read on its own; of files, it can also be pickled."""

    @property
    def position(self) -> int:
        """Return the place of its first row in the whole source."""

    @property
    def n_rows(self) -> int | None:
        """Return the number of its rows, None where only a pass can tell."""

    def pieces(self, columns: Sequence[str]) -> Iterator[Piece]:
        """Read its rows, in order; empty pieces are left out."""


class Source(Protocol):
    """Rows that can be read again and again, in the same order."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of all columns, in order."""

    @property
    def n_rows(self) -> int | None:
        """Return the number of rows, None where only a pass can tell."""

    @property
    def note(self) -> str | None:
        """Return what the user should know of how the data are read."""

    def parts(self) -> tuple[Part, ...]:
        """Return stretches that together are the source, in order."""

    def pieces(self, columns: Sequence[str]) -> Iterator[Piece]:
        """Read all rows, in order."""


Work = Callable[[Iterable[Piece]], Any]


@runtime_checkable
class Spread(Protocol):
    """A source whose parts lie on several machines, which do the work on them."""

    def passed(self, columns: Sequence[str], work: Work, label: str, show: bool | None) -> Any:
        """Return the sum of what `work` finds in all parts."""


def rows_at_once(n_columns: int) -> int:
    """Return how many rows of `n_columns` values make a piece."""
    return max(1, min(PIECE_ROWS, _PIECE_BYTES // (_VALUE_BYTES * max(1, n_columns))))


def row_range(name: str, start: int, n_rows: int) -> str:
    """Name `n_rows` rows from `start` on."""
    return f"{name}, rows {start:,} to {start + n_rows - 1:,}"
