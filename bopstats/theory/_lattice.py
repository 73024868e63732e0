"""Sums of integer benefits: exact tails by contour integration, for any number of rows.

A sum S over m rows of steps −1, 0, 1 (or of Poisson numbers of such steps) has

    P(S >= s) = (1/2π) ∫ exp(m K(λ+iθ) − (λ+iθ) s) / (1 − exp(−λ−iθ)) dθ over (−π, π),

for every λ > 0. The line is put through the saddle point, where nothing cancels, so that tails
far below the smallest float keep their relative precision; the trapezoid rule converges
geometrically there. The cost does not depend on the number of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bopstats.theory._numeric import Floats

#: Intervals of the trapezoid rule on half the circle.
NODES = 56

#: Least tilt, in units of the reach: exp(−2π · 0.107 · 56) puts the error of the rule at 1e-16.
CLEAR = 0.107

#: Where the normal-like integrand is below 1e-17 of its peak, in units of 1/sd.
REACH = 9.0

#: With fewer rows than this that stay put, S keeps its parity visibly: a second peak at θ = π.
PARITY = 25.0


@dataclass(frozen=True)
class Steps:
    """The law of one row: chance (or Poisson rate) of a step, and the mean step.

    Steps up have chance ``(moved + drift) / 2``, steps down ``(moved - drift) / 2``.
    """

    moved: Floats
    drift: Floats
    poisson: bool = False

    def mirrored(self) -> Steps:
        """Return the law of the opposite steps."""
        return Steps(self.moved, -self.drift, self.poisson)

    def tilted(self, tilt: Floats) -> Steps:
        """Return the law with density ∝ exp(tilt · step): a hyperbolic rotation."""
        up, down = self._ends()
        up, down = up * np.exp(tilt), down * np.exp(-tilt)
        cosh, sinh = np.cosh(tilt), np.sinh(tilt)
        # Differences keep their precision at small tilts in one form, rare steps in the other.
        near = tilt < 1.0
        total = 1.0 if self.poisson else np.maximum(1.0 - self.moved, 0.0) + up + down
        return Steps(
            np.where(near, self.moved * cosh + self.drift * sinh, up + down) / total,
            np.where(near, self.drift * cosh + self.moved * sinh, up - down) / total,
            self.poisson,
        )

    def cumulant(self, tilt: Floats) -> Floats:
        """Return K(tilt), the log of the mean of exp(tilt · step)."""
        up, down = self._ends()
        rise = self.drift * np.sinh(tilt) + self.moved * 2.0 * np.sinh(tilt / 2.0) ** 2
        if self.poisson:
            return np.asarray(
                np.where(tilt < 1.0, rise, up * np.expm1(tilt) + down * np.expm1(-tilt))
            )
        total = np.maximum(1.0 - self.moved, 0.0) + up * np.exp(tilt) + down * np.exp(-tilt)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(tilt < 1.0, np.log1p(rise), np.log(total))

    def _ends(self) -> tuple[Floats, Floats]:
        """Return the chances of a step up and down."""
        return (self.moved + self.drift) / 2.0, (self.moved - self.drift) / 2.0

    def saddle(self, share: Floats) -> Floats:
        """Return the tilt at which the mean step is `share`, kept within [0, 40]."""
        up, down = self._ends()
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.poisson:
                value = np.log((share + np.sqrt(share**2 + 4.0 * down * up)) / (2.0 * up))
            else:
                inside = np.clip(share, -1.0, 1.0)
                middle = inside * np.maximum(1.0 - self.moved, 0.0)
                root = np.sqrt(middle**2 + 4.0 * down * up * (1.0 - inside**2))
                # The larger root of a quadratic, in the form that does not cancel.
                ahead = (middle + root) / (2.0 * up * (1.0 - inside))
                behind = 2.0 * down * (1.0 + inside) / (root - middle)
                value = np.log(np.where(middle >= 0.0, ahead, behind))
        return np.asarray(np.clip(np.where(np.isnan(value), 40.0, value), 0.0, 40.0))


def log_tail(s: Floats, size: Floats, steps: Steps) -> Floats:
    """Return log P(S >= s) for whole s, from the smaller of the two tails."""
    right = s > size * steps.drift
    drift = np.where(right, steps.drift, -steps.drift)
    there = Steps(steps.moved, drift, steps.poisson)
    value = _log_far_tail(np.where(right, s, 1.0 - s), size, there)
    with np.errstate(divide="ignore"):
        return np.where(right, value, np.log1p(-np.exp(np.minimum(value, 0.0))))


def _log_far_tail(s: Floats, size: Floats, steps: Steps) -> Floats:
    """Return log P(S >= s) for s above the mean."""
    tilt = steps.saddle(s / size)
    reach = _reach(size, steps.tilted(tilt))
    # Keep clear of the pole at 0: the error of the rule is exp(-2π λ / interval).
    tilt = np.maximum(tilt, CLEAR * reach)
    here = steps.tilted(tilt)
    value = _half_circle(s, size, tilt, here, reach, 1.0)
    if not steps.poisson:
        odd = (size * (1.0 - here.moved) < PARITY) & (reach < np.pi)
        if odd.any():
            value = value + np.where(odd, _half_circle(s, size, tilt, here, reach, -1.0), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        out = np.log(np.maximum(value, 0.0)) + size * steps.cumulant(tilt) - tilt * s
        if not steps.poisson:
            out = np.where(s >= size, size * np.log((steps.moved + steps.drift) / 2.0), out)
            # No step up at all: beyond the reach of any tilt.
            never = (s > size) | ((s > 0.0) & (steps.moved <= -steps.drift))
            out = np.where(never, -np.inf, out)
    return np.asarray(out)


def _reach(size: Floats, steps: Steps) -> Floats:
    """Return the angle beyond which the integrand is nothing; π where it is not small."""
    square = 0.0 if steps.poisson else steps.drift**2
    spread = np.sqrt(np.maximum(size * (steps.moved - square), 1e-300))
    reach = REACH / spread
    return np.asarray(np.where(reach < 1.0, reach, np.pi))


def _half_circle(
    s: Floats, size: Floats, tilt: Floats, steps: Steps, reach: Floats, sign: float
) -> Floats:
    """Return the integral over ``0 <= θ <= reach``, or as far from π if `sign` is −1."""
    interval = reach / NODES
    decay = sign * np.exp(-tilt)
    gap = -np.expm1(-tilt) if sign > 0 else 1.0 - decay
    turn = 0.0 if sign > 0 else np.pi * (s % 2.0)
    value = np.zeros(np.broadcast_shapes(s.shape, tilt.shape))
    for node in range(NODES + 1):
        theta = interval * node
        sine, half = np.sin(theta), 2.0 * np.sin(theta / 2.0) ** 2
        real, imag = -steps.moved * half, steps.drift * sine
        if sign < 0:
            real, imag = -2.0 * steps.moved - real, -imag
        if not steps.poisson:
            # log(1 + real + i imag), precise near 0.
            square = np.clip(real * (2.0 + real) + imag**2, -1.0, 0.0)
            with np.errstate(divide="ignore"):
                real, imag = 0.5 * np.log1p(square), np.arctan2(imag, 1.0 + real)
        angle = size * imag - theta * s + turn
        # 1 / (1 - decay e^(-iθ)), times the wave; half = 1 - cos θ.
        below = gap**2 + 2.0 * decay * half
        wave = (gap + decay * half) * np.cos(angle) + decay * sine * np.sin(angle)
        weight = 0.5 if node in (0, NODES) else 1.0
        value = value + weight * np.exp(size * real) * wave / below
    return np.asarray(value * interval / np.pi)
