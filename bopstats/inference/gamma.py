"""gamma, the smallest group benefit, with limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bopstats._notebook import Framed
from bopstats._typing import FloatArray
from bopstats.inference.estimates import Estimates


@dataclass(frozen=True)
class Gamma(Framed):
    """The smallest benefit over the groups covered.

    `value` is biased downward, being the minimum of noisy estimates; the limits are not. `group`
    is the group that is smallest in most partitions; `covers` says of how many groups out of
    all: those with a test, or where the metric has none, those with an estimate.
    """

    value: float
    group: str
    ci_low: float
    ci_upp: float
    covers: tuple[int, int]
    note: str = ""

    def to_frame(self) -> pd.DataFrame:
        """Return one row: `gamma`, `group`, `ci_low`, `ci_upp`, `covers`, `of_groups`, `note`."""
        return pd.DataFrame(
            {
                "gamma": [self.value],
                "group": [self.group],
                "ci_low": [self.ci_low],
                "ci_upp": [self.ci_upp],
                "covers": [self.covers[0]],
                "of_groups": [self.covers[1]],
                "note": [self.note],
            }
        )

    def __str__(self) -> str:
        """Return one line with estimate, group and limits."""
        return (
            f"gamma = {self.value:.6g} ({self.group}), limits [{self.ci_low:.6g}, "
            f"{self.ci_upp:.6g}], covers {self.covers[0]} of {self.covers[1]} groups"
            + (f" ({self.note})" if self.note else "")
        )


def smallest_benefit(estimates: Estimates, labels: tuple[str, ...], note: str = "") -> Gamma:
    """Return gamma and its confidence limits.

    Parameters
    ----------
    estimates : Estimates
        One cost's figures.
    labels : tuple of str
        Group labels.
    note : str
        What marks the number wherever it shows.

    Notes
    -----
    In each partition the lower limit is the smallest lower limit of a group, without correction
    (γ ≥ L iff every group's benefit is); the upper limit is the smallest of the groups' upper
    limits at alpha/(2a) for a groups (Bonferroni), since γ is at most every group's benefit.
    The value is the mean over partitions of the smallest benefit, the limits are medians.
    """
    columns = np.flatnonzero(estimates.tested if estimates.tested.any() else estimates.covered)
    covers = (len(columns), estimates.n_groups)
    if not len(columns):
        return Gamma(np.nan, "none", np.nan, np.nan, covers)

    def smallest(values: FloatArray) -> FloatArray:
        return np.asarray(values[:, columns].min(axis=1), dtype=np.float64)

    bop = estimates.bop[:, columns]
    if np.isnan(bop).any():
        return Gamma(np.nan, "not computable", np.nan, np.nan, covers)
    places = np.bincount(bop.argmin(axis=1), minlength=len(columns))
    return Gamma(
        float(smallest(estimates.bop).mean()),
        labels[columns[int(places.argmax())]],
        float(np.median(smallest(estimates.low))),
        float(np.median(smallest(estimates.bonferroni_high))),
        covers,
        note,
    )
