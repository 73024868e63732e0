"""The first pass over a source: what a formula needs to know of all rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from bopstats._sums import added
from bopstats._validation import fail, nearest
from bopstats.assembly import Recipe, Request, make_recipe, read_formula
from bopstats.columns import RowCounts, check_some_weights, is_text, prepare
from bopstats.conditions import columns_in
from bopstats.exceptions import DataError
from bopstats.formula import Parsed, evaluate_outcome
from bopstats.recoding import ROLES, group_names, prepared, recode, used_rows
from bopstats.sources.pieces import Piece, Source
from bopstats.sources.watched import passed, watched
from bopstats.splitting import whole_numbers
from bopstats.streaming.witnesses import Witnesses


@dataclass(frozen=True)
class Learned:
    """What the first passes found.

    `recipe` makes designs of pieces; its own design is one of a sample of rows that shows all
    levels. `columns` are what is read; `counts` say where rows went; `total`, `low` and `high` are
    sum, smallest and largest value of the outcome over all used rows; `whole_keys` tells that keys
    for dealing folds are whole numbers.
    """

    source: Source
    recipe: Recipe
    columns: tuple[str, ...]
    counts: RowCounts
    total: float
    low: float
    high: float
    whole_keys: bool

    @property
    def n(self) -> int:
        """Number of used rows."""
        return self.counts.kept - int(self.counts.dropped.sum())

    @property
    def level(self) -> float:
        """Mean of the outcome."""
        return self.total / self.n


def learn_source(
    source: Source,
    formula: str,
    request: Request,
    namespace: Mapping[str, Any],
    show: bool | None = None,
) -> Learned:
    """Learn levels, types, groups and transforms from all rows of a source.

    Parameters
    ----------
    source : Source
        The rows.
    formula, request, namespace
        As of `bopstats.assembly.build_design`; columns are given by their names.
    show : bool or None
        Whether to show progress.

    Raises
    ------
    BopError
        As `build_design` does; a note says at which rows.
    """
    names = pd.Index(source.columns)
    parsed, env = read_formula(formula, names, request, namespace)
    variables, columns = _columns(parsed, request, names)
    work = _FirstPass(parsed, env, request, variables, source.n_rows)
    first = passed(source, columns, work, "learning", show)
    first.counts.flow()  # raises if no row is left
    frame = first.witnesses.frame()
    if source.note is not None:
        frame.attrs["note"] = source.note
    recipe = _recipe(formula, frame, request, namespace, source.columns)
    if request.weights is not None and not first.weighted:
        fail("weights", "only zeros", "weights that are not all zero")
    found = Learned(
        source,
        recipe,
        columns,
        first.counts,
        first.total,
        first.low,
        first.high,
        first.whole_keys,
    )
    return _with_transforms(found, frame, show) if recipe.coding.stateful else found


def _recipe(
    formula: str,
    frame: pd.DataFrame,
    request: Request,
    namespace: Mapping[str, Any],
    columns: tuple[str, ...],
) -> Recipe:
    """Make a design of the sample, in which weights and strata have nothing to say."""
    if request.weights is None and request.weight_type is not None:
        fail("weight_type", request.weight_type, "None without weights")
    plain = replace(request, weights=None, weight_type=None, strata=None)
    recipe = make_recipe(formula, frame, plain, namespace)
    design = replace(recipe.design, weight_type=request.weight_type, data_columns=columns)
    return replace(recipe, request=request, design=design)


def _columns(
    parsed: Parsed, request: Request, names: pd.Index[Any]
) -> tuple[list[str], tuple[str, ...]]:
    """Return the formula's variables, and all columns to be read."""
    sides = [parsed.variables(side, names) for side in ("outcome", "generic", "personal")]
    variables = list(dict.fromkeys(name for side in sides for name in side))
    for role in (*ROLES, "subset"):
        if not isinstance(getattr(request, role), (str, type(None))):
            kind = type(getattr(request, role)).__name__
            what = "the name of a column" + (" or a condition" if role == "subset" else "")
            fail(role, f"values ({kind})", f"{what}, as data come piece by piece")
    groups = _group_names(request)
    extras = {role: getattr(request, role) for role in ROLES if getattr(request, role) is not None}
    for role, name in [*extras.items(), *(("groups", name) for name in groups)]:
        if name not in names:
            raise DataError(f"{role}: column {name!r} is not in the data{nearest(name, names)}")
    more = [] if request.subset is None else columns_in(request.subset, names)
    return variables, tuple(dict.fromkeys([*variables, *groups, *extras.values(), *more]))


