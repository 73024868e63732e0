"""Results of a model fitted with Firth's penalty, for which statsmodels has none."""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from scipy.linalg import lstsq

from bopstats._typing import FloatArray
from bopstats._validation import check_share
from bopstats.design import Design
from bopstats.exceptions import ConvergenceWarning, FitError
from bopstats.fitting.firth import (
    ITERATIONS,
    TOLERANCE,
    PenalizedLikelihood,
    fit_standardised,
    restricted_maximum,
)
from bopstats.fitting.irls import Problem
from bopstats.fitting.models import FittedModel, FittedPair


def likelihood_of(model: FittedModel, design: Design) -> PenalizedLikelihood:
    """Return the penalised log likelihood that a model fitted on all rows maximises."""
    weight = np.ones(design.n) if design.weight is None else design.weight
    problem = Problem(model.matrix, design.outcome.values, model.family, design.offset, weight)
    return PenalizedLikelihood.of(problem, model.keep)


def penalized_ratio(pair: FittedPair, design: Design) -> tuple[float, int]:
    """Return twice the loss of penalised log likelihood without the personal terms, and its df.

    Both maxima are of the personalized model's penalised likelihood (Heinze and Schemper 2002).
    """
    full = likelihood_of(pair.personalized, design)
    best = full.at(full.standardised(pair.personalized.params[pair.personalized.keep]))[0]
    into = lstsq(full.columns, likelihood_of(pair.generic, design).columns)[0]
    without = restricted_maximum(full, np.asarray(into, dtype=np.float64))
    if np.isnan(without):
        raise FitError("anova: the penalised fit without the personal terms did not converge")
    return max(2 * (best - without), 0.0), len(pair.personalized.keep) - len(pair.generic.keep)


class PenalizedResults:
    r"""A logistic model fitted on all used rows with Firth's penalty.

    Members are named as in statsmodels; columns dropped as redundant are left out.

    Attributes
    ----------
    params, bse : Series
        Coefficients, and standard errors from the inverse of the information X'WX at them.
    llf : float
        Penalised log likelihood :math:`\ell(\beta) + \tfrac12\log|X'WX|`.
    deviance : float
        Without the penalty.
    scale : float
        1.
    nobs : int
        Rows; with frequency weights, their sum.
    df_resid : int
        `nobs` minus the number of coefficients.

    Notes
    -----
    p-values and confidence limits are those of the penalised profile likelihood, as Heinze and
    Schemper (2002) advise, not Wald's: where a group predicts the outcome perfectly, the
    likelihood is far from symmetric.
    """

    def __init__(self, model: FittedModel, design: Design) -> None:
        self._likelihood = likelihood_of(model, design)
        self._name = model.name
        names = [model.matrix.names[j] for j in model.keep]
        self._covariance = np.linalg.inv(model.information)
        self.params = pd.Series(model.params[model.keep], index=names)
        self.bse = pd.Series(np.sqrt(np.diag(self._covariance)), index=names)
        self.llf = self._likelihood.at(self._likelihood.standardised(model.params[model.keep]))[0]
        self.deviance = model.deviance
        self.scale = 1.0
        self.nobs = round(float(self._likelihood.weight.sum()))
        self.df_resid = self.nobs - len(names)

    def __repr__(self) -> str:
        """Return a useful line."""
        return f"<PenalizedResults: {self._name} model, Firth penalty, n = {self.nobs}>"

    def cov_params(self) -> pd.DataFrame:
        """Return the inverse of X'WX at the estimate, shape (p, p)."""
        names = self.params.index
        return pd.DataFrame(self._covariance, index=names, columns=names)

    @cached_property
    def pvalues(self) -> pd.Series[float]:
        """p-values of the penalised likelihood ratio test of each coefficient."""
        size = len(self.params)
        spaces = [np.delete(np.eye(size), j, axis=1) for j in range(size)]
        spaces[self._likelihood.intercept] = self._likelihood.intercept_first()[0][:, 1:]
        without = [restricted_maximum(self._likelihood, space) for space in spaces]
        lost = np.maximum(2 * (self.llf - np.array(without)), 0.0)
        return pd.Series(stats.chi2.sf(lost, 1), index=self.params.index)

    def conf_int(self, alpha: float = 0.05) -> pd.DataFrame:
        """Return limits of the penalised profile likelihood, columns 0 and 1.

        Parameters
        ----------
        alpha : float
            Limits at 1 − alpha.

        Returns
        -------
        DataFrame, shape (p, 2)
            nan, with a `ConvergenceWarning`, where a limit was not found.
        """
        alpha = check_share("alpha", alpha)
        likelihood, size = self._likelihood, len(self.params)
        rotation, length = likelihood.intercept_first()
        slopes = [j for j in range(size) if j != likelihood.intercept]
        limits = np.empty((size, 2))
        limits[slopes] = _limits(self._fit, alpha, slopes) / likelihood.scale[slopes, None]
        rotated = fit_standardised(self._name, likelihood, rotation)
        limits[likelihood.intercept] = _limits(rotated, alpha, [0])[0] * length
        known = np.isfinite(limits).all(axis=1)
        if not known.all():
            lost = ", ".join(self.params.index[~known])
            text = f"conf_int: no profile limit was found for {lost} of the {self._name} model"
            warnings.warn(text, ConvergenceWarning, stacklevel=2)
        return pd.DataFrame(limits, index=self.params.index)

    @cached_property
    def _fit(self) -> Any:
        return fit_standardised(self._name, self._likelihood)


def _limits(model: Any, alpha: float, which: list[int]) -> FloatArray:
    """Return profile limits of some coefficients of a fit by firthmodels, shape (len(which), 2)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is not found is nan, and named by the caller
        found = model.conf_int(
            alpha, method="pl", features=which, max_iter=ITERATIONS, tol=TOLERANCE
        )
    return np.asarray(found, dtype=np.float64)[which]
