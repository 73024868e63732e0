"""Checks of the laws' parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from bopstats._validation import check_real, fail
from bopstats.exceptions import DomainError


def check_positive(name: str, value: Any) -> float:
    """Return `value` if it is a positive finite number."""
    number = check_real(name, value, low=0.0, error=DomainError)
    if np.isinf(number):
        fail(name, value, "a positive finite number", DomainError)
    return number
