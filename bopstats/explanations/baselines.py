"""What masked columns are set to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from bopstats._typing import BoolArray, FloatArray
from bopstats._validation import check_choice, fail, is_number, nearest
from bopstats.design import Design, ModelMatrix
from bopstats.exceptions import ArgumentError
from bopstats.fitting.models import FittedModel, FittedPair

BASELINES = ("mean", "zero", "median")


def check_baseline(baseline: Any, design: Design) -> tuple[str | pd.DataFrame, str]:
    """Return the baseline, given values as a frame of one row, and what it is in words.

    Parameters
    ----------
    baseline : str, mapping, Series or DataFrame of one row
        A name in `BASELINES`, or a value for each variable of the formula. A row may hold the
        data's other columns too.
    design : Design
        Its variables, their types and levels.

    Raises
    ------
    ArgumentError
        If a variable is unknown, lacking, of the wrong kind, or has a level that the models do not
        know.
    """
    if isinstance(baseline, str):
        return check_choice("baseline", baseline, BASELINES), _WORDS[baseline]
    if isinstance(baseline, pd.DataFrame):
        if len(baseline) != 1:
            fail("baseline", f"a DataFrame of {len(baseline)} rows", "one row")
        row, words = {name: baseline[name].iloc[0] for name in baseline}, "a given row"
        other = set(design.data_columns)
    elif isinstance(baseline, pd.Series):
        row, words, other = baseline.to_dict(), "a given row", set(design.data_columns)
    elif isinstance(baseline, Mapping):
        row, other = dict(baseline), set()
        words = ", ".join(f"{name} = {value}" for name, value in row.items())
    else:
        names = ", ".join(map(repr, BASELINES))
        fail("baseline", baseline, f"{names}, a dict from variable to value, or a row of data")
    frame = _one_row(row, design.variables, other)
    for matrix in (design.generic, design.personalized):
        _columns_at(matrix, frame)
    return frame, words


_WORDS = {
    "mean": "the training rows' mean",
    "zero": "0",
    "median": "the training rows' median",
}


def _one_row(row: dict[Any, Any], variables: pd.DataFrame, other: set[str]) -> pd.DataFrame:
    needed = list(variables.columns)
    for name in row:
        if name not in needed and name not in other:
            hint = nearest(str(name), needed)
            fail("baseline", name, f"variables of the formula: {', '.join(needed)}{hint}")
    lacking = [name for name in needed if name not in row]
    if lacking:
        raise ArgumentError(
            f"baseline: no value for {', '.join(map(repr, lacking))}; allowed: one for each "
            f"variable of the formula ({', '.join(needed)})"
        )
    return pd.DataFrame({name: _cell(name, row[name], variables[name]) for name in needed})


def _cell(name: str, value: Any, like: pd.Series[Any]) -> pd.Series[Any]:
    """Return a value as a column of the type that the models use."""
    if isinstance(like.dtype, pd.CategoricalDtype):
        levels = list(like.cat.categories)
        if value not in levels:
            hint = nearest(str(value), levels)
            fail(f"baseline[{name!r}]", value, f"one of {', '.join(map(repr, levels))}{hint}")
        return pd.Series(pd.Categorical([value], dtype=like.dtype))
    if like.dtype.kind == "b":
        if not isinstance(value, (bool, np.bool_)):
            fail(f"baseline[{name!r}]", value, "True or False")
        return pd.Series([bool(value)])
    if not is_number(value) or not np.isfinite(value):
        fail(f"baseline[{name!r}]", value, "a finite number")
    whole = like.dtype.kind in "iu" and float(value).is_integer()
    return pd.Series([value], dtype=like.dtype if whole else np.float64)


def _columns_at(matrix: ModelMatrix, frame: pd.DataFrame) -> FloatArray:
    try:
        columns = np.asarray(matrix.build(frame)[0], dtype=np.float64)
    except Exception as error:  # terms are Python, so anything may come
        text = str(error).strip().splitlines() or [type(error).__name__]
        raise ArgumentError(f"baseline: a term cannot be evaluated there: {text[0]}") from error
    bad = np.flatnonzero(~np.isfinite(columns))
    if len(bad):
        raise ArgumentError(
            f"baseline: column {matrix.names[bad[0]]!r} of the model matrix is "
            f"{columns[bad[0]]:g} there; allowed: finite numbers"
        )
    return columns


def with_baseline(
    pair: FittedPair, baseline: str | pd.DataFrame, design: Design, train: BoolArray
) -> FittedPair:
    """Return the pair with another baseline than the training rows' mean, which it comes with.

    Parameters
    ----------
    pair : FittedPair
        Both models, fitted on `train`.
    baseline : str or DataFrame
        As `check_baseline` returned it.
    design : Design
        For the weights.
    train : ndarray of bool, shape (n,)
        Which rows trained them.
    """
    if isinstance(baseline, str) and baseline == "mean":
        return pair

    def moved(model: FittedModel) -> FittedModel:
        matrix = model.matrix
        if isinstance(baseline, pd.DataFrame):
            values = _columns_at(matrix, baseline)
        elif baseline == "zero":
            values = (matrix.term_of < 0).astype(np.float64)
        else:
            rows = np.flatnonzero(train)
            weight = None if design.weight is None else design.weight[rows]
            values = np.array(
                [median(matrix.column(j)[rows], weight) for j in range(matrix.n_columns)]
            )
        return replace(model, baseline=values)

    return FittedPair(moved(pair.generic), moved(pair.personalized))


def median(values: FloatArray, weight: FloatArray | None) -> float:
    """Return the median; with whole weights that of the rows repeated so many times.

    Examples
    --------
    >>> median(np.array([3.0, 1.0, 2.0]), np.array([2.0, 1.0, 1.0]))
    2.5
    """
    if weight is None:
        return float(np.median(values))
    order = np.argsort(values, kind="stable")
    order = order[weight[order] > 0]
    reached = np.cumsum(weight[order])
    half = reached[-1] / 2
    low, high = (int(np.searchsorted(reached, half, side)) for side in ("left", "right"))
    ends = values[order[[low, min(high, len(order) - 1)]]]
    return float(ends.mean())
