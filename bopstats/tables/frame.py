"""The tidy frame of one cost: a row a group, and one for the population."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bopstats._typing import FloatArray
from bopstats.evaluation import Evaluation
from bopstats.groups import POPULATION
from bopstats.inference.estimates import Estimates
from bopstats.inference.notes import group_notes
from bopstats.inference.testability import group_bounds
from bopstats.inference.verdicts import group_verdict

_OWN_COLUMNS = frozenset(
    {"cost", "kind", "group", "n", "n_eff", "events", "n_changed", "cost_generic", "bop"}
    | {"cost_personalized", "std_err", "ci_low", "ci_upp", "ci_method", "p_benefit", "p_harm"}
    | {"p_benefit_adjusted", "p_harm_adjusted", "p_method", "partition_sd", "verdict", "status"}
    | {"note"}
)


def _columns(attributes: tuple[str, ...]) -> dict[str, str]:
    """Return the frame's column for each group attribute, none of them twice."""
    taken, columns = set(_OWN_COLUMNS), {}
    for name in attributes:
        column = name
        while column in taken:
            column += "_attribute"
        taken.add(column)
        columns[name] = column
    return columns


def _whole(values: FloatArray) -> Any:
    """Return whole numbers as integers (medians of counts over partitions may be halves)."""
    return values.astype(np.int64) if (values % 1 == 0).all() else values


def _events(found: Estimates, family: str) -> Any:
    """Return events for binary outcomes, else nan."""
    events = found.median("events")
    return _whole(events) if family == "binomial" else np.full(len(events), np.nan)


def build_frame(
    evaluation: Evaluation,
    found: Estimates,
    alpha: float,
    effect: float | None = None,
    max_error: float = 1.0,
) -> pd.DataFrame:
    """Return one cost's frame; see `BoPResults.frame`.

    With an `effect` the verdicts also say where no test could tell.
    """
    index, settings = evaluation.groups, evaluation.settings
    attributes = pd.concat(
        [index.frame(), pd.DataFrame([dict.fromkeys(index.attributes, POPULATION)])],
        ignore_index=True,
    )
    p_benefit, p_harm = found.median("p_benefit"), found.median("p_harm")
    adjusted_benefit = np.asarray(np.median(found.holm("p_benefit"), axis=0))
    adjusted_harm = np.asarray(np.median(found.holm("p_harm"), axis=0))
    # The population is a question of its own: no adjustment.
    verdicts = [
        group_verdict(a, b, alpha, bound, max_error)
        for a, b, bound in zip(
            [*adjusted_benefit[:-1], p_benefit[-1]],
            [*adjusted_harm[:-1], p_harm[-1]],
            [None] * len(p_harm) if effect is None else group_bounds(found, effect, max_error),
            strict=True,
        )
    ]
    spread = np.full_like(p_harm, np.nan)
    if len(found.bop) > 1:
        with np.errstate(invalid="ignore"):  # an infinite cost has no spread
            spread = found.bop.std(axis=0, ddof=1)
    columns: dict[str, Any] = {
        "cost": found.cost.name,
        "kind": found.cost.kind,
        **{c: attributes[a] for a, c in _columns(index.attributes).items()},
        "group": [*index.labels, POPULATION],
        "n": _whole(found.median("n")),
        "n_eff": found.median("n_eff"),
        "events": _events(found, settings.family),
        "n_changed": found.median("changed"),
        "cost_generic": found.mean("generic"),
        "cost_personalized": found.mean("personalized"),
        "bop": found.mean("bop"),
        "std_err": found.median("std_err"),
        "ci_low": found.median("low"),
        "ci_upp": found.median("high"),
        "ci_method": list(found.method),
        "p_benefit": p_benefit,
        "p_harm": p_harm,
        "p_benefit_adjusted": adjusted_benefit,
        "p_harm_adjusted": adjusted_harm,
        "p_method": list(found.method),
        "partition_sd": spread,
        "verdict": verdicts,
        "status": list(found.status),
        "note": group_notes(found, evaluation),
    }
    return pd.DataFrame(columns)
