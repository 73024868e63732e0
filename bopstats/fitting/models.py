"""A fitted model, the pair of them, and what went wrong in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bopstats._typing import BoolArray, FloatArray, IntArray
from bopstats.design import Design, ModelMatrix
from bopstats.exceptions import FitError
from bopstats.fitting.fallbacks import solve_somehow
from bopstats.fitting.families import best_alpha, with_alpha
from bopstats.fitting.firth import solve_firth
from bopstats.fitting.irls import RUNAWAY_STEP, IllConditionedError, Solution, pull
from bopstats.fitting.problems import HeldProblem, Problem
from bopstats.fitting.rank import independent_columns

_ALPHA_ROUNDS = 50


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
    mean of the training rows' columns, to which explanations mask; `deviance` and `pearson`, at
    scale 1, sum the training rows, nan where nobody asked for them; `penalty` is None or "firth".
    """

    name: str
    family: Any
    matrix: ModelMatrix
    params: FloatArray
    keep: IntArray
    baseline: FloatArray
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

    def fit(which: int, family: Any, old: FittedModel | None) -> FittedModel:
        problem = HeldProblem.of(design, matrices[which], family, weight)
        params = old.params if old is not None and (warm or old.matrix is matrices[which]) else None
        keep = np.arange(matrices[which].n_columns) if old is None else old.keep
        name = ("generic", "personalized")[which]
        order = generic_first(matrices[0], matrices[which])
        if penalty is not None:
            return _fit_penalized(name, problem, keep, order)
        return fit_problem(name, problem, design.groups.labels, keep, params, order)

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


def generic_first(generic: ModelMatrix, matrix: ModelMatrix) -> IntArray:
    """Return a matrix's columns, the generic model's before the others, wherever patsy put them."""
    return np.argsort([name not in generic.names for name in matrix.names], kind="stable")


def fit_problem(
    name: str,
    problem: Problem,
    labels: tuple[str, ...],
    keep: IntArray,
    start: FloatArray | None,
    order: IntArray,
) -> FittedModel:
    """Fit one model, wherever its rows are.

    Parameters
    ----------
    name : str
        "generic" or "personalized".
    problem : Problem
        What to fit.
    labels : tuple of str, length G
        The groups' names, to say where a coefficient runs to infinity.
    keep : ndarray of int
        Columns to use; redundant ones among them may be dropped.
    start : ndarray, shape (p,), or None
        Starting coefficients.
    order : ndarray of int, shape (p,)
        All columns; of redundant ones those that are later in it are dropped.

    Returns
    -------
    FittedModel

    Raises
    ------
    FitError
        If nothing that is tried gives finite coefficients.
    """
    try:
        solution, keep = solve_somehow(problem, keep, start, order)
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
        problem.totals.mean_columns,
        solution.deviance,
        solution.pearson,
        solution.converged or solution.runaway,
        _separation(problem, labels, solution) if solution.runaway else None,
    )


def _fit_penalized(name: str, problem: HeldProblem, keep: IntArray, order: IntArray) -> FittedModel:
    """Fit by Firth's penalty, after redundant columns are dropped; nothing runs to infinity."""
    keep = np.intersect1d(keep, independent_columns(problem, order))
    solution = solve_firth(name, problem, keep)
    return FittedModel(
        name,
        problem.family,
        problem.matrix,
        solution.params,
        keep,
        problem.totals.mean_columns,
        solution.deviance,
        solution.pearson,
        solution.converged,
        None,
        "firth",
    )


def _separation(problem: Problem, labels: tuple[str, ...], solution: Solution) -> Separation:
    """Name the columns and groups in which the last Newton step is still large."""
    reach, strongest = np.zeros(problem.matrix.n_columns), 0.0
    present, touched = np.zeros((2, len(labels)), dtype=bool)
    for rows in problem.blocks():
        training = rows.weight > 0
        reach = np.maximum(reach, np.abs(rows.x[training]).max(axis=0, initial=0.0))
        strength = pull(problem.family, rows.x @ solution.params + rows.offset)
        moving = training & (np.abs(rows.x @ solution.step) * strength > RUNAWAY_STEP)
        strongest = max(strongest, float(strength[moving].max(initial=0.0)))
        present[rows.group[training]] = True
        touched[rows.group[moving]] = True
    columns = np.flatnonzero(np.abs(solution.step) * reach * strongest > RUNAWAY_STEP)
    terms = dict.fromkeys(
        problem.matrix.terms[problem.matrix.term_of[j]]
        for j in columns
        if problem.matrix.term_of[j] >= 0
    )
    some = not touched[present].all()
    groups = tuple(labels[g] for g in np.flatnonzero(touched)) if some else ()
    return Separation(tuple(problem.matrix.names[j] for j in columns), tuple(terms), groups)


def predict(model: FittedModel, design: Design, rows: IntArray) -> FloatArray:
    """Return the predicted means of some rows, offset included, shape (len(rows),)."""
    eta = linear_predictor(model, design, rows)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return np.asarray(model.family.link.inverse(eta), dtype=np.float64)


def linear_predictor(model: FittedModel, design: Design, rows: IntArray) -> FloatArray:
    """Return the linear predictors of some rows, offset included, shape (len(rows),)."""
    eta = np.asarray(model.matrix.rows(rows) @ model.params, dtype=np.float64)
    return eta if design.offset is None else eta + design.offset[rows]
