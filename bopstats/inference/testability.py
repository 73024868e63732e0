"""Could the data tell? Laws of the individual benefit from the groups' own figures, and bounds.

Like every figure, bounds are computed inside each partition; their medians are reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from bopstats._progress import progress_bar
from bopstats._typing import FloatArray, IntArray
from bopstats.exceptions import DomainError
from bopstats.groups import RowBop
from bopstats.inference.estimates import Estimates, NotComputable
from bopstats.inference.paired import clopper_pearson
from bopstats.inference.verdicts import IMPOSSIBLE
from bopstats.planning import attribute_budget
from bopstats.theory import (
    Bounded,
    BoundedVariance,
    Gaussian,
    Ternary,
    Tilted,
    error_lower_bound,
    error_upper_bound,
)

_LEVEL = 0.05
_FEW_VALUES = 10
_ERRORS_SHOWN = 6.0
_VERDICT_LAWS = ("ternary", "gaussian")
BAND = ("law", "kind", "describes", "effect", "error_lower", "error_upper")
CERTIFIED, PLUG_IN = "certified", "plug-in"


@dataclass(frozen=True)
class Bounds:
    """Bounds on the summed error of any test on the groups covered, and attribute caps.

    Attributes
    ----------
    lower, upper, attributes : DataFrame
        A row a law, with `law`, `kind` ("certified" for any such data, "plug-in" when estimated
        from these), `describes` (the class of distributions), `reason` (why a number is missing),
        and `error_lower`; `error_upper`; `lambert_w`, `necessary_any`, `achievable`.
    verdict_bound : float or None
        The plug-in law's lower bound, which the verdict reads.
    note : str
        Says when a benefit of the effect's size is not possible.
    """

    lower: pd.DataFrame
    upper: pd.DataFrame
    attributes: pd.DataFrame
    verdict_bound: float | None
    note: str


@dataclass(frozen=True)
class _Law:
    """One named law: an object a group for lower and for upper bounds, and one for all pooled.

    Without a pooled law only the lower bound is asked for.
    """

    name: str
    kind: str
    describes: str
    lower: Sequence[Any]
    upper: Sequence[Any]
    pooled: Any
    reason: str = ""


def data_bounds(
    estimates: Estimates,
    effect: float,
    max_error: float,
    rows: Sequence[RowBop] | None = None,
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
    rows : sequence of RowBop, optional
        One a partition, for what needs each person's benefit: the tilted law, and refusing laws
        for continuous benefits where these take few values.

    Notes
    -----
    Lower bounds use each group's rows, upper ones its effective rows. Bounded costs get the
    bounded law, certified in the worst case; 0–1 costs beside it the ternary law at the upper
    97.5 % limit of each group's share of changed predictions (its upper bound is the bounded
    law's, since a test's power is not monotone in the share); real-valued costs the Gaussian law
    at the 97.5 % limits of each group's standard deviation. Unbounded costs also get the class of
    all laws with that standard deviation, and with `rows` the tilts of the benefits seen.
    """
    groups = np.flatnonzero(estimates.covered)
    runs = []
    for r in range(len(estimates.n)):
        seen = None if rows is None else _seen(rows[r], estimates.cost.name, groups)
        laws, sizes, effective = _partition(estimates, r, groups, seen)
        runs.append([_numbers(law, sizes, effective, effect, max_error) for law in laws])
    found = [_median_row(list(each)) for each in zip(*runs, strict=True)]
    about = ["law", "kind", "describes", "reason"]
    table = pd.DataFrame(found, columns=[*about, *_NUMBERS])
    bound = next((row["error_lower"] for row in found if row["law"] in _VERDICT_LAWS), np.nan)
    impossible = [row["reason"] for row in found if row["reason"].startswith(IMPOSSIBLE)]
    return Bounds(
        table[[*about, "error_lower"]],
        table[[*about, "error_upper"]],
        table[[*about, "lambert_w", "necessary_any", "achievable"]],
        float(bound) if np.isfinite(bound) else None,
        impossible[0] if impossible else "",
    )