def _group_names(request: Request) -> list[str]:
    given, allowed = request.groups, "names of columns, as data come piece by piece"
    if given is not None and not isinstance(given, (str, list, tuple)):
        fail("groups", type(given).__name__, allowed)
    names = group_names(request)
    if not all(isinstance(name, str) for name in names) or (given is not None and not names):
        fail("groups", "values" if names else given, allowed)
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        fail("groups", twice[0], "each column once")
    return names


class _Gathered:
    """What is known of rows so far; what is known of others can be added."""

    def __init__(self, witnesses: Witnesses) -> None:
        self.witnesses = witnesses
        self.counts: Any = None
        self.total, self.low, self.high = 0.0, np.inf, -np.inf
        self.whole_keys, self.weighted = True, False

    def __add__(self, other: Self) -> _Gathered:
        """Join what is known of later rows."""
        both = _Gathered(self.witnesses + other.witnesses)
        both.counts = added(self.counts, other.counts)
        both.total = self.total + other.total
        both.low, both.high = min(self.low, other.low), max(self.high, other.high)
        both.whole_keys = self.whole_keys and other.whole_keys
        both.weighted = self.weighted or other.weighted
        return both


@dataclass(frozen=True)
class _FirstPass:
    """The pass that gathers all this piece by piece."""

    parsed: Parsed
    env: Any
    request: Request
    variables: list[str]
    n_rows: int | None

    def __call__(self, pieces: Iterable[Piece]) -> _Gathered | None:
        """Look at pieces; None if there are none."""
        found = None
        for piece in pieces:
            if found is None:
                found = _Gathered(Witnesses(self.n_rows))
            self._add(found, piece)
        return found

    def _add(self, found: _Gathered, piece: Piece) -> None:
        frame = piece.frame
        rows = used_rows(frame, self.variables, self.request)
        found.counts = added(found.counts, rows.counts)
        seen = [(name, frame.loc[rows.keep, name]) for name in self.variables]
        seen += [(str(each.name), each[rows.keep]) for each in rows.grouped]
        extremes: list[int] = []
        if rows.used.any():
            used = frame.loc[rows.used, self.variables]
            clean = {name: prepare(used[name], str(name), None) for name in used}
            values = evaluate_outcome(self.parsed, pd.DataFrame(clean, copy=False), self.env)
            seen.append(("~", values))
            extremes = self._outcome(found, values)
            key = rows.extras.get("cluster", rows.extras.get("id"))
            if key is not None and key.dtype.kind == "f":
                found.whole_keys &= whole_numbers(key[rows.used].to_numpy())
            if "weights" in rows.extras:
                kind, weights = self.request.weight_type, rows.extras["weights"][rows.used]
                found.weighted |= bool(check_some_weights(weights, kind, "weights").any())
        found.witnesses.add(frame, piece.position, seen, extremes)

    def _outcome(self, found: _Gathered, values: pd.Series[Any]) -> list[int]:
        """Take the outcome's range; return the places of rows that widen it."""
        event = self.request.event
        if event is None and is_text(values):
            return []  # an error, once all levels are known
        coded = values == event if event is not None else values
        array = np.asarray(coded, dtype=np.float64)
        found.total += float(array.sum())
        low, high = int(array.argmin()), int(array.argmax())
        wider = [low] * bool(array[low] < found.low) + [high] * bool(array[high] > found.high)
        found.low, found.high = min(found.low, array[low]), max(found.high, array[high])
        return [int(label) for label in values.index[wider]]


def _with_transforms(found: Learned, frame: pd.DataFrame, show: bool | None) -> Learned:
    """Learn splines and the like from all rows, which the sample's design has from the sample."""
    recipe = found.recipe
    coding = recipe.coding.relearned(lambda: used_frames(found, show))
    recipe = replace(recipe, coding=coding)
    design, _ = recode(recipe, frame, 0)
    return replace(found, recipe=replace(recipe, design=design))


def used_frames(found: Learned, show: bool | None) -> Iterator[pd.DataFrame]:
    """Yield the variables of all used rows piece by piece, a row as often as it counts."""
    request, names = found.recipe.request, list(found.recipe.variables.columns)
    with watched(found.source, found.columns, "learning transforms", show) as pieces:
        for piece in pieces:
            rows = used_rows(piece.frame, names, request)
            frame = prepared(found.recipe, piece.frame, rows.used)
            if request.weight_type == "freq":
                times = rows.extras["weights"][rows.used].to_numpy(dtype=np.int64)
                frame = frame.iloc[np.repeat(np.arange(len(frame)), times)]
            if len(frame):
                yield frame
