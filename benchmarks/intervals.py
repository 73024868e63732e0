"""Intervals of group means by a bootstrap of 2000 replicates: bopstats beside scipy and fairlearn.

Run as ``python benchmarks/intervals.py [people ...]``, by default 10,000, 100,000 and 1,000,000.
16 groups and the population, 0–1 loss and Brier score of two given sets of predictions. The time of
`compare`, which takes the predictions, is not counted, nor that of the rivals' losses. "≈" is
extrapolated from few replicates. A second table has 0–1 loss at other numbers of replicates.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from measured import Stages, invented, measure, numbers, show
from users import REPLICATES, bootstrap, group_codes

import bopstats as bop
from bopstats.inference import resampled

COSTS = ("zero_one", "brier")
OTHERS = (200, 2000, 20_000)
FAIRLEARN = 10  # replicates that stand for all


def predicted(rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes, two predictions and groups."""
    data = invented(rows)
    rng = np.random.default_rng(3)
    eta = data["x0"].to_numpy()
    found = [1 / (1 + np.exp(-eta - rng.normal(0, 0.3, rows))) for _ in range(2)]
    return data["y"].to_numpy(), found[0], found[1], group_codes(data)


def losses(rows: int, cost: str) -> tuple[np.ndarray, np.ndarray]:
    """Each person's benefit, and the groups."""
    y, generic, personalized, group = predicted(rows)
    if cost == "brier":
        return (y - generic) ** 2 - (y - personalized) ** 2, group
    wrong = [((mu >= 0.5) != y).astype(float) for mu in (generic, personalized)]
    return wrong[0] - wrong[1], group


def bopstats_way(rows: int, cost: str, replicates: int) -> Callable[[], object]:
    y, generic, personalized, group = predicted(rows)
    res = bop.compare(y, generic, personalized, group, costs=COSTS)
    resampled.REPLICATES = replicates  # 1999 unless a benchmark asks for others
    return lambda: res.frame(cost, ci="percentile")[["ci_low", "ci_upp"]].to_numpy(float)


def default_way(rows: int, cost: str) -> Callable[[], object]:
    """What `frame` gives unless it is asked: Tango's score interval, or t."""
    y, generic, personalized, group = predicted(rows)
    res = bop.compare(y, generic, personalized, group, costs=COSTS)
    return lambda: res.frame(cost)


def scipy_way(rows: int, cost: str) -> Callable[[], object]:
    benefit, group = losses(rows, cost)
    return lambda: bootstrap(benefit, group)


def fairlearn_way(rows: int, cost: str) -> Callable[[], Stages]:
    """fairlearn resamples everybody, and groups within them."""
    from fairlearn.metrics import MetricFrame

    benefit, group = losses(rows, cost)

    def mean(_: np.ndarray, predicted: np.ndarray) -> float:
        return float(predicted.mean())

    def run() -> Stages:
        stages = Stages()
        with stages.part("bootstrap", REPLICATES / FAIRLEARN):
            MetricFrame(
                metrics=mean,
                y_true=benefit,
                y_pred=benefit,
                sensitive_features=pd.Series(group, name="group"),
                n_boot=FAIRLEARN,
                ci_quantiles=[0.025, 0.975],
                random_state=0,
            )
        return stages

    return run


def main() -> None:
    for rows in numbers([10_000, 100_000, 1_000_000]):
        print(f"{rows:,} people, {REPLICATES} replicates; ratio: theirs over our bootstrap's\n")
        lines, limits = [], {}
        for cost in COSTS:
            found = {
                "bopstats, no bootstrap": measure(default_way, rows, cost),
                "bopstats": measure(bopstats_way, rows, cost, REPLICATES),
                "scipy.stats.bootstrap by group": measure(scipy_way, rows, cost, times=1),
                "fairlearn MetricFrame": measure(fairlearn_way, rows, cost),
            }
            ours = found["bopstats"]
            for name, each in found.items():
                ratio = f"{each.seconds / ours.seconds:.2f}"
                lines.append((f"{cost}: {name}", each.told, ratio, f"{each.mib:.0f}"))
            theirs = found["scipy.stats.bootstrap by group"].answer
            limits[cost] = (np.abs(ours.answer - theirs) / np.diff(theirs)).max()
        show(("way", "seconds", "ratio", "MiB"), lines)
        for cost, worst in limits.items():
            print(f"{cost}: limits differ from scipy's by at most {worst:.1%} of the interval")
        print()
        many = [(r, measure(bopstats_way, rows, "zero_one", r)) for r in OTHERS]
        show(("zero_one, replicates", "seconds"), [(f"{r:,}", each.told) for r, each in many])


if __name__ == "__main__":
    main()
