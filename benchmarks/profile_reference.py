"""Where the time of the reference analysis goes: by stage, then by function.

Run as ``python benchmarks/profile_reference.py [people]``, by default 1,000,000. A function's own
time belongs to the stage of the file that it is in; that of NumPy, pandas, patsy and SciPy to the
stages that call them, shared as their callers' calls took time.
"""

from __future__ import annotations

import cProfile
import os
import pstats
import sys
from pathlib import Path
from typing import Any

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import numpy as np
from measured import FEW, numbers, show
from reference_analysis import WHOLE, ours

import bopstats

ROOT = Path(bopstats.__file__).parent
TOP = 15
ROUNDS = 50  # how far stages are passed down, from caller to called
# Rooms of the package, by stage.
STAGES = {
    "build": "formula design columns attributes conditions outcome assembly syntax sampling",
    "splits": "splitting",
    "fits": "fitting",
    "explanations": "explanations",
    "costs and moments": "crossfit costs groups evaluation",
    "intervals and summary": "inference results tables theory resampling reporting saving",
}
_STAGE_OF = {room: stage for stage, rooms in STAGES.items() for room in rooms.split()}

Function = tuple[str, int, str]


def stage_of(function: Function) -> str | None:
    """The stage of a function of the package; None for other libraries'."""
    path = Path(function[0])
    if not path.is_relative_to(ROOT):
        return None
    return _STAGE_OF.get(path.relative_to(ROOT).parts[0].removesuffix(".py"), "other")


def by_stage(stats: dict[Function, Any]) -> dict[str, float]:
    """Own seconds of every function, summed by stage."""
    order, place = [*STAGES, "other"], {function: k for k, function in enumerate(stats)}
    shares = np.zeros((len(stats), len(order)))
    edges = []
    for function, k in place.items():
        stage = stage_of(function)
        if stage is not None:
            shares[k, order.index(stage)] = 1.0
            continue
        callers = {f: spent for f, (_, _, _, spent) in stats[function][4].items() if f != function}
        total = sum(callers.values()) or 1.0
        edges += [(k, place[f], spent / total) for f, spent in callers.items()]
    called = np.array([k for k, _, _ in edges])
    caller, weight = np.array([f for _, f, _ in edges]), np.array([w for _, _, w in edges])
    outside = np.isin(np.arange(len(stats)), called)
    for _ in range(ROUNDS):
        passed = np.zeros_like(shares)
        np.add.at(passed, called, weight[:, None] * shares[caller])
        shares[outside] = passed[outside]
    own = np.array([each[2] for each in stats.values()])
    shares[:, -1] = 1.0 - shares[:, :-1].sum(axis=1)
    return dict(zip(order, (own @ shares).tolist(), strict=True))


def named(function: Function) -> str:
    path, line, name = function
    if not line:
        return name
    at = Path(path)
    return f"{'/'.join(at.parts[-2:])}:{line} {name}"


def main(rows: int) -> None:
    ours(FEW, WHOLE, None)()
    run, profile = ours(rows, WHOLE, None), cProfile.Profile()
    profile.runcall(run)
    stats: dict[Function, Any] = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    found, total = by_stage(stats), sum(own for _, _, own, _, _ in stats.values())
    print(f"{rows:,} people, {total:.2f} s\n")
    lines = [(k, f"{spent:.3f}", f"{spent / total:.1%}") for k, spent in found.items()]
    show(("stage", "seconds", "share"), lines)
    longest = sorted(stats.items(), key=lambda item: -item[1][2])[:TOP]
    show(
        ("function, own time", "calls", "seconds", "share"),
        [(named(f), f"{n:,}", f"{t:.3f}", f"{t / total:.1%}") for f, (_, n, t, _, _) in longest],
    )


if __name__ == "__main__":
    main(numbers([1_000_000])[0])
    sys.stdout.flush()
