"""Figures of a result: each method gathers the frame that a figure draws.

Figures are loaded when one is first asked for, so results without figures load no matplotlib.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from bopstats.results.panels import Panels

if TYPE_CHECKING:
    from bopstats.plotting.style import Axes


class Plots(Panels):
    """Figures of one result, ``res.plot``; each has a twin ``*_data``: what is drawn.

    Parameters
    ----------
    results : Answers
        The result.
    """

    def forest_data(
        self,
        cost: str | None = None,
        *,
        effect: float | None = None,
        alpha: float = 0.05,
        max_error: float = 0.5,
        suppress: Any = None,
        labels: Mapping[str, str] | None = None,
    ) -> pd.DataFrame:
        """Return what `forest` draws: a row a group, the population last.

        Parameters
        ----------
        cost, effect, alpha, max_error, suppress, labels
            As in `forest`.
        """
        from bopstats import plotting

        drawn = self._drawn(alpha, labels, suppress)
        return plotting.forest_data(drawn.cost_frame(self._cost(cost), effect, max_error))

    def forest(
        self,
        cost: str | None = None,
        *,
        effect: float | None = None,
        alpha: float = 0.05,
        max_error: float = 0.5,
        suppress: Any = None,
        labels: Mapping[str, str] | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw every group's benefit with its interval, beside its size, events and costs.

        Parameters
        ----------
        cost : str, optional
            By default the primary cost.
        effect : float, optional
            Smallest benefit that matters, in the cost's unit: drawn as a line, and verdicts also
            say where no test could tell.
        alpha : float
            Intervals at 1 − alpha.
        max_error : float
            Largest tolerable sum of both error rates, for the verdicts.
        suppress, labels
            As in `BoPResults.table`: a group with small counts is masked, and so is what would
            give it away.
        ax : Axes, optional
            Where to draw; columns stand left and right of it.

        Returns
        -------
        Axes

        Examples
        --------
        >>> import bopstats as bop
        >>> nhanes = bop.datasets.load_nhanes()
        >>> res = bop.glm("high_bp ~ bmi + hba1c | sex", data=nhanes).fit(rng=1, repeats=1)
        >>> res.plot.forest_data("brier")["group"].tolist()
        ['female', 'male', 'population']
        >>> res.plot.forest("brier", effect=0.01).figure.savefig("forest.pdf")  # doctest: +SKIP
        """
        from bopstats import plotting

        chosen = self._cost(cost)
        frame = self._drawn(alpha, labels, suppress).cost_frame(chosen, effect, max_error)
        return plotting.forest(frame, unit=chosen.unit, effect=effect, alpha=alpha, ax=ax)

    def quadrant_data(
        self,
        prediction: str | None = None,
        explanation: str | None = None,
        *,
        alpha: float = 0.05,
        suppress: Any = None,
        labels: Mapping[str, str] | None = None,
    ) -> pd.DataFrame:
        """Return what `quadrant` draws: `BoPResults.agreement` with the groups' numbers.

        Parameters
        ----------
        prediction, explanation, alpha, suppress, labels
            As in `quadrant`.
        """
        from bopstats import plotting

        drawn = self._drawn(alpha, labels, suppress)
        return plotting.quadrant_data(*drawn.sides(prediction, explanation))

    def quadrant(
        self,
        prediction: str | None = None,
        explanation: str | None = None,
        *,
        effects: tuple[float | None, float | None] = (None, None),
        alpha: float = 0.05,
        suppress: Any = None,
        labels: Mapping[str, str] | None = None,
        ax: Axes | Sequence[Axes] | None = None,
    ) -> list[Axes]:
        """Draw each group's benefit for prediction against its benefit for explanation.

        Parameters
        ----------
        prediction : str, optional
            By default the primary cost.
        explanation : str, optional
            "sufficiency" or "incomprehensiveness"; by default each cost of explanation that the
            result has, one a panel.
        effects : pair of float or None
            Smallest benefits that matter, for prediction and for explanation, drawn as lines.
        alpha : float
            Intervals at 1 − alpha.
        suppress, labels
            As in `BoPResults.table`: a group with small counts is masked, and so is what would
            give it away.
        ax : Axes or sequence of Axes, optional
            Where to draw, one a panel; the groups' names stand below the figure.

        Returns
        -------
        list of Axes
            One a panel.
        """
        from bopstats import plotting

        sides = self._drawn(alpha, labels, suppress).sides(prediction, explanation)
        return plotting.quadrant(*sides, effects=effects, ax=ax)

    def error_curve_data(
        self,
        cost: str | None = None,
        effects: Sequence[float] | None = None,
        *,
        alpha: float = 0.05,
        suppress: Any = None,
        labels: Mapping[str, str] | None = None,
    ) -> pd.DataFrame:
        """Return what `error_curve` draws: columns law, kind, effect, error_lower, error_upper.

        Parameters
        ----------
        cost, effects, alpha, suppress, labels
            As in `error_curve`.
        """
        from bopstats import plotting

        drawn = self._drawn(alpha, labels, suppress)
        return plotting.data_error_curve_data(drawn.band(self._cost(cost), effects))

    def error_curve(
        self,
        cost: str | None = None,
        effects: Sequence[float] | None = None,
        *,
        effect: float | None = None,
        alpha: float = 0.05,
        max_error: float = 0.5,
        suppress: Any = None,
        labels: Mapping[str, str] | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw the summed error of the best test of the data's own groups against the effect.

        Parameters
        ----------
        cost : str, optional
            By default the primary cost.
        effects : sequence of float, optional
            Smallest benefits of a group, above 0, in rising order; by default up to six times
            the largest standard error of a group.
        effect : float, optional
            Smallest benefit that matters, drawn as a line.
        alpha : float
            Limits of the smallest benefit seen at 1 − alpha.
        max_error : float
            Largest tolerable summed error, drawn as a line.
        suppress, labels
            As in `BoPResults.table`: a group with small counts is masked, and so is what would
            give it away.
        ax : Axes, optional
            Where to draw.

        Returns
        -------
        Axes
            A band a law of the individual benefit, with the numbers of ``res.test(effect=…)``;
            nothing where a group is masked, since bounds are functions of all groups' sizes.
        """
        from bopstats import plotting

        chosen, drawn = self._cost(cost), self._drawn(alpha, labels, suppress)
        return plotting.data_error_curve(
            drawn.band(chosen, effects),
            drawn.gamma(chosen),
            cost=drawn.name(chosen),
            unit=chosen.unit,
            effect=effect,
            max_error=max_error,
            masked=drawn.hides(chosen),
            ax=ax,
        )
