"""Which method gives a group's interval, chosen once for all partitions, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bopstats._typing import FloatArray
from bopstats.costs import Cost
from bopstats.inference.paired import MOST_CHANGED, choose_method

UNCHANGED = "no one's cost changed: an unbounded cost has no interval"
INFINITE = "a cost is infinite: a prediction of exactly 0 or 1 was wrong, or a mean is impossible"
CONSTANT = "the benefit does not vary, or between strata only: no interval"
SOME_FLAT = (
    "the benefit does not vary in some partitions: no standard error, and limits there are "
    "Clopper–Pearson's"
)
ONE_UNIT = "one cluster, or one sampling unit in each stratum: no standard error"
NO_EVENTS = "no events: t cannot see what an event would cost, so no interval or test"
NO_NON_EVENTS = "events only: t cannot see what a non-event would cost, so no interval or test"
EFFECTIVE = ("clopper-pearson (unchanged)", "clopper-pearson (effective n)")


@dataclass(frozen=True)
class Choice:
    """What a group's method is chosen from: figures of all partitions."""

    cost: Cost
    status: str
    exact: bool
    rare: bool
    effective: str
    n: FloatArray
    events: FloatArray
    changed: FloatArray
    mean: FloatArray
    std_err: FloatArray
    df: FloatArray

    def method(self) -> tuple[str, str]:
        """Return the method for all partitions; "" with a reason where there is none."""
        if self.status != "ok":
            size = int(np.median(self.n))
            return "", f"{self.status}: {size} row{'' if size == 1 else 's'}"
        if self.exact:
            return self._for_counts(), ""
        if not np.isfinite(self.mean).all():
            return "", INFINITE
        if (self.df < 1).any():
            return "", ONE_UNIT
        events = float(np.median(self.events))
        if self.rare and (events == 0 or events == np.median(self.n)):
            return "", NO_EVENTS if events == 0 else NO_NON_EVENTS
        return self._for_means()

    def _for_counts(self) -> str:
        chosen = choose_method(float(np.median(self.n)), float(np.median(self.changed)))
        many = chosen == "exact unconditional" and self.changed.max() > MOST_CHANGED
        return "clopper-pearson" if many else chosen

    def _for_means(self) -> tuple[str, str]:
        flat = ~(self.std_err > 0)
        if not flat.any():
            return "t", ""
        if not self.cost.integer and self.changed[flat].any():
            return "", CONSTANT
        if self.cost.bounds is None:
            return "", UNCHANGED
        return (self.effective, "") if flat.all() else ("t", SOME_FLAT)
