"""What a run produced: frozen figures of every partition, and the settings that made them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bopstats._typing import FloatArray, IntArray
from bopstats.costs import Cost, group_metric
from bopstats.exceptions import DataError, RowsNotKept
from bopstats.groups import GroupIndex, GroupMoments, RowBop
from bopstats.sampling import DesignSums


@dataclass(frozen=True)
class Settings:
    """Everything that names an analysis.

    `evaluation` is "cross-fitting", "hold-out", "given" (training and test sets), "in-sample" or
    "predictions" (given ones: `link` is empty, no model was fitted); `folds` the splits of a
    partition; `partitions` their number; `seed` the seed, or None for a generator;
    `penalty` is None or "firth"; `bootstrap_seed` what bootstraps start from; `top` the number r of
    units that explanations keep, of `n_terms` in the generic model, or None, and `top_personalized`
    that of the personalized model; `attribution`, `rank`, `baseline` (in words) and `unit` say how
    these are ranked and masked, `interacting` that a term reads several variables; `shifts_only`
    that the personal terms are constant within groups; `clusters` and `strata` are
    the numbers of clusters and sampling strata of the rows used, 0 without.
    """

    formula: str
    outcome: str
    generic_terms: str
    personal_terms: str
    event: object | None
    family: str
    link: str
    penalty: str | None
    dispersion: float | None
    evaluation: str
    folds: int
    test_share: float | None
    partitions: int
    fold_rule: str
    seed: int | None
    bootstrap_seed: int
    threshold: float
    top: int | None
    n_terms: int
    weight_type: str | None
    clustered: bool
    shifts_only: bool
    clusters: int = 0
    strata: int = 0
    top_personalized: int | None = None
    attribution: str = "integrated_gradients"
    rank: str = "absolute"
    baseline: str = "the training rows' mean"
    unit: str = "term"
    interacting: bool = False

    @property
    def complex_design(self) -> bool:
        """Whether rows were drawn in clusters or strata."""
        return self.clustered or self.strata > 0


@dataclass(frozen=True)
class Refitted:
    """What models fitted again say of each cost and group.

    `method` is "nested" or "refit bootstrap"; `centre` and `std_err` have shape (C, G + 1), the
    costs of one person only, the population last.
    """

    method: str
    centre: FloatArray
    std_err: FloatArray


@dataclass(frozen=True)
class Evaluation:
    """Costs of both models in every partition, by group.

    Parameters
    ----------
    settings : Settings
        What was run.
    costs : tuple of Cost
        Primary first; those with a value for each person come in this order in `rows` too.
    groups : GroupIndex
        The groups.
    rows : tuple of RowBop
        One a partition; empty where the rows are not kept.
    moments : tuple of GroupMoments
        One a partition.
    metrics : mapping from str to ndarray, shape (R, 2, G + 1)
        Cost of the generic and the personalized model in each partition and group, the population
        last, of the costs that only a group has.
    index : Index
        The used rows' labels in the data.
    n_read, n_used : int
        Rows of the data, and rows used.
    row_flow : DataFrame
        Where rows were dropped.
    notes : tuple of str
        What a reader must know.
    refitted : Refitted or None
        Intervals from models fitted again, which replace those conditional on the fitted ones.
    curve : tuple of GroupMoments
        One a partition: sums of the costs of explanation at every number of units, and of their
        means over these; empty where nothing was explained.
    read, dropped : ndarray of int, shape (G + 1,), or None
        Rows of each group that were read (within `subset`), and those of them dropped for missing
        values; last those of which the group is not known. None where predictions were given.
    """

    settings: Settings
    costs: tuple[Cost, ...]
    groups: GroupIndex
    rows: tuple[RowBop, ...]
    moments: tuple[GroupMoments, ...]
    metrics: Mapping[str, FloatArray]
    index: pd.Index[Any]
    n_read: int
    n_used: int
    row_flow: pd.DataFrame
    notes: tuple[str, ...]
    refitted: Refitted | None = None
    curve: tuple[GroupMoments, ...] = ()
    read: IntArray | None = None
    dropped: IntArray | None = None

    def need_rows(self, what: str) -> tuple[RowBop, ...]:
        """Return the rows, or say that `what` cannot be had without them."""
        if not self.rows:
            raise RowsNotKept(
                f"{what}: needs the rows, but this result holds group figures only (data "
                "read piece by piece leave no rows; a saved result has them if saved with "
                "keep_rows=True, a pooled one in its .results)"
            )
        return self.rows


def gather(
    settings: Settings,
    costs: tuple[Cost, ...],
    groups: GroupIndex,
    rows: tuple[RowBop, ...],
    *,
    index: pd.Index[Any],
    n_read: int,
    row_flow: pd.DataFrame,
    notes: tuple[str, ...],
    curve: tuple[GroupMoments, ...] = (),
    read: IntArray | None = None,
    dropped: IntArray | None = None,
    moments: tuple[GroupMoments, ...] | None = None,
) -> Evaluation:
    """Sum the rows of every partition up, unless `moments` are their sums; see `Evaluation`."""
    if moments is None:
        moments = tuple(GroupMoments.from_rows(each) for each in rows)
    _check_strata(moments)
    held = rows or (None,) * len(moments)
    metrics = {
        cost.name: np.stack(
            [group_metric(cost.name, r, m) for r, m in zip(held, moments, strict=True)]
        )
        for cost in costs
        if cost.group_only
    }
    return Evaluation(
        settings=settings,
        costs=costs,
        groups=groups,
        rows=rows,
        moments=moments,
        metrics=metrics,
        index=index,
        n_read=n_read,
        n_used=len(index),
        row_flow=row_flow,
        notes=notes,
        curve=curve,
        read=read,
        dropped=dropped,
    )


def _check_strata(moments: tuple[GroupMoments, ...]) -> None:
    """Held-out rows are a sample of their own: each of their strata needs two units too."""
    for each in moments:
        if isinstance(each.design, DesignSums) and each.design.stratified:
            single = int((each.design.units < 2).sum())
            if single:
                raise DataError(
                    f"strata: {single} of the {len(each.design.units)} strata held out have a "
                    "single cluster or row there; allowed: two or more (use cross-fitting, which "
                    "holds every row out once, or merge strata)"
                )
