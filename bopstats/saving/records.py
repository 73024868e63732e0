"""A whole result as a plain record, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import pandas as pd

from bopstats.evaluation import Evaluation
from bopstats.exceptions import DataError
from bopstats.fitting.results import Models
from bopstats.groups import GroupMoments
from bopstats.inference.reduced import without_cells
from bopstats.saving.models import SavedModels, without_rows
from bopstats.saving.values import decode, encode, printable

# People that a bin of predictions must have to be saved: bins can be cut as fine as one likes.
FEWEST = 5


@dataclass(frozen=True)
class Saved:
    """What a record holds: figures, models, and what was computed from the rows before."""

    evaluation: Evaluation
    models: SavedModels | None
    computed: dict[tuple[Any, ...], Any]


def as_record(
    evaluation: Evaluation,
    models: Models | None,
    computed: Mapping[tuple[Any, ...], Any],
    keep_rows: bool,
) -> dict[str, Any]:
    """Return a result as plain data, the same bytes in whatever order things were computed."""
    return {
        "evaluation": encode(_portable(evaluation, keep_rows)),
        "models": None if models is None else encode(_portable_models(models)),
        "computed": [
            {"key": encode(key), "value": encode(computed[key])}
            for key in sorted(computed, key=repr)
            if keep_rows or not _of_few(key, computed[key])
        ],
    }


def from_record(record: dict[str, Any]) -> Saved:
    """Return the result of a record.

    Raises
    ------
    DataError
        If it is damaged, or holds what this version does not know.
    """
    try:
        saved = Saved(
            decode(record["evaluation"]),
            decode(record["models"]),
            {decode(each["key"]): decode(each["value"]) for each in record["computed"]},
        )
    except DataError:
        raise
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
        RecursionError,
    ) as error:
        raise DataError(f"a saved result is damaged: {type(error).__name__}: {error}") from error
    if not isinstance(saved.evaluation, Evaluation):
        raise DataError("a saved result is damaged: it has no evaluation")
    return saved


def _portable(evaluation: Evaluation, keep_rows: bool) -> Evaluation:
    """Return an evaluation without single clusters, and without rows unless these are asked for."""
    figures: dict[str, Any] = {
        each.name: tuple(
            without_cells(moments, together=each.name == "moments")
            for moments in getattr(evaluation, each.name)
        )
        for each in fields(evaluation)
        if _holds_moments(getattr(evaluation, each.name))
    }
    groups = replace(
        evaluation.groups,
        levels=tuple(tuple(map(printable, each)) for each in evaluation.groups.levels),
    )
    settings = replace(evaluation.settings, event=printable(evaluation.settings.event))
    if not keep_rows:
        figures |= {"rows": (), "index": pd.Index([], dtype=object)}
    return replace(evaluation, **figures, groups=groups, settings=settings)


def _portable_models(models: Models) -> SavedModels:
    saved = without_rows(models)
    levels = {name: printable(level) for name, level in saved.references.items()}
    return replace(saved, references=levels)


def _of_few(key: tuple[Any, ...], value: Any) -> bool:
    """Tell whether figures are of so few people that they would be rows by another name."""
    return key[0] == "calibration_bins" and bool((value["n"] < FEWEST).any())


def _holds_moments(value: Any) -> bool:
    return isinstance(value, tuple) and any(isinstance(each, GroupMoments) for each in value)
