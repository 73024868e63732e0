"""What an explanation keeps or masks as one: the formula's terms, or its variables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from bopstats._typing import BoolArray, FloatArray, IntArray
from bopstats.design import ModelMatrix

UNITS = ("term", "variable")


@dataclass(frozen=True)
class Units:
    """The units of one model, and which terms move with each.

    Parameters
    ----------
    names : tuple of str, length U
        Names of the units, in the order of the formula.
    member : ndarray of bool, shape (T, U)
        Whether a term moves with a unit. A term is kept if all of its units are, and masked if any
        of them is; so the set of kept units decides, and what is not kept is masked.
    """

    names: tuple[str, ...]
    member: BoolArray

    @property
    def size(self) -> int:
        """Number of units U."""
        return len(self.names)

    @cached_property
    def are_terms(self) -> bool:
        """Whether each unit is one term, in order."""
        return np.array_equal(self.member, np.eye(self.size, dtype=bool))

    def shared(self, contributions: FloatArray) -> FloatArray:
        """Share each term's contribution equally among its units, shape (n, T) to (n, U).

        This is the Shapley value of the linear predictor, as a term is worth its contribution to
        every set that holds all its units, and nothing to the others.
        """
        if self.are_terms:
            return contributions
        share = self.member / np.maximum(1, self.member.sum(axis=1))[:, None]
        return np.asarray(contributions @ share, dtype=np.float64)

    def touched(self, contributions: FloatArray) -> FloatArray:
        """Sum the contributions of all terms that move with each unit, (n, T) to (n, U)."""
        if self.are_terms:
            return contributions
        return contributions @ self.member.astype(np.float64)

    def kept_by(self, sets: BoolArray) -> FloatArray:
        """Tell which terms each set of units keeps: shape (sets, U) to (T, sets), 0 or 1.

        A term without units is always kept.
        """
        missing = self.member.astype(np.float64) @ (~sets).astype(np.float64).T
        return np.asarray(missing == 0, dtype=np.float64)

    def cumulated(self, contributions: FloatArray, places: IntArray) -> tuple[FloatArray, ...]:
        """Sum contributions along a ranking of the units.

        Parameters
        ----------
        contributions : ndarray, shape (n, T)
            Contributions of the terms.
        places : ndarray of int, shape (n, U)
            What `ranking` returned.

        Returns
        -------
        kept, masked : ndarray, shape (U, n)
            In row r − 1: the sum over terms all of whose units are among the top r, and over
            terms any of whose units is. Both are the same where units are terms.
        """
        if self.are_terms:
            ranked = np.take(contributions.ravel(), places)
            sums = _cumulated(np.ascontiguousarray(ranked.T))
            return sums, sums
        people = np.arange(len(places))
        rank = np.empty_like(places)
        np.put_along_axis(rank, places % self.size, np.arange(self.size)[None, :], axis=1)
        kept, masked = (np.zeros(places.shape[::-1]) for _ in range(2))
        for t in np.flatnonzero(self.member.any(axis=1)):
            ranks = rank[:, self.member[t]]
            kept[ranks.max(axis=1), people] += contributions[:, t]
            masked[ranks.min(axis=1), people] += contributions[:, t]
        return _cumulated(kept), _cumulated(masked)


def ranking(score: FloatArray) -> IntArray:
    """Rank each row's columns, the largest score first, ties in the order of the columns.

    Sorts fast, and once more in a stable way the rows that have ties.

    Returns
    -------
    ndarray of int, shape (n, U)
        Places in the flattened array: U·row + column.
    """
    first = np.arange(0, score.size, score.shape[1])[:, None]
    score = -score
    places = np.argsort(score, axis=1)
    places += first
    ranked = np.take(score.ravel(), places)
    same = ranked[:, 1:] == ranked[:, :-1]
    if same.any():
        tied = same.any(axis=1)
        places[tied] = first[tied] + np.argsort(score[tied], axis=1, kind="stable")
    return places


def _cumulated(rows: FloatArray) -> FloatArray:
    """Add each row to those below it, in place; np.cumsum takes ten times as long here."""
    for above, row in pairwise(rows):
        row += above
    return rows


def units_of(matrix: ModelMatrix, unit: str) -> Units:
    """Return a model's units.

    Parameters
    ----------
    matrix : ModelMatrix
        Its terms and their variables.
    unit : {"term", "variable"}
        A term moves with all its columns; a variable with every term that reads it.
    """
    if unit == "term":
        return Units(matrix.terms, np.eye(len(matrix.terms), dtype=bool))
    names = tuple(dict.fromkeys(name for each in matrix.variables for name in each))
    member = np.array([[name in each for name in names] for each in matrix.variables], dtype=bool)
    return Units(names, member.reshape(len(matrix.terms), len(names)))
