"""Figures of a result: each method gathers the frame that a figure draws.

Figures are loaded when one is first asked for, so results without figures load no matplotlib.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from bopstats._validation import check_choice, check_real, check_share, fail
from bopstats.costs import Cost
from bopstats.results.answers import Answers
from bopstats.tables.frame import build_frame

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

        return plotting.forest_data(self._frame(self._cost(cost), alpha, effect, max_error))

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
        frame = self._frame(chosen, alpha, effect, max_error)
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

        return plotting.quadrant_data(*self._sides(prediction, explanation, alpha))

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

        sides = self._sides(prediction, explanation, alpha)
        return plotting.quadrant(*sides, effects=effects, ax=ax)

    def _cost(self, name: str | None) -> Cost:
        return self._results._cost(name)

    def _frame(
        self, cost: Cost, alpha: float, effect: float | None = None, max_error: float = 0.5
    ) -> pd.DataFrame:
        """Return a cost's frame with verdicts that know the effect: all that figures see."""
        if effect is not None:
            effect = check_real("effect", effect, low=0.0)
        found = self._results._estimates(cost.name, check_share("alpha", alpha))
        limit = check_share("max_error", max_error)
        return build_frame(self._results.evaluation, found, alpha, effect, limit)

    def _sides(
        self, prediction: str | None, explanation: str | None, alpha: float
    ) -> tuple[pd.DataFrame, str, list[str]]:
        """Return the frame and the names of the costs of prediction and of explanation."""
        first, others = sides(self._results, prediction, explanation)
        frames = [self._frame(cost, alpha) for cost in (first, *others)]
        return pd.concat(frames, ignore_index=True), first.name, [cost.name for cost in others]


def sides(
    results: Answers, prediction: str | None, explanation: str | None
) -> tuple[Cost, list[Cost]]:
    """Return a cost of prediction and the costs of explanation that are compared with it."""
    costs: dict[str, list[Any]] = {"prediction": [], "explanation": []}
    for cost in results.evaluation.costs:
        costs[cost.kind].append(cost)
    if not costs["explanation"]:
        fail("explanation", "no cost of explanation", "a result of fit(explain=True)")
    chosen = results._cost(prediction)
    check_choice("prediction", chosen.name, [cost.name for cost in costs["prediction"]])
    if explanation is None:
        return chosen, costs["explanation"]
    names = [cost.name for cost in costs["explanation"]]
    return chosen, [
        costs["explanation"][names.index(check_choice("explanation", explanation, names))]
    ]
