"""How many attributes a study can check, against its size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bopstats.planning import attribute_budget
from bopstats.plotting.style import COLOURS, PLAN_LABELS, STYLES, axes_for, literal


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
    ax = axes_for(ax)
    for i, (label, rows) in enumerate(data.groupby("law", sort=False)):
        colour, style = COLOURS[i % len(COLOURS)], STYLES[i % len(STYLES)]
        shown = rows[rows["exact"] >= 0]
        ax.plot(
            shown["n_total"], shown["exact"], color=colour, linestyle=style, label=literal(label)
        )
        ax.step(
            rows["n_total"], rows["achievable"], where="post", color=colour, alpha=0.5, linewidth=1
        )
    ax.set_xscale("log")
    ax.set_ylim(bottom=0)
    ax.set_xlabel(PLAN_LABELS["n_total"])
    ax.set_ylabel(PLAN_LABELS["k"])
    ax.set_title(
        f"benefit ε = {effect:g}, type I + type II error {max_error:g}\n"
        "lines: no test can check more; steps: reached on equal groups",
        fontsize=10,
    )
    ax.legend(frameon=False)
    return ax
