"""What a table says, before any format: titles, pairs, frames and lines of text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bopstats.tables.grid import Grid

_LARGEST, _SMALLEST_ERROR = 1e5, 1e-5


@dataclass(frozen=True)
class Section:
    """One part of a summary, printed in this order: title, pairs, table, lines.

    Parameters
    ----------
    title : str
        Heading; may be empty.
    pairs : tuple of (name, value)
        Facts.
    table : DataFrame, Grid or None
        Cells are ready texts; a frame's column names are the header; `rules` are its rows before
        which a line is drawn.
    lines : tuple of str
        Sentences.
    """

    title: str
    pairs: tuple[tuple[str, str], ...] = ()
    table: pd.DataFrame | Grid | None = None
    lines: tuple[str, ...] = ()
    rules: tuple[int, ...] = ()

    @property
    def grid(self) -> Grid | None:
        """The table's columns and rows."""
        if isinstance(self.table, pd.DataFrame):
            return Grid.from_frame(self.table, self.rules)
        return self.table


def number(value: float, decimals: int) -> str:
    """Format a number; nan is a dash, and no zero carries a minus sign.

    Examples
    --------
    >>> number(-0.00001, 3), number(float("nan"), 3)
    ('0.000', '–')
    """
    if np.isnan(value):
        return "–"
    if np.isinf(value):
        return "inf" if value > 0 else "-inf"
    text = f"{value:.{decimals}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def pvalue(value: float) -> str:
    """Format a p-value to three decimals.

    Examples
    --------
    >>> pvalue(0.0001), pvalue(0.04), pvalue(0.99999)
    ('<0.001', '0.040', '>0.999')
    """
    if np.isnan(value):
        return "–"
    if value < 0.001:
        return "<0.001"
    return ">0.999" if value > 0.999 else f"{value:.3f}"


def p_words(value: float) -> str:
    """Say a p-value in a sentence.

    Examples
    --------
    >>> p_words(0.0001), p_words(0.04)
    ('p <0.001', 'p = 0.040')
    """
    text = pvalue(value)
    return f"p {text}" if text[0] in "<>" else f"p = {text}"


def ranges(low: Iterable[float], high: Iterable[float], show: Callable[[float], str]) -> list[str]:
    """Format intervals: with an en dash, or with "to" if any number of the column is negative.

    Examples
    --------
    >>> ranges([0.12], [0.34], lambda x: number(x, 2)), ranges([-1], [2], lambda x: number(x, 0))
    (['0.12–0.34'], ['-1 to 2'])
    """
    pairs = [(show(a), show(b)) for a, b in zip(low, high, strict=True)]
    word = " to " if any(text.startswith("-") for pair in pairs for text in pair) else "–"
    return ["–" if a == b == "–" else f"{a}{word}{b}" for a, b in pairs]


def count(value: float) -> str:
    """Format a count; medians of counts over partitions may be halves, nan is a dash."""
    return "–" if np.isnan(value) else f"{value:g}" if value % 1 else f"{int(value)}"


def decimals_for(std_err: np.ndarray) -> int:
    """Return how many decimals show two figures of a typical standard error, from 0 to 6."""
    known = std_err[np.isfinite(std_err) & (std_err > 0)]
    if not len(known):
        return 4
    return int(np.clip(np.ceil(-np.log10(np.median(known))) + 1, 0, 6))


def power_of_ten(std_err: np.ndarray, costs: np.ndarray) -> int:
    """Return the power of ten to print in: 0 unless figures would be too long or all zeros.

    Examples
    --------
    >>> power_of_ten(np.array([0.01]), np.array([0.2]))
    0
    >>> power_of_ten(np.array([2e-9]), np.array([1e-8])), power_of_ten(
    ...     np.array([3e5]), np.array([2e7])
    ... )
    (-8, 7)
    """
    sizes = np.abs(costs[np.isfinite(costs) & (costs != 0)])
    errors = std_err[np.isfinite(std_err) & (std_err > 0)]
    if not len(sizes):
        return 0
    small = len(errors) > 0 and np.median(errors) < _SMALLEST_ERROR
    if sizes.max() < _LARGEST and not small:
        return 0
    return int(np.floor(np.log10(np.median(sizes))))


@dataclass(frozen=True)
class Shown:
    """How a table shows its numbers: divided by a power of ten, with so many decimals."""

    decimals: int
    power: int = 0

    def __call__(self, value: float) -> str:
        """Format one number."""
        return number(value / 10.0**self.power, self.decimals)
