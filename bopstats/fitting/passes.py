"""Passes over the rows that sum the curvature and the scores of fits of both models at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any, NamedTuple, Self

import numpy as np

from bopstats._typing import FloatArray, IntArray
from bopstats.design import Design
from bopstats.fitting.families import impossible_means, may_be_impossible
from bopstats.fitting.irls import cross, product
from bopstats.fitting.models import FittedModel
from bopstats.fitting.problems import CHUNK
from bopstats.fitting.working import deviance, scores, working
from bopstats.groups import order_by

Pair = tuple[FittedModel, FittedModel]
# With as many folds as people, all fits' scores of a block would be the largest thing in memory.
_FITS_AT_ONCE = 64


class Block(NamedTuple):
    """Some rows, m of them: both models' columns, shapes (p, m), outcome, weight and offset."""

    rows: slice
    generic: FloatArray
    personalized: FloatArray
    y: FloatArray
    weight: FloatArray
    offset: FloatArray | float

    def taken(self, order: IntArray) -> Block:
        """Return the rows in another order."""
        offset = self.offset
        return Block(
            self.rows,
            self.generic.take(order, axis=1),
            self.personalized.take(order, axis=1),
            self.y[order],
            self.weight[order],
            offset if isinstance(offset, float) else offset[order],
        )


def blocks(design: Design) -> Iterator[Block]:
    """Yield the rows block by block; columns that the models share are made once."""
    for start in range(0, design.n, CHUNK):
        rows = slice(start, start + CHUNK)
        generic, personalized = design.generic.rows_beside(design.personalized, rows)
        yield Block(
            rows,
            generic.T,
            personalized.T,
            design.outcome.values[rows],
            np.ones(len(generic)) if design.weight is None else design.weight[rows],
            0.0 if design.offset is None else design.offset[rows],
        )


@dataclass(frozen=True)
class Curvature:
    """Sums of one model at one coefficient vector, by fold.

    `information` X'WX (K, p, p) and `score` (K, p) are those of the columns kept; `columns` Σwx
    (K, P) of all columns; `weight` Σw (K,); `squares` (K,) sums rows' squared weighted scores,
    `expected` (K,) what these are on average at dispersion 1.
    """

    information: FloatArray
    score: FloatArray
    columns: FloatArray
    weight: FloatArray
    squares: FloatArray
    expected: FloatArray

    @property
    def dispersion(self) -> float:
        """Variance of the outcome over that of the family: a scale for what is negligible."""
        with np.errstate(all="ignore"):
            return float(self.squares.sum() / self.expected.sum())

    def __add__(self, other: Self) -> Curvature:
        """Add the sums of other rows."""
        return Curvature(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def without(self, k: int) -> Curvature:
        """Return the sums of all folds but k, without the axis K; what only k has is exactly 0."""
        others = np.arange(len(self.weight)) != k
        return Curvature(*(getattr(self, f.name)[others].sum(axis=0) for f in fields(self)))


@dataclass(frozen=True)
class CurvaturePass:
    """The pass that sums the curvature of both models at their coefficients.

    All rows count as one fold if `n_folds` is 1.
    """

    models: Pair
    n_folds: int

    def __call__(self, design: Design, fold: IntArray) -> tuple[Curvature, Curvature]:
        """Sum a design's rows, each in a fold."""
        found = (self._nothing(self.models[0]), self._nothing(self.models[1]))
        with np.errstate(all="ignore"):  # means may explode, and are found out
            for unsorted in blocks(design):
                block, spans = self._by_fold(unsorted, fold)
                for model, columns, sums in zip(self.models, block[1:3], found, strict=True):
                    self._add(model, columns, block, spans, sums)
        return found

    def _by_fold(self, block: Block, fold: IntArray) -> tuple[Block, list[tuple[int, slice]]]:
        """Return the rows fold by fold, and where each fold lies among them."""
        if self.n_folds == 1:
            return block, [(0, slice(None))]
        own = fold[block.rows]
        order = order_by(own, self.n_folds)
        ends = np.searchsorted(own[order], np.arange(self.n_folds + 1))
        spans = [(k, slice(*each)) for k, each in enumerate(pairwise(ends)) if np.ptp(each)]
        return block.taken(order), spans

    def _add(
        self,
        model: FittedModel,
        columns: FloatArray,
        block: Block,
        spans: list[tuple[int, slice]],
        sums: Curvature,
    ) -> None:
        """Add rows in the order of their folds; `columns` has shape (P, rows)."""
        weight = block.weight
        at = working(model.family, model.params @ columns + block.offset, block.y)
        kept = columns if len(model.keep) == len(columns) else columns[model.keep]
        curved, score = weight * at.weight, weight * at.score
        weighted = kept * curved
        if may_be_impossible(model.family):
            score[impossible_means(model.family, at.mu) & (weight > 0)] = np.nan
        for k, own in spans:
            sums.information[k] += cross(weighted[:, own].T, kept[:, own].T)
            sums.score[k] += kept[:, own] @ score[own]
            sums.columns[k] += columns[:, own] @ weight[own]
            sums.weight[k] += weight[own].sum()
            sums.squares[k] += score[own] @ score[own]
            sums.expected[k] += curved[own].sum()

    def _nothing(self, model: FittedModel) -> Curvature:
        folds, size = self.n_folds, len(model.keep)
        sums = (folds, size, size), (folds, size), (folds, model.matrix.n_columns)
        return Curvature(*map(np.zeros, (*sums, *((folds,),) * 3)))


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
        with np.errstate(all="ignore"):
            for block in blocks(design):
                own = fold[block.rows]
                for columns, fits, total in zip(block[1:3], self.fits, found, strict=True):
                    self._add(columns, fits, block, own, total)
        return found

    def _add(
        self,
        columns: FloatArray,
        fits: tuple[FloatArray, IntArray],
        block: Block,
        fold: IntArray,
        total: FloatArray,
    ) -> None:
        beta, out = fits
        for start in range(0, len(out), _FITS_AT_ONCE):
            some = slice(start, start + _FITS_AT_ONCE)
            # One row a fit, so that both long axes lie in one piece.
            eta = np.ascontiguousarray(product(columns.T, beta[:, some]).T)
            weight = block.weight * (fold != out[some, None])
            score = self._weighted(eta + block.offset, block.y, weight)
            total[:, some] += cross(columns.T, score.T)

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


@dataclass(frozen=True)
class DeviancePass:
    """The pass that sums both models' unit deviances and squared Pearson residuals."""

    models: Pair

    def __call__(self, design: Design) -> FloatArray:
        """Sum a design's rows, shape (2, 2): a row a model, deviance first."""
        found = np.zeros((2, 2))
        for block in blocks(design):
            y, weight = block.y, block.weight
            for model, columns, sums in zip(self.models, block[1:3], found, strict=True):
                eta = model.params @ columns + block.offset
                mu = working(model.family, eta, y).mu
                with np.errstate(all="ignore"):
                    pearson = weight * (y - mu) ** 2 / model.family.variance(mu)
                sums += deviance(model.family, y, eta, mu, weight), pearson.sum()
        return found
