"""Columns of a model matrix that are linear combinations of those before them."""

from __future__ import annotations

import numpy as np

from bopstats._typing import FloatArray, IntArray
from bopstats.fitting.irls import Problem

# On squared lengths; R's lm drops a column whose remaining length is under 1e-7 of its own.
_TOLERANCE = 1e-11


def independent_columns(problem: Problem) -> IntArray:
    """Return the columns to keep, in formula order: later ones go first, as in R.

    Works on centred cross-products of the training rows, so that a large mean hides nothing; the
    intercept is always kept.
    """
    size = problem.matrix.n_columns
    training = problem.weight > 0
    count = float(training.sum())
    total = np.zeros(size)
    for rows in problem.chunks():
        total += training[rows] @ problem.matrix.rows(rows)
    mean = total / count
    cross = np.zeros((size, size))
    for rows in problem.chunks():
        x = (problem.matrix.rows(rows) - mean) * training[rows][:, None]
        cross += x.T @ x
    return _sweep(cross, problem.matrix.term_of < 0)


def _sweep(cross: FloatArray, intercept: FloatArray | np.ndarray) -> IntArray:
    """Gaussian elimination in column order; a column with nothing left is dropped."""
    left, length = cross.copy(), np.diag(cross).copy()
    keep = []
    for j in range(len(cross)):
        if intercept[j]:
            keep.append(j)
        elif left[j, j] > _TOLERANCE * length[j]:
            keep.append(j)
            left -= np.outer(left[:, j], left[j]) / left[j, j]
    return np.array(keep, dtype=np.int64)
