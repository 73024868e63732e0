"""Both models on many rows: from a fit on a sample of them, a few passes over all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bopstats._typing import FloatArray, IntArray
from bopstats.design import Design, ModelMatrix
from bopstats.fitting.irls import IllConditionedError, rounding, solve
from bopstats.fitting.models import FittedModel, FittedPair
from bopstats.fitting.problems import HeldProblem
from bopstats.fitting.together import fit_together

_SAMPLE = 20_000


@dataclass(frozen=True)
class _Some:
    """Some rows of a matrix, as if they were all."""

    matrix: ModelMatrix
    places: IntArray

    def __getitem__(self, rows: slice | IntArray) -> FloatArray:
        return self.matrix.rows(self.places[rows])

    def column(self, j: int) -> FloatArray:
        return self.matrix.column(j)[self.places]


def fit_from_sample(design: Design, family: Any) -> FittedPair | None:
    """Fit both models on all rows, beginning at fits on evenly spaced ones.

    Parameters
    ----------
    design : Design
        The rows, many of them.
    family : statsmodels family
        Used by both models.

    Returns
    -------
    FittedPair or None
        Without the sums at the coefficients, which `bopstats.fitting.together.close` adds. None
        where the sample shows separation or redundant columns, or the passes do not settle: then
        each model is to be fitted by itself.
    """
    start = [sample_fit(name, design, family) for name in ("generic", "personalized")]
    if start[0] is None or start[1] is None:
        return None
    fold = np.zeros(design.n, dtype=np.int64)
    noise = rounding(family, float(np.abs(design.outcome.values).max())) ** 2
    found = fit_together(lambda task: task(design, fold), (start[0], start[1]), (-1,), 1, noise)
    generic, personalized = found[0]
    if generic is None or personalized is None:
        return None
    return FittedPair(generic, personalized)


def sample_fit(name: str, design: Design, family: Any, n: int | None = None) -> FittedModel | None:
    """Fit one model roughly, on evenly spaced rows.

    None if that fails, shows separation, or no row among them has a weight. Its `deviance` is
    scaled to all rows, `n` of them where the design has but some.
    """
    matrix: ModelMatrix = getattr(design, name)
    some = np.arange(0, design.n, max(1, design.n // _SAMPLE))
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
    scale = (design.n if n is None else n) / len(some)
    return FittedModel(
        name,
        family,
        matrix,
        found.params,
        keep,
        np.zeros(matrix.n_columns),
        found.information * scale,
        found.deviance * scale,
        found.pearson * scale,
        True,
        None,
    )
