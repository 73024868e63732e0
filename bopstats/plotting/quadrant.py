"""Quadrant: every group's benefit for prediction against its benefit for explanation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bopstats._typing import FloatArray
from bopstats.groups import POPULATION
from bopstats.inference.verdicts import BENEFITS, HARMS
from bopstats.plotting.labels import number_points, write_key
from bopstats.plotting.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    TEXT_SIZE,
    TITLE_SIZE,
    VERMILION,
    cost_name,
    grid_for,
)
from bopstats.tables.agreement import CORNERS, agreement
from bopstats.tables.suppression import MASKED

_SIDE, _LONGEST_SIDE, _ROOM, _FEW = 4.6, 6.6, 0.16, 12
_KEY = (
    "points: groups by number; star: population; arms: intervals; filled: both verdicts are clear"
)
# A corner's place in the Axes, its marker and colour.
_LOOKS = {
    CORNERS[0]: ((1, 1), "o", BLUE),
    CORNERS[1]: ((1, 0), "s", ORANGE),
    CORNERS[2]: ((0, 1), "D", GREEN),
    CORNERS[3]: ((0, 0), "v", VERMILION),
}


def quadrant_data(
    frame: pd.DataFrame, prediction: str, explanations: Sequence[str]
) -> pd.DataFrame:
    """Return what `quadrant` draws, see `bopstats.tables.agreement.agreement`.

    Parameters
    ----------
    frame : DataFrame
        Rows of `BoPResults.frame` of all these costs.
    prediction : str
        A cost of prediction.
    explanations : sequence of str
        Costs of explanation, one a panel.

    Returns
    -------
    DataFrame
        A row an explanation cost and group, the population last, with column `number`: the
        group's number in the figure, 0 for the population.
    """
    data = agreement(frame, prediction, explanations)
    place = data.groupby("explanation", sort=False).cumcount() + 1
    data.insert(0, "number", place.where(data["group"] != POPULATION, 0))
    return data


def quadrant(
    frame: pd.DataFrame,
    prediction: str,
    explanations: Sequence[str],
    *,
    effects: tuple[float | None, float | None] = (None, None),
    ax: Any = None,
) -> list[Axes]:
    """Draw the benefit for prediction against the benefit for explanation.

    Parameters
    ----------
    frame, prediction, explanations
        As in `quadrant_data`.
    effects : pair of float or None
        Smallest benefits that matter, for prediction and for explanation, drawn as lines.
    ax : Axes or sequence of Axes, optional
        One an explanation cost.

    Returns
    -------
    list of Axes
        One an explanation cost. A point a group, with its interval in both directions; filled
        where both verdicts are "benefits" or "harms". The star is the population.
    """
    data = quadrant_data(frame, prediction, explanations)
    more = max(data["number"].max() - _FEW, 0)
    side = min(_SIDE + 0.04 * more, _LONGEST_SIDE)
    width = 1.5 * side if more and len(explanations) == 1 else side  # the key needs columns
    panels = grid_for(ax, len(explanations), columns=2, width=width, height=side, share=False)
    for panel, name in zip(panels, explanations, strict=True):
        rows = data[data["explanation"] == name]
        _panel(panel, rows, effects)
        panel.set_xlabel(f"benefit for prediction, {cost_name(prediction)}", fontsize=TEXT_SIZE)
        panel.set_ylabel(f"benefit for explanation, {cost_name(name)}", fontsize=TEXT_SIZE)
    named = _named(data)
    figure: Any = panels[0].get_figure(root=True)
    room = write_key(figure, named, _KEY)
    if ax is None:
        figure.set_size_inches(figure.get_figwidth(), figure.get_figheight() + room)
    figure.draw_without_rendering()  # the numbers need to know where the points are
    for panel, name in zip(panels, explanations, strict=True):
        rows = data[data["explanation"] == name]
        points, numbers = _points(rows), rows["number"].to_numpy()
        known = np.isfinite(points).all(axis=1)
        groups, others = known & (numbers > 0), known & (numbers == 0)
        number_points(panel, points[groups], [str(n) for n in numbers[groups]], points[others])
    return panels


def _named(data: pd.DataFrame) -> list[str]:
    """Return the groups by number, with a word for those that no panel shows."""
    groups = data[data["number"] > 0]
    shown = set(groups.loc[groups["corner"] != MASKED, "group"])
    names = dict.fromkeys(groups["group"])
    return [name if name in shown else f"{name} ({MASKED})" for name in names]


def _points(rows: pd.DataFrame) -> FloatArray:
    return rows[["bop_prediction", "bop_explanation"]].to_numpy(dtype=np.float64)


def _ends(rows: pd.DataFrame, side: str, effect: float | None) -> tuple[float, float]:
    """Return an axis' ends, with room for the corners' names."""
    values = rows[[f"{name}_{side}" for name in ("bop", "ci_low", "ci_upp")]].to_numpy(float)
    known = [0.0, *values[np.isfinite(values)], *([] if effect is None else [effect])]
    low, high = min(known), max(known)
    room = _ROOM * (high - low) or 1.0
    return low - room, high + room


def _panel(ax: Axes, rows: pd.DataFrame, effects: tuple[float | None, float | None]) -> None:
    ax.set_xlim(*_ends(rows, "prediction", effects[0]))
    ax.set_ylim(*_ends(rows, "explanation", effects[1]))
    ax.axvline(0.0, color=BLACK, linewidth=0.8)
    ax.axhline(0.0, color=BLACK, linewidth=0.8)
    dashed: dict[str, Any] = {"color": ORANGE, "linewidth": 1.2, "linestyle": (0, (4, 2))}
    if effects[0] is not None:
        ax.axvline(effects[0], **dashed)
    if effects[1] is not None:
        ax.axhline(effects[1], **dashed)
    for row in rows.to_dict("records"):
        _point(ax, row)
    groups = rows[rows["number"] > 0]
    for corner, (place, _, _) in _LOOKS.items():
        _name_corner(ax, corner, place, int((groups["corner"] == corner).sum()))
    ax.tick_params(labelsize=TEXT_SIZE)
    ax.locator_params(nbins=5)
    title = f"Prediction and explanation: {cost_name(rows['explanation'].iloc[0])}"
    hidden = int((groups["corner"] == MASKED).sum())
    title += f"\n{hidden} of {len(groups)} groups masked" if hidden else ""
    ax.set_title(title, fontsize=TITLE_SIZE)


def _point(ax: Axes, row: dict[Any, Any]) -> None:
    x, y = row["bop_prediction"], row["bop_explanation"]
    if not np.isfinite([x, y]).all():
        return
    _, marker, colour = _LOOKS.get(row["corner"], (None, "P", GREY))
    sure = {row["verdict_prediction"], row["verdict_explanation"]} <= {BENEFITS, HARMS}
    if row["number"] == 0:
        marker, colour = "*", BLACK
    arms: dict[str, Any] = {"color": colour, "linewidth": 0.8, "alpha": 0.8}
    limits = np.array([row[f"ci_{e}_{s}"] for s in ("prediction", "explanation") for e in _LIMITS])
    if not np.isnan(limits[:2]).any():
        ax.hlines(y, *np.clip(limits[:2], *ax.get_xlim()), **arms)
    if not np.isnan(limits[2:]).any():
        ax.vlines(x, *np.clip(limits[2:], *ax.get_ylim()), **arms)
    ax.plot(
        *([x], [y], marker),
        color=colour,
        markerfacecolor=colour if sure else "white",
        markersize=10 if row["number"] == 0 else 5,
        zorder=3,
        linestyle="none",
    )


_LIMITS = ("low", "upp")


def _name_corner(ax: Axes, corner: str, place: tuple[int, int], count: int) -> None:
    ax.text(
        *(0.99 if place[0] else 0.01, 0.99 if place[1] else 0.01),
        f"{corner.replace(' explains', chr(10) + 'explains')}: {count}",
        transform=ax.transAxes,
        ha="right" if place[0] else "left",
        va="top" if place[1] else "bottom",
        fontsize=TEXT_SIZE - 1,
        color=GREY,
        fontstyle="italic",
    )
