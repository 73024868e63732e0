"""How many personal attributes, how many rows, how small a benefit: before any data are seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import mpmath
import numpy as np

from bopstats._validation import check_count, check_real, fail
from bopstats.theory import budget
from bopstats.theory._base import Law
from bopstats.theory._numeric import work_digits
from bopstats.theory.bounds import error_lower_bound, error_upper_bound
from bopstats.theory.scales import summed_error

if TYPE_CHECKING:
    import pandas as pd

#: A number of attributes, or "none" where not even the pooled population can be tested.
Count = int | Literal["none"]


@dataclass(frozen=True)
class AttributeBudget:
    """How many personal attributes can be checked for benefit in every group.

    Attributes
    ----------
    n_total : float
        Rows in all.
    effect : float
        Smallest mean benefit worth finding, in the unit of the cost.
    law : Law
        Law of the individual benefit.
    max_error : float
        Largest summed error, type I + type II.
    levels : int or tuple of int
        Levels of each attribute.
    lambert_w : mpmath.mpf
        Number of attributes by Lambert's W; exceeds `exact` always.
    exact : mpmath.mpf
        Number of attributes at which the sharp χ² bound equals `max_error`; negative where not
        even the pooled population can be tested.
    necessary_balanced : int or "none"
        Largest number that the best lower bound does not exclude for equal groups.
    necessary_any : int or "none"
        Largest number that the χ² bound does not exclude, however rows fall into groups.
    achievable : int, "none" or None
        Largest number at which the min-of-means test on equal groups meets `max_error`; None
        where that test's error is not known for the law.
    published : mpmath.mpf or None
        The literature's value for this kind of benefit; None where it has none.
    digits : int
        Digits to which the real numbers were computed.
    """

    n_total: float
    effect: float
    law: Law
    max_error: float
    levels: int | tuple[int, ...]
    lambert_w: mpmath.mpf
    exact: mpmath.mpf
    necessary_balanced: Count
    necessary_any: Count
    achievable: Count | None
    published: mpmath.mpf | None
    digits: int

    def _lines(self) -> list[tuple[str, Any, str]]:
        return [
            (
                "achievable",
                self.achievable,
                "the min-of-means test meets the error",
            ),
            ("necessary_balanced", self.necessary_balanced, "not excluded for equal groups"),
            ("necessary_any", self.necessary_any, "not excluded for any allocation of the rows"),
            ("exact", self.exact, "where the sharp chi-squared bound equals the error"),
            ("lambert_w", self.lambert_w, "the same by Lambert's W (slightly larger)"),
            ("published", self.published, "the literature's formula, for comparison"),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a quantity: `quantity`, `attributes`, `meaning`.

        Returns
        -------
        pandas.DataFrame
            `attributes` holds integers, floats, "none" or missing.
        """
        import pandas as pd

        rows = [
            (name, float(value) if isinstance(value, mpmath.mpf) else value, meaning)
            for name, value, meaning in self._lines()
        ]
        return pd.DataFrame(rows, columns=["quantity", "attributes", "meaning"])

    def __str__(self) -> str:
        levels = f"{self.levels} levels each" if isinstance(self.levels, int) else "given levels"
        lines = [
            f"Personal attributes ({levels}) that {self.n_total:.15g} rows can check",
            f"  law: {self.law.describes}",
            f"  effect: {self.effect:g}; type I + type II error: at most {self.max_error:g}",
        ]
        for name, value, meaning in self._lines():
            lines.append(f"  {name:<19}{_show(value):>12}  {meaning}")
        if self.necessary_any == "none":
            lines.append("  Not even the pooled population (0 attributes) can be tested.")
        return "\n".join(lines)


def _show(value: Any) -> str:
    if value is None:
        return "not known"
    return mpmath.nstr(value, 8) if isinstance(value, mpmath.mpf) else str(value)


