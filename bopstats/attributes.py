"""Which personal attributes there are, and the groups that they make."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bopstats._typing import BoolArray, FloatArray, IntArray
from bopstats._validation import fail
from bopstats.columns import column_or_array, is_text, names_of, prepare
from bopstats.design import EvaluatedFactor
from bopstats.exceptions import CodingWarning, DataError, FormulaError
from bopstats.groups import GroupIndex

_FEW, _CODES = 3, 12


@dataclass(frozen=True)
class Grouping:
    """The groups, each used row's group number, and notes on attributes that make none.

    `dropped`, shape (G + 1,), counts rows read but not used by group, last those of which the
    group is not known. `shifts_only` tells that all personal terms are constant within groups.
    """

    index: GroupIndex
    group: IntArray
    dropped: IntArray
    notes: tuple[str, ...]
    shifts_only: bool


@dataclass(frozen=True)
class _Attribute:
    """An attribute with each used row's level; and each dropped row's, −1 where not known."""

    name: str
    levels: tuple[object, ...]
    codes: IntArray
    dropped: IntArray


def check_sides(
    factors: tuple[EvaluatedFactor, ...], generic: list[str], personal: list[str]
) -> None:
    """Raise unless the personal side brings attributes that the generic side does not use.

    Parameters
    ----------
    factors : tuple of EvaluatedFactor
        Factors of both models.
    generic, personal : list of str
        Variables of each side of the bar, as written.

    Raises
    ------
    FormulaError
        If a categorical variable stands on both sides, or no variable on the right side only.
    """
    shared = set(generic) & set(personal)
    for factor in factors:
        if factor.categories is not None and set(factor.variables) & shared:
            raise FormulaError(
                f"formula: {factor.code!r} is categorical and stands on both sides of the bar: "
                "the generic model would use it; name a personal attribute on the right side only"
            )
    if not set(personal) - set(generic):
        raise FormulaError(
            "formula: no personal attribute; the right side names no variable beyond those of "
            f"the generic model ({names_of(generic) or 'none'})"
        )


def group_by_factors(
    factors: tuple[EvaluatedFactor, ...],
    generic: list[str],
    read: pd.DataFrame,
    dropped: pd.DataFrame,
) -> Grouping:
    """Cross the categorical personal attributes.

    Parameters
    ----------
    factors : tuple of EvaluatedFactor
        Factors of the personal terms on the used rows.
    generic : list of str
        Variables of the generic model, which are no attributes.
    read : DataFrame
        The variables on the rows read, missing values and all, so that a level that lost all its
        rows stays in the table.
    dropped : DataFrame
        Those of them that are not used.

    Raises
    ------
    FormulaError
        If no attribute makes groups.
    DataError
        If there is one group only.
    """
    found: dict[str, _Attribute] = {}
    notes: list[str] = []
    shifts_only = True
    for factor in factors:
        personal = set(factor.variables) - set(generic)
        attribute = _attribute(factor, read, dropped, notes) if personal else None
        shifts_only &= attribute is not None
        if attribute is not None and attribute.name not in found:
            found[attribute.name] = attribute
    if not found:
        raise FormulaError(
            "formula: no personal attribute makes groups (strings, categoricals, booleans, C(x), "
            "or two distinct numbers); name the groups by groups=[...]"
        )
    return _cross(list(found.values()), tuple(dict.fromkeys(notes)), shifts_only)


def _attribute(
    factor: EvaluatedFactor, read: pd.DataFrame, dropped: pd.DataFrame, notes: list[str]
) -> _Attribute | None:
    name = factor.name
    if factor.categories is not None and factor.codes is not None:
        levels = tuple(map(_whole, _levels_read(factor, read)))
        place = np.array([levels.index(level) for level in factor.categories], dtype=np.int64)
        return _Attribute(name, levels, place[factor.codes], _dropped(factor, levels, dropped))
    if factor.values is not None:
        distinct = np.unique(factor.values)
        if len(distinct) <= 2:
            two = _two_read(factor, read, distinct)
            levels = tuple(map(_whole, two.tolist()))
            codes = np.searchsorted(two, factor.values).astype(np.int64)
            return _Attribute(name, levels, codes, _dropped(factor, levels, dropped))
        if factor.simple and _FEW <= len(distinct) <= _CODES and (distinct % 1 == 0).all():
            warnings.warn(
                f"{name!r} holds {len(distinct)} distinct whole numbers and is used as a number; "
                f"if they are codes, write C({name})",
                CodingWarning,
                stacklevel=7,
            )
    notes.append(f"{factor.code} is numeric: the personalized model uses it, it makes no groups.")
    return None


def _levels_read(factor: EvaluatedFactor, read: pd.DataFrame) -> tuple[object, ...]:
    """Levels among the rows read where they are the used ones and more, in the same order."""
    used = factor.categories or ()
    if factor.simple:
        levels = _distinct(read[factor.variables[0]])
        lost = [level for level in levels if level not in used]
        if lost and set(used) < set(levels):
            return (*used, *lost)
    return used


def _distinct(column: pd.Series[Any]) -> list[Any]:
    values = prepare(column.dropna(), str(column.name), None)
    return list(values.cat.categories) if is_text(values) else sorted(pd.unique(values).tolist())


def _whole(level: Any) -> Any:
    """Return 1 for 1.0: codes are floats where the column lacks values."""
    return int(level) if isinstance(level, float) and level.is_integer() else level


def _two_read(factor: EvaluatedFactor, read: pd.DataFrame, used: FloatArray) -> FloatArray:
    """Return the numbers read where they are two and hold the used ones."""
    if factor.simple:
        numbers = np.array(_distinct(read[factor.variables[0]]), dtype=np.float64)
        if len(numbers) <= 2 and np.isin(used, numbers).all():
            return numbers
    return used


def _dropped(
    factor: EvaluatedFactor, levels: tuple[object, ...], dropped: pd.DataFrame
) -> IntArray:
    """Return the level of each dropped row; −1 where a variable lacks, or it is another level."""
    found = np.full(len(dropped), -1, dtype=np.int64)
    rows = dropped.loc[:, list(factor.variables)]
    known = rows.notna().all(axis=1).to_numpy(dtype=bool)
    if known.any():
        found[known] = _places(_values(factor, rows[known]), levels)
    return found


def _values(factor: EvaluatedFactor, rows: pd.DataFrame) -> Any:
    """Return a factor's values; none where it cannot be computed from these rows."""
    clean = pd.DataFrame({name: prepare(rows[name], str(name), None) for name in rows})
    if factor.simple:
        return clean.iloc[:, 0]
    try:
        return np.ravel(np.asarray(factor.evaluate(clean)))
    except Exception:  # values that no used row has may be too much for an expression
        return np.full(len(rows), None, dtype=object)


