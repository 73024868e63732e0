"""The loop over partitions and training sets: fit, predict held-out rows, compute costs."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bopstats._progress import Tick, nothing
from bopstats._typing import BoolArray, FloatArray, IntArray
from bopstats.costs import Cost
from bopstats.design import Design
from bopstats.exceptions import ConvergenceWarning, FitError, SeparationWarning
from bopstats.explanations.baselines import with_baseline
from bopstats.explanations.changes import Changes, curve_costs, with_area
from bopstats.explanations.masking import Masked, Masker, chunks, joined, unmasked
from bopstats.explanations.options import Explanation
from bopstats.explanations.shapley import N_PAIRS
from bopstats.fitting.models import FittedModel, FittedPair, fit_pair, linear_predictor
from bopstats.fitting.sampled import fit_from_sample
from bopstats.fitting.together import fit_folds
from bopstats.groups import GroupMoments, RowBop
from bopstats.splitting import Plan, Split

# A cost beyond this comes from a mean that has exploded: its square would overflow.
_HUGE = 1e100
# From so many rows on, both models are first fitted on a sample.
_MANY_ROWS = 50_000


def _beyond(costs: FloatArray) -> FloatArray:
    """Make exploded costs infinite in place, which the notes say."""
    if costs.size and (costs.max() > _HUGE or costs.min() < -_HUGE):
        costs[costs > _HUGE], costs[costs < -_HUGE] = np.inf, -np.inf
    return costs


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
        self._separated: dict[str, Counter[str]] = {"generic": Counter(), "personalized": Counter()}
        self._unconverged = {"generic": 0, "personalized": 0}
        self._dropped: dict[str, set[str]] = {"generic": set(), "personalized": set()}
        self._found: list[str] = []
        self._sampling: dict[str, list[float]] = {"generic": [], "personalized": []}
        spread = float(np.ptp(self.design.outcome.values))
        self._changes = Changes(self.family, self.threshold, spread)

    def full_fit(self) -> FittedPair:
        """Fit both models on all rows, warning of what went wrong."""
        pair = None
        if self.design.n >= _MANY_ROWS and self.penalty is None and not self.estimate_alpha:
            pair = fit_from_sample(self.design, self.family)
        if pair is None:
            pair = fit_pair(
                self.design,
                (self.design.generic, self.design.personalized),
                self.family,
                np.ones(self.design.n, dtype=bool),
                estimate_alpha=self.estimate_alpha,
                penalty=self.penalty,
            )
        for model in (pair.generic, pair.personalized):
            self._report(model)
        if len(pair.personalized.keep) <= len(pair.generic.keep):
            raise FitError(
                f"formula: the personal terms ({self.design.personal_terms}) add nothing to the "
                "generic model: their columns are linear combinations of its columns"
            )
        return pair

    def _report(self, model: FittedModel) -> None:
        """Note and warn of what went wrong with a model fitted on all rows."""
        if model.separation is not None:
            text = f"separation in the {model.name} model: {model.separation}"
            columns = ", ".join(model.separation.columns)
            self._found.append(f"{text[0].upper()}{text[1:]}; not estimable: {columns}.")
            text += f"; these coefficients run to infinity and are not estimable: {columns}"
            warnings.warn(text, SeparationWarning, stacklevel=4)
        if not model.converged:
            text = f"the {model.name} model did not converge"
            self._found.append(f"{text[0].upper()}{text[1:]}.")
            warnings.warn(text, ConvergenceWarning, stacklevel=4)
        if model.dropped:
            self._found.append(
                f"Redundant columns of the {model.name} model are dropped: "
                f"{', '.join(model.dropped)}."
            )

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
        fold, curve = np.empty(len(tested), dtype=np.int64), None
        both = self._nothing_yet(len(tested))
        pairs = self._trained(splits, full, plan)
        for k, (split, trained) in enumerate(zip(splits, pairs, strict=True)):
            pair = self._with_baseline(trained, split.train)
            for rows, found in self._held_out(pair, split.test):
                place = np.searchsorted(tested, rows)
                fold[place] = k
                for masked, new in zip(both, found, strict=True):
                    masked.put(place, new)
                if self.explanation is not None:
                    sums = GroupMoments.from_rows(self._curve(rows, fold[place], found))
                    curve = sums if curve is None else curve + sums
            tick(1)
        names = tuple(cost.name for cost in self.individual_costs)
        costs = self._costs_of(tested, both)
        return self._rows(tested, fold, both, names, costs), curve

    def _nothing_yet(self, n: int) -> list[Masked]:
        """Return places for the predictions of both models, at the chosen number of units."""
        size = 0 if self.explanation is None else 1
        return [Masked(np.empty(n), np.empty((size, n)), np.empty((size, n))) for _ in range(2)]

    def _with_baseline(self, pair: FittedPair, train: BoolArray) -> FittedPair:
        if self.explanation is None:
            return pair
        return with_baseline(pair, self.explanation.baseline, self.design, train)

    def _held_out(
        self, pair: FittedPair, rows: IntArray, curve: bool = True
    ) -> Iterator[tuple[IntArray, list[Masked]]]:
        """Predict rows piece by piece: at the chosen number of units, then at every r."""
        models, explanation = (pair.generic, pair.personalized), self.explanation
        if explanation is None:
            for part in chunks(rows):
                both = [unmasked(linear_predictor(m, self.design, rows[part])) for m in models]
                yield rows[part], both
            return
        maskers = [Masker(model, self.design, explanation) for model in models]
        counts = [
            np.append(count, r if curve else [])
            for count, r in zip(explanation.counts, explanation.curve, strict=True)
        ]
        for part in chunks(rows):
            both = [m(rows[part], r.astype(np.int64)) for m, r in zip(maskers, counts, strict=True)]
            for model, masked in zip(models, both, strict=True):
                if masked.variance is not None:
                    self._sampling[model.name].append(float(masked.variance.mean()))
            yield rows[part], both

    @property
    def individual_costs(self) -> tuple[Cost, ...]:
        """The costs that one person has."""
        return tuple(cost for cost in self.costs if not cost.group_only)

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
                yield FittedPair(generic, personalized)

    def _together(
        self, splits: tuple[Split, ...], full: FittedPair
    ) -> list[tuple[FittedModel | None, FittedModel | None]] | None:
        """Fit all training sets in common passes, where they have matrices and family in common."""
        clean = all(
            model.converged and model.separation is None and model.penalty is None
            for model in (full.generic, full.personalized)
        )
        if not clean or self.design.relearn is not None or self.estimate_alpha:
            return None
        fold = np.empty(self.design.n, dtype=np.int64)
        for k, split in enumerate(splits):
            fold[split.test] = k
        return fit_folds(self.design, fold, len(splits), full)

    def train(self, split: Split, full: FittedPair) -> FittedPair:
        """Fit both models on the training rows, starting from the fits on all rows."""
        matrices = (full.generic.matrix, full.personalized.matrix)
        if self.design.relearn is not None:
            generic, personalized, notes = self.design.relearn(np.flatnonzero(split.train))
            matrices = (generic, personalized)
            self._found += [f"{note}." for note in notes if f"{note}." not in self._found]
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
        for model, whole in ((pair.generic, full.generic), (pair.personalized, full.personalized)):
            if model.separation is not None:
                self._separated[model.name][str(model.separation)] += 1
            self._unconverged[model.name] += not model.converged
            self._dropped[model.name] |= set(model.dropped) - set(whole.dropped)
        return pair

    def benefit(self, pair: FittedPair, split: Split) -> FloatArray:
        """Return the test rows' benefits by each individual cost, shape (C, rows).

        `pair` was fitted on the split's training rows.
        """
        pair = self._with_baseline(pair, split.train)
        parts = [both for _, both in self._held_out(pair, split.test, curve=False)]
        both = [joined([part[which] for part in parts]) for which in (0, 1)]
        costs = self._costs_of(split.test, both)
        with np.errstate(invalid="ignore"):  # nan where both are infinite
            return np.asarray(costs[0] - costs[1], dtype=np.float64)

    def _costs_of(self, rows: IntArray, both: list[Masked]) -> FloatArray:
        """Return the individual costs of both models, shape (2, C, rows)."""
        y, (generic, personalized) = self.design.outcome.values[rows], both
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

    def _curve(self, rows: IntArray, fold: IntArray, both: list[Masked]) -> RowBop:
        """Return the costs of explanation at every r, and their means over r."""
        every = [masked.others() for masked in both]
        explained = [cost for cost in self.costs if cost.kind == "explanation"]
        found = [self._changes.costs(cost, every[0], every[1]) for cost in explained]
        costs = [np.concatenate([with_area(each[which]) for each in found]) for which in (0, 1)]
        names = tuple(cost.name for cost in curve_costs(self.costs, len(every[0].top_only)))
        return self._rows(rows, fold, both, names, _beyond(np.stack(costs)))

    def _rows(
        self,
        rows: IntArray,
        fold: IntArray,
        both: list[Masked],
        names: tuple[str, ...],
        costs: FloatArray,
    ) -> RowBop:
        design, means = self.design, self._means(both)
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
            level=float(design.outcome.values.mean()),
            stratum=None if design.stratum is None else design.stratum[rows],
        )

    def notes(self, plan: Plan) -> list[str]:
        """Say what was met, on all rows and in training sets."""
        total = plan.folds * len(plan.partitions)
        found = list(self._found)
        for name in ("generic", "personalized"):
            if self._separated[name]:
                where = [f"{what} ({times})" for what, times in self._separated[name].most_common()]
                found.append(
                    f"Separation in {self._separated[name].total()} of {total} training sets of "
                    f"the {name} model: {'; '.join(where)}."
                )
            if self._unconverged[name]:
                found.append(
                    f"No convergence in {self._unconverged[name]} of {total} training sets of "
                    f"the {name} model."
                )
            if self._dropped[name]:
                found.append(
                    f"Some training sets of the {name} model also drop: "
                    f"{', '.join(sorted(self._dropped[name]))}."
                )
            if self._sampling[name]:
                error = np.sqrt(np.mean(self._sampling[name]))
                found.append(
                    f"Shapley values of the {name} model are sampled, {2 * N_PAIRS} orders of its "
                    f"units: standard error {error:.2g} (root mean square of people and units)."
                )
        return found
