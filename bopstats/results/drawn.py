"""What figures may show of a result: its frames, with labels, small cells masked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd

from bopstats._typing import BoolArray
from bopstats._validation import check_choice, check_real, check_share, fail
from bopstats.costs import Cost
from bopstats.groups import POPULATION
from bopstats.inference.curves import explained_costs
from bopstats.inference.gamma import Gamma
from bopstats.inference.testability import BAND, default_effects, error_band
from bopstats.results.answers import Answers
from bopstats.tables.agreement import agreement
from bopstats.tables.findings import Masks, find_masks, mask_figures
from bopstats.tables.frame import build_frame
from bopstats.tables.labels import check_labels
from bopstats.tables.suppression import (
    MASKED,
    check_suppress,
    hides_total,
    mask_frame,
    protect,
    small,
)

_VALUES = (-1.0, 0.0, 1.0)


@dataclass(frozen=True)
class People:
    """Each person's benefit, and what histograms of them may show.

    `frame` has columns `group`, `benefit` and `weight`, a row a person and partition; `masked`
    names groups (or the population) that have no bars, and bars hold `least` rows or more.
    """

    frame: pd.DataFrame
    masked: tuple[str, ...] = ()
    least: int = 0


@dataclass(frozen=True)
class Drawn:
    """A result as figures show it.

    Parameters
    ----------
    results : Answers
        The result, with its labels.
    alpha : float
        Level of the limits.
    masks : Masks
        What may not be shown.
    labels : mapping
        What to call costs; groups bear their labels already.
    """

    results: Answers
    alpha: float
    masks: Masks = field(default_factory=Masks)
    labels: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, results: Answers, alpha: float, labels: Any, suppress: Any) -> Self:
        """Return a result as it may be shown; see `BoPResults.table`."""
        alpha, k = check_share("alpha", alpha), check_suppress(suppress)
        named, masks = results._labelled(labels), Masks()
        if k is not None:
            found = {c.name: named._estimates(c.name, alpha) for c in named.evaluation.costs}
            masks = find_masks(named.evaluation, found, k)
        return cls(named, alpha, masks, check_labels(labels))

    def name(self, cost: Cost) -> str:
        """Return what to call a cost."""
        return self.labels.get(cost.name, cost.name)

    def cost_frame(
        self, cost: Cost, effect: float | None = None, max_error: float = 0.5
    ) -> pd.DataFrame:
        """Return a cost's frame, with verdicts that know the effect."""
        if effect is not None:
            effect = check_real("effect", effect, low=0.0)
        found = self.results._estimates(cost.name, self.alpha)
        limit = check_share("max_error", max_error)
        frame = build_frame(self.results.evaluation, found, self.alpha, effect, limit)
        if self.masks.k is not None:
            hidden = self.masks.figures[cost.name]
            frame = mask_frame(frame, self.masks.counts, hidden)
            frame["status"] = frame["status"].mask(hidden, MASKED)
        return frame.assign(cost=self.name(cost))

    def sides(
        self, prediction: str | None, explanation: str | None
    ) -> tuple[pd.DataFrame, str, list[str]]:
        """Return the frame of a cost of prediction and of costs of explanation, and their names."""
        first, others = _sides(self.results, prediction, explanation)
        frames = [self.cost_frame(cost) for cost in (first, *others)]
        return (
            pd.concat(frames, ignore_index=True),
            self.name(first),
            [self.name(cost) for cost in others],
        )

    def agreement(self, prediction: str | None, explanation: str | None) -> pd.DataFrame:
        """Put the benefits for prediction and for explanation side by side."""
        return agreement(*self.sides(prediction, explanation))

    def band(self, cost: Cost, effects: Sequence[float] | None) -> pd.DataFrame:
        """Return bounds on the error of any test; none where a group is masked.

        They are functions of all groups' sizes.
        """
        found = self.results._estimates(_personal(cost).name, self.alpha)
        if effects is not None:
            effects = [check_real("effects", e, low=0.0) for e in effects]
        if self.hides(cost):
            return pd.DataFrame(columns=list(BAND))
        return error_band(found, default_effects(found) if effects is None else np.array(effects))

    def hides(self, cost: Cost) -> bool:
        """Tell whether figures of some group are masked."""
        return self.masks.k is not None and bool(self.masks.figures[cost.name].any())

    def gamma(self, cost: Cost) -> Gamma:
        """Return the smallest group benefit."""
        return self.results.gamma(cost.name, alpha=self.alpha)

    def people(self, cost: Cost) -> People:
        """Return each person's group, benefit and weight in each partition."""
        frame = _people_frame(self.results, cost)
        if self.masks.k is None:
            return People(frame)
        hidden, partitions = self.masks.figures[cost.name], len(self.results.evaluation.rows)
        if cost.integer:
            hidden = _mask_bars(frame, partitions, hidden, self.masks.k)
        names = tuple(np.array(self._groups, dtype=object)[hidden])
        return People(frame, names, 0 if cost.integer else self.masks.k * partitions)

    def curve(self, cost: str | None) -> pd.DataFrame:
        """Return costs of explanation at every number of terms kept, with column `status`."""
        curve = self.results.top_curve(cost, alpha=self.alpha).assign(status="ok")
        costs = explained_costs(self.results.evaluation, cost)
        if self.masks.k is not None:
            for each in costs:
                rows = (curve["cost"] == each.name).to_numpy()
                hidden = rows & curve["group"].isin(self._curve_masked(each)).to_numpy()
                curve = _hide(curve, hidden, ["cost", "group", "r"])
        return curve.assign(cost=curve["cost"].map({each.name: self.name(each) for each in costs}))

    def _curve_masked(self, cost: Cost) -> list[str]:
        """Return the groups whose counts at some number of terms may not be shown."""
        evaluation = self.results.evaluation
        found = [
            self.results._curve_estimates(cost, r, self.alpha)
            for r in range(1, evaluation.settings.n_terms + 1)
        ]
        binary, k = evaluation.settings.family == "binomial", self.masks.k or 0
        # What is masked at the number chosen is masked at all of them.
        hidden = mask_figures(cost, found, binary, self.masks.figures[cost.name], k)
        return list(np.array(self._groups, dtype=object)[hidden])

    def calibration(self, bins: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return calibration in bins, with column `status`, and its coefficients.

        Where small cells are masked, a group has the most bins that have none.
        """
        table = self.results.calibration(alpha=self.alpha)
        found = self.results.calibration_bins(bins, alpha=self.alpha).assign(status="ok")
        if self.masks.k is None:
            return found, table
        wanted = set(found["group"]) - set(np.array(self._groups, dtype=object)[self.masks.counts])
        parts = []
        for count in range(bins, 0, -1):
            fewer = self.results.calibration_bins(count, alpha=self.alpha).assign(status="ok")
            safe = wanted - set(fewer.loc[self._small_bins(fewer), "group"])
            parts.append(fewer[fewer["group"].isin(safe)])
            wanted -= safe
        single = found[(found["bin"] == found["bin"].min())]
        single = single[~single["group"].isin(pd.concat(parts)["group"])]
        parts.append(_hide(single, np.ones(len(single), dtype=bool), ["group", "model", "bin"]))
        order = {group: i for i, group in enumerate(self._groups)}
        shown = pd.concat(parts).sort_values("group", key=lambda c: c.map(order), kind="stable")
        hidden = table["group"].isin(single["group"]).to_numpy()
        return shown.reset_index(drop=True), _hide(table, hidden, ["group", "model"])

    def _small_bins(self, bins: pd.DataFrame) -> BoolArray:
        """Tell which bins hold too few people, or events, or others."""
        n, k = bins["n"].to_numpy(dtype=np.float64), self.masks.k or 0
        if self.results.evaluation.settings.family != "binomial":
            return small(n, k)
        events = n * bins["observed"].to_numpy(dtype=np.float64)
        counts = np.stack([n, events, n - events], axis=1)
        # Sums of floats: what is near 0 is 0.
        return np.asarray(small(np.where(counts < 1e-9, 0.0, counts), k).any(axis=1))

    @property
    def _groups(self) -> list[str]:
        return [*self.results.evaluation.groups.labels, POPULATION]


def _hide(frame: pd.DataFrame, hidden: BoolArray, keep: list[str]) -> pd.DataFrame:
    """Leave out the figures of rows; they say that they are masked."""
    shown = frame.copy()
    for name in frame.columns.difference([*keep, "status"]):
        numeric = pd.api.types.is_numeric_dtype(frame[name])
        column = frame[name].astype(np.float64) if numeric else frame[name]
        shown[name] = column.mask(hidden, np.nan if numeric else "")
    if "status" in shown:
        shown["status"] = shown["status"].mask(hidden, MASKED)
    return shown


def _mask_bars(frame: pd.DataFrame, partitions: int, hidden: BoolArray, k: int) -> BoolArray:
    """Add groups of which few people were helped, harmed, or neither, in the mean partition."""
    benefits = [frame["benefit"] == value for value in _VALUES]
    groups = frame["group"].cat.codes.to_numpy()
    size = len(frame["group"].cat.categories)
    counts = np.stack(
        [np.bincount(groups[each], minlength=size) / partitions for each in benefits], axis=1
    )
    counts = np.concatenate([counts.sum(axis=1, keepdims=True), counts], axis=1)
    inner = protect(counts, k, hidden[:-1])
    return np.append(inner, hidden[-1] | hides_total(counts, inner, k))


def _sides(
    results: Answers, prediction: str | None, explanation: str | None
) -> tuple[Cost, list[Cost]]:
    """Return a cost of prediction and the costs of explanation that are compared with it."""
    costs: dict[str, list[Any]] = {"prediction": [], "explanation": []}
    for cost in results.evaluation.costs:
        costs[cost.kind].append(cost)
    if not costs["explanation"]:
        fail("explanation", "no cost of explanation", "a result of fit(explain=True)")
    chosen = results._cost(prediction)
    check_choice("prediction", chosen.name, [cost.name for cost in costs["prediction"]])
    if explanation is None:
        return chosen, costs["explanation"]
    names = [cost.name for cost in costs["explanation"]]
    return chosen, [
        costs["explanation"][names.index(check_choice("explanation", explanation, names))]
    ]


def _people_frame(results: Answers, cost: Cost) -> pd.DataFrame:
    place = [each.name for each in results.evaluation.costs if not each.group_only].index(
        _personal(cost).name
    )
    labels = pd.Index(results.evaluation.groups.labels)
    parts = [
        pd.DataFrame(
            {
                "group": pd.Categorical.from_codes(rows.group, labels),
                "benefit": rows.benefit[place],
                "weight": 1.0 if rows.weight is None else rows.weight,
            }
        )
        for rows in results.evaluation.need_rows("individual")
    ]
    return pd.concat(parts, ignore_index=True)


def _personal(cost: Cost) -> Cost:
    if cost.group_only:
        fail("cost", cost.name, "a cost of which each person has a value")
    return cost
