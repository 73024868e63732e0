"""What an analysis found: thin methods over the rooms that compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from bopstats._validation import check_choice, check_real, check_share, fail, is_number
from bopstats.costs import Cost
from bopstats.design import Design
from bopstats.evaluation import Evaluation
from bopstats.fitting.models import FittedPair
from bopstats.fitting.results import AssociationTest, association_test, statsmodels_results
from bopstats.groups import RowBop
from bopstats.inference.estimates import Estimates, estimate
from bopstats.inference.gamma import Gamma, smallest_benefit
from bopstats.inference.resampled import KINDS as CI_KINDS
from bopstats.inference.resampled import estimate_as_asked
from bopstats.inference.tests import BoPTest, Question, run_test
from bopstats.tables.frame import build_frame
from bopstats.tables.record import as_record
from bopstats.tables.summary import Summary, build_summary


class BoPResults:
    """Results of comparing a generic with a personalized model.

    Made by `PersonalizedGLM.fit`. All benefits are generic minus personalized cost, so positive
    means that personalization helps. Costs, benefits and gamma are means over partitions; limits,
    p-values and bounds are medians.

    Attributes
    ----------
    evaluation : Evaluation
        Figures of every partition, and the settings.
    """

    def __init__(self, evaluation: Evaluation, pair: FittedPair, design: Design) -> None:
        self.evaluation = evaluation
        self._pair = pair
        self._design = design
        self._cache: dict[tuple[str, float, float], Estimates] = {}

    def __repr__(self) -> str:
        """Return a useful line."""
        settings = self.evaluation.settings
        return (
            f"<BoPResults: {settings.formula}; {settings.family}, n = {self.evaluation.n_used}, "
            f"{self.evaluation.groups.n_groups} groups; {self.gamma()}>"
        )

    @cached_property
    def generic(self) -> Any:
        """The generic model on all used rows: statsmodels `GLMResults`, fitted when first asked."""
        return statsmodels_results(self._pair.generic, self._design)

    @cached_property
    def personalized(self) -> Any:
        """The personalized model on all used rows: statsmodels `GLMResults`."""
        return statsmodels_results(self._pair.personalized, self._design)

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
        rows = self.evaluation.rows
        size = len(self._design.index)
        total, count = np.zeros((len(rows[0].costs), size)), np.zeros(size)
        for partition in rows:
            total[:, partition.rows] += partition.benefit
            count[partition.rows] += 1
        seen = count > 0
        return pd.DataFrame(
            (total[:, seen] / count[seen]).T,
            index=self._design.index[seen],
            columns=list(rows[0].costs),
        )

    def frame(
        self,
        cost: str | None = None,
        *,
        alpha: float = 0.05,
        ci: str | None = None,
        simultaneous: bool = False,
    ) -> pd.DataFrame:
        """Return one row a cost and group, and one a cost for the population.

        Parameters
        ----------
        cost : str, optional
            One cost; by default all.
        alpha : float
            Intervals at 1 − alpha, one-sided tests at alpha/2.
        ci : {"t", "bca", "percentile"}, optional
            "bca" and "percentile" resample people within groups, 1999 times a partition; AUC and
            R² have intervals of these kinds only. By default t, and for 0–1 costs a score or exact
            method.
        simultaneous : bool
            Whether the groups' intervals hold together at 1 − alpha (Šidák; with a bootstrap, the
            largest |t|). p-values stay as they are.

        Returns
        -------
        DataFrame
            Columns `cost`, `kind`, one a group attribute (``<name>_attribute`` where the name is
            one of the other columns'), `group`, `n`, `n_eff`, `events`,
            `n_changed` (people whose cost changed), `cost_generic`, `cost_personalized`, `bop`,
            `std_err`, `ci_low`, `ci_upp`, `ci_method`, `p_benefit`, `p_harm`,
            `p_benefit_adjusted`, `p_harm_adjusted` (Holm), `p_method`, `partition_sd`, `verdict`,
            `status`, `note`.

        Examples
        --------
        >>> import bopstats as bop
        >>> nhanes = bop.datasets.load_nhanes()
        >>> res = bop.glm("high_bp ~ bmi + hba1c | sex", data=nhanes).fit(rng=1, repeats=1)
        >>> res.frame("brier")["group"].tolist()
        ['female', 'male', 'population']
        """
        alpha = check_share("alpha", alpha)
        names = [c.name for c in self.evaluation.costs] if cost is None else [self._cost(cost).name]
        if ci is not None:
            check_choice("ci", ci, CI_KINDS)
        parts = []
        for name in names:
            found = self._estimates_as_asked(name, alpha, ci, simultaneous)
            parts.append(build_frame(self.evaluation, found, alpha))
        return pd.concat(parts, ignore_index=True)

    def gamma(self, cost: str | None = None, *, alpha: float = 0.05) -> Gamma:
        """Return the smallest group benefit with its limits.

        Parameters
        ----------
        cost : str, optional
            By default the primary cost.
        alpha : float
            Two-sided level of the limits.

        Returns
        -------
        Gamma
            With `value`, `group`, `ci_low`, `ci_upp`, `covers`.
        """
        estimates = self._estimates(self._cost(cost).name, check_share("alpha", alpha))
        note = _IN_SAMPLE if self.evaluation.settings.evaluation == "in-sample" else ""
        return smallest_benefit(estimates, self.evaluation.groups.labels, note)

    def test(
        self,
        cost: str | None = None,
        *,
        effect: float | None = None,
        alpha: float = 0.05,
        null: float = 0.0,
        margin: float = 0.0,
        kind: str = "every",
        max_error: float = 0.5,
        require_all: bool = False,
    ) -> BoPTest:
        """Test all groups together.

        Parameters
        ----------
        cost : str, optional
            By default the primary cost.
        effect : float, optional
            Smallest benefit that matters, in the cost's unit, above ``null - margin``; needed for
            error bounds.
        alpha : float
            Two-sided; one-sided tests reject at alpha/2, the heterogeneity test at alpha.
        null : float
            Benefit that each group is compared with.
        margin : float
            Harm that is still accepted: each group is compared with ``null - margin``
            (non-inferiority: "no group is harmed by more than margin").
        kind : {"every", "harm", "heterogeneity", "gail_simon"}
            "every": does every group benefit (intersection–union, Berger 1982). "harm": is some
            group harmed (Holm). "heterogeneity": do benefits differ between groups (Cochran's Q;
            an adjusted Wald test where groups share clusters). "gail_simon": is some group harmed,
            by the omnibus statistic of Gail and Simon (1985).
        max_error : float
            Largest tolerable sum of both error rates.
        require_all : bool
            Whether a group that is empty, too small or without a test is an error.

        Returns
        -------
        BoPTest
        """
        question = Question(kind, effect, alpha, null, margin, max_error, require_all)
        return self._test(cost, question, self.evaluation.rows)

    def _test(self, cost: str | None, question: Question, rows: Sequence[RowBop] | None) -> BoPTest:
        """Run a test; without rows it uses only what a saved result holds."""
        chosen = self._cost(cost)
        single = [each.name for each in self.evaluation.costs if not each.group_only]
        return run_test(
            self._estimates(chosen.name, question.alpha, question.value),
            question,
            self.evaluation.groups.labels,
            moments=self.evaluation.moments,
            place=None if chosen.group_only else single.index(chosen.name),
            rows=rows,
            in_sample=self.evaluation.settings.evaluation == "in-sample",
        )

    def anova(self) -> AssociationTest:
        """Test that the personal terms are associated with the outcome, on all used rows.

        Likelihood ratio where the scale is known, F where it is estimated, Wald with a robust
        covariance with clusters or sampling weights. Association is another question than
        held-out benefit: a strong association can leave predictions as good as they were.
        """
        personalized = None
        if self._design.cluster is not None or self._design.weight_type == "prob":
            personalized = self.personalized
        return association_test(self._pair, self._design, personalized)

    def summary(
        self, effect: Any = None, *, alpha: float = 0.05, max_error: float = 0.5
    ) -> Summary:
        """Return the summary: who was compared, how, every group's benefit, and the verdicts.

        Parameters
        ----------
        effect : float or mapping, optional
            Smallest benefit that matters: a number for the primary cost, or a mapping from cost
            to number. Costs without one get intervals and tests but no bounds.
        alpha : float
            Two-sided level.
        max_error : float
            Largest tolerable sum of both error rates.

        Returns
        -------
        Summary
            Print it, or call ``.as_text()``.
        """
        tests, gammas = self._tests(effect, alpha, max_error)
        return build_summary(
            self.evaluation,
            self._frame_with_bounds(tests, alpha),
            {c.name: self._estimates(c.name, alpha) for c in self.evaluation.costs},
            tests,
            gammas,
            self.anova(),
            alpha,
            max_error,
        )

    def to_dict(
        self, effect: Any = None, *, alpha: float = 0.05, max_error: float = 0.5
    ) -> dict[str, Any]:
        """Return the summary's figures as plain data for JSON (schema ``bopstats.result``).

        Parameters
        ----------
        effect, alpha, max_error
            As in `summary`.

        Returns
        -------
        dict
            Group figures and settings only, no rows of the data.
        """
        tests, gammas = self._tests(effect, alpha, max_error)
        frame = self._frame_with_bounds(tests, alpha)
        return as_record(self.evaluation, frame, tests, gammas, self.anova())

    def _frame_with_bounds(self, tests: dict[str, BoPTest], alpha: float) -> pd.DataFrame:
        """Return the frame with verdicts that know the effect."""
        parts = [
            build_frame(
                self.evaluation, self._estimates(name, alpha), alpha, test.effect, test.max_error
            )
            for name, test in tests.items()
        ]
        return pd.concat(parts, ignore_index=True)

    def _tests(
        self, effect: Any, alpha: float, max_error: float
    ) -> tuple[dict[str, BoPTest], dict[str, Gamma]]:
        effects = self._effects(effect)
        names = [cost.name for cost in self.evaluation.costs]
        tests = {
            name: self._test(
                name, Question(effect=effects.get(name), alpha=alpha, max_error=max_error), None
            )
            for name in names
        }
        return tests, {name: self.gamma(name, alpha=alpha) for name in names}

    def _effects(self, effect: Any) -> dict[str, float]:
        if effect is None:
            return {}
        if is_number(effect):
            effect = {self.evaluation.costs[0].name: effect}
        if isinstance(effect, pd.Series):
            effect = effect.to_dict()
        if not isinstance(effect, Mapping):
            fail("effect", effect, "a number, or a dict from cost to number")
        return {
            self._cost(name).name: check_real(f"effect[{name!r}]", value, low=0.0)
            for name, value in effect.items()
        }

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
        return estimate_as_asked(
            self.evaluation, name, alpha=alpha, ci=ci, simultaneous=simultaneous
        )

    def _estimates(self, name: str, alpha: float, null: float = 0.0) -> Estimates:
        key = (name, alpha, null)
        if key not in self._cache:
            self._cache[key] = estimate(self.evaluation, name, alpha=alpha, null=null)
        return self._cache[key]


_IN_SAMPLE = "in-sample, optimistic"
