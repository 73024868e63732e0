"""Both models on streamed rows, on all of them and without each fold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from bopstats._typing import FloatArray, IntArray
from bopstats.design import Design
from bopstats.fitting.models import FittedModel, FittedPair, fit_problem, generic_first
from bopstats.fitting.passes import Pair
from bopstats.fitting.problems import HeldProblem, Problem, Rows
from bopstats.fitting.sampled import sample_fit
from bopstats.fitting.together import fit_together, nearer
from bopstats.recoding import prepared
from bopstats.sampling import DesignSums
from bopstats.streaming.rows import StreamedRows
from bopstats.streaming.tallies import TallyPass, check_tallies

_MODELS = ("generic", "personalized")


@dataclass(frozen=True)
class Several:
    """Passes over the rows that are made as one."""

    tasks: tuple[Callable[[Design, IntArray], Any], ...]

    def __call__(self, design: Design, fold: IntArray) -> tuple[Any, ...]:
        """Run them."""
        return tuple(task(design, fold) for task in self.tasks)


@dataclass
class StreamedProblem(Problem):
    """One model to be fitted on streamed rows, without fold `out`, or on all rows (−1)."""

    rows: StreamedRows
    name: str
    family: Any
    out: int = -1

    def __post_init__(self) -> None:
        self.matrix = getattr(self.rows.learned.recipe.design, self.name)

    def blocks(self) -> Iterator[Rows]:
        """Read all rows."""
        for design, fold in self.rows.designs(f"fitting the {self.name} model"):
            weight = (fold != self.out).astype(np.float64)
            if design.weight is not None:
                weight *= design.weight
            yield from HeldProblem.of(
                design, getattr(design, self.name), self.family, weight
            ).blocks()


@dataclass
class StreamedFits:
    """Fits on streamed rows, in as few passes as will do.

    `notes` say what the first pass found of folds and groups, `units` are rows by cluster and
    stratum, where there are any.
    """

    rows: StreamedRows
    family: Any
    notes: tuple[str, ...] = ()
    _passes: int = field(default=0, init=False)
    _tallied: bool = field(default=False, init=False)
    units: DesignSums | None = field(default=None, init=False)

    def fit(self, full: FittedPair | None = None) -> tuple[FittedPair, dict[int, FittedPair]]:
        """Fit both models on all rows, unless that was done, and without each held-out fold.

        Returns
        -------
        full : FittedPair
        pairs : dict
            The fits without each fold that is held out; in-sample those on all rows.

        Raises
        ------
        SplitError
            If a training set lacks a group or a level.
        """
        dealing, coding = self.rows.dealing, self.rows.learned.recipe.coding
        outs = () if dealing.kind == "in-sample" or coding.stateful else tuple(dealing.held_out)
        together = self._together((*(() if full else (-1,)), *outs), full)
        if full is None:
            full = self._pair(-1, together.get(-1), None)
        if not self._tallied:
            self._check(self.rows.total(TallyPass(dealing.n_folds), "counting folds"))
        if dealing.kind == "in-sample":
            return full, {0: full}
        return full, {k: self._pair(k, together.get(k), full) for k in outs}

    def _together(
        self, outs: tuple[int, ...], full: FittedPair | None
    ) -> dict[int, tuple[FittedModel | None, FittedModel | None]]:
        """Fit in common passes, from the fits on all rows or on a sample."""
        learned = self.rows.learned
        start = self._start(full) if outs else None
        if start is None:
            return {}
        largest = max(abs(learned.low), abs(learned.high))
        found = fit_together(self._total, start, outs, self.rows.dealing.n_folds, largest)
        return dict(zip(outs, found, strict=True))

    def _start(self, full: FittedPair | None) -> Pair | None:
        """Return what common passes begin at; None where there is nothing near."""
        if full is None:
            sample = self.rows.learned.recipe.design
            one, two = (sample_fit(name, sample, self.family) for name in _MODELS)
            return None if one is None or two is None else nearer(self._total, (one, two))
        both = (full.generic, full.personalized)
        clean = all(each.converged and each.separation is None for each in both)
        return both if clean else None

    def _total(self, task: Callable[[Design, IntArray], Any]) -> Any:
        """Run a pass; the first one counts folds too."""
        self._passes += 1
        label = f"fitting, pass {self._passes}"
        if self._tallied:
            return self.rows.total(task, label)
        both = Several((task, TallyPass(self.rows.dealing.n_folds)))
        found, tally = self.rows.total(both, label)
        self._check(tally)
        return found

    def _check(self, tally: Any) -> None:
        self._tallied, self.units = True, tally[2]
        sample = self.rows.learned.recipe.design
        self.notes = check_tallies(sample, tally, self.rows.dealing)

    def _pair(
        self,
        out: int,
        found: tuple[FittedModel | None, FittedModel | None] | None,
        full: FittedPair | None,
    ) -> FittedPair:
        """Return a pair of which each model that did not settle is fitted by itself."""
        both = found or (None, None)
        old = (None, None) if full is None else (full.generic, full.personalized)
        generic, personalized = (
            own if own is not None else self._alone(name, out, *_begin(start))
            for name, own, start in zip(_MODELS, both, old, strict=True)
        )
        return FittedPair(generic, personalized)

    def _alone(
        self, name: str, out: int, start: FloatArray | None, keep: IntArray | None = None
    ) -> FittedModel:
        problem = StreamedProblem(self.rows, name, self.family, out)
        sample = self.rows.learned.recipe.design
        return fit_problem(
            name,
            problem,
            sample.groups.labels,
            np.arange(problem.matrix.n_columns) if keep is None else keep,
            start,
            generic_first(sample.generic, problem.matrix),
        )

    def relearned(
        self, k: int, full: FittedPair
    ) -> tuple[StreamedRows, FittedPair, Callable[[], tuple[str, ...]]]:
        """Fit both models without fold k, with transforms learned from its training rows.

        Returns
        -------
        rows : StreamedRows
            The rows as these models see them.
        pair : FittedPair
        notes : callable
            Says afterwards what the transforms met.
        """
        learned = self.rows.learned
        coding = learned.recipe.coding.relearned(lambda: self._training_frames(k))
        rows = replace(
            self.rows, learned=replace(learned, recipe=replace(learned.recipe, coding=coding))
        )
        own = StreamedFits(rows, self.family)
        generic = own._alone("generic", k, None, full.generic.keep)
        personalized = own._alone("personalized", k, None, full.personalized.keep)
        return rows, FittedPair(generic, personalized), coding.notes

    def _training_frames(self, k: int) -> Iterator[pd.DataFrame]:
        """Yield the variables of the rows outside of fold k, a row as often as it counts."""
        learned = self.rows.learned
        label = f"learning transforms without fold {k + 1}"
        for piece, design, fold in self.rows.pieces(label):
            train = np.zeros(len(piece.frame), dtype=bool)
            train[(design.positions - piece.position)[fold != k]] = True
            frame = prepared(learned.recipe, piece.frame, train)
            if design.weight_type == "freq" and design.weight is not None:
                times = design.weight[fold != k].astype(np.int64)
                frame = frame.iloc[np.repeat(np.arange(len(frame)), times)]
            if len(frame):
                yield frame


def _begin(model: FittedModel | None) -> tuple[FloatArray | None, IntArray | None]:
    return (None, None) if model is None else (model.params, model.keep)