def error_band(estimates: Estimates, effects: FloatArray) -> pd.DataFrame:
    """Return bounds on the summed error of any test of the groups covered, for many effects.

    Parameters
    ----------
    estimates : Estimates
        One cost's figures.
    effects : ndarray
        Smallest benefits, above 0.

    Returns
    -------
    DataFrame
        A row a law and effect: `law`, `kind`, `describes`, `effect`, `error_lower`, `error_upper`;
        the numbers of `data_bounds` without rows, nan where it says why there is none.
    """
    groups = np.flatnonzero(estimates.covered)
    runs = [_partition(estimates, r, groups, None) for r in range(len(estimates.n))]
    # A certified law is the same in all partitions; so are the groups' sizes, mostly.
    same = all(
        np.array_equal(a, b) for run in runs for a, b in zip(run[1:], runs[0][1:], strict=True)
    )
    laws = runs[0][0]
    needed = [runs[:1] if same and law.kind == CERTIFIED else runs for law in laws]
    parts = []
    with progress_bar(sum(map(len, needed)), "error curve") as tick:
        for place, law in enumerate(laws):
            each = []
            for found, sizes, effective in needed[place]:
                each.append(_errors(found[place], sizes, effective, effects))
                tick(1)
            lower, upper = np.median(each, axis=0)
            about = {"law": law.name, "kind": law.kind, "describes": law.describes}
            columns = {"effect": effects, "error_lower": lower, "error_upper": upper}
            parts.append(pd.DataFrame({**about, **columns}))
    empty = pd.DataFrame(columns=list(BAND))
    return pd.concat(parts, ignore_index=True) if parts else empty


def default_effects(estimates: Estimates) -> FloatArray:
    """Return effects from near 0 to six standard errors of the group that is known least."""
    error = estimates.median("std_err")[:-1]
    error = error[np.isfinite(error)]
    top = _ERRORS_SHOWN * float(error.max()) if len(error) and error.max() > 0 else 1.0
    if estimates.cost.bounds is not None:
        top = min(top, estimates.cost.bounds[1])
    return top * np.append(0.01, np.linspace(0.05, 1.0, 20))


def _errors(law: _Law, sizes: FloatArray, effective: FloatArray, effects: FloatArray) -> FloatArray:
    """Return one law's lower and upper bounds, shape (2, effects); nan where there is none."""
    found = np.full((2, len(effects)), np.nan)
    if not law.reason:
        found[0] = _bounds(error_lower_bound, effects, sizes, law.lower)
        found[1] = _bounds(error_upper_bound, effects, effective, law.upper)
        found[1, np.isnan(found[0])] = np.nan
    return found


def _bounds(function: Any, effects: FloatArray, sizes: FloatArray, laws: Sequence[Any]) -> Any:
    """Return a bound for each effect; nan for those that the laws do not allow."""
    try:
        return function(effects, sizes, laws)
    except DomainError:
        if len(effects) == 1:
            return np.array([np.nan])
        half = len(effects) // 2
        parts = [_bounds(function, each, sizes, laws) for each in (effects[:half], effects[half:])]
        return np.concatenate(parts)


def group_bounds(estimates: Estimates, effect: float, max_error: float) -> FloatArray:
    """Return a plug-in lower bound for each group alone, the population last, shape (G + 1,).

    It bounds the summed error of any test of one group's benefit: at most 0 against at least
    `effect`. Where the χ² bound is above `max_error` already, it is returned as it is; else the
    sharpest bound, which takes a hundred times longer.
    """
    found = np.full(estimates.n.shape, np.nan)
    columns = [g for g, method in enumerate(estimates.method) if method]
    for r in range(len(found)):
        for g in columns:
            laws, sizes, _ = _partition(estimates, r, np.array([g]), None)
            law = next((law for law in laws if law.name in _VERDICT_LAWS), None)
            if law is not None and not law.reason:
                found[r, g] = _quick_bound(effect, sizes, law.lower, max_error)
    return np.asarray(np.median(found, axis=0), dtype=np.float64)


def _quick_bound(effect: float, sizes: FloatArray, laws: Sequence[Any], max_error: float) -> float:
    quick = _bound(partial(error_lower_bound, method="chi2"), effect, sizes, laws)
    if isinstance(quick, NotComputable):
        return float("nan")
    return quick if quick > max_error else float(error_lower_bound(effect, sizes, laws))


_NUMBERS = ("error_lower", "error_upper", "lambert_w", "necessary_any", "achievable")


def _numbers(
    law: _Law, sizes: FloatArray, effective: FloatArray, effect: float, max_error: float
) -> dict[str, Any]:
    """One partition's row of one law."""
    row: dict[str, Any] = dict.fromkeys(_NUMBERS, np.nan)
    row |= {"law": law.name, "kind": law.kind, "describes": law.describes, "reason": law.reason}
    if law.reason:
        return row
    low = _bound(error_lower_bound, effect, sizes, law.lower)
    if isinstance(low, NotComputable):
        return row | {"reason": low.reason}
    if law.pooled is None:
        return row | {"error_lower": low}
    high = _bound(error_upper_bound, effect, effective, law.upper)
    budget = attribute_budget(float(sizes.sum()), effect, law.pooled, max_error=max_error)
    return row | {
        "error_lower": low,
        "error_upper": np.nan if isinstance(high, NotComputable) else high,
        "lambert_w": float(budget.lambert_w),
        "necessary_any": _integer(budget.necessary_any),
        "achievable": _integer(budget.achievable),
    }