def attribute_budget(
    n_total: float,
    effect: float,
    law: Law,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    max_error: float | None = None,
    levels: int | Sequence[int] = 2,
    digits: int = 30,
) -> AttributeBudget:
    """Return how many personal attributes a study can check for benefit in every group.

    Parameters
    ----------
    n_total : float
        Rows in all; at least 1.
    effect : float
        Smallest mean benefit worth finding; positive, in the unit of the cost.
    law : Law
        Law of the individual benefit, such as ``Bounded(-1, 1)`` for 0–1 loss.
    alpha, power : float
        One-sided level and power; together a summed error of ``alpha + 1 - power``.
    max_error : float, optional
        The summed error itself, in (0, 1); replaces `alpha` and `power`.
    levels : int or sequence of int
        Levels of each attribute (at least 2), or a list in the order in which attributes would
        be added.
    digits : int
        Digits of the real-valued answers.

    Returns
    -------
    AttributeBudget
        Bounds from both sides; its text form explains them.

    Raises
    ------
    ArgumentError
        If an argument is not of an allowed kind or value.
    DomainError
        If the effect is larger than the law allows.

    Notes
    -----
    Numbers of attributes are also limited by the rows: with fewer rows than groups some group is
    empty. The χ² value holds for every allocation of the rows to groups, the sharper one for
    equal groups only.

    Examples
    --------
    >>> from bopstats.theory import Bounded
    >>> plan = attribute_budget(8_000_000_000, 0.01, Bounded(-1, 1), max_error=0.5)
    >>> plan.necessary_balanced, plan.achievable, plan.necessary_any
    (15, 15, 16)
    """
    n_total = check_real("n_total", n_total, low=1.0, closed="low")
    effect = check_effect(effect, law)
    tau = summed_error(alpha, power, max_error)
    steps = check_levels(levels)
    threshold = budget.chi2_threshold(tau)
    moment = law.log_moment(effect, digits=digits)
    sharp = budget.exact_log_groups(n_total, moment, threshold, digits)
    lambert = budget.lambert_log_groups(n_total, moment, threshold, digits)
    groups = group_counts(steps, n_total)
    room = [budget.not_excluded(n_total, d, moment, threshold, 2 * digits) for d in groups]
    number = np.array([float(d) for d in groups])
    sizes = n_total / number
    lower = error_lower_bound(effect, sizes, law, n_groups=number)
    achievable = None
    if law.has_test:
        achievable = _last(error_upper_bound(effect, sizes, law, n_groups=number) <= tau)
    return AttributeBudget(
        n_total=n_total,
        effect=effect,
        law=law,
        max_error=tau,
        levels=steps,
        lambert_w=attributes_of(lambert, steps, digits),
        exact=attributes_of(sharp, steps, digits),
        necessary_balanced=_last(lower <= tau),
        necessary_any=_last(np.array(room)),
        achievable=achievable,
        published=_published(n_total, effect, law, tau, steps, digits),
        digits=digits,
    )


def _published(
    n_total: float,
    effect: float,
    law: Law,
    tau: float,
    levels: int | tuple[int, ...],
    digits: int,
) -> mpmath.mpf | None:
    literature = law.published()
    if literature is None:
        return None
    moment = literature.log_moment(effect, "paper", digits=digits)
    threshold = budget.chi2_threshold(tau, "published")
    return attributes_of(
        budget.lambert_log_groups(n_total, moment, threshold, digits), levels, digits
    )


def _last(allowed: Any) -> Count:
    """Return the index before the first False, or "none" if the first is False."""
    stop = int(np.argmin(allowed)) if not allowed.all() else allowed.size
    return stop - 1 if stop else "none"


def check_effect(effect: Any, law: Law) -> float:
    """Return a positive effect that the law allows."""
    if not isinstance(law, Law):
        fail("law", law, "a law such as Bounded(-1, 1) or Gaussian(0.1)")
    return float(law.check_effects(check_real("effect", effect, low=0.0)))


def check_levels(levels: Any) -> int | tuple[int, ...]:
    """Return one number of levels for all attributes, or one for each."""
    if isinstance(levels, Sequence) and not isinstance(levels, str):
        if not levels:
            fail("levels", levels, "an integer of at least 2, or a list of such integers")
        return tuple(check_count("levels", level, low=2) for level in levels)
    return check_count("levels", levels, low=2)


def group_counts(levels: int | tuple[int, ...], n_total: float) -> list[int]:
    """Return the numbers of groups of 0, 1, 2, … attributes, as many as have a row each."""
    counts = [1]
    while isinstance(levels, int) or len(counts) <= len(levels):
        step = levels if isinstance(levels, int) else levels[len(counts) - 1]
        if counts[-1] * step > n_total:
            break
        counts.append(counts[-1] * step)
    return counts


def attributes_of(log_groups: mpmath.mpf, levels: int | tuple[int, ...], digits: int) -> mpmath.mpf:
    """Return the number of attributes that make so many groups, interpolating in ln d."""
    with work_digits(digits):
        if isinstance(levels, int):
            return +(log_groups / mpmath.log(levels))
        whole = 0
        rest = log_groups
        while whole < len(levels) - 1 and rest >= mpmath.log(levels[whole]):
            rest -= mpmath.log(levels[whole])
            whole += 1
        return +(whole + rest / mpmath.log(levels[whole]))


__all__ = ["AttributeBudget", "attribute_budget"]
