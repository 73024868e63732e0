"""Tables as Markdown: pipe tables, which GitHub, pandoc, Quarto and Jupyter read."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bopstats.tables.content import Section
from bopstats.tables.grid import Column, Grid, Row, typeset

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~$&^#!])")
_INDENT = "&nbsp;&nbsp;"


def escape(text: str) -> str:
    r"""Return text that Markdown shows as it is.

    Examples
    --------
    >>> escape("<b> | $x_1$")
    '\\<b\\> \\| \\$x\\_1\\$'
    """
    return _SPECIAL.sub(r"\\\1", typeset(text))


def write(title: str, sections: Sequence[Section]) -> str:
    """Return sections under a title."""
    parts = [f"## {escape(title)}"] if title else []
    for section in sections:
        parts += _section(section)
    return "\n\n".join(parts) + "\n"


def _section(section: Section) -> list[str]:
    parts = [f"**{escape(section.title)}**"] if section.title else []
    if section.pairs:
        parts.append(
            "\n".join(f"- **{escape(name)}:** {escape(value)}" for name, value in section.pairs)
        )
    if section.grid is not None:
        parts.append(_grid(section.grid))
    return [*parts, *(escape(line) for line in section.lines)]


def _grid(grid: Grid) -> str:
    """Markdown has no merged cells: a merged heading stands before each of its columns'."""
    heads = [_head(column) for column in grid.columns]
    marks = ["---:" if column.numeric else "---" for column in grid.columns]
    lines = [heads, marks, *(_row(row, len(heads)) for row in grid.rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _head(column: Column) -> str:
    text = column.head.replace("\n", " ")
    return escape(f"{column.over}: {text}" if column.over else text)


def _row(row: Row, width: int) -> list[str]:
    cells = [escape(cell) for cell in row.cells]
    if row.kind == "head":
        return [f"**{cells[0]}**", *[""] * (width - 1)]
    if row.kind == "total":
        return [f"**{cell}**" if cell else "" for cell in cells]
    return [_INDENT * row.level + cells[0], *cells[1:]]
