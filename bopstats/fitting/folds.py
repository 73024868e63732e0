"""Fits without each fold in turn, all of them in common passes over the rows.

Leaving out a fold moves the coefficients by about half a standard error. So one pass sums the
curvature at the fits on all rows, fold by fold, which gives every training set a Newton step; then
passes that only sum scores, at a fraction of the cost, correct all fits at once with that
curvature (the chord method). Each such pass multiplies the error by a number about as small as the
first step was, so that few are needed. A fit for which they do not settle, as with separation, is
left to be fitted by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple, Self

import numpy as np

from bopstats._typing import FloatArray, IntArray
from bopstats.design import Design
from bopstats.fitting.irls import CHUNK, IllConditionedError, cross, newton, rounding
from bopstats.fitting.models import FittedModel, FittedPair
from bopstats.fitting.working import working

_TOLERANCE = 1e-9  # of the last step, in standard errors
_MOST_PASSES = 20
# A step is at most this share of the one before it, or the fit is left to itself.
_SETTLING = 0.25


class Block(NamedTuple):
    """Some rows of both models."""

    rows: slice
    generic: FloatArray
    personalized: FloatArray


def blocks(design: Design) -> Iterator[Block]:
    """Yield the rows block by block; columns that the models share are made once."""
    for start in range(0, design.n, CHUNK):
        rows = slice(start, start + CHUNK)
        x, take = design.personalized.rows(rows), design.generic.take
        yield Block(rows, design.generic.rows(rows) if take is None else x[:, take], x)


@dataclass(frozen=True)
class Curvature:
    """Sums of one model at one coefficient vector, by fold.

    `information` X'WX (K, p, p) and `score` (K, p) are those of the columns kept; `columns` Σwx
    (K, P) of all columns; `weight` Σw (K,).
    """

    information: FloatArray
    score: FloatArray
    columns: FloatArray
    weight: FloatArray

    def __add__(self, other: Self) -> Curvature:
        """Add the sums of other rows."""
        return Curvature(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def without(self, k: int) -> Curvature:
        """Return the sums of all folds but k, without the axis K; what only k has is exactly 0."""
        others = np.arange(len(self.weight)) != k
        return Curvature(*(getattr(self, f.name)[others].sum(axis=0) for f in fields(self)))


class CurvaturePass(NamedTuple):
    """The pass that sums the curvature of both models at their coefficients."""

    models: tuple[FittedModel, FittedModel]
    n_folds: int

    def __call__(self, design: Design, fold: IntArray) -> tuple[Curvature, Curvature]:
        """Sum a design's rows."""
        found = tuple(self._nothing(model) for model in self.models)
        for block in blocks(design):
            folds = [np.flatnonzero(fold[block.rows] == k) for k in range(self.n_folds)]
            weight = _weight(design, block.rows)
            for model, x, sums in zip(self.models, block[1:], found, strict=True):
                eta = x @ model.params + _offset(design, block.rows)
                at = working(model.family, eta, design.outcome.values[block.rows])
                columns = x.T if len(model.keep) == len(x.T) else x.T[model.keep]
                weighted, score = columns * (weight * at.weight), weight * at.score
                for k, own in enumerate(folds):
                    mine = columns.take(own, axis=1)
                    sums.information[k] += cross(weighted.take(own, axis=1).T, mine.T)
                    sums.score[k] += mine @ score[own]
                    sums.columns[k] += weight[own] @ x[own]
                    sums.weight[k] += weight[own].sum()
        return found

    def _nothing(self, model: FittedModel) -> Curvature:
        folds, size = self.n_folds, len(model.keep)
        shapes = (folds, size, size), (folds, size), (folds, model.matrix.n_columns), (folds,)
        return Curvature(*map(np.zeros, shapes))


