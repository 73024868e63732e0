"""From a formula and data to a Design: every part of the analysis on the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bopstats._typing import BoolArray, FloatArray, IntArray
from bopstats._validation import fail, nearest
from bopstats.allowlist import check_length, check_safe
from bopstats.attributes import (
    Grouping,
    check_sides,
    group_by_columns,
    group_by_factors,
    group_by_values,
)
from bopstats.columns import (
    RowMask,
    as_frame,
    check_finite,
    check_strata,
    check_weights,
    codes,
    column_or_array,
    numbers,
    prepare,
    row_mask,
    unused_levels,
)
from bopstats.conditions import subset_mask
from bopstats.design import Design, Factor
from bopstats.formula import Built, Coding, Parsed, environment, evaluate_outcome, learn, parse
from bopstats.outcome import code_outcome
from bopstats.syntax import split_formula


@dataclass(frozen=True)
class Request:
    """What the user asked for, beside formula and data; see `bopstats.glm`."""

    groups: Any = None
    event: object | None = None
    ref: Mapping[str, object] | None = None
    subset: Any = None
    weights: Any = None
    weight_type: str | None = None
    cluster: Any = None
    strata: Any = None
    id: Any = None
    offset: Any = None
    exposure: Any = None
    missing: str = "drop"
    safe: bool = False


@dataclass(frozen=True)
class Recipe:
    """How rows became a design, so that other rows of the same data can; see `bopstats.recoding`.

    `sides` are the variables of outcome, generic and personal terms; `variables`, without rows, are
    all of them and the columns that make groups by `Request.groups`, with the types and levels that
    the design uses.
    """

    request: Request
    parsed: Parsed
    env: Any
    coding: Coding
    sides: Mapping[str, list[str]]
    variables: pd.DataFrame
    design: Design


def build_design(formula: str, data: Any, request: Request, namespace: Mapping[str, Any]) -> Design:
    """Build the design of an analysis.

    Parameters
    ----------
    formula : str
        ``outcome ~ generic terms | personal terms``.
    data : DataFrame or mapping
        The rows.
    request : Request
        Groups, event, references, weights and so on.
    namespace : mapping
        Functions, modules and scalars that the formula may use beside columns.

    Returns
    -------
    Design
    """
    return make_recipe(formula, data, request, namespace).design


def make_recipe(formula: str, data: Any, request: Request, namespace: Mapping[str, Any]) -> Recipe:
    """Build the design of an analysis as `build_design` does, and keep how."""
    data = as_frame(data)
    parsed, env = read_formula(formula, data.columns, request, namespace)
    rows = _rows(parsed, data, request)
    used, two = rows.mask.used, parsed.two
    values = evaluate_outcome(parsed, rows.frame, env)
    outcome = code_outcome(values, two.outcome, request.event)
    weight = _weight(rows, request.weight_type)
    copies = (
        weight.astype(np.int64) if weight is not None and request.weight_type == "freq" else None
    )
    coding = learn(parsed, lambda: iter([rows.frame]), env, copies)
    built = coding.build(rows.frame)
    factors = (*built.generic_factors, *built.personal_factors)
    check_sides(factors, rows.sides["generic"], rows.sides["personal"])
    grouping = _grouping(built, rows)
    members = np.bincount(grouping.group, minlength=grouping.index.n_groups)
    cluster, key = rows.extra("cluster"), rows.extra("id")
    if cluster is not None:
        key = cluster
    design = Design(
        formula=two.text,
        generic_terms=two.generic,
        personal_terms=two.personal,
        outcome=outcome,
        generic=built.generic,
        personalized=built.personalized,
        groups=grouping.index,
        group=grouping.group,
        factors=categorical_factors(built),
        positions=np.flatnonzero(used),
        n_read=len(data),
        index=data.index[used],
        row_flow=rows.mask.counts.flow(),
        notes=(*rows.notes, *grouping.notes),
        shifts_only=grouping.shifts_only,
        variables=rows.explained(),
        data_columns=tuple(map(str, data.columns)),
        read=np.append(members, 0) + grouping.dropped,
        dropped=grouping.dropped,
        weight=weight,
        weight_type=request.weight_type,
        cluster=None if cluster is None else codes(cluster),
        stratum=_stratum(rows, request.weight_type),
        key=None if key is None else key.to_numpy(),
        offset=total_offset(rows.extra("offset"), rows.extra("exposure")),
        exposed="exposure" in rows.extras,
        relearn=coding.relearner(rows.frame, copies),
    )
    return Recipe(request, parsed, env, coding, rows.sides, rows.frame.iloc[:0], design)


def read_formula(
    formula: str, columns: pd.Index[Any], request: Request, namespace: Mapping[str, Any]
) -> tuple[Parsed, Any]:
    """Return the terms of a formula and what they may see beside columns of these names."""
    if request.safe and isinstance(formula, str):
        check_length("formula", formula)
    parsed = parse(split_formula(formula))
    if request.safe:
        for factor, span in parsed.factors():
            check_safe(parsed.two, factor.code, span, [str(name) for name in columns])
    return parsed, environment(parsed, columns, namespace)


def categorical_factors(built: Built) -> tuple[Factor, ...]:
    """Return the categorical factors of the generic model."""
    return tuple(
        Factor(f.name, f.categories, f.codes)
        for f in built.generic_factors
        if f.categories is not None and f.codes is not None
    )


@dataclass(frozen=True)
class _Rows:
    """The used rows: their mask, the formula's variables, and the columns beside the formula."""

    data: pd.DataFrame
    keep: BoolArray
    mask: RowMask
    frame: pd.DataFrame
    sides: dict[str, list[str]]
    extras: dict[str, pd.Series[Any]]
    grouped: list[pd.Series[Any]]
    ref: dict[str, object]
    notes: tuple[str, ...]

    def extra(self, role: str) -> pd.Series[Any] | None:
        return self.extras[role][self.mask.used] if role in self.extras else None

    def explained(self) -> pd.DataFrame:
        """Return the variables of both sides without rows: their types and levels."""
        names = dict.fromkeys([*self.sides["generic"], *self.sides["personal"]])
        return self.frame.loc[:, list(names)].iloc[:0]


