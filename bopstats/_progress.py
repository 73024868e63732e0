"""A progress bar on standard error, where tqdm is installed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tick = Callable[[int], object]
_PATIENCE = 2.0  # seconds without a bar, unless one was asked for


def nothing(_done: int) -> None:
    """Stand in for a bar."""


def _watched() -> bool:
    """Tell whether a person reads standard error: in a terminal or a notebook."""
    return sys.stderr.isatty() or type(sys.stderr).__module__.startswith("ipykernel.")


@contextmanager
def progress_bar(total: int, label: str, show: bool | None = None) -> Iterator[Tick]:
    """Yield a function that counts steps done.

    Parameters
    ----------
    total : int
        Number of steps.
    label : str
        What is going on.
    show : bool or None
        None shows a bar in a terminal or notebook only, after two seconds.
    """
    try:
        from tqdm.auto import tqdm
    except ImportError:
        tqdm = None
    if tqdm is None or show is False or (show is None and not _watched()):
        yield nothing
        return
    delay = 0.0 if show else _PATIENCE
    with tqdm(total=total, desc=label, leave=False, delay=delay) as bar:
        yield bar.update
