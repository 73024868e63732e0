"""A progress bar on standard error, where tqdm is installed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def _nothing(_done: int) -> None:
    """Stand in for a bar."""


@contextmanager
def progress_bar(total: int, label: str, show: bool | None) -> Iterator[Callable[[int], object]]:
    """Yield a function that counts steps done.

    Parameters
    ----------
    total : int
        Number of steps.
    label : str
        What is going on.
    show : bool or None
        None shows a bar in a terminal or notebook only, and after two seconds.
    """
    try:
        from tqdm.auto import tqdm
    except ImportError:
        tqdm = None
    if tqdm is None or show is False or (show is None and not sys.stderr.isatty()):
        yield _nothing
        return
    with tqdm(total=total, desc=label, leave=False, delay=0 if show else 2) as bar:
        yield bar.update
