"""How many rows, or how large a benefit, a number of personal attributes takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any, Literal

import mpmath
import numpy as np
from scipy.optimize import brentq

from bopstats._notebook import Framed
from bopstats._validation import fail
from bopstats.planning import _common as common
from bopstats.planning._common import Levels
from bopstats.planning.budgets import AttributeBudget, attribute_budget
from bopstats.theory import budget
from bopstats.theory._base import Law
from bopstats.theory.bounds import error_lower_bound, error_upper_bound
from bopstats.theory.scales import summed_error

if TYPE_CHECKING:
    import pandas as pd

#: Digits of the closed form behind `necessary_any`.
_DIGITS = 30


@dataclass(frozen=True)
class SampleSize(Framed):
    """How many rows in all it takes to check `k` personal attributes, in equal groups.

    Attributes
    ----------
    k : int
        Number of personal attributes.
    effect : float
        Smallest mean benefit worth finding, in the unit of the cost.
    law : Law
        Law of the individual benefit.
    max_error : float
        Largest summed error, type I + type II.
    levels : int or tuple of int
        Levels of each attribute.
    n_groups : int
        Number of groups that the attributes make.
    necessary_any : int
        With fewer rows no test meets `max_error`, however rows fall into groups.
    necessary : int
        With fewer rows no test meets `max_error` in equal groups.
    sufficient : int or None
        With so many rows the min-of-means test meets `max_error` in equal groups; None where that
        test's error is not known for the law.
    """

    k: int
    effect: float
    law: Law
    max_error: float
    levels: Levels
    n_groups: int
    necessary_any: int
    necessary: int
    sufficient: int | None

    def _lines(self) -> list[tuple[str, Any, str]]:
        return [
            ("necessary_any", self.necessary_any, "fewer rows cannot do, in any groups"),
            ("necessary", self.necessary, "fewer rows cannot do in equal groups"),
            ("sufficient", self.sufficient, "so many rows do in equal groups"),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a quantity: `quantity`, `rows`, `meaning`."""
        import pandas as pd

        return pd.DataFrame(self._lines(), columns=["quantity", "rows", "meaning"])

    def __str__(self) -> str:
        title = (
            f"Rows to check {self.k} personal attributes "
            f"({common.describe_levels(self.levels)}, {self.n_groups:,} groups)"
        )
        note = f"effect: {self.effect:g}; type I + type II error: at most {self.max_error:g}"
        return common.text(title, self.law, self._lines(), [note])


