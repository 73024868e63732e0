"""Figures: the only file that touches matplotlib.

Each function draws on an Axes and returns it; its twin ``*_data`` returns what is drawn. Colours
are those of Okabe and Ito, safe for the colour-blind; line styles tell curves apart in black and
white.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bopstats._validation import check_count, check_share, fail
from bopstats.planning import AttributeMenu, attribute_budget
from bopstats.theory import error_lower_bound, error_upper_bound

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_STYLES = ("-", "--", "-.", ":")
_XLABELS = {
    "n_total": "people in the study, n",
    "k": "yes/no personal attributes, k",
    "effect": "smallest benefit of a group, ε",
}


def error_curve_data(
    law: Any, *, n_total: npt.ArrayLike, k: npt.ArrayLike, effect: npt.ArrayLike, levels: int = 2
) -> pd.DataFrame:
    """Return what `error_curve` draws.

    Parameters
    ----------
    law : Law
        Law of the individual benefit.
    n_total, k, effect : number or sequence
        People in all, attributes, and effect; exactly one of them is a sequence.
    levels : int
        Levels of each attribute.

    Returns
    -------
    DataFrame
        The varied argument, `error_lower` and `error_upper`: the summed error of the best test of
        "every group benefits" lies between them, for equal groups.

    Raises
    ------
    ArgumentError
        If not exactly one argument is a sequence.

    Examples
    --------
    >>> from bopstats.theory import Gaussian
    >>> frame = error_curve_data(Gaussian(0.1), n_total=[1000, 4000], k=2, effect=0.02)
    >>> bool((frame["error_lower"] <= frame["error_upper"]).all())
    True
    """
    given = {"n_total": n_total, "k": k, "effect": effect}
    varied = [name for name, value in given.items() if np.ndim(value) == 1]
    if len(varied) != 1:
        fail("n_total, k, effect", f"{len(varied)} sequences", "exactly one sequence")
    arrays = {name: np.asarray(value, dtype=np.float64) for name, value in given.items()}
    groups = float(levels) ** arrays["k"]
    sizes = arrays["n_total"] / groups
    shape = np.broadcast_shapes(sizes.shape, arrays["effect"].shape)
    call = (arrays["effect"], sizes, law)
    return pd.DataFrame(
        {
            varied[0]: arrays[varied[0]],
            "error_lower": np.broadcast_to(error_lower_bound(*call, n_groups=groups), shape),
            "error_upper": np.broadcast_to(error_upper_bound(*call, n_groups=groups), shape),
        }
    )


def error_curve(
    law: Any,
    *,
    n_total: npt.ArrayLike,
    k: npt.ArrayLike,
    effect: npt.ArrayLike,
    levels: int = 2,
    max_error: float = 0.5,
    ax: Axes | None = None,
) -> Axes:
    """Draw the error of the best test as a band, against n, k or the effect.

    Parameters
    ----------
    law, n_total, k, effect, levels
        As in `error_curve_data`.
    max_error : float
        Largest tolerable summed error, drawn as a line.
    ax : Axes, optional
        Where to draw.

    Returns
    -------
    Axes
        The y axis is type I + type II error, 1 for guessing.
    """
    data = error_curve_data(law, n_total=n_total, k=k, effect=effect, levels=levels)
    name = str(data.columns[0])
    ax = _axes(ax)
    x = data[name]
    ax.fill_between(
        x, data["error_lower"], data["error_upper"], color=_COLOURS[0], alpha=0.25, linewidth=0
    )
    ax.plot(x, data["error_upper"], color=_COLOURS[0], linestyle="-", label="can be reached")
    ax.plot(x, data["error_lower"], color=_COLOURS[0], linestyle="--", label="no test does better")
    ax.axhline(check_share("max_error", max_error), color="black", linewidth=0.8, linestyle=":")
    if name == "n_total":
        ax.set_xscale("log")
    ax.set_ylim(0, 1.02)
    ax.set_xlabel(_XLABELS[name])
    ax.set_ylabel("type I + type II error")
    ax.set_title(_fixed(law, {"n_total": n_total, "k": k, "effect": effect}, name), fontsize=10)
    ax.legend(frameon=False)
    return ax


def _fixed(law: Any, given: Mapping[str, Any], varied: str) -> str:
    marks = {"n_total": "n", "k": "k", "effect": "ε"}
    parts = [f"{marks[name]} = {value:,g}" for name, value in given.items() if name != varied]
    return f"{law.describes}\n{', '.join(parts)}"


def budget_curve_data(
    n_total: Sequence[float], effect: float, laws: Mapping[str, Any], *, max_error: float = 0.5
) -> pd.DataFrame:
    """Return what `budget_curve` draws.

    Parameters
    ----------
    n_total : sequence of float
        People in all.
    effect : float
        Smallest benefit of a group.
    laws : mapping of str to Law
        Label and law of the individual benefit.
    max_error : float
        Largest tolerable summed error.

    Returns
    -------
    DataFrame
        Columns `law`, `n_total`, `exact` (yes/no attributes that no test can exceed, any
        allocation of people to groups) and `achievable` (whole number that the min-of-means test
        reaches on equal groups; nan for none).
    """
    rows = []
    for label, law in laws.items():
        for n in n_total:
            budget = attribute_budget(n, effect, law, max_error=max_error)
            reached = budget.achievable
            rows.append(
                {
                    "law": label,
                    "n_total": float(n),
                    "exact": float(budget.exact),
                    "achievable": float(reached) if isinstance(reached, int) else np.nan,
                }
            )
    return pd.DataFrame(rows)


def budget_curve(
    n_total: Sequence[float],
    effect: float,
    laws: Mapping[str, Any],
    *,
    max_error: float = 0.5,
    ax: Axes | None = None,
) -> Axes:
    """Draw how many attributes a study can check, against its size, for several laws.

    Parameters
    ----------
    n_total, effect, laws, max_error
        As in `budget_curve_data`.
    ax : Axes, optional
        Where to draw.

    Returns
    -------
    Axes
        Lines: no test can check more; steps: reached by the min-of-means test on equal groups.
    """
    data = budget_curve_data(n_total, effect, laws, max_error=max_error)
    ax = _axes(ax)
    for i, (label, rows) in enumerate(data.groupby("law", sort=False)):
        colour, style = _COLOURS[i % len(_COLOURS)], _STYLES[i % len(_STYLES)]
        shown = rows[rows["exact"] >= 0]
        ax.plot(shown["n_total"], shown["exact"], color=colour, linestyle=style, label=str(label))
        ax.step(
            rows["n_total"], rows["achievable"], where="post", color=colour, alpha=0.5, linewidth=1
        )
    ax.set_xscale("log")
    ax.set_ylim(bottom=0)
    ax.set_xlabel(_XLABELS["n_total"])
    ax.set_ylabel(_XLABELS["k"])
    ax.set_title(
        f"benefit ε = {effect:g}, type I + type II error {max_error:g}\n"
        "lines: no test can check more; steps: reached on equal groups",
        fontsize=10,
    )
    ax.legend(frameon=False)
    return ax


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
    ax = _axes(ax, width=8.5, height=1.4 + 0.28 * len(data))
    looks = {"verifiable": ("o", 2), "not settled by theory": ("D", 4), "not verifiable": ("x", 1)}
    places = np.arange(len(data))[::-1]
    for verdict, (marker, colour) in looks.items():
        chosen = (data["verdict"] == verdict).to_numpy()
        if not chosen.any():
            continue
        rows, at = data[chosen], places[chosen]
        upper = rows["error_upper"].fillna(1.0)
        ax.hlines(at, rows["error_lower"], upper, color=_COLOURS[colour], linewidth=3, alpha=0.5)
        shade = _COLOURS[colour]
        ax.plot(upper, at, marker, color=shade, linestyle="none", label=verdict)
        ax.plot(rows["error_lower"], at, marker, color=shade, linestyle="none")
    names = [name or "(everyone pooled)" for name in data["attributes"]]
    sizes = data["smallest_group"]
    ax.set_yticks(
        places, [f"{name}  (smallest {size:,.0f})" for name, size in zip(names, sizes, strict=True)]
    )
    ax.axvline(menu.max_error, color="black", linewidth=0.8, linestyle=":")
    ax.set_xlim(-0.02, 1.02)
    ax.set_xlabel("type I + type II error of the best test")
    ax.set_title(f"n = {menu.n_total:,.0f}, ε = {menu.effect:g}\n{menu.law.describes}", fontsize=10)
    ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3)
    return ax


def _axes(ax: Axes | None, *, width: float = 6.0, height: float = 4.2) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    _, new = plt.subplots(figsize=(width, height), layout="constrained")
    new.spines[["top", "right"]].set_visible(False)
    return new
