"""Benefit for explanation against the number of terms kept, a panel a group."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from bopstats.plotting.style import (
    BLACK,
    BLUE,
    STYLES,
    TEXT_SIZE,
    VERMILION,
    cost_name,
    grid_for,
    label_below,
    panel_title,
    panels_per_row,
    say_instead,
)
from bopstats.tables.suppression import MASKED

_COLOURS, _MARKERS = (BLUE, VERMILION), ("o", "s")


def top_curve_data(curve: pd.DataFrame) -> pd.DataFrame:
    """Return what `top_curve` draws.

    Parameters
    ----------
    curve : DataFrame
        Columns `cost`, `group`, `r`, `bop`, `ci_low`, `ci_upp` and `status` ("ok" or "masked").

    Returns
    -------
    DataFrame
        These columns, by group, cost and r in the order they came.
    """
    return curve[["cost", "group", "r", "bop", "ci_low", "ci_upp", "status"]].reset_index(drop=True)


def top_curve(curve: pd.DataFrame, *, r: int | None = None, ax: Any = None) -> list[Axes]:
    """Draw the benefit for explanation at every number r of terms kept.

    Parameters
    ----------
    curve : DataFrame
        As in `top_curve_data`.
    r : int, optional
        The number that the analysis chose, drawn as a line.
    ax : Axes or sequence of Axes, optional
        One a group.

    Returns
    -------
    list of Axes
        One a group: a line with a band a cost.
    """
    data = top_curve_data(curve)
    groups = list(dict.fromkeys(data["group"]))
    columns = panels_per_row(len(groups))
    panels = grid_for(ax, len(groups), columns=columns, width=2.3, height=2.1)
    for panel, group in zip(panels, groups, strict=True):
        panel.axhline(0.0, color=BLACK, linewidth=0.8)
        if r is not None:
            panel.axvline(r, color=BLACK, linewidth=0.8, linestyle=":")
        shown = data["status"] != MASKED
        parts = data[(data["group"] == group) & shown].groupby("cost", sort=False)
        if not len(parts):
            say_instead(panel, MASKED)
        for i, (cost, rows) in enumerate(parts):
            _line(panel, i, str(cost), rows)
        panel.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        panel.tick_params(labelsize=TEXT_SIZE - 1)
        panel_title(panel, group)
    label_below(panels, "terms kept, r", "benefit for explanation", columns)
    return panels


def _line(ax: Axes, i: int, cost: str, rows: pd.DataFrame) -> None:
    colour = _COLOURS[i % 2]
    x = rows["r"].to_numpy(dtype=np.float64)
    ax.fill_between(x, rows["ci_low"], rows["ci_upp"], color=colour, alpha=0.2, linewidth=0)
    ax.plot(
        *(x, rows["bop"]),
        color=colour,
        linestyle=STYLES[i % len(STYLES)],
        marker=_MARKERS[i % 2],
        markersize=3,
        label=cost_name(cost),
    )
