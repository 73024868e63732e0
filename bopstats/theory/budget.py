r"""How many groups the χ² bound leaves room for: Lambert W, and the exact inversion.

With N rows in all, d equal groups and log moment :math:`\ln c`, an error of at most τ is not
excluded as long as :math:`c^{N/d} \ge 1 + a d`, where a is the χ² at which the bound equals τ.
Dropping the −1 behind :math:`c^{N/d} - 1` gives :math:`\ln d = W(a N \ln c) - \ln a`.
"""

from __future__ import annotations

from typing import Any

import mpmath

from bopstats._validation import check_choice
from bopstats.theory._numeric import exact, work_digits


def chi2_threshold(max_error: Any, form: str = "sharp", digits: int = 50) -> mpmath.mpf:
    r"""Return the χ² at which the lower bound of the summed error equals `max_error`.

    Parameters
    ----------
    max_error : float
        Summed error τ in (0, 1).
    form : {"sharp", "published"}
        "sharp" is :math:`4(1-\tau)^2` from one half up and :math:`1/\tau-1` below;
        "published" is :math:`4(1-\tau)^2` throughout.
    digits : int
        Digits to carry.

    Examples
    --------
    >>> float(chi2_threshold(0.1)), float(chi2_threshold(0.1, "published"))
    (9.0, 3.24)
    """
    check_choice("form", form, ("sharp", "published"))
    with work_digits(digits):
        tau = exact(max_error)
        if form == "sharp" and 2 * tau < 1:
            return +(1 / tau - 1)
        return +(4 * (1 - tau) ** 2)


def lambert_log_groups(n_total: Any, log_moment: Any, threshold: Any, digits: int) -> mpmath.mpf:
    """Return ln d by Lambert's W, which always exceeds the exact inversion."""
    with work_digits(digits):
        product = threshold * exact(n_total) * log_moment
        if mpmath.isinf(product):
            return mpmath.mpf("inf")
        return +(mpmath.lambertw(product).real - mpmath.log(threshold))


def exact_log_groups(n_total: Any, log_moment: Any, threshold: Any, digits: int) -> mpmath.mpf:
    """Return the ln d at which the χ² bound equals the error; negative if one group is too many.

    With u = (N/d) ln c the equation reads u (e^u − 1) = a N ln c. Its logarithm is increasing and
    convex in ln u, so Newton's method started from Lambert's W converges from anywhere.
    """
    with work_digits(digits):
        rows = exact(n_total) * log_moment
        if mpmath.isinf(rows):
            return mpmath.mpf("inf")
        target = mpmath.log(threshold * rows)
        v = mpmath.log(mpmath.lambertw(threshold * rows).real)
        tolerance = mpmath.mpf(10) ** (-digits - 5)
        while True:
            u = mpmath.exp(v)
            step = (v + mpmath.log(mpmath.expm1(u)) - target) / (1 - u / mpmath.expm1(-u))
            v -= step
            if abs(step) <= tolerance * max(1, abs(v)):
                return +(mpmath.log(rows) - v)


def not_excluded(n_total: Any, n_groups: int, log_moment: Any, threshold: Any, digits: int) -> bool:
    """Tell, at this precision, whether the χ² bound leaves room for `n_groups` equal groups."""
    with work_digits(digits):
        room = exact(n_total) * log_moment / n_groups
        return bool(room >= mpmath.log1p(threshold * n_groups))


def necessary_rows(n_groups: int, log_moment: Any, threshold: Any, digits: int) -> mpmath.mpf:
    """Return the rows in all below which the χ² bound excludes the error: ``d ln(1 + a d) / ln c``.

    It holds for every allocation of the rows to the groups.
    """
    with work_digits(digits):
        return +(n_groups * mpmath.log1p(threshold * n_groups) / log_moment)


def necessary_rows_whole(n_groups: int, log_moment: Any, threshold: Any, digits: int) -> int:
    """Return the same as a whole number of rows."""
    with work_digits(digits):
        rows = necessary_rows(n_groups, log_moment, threshold, digits)
        return int(mpmath.ceil(rows))
