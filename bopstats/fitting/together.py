"""Fits of both models, on all rows and without each fold, in common passes over the rows.

From coefficients that are nearly right, one pass sums the curvature of both models fold by fold,
which gives every fit a Newton step; then passes that only sum scores, at a fraction of the cost,
correct all fits at once with that curvature (the chord method). Each such pass multiplies the error
by a number about as small as the first step was, so that few are needed. A fit for which they do
not settle, as with separation, is left to be fitted by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any, NamedTuple, Protocol, Self

import numpy as np

from bopstats._typing import FloatArray, IntArray
from bopstats.design import Design
from bopstats.fitting.families import impossible_means, may_be_impossible
from bopstats.fitting.irls import IllConditionedError, cross, newton, product, rounding
from bopstats.fitting.models import FittedModel, FittedPair
from bopstats.fitting.problems import CHUNK
from bopstats.fitting.working import deviance, scores, working
from bopstats.groups import order_by

_TOLERANCE = 1e-9  # of the last step, in standard errors
_MOST_PASSES = 20
_FAR = 2.0  # steps in standard errors
# A step is at most this share of the one before it, or the fit is left to itself.
_SETTLING = 0.25
# With as many folds as people, all fits' scores of a block would be the largest thing in memory.
_FITS_AT_ONCE = 64


class Block(NamedTuple):
    """Some rows: both models' columns, outcome, weight and offset."""

    rows: slice
    generic: FloatArray
    personalized: FloatArray
    y: FloatArray
    weight: FloatArray
    offset: FloatArray | float


def blocks(design: Design) -> Iterator[Block]:
    """Yield the rows block by block; columns that the models share are made once."""
    for start in range(0, design.n, CHUNK):
        rows = slice(start, start + CHUNK)
        x, take = design.personalized.rows(rows), design.generic.take
        yield Block(
            rows,
            design.generic.rows(rows) if take is None else x[:, take],
            x,
            design.outcome.values[rows],
            np.ones(len(x)) if design.weight is None else design.weight[rows],
            0.0 if design.offset is None else design.offset[rows],
        )


