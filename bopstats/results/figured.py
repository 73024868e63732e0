"""Figures of the answers, and the table behind the quadrant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bopstats._validation import check_choice
from bopstats.results.answers import Answers
from bopstats.results.drawn import Drawn
from bopstats.results.plots import Plots
from bopstats.tables.agreement import count_corners


class Figured(Answers):
    """Answers with figures."""

    @property
    def plot(self) -> Plots:
        """Figures: ``res.plot.forest()`` and others, see `Plots`."""
        return Plots(self)

    def agreement(
        self,
        prediction: str | None = None,
        explanation: str | None = None,
        *,
        by: str = "group",
        alpha: float = 0.05,
        suppress: Any = None,
        labels: Mapping[str, str] | None = None,
    ) -> pd.DataFrame:
        """Return whether benefits for prediction and for explanation agree.

        Parameters
        ----------
        prediction : str, optional
            By default the primary cost.
        explanation : str, optional
            By default each cost of explanation that the result has.
        by : {"group", "corner"}
            "group": figures, verdicts and corner of each group and of the population. "corner":
            how many groups lie in each corner.
        alpha : float
            Intervals at 1 − alpha.
        suppress, labels
            As in `BoPResults.table`: a group with small counts is masked, and so is what would
            give it away.

        Returns
        -------
        DataFrame
            By group: `group`, `n`, `prediction`, `explanation` (the costs), `bop_…`, `ci_low_…`,
            `ci_upp_…` and `verdict_…` of each, and `corner`, which reads the signs of both
            estimates. By corner: `prediction`, `explanation`, `corner`, `groups`, and
            `established`: groups of which both verdicts are "benefits" or "harms".

        Examples
        --------
        >>> import bopstats as bop
        >>> nhanes = bop.datasets.load_nhanes()
        >>> res = bop.glm("high_bp ~ bmi + hba1c | sex", data=nhanes).fit(rng=1, repeats=1)
        >>> int(res.agreement(explanation="sufficiency", by="corner")["groups"].sum())
        2
        """
        check_choice("by", by, ("group", "corner"))
        found = Drawn.of(self, alpha, labels, suppress).agreement(prediction, explanation)
        return found if by == "group" else count_corners(found)
