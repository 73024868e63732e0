"""Results of a model fitted with Firth's penalty, for which statsmodels has none."""

from __future__ import annotations

import warnings
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import stats
from scipy.linalg import lstsq
from scipy.optimize import brentq

from bopstats._typing import BoolArray
from bopstats._validation import check_share
from bopstats.design import Design
from bopstats.exceptions import ConvergenceWarning, FitError
from bopstats.fitting.firth import (
    PenalizedLikelihood,
    ascend,
)
from bopstats.fitting.models import FittedModel, FittedPair
from bopstats.fitting.problems import HeldProblem

# Distances of a profile limit, as multiples of a Wald limit's, between which it is looked for.
_DISTANCES = (0.0, 0.9, *1.1 * 1.3 ** np.arange(24))
_XTOL = 1e-7


def likelihood_of(model: FittedModel, design: Design) -> PenalizedLikelihood:
    """Return the penalised log likelihood that a model fitted on all rows maximises."""
    weight = np.ones(design.n) if design.weight is None else design.weight
    problem = HeldProblem.of(design, model.matrix, model.family, weight)
    return PenalizedLikelihood.of(problem, model.keep)


def penalized_ratio(pair: FittedPair, design: Design) -> tuple[float, int]:
    """Return twice the loss of penalised log likelihood without the personal terms, and its df.

    Both maxima are of the personalized model's penalised likelihood (Heinze and Schemper 2002).
    """
    full = likelihood_of(pair.personalized, design)
    best = full.at(full.standardised(pair.personalized.params[pair.personalized.keep]))[0]
    generic = likelihood_of(pair.generic, design).columns
    into = np.asarray(lstsq(full.columns, generic)[0], dtype=np.float64)
    without = ascend(full, np.zeros(len(full.scale)), into)
    if not without.converged:
        raise FitError("anova: the penalised fit without the personal terms did not converge")
    df = len(pair.personalized.keep) - len(pair.generic.keep)
    return max(2 * (best - without.value), 0.0), df


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
    limits : dict from float to DataFrame
        Limits found so far, by alpha.

    Notes
    -----
    p-values and confidence limits are those of the penalised profile likelihood, as Heinze and
    Schemper (2002) advise, not Wald's: where a group predicts the outcome perfectly, the
    likelihood is far from symmetric.
    """

    def __init__(self, model: FittedModel, design: Design) -> None:
        self._likelihood = likelihood_of(model, design)
        self._name = model.name
        likelihood = self._likelihood
        names = [model.matrix.names[j] for j in model.keep]
        self._beta = likelihood.standardised(model.params[model.keep])
        self._inverse = np.linalg.inv(likelihood.information(self._beta))
        self._covariance = likelihood.back @ self._inverse @ likelihood.back.T
        self.params = pd.Series(model.params[model.keep], index=names)
        self.bse = pd.Series(np.sqrt(np.diag(self._covariance)), index=names)
        self.llf = likelihood.at(self._beta)[0]
        self.deviance = model.deviance
        self.scale = 1.0
        self.nobs = round(float(likelihood.weight.sum()))
        self.df_resid = self.nobs - len(names)
        self.limits: dict[float, pd.DataFrame] = {}

    def __repr__(self) -> str:
        """Return a useful line."""
        return f"<PenalizedResults: {self._name} model, Firth penalty, n = {self.nobs}>"

    def cov_params(self) -> pd.DataFrame:
        """Return the inverse of X'WX at the estimate, shape (p, p)."""
        names = self.params.index
        return pd.DataFrame(self._covariance, index=names, columns=names)

    @cached_property
    def pvalues(self) -> pd.Series[float]:
        """p-values of the penalised likelihood ratio test of each coefficient.

        nan, with a `ConvergenceWarning`, where the fit without one was not found.
        """
        lost = np.array([self._lost(j, 0.0) for j in range(len(self.params))])
        self._warn("pvalues: no fit without the coefficient", np.isfinite(lost))
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
        largest = float(stats.chi2.isf(alpha, 1))
        if alpha in self.limits:
            return self.limits[alpha].copy()
        places = range(len(self.params))
        limits = np.array([[self._limit(j, sign, largest) for sign in (-1, 1)] for j in places])
        self._warn("conf_int: no profile limit", np.isfinite(limits).all(axis=1))
        self.limits[alpha] = pd.DataFrame(limits, index=self.params.index)
        return self.limits[alpha].copy()

    def _warn(self, what: str, known: BoolArray) -> None:
        """Warn of the coefficients for which something was not found."""
        if not known.all():
            lost = ", ".join(self.params.index[np.flatnonzero(~known)])
            text = f"{what} was found for {lost} of the {self._name} model"
            warnings.warn(text, ConvergenceWarning, stacklevel=3)

    def _lost(self, j: int, value: float) -> float:
        """Return twice the penalised log likelihood lost where coefficient j has this value."""
        likelihood, direction = self._likelihood, self._likelihood.back[j]
        tangent = self._inverse @ direction
        near = self._beta + (value - self.params.iloc[j]) / (direction @ tangent) * tangent
        plain = value / (direction @ direction) * direction  # the other coefficients 0
        others = np.linalg.qr(direction[:, None], mode="complete")[0][:, 1:]
        start = near if np.isfinite(likelihood.at(near)[0]) else plain
        top = ascend(likelihood, start, others)
        return max(2 * (self.llf - top.value), 0.0) if top.converged else np.nan

    def _limit(self, j: int, sign: int, largest: float) -> float:
        """Return where, on one side of the estimate, the loss reaches `largest`."""
        centre, unit = self.params.iloc[j], sign * np.sqrt(largest) * self.bse.iloc[j]

        def excess(times: float) -> float:
            return self._lost(j, centre + times * unit) - largest

        for near, far in pairwise(_DISTANCES):
            loss = excess(far)
            if loss > 0:
                try:
                    return float(centre + unit * brentq(excess, near, far, xtol=_XTOL))
                except ValueError:  # the others' maximum was not found in between
                    return np.nan
            if np.isnan(loss):
                break
        return np.nan
