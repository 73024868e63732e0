r"""Test and interval for a paired difference of proportions, from one method by inversion.

With a 0–1 cost the individual benefit B is −1, 0 or +1. Of a group's n people, ``n_plus`` have +1
(personalization mended their prediction) and ``n_minus`` have −1. The parameter is

.. math:: \delta = P(B = 1) - P(B = -1) = E\,B .

Every method here is a family of one-sided tests, one per null value; the confidence limits are
the null values at which the p-value crosses alpha/2. Hence ``p_benefit(null) <= alpha/2`` exactly
when the lower limit is at or above ``null``, and ``p_harm(null) <= alpha/2`` exactly when the
upper limit is at or below it. Swapping ``n_plus`` and ``n_minus`` negates the limits and swaps the
p-values bit for bit, as the upper side is computed as the lower side of the swapped counts.
"""

from __future__ import annotations

import math
from functools import lru_cache

from scipy.optimize import brentq
from scipy.special import betainc, betaincc, betainccinv, betaincinv, ndtr

from bopstats._validation import check_choice, check_real, check_share, fail
from bopstats.inference.paired_exact import unconditional_low, unconditional_pvalue
from bopstats.inference.paired_tango import tango_low, tango_parts

EXACT = ("exact unconditional", "clopper-pearson")
METHODS = ("tango", *EXACT)
SMALL_GROUP = 50
ENOUGH = 15
MOST_CHANGED = 1000

_XTOL, _RTOL = 1e-17, 1e-15


def choose_method(n: float, n_changed: float) -> str:
    """Name the method for a group of `n` people of whom `n_changed` have another prediction.

    * "exact unconditional" up to `SMALL_GROUP` people, or below `ENOUGH` changed predictions,
      thus always where nothing changed;
    * else "clopper-pearson" below `ENOUGH` unchanged predictions;
    * else "tango".

    The numbers come from ``benchmarks/coverage_paired.py``: where nearly everybody has the same B
    but one or two, Tango's nominal 95 % interval covers 91 % (84 % at n = 5). Under this rule the
    least coverage found is 93.3 % (25 of 51 changed, all mended), and either limit alone errs
    with probability at most 4.3 %, 2.7 % at delta = 0; exact methods keep to 2.5 %.

    Examples
    --------
    >>> choose_method(500, 40)
    'tango'
    >>> choose_method(500, 0)
    'exact unconditional'
    """
    n = check_real("n", n, low=0.0, closed="low")
    changed = check_real("n_changed", n_changed, low=0.0, high=n, closed="low high")
    if n <= SMALL_GROUP or changed < ENOUGH:
        return "exact unconditional"
    return "clopper-pearson" if n - changed < ENOUGH else "tango"


def paired_interval(
    n: float, n_plus: float, n_minus: float, *, alpha: float = 0.05, method: str
) -> tuple[float, float]:
    r"""Return the confidence limits of delta, one-sided at alpha/2 each.

    Parameters
    ----------
    n, n_plus, n_minus : float
        People in the group, with B = +1 and with B = −1. Exact methods take whole numbers,
        "tango" any real counts.
    alpha : float
        One minus the confidence level.
    method : str
        One of `METHODS`; `choose_method` tells which is fit.

    Returns
    -------
    tuple of float
        Lower and upper limit, within [−1, 1].

    Notes
    -----
    "tango": the limits are the values :math:`D` at which Tango's (1998) score statistic

    .. math:: T(D) = \frac{n_+ - n_- - nD}{\sqrt{n\,(2\tilde p_- + D(1 - D))}}

    is :math:`\pm z_{1-\alpha/2}`; :math:`\tilde p_-` is the maximum likelihood estimate of
    P(B = −1) given :math:`\delta = D`.

    "exact unconditional": `bopstats.inference.paired_exact` has the construction and the proof
    that its limits err with probability at most alpha/2 each, whatever the two proportions.

    "clopper-pearson": one-sided limits of P(B = ±1) at alpha/4 each (Clopper & Pearson 1934),
    subtracted; by Bonferroni's inequality each limit of delta errs with probability at most
    alpha/2. About half as wide again as the exact unconditional interval.

    References
    ----------
    Clopper, C. J. and Pearson, E. S. (1934). Biometrika 26, 404–413.
    Tango, T. (1998). Statistics in Medicine 17, 891–908.

    Examples
    --------
    >>> low, high = paired_interval(160, 40, 20, method="tango")
    >>> print(f"{low:.4f} {high:.4f}")
    0.0309 0.2181
    >>> low, high = paired_interval(30, 0, 0, method="exact unconditional")
    >>> print(f"{low:.4f} {high:.4f}")
    -0.1167 0.1167
    """
    method = check_choice("method", method, METHODS)
    level = check_share("alpha", alpha) / 2
    size, plus, minus = _check_counts(n, n_plus, n_minus, method)
    if size == 0:
        return -1.0, 1.0
    return (
        _lower_limit(method, size, plus, minus, level),
        -_lower_limit(method, size, minus, plus, level),
    )


