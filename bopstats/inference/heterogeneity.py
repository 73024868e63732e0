"""Heterogeneity of benefit between groups, in size (Cochran, Welch, Wald) and sign (Gail, Simon).

Groups without a finite estimate or a positive standard error are left out; where fewer than two
are left the figures are nan, and `reason` says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, fdtrc, gammaln, logsumexp

from bopstats._typing import BoolArray, FloatArray
from bopstats._validation import fail
from bopstats.groups import GroupMoments
from bopstats.sampling import DesignFigures, between_units_matrix, centre_in_strata

_TOO_FEW = "fewer than two groups have a standard error"
_SINGULAR = "no more clusters (less strata) than groups, or groups that vary together"


@dataclass(frozen=True)
class Heterogeneity:
    """A test that all groups have one benefit.

    `df` is that of the chi-square distribution, or the numerator's of an F distribution whose
    denominator has `df_error` (infinite for chi-square). `i2` and `tau2` are the share of the
    spread of the estimates that is not sampling error and the variance of the true benefits; nan
    where the method has none. `n_groups` counts the groups used.
    """

    method: str
    statistic: float
    df: float
    df_error: float
    pvalue: float
    i2: float
    tau2: float
    n_groups: int
    reason: str = ""


@dataclass(frozen=True)
class SignTest:
    """One of Gail and Simon's likelihood ratio tests; `null` in words."""

    null: str
    statistic: float
    pvalue: float
    n_groups: int
    reason: str = ""


@dataclass(frozen=True)
class Statistic:
    """A test of all groups together, over all partitions; nan where there is no such number."""

    method: str
    statistic: float
    pvalue: float
    df: float = float("nan")
    df_error: float = float("nan")


def over_partitions(tests: Iterable[Heterogeneity | SignTest]) -> Statistic:
    """Return the median statistic and p-value of tests computed inside each partition."""
    each = list(tests)
    statistic, pvalue = np.median([[test.statistic, test.pvalue] for test in each], axis=0)
    first = each[0]
    if isinstance(first, SignTest):
        return Statistic("Gail-Simon", float(statistic), float(pvalue))
    return Statistic(first.method, float(statistic), float(pvalue), first.df, first.df_error)


def cochran_q(estimate: FloatArray, std_err: FloatArray) -> Heterogeneity:
    r"""Test by Cochran's Q whether independent groups have one benefit.

    Parameters
    ----------
    estimate, std_err : ndarray, shape (G,)
        Benefits and standard errors.

    Returns
    -------
    Heterogeneity
        With I² and the DerSimonian–Laird tau².

    Notes
    -----
    With :math:`v_g = 1 / s_g^2` and :math:`\bar b = \sum v_g b_g / \sum v_g`,

    .. math::
        Q = \sum v_g (b_g - \bar b)^2, \quad I^2 = \max(0, 1 - (G - 1)/Q), \quad
        \tau^2 = \max\Bigl(0, \frac{Q - (G - 1)}{\sum v_g - \sum v_g^2 / \sum v_g}\Bigr).

    Q has a chi-square distribution with G − 1 degrees of freedom if the standard errors were
    known. In groups of ten or so they are not, and Q rejects too often: see `welch`.

    References
    ----------
    Cochran, W. G. (1954). Biometrics 10, 101–129.
    DerSimonian, R. and Laird, N. (1986). Controlled Clinical Trials 7, 177–188.
    Higgins, J. P. T. and Thompson, S. G. (2002). Statistics in Medicine 21, 1539–1558.

    Examples
    --------
    >>> found = cochran_q(np.array([0.02, 0.01, -0.03]), np.array([0.01, 0.02, 0.01]))
    >>> print(f"Q = {found.statistic:.2f}, p = {found.pvalue:.4f}, I2 = {found.i2:.3f}")
    Q = 13.00, p = 0.0015, I2 = 0.846
    """
    used = _usable(estimate, std_err)
    count = int(used.sum())
    if count < 2:
        return _nothing("Cochran's Q", count, _TOO_FEW)
    precision = std_err[used] ** -2.0
    q = _spread(estimate[used], precision)
    extra = max(0.0, q - (count - 1))
    # Σv − Σv²/Σv without cancellation where one group's precision exceeds all others'.
    others = np.sort(precision)[:-1]
    pairs = 2.0 * precision.max() * others.sum() + others.sum() ** 2 - (others**2).sum()
    room = float(pairs / precision.sum())
    share = extra / q if q > 0 else 0.0
    pvalue = float(chdtrc(count - 1, q))
    return Heterogeneity("Cochran's Q", q, count - 1, np.inf, pvalue, share, extra / room, count)