def _places(values: Any, levels: tuple[object, ...]) -> IntArray:
    """Return each value's place among the levels; −1 where it has none."""
    codes, distinct = pd.factorize(values)
    place = {level: i for i, level in enumerate(levels)}
    return np.array([*(place.get(value, -1) for value in distinct), -1], dtype=np.int64)[codes]


def regroup(
    index: GroupIndex, factors: tuple[EvaluatedFactor, ...], dropped: pd.DataFrame
) -> tuple[IntArray, IntArray]:
    """Group other rows by attributes that `group_by_factors` has found.

    Parameters
    ----------
    index : GroupIndex
        The attributes and their levels.
    factors : tuple of EvaluatedFactor
        Factors of the personal terms on the rows.
    dropped : DataFrame
        The variables of rows that are read but not used.

    Returns
    -------
    group : ndarray of int, shape (n,)
    dropped : ndarray of int, shape (G + 1,)
        As in `Grouping`.

    Raises
    ------
    DataError
        If an attribute has a level that it did not have.
    """
    codes, lost = [], []
    for name, levels in zip(index.attributes, index.levels, strict=True):
        factor = next(each for each in factors if each.name == name)
        if factor.categories is not None and factor.codes is not None:
            place = np.array([levels.index(_whole(level)) for level in factor.categories])
            codes.append(place[factor.codes].astype(np.int64))
        else:
            codes.append(_known(name, factor.values, levels))
        lost.append(_dropped(factor, levels, dropped))
    return index.encode(codes), _dropped_by_group(index, lost)


