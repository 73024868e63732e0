"""A result as plain data for JSON: schema ``bopstats.result``, version 1."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from bopstats.evaluation import Evaluation
from bopstats.fitting.results import AssociationTest
from bopstats.inference.gamma import Gamma
from bopstats.inference.tests import BoPTest

_HETEROGENEITY = ("method", "statistic", "df", "df_error", "pvalue")
SCHEMA, VERSION = "bopstats.result", 1


def as_record(
    evaluation: Evaluation,
    frame: pd.DataFrame,
    tests: dict[str, BoPTest],
    heterogeneity: dict[str, BoPTest],
    gammas: dict[str, Gamma],
    association: AssociationTest | None,
) -> dict[str, Any]:
    """Return group figures and settings as dicts, lists, texts and numbers; nan becomes None.

    Keys: `schema`, `version`, `settings`, `rows` (row flow), `frame` (one record a cost and
    group), `gamma`, `tests` and `heterogeneity` (by cost), `association`, `notes`. Holds no rows of
    the data.
    """
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "settings": plain(asdict(evaluation.settings)),
        "rows": plain(evaluation.row_flow),
        "frame": plain(frame),
        "gamma": {cost: plain(asdict(each)) for cost, each in gammas.items()},
        "tests": {cost: plain(_fields(test)) for cost, test in tests.items()},
        "heterogeneity": {
            cost: {name: plain(getattr(test, name)) for name in _HETEROGENEITY}
            for cost, test in heterogeneity.items()
        },
        "association": None if association is None else plain(asdict(association)),
        "notes": list(evaluation.notes),
    }


def _fields(test: BoPTest) -> dict[str, Any]:
    return {name: getattr(test, name) for name in test.__dataclass_fields__}


def plain(value: Any) -> Any:
    """Turn a value into what JSON can hold.

    Examples
    --------
    >>> plain({"a": float("nan"), "b": (1, 2)})
    {'a': None, 'b': [1, 2]}
    """
    if isinstance(value, pd.DataFrame):
        return [plain(row) for row in value.to_dict("records")]
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        return plain(asdict(value))
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value if isinstance(value, (bool, int, float, str)) else str(value)
