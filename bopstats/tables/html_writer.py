"""Tables as HTML: caption, header cells with scope, notes in the foot; all texts escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape as _escape

from bopstats.tables.content import Section
from bopstats.tables.grid import Grid, Row, typeset

# Three rules, as journals print them, in the colour of the text: light and dark pages alike.
STYLE = """\
<style>
.bopstats table { border-collapse: collapse; margin: 0 0 1.5em; font-size: 90%;
  font-variant-numeric: tabular-nums; }
.bopstats caption { text-align: left; font-weight: 600; padding: 0 0 .4em; }
.bopstats th, .bopstats td { padding: .2em .7em; text-align: left; vertical-align: bottom;
  font-weight: normal; background: none; border: 0; }
.bopstats .num { text-align: right; white-space: nowrap; }
.bopstats .over { text-align: center; border-bottom: 1px solid; }
.bopstats thead { border-top: 2px solid; border-bottom: 1px solid; }
.bopstats thead th { font-weight: 600; }
.bopstats tbody:last-of-type { border-bottom: 2px solid; }
.bopstats tbody.total { border-top: 1px solid; }
.bopstats .head { font-weight: 600; padding-top: .5em; }
.bopstats .level1 { padding-left: 1.8em; }
.bopstats tfoot td { font-size: 90%; padding: .2em .7em 0; max-width: 60em; white-space: normal; }
.bopstats th[scope=row] { max-width: 28em; overflow-wrap: anywhere; }
</style>
"""


def escape(text: str) -> str:
    """Return text that HTML shows as it is, also between quotes.

    Examples
    --------
    >>> escape("<script> & co")
    '&lt;script&gt; &amp; co'
    """
    return _escape(typeset(text), quote=True)


def write(title: str, sections: Sequence[Section]) -> str:
    """Return a part of a page: a style, and one section a table."""
    parts = ['<div class="bopstats">\n', STYLE]
    parts += [f"<h2>{escape(title)}</h2>\n"] if title else []
    parts += [_section(section) for section in sections]
    return "".join([*parts, "</div>\n"])


def _section(section: Section) -> str:
    parts = []
    if section.pairs:
        rows = "".join(
            f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>\n'
            for name, value in section.pairs
        )
        caption = f"<caption>{escape(section.title)}</caption>\n" if section.title else ""
        parts.append(f"<table>\n{caption}<tbody>\n{rows}</tbody>\n</table>\n")
    if section.grid is not None:
        parts.append(write_grid(section.grid, section.title, section.lines))
        return "".join(parts)
    if section.title and not section.pairs:
        parts.append(f"<h3>{escape(section.title)}</h3>\n")
    return "".join([*parts, *(f"<p>{escape(line)}</p>\n" for line in section.lines)])


def write_grid(grid: Grid, caption: str, notes: Sequence[str]) -> str:
    """Return one table element."""
    width = len(grid.columns)
    parts = ["<table>\n"]
    parts += [f"<caption>{escape(caption)}</caption>\n"] if caption else []
    parts += [_head(grid), *(_body(rows, grid) for rows in grid.bodies())]
    if notes:
        cells = "".join(f'<tr><td colspan="{width}">{escape(note)}</td></tr>\n' for note in notes)
        parts.append(f"<tfoot>\n{cells}</tfoot>\n")
    return "".join([*parts, "</table>\n"])


def _head(grid: Grid) -> str:
    overs = "".join(
        f'<th scope="colgroup" colspan="{size}" class="over">{escape(text)}</th>'
        if text
        else "<td></td>"
        for text, size in grid.overs
    )
    lines = [f"<tr>{overs}</tr>\n"] if overs else []
    cells = "".join(
        f'<th scope="col"{_numeric(column.numeric)}>{_broken(column.head)}</th>'
        for column in grid.columns
    )
    return "".join(["<thead>\n", *lines, f"<tr>{cells}</tr>\n", "</thead>\n"])


def _broken(head: str) -> str:
    return "<br>".join(escape(line) for line in head.split("\n"))


def _numeric(numeric: bool) -> str:
    return ' class="num"' if numeric else ""


def _body(rows: list[Row], grid: Grid) -> str:
    kind = ' class="total"' if rows[0].kind == "total" else ""
    lines = "".join(f"<tr>{_cells(row, grid)}</tr>\n" for row in rows)
    return f"<tbody{kind}>\n{lines}</tbody>\n"


def _cells(row: Row, grid: Grid) -> str:
    if row.kind == "head":
        width = len(grid.columns)
        return f'<th scope="rowgroup" colspan="{width}" class="head">{escape(row.cells[0])}</th>'
    level = ' class="level1"' if row.level else ""
    first = f'<th scope="row"{level}>{escape(row.cells[0])}</th>'
    return first + "".join(
        f"<td{_numeric(column.numeric)}>{escape(cell)}</td>"
        for cell, column in zip(row.cells[1:], grid.columns[1:], strict=True)
    )
