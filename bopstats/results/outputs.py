"""Results of an analysis, as users meet them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bopstats._validation import check_real, fail, is_number
from bopstats.fitting.results import AssociationTest
from bopstats.inference.gamma import Gamma
from bopstats.inference.tests import BoPTest, Question
from bopstats.results.figured import Figured
from bopstats.tables.frame import build_frame
from bopstats.tables.record import as_record
from bopstats.tables.summary import Summary, build_summary


class BoPResults(Figured):
    """Results of comparing a generic with a personalized model.

    Made by `PersonalizedGLM.fit`. All benefits are generic minus personalized cost, so positive
    means that personalization helps. Costs, benefits and gamma are means over partitions; limits,
    p-values and bounds are medians.

    Attributes
    ----------
    evaluation : Evaluation
        Figures of every partition, and the settings.
    """

    def __repr__(self) -> str:
        """Return a useful line."""
        settings = self.evaluation.settings
        return (
            f"<BoPResults: {settings.formula}; {settings.family}, n = {self.evaluation.n_used}, "
            f"{self.evaluation.groups.n_groups} groups; {self.gamma()}>"
        )

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
            self._heterogeneity(alpha),
            gammas,
            self._association,
            self._effects_of_design(),
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
        heterogeneity = self._heterogeneity(alpha)
        return as_record(self.evaluation, frame, tests, heterogeneity, gammas, self._association)

    def _effects_of_design(self) -> pd.DataFrame | None:
        """Return the primary cost's design effects where rows are not a simple sample."""
        settings, primary = self.evaluation.settings, self.evaluation.costs[0]
        simple = settings.weight_type in (None, "freq") and not settings.complex_design
        return None if simple or primary.group_only else self.design_effects(primary.name)

    @property
    def _association(self) -> AssociationTest | None:
        return None if self._models is None else self.anova()

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

    def _heterogeneity(self, alpha: float) -> dict[str, BoPTest]:
        """Test each cost that people have for one benefit in all groups."""
        question = Question("heterogeneity", alpha=alpha)
        return {
            cost.name: self._test(cost.name, question, None)
            for cost in self.evaluation.costs
            if not cost.group_only
        }

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
