"""What every result has: the run's figures, the fitted models, and each person's benefit."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cached_property, partial
from typing import Any, Self, TypeVar

import numpy as np
import pandas as pd

from bopstats._validation import check_choice
from bopstats.costs import Cost
from bopstats.evaluation import Evaluation
from bopstats.exceptions import BopError
from bopstats.fitting.results import Models
from bopstats.inference.curves import curve_estimates
from bopstats.inference.estimates import Estimates, estimate
from bopstats.inference.resampled import estimate_as_asked
from bopstats.tables.labels import check_labels, relabel

T = TypeVar("T")


class ResultsCore:
    """Figures of a run, the models behind them, and estimates computed when first asked for."""

    def __init__(self, evaluation: Evaluation, models: Models | None = None) -> None:
        self.evaluation = evaluation
        self._models = models
        self._cache: dict[tuple[str, float, float], Estimates] = {}
        self._computed: dict[tuple[Any, ...], Any] = {}

    @property
    def generic(self) -> Any:
        """The generic model on all used rows: statsmodels `GLMResults`, fitted when first asked.

        With a penalty a smaller object with the same names: `params`, `bse`, `cov_params()`,
        `llf` (penalised), `deviance`, `scale`, `nobs`, `df_resid`, `pvalues`, `conf_int()`. These
        are what the model of a loaded result, or of data read piece by piece, has too.
        """
        return self._fitted("generic").generic

    @property
    def personalized(self) -> Any:
        """The personalized model on all used rows, as `generic`."""
        return self._fitted("personalized").personalized

    def _fitted(self, what: str) -> Models:
        if self._models is None:
            raise BopError(f"{what}: predictions were given, so no model was fitted here")
        return self._models

    @property
    def row_flow(self) -> pd.DataFrame:
        """Rows read, dropped for each reason, and used: columns step, missing, dropped, left."""
        return self.evaluation.row_flow.copy()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know about this run."""
        return self.evaluation.notes

    @cached_property
    def individual(self) -> pd.DataFrame:
        """Benefit B of each evaluated person (rows, index of the data) for each cost (columns).

        Means over partitions; costs that only a group has (auc, r2) are not here.
        """
        rows, index = self.evaluation.need_rows("individual"), self.evaluation.index
        size = len(index)
        total, count = np.zeros((len(rows[0].costs), size)), np.zeros(size)
        with np.errstate(invalid="ignore"):  # opposite infinite benefits have no mean
            for partition in rows:
                total[:, partition.rows] += partition.benefit
                count[partition.rows] += 1
        seen = count > 0
        return pd.DataFrame(
            (total[:, seen] / count[seen]).T,
            index=index[seen],
            columns=list(rows[0].costs),
        )

    def _labelled(self, labels: Any) -> Self:
        """Return these results with labels in place of names; figures are shared."""
        chosen = check_labels(labels)
        if not chosen:
            return self
        named = copy(self)
        named.evaluation = relabel(self.evaluation, chosen)
        return named

    def _cost(self, name: str | None) -> Cost:
        costs = {cost.name: cost for cost in self.evaluation.costs}
        if name is None:
            return self.evaluation.costs[0]
        return costs[check_choice("cost", name, costs)]

    def _estimates_as_asked(
        self, name: str, alpha: float, ci: str | None, simultaneous: bool
    ) -> Estimates:
        """Return estimates with the limits that were asked for."""
        if ci is None and not simultaneous:
            return self._estimates(name, alpha)
        asked = partial(
            estimate_as_asked,
            self.evaluation,
            name,
            alpha=alpha,
            ci=ci,
            simultaneous=simultaneous,
        )
        if ci in (None, "t"):
            return asked()
        return self._once(("estimates", name, alpha, ci, simultaneous), asked)

    def _once(self, key: tuple[Any, ...], compute: Callable[[], T]) -> T:
        """Compute what needs the rows when first asked for; a saved result holds what was.

        Group labels are not part of it.
        """
        if key not in self._computed:
            self._computed[key] = compute()
        found: T = self._computed[key]
        return found

    def _curve_estimates(self, cost: Cost, r: int | None, alpha: float) -> Estimates:
        """Return estimates at r top units, or of the mean over r."""
        if r == self.evaluation.settings.top:
            return self._estimates(cost.name, alpha)
        return curve_estimates(self.evaluation, cost, r, alpha)

    def _estimates(self, name: str, alpha: float, null: float = 0.0) -> Estimates:
        key = (name, alpha, null)
        if key not in self._cache:
            self._cache[key] = estimate(self.evaluation, name, alpha=alpha, null=null)
        return self._cache[key]
