"""What tables and summaries need, gathered from the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from bopstats._validation import check_real, check_share, fail, is_number
from bopstats.evaluation import Evaluation
from bopstats.exceptions import FitError
from bopstats.fitting.results import AssociationTest
from bopstats.inference.gamma import Gamma
from bopstats.inference.tests import BoPTest, Question
from bopstats.results.figured import Figured
from bopstats.tables.findings import Findings, suppressed
from bopstats.tables.frame import build_frame
from bopstats.tables.suppression import check_suppress


class Gathered(Figured):
    """Answers put together for tables."""

    def _findings(
        self,
        effect: Any = None,
        alpha: float = 0.05,
        max_error: float = 0.5,
        labels: Any = None,
        suppress: Any = None,
    ) -> Findings:
        """Return all figures, labelled, with small cells masked."""
        k = check_suppress(suppress)
        named = self._labelled(labels)
        tests, gammas = named._tests(effect, alpha, max_error)
        evaluation, association = named._with_association()
        found = Findings(
            evaluation=evaluation,
            frame=named._frame_with_bounds(tests, alpha),
            estimates={c.name: named._estimates(c.name, alpha) for c in named.evaluation.costs},
            tests=tests,
            heterogeneity=named._heterogeneity(alpha),
            gammas=gammas,
            association=association,
            alpha=check_share("alpha", alpha),
            max_error=max_error,
            effects=named._effects_of_design(),
        )
        return suppressed(found, k)

    def _effects_of_design(self) -> pd.DataFrame | None:
        """Return the primary cost's design effects where rows are not a simple sample."""
        settings, primary = self.evaluation.settings, self.evaluation.costs[0]
        simple = settings.weight_type in (None, "freq") and not settings.complex_design
        return None if simple or primary.group_only else self.design_effects(primary.name)

    def _with_association(self) -> tuple[Evaluation, AssociationTest | None]:
        """Return the run and its association test; without one, a note says why."""
        if self._models is None:
            return self.evaluation, None
        try:
            return self.evaluation, self.anova()
        except FitError as error:
            note = f"No association test: {error}."
            return replace(self.evaluation, notes=(*self.evaluation.notes, note)), None

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
