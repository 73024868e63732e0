"""How well the terms that a model ranks highest explain its own predictions.

For a GLM every attribution method of the gradient kind is a positive multiple of a term's
contribution c = Σ β·(x − baseline), so the ranking and every masked prediction are exact sums.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from bopstats._typing import FloatArray, IntArray
from bopstats._validation import check_count, check_share, is_number
from bopstats.design import Design
from bopstats.fitting.models import FittedModel

_CHUNK = 4096


@dataclass(frozen=True)
class Masked:
    """Predictions of some people: as they are, with the top terms only, and without them.

    All arrays have shape (rows,).
    """

    whole: FloatArray
    top_only: FloatArray
    without_top: FloatArray


def top_count(top: Any, n_terms: int) -> int:
    """Return how many terms are kept: a share of the generic model's terms, rounded up, or a count.

    Parameters
    ----------
    top : float or int
        A float in (0, 1] is a share, an integer of at least 1 a count.
    n_terms : int
        Number of terms of the generic model.

    Raises
    ------
    ArgumentError
        If `top` is neither.
    """
    if is_number(top) and isinstance(top, (float, np.floating)):
        share = 1.0 if top == 1.0 else check_share("top", top)
        return math.ceil(share * n_terms - 1e-12)
    return check_count("top", top, low=1, high=n_terms)


def masked_predictions(model: FittedModel, design: Design, rows: IntArray, count: int) -> Masked:
    """Predict with the `count` top terms kept, and with them masked to the baseline.

    Terms are ranked by |c|, which ranks |integrated gradients| on the response scale, since these
    are c·(μ(η) − μ(η₀))/(η − η₀); ties in formula order. The intercept and the offset are neither
    masked nor counted (Cornelis et al. 2025, sufficiency and incomprehensiveness).

    Parameters
    ----------
    model : FittedModel
        The model; its baseline is the mean of the training rows' columns.
    design : Design
        For the offset.
    rows : ndarray of int
        Which rows.
    count : int
        Number of terms r.
    """
    matrix, size = model.matrix, len(model.matrix.terms)
    columns = np.flatnonzero(matrix.term_of >= 0)
    by_term = np.zeros((matrix.n_columns, size))
    by_term[columns, matrix.term_of[columns]] = model.params[columns]
    at_baseline = model.baseline @ by_term
    intercept = float(model.params[matrix.term_of < 0].sum())
    base = intercept + float(at_baseline.sum())
    parts = np.empty((3, len(rows)))
    for start in range(0, len(rows), _CHUNK):
        where = rows[start : start + _CHUNK]
        contribution = matrix.rows(where) @ by_term - at_baseline
        order = np.argsort(-np.abs(contribution), axis=1, kind="stable")[:, :count]
        top = np.take_along_axis(contribution, order, axis=1).sum(axis=1)
        whole = base + contribution.sum(axis=1)
        eta = np.stack([whole, base + top, whole - top])
        if design.offset is not None:
            eta += design.offset[where]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            parts[:, start : start + _CHUNK] = model.family.link.inverse(eta)
    return Masked(*parts)


def explanation_cost(
    whole: FloatArray, masked: FloatArray, binomial: bool, threshold: float
) -> FloatArray:
    """Return L of each person: 1 where the predicted class changes, or the squared change of μ."""
    if binomial:
        return np.asarray((whole >= threshold) != (masked >= threshold), dtype=np.float64)
    change = whole - masked
    return change * change
