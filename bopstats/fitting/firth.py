r"""Firth's bias-reduced logistic regression, fitted by the package firthmodels.

The penalised log likelihood is :math:`\ell(\beta) + \tfrac12\log|X'WX|`, W = diag(w μ(1 − μ))
(Firth 1993; Heinze and Schemper 2002). Its maximum is finite also where a group predicts the
outcome perfectly. A row of frequency w counts as w rows, exactly.
"""

from __future__ import annotations

import importlib.util
import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import cho_factor, solve_triangular
from scipy.special import expit

from bopstats._typing import FloatArray, IntArray
from bopstats.design import Design
from bopstats.exceptions import ArgumentError, FitError
from bopstats.fitting.families import family_name, link_name
from bopstats.fitting.irls import Solution, evaluate
from bopstats.fitting.problems import HeldProblem

# Of the package, whose steps rounding can stall below.
_TOLERANCE, _ITERATIONS = 1e-6, 100
# Lengths of a step in standard errors: where to stop, and what is as good as there.
_LAST_STEP, _CONVERGED = 1e-9, 1e-7
_MAX_STEPS, _MAX_HALVINGS = 200, 30
# Relative loss of log likelihood that is taken for rounding, also in the determinant.
_ROUNDING = 1e-9


def check_firth(design: Design, family: Any) -> None:
    """Raise unless Firth's penalty can be honoured exactly.

    Raises
    ------
    ArgumentError
        If the package firthmodels is not installed, the family is not binomial with the logit
        link, weights are not frequencies, or there are clusters or strata.
    """
    if importlib.util.find_spec("firthmodels") is None:
        raise ArgumentError(
            "penalty: 'firth' needs the package firthmodels; pip install 'bopstats[firth]'"
        )
    name, link = family_name(family), link_name(family)
    if (name, link) != ("binomial", "logit"):
        got = f"'firth' with the {name} family, {link} link"
        raise ArgumentError(f"penalty: got {got}; allowed: the binomial family with the logit link")
    if design.weight_type not in (None, "freq"):
        raise ArgumentError(
            f"penalty: got 'firth' with weight_type={design.weight_type!r}; allowed: no weights, "
            "or 'freq' (the penalty depends on how other weights are scaled)"
        )
    if design.cluster is not None or design.stratum is not None:
        role = "strata" if design.cluster is None else "cluster"
        raise ArgumentError(
            f"penalty: got 'firth' with {role}=; allowed: independent rows (the penalised "
            "likelihood ratio knows no clusters or strata; id= keeps rows in one fold)"
        )


