"""Analyses of data larger than memory: the same figures from passes over the rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from bopstats._sums import added
from bopstats._validation import check_choice, check_count, fail, is_number
from bopstats.costs import Cost
from bopstats.crossfit.heldout import HeldOut, sampling_notes
from bopstats.crossfit.troubles import Troubles
from bopstats.evaluation import Evaluation, Settings, gather
from bopstats.exceptions import ArgumentError
from bopstats.explanations.options import Explanation
from bopstats.fitting.models import FittedPair
from bopstats.saving.models import SavedModels
from bopstats.splitting import default_repeats, odd_repeats, seeds_of
from bopstats.streaming.closing import ClosingPass
from bopstats.streaming.costs import CostPass
from bopstats.streaming.fitting import Several, StreamedFits
from bopstats.streaming.learning import Learned
from bopstats.streaming.models import streamed_models
from bopstats.streaming.rows import Dealing, StreamedRows


def deal(
    learned: Learned, cv: Any, repeats: int | None, folds: str | None, rng: np.random.Generator
) -> tuple[Dealing, ...]:
    """Return how each partition deals rows to folds; see `bopstats.splitting.make_plan`."""
    check_choice("folds", "hash" if folds is None else folds, ("hash",))
    if cv is None:
        if repeats not in (None, 1):
            fail("repeats", repeats, "None or 1, since cv=None (in-sample) is one partition")
        return (Dealing("in-sample", 1, None, np.uint64(0)),)
    if not is_number(cv):
        allowed = "a number of folds, a test share or None, as data come piece by piece"
        fail("cv", cv if isinstance(cv, (str, bool)) else type(cv).__name__, allowed)
    if isinstance(cv, (float, np.floating)):
        if not 0 < cv < 1:
            fail("cv", cv, "a test share in (0, 1), or an integer number of folds from 2")
        seeds = seeds_of(rng, odd_repeats(repeats, 1))
        return tuple(Dealing("hold-out", 1, float(cv), seed) for seed in seeds)
    count = check_count("cv", cv, low=2, high=learned.n)
    seeds = seeds_of(rng, odd_repeats(repeats, default_repeats(learned.n)))
    return tuple(Dealing("cross-fitting", count, None, seed) for seed in seeds)


def check_streamed(
    costs: tuple[Cost, ...], baseline: Any, penalty: Any, nested: bool, refits: int, alpha: bool
) -> None:
    """Raise if something is asked for that needs all rows at once.

    Raises
    ------
    ArgumentError
        Naming it, and what to do instead.
    """
    asked = {
        "costs='auc'": any(cost.name == "auc" for cost in costs),
        "baseline='median'": isinstance(baseline, str) and baseline == "median",
        "penalty='firth'": penalty is not None,
        "nested=True": nested,
        "refit_bootstrap=": bool(refits),
        "family='negative_binomial'": alpha,
    }
    for what, is_asked in asked.items():
        if is_asked:
            instead = "give statsmodels' NegativeBinomial(alpha=...)" if alpha else "leave it out"
            raise ArgumentError(
                f"{what}: needs all rows at once, and data come piece by piece; {instead}, or "
                "give the data as a DataFrame"
            )


@dataclass(frozen=True)
class StreamedRun:
    """One analysis of streamed rows, all of its arguments checked."""

    learned: Learned
    family: Any
    costs: tuple[Cost, ...]
    threshold: float
    explanation: Explanation | None
    dealings: tuple[Dealing, ...]
    progress: bool | None

    def run(self, settings: Settings) -> tuple[Evaluation, SavedModels]:
        """Fit, predict and sum; `settings` are those of the sample."""
        troubles, dealing = Troubles(), self.dealings[0]
        fits = StreamedFits(StreamedRows(self.learned, dealing, self.progress), self.family)
        full, pairs = fits.fit()
        troubles.report(full, self.learned.recipe.design.personal_terms)
        closing = ClosingPass(full, fits.units)
        costs, closed = self._costs(fits, full, pairs, troubles, closing)
        found = [costs]
        for more in self.dealings[1:]:
            others = StreamedFits(StreamedRows(self.learned, more, self.progress), self.family)
            _, pairs = others.fit(full)
            found.append(self._costs(others, full, pairs, troubles, None)[0])
        moments, curves, sampled = zip(*found, strict=True)
        units = fits.units
        settings = replace(
            settings,
            clusters=0 if units is None or not units.clustered else len(np.unique(units.cluster)),
            strata=0 if units is None or not units.stratified else len(units.strata),
        )
        times = 0 if dealing.kind == "in-sample" else len(dealing.held_out) * len(self.dealings)
        design, (read, dropped) = self.learned.recipe.design, closed[2]
        evaluation = gather(
            settings,
            self.costs,
            design.groups,
            (),
            index=pd.RangeIndex(self.learned.n),
            n_read=self.learned.counts.read,
            row_flow=self.learned.counts.flow(),
            notes=(
                *design.notes,
                *fits.notes,
                *troubles.notes(times),
                *sampling_notes(sum(sampled)),
            ),
            curve=tuple(each for each in curves if each is not None),
            read=read,
            dropped=dropped,
            moments=moments,
        )
        return evaluation, streamed_models(fits, full, closed)

    def _costs(
        self,
        fits: StreamedFits,
        full: FittedPair,
        pairs: dict[int, FittedPair],
        troubles: Troubles,
        closing: ClosingPass | None,
    ) -> tuple[Any, Any]:
        """Return sums of costs, and those of `closing`, in one pass unless transforms learn."""
        rows, held = fits.rows, self._held_out
        told = {k: self._with_baseline(pair) for k, pair in pairs.items()}
        if rows.dealing.kind != "in-sample":
            for pair in pairs.values():
                troubles.record(pair, full)
        tasks = (*((CostPass(held, told),) if told else ()), *((closing,) if closing else ()))
        found = rows.total(Several(tasks), "held-out costs") if tasks else ()
        costs = found[0] if told else None
        if not told:  # each fold has matrices of its own
            for k in rows.dealing.held_out:
                own, pair, notes = fits.relearned(k, full)
                troubles.record(pair, full)
                one = CostPass(held, {k: self._with_baseline(pair)})
                costs = added(costs, own.total(one, f"held-out costs, fold {k + 1}"))
                troubles.note(notes())
        return costs, found[-1] if closing else None

    @property
    def _held_out(self) -> HeldOut:
        learned = self.learned
        spread = learned.high - learned.low
        return HeldOut(
            self.family, self.costs, self.threshold, self.explanation, spread, learned.level
        )

    def _with_baseline(self, pair: FittedPair) -> FittedPair:
        design = self.learned.recipe.design
        return self._held_out.with_baseline(pair, design, np.ones(design.n, dtype=bool))
