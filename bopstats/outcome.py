"""The outcome: which level counts as the event, and which family it speaks for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from bopstats._typing import FloatArray
from bopstats._validation import nearest
from bopstats.columns import check_finite, is_text, prepare
from bopstats.design import Outcome
from bopstats.exceptions import OutcomeError

_MAX_LEVELS_SHOWN = 12


def code_outcome(
    values: pd.Series[Any], name: str, event: object | None, *, constant: bool = False
) -> Outcome:
    """Turn the outcome into numbers.

    Parameters
    ----------
    values : Series
        The outcome of the used rows, no value missing.
    name : str
        The formula's left-hand side.
    event : object or None
        The level that counts as the event. Without it 0/1 and False/True mean what they say;
        strings and categoricals are an error.
    constant : bool
        Whether an outcome that does not vary is accepted (it can be judged, but not fitted); the
        event may then be a declared level of a categorical without rows.

    Returns
    -------
    Outcome
        `kind` is "binary", "integer" or "real".

    Raises
    ------
    OutcomeError
        If the event is unknown or needed, or the outcome is constant or infinite.
    """
    series = prepare(values, name, None)
    if event is not None:
        declared = values.cat.categories if constant and hasattr(values, "cat") else ()
        return _with_event(series, name, event, list(declared), constant)
    if is_text(series):
        levels = _levels(series)
        raise OutcomeError(
            f"outcome {name!r} has the levels {levels}: say which one counts, e.g. "
            f"event={next(iter(series.cat.categories))!r}"
        )
    check_finite(name, series)
    array = series.to_numpy(dtype=np.float64)
    if not constant:
        _refuse_constant(array, name)
    distinct = np.unique(array[: min(len(array), 1000)])
    binary = len(distinct) <= 2 and bool(np.isin(array, (0.0, 1.0)).all())
    whole = series.dtype.kind in "iub" or (
        isinstance(values.dtype, pd.api.extensions.ExtensionDtype)
        and pd.api.types.is_integer_dtype(values.dtype)
    )
    kind = "binary" if binary else "integer" if whole else "real"
    return Outcome(name, array, (1 if binary else None), binary, kind)


def _with_event(
    series: pd.Series[Any], name: str, event: object, declared: list[Any], constant: bool
) -> Outcome:
    present = list(series.cat.categories) if is_text(series) else pd.unique(series).tolist()
    distinct = declared or present
    if not pd.api.types.is_hashable(event) or event not in distinct:
        hint = nearest(str(event), distinct)
        raise OutcomeError(f"event: got {event!r}; {name!r} has the levels {_levels(series)}{hint}")
    event = next(level for level in distinct if level == event)  # as the data spell it
    array = np.asarray(series == event, dtype=np.float64)
    if not constant:
        _refuse_constant(array, name)
    return Outcome(name, array, event, True, "binary", asked=True)


def recode_outcome(values: pd.Series[Any], outcome: Outcome) -> Outcome:
    """Code the outcome of other rows as `code_outcome` did.

    Raises
    ------
    OutcomeError, DataError
        If a value is infinite, or the outcome was 0/1 and is not.
    """
    if outcome.asked:
        coded = np.asarray(values == outcome.event, dtype=np.float64)
        return replace(outcome, values=coded)
    series = prepare(values, outcome.name, None)
    if is_text(series):
        raise OutcomeError(f"outcome {outcome.name!r} was a number and is a text")
    check_finite(outcome.name, series)
    array = series.to_numpy(dtype=np.float64)
    if outcome.binary and not np.isin(array, (0.0, 1.0)).all():
        raise OutcomeError(f"outcome {outcome.name!r} was 0/1 and has other values")
    return replace(outcome, values=array)


def _levels(series: pd.Series[Any]) -> str:
    distinct = (
        list(series.cat.categories) if is_text(series) else sorted(pd.unique(series).tolist())
    )
    shown = ", ".join(repr(level) for level in distinct[:_MAX_LEVELS_SHOWN])
    return shown + (", …" if len(distinct) > _MAX_LEVELS_SHOWN else "")


def _refuse_constant(array: FloatArray, name: str) -> None:
    if (array == array[0]).all():
        raise OutcomeError(f"outcome {name!r} is constant ({array[0]:g} in every used row)")


_POSITIVE = {"gamma", "inverse_gaussian"}
_COUNTS = {"poisson", "negative_binomial"}


def default_family(outcome: Outcome) -> str:
    """Return "binomial" for 0/1 outcomes and "gaussian" for real ones; others are an error."""
    if outcome.kind == "integer":
        raise OutcomeError(
            f"outcome {outcome.name!r} holds whole numbers: say family='poisson' or "
            "'negative_binomial' for counts, 'gaussian' for measurements"
        )
    if outcome.binary:
        return "binomial"
    distinct = np.unique(outcome.values)
    if len(distinct) == 2:
        raise OutcomeError(
            f"outcome {outcome.name!r} has the two values {distinct[0]:g} and {distinct[1]:g}: say "
            f"which one counts, e.g. event={distinct[1]:g}, or family='gaussian'"
        )
    return "gaussian"


def check_family(outcome: Outcome, family: str) -> None:
    """Raise if the outcome's values are outside of what the family allows."""
    values = outcome.values
    if family == "binomial" and not outcome.binary:
        distinct = np.unique(values)
        shown = ", ".join(f"{v:g}" for v in distinct[:6]) + (", …" if len(distinct) > 6 else "")
        raise OutcomeError(
            f"outcome {outcome.name!r} is not binary (values {shown}); family='binomial' allows "
            "0/1, False/True, or event= naming the level that counts"
        )
    if family != "binomial" and outcome.asked:
        raise OutcomeError(f"event: got {outcome.event!r}; allowed: None with family {family!r}")
    if family in _POSITIVE and (values <= 0).any():
        raise OutcomeError(f"outcome {outcome.name!r}: family {family!r} needs values above 0")
    if family in _COUNTS and (values < 0).any():
        raise OutcomeError(
            f"outcome {outcome.name!r}: family {family!r} needs values of at least 0"
        )
