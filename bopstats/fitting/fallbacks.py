"""Fits that the normal equations do not give at once: other starts, centred columns, fewer."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.linalg import lstsq
from statsmodels.genmod.generalized_linear_model import GLM

from bopstats._typing import FloatArray, IntArray
from bopstats.fitting.irls import (
    RUNAWAY_STEP,
    IllConditionedError,
    Solution,
    evaluate,
    largest_change,
    solve,
)
from bopstats.fitting.problems import HeldProblem, Problem, Rows
from bopstats.fitting.rank import independent_columns

_POLISH = 8


def solve_somehow(
    problem: Problem, keep: IntArray, start: FloatArray | None, order: IntArray
) -> tuple[Solution, IntArray]:
    """Try a warm start, a cold one, centred columns, fewer columns, and then statsmodels.

    Parameters
    ----------
    problem : Problem
        What to fit.
    keep : ndarray of int
        Columns to use.
    start : ndarray, shape (p,), or None
        Starting coefficients.
    order : ndarray of int, shape (p,)
        All columns; of redundant ones those that are later in it are dropped.

    Returns
    -------
    Solution
        Where the iteration ended.
    ndarray of int
        Columns that were used.

    Raises
    ------
    IllConditionedError
        If nothing helps.
    """
    starts = [None] if start is None else [start, None]
    for each in starts:
        try:
            return solve(problem, keep, each), keep
        except IllConditionedError:
            continue
    fewer = np.intersect1d(keep, independent_columns(problem, order))
    try:
        return _solve_centred(problem, fewer), fewer
    except IllConditionedError:
        return _by_statsmodels(problem, fewer), fewer


class _Centred(Problem):
    """A problem in columns less their means; the intercept's is 0."""

    def __init__(self, problem: Problem, mean: FloatArray) -> None:
        self.matrix, self.family = problem.matrix, problem.family
        self._problem, self._mean = problem, mean
        found = problem.totals
        self.totals = replace(found, columns=found.columns - found.weight * mean)

    def blocks(self) -> Iterator[Rows]:
        """Yield the rows with the means taken off."""
        for rows in self._problem.blocks():
            yield rows._replace(x=rows.x - self._mean)


def _solve_centred(problem: Problem, keep: IntArray) -> Solution:
    """Fit about the columns' means, where a large level hides no variation."""
    constant = problem.matrix.term_of < 0
    intercept = np.flatnonzero(constant)[0]
    mean = np.where(constant, 0.0, problem.totals.mean_columns)
    found = solve(_Centred(problem, mean), keep, None)
    for each in (found.params, found.step):
        each[intercept] -= mean @ each
    return found


def _by_statsmodels(problem: Problem, keep: IntArray) -> Solution:
    """Fit an ill-conditioned problem by statsmodels' orthogonal decompositions."""
    if not isinstance(problem, HeldProblem):
        raise IllConditionedError(
            "its equations are too close to singular, and a slower way needs all rows in memory"
        )
    rows = np.flatnonzero(problem.weight > 0)
    offset = None if problem.offset is None else problem.offset[rows]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they say is found out below and said by us
        model = GLM(
            problem.y[rows],
            problem.matrix.rows(rows)[:, keep],
            family=problem.family,
            offset=offset,
            var_weights=problem.weight[rows],
        )
        result = model.fit()
        # It stops at a settled deviance, where coefficients may still be off by 1e-6.
        params = model.fit(start_params=result.params, maxiter=_POLISH, tol=0.0).params
    at_end = evaluate(problem, keep, params)
    if not np.isfinite(at_end.deviance):
        raise IllConditionedError
    step = lstsq(at_end.information, at_end.score)[0]
    full, last = (np.zeros(problem.matrix.n_columns) for _ in range(2))
    full[keep], last[keep] = params, step
    return Solution(
        full,
        last,
        at_end.deviance,
        at_end.pearson,
        bool(result.converged),
        largest_change(problem, keep, params, step) > RUNAWAY_STEP,
    )
