"""What kind of explanation is asked for, checked against the design."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bopstats._typing import IntArray
from bopstats._validation import check_choice, check_count, check_real, fail, is_number
from bopstats.design import Design
from bopstats.explanations.attribution import ATTRIBUTIONS, RANKS
from bopstats.explanations.baselines import check_baseline
from bopstats.explanations.units import UNITS, units_of

TOP_OF = ("generic", "each")


@dataclass(frozen=True)
class Explanation:
    """How predictions are explained; see `PersonalizedGLM.fit`.

    `baseline` is a name or a frame of one row, `baseline_words` what it is; `counts` are the
    numbers of units that the generic and the personalized model keep, `curve` those at every r of
    the top curve, shape (U,) each, for the U units of the generic model; `n_units` are the numbers
    of units of both models; `interacting` tells that a term reads several variables; `seed` starts
    what is sampled.
    """

    attribution: str
    rank: str
    unit: str
    baseline: str | pd.DataFrame
    baseline_words: str
    counts: tuple[int, int]
    curve: tuple[IntArray, IntArray]
    n_units: tuple[int, int]
    interacting: bool
    seed: int

    def told(self) -> dict[str, Any]:
        """Return what a reader is told of it: fields of `Settings`."""
        return {
            "top": self.counts[0],
            "top_personalized": self.counts[1],
            "n_terms": self.n_units[0],
            "attribution": self.attribution,
            "rank": self.rank,
            "baseline": self.baseline_words,
            "unit": self.unit,
            "interacting": self.interacting,
        }


def check_explanation(
    design: Design,
    *,
    top: Any,
    top_of: Any,
    attribution: Any,
    rank: Any,
    baseline: Any,
    unit: Any,
    seed: int,
) -> Explanation:
    """Return the explanation asked for.

    Raises
    ------
    ArgumentError
        If an argument is not allowed.
    """
    unit = check_choice("unit", unit, UNITS)
    sizes = [units_of(m, unit).size for m in (design.generic, design.personalized)]
    each = check_choice("top_of", top_of, TOP_OF) == "each" and not _is_count(top)
    count = top_count(top, sizes[0])
    r = np.arange(1, sizes[0] + 1)
    shares = np.ceil(r * sizes[1] / sizes[0] - 1e-12).astype(np.int64) if each else r
    frame, words = check_baseline(baseline, design)
    return Explanation(
        attribution=check_choice("attribution", attribution, ATTRIBUTIONS),
        rank=check_choice("rank", rank, RANKS),
        unit=unit,
        baseline=frame,
        baseline_words=words,
        counts=(count, top_count(top, sizes[1]) if each else count),
        curve=(r, shares),
        n_units=(sizes[0], sizes[1]),
        interacting=any(len(each) > 1 for each in design.personalized.variables),
        seed=seed,
    )


def _is_count(top: Any) -> bool:
    return not (is_number(top) and isinstance(top, (float, np.floating)))


def top_count(top: Any, n_units: int) -> int:
    """Return how many units are kept: a share of them, rounded up, or a count.

    Parameters
    ----------
    top : float or int
        A float in (0, 1] is a share, an integer of at least 1 a count.
    n_units : int
        Number of units.

    Raises
    ------
    ArgumentError
        If `top` is neither.
    """
    if _is_count(top):
        if not is_number(top):
            fail(
                "top", top, f"a share in (0, 1], or an integer of at least 1 and at most {n_units}"
            )
        return check_count("top", top, low=1, high=n_units)
    share = check_real("top", top, low=0.0, high=1.0, closed="high")
    return math.ceil(share * n_units - 1e-12)
