"""A pass over a source that can be watched, and that says where it was if it is interrupted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bopstats._progress import Tick, progress_bar
from bopstats.sources.pieces import Part, Piece, Source, Spread, Work


def passed(
    source: Source, columns: Sequence[str], work: Work, label: str, show: bool | None = None
) -> Any:
    """Make one pass: what `work` finds in all pieces of a source, here or where the rows are.

    Parameters
    ----------
    source : Source
        What is read.
    columns : sequence of str
        Columns asked for.
    work : callable
        Takes pieces, in order; what it finds in some and in others can be added by `added`.
    label : str
        Names the pass.
    show : bool or None
        None shows a bar in a terminal or notebook only, after two seconds.
    """
    if isinstance(source, Spread):
        return source.passed(columns, work, label, show)
    with watched(source, columns, label, show) as pieces:
        return work(pieces)


@contextmanager
def watched(
    source: Source | Part, columns: Sequence[str], label: str, show: bool | None = None
) -> Iterator[Iterator[Piece]]:
    """Yield the pieces of a source under a progress bar with rows a second.

    Parameters
    ----------
    source : Source or Part
        What is read.
    columns : sequence of str
        Columns asked for.
    label : str
        Names the pass.
    show : bool or None
        None shows a bar in a terminal or notebook only, after two seconds.

    Yields
    ------
    iterator of Piece

    Notes
    -----
    An error or an interruption inside the ``with`` block, in reading or in what is done with the
    pieces, gets a note of where the pass was.
    """
    with progress_bar(source.n_rows, label, show, unit=" rows") as tick:
        place = _Pass(tick)
        try:
            yield place.over(source.pieces(columns))
        except (Exception, KeyboardInterrupt) as error:
            error.add_note(f"stopped in pass {label!r} {place}")
            raise


class _Pass:
    """Where a pass is."""

    def __init__(self, tick: Tick) -> None:
        self._tick, self._done, self._where = tick, 0, ""

    def over(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        for piece in pieces:
            self._where = piece.where
            yield piece
            self._done = piece.position + len(piece.frame)
            self._tick(len(piece.frame))

    def __str__(self) -> str:
        return f"at {self._where or 'its start'} ({self._done:,} rows done)"
