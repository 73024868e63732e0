"""How many personal attributes a study of a given size can check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np

from bopstats._notebook import Framed
from bopstats.planning import _common as common
from bopstats.planning._common import Count, Levels
from bopstats.theory import budget
from bopstats.theory._base import Law
from bopstats.theory.bounds import error_lower_bound, error_upper_bound
from bopstats.theory.scales import summed_error

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class AttributeBudget(Framed):
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
    levels: Levels
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

        rows = [(name, common.plain(value), meaning) for name, value, meaning in self._lines()]
        return pd.DataFrame(rows, columns=["quantity", "attributes", "meaning"])

    def __str__(self) -> str:
        notes = [f"effect: {self.effect:g}; type I + type II error: at most {self.max_error:g}"]
        if self.necessary_any == "none":
            notes.append("not even the pooled population (0 attributes) can be tested")
        levels = common.describe_levels(self.levels)
        title = f"Personal attributes ({levels}) that {self.n_total:.15g} rows can check"
        return common.text(title, self.law, self._lines(), notes)


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
    n_total = common.check_total(n_total)
    effect = common.check_effect(effect, law)
    tau = summed_error(alpha, power, max_error)
    steps = common.check_levels(levels)
    threshold = budget.chi2_threshold(tau, digits=digits)
    moment = law.log_moment(effect, digits=digits)
    sharp = budget.exact_log_groups(n_total, moment, threshold, digits)
    lambert = budget.lambert_log_groups(n_total, moment, threshold, digits)
    groups = common.group_counts(steps, n_total)
    room = [budget.not_excluded(n_total, d, moment, threshold, digits) for d in groups]
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
        lambert_w=common.attributes_of(lambert, steps, digits),
        exact=common.attributes_of(sharp, steps, digits),
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
    levels: Levels,
    digits: int,
) -> mpmath.mpf | None:
    literature = law.published()
    if literature is None:
        return None
    moment = literature.log_moment(effect, "paper", digits=digits)
    threshold = budget.chi2_threshold(tau, "published", digits)
    return common.attributes_of(
        budget.lambert_log_groups(n_total, moment, threshold, digits), levels, digits
    )


def _last(allowed: Any) -> Count:
    """Return the index before the first False, or "none" if the first is False."""
    stop = int(np.argmin(allowed)) if not allowed.all() else allowed.size
    return stop - 1 if stop else "none"
