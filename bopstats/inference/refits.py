"""Intervals from models that were fitted again: nested cross-validation, refit bootstrap."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from bopstats._typing import FloatArray
from bopstats.evaluation import Refitted


def normal_figures(refitted: Refitted, cost: int, alpha: float, null: float) -> FloatArray:
    """Return low, high, p for benefit and p for harm of one cost, shape (4, G + 1).

    Normal limits at 1 − alpha, one-sided p-values against benefit above and below `null`.
    """
    centre, std_err = refitted.centre[cost], refitted.std_err[cost]
    half = -ndtri(alpha / 2) * std_err
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (centre - null) / std_err
    return np.stack([centre - half, centre + half, ndtr(-z), ndtr(z)])


def nested_intervals(
    inner: FloatArray,
    outer: FloatArray,
    variance: FloatArray,
    weight: FloatArray,
    naive: FloatArray,
) -> Refitted:
    r"""Return nested cross-validation's centre and standard error (Bates et al. 2024, sec. 4).

    Parameters
    ----------
    inner, outer, variance : ndarray, shape (R, K, C, G + 1)
        Means of inner and outer benefits and the variance of the outer mean, by partition and
        fold.
    weight : ndarray, shape (R, K, G + 1)
        Weight of a fold's people of a group.
    naive : ndarray, shape (C, G + 1)
        Standard error of plain cross-validation; the nested one is kept between it and √K times
        it, as its authors do.

    Notes
    -----
    With :math:`a = (\bar e_\text{in} - \bar e_\text{out})^2` and
    :math:`b = \widehat{\text{Var}}(\bar e_\text{out})`, MSE = mean(a − b) over folds and
    partitions, SE = √((K − 1)/K · MSE), and the centre is
    :math:`\widehat{E}_\text{ncv} - (1 + (K-2)/K)(\widehat{E}_\text{ncv} - \widehat{E}_\text{cv})`.
    Folds with fewer than two people of a group say nothing about it and are left out.
    """
    folds = inner.shape[1]
    known = np.isfinite(inner) & np.isfinite(outer) & np.isfinite(variance)
    count = known.sum(axis=(0, 1))
    out = np.where(known, weight[:, :, None, :], 0.0)
    rest = np.where(known, weight.sum(axis=1)[:, None, None, :] - out, 0.0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        gap = np.where(known, (inner - outer) ** 2 - variance, 0.0).sum(axis=(0, 1)) / count
        ncv = np.where(known, rest * inner, 0.0).sum(axis=(0, 1)) / rest.sum(axis=(0, 1))
        plain = np.where(known, out * outer, 0.0).sum(axis=(0, 1)) / out.sum(axis=(0, 1))
    raw = np.sqrt(np.maximum(gap, 0.0) * (folds - 1) / folds)
    std_err = np.clip(raw, naive, np.sqrt(folds) * naive)
    centre = ncv - (1 + (folds - 2) / folds) * (ncv - plain)
    return Refitted("nested", centre, np.where(count > 0, std_err, np.nan))


def refit_intervals(replicates: FloatArray, centre: FloatArray) -> Refitted:
    """Return the reported benefit with the standard deviation of the refitted replicates.

    Only the spread is taken from the replicates: their own mean is lower, since a bootstrap sample
    holds 63 % of the distinct people and models trained on fewer people benefit less.

    Parameters
    ----------
    replicates : ndarray, shape (B, C, G + 1)
        Mean benefits of bootstrap samples.
    centre : ndarray, shape (C, G + 1)
        Reported benefits.
    """
    with np.errstate(invalid="ignore"):  # an infinite replicate has no spread
        return Refitted("refit bootstrap", centre, replicates.std(axis=0, ddof=1))
