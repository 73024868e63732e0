"""Passes over a source: pieces become designs, each row dealt to a fold, and sums are added up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from bopstats._sums import added, added_up
from bopstats._typing import IntArray
from bopstats.assembly import Recipe
from bopstats.design import Design
from bopstats.recoding import recode
from bopstats.sources.pieces import Piece
from bopstats.sources.watched import passed, watched
from bopstats.splitting import fold_of, held_out_by_hash, key_words
from bopstats.streaming.learning import Learned

Found = TypeVar("Found")


@dataclass(frozen=True)
class Dealing:
    """How rows are dealt to folds, by the hash of their keys alone.

    `kind` is that of `bopstats.splitting.Plan`. A hold-out has two folds, of which the second is
    held out; in-sample all rows are in fold 0.
    """

    kind: str
    folds: int
    share: float | None
    seed: np.uint64

    @property
    def n_folds(self) -> int:
        """Number of folds that rows are in."""
        return {"in-sample": 1, "hold-out": 2}.get(self.kind, self.folds)

    @property
    def held_out(self) -> range:
        """The folds that are held out in turn."""
        return {"in-sample": range(1), "hold-out": range(1, 2)}.get(self.kind, range(self.folds))

    def __call__(self, design: Design, whole_keys: bool) -> IntArray:
        """Return the fold of each row."""
        if self.kind == "in-sample":
            return np.zeros(design.n, dtype=np.int64)
        words = key_words(design, whole_keys)
        if self.share is not None:
            return held_out_by_hash(words, self.seed, self.share).astype(np.int64)
        return fold_of(words, self.seed, self.folds)


@dataclass(frozen=True)
class Dealt:
    """Pieces as designs, each row with its fold: all that a pass needs beside the rows."""

    recipe: Recipe
    dealing: Dealing
    whole_keys: bool

    def __call__(self, piece: Piece) -> tuple[Design, IntArray]:
        """Return the design of a piece, and the folds of its rows."""
        design = recode(self.recipe, piece.frame, piece.position)[0]
        return design, self.dealing(design, self.whole_keys)


@dataclass(frozen=True)
class Total:
    """The sum of what a task finds in each piece."""

    dealt: Dealt
    task: Callable[[Design, IntArray], Any]

    def __call__(self, pieces: Iterable[Piece]) -> Any:
        """Sum over pieces; None if there are none."""
        return added_up((self.task(*self.dealt(piece)) for piece in pieces), added)


@dataclass(frozen=True)
class StreamedRows:
    """The rows of a source, read anew in each pass."""

    learned: Learned
    dealing: Dealing
    show: bool | None = None

    def designs(self, label: str) -> Iterator[tuple[Design, IntArray]]:
        """Yield the design of each piece, and the folds of its rows."""
        return ((design, fold) for _, design, fold in self.pieces(label))

    def pieces(self, label: str) -> Iterator[tuple[Piece, Design, IntArray]]:
        """Yield each piece, its design, and the folds of its rows."""
        learned, dealt = self.learned, self._dealt
        with watched(learned.source, learned.columns, label, self.show) as pieces:
            for piece in pieces:
                yield piece, *dealt(piece)

    def total(self, task: Callable[[Design, IntArray], Found], label: str) -> Found:
        """Sum what a pass finds in each piece, wherever the pieces are."""
        learned, work = self.learned, Total(self._dealt, task)
        found: Found = passed(learned.source, learned.columns, work, label, self.show)
        return found

    @property
    def _dealt(self) -> Dealt:
        return Dealt(self.learned.recipe, self.dealing, self.learned.whole_keys)
