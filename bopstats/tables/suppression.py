"""Small cells: which counts may not be shown, and what else would give them away.

The principle: who knows the total and all shown groups knows the union of the masked ones. So the
union must be as safe as a group that is shown. Groups are masked, smallest first, until it is.
Only arrays and frames here, so that tables and figures mask alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from bopstats._typing import BoolArray, FloatArray
from bopstats._validation import check_count, fail

MASK, MASKED = "[c]", "masked"
PRESETS: Mapping[str, int] = {"cms": 11, "washington": 10, "manitoba": 6}
"""Smallest counts that may be shown: US Centers for Medicare & Medicaid Services (1 to 10 are not
reported, nor what they can be derived from; resdac.org), Washington State Department of Health
(below 10), Manitoba (below 6)."""

_FIGURES = (
    *("n_changed", "cost_generic", "cost_personalized", "bop", "std_err", "ci_low", "ci_upp"),
    *("p_benefit", "p_harm", "p_benefit_adjusted", "p_harm_adjusted", "partition_sd"),
)
_TEXTS = ("verdict", "note", "ci_method", "p_method")


def check_suppress(suppress: Any) -> int | None:
    """Return the smallest count that may be shown, or None.

    Examples
    --------
    >>> check_suppress("cms"), check_suppress(5), check_suppress(None)
    (11, 5, None)
    """
    if suppress is None:
        return None
    if isinstance(suppress, str):
        if suppress not in PRESETS:
            known = ", ".join(map(repr, PRESETS))
            fail("suppress", suppress, f"a count of at least 3, or one of {known}")
        return PRESETS[suppress]
    # With 2 the mask itself would say that the count is 1.
    return check_count("suppress", suppress, low=3)


def small(counts: Any, k: int) -> BoolArray:
    """Tell which counts may not be shown: above 0 and below k."""
    values = np.asarray(counts, dtype=np.float64)
    return np.asarray((values > 0) & (values < k), dtype=bool)


def protect(counts: FloatArray, k: int, masked: BoolArray | None = None) -> BoolArray:
    """Tell which groups to mask.

    Parameters
    ----------
    counts : ndarray, shape (G, m)
        m counts of each group, the number of people first. All totals are taken as known.
    k : int
        Smallest count that may be shown.
    masked : ndarray of bool, shape (G,), optional
        Groups that are masked already.

    Returns
    -------
    ndarray of bool, shape (G,)
        Every group with a count from 1 to k − 1, and as many more (smallest first) as it takes.
        All, where no choice is safe.

    Notes
    -----
    Who knows this rule knows that masked groups are not empty, and that those that were added are
    not larger than the smallest one shown, s. With m groups masked that have R people together
    each has at least R − (m − 1) s: groups are added until this is at most 1, R exceeds m, and no
    sum over the masked groups is from 1 to k − 1.

    Examples
    --------
    >>> protect(np.array([[5.0], [90.0], [40.0], [60.0]]), 11)
    array([ True, False,  True, False])
    """
    found = np.asarray(small(counts, k).any(axis=1), dtype=bool)
    if masked is not None:
        found = found | masked
    if not found.any():
        return found
    for g in np.argsort(counts[:, 0], kind="stable"):
        if _is_safe(counts, found, k):
            break
        found[g] |= counts[g, 0] > 0
    return found


def _is_safe(counts: FloatArray, masked: BoolArray, k: int) -> bool:
    """Tell whether the union of masked groups gives none of them away; see `protect`."""
    together = counts[masked].sum(axis=0)
    size, people = int(masked.sum()), together[0]
    if size < 2 or people <= size or small(together, k).any():
        return False
    shown = counts[~masked & (counts[:, 0] > 0), 0]
    # Equal sizes are taken in order, so that an added group may have to be smaller than s.
    return not len(shown) or bool(people - (size - 1) * (shown.min() - 1) <= 1)


def hides_total(counts: FloatArray, masked: BoolArray, k: int) -> bool:
    """Tell whether the sums over all groups may not be shown either.

    So it is if one of them is small, or if all groups are masked and each has one person only.
    """
    total = counts.sum(axis=0)
    present = counts[:, 0] > 0
    alone = bool(masked[present].all()) and total[0] <= present.sum()
    return bool(small(total, k).any()) or (bool(masked.any()) and alone)


def mask_frame(frame: pd.DataFrame, counts: BoolArray, figures: BoolArray) -> pd.DataFrame:
    """Mask rows of one cost's frame, the population last.

    Parameters
    ----------
    frame : DataFrame
        As `BoPResults.frame` returns it for one cost.
    counts : ndarray of bool, shape (G + 1,)
        Rows whose numbers of people and events are masked.
    figures : ndarray of bool, shape (G + 1,)
        Rows whose costs, benefits, intervals, p-values, verdicts and notes are masked.
    """
    shown = frame.copy()
    for name in ("n", "n_eff", "events"):
        shown[name] = shown[name].astype(np.float64).mask(counts)
    for name in _FIGURES:
        shown[name] = shown[name].astype(np.float64).mask(figures)
    for name in _TEXTS:
        shown[name] = shown[name].mask(figures, "")
    shown["status"] = shown["status"].mask(counts, MASKED)
    return shown


def mask_flow(flow: pd.DataFrame, k: int) -> pd.DataFrame:
    """Mask small steps of a row flow, and the sums from which they could be worked out.

    Parameters
    ----------
    flow : DataFrame
        Columns step, missing, dropped, left; the first row is what was read, the last what was
        used.
    k : int
        Smallest count that may be shown.

    Returns
    -------
    DataFrame
        The same with missing values for what is masked. If a step is masked, so are another one
        and what was left in between; if the steps together are too few, what was read.

    Examples
    --------
    >>> steps = pd.DataFrame({"step": ["read", "missing bmi", "used"], "missing": [None, 3, None],
    ...     "dropped": [0, 3, 0], "left": [100, 97, 97]})
    >>> mask_flow(steps, 11)["left"].tolist()
    [<NA>, <NA>, 97]
    """
    shown = flow.astype(dict.fromkeys(("missing", "dropped", "left"), "Int64"))
    dropped = flow["dropped"].to_numpy(dtype=np.float64)
    missing = flow["missing"].astype("Float64").fillna(0.0).to_numpy(dtype=np.float64)
    steps = np.arange(1, len(flow) - 1)
    counts = np.stack([dropped, missing, missing - dropped], axis=1)[steps]
    hide = np.zeros(len(flow), dtype=bool)
    # Only what was dropped has a known total; of the others no sum is published.
    hide[steps] = small(counts, k).any(axis=1)
    hide[steps] = protect(counts[:, :1], k, hide[steps])
    if hide.any():
        shown.loc[hide, ["missing", "dropped"]] = pd.NA
        shown.loc[steps, "left"] = pd.NA
        if small(dropped[hide].sum(), k):
            shown.loc[0, "left"] = pd.NA
    if small(flow["left"].iloc[-1], k):
        shown["left"] = pd.Series(pd.NA, index=shown.index, dtype="Int64")
    return shown
