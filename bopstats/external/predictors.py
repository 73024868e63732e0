"""A model of any kind as a function from rows to predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bopstats._typing import IntArray
from bopstats._validation import fail
from bopstats.exceptions import DataError
from bopstats.external.targets import is_multinomial
from bopstats.external.units import rows_of
from bopstats.fitting.families import family_name, resolve_family


class Predictor:
    """A model that is asked for predictions of the mean, or of each class's probability.

    Parameters
    ----------
    name : str
        The argument that gave it.
    model : object
        With ``predict_proba`` or ``predict``, or a callable.
    family, event
        As in `compare`: whether probabilities are asked for, and which of two classes counts.
    """

    def __init__(self, name: str, model: Any, family: Any, event: object | None) -> None:
        self.name = name
        self._classes = getattr(model, "classes_", None)
        self._event = event
        self._all_classes = is_multinomial(family)
        probable = family is None or self._all_classes
        probable = probable or family_name(resolve_family(family, None)) == "binomial"
        names = ["predict_proba", "predict"] if probable else ["predict"]
        found = [method for each in names if callable(method := getattr(model, each, None))]
        if not found and not callable(model):
            allowed = f"a model with {' or '.join(names)}, or a callable from rows to predictions"
            fail(name, type(model).__name__, allowed)
        self._call = found[0] if found else model

    def over(self, table: Any, batch: int) -> Any:
        """Return the predictions of all rows, asked for in batches."""
        n = len(table)
        starts = range(0, n, batch)
        parts = [self(rows_of(table, np.arange(at, min(at + batch, n)))) for at in starts]
        if isinstance(parts[0], pd.DataFrame):
            return pd.concat(parts, ignore_index=True)
        return np.concatenate(parts)

    def __call__(self, rows: Any) -> Any:
        """Return predictions, shape (rows,), or a table with one column a class."""
        raw = self._call(rows)
        try:
            found = np.asarray(raw, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(f"{self.name}: predictions are not numbers: {error}") from error
        if found.ndim == 2 and found.shape[1] == 1:
            found = found[:, 0]
        if found.ndim not in (1, 2) or len(found) != len(rows):
            fail(
                self.name,
                f"predictions of shape {found.shape} for {len(rows)} rows",
                f"shape ({len(rows)},) or ({len(rows)}, classes)",
            )
        if found.ndim == 1:
            return found
        if found.shape[1] == 2 and not self._all_classes:
            return found[:, self._place_of_event()]
        return found if self._classes is None else pd.DataFrame(found, columns=self._classes)

    def _place_of_event(self) -> int:
        if self._classes is None:
            return 1
        event = 1 if self._event is None else self._event
        place: IntArray = np.flatnonzero([label == event for label in self._classes])
        if len(place) != 1:
            allowed = "0 and 1, or event= naming the class that counts"
            fail(f"{self.name}.classes_", np.asarray(self._classes).tolist(), allowed)
        return int(place[0])
