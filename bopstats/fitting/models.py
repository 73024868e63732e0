"""A fitted model, the pair of them, and what went wrong in words."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.linalg import lstsq
from statsmodels.genmod.generalized_linear_model import GLM

from bopstats._typing import BoolArray, FloatArray, IntArray
from bopstats.design import Design, ModelMatrix
from bopstats.exceptions import FitError
from bopstats.fitting.families import best_alpha, with_alpha
from bopstats.fitting.firth import solve_firth
from bopstats.fitting.irls import (
    RUNAWAY_STEP,
    IllConditionedError,
    Problem,
    Solution,
    evaluate,
    largest_change,
    pull,
    solve,
)
from bopstats.fitting.rank import independent_columns

_ALPHA_ROUNDS = 50
_POLISH = 8


@dataclass(frozen=True)
class Separation:
    """Coefficients that run to infinity: their columns and terms, and the groups affected."""

    columns: tuple[str, ...]
    terms: tuple[str, ...]
    groups: tuple[str, ...]

    def __str__(self) -> str:
        """Say it in words."""
        where = f" in group {'; '.join(self.groups)}" if self.groups else ""
        return f"{', '.join(self.terms) or 'intercept'}{where}"


@dataclass(frozen=True)
class FittedModel:
    """One GLM fitted on one training set.

    `params` has shape (p,), 0 for columns that are not in `keep`; `baseline`, shape (p,), is the
    mean of the training rows' columns, to which explanations mask; `information` is X'WX of the
    kept columns at scale 1; `penalty` is None or "firth".
    """

    name: str
    family: Any
    matrix: ModelMatrix
    params: FloatArray
    keep: IntArray
    baseline: FloatArray
    information: FloatArray
    deviance: float
    pearson: float
    converged: bool
    separation: Separation | None
    penalty: str | None = None

    @property
    def dropped(self) -> tuple[str, ...]:
        """Names of the columns that were dropped as redundant."""
        lost = np.setdiff1d(np.arange(self.matrix.n_columns), self.keep)
        return tuple(self.matrix.names[j] for j in lost)


@dataclass(frozen=True)
class FittedPair:
    """The generic and the personalized model, fitted on the same rows with the same family."""

    generic: FittedModel
    personalized: FittedModel


def fit_pair(
    design: Design,
    matrices: tuple[ModelMatrix, ModelMatrix],
    family: Any,
    train: BoolArray,
    *,
    estimate_alpha: bool = False,
    penalty: str | None = None,
    start: FittedPair | None = None,
    warm: bool = True,
) -> FittedPair:
    """Fit both models on the training rows.

    Parameters
    ----------
    design : Design
        Outcome, offset, weights and groups.
    matrices : pair of ModelMatrix
        Generic and personalized.
    family : statsmodels family
        Used by both models.
    train : ndarray of bool, shape (n,)
        Which rows train.
    estimate_alpha : bool
        Whether to estimate the negative binomial dispersion, in the personalized model; both
        models then use this value.
    penalty : {None, "firth"}
        Firth's penalty for both models, which `check_firth` has allowed.
    start : FittedPair or None
        Fits on all rows; columns that these dropped are dropped here too.
    warm : bool
        Whether to start from their coefficients.

    Returns
    -------
    FittedPair
    """
    weight = train.astype(np.float64) if design.weight is None else train * design.weight

    def order(which: int) -> IntArray:
        """Put generic columns before personal ones, which patsy may have put first."""
        added = [name not in matrices[0].names for name in matrices[which].names]
        return np.argsort(added, kind="stable")

    def fit(which: int, family: Any, old: FittedModel | None) -> FittedModel:
        problem = Problem(matrices[which], design.outcome.values, family, design.offset, weight)
        params = old.params if old is not None and (warm or old.matrix is matrices[which]) else None
        keep = np.arange(matrices[which].n_columns) if old is None else old.keep
        name = ("generic", "personalized")[which]
        if penalty is not None:
            return _fit_penalized(name, problem, keep, order(which))
        return _fit(name, problem, design, keep, params, order(which))

    old_generic = None if start is None else start.generic
    old = None if start is None else start.personalized
    if not estimate_alpha:
        return FittedPair(fit(0, family, old_generic), fit(1, family, old))
    alpha = 0.0
    personalized = old
    for _ in range(_ALPHA_ROUNDS):
        personalized = fit(1, family, personalized)
        before, mu = alpha, predict(personalized, design, np.arange(design.n))
        alpha = best_alpha(design.outcome.values, mu, weight)
        family = with_alpha(family, alpha)
        if abs(alpha - before) <= 1e-8 * alpha:
            break
    return FittedPair(fit(0, family, old_generic), fit(1, family, personalized))


def _fit(
    name: str,
    problem: Problem,
    design: Design,
    keep: IntArray,
    start: FloatArray | None,
    order: IntArray,
) -> FittedModel:
    try:
        solution, keep = _solve_somehow(problem, keep, start, order)
    except (IllConditionedError, ValueError, FloatingPointError) as error:
        reason = str(error) or "no finite deviance"
        raise FitError(
            f"the {name} model could not be fitted ({reason}); look for "
            "columns on very different scales, or a link that allows impossible means"
        ) from error
    return FittedModel(
        name,
        problem.family,
        problem.matrix,
        solution.params,
        keep,
        _column_means(problem),
        solution.information,
        solution.deviance,
        solution.pearson,
        solution.converged or solution.runaway,
        _separation(problem, design, solution) if solution.runaway else None,
    )


def _fit_penalized(name: str, problem: Problem, keep: IntArray, order: IntArray) -> FittedModel:
    """Fit by Firth's penalty, after redundant columns are dropped; nothing runs to infinity."""
    keep = np.intersect1d(keep, independent_columns(problem, order))
    solution = solve_firth(name, problem, keep)
    return FittedModel(
        name,
        problem.family,
        problem.matrix,
        solution.params,
        keep,
        _column_means(problem),
        solution.information,
        solution.deviance,
        solution.pearson,
        solution.converged,
        None,
        "firth",
    )


