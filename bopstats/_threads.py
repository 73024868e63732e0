"""Parts of a task in several threads, for NumPy lets go of the interpreter where it computes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")


def cores() -> int:
    """Return the number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_threads(task: Callable[[Part], Result], parts: Iterable[Part]) -> Iterator[Result]:
    """Run a task on each part, and yield what it returns in the order of the parts.

    Parts must neither depend on each other nor write to the same place; then results do not depend
    on the number of threads. `numpy.errstate` holds in threads as outside.
    """
    waiting = list(parts)
    threads = min(cores(), len(waiting))
    if threads < 2:
        yield from map(task, waiting)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(lambda part: copy_context().run(task, part), waiting)
