"""What is predicted: one number a person, or the probability of each of several classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bopstats._typing import FloatArray, IntArray
from bopstats._validation import fail
from bopstats.design import Outcome
from bopstats.exceptions import DataError, OutcomeError
from bopstats.external.inputs import (
    as_column,
    as_numbers,
    as_probabilities,
    as_table,
    check_probabilities,
    is_table,
)
from bopstats.fitting.families import family_name, resolve_family, unit_deviance
from bopstats.outcome import check_family, code_outcome

MULTINOMIAL = "multinomial"
_SUM = 1e-6


@dataclass(frozen=True)
class Target:
    """The outcome, and how predictions of it are read and judged.

    Parameters
    ----------
    outcome : Outcome
        For classes, the number of each person's class.
    family : str
        Name of a GLM family, or "multinomial".
    law : statsmodels family or None
        For the deviance; None for classes.
    classes : tuple
        Labels of the classes in the order of the probabilities; empty for one number a person.
    """

    outcome: Outcome
    family: str
    law: Any
    classes: tuple[object, ...] = ()

    @property
    def binomial(self) -> bool:
        """Whether predictions are probabilities of an event."""
        return self.family == "binomial"

    @property
    def size(self) -> float:
        """Range of the outcome, that of a probability for classes and events."""
        if self.classes or self.binomial:
            return 1.0
        return float(np.ptp(self.outcome.values))

    def read(self, name: str, value: Any, index: pd.Index[Any]) -> FloatArray:
        """Return checked predictions, shape (n,), or (n, K) for K classes."""
        if self.classes:
            return self._read_classes(name, value, index)
        if self.binomial:
            return as_probabilities(name, value, index)
        return as_numbers(name, value, index)

    def _read_classes(self, name: str, value: Any, index: pd.Index[Any]) -> FloatArray:
        size = len(self.classes)
        if not is_table(value) or np.shape(value)[1] != size:
            fail(name, f"an array of shape {np.shape(value)}", f"shape ({len(index)}, {size})")
        table = as_table(name, value, index)
        if isinstance(value, pd.DataFrame):
            odd = [label for label in self.classes if label not in table.columns]
            if odd:
                fail(name, list(table.columns), f"the columns {list(self.classes)}, in any order")
            table = table[list(self.classes)]
        array = np.ascontiguousarray(table.to_numpy(dtype=np.float64))
        check_probabilities(name, array)
        wrong = np.abs(array.sum(axis=1) - 1.0) > _SUM
        if wrong.any():
            raise DataError(
                f"{name}: got {int(wrong.sum())} rows whose probabilities do not add up to 1, e.g. "
                f"{array[wrong][0].sum():g}; allowed: sums of 1 within {_SUM:g}"
            )
        return array

    def deviance(self, y: FloatArray, mu: FloatArray) -> FloatArray:
        """Return each person's unit deviance."""
        return unit_deviance(self.law, y, mu)

    def predicted_class(self, predictions: FloatArray, threshold: float) -> IntArray:
        """Return the most probable class, ties to the first; of an event, 1 from the threshold."""
        if self.classes:
            return np.asarray(predictions.argmax(axis=1), dtype=np.int64)
        return np.asarray(predictions >= threshold, dtype=np.int64)


def is_multinomial(family: Any) -> bool:
    """Tell whether the family is that of several classes, which no GLM here has."""
    return isinstance(family, str) and family.lower() == MULTINOMIAL


def find_target(y: pd.Series[Any], generic: Any, family: Any, event: object | None) -> Target:
    """Find out what is predicted from the outcome, the shape of a prediction and the family.

    Parameters
    ----------
    y : Series
        The outcome, complete.
    generic : array-like
        Predictions, as given.
    family : str, statsmodels family or None
        None for binomial (0/1, booleans, an event), multinomial (tables of at least three
        columns), else gaussian.
    event : object or None
        The level that counts.
    """
    name = "y" if y.name is None else str(y.name)
    if family is None and is_table(generic) and np.shape(generic)[1] <= 2:
        fail(
            "generic",
            f"an array of shape {np.shape(generic)}",
            "probabilities of the event (one column), or family='multinomial' for two classes",
        )
    if is_multinomial(family) or (family is None and is_table(generic)):
        if event is not None:
            fail("event", event, "None with family 'multinomial'")
        return _of_classes(y, name, generic)
    outcome = code_outcome(y, name, event, constant=True)
    law = resolve_family(family or ("binomial" if outcome.binary else "gaussian"), None)
    if isinstance(family, str) and family_name(law) == "negative_binomial":
        fail("family", family, "a statsmodels NegativeBinomial(alpha=...), which says its alpha")
    check_family(outcome, family_name(law))
    return Target(outcome, family_name(law), law)


def _of_classes(y: pd.Series[Any], name: str, generic: Any) -> Target:
    values = np.asarray(as_column("y", y, y.index))
    if isinstance(generic, pd.DataFrame):
        classes = pd.Index(generic.columns)
    else:
        classes = pd.Index(_sorted_levels(values, name))
        width = np.shape(generic)[1] if is_table(generic) else 1
        if width != len(classes):
            fail(
                "generic",
                f"{width} columns",
                f"one for each of the {len(classes)} sorted levels of y, or DataFrames whose "
                "columns are the labels",
            )
    if not classes.is_unique:
        fail("generic", f"column {classes[classes.duplicated()][0]!r} twice", "each label once")
    codes = classes.get_indexer(pd.Index(values))
    absent = codes < 0
    if absent.any():
        labels = ", ".join(repr(label) for label in pd.unique(values[absent])[:6].tolist())
        raise OutcomeError(
            f"y: got labels that are no column of generic: {labels} ({int(absent.sum())} rows); "
            f"allowed: {', '.join(map(repr, classes.tolist()))}"
        )
    if len(classes) < 2:
        fail("generic", "one column", "a column for each of at least two classes")
    outcome = Outcome(name, codes.astype(np.float64), None, binary=False, kind="classes")
    return Target(outcome, MULTINOMIAL, None, tuple(classes.tolist()))


def _sorted_levels(values: Any, name: str) -> Any:
    try:
        return np.unique(values)
    except TypeError as error:
        raise OutcomeError(f"outcome {name!r} mixes kinds of labels: {error}") from error
