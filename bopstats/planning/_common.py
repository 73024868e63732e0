"""Checks and small steps that the planning functions share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, Literal

import mpmath
import numpy as np

from bopstats._validation import check_count, check_real, fail
from bopstats.theory._base import Law
from bopstats.theory._numeric import work_digits

#: A number of attributes, or "none" where not even the pooled population can be tested.
Count = int | Literal["none"]

#: One number of levels for all attributes, or one for each in the order of adding them.
Levels = int | tuple[int, ...]


def check_effect(effect: Any, law: Law) -> float:
    """Return a positive effect that the law allows."""
    return float(check_law(law).check_effects(check_real("effect", effect, low=0.0)))


def check_law(law: Any) -> Law:
    """Return `law` if it is one."""
    if not isinstance(law, Law):
        fail("law", law, "a law such as Bounded(-1, 1) or Gaussian(0.1)")
    return law


def check_total(n_total: Any) -> float:
    """Return a number of rows of at least 1."""
    if isinstance(n_total, int) and not isinstance(n_total, bool):
        # Integers beyond 2^63 are numbers too.
        n_total = float(n_total) if n_total <= 10**300 else np.inf
    return check_real("n_total", n_total, low=1.0, closed="low")


def check_levels(levels: Any) -> Levels:
    """Return one number of levels for all attributes, or one for each."""
    if isinstance(levels, Sequence) and not isinstance(levels, str):
        if not levels:
            fail("levels", levels, "an integer of at least 2, or a list of such integers")
        return tuple(check_count("levels", level, low=2) for level in levels)
    return check_count("levels", levels, low=2)


def groups_of(k: Any, levels: Levels) -> int:
    """Return the number of groups that the first `k` attributes make."""
    most = 4000 if isinstance(levels, int) else len(levels)
    k = check_count("k", k, low=0, high=most)
    return levels**k if isinstance(levels, int) else prod(levels[:k])


def group_counts(levels: Levels, n_total: float) -> list[int]:
    """Return the numbers of groups of 0, 1, 2, … attributes, as many as have a row each."""
    counts = [1]
    while isinstance(levels, int) or len(counts) <= len(levels):
        step = levels if isinstance(levels, int) else levels[len(counts) - 1]
        if counts[-1] * step > n_total:
            break
        counts.append(counts[-1] * step)
    return counts


def attributes_of(log_groups: mpmath.mpf, levels: Levels, digits: int) -> mpmath.mpf:
    """Return the number of attributes that make so many groups, interpolating in ln d."""
    with work_digits(digits):
        if isinstance(levels, int):
            return +(log_groups / mpmath.log(levels))
        whole, rest = 0, log_groups
        while whole < len(levels) - 1 and rest >= mpmath.log(levels[whole]):
            rest -= mpmath.log(levels[whole])
            whole += 1
        return +(whole + rest / mpmath.log(levels[whole]))


def describe_levels(levels: Levels) -> str:
    """Return the levels in words."""
    if isinstance(levels, int):
        return f"{levels} levels each"
    return f"{', '.join(map(str, levels))} levels"


def show(value: Any) -> str:
    """Return a number, "none", or "not known" for None."""
    if value is None:
        return "not known"
    if isinstance(value, mpmath.mpf):
        return str(mpmath.nstr(value, 8))
    if isinstance(value, float):
        return f"{value:.6g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def text(title: str, law: Law, lines: Sequence[tuple[str, Any, str]], notes: Sequence[str]) -> str:
    """Return the plain text form of an answer."""
    out = [title, f"  law: {law.describes}", *(f"  {note}" for note in notes)]
    width = max(len(show(value)) for _, value, _ in lines)
    name = max(len(line[0]) for line in lines)
    out += [f"  {n:<{name}}  {show(v):>{width}}  {meaning}" for n, v, meaning in lines]
    return "\n".join(out)


def plain(value: Any) -> Any:
    """Return a value fit for a data frame."""
    return float(value) if isinstance(value, mpmath.mpf) else value


def smallest(allowed: Callable[[int], bool], start: int) -> int | None:
    """Return the smallest integer from `start` on that is allowed, by doubling and halving.

    Beyond 2^50 the answer is right to 15 digits. None if nothing below 1e300 is allowed.
    """
    if allowed(start):
        return start
    low, high = start, 2 * start
    while not allowed(high):
        if high > 10**300:
            return None
        low, high = high, 2 * high
    while high - low > max(1, high >> 50):
        middle = (low + high) // 2
        if allowed(middle):
            high = middle
        else:
            low = middle
    return high
