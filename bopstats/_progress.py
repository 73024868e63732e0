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
def progress_bar(
    total: int | None, label: str, show: bool | None = None, unit: str | None = None
) -> Iterator[Tick]:
    """Yield a function that counts steps done.

    Parameters
    ----------
    total : int or None
        Number of steps, where it is known.
    label : str
        What is going on.
    show : bool or None
        None shows a bar in a terminal or notebook only, after two seconds.
    unit : str or None
        What is counted in large numbers, written short (``" rows"``: 1.2M rows); None for steps.
    """
    try:
        from tqdm.auto import tqdm
    except ImportError:
        tqdm = None
    if tqdm is None or show is False or (show is None and not _watched()):
        yield nothing
        return
    delay = 0.0 if show else _PATIENCE
    units = {} if unit is None else {"unit": unit, "unit_scale": True}
    with tqdm(total=total, desc=label, leave=False, delay=delay, **units) as bar:
        yield bar.update
