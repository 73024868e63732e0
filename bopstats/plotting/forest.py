"""Forest plot: every group's benefit with its interval, sizes, events and costs in columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from matplotlib.text import Annotation
from matplotlib.transforms import ScaledTranslation

from bopstats._typing import FloatArray
from bopstats._validation import check_share
from bopstats.groups import POPULATION
from bopstats.plotting.style import (
    BLACK,
    LINE,
    ORANGE,
    TEXT_SIZE,
    TITLE_SIZE,
    VERDICTS,
    axes_for,
    cost_name,
    line_height,
    size_in_points,
    wrapped,
)
from bopstats.tables.content import Shown, decimals_for, power_of_ten
from bopstats.tables.suppression import MASK, MASKED

_NARROW, _WIDE, _GAP = 34, 64, 10.0
_PLOT_INCHES, _EDGE_INCHES = 2.9, 2.2
_REACH = 6.0  # intervals are cut this many median half widths beyond the outermost estimate
_COLUMNS = (
    *("cost", "group", "n", "events", "percent", "cost_generic", "cost_personalized"),
    *("bop", "std_err", "ci_low", "ci_upp", "verdict", "status"),
)


def forest_data(frame: pd.DataFrame) -> pd.DataFrame:
    """Return what `forest` draws: a row a group, the population last, from the top down.

    Parameters
    ----------
    frame : DataFrame
        One cost's rows of `BoPResults.frame`.

    Returns
    -------
    DataFrame
        Columns `cost`, `group`, `n`, `events`, `percent` (of n that are events), `cost_generic`,
        `cost_personalized`, `bop`, `std_err`, `ci_low`, `ci_upp`, `verdict`, `status`.
    """
    counts = frame["n"].where(frame["n"] > 0)
    return frame.assign(percent=100.0 * frame["events"] / counts)[list(_COLUMNS)].reset_index(
        drop=True
    )


def forest(
    frame: pd.DataFrame,
    *,
    unit: str = "",
    effect: float | None = None,
    alpha: float = 0.05,
    ax: Axes | None = None,
) -> Axes:
    """Draw a forest plot of the benefit of personalization by group.

    Parameters
    ----------
    frame : DataFrame
        One cost's rows of `BoPResults.frame`.
    unit : str
        What one unit of the cost is, in words.
    effect : float, optional
        Smallest benefit that matters, drawn as a line.
    alpha : float
        The frame's level, for the header.
    ax : Axes, optional
        Where to draw; a new figure grows with the number of groups. Texts stand left and right of
        the Axes: leave room, or give the figure the "constrained" layout.

    Returns
    -------
    Axes
        Rows are at its y ticks. A marker's shape is the group's verdict, its arms the interval
        (an arrow where it runs off), the diamond the population.
    """
    level = 100.0 * (1.0 - check_share("alpha", alpha))
    data = forest_data(frame)
    width = int(np.clip(data["group"].str.len().max() / 2 + 8, _NARROW, _WIDE))
    labels = [wrapped(group, width) for group in data["group"]]
    places = _places(labels)
    height = LINE * (places.max() + 2.0) + _EDGE_INCHES
    new = ax is None
    ax = axes_for(ax, width=_PLOT_INCHES, height=height)
    show = _shown(data)
    _lines(ax, data, places, effect)
    _marks(ax, data, places)
    _columns(ax, data, labels, places, show, level, resize=new)
    _dress(ax, data, places, show, unit)
    return ax


def _places(labels: Sequence[str]) -> FloatArray:
    """Return each row's height above the lowest, in lines; tall labels take more of them."""
    lines = np.array([line_height([label]) for label in labels]) + 0.45
    middle = np.cumsum(lines) - lines / 2
    middle[-1] += 0.5  # the population stands apart
    return np.asarray(middle.max() - middle, dtype=np.float64)


def _shown(data: pd.DataFrame) -> Shown:
    error = data["std_err"].to_numpy(dtype=np.float64)
    costs = data[["cost_generic", "cost_personalized"]].to_numpy(dtype=np.float64)
    power = power_of_ten(error, costs)
    return Shown(decimals_for(error / 10.0**power), power)


