r"""Exact unconditional one-sided test and limit of a paired difference of proportions.

The outcome of n people is ``(n_plus, n_minus)``, trinomial with :math:`p_+, p_-, 1 - p_+ - p_-`;
:math:`\delta = p_+ - p_-`, and :math:`q = p_+ + p_-` is a nuisance parameter. Order the outcomes,
whatever the null, by Tango's lower limit S at the fixed one-sided level `ORDER_LEVEL`, and let
:math:`R(x) = \{y : S(y) \ge S(x)\}`. The p-value of :math:`\delta \le D` and the lower limit are

.. math:: p(x, D) = \gamma + \sup_{\delta \le D,\; q \le Q(x)} P_{\delta, q}\{R(x)\}, \qquad
          L_a(x) = \sup\{D : p(x, D) \le a\},

where Q is the Clopper–Pearson upper limit of q at error probability :math:`\gamma` = `Q_ERROR`
(Berger and Boos 1994). In R(x), all outcomes with more than M changes are counted, M being the
1 − γ quantile at Q: so the cost grows with the number of changes, not with n.

1. *Valid.* Take a point of the null. If q ≤ Q(X) then p(X, D) − γ ≥ P{R(X)}; as the sets R are
   nested, P{R(X)} ≤ a − γ has probability at most a − γ; q > Q(X) has at most γ. Together
   P{p(X, D) ≤ a} ≤ a, hence L errs with probability at most a.
2. *Monotone.* A larger null has no smaller supremum, and neither R nor Q depends on D. So p rises
   with D, and {D : p ≤ a} is an interval: Buehler's limit for the ordering S (Buehler 1957; Lloyd
   and Moldovan 2007).
3. *On the boundary.* S does not fall when one person goes from −1 to 0 or from 0 to +1 (the tests
   check it), so R(x) is closed when one goes from −1 or 0 to +1, and P{R(x)} does not fall when δ
   rises at fixed q, or both rise at :math:`p_- = 0`. Thereby each point of the null with q ≤ Q
   moves to δ = D, and the supremum is a maximum over q alone.

References
----------
Berger, R. L. and Boos, D. D. (1994). J. Am. Stat. Assoc. 89, 1012–1016.
Buehler, R. J. (1957). J. Am. Stat. Assoc. 52, 482–493.
Chan, I. S. F. and Zhang, Z. (1999). Biometrics 55, 1202–1209.
Lloyd, C. J. and Moldovan, M. V. (2007). Statistics in Medicine 26, 3369–3384.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import bdtrik, betainc, betainccinv, gammaln, ndtri

from bopstats.inference.paired_tango import tango_excess, tango_low

Floats = npt.NDArray[np.float64]

Q_ERROR = 1e-6
ORDER_LEVEL = 0.025
_ORDER_Z = -float(ndtri(ORDER_LEVEL))
_TINY = 1e-300
_CHUNK = 16384
_NEAR = 0.2
_CLOSE = 1e-9
_MAX_STEPS = 20


@lru_cache(maxsize=16)
def _outcomes(n: int, most: int) -> tuple[Floats, Floats]:
    """Return (n_plus, n_minus, unchanged) up to `most` changed, and log multinomial terms."""
    plus, minus = np.nonzero(np.add.outer(np.arange(most + 1), np.arange(most + 1)) <= most)
    counts = np.stack([plus, minus, n - plus - minus]).astype(float)
    # log n!/(n − m)! as a sum of logs: a difference of two gammaln would lose digits at large n
    falling = np.concatenate([[0.0], np.cumsum(np.log(n - np.arange(most)))])
    return counts, falling[plus + minus] - gammaln(counts[:2] + 1).sum(axis=0)


@dataclass(frozen=True)
class _Region:
    """R(x) within `most` changes, and the largest q that is considered."""

    counts: Floats
    log_coefficient: Floats
    n: int
    most: int
    upper_q: float

    def log_probability(self, null: float, angle: npt.ArrayLike) -> Floats:
        """Return log P(R) at δ = null and q = |null| + (Q − |null|) sin²(angle)."""
        t = np.sin(np.atleast_1d(np.asarray(angle, dtype=float))) ** 2
        free = (self.upper_q - abs(null)) * t
        up, down = max(null, 0.0), max(-null, 0.0)
        p = np.array([free / 2 + up, free / 2 + down, 1 - up - down - free])
        log_p = np.log(np.maximum(p, _TINY)).T
        total = np.empty(len(t))
        step = max(1, _CHUNK // len(self.log_coefficient))
        for i in range(0, len(t), step):
            terms = log_p[i : i + step] @ self.counts
            terms += self.log_coefficient
            top = terms.max(axis=1)
            terms -= top[:, None]
            np.exp(terms, out=terms)
            total[i : i + step] = top + np.log(terms.sum(axis=1))
        if self.most < self.n:
            beyond = betainc(self.most + 1, self.n - self.most, abs(null) + free)
            total = np.logaddexp(total, np.log(np.maximum(beyond, _TINY)))
        return total

    def worst(self, null: float) -> tuple[float, float]:
        """Return the largest log P(R) over q at δ = null, and its angle.

        Peaks in the angle are some 1/sqrt(nQ) wide, so a grid finds each; those near the highest
        are then refined.
        """
        peaks = np.sqrt(self.n * self.upper_q)
        grid = np.linspace(0.0, np.pi / 2, 16 + 4 * int(peaks))
        values = np.pad(self.log_probability(null, grid), 1, constant_values=-np.inf)
        inner = values[1:-1]
        peak = (inner > values[:-2]) & (inner >= values[2:]) & (inner > inner.max() - _NEAR)
        return max(self.refine(null, grid[i], grid[1]) for i in np.flatnonzero(peak))

    def refine(self, null: float, angle: float, width: float) -> tuple[float, float]:
        """Return the largest log P(R) within `width` of an angle, and where it is."""
        for _ in range(3):
            low, high = max(angle - width, 0.0), min(angle + width, np.pi / 2)
            grid = np.linspace(low, high, 9)
            values = self.log_probability(null, grid)
            i = int(values.argmax())
            angle, width = float(grid[i]), (high - low) / 8
        if not 0 < i < 8:
            return float(values[i]), angle
        left, top, right = (float(v) for v in values[i - 1 : i + 2])
        bend = left - 2 * top + right
        vertex = angle + width * (left - right) / (2 * bend) if bend < 0 else angle
        return max((top, angle), (float(self.log_probability(null, vertex)[0]), vertex))

    def root(self, angle: float, target: float, start: float, tolerance: float) -> float:
        """Return the δ at which log P(R) reaches `target` along one angle, near `start`."""

        def gap(null: float) -> float:
            return float(self.log_probability(null, angle)[0]) - target

        low = high = start
        step = 0.01 * self.upper_q
        while low > -self.upper_q and gap(low) > 0:
            low, step = max(-self.upper_q, low - step), 4 * step
        while high < self.upper_q and gap(high) < 0:
            high, step = min(self.upper_q, high + step), 4 * step
        return float(brentq(gap, low, high, xtol=tolerance * self.upper_q, rtol=1e-15))


@lru_cache(maxsize=16)
def _region(n: int, plus: int, minus: int) -> _Region:
    """Return R(x) for the outcome x, those outcomes whose order statistic is at least x's."""
    changed, most, upper_q = plus + minus, n, 1.0
    if changed < n:
        upper_q = float(betainccinv(changed + 1, n - changed, Q_ERROR))
        most = min(n, int(bdtrik(1 - Q_ERROR, n, upper_q)) + 1)
    counts, log_coefficient = _outcomes(n, most)
    limit = tango_low(n, plus, minus, ORDER_LEVEL)
    inside = tango_excess(n, counts[0], counts[1], limit, _ORDER_Z) >= -1e-9
    kept = np.ascontiguousarray(counts[:, inside])
    return _Region(kept, log_coefficient[inside], n, most, upper_q)