class ScorePass(NamedTuple):
    """The pass that sums the scores of many fits at their own coefficients.

    `generic` (p, F) and `personalized` (P, F) are coefficients of all columns; the folds that they
    leave out are `out_generic` and `out_personalized`, shape (F,).
    """

    family: Any
    generic: FloatArray
    out_generic: IntArray
    personalized: FloatArray
    out_personalized: IntArray

    def __call__(self, design: Design, fold: IntArray) -> tuple[FloatArray, FloatArray]:
        """Sum a design's rows: scores of the shapes of the coefficients."""
        fits = ((self.generic, self.out_generic), (self.personalized, self.out_personalized))
        found = tuple(np.zeros_like(beta) for beta, _ in fits)
        for block in blocks(design):
            weight = _weight(design, block.rows)
            y, offset = design.outcome.values[block.rows], _offset(design, block.rows)
            for x, (beta, out), total in zip(block[1:], fits, found, strict=True):
                if not len(out):
                    continue
                # One row a fit, so that both long axes lie in one piece.
                eta = beta.T @ x.T + offset
                score = working(self.family, eta, y).score
                score *= weight * (fold[block.rows] != out[:, None])
                total += x.T @ score.T
        return found


class _Fit:
    """One model's fit without fold k, on its way."""

    def __init__(self, model: FittedModel, sums: Curvature, k: int, noise: float) -> None:
        self.model, self.k, self.params = model, k, model.params.copy()
        self._sums = sums.without(k)
        self._small = max(_TOLERANCE**2 * model.deviance / max(sums.weight.sum(), 1.0), noise)
        self._before, self.moving, self.settled = np.inf, True, False
        self.advance(self._sums.score)

    def advance(self, score: FloatArray) -> None:
        """Take a step from the score of the columns kept, unless it is negligible or too long."""
        try:
            step = newton(self._sums.information, score)
        except IllConditionedError:
            self.moving = False
            return
        length = float(step @ score)  # squared, in standard errors at dispersion 1
        self.settled = length <= self._small
        self.moving = not self.settled and length <= _SETTLING**2 * self._before
        if self.moving:
            self.params[self.model.keep] += step
            self._before = length

    def fitted(self) -> FittedModel | None:
        """Return the model, or None if it did not settle."""
        if not self.settled:
            return None
        return replace(
            self.model,
            params=self.params,
            baseline=self._sums.columns / self._sums.weight,
            information=self._sums.information,
            deviance=np.nan,
            pearson=np.nan,
        )


def fit_folds(
    design: Design, fold: IntArray, n_folds: int, full: FittedPair
) -> list[tuple[FittedModel | None, FittedModel | None]]:
    """Fit both models on the rows outside of each fold, beginning at the fits on all rows.

    Parameters
    ----------
    design : Design
        The rows.
    fold : ndarray of int, shape (n,)
        Each row's fold; it trains the fits of all others.
    n_folds : int
        Number of folds K.
    full : FittedPair
        Fits on all rows, converged and without separation.

    Returns
    -------
    list of K pairs
        The generic and the personalized model of each training set; None for a fit that did not
        settle. Their `deviance` and `pearson` are not computed (nan); their `information` is that
        at the coefficients of the fits on all rows.
    """
    models = (full.generic, full.personalized)
    level = rounding(full.generic.family, design.outcome.values) ** 2
    fits = [
        [_Fit(model, sums, k, len(model.keep) * level) for k in range(n_folds)]
        for model, sums in zip(models, CurvaturePass(models, n_folds)(design, fold), strict=True)
    ]
    for _ in range(_MOST_PASSES):
        moving = [[fit for fit in each if fit.moving] for each in fits]
        if not any(moving):
            break
        told = [_told(model, each) for model, each in zip(models, moving, strict=True)]
        scores = ScorePass(full.generic.family, *told[0], *told[1])(design, fold)
        for each, score in zip(moving, scores, strict=True):
            for fit, own in zip(each, score.T, strict=True):
                fit.advance(own[fit.model.keep])
    return [(one.fitted(), two.fitted()) for one, two in zip(*fits, strict=True)]


def _told(model: FittedModel, fits: Sequence[_Fit]) -> tuple[FloatArray, IntArray]:
    """Return the fits' coefficients, shape (p, F), and the folds that they leave out."""
    params = [fit.params for fit in fits]
    out = np.array([fit.k for fit in fits], dtype=np.int64)
    return np.array(params).reshape(len(fits), model.matrix.n_columns).T, out


def _weight(design: Design, rows: slice) -> FloatArray:
    y = design.outcome.values[rows]
    return np.ones(len(y)) if design.weight is None else design.weight[rows]


def _offset(design: Design, rows: slice) -> FloatArray | float:
    return 0.0 if design.offset is None else design.offset[rows]
