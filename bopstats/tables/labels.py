"""Names as readers know them, in place of those of columns and levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from bopstats._validation import fail
from bopstats.evaluation import Evaluation
from bopstats.groups import GroupIndex

COSTS: Mapping[str, str] = {
    "brier": "Brier score",
    "zero_one": "0–1 loss",
    "log_loss": "Log loss",
    "squared_error": "Squared error",
    "absolute_error": "Absolute error",
    "deviance": "Deviance",
    "net_benefit": "Net benefit (negated)",
    "auc": "AUC (negated)",
    "r2": "R² (negated)",
    "sufficiency": "Sufficiency",
    "incomprehensiveness": "Incomprehensiveness",
}


def check_labels(labels: Any) -> dict[str, str]:
    """Return labels as a dict from text to text."""
    allowed = "a dict such as {'hba1c': 'HbA1c, %', 'sex': 'Sex', 'sex=female': 'Women'}"
    if labels is None:
        return {}
    if not isinstance(labels, Mapping):
        fail("labels", labels, allowed)
    for name, label in labels.items():
        if not isinstance(name, str) or not isinstance(label, str) or not label.strip():
            fail("labels", {name: label}, allowed)
    return dict(labels)


def level_label(labels: Mapping[str, str], name: str, level: object) -> object:
    """Return the label of a level, asked for as ``name=level``.

    Examples
    --------
    >>> level_label({"insured=1": "Insured"}, "insured", 1), level_label({}, "insured", 0)
    ('Insured', 0)
    """
    return labels.get(f"{name}={level}", level)


def relabel(evaluation: Evaluation, labels: Mapping[str, str]) -> Evaluation:
    """Return a run in which outcome, attributes, levels and the row flow bear their labels.

    Raises
    ------
    ArgumentError
        If two attributes, or two levels of one, would look the same.
    """
    if not labels:
        return evaluation
    groups, settings = evaluation.groups, evaluation.settings
    attributes = tuple(labels.get(name, name) for name in groups.attributes)
    levels = tuple(
        tuple(level_label(labels, name, level) for level in each)
        for name, each in zip(groups.attributes, groups.levels, strict=True)
    )
    for name, each in [("attributes", attributes), *zip(groups.attributes, levels, strict=True)]:
        if len(set(map(str, each))) < len(each):
            fail("labels", list(map(str, each)), f"different labels for {name}")
    event = settings.event
    if event is not None:
        event = level_label(labels, settings.outcome, event)
    return replace(
        evaluation,
        groups=GroupIndex(attributes, levels),
        settings=replace(
            settings, outcome=labels.get(settings.outcome, settings.outcome), event=event
        ),
        row_flow=_steps(evaluation.row_flow, labels),
    )


def _steps(flow: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    start = "missing "
    steps = [
        start + labels.get(step.removeprefix(start), step.removeprefix(start))
        if step.startswith(start)
        else step
        for step in flow["step"]
    ]
    return flow.assign(step=steps)
