"""Attributions and masked predictions of any model, from its predictions alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bopstats._typing import BoolArray, FloatArray, IntArray
from bopstats.external.units import Units

Attribute = Callable[[IntArray], FloatArray]


@dataclass
class Explainer:
    """One model that can be asked for predictions with units masked.

    What is attributed is the prediction; for classes, the probability of the class that the model
    finds most probable for that person.

    Parameters
    ----------
    predict : callable
        Rows as the model reads them → checked predictions, shape (rows,) or (rows, K).
    units : Units
        The input.
    whole : ndarray, shape (n,) or (n, K)
        Predictions with nothing masked.
    batch : int
        Most rows that the model is given at once.
    advance : callable
        Told of how many rows were predicted.
    """

    predict: Callable[[Any], FloatArray]
    units: Units
    whole: FloatArray
    batch: int
    advance: Callable[[int], object]
    std_err: float = field(default=0.0, init=False)

    def occlusion(self, rows: IntArray) -> FloatArray:
        """Return the fall of the prediction when one unit is masked, shape (rows, m)."""
        hidden = np.eye(self.units.n_units, dtype=bool)
        found = np.empty((len(rows), self.units.n_units))
        start = self._score(self.whole[rows], rows)
        for where, scores in self._coalitions(rows, hidden):
            found[:, where] = start[:, None] - scores.T
        return found

    def shapley_exact(self, rows: IntArray) -> FloatArray:
        r"""Return Shapley values by all 2^m coalitions, shape (rows, m).

        .. math:: \phi_j = \sum_{S \not\ni j} \frac{|S|!\,(m - |S| - 1)!}{m!}
            \left[f(x_{S \cup j}, b) - f(x_S, b)\right]

        with the units outside of a coalition at the baseline b (Shapley 1953; "baseline Shapley"
        of Sundararajan and Najmi 2020).
        """
        m = self.units.n_units
        inside = (np.arange(2**m)[:, None] >> np.arange(m)) & 1 == 1
        size = inside.sum(axis=1)
        joined = np.array([0.0] + [1 / (m * math.comb(m - 1, s - 1)) for s in range(1, m + 1)])
        left_out = np.array([1 / (m * math.comb(m - 1, s)) for s in range(m)] + [0.0])
        share = np.where(inside, joined[size][:, None], -left_out[size][:, None])
        found = np.zeros((len(rows), m))
        for where, scores in self._coalitions(rows, ~inside):
            found += scores.T @ share[where]
        return found

    def shapley_sampled(self, rows: IntArray, orders: IntArray) -> FloatArray:
        """Return Shapley values from orders of the units and their reverses, shape (rows, m).

        Antithetic permutation sampling (Mitchell et al. 2022): unbiased; `std_err` keeps the
        largest standard error of a value, from the spread between the pairs.

        Parameters
        ----------
        rows : ndarray of int
            Which people; all get the same orders.
        orders : ndarray of int, shape (pairs, m)
            Random orders, at least two.
        """
        m = self.units.n_units
        nothing = self._scores(rows, np.ones((1, m), dtype=bool))[0]
        everything = self._score(self.whole[rows], rows)
        mean, spread = np.zeros((2, len(rows), m))
        for k, order in enumerate(orders, start=1):
            pair = np.zeros((len(rows), m))
            for path in (order, order[::-1]):
                hidden = np.argsort(path)[None, :] > np.arange(m - 1)[:, None]
                steps = np.vstack([nothing, self._scores(rows, hidden), everything])
                pair[:, path] += 0.5 * np.diff(steps, axis=0).T
            gap = pair - mean
            mean += gap / k
            spread += gap * (pair - mean)
        error = np.sqrt(spread.max() / (len(orders) * (len(orders) - 1)))
        self.std_err = max(self.std_err, float(error))
        return mean

    def masked(
        self, attribute: Attribute, count: int, *, signed: bool
    ) -> tuple[FloatArray, FloatArray]:
        """Return predictions with the `count` top units only, and without them.

        Parameters
        ----------
        attribute : callable
            Rows → their attributions, shape (rows, m).
        count : int
            Number r of units that an explanation holds.
        signed : bool
            Whether the largest values rank first, or the largest absolute values; ties go by the
            order of the columns.
        """
        kept, without = np.empty_like(self.whole), np.empty_like(self.whole)
        for start in range(0, len(self.whole), self.batch):
            rows = np.arange(start, min(start + self.batch, len(self.whole)))
            values = attribute(rows)
            order = np.argsort(-values if signed else -np.abs(values), axis=1, kind="stable")
            top = np.zeros(values.shape, dtype=bool)
            np.put_along_axis(top, order[:, :count], True, axis=1)
            kept[rows] = self._ask(rows, ~top)
            without[rows] = self._ask(rows, top)
        return kept, without

    def _ask(self, rows: IntArray, hidden: BoolArray) -> FloatArray:
        found = self.predict(self.units.masked(rows, hidden))
        self.advance(len(rows))
        return found

    def _score(self, predictions: FloatArray, rows: IntArray) -> FloatArray:
        if predictions.ndim == 1:
            return predictions
        likely = self.whole[rows].argmax(axis=1)
        return np.take_along_axis(predictions, likely[:, None], axis=1)[:, 0]

    def _coalitions(self, rows: IntArray, hidden: BoolArray) -> Any:
        """Yield places among the coalitions and the scores there, as many at once as fit."""
        step = max(1, self.batch // len(rows))
        for start in range(0, len(hidden), step):
            some = hidden[start : start + step]
            many = np.tile(rows, len(some))
            # A unit's flags lie in one piece, as they are read.
            found = self._ask(many, np.repeat(some.T, len(rows), axis=1).T)
            yield slice(start, start + len(some)), self._score(found, many).reshape(len(some), -1)

    def _scores(self, rows: IntArray, hidden: BoolArray) -> FloatArray:
        parts = [scores for _, scores in self._coalitions(rows, hidden)]
        return np.concatenate(parts) if parts else np.empty((0, len(rows)))
