"""All that tables are made of, gathered once, and the same with small cells masked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from bopstats._typing import BoolArray, FloatArray
from bopstats.costs import Cost
from bopstats.evaluation import Evaluation
from bopstats.fitting.results import AssociationTest
from bopstats.inference.estimates import Estimates
from bopstats.inference.gamma import Gamma
from bopstats.inference.tests import BoPTest
from bopstats.tables.suppression import MASK, hides_total, mask_flow, mask_frame, protect, small

# What notes say of small counts that are not in any table.
_VAGUE = (
    (re.compile(r"[\d.]+% of predictions pass"), "almost none or all predictions pass"),
    (re.compile(r"the cost of only [\d.]+ people changed"), "the cost of few people changed"),
    (re.compile(r"only [\d.]+ clusters"), "few clusters"),
    (re.compile(r"worth only [\d.]+ people \(n_eff\)"), "worth few people"),
)


@dataclass(frozen=True)
class Masks:
    """What may not be shown.

    `counts` and each of `figures` (a cost each) have shape (G + 1,), the population last: rows
    whose numbers of people, or whose costs and benefits, are masked. `gammas`, `pvalues` and
    `covers` name the costs whose smallest benefit, p-value over all groups, and number of groups
    covered would speak of a masked group. `read` has shape (G + 2,): groups, rows of unknown group,
    and the population, of which the numbers of rows read and dropped are masked. `k` is None
    where nothing was asked to be masked.
    """

    k: int | None = None
    counts: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=bool))
    figures: Mapping[str, BoolArray] = field(default_factory=dict)
    gammas: frozenset[str] = frozenset()
    pvalues: frozenset[str] = frozenset()
    covers: frozenset[str] = frozenset()
    read: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=bool))

    @property
    def any(self) -> bool:
        """Whether a group's number of people is masked."""
        return bool(self.counts.any())

    def show(self, texts: list[str], hidden: BoolArray | None) -> list[str]:
        """Return cells, one a row, with the masked ones replaced."""
        if self.k is None or hidden is None:
            return texts
        return [MASK if hide else text for text, hide in zip(texts, hidden, strict=True)]


@dataclass(frozen=True)
class Findings:
    """The figures of an analysis, by cost where a mapping, and what of them may be shown.

    `effects` are the primary cost's design effects, None for a simple sample.
    """

    evaluation: Evaluation
    frame: pd.DataFrame
    estimates: Mapping[str, Estimates]
    tests: Mapping[str, BoPTest]
    heterogeneity: Mapping[str, BoPTest]
    gammas: Mapping[str, Gamma]
    association: AssociationTest | None
    alpha: float
    max_error: float
    effects: pd.DataFrame | None = None
    masks: Masks = field(default_factory=Masks)

    def rows(self, cost: str) -> pd.DataFrame:
        """Return one cost's frame, the population last."""
        return self.frame[self.frame["cost"] == cost].reset_index(drop=True)

    def hidden(self, cost: str) -> BoolArray | None:
        """Return which rows of a cost are masked."""
        return self.masks.figures.get(cost)


def suppressed(findings: Findings, k: int | None) -> Findings:
    """Return findings in which no count from 1 to k − 1 shows, nor what would give it away."""
    if k is None:
        return findings
    masks = find_masks(findings.evaluation, findings.estimates, k)
    parts = [
        mask_frame(findings.rows(cost.name), masks.counts, masks.figures[cost.name])
        for cost in findings.evaluation.costs
    ]
    frame = pd.concat(parts, ignore_index=True)
    frame["note"] = frame["note"].map(_vague)
    flow = mask_flow(findings.evaluation.row_flow, k)
    nothing = Gamma(np.nan, MASK, np.nan, np.nan, (0, 0))
    # Statistics that are functions of counts alone are one more equation for the masked ones.
    counted = {cost.name for cost in findings.evaluation.costs if cost.integer}
    saturated = masks.any and findings.evaluation.settings.n_terms == 0
    return replace(
        findings,
        association=None if saturated else findings.association,
        heterogeneity={
            name: test
            for name, test in findings.heterogeneity.items()
            if name not in counted or not masks.figures[name].any()
        },
        evaluation=replace(findings.evaluation, row_flow=flow),
        frame=frame,
        gammas={
            name: replace(nothing, covers=gamma.covers) if name in masks.gammas else gamma
            for name, gamma in findings.gammas.items()
        },
        tests={name: _masked_test(test, masks, name) for name, test in findings.tests.items()},
        masks=masks,
    )


def _vague(note: str) -> str:
    for number, words in _VAGUE:
        note = number.sub(words, note)
    return note


def _masked_test(test: BoPTest, masks: Masks, name: str) -> BoPTest:
    """Leave out bounds, functions of all group sizes, and the note, which names tiny groups."""
    nothing, statistic, pvalue = pd.DataFrame(), test.statistic, test.pvalue
    if name in masks.gammas:
        statistic = np.nan
    if name in masks.pvalues:
        pvalue = np.nan
    if not masks.figures[name].any():
        return replace(test, statistic=statistic, pvalue=pvalue)
    return replace(
        test,
        statistic=statistic,
        pvalue=pvalue,
        error_lower=nothing,
        error_upper=nothing,
        max_attributes=nothing,
        reject_threshold=None,
        note="",
    )


