"""Calibration of both models' held-out predictions in each group: means over partitions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from bopstats._typing import FloatArray
from bopstats._validation import fail
from bopstats.evaluation import Evaluation
from bopstats.groups import POPULATION, RowBop
from bopstats.inference.calibration import FAMILIES, Coefficient, calibration, calibration_bins

MODELS = ("generic", "personalized")


def calibration_figures(evaluation: Evaluation, alpha: float) -> pd.DataFrame:
    """Return calibration intercept and slope of both models; see `BoPResults.calibration`.

    Groups have numbers here, the population the last; see `with_labels`.
    """
    family = _family(evaluation)
    parts = []
    for which, model in enumerate(MODELS):
        found = []
        for rows in evaluation.need_rows("calibration"):
            units = _with_units(rows)
            columns = _with_population(units, which)
            for role in ("cluster", "stratum"):
                values = getattr(units, role)
                columns[role] = None if values is None else np.tile(values, 2)
            found.append(calibration(**columns, family=family, alpha=alpha))
        both = [
            _mean(name, [getattr(each, name) for each in found]) for name in ("intercept", "slope")
        ]
        parts.append(
            pd.DataFrame(
                {"group": np.arange(evaluation.groups.n_groups + 1), "model": model}
            ).assign(**both[0], **both[1])
        )
    table = pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)
    notes = zip(table.pop("intercept_note"), table.pop("slope_note"), strict=True)
    table["note"] = ["; ".join(dict.fromkeys(filter(None, pair))) for pair in notes]
    return table


def binned_figures(evaluation: Evaluation, bins: int, alpha: float) -> pd.DataFrame:
    """Return binned means of both models; see `BoPResults.calibration_bins`.

    Groups have numbers here, the population the last; see `with_labels`.
    """
    binary = _family(evaluation) == "binomial"
    found = [
        calibration_bins(
            **_with_population(rows, which), bins=bins, binary=binary, alpha=alpha
        ).assign(model=model)
        for which, model in enumerate(MODELS)
        for rows in evaluation.need_rows("calibration_bins")
    ]
    return pd.concat(found).groupby(["group", "model", "bin"], as_index=False).mean()


def with_labels(figures: pd.DataFrame, evaluation: Evaluation) -> pd.DataFrame:
    """Return a copy with the groups' labels in place of their numbers."""
    labels = pd.Series([*evaluation.groups.labels, POPULATION])
    return figures.assign(group=labels[figures["group"]].to_numpy())


def _family(evaluation: Evaluation) -> str:
    family = evaluation.settings.family
    if family not in FAMILIES:
        fail("calibration", family, f"results of the {' or '.join(FAMILIES)} family")
    return family


def _with_units(rows: RowBop) -> RowBop:
    """Name the sampling units of a design with strata alone, which then may stand twice."""
    if rows.stratum is None or rows.cluster is not None:
        return rows
    n = len(rows.y)
    if rows.weight is None or rows.weight_type != "freq":
        return replace(rows, cluster=np.arange(n))
    copies = np.repeat(np.arange(n), rows.weight.astype(np.int64))
    names = ("y", "mu_generic", "mu_personalized", "group", "stratum")
    each = {name: getattr(rows, name)[copies] for name in names}
    return replace(rows, **each, weight=None, weight_type=None, cluster=np.arange(len(copies)))


def _with_population(rows: RowBop, which: int) -> dict[str, Any]:
    """Return arguments in which everyone stands twice: in the own group, and in the population."""
    mu = (rows.mu_generic, rows.mu_personalized)[which]
    return {
        "y": np.tile(rows.y, 2),
        "mu": np.tile(mu, 2),
        "group": np.append(rows.group, np.full_like(rows.group, rows.n_groups)),
        "n_groups": rows.n_groups + 1,
        "weight": None if rows.weight is None else np.tile(rows.weight, 2),
        "weight_type": rows.weight_type,
    }


def _mean(name: str, found: list[Coefficient]) -> dict[str, Any]:
    """Return a coefficient's mean over partitions; nan where one has none, and why."""

    def over(field: str) -> FloatArray:
        return np.asarray(np.mean([getattr(each, field) for each in found], axis=0))

    reasons = zip(*(each.reason for each in found), strict=True)
    return {
        name: over("value"),
        f"{name}_low": over("low"),
        f"{name}_upp": over("high"),
        f"{name}_note": [next(filter(None, each), "") for each in reasons],
    }
