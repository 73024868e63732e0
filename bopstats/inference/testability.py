"""Could the data tell? Laws of the individual benefit from the groups' own figures, and bounds.

Rows of what is returned: the law, the class of distributions it stands for, the bound, and
whether the law is certified for the cost or plugged in from the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from bopstats._typing import FloatArray, IntArray
from bopstats.exceptions import DomainError
from bopstats.inference.estimates import Estimates, NotComputable
from bopstats.inference.paired import clopper_pearson
from bopstats.planning import attribute_budget
from bopstats.theory import Bounded, Gaussian, Ternary, error_lower_bound, error_upper_bound

_LEVEL = 0.05
BOUNDED, GAUSSIAN, TERNARY = "bounded", "gaussian", "ternary"


@dataclass(frozen=True)
class Bounds:
    """Bounds on the summed error of any test that the groups covered allow.

    `lower`, `upper` and `attributes` are frames with a row a law; `verdict_bound` is the lower
    bound that the verdict reads, None where there is none; `note` says what is impossible.
    """

    lower: pd.DataFrame
    upper: pd.DataFrame
    attributes: pd.DataFrame
    verdict_bound: float | None
    note: str


@dataclass(frozen=True)
class _Law:
    """One named law with a law object a group (or one for all), or the reason for none."""

    name: str
    kind: str
    describes: str
    lower: Any
    upper: Any
    pooled: Any
    reason: str = ""


def data_bounds(
    estimates: Estimates, effect: float, max_error: float, groups: Sequence[int] | None = None
) -> Bounds:
    """Return error bounds and attribute caps from the data's own group sizes.

    Parameters
    ----------
    estimates : Estimates
        One cost's figures.
    effect : float
        Smallest benefit that matters, in the cost's unit, above 0.
    max_error : float
        Largest tolerable summed error, for the attribute caps.
    groups : sequence of int, optional
        Which groups; by default those covered.

    Notes
    -----
    Lower bounds use each group's rows, upper ones its effective rows. Bounded costs get the
    bounded law, certified in the worst case; 0–1 costs beside it the ternary law at the upper
    97.5 % limit of the share of changed predictions; real-valued costs the Gaussian law at the
    97.5 % limits of each group's standard deviation. The latter two are plugged in.
    """
    chosen = np.asarray(
        np.flatnonzero(estimates.covered) if groups is None else groups, dtype=np.int64
    )
    laws = _laws(estimates, chosen)
    sizes = np.median(estimates.n[:, chosen], axis=0)
    effective = np.minimum(sizes, np.median(estimates.n_eff[:, chosen], axis=0))
    total = float(sizes.sum())
    lower, upper, attributes, notes = [], [], [], []
    for law in laws:
        low = _bound(error_lower_bound, effect, sizes, law.lower, law.reason)
        high = _bound(error_upper_bound, effect, effective, law.upper, law.reason)
        if isinstance(low, NotComputable) and "a benefit this large" in low.reason:
            notes.append(low.reason)
        lower.append(_row(law, "error_lower", low))
        upper.append(_row(law, "error_upper", high))
        attributes.append(_cap(law, total, effect, max_error))
    values = [row["error_lower"] for row in lower if np.isfinite(row["error_lower"])]
    return Bounds(
        pd.DataFrame(lower),
        pd.DataFrame(upper),
        pd.DataFrame(attributes),
        values[-1] if values else None,
        notes[0] if notes else "",
    )


def _bound(function: Any, effect: float, sizes: FloatArray, law: Any, reason: str) -> Any:
    if reason:
        return NotComputable(reason)
    try:
        return float(function(effect, sizes, law))
    except DomainError as error:
        return NotComputable(f"a benefit this large is not possible here ({error})")


def _row(law: _Law, column: str, value: Any) -> dict[str, Any]:
    failed = isinstance(value, NotComputable)
    return {
        "law": law.name,
        "kind": law.kind,
        column: np.nan if failed else value,
        "describes": law.describes,
        "reason": value.reason if failed else "",
    }


def _cap(law: _Law, total: float, effect: float, max_error: float) -> dict[str, Any]:
    row: dict[str, Any] = {"law": law.name, "kind": law.kind, "reason": law.reason}
    if law.reason:
        return {**row, "lambert_w": np.nan, "necessary_any": None, "achievable": None}
    try:
        budget = attribute_budget(total, effect, law.pooled, max_error=max_error)
    except DomainError as error:
        row["reason"] = str(error)
        return {**row, "lambert_w": np.nan, "necessary_any": None, "achievable": None}
    return {
        **row,
        "lambert_w": float(budget.lambert_w),
        "necessary_any": budget.necessary_any,
        "achievable": budget.achievable,
    }


def _laws(estimates: Estimates, chosen: IntArray) -> list[_Law]:
    cost = estimates.cost
    laws: list[_Law] = []
    if cost.group_only:
        return laws
    if cost.bounds is not None:
        law = Bounded(*cost.bounds)
        laws.append(_Law(BOUNDED, "certified", law.describes, law, law, law))
    if cost.integer:
        laws.append(_ternary(estimates, chosen))
    else:
        laws.append(_gaussian(estimates, chosen))
    return laws


def _ternary(estimates: Estimates, chosen: IntArray) -> _Law:
    sizes = np.floor(np.median(estimates.n_eff[:, chosen], axis=0))
    share = np.median(estimates.changed[:, chosen] / estimates.n[:, chosen], axis=0)
    limits = [
        clopper_pearson(np.round(q * m), m, _LEVEL)[1] for q, m in zip(share, sizes, strict=True)
    ]
    laws = [Ternary(limit) for limit in limits]
    span = f"{min(limits):.1%} to {max(limits):.1%}"
    describes = f"at most {span} of a group's predictions change (upper 97.5 % limits)"
    return _Law(TERNARY, "plug-in", describes, laws, Bounded(-1.0, 1.0), Ternary(max(limits)))


def _gaussian(estimates: Estimates, chosen: IntArray) -> _Law:
    n_eff = estimates.n_eff[:, chosen]
    sigma = np.median(estimates.std_err[:, chosen] * np.sqrt(n_eff), axis=0)
    if not np.isfinite(sigma).all():
        reason = "a group's benefit does not vary"
        return _Law(GAUSSIAN, "plug-in", "", None, None, None, reason)
    df = np.maximum(np.median(n_eff, axis=0) - 1, 1.0)
    low = sigma * np.sqrt(df / stats.chi2.isf(_LEVEL / 2, df))
    high = sigma * np.sqrt(df / stats.chi2.ppf(_LEVEL / 2, df))
    pooled = float(np.sqrt(np.average(low**2, weights=df)))
    return _Law(
        GAUSSIAN,
        "plug-in",
        f"Gaussian benefits, standard deviations {sigma.min():.3g} to {sigma.max():.3g} by group",
        [Gaussian(float(s)) for s in low],
        [Gaussian(float(s)) for s in high],
        Gaussian(pooled),
    )