def _limits(data: pd.DataFrame, effect: float | None) -> tuple[float, float]:
    """Return the axis' ends: all estimates, and no interval much wider than most."""
    low, high, bop = (data[name].to_numpy(dtype=np.float64) for name in ("ci_low", "ci_upp", "bop"))
    centre = bop[np.isfinite(bop)]
    half = (high - low)[np.isfinite(high - low)] / 2
    reach = _REACH * float(np.median(half)) if len(half) else 0.0
    ends = [0.0, *centre, *([] if effect is None else [effect])]
    left = max(min([*ends, *low[np.isfinite(low)]]), min(ends) - reach)
    right = min(max([*ends, *high[np.isfinite(high)]]), max(ends) + reach)
    margin = 0.04 * (right - left) or 1.0
    return left - margin, right + margin


def _lines(ax: Axes, data: pd.DataFrame, places: FloatArray, effect: float | None) -> None:
    ax.set_xlim(*_limits(data, effect))
    ax.set_ylim(-1.0, places.max() + 1.0)
    ax.axvline(0.0, color=BLACK, linewidth=0.9)
    if effect is not None:
        label = f"smallest benefit that matters, ε = {effect:g}"
        ax.axvline(effect, color=ORANGE, linewidth=1.4, linestyle=(0, (4, 2)), label=label)


def _marks(ax: Axes, data: pd.DataFrame, places: FloatArray) -> None:
    left, right = ax.get_xlim()
    shown: set[str] = set()
    for row, y in zip(data.to_dict("records"), places, strict=True):
        if not np.isfinite(row["bop"]):
            continue
        if row["group"] == POPULATION and np.isfinite([row["ci_low"], row["ci_upp"]]).all():
            corners = [(row["ci_low"], y), (row["bop"], y + 0.5), (row["ci_upp"], y)]
            ax.add_patch(Polygon([*corners, (row["bop"], y - 0.5)], color=BLACK, linewidth=0))
            # Seen also where its interval is a hair.
            ax.plot([row["bop"]], [y], "D", color=BLACK, markersize=4, label=POPULATION)
            continue
        marker, colour, filled = VERDICTS[row["verdict"]]
        _interval(ax, row["ci_low"], row["ci_upp"], y, (left, right), colour)
        ax.plot(
            *([row["bop"]], [y], marker),
            color=colour,
            markerfacecolor=colour if filled else "white",
            markersize=5.5,
            zorder=3,
            linestyle="none",
            label=None if row["verdict"] in shown else row["verdict"],
        )
        shown.add(row["verdict"])


def _interval(
    ax: Axes, low: float, high: float, y: float, ends: tuple[float, float], colour: str
) -> None:
    """Draw an interval; an arrow head stands where it leaves the plot."""
    if np.isnan(low) or np.isnan(high):
        return
    ax.hlines(y, max(low, ends[0]), min(high, ends[1]), color=colour, linewidth=1.3)
    for gone, end, marker in ((low < ends[0], ends[0], "<"), (high > ends[1], ends[1], ">")):
        if gone:
            ax.plot([end], [y], marker, color=colour, markersize=5, clip_on=False, linestyle="none")


def _cells(data: pd.DataFrame, show: Shown, level: float) -> tuple[dict[str, list[str]], list[str]]:
    """Return the texts of the columns left of the plot by header, and of the one right of it."""
    masked = data["status"] == MASKED
    none = np.where(masked, MASK, "–").tolist()

    def filled(values: pd.Series[Any], texts: list[str]) -> list[str]:
        known = values.notna()
        return [t if k else dash for t, k, dash in zip(texts, known, none, strict=True)]

    left = {"n": filled(data["n"], [f"{n:,g}" for n in data["n"]])}
    if data["events"].notna().any():
        each = zip(data["events"], data["percent"], strict=True)
        left["events (%)"] = filled(data["percent"], [f"{e:,g} ({p:.1f})" for e, p in each])
    for name in ("generic", "personalized"):
        cost = data[f"cost_{name}"]
        left[f"{name}\ncost"] = filled(cost, [show(value) for value in cost])
    right = [f"BoP ({level:g} % CI)"]
    for row in data.to_dict("records"):
        limits = [_signed(row[end], show) for end in ("ci_low", "ci_upp")]
        text = _signed(row["bop"], show)
        if np.isnan(row["bop"]):
            text = "–" if row["status"] == "ok" else row["status"]
        elif not np.isnan([row["ci_low"], row["ci_upp"]]).any():
            text += f" ({limits[0]} to {limits[1]})"
        right.append(text)
    return left, right