def unconditional_pvalue(n: int, plus: int, minus: int, null: float) -> float:
    """Return the exact unconditional p-value of delta ≤ null against delta > null.

    Examples
    --------
    Seven changed predictions, all mended:

    >>> print(f"{unconditional_pvalue(30, 7, 0, 0.0):.5f}")
    0.00482
    """
    if minus == n:
        return 1.0
    region = _region(n, plus, minus)
    if null < -region.upper_q:
        return Q_ERROR
    value = region.worst(min(null, region.upper_q))[0]
    return min(1.0, Q_ERROR + float(np.exp(value)))


def unconditional_low(n: int, plus: int, minus: int, level: float) -> float:
    """Return the exact unconditional lower limit of delta at one-sided error `level`.

    At a fixed angle P(R) rises with δ, so each angle has its own root, and the limit is the
    smallest of them. From the angle that is worst at the present δ, go to that angle's root, until
    it stays: the error is squared in each step, as P(R) is flat in the angle at its maximum.

    Examples
    --------
    >>> print(f"{unconditional_low(30, 7, 0, 0.025):.4f}")
    0.0785
    """
    if minus == n or level <= Q_ERROR:
        return -1.0
    region, target = _region(n, plus, minus), float(np.log(level - Q_ERROR))
    if region.log_probability(-region.upper_q, 0.0)[0] >= target:
        return -region.upper_q
    limit = float(np.clip(tango_low(n, plus, minus, level), -region.upper_q, region.upper_q))
    for _ in range(_MAX_STEPS):
        value, angle = region.worst(limit)
        if abs(value - target) < _CLOSE:
            break
        limit = region.root(angle, target, limit, 1e-5)
        for width in (0.05, 0.005):
            angle = region.refine(limit, angle, width)[1]
            limit = region.root(angle, target, limit, 1e-15)
    return limit
