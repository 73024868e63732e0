"""Counts by fold that tell whether training sets hold everyone whom they will predict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bopstats._typing import CodeArray, FloatArray, IntArray
from bopstats.design import Design
from bopstats.exceptions import DataError
from bopstats.sampling import DesignSums
from bopstats.splitting import check_clusters, check_groups, check_levels, lonely_notes
from bopstats.streaming.rows import Dealing


@dataclass(frozen=True)
class TallyPass:
    """The pass that counts rows of positive weight by fold.

    It returns counts of groups (G, K), of the levels of each categorical variable of the generic
    model (levels, K), and rows by group, cluster and stratum, or None without these.
    """

    n_folds: int

    def __call__(
        self, design: Design, fold: IntArray
    ) -> tuple[FloatArray, tuple[FloatArray, ...], DesignSums | None]:
        """Count a design's rows."""
        there = np.ones(design.n)
        if design.weight is not None:
            there = (design.weight > 0).astype(np.float64)

        def by_fold(codes: CodeArray, size: int) -> FloatArray:
            cell = codes.astype(np.int64) * self.n_folds + fold
            found = np.bincount(cell, there, size * self.n_folds)
            return found.reshape(size, self.n_folds).astype(np.float64)

        groups = by_fold(design.group, design.groups.n_groups)
        levels = tuple(by_fold(each.codes, len(each.levels)) for each in design.factors)
        if design.cluster is None and design.stratum is None:
            return groups, levels, None
        copies = design.weight_type == "freq"
        units = there if not copies or design.weight is None else design.weight
        nothing = np.zeros((0, design.n))
        sums = DesignSums.of(design.group, design.stratum, design.cluster, units, copies, nothing)
        return groups, levels, sums


def check_tallies(
    sample: Design,
    found: tuple[FloatArray, tuple[FloatArray, ...], DesignSums | None],
    dealing: Dealing,
) -> tuple[str, ...]:
    """Raise if a training set lacks a group, a level or a cluster; return notes.

    Parameters
    ----------
    sample : Design
        For labels.
    found
        What `TallyPass` found in all rows.
    dealing : Dealing
        How rows were dealt.

    Raises
    ------
    SplitError
        As `bopstats.splitting.make_plan` does.
    """
    groups, levels, units = found
    if units is not None:
        _check_strata(units)
    if dealing.kind == "in-sample":
        return ()
    labels, rows = sample.groups.labels, groups.sum(axis=1)
    if units is not None and units.clustered and dealing.kind == "cross-fitting":
        check_clusters(labels, units.clusters_of(len(rows)), rows, dealing.folds)
    lonely: set[str] = set()
    for i, k in enumerate(dealing.held_out):
        tested = groups[:, k]
        lonely |= check_groups(labels, rows, rows - tested, tested, i, len(dealing.held_out))
        for factor, counts in zip(sample.factors, levels, strict=True):
            check_levels(factor, counts.sum(axis=1) - counts[:, k], counts[:, k], i)
    return lonely_notes(lonely)


def _check_strata(units: DesignSums) -> None:
    """Every stratum needs two units, and a cluster lies in one stratum."""
    if not units.stratified:
        return
    if units.clustered:
        pairs = np.unique(np.stack([units.cluster, units.stratum]), axis=1)
        torn = int((np.diff(pairs[0]) == 0).sum())
        if torn:
            raise DataError(f"cluster: {torn} clusters lie in several strata; allowed: one each")
    single = int((units.units < 2).sum())
    if single:
        raise DataError(
            f"strata: {single} of {len(units.strata)} have a single cluster or row among the rows "
            "used; allowed: two or more, since one shows no variance (merge it with a stratum like "
            "it)"
        )