def _signed(value: float, show: Shown) -> str:
    """Write a minus sign as a minus sign, as wide as a digit."""
    return show(value).replace("-", "−")


def _columns(
    ax: Axes,
    data: pd.DataFrame,
    labels: list[str],
    places: FloatArray,
    show: Shown,
    level: float,
    *,
    resize: bool,
) -> None:
    """Write the columns beside the Axes, as far apart as their texts need."""
    left, right = _cells(data, show, level)
    top = places.max() + 1.6

    def write(text: str, y: float, offset: float, side: str, *, header: bool) -> Annotation:
        where = 0.0 if offset < 0 else 1.0
        return ax.annotate(
            text,
            (where, y),
            xytext=(offset, 0.0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha=side,
            va="bottom" if header else "center",
            fontsize=TEXT_SIZE,
            fontweight="bold" if header or y == places[-1] else "normal",
            annotation_clip=False,
            linespacing=1.0,
        )

    def column(header: str, texts: Sequence[str], offset: float, side: str) -> list[Annotation]:
        found = [
            write(t, y, offset, side, header=False) for t, y in zip(texts, places, strict=True)
        ]
        return [write(header, top, offset, side, header=True), *found]

    edge = -_GAP
    for header, texts in reversed(left.items()):
        edge -= max(size_in_points(t)[0] for t in column(header, texts, edge, "right")) + _GAP
    cells = column("group", labels, edge, "right")
    widest = max(size_in_points(t)[0] for t in cells)
    for cell in cells:  # labels start at one line, flush left
        cell.set_horizontalalignment("left")
        cell.xyann = (edge - widest, 0.0)
    after = column(right[0], right[1:], _GAP, "left")
    if resize:
        beside = widest - edge + max(size_in_points(t)[0] for t in after) + 2 * _GAP
        figure: Any = ax.get_figure(root=True)
        figure.set_size_inches(_PLOT_INCHES + beside / 72.0, figure.get_figheight())


def _dress(ax: Axes, data: pd.DataFrame, places: FloatArray, show: Shown, unit: str) -> None:
    name = cost_name(str(data["cost"].iloc[0]))
    ax.set_yticks(places, [""] * len(places))
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", labelsize=TEXT_SIZE)
    ax.locator_params(axis="x", nbins=5)
    ax.spines[["left", "top", "right"]].set_visible(False)
    for text, offset, side in (("← worse", -4.0, "right"), ("better →", 4.0, "left")):
        ax.annotate(
            *(text, (0.0, 0.0)),
            xytext=(offset, -26.0),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha=side,
            fontsize=TEXT_SIZE,
        )
    words = f"BoP: generic minus personalized cost, {unit or name}"
    if show.power:
        words += f"\ncolumns in units of 10^{show.power}"
    ax.set_xlabel(words, fontsize=TEXT_SIZE, labelpad=14.0)
    ax.set_title(f"Benefit of personalization by group: {name}", fontsize=TITLE_SIZE, pad=34)
    figure: Any = ax.get_figure(root=True)
    below = ScaledTranslation(0.0, -48.0 / 72.0, figure.dpi_scale_trans)
    ax.legend(
        frameon=False,
        fontsize=TEXT_SIZE,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        bbox_transform=ax.transAxes + below,
        borderaxespad=0.0,
        ncols=2,
        title="markers: verdict by Holm-adjusted p",
        title_fontsize=TEXT_SIZE,
    )