def _rows(parsed: Parsed, data: pd.DataFrame, request: Request) -> _Rows:
    sides = {
        side: parsed.variables(side, data.columns) for side in ("outcome", "generic", "personal")
    }
    names = list(dict.fromkeys(name for side in sides.values() for name in side))
    extras = {
        role: column_or_array(data, value, role)
        for role in ("weights", "cluster", "strata", "id", "offset", "exposure")
        if (value := getattr(request, role)) is not None
    }
    grouped = [] if request.groups is None else group_by_columns(data, request.groups)
    ref = _references(request.ref, [*names, *(str(s.name) for s in grouped)])
    keep = subset_mask(data, request.subset)
    variables: list[tuple[str, Any]] = [(name, data[name]) for name in names]
    variables += [(str(s.name), s) for s in grouped if s.name not in names]
    variables += list(extras.items())
    mask = row_mask(data, keep, variables, request.missing)
    mask.counts.flow()  # raises if no row is left
    # Without rows to drop, columns are used as they lie in the data.
    frame = _prepared(data[names] if mask.used.all() else data.loc[mask.used, names], ref)
    notes = [note for name in names if (note := unused_levels(name, data[name], keep))]
    if "id" in extras and "cluster" not in extras and extras["id"][mask.used].duplicated().any():
        notes.append("Rows that share an id share a fold but count as independent; see cluster=.")
    if "note" in data.attrs:
        notes.insert(0, str(data.attrs["note"]))
    return _Rows(data, keep, mask, frame, sides, extras, grouped, ref, tuple(notes))


def _references(ref: Mapping[str, object] | None, names: list[str]) -> dict[str, object]:
    if not (ref is None or isinstance(ref, Mapping)):
        fail("ref", ref, "a mapping of variables to levels, such as {'race': 'White'}")
    for name in ref or {}:
        if name not in names:
            hint = nearest(str(name), names)
            fail("ref", name, f"variables of the formula: {', '.join(names)}{hint}")
    return dict(ref or {})


def _prepared(frame: pd.DataFrame, ref: dict[str, object]) -> pd.DataFrame:
    columns = {name: prepare(frame[name], str(name), ref.get(str(name))) for name in frame}
    for name, series in columns.items():
        check_finite(str(name), series)
    return pd.DataFrame(columns, index=frame.index, copy=False)


def _grouping(built: Built, rows: _Rows) -> Grouping:
    if rows.grouped:
        return group_by_values(rows.grouped, rows.keep, rows.mask.used, rows.ref)
    read = rows.data.loc[rows.keep, rows.sides["personal"]]
    dropped = read[~rows.mask.used[rows.keep]]
    return group_by_factors(built.personal_factors, rows.sides["generic"], read, dropped)


def _weight(rows: _Rows, weight_type: str | None) -> FloatArray | None:
    values = rows.extra("weights")
    if values is not None:
        return check_weights(values, weight_type, "weights")
    if weight_type is not None:
        fail("weight_type", weight_type, "None without weights")
    return None


def _stratum(rows: _Rows, weight_type: str | None) -> IntArray | None:
    strata = rows.extra("strata")
    if strata is None:
        return None
    copies = _weight(rows, weight_type) if weight_type == "freq" else None
    return check_strata(strata, rows.extra("cluster"), copies)


def total_offset(
    offset: pd.Series[Any] | None, exposure: pd.Series[Any] | None
) -> FloatArray | None:
    """Return offset + log(exposure), or None without either."""
    total = None if offset is None else numbers(offset, "offset")
    if exposure is not None:
        size = numbers(exposure, "exposure")
        if (size <= 0).any():
            fail("exposure", f"{int((size <= 0).sum())} values of at most 0", "positive numbers")
        total = np.log(size) if total is None else total + np.log(size)
    return total
