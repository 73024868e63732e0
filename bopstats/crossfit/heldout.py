"""What both models cost the people who did not train them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bopstats._typing import BoolArray, FloatArray, IntArray
from bopstats.costs import Cost
from bopstats.design import Design
from bopstats.explanations.baselines import with_baseline
from bopstats.explanations.changes import Changes, curve_costs, with_area
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


def nothing_sampled() -> dict[str, FloatArray]:
    """Return no variances of either model."""
    return {"generic": np.zeros(2), "personalized": np.zeros(2)}


@dataclass
class HeldOut:
    """Predictions and costs of rows of a design, for fits that it is told.

    `spread` and `level` are the range and the mean of the outcome over all used rows. `sampling`
    has the sum of the variances of sampled explanations of each model so far, and their number.
    """

    family: Any
    costs: tuple[Cost, ...]
    threshold: float
    explanation: Explanation | None
    spread: float
    level: float
    sampling: dict[str, FloatArray] = field(default_factory=nothing_sampled)

    def __post_init__(self) -> None:
        self._changes = Changes(self.family, self.threshold, self.spread)

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

    def predictions(
        self, pair: FittedPair, design: Design, rows: IntArray, curve: bool = True
    ) -> Iterator[tuple[IntArray, list[Masked]]]:
        """Predict rows piece by piece: at the chosen number of units, then at every r."""
        models, explanation = (pair.generic, pair.personalized), self.explanation
        if explanation is None:
            for part in chunks(rows):
                both = [unmasked(linear_predictor(m, design, rows[part])) for m in models]
                yield rows[part], both
            return
        maskers = [Masker(model, design, explanation) for model in models]
        counts = [
            np.append(count, r if curve else [])
            for count, r in zip(explanation.counts, explanation.curve, strict=True)
        ]
        for part in chunks(rows):
            both = [m(rows[part], r.astype(np.int64)) for m, r in zip(maskers, counts, strict=True)]
            for model, masked in zip(models, both, strict=True):
                if masked.variance is not None:
                    self.sampling[model.name] += [masked.variance.sum(), masked.variance.size]
            yield rows[part], both

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
        found = [self._changes.costs(cost, every[0], every[1]) for cost in explained]
        costs = [np.concatenate([with_area(each[which]) for each in found]) for which in (0, 1)]
        names = tuple(cost.name for cost in curve_costs(self.costs, len(every[0].top_only)))
        return self.rows(design, rows, fold, both, names, _beyond(np.stack(costs)))

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
        parts = [both for _, both in self.predictions(pair, design, test, curve=False)]
        both = [joined([part[which] for part in parts]) for which in (0, 1)]
        costs = self.costs_of(design, test, both)
        with np.errstate(invalid="ignore"):  # nan where both are infinite
            return np.asarray(costs[0] - costs[1], dtype=np.float64)


def sampling_notes(sampling: Mapping[str, FloatArray]) -> list[str]:
    """Say how far sampled explanations of each model are off, from `HeldOut.sampling`."""
    return [
        f"Shapley values of the {name} model are sampled, {2 * N_PAIRS} orders of its units: "
        f"standard error {np.sqrt(total / count):.2g} (root mean square of people and units)."
        for name, (total, count) in sampling.items()
        if count
    ]
