"""Which units explain each model's predictions, and the predictions with them kept or masked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bopstats._progress import progress_bar
from bopstats._typing import FloatArray
from bopstats._validation import check_choice, check_count, fail
from bopstats.explanations.options import top_count
from bopstats.external.attribution import Attribute, Explainer
from bopstats.external.inputs import as_table
from bopstats.external.units import Units

METHODS = ("occlusion", "shapley")


@dataclass(frozen=True)
class Explanation:
    """How explanations are asked for; see `compare_models`."""

    attributions: Any
    attribution: str
    permutations: int
    top: Any
    top_of: str
    baseline: Any
    rank: str
    batch: int

    def __post_init__(self) -> None:
        check_choice("attribution", self.attribution, METHODS)
        check_choice("top_of", self.top_of, ("generic", "each"))
        check_choice("rank", self.rank, ("absolute", "signed"))
        check_count("permutations", self.permutations, low=4)
        if self.permutations % 2:
            fail("permutations", self.permutations, "an even integer: half are reverses")

    def tables(self) -> dict[str, Any]:
        """Return the given attributions by a name that errors can carry."""
        if self.attributions is None:
            return {}
        if not isinstance(self.attributions, (tuple, list)) or len(self.attributions) != 2:
            fail("attributions", type(self.attributions).__name__, "a pair (generic, personalized)")
        return {f"attributions[{i}]": each for i, each in enumerate(self.attributions)}

    def counts(self, units: tuple[Units, Units]) -> tuple[int, int]:
        """Return how many units of each model an explanation keeps."""
        sizes = [each.n_units for each in units]
        first = top_count(self.top, sizes[0])
        if self.top_of == "each":
            return first, top_count(self.top, sizes[1])
        if first > sizes[1]:
            fail("top", self.top, f"at most the {sizes[1]} units of the personalized model")
        return first, first

    def exact(self, m: int) -> bool:
        """Whether all coalitions of m units are fewer than those that sampling would ask for."""
        return (1 << m) <= self.permutations * (m - 1) + 2

    def steps(self, units: tuple[Units, Units]) -> int:
        """Return how many predictions one person needs."""
        return 4 + sum(self._attribution_steps(each.n_units) for each in units)

    def _attribution_steps(self, m: int) -> int:
        if self.attributions is not None:
            return 0
        if self.attribution == "occlusion":
            return m
        return 1 << m if self.exact(m) else self.permutations * (m - 1) + 1


def explain(
    asked: Explanation,
    predict: tuple[Callable[[Any], FloatArray], ...],
    units: tuple[Units, Units],
    whole: list[FloatArray],
    rng: np.random.Generator,
    progress: bool | None,
) -> tuple[dict[str, list[FloatArray]], tuple[str, ...]]:
    """Return masked predictions of both models as `compare` takes them, and notes.

    Parameters
    ----------
    asked : Explanation
        What was asked for.
    predict : pair of callables
        Rows → checked predictions of each model.
    units : pair of Units
        Inputs of both models.
    whole : pair of ndarray
        Predictions of both models with nothing masked.
    rng : Generator
        Draws permutations.
    progress : bool or None
        Whether to show a bar.
    """
    counts = asked.counts(units)
    given = [
        _given(name, table, each)
        for (name, table), each in zip(asked.tables().items(), units, strict=False)
    ]
    masked: dict[str, list[FloatArray]] = {"sufficiency": [], "incomprehensiveness": []}
    errors, seed = [], int(rng.integers(2**63))
    with progress_bar(asked.steps(units) * len(whole[0]), "explanations", progress) as advance:
        for i, each in enumerate(units):
            explainer = Explainer(predict[i], each, whole[i], asked.batch, advance)
            attribute = given[i].__getitem__ if given else _attribute(asked, explainer, seed)
            pair = explainer.masked(attribute, counts[i], signed=asked.rank == "signed")
            for part, found in zip(masked.values(), pair, strict=True):
                part.append(found)
            errors.append(explainer.std_err)
    return masked, _notes(asked, units, counts, max(errors))


def _attribute(asked: Explanation, explainer: Explainer, seed: int) -> Attribute:
    m = explainer.units.n_units
    if asked.attribution == "occlusion":
        return explainer.occlusion
    if asked.exact(m):
        return explainer.shapley_exact
    rng = np.random.default_rng(seed)  # the same for both models, so that equal ones stay equal
    orders = np.array([rng.permutation(m) for _ in range(asked.permutations // 2)])
    return lambda rows: explainer.shapley_sampled(rows, orders)


def _given(name: str, table: Any, units: Units) -> FloatArray:
    """Return given attributions, shape (n, m), in the order of the units."""
    shape = np.shape(table)
    if len(shape) != 2 or shape[1] != units.n_units:
        fail(name, f"an array of shape {shape}", f"one column for each of {units.n_units} units")
    frame = as_table(name, table, pd.RangeIndex(shape[0]))
    if isinstance(table, pd.DataFrame):
        if set(frame.columns) != set(units.names):
            fail(name, list(frame.columns), f"the units {list(units.names)} as columns")
        frame = frame[list(units.names)]
    return frame.to_numpy(dtype=np.float64)


def _notes(
    asked: Explanation, units: tuple[Units, Units], counts: tuple[int, int], std_err: float
) -> tuple[str, ...]:
    r = str(counts[0]) if counts[0] == counts[1] else f"{counts[0]} (generic) or {counts[1]}"
    by = "given attributions"
    if asked.attributions is None:
        by = "Shapley values" if asked.attribution == "shapley" else "occlusion"
    if asked.rank == "absolute":
        by = f"the absolute value of {by}"
    to = "given values"
    if isinstance(asked.baseline, str):
        to = f"the {asked.baseline} of these rows"
        if not all(each.numeric for each in units):
            to += ", or the most frequent value of what is no number"
    notes = [
        f"Explanations keep the top r = {r} of {units[0].n_units} (generic) and "
        f"{units[1].n_units} (personalized) units of columns by {by}; the others are set to {to}."
    ]
    if std_err > 0:
        notes.append(
            f"Shapley values are estimated from {asked.permutations} permutations; the largest "
            f"standard error of a value is {std_err:.2g}."
        )
    return tuple(notes)
