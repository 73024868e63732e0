"""Figures of a result: each method gathers the frame that a figure draws.

Figures are loaded when one is first asked for, so results without figures load no matplotlib.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from bopstats.costs import Cost
from bopstats.results.answers import Answers
from bopstats.results.drawn import band_frame, cost_frame, people_frame, sides_frame

if TYPE_CHECKING:
    from bopstats.plotting.style import Axes


class Plots:
    """Figures of one result, ``res.plot``; each has a twin ``*_data``: what is drawn.

    Parameters
    ----------
    results : Answers
        The result.
    """

    def __init__(self, results: Answers) -> None:
        self._results = results

    def __repr__(self) -> str:
        """Name the figures."""
        names = [name for name in vars(Plots) if name[0] != "_" and not name.endswith("_data")]
        return f"<figures: {', '.join(f'.{name}()' for name in names)}>"

    def forest_data(
        self,
        cost: str | None = None,
        *,
        effect: float | None = None,
        alpha: float = 0.05,
        max_error: float = 0.5,
    ) -> pd.DataFrame:
        """Return what `forest` draws: a row a group, the population last.

        Parameters
        ----------
        cost, effect, alpha, max_error
            As in `forest`.
        """
        from bopstats import plotting

        return plotting.forest_data(
            cost_frame(self._results, self._cost(cost), alpha, effect, max_error)
        )

    def forest(
        self,
        cost: str | None = None,
        *,
        effect: float | None = None,
        alpha: float = 0.05,
        max_error: float = 0.5,
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
        frame = cost_frame(self._results, chosen, alpha, effect, max_error)
        return plotting.forest(frame, unit=chosen.unit, effect=effect, alpha=alpha, ax=ax)

    def quadrant_data(
        self,
        prediction: str | None = None,
        explanation: str | None = None,
        *,
        alpha: float = 0.05,
    ) -> pd.DataFrame:
        """Return what `quadrant` draws: `BoPResults.agreement` with the groups' numbers.

        Parameters
        ----------
        prediction, explanation, alpha
            As in `quadrant`.
        """
        from bopstats import plotting

        return plotting.quadrant_data(*sides_frame(self._results, prediction, explanation, alpha))

    def quadrant(
        self,
        prediction: str | None = None,
        explanation: str | None = None,
        *,
        effects: tuple[float | None, float | None] = (None, None),
        alpha: float = 0.05,
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
        ax : Axes or sequence of Axes, optional
            Where to draw, one a panel; the groups' names stand below the figure.

        Returns
        -------
        list of Axes
            One a panel.
        """
        from bopstats import plotting

        sides = sides_frame(self._results, prediction, explanation, alpha)
        return plotting.quadrant(*sides, effects=effects, ax=ax)

    def error_curve_data(
        self,
        cost: str | None = None,
        effects: Sequence[float] | None = None,
        *,
        alpha: float = 0.05,
    ) -> pd.DataFrame:
        """Return what `error_curve` draws: columns law, kind, effect, error_lower, error_upper.

        Parameters
        ----------
        cost, effects, alpha
            As in `error_curve`.
        """
        from bopstats import plotting

        return plotting.data_error_curve_data(
            band_frame(self._results, self._cost(cost), effects, alpha)
        )

    def error_curve(
        self,
        cost: str | None = None,
        effects: Sequence[float] | None = None,
        *,
        effect: float | None = None,
        alpha: float = 0.05,
        max_error: float = 0.5,
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
        ax : Axes, optional
            Where to draw.

        Returns
        -------
        Axes
            A band a law of the individual benefit, with the numbers of ``res.test(effect=…)``.
        """
        from bopstats import plotting

        chosen = self._cost(cost)
        return plotting.data_error_curve(
            band_frame(self._results, chosen, effects, alpha),
            self._results.gamma(chosen.name, alpha=alpha),
            cost=chosen.name,
            unit=chosen.unit,
            effect=effect,
            max_error=max_error,
            ax=ax,
        )

    def individual_data(self, cost: str | None = None, *, bins: int = 25) -> pd.DataFrame:
        """Return what `individual` draws: a row a group and bar, the population last.

        Parameters
        ----------
        cost, bins
            As in `individual`.
        """
        from bopstats import plotting

        chosen = self._cost(cost)
        return plotting.individual_data(
            people_frame(self._results, chosen), integer=chosen.integer, bins=bins
        )

    def individual(
        self,
        cost: str | None = None,
        *,
        bins: int = 25,
        ax: Axes | Sequence[Axes] | None = None,
    ) -> list[Axes]:
        """Draw how the individual benefit is spread in each group; needs the rows.

        Parameters
        ----------
        cost : str, optional
            By default the primary cost; it must have a value for each person.
        bins : int
            Bars of a real-valued benefit.
        ax : Axes or sequence of Axes, optional
            One a group with people, and one for the population.

        Returns
        -------
        list of Axes
            Shares of people over all partitions, with the normal law of the same mean and
            standard deviation; for benefits of −1, 0 and +1 the three shares.
        """
        from bopstats import plotting

        chosen = self._cost(cost)
        return plotting.individual(
            people_frame(self._results, chosen),
            integer=chosen.integer,
            unit=chosen.unit,
            bins=bins,
            ax=ax,
        )

    def top_curve_data(self, cost: str | None = None, *, alpha: float = 0.05) -> pd.DataFrame:
        """Return what `top_curve` draws: columns cost, group, r, bop, ci_low, ci_upp.

        Parameters
        ----------
        cost, alpha
            As in `top_curve`.
        """
        from bopstats import plotting

        return plotting.top_curve_data(self._results.top_curve(cost, alpha=alpha))

    def top_curve(
        self,
        cost: str | None = None,
        *,
        alpha: float = 0.05,
        ax: Axes | Sequence[Axes] | None = None,
    ) -> list[Axes]:
        """Draw the benefit for explanation at every number of terms kept.

        Parameters
        ----------
        cost : str, optional
            A cost of explanation; by default all that the result has.
        alpha : float
            Bands at 1 − alpha, at each number of terms on its own.
        ax : Axes or sequence of Axes, optional
            One a group, and one for the population.

        Returns
        -------
        list of Axes
            A line with a band a cost; the dotted line is the number that the analysis kept.
        """
        from bopstats import plotting

        curve = self._results.top_curve(cost, alpha=alpha)
        return plotting.top_curve(curve, r=self._results.evaluation.settings.top, ax=ax)

    def calibration_data(self, bins: int = 5, *, alpha: float = 0.05) -> pd.DataFrame:
        """Return what `calibration` draws: a row a group, model and bin.

        Parameters
        ----------
        bins, alpha
            As in `calibration`.
        """
        from bopstats import plotting

        return plotting.calibration_data(*self._calibration(bins, alpha))

    def calibration(
        self,
        bins: int = 5,
        *,
        alpha: float = 0.05,
        ax: Axes | Sequence[Axes] | None = None,
    ) -> list[Axes]:
        """Draw the calibration of both models' held-out predictions in each group.

        Parameters
        ----------
        bins : int
            Bins a group, of equal weight.
        alpha : float
            Limits at 1 − alpha.
        ax : Axes or sequence of Axes, optional
            One a group, and one for the population.

        Returns
        -------
        list of Axes
            Points are bins, the diagonal is perfect calibration; intercept (ideal 0) and slope
            (ideal 1) of both models stand in the corner.
        """
        from bopstats import plotting

        return plotting.calibration(*self._calibration(bins, alpha), ax=ax)

    def _cost(self, name: str | None) -> Cost:
        return self._results._cost(name)

    def _calibration(self, bins: int, alpha: float) -> tuple[pd.DataFrame, pd.DataFrame]:
        results = self._results
        return results.calibration_bins(bins, alpha=alpha), results.calibration(alpha=alpha)