@dataclass(frozen=True)
class Curvature:
    """Sums of one model at one coefficient vector, by fold.

    `information` X'WX (K, p, p) and `score` (K, p) are those of the columns kept; `columns` Σwx
    (K, P) of all columns; `weight` Σw (K,); `deviance` and `pearson` the sums of unit deviances
    and squared Pearson residuals (K,).
    """

    information: FloatArray
    score: FloatArray
    columns: FloatArray
    weight: FloatArray
    deviance: FloatArray
    pearson: FloatArray

    def __add__(self, other: Self) -> Curvature:
        """Add the sums of other rows."""
        return Curvature(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def without(self, k: int) -> Curvature:
        """Return the sums of all folds but k, without the axis K; what only k has is exactly 0."""
        others = np.arange(len(self.weight)) != k
        return Curvature(*(getattr(self, f.name)[others].sum(axis=0) for f in fields(self)))


Pair = tuple[FittedModel, FittedModel]
Both = tuple[Curvature, Curvature]


@dataclass(frozen=True)
class CurvaturePass:
    """The pass that sums the curvature of both models at their coefficients."""

    models: Pair
    n_folds: int

    def __call__(self, design: Design, fold: IntArray) -> Both:
        """Sum a design's rows, each in a fold."""
        found = (self._nothing(self.models[0]), self._nothing(self.models[1]))
        for block in blocks(design):
            order = order_by(fold[block.rows], self.n_folds)
            ends = np.searchsorted(fold[block.rows][order], np.arange(self.n_folds + 1))
            spans = [(k, slice(*each)) for k, each in enumerate(pairwise(ends)) if np.ptp(each)]
            y, weight, offset = (_taken(each, order) for each in block[3:])
            for model, x, sums in zip(self.models, block[1:3], found, strict=True):
                self._add(model, x.T.take(order, axis=1), y, weight, offset, spans, sums)
        return found

    def _add(
        self,
        model: FittedModel,
        columns: FloatArray,
        y: FloatArray,
        weight: FloatArray,
        offset: FloatArray | float,
        spans: list[tuple[int, slice]],
        sums: Curvature,
    ) -> None:
        """Add rows in the order of their folds; `columns` has shape (P, rows)."""
        eta = model.params @ columns + offset
        at = working(model.family, eta, y)
        kept = columns if len(model.keep) == len(columns) else columns[model.keep]
        weighted, score = kept * (weight * at.weight), weight * at.score
        if may_be_impossible(model.family):
            score[impossible_means(model.family, at.mu) & (weight > 0)] = np.nan
        with np.errstate(all="ignore"):
            pearson = weight * (y - at.mu) ** 2 / model.family.variance(at.mu)
        for k, own in spans:
            sums.information[k] += cross(weighted[:, own].T, kept[:, own].T)
            sums.score[k] += kept[:, own] @ score[own]
            sums.columns[k] += columns[:, own] @ weight[own]
            sums.weight[k] += weight[own].sum()
            sums.deviance[k] += deviance(model.family, y[own], eta[own], at.mu[own], weight[own])
            sums.pearson[k] += pearson[own].sum()

    def _nothing(self, model: FittedModel) -> Curvature:
        folds, size = self.n_folds, len(model.keep)
        sums = (folds, size, size), (folds, size), (folds, model.matrix.n_columns)
        return Curvature(*map(np.zeros, (*sums, *((folds,),) * 3)))


def _taken(values: FloatArray | float, order: IntArray) -> Any:
    return values if isinstance(values, float) else values[order]


@dataclass(frozen=True)
class ScorePass:
    """The pass that sums the scores of many fits at their own coefficients.

    For each model: the coefficients of F fits, shape (p, F), and the folds that these leave out,
    shape (F,), −1 for none.
    """

    family: Any
    fits: tuple[tuple[FloatArray, IntArray], tuple[FloatArray, IntArray]]

    def __call__(self, design: Design, fold: IntArray) -> tuple[FloatArray, FloatArray]:
        """Sum a design's rows: scores of the shapes of the coefficients."""
        found = (np.zeros_like(self.fits[0][0]), np.zeros_like(self.fits[1][0]))
        for block in blocks(design):
            own = fold[block.rows]
            for x, (beta, out), total in zip(block[1:3], self.fits, found, strict=True):
                for start in range(0, len(out), _FITS_AT_ONCE):
                    some = slice(start, start + _FITS_AT_ONCE)
                    # One row a fit, so that both long axes lie in one piece.
                    eta = np.ascontiguousarray(product(x, beta[:, some]).T)
                    weight = block.weight * (own != out[some, None])
                    score = self._weighted(eta + block.offset, block.y, weight)
                    total[:, some] += cross(x, score.T)
        return found

    def _weighted(self, eta: FloatArray, y: FloatArray, weight: FloatArray) -> FloatArray:
        """Return weighted scores, shape (F, rows), undefined where a mean is impossible.

        Equations of scores may have a root there too, which no likelihood has.
        """
        beyond = None
        if may_be_impossible(self.family):
            beyond = impossible_means(self.family, self.family.link.inverse(eta)) & (weight > 0)
        score = scores(self.family, eta, y)
        score *= weight
        if beyond is not None:
            score[beyond] = np.nan
        return score


class _Fit:
    """One model's fit without a fold, or on all rows (`out` −1), on its way."""

    def __init__(self, model: FittedModel, sums: Curvature, out: int, noise: float) -> None:
        self.model, self.out, self.params = model, out, model.params.copy()
        self._sums = sums.without(out)
        size = max(float(sums.weight.sum()), 1.0)
        self._small = max(_TOLERANCE**2 * float(sums.deviance.sum()) / size, noise)
        self._before, self.moving, self._settled = np.inf, True, False
        self.advance(self._sums.score)

    def advance(self, score: FloatArray) -> None:
        """Take a step from the score of the columns kept, unless it is negligible or too long."""
        try:
            step = newton(self._sums.information, score)
        except IllConditionedError:
            self.moving = False
            return
        length = float(step @ score)  # squared, in standard errors at dispersion 1
        self._settled = length <= self._small
        self.moving = not self._settled and length <= _SETTLING**2 * self._before
        if self.moving:
            self.params[self.model.keep] += step
            self._before = length

    @property
    def far(self) -> bool:
        """Whether the last step was so long that the curvature may have changed."""
        return self._before > (_FAR / _TOLERANCE) ** 2 * self._small

    def fitted(self) -> FittedModel | None:
        """Return the model, or None if it did not settle."""
        if not self._settled:
            return None
        return replace(
            self.model,
            params=self.params,
            baseline=self._sums.columns / self._sums.weight,
            information=self._sums.information,
            deviance=np.nan,
            pearson=np.nan,
        )


class Total(Protocol):
    """Sums what a pass finds over all rows, which may lie in pieces."""

    def __call__(self, task: Callable[[Design, IntArray], Any]) -> Any:
        """Run a pass."""


def fit_together(
    total: Total,
    start: Pair,
    outs: Sequence[int],
    n_folds: int,
    noise: float,
    anew: bool = True,
) -> list[tuple[FittedModel | None, FittedModel | None]]:
    """Fit both models, each without one of some folds or on all rows.

    Parameters
    ----------
    total : callable
        Runs a pass over all rows.
    start : pair of FittedModel
        Coefficients to begin from, and columns to keep.
    outs : sequence of int
        Folds that the fits leave out, −1 for none.
    n_folds : int
        Number of folds K that the rows are in.
    noise : float
        Squared rounding error of a residual; see `bopstats.fitting.irls.rounding`.
    anew : bool
        Whether to take the curvature once more, at the coefficients of all rows after their first
        step, where that was a long one: it saves passes.

    Returns
    -------
    list of pairs, one for each of `outs`
        The generic and the personalized model; None for a fit that did not settle. `deviance` and
        `pearson` are not computed (nan); `information` is that at the start.
    """
    curvature = total(CurvaturePass(start, n_folds))
    fits = [
        [_Fit(model, sums, out, len(model.keep) * noise) for out in outs]
        for model, sums in zip(start, curvature, strict=True)
    ]
    whole = [fit for each in fits for fit in each if fit.out < 0 and fit.moving]
    if anew and any(fit.far for fit in whole) and len(whole) == len(start):
        nearer = (
            replace(start[0], params=whole[0].params),
            replace(start[1], params=whole[1].params),
        )
        return fit_together(total, nearer, outs, n_folds, noise, anew=False)
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


def fit_folds(
    design: Design, fold: IntArray, n_folds: int, full: FittedPair
) -> tuple[list[tuple[FittedModel | None, FittedModel | None]], FittedPair]:
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
    pairs : list of K pairs
        As `fit_together` returns them.
    full : FittedPair
        The fits on all rows with the sums at their coefficients, which the first pass finds.
    """
    noise = rounding(full.generic.family, float(np.abs(design.outcome.values).max())) ** 2
    start, seen = (full.generic, full.personalized), []

    def total(task: Any) -> Any:
        found = task(design, fold)
        seen.append(found)
        return found

    pairs = fit_together(total, start, range(n_folds), n_folds, noise)
    return pairs, FittedPair(*map(_closed, start, seen[0]))


def close(design: Design, full: FittedPair) -> FittedPair:
    """Add the sums at the coefficients of fits on all rows, in a pass of its own."""
    models = (full.generic, full.personalized)
    sums = CurvaturePass(models, 1)(design, np.zeros(design.n, dtype=np.int64))
    return FittedPair(*map(_closed, models, sums))


def _closed(model: FittedModel, sums: Curvature) -> FittedModel:
    return replace(
        model,
        information=sums.information.sum(axis=0),
        deviance=float(sums.deviance.sum()),
        pearson=float(sums.pearson.sum()),
    )
