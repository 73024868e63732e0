"""What a run produced: frozen figures of every partition, and the settings that made them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bopstats._typing import FloatArray
from bopstats.costs import Cost
from bopstats.groups import GroupIndex, GroupMoments, RowBop


@dataclass(frozen=True)
class Settings:
    """Everything that names an analysis.

    `evaluation` is "cross-fitting", "hold-out", "given" or "in-sample"; `folds` the splits of a
    partition; `partitions` their number; `seed` the seed, or None for a generator;
    `bootstrap_seed` what bootstraps start from; `top` the
    number r of terms that explanations keep, of `n_terms` in the generic model, or None;
    `shifts_only` that the personal terms are constant within groups.
    """

    formula: str
    outcome: str
    generic_terms: str
    personal_terms: str
    event: object | None
    family: str
    link: str
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
        One a partition.
    moments : tuple of GroupMoments
        One a partition.
    n_read, n_used : int
        Rows of the data, and rows used.
    row_flow : DataFrame
        Where rows were dropped.
    notes : tuple of str
        What a reader must know.
    refitted : Refitted or None
        Intervals from models fitted again, which replace those conditional on the fitted ones.
    """

    settings: Settings
    costs: tuple[Cost, ...]
    groups: GroupIndex
    rows: tuple[RowBop, ...]
    moments: tuple[GroupMoments, ...]
    n_read: int
    n_used: int
    row_flow: pd.DataFrame
    notes: tuple[str, ...]
    refitted: Refitted | None = None
