"""Covariance of a GLM's coefficients in a survey with strata, which statsmodels does not have."""

from __future__ import annotations

from typing import Any

import numpy as np

from bopstats._typing import FloatArray, IntArray
from bopstats.design import Design
from bopstats.sampling import between_units_matrix


def is_survey(design: Design) -> bool:
    """Tell whether rows are not a simple sample, so that covariances must be robust."""
    complex_ = design.cluster is not None or design.stratum is not None
    return complex_ or design.weight_type == "prob"


def degrees_of_freedom(design: Design) -> float:
    """Return sampling units less strata; without strata these are one."""
    if design.stratum is None and design.cluster is None:
        return design.n - 1.0
    units = _units(design)[2]
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
    unit, stratum, units = _units(design)
    if copies:
        return between_units_matrix(
            np.repeat(influence, weight.astype(np.int64), axis=0), stratum, units
        )
    values = np.zeros((len(stratum), influence.shape[1]))
    np.add.at(values, unit[rows], influence)
    return between_units_matrix(values, stratum, units)


def _units(design: Design) -> tuple[IntArray, IntArray, FloatArray]:
    """Return each row's unit, each unit's stratum, and the units of a stratum.

    A copy of a frequency weight is a unit, and units are then in the order of the rows.
    """
    everyone = np.zeros(design.n, dtype=np.int64) if design.stratum is None else design.stratum
    of_row = np.unique(everyone, return_inverse=True)[1]
    unit, stratum = np.arange(design.n), of_row
    if design.cluster is not None:
        unit = np.unique(design.cluster, return_inverse=True)[1]
        stratum = np.empty(unit.max() + 1, dtype=np.int64)
        stratum[unit] = of_row
        if design.weight_type == "freq" and design.weight is not None:
            there = np.bincount(unit, design.weight) > 0
            stratum = stratum[there]
            unit = (np.cumsum(there) - 1)[unit]
    elif design.weight_type == "freq" and design.weight is not None:
        stratum = np.repeat(of_row, design.weight.astype(np.int64))
    return unit, stratum, np.bincount(stratum, minlength=of_row.max() + 1).astype(np.float64)