def welch(estimate: FloatArray, std_err: FloatArray, df: FloatArray) -> Heterogeneity:
    r"""Test by Welch's F whether independent groups, small ones too, have one benefit.

    Parameters
    ----------
    estimate, std_err, df : ndarray, shape (G,)
        Benefits, standard errors and their degrees of freedom.

    Notes
    -----
    With Q and v of `cochran_q` and :math:`\lambda = \sum (1 - v_g / \sum v)^2 / f_g`,

    .. math:: F = \frac{Q / (G - 1)}{1 + 2 (G - 2) \lambda / (G^2 - 1)}

    on G − 1 and :math:`(G^2 - 1) / (3\lambda)` degrees of freedom, which allows for the estimated
    standard errors. I² and tau² are Cochran's.

    References
    ----------
    Welch, B. L. (1951). Biometrika 38, 330–336.

    Examples
    --------
    >>> b, se = np.array([0.02, 0.01, -0.03]), np.array([0.01, 0.02, 0.01])
    >>> found = welch(b, se, np.array([9.0, 9.0, 9.0]))
    >>> print(f"F = {found.statistic:.2f} on {found.df:g} and {found.df_error:.1f}")
    F = 6.26 on 2 and 17.1
    """
    used = _usable(estimate, std_err) & (df > 0)
    count = int(used.sum())
    if count < 2:
        return _nothing("Welch's F", count, _TOO_FEW)
    precision = std_err[used] ** -2.0
    lack = float(((1.0 - precision / precision.sum()) ** 2 / df[used]).sum())
    plain = cochran_q(estimate[used], std_err[used])
    f = plain.statistic / (count - 1) / (1.0 + 2.0 * (count - 2) * lack / (count**2 - 1))
    error = (count**2 - 1) / (3.0 * lack)
    pvalue = float(fdtrc(count - 1, error, f))
    return Heterogeneity("Welch's F", f, count - 1, error, pvalue, plain.i2, plain.tau2, count)


def group_covariance(moments: GroupMoments, cost: int) -> FloatArray:
    r"""Return the covariance of the groups' mean benefits in a complex design, shape (G, G).

    Parameters
    ----------
    moments : GroupMoments
        With sums by cluster or stratum.
    cost : int
        Index of the cost.

    Notes
    -----
    .. math:: V_{gk} = \sum_h \frac{C_h}{C_h - 1} \sum_{c \in h}
              \frac{(u_{cg} - \bar u_{hg}) (u_{ck} - \bar u_{hk})}{W_g W_k}, \quad
              u_{cg} = \sum_{i \in c, g} w_i (B_i - \bar B_g),

    over all :math:`C_h` units of stratum h. Groups are domains: clusters or strata that two groups
    share make their means dependent. The diagonal is the variance that `bopstats.inference.means`
    uses.
    """
    sums = moments.design
    if sums is None:
        fail("moments", "no sums by cluster or stratum", "moments of a complex design")
    if isinstance(sums, DesignFigures):
        return np.asarray(sums.covariance[cost], dtype=np.float64)
    size = len(moments.w)
    with np.errstate(invalid="ignore", divide="ignore"):
        at = (moments.wb[cost] / moments.w)[sums.group]
        score = sums.wb[cost] - at * sums.w
        # Scores of a group that does not vary are rounding: no variance, not a tiny one.
        score = np.where(np.abs(score) <= 1e-10 * np.abs(sums.wb[cost]), 0.0, score)
        score = score / moments.w[sums.group]
        if sums.clustered:
            names, unit = np.unique(sums.cluster, return_inverse=True)
            scores, stratum = np.zeros((len(names), size)), np.zeros(len(names), dtype=np.int64)
            scores[unit, sums.group], stratum[unit] = score, sums.place
            covariance = between_units_matrix(scores, stratum, sums.units)
        else:
            squares = sums.w2b2[cost] - 2 * at * sums.w2b[cost] + at**2 * sums.w2
            squares = np.where(squares <= 1e-14 * sums.w2b2[cost], 0.0, squares)
            squares = sums.by_stratum(squares / moments.w[sums.group] ** 2, size)
            products = np.diag(squares @ (sums.units / (sums.units - 1.0)))
            covariance = centre_in_strata(products, sums.by_stratum(score, size).T, sums.units)
    empty = ~(moments.w > 0)
    covariance[empty] = covariance[:, empty] = np.nan
    return np.asarray(covariance, dtype=np.float64)


