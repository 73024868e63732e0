"""Ways of doing the same, each in a process of its own: invented people, seconds, memory, tables.

A way is a function `prepare(rows, ...)` at the top level of a script: it makes the input and
returns what is timed. A process runs it twice, on few people, which loads every library, then on
`rows` of them. Memory is the peak of resident memory above what it was with the input made, read
from Linux's /proc, where the peak can be set back; `ru_maxrss` would also hold the making of the
input. Linear algebra has one thread, and no two processes run at once.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

FEW, WARMING = 2000, 10_000
TERMS = 20
ATTRIBUTES = {"sex": ["female", "male"], "race": ["a", "b", "c", "d"], "agegrp": ["young", "old"]}
GENERIC = " + ".join(f"x{i}" for i in range(TERMS))
PERSONAL = " * ".join(ATTRIBUTES)
PERSONALIZED = f"{GENERIC} + {PERSONAL}"
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_MIB = 1 << 20


def invented(rows: int, seed: int = 0) -> pd.DataFrame:
    """People with 20 numbers, three attributes that make 16 groups, and a binary outcome."""
    rng, effects = np.random.default_rng(seed), np.random.default_rng(0)
    columns: dict[str, Any] = {f"x{i}": rng.normal(size=rows) for i in range(TERMS)}
    eta = sum(b * columns[f"x{i}"] for i, b in enumerate(effects.normal(0, 0.3, TERMS)))
    cell = np.zeros(rows, dtype=np.int64)
    for name, levels in ATTRIBUTES.items():
        codes = rng.integers(0, len(levels), rows)
        columns[name] = pd.Categorical.from_codes(codes, levels)
        cell = cell * len(levels) + codes
    eta += effects.normal(0, 0.3, 16)[cell]
    columns["y"] = (rng.random(rows) < 1 / (1 + np.exp(-eta))).astype(np.int64)
    return pd.DataFrame(columns)


@dataclass
class Stages:
    """Seconds of the parts of a way; `times` scales a part that was run on a share of the work.

    A way that returns this is as long as its parts together; `guessed` tells that one was scaled.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    guessed: bool = False
    answer: Any = None

    @contextmanager
    def part(self, name: str, times: float = 1.0) -> Iterator[None]:
        start = time.perf_counter()
        yield
        spent = (time.perf_counter() - start) * times
        self.seconds[name] = self.seconds.get(name, 0.0) + spent
        self.guessed |= times != 1

    @property
    def total(self) -> float:
        return sum(self.seconds.values())


@dataclass(frozen=True)
class Measured:
    """Median seconds, peak MiB above the input, and what the last run returned."""

    seconds: float
    mib: float
    answer: Any
    guessed: bool = False

    @property
    def told(self) -> str:
        """The seconds in words; "≈" where they are extrapolated."""
        return f"{'≈' if self.guessed else ''}{self.seconds:.{3 if self.seconds < 1 else 2}f}"


def _memory(key: str) -> int:
    """Bytes of this process: VmRSS is what is resident, VmHWM its peak."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(key))


def _once(prepare: Callable[..., Callable[[], Any]], rows: int, args: tuple[Any, ...]) -> Measured:
    prepare(min(rows, WARMING), *args)()
    run = prepare(rows, *args)
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before, start = _memory("VmRSS"), time.perf_counter()
    found = run()
    seconds = time.perf_counter() - start
    mib = (_memory("VmHWM") - before) / _MIB
    if isinstance(found, Stages):
        return Measured(found.total, mib, found, found.guessed)
    return Measured(seconds, mib, found)


def _quietly(run: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    warnings.simplefilter("ignore")
    return run(*args)


def alone(run: Callable[..., Any], *args: Any) -> Any:
    """What a function returns in a fresh process, without its warnings."""
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_quietly, run, args).result()


def measure(
    prepare: Callable[..., Callable[[], Any]], rows: int, *args: Any, times: int = 3
) -> Measured:
    """Run a way so many times, each in a fresh process; once if its first run was extrapolated."""
    runs = [alone(_once, prepare, rows, args)]
    while len(runs) < times and not runs[0].guessed:
        runs.append(alone(_once, prepare, rows, args))
    return Measured(
        float(np.median([run.seconds for run in runs])),
        float(np.median([run.mib for run in runs])),
        runs[-1].answer,
        runs[0].guessed,
    )


def show(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: the first column to the left, the others to the right."""
    table = [list(header), *map(list, rows)]
    widths = [max(len(line[k]) for line in table) for k in range(len(header))]
    for first, *others in table:
        cells = [first.ljust(widths[0])]
        cells += [each.rjust(width) for each, width in zip(others, widths[1:], strict=True)]
        print("  ".join(cells).rstrip())
    print(flush=True)


def numbers(default: Sequence[int]) -> list[int]:
    """Numbers of people named on the command line (1e6 is one), or the default ones."""
    return [int(float(each)) for each in sys.argv[1:] if each[:1] != "-"] or list(default)
