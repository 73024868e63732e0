"""Evaluations with individual benefits as wanted, for tests of what is inferred from them."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

import bopstats as bop
from bopstats.costs import resolve
from bopstats.groups import GroupIndex, GroupMoments, RowBop


@cache
def _template(family):
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"x": rng.normal(size=40), "g": rng.choice(list("ab"), 40)})
    data["y"] = rng.integers(0, 2, 40) if family == "binomial" else rng.normal(size=40)
    return bop.glm("y ~ x | g", data, family).fit(repeats=1, explain=False).evaluation


def evaluation_of(
    partitions,
    group,
    *,
    cost="squared_error",
    y=None,
    weight=None,
    weight_type=None,
    cluster=None,
    stratum=None,
):
    """Make an evaluation: benefits, shape (R, n), of people in groups 0, 1, …; `y` if binary."""
    partitions, group = np.atleast_2d(np.asarray(partitions, dtype=float)), np.asarray(group)
    family = "gaussian" if cost == "squared_error" else "binomial"
    n, size = len(group), int(max(group)) + 1
    zero = np.zeros(n)
    rows = tuple(
        RowBop(
            costs=(cost,),
            generic=benefit[None],
            personalized=zero[None],
            y=np.arange(n) % 2.0 if y is None else np.asarray(y, dtype=float),
            mu_generic=zero + 0.4,
            mu_personalized=zero + 0.6,
            group=group,
            fold=np.zeros(n, dtype=np.int64),
            rows=np.arange(n),
            n_groups=size,
            weight=None if weight is None else np.asarray(weight, dtype=float),
            weight_type=weight_type,
            cluster=None if cluster is None else np.asarray(cluster),
            binary=family == "binomial",
            stratum=None if stratum is None else np.asarray(stratum),
        )
        for benefit in partitions
    )
    template = _template(family)
    return replace(
        template,
        settings=replace(
            template.settings,
            partitions=len(rows),
            weight_type=weight_type,
            clustered=cluster is not None,
            clusters=0 if cluster is None else len(np.unique(cluster)),
            strata=0 if stratum is None else len(np.unique(stratum)),
        ),
        costs=resolve(cost, family, 0.5, None),
        groups=GroupIndex(("g",), (tuple("abcdefghij"[:size]),)),
        rows=rows,
        moments=tuple(GroupMoments.from_rows(each) for each in rows),
    )
