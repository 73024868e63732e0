"""Fits of both models, on all rows and without each fold, in common passes over the rows.

From coefficients that are nearly right, one pass sums the curvature of both models fold by fold,
which gives every fit a Newton step; then passes that only sum scores, at a fraction of the cost,
correct all fits at once with that curvature (the chord method). Each such pass multiplies the error
by a number about as small as the first step was, so that few are needed. A fit for which they do
not settle, as with separation, is left to be fitted by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from bopstats._typing import FloatArray, IntArray
from bopstats.design import Design
from bopstats.fitting.irls import IllConditionedError, newton, rounding
from bopstats.fitting.models import FittedModel, FittedPair
from bopstats.fitting.passes import Curvature, CurvaturePass, DeviancePass, Pair, ScorePass

_TOLERANCE = 1e-10  # of the error that is left, in standard errors
_MOST_PASSES = 20
# A step is at most this share of the one before it, or the fit is left to itself.
_SETTLING = 0.25

Found = list[tuple[FittedModel | None, FittedModel | None]]


class _Fit:
    """One model's fit without a fold, or on all rows (`out` −1), on its way."""

    def __init__(self, model: FittedModel, sums: Curvature, out: int, largest: float) -> None:
        self.model, self.out, self.params = model, out, model.params.copy()
        self._sums = sums.without(out)
        noise = rounding(model.family, largest, float(self._sums.weight))
        self._small = max(_TOLERANCE**2 * self._sums.dispersion, noise)
        # Squared: the last step, and the largest share that a step was of the one before it.
        self._before, self._share = np.inf, 0.0
        # Where means have exploded nothing is known of what is negligible.
        self.moving, self._settled = bool(np.isfinite(self._small)), False
        if self.moving:
            self.advance(self._sums.score)

    def advance(self, score: FloatArray) -> None:
        """Take a step from the score of the columns kept, unless it is negligible or too long.

        The last one is that after which a next one would be negligible, for steps shrink evenly.
        """
        try:
            step = newton(self._sums.information, score)
        except IllConditionedError:
            self.moving = False
            return
        length = float(step @ score)  # squared, in standard errors at dispersion 1
        self._settled = length <= self._small
        self.moving = not self._settled and length <= _SETTLING**2 * self._before
        if not self.moving:
            return
        self.params[self.model.keep] += step
        if np.isfinite(self._before):
            self._share = max(self._share, length / self._before)
            self._settled = length * self._share <= self._small
            self.moving = not self._settled
        self._before = length

    def fitted(self) -> FittedModel | None:
        """Return the model, or None if it did not settle."""
        if not self._settled:
            return None
        return replace(
            self.model,
            params=self.params,
            baseline=self._sums.columns / self._sums.weight,
            deviance=np.nan,
            pearson=np.nan,
        )


class Total(Protocol):
    """Sums what a pass finds over all rows, which may lie in pieces."""

    def __call__(self, task: Callable[[Design, IntArray], Any]) -> Any:
        """Run a pass."""


def fit_together(
    total: Total, start: Pair, outs: Sequence[int], n_folds: int, largest: float
) -> Found:
    """Fit both models, each without one of some folds or on all rows.

    Parameters
    ----------
    total : callable
        Runs a pass over all rows.
    start : pair of FittedModel
        Coefficients to begin from, near those of all rows, and columns to keep.
    outs : sequence of int
        Folds that the fits leave out, −1 for none.
    n_folds : int
        Number of folds K that the rows are in.
    largest : float
        Largest absolute outcome; see `bopstats.fitting.irls.rounding`.

    Returns
    -------
    list of pairs, one for each of `outs`
        The generic and the personalized model; None for a fit that did not settle. `deviance` and
        `pearson` are nan.
    """
    curvature = total(CurvaturePass(start, n_folds))
    fits = [
        [_Fit(model, sums, out, largest) for out in outs]
        for model, sums in zip(start, curvature, strict=True)
    ]
    for _ in range(_MOST_PASSES):
        moving = [[fit for fit in each if fit.moving] for each in fits]
        if not any(moving):
            break
        told = (_told(start[0], moving[0]), _told(start[1], moving[1]))
        for each, score in zip(moving, total(ScorePass(start[0].family, told)), strict=True):
            for fit, own in zip(each, score.T, strict=True):
                fit.advance(own[fit.model.keep])
    return [(one.fitted(), two.fitted()) for one, two in zip(*fits, strict=True)]


def _told(model: FittedModel, fits: Sequence[_Fit]) -> tuple[FloatArray, IntArray]:
    """Return the fits' coefficients, shape (p, F), and the folds that they leave out."""
    params = np.array([fit.params for fit in fits]).reshape(len(fits), model.matrix.n_columns)
    return params.T, np.array([fit.out for fit in fits], dtype=np.int64)


def nearer(total: Total, start: Pair) -> Pair | None:
    """Take a Newton step on all rows, from coefficients of some; None where there is none."""
    found = []
    for model, sums in zip(start, total(CurvaturePass(start, 1)), strict=True):
        try:
            step = newton(sums.information[0], sums.score[0])
        except IllConditionedError:
            return None
        params = model.params.copy()
        params[model.keep] += step
        found.append(replace(model, params=params))
    return found[0], found[1]


def fit_folds(design: Design, fold: IntArray, n_folds: int, full: FittedPair) -> Found:
    """Fit both models on the rows outside of each fold, beginning at the fits on all rows.

    Parameters
    ----------
    design : Design
        The rows.
    fold : ndarray of int, shape (n,)
        Each row's fold.
    n_folds : int
        Number of folds K.
    full : FittedPair
        Fits on all rows, converged and without separation.

    Returns
    -------
    list of K pairs
        As `fit_together` returns them.
    """
    largest = float(np.abs(design.outcome.values).max())
    start = (full.generic, full.personalized)
    return fit_together(lambda task: task(design, fold), start, range(n_folds), n_folds, largest)


def close(design: Design, full: FittedPair) -> FittedPair:
    """Add the deviances of fits on all rows, in a pass of its own."""
    models = (full.generic, full.personalized)
    sums = DeviancePass(models)(design)
    return FittedPair(
        *(
            replace(model, deviance=float(deviance), pearson=float(pearson))
            for model, (deviance, pearson) in zip(models, sums, strict=True)
        )
    )
