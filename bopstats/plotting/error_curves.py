"""The error of the best test against a study's size, its attributes or the effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from bopstats._validation import check_share, fail
from bopstats.plotting.style import COLOURS, PLAN_LABELS, axes_for
from bopstats.theory import error_lower_bound, error_upper_bound


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
    ax = axes_for(ax)
    x = data[name]
    ax.fill_between(
        x, data["error_lower"], data["error_upper"], color=COLOURS[0], alpha=0.25, linewidth=0
    )
    ax.plot(x, data["error_upper"], color=COLOURS[0], linestyle="-", label="can be reached")
    ax.plot(x, data["error_lower"], color=COLOURS[0], linestyle="--", label="no test does better")
    ax.axhline(check_share("max_error", max_error), color="black", linewidth=0.8, linestyle=":")
    if name == "n_total":
        ax.set_xscale("log")
    elif name == "k":
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_ylim(0, 1.02)
    ax.set_xlabel(PLAN_LABELS[name])
    ax.set_ylabel("type I + type II error")
    ax.set_title(_fixed(law, {"n_total": n_total, "k": k, "effect": effect}, name), fontsize=10)
    ax.legend(frameon=False)
    return ax


def _fixed(law: Any, given: Mapping[str, Any], varied: str) -> str:
    marks = {"n_total": "n", "k": "k", "effect": "ε"}
    parts = [f"{marks[name]} = {value:,g}" for name, value in given.items() if name != varied]
    return f"{law.describes}\n{', '.join(parts)}"
