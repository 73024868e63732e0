"""Columns of a model matrix that are linear combinations of those before them."""

from __future__ import annotations

import numpy as np

from bopstats._typing import BoolArray, FloatArray, IntArray
from bopstats.fitting.problems import Problem

# Smallest remaining length of a column, as a share of its own: just above rounding, since near
# collinearity is not redundancy. The second one is of the length before centring.
_TOLERANCE = 1e-10
_ROUNDING = 4 * float(np.finfo(np.float64).eps)


def independent_columns(problem: Problem, order: IntArray) -> IntArray:
    """Return the columns to keep: of redundant ones those that are later in `order` go, as in R.

    Works on a QR decomposition of the training rows' centred columns, updated block by block,
    so that a large mean hides nothing; the intercept is always kept.
    """
    first, total = np.zeros((2, problem.matrix.n_columns))
    n = 0
    for rows in problem.blocks():
        x = rows.x[rows.weight > 0]
        first = x[0] if n == 0 and len(x) else first
        total += (x - first).sum(axis=0)
        n += len(x)
    mean = first + total / n  # so that nothing at all is left of a constant column
    square, triangle = np.zeros_like(total), np.zeros((0, len(total)))
    for rows in problem.blocks():
        x = rows.x[rows.weight > 0]
        square += (x * x).sum(axis=0)
        triangle = np.asarray(np.linalg.qr(np.vstack([triangle, x - mean]), mode="r"))
    return np.sort(_sweep(triangle, np.sqrt(square), problem.matrix.term_of < 0, order))


def _sweep(
    triangle: FloatArray, length: FloatArray, intercept: BoolArray, order: IntArray
) -> IntArray:
    """Orthogonalise the columns in order; one with nothing left is dropped."""
    basis = np.zeros((len(triangle), 0))
    keep = []
    for j in order:
        column = triangle[:, j]
        left = column.copy()
        for _ in range(2):  # once more for what rounding left of the first projection
            left -= basis @ (basis.T @ left)
        size = float(np.linalg.norm(left))
        if intercept[j]:
            keep.append(j)
        elif size > max(_TOLERANCE * float(np.linalg.norm(column)), _ROUNDING * length[j]):
            keep.append(j)
            basis = np.column_stack([basis, left / size])
    return np.array(keep, dtype=np.int64)
