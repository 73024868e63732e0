"""Lower and upper error bounds from log moments and pairs of laws, many cases at once.

Shapes throughout: effects (cases, 1); sizes, counts and log moments (cases, groups). `counts`
says how many groups share a column, so that 2^40 equal groups are one column, and a column with
count 0 is not there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bopstats.theory._numeric import Floats, log_expm1, logsumexp, search
from bopstats.theory._pairs import Pair, Test

#: Standard normal points at which thresholds are tried first: close where they matter.
START = np.concatenate(
    [np.linspace(-10, -5, 8, endpoint=False), np.arange(-5, 9, 0.2), np.arange(9, 39)]
)


def log_chi2(exponent: Floats, counts: Floats) -> Floats:
    """Return ln χ² of the best mixture: ``1 / sum_j 1/(c_j^m_j - 1)``, log space (theory 1b)."""
    if exponent.shape[-1] == 1:
        with np.errstate(divide="ignore"):
            return np.asarray(log_expm1(exponent[..., 0]) - np.log(counts[..., 0]))
    with np.errstate(divide="ignore"):
        return -logsumexp(np.log(counts) - log_expm1(exponent))


def log_chi2_uniform(exponent: Floats, counts: Floats) -> Floats:
    """Return ln χ² of the mixture with equal weights, as printed in the literature."""
    with np.errstate(divide="ignore"):
        total = np.log(counts.sum(axis=-1))
        return np.asarray(logsumexp(np.log(counts) + log_expm1(exponent)) - 2.0 * total)


def sharp_bound(log_x: Floats) -> Floats:
    """Return the sharp lower bound of the summed error given ln χ² (theory 2, T3)."""
    with np.errstate(over="ignore", under="ignore"):
        root = 1.0 - 0.5 * np.exp(np.minimum(log_x, 0.0) / 2.0)
        return np.where(log_x <= 0.0, root, np.exp(-np.logaddexp(0.0, log_x)))


def printed_bound(log_x: Floats) -> Floats:
    """Return 1 − sqrt(χ²)/2, clipped at 0, as printed in the literature."""
    with np.errstate(over="ignore", under="ignore"):
        return np.maximum(1.0 - 0.5 * np.exp(np.minimum(log_x, 700.0) / 2.0), 0.0)


def truncated_bound(pairs: Sequence[Pair], counts: Floats) -> Floats:
    """Return the truncated second-moment bound (theory 2, T4), shape (cases,).

    Each group's ratio is cut at a threshold common in z; given the cuts, the weights are the
    best ones. The threshold is found by `search`; any threshold and any weights give a valid
    bound, so a poor search costs sharpness, never validity.
    """
    with np.errstate(divide="ignore"):
        log_counts = np.log(counts)

    def bound(z: Floats) -> Floats:
        found = [pair.moments(z[..., None]) for pair in pairs]
        log_first = np.concatenate([f[0] for f in found], axis=-1)
        log_second = np.concatenate([f[1] for f in found], axis=-1)
        return second_moment(log_first, log_second, log_counts)

    # All groups together are never easier than one group on its own.
    alone = np.concatenate([pair.alone() for pair in pairs], axis=-1)
    single = np.where(counts > 0.0, alone, 0.0).max(axis=-1)
    return np.asarray(np.clip(np.maximum(search(bound, START)[1], single), 0.0, 1.0))


def second_moment(log_first: Floats, log_second: Floats, log_counts: Floats) -> Floats:
    """Return the bound of T4 with weights ∝ mean / variance of each group's cut ratio."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        # The variance, widened by its own rounding: a larger one is still valid.
        share = -np.expm1(np.minimum(2.0 * log_first - log_second, 0.0)) + 1e-15
        log_variance = log_second + np.log(share)
        log_weight = log_counts + log_first - log_variance
        log_gain = log_weight + log_first
        empty = np.isneginf(log_first) | np.isneginf(log_counts)
        log_weight = np.where(empty, -np.inf, log_weight)
        log_gain = np.where(empty, -np.inf, log_gain)
        weight, gain = logsumexp(log_weight), logsumexp(log_gain)
        mean = np.minimum(np.exp(gain - weight), 1.0)
        variance = np.exp(gain - 2.0 * weight)
        second = mean**2 + variance
        root = np.sqrt((1.0 - mean) ** 2 + variance)
        value = np.where(
            second >= 2.0 * mean,
            mean * (mean / second),
            (4.0 * mean - variance) / (2.0 * (1.0 + mean + root)),
        )
    return np.asarray(np.where(np.isfinite(value) & np.isfinite(weight), value, 0.0))


def min_test_error(tests: Sequence[Test], counts: Floats) -> Floats:
    """Return the least summed error of the min-of-means test (theory 4, T7), shape (cases,).

    The test accepts where every group's mean reaches its threshold; thresholds share a level. The
    level is found by `search`; any thresholds give a valid upper bound.
    """

    def score(z: Floats) -> Floats:
        found = [test.errors(z[..., None]) for test in tests]
        reject = np.concatenate([f[0] for f in found], axis=-1)
        log_accept = np.concatenate([f[1] for f in found], axis=-1)
        first = np.where(counts > 0.0, reject, 0.0).max(axis=-1)
        with np.errstate(invalid="ignore"):
            accept = np.where(counts > 0.0, counts * log_accept, 0.0).sum(axis=-1)
        return np.asarray(-(first - np.expm1(accept)))

    return np.clip(-search(score, START)[1], 0.0, 1.0)
