"""Sections as plain text, at most 100 columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import pandas as pd

from bopstats.tables.content import Section

WIDTH = 100
_NARROWEST_LABEL = 8


def render(title: str, sections: Sequence[Section]) -> str:
    """Return sections under a title.

    Parameters
    ----------
    title : str
        Centred above everything.
    sections : sequence of Section
        What to print.

    Returns
    -------
    str
        Lines of at most 100 columns, without a newline at the end.
    """
    lines = ["=" * WIDTH, title.center(WIDTH).rstrip(), "=" * WIDTH]
    for i, section in enumerate(sections):
        if i:
            lines.append("-" * WIDTH)
        lines += _section(section)
    lines.append("=" * WIDTH)
    return "\n".join(lines)


def _section(section: Section) -> list[str]:
    lines = [section.title] if section.title else []
    width = max((len(name) for name, _ in section.pairs), default=0) + 2
    for name, value in section.pairs:
        lines += textwrap.wrap(
            value, WIDTH, initial_indent=f"{name + ':':<{width}}", subsequent_indent=" " * width
        )
    if section.table is not None:
        lines += _table(section.table, section.rules)
    for line in section.lines:
        lines += textwrap.wrap(line, WIDTH, subsequent_indent="  ")
    return lines


def _table(frame: pd.DataFrame, rules: tuple[int, ...]) -> list[str]:
    """Left-align the first and last columns, right-align numbers; long labels wrap."""
    texts = [[str(name) for name in frame.columns]] + [
        [str(cell) for cell in row] for row in frame.itertuples(index=False)
    ]
    widths = [max(len(row[j]) for row in texts) for j in range(frame.shape[1])]
    room = WIDTH - sum(widths[1:]) - 2 * (len(widths) - 1)
    widths[0] = min(widths[0], max(_NARROWEST_LABEL, room))
    lines: list[str] = []
    for i, row in enumerate(texts):
        if i == 1 or i - 1 in rules:
            lines.append("-" * min(WIDTH, sum(widths) + 2 * (len(widths) - 1)))
        label = textwrap.wrap(row[0], widths[0], subsequent_indent="  ") or [""]
        cells = [
            cell.ljust(width) if j == len(widths) - 2 and _is_words(frame) else cell.rjust(width)
            for j, (cell, width) in enumerate(zip(row[1:], widths[1:], strict=True))
        ]
        lines += label[:-1]
        lines.append("  ".join([label[-1].ljust(widths[0]), *cells]).rstrip())
    return lines


def _is_words(frame: pd.DataFrame) -> bool:
    return str(frame.columns[-1]) == "verdict"
