"""A result as plain data for JSON: schema ``bopstats.result``, version 1."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from bopstats.inference.tests import BoPTest
from bopstats.tables.findings import Findings

_HETEROGENEITY = ("method", "statistic", "df", "df_error", "pvalue")
SCHEMA, VERSION = "bopstats.result", 1


def as_record(found: Findings) -> dict[str, Any]:
    """Return group figures and settings as dicts, lists, texts and numbers; nan becomes None.

    Keys: `schema`, `version`, `suppress`, `settings`, `rows` (row flow), `frame` (one record a cost
    and group), `gamma`, `tests` and `heterogeneity` (by cost), `association`, `notes`. Holds no
    rows of the data; what is masked is None.
    """
    evaluation, masks = found.evaluation, found.masks
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "suppress": masks.k,
        "settings": plain(asdict(evaluation.settings)),
        "rows": plain(evaluation.row_flow),
        "frame": plain(_marked(found)),
        "gamma": {
            cost: {**plain(asdict(each)), "covers": _covers(found, cost, each.covers)}
            for cost, each in found.gammas.items()
        },
        "tests": {
            cost: {**plain(_fields(test)), "covers": _covers(found, cost, test.covers)}
            for cost, test in found.tests.items()
        },
        "heterogeneity": {
            cost: {name: plain(getattr(test, name)) for name in _HETEROGENEITY}
            for cost, test in found.heterogeneity.items()
        },
        "association": None if found.association is None else plain(asdict(found.association)),
        "notes": list(evaluation.notes),
    }


def _marked(found: Findings) -> pd.DataFrame:
    """Return the frame, with a column that tells what is masked from what has no value."""
    costs = [cost.name for cost in found.evaluation.costs]
    hidden = [found.hidden(cost) for cost in costs]
    sizes = [len(found.rows(cost)) for cost in costs]
    masked = [
        np.zeros(size, dtype=bool) if each is None else each
        for size, each in zip(sizes, hidden, strict=True)
    ]
    frame = found.frame.assign(masked=np.concatenate(masked))
    for name in ("n", "events"):  # whole numbers stay so where some are masked
        if (frame[name].dropna() % 1 == 0).all():
            frame[name] = frame[name].astype("Int64")
    return frame


def _covers(found: Findings, cost: str, covers: tuple[int, int]) -> list[int | None]:
    """Return the numbers of groups covered and of all; the first may speak of a masked one."""
    return [None if cost in found.masks.covers else covers[0], covers[1]]


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
