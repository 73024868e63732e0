"""Iteratively reweighted least squares on the normal equations, in cache-sized blocks of rows.

statsmodels solves an n × p least squares problem by singular values in every iteration. The p × p
normal equations give the same coefficients about twenty times faster. Steps are taken from the
score, so rounding in the equations slows the iteration down but does not move where it ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve, lapack
from statsmodels.genmod import families as sm_families
from statsmodels.genmod.families import links as sm_links

from bopstats._typing import FloatArray, IntArray
from bopstats.fitting.families import impossible_means, may_be_impossible
from bopstats.fitting.problems import Problem
from bopstats.fitting.working import deviance as total_deviance
from bopstats.fitting.working import working

# Multiplications below which OpenBLAS starts no thread.
_ONE_THREAD = 1 << 18
_MAX_ITERATIONS = 100
_MAX_HALVINGS = 20
_SMALLEST_RCOND = 1e-13
_EPS = float(np.finfo(np.float64).eps)
RUNAWAY_STEP = 0.1


class IllConditionedError(Exception):
    """The normal equations cannot be solved to working accuracy."""


@dataclass(frozen=True)
class Solution:
    """Where the iteration ended.

    `params` has shape (p,), 0 where a column was not kept; `step` is the last Newton step, which
    stays large in directions that run to infinity although the deviance has converged (`runaway`).
    `deviance` and `pearson` are Σ of unit deviances and squared Pearson residuals.
    """

    params: FloatArray
    step: FloatArray
    deviance: float
    pearson: float
    converged: bool
    runaway: bool


@dataclass(frozen=True)
class Pass:
    """Sums at one coefficient vector: information, score, deviance, squared Pearson residuals."""

    information: FloatArray
    score: FloatArray
    deviance: float
    pearson: float


def solve(
    problem: Problem, keep: IntArray, start: FloatArray | None, tolerance: float = 1e-9
) -> Solution:
    """Fit a GLM by Fisher scoring.

    Parameters
    ----------
    problem : Problem
        What to fit.
    keep : ndarray of int
        Columns to use; the others get 0.
    start : ndarray, shape (p,), or None
        Starting coefficients.
    tolerance : float
        Largest last step, in standard errors.

    Returns
    -------
    Solution

    Raises
    ------
    IllConditionedError
        If a p × p system cannot be solved accurately, or the deviance is not finite.
    """
    beta, now = _begin(problem, keep, start)
    size = max(problem.totals.weight, 1.0)
    # A small group's coefficient may still move while the deviance of many rows hardly does.
    small = 1e-8 * min(1.0, 1e6 / size)
    noise = rounding(problem.family, problem.totals.largest, size)
    previous, converged, runaway = np.inf, False, False
    for _ in range(_MAX_ITERATIONS):
        step = newton(now.information, now.score)
        # Squared length of the step in standard errors; dispersion scales both sides.
        dispersion = max(now.deviance / size, np.finfo(float).tiny)
        settled = abs(previous - now.deviance) <= small * (abs(now.deviance) + 0.1)
        done = float(step @ now.score) <= max(tolerance**2 * dispersion, noise)
        if (done or settled) and largest_change(problem, keep, beta, step) > RUNAWAY_STEP:
            runaway = True
            break
        if done or (settled and _negligible(step, beta)):
            converged = True
            break
        previous = now.deviance
        beta, now = _advance(problem, keep, beta, step, now)
    params, last = (np.zeros(problem.matrix.n_columns) for _ in range(2))
    params[keep], last[keep] = beta, step
    return Solution(params, last, now.deviance, now.pearson, converged, runaway)


def rounding(family: Any, largest: float, weight: float) -> float:
    """Return the squared length of a step that may be rounding, in standard errors.

    Residuals are off by two units in the last place of the largest |y|, all the same way if that is
    the intercept's own; a high level of y may hide its spread. `weight` is Σw.
    """
    if not isinstance(family, sm_families.Gaussian):
        return 0.0
    return weight * (2 * _EPS * largest) ** 2


def _negligible(step: FloatArray, beta: FloatArray) -> bool:
    return bool(np.all(np.abs(step) <= 1e-10 * (np.abs(beta) + 1e-12)))


def _advance(
    problem: Problem, keep: IntArray, beta: FloatArray, step: FloatArray, now: Pass
) -> tuple[FloatArray, Pass]:
    """Take the step, halved while it makes the deviance worse."""
    for _ in range(_MAX_HALVINGS):
        trial = evaluate(problem, keep, beta + step)
        if trial.deviance <= now.deviance + 1e-7 * (abs(now.deviance) + 0.1):
            return beta + step, trial
        step = step / 2
    raise IllConditionedError


def _begin(problem: Problem, keep: IntArray, start: FloatArray | None) -> tuple[FloatArray, Pass]:
    """Return where to start: as told, else least squares, else the mean alone."""
    for make in (_first, _flat) if start is None else (lambda *_: start[keep],):
        beta = make(problem, keep)
        now = evaluate(problem, keep, beta)
        if np.isfinite(now.deviance):
            return beta, now
    raise IllConditionedError


def _flat(problem: Problem, keep: IntArray) -> FloatArray:
    """Return the constant model, whose mean every link allows."""
    totals = problem.totals
    with np.errstate(all="ignore"):
        level = problem.family.link(np.float64(totals.mean_y)) - totals.mean_offset
    return np.where(problem.matrix.term_of[keep] < 0, level, 0.0)


def _first(problem: Problem, keep: IntArray) -> FloatArray:
    """Return the weighted least squares fit at the family's starting means."""
    family, mean = problem.family, problem.totals.mean_y
    size = len(keep)
    left, right = np.zeros((size, size)), np.zeros(size)
    for rows in problem.blocks():
        y = rows.y
        mu = (y + 0.5) / 2 if _is_binomial(family) else (y + mean) / 2
        slope = family.link.deriv(mu)
        w = rows.weight / (slope**2 * family.variance(mu))
        z = family.link(mu) - rows.offset + (y - mu) * slope
        x = rows.columns(keep)
        xw = x * w[:, None]
        left += cross(xw, x)
        right += xw.T @ z
    return newton(left, right)


