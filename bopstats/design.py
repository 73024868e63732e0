"""What a formula and data become: matrices, outcome, groups and the rows behind them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy.typing as npt
import pandas as pd

from bopstats._typing import CodeArray, FloatArray, IntArray
from bopstats.groups import GroupIndex


class Columns(Protocol):
    """Columns of a model matrix, P of them, held somehow."""

    def __getitem__(self, rows: slice | IntArray) -> FloatArray:
        """Return some rows, shape (rows, P)."""

    def column(self, j: int) -> FloatArray:
        """Return column j, shape (n,)."""


@dataclass(frozen=True)
class ModelMatrix:
    """The columns of one model, taken from columns that are made when they are asked for.

    Parameters
    ----------
    base : Columns
        What makes them; the generic and the personalized model share it if they can.
    take : ndarray of int, shape (p,), or None
        Which columns of `base` are this model's; None for all.
    names : tuple of str, length p
        Column names.
    terms : tuple of str
        Names of the formula's terms, without the intercept.
    term_of : ndarray of int, shape (p,)
        Index into `terms` of each column; −1 for the intercept.
    variables : tuple of tuples of str
        The data's columns that each term reads.
    build : callable, DataFrame -> ndarray, shape (rows, p)
        Builds the columns for other values of the variables.
    """

    base: Columns
    take: IntArray | None
    names: tuple[str, ...]
    terms: tuple[str, ...]
    term_of: IntArray
    variables: tuple[tuple[str, ...], ...]
    build: Callable[[pd.DataFrame], FloatArray]

    @property
    def n_columns(self) -> int:
        """Number of columns p."""
        return len(self.names)

    def rows(self, where: slice | IntArray) -> FloatArray:
        """Return the rows `where`, shape (rows, p)."""
        return self._taken(self.base[where])

    def rows_beside(self, other: ModelMatrix, where: slice | IntArray) -> tuple[FloatArray, ...]:
        """Return rows of this matrix and another one; columns of a common base are made once."""
        if self.base is not other.base:
            return self.rows(where), other.rows(where)
        chunk = self.base[where]
        return self._taken(chunk), other._taken(chunk)

    def _taken(self, chunk: FloatArray) -> FloatArray:
        # Each column in one piece, as most bases make them.
        return chunk if self.take is None else chunk.T[self.take].T

    def column(self, j: int) -> FloatArray:
        """Return column j, shape (n,)."""
        return self.base.column(j if self.take is None else int(self.take[j]))

    def frame(self, index: pd.Index[Any]) -> pd.DataFrame:
        """Return all rows as a DataFrame with column names."""
        return pd.DataFrame(self.rows(slice(None)), index=index, columns=list(self.names))


@dataclass(frozen=True)
class Factor:
    """A categorical variable of the generic model: its levels and each row's code."""

    name: str
    levels: tuple[object, ...]
    codes: CodeArray


@dataclass(frozen=True)
class EvaluatedFactor:
    """One factor of a formula, evaluated on the used rows.

    `name` is the bare variable or expression, without C(), I() or Q() around it; `simple` tells
    that it is a variable. `variables` are the columns that it reads. `categories` and `codes` are
    those of a categorical factor, `values` those of a numeric one with a single column; the others
    are None. `evaluate` computes the factor from other values of the variables.
    """

    code: str
    name: str
    simple: bool
    variables: tuple[str, ...]
    categories: tuple[object, ...] | None
    codes: CodeArray | None
    values: FloatArray | None
    evaluate: Callable[[pd.DataFrame], Any]


@dataclass(frozen=True)
class Outcome:
    """The outcome as a number, and what it means.

    `event` is the level that counts for a binary outcome, else None; `asked` whether the user
    named it. `binary` tells that all values are 0 or 1; `kind` is "binary", "integer" or "real".
    """

    name: str
    values: FloatArray
    event: object | None
    binary: bool
    kind: str
    asked: bool = False


@dataclass(frozen=True)
class Design:
    """Both models' matrices, the outcome, and what is known of each used row.

    All arrays have one entry a used row, n in total; `positions` are the rows' places in the
    data before any were dropped. `relearn` rebuilds both matrices with stateful transforms
    learned from the training rows only; it is None where there are none. `shifts_only` tells that
    the personal terms are constant within groups; `exposed` that the offset holds a log exposure.
    `variables` has no rows: its columns are both sides' variables, with the types and levels that
    the models use. `data_columns` are the names of all columns of the data. `read` and `dropped`
    have shape (G + 1,): rows of each group that `subset` keeps, and those of them that lack a
    value; last those of which the group is not known, which are all dropped.
    """

    formula: str
    generic_terms: str
    personal_terms: str
    outcome: Outcome
    generic: ModelMatrix
    personalized: ModelMatrix
    groups: GroupIndex
    group: IntArray
    factors: tuple[Factor, ...]
    positions: IntArray
    n_read: int
    index: pd.Index[Any]
    row_flow: pd.DataFrame
    notes: tuple[str, ...]
    shifts_only: bool
    variables: pd.DataFrame
    data_columns: tuple[str, ...]
    read: IntArray
    dropped: IntArray
    weight: FloatArray | None = None
    weight_type: str | None = None
    cluster: IntArray | None = None
    stratum: IntArray | None = None
    key: npt.NDArray[Any] | None = None
    offset: FloatArray | None = None
    exposed: bool = False
    relearn: Callable[[IntArray], tuple[ModelMatrix, ModelMatrix, tuple[str, ...]]] | None = None

    @property
    def n(self) -> int:
        """Number of used rows."""
        return len(self.positions)
