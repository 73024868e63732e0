"""Error bounds of the min-of-means test in exponential families.

Tilting to the threshold gives P(mean >= t) = exp(−m I) E exp(−λ (S − m t)) over S >= m t. The
expectation is at most 1 (Chernoff), and at most exp(a²/2) Φ(−a) + 2 C with a = λ sd √m and
C = 0.469 E|B − t|³ / (sd³ √m) under the tilted law (Berry–Esseen; constant of Shevtsova 2011).
The smaller of the two is used, so the bound holds for every number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import erfcx, log_ndtr

from bopstats.theory._numeric import Floats

#: Constant of the Berry–Esseen inequality for identically distributed rows.
BERRY_ESSEEN = 0.469


@dataclass(frozen=True)
class Moments:
    """A family at some tilts θ: K(θ), K'(θ), K''(θ)^½, and E|B − K'|³ / sd³ or more.

    `roughness` is infinite where nothing is known of it.
    """

    cumulant: Floats
    mean: Floats
    sd: Floats
    roughness: Floats


@dataclass(frozen=True)
class Rates:
    """One row's rate and decay at thresholds between the two means, shape (points,)."""

    null: Floats
    alternative: Floats
    null_decay: Floats
    alternative_decay: Floats
    roughness: Floats


def chernoff_rates(tilt: float, family: Callable[[Floats], Moments], points: int = 1025) -> Rates:
    """Return the rates of a family for the alternative at `tilt`, the null being at 0.

    A row counts θ t − K(θ) against the null and (θ − Δ) t − K(θ) + K(Δ) against the alternative,
    θ being the tilt whose mean is the threshold t and Δ that of the alternative.
    """
    theta = np.linspace(0.0, tilt, points)
    at = family(theta)
    alternative = (theta - tilt) * at.mean - at.cumulant + at.cumulant[-1]
    return Rates(
        np.maximum(theta * at.mean - at.cumulant, 0.0),
        np.maximum(alternative, 0.0),
        theta * at.sd,
        (tilt - theta) * at.sd,
        at.roughness,
    )


def no_rates() -> Rates:
    """Return rates that say nothing: the alternative lies at the edge of the family."""
    nothing = np.zeros(2)
    return Rates(nothing, nothing, nothing, nothing, np.full(2, np.inf))


class ChernoffTest:
    """Bounds of the errors of a threshold on each group's mean; ``table[case][law]``."""

    def __init__(self, table: Sequence[Sequence[Rates]], size: Floats) -> None:
        self.shape = size.shape
        self.curves = [
            [
                _curves(laws[group if len(laws) > 1 else 0], size[case, group])
                for group in range(size.shape[1])
            ]
            for case, laws in enumerate(table)
        ]

    def errors(self, z: Floats) -> tuple[Floats, Floats]:
        """Return bounds of P0(A) and log P1(A); the level is at most Φ(−z)."""
        shape = (z.shape[0], *self.shape)
        needed = np.broadcast_to(log_ndtr(-z), shape)
        log_reject, log_accept = np.empty(shape), np.empty(shape)
        for case, row in enumerate(self.curves):
            for group, (reject, accept) in enumerate(row):
                at = np.searchsorted(-reject, -needed[:, case, group])
                at = np.minimum(at, reject.size - 1)
                log_reject[:, case, group] = reject[at]
                log_accept[:, case, group] = accept[at]
        return np.exp(log_reject), log_accept


def _curves(rates: Rates, size: float) -> tuple[Floats, Floats]:
    """Return log P0(A), decreasing, and log P1(A) at the thresholds."""
    reject = _log_tail(rates.null, rates.null_decay, rates.roughness, size)
    miss = _log_tail(rates.alternative, rates.alternative_decay, rates.roughness, size)
    with np.errstate(divide="ignore"):
        accept = np.log(-np.expm1(np.minimum(miss, 0.0)))
    # A higher threshold rejects no more often than a lower one.
    return np.minimum.accumulate(reject), accept


def _log_tail(rate: Floats, decay: Floats, roughness: Floats, size: float) -> Floats:
    root = np.sqrt(size)
    factor = 0.5 * erfcx(decay * root / np.sqrt(2.0)) + 2.0 * BERRY_ESSEEN * roughness / root
    return np.asarray(np.log(np.minimum(factor, 1.0)) - size * rate)
