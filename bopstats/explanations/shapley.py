"""Shapley values of the mean, as the formula's units are put in place of a baseline.

The game is v(S) = μ(η₀ + Σ c_t over the terms that the set S of units keeps), on the response scale
and against a single baseline (interventional, Lundberg and Lee 2017; "baseline Shapley" of
Sundararajan and Najmi 2020). The offset is in η₀.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bopstats._typing import FloatArray, IntArray
from bopstats.explanations.units import Units

MOST_EXACT = 12
N_PAIRS = 64
_CELLS = 2**21  # values of the game held at once


def draw_permutations(n_units: int, seed: int) -> IntArray:
    """Draw orders of the units for pairs of orders, shape (pairs, U); none up to `MOST_EXACT`."""
    if n_units <= MOST_EXACT:
        return np.empty((0, n_units), dtype=np.int64)
    rng = np.random.default_rng([seed, n_units])
    return rng.permuted(np.tile(np.arange(n_units), (N_PAIRS, 1)), axis=1)


def shapley_values(
    family: Any, units: Units, contributions: FloatArray, start: FloatArray, orders: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Return Shapley values and the variances of their errors from sampling.

    Parameters
    ----------
    family : statsmodels family
        Its link is used.
    units : Units
        The players.
    contributions : ndarray, shape (n, T)
        Contributions of the terms to the linear predictor.
    start : ndarray, shape (n,)
        Linear predictor at the baseline, offset included.
    orders : ndarray of int, shape (pairs, U)
        Orders to sample, each with its reverse; with none all 2^U sets are enumerated.

    Returns
    -------
    values, variance : ndarray, shape (n, U)
        `variance` is 0 for enumeration.

    Notes
    -----
    Every order's contributions sum to μ(η) − μ(η₀), so sampled values do too. An order and its
    reverse are averaged before the variance is taken over pairs (antithetic sampling, Mitchell et
    al. 2022).
    """
    exact = len(orders) == 0
    per_row = 2**units.size if exact else units.size + 1
    step = max(1, _CELLS // per_row)
    found: list[tuple[FloatArray, FloatArray]] = []
    for at in range(0, max(1, len(start)), step):
        part = slice(at, at + step)
        if exact:
            values = _enumerated(family, units, contributions[part], start[part])
            found.append((values, np.zeros_like(values)))
        else:
            found.append(_sampled(family, units, contributions[part], start[part], orders))
    return np.concatenate([v for v, _ in found]), np.concatenate([e for _, e in found])


def _game(
    family: Any, units: Units, contributions: FloatArray, start: FloatArray, sets: Any
) -> FloatArray:
    """Return v of each set of units, shape (n, sets)."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        eta = contributions @ units.kept_by(sets)
        eta += start[:, None]
        return np.asarray(family.link.inverse(eta), dtype=np.float64)


def _enumerated(
    family: Any, units: Units, contributions: FloatArray, start: FloatArray
) -> FloatArray:
    size = units.size
    sets = (np.arange(2**size)[:, None] >> np.arange(size)) & 1 == 1
    count = sets.sum(axis=1)
    # A set with the unit counts (s − 1)!(U − s)!/U! times, one without −s!(U − s − 1)!/U! times.
    choose = np.array([1.0 / (size * math.comb(size - 1, k)) for k in range(size)])
    joins = np.append(0.0, choose)[count]
    leaves = np.append(choose, 0.0)[count]
    weight = np.where(sets, joins[:, None], -leaves[:, None])
    return np.asarray(_game(family, units, contributions, start, sets) @ weight)


def _sampled(
    family: Any, units: Units, contributions: FloatArray, start: FloatArray, orders: IntArray
) -> tuple[FloatArray, FloatArray]:
    mean, squares = (np.zeros((len(start), units.size)) for _ in range(2))
    for k, order in enumerate(orders, start=1):
        pair = np.zeros_like(mean)
        for each in (order, order[::-1]):
            place = np.empty(units.size, dtype=np.int64)
            place[each] = np.arange(units.size)
            sets = place[None, :] < np.arange(units.size + 1)[:, None]
            values = _game(family, units, contributions, start, sets)
            pair[:, each] += 0.5 * np.diff(values, axis=1)
        change = pair - mean
        mean += change / k
        squares += change * (pair - mean)
    return mean, squares / (len(orders) - 1) / len(orders)
