"""The whole analysis of reference: bopstats beside one fit, two users and its own floor.

Run as ``python benchmarks/reference_analysis.py [people ...]``, by default 1e4, 1e5 and 1e6.
Binomial, 20 numbers, sex * race * agegrp (16 groups, 36 columns), five folds, one partition.
"whole" is Brier score, 0–1 loss and both costs of explanation with intervals, tests and the printed
summary; "integer" leaves the Brier score out; "real" is the whole with 2000 bootstrap replicates of
every cost. `users.py` has the careful and the strongest user, `floor.py` the floor; "≈" is
extrapolated from one fold, and from some people's attributions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from floor import floor
from measured import (
    FEW,
    GENERIC,
    PERSONAL,
    PERSONALIZED,
    Measured,
    alone,
    invented,
    measure,
    numbers,
    show,
)
from users import FOLDS, analysis, folds_of

import bopstats as bop

WHOLE = ("brier", "zero_one")
GUESSED_FROM = 500_000  # people
# Least ratios of the users' time over ours, by number of people: (integer, real).
CAREFUL_GOALS = {10_000: (5, 1), 100_000: (10, 3), 1_000_000: (15, 5)}
FLOOR_GOAL, MEMORY_GOAL, SECONDS_GOAL = 2, 100, 0.3


def fitted(data: pd.DataFrame, costs: tuple[str, ...], cv: Any) -> Any:
    model = bop.glm(f"y ~ {GENERIC} | {PERSONAL}", data, "binomial")
    return model.fit(cv=cv, repeats=1, costs=costs, rng=1)


def ours(rows: int, costs: tuple[str, ...], ci: str | None) -> Callable[[], int]:
    data = invented(rows)

    def run() -> int:
        res = fitted(data, costs, FOLDS)
        text = str(res.summary())
        return len(text) + (0 if ci is None else len(res.frame(ci=ci)))

    return run


def one_fit(rows: int) -> Callable[[], object]:
    """One statsmodels fit of the personalized model, by formula."""
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    data = invented(rows)
    return lambda: smf.glm(f"y ~ {PERSONALIZED}", data, family=sm.families.Binomial()).fit().params


def mean_benefits() -> np.ndarray:
    """Ours on a few people with the users' folds: costs × groups."""
    data, fold = invented(FEW), folds_of(FEW)
    pairs = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(FOLDS)]
    frame = fitted(data, WHOLE, pairs).frame()
    found = frame.loc[frame["group"] != "population", "bop"]
    return found.to_numpy(float).reshape(4, 16)


def _small(who: str) -> np.ndarray:
    return np.asarray(analysis(FEW, who, True, False)().answer)


def check() -> None:
    """Both users find the benefits that we find."""
    mine = alone(mean_benefits)
    for who in ("careful", "strongest"):
        worst = np.abs(alone(_small, who) - mine).max()
        assert worst < 1e-6, (who, worst)
        print(f"{FEW:,} people, the same folds: largest difference of a group's mean benefit")
        print(f"from the {who} user's, four costs: {worst:.1e}")
    print()


def measured(rows: int) -> dict[str, Measured]:
    guess = rows >= GUESSED_FROM
    return {
        "bopstats, whole": measure(ours, rows, WHOLE, None),
        "floor of the whole": measure(floor, rows),
        "one statsmodels fit": measure(one_fit, rows),
        "bopstats, integer": measure(ours, rows, ("zero_one",), None),
        "careful user, integer": measure(analysis, rows, "careful", False, guess, times=1),
        "strongest user, integer": measure(analysis, rows, "strongest", False, guess, times=1),
        "bopstats, real": measure(ours, rows, WHOLE, "percentile"),
        "careful user, real": measure(analysis, rows, "careful", True, guess, times=1),
        "strongest user, real": measure(analysis, rows, "strongest", True, guess, times=1),
    }


def goals(rows: int, found: Mapping[str, Measured]) -> list[tuple[str, str, str]]:
    """What is compared, the ratio, the goal."""

    def ratio(top: str, bottom: str) -> str:
        mark = "≈" if found[top].guessed or found[bottom].guessed else ""
        return f"{mark}{found[top].seconds / found[bottom].seconds:.2f}"

    large = rows >= 1_000_000
    lines = [
        (
            "whole over its floor",
            ratio("bopstats, whole", "floor of the whole"),
            f"≤ {FLOOR_GOAL}" if large else "",
        ),
        (
            "one statsmodels fit over whole",
            ratio("one statsmodels fit", "bopstats, whole"),
            "> 1" if large else "",
        ),
    ]
    for who in ("careful", "strongest"):
        for k, kind in enumerate(("integer", "real")):
            goal = (
                f"≥ {CAREFUL_GOALS[rows][k]}" if who == "careful" and rows in CAREFUL_GOALS else ""
            )
            lines.append(
                (
                    f"{who} user over bopstats, {kind}",
                    ratio(f"{who} user, {kind}", f"bopstats, {kind}"),
                    goal,
                )
            )
    whole, design = found["bopstats, whole"], rows * 36 * 8 / (1 << 20)
    allowed = f"≤ {MEMORY_GOAL} + one design matrix, {design:.0f}"
    seconds = f"≤ {SECONDS_GOAL}" if rows <= 10_000 else ""
    lines.append(("whole, seconds", whole.told, seconds))
    return [*lines, ("whole, MiB above the input", f"{whole.mib:.0f}", allowed)]


def main() -> None:
    check()
    for rows in numbers([10_000, 100_000, 1_000_000]):
        found = measured(rows)
        print(f"{rows:,} people\n")
        show(("way", "seconds", "MiB"), [(k, v.told, f"{v.mib:.0f}") for k, v in found.items()])
        show(("", "ratio", "goal"), goals(rows, found))
        for name, each in found.items():
            if hasattr(each.answer, "seconds"):
                parts = each.answer.seconds.items()
                print(f"{name}: {', '.join(f'{part} {s:.2f}' for part, s in parts)}")
        print(flush=True)


if __name__ == "__main__":
    main()
