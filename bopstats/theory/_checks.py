"""Small things that the laws share."""

from __future__ import annotations

from typing import Any

import numpy as np

from bopstats._validation import check_real
from bopstats.exceptions import DomainError
from bopstats.theory._numeric import Floats


def lattice_period(chance: Floats) -> int:
    """Return after how many rows a whole threshold falls on the same place again, less one."""
    rarest = float(np.minimum(chance, 1.0 - chance).min())
    return int(min(np.ceil(1.0 / rarest), 32.0)) - 1


def check_positive(
    name: str, value: Any, *, low: float | None = None, high: float = np.inf
) -> float:
    """Return `value` if it is a positive finite number, in ``[low, high]`` where that is given."""
    if low is not None:
        return check_real(name, value, low=low, high=high, closed="low high", error=DomainError)
    return check_real(name, value, low=0.0, error=DomainError)
