"""The frames that figures draw: figures see nothing of a result but these.

What must not be shown is to be masked here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bopstats._validation import check_choice, check_real, check_share, fail
from bopstats.costs import Cost
from bopstats.inference.testability import default_effects, error_band
from bopstats.results.answers import Answers
from bopstats.tables.frame import build_frame


def cost_frame(
    results: Answers, cost: Cost, alpha: float, effect: float | None = None, max_error: float = 0.5
) -> pd.DataFrame:
    """Return a cost's frame, with verdicts that know the effect."""
    if effect is not None:
        effect = check_real("effect", effect, low=0.0)
    found = results._estimates(cost.name, check_share("alpha", alpha))
    limit = check_share("max_error", max_error)
    return build_frame(results.evaluation, found, alpha, effect, limit)


def sides_frame(
    results: Answers, prediction: str | None, explanation: str | None, alpha: float
) -> tuple[pd.DataFrame, str, list[str]]:
    """Return the frame of a cost of prediction and of costs of explanation, and their names."""
    first, others = _sides(results, prediction, explanation)
    frames = [cost_frame(results, cost, alpha) for cost in (first, *others)]
    return pd.concat(frames, ignore_index=True), first.name, [cost.name for cost in others]


def _sides(
    results: Answers, prediction: str | None, explanation: str | None
) -> tuple[Cost, list[Cost]]:
    """Return a cost of prediction and the costs of explanation that are compared with it."""
    costs: dict[str, list[Any]] = {"prediction": [], "explanation": []}
    for cost in results.evaluation.costs:
        costs[cost.kind].append(cost)
    if not costs["explanation"]:
        fail("explanation", "no cost of explanation", "a result of fit(explain=True)")
    chosen = results._cost(prediction)
    check_choice("prediction", chosen.name, [cost.name for cost in costs["prediction"]])
    if explanation is None:
        return chosen, costs["explanation"]
    names = [cost.name for cost in costs["explanation"]]
    return chosen, [
        costs["explanation"][names.index(check_choice("explanation", explanation, names))]
    ]


def band_frame(
    results: Answers, cost: Cost, effects: Sequence[float] | None, alpha: float
) -> pd.DataFrame:
    """Return bounds on the error of any test, for many effects."""
    found = results._estimates(_personal(cost).name, check_share("alpha", alpha))
    if effects is None:
        return error_band(found, default_effects(found))
    return error_band(found, np.array([check_real("effects", e, low=0.0) for e in effects]))


def people_frame(results: Answers, cost: Cost) -> pd.DataFrame:
    """Return each person's group, benefit and weight in each partition."""
    place = [each.name for each in results.evaluation.costs if not each.group_only].index(
        _personal(cost).name
    )
    labels = pd.Index(results.evaluation.groups.labels)
    parts = [
        pd.DataFrame(
            {
                "group": pd.Categorical.from_codes(rows.group, labels),
                "benefit": rows.benefit[place],
                "weight": 1.0 if rows.weight is None else rows.weight,
            }
        )
        for rows in results.evaluation.need_rows("individual")
    ]
    return pd.concat(parts, ignore_index=True)


def _personal(cost: Cost) -> Cost:
    if cost.group_only:
        fail("cost", cost.name, "a cost of which each person has a value")
    return cost
