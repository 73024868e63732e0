"""Results of multiply imputed data, combined."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Self

import numpy as np
import pandas as pd

from bopstats._validation import fail
from bopstats.costs import Cost
from bopstats.evaluation import Settings
from bopstats.exceptions import BopError
from bopstats.fitting.results import AssociationTest
from bopstats.groups import RowBop
from bopstats.inference.estimates import Estimates
from bopstats.inference.resampled import widened
from bopstats.inference.rubin import pool_association, pool_estimates
from bopstats.inference.tests import BoPTest, Question
from bopstats.results import BoPResults


def pool(results: Iterable[BoPResults]) -> PooledResults:
    """Combine analyses of multiply imputed data by Rubin's rules.

    Parameters
    ----------
    results : iterable of BoPResults
        At least two, one an imputation: the same formula, groups, costs and evaluation.

    Returns
    -------
    PooledResults
        With the same methods; ``.results`` holds the analyses, whose fitted models are their own.

    Raises
    ------
    ArgumentError
        If there are fewer than two, or they differ in more than the data.

    References
    ----------
    Rubin (1987), Multiple Imputation for Nonresponse in Surveys; Barnard and Rubin (1999),
    Biometrika 86:948–955.

    Examples
    --------
    >>> import bopstats as bop
    >>> people = bop.datasets.load_nhanes()
    >>> fits = [
    ...     bop.glm("sbp ~ bmi | sex", people.assign(bmi=people["bmi"] + shift)).fit(repeats=1)
    ...     for shift in (0.0, 0.1)
    ... ]
    >>> bop.pool(fits).frame()["ci_method"].unique().tolist()
    ['t (Rubin)']
    """
    results = list(results) if isinstance(results, Iterable) else [results]
    if len(results) < 2 or not all(isinstance(each, BoPResults) for each in results):
        got = [type(each).__name__ for each in results]
        fail("results", got, "at least two BoPResults, one an imputation")
    first = results[0].evaluation
    for each in results[1:]:
        other = each.evaluation
        for what, a, b in (
            ("settings", _unseeded(first.settings), _unseeded(other.settings)),
            ("groups", first.groups, other.groups),
            ("costs", [c.name for c in first.costs], [c.name for c in other.costs]),
        ):
            if a != b:
                fail("results", f"different {what}", "analyses that differ in the data only")
    return PooledResults(results)


def _unseeded(settings: Settings) -> Settings:
    return replace(settings, seed=None, bootstrap_seed=0)


class PooledResults(BoPResults):
    """Results of multiply imputed data, combined by `pool`.

    Attributes
    ----------
    results : list of BoPResults
        The analyses.
    """

    _kind = "pooled"

    def __init__(self, results: list[BoPResults]) -> None:
        first = results[0]
        note = f"{len(results)} imputations combined by Rubin's rules."
        notes = (note, *dict.fromkeys(n for each in results for n in each.evaluation.notes))
        super().__init__(replace(first.evaluation, notes=notes, rows=()), first._models)
        self.results = results

    def _need_all_rows(self) -> None:
        for each in self.results:
            each._need_all_rows()

    def _record(self, keep_rows: bool) -> dict[str, Any]:
        return {"results": [each._record(keep_rows) for each in self.results]}

    @classmethod
    def _from_record(cls, record: dict[str, Any]) -> Self:
        return cls([BoPResults._from_record(each) for each in record["results"]])

    @property
    def generic(self) -> Any:
        """Not there: each analysis has its own."""
        raise BopError("generic: pooled results have no single model; see .results[i].generic")

    @property
    def personalized(self) -> Any:
        """Not there: each analysis has its own."""
        raise BopError(
            "personalized: pooled results have no single model; see .results[i].personalized"
        )

    @property
    def individual(self) -> pd.DataFrame:
        """Benefit of each person evaluated in every imputation, the mean over imputations."""
        frames = [each.individual for each in self.results]
        shared = frames[0].index
        for frame in frames[1:]:
            shared = shared.intersection(frame.index)
        mean = np.mean([frame.loc[shared].to_numpy() for frame in frames], axis=0)
        return pd.DataFrame(mean, index=shared, columns=frames[0].columns)

    def anova(self) -> AssociationTest:
        """Combine the analyses' association tests (Li, Meng, Raghunathan and Rubin 1991)."""
        return pool_association([each.anova() for each in self.results])

    def design_effects(self, cost: str | None = None) -> pd.DataFrame:
        """Return the mean over imputations of each analysis' design effects."""
        frames = [each.design_effects(cost) for each in self.results]
        mean = pd.concat(frames).groupby(level=0).mean(numeric_only=True)
        return pd.concat([frames[0][["cost", "group"]], mean], axis=1)

    def _test(
        self,
        cost: str | None,
        question: Question,
        rows: Sequence[RowBop] | None,  # noqa: ARG002 - those of one analysis would mislead
    ) -> BoPTest:
        """Run a test without what needs the rows of a single analysis."""
        together = question.kind in ("heterogeneity", "gail_simon")
        if together and self.evaluation.settings.complex_design:
            raise BopError(
                f"kind={question.kind!r}: not available for pooled data with clusters or strata"
            )
        return super()._test(cost, question, None)

    def mcnemar(self, cost: str | None = None) -> pd.DataFrame:  # noqa: ARG002
        """Not there: exact p-values cannot be pooled."""
        raise BopError("mcnemar: not available for pooled results; see .results[i].mcnemar()")

    def _heterogeneity(self, alpha: float) -> dict[str, BoPTest]:
        """Leave out what pooled data with clusters or strata do not have."""
        return {} if self.evaluation.settings.complex_design else super()._heterogeneity(alpha)

    @property
    def _has_models(self) -> bool:
        """False: each analysis has its own."""
        return False

    @property
    def _moments(self) -> None:
        """None: those of one analysis would mislead."""

    def _estimates_as_asked(
        self, name: str, alpha: float, ci: str | None, simultaneous: bool
    ) -> Estimates:
        """Pool the limits that were asked for: Rubin's rules need standard errors alone."""
        if ci not in (None, "t"):
            raise BopError(f"ci: got {ci!r}; allowed: 't' for pooled results (Rubin's rules)")
        found = self._estimates(name, alpha)
        return widened(found, alpha, partial(self._estimates, name)) if simultaneous else found

    def _curve_estimates(self, cost: Cost, r: int | None, alpha: float) -> Estimates:
        return pool_estimates(
            [e._curve_estimates(cost, r, alpha) for e in self.results], alpha, 0.0
        )

    def _estimates(self, name: str, alpha: float, null: float = 0.0) -> Estimates:
        key = (name, alpha, null)
        if key not in self._cache:
            analyses = [each._estimates(name, alpha, null) for each in self.results]
            self._cache[key] = pool_estimates(analyses, alpha, null)
        return self._cache[key]
