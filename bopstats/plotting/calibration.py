"""Calibration of both models, a panel a group: what came true against what was predicted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bopstats.plotting.style import (
    BLACK,
    BLUE,
    TEXT_SIZE,
    VERMILION,
    grid_for,
    label_below,
    panel_title,
    panels_per_row,
    say_instead,
)
from bopstats.tables.content import number
from bopstats.tables.suppression import MASKED

_LOOKS = {"generic": ("o", VERMILION, "white"), "personalized": ("s", BLUE, BLUE)}
_SMALL = TEXT_SIZE - 1.0


def calibration_data(bins: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return what `calibration` draws.

    Parameters
    ----------
    bins : DataFrame
        What `BoPResults.calibration_bins` returned, with column `status` ("ok" or "masked").
    table : DataFrame
        What `BoPResults.calibration` returned.

    Returns
    -------
    DataFrame
        A row a group, model and bin: `predicted` and `observed` means, `ci_low`, `ci_upp`, `n`,
        and the group's `intercept`, `slope` and `status`.
    """
    return bins.merge(table[["group", "model", "intercept", "slope"]], on=["group", "model"])


def calibration(bins: pd.DataFrame, table: pd.DataFrame, *, ax: Any = None) -> list[Axes]:
    """Draw the calibration of both models in each group.

    Parameters
    ----------
    bins, table
        As in `calibration_data`.
    ax : Axes or sequence of Axes, optional
        One a group of `bins`.

    Returns
    -------
    list of Axes
        One a group. Points are bins with the limits of the observed mean, the diagonal is perfect
        calibration; intercept (ideal 0) and slope (ideal 1) stand in the corner.
    """
    data = calibration_data(bins, table)
    groups = list(dict.fromkeys(data["group"]))
    columns = panels_per_row(len(groups))
    panels = grid_for(ax, len(groups), columns=columns, width=2.3, height=2.45)
    ends = _ends(data)
    for panel, group in zip(panels, groups, strict=True):
        panel.axline((ends[0], ends[0]), slope=1.0, color=BLACK, linewidth=0.8, linestyle=":")
        panel.set_xlim(*ends)
        panel.set_ylim(*ends)
        panel.tick_params(labelsize=_SMALL)
        panel.locator_params(nbins=4)
        panel_title(panel, group)
        rows = data[data["group"] == group]
        if (rows["status"] == MASKED).any():
            say_instead(panel, MASKED)
            continue
        for model, part in rows.groupby("model", sort=False):
            _model(panel, str(model), part)
        _say(panel, rows)
    label_below(panels, "mean of held-out predictions", "mean outcome, with limits", columns)
    return panels


def _ends(data: pd.DataFrame) -> tuple[float, float]:
    """Return the common ends of both axes: all points, and limits if they are not far off."""
    points = data[["predicted", "observed"]].to_numpy(dtype=np.float64)
    limits = data[["ci_low", "ci_upp"]].to_numpy(dtype=np.float64)
    points = points[np.isfinite(points)]
    if not len(points):
        return 0.0, 1.0
    low, high = float(points.min()), float(points.max())
    room = (high - low) or 1.0
    limits = limits[np.isfinite(limits)]
    known = np.clip(limits, low - 0.5 * room, high + 0.5 * room)
    low, high = min([low, *known]), max([high, *known])
    return low - 0.03 * room, high + 0.03 * room


def _model(ax: Axes, model: str, rows: pd.DataFrame) -> None:
    marker, colour, face = _LOOKS[model]
    ax.vlines(rows["predicted"], rows["ci_low"], rows["ci_upp"], color=colour, linewidth=0.8)
    ax.plot(
        *(rows["predicted"], rows["observed"], marker),
        color=colour,
        markerfacecolor=face,
        markersize=3.8,
        label=model,
        linestyle="none",
    )


def _say(ax: Axes, rows: pd.DataFrame) -> None:
    """Write intercept and slope of both models, generic first."""
    first = rows.groupby("model", sort=False)[["intercept", "slope"]].first()
    lines = [
        f"{model}: {number(a, 2)}, {number(b, 2)}".replace("-", "−")
        for model, a, b in first.itertuples(name=None)
    ]
    ax.text(
        *(0.02, 0.98, "intercept, slope\n" + "\n".join(lines)),
        transform=ax.transAxes,
        ha="left",
        va="top",
        fontsize=_SMALL - 0.5,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 1.0},
    )
