"""The least that the analysis of reference has to do, each part as fast as NumPy and patsy do it.

One patsy build of the personalized design; the weighted cross-products of both models; one pass for
the costs of everybody. Solving, folds, intervals and the summary do not depend on the people.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import patsy
from measured import PERSONALIZED, TERMS, Stages, invented
from scipy.special import expit
from users import KEPT, group_codes

# Rows that stay in a core's cache, and the cross-products that are needed of each model: one at
# the start, and one at the optimum of all rows, from which every fold takes its steps with the
# products of its own rows, which add up to these.
CHUNK, PRODUCTS = 2048, 2
GENERIC_COLUMNS = TERMS + 1


def cross_product(x: np.ndarray, weight: np.ndarray, columns: int) -> np.ndarray:
    """X'WX of the first columns."""
    total = np.zeros((columns, columns))
    for at in range(0, len(x), CHUNK):
        part = x[at : at + CHUNK, :columns]
        total += (part * weight[at : at + CHUNK, None]).T @ part
    return total


def costs_pass(
    x: np.ndarray, params: np.ndarray, by_term: list[np.ndarray], y: np.ndarray, group: np.ndarray
) -> np.ndarray:
    """Four costs of two models by group, the top half of the terms kept and masked.

    Integrated gradients are a person's contributions times one positive number, so that their
    order is that of the contributions. The baseline of the invented numbers is 0.
    """
    total = np.zeros((2, 4, 16))
    for at in range(0, len(x), CHUNK):
        part, rows = x[at : at + CHUNK], slice(at, at + CHUNK)
        for which, terms in enumerate(by_term):
            columns = len(terms)
            each = part[:, :columns] @ terms
            order = np.argsort(-np.abs(each), axis=1)
            sums = np.cumsum(np.take_along_axis(each, order, axis=1), axis=1)
            whole = params[0] + sums[:, -1]
            kept, left = params[0] + sums[:, KEPT - 1], whole - sums[:, KEPT - 1]
            mu, event = expit(whole), whole >= 0
            costs = (
                (y[rows] - mu) ** 2,
                event != y[rows],
                event != (kept >= 0),
                event != (left >= 0),
            )
            for k, cost in enumerate(costs):
                total[which, k] += np.bincount(group[rows], cost, 16)
    return total


def floor(rows: int) -> Callable[[], Stages]:
    data = invented(rows)
    y, group = data["y"].to_numpy(), group_codes(data)

    def run() -> Stages:
        stages = Stages()
        with stages.part("patsy"):
            design = patsy.dmatrix(PERSONALIZED, data)
            x = np.asarray(design)
        columns = x.shape[1]
        # patsy puts categorical terms before numbers; what is in the columns costs no time
        terms = np.zeros((columns, columns - 1))
        spans = list(design.design_info.term_slices.values())[1:]
        for k, where in enumerate(spans):
            terms[where, k] = 0.1
        by_term = [terms[:GENERIC_COLUMNS, :TERMS], terms[:, : len(spans)]]
        weight = np.random.default_rng(2).random(rows)
        for width in (GENERIC_COLUMNS, columns):
            with stages.part("cross-products", PRODUCTS):
                cross_product(x, weight, width)
        stages.guessed = False  # the same product again
        with stages.part("costs"):
            costs_pass(x, np.full(columns, 0.1), by_term, y, group)
        return stages

    return run
