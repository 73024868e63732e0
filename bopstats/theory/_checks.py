"""Checks of the laws' parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from bopstats._validation import check_real, fail
from bopstats.exceptions import DomainError


def check_positive(
    name: str, value: Any, *, low: float | None = None, high: float = np.inf
) -> float:
    """Return `value` if it is a positive finite number, in ``[low, high]`` where that is given."""
    if low is not None:
        return check_real(name, value, low=low, high=high, closed="low high", error=DomainError)
    number = check_real(name, value, low=0.0, error=DomainError)
    if np.isinf(number):
        fail(name, value, "a positive finite number", DomainError)
    return number
