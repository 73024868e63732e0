"""Do prediction and explanation agree? Signs and verdicts of both, a group a row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bopstats._typing import FloatArray
from bopstats.groups import POPULATION
from bopstats.tables.suppression import MASKED

_FIGURES = ["bop", "ci_low", "ci_upp", "verdict"]
_WORDS = {1.0: "better", 0.0: "the same", -1.0: "worse"}
UNKNOWN = "not known"
CORNERS = (
    "predicts and explains better",
    "predicts better, explains worse",
    "predicts worse, explains better",
    "predicts and explains worse",
)


def agreement(frame: pd.DataFrame, prediction: str, explanations: Sequence[str]) -> pd.DataFrame:
    """Put the benefits for prediction and for explanation side by side.

    Parameters
    ----------
    frame : DataFrame
        Rows of `BoPResults.frame` of all these costs.
    prediction : str
        A cost of prediction.
    explanations : sequence of str
        Costs of explanation.

    Returns
    -------
    DataFrame
        A row an explanation cost and group, the population last: `group`, `n`, `prediction`,
        `explanation` (the costs), `bop`, `ci_low`, `ci_upp` and `verdict` of each with
        ``_prediction`` or ``_explanation`` behind, and `corner`, which reads the signs of both
        estimates ("predicts better, explains worse"; "the same" is a benefit of exactly 0), or
        is "masked".

    Examples
    --------
    >>> frame = pd.DataFrame(
    ...     {
    ...         "cost": ["brier", "sufficiency"],
    ...         "group": ["all", "all"],
    ...         "n": [9, 9],
    ...         "bop": [0.1, -0.2],
    ...         "ci_low": [0.0, -0.3],
    ...         "ci_upp": [0.2, -0.1],
    ...         "verdict": ["cannot tell", "harms"],
    ...         "status": ["ok", "ok"],
    ...     }
    ... )
    >>> agreement(frame, "brier", ["sufficiency"])["corner"].tolist()
    ['predicts better, explains worse']
    """
    parts = []
    for name in explanations:
        left, right = (
            frame[frame["cost"] == cost].reset_index(drop=True) for cost in (prediction, name)
        )
        part = left[["group", "n"]].assign(prediction=prediction, explanation=name)
        part = part.join(left[_FIGURES].add_suffix("_prediction"))
        part = part.join(right[_FIGURES].add_suffix("_explanation"))
        part["corner"] = corner_names(
            left["bop"].to_numpy(dtype=np.float64), right["bop"].to_numpy(dtype=np.float64)
        )
        hidden = (left["status"] == MASKED) | (right["status"] == MASKED)
        part["corner"] = part["corner"].mask(hidden, MASKED)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def corner_names(prediction: FloatArray, explanation: FloatArray) -> list[str]:
    """Say in words where each pair of benefits lies.

    Examples
    --------
    >>> corner_names(np.array([1.0, 0.0]), np.array([2.0, -1.0]))
    ['predicts and explains better', 'predicts the same, explains worse']
    """
    pairs = zip(np.sign(prediction).tolist(), np.sign(explanation).tolist(), strict=True)
    return [_corner(a, b) for a, b in pairs]


def _corner(prediction: float, explanation: float) -> str:
    if np.isnan(prediction) or np.isnan(explanation):
        return UNKNOWN
    if prediction == explanation:
        return f"predicts and explains {_WORDS[prediction]}"
    return f"predicts {_WORDS[prediction]}, explains {_WORDS[explanation]}"


def count_corners(agreed: pd.DataFrame) -> pd.DataFrame:
    """Count the groups in each corner, the population left out.

    Parameters
    ----------
    agreed : DataFrame
        What `agreement` returned.

    Returns
    -------
    DataFrame
        Columns `prediction`, `explanation`, `corner`, `groups` and `established` (groups of which
        both verdicts are "benefits" or "harms"); the four corners always, the places between
        them and "not known" where a group lies there.
    """
    groups = agreed[agreed["group"] != POPULATION]
    rows = []
    for (prediction, explanation), part in groups.groupby(
        ["prediction", "explanation"], sort=False
    ):
        sure = part[["verdict_prediction", "verdict_explanation"]].isin(["benefits", "harms"])
        for corner in dict.fromkeys([*CORNERS, *part["corner"]]):
            here = part["corner"] == corner
            counts = (int(here.sum()), int((here & sure.all(axis=1)).sum()))
            rows.append((prediction, explanation, corner, *counts))
    return pd.DataFrame(
        rows, columns=["prediction", "explanation", "corner", "groups", "established"]
    )
