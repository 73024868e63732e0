"""Analyses of every kind, by name, to be saved and read back."""

from enum import Enum
from functools import cache

import numpy as np
import pandas as pd

import bopstats as bop


class Site(Enum):
    """Levels of a type that no file knows."""

    EAST = 1
    WEST = 2


def gain(y, mu):
    return (y - mu) ** 2 * (1 + mu)


def invent(n=240, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    yes = (rng.random(n) < 1 / (1 + np.exp(-x))).astype(int)
    return pd.DataFrame(
        {
            "y": yes,
            "answer": np.where(yes, "ja", "nein"),
            "count": rng.poisson(3, n),
            "t": x + rng.normal(size=n),
            "cost": rng.gamma(2, np.exp(0.3 * x)),
            "x": x,
            "z": rng.normal(5, 1, n),
            "sex": rng.choice(["female", "male"], n),
            "race": rng.choice(["Asian", "Black", "White"], n),
            "insured": rng.integers(0, 2, n),
            "old": rng.random(n) < 0.5,
            "dose": rng.choice([0.1, 0.25], n),
            "band": pd.cut(rng.uniform(0, 10, n), [0, 5, 10]),
            "wave": pd.Categorical(rng.choice(["2020-01-01", "2021-06-30"], n)).rename_categories(
                pd.to_datetime(["2020-01-01", "2021-06-30"])
            ),
            "site": pd.Categorical.from_codes(rng.integers(0, 2, n), list(Site)),
            "copies": rng.integers(1, 4, n),
            "w": rng.uniform(0.5, 3, n),
            "psu": rng.integers(0, 40, n) * 3 + (np.arange(n) % 3),
            "stratum": np.arange(n) % 3,
        }
    )


def _halves(n=240):
    rows = np.random.default_rng(5).permutation(n)
    return [(rows[: n // 2], rows[n // 2 :]), (rows[n // 2 :], rows[: n // 2])]


# Formula, what `glm` takes, what `fit` takes beside rng=3.
ONE = {"repeats": 1}
SPECS = {
    "binomial": ("y ~ x + z | sex * race", {}, {"repeats": 3}),
    "gaussian": ("t ~ x + z | sex", {}, {"costs": ["squared_error", "absolute_error"], **ONE}),
    "poisson": ("count ~ x | race", {"family": "poisson"}, ONE),
    "gamma": ("cost ~ x + z | sex", {"family": "gamma"}, ONE),
    "negative binomial": ("count ~ x | sex", {"family": "negative_binomial"}, ONE),
    "probit": ("y ~ x | sex", {"link": "probit"}, ONE),
    "event": ("answer ~ x + z | sex", {"event": "ja"}, ONE),
    "frequencies": ("y ~ x + z | sex", {"weights": "copies", "weight_type": "freq"}, ONE),
    "sampling weights": ("t ~ x + z | sex", {"weights": "w", "weight_type": "prob"}, ONE),
    "precisions": ("t ~ x + z | sex", {"weights": "w", "weight_type": "precision"}, ONE),
    "clusters": ("y ~ x + z | sex * race", {"cluster": "psu"}, {"repeats": 3}),
    "clusters of one": ("t ~ x + z | sex", {"cluster": np.arange(240)}, ONE),
    "strata": ("t ~ x + z | sex", {"strata": "stratum"}, ONE),
    "survey": (
        "y ~ x + z | sex",
        {"weights": "w", "weight_type": "prob", "cluster": "psu", "strata": "stratum"},
        ONE,
    ),
    "copies in strata": (
        "t ~ x | sex",
        {"weights": "copies", "weight_type": "freq", "strata": "stratum"},
        ONE,
    ),
    "firth": ("y ~ x | sex", {}, {"penalty": "firth", **ONE}),
    "hold-out": ("y ~ x + z | sex", {}, {"cv": 0.4}),
    "given folds": ("y ~ x + z | sex", {}, {"cv": _halves()}),
    "in-sample": ("y ~ x + z | sex", {}, {"cv": None}),
    "nested": ("t ~ x | sex", {}, {"nested": True, "cv": 3, **ONE}),
    "refit bootstrap": ("t ~ x | sex", {}, {"refit_bootstrap": 20, **ONE}),
    "explanations": (
        "y ~ x + z + t | sex * x",
        {"cluster": "psu"},
        {
            "costs": ["brier", "sufficiency_probability"],
            "top_of": "each",
            "unit": "variable",
            **ONE,
        },
    ),
    "auc and net benefit": (
        "y ~ x + z | sex",
        {},
        {"costs": ["net_benefit", "auc", "log_loss"], "threshold": 0.3, **ONE},
    ),
    "r2 first": ("t ~ x + z | sex", {}, {"costs": ["r2", "squared_error"], **ONE}),
    "callable": ("y ~ x + z | sex", {}, {"costs": [gain, "zero_one"], "explain": False, **ONE}),
    "integer levels": ("y ~ x | insured * race", {}, ONE),
    "boolean levels": ("y ~ x | old", {}, ONE),
    "float levels": ("y ~ x | C(dose)", {}, ONE),
    "interval levels": ("y ~ x | band", {}, ONE),
    "date levels": ("y ~ x | wave", {}, ONE),
    "levels of an own type": ("y ~ x | site", {}, ONE),
}


NAMES = [*SPECS, "pooled", "predictions"]


@cache
def analysis(name):
    if name == "pooled":
        return _pooled()
    if name == "predictions":
        return _predicted()
    formula, about, how = SPECS[name]
    return bop.glm(formula, invent(), **about).fit(rng=3, **how)


def _pooled():
    people = invent()
    fits = []
    for shift in (0.0, 0.2, -0.1):
        moved = people.assign(x=people["x"] + shift * np.sin(np.arange(240)))
        fits.append(bop.glm("y ~ x + z | sex", moved).fit(rng=3, repeats=1))
    return bop.pool(fits)


def _predicted():
    people, rng = invent(), np.random.default_rng(4)
    generic, personalized = rng.uniform(0.1, 0.9, (2, 240))
    groups = people[["sex", "race"]]
    return bop.compare(people["y"], generic, personalized, groups, costs=["log_loss", "auc"])
