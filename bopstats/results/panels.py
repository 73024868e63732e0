"""Figures of a result with a panel a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from bopstats.costs import Cost
from bopstats.results.answers import Answers
from bopstats.results.drawn import Drawn

if TYPE_CHECKING:
    from bopstats.plotting.style import Axes


class Panels:
    """What all figures share, and those with a panel a group.

    Parameters
    ----------
    results : Answers
        The result.
    """

    def __init__(self, results: Answers) -> None:
        self._results = results

    def __repr__(self) -> str:
        """Name the figures."""
        names = [name for name in dir(self) if name[0] != "_" and not name.endswith("_data")]
        return f"<figures: {', '.join(f'.{name}()' for name in names)}>"

    def individual_data(
        self,
        cost: str | None = None,
        *,
        bins: int = 25,
        suppress: Any = None,
        labels: Mapping[str, str] | None = None,
    ) -> pd.DataFrame:
        """Return what `individual` draws: a row a group and bar, the population last.

        Parameters
        ----------
        cost, bins, suppress, labels
            As in `individual`.
        """
        from bopstats import plotting

        chosen = self._cost(cost)
        people = self._drawn(0.05, labels, suppress).people(chosen)
        return plotting.individual_data(
            people.frame,
            integer=chosen.integer,
            bins=bins,
            masked=people.masked,
            least=people.least,
        )

    def individual(
        self,
        cost: str | None = None,
        *,
        bins: int = 25,
        suppress: Any = None,
        labels: Mapping[str, str] | None = None,
        ax: Axes | Sequence[Axes] | None = None,
    ) -> list[Axes]:
        """Draw how the individual benefit is spread in each group; needs the rows.

        Parameters
        ----------
        cost : str, optional
            By default the primary cost; it must have a value for each person.
        bins : int
            Bars of a real-valued benefit.
        suppress, labels
            As in `BoPResults.table`: a group with small counts is masked, and so is what would
            give it away.
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
        people = self._drawn(0.05, labels, suppress).people(chosen)
        return plotting.individual(
            people.frame,
            integer=chosen.integer,
            unit=chosen.unit,
            bins=bins,
            masked=people.masked,
            least=people.least,
            ax=ax,
        )

    def top_curve_data(
        self,
        cost: str | None = None,
        *,
        alpha: float = 0.05,
        suppress: Any = None,
        labels: Mapping[str, str] | None = None,
    ) -> pd.DataFrame:
        """Return what `top_curve` draws: columns cost, group, r, bop, ci_low, ci_upp, status.

        Parameters
        ----------
        cost, alpha, suppress, labels
            As in `top_curve`.
        """
        from bopstats import plotting

        return plotting.top_curve_data(self._drawn(alpha, labels, suppress).curve(cost))

    def top_curve(
        self,
        cost: str | None = None,
        *,
        alpha: float = 0.05,
        suppress: Any = None,
        labels: Mapping[str, str] | None = None,
        ax: Axes | Sequence[Axes] | None = None,
    ) -> list[Axes]:
        """Draw the benefit for explanation at every number of terms kept.

        Parameters
        ----------
        cost : str, optional
            A cost of explanation; by default all that the result has.
        alpha : float
            Bands at 1 − alpha, at each number of terms on its own.
        suppress, labels
            As in `BoPResults.table`: a group with small counts is masked, and so is what would
            give it away.
        ax : Axes or sequence of Axes, optional
            One a group, and one for the population.

        Returns
        -------
        list of Axes
            A line with a band a cost; the dotted line is the number that the analysis kept.
        """
        from bopstats import plotting

        curve = self._drawn(alpha, labels, suppress).curve(cost)
        return plotting.top_curve(curve, r=self._results.evaluation.settings.top, ax=ax)

    def calibration_data(
        self,
        bins: int = 5,
        *,
        alpha: float = 0.05,
        suppress: Any = None,
        labels: Mapping[str, str] | None = None,
    ) -> pd.DataFrame:
        """Return what `calibration` draws: a row a group, model and bin.

        Parameters
        ----------
        bins, alpha, suppress, labels
            As in `calibration`.
        """
        from bopstats import plotting

        return plotting.calibration_data(*self._drawn(alpha, labels, suppress).calibration(bins))

    def calibration(
        self,
        bins: int = 5,
        *,
        alpha: float = 0.05,
        suppress: Any = None,
        labels: Mapping[str, str] | None = None,
        ax: Axes | Sequence[Axes] | None = None,
    ) -> list[Axes]:
        """Draw the calibration of both models' held-out predictions in each group.

        Parameters
        ----------
        bins : int
            Bins a group, of equal weight.
        alpha : float
            Limits at 1 − alpha.
        suppress, labels
            As in `BoPResults.table`: a group with small counts is masked, and so is what would
            give it away.
        ax : Axes or sequence of Axes, optional
            One a group, and one for the population.

        Returns
        -------
        list of Axes
            Points are bins, the diagonal is perfect calibration; intercept (ideal 0) and slope
            (ideal 1) of both models stand in the corner.
        """
        from bopstats import plotting

        return plotting.calibration(*self._drawn(alpha, labels, suppress).calibration(bins), ax=ax)

    def _cost(self, name: str | None) -> Cost:
        return self._results._cost(name)

    def _drawn(self, alpha: float, labels: Any, suppress: Any) -> Drawn:
        return Drawn.of(self._results, alpha, labels, suppress)
