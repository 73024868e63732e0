"""Memory that worker processes of Dask keep while they work."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

_TRIM, _MMAP = -1, -3  # mallopt's names for these two thresholds, from malloc.h
_AS_DASK_HAS_THEM = (2**16, 2**17)
_MORE = (2**26, 2**25)


@contextmanager
def kept_memory() -> Iterator[None]:
    """Let a process that Dask started keep up to 64 MB of freed memory, inside a ``with`` block.

    Dask starts workers so that they give memory back to the system at once
    (``MALLOC_TRIM_THRESHOLD_``). Work that goes through the rows in blocks then asks for the same
    memory thousands of times a second, which takes as long as the arithmetic. Nothing is done
    where the user has set thresholds, in other processes and with another C library than GNU's.
    """
    started = os.environ.get("MALLOC_TRIM_THRESHOLD_") == str(_AS_DASK_HAS_THEM[0])
    if not started or "MALLOC_MMAP_THRESHOLD_" in os.environ:
        yield
        return
    _set(_MORE)
    try:
        yield
    finally:
        _set(_AS_DASK_HAS_THEM)


def _set(thresholds: tuple[int, int]) -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    for name, size in zip((_TRIM, _MMAP), thresholds, strict=True):
        if mallopt is not None:
            mallopt(name, size)
