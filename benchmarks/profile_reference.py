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
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

from measured import FEW, numbers, show
from reference import WHOLE, ours

import bopstats

ROOT = Path(bopstats.__file__).parent
TOP = 15
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


def by_stage(stats: dict[Function, Any]) -> Counter[str]:
    """Own seconds of every function, summed by stage."""

    @cache
    def shares(function: Function, seen: frozenset[Function]) -> dict[str, float]:
        """What share of a function's time each stage has asked for."""
        own = stage_of(function)
        if own is not None:
            return {own: 1.0}
        asked: Counter[str] = Counter()
        for caller, (_, _, _, spent) in stats[function][4].items():
            if caller not in seen and len(seen) < 12:
                for stage, share in shares(caller, seen | {caller}).items():
                    asked[stage] += share * max(spent, 1e-9)
        total = sum(asked.values())
        return {stage: each / total for stage, each in asked.items()} if total else {}

    found: Counter[str] = Counter()
    for function, (_, _, own, _, _) in stats.items():
        parts = shares(function, frozenset([function])) or {"other": 1.0}
        for stage, share in parts.items():
            found[stage] += share * own
    return found


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
    order = [*STAGES, "other"]
    lines = [(k, f"{found[k]:.3f}", f"{found[k] / total:.1%}") for k in order]
    show(("stage", "seconds", "share"), lines)
    longest = sorted(stats.items(), key=lambda item: -item[1][2])[:TOP]
    show(
        ("function, own time", "calls", "seconds", "share"),
        [(named(f), f"{n:,}", f"{t:.3f}", f"{t / total:.1%}") for f, (_, n, t, _, _) in longest],
    )


if __name__ == "__main__":
    main(numbers([1_000_000])[0])
    sys.stdout.flush()
