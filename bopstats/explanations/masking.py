"""Linear predictors with the top units kept, and with them masked, for any number of them at once.

With contributions c = Σ β·(x − baseline) of each term, every masked prediction of a GLM is a
partial sum of them, so one sort and one cumulative sum give all (Cornelis et al. 2025, sufficiency
and incomprehensiveness; DeYoung et al. 2020).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bopstats._typing import FloatArray, IntArray
from bopstats.design import Design
from bopstats.explanations.attribution import Attributor
from bopstats.explanations.options import Explanation
from bopstats.explanations.shapley import draw_permutations
from bopstats.explanations.units import ranking, units_of
from bopstats.fitting.irls import product
from bopstats.fitting.models import FittedModel

_CHUNK = 4096


def chunks(rows: IntArray) -> Iterator[slice]:
    """Cut rows into pieces that fit a processor's cache; one empty piece if there are none."""
    return (slice(at, at + _CHUNK) for at in range(0, max(1, len(rows)), _CHUNK))


@dataclass(frozen=True)
class Masked:
    """Linear predictors of some people: whole, with the top r units only, and without them.

    `whole` has shape (n,), `top_only` and `without_top` (R, n), a row a count r. `variance` is
    that of sampled attributions, shape (n, U), or None.
    """

    whole: FloatArray
    top_only: FloatArray
    without_top: FloatArray
    variance: FloatArray | None = None

    def put(self, people: IntArray, first: Masked) -> None:
        """Write predictions of some of the people, at the first count of theirs."""
        size = len(self.top_only)
        self.whole[people] = first.whole
        self.top_only[:, people] = first.top_only[:size]
        self.without_top[:, people] = first.without_top[:size]

    def others(self) -> Masked:
        """Return a view of all counts but the first."""
        return Masked(self.whole, self.top_only[1:], self.without_top[1:])


def unmasked(whole: FloatArray) -> Masked:
    """Return predictions of which nothing is masked: for no count."""
    nothing = np.empty((0, len(whole)))
    return Masked(whole, nothing, nothing)


def joined(parts: Sequence[Masked]) -> Masked:
    """Put people behind people."""
    return Masked(
        np.concatenate([part.whole for part in parts]),
        np.concatenate([part.top_only for part in parts], axis=1),
        np.concatenate([part.without_top for part in parts], axis=1),
    )


class Masker:
    """Masks the units of one fitted model.

    Parameters
    ----------
    model : FittedModel
        The model; masked columns take the values of its `baseline`.
    design : Design
        For the offset. Intercept and offset are neither masked nor counted.
    explanation : Explanation
        What ranks the units.
    """

    def __init__(self, model: FittedModel, design: Design, explanation: Explanation) -> None:
        matrix = model.matrix
        columns = np.flatnonzero(matrix.term_of >= 0)
        self._by_term = np.zeros((matrix.n_columns, len(matrix.terms)))
        self._by_term[columns, matrix.term_of[columns]] = model.params[columns]
        self._at_baseline = model.baseline @ self._by_term
        self._model, self._offset, self._rank = model, design.offset, explanation.rank
        units = units_of(matrix, explanation.unit)
        sampled = explanation.attribution == "shapley"
        orders = draw_permutations(units.size if sampled else 0, explanation.seed)
        self.attributor = Attributor(explanation.attribution, model.family, units, orders)

    def contributions(
        self, rows: IntArray, columns: FloatArray | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Return the terms' contributions, shape (n, T), and linear predictors, shape (n,)."""
        x = self._model.matrix.rows(rows) if columns is None else columns
        whole = x @ self._model.params  # the same bits as without explanations
        if self._offset is not None:
            whole += self._offset[rows]
        return product(x, self._by_term) - self._at_baseline, whole

    def __call__(
        self, rows: IntArray, counts: IntArray, columns: FloatArray | None = None
    ) -> Masked:
        """Mask some people's top units; ties in the order of the formula.

        Parameters
        ----------
        rows : ndarray of int, shape (n,)
            Which people.
        counts : ndarray of int, shape (R,)
            Numbers r of top units.
        columns : ndarray, shape (n, p), optional
            These people's rows of the model's matrix, where they are at hand.
        """
        contributions, whole = self.contributions(rows, columns)
        score, variance = self.attributor.ranked_by(contributions, whole, self._rank)
        kept, masked = self.attributor.units.cumulated(contributions, ranking(score))
        top_only = kept[counts - 1]
        top_only += whole - kept[-1]
        top_only[counts == len(kept)] = whole
        return Masked(whole, top_only, whole - masked[counts - 1], variance)
