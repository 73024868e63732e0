"""The loop over partitions and training sets: fit, predict held-out rows, compute costs."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from bopstats._typing import FloatArray, IntArray
from bopstats.costs import Cost
from bopstats.design import Design
from bopstats.exceptions import ConvergenceWarning, FitError, SeparationWarning
from bopstats.explanations import Masked, explanation_cost, masked_predictions
from bopstats.fitting.families import family_name
from bopstats.fitting.models import FittedModel, FittedPair, fit_pair, predict
from bopstats.groups import RowBop
from bopstats.splitting import Plan, Split

# Two fits of the same means agree to about this, relative to the range of the outcome.
_AGREE = 1e-12
# Sums of a row's terms are off by about this, relative to their size.
_ROUNDING = 16 * float(np.finfo(np.float64).eps)


@dataclass
class CrossFit:
    """The loop over partitions and training sets, and what it met on the way."""

    design: Design
    family: Any
    estimate_alpha: bool
    costs: tuple[Cost, ...]
    threshold: float
    top: int | None
    penalty: str | None = None

    def __post_init__(self) -> None:
        self._separated: dict[str, Counter[str]] = {"generic": Counter(), "personalized": Counter()}
        self._unconverged = {"generic": 0, "personalized": 0}
        self._dropped: dict[str, set[str]] = {"generic": set(), "personalized": set()}
        self._found: list[str] = []

    def full_fit(self) -> FittedPair:
        """Fit both models on all rows, warning of what went wrong."""
        everyone = np.ones(self.design.n, dtype=bool)
        matrices = (self.design.generic, self.design.personalized)
        pair = fit_pair(
            self.design,
            matrices,
            self.family,
            everyone,
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

    def partition(self, splits: tuple[Split, ...], full: FittedPair, plan: Plan) -> RowBop:
        """Predict every test row of a partition and compute its costs."""
        parts, folds = [], []
        for k, split in enumerate(splits):
            pair = full if plan.kind == "in-sample" else self.train(split, full)
            parts.append([self._predict(m, split.test) for m in (pair.generic, pair.personalized)])
            folds.append(np.full(len(split.test), k, dtype=np.int64))
        rows = np.concatenate([split.test for split in splits])
        order = np.argsort(rows, kind="stable")
        predictions = [
            Masked(
                *(
                    np.concatenate([getattr(part[which], field) for part in parts])[order]
                    for field in ("whole", "top_only", "without_top")
                )
            )
            for which in (0, 1)
        ]
        return self._rows(rows[order], np.concatenate(folds)[order], predictions)

    @property
    def individual_costs(self) -> tuple[Cost, ...]:
        """The costs that one person has."""
        return tuple(cost for cost in self.costs if not cost.group_only)

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

    def benefit(self, pair: FittedPair, rows: IntArray) -> FloatArray:
        """Return each row's benefit by each individual cost, shape (C, len(rows))."""
        y = self.design.outcome.values[rows]
        masked = [self._predict(model, rows) for model in (pair.generic, pair.personalized)]
        both = [[self._cost(cost, y, each) for cost in self.individual_costs] for each in masked]
        return np.array(both[0]) - np.array(both[1])

    def _predict(self, model: Any, rows: IntArray) -> Masked:
        if self.top is None:
            mu = predict(model, self.design, rows)
            return Masked(mu, mu, mu)
        return masked_predictions(model, self.design, rows, self.top)

    def _rows(self, rows: IntArray, fold: IntArray, predictions: list[Masked]) -> RowBop:
        design = self.design
        y = design.outcome.values[rows]
        own = self.individual_costs
        noise = _AGREE * float(np.ptp(design.outcome.values))
        predictions = [predictions[0], _without_noise(predictions[0], predictions[1], noise)]
        values = [[self._cost(cost, y, masked) for cost in own] for masked in predictions]
        shape = (len(own), len(rows))
        return RowBop(
            costs=tuple(cost.name for cost in own),
            generic=np.array(values[0]).reshape(shape),
            personalized=np.array(values[1]).reshape(shape),
            y=y,
            mu_generic=predictions[0].whole,
            mu_personalized=predictions[1].whole,
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

    def _cost(self, cost: Cost, y: FloatArray, masked: Masked) -> FloatArray:
        if cost.per_person is not None:
            return cost.per_person(y, masked.whole)
        binomial = family_name(self.family) == "binomial"
        if cost.name == "sufficiency":
            return explanation_cost(masked.whole, masked.top_only, binomial, self.threshold)
        return -explanation_cost(masked.whole, masked.without_top, binomial, self.threshold)

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
        return found


def _without_noise(generic: Masked, personalized: Masked, noise: float) -> Masked:
    """Let both models agree where they differ by rounding only, so that the benefit is 0."""

    def settle(name: str) -> FloatArray:
        a, b = getattr(generic, name), getattr(personalized, name)
        same = np.abs(b - a) <= np.maximum(noise, _ROUNDING * np.abs(a))
        return np.asarray(np.where(same, a, b), dtype=np.float64)

    return Masked(settle("whole"), settle("top_only"), settle("without_top"))
