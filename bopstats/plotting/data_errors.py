"""Could these data tell? The error of the best test of the data's own groups, by effect."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bopstats._validation import check_real, check_share
from bopstats.inference.gamma import Gamma
from bopstats.plotting.style import (
    BLACK,
    BLUE,
    GREY,
    ORANGE,
    TEXT_SIZE,
    TITLE_SIZE,
    VERMILION,
    axes_for,
    cost_name,
    say_instead,
)
from bopstats.tables.suppression import MASKED

_LOOKS = {"certified": (GREY, "", "-."), "plug-in": (BLUE, "....", "--")}
_OTHERS = (VERMILION, "\\\\\\\\", ":")


def data_error_curve_data(band: pd.DataFrame) -> pd.DataFrame:
    """Return what `data_error_curve` draws.

    Parameters
    ----------
    band : DataFrame
        What `bopstats.inference.testability.error_band` returned.

    Returns
    -------
    DataFrame
        A row a law and effect: `law`, `kind`, `effect`, `error_lower`, `error_upper`.
    """
    return band[["law", "kind", "effect", "error_lower", "error_upper"]].reset_index(drop=True)


def data_error_curve(
    band: pd.DataFrame,
    gamma: Gamma,
    *,
    cost: str,
    unit: str = "",
    effect: float | None = None,
    max_error: float = 0.5,
    masked: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw the summed error of the best test against the effect, with the data's own groups.

    Parameters
    ----------
    band : DataFrame
        As in `data_error_curve_data`.
    gamma : Gamma
        The smallest group benefit, marked with its limits at the bottom.
    cost : str
        Its name.
    unit : str
        What one unit of the cost is, in words.
    effect : float, optional
        Smallest benefit that matters, drawn as a line.
    max_error : float
        Largest tolerable summed error, drawn as a line.
    masked : bool
        Whether the band is left out because it would give small groups away.
    ax : Axes, optional
        Where to draw.

    Returns
    -------
    Axes
        A band a law: no test has an error below it, and the min-of-means test reaches its upper
        edge.
    """
    data = data_error_curve_data(band)
    ax = axes_for(ax, width=6.4, height=4.6)
    used: set[str] = set()
    for name, rows in data.groupby("law", sort=False):
        kind = str(rows["kind"].iloc[0])
        looks = _OTHERS if kind in used else _LOOKS[kind]
        used.add(kind)
        _band(ax, f"{name} law ({kind})", rows, looks)
    limit = check_share("max_error", max_error)
    label = f"largest error accepted, {limit:g}"
    ax.axhline(limit, color=BLACK, linewidth=0.9, linestyle=":", label=label)
    if effect is not None:
        at = check_real("effect", effect, low=0.0)
        label = f"smallest benefit that matters, ε = {at:g}"
        ax.axvline(at, color=ORANGE, linewidth=1.4, linestyle=(0, (4, 2)), label=label)
    if data.empty:
        why = "bounds depend on the sizes of all groups" if masked else "no group has bounds"
        say_instead(ax, f"{MASKED}: {why}" if masked else why)
    else:
        _position(ax, gamma, float(data["effect"].max()))
    ax.set_ylim(-0.02, 1.04)
    ax.set_xlabel(f"smallest benefit of a group, {unit}".rstrip(", "), fontsize=TEXT_SIZE)
    ax.set_ylabel("type I + type II error of the best test", fontsize=TEXT_SIZE)
    ax.tick_params(labelsize=TEXT_SIZE)
    words = f"{cost_name(cost)}: could these groups tell?"
    ax.set_title(words, fontsize=TITLE_SIZE)
    ax.legend(frameon=False, fontsize=TEXT_SIZE, loc="upper center", bbox_to_anchor=(0.5, -0.13))
    return ax


def _band(ax: Axes, label: str, rows: pd.DataFrame, looks: tuple[str, str, str]) -> None:
    colour, hatch, style = looks
    x, low, high = (rows[name].to_numpy() for name in ("effect", "error_lower", "error_upper"))
    # Without an upper bound all that is known is that guessing has an error of 1.
    ax.fill_between(
        *(x, low, np.where(np.isnan(high), 1.0, high)),
        where=np.isfinite(low),
        facecolor=(colour, 0.18),
        edgecolor=(colour, 0.35),
        hatch=hatch,
        linewidth=0.0,
        label=f"{label}: no test is below the band, its upper edge is reached",
    )
    ax.plot(x, low, color=colour, linestyle=style, linewidth=1.3)
    ax.plot(x, high, color=colour, linestyle="-", linewidth=1.3)


def _position(ax: Axes, gamma: Gamma, right: float) -> None:
    """Mark the smallest benefit seen at the axis; the axis shows it also below 0."""
    if not np.isfinite(gamma.value):
        ax.set_xlim(0.0, right)
        return
    left = min(0.0, gamma.value) - 0.03 * right
    ax.set_xlim(max(left, -right), right)
    limits = np.clip([gamma.ci_low, gamma.ci_upp], *ax.get_xlim())
    if not np.isnan(limits).any():
        ax.hlines(0.0, *limits, color=BLACK, linewidth=2.0, zorder=4)
    label = "smallest benefit seen (estimated too small on average), with its limits"
    ax.plot(
        [gamma.value],
        [0.0],
        "D",
        color=BLACK,
        markersize=5,
        label=label,
        zorder=5,
        linestyle="none",
    )
    ax.axvline(0.0, color=BLACK, linewidth=0.6)
