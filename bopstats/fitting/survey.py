"""Covariance of a GLM's coefficients in a survey with strata, which statsmodels does not have."""

from __future__ import annotations

from typing import Any

import numpy as np

from bopstats._typing import FloatArray, IntArray
from bopstats.design import Design
from bopstats.sampling import between_units_matrix, units_by_stratum


def is_survey(design: Design) -> bool:
    """Tell whether rows are not a simple sample, so that covariances must be robust."""
    complex_ = design.cluster is not None or design.stratum is not None
    return complex_ or design.weight_type == "prob"


def degrees_of_freedom(design: Design) -> float:
    """Return sampling units less strata; without strata these are one."""
    units = _units(design)
    return float(units.sum() - len(units))


def stratified_covariance(results: Any, design: Design, rows: IntArray) -> FloatArray:
    r"""Return the design-based covariance of coefficients, shape (p, p).

    Parameters
    ----------
    results : GLMResults
        Of a model fitted on the design's rows `rows`.
    design : Design
        With strata.
    rows : ndarray of int
        The rows of positive weight.

    Notes
    -----
    With :math:`s_i` a row's score, A the expected information and
    :math:`u_c = A^{-1} \sum_{i \in c} s_i` for a unit c, a cluster or else a row,

    .. math:: V = \sum_h \frac{C_h}{C_h - 1} \sum_{c \in h} (u_c - \bar u_h) (u_c - \bar u_h)'

    (Binder 1983; R's ``survey::svyglm``).

    References
    ----------
    Binder, D. A. (1983). International Statistical Review 51, 279–292.
    """
    family, mu = results.model.family, np.asarray(results.fittedvalues)
    weight = np.ones(len(rows)) if design.weight is None else design.weight[rows]
    copies = design.weight_type == "freq" and design.cluster is None
    variance, slope, exog = family.variance(mu), family.link.deriv(mu), results.model.exog
    # At the fitted means: statsmodels keeps the weights from before its last step.
    information = (exog * (weight / (variance * slope**2))[:, None]).T @ exog
    pull = (np.ones(len(rows)) if copies else weight) * (results.model.endog - mu)
    scores = exog * (pull / (variance * slope))[:, None]
    influence = np.linalg.solve(information, scores.T).T
    stratum, units = _strata(design), _units(design)
    if copies:
        times = weight.astype(np.int64)
        return between_units_matrix(
            np.repeat(influence, times, axis=0), np.repeat(stratum[rows], times), units
        )
    if design.cluster is None:
        return between_units_matrix(influence, stratum[rows], units)
    names, first, unit = np.unique(design.cluster, return_index=True, return_inverse=True)
    values = np.zeros((len(names), influence.shape[1]))
    np.add.at(values, unit[rows], influence)
    return between_units_matrix(values, stratum[first], units)


def _strata(design: Design) -> IntArray:
    """Return the number of each row's stratum, 0 without strata."""
    if design.stratum is None:
        return np.zeros(design.n, dtype=np.int64)
    return np.unique(design.stratum, return_inverse=True)[1]


def _units(design: Design) -> FloatArray:
    """Return the number of sampling units in each stratum."""
    copies = design.weight if design.weight_type == "freq" else None
    return units_by_stratum(_strata(design), design.cluster, copies)
