"""What all figures share: colours, markers, literal labels, new Axes and grids of panels.

Colours are those of Okabe and Ito (2008), safe for the colour-blind; markers, line styles and
hatches tell things apart in black and white. Nothing here changes matplotlib's settings.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes as Axes  # the results name this type
from matplotlib.text import Text

from bopstats._validation import fail
from bopstats.inference.verdicts import BENEFITS, CANNOT_BE_TOLD, CANNOT_TELL, HARMS

BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK = COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"),
)
GREY = "#595959"
STYLES = ("-", "--", "-.", ":")
TEXT_SIZE, TITLE_SIZE = 8.0, 9.5
LINE = 0.165  # inches that a line of text of TEXT_SIZE takes in a list
_PANEL_LETTERS = 34

# A verdict's marker, colour, and whether the marker is filled.
VERDICTS = {
    BENEFITS: ("^", BLUE, True),
    HARMS: ("v", VERMILION, True),
    CANNOT_TELL: ("o", BLACK, False),
    CANNOT_BE_TOLD: ("X", GREY, False),
}
COST_NAMES = {
    "brier": "Brier score",
    "zero_one": "0–1 loss",
    "log_loss": "log loss",
    "squared_error": "squared error",
    "absolute_error": "absolute error",
    "deviance": "deviance",
    "net_benefit": "minus net benefit",
    "auc": "minus AUC",
    "r2": "minus R²",
    "sufficiency": "sufficiency",
    "incomprehensiveness": "incomprehensiveness",
}
PLAN_LABELS = {
    "n_total": "people in the study, n",
    "k": "yes/no personal attributes, k",
    "effect": "smallest benefit of a group, ε",
}


def literal(label: object) -> str:
    r"""Return a label that matplotlib shows as it is, on one line.

    A dollar sign would start mathematics, so it is escaped; control characters become blanks.

    Examples
    --------
    >>> print(literal("$x_1$\n& <b>"))
    \$x_1\$ & <b>
    """
    text = "".join(" " if unicodedata.category(c) == "Cc" else c for c in str(label))
    return " ".join(text.split()).replace("$", r"\$")


def wrapped(label: object, width: int) -> str:
    """Return a literal label in lines of at most `width` characters."""
    return "\n".join(textwrap.wrap(literal(label), width, break_on_hyphens=False)) or "–"


def cost_name(cost: str) -> str:
    """Return a cost's name in a sentence."""
    return COST_NAMES.get(cost, literal(cost))


def axes_for(ax: Axes | None, *, width: float = 6.0, height: float = 4.2) -> Axes:
    """Return the Axes given, or one in a new figure of `width` × `height` inches."""
    return ax if ax is not None else grid_for(None, 1, columns=1, width=width, height=height)[0]


def grid_for(
    ax: Any, count: int, *, columns: int, width: float, height: float, share: bool = True
) -> list[Axes]:
    """Return `count` panels: the Axes given, or new ones of `width` × `height` inches.

    Raises
    ------
    ArgumentError
        If there are not as many Axes as panels.
    """
    if ax is not None:
        given = [ax] if isinstance(ax, Axes) else list(np.ravel(ax))
        if len(given) != count or not all(isinstance(each, Axes) for each in given):
            fail("ax", f"{len(given)} objects", f"{count} matplotlib Axes, one a panel")
        return given
    import matplotlib.pyplot as plt

    columns = min(columns, count)
    rows = -(-count // columns)
    figure, panels = plt.subplots(
        *(rows, columns),
        figsize=(width * columns, height * rows),
        layout="constrained",
        sharex=share,
        sharey=share,
        squeeze=False,
    )
    for panel in panels.flat:
        panel.spines[["top", "right"]].set_visible(False)
    for spare in panels.flat[count:]:
        figure.delaxes(spare)
    # The lowest panel of every column shows its ticks, also above a place that stays empty.
    for panel in panels.flat[max(count - columns, 0) : count]:
        panel.xaxis.set_tick_params(labelbottom=True)
    return list(panels.flat[:count])


def size_in_points(text: Text) -> tuple[float, float]:
    """Return a text's width and height in points."""
    box = text.get_window_extent()
    scale = 72.0 / text.get_figure(root=True).dpi  # type: ignore[union-attr]
    return box.width * scale, box.height * scale


def line_height(labels: Sequence[str]) -> float:
    """Return how many lines the longest of some wrapped labels has."""
    return float(max((label.count("\n") + 1 for label in labels), default=1))


def panels_per_row(count: int) -> int:
    """Return how many panels of a grid stand side by side, the last row as full as can be."""
    choices = (6, 5) if count > 20 else (4, 5)
    return min(count, min(choices, key=lambda columns: -count % columns))


def panel_title(ax: Axes, group: object) -> None:
    """Write a group's label above its panel."""
    ax.set_title(wrapped(group, _PANEL_LETTERS), fontsize=TEXT_SIZE, linespacing=1.0)


def say_instead(ax: Axes, words: str) -> None:
    """Write why there is nothing to see."""
    ax.text(
        *(0.5, 0.5, words),
        transform=ax.transAxes,
        ha="center",
        va="center",
        fontsize=TEXT_SIZE,
        color=GREY,
        fontstyle="italic",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
    )


def label_below(panels: Sequence[Axes], x: str, y: str, columns: int) -> None:
    """Name the axes of a grid at its edges, with one legend for all panels."""
    for i, panel in enumerate(panels):
        if i % columns == 0:
            panel.set_ylabel(wrapped(y, _PANEL_LETTERS // 2), fontsize=TEXT_SIZE)
        if i + columns >= len(panels):
            panel.set_xlabel(wrapped(x, _PANEL_LETTERS), fontsize=TEXT_SIZE)
    found = (panel.get_legend_handles_labels() for panel in panels)
    handles, labels = next((each for each in found if each[0]), ([], []))
    if handles:
        figure: Any = panels[0].get_figure(root=True)
        figure.legend(
            *(handles, labels),
            loc="outside lower center",
            ncols=len(labels),
            frameon=False,
            fontsize=TEXT_SIZE,
        )
