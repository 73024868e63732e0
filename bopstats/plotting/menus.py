"""A menu of sets of attributes, each with the error of the best test."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bopstats._validation import check_count
from bopstats.planning import AttributeMenu
from bopstats.plotting.style import COLOURS, axes_for, literal


def menu_chart_data(menu: AttributeMenu, *, most: int = 40) -> pd.DataFrame:
    """Return what `menu_chart` draws: the first `most` rows of the menu's frame."""
    return menu.to_frame().head(check_count("most", most))


def menu_chart(menu: AttributeMenu, *, most: int = 40, ax: Axes | None = None) -> Axes:
    """Draw a menu of attributes: the error of the best test as a bar a set of attributes.

    Parameters
    ----------
    menu : AttributeMenu
        What `attribute_menu` returned.
    most : int
        How many sets to draw, in the menu's order.
    ax : Axes, optional
        Where to draw.

    Returns
    -------
    Axes
        A bar runs from what no test can undercut to what the min-of-means test reaches; its
        marker and colour say whether the set is verifiable at the menu's error, the dotted line.
    """
    data = menu_chart_data(menu, most=most)
    ax = axes_for(ax, width=8.5, height=1.4 + 0.28 * len(data))
    looks = {"verifiable": ("o", 2), "not settled by theory": ("D", 4), "not verifiable": ("x", 1)}
    places = np.arange(len(data))[::-1]
    for verdict, (marker, colour) in looks.items():
        chosen = (data["verdict"] == verdict).to_numpy()
        if not chosen.any():
            continue
        rows, at = data[chosen], places[chosen]
        upper = rows["error_upper"].fillna(1.0)
        ax.hlines(at, rows["error_lower"], upper, color=COLOURS[colour], linewidth=3, alpha=0.5)
        shade = COLOURS[colour]
        ax.plot(upper, at, marker, color=shade, linestyle="none", label=verdict)
        ax.plot(rows["error_lower"], at, marker, color=shade, linestyle="none")
    names = [name or "(everyone pooled)" for name in data["attributes"]]
    sizes = data["smallest_group"]
    ax.set_yticks(
        places,
        [
            f"{literal(name)}  (smallest {size:,.0f})"
            for name, size in zip(names, sizes, strict=True)
        ],
    )
    ax.axvline(menu.max_error, color="black", linewidth=0.8, linestyle=":")
    ax.set_xlim(-0.02, 1.02)
    ax.set_xlabel("type I + type II error of the best test")
    ax.set_title(f"n = {menu.n_total:,.0f}, ε = {menu.effect:g}\n{menu.law.describes}", fontsize=10)
    ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, 0), borderaxespad=4, ncols=3)
    return ax
