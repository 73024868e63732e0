"""Histograms of the individual benefit by group, with the law that bounds are computed from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from bopstats._typing import FloatArray
from bopstats._validation import check_count
from bopstats.groups import POPULATION
from bopstats.plotting.style import (
    BLACK,
    BLUE,
    SKY,
    TEXT_SIZE,
    VERMILION,
    grid_for,
    label_below,
    panel_title,
    panels_per_row,
    say_instead,
)
from bopstats.tables.suppression import MASKED

_TAIL = 0.005  # share of benefits left out of the axis at each end: they are in the outer bins
_VALUES = (-1.0, 0.0, 1.0)


def individual_data(
    people: pd.DataFrame,
    *,
    integer: bool,
    bins: int = 25,
    masked: Sequence[str] = (),
    least: int = 0,
) -> pd.DataFrame:
    """Return what `individual` draws.

    Parameters
    ----------
    people : DataFrame
        A row a person and partition, with `group` (categorical, in the groups' order),
        `benefit` and `weight`.
    integer : bool
        Whether benefits are −1, 0 or +1.
    bins : int
        Bars of a real-valued benefit, the same for all groups; the outer ones also hold the 0.5 %
        of people beyond each end.
    masked : sequence of str
        Groups, or the population, that have no bars.
    least : int
        Neighbouring bars of a real-valued benefit are merged until each holds so many rows. The
        population keeps the ends that all groups share (those masked count as one), so that no
        smaller bar is left when groups are taken from it.

    Returns
    -------
    DataFrame
        A row a group and bar, the population last: `group`, `low`, `high` (the bar's ends),
        `share` (of the group's people), `mean` and `sd` of the group's benefits, and `status`
        ("ok", or "masked" with a single row).
    """
    count = check_count("bins", bins)
    edges = _edges(people["benefit"].to_numpy(np.float64), integer, count, least)
    hidden = people["group"].isin(masked)
    bars = {g: _merged(rows, edges, least) for g, rows in people.groupby("group", observed=True)}
    shared = [ends for group, ends in bars.items() if group not in masked]
    if hidden.any():
        shared.append(_merged(people[hidden], edges, least))
    everyone = [(POPULATION, people, reduce(np.intersect1d, shared))]
    parts = [(g, people[people["group"] == g], ends) for g, ends in bars.items()] + everyone
    nothing = dict.fromkeys(("share", "mean", "sd"), np.nan)
    blank = pd.DataFrame({"low": edges[:1], "high": edges[-1:], **nothing, "status": MASKED})
    return pd.concat(
        [
            (blank if group in masked else _bars(rows, ends)).assign(group=group)
            for group, rows, ends in parts
        ],
        ignore_index=True,
    )[["group", "low", "high", "share", "mean", "sd", "status"]]


def _bars(rows: pd.DataFrame, edges: FloatArray) -> pd.DataFrame:
    """Return the share of people between the edges."""
    value, weight = (rows[name].to_numpy(np.float64) for name in ("benefit", "weight"))
    counts, _ = np.histogram(np.clip(value, edges[0], edges[-1]), edges, weights=weight)
    mean = float(np.average(value, weights=weight))
    spread = float(np.sqrt(np.average((value - mean) ** 2, weights=weight)))
    columns = {"low": edges[:-1], "high": edges[1:], "share": counts / weight.sum()}
    return pd.DataFrame({**columns, "mean": mean, "sd": spread, "status": "ok"})


def _edges(benefit: FloatArray, integer: bool, bins: int, least: int) -> FloatArray:
    if integer:
        return np.array([-1.5, -0.5, 0.5, 1.5])
    known = benefit[np.isfinite(benefit)]
    tail = min(max(_TAIL, least / max(len(known), 1)), 0.5)
    low, high = np.quantile(known, [tail, 1.0 - tail])
    if not high > low:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, bins + 1)


def _merged(rows: pd.DataFrame, edges: FloatArray, least: int) -> FloatArray:
    """Leave out edges until `least` rows lie between any two."""
    if not least:
        return edges
    value = np.clip(rows["benefit"].to_numpy(np.float64), edges[0], edges[-1])
    counts, _ = np.histogram(value, edges)
    kept, held = [0], 0
    for i, count in enumerate(counts, start=1):
        held += count
        if held >= least:
            kept, held = [*kept, i], 0
    if kept[-1] < len(counts):  # too few are left: they join the last bar
        kept = [*kept[:-1], len(counts)] if len(kept) > 1 else [0, len(counts)]
    return edges[kept]


def individual(
    people: pd.DataFrame,
    *,
    integer: bool,
    unit: str = "",
    bins: int = 25,
    masked: Sequence[str] = (),
    least: int = 0,
    ax: Any = None,
) -> list[Axes]:
    """Draw the individual benefits of each group.

    Parameters
    ----------
    people, integer, bins, masked, least
        As in `individual_data`.
    unit : str
        What one unit of the cost is, in words.
    ax : Axes or sequence of Axes, optional
        One a group, and one for the population.

    Returns
    -------
    list of Axes
        One a group, the population last. Real-valued benefits: the share of people in each bar,
        with the normal law of the group's mean and standard deviation; else the shares of −1, 0
        and +1, on a square-root scale.
    """
    data = individual_data(people, integer=integer, bins=bins, masked=masked, least=least)
    groups = list(dict.fromkeys(data["group"]))
    columns = panels_per_row(len(groups))
    panels = grid_for(ax, len(groups), columns=columns, width=2.3, height=1.9)
    for panel, group in zip(panels, groups, strict=True):
        rows = data[data["group"] == group]
        if (rows["status"] == MASKED).any():
            say_instead(panel, MASKED)
        elif integer:
            _counts(panel, rows)
        else:
            _histogram(panel, rows, bins)
        panel.tick_params(labelsize=TEXT_SIZE - 1)
        panel_title(panel, group)
    share = "share of people" + (" (root scale)" if integer else "")
    label_below(panels, f"individual benefit, {unit}".rstrip(", "), share, columns)
    return panels


def _counts(ax: Axes, rows: pd.DataFrame) -> None:
    bars = ax.bar(_VALUES, rows["share"], width=0.7, color=[VERMILION, "white", BLUE])
    for bar, hatch in zip(bars, ("////", "", "...."), strict=True):
        bar.set(edgecolor=BLACK, linewidth=0.8, hatch=hatch)
    for value, share in zip(_VALUES, rows["share"], strict=True):
        ax.annotate(
            *(f"{share:.3f}", (value, share)),
            xytext=(0.0, 2.0),
            textcoords="offset points",
            ha="center",
            fontsize=TEXT_SIZE - 1,
        )
    ax.set_xticks(_VALUES, ["−1\nharmed", "0\nno change", "+1\nhelped"])
    # Few predictions change: on a straight scale their bars would not be seen.
    ax.set_yscale("function", functions=(lambda y: np.sqrt(np.maximum(y, 0.0)), np.square))
    ax.set_yticks([0.0, 0.05, 0.25, 0.5, 1.0])
    ax.set_ylim(0.0, 1.3)


def _histogram(ax: Axes, rows: pd.DataFrame, bins: int) -> None:
    low, high = rows["low"].to_numpy(), rows["high"].to_numpy()
    width = (high[-1] - low[0]) / bins
    # A bar that was merged from several is as high as they are on average.
    ax.bar(
        *(low, rows["share"] / np.rint((high - low) / width), high - low),
        align="edge",
        color=SKY,
        edgecolor="white",
        linewidth=0.4,
        label="people",
    )
    ax.axvline(0.0, color=BLACK, linewidth=0.8)
    mean, spread = rows["mean"].iloc[0], rows["sd"].iloc[0]
    if spread > 0:
        x = np.linspace(low[0], high[-1], 201)
        density = stats.norm.pdf(x, mean, spread) * width
        ax.plot(x, density, color=VERMILION, linewidth=1.1, label="normal law, same mean and sd")
    ax.plot([mean], [0.0], "^", color=BLACK, markersize=5, clip_on=False, label="mean: BoP")
    ax.locator_params(axis="x", nbins=4)
