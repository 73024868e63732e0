"""Summaries as plain text, at most 100 columns wide, and single tables."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from bopstats.tables.content import Section
from bopstats.tables.grid import Column, Grid, clean

WIDTH = 100
_NARROWEST_LABEL = 8
# A table of its own may be wider than a summary, so that labels stay readable.
_LABEL, _INDENT = 28, 2


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
    if section.grid is not None:
        lines += _grid(section.grid, _NARROWEST_LABEL)
    for line in section.lines:
        lines += textwrap.wrap(line, WIDTH, subsequent_indent="  ")
    return lines


def write_table(section: Section) -> str:
    """Return one table with its caption above and its notes below it."""
    grid = section.grid
    body = [] if grid is None else _grid(grid, _LABEL)
    width = max([WIDTH, *map(len, body)])
    lines = [*textwrap.wrap(clean(section.title), width), "=" * width, *body, "=" * width]
    for line in section.lines:
        lines += textwrap.wrap(clean(line), width, subsequent_indent="  ")
    return "\n".join(lines)


def _grid(grid: Grid, narrowest: int) -> list[str]:
    """Left-align the first column and words, right-align numbers; long labels wrap."""
    heads = grid.head_lines
    rows = [row for row in grid.rows if row.kind != "head"]
    texts = [*heads, *([clean(cell) for cell in row.cells] for row in rows)]
    widths = [max(len(line[j]) for line in texts) for j in range(len(grid.columns))]
    widths[0] = max([widths[0], *(len(row.cells[0]) + _INDENT * row.level for row in rows)])
    _widen(widths, grid.overs)
    room = WIDTH - sum(widths[1:]) - 2 * (len(widths) - 1)
    widths[0] = min(widths[0], max(narrowest, room))
    total = sum(widths) + 2 * (len(widths) - 1)
    lines = _overs(grid.overs, widths)
    for head in heads:
        lines += _row(head, widths, grid.columns, 0)
    lines.append("-" * total)
    for row in grid.rows:
        if row.kind == "total":
            lines.append("-" * total)
        if row.kind == "head":
            lines += textwrap.wrap(clean(row.cells[0]), max(total, WIDTH)) or [""]
        else:
            lines += _row([clean(cell) for cell in row.cells], widths, grid.columns, row.level)
    return lines


def _row(cells: list[str], widths: list[int], columns: tuple[Column, ...], level: int) -> list[str]:
    indent = " " * (_INDENT * level)
    label = textwrap.wrap(
        cells[0], widths[0], initial_indent=indent, subsequent_indent=indent + "  "
    ) or [""]
    rest = [
        cell.rjust(width) if column.numeric else cell.ljust(width)
        for cell, width, column in zip(cells[1:], widths[1:], columns[1:], strict=True)
    ]
    return [*label[:-1], "  ".join([label[-1].ljust(widths[0]), *rest]).rstrip()]


def _widen(widths: list[int], overs: list[tuple[str, int]]) -> None:
    """Make room below merged headings that are wider than their columns."""
    start = 0
    for text, size in overs:
        have = sum(widths[start : start + size]) + 2 * (size - 1)
        widths[start + size - 1] += max(0, len(text) - have)
        start += size


def _overs(overs: list[tuple[str, int]], widths: list[int]) -> list[str]:
    """Return the merged headings, centred, with a line under each."""
    texts, lines, start = [], [], 0
    for text, size in overs:
        width = sum(widths[start : start + size]) + 2 * (size - 1)
        texts.append(clean(text).center(width))
        lines.append(("-" if text else " ") * width)
        start += size
    return ["  ".join(line).rstrip() for line in (texts, lines) if line]