@dataclass(frozen=True)
class PenalizedLikelihood:
    """The penalised log likelihood of some rows, in standardised columns.

    Firth's estimate does not depend on how columns are centred and scaled; numbers do.

    Parameters
    ----------
    columns : ndarray, shape (m, p)
        Standardised columns of the rows with weight, the intercept among them.
    y, weight, offset : ndarray, shape (m,)
        0 or 1; frequency; offset of the linear predictor.
    mean, scale : ndarray, shape (p,)
        What was taken off each column, and what it was then divided by; 0 and 1 for the intercept.
    intercept : int
        Which column is the intercept.
    """

    columns: FloatArray
    y: FloatArray
    weight: FloatArray
    offset: FloatArray
    mean: FloatArray
    scale: FloatArray
    intercept: int

    @classmethod
    def of(cls, problem: HeldProblem, keep: IntArray) -> PenalizedLikelihood:
        """Return the likelihood of a problem's training rows in the columns `keep`."""
        rows = np.flatnonzero(problem.weight > 0)
        x = problem.matrix.rows(rows)[:, keep]
        constant = problem.matrix.term_of[keep] < 0
        weight = problem.weight[rows]
        mean = np.where(constant, 0.0, np.average(x, axis=0, weights=weight))
        spread = np.sqrt(np.average((x - mean) ** 2, axis=0, weights=weight))
        scale = np.where(constant, 1.0, spread)
        offset = np.zeros(len(rows)) if problem.offset is None else problem.offset[rows]
        return cls(
            (x - mean) / scale,
            problem.y[rows],
            weight,
            offset,
            mean,
            scale,
            int(np.flatnonzero(constant)[0]),
        )

    def information(self, beta: FloatArray) -> FloatArray:
        """Return X'WX of the standardised columns at `beta`, shape (p, p)."""
        root = self._weighted(beta)[1]
        return np.asarray(root.T @ root, dtype=np.float64)

    def at(self, beta: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        r"""Return value, gradient and curvature at `beta` (of the standardised columns).

        The value is that of the columns as they were before. The curvature is the information of
        rows with the hat values h added to their weights; the gradient is
        :math:`X'[w(y - \mu) + h(1/2 - \mu)]`. The value is −∞ where means are 0 or 1 in working
        accuracy, so that the information is singular.
        """
        eta, root = self._weighted(beta)
        try:
            factor, _ = cho_factor(root.T @ root, lower=True)
        except np.linalg.LinAlgError:
            return -np.inf, np.zeros_like(beta), np.zeros((len(beta), len(beta)))
        hat = np.square(solve_triangular(factor, root.T, lower=True)).sum(axis=0)
        half_log_det = np.log(np.diag(factor)).sum() + np.log(self.scale).sum()
        value = self.weight @ (self.y * eta - np.logaddexp(0.0, eta)) + half_log_det
        mu = expit(eta)
        gradient = self.columns.T @ (self.weight * (self.y - mu) + hat * (0.5 - mu))
        more = root * np.sqrt(1 + hat / self.weight)[:, None]
        return float(value), gradient, more.T @ more

    def _weighted(self, beta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the linear predictor, and the columns times √(w μ(1 − μ))."""
        eta = self.columns @ beta + self.offset
        return eta, self.columns * np.sqrt(self.weight * expit(eta) * expit(-eta))[:, None]

    @property
    def back(self) -> FloatArray:
        """Matrix from these coefficients to those of the columns as they were, shape (p, p)."""
        matrix = np.diag(1.0 / self.scale)
        matrix[self.intercept] -= self.mean / self.scale
        return matrix

    def standardised(self, params: FloatArray) -> FloatArray:
        """Return the coefficients of the standardised columns."""
        beta = params * self.scale
        beta[self.intercept] += self.mean @ params
        return beta


def solve_firth(name: str, problem: HeldProblem, keep: IntArray) -> Solution:
    """Fit Firth's penalised logistic regression.

    Parameters
    ----------
    name : str
        Of the model, for the error.
    problem : HeldProblem
        What to fit; weights are frequencies.
    keep : ndarray of int
        Linearly independent columns; the others get 0.

    Returns
    -------
    Solution
        `deviance` and `pearson` are those of the likelihood without penalty.
        The package's estimate is taken to the last digits by a few scoring steps more.

    Raises
    ------
    FitError
        If the training rows hold one class only, or fewer rows than columns.
    """
    likelihood = PenalizedLikelihood.of(problem, keep)
    top = ascend(likelihood, _start(name, likelihood))
    params, step = (np.zeros(problem.matrix.n_columns) for _ in range(2))
    params[keep], step[keep] = likelihood.back @ top.beta, likelihood.back @ top.step
    end = evaluate(problem, keep, params[keep])
    return Solution(params, step, end.deviance, end.pearson, top.converged, False)


def _start(name: str, likelihood: PenalizedLikelihood) -> FloatArray:
    """Return the estimate of the package, in standardised columns."""
    from firthmodels import FirthLogisticRegression

    y = likelihood.y
    if y.min() == y.max():
        raise FitError(
            f"the {name} model could not be fitted: its training rows all have outcome {y[0]:g}; "
            "use fewer folds or more rows"
        )
    # The backend is named, so that numbers do not depend on whether numba is installed.
    model = FirthLogisticRegression(
        backend="numpy",
        fit_intercept=False,
        max_iter=_ITERATIONS,
        gtol=_TOLERANCE,
        xtol=_TOLERANCE,
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # convergence is found out, and said, by us
            model.fit(
                likelihood.columns, y, sample_weight=likelihood.weight, offset=likelihood.offset
            )
    except (ValueError, np.linalg.LinAlgError) as error:
        raise FitError(f"the {name} model could not be fitted: {error}") from error
    return np.asarray(model.coef_, dtype=np.float64)


@dataclass(frozen=True)
class Top:
    """Where an ascent ended: coefficients, value, and the step that would come next."""

    beta: FloatArray
    value: float
    step: FloatArray
    converged: bool


def ascend(
    likelihood: PenalizedLikelihood, beta: FloatArray, along: FloatArray | None = None
) -> Top:
    """Maximise a penalised log likelihood by scoring, steps halved while they lose.

    Parameters
    ----------
    likelihood : PenalizedLikelihood
        What to maximise.
    beta : ndarray, shape (p,)
        Where to start.
    along : ndarray, shape (p, q), optional
        Directions that may be taken; by default all.
    """
    along = np.eye(len(beta)) if along is None else along
    value, gradient, curvature = likelihood.at(beta)
    step, length = np.zeros_like(beta), math.inf
    for _ in range(_MAX_STEPS):
        slope = along.T @ gradient
        try:
            inner = np.linalg.solve(along.T @ curvature @ along, slope)
        except np.linalg.LinAlgError:
            return Top(beta, value, step, False)
        before, length = length, math.sqrt(max(float(inner @ slope), 0.0))
        step = np.asarray(along @ inner, dtype=np.float64)
        if length <= _LAST_STEP or _CONVERGED >= length > 0.9 * before:  # rounding is reached
            break
        trial = likelihood.at(beta + step)
        for _ in range(_MAX_HALVINGS):
            if trial[0] >= value - _ROUNDING * (1 + abs(value)):
                break
            step = step / 2
            trial = likelihood.at(beta + step)
        beta, (value, gradient, curvature) = beta + step, trial
    return Top(beta, value, step, length <= _CONVERGED)
