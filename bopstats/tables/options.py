"""How a table is to look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bopstats._typing import FloatArray
from bopstats._validation import check_count
from bopstats.tables.content import Shown, decimals_for, power_of_ten
from bopstats.tables.footnotes import check_prespecified

_MOST_DECIMALS = 12


@dataclass(frozen=True)
class Options:
    """Labels, decimals (None: two figures of the standard error), and what notes say."""

    labels: Mapping[str, str] = field(default_factory=dict)
    decimals: int | None = None
    exponentiate: bool = False
    prespecified: bool | str | None = None

    @classmethod
    def checked(
        cls, labels: Mapping[str, str], decimals: Any, exponentiate: bool, prespecified: Any
    ) -> Options:
        """Return options, or say what is wrong with them."""
        if decimals is not None:
            check_count("decimals", decimals, low=0, high=_MOST_DECIMALS)
        return cls(labels, decimals, bool(exponentiate), check_prespecified(prespecified))

    def shown(self, std_err: FloatArray, costs: FloatArray) -> Shown:
        """Return how numbers of one kind show."""
        power = power_of_ten(std_err, costs)
        if self.decimals is not None:
            return Shown(self.decimals, power)
        return Shown(decimals_for(np.asarray(std_err) / 10.0**power), power)
