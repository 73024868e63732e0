"""Sums of many parts."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

Part = TypeVar("Part")


def added_up(parts: Iterable[Part], add: Callable[[Any, Any], Any] = operator.add) -> Part | None:
    """Add parts pairwise, sums of equally many at a time; None without any.

    Sums that grow, such as those by cluster, are then handled a few times each and not once a part.

    Examples
    --------
    >>> added_up([1, 2, 3, 4, 5])
    15
    """
    waiting: list[tuple[int, Any]] = []
    for part in parts:
        size, found = 1, part
        while waiting and waiting[-1][0] == size:
            found = add(waiting.pop()[1], found)
            size *= 2
        waiting.append((size, found))
    if not waiting:
        return None
    total: Part = waiting.pop()[1]
    while waiting:
        total = add(waiting.pop()[1], total)
    return total


def added(one: Any, other: Any) -> Any:
    """Add two results of a pass: sums, or tuples of them; None stands for nothing."""
    if one is None or other is None:
        return one if other is None else other
    if isinstance(one, tuple):
        return tuple(added(a, b) for a, b in zip(one, other, strict=True))
    return one + other