def _integer(value: Any) -> float:
    """Return an attribute count as a number: −1 where not even the pooled population will do."""
    return -1.0 if value is None or value == "none" else float(value)


def _median_row(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return medians over partitions; a number missing in one is missing."""
    reasons = [row["reason"] for row in rows if row["reason"]]
    merged = {**rows[0], "reason": reasons[0] if reasons else ""}
    for name in _NUMBERS:
        merged[name] = float(np.median([row[name] for row in rows]))
    for name in ("necessary_any", "achievable"):
        if np.isfinite(merged[name]):
            merged[name] = "none" if merged[name] < 0 else int(merged[name])
    return merged


def _bound(function: Any, effect: float, sizes: FloatArray, laws: Sequence[Any]) -> Any:
    try:
        return float(function(effect, sizes, laws))
    except DomainError as error:
        largest = str(error).partition("allowed: ")[2].partition(";")[0]
        return NotComputable(f"{IMPOSSIBLE} ({largest or error})")


def _seen(rows: RowBop, cost: str, groups: IntArray) -> list[FloatArray]:
    """Return each group's individual benefits."""
    benefit = rows.benefit[rows.costs.index(cost)]
    return [benefit[rows.group == g] for g in groups]


def _partition(
    estimates: Estimates, r: int, groups: IntArray, seen: list[FloatArray] | None
) -> tuple[list[_Law], FloatArray, FloatArray]:
    """Return one partition's laws, group sizes and effective sizes."""
    cost = estimates.cost
    sizes = estimates.n[r, groups]
    effective = np.minimum(sizes, estimates.n_eff[r, groups])
    laws: list[_Law] = []
    if cost.group_only or not len(groups):
        return laws, sizes, effective
    if cost.bounds is not None:
        law = Bounded(*cost.bounds)
        many = [law] * len(groups)
        laws.append(_Law("bounded", CERTIFIED, law.describes, many, many, law))
    if cost.integer:
        laws.append(_ternary(estimates.changed[r, groups] / sizes, effective))
    else:
        laws += _continuous(
            estimates.sigma[r, groups], effective, seen, bounded=cost.bounds is not None
        )
    return laws, sizes, effective


def _ternary(share: FloatArray, sizes: FloatArray) -> _Law:
    whole = np.floor(sizes)
    limits = [
        clopper_pearson(float(np.round(q * m)), float(m), _LEVEL)[1]
        for q, m in zip(share, whole, strict=True)
    ]
    return _Law(
        "ternary",
        PLUG_IN,
        "predictions of a group change at most as often as the upper 97.5 % limit of their share",
        [Ternary(limit) for limit in limits],
        [Bounded(-1.0, 1.0)] * len(limits),
        Ternary(max(limits)),
    )


def _continuous(
    sigma: FloatArray, sizes: FloatArray, seen: list[FloatArray] | None, *, bounded: bool
) -> list[_Law]:
    """Return the laws of real-valued benefits: Gaussian, and for unbounded ones two more."""
    names = {
        "gaussian": "normal benefits with each group's own standard deviation",
        "bounded variance": "all laws with each group's own standard deviation",
        "tilted": "exponential tilts of each group's own benefits",
    }
    reason = ""
    if not np.isfinite(sigma).all():
        reason = "the benefit does not vary in some group"
    elif seen is not None and min(len(np.unique(each)) for each in seen) < _FEW_VALUES:
        reason = f"fewer than {_FEW_VALUES} distinct benefits in some group"
    wanted = ["gaussian"] if bounded else list(names)
    if seen is None and not bounded:
        wanted.remove("tilted")
    if reason:
        return [_Law(name, PLUG_IN, names[name], (), (), None, reason) for name in wanted]
    df = np.maximum(sizes - 1, 1.0)
    low = sigma * np.sqrt(df / stats.chi2.isf(_LEVEL / 2, df))
    high = sigma * np.sqrt(df / stats.chi2.ppf(_LEVEL / 2, df))
    pooled = float(np.sqrt(np.average(low**2, weights=df)))
    laws = []
    for name, law in (("gaussian", Gaussian), ("bounded variance", BoundedVariance)):
        if name in wanted:
            lower, upper = ([law(float(s)) for s in each] for each in (low, high))
            laws.append(_Law(name, PLUG_IN, names[name], lower, upper, law(pooled)))
    if "tilted" in wanted and seen is not None:
        tilts = [Tilted(each) for each in seen]
        laws.append(_Law("tilted", PLUG_IN, names["tilted"], tilts, (), None))
    return laws