def wald_equal(
    estimate: FloatArray, covariance: FloatArray, *, df: float = np.inf
) -> Heterogeneity:
    r"""Test by Wald's statistic whether groups that may share clusters or strata have one benefit.

    Parameters
    ----------
    estimate : ndarray, shape (G,)
        Benefits.
    covariance : ndarray, shape (G, G)
        Their covariance, as from `group_covariance`.
    df : float
        Degrees of freedom of the covariance, units of the design less strata; infinite for a known
        one.

    Notes
    -----
    With L the differences from the first group, k = G − 1 of them, and f = `df`,

    .. math:: W = (L b)' (L V L')^{-1} (L b), \qquad F = \frac{f - k + 1}{f k} W

    on k and f − k + 1 degrees of freedom (Korn and Graubard 1990); W on a chi-square distribution
    with k if f is infinite. With a diagonal V, W is Cochran's Q.

    References
    ----------
    Korn, E. L. and Graubard, B. I. (1990). The American Statistician 44, 270–276.

    Examples
    --------
    >>> v = np.array([[4.0, 1.0], [1.0, 4.0]]) * 1e-4
    >>> print(f"{wald_equal(np.array([0.03, -0.03]), v, df=30).pvalue:.4f}")
    0.0204
    """
    used = _usable(estimate, np.sqrt(np.diag(covariance)))
    count = int(used.sum())
    if count < 2:
        return _nothing("Wald", count, _TOO_FEW)
    v, k = covariance[np.ix_(used, used)], count - 1
    difference = estimate[used][1:] - estimate[used][0]
    spread = v[1:, 1:] - v[1:, :1] - v[:1, 1:] + v[0, 0]
    scale = np.sqrt(np.maximum(np.diag(spread), np.finfo(np.float64).tiny))
    correlation = spread / np.outer(scale, scale)
    if df < k or np.linalg.eigvalsh(correlation)[0] < 1e-10:
        return _nothing("Wald", count, _SINGULAR)
    z = difference / scale
    w = float(z @ np.linalg.solve(correlation, z))
    if np.isinf(df):
        return Heterogeneity("Wald", w, k, np.inf, float(chdtrc(k, w)), np.nan, np.nan, count)
    error = df - k + 1
    f = w * error / (df * k)
    pvalue = float(fdtrc(k, error, f))
    return Heterogeneity("adjusted Wald", f, k, error, pvalue, np.nan, np.nan, count)


def gail_simon(estimate: FloatArray, std_err: FloatArray) -> tuple[SignTest, SignTest, SignTest]:
    r"""Test the signs of independent groups' benefits (Gail and Simon 1985).

    Parameters
    ----------
    estimate, std_err : ndarray, shape (G,)
        Benefits less the null value, and standard errors; or z-scores of any one-sided tests and
        ones, which keeps the exactness of small groups. Groups must share no cluster
        or stratum.

    Returns
    -------
    tuple of SignTest
        Of "no group is harmed", "no group benefits", and "no group benefits or none is harmed",
        whose rejection shows a qualitative interaction.

    Notes
    -----
    With :math:`Q_\mp` the sums of :math:`(b_g / s_g)^2` over groups with a negative and with a
    positive estimate, the likelihood ratio statistics are :math:`Q_-`, :math:`Q_+` and
    :math:`\min(Q_-, Q_+)`. At the least favourable point, for q > 0,

    .. math:: P(Q > q) = \sum_{h=1}^{m} \binom{m}{h} 2^{-m} P(\chi^2_h > q),

    with m = G for the first two and m = G − 1 for the third. A statistic of 0 has p = 1.

    References
    ----------
    Gail, M. and Simon, R. (1985). Biometrics 41, 361–372.

    Examples
    --------
    >>> harm, benefit, both = gail_simon(np.array([0.03, 0.02, -0.05]), np.full(3, 0.02))
    >>> print(f"{harm.pvalue:.4f} {benefit.pvalue:.4f} {both.pvalue:.4f}")
    0.0336 0.1450 0.0849
    """
    used = _usable(estimate, std_err)
    count = int(used.sum())
    squares = (estimate[used] / std_err[used]) ** 2
    below = float(squares[estimate[used] < 0].sum())
    above = float(squares[estimate[used] > 0].sum())
    return (
        _sign_test("every benefit >= 0 (no group is harmed)", below, count, 1, count),
        _sign_test("every benefit <= 0 (no group benefits)", above, count, 1, count),
        _sign_test("no two benefits of opposite sign", min(below, above), count, 2, count - 1),
    )


def _usable(estimate: FloatArray, std_err: FloatArray) -> BoolArray:
    return np.asarray(np.isfinite(estimate) & np.isfinite(std_err) & (std_err > 0), dtype=bool)


def _nothing(method: str, n_groups: int, reason: str) -> Heterogeneity:
    nan = float("nan")
    return Heterogeneity(method, nan, nan, nan, nan, nan, nan, n_groups, reason)


def _spread(estimate: FloatArray, precision: FloatArray) -> float:
    """Return the weighted sum of squares about the weighted mean."""
    away = estimate - estimate[0]
    away = away - (precision * away).sum() / precision.sum()
    return float((precision * away**2).sum())


def _sign_test(null: str, statistic: float, n_groups: int, least: int, m: int) -> SignTest:
    if n_groups < least:
        few = _TOO_FEW if least == 2 else "no group has a standard error"
        return SignTest(null, np.nan, np.nan, n_groups, few)
    return SignTest(null, statistic, _mixture_sf(statistic, m), n_groups)


def _mixture_sf(q: float, m: int) -> float:
    """Upper tail of the mixture of chi-squares, the number of terms binomial(m, 1/2)."""
    if q <= 0:
        return 1.0
    h = np.arange(1.0, m + 1.0)
    log_weight = gammaln(m + 1) - gammaln(h + 1) - gammaln(m - h + 1) - m * np.log(2.0)
    with np.errstate(divide="ignore"):
        return float(np.exp(logsumexp(log_weight + np.log(chdtrc(h, q)))))
