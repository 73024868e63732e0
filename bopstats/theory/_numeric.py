"""Log-space arithmetic, exact decimals and a vectorised one-dimensional search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from bopstats._validation import check_count, fail

Floats = NDArray[np.float64]

#: Digits carried beyond those asked for, so that rounding never shows.
GUARD_DIGITS = 15


def log_expm1(x: ArrayLike) -> Floats:
    """Return ``log(exp(x) - 1)`` for ``x >= 0`` without overflow; 0 gives minus infinity."""
    x = np.asarray(x, dtype=float)
    with np.errstate(divide="ignore"):
        small = np.log(np.expm1(np.minimum(x, 1.0)))
        # The upper clip keeps the discarded branch quiet where x is 0.
        large = x + np.log1p(-np.exp(-np.maximum(x, 1.0)))
    return np.asarray(np.where(x < 1.0, small, large))


def logsumexp(values: Floats) -> Floats:
    """Return ``log(sum(exp(values)))`` over the last axis; infinities of both signs are allowed."""
    top = values.max(axis=-1)
    shift = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(np.log(np.exp(values - shift[..., None]).sum(axis=-1)) + shift)


def exact(value: Any) -> mpmath.mpf:
    """Read a number as the decimal that it prints as: 0.1 is one tenth, not the float beside it."""
    if isinstance(value, mpmath.mpf):
        return value
    if isinstance(value, Fraction):
        return mpmath.mpf(value.numerator) / value.denominator
    if isinstance(value, (str, Decimal)):
        return mpmath.mpf(str(value))
    if isinstance(value, (int, np.integer)):
        return mpmath.mpf(int(value))
    return mpmath.mpf(repr(float(value)))


def work_digits(digits: int) -> Any:
    """Return a context in which mpmath carries `digits` and a guard."""
    return mpmath.workdps(check_count("digits", digits, low=1, high=10_000) + GUARD_DIGITS)


@dataclass(frozen=True)
class Ops:
    """The functions of a formula, so that float64 and mpmath share one text of it."""

    number: Callable[[Any], Any]
    log: Callable[[Any], Any]
    log1p: Callable[[Any], Any]
    exp: Callable[[Any], Any]
    expm1: Callable[[Any], Any]
    sqrt: Callable[[Any], Any]
    sinh: Callable[[Any], Any]
    asinh: Callable[[Any], Any]
    atan: Callable[[Any], Any]
    loggamma: Callable[[Any], Any]


FLOAT = Ops(
    number=float,
    log=np.log,
    log1p=np.log1p,
    exp=np.exp,
    expm1=np.expm1,
    sqrt=np.sqrt,
    sinh=np.sinh,
    asinh=np.arcsinh,
    atan=np.arctan,
    loggamma=gammaln,
)
EXACT = Ops(
    number=exact,
    log=mpmath.log,
    log1p=mpmath.log1p,
    exp=mpmath.exp,
    expm1=mpmath.expm1,
    sqrt=mpmath.sqrt,
    sinh=mpmath.sinh,
    asinh=mpmath.asinh,
    atan=mpmath.atan,
    loggamma=mpmath.loggamma,
)


def check_array(
    name: str, value: Any, *, low: float = -np.inf, allowed: str = "finite numbers"
) -> Floats:
    """Return `value` as a float64 array whose entries are finite and at least `low`."""
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        fail(name, value, allowed)
    if array.size == 0:
        fail(name, value, f"{allowed}, at least one")
    # min and max are nan as soon as one entry is.
    smallest, largest = array.min(), array.max()
    if not (smallest >= low and largest < np.inf and smallest > -np.inf):
        bad = array[~((array >= low) & np.isfinite(array))]
        fail(name, float(bad.flat[0]), allowed)
    return array


def search(
    function: Callable[[Floats], Floats], start: Floats, *, rounds: int = 6, width: int = 17
) -> tuple[Floats, Floats]:
    """Maximise many functions of one variable at once: a grid, then repeated zooming.

    A plain bounded minimiser is trapped on the flat parts of these error curves, and where sums
    are whole numbers the curves have steps; so the whole range is looked at first, and a wide
    neighbourhood of the best point closely. `function` takes points of shape (points, cases) and
    returns values of the same shape; `start` is the increasing grid, shape (points,). Returns the
    best points and values, each of shape (cases,). Every value returned was computed, so that a
    bound which holds at any point holds for what is returned.
    """
    values = function(start[:, None])
    best = values.argmax(axis=0)
    cases = np.arange(values.shape[1])
    point, value = start[best], values[best, cases]
    low = start[np.maximum(best - 3, 0)]
    high = start[np.minimum(best + 3, start.size - 1)]
    for steps in (4 * width, *[width] * rounds):
        grid = low + (high - low) * np.linspace(0.0, 1.0, steps)[:, None]
        values = function(grid)
        best = values.argmax(axis=0)
        found = values[best, cases]
        better = found > value
        value = np.where(better, found, value)
        point = np.where(better, grid[best, cases], point)
        half = (high - low) / (steps - 1)
        low, high = np.maximum(low, point - half), np.minimum(high, point + half)
    return point, value
