"""Ranking and all numbers of top units at once, beside one sort of the same array and other ways.

Run as ``python benchmarks/explanations.py [people] [terms]``, by default 1,000,000 and 25. One
generic model with a logit link; seconds are medians of three runs, memory is the peak of what
NumPy allocates above the inputs, in arrays of people × terms doubles. Ways that need a library
are left out where it is absent; "≈" is extrapolated from fewer people.
"""

from __future__ import annotations

import importlib
import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

import bopstats as bop
from bopstats.costs import explanation_costs
from bopstats.explanations.changes import Changes
from bopstats.explanations.masking import Masker, chunks
from bopstats.explanations.options import check_explanation
from bopstats.fitting.models import FittedModel, fit_pair

EXTRAPOLATED = 2000


def invented(people: int, terms: int) -> tuple[Any, FittedModel]:
    """A design of so many numeric terms, and its generic model fitted on every row."""
    rng = np.random.default_rng(0)
    names = [f"x{i}" for i in range(terms)]
    data = pd.DataFrame(rng.normal(size=(people, terms)), columns=names)
    eta = data.to_numpy() @ rng.normal(0, 0.3, terms)
    data["y"] = (rng.random(people) < 1 / (1 + np.exp(-eta))).astype(int)
    data["sex"] = rng.choice(["female", "male"], people)
    model = bop.glm(f"y ~ {' + '.join(names)} | sex", data)
    design = model.design
    everyone = np.ones(people, dtype=bool)
    pair = fit_pair(design, (design.generic, design.personalized), model.family, everyone)
    return design, pair.generic


def measured(run: Callable[[], object], times: int = 3) -> tuple[float, float]:
    """Median seconds, and peak bytes above what was there."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return float(np.median(seconds)), float(peak)


def bopstats_way(masker: Masker, terms: int, rows: np.ndarray, family: Any) -> Callable[[], object]:
    """Rank, mask at every r, and count changed classes of both costs at every r."""
    changes, every, costs = (
        Changes(family, 0.5, 1.0),
        np.arange(1, terms + 1),
        explanation_costs(True),
    )

    def run() -> object:
        total = np.zeros((2, terms))
        for part in chunks(rows):
            masked = masker(rows[part], every)
            for k, cost in enumerate(costs):
                total[k] += changes.costs(cost, masked, masked)[0].sum(axis=1)
        return total / len(rows)

    return run


def loop_over_people(
    contributions: np.ndarray, whole: np.ndarray, terms: int
) -> Callable[[], object]:
    def run() -> object:
        total = np.zeros((2, terms))
        for c, eta in zip(contributions, whole, strict=True):
            order = np.argsort(-np.abs(c), kind="stable")
            for r in range(1, terms + 1):
                kept, masked = eta - c[order[r:]].sum(), eta - c[order[:r]].sum()
                total[0, r - 1] += (1 / (1 + np.exp(-kept)) >= 0.5) != (eta >= 0)
                total[1, r - 1] -= (1 / (1 + np.exp(-masked)) >= 0.5) != (eta >= 0)
        return total / len(whole)

    return run


def captum_way(model: FittedModel, x: np.ndarray, method: str) -> Callable[[], object] | None:
    """Attributions only: what ranks; masks come on top."""
    try:
        torch, attr = importlib.import_module("torch"), importlib.import_module("captum.attr")
    except ImportError:
        return None
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    net = torch.nn.Sequential(torch.nn.Linear(x.shape[1], 1), torch.nn.Sigmoid())
    with torch.no_grad():
        net[0].weight[:] = torch.from_numpy(model.params[1:])
        net[0].bias[:] = float(model.params[0])
    explainer = getattr(attr, method)(net)
    inputs, at = torch.from_numpy(x), torch.from_numpy(model.baseline[1:])[None]
    return lambda: explainer.attribute(inputs, at)


def shap_way(model: FittedModel, x: np.ndarray) -> Callable[[], object] | None:
    try:
        shap = importlib.import_module("shap")
    except ImportError:
        return None
    pair = (model.params[1:], float(model.params[0]))
    masker = shap.maskers.Independent(model.baseline[1:][None])
    return lambda: shap.LinearExplainer(pair, masker).shap_values(x)


def main(people: int, terms: int) -> None:
    design, model = invented(people, terms)
    explanation = check_explanation(
        design,
        top=0.5,
        top_of="generic",
        attribution="integrated_gradients",
        rank="absolute",
        baseline="mean",
        unit="term",
        seed=0,
    )
    masker, rows = Masker(model, design, explanation), np.arange(people)
    contributions, whole = masker.contributions(rows)
    ours = bopstats_way(masker, terms, rows, model.family)
    few = slice(0, min(people, EXTRAPOLATED))
    looped = loop_over_people(contributions[few], whole[few], terms)
    check = bopstats_way(masker, terms, rows[few], model.family)()
    assert np.allclose(check, looped(), rtol=0, atol=1e-12)
    x = design.generic.rows(slice(None))[:, 1:]
    ways: list[tuple[str, Callable[[], object] | None, float]] = [
        ("one argsort, NumPy's default", lambda: np.argsort(contributions, axis=1), 1),
        ("one argsort, stable", lambda: np.argsort(contributions, axis=1, kind="stable"), 1),
        (f"bopstats: contributions, ranks, both costs at all {terms} r", ours, 1),
        ("loop over people", looped, people / EXTRAPOLATED),
        ("captum DeepLift, attributions only", captum_way(model, x[few], "DeepLift"), 1),
        ("captum integrated gradients, 50 steps, attributions only", None, 1),
        ("shap LinearExplainer, attributions only", shap_way(model, x), 1),
    ]
    scale = people / len(x[few])
    ways[4] = (ways[4][0], ways[4][1], scale)
    ways[5] = (ways[5][0], captum_way(model, x[few], "IntegratedGradients"), scale)
    size, unit = contributions.nbytes, None
    print(f"{people:,} people, {terms} terms\n")
    print(f"{'way':58} {'seconds':>9} {'ratio':>7} {'arrays':>7}")
    for name, run, times in ways:
        if run is None:
            continue
        seconds, peak = measured(run, 3 if times == 1 else 1)
        unit = seconds if unit is None else unit
        mark, memory = ("", f"{peak / size:.2f}") if times == 1 else ("≈", "")
        shown = f"{mark}{times * seconds:.2f}"
        print(f"{name:58} {shown:>9} {times * seconds / unit:7.2f} {memory:>7}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    numbers = [int(float(each)) for each in sys.argv[1:]]
    main(*(numbers + [1_000_000, 25][len(numbers) :]))
