"""Costs of explanation at every number of units, with the same inference as any other cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from bopstats._validation import fail
from bopstats.costs import Cost
from bopstats.evaluation import Evaluation
from bopstats.explanations.changes import curve_costs, curve_name
from bopstats.groups import POPULATION
from bopstats.inference.estimates import Estimates, estimate


def explained_costs(evaluation: Evaluation, name: str | None) -> tuple[Cost, ...]:
    """Return the costs of explanation, or the one asked for.

    Raises
    ------
    ArgumentError
        If it is no cost of explanation of this run, or the run has none.
    """
    costs = {cost.name: cost for cost in evaluation.costs if cost.kind == "explanation"}
    if not evaluation.curve or (name is not None and name not in costs):
        allowed = ", ".join(map(repr, costs)) if evaluation.curve else "results with explanations"
        fail("cost", name, allowed)
    return tuple(costs.values()) if name is None else (costs[name],)


def curve_frame(
    evaluation: Evaluation,
    costs: tuple[Cost, ...],
    alpha: float,
    chosen: Callable[[str], Estimates],
) -> pd.DataFrame:
    """Return one row a cost, group and r; see `BoPResults.top_curve`.

    `chosen` gives the estimates of a cost at the chosen r, which the curve shows there.
    """
    settings, curve = evaluation.settings, _as_evaluation(evaluation)
    parts = []
    for cost in costs:
        for r in range(1, settings.n_terms + 1):
            if r == settings.top:
                found = chosen(cost.name)
            else:
                found = estimate(curve, curve_name(cost, r), alpha=alpha)
            parts.append(_rows(evaluation, cost, found, r))
    frame = pd.concat(parts, ignore_index=True)
    frame["cost"] = pd.Categorical(frame["cost"], [cost.name for cost in costs])
    frame["group"] = pd.Categorical(frame["group"], [*evaluation.groups.labels, POPULATION])
    frame = frame.sort_values(["cost", "group", "r"], ignore_index=True)
    return frame.astype({"cost": object, "group": object})


def area_frame(evaluation: Evaluation, costs: tuple[Cost, ...], alpha: float) -> pd.DataFrame:
    """Return one row a cost and group: means over r; see `BoPResults.top_area`."""
    curve = _as_evaluation(evaluation)
    parts = [
        _rows(evaluation, cost, estimate(curve, curve_name(cost, None), alpha=alpha), None)
        for cost in costs
    ]
    return pd.concat(parts, ignore_index=True)


def _as_evaluation(evaluation: Evaluation) -> Evaluation:
    """Return an evaluation whose costs are those of the curve."""
    costs = curve_costs(evaluation.costs, evaluation.settings.n_terms)
    return replace(evaluation, costs=costs, moments=evaluation.curve, metrics={}, refitted=None)


def _rows(evaluation: Evaluation, cost: Cost, found: Estimates, r: int | None) -> pd.DataFrame:
    labels = [*evaluation.groups.labels, POPULATION]
    columns = {
        "cost": [cost.name] * len(labels),
        "group": labels,
        "r": r,
        "cost_generic": found.mean("generic"),
        "cost_personalized": found.mean("personalized"),
        "bop": found.mean("bop"),
        "std_err": found.median("std_err"),
        "ci_low": found.median("low"),
        "ci_upp": found.median("high"),
        "ci_method": list(found.method),
    }
    return pd.DataFrame({k: v for k, v in columns.items() if v is not None})