def find_masks(evaluation: Evaluation, estimates: Mapping[str, Estimates], k: int) -> Masks:
    """Return what may not be shown of a run.

    Parameters
    ----------
    evaluation : Evaluation
        The run.
    estimates : mapping
        The figures of each of its costs.
    k : int
        Smallest count that may be shown.
    """
    binary = evaluation.settings.family == "binomial"
    people = _people(estimates[evaluation.costs[0].name], binary)
    counts = _with_total(people, protect(people[:-1], k), k)
    figures = {
        cost.name: mask_figures(cost, [estimates[cost.name]], binary, counts, k)
        for cost in evaluation.costs
    }
    spoken = {
        cost.name: _spoken(estimates[cost.name], figures[cost.name][:-1], counts[:-1])
        for cost in evaluation.costs
    }
    gammas, pvalues, covers = (
        frozenset(name for name, found in spoken.items() if found[i]) for i in range(3)
    )
    read = _mask_read(evaluation, people[:-1, 0], counts, k)
    return Masks(k, counts, figures, gammas, pvalues, covers, read)


def _mask_read(evaluation: Evaluation, n: FloatArray, counts: BoolArray, k: int) -> BoolArray:
    """Return which numbers of rows read and dropped may not be shown.

    Both go together, since their difference is what was used; so is what was used but not
    evaluated. The row flow tells how many were dropped in all: where that must not be known of
    these groups, none is shown.
    """
    if evaluation.read is None or evaluation.dropped is None:
        return np.zeros(0, dtype=bool)
    dropped = evaluation.dropped.astype(np.float64)
    trained = evaluation.read - dropped - np.append(n, 0.0)
    # Rows with frequency weights are not people.
    trained = np.where(trained > 0, trained, 0.0)
    told = np.stack([dropped, trained], axis=1)
    masked = protect(told, k, np.append(counts[:-1], False))
    if hides_total(told, masked, k):
        masked[:] = True
    return np.append(masked, masked.all() | counts[-1])


def mask_figures(
    cost: Cost, found: Sequence[Estimates], binary: bool, counts: BoolArray, k: int
) -> BoolArray:
    """Return the rows of which figures of a cost, shown together, may not be shown.

    Parameters
    ----------
    cost : Cost
        The cost.
    found : sequence of Estimates
        One or more estimates of it, such as those at several numbers of terms kept.
    binary : bool
        Whether there are events.
    counts : ndarray of bool, shape (G + 1,)
        Rows whose numbers of people are masked.
    k : int
        Smallest count that may be shown.
    """
    told = np.concatenate([_counted(cost, each, _people(each, binary)) for each in found], axis=1)
    return _with_total(told, protect(told[:-1], k, counts[:-1]), k) | counts


def _with_total(counts: FloatArray, masked: BoolArray, k: int) -> BoolArray:
    """Add whether the population is masked: its counts are sums, but for medians of few."""
    total = small(counts[-1], k).any() or hides_total(counts[:-1], masked, k)
    return np.append(masked, bool(total))


def _people(found: Estimates, binary: bool) -> FloatArray:
    """Return people, events and non-events of each group, the population last."""
    n, events = found.median("n"), found.median("events")
    columns = [n, events, n - events] if binary else [n]
    return np.stack(columns, axis=1)


def _counted(cost: Cost, found: Estimates, people: FloatArray) -> FloatArray:
    """Add the counts that a cost tells: of people wrongly predicted, and changed, or not so.

    Costs that are shares give them away as share × n; the interval of a difference of shares
    does so for those who change one way and the other.
    """
    if not (cost.integer or cost.name == "net_benefit"):
        return people
    n, changed = found.median("n"), found.median("changed")
    more = [changed]
    if cost.integer:
        shares = (found.mean("generic"), found.mean("personalized"))
        gained = found.mean("bop") * n
        more += [np.abs(share) * n for share in shares]
        more += [(changed + gained) / 2, (changed - gained) / 2]
    several = np.nan_to_num(np.stack([*more, *(n - each for each in more)], axis=1))
    # Means over partitions of counts are not whole: what is near 0 is 0.
    return np.concatenate([people, np.where(several < 1e-9, 0.0, several)], axis=1)


def _spoken(found: Estimates, masked: BoolArray, counts: BoolArray) -> tuple[bool, bool, bool]:
    """Tell whether gamma, the p-value, or the number covered speaks of a masked group."""
    columns = np.flatnonzero(found.tested if found.tested.any() else found.covered)
    lacking = np.isin(np.flatnonzero(counts), columns, invert=True)
    if not len(columns):
        return False, False, bool(lacking.any())

    def at(values: FloatArray, largest: bool = False) -> bool:
        known = np.nan_to_num(values[:, columns], nan=-np.inf if largest else np.inf)
        places = known.argmax(axis=1) if largest else known.argmin(axis=1)
        return bool(masked[columns[places]].any())

    gamma = at(found.bop) or at(found.low) or at(found.bonferroni_high)
    return gamma, at(found.p_benefit, largest=True), bool(lacking.any())
