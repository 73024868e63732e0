"""The exponential family through a sample's own law."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import mpmath
import numpy as np
from numpy.typing import ArrayLike

from bopstats._validation import fail
from bopstats.exceptions import DomainError
from bopstats.theory._chernoff import Moments, Rates, chernoff_rates, no_rates
from bopstats.theory._numeric import Floats, Ops, check_array, exact
from bopstats.theory._solve import solve_increasing
from bopstats.theory.tilted_laws import TiltedFamily

#: Taylor coefficients of exp(x) − 1 − x, from the highest.
_SERIES = 1.0 / np.cumprod(np.arange(1.0, 19.0))[1:][::-1]

#: Exponentials spent on the thresholds of the upper bound.
_WORK = 1_500_000


@dataclass(frozen=True, eq=False, repr=False)
class Tilted(TiltedFamily):
    r"""Exponential tilts of a sample's own law, centred: no shape is assumed.

    With :math:`K(\theta) = \ln \tfrac1n\sum_i e^{\theta (b_i-\bar b)}` and
    :math:`K'(\Delta)=\epsilon`, :math:`K'(\Delta')=-\epsilon`,

    ============= ========================================== ==================================
    direction     ln c                                       pair
    ============= ========================================== ==================================
    "min"         :math:`K(\Delta) + K(-\Delta)`             null = sample, alternative tilted up
    "min_ref"     :math:`K(2\Delta') - 2K(\Delta')`          alternative = sample, null tilted down
    "paper"       :math:`K(2\Delta) - 2K(\Delta)`            as printed; not valid for this test
    ============= ========================================== ==================================

    A plug-in: the sample is taken as the truth, and nothing is claimed about its own error.

    Source: exponential tilting of a sample (Efron, 1981).

    Parameters
    ----------
    sample : array_like, shape (n,)
        Individual benefits; centred first. At least two distinct values.

    Raises
    ------
    DomainError
        If the sample does not vary.
    ArgumentError
        If a value is not a finite number.

    Examples
    --------
    >>> law = Tilted([-1, -0.4, -0.1, 0, 0.05, 0.1, 0.3, 0.9, 0.15, 0.2])
    >>> round(float(law.log_moment(0.1)), 9)
    0.050997251
    """

    sample: ArrayLike

    directions: ClassVar[tuple[str, ...]] = ("min", "paper", "min_ref")

    def __post_init__(self) -> None:
        values = check_array("sample", self.sample)
        if values.min() == values.max():
            fail("sample", f"{values.size} equal values", "values that vary", DomainError)

    def __repr__(self) -> str:
        return f"Tilted(sample of {np.size(self.sample)})"

    @property
    def describes(self) -> str:
        """The class of distributions, in words."""
        return f"exponential tilts of the {np.size(self.sample)} benefits seen, taken as the truth"

    @cached_property
    def _centred(self) -> tuple[Floats, Floats]:
        """Distinct centred values and their shares."""
        values = np.asarray(self.sample, dtype=float).ravel()
        distinct, counts = np.unique(values - values.mean(), return_counts=True)
        return distinct, counts / values.size

    def _largest(self) -> Any:
        return float(self._centred[0][-1])

    def _limit(self, direction: str, /) -> Any:
        return -self._centred[0][0] if direction == "min_ref" else self._largest()

    def _cumulant(self, tilt: float) -> float:
        """Return K(tilt)."""
        values, shares = self._centred
        x = tilt * values
        if np.abs(x).max() < 1.0:
            # The mean of x is 0: leave it out, so that small tilts keep their precision.
            return float(np.log1p(shares @ (np.polyval(_SERIES, x) * x * x)))
        top = x.max()
        return float(top + np.log(shares @ np.exp(x - top)))

    def _slope(self, tilt: float) -> float:
        """Return K'(tilt)."""
        values, shares = self._centred
        x = tilt * values
        if np.abs(x).max() < 1.0:
            change = np.expm1(x)
            return float(shares @ (values * change) / (1.0 + shares @ change))
        weight = shares * np.exp(x - x.max())
        return float(weight @ values / weight.sum())

    def _tilt(self, mean: float) -> float | None:
        """Return the tilt with this mean; None beyond the sample's range."""
        values = self._centred[0]
        if not values[0] < mean < values[-1]:
            return None
        # In units of the sample's spread tilts are of the order of the standardised mean.
        unit = 1.0 / float(np.sqrt(self._centred[1] @ values**2))
        line = (-np.inf, np.inf)
        found = solve_increasing(lambda t: self._slope(t * unit) * unit, mean * unit, line)
        return None if found is None else found * unit

    def _log_moment(self, effect: Any, direction: str, _ops: Ops, /) -> Any:
        if isinstance(effect, mpmath.mpf):
            return self._moment_exact(effect, direction)
        flat, back = np.unique(np.asarray(effect).ravel(), return_inverse=True)
        value = np.array([self._moment(float(e), direction) for e in flat])
        return value[back].reshape(np.shape(effect))

    def _moment(self, effect: float, direction: str) -> float:
        if effect == 0.0:
            return 0.0
        tilt = self._tilt(-effect if direction == "min_ref" else effect)
        if tilt is None:
            return np.inf
        if direction == "min":
            return self._cumulant(tilt) + self._cumulant(-tilt)
        return self._cumulant(2.0 * tilt) - 2.0 * self._cumulant(tilt)

    def _moment_exact(self, effect: mpmath.mpf, direction: str) -> mpmath.mpf:
        mean = -effect if direction == "min_ref" else effect
        start = self._tilt(float(mean))
        if start is None:
            return mpmath.mpf("inf")
        with mpmath.extradps(int(max(0, -2 * mpmath.log10(effect))) + 10):
            values = [exact(v) for v in np.asarray(self.sample).ravel()]
            centre = mpmath.fsum(values) / len(values)
            values = [v - centre for v in values]

            def cumulant(t: Any) -> Any:
                return mpmath.log(mpmath.fsum(mpmath.exp(t * v) for v in values) / len(values))

            def slope(t: Any) -> Any:
                weights = [mpmath.exp(t * v) for v in values]
                return mpmath.fdot(weights, values) / mpmath.fsum(weights)

            tilt = mpmath.findroot(lambda t: slope(t) - mean, start)
            if direction == "min":
                return cumulant(tilt) + cumulant(-tilt)
            return cumulant(2 * tilt) - 2 * cumulant(tilt)

    def _rates(self, effect: float) -> Rates:
        tilt = self._tilt(effect)
        points = int(np.clip(_WORK // self._centred[0].size, 65, 1025))
        if tilt is None:
            # The effect is the largest benefit seen: no threshold below it is known to do.
            return no_rates()
        return chernoff_rates(tilt, self._moments, points)

    def _moments(self, theta: Floats) -> Moments:
        values, shares = self._centred
        out = np.empty((4, theta.size))
        for i, tilt in enumerate(theta):
            x = tilt * values
            weight = shares * np.exp(x - x.max())
            weight /= weight.sum()
            mean = weight @ values
            gap = np.abs(values - mean)
            square = gap * gap
            sd = np.sqrt(weight @ square)
            out[:, i] = self._cumulant(tilt), mean, sd, weight @ (square * gap) / sd**3
        return Moments(*out)
