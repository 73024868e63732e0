"""Argument checks: each returns the clean value or raises, naming what it got and what may be."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any, NoReturn

import numpy as np

from bopstats.exceptions import ArgumentError, BopError


def fail(name: str, got: object, allowed: str, error: type[BopError] = ArgumentError) -> NoReturn:
    """Raise `error` saying which argument is wrong, what it was and what it may be."""
    raise error(f"{name}: got {got!r}; allowed: {allowed}")


def nearest(name: str, known: Iterable[object]) -> str:
    """Return a hint such as ``" (did you mean 'race'?)"``, or an empty string."""
    close = difflib.get_close_matches(name, [str(k) for k in known], n=1, cutoff=0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""


def is_number(value: object) -> bool:
    """Tell whether `value` is a real number; booleans are not."""
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_))


def check_real(
    name: str,
    value: Any,
    *,
    low: float = -np.inf,
    high: float = np.inf,
    closed: str = "",
    error: type[BopError] = ArgumentError,
) -> float:
    """Return `value` as a float in ``(low, high)``; `closed` names the ends that belong to it."""
    left, right = "low" in closed, "high" in closed
    allowed = f"a number in {'[' if left else '('}{low:g}, {high:g}{']' if right else ')'}"
    if not is_number(value) or math.isnan(value):
        fail(name, value, allowed, error)
    above = value >= low if left else value > low
    below = value <= high if right else value < high
    if not (above and below):
        fail(name, value, allowed, error)
    return float(value)


def check_share(name: str, value: Any) -> float:
    """Return `value` as a float strictly between 0 and 1."""
    return check_real(name, value, low=0.0, high=1.0)


def check_count(name: str, value: Any, *, low: int = 1, high: int | None = None) -> int:
    """Return `value` as an integer of at least `low` (and at most `high`)."""
    allowed = f"an integer of at least {low}" + ("" if high is None else f" and at most {high}")
    if not isinstance(value, Integral) or isinstance(value, (bool, np.bool_)):
        fail(name, value, allowed)
    count = int(value)
    if count < low or (high is not None and count > high):
        fail(name, value, allowed)
    return count


def check_choice(name: str, value: Any, choices: Iterable[str]) -> str:
    """Return `value` if it is one of `choices`."""
    options = list(choices)
    if not isinstance(value, str) or value not in options:
        hint = nearest(value, options) if isinstance(value, str) else ""
        fail(name, value, ", ".join(repr(o) for o in options) + hint)
    return value


def check_flag(name: str, value: Any) -> bool:
    """Return `value` if it is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        fail(name, value, "True or False")
    return bool(value)


def check_rng(rng: Any) -> np.random.Generator:
    """Return a generator from a seed or a generator."""
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, Integral) and not isinstance(rng, (bool, np.bool_)) and int(rng) >= 0:
        return np.random.default_rng(int(rng))
    fail("rng", rng, "a non-negative integer seed or a numpy.random.Generator")
