"""Results of passes over pieces, added up."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Any


def added_up(parts: Iterable[Any]) -> Any:
    """Add parts pairwise, so that sums of equally many are added, whatever their number.

    Without any part there is None.
    """
    waiting: list[tuple[int, Any]] = []
    for part in parts:
        size, found = 1, part
        while waiting and waiting[-1][0] == size:
            found = added(waiting.pop()[1], found)
            size *= 2
        waiting.append((size, found))
    return reduce(
        lambda later, one: added(one, later), (each for _, each in reversed(waiting)), None
    )


def added(one: Any, other: Any) -> Any:
    """Add two results of a pass: sums, or tuples of them; None stands for nothing."""
    if one is None or other is None:
        return one if other is None else other
    if isinstance(one, tuple):
        return tuple(added(a, b) for a, b in zip(one, other, strict=True))
    return one + other
