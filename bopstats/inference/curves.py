"""Costs of explanation at every number of units, with the same inference as any other cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from bopstats._validation import check_choice
from bopstats.costs import Cost
from bopstats.evaluation import Evaluation
from bopstats.exceptions import ArgumentError
from bopstats.explanations.changes import curve_costs, curve_name
from bopstats.groups import POPULATION
from bopstats.inference.estimates import Estimates, estimate

Found = Callable[[Cost, int | None], Estimates]


def explained_costs(evaluation: Evaluation, name: str | None) -> tuple[Cost, ...]:
    """Return the costs of explanation, or the one asked for.

    Raises
    ------
    ArgumentError
        If it is no cost of explanation of this run, or the run has none.
    """
    costs = {cost.name: cost for cost in evaluation.costs if cost.kind == "explanation"}
    if not evaluation.curve:
        lack = (
            "predictions masked at one r only, so there is no curve over r: see frame()"
            if costs
            else "no costs of explanation; fit with explain=True"
        )
        raise ArgumentError(f"top_curve, top_area: this run has {lack}")
    if name is not None:
        check_choice("cost", name, costs)
    return tuple(costs.values()) if name is None else (costs[name],)


def curve_estimates(evaluation: Evaluation, cost: Cost, r: int | None, alpha: float) -> Estimates:
    """Estimate a cost of explanation at r top units, or its mean over r if that is None."""
    name = curve_name(cost, r)
    return estimate(_as_evaluation(evaluation), name, alpha=alpha)


def curve_frame(evaluation: Evaluation, costs: tuple[Cost, ...], found: Found) -> pd.DataFrame:
    """Return one row a cost, group and r; see `BoPResults.top_curve`."""
    parts = []
    for cost in costs:
        every = range(1, evaluation.settings.n_terms + 1)
        rows = pd.concat([_rows(evaluation, cost, found(cost, r)).assign(r=r) for r in every])
        rows.insert(2, "r", rows.pop("r"))
        parts.append(rows.sort_index(kind="stable"))  # group by group
    return pd.concat(parts, ignore_index=True)


def area_frame(evaluation: Evaluation, costs: tuple[Cost, ...], found: Found) -> pd.DataFrame:
    """Return one row a cost and group: means over r; see `BoPResults.top_area`."""
    parts = [_rows(evaluation, cost, found(cost, None)) for cost in costs]
    return pd.concat(parts, ignore_index=True)


def _as_evaluation(evaluation: Evaluation) -> Evaluation:
    """Return an evaluation whose costs are those of the curve."""
    costs = curve_costs(evaluation.costs, evaluation.settings.n_terms)
    return replace(evaluation, costs=costs, moments=evaluation.curve, metrics={}, refitted=None)


def _rows(evaluation: Evaluation, cost: Cost, found: Estimates) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "cost": cost.name,
            "group": [*evaluation.groups.labels, POPULATION],
            "cost_generic": found.mean("generic"),
            "cost_personalized": found.mean("personalized"),
            "bop": found.mean("bop"),
            "std_err": found.median("std_err"),
            "ci_low": found.median("low"),
            "ci_upp": found.median("high"),
            "ci_method": list(found.method),
        }
    )