def _is_binomial(family: Any) -> bool:
    return isinstance(family, sm_families.Binomial)


def cross(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return a'b in pieces that BLAS multiplies in one thread.

    Skinny products gain nothing from threads, and on a busy machine threads that wait for each
    other have been seen to take fifty times longer.
    """
    step = max(_ONE_THREAD // (a.shape[1] * b.shape[1]), 32)
    total = np.zeros((a.shape[1], b.shape[1]))
    for start in range(0, len(a), step):
        total += a[start : start + step].T @ b[start : start + step]
    return total


def product(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return ab for a long `a`, in pieces as `cross` does."""
    step = max(_ONE_THREAD // (a.shape[1] * b.shape[1]), 32)
    found = np.empty((len(a), b.shape[1]))
    for start in range(0, len(a), step):
        np.matmul(a[start : start + step], b, out=found[start : start + step])
    return found


def evaluate(problem: Problem, keep: IntArray, beta: FloatArray) -> Pass:
    """Sum information, score and deviance at `beta`, in one pass over the rows."""
    family, size = problem.family, len(keep)
    information, score = np.zeros((size, size)), np.zeros(size)
    deviance = pearson = 0.0
    bounded = may_be_impossible(family)
    with np.errstate(all="ignore"):
        for rows in problem.blocks():
            x, y, weight = rows.columns(keep), rows.y, rows.weight
            eta = x @ beta + rows.offset
            at = working(family, eta, y)
            if bounded and impossible_means(family, at.mu[weight > 0]).any():
                return Pass(information, score, np.inf, np.inf)
            information += cross(x * (weight * at.weight)[:, None], x)
            score += x.T @ (weight * at.score)
            deviance += total_deviance(family, y, eta, at.mu, weight)
            pearson += float(np.sum(weight * (y - at.mu) ** 2 / family.variance(at.mu)))
    return Pass(information, score, deviance, pearson)


def newton(information: FloatArray, score: FloatArray) -> FloatArray:
    """Solve information · step = score by Cholesky, columns scaled to unit diagonal."""
    diagonal = np.diag(information)
    if not (np.isfinite(information).all() and np.isfinite(score).all() and (diagonal > 0).all()):
        raise IllConditionedError
    scale = 1.0 / np.sqrt(diagonal)
    scaled = information * scale[:, None] * scale
    try:
        factor, lower = cho_factor(scaled, lower=True, check_finite=False)
    except np.linalg.LinAlgError as error:
        raise IllConditionedError from error
    norm = float(np.abs(scaled).sum(axis=0).max())
    rcond, _ = lapack.dpocon(factor, norm, uplo="L")
    if rcond < _SMALLEST_RCOND:
        raise IllConditionedError
    step = cho_solve((factor, lower), score * scale, check_finite=False)
    return np.asarray(scale * step, dtype=np.float64)


def largest_change(problem: Problem, keep: IntArray, beta: FloatArray, step: FloatArray) -> float:
    """Return the largest change that `step` makes to a training row, relative to the mean's room.

    At a finite optimum the last step changes nothing. Where a mean runs to the edge of what its
    family allows, every step takes away much of the distance that is left, whatever the link.
    """
    largest = 0.0
    for rows in problem.blocks():
        x = rows.columns(keep)
        change = np.abs(x @ step) * pull(problem.family, x @ beta + rows.offset)
        largest = max(largest, float(change[rows.weight > 0].max(initial=0.0)))
    return largest


def pull(family: Any, eta: FloatArray) -> FloatArray:
    """Return |dμ/dη| over the distance of μ from the edge that it reaches at infinite η.

    0 where the link has no such edge.
    """
    link = family.link
    if isinstance(link, (sm_links.Identity, sm_links.Sqrt)):
        return np.zeros_like(eta)
    with np.errstate(all="ignore"):
        mu = link.inverse(eta)
        room = np.abs(mu)
        if isinstance(link, sm_links.LogC):
            room = 1.0 - mu
        elif _is_binomial(family) and not isinstance(link, sm_links.Log):
            room = np.minimum(mu, 1.0 - mu)
        return np.asarray(1.0 / np.abs(link.deriv(mu)) / np.maximum(room, _EPS))
