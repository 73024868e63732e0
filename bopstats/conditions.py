"""Conditions such as ``age > 50 & sex == "female"`` on columns, evaluated without running code."""

from __future__ import annotations

import ast
import io
import operator
import tokenize
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype, is_object_dtype

from bopstats._typing import BoolArray
from bopstats._validation import fail
from bopstats.allowlist import check_condition
from bopstats.columns import column_or_array, is_text, maybe_numbers
from bopstats.exceptions import ArgumentError, FormulaError
from bopstats.syntax import names_in, quoted_name

_OPERATORS: Mapping[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def subset_mask(data: pd.DataFrame, subset: Any) -> BoolArray:
    """Return which rows `subset` keeps.

    Parameters
    ----------
    data : DataFrame
        The rows read.
    subset : str or array of bool, shape (n,), or None
        A boolean column or array, or a condition such as ``"age > 50 and sex == 'female'"``; "&"
        and "|" are read as "and" and "or". Rows where it is missing are left out, as in R: a
        comparison with a missing value is missing.

    Returns
    -------
    ndarray of bool, shape (n,)

    Raises
    ------
    ArgumentError
        If the condition says anything but what `check_condition` allows, or gives no booleans.

    Examples
    --------
    >>> people = pd.DataFrame({"age": [30.0, 60.0, None], "sex": ["f", "m", "f"]})
    >>> subset_mask(people, "not age > 50").tolist()
    [True, False, False]
    >>> subset_mask(people, "age > 50 | sex in ['f']").tolist()
    [True, True, True]
    """
    if subset is None:
        return np.ones(len(data), dtype=bool)
    if isinstance(subset, str) and subset not in data.columns:
        subset = _evaluated(subset, data)
    mask = column_or_array(data, subset, "subset")
    if is_object_dtype(mask.dtype):
        mask = maybe_numbers(mask)
    if not is_bool_dtype(mask.dtype):
        fail("subset", f"values of type {mask.dtype}", "booleans")
    return mask.fillna(False).to_numpy(dtype=bool)


def columns_in(subset: str, columns: pd.Index[Any]) -> list[str]:
    """Return the columns that a column name or a condition reads."""
    if subset in columns:
        return [subset]
    try:
        names = names_in(_in_words(subset))
    except (SyntaxError, FormulaError):
        return []  # said when it is evaluated
    return [name for name in names.values if name in columns]


def _evaluated(condition: str, data: pd.DataFrame) -> Any:
    shown = condition if len(condition) <= 200 else condition[:200] + "…"
    try:
        tree = check_condition(_in_words(condition), [str(name) for name in data.columns])
    except FormulaError as error:
        raise ArgumentError(f"subset: {error}\n    {shown}") from error
    try:
        with np.errstate(all="ignore"):
            found = _value(tree, data)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise ArgumentError(
            f"subset: cannot evaluate {shown!r} ({error}); allowed: a boolean column or "
            "array, or a condition on columns such as 'age > 50'"
        ) from error
    if not isinstance(found, pd.Series):
        fail("subset", condition, "a condition that names a column")
    return found


def _in_words(condition: str) -> str:
    """Read & and | as "and" and "or", which bind less than comparisons do."""
    words = {"&": " and ", "|": " or "}
    condition = " ".join(condition.splitlines())
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(condition).readline))
    except (tokenize.TokenError, SyntaxError):
        return condition
    if any(t.type == tokenize.COMMENT for t in tokens):
        raise FormulaError("'#' starts a comment, which is not allowed in a condition")
    for at in [t.start[1] for t in reversed(tokens) if t.string in words]:
        condition = condition[:at] + words[condition[at]] + condition[at + 1 :]
    return condition.strip()


def _value(node: ast.expr, data: pd.DataFrame) -> Any:
    """Evaluate a part that `check_condition` has let through: a Series or a scalar."""
    if isinstance(node, ast.Name):
        return _column(node.id, data)
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.BoolOp):
        join = operator.and_ if isinstance(node.op, ast.And) else operator.or_
        return reduce(join, (_truth(_value(each, data)) for each in node.values))
    if isinstance(node, ast.UnaryOp):
        value = _value(node.operand, data)
        if isinstance(node.op, (ast.Not, ast.Invert)):
            truth = _truth(value)
            return not truth if isinstance(truth, bool) else ~truth
        return _OPERATORS[type(node.op)](value)
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_value(node.left, data), _value(node.right, data))
    if isinstance(node, ast.Compare):
        sides = [_side(each, data) for each in (node.left, *node.comparators)]
        pairs = zip(sides, node.ops, sides[1:], strict=False)
        return reduce(operator.and_, (_compared(a, op, b) for a, op, b in pairs))
    if isinstance(node, ast.Call):
        quoted = quoted_name(node)
        if quoted is not None:
            return _column(quoted, data)
        function = getattr(np, getattr(node.func, "id", getattr(node.func, "attr", "")))
        return function(*(_value(each, data) for each in node.args))
    raise TypeError(f"{type(node).__name__} has no value here")


def _column(name: str, data: pd.DataFrame) -> Any:
    series = data[name]
    return maybe_numbers(series) if is_object_dtype(series.dtype) else series


def _side(node: ast.expr, data: pd.DataFrame) -> Any:
    """Return a side of a comparison, which may be a list."""
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_value(each, data) for each in node.elts]
    return _value(node, data)


def _truth(value: Any) -> Any:
    """Return a bool or a Series of them in which missing values are neither true nor false."""
    if isinstance(value, bool):
        return value
    if isinstance(value, pd.Series) and is_bool_dtype(value.dtype):
        return value.astype("boolean")
    raise TypeError("and, or, not need comparisons or booleans on both sides")


def _compared(left: Any, op: ast.cmpop, right: Any) -> Any:
    """Compare two sides; where one is missing, so is the answer."""
    listed = right if isinstance(right, list) else [right]
    for each in listed:
        kinds = {_kind(left), _kind(each)} - {""}
        if len(kinds) > 1:
            raise TypeError("texts are compared with numbers")
    if isinstance(op, (ast.In, ast.NotIn)):
        if not isinstance(left, pd.Series):
            raise TypeError("'in' needs a column on its left")
        found = left.isin(listed)
        found = ~found if isinstance(op, ast.NotIn) else found
        missing = left.isna()
    else:
        found = _OPERATORS[type(op)](left, right)
        missing = pd.isna(left) | pd.isna(right)
    if not isinstance(found, pd.Series):
        return bool(found)
    return found.astype("boolean").mask(missing)


def _kind(value: Any) -> str:
    """Return "text", "number", or "" for what either may be compared with, such as dates."""
    if isinstance(value, pd.Series):
        if isinstance(value.dtype, pd.CategoricalDtype):
            value = pd.Series(value.cat.categories)
        return "text" if is_text(value) else "number" if is_numeric_dtype(value.dtype) else ""
    return "text" if isinstance(value, str) else "number"
