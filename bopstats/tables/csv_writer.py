"""Tables as comma-separated values that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from bopstats.tables.content import Section
from bopstats.tables.grid import Grid, clean, typeset

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_FORMULA = tuple("=+-@＝＋－＠")


def guard(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula.

    Cells that begin with = + - @ or their full-width twins, and are not numbers, get a leading
    apostrophe (OWASP, "CSV Injection"); tabs and line ends become spaces.

    Examples
    --------
    >>> guard("=1+1"), guard("-0.5"), guard("-0.5 (-1.0 to 0.0)")
    ("'=1+1", '-0.5', '−0.5 (−1.0 to 0.0)')
    """
    if _NUMBER.fullmatch(text):
        return text
    # A minus before a number becomes a typographic one, which is no operator; tabs become spaces.
    text = typeset(text)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def write(title: str, sections: Sequence[Section]) -> str:
    """Return everything: titles, facts, tables and sentences, an empty line between sections."""
    blocks = [[[title]]] if title else []
    for section in sections:
        rows = [[section.title]] if section.title else []
        rows += [list(pair) for pair in section.pairs]
        rows += [] if section.grid is None else _rows(section.grid)
        rows += [[line] for line in section.lines]
        blocks.append(rows)
    return "\n".join(_lines(rows) for rows in blocks)


def write_grid(grid: Grid) -> str:
    """Return a table alone: one line of headings, then one line a row."""
    return _lines(_rows(grid))


def _lines(rows: Iterable[Sequence[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([guard(c) for c in row] for row in rows)
    return buffer.getvalue()


def _rows(grid: Grid) -> list[list[str]]:
    """Put a merged heading before its columns' headings, a head row before its rows' labels."""
    heads = [
        clean(f"{column.over}: {column.head}" if column.over else column.head)
        for column in grid.columns
    ]
    rows, above = [heads], ""
    for row in grid.rows:
        if row.kind == "head":
            above = row.cells[0]
            continue
        label = f"{above}, {row.cells[0]}" if row.level and above else row.cells[0]
        rows.append([label, *row.cells[1:]])
    return rows
