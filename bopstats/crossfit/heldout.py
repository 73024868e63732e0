"""What both models cost the people who did not train them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bopstats._typing import BoolArray, FloatArray, IntArray
from bopstats.costs import Cost
from bopstats.design import Design
from bopstats.explanations.baselines import with_baseline
from bopstats.explanations.changes import Changes, curve_costs
from bopstats.explanations.masking import Masked, Masker, chunks, joined, unmasked
from bopstats.explanations.options import Explanation
from bopstats.explanations.shapley import N_PAIRS
from bopstats.fitting.models import FittedPair, linear_predictor
from bopstats.groups import RowBop

# A cost beyond this comes from a mean that has exploded: its square would overflow.
_HUGE = 1e100


def _beyond(costs: FloatArray) -> FloatArray:
    """Make exploded costs infinite in place, which the notes say."""
    if costs.size and (costs.max() > _HUGE or costs.min() < -_HUGE):
        costs[costs > _HUGE], costs[costs < -_HUGE] = np.inf, -np.inf
    return costs


@dataclass(frozen=True)
class HeldOut:
    """Predictions and costs of rows of a design, for fits that it is told.

    `spread` and `level` are the range and the mean of the outcome over all used rows.
    """

    family: Any
    costs: tuple[Cost, ...]
    threshold: float
    explanation: Explanation | None
    spread: float
    level: float

    @cached_property
    def _changes(self) -> Changes:
        return Changes(self.family, self.threshold, self.spread)

    @property
    def individual_costs(self) -> tuple[Cost, ...]:
        """The costs that one person has."""
        return tuple(cost for cost in self.costs if not cost.group_only)

    def nothing_yet(self, n: int) -> list[Masked]:
        """Return places for the predictions of both models, at the chosen number of units."""
        size = 0 if self.explanation is None else 1
        return [Masked(np.empty(n), np.empty((size, n)), np.empty((size, n))) for _ in range(2)]

    def with_baseline(self, pair: FittedPair, design: Design, train: BoolArray) -> FittedPair:
        """Return the pair with the baseline asked for, where anything is explained."""
        if self.explanation is None:
            return pair
        return with_baseline(pair, self.explanation.baseline, design, train)

    def predictor(
        self, pair: FittedPair, design: Design, curve: bool = True
    ) -> Callable[[IntArray], list[Masked]]:
        """Return what predicts rows, by both models: at the chosen number of units and every r."""
        models, explanation = (pair.generic, pair.personalized), self.explanation
        if explanation is None:
            return lambda rows: [unmasked(linear_predictor(m, design, rows)) for m in models]
        told = [
            (Masker(model, design, explanation), np.append(count, r if curve else []).astype(int))
            for model, count, r in zip(models, explanation.counts, explanation.curve, strict=True)
        ]

        def predict(rows: IntArray) -> list[Masked]:
            both = models[0].matrix.rows_beside(models[1].matrix, rows)
            return [mask(rows, r, x) for (mask, r), x in zip(told, both, strict=True)]

        return predict

    def sampled(self, both: list[Masked]) -> FloatArray:
        """Return the sum of the variances of both models' sampled explanations, and their number.

        Shape (2, 2), zeros where nothing was sampled.
        """
        found = [masked.variance for masked in both]
        return np.array([(0.0, 0) if v is None else (v.sum(), v.size) for v in found])

    def costs_of(self, design: Design, rows: IntArray, both: list[Masked]) -> FloatArray:
        """Return the individual costs of both models, shape (2, C, rows)."""
        y, (generic, personalized) = design.outcome.values[rows], both
        means = self._means(both)
        found = [
            [cost.per_person(y, mu) for mu in means]
            if cost.per_person is not None
            else [each[0] for each in self._changes.costs(cost, generic, personalized)]
            for cost in self.individual_costs
        ]
        shape = (len(self.individual_costs), 2, len(rows))
        return _beyond(np.array(found, dtype=np.float64).reshape(shape)).swapaxes(0, 1)

    def _means(self, both: list[Masked]) -> tuple[FloatArray, FloatArray]:
        generic = self._changes.mean(both[0].whole)
        return generic, self._changes.settled(generic, self._changes.mean(both[1].whole))

    def curve(self, design: Design, rows: IntArray, fold: IntArray, both: list[Masked]) -> RowBop:
        """Return the costs of explanation at every r, and their means over r."""
        every = [masked.others() for masked in both]
        explained = [cost for cost in self.costs if cost.kind == "explanation"]
        size = len(every[0].top_only)
        costs = np.empty((2, len(explained), size + 1, len(rows)))
        for k, cost in enumerate(explained):
            for found, values in zip(costs[:, k], self._changes.costs(cost, *every), strict=True):
                found[:size] = values
                values.mean(axis=0, out=found[size])
        names = tuple(cost.name for cost in curve_costs(self.costs, size))
        flat = costs.reshape(2, len(names), len(rows))
        return self.rows(design, rows, fold, both, names, _beyond(flat))

    def rows(
        self,
        design: Design,
        rows: IntArray,
        fold: IntArray,
        both: list[Masked],
        names: tuple[str, ...],
        costs: FloatArray,
    ) -> RowBop:
        """Return costs, shape (2, C, rows), with what else is known of the rows."""
        means = self._means(both)
        return RowBop(
            costs=names,
            generic=costs[0],
            personalized=costs[1],
            y=design.outcome.values[rows],
            mu_generic=means[0],
            mu_personalized=means[1],
            group=design.group[rows],
            fold=fold,
            rows=rows,
            n_groups=design.groups.n_groups,
            weight=None if design.weight is None else design.weight[rows],
            weight_type=design.weight_type,
            cluster=None if design.cluster is None else design.cluster[rows],
            binary=design.outcome.binary,
            threshold=self.threshold,
            level=self.level,
            stratum=None if design.stratum is None else design.stratum[rows],
        )

    def benefit(
        self, pair: FittedPair, design: Design, train: BoolArray, test: IntArray
    ) -> FloatArray:
        """Return the test rows' benefits by each individual cost, shape (C, rows)."""
        pair = self.with_baseline(pair, design, train)
        predict = self.predictor(pair, design, curve=False)
        parts = [predict(test[part]) for part in chunks(test)]
        both = [joined([part[which] for part in parts]) for which in (0, 1)]
        costs = self.costs_of(design, test, both)
        with np.errstate(invalid="ignore"):  # nan where both are infinite
            return np.asarray(costs[0] - costs[1], dtype=np.float64)


def sampling_notes(sampled: FloatArray) -> list[str]:
    """Say how far sampled explanations of each model are off, from sums of `HeldOut.sampled`."""
    return [
        f"Shapley values of the {name} model are sampled, {2 * N_PAIRS} orders of its units: "
        f"standard error {np.sqrt(total / count):.2g} (root mean square of people and units)."
        for name, (total, count) in zip(("generic", "personalized"), sampled, strict=True)
        if count
    ]
