"""What is fitted: one model's rows, which a fit reads block by block and never all at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from bopstats._typing import FloatArray, IntArray
from bopstats.design import Design, ModelMatrix

CHUNK = 4096


class Rows(NamedTuple):
    """Some rows of a problem, m of them.

    `x` has shape (m, p); `y`, `weight` and `group` (m,), the weight 0 where a row does not train
    and the group its number; `offset` shape (m,), or 0.0 where the model has none.
    """

    x: FloatArray
    y: FloatArray
    weight: FloatArray
    offset: FloatArray | float
    group: IntArray

    def columns(self, keep: IntArray) -> FloatArray:
        """Return some of the columns, not copied if they are all."""
        return self.x if len(keep) == self.x.shape[1] else self.x[:, keep]


@dataclass(frozen=True)
class Totals:
    """Sums over all rows, Σw, Σwy, Σw·offset and Σwx, shape (p,), and the largest absolute y."""

    weight: float
    y: float
    offset: float
    columns: FloatArray
    largest: float

    @property
    def mean_y(self) -> float:
        """Weighted mean of the outcome."""
        return self.y / self.weight

    @property
    def mean_offset(self) -> float:
        """Weighted mean of the offset."""
        return self.offset / self.weight

    @property
    def mean_columns(self) -> FloatArray:
        """Weighted means of the columns, shape (p,)."""
        return np.asarray(self.columns / self.weight, dtype=np.float64)


class Problem(ABC):
    """One GLM to fit, wherever its rows are.

    Attributes
    ----------
    matrix : ModelMatrix
        Names and terms of the columns; the values come with `blocks`.
    family : statsmodels family
        With its link.
    """

    matrix: ModelMatrix
    family: Any

    @abstractmethod
    def blocks(self) -> Iterator[Rows]:
        """Yield all rows, some thousand at a time, in the same order each time."""

    @cached_property
    def totals(self) -> Totals:
        """Sums over the rows, found in one pass."""
        weight = y = offset = largest = 0.0
        columns = np.zeros(self.matrix.n_columns)
        for rows in self.blocks():
            weight += float(rows.weight.sum())
            y += float(rows.weight @ rows.y)
            offset += float(np.sum(rows.weight * rows.offset))
            columns += rows.weight @ rows.x
            largest = max(largest, float(np.abs(rows.y).max(initial=0.0)))
        return Totals(weight, y, offset, columns, largest)


@dataclass(frozen=True)
class HeldProblem(Problem):
    """A problem whose rows lie in memory, n of them.

    `y`, `weight`, `group` and, unless it is None, `offset` have shape (n,).
    """

    matrix: ModelMatrix
    family: Any
    y: FloatArray
    weight: FloatArray
    offset: FloatArray | None
    group: IntArray

    @classmethod
    def of(
        cls, design: Design, matrix: ModelMatrix, family: Any, weight: FloatArray
    ) -> HeldProblem:
        """Return the problem of one of a design's models."""
        y = design.outcome.values
        return cls(matrix, family, y, weight, design.offset, design.group)

    def blocks(self) -> Iterator[Rows]:
        """Yield the rows; the matrix makes each block once."""
        for start in range(0, len(self.y), CHUNK):
            some = slice(start, start + CHUNK)
            yield Rows(
                self.matrix.rows(some),
                self.y[some],
                self.weight[some],
                0.0 if self.offset is None else self.offset[some],
                self.group[some],
            )
