"""Results of a pass in some pieces and in others, added."""

from __future__ import annotations

from typing import Any


def added(one: Any, other: Any) -> Any:
    """Add two results of a pass: sums, or tuples of them; None stands for nothing."""
    if one is None or other is None:
        return one if other is None else other
    if isinstance(one, tuple):
        return tuple(added(a, b) for a, b in zip(one, other, strict=True))
    return one + other
