"""Whether each pass over the data saw the same rows in the same order."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from bopstats.exceptions import DataError
from bopstats.sources.pieces import Piece

_EVERY = 1024  # rows between those that are compared; DuckDB's blocks have 2,048


class Passes:
    """Remembers the number of rows, and a checksum a column of every 1,024th value."""

    def __init__(self, name: str, n_rows: int | None) -> None:
        self._name, self.n_rows = name, n_rows
        self._sums: dict[str, int] = {}

    def checked(self, pieces: Iterable[Piece], columns: Sequence[str]) -> Iterator[Piece]:
        """Hand on pieces; at the end, raise if they are not those of earlier passes.

        Raises
        ------
        DataError
            If rows or their order differ, or there are none.
        """
        sums, n_rows = dict.fromkeys(columns, 0), 0
        for piece in pieces:
            frame = piece.frame
            rows = np.arange(-piece.position % _EVERY, len(frame), _EVERY)
            for name in columns:
                text = "".join(map(repr, frame[name].iloc[rows].tolist()))
                sums[name] = zlib.crc32(text.encode("utf-8", "surrogatepass"), sums[name])
            n_rows = piece.position + len(frame)
            yield piece
        self._compare(sums, n_rows)

    def _compare(self, sums: dict[str, int], n_rows: int) -> None:
        if n_rows == 0 and not self.n_rows:
            raise DataError("data: no rows")
        if self.n_rows not in (None, n_rows):
            raise DataError(
                f"{self._name}: {n_rows:,} rows in this pass, {self.n_rows:,} in an earlier one; "
                "allowed: data that are the same each time they are read"
            )
        for name, found in sums.items():
            if self._sums.setdefault(name, found) != found:
                raise DataError(
                    f"{self._name}: the values of {name!r} come in another order than in an "
                    "earlier pass, or are others; allowed: data that are the same each time they "
                    "are read (a query needs an ORDER BY, or to be stored as a table)"
                )
        self.n_rows = n_rows
