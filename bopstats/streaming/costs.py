"""The last pass: what both models cost the people who did not train them, summed by group."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bopstats._sums import added_up
from bopstats._typing import FloatArray, IntArray
from bopstats.crossfit.heldout import HeldOut
from bopstats.design import Design
from bopstats.explanations.masking import chunks
from bopstats.fitting.models import FittedPair
from bopstats.groups import GroupMoments

Costs = tuple[GroupMoments | None, GroupMoments | None, FloatArray]


@dataclass(frozen=True)
class CostPass:
    """The pass that predicts held-out rows and sums their costs.

    `pairs` are the fits that predict, by the fold that they predict. The pass returns moments of
    the costs, those of the costs of explanation at every number of units (or None), and
    sums of `HeldOut.sampled` of both models, shape (2, 2).
    """

    held: HeldOut
    pairs: dict[int, FittedPair]

    def __call__(self, design: Design, fold: IntArray) -> Costs:
        """Sum a design's rows."""
        held, sampled = self.held, np.zeros((2, 2))
        names = tuple(cost.name for cost in held.individual_costs)
        moments: list[GroupMoments] = []
        curve: list[GroupMoments] = []
        for k, pair in self.pairs.items():
            test = np.flatnonzero(fold == k)
            if not len(test):
                continue
            predict = held.predictor(on_rows_of(design, pair), design)
            for part in chunks(test):
                rows = test[part]
                both = predict(rows)
                costs = held.costs_of(design, rows, both)
                found = held.rows(design, rows, fold[rows], both, names, costs)
                moments.append(GroupMoments.from_rows(found))
                sampled += held.sampled(both)
                if held.explanation is not None:
                    at_every_r = held.curve(design, rows, fold[rows], both)
                    curve.append(GroupMoments.from_rows(at_every_r))
        return added_up(moments), added_up(curve), sampled


def on_rows_of(design: Design, pair: FittedPair) -> FittedPair:
    """Return fits whose matrices are those of a design's rows."""
    return FittedPair(
        replace(pair.generic, matrix=design.generic),
        replace(pair.personalized, matrix=design.personalized),
    )
