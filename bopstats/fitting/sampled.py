"""Both models on many rows: from a fit on a sample of them, a few passes over all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import gcd
from typing import Any

import numpy as np

from bopstats._typing import FloatArray, IntArray
from bopstats.design import Design, ModelMatrix
from bopstats.fitting.irls import IllConditionedError, solve
from bopstats.fitting.models import FittedModel, FittedPair
from bopstats.fitting.problems import HeldProblem
from bopstats.fitting.together import Found, close, fit_together, nearer

# A sample has about so many rows, or every eleventh if these are fewer.
_SAMPLE, _EVERY = 20_000, 11
# Rows often repeat themselves after a multiple of these: visits, months, digits.
_PERIODS = 2 * 3 * 5 * 7


@dataclass(frozen=True)
class _Some:
    """Some rows of a matrix, as if they were all."""

    matrix: ModelMatrix
    places: IntArray

    def __getitem__(self, rows: slice | IntArray) -> FloatArray:
        return self.matrix.rows(self.places[rows])

    def column(self, j: int) -> FloatArray:
        return self.matrix.column(j)[self.places]


def fit_from_sample(
    design: Design, family: Any, fold: IntArray | None = None, n_folds: int = 0
) -> tuple[FittedPair, Found] | None:
    """Fit both models on all rows and without each fold, beginning at fits on evenly spaced rows.

    Parameters
    ----------
    design : Design
        The rows, many of them.
    family : statsmodels family
        Used by both models.
    fold : ndarray of int, shape (n,), optional
        Each row's fold.
    n_folds : int
        Number of folds K, 0 without any.

    Returns
    -------
    tuple or None
        The fits on all rows, and a list of the K pairs without each fold as
        `bopstats.fitting.together.fit_together` returns them. None where the sample shows
        separation or redundant columns, or the fits on all rows do not settle: then each model is
        to be fitted by itself.
    """
    step = max(_EVERY, design.n // _SAMPLE)
    while gcd(step, _PERIODS) > 1:
        step += 1
    sample = [sample_fit(name, design, family, step) for name in ("generic", "personalized")]
    if sample[0] is None or sample[1] is None:
        return None
    dealt = np.zeros(design.n, dtype=np.int64) if fold is None else fold

    def total(task: Any) -> Any:
        return task(design, dealt)

    start = nearer(total, (sample[0], sample[1]))
    if start is None:
        return None
    largest = float(np.abs(design.outcome.values).max())
    outs = (-1, *range(n_folds))
    (generic, personalized), *pairs = fit_together(total, start, outs, max(n_folds, 1), largest)
    if generic is None or personalized is None:
        return None
    return close(design, FittedPair(generic, personalized)), pairs


def sample_fit(name: str, design: Design, family: Any, step: int = 1) -> FittedModel | None:
    """Fit one model roughly, on every so many rows.

    None if that fails, shows separation, or no row among them has a weight.
    """
    matrix: ModelMatrix = getattr(design, name)
    some = np.arange(0, design.n, step)
    weight = np.ones(len(some)) if design.weight is None else design.weight[some]
    if not weight.any():
        return None
    problem = HeldProblem(
        replace(matrix, base=_Some(matrix, some), take=None),
        family,
        design.outcome.values[some],
        weight,
        None if design.offset is None else design.offset[some],
        design.group[some],
    )
    keep = np.arange(matrix.n_columns)
    try:
        found = solve(problem, keep, None, tolerance=1e-3)
    except (IllConditionedError, ValueError, FloatingPointError):
        return None
    if found.runaway or not found.converged:
        return None
    return FittedModel(
        name,
        family,
        matrix,
        found.params,
        keep,
        np.zeros(matrix.n_columns),
        np.nan,
        np.nan,
        True,
        None,
    )
