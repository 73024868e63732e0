"""What masking changes in a person's prediction: the costs of explanation, at any number of r."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from bopstats._typing import BoolArray, FloatArray
from bopstats.costs import Cost, settled
from bopstats.explanations.masking import Masked
from bopstats.explanations.slopes import class_cut


@dataclass(frozen=True)
class Changes:
    """Costs of explanation of a family.

    A cost that is an integer counts changes of the predicted class, the others are squared changes
    of the mean; incomprehensiveness is minus the change without the top units, sufficiency the
    change with the top units only.

    Parameters
    ----------
    family : statsmodels family
        Its link is used.
    threshold : float
        Probability from which the event is predicted.
    spread: float
        Range of the outcome.
    """

    family: Any
    threshold: float
    spread: float

    def costs(self, cost: Cost, generic: Masked, personalized: Masked) -> tuple[FloatArray, ...]:
        """Return one cost of both models for the same people, shape (R, n) each."""
        suffices = cost.name.startswith("sufficiency")
        field = "top_only" if suffices else "without_top"
        pairs = (generic.whole, personalized.whole)
        masked = (getattr(generic, field), getattr(personalized, field))
        if cost.integer:
            classes = zip(self._classes(*pairs), self._classes(*masked), strict=True)
            changes = [(a != b).astype(np.float64) for a, b in classes]
        else:
            means = zip(self._means(*pairs), self._means(*masked), strict=True)
            with np.errstate(over="ignore"):  # explosive means: infinite, and so said
                changes = [(a - b) ** 2 for a, b in means]
        return tuple(changes if suffices else [-change for change in changes])

    def _means(self, a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
        mean = self.mean(a)
        return mean, self.settled(mean, self.mean(b))

    def settled(self, a: FloatArray, b: FloatArray) -> FloatArray:
        """Return `b`, but `a` where both differ by rounding only: no benefit there."""
        return settled(a, b, self.spread)

    def mean(self, eta: FloatArray) -> FloatArray:
        """Return the mean at a linear predictor."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return np.asarray(self.family.link.inverse(eta), dtype=np.float64)

    def _classes(self, a: FloatArray, b: FloatArray) -> tuple[BoolArray, BoolArray]:
        """Tell whose event is predicted; on the link scale, which spares the inverse link."""
        first, second = self._passes(a), self._passes(b)
        where = np.flatnonzero(first != second)
        if len(where):
            before, after = a.ravel()[where], b.ravel()[where]
            second.ravel()[where] ^= self.settled(before, after) == before
        return first, second

    def _passes(self, eta: FloatArray) -> BoolArray:
        if self._cut is None:
            return np.asarray(self.mean(eta) >= self.threshold, dtype=bool)
        return np.asarray(eta >= self._cut, dtype=bool)

    @cached_property
    def _cut(self) -> float | None:
        """The linear predictor at the threshold; None for a link that decreases."""
        if self.family.link.deriv(self.threshold) > 0:
            return class_cut(self.family, self.threshold)
        return None


def curve_costs(costs: tuple[Cost, ...], n_units: int) -> tuple[Cost, ...]:
    """Return a cost for each explanation cost and r, and for the mean over r, in this order."""
    found: list[Cost] = []
    for cost in costs:
        if cost.kind == "explanation":
            found += [replace(cost, name=curve_name(cost, r)) for r in range(1, n_units + 1)]
            found.append(replace(cost, name=curve_name(cost, None), integer=False))
    return tuple(found)


def curve_name(cost: Cost, r: int | None) -> str:
    """Name a cost at r units, or its mean over r."""
    return f"{cost.name}, area" if r is None else f"{cost.name}, r = {r}"