def paired_pvalues(
    n: float, n_plus: float, n_minus: float, *, null: float = 0.0, method: str
) -> tuple[float, float]:
    """Return one-sided p-values of benefit and of harm against `null`.

    Parameters
    ----------
    n, n_plus, n_minus : float
        As in `paired_interval`.
    null : float
        Value of delta in (−1, 1).
    method : str
        One of `METHODS`.

    Returns
    -------
    tuple of float
        ``p_benefit``, which tests delta ≤ null against delta > null, and ``p_harm``, which tests
        delta ≥ null against delta < null. They are the inversion of `paired_interval`. "exact
        unconditional" has none below `bopstats.inference.paired_exact.Q_ERROR`, 1e-6.

    Examples
    --------
    >>> p_benefit, p_harm = paired_pvalues(160, 40, 20, method="tango")
    >>> print(f"{p_benefit:.5f} {p_harm:.5f}")
    0.00491 0.99509
    """
    method = check_choice("method", method, METHODS)
    null = check_real("null", null, low=-1.0, high=1.0)
    size, plus, minus = _check_counts(n, n_plus, n_minus, method)
    if size == 0:
        return 1.0, 1.0
    return (
        _upper_tail(method, size, plus, minus, null),
        _upper_tail(method, size, minus, plus, -null),
    )


def mcnemar_exact(n_plus: float, n_minus: float) -> tuple[float, float]:
    """Return McNemar's exact one-sided p-values of benefit and of harm, for a null of 0 only.

    Given that a prediction changed, B = +1 has probability 1/2 under delta = 0, so that
    ``n_plus`` is binomial(n_plus + n_minus, 1/2): an exact conditional test.

    Examples
    --------
    >>> p_benefit, p_harm = mcnemar_exact(9, 1)
    >>> print(f"{p_benefit:.6f} {p_harm:.6f}")
    0.010742 0.999023
    """
    plus, minus = _whole("n_plus", n_plus), _whole("n_minus", n_minus)

    def at_least(x: float, other: float) -> float:
        return 1.0 if x == 0 else float(betainc(x, other + 1, 0.5))

    return at_least(plus, minus), at_least(minus, plus)


def clopper_pearson(
    x: float, n: float, alpha: float = 0.05, *, sides: int = 2
) -> tuple[float, float]:
    r"""Return Clopper and Pearson's exact limits of a proportion.

    .. math:: P(X \ge x \mid n, p_{low}) = P(X \le x \mid n, p_{upp}) = \alpha / sides

    Parameters
    ----------
    x, n : float
        Successes and trials; real numbers are taken (the beta quantiles extend to them), as an
        effective sample size need not be whole.
    alpha : float
        Error probability.
    sides : {2, 1}
        With 2 the pair is a 1 − alpha interval; with 1 each limit holds at 1 − alpha on its own.

    References
    ----------
    Clopper, C. J. and Pearson, E. S. (1934). Biometrika 26, 404–413.

    Examples
    --------
    >>> low, high = clopper_pearson(0, 30)
    >>> print(f"{low:.4f} {high:.4f}")
    0.0000 0.1157
    """
    if sides not in (1, 2):
        fail("sides", sides, "1 or 2")
    level = check_share("alpha", alpha) / sides
    n = check_real("n", n, low=0.0, high=math.inf, closed="low")
    x = check_real("x", x, low=0.0, high=n, closed="low high")
    return _binomial_low(n, x, level), _binomial_upp(n, x, level)


