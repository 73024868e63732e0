"""The loop over partitions and training sets: fit, predict held-out rows, compute costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bopstats._progress import Tick, nothing
from bopstats._sums import added_up
from bopstats._typing import FloatArray, IntArray
from bopstats.costs import Cost
from bopstats.crossfit.heldout import HeldOut, sampling_notes
from bopstats.crossfit.troubles import Troubles
from bopstats.design import Design
from bopstats.explanations.masking import chunks
from bopstats.explanations.options import Explanation
from bopstats.fitting.models import FittedPair, fit_pair
from bopstats.fitting.sampled import fit_from_sample
from bopstats.fitting.together import Found, fit_folds
from bopstats.groups import GroupMoments, RowBop
from bopstats.splitting import Plan, Split

# From so many rows on, both models are first fitted on a sample.
_MANY_ROWS = 10_000


@dataclass
class CrossFit:
    """The loop over partitions and training sets, and what it met on the way."""

    design: Design
    family: Any
    estimate_alpha: bool
    costs: tuple[Cost, ...]
    threshold: float
    explanation: Explanation | None
    penalty: str | None = None

    def __post_init__(self) -> None:
        values, self._met = self.design.outcome.values, Troubles()
        # Splits that were fitted with all rows, and their fits.
        self._ready: tuple[tuple[Split, ...], Found] | None = None
        self._sampled = np.zeros((2, 2))
        self._held_out = HeldOut(
            self.family,
            self.costs,
            self.threshold,
            self.explanation,
            float(np.ptp(values)),
            float(values.mean()),
        )

    def full_fit(self, plan: Plan) -> FittedPair:
        """Fit both models on all rows, warning of what went wrong.

        Of many rows, those of the first partition are fitted without each fold in the same passes.
        """
        pair = self._from_sample(plan) if self.design.n >= _MANY_ROWS else None
        if pair is None:
            pair = fit_pair(
                self.design,
                (self.design.generic, self.design.personalized),
                self.family,
                np.ones(self.design.n, dtype=bool),
                estimate_alpha=self.estimate_alpha,
                penalty=self.penalty,
            )
        self._met.report(pair, self.design.personal_terms)
        return pair

    def _from_sample(self, plan: Plan) -> FittedPair | None:
        if self.penalty is not None or self.estimate_alpha:
            return None
        splits = plan.partitions[0]
        if plan.kind == "cross-fitting" and self.design.relearn is None:
            found = fit_from_sample(self.design, self.family, self._dealt(splits), len(splits))
        else:
            found = fit_from_sample(self.design, self.family)
        if found is None:
            return None
        full, pairs = found
        self._ready = (splits, pairs) if pairs else None
        return full

    def _dealt(self, splits: tuple[Split, ...]) -> IntArray:
        fold = np.empty(self.design.n, dtype=np.int64)
        for k, split in enumerate(splits):
            fold[split.test] = k
        return fold

    def partition(
        self, splits: tuple[Split, ...], full: FittedPair, plan: Plan, tick: Tick = nothing
    ) -> tuple[RowBop, GroupMoments | None]:
        """Predict every test row of a partition; `tick` is called once a fold.

        Returns
        -------
        rows : RowBop
            Its costs.
        curve : GroupMoments or None
            Sums of the costs of explanation at every r, see `curve_costs`.
        """
        tested = np.sort(np.concatenate([split.test for split in splits]))
        fold, curves = np.empty(len(tested), dtype=np.int64), []
        held = self._held_out
        both = held.nothing_yet(len(tested))
        pairs = self._trained(splits, full, plan)
        for k, (split, trained) in enumerate(zip(splits, pairs, strict=True)):
            pair = held.with_baseline(trained, self.design, split.train)
            predict = held.predictor(pair, self.design)
            for part in chunks(split.test):
                rows = split.test[part]
                found, place = predict(rows), np.searchsorted(tested, rows)
                fold[place] = k
                for masked, new in zip(both, found, strict=True):
                    masked.put(place, new)
                self._sampled += held.sampled(found)
                if self.explanation is not None:
                    at_every_r = held.curve(self.design, rows, fold[place], found)
                    curves.append(GroupMoments.from_rows(at_every_r))
            tick(1)
        names = tuple(cost.name for cost in held.individual_costs)
        costs = held.costs_of(self.design, tested, both)
        return held.rows(self.design, tested, fold, both, names, costs), added_up(curves)

    def _trained(
        self, splits: tuple[Split, ...], full: FittedPair, plan: Plan
    ) -> Iterator[FittedPair]:
        """Yield the pair fitted on each training set, or in-sample on all rows."""
        if plan.kind == "in-sample":
            yield full
            return
        together = self._together(splits, full) if plan.kind == "cross-fitting" else None
        for k, split in enumerate(splits):
            generic, personalized = (None, None) if together is None else together[k]
            if generic is None or personalized is None:
                yield self.train(split, full)
            else:
                pair = FittedPair(generic, personalized)
                self._met.record(pair, full)
                yield pair

    def _together(self, splits: tuple[Split, ...], full: FittedPair) -> Found | None:
        """Fit all training sets in common passes, where they have matrices and family in common."""
        clean = all(
            model.converged and model.separation is None and model.penalty is None
            for model in (full.generic, full.personalized)
        )
        if not clean or self.design.relearn is not None or self.estimate_alpha:
            return None
        if self._ready is not None and self._ready[0] is splits:
            return self._ready[1]
        return fit_folds(self.design, self._dealt(splits), len(splits), full)

    def train(self, split: Split, full: FittedPair) -> FittedPair:
        """Fit both models on the training rows, starting from the fits on all rows."""
        matrices = (full.generic.matrix, full.personalized.matrix)
        if self.design.relearn is not None:
            generic, personalized, notes = self.design.relearn(np.flatnonzero(split.train))
            matrices = (generic, personalized)
            self._met.note(notes)
        pair = fit_pair(
            self.design,
            matrices,
            full.generic.family,
            split.train,
            estimate_alpha=self.estimate_alpha,
            penalty=self.penalty,
            start=full,
            warm=self.design.relearn is None,
        )
        self._met.record(pair, full)
        return pair

    @property
    def individual_costs(self) -> tuple[Cost, ...]:
        """The costs that one person has."""
        return self._held_out.individual_costs

    def benefit(self, pair: FittedPair, split: Split) -> FloatArray:
        """Return the test rows' benefits by each individual cost, shape (C, rows).

        `pair` was fitted on the split's training rows.
        """
        return self._held_out.benefit(pair, self.design, split.train, split.test)

    def notes(self, plan: Plan) -> list[str]:
        """Say what was met, on all rows and in training sets."""
        total = plan.folds * len(plan.partitions)
        return [*self._met.notes(total), *sampling_notes(self._sampled)]