def _solve_somehow(
    problem: Problem, keep: IntArray, start: FloatArray | None, order: IntArray
) -> tuple[Solution, IntArray]:
    """Try a warm start, a cold one, centred columns, fewer columns, and then statsmodels."""
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


@dataclass(frozen=True)
class _Centred:
    """The columns of a matrix less their means."""

    matrix: ModelMatrix
    mean: FloatArray

    def __getitem__(self, rows: slice | IntArray) -> FloatArray:
        return self.matrix.rows(rows) - self.mean

    def column(self, j: int) -> FloatArray:
        return self.matrix.column(j) - self.mean[j]


def _solve_centred(problem: Problem, keep: IntArray) -> Solution:
    """Fit about the columns' means, where a large level hides no variation."""
    matrix = problem.matrix
    intercept = np.flatnonzero(matrix.term_of < 0)[0]
    mean = np.where(matrix.term_of < 0, 0.0, _column_means(problem))
    about = replace(matrix, base=_Centred(matrix, mean), take=None)
    found = solve(replace(problem, matrix=about), keep, None)
    for each in (found.params, found.step):
        each[intercept] -= mean @ each
    information = evaluate(problem, keep, found.params[keep]).information
    return replace(found, information=information)


def _by_statsmodels(problem: Problem, keep: IntArray) -> Solution:
    """Fit an ill-conditioned problem by statsmodels' orthogonal decompositions."""
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
        at_end.information,
        bool(result.converged),
        largest_change(problem, keep, params, step) > RUNAWAY_STEP,
    )


def _column_means(problem: Problem) -> FloatArray:
    total = np.zeros(problem.matrix.n_columns)
    for rows in problem.chunks():
        total += problem.weight[rows] @ problem.matrix.rows(rows)
    return np.asarray(total / problem.weight.sum(), dtype=np.float64)


def _separation(problem: Problem, design: Design, solution: Solution) -> Separation:
    """Name the columns and groups in which the last Newton step is still large."""
    reach, strongest = np.zeros(problem.matrix.n_columns), 0.0
    touched = np.zeros(design.groups.n_groups, dtype=bool)
    for rows in problem.chunks():
        x, training = problem.matrix.rows(rows), problem.weight[rows] > 0
        reach = np.maximum(reach, np.abs(x[training]).max(axis=0, initial=0.0))
        strength = pull(problem, x @ solution.params + problem.offset_at(rows))
        moving = training & (np.abs(x @ solution.step) * strength > RUNAWAY_STEP)
        strongest = max(strongest, float(strength[moving].max(initial=0.0)))
        touched[design.group[rows][moving]] = True
    columns = np.flatnonzero(np.abs(solution.step) * reach * strongest > RUNAWAY_STEP)
    terms = dict.fromkeys(
        problem.matrix.terms[problem.matrix.term_of[j]]
        for j in columns
        if problem.matrix.term_of[j] >= 0
    )
    present = np.bincount(design.group, problem.weight, design.groups.n_groups) > 0
    some = not touched[present].all()
    labels = [design.groups.labels[g] for g in np.flatnonzero(touched)] if some else []
    names = tuple(problem.matrix.names[j] for j in columns)
    return Separation(names, tuple(terms), tuple(labels))


def predict(model: FittedModel, design: Design, rows: IntArray) -> FloatArray:
    """Return the predicted means of some rows, offset included, shape (len(rows),)."""
    eta = linear_predictor(model, design, rows)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return np.asarray(model.family.link.inverse(eta), dtype=np.float64)


def linear_predictor(model: FittedModel, design: Design, rows: IntArray) -> FloatArray:
    """Return the linear predictors of some rows, offset included, shape (len(rows),)."""
    eta = np.asarray(model.matrix.rows(rows) @ model.params, dtype=np.float64)
    return eta if design.offset is None else eta + design.offset[rows]