def _real(name: str, value: float) -> float:
    """Return `value` as a non-negative float."""
    return check_real(name, value, low=0.0, closed="low")


def _whole(name: str, value: float) -> float:
    """Return `value` as a whole non-negative float, forgiving rounding error."""
    real = _real(name, value)
    if abs(real - round(real)) > 1e-9:
        fail(name, value, "a whole number, as exact methods count people")
    return float(round(real))


def _check_counts(
    n: float, n_plus: float, n_minus: float, method: str
) -> tuple[float, float, float]:
    """Return the three counts as floats that make a table."""
    check = _whole if method == "exact unconditional" else _real
    size, plus, minus = check("n", n), check("n_plus", n_plus), check("n_minus", n_minus)
    if plus + minus > size * (1 + 1e-12):
        fail("n_plus + n_minus", n_plus + n_minus, f"at most n = {n!r}")
    if method == "exact unconditional" and plus + minus > MOST_CHANGED:
        fail("n_plus + n_minus", n_plus + n_minus, f"at most {MOST_CHANGED} with {method!r}")
    return size, plus, minus


@lru_cache(maxsize=8192)
def _lower_limit(method: str, n: float, plus: float, minus: float, level: float) -> float:
    """Return the one-sided lower limit of delta at error probability `level`."""
    if method == "tango":
        return tango_low(n, plus, minus, level)
    if method == "exact unconditional":
        return unconditional_low(int(n), int(plus), int(minus), level)
    return _binomial_low(n, plus, level / 2) - _binomial_upp(n, minus, level / 2)


@lru_cache(maxsize=8192)
def _upper_tail(method: str, n: float, plus: float, minus: float, null: float) -> float:
    """Return the p-value of delta ≤ null against delta > null."""
    if method == "tango":
        distance, scale = tango_parts(n, plus, minus, null)
        return float(ndtr(-distance / scale)) if scale > 0 else 0.5
    if method == "exact unconditional":
        return unconditional_pvalue(int(n), int(plus), int(minus), null)
    return _bounds_pvalue(n, plus, minus, null)


def _binomial_low(n: float, x: float, level: float) -> float:
    """Return p with P(X ≥ x) = level."""
    return 0.0 if x <= 0 else float(betaincinv(x, n - x + 1, level))


def _binomial_upp(n: float, x: float, level: float) -> float:
    """Return p with P(X ≤ x) = level."""
    return 1.0 if x >= n else float(betainccinv(x + 1, n - x, level))


def _bounds_pvalue(n: float, plus: float, minus: float, null: float) -> float:
    """Return twice the error level at which the two Clopper–Pearson limits differ by `null`.

    It is P(X ≥ plus) at u and P(X ≤ minus) at u − null, for the u at which both are equal.
    """
    if minus >= n:
        return 1.0
    if plus == 0:
        return 1.0 if null >= 0 else min(1.0, 2 * float(betaincc(minus + 1, n - minus, -null)))

    def gap(u: float) -> float:
        v = min(1.0, max(0.0, u - null))
        return float(betainc(plus, n - plus + 1, u) - betaincc(minus + 1, n - minus, v))

    u = brentq(gap, max(0.0, null), min(1.0, 1.0 + null), xtol=_XTOL, rtol=_RTOL)
    return min(1.0, 2 * float(betainc(plus, n - plus + 1, u)))
