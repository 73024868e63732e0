"""Other rows of the same data, with the levels, transforms and groups that an analysis has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from bopstats._typing import BoolArray, IntArray
from bopstats.assembly import Recipe, Request, categorical_factors, total_offset
from bopstats.attributes import regroup, regroup_values
from bopstats.columns import (
    RowCounts,
    check_finite,
    check_some_weights,
    column,
    prepare,
    row_mask,
)
from bopstats.conditions import subset_mask
from bopstats.design import Design
from bopstats.exceptions import DataError
from bopstats.formula import evaluate_outcome
from bopstats.outcome import recode_outcome

ROLES = ("weights", "cluster", "strata", "id", "offset", "exposure")


def group_names(request: Request) -> list[str]:
    """Return the names of the columns that make groups, where `groups` was given."""
    groups = request.groups
    return [] if groups is None else [groups] if isinstance(groups, str) else list(groups)


@dataclass(frozen=True)
class UsedRows:
    """Which of some rows are used: the mask, what `subset` keeps, and where the others went."""

    keep: BoolArray
    used: BoolArray
    counts: RowCounts
    extras: Mapping[str, pd.Series[Any]]
    grouped: list[pd.Series[Any]]


def used_rows(data: pd.DataFrame, names: list[str], request: Request) -> UsedRows:
    """Find the rows that lack nothing.

    Parameters
    ----------
    data : DataFrame
        Rows read.
    names : list of str
        Variables of the formula.
    request : Request
        Whose columns are given by their names.
    """
    given = {role: getattr(request, role) for role in ROLES}
    extras = {role: column(data, name, role) for role, name in given.items() if name is not None}
    grouped = [column(data, name, "groups") for name in group_names(request)]
    keep = subset_mask(data, request.subset)
    variables: list[tuple[str, Any]] = [(name, data[name]) for name in names]
    variables += [(str(s.name), s) for s in grouped if s.name not in names]
    variables += list(extras.items())
    mask = row_mask(data, keep, variables, request.missing)
    return UsedRows(keep, mask.used, mask.counts, extras, grouped)


def recode(recipe: Recipe, data: pd.DataFrame, position: int) -> tuple[Design, RowCounts]:
    """Make a design of other rows.

    Parameters
    ----------
    recipe : Recipe
        Of an analysis whose columns are given by their names.
    data : DataFrame
        The rows, with all columns that the analysis reads.
    position : int
        Place of the first row among all rows.

    Returns
    -------
    design : Design
        Of the rows that lack nothing; there may be none. Clusters and strata are numbered by
        `numbered`, so that numbers mean the same everywhere.
    counts : RowCounts

    Raises
    ------
    DataError, OutcomeError
        If a column has a level or a type that it did not have.
    """
    rows = used_rows(data, list(recipe.variables.columns), recipe.request)
    used, old, frame = rows.used, recipe.design, prepared(recipe, data, rows.used)
    outcome = recode_outcome(evaluate_outcome(recipe.parsed, frame, recipe.env), old.outcome)
    built = recipe.coding.build(frame)
    if rows.grouped:
        group, dropped = regroup_values(old.groups, rows.grouped, used, rows.keep)
    else:
        lost = data.loc[rows.keep & ~used, recipe.sides["personal"]]
        group, dropped = regroup(old.groups, built.personal_factors, lost)
    extras = {role: series[used] for role, series in rows.extras.items()}
    cluster = extras.get("cluster")
    key = extras.get("id") if cluster is None else cluster
    weight = extras.get("weights")
    kind = recipe.request.weight_type
    members = np.bincount(group, minlength=old.groups.n_groups)
    design = replace(
        old,
        outcome=outcome,
        generic=built.generic,
        personalized=built.personalized,
        group=group,
        factors=categorical_factors(built),
        positions=position + np.flatnonzero(used),
        index=frame.index,
        read=np.append(members, 0) + dropped,
        dropped=dropped,
        weight=None if weight is None else check_some_weights(weight, kind, "weights"),
        cluster=None if cluster is None else numbered(cluster),
        stratum=None if "strata" not in extras else numbered(extras["strata"]),
        key=None if key is None else key.to_numpy(),
        offset=total_offset(extras.get("offset"), extras.get("exposure")),
    )
    return design, rows.counts


def prepared(recipe: Recipe, data: pd.DataFrame, used: BoolArray) -> pd.DataFrame:
    """Return the formula's variables of the used rows, with the types and levels that they had."""
    names = recipe.variables.columns
    some = data[names] if used.all() else data.loc[used, names]
    columns = {name: _like(some[name], recipe.variables[name]) for name in names}
    return pd.DataFrame(columns, index=some.index, copy=False)


def _like(series: pd.Series[Any], like: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column with the type and the levels of another."""
    name = str(series.name)
    if isinstance(like.dtype, pd.CategoricalDtype):
        found = series.astype(like.dtype)
        if not found.cat.categories.equals(like.cat.categories):  # equal types, another order
            found = found.cat.reorder_categories(like.cat.categories)
        new = series[found.isna()]
        if len(new):
            levels = ", ".join(map(repr, like.cat.categories[:12]))
            raise DataError(f"column {name!r} has the new level {new.iloc[0]!r}; allowed: {levels}")
        return found
    found = prepare(series, name, None)
    if isinstance(found.dtype, pd.CategoricalDtype):
        raise DataError(f"column {name!r} was {like.dtype} and holds texts")
    check_finite(name, found)
    return found if found.dtype.kind == like.dtype.kind else found.astype(like.dtype)


def numbered(values: pd.Series[Any]) -> IntArray:
    """Return a number for each value, the same in any rows: a hash of 63 bits."""
    words = pd.util.hash_array(np.asarray(values.astype(str), dtype=object), categorize=True)
    return (words >> np.uint64(1)).astype(np.int64)