def regroup_values(
    index: GroupIndex, columns: list[pd.Series[Any]], used: BoolArray, keep: BoolArray
) -> tuple[IntArray, IntArray]:
    """Group other rows by columns that `group_by_values` has crossed; see `regroup`."""
    codes, lost = [], []
    for series, levels in zip(columns, index.levels, strict=True):
        codes.append(_known(str(series.name), series[used].to_numpy(), levels))
        lost.append(_places(series[keep & ~used].to_numpy(), levels))
    return index.encode(codes), _dropped_by_group(index, lost)


def _known(name: str, values: Any, levels: tuple[object, ...]) -> IntArray:
    places = _places(values, levels)
    if (places < 0).any():
        new = np.asarray(values)[np.argmax(places < 0)]
        shown = ", ".join(map(repr, levels))
        raise DataError(f"column {name!r} has the new level {new!r}; allowed: {shown}")
    return places


def group_by_columns(data: pd.DataFrame, groups: Any) -> list[pd.Series[Any]]:
    """Return the columns that ``groups=`` names or gives, each as a Series."""
    if isinstance(groups, (str, pd.Series, np.ndarray)):
        groups = [groups]
    chosen = list(groups) if isinstance(groups, Iterable) else []
    if not chosen:
        fail("groups", groups, "a column name, an array, or several of these")
    found: list[pd.Series[Any]] = []
    for i, each in enumerate(chosen, start=1):
        own = each if isinstance(each, str) else getattr(each, "name", None)
        series = column_or_array(data, each, "groups")
        found.append(series.rename(f"group{i}" if own is None else str(own)))
        if found[-1].name in [other.name for other in found[:-1]]:
            fail("groups", found[-1].name, "each column once")
    return found


def group_by_values(
    columns: list[pd.Series[Any]], keep: BoolArray, used: BoolArray, ref: dict[str, Any]
) -> Grouping:
    """Cross the distinct values of columns.

    Parameters
    ----------
    columns : list of Series
        The columns on all rows.
    keep, used : ndarray of bool
        Rows read (their values stay in the table) and rows used.
    ref : dict
        Reference levels.
    """
    attributes = []
    for series in columns:
        name = str(series.name)
        present = keep & series.notna().to_numpy(dtype=bool)
        clean = prepare(series[present], name, ref.get(name))
        codes = np.full(len(series), -1, dtype=np.int64)
        if is_text(clean):
            levels, codes[present] = tuple(clean.cat.categories), clean.cat.codes
        else:
            distinct, codes[present] = np.unique(clean.to_numpy(), return_inverse=True)
            levels = tuple(distinct.tolist())
        attributes.append(_Attribute(name, levels, codes[used], codes[keep & ~used]))
    return _cross(attributes, (), shifts_only=False)


def _cross(attributes: list[_Attribute], notes: tuple[str, ...], shifts_only: bool) -> Grouping:
    index = GroupIndex(tuple(a.name for a in attributes), tuple(a.levels for a in attributes))
    group = index.encode([a.codes for a in attributes])
    if (group == group[0]).all():
        raise DataError(
            f"groups: all used rows are in one group ({index.labels[group[0]]}); allowed: at "
            "least two groups with rows"
        )
    dropped = _dropped_by_group(index, [a.dropped for a in attributes])
    return Grouping(index, group, dropped, notes, shifts_only)


def _dropped_by_group(index: GroupIndex, codes: list[IntArray]) -> IntArray:
    """Count dropped rows by group, last those of which a level is not known, shape (G + 1,)."""
    lost = np.stack(codes)
    known = (lost >= 0).all(axis=0)
    dropped = np.bincount(index.encode(list(lost[:, known])), minlength=index.n_groups)
    return np.append(dropped, (~known).sum())