@dataclass(frozen=True)
class DetectableEffect(Framed):
    """The smallest benefit that a study can find in every group.

    Attributes
    ----------
    n_total : float
        Rows in all, in equal groups.
    k : int
        Number of personal attributes.
    law : Law
        Law of the individual benefit.
    max_error : float
        Largest summed error, type I + type II.
    levels : int or tuple of int
        Levels of each attribute.
    n_groups : int
        Number of groups that the attributes make.
    necessary_any : float or "none"
        Smaller benefits cannot be found, however rows fall into groups; "none" where no benefit
        that the law allows is large enough.
    necessary : float or "none"
        Smaller benefits cannot be found in equal groups.
    sufficient : float, "none" or None
        The min-of-means test finds such a benefit in equal groups; None where that test's error
        is not known for the law.
    """

    n_total: float
    k: int
    law: Law
    max_error: float
    levels: Levels
    n_groups: int
    necessary_any: float | Literal["none"]
    necessary: float | Literal["none"]
    sufficient: float | Literal["none"] | None

    def _lines(self) -> list[tuple[str, Any, str]]:
        return [
            ("necessary_any", self.necessary_any, "smaller ones cannot be found, in any groups"),
            ("necessary", self.necessary, "smaller ones cannot be found in equal groups"),
            ("sufficient", self.sufficient, "found by the min-of-means test in equal groups"),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a quantity: `quantity`, `effect`, `meaning`."""
        import pandas as pd

        return pd.DataFrame(self._lines(), columns=["quantity", "effect", "meaning"])

    def __str__(self) -> str:
        title = (
            f"Smallest benefit that {self.n_total:.15g} rows can find with {self.k} personal "
            f"attributes ({common.describe_levels(self.levels)}, {self.n_groups:,} groups)"
        )
        note = f"type I + type II error: at most {self.max_error:g}"
        return common.text(title, self.law, self._lines(), [note])


def sample_size(
    k: int,
    effect: float,
    law: Law,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    max_error: float | None = None,
    levels: int | Sequence[int] = 2,
) -> SampleSize:
    """Return how many rows it takes to check `k` personal attributes.

    Parameters
    ----------
    k : int
        Number of personal attributes; 0 is the pooled population.
    effect : float
        Smallest mean benefit worth finding; positive, in the unit of the cost.
    law : Law
        Law of the individual benefit.
    alpha, power : float
        One-sided level and power; together a summed error of ``alpha + 1 - power``.
    max_error : float, optional
        The summed error itself, in (0, 1); replaces `alpha` and `power`.
    levels : int or sequence of int
        Levels of each attribute; of a list, the first `k` are used.

    Returns
    -------
    SampleSize
        Rows in all: with fewer than `necessary` no test does, with `sufficient` one does.

    Raises
    ------
    ArgumentError
        If an argument is not of an allowed kind or value.
    DomainError
        If the effect is larger than the law allows.

    Examples
    --------
    >>> from bopstats.theory import Gaussian
    >>> plan = sample_size(2, 0.02, Gaussian(0.1))
    >>> plan.necessary <= plan.sufficient
    True
    """
    effect = common.check_effect(effect, law)
    tau = summed_error(alpha, power, max_error)
    steps = common.check_levels(levels)
    d = common.groups_of(k, steps)
    threshold = budget.chi2_threshold(tau)
    moment = law.log_moment(effect, digits=_DIGITS)
    # Every group needs a row.
    any_groups = max(d, budget.necessary_rows_whole(d, moment, threshold, _DIGITS))

    def enough(rows: int) -> bool:
        return bool(error_lower_bound(effect, float(rows / d), law, n_groups=float(d)) <= tau)

    def does(rows: int) -> bool:
        return bool(error_upper_bound(effect, float(rows), law, n_groups=float(d)) <= tau)

    necessary = common.smallest(enough, any_groups)
    each = common.smallest(does, ceil((necessary or any_groups) / d)) if law.has_test else None
    return SampleSize(
        k=int(k),
        effect=effect,
        law=law,
        max_error=tau,
        levels=steps,
        n_groups=d,
        necessary_any=any_groups,
        necessary=any_groups if necessary is None else necessary,
        sufficient=None if each is None else each * d,
    )


def detectable_effect(
    n_total: float,
    k: int,
    law: Law,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    max_error: float | None = None,
    levels: int | Sequence[int] = 2,
) -> DetectableEffect:
    """Return the smallest benefit that can be found in every group.

    Parameters
    ----------
    n_total : float
        Rows in all, in equal groups; at least 1.
    k : int
        Number of personal attributes; 0 is the pooled population.
    law : Law
        Law of the individual benefit.
    alpha, power, max_error, levels
        As in `sample_size`.

    Returns
    -------
    DetectableEffect
        Effects in the unit of the cost, or "none" where the law allows none that is large enough
        (also where a group would be empty).

    Raises
    ------
    ArgumentError
        If an argument is not of an allowed kind or value.

    Examples
    --------
    >>> from bopstats.theory import Bounded
    >>> plan = detectable_effect(10_000, 3, Bounded(-1, 1), max_error=0.5)
    >>> print(f"{plan.necessary_any:.6f}")
    0.041907
    """
    n_total, law = common.check_total(n_total), common.check_law(law)
    tau = summed_error(alpha, power, max_error)
    steps = common.check_levels(levels)
    d = common.groups_of(k, steps)
    rows, groups = float(n_total / d), float(d)
    rate = float(mpmath.log1p(budget.chi2_threshold(tau) * d)) * groups / n_total

    def room(effect: float) -> float:
        return float(law.log_moment(effect)) - rate

    def enough(effect: float) -> float:
        return tau - float(error_lower_bound(effect, rows, law, n_groups=groups))

    def does(effect: float) -> float:
        return tau - float(error_upper_bound(effect, rows, law, n_groups=groups))

    first: float | Literal["none"] = "none"
    if d <= n_total:
        first = _smallest_effect(room, 1e-12 * _unit(law), law)
    second = "none" if first == "none" else _smallest_effect(enough, first, law)
    third = None if not law.has_test else second
    if third is not None and third != "none":
        third = _smallest_effect(does, third, law)
    return DetectableEffect(n_total, int(k), law, tau, steps, d, first, second, third)


def _unit(law: Law) -> float:
    """Return an effect of the order of the law's scale: where one row is worth about 1."""
    top = float(law._largest())
    effects = np.exp(np.arange(-300.0, 300.0))
    effects = effects[effects < top]
    at = int(np.searchsorted(np.asarray(law.log_moment(effects)), 1.0))
    return float(effects[min(at, effects.size - 1)])


def _smallest_effect(
    gain: Callable[[float], float], start: float, law: Law
) -> float | Literal["none"]:
    """Return the effect from which on `gain` is positive, searching upwards from `start`."""
    top = float(law._largest())
    low = high = min(start, top)
    while gain(high) < 0.0:
        if high >= min(top, 1e300):
            return "none"
        low, high = high, min(2.0 * high, top)
    if high == low:
        return high

    def at(log_effect: float) -> float:
        value = gain(min(float(np.exp(log_effect)), top))
        return min(value, 1e300)

    root = brentq(at, np.log(low), np.log(high), xtol=1e-15, rtol=8.9e-16)
    return min(float(np.exp(root)), top)


def solve(
    *,
    law: Law,
    n_total: float | None = None,
    k: int | None = None,
    effect: float | None = None,
    alpha: float = 0.05,
    power: float = 0.8,
    max_error: float | None = None,
    levels: int | Sequence[int] = 2,
) -> AttributeBudget | SampleSize | DetectableEffect:
    """Return whichever of `n_total`, `k` and `effect` is not given.

    Parameters
    ----------
    law : Law
        Law of the individual benefit.
    n_total, k, effect : number, optional
        Rows in all, number of personal attributes, smallest benefit worth finding: two of them.
    alpha, power, max_error, levels
        As in `sample_size`.

    Returns
    -------
    SampleSize, AttributeBudget or DetectableEffect
        For a missing `n_total`, `k` or `effect`.

    Raises
    ------
    ArgumentError
        Unless exactly one of the three is missing.

    Examples
    --------
    >>> from bopstats.theory import Bounded
    >>> solve(law=Bounded(-1, 1), n_total=5000, effect=0.1).achievable
    2
    """
    tau = summed_error(alpha, power, max_error)
    if n_total is None and k is not None and effect is not None:
        return sample_size(k, effect, law, max_error=tau, levels=levels)
    if k is None and n_total is not None and effect is not None:
        return attribute_budget(n_total, effect, law, max_error=tau, levels=levels)
    if effect is None and n_total is not None and k is not None:
        return detectable_effect(n_total, k, law, max_error=tau, levels=levels)
    given = {"n_total": n_total, "k": k, "effect": effect}
    fail("n_total, k, effect", given, "exactly one of them missing (None)")
