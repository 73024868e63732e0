"""The tables and figures of a report, numbered, each with what a reader may take away."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import quote

from bopstats.tables.document import Table
from bopstats.tables.html_writer import write_grid

if TYPE_CHECKING:
    from bopstats.plotting.style import Axes

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_MARK = "\ufeff"  # tells Excel that a file is UTF-8


@dataclass(frozen=True)
class Sheet:
    """A table: its HTML, the notes below it, and itself as CSV and Word files.

    `csv` and `word` are data URIs; `word` is empty where python-docx is not installed. Rows of a
    `sortable` table are groups, whose order says nothing.
    """

    name: str
    label: str
    html: str
    notes: tuple[str, ...]
    csv: str
    word: str
    sortable: bool
    kind: str = "table"


@dataclass(frozen=True)
class Picture:
    """A figure as SVG with its caption."""

    name: str
    label: str
    svg: str
    caption: str
    kind: str = "figure"


class Numbered:
    """Makes tables and figures and numbers them in the order made.

    Parameters
    ----------
    general : sequence of str
        Notes of every table, which the report says once.
    """

    def __init__(self, general: Sequence[str]) -> None:
        self._general = frozenset(general)
        self._tables = self._figures = 0

    def table(self, name: str, table: Table, *, sortable: bool = False) -> Sheet:
        """Return a table with its files."""
        self._tables += 1
        label = f"Table {self._tables}"
        section = table.sections[0]
        if section.grid is None:
            raise TypeError(f"{name}: a table of a paper has columns and rows")
        return Sheet(
            name,
            label,
            write_grid(section.grid, f"{label}. {table.caption}", ()),
            tuple(note for note in table.notes if note not in self._general),
            f"data:text/csv;charset=utf-8,{quote(_MARK + table.as_csv())}",
            _word(table) if find_spec("docx") else "",
            sortable,
        )

    def figure(
        self,
        name: str,
        draw: Callable[[], Axes | Sequence[Axes]],
        *,
        caption: str,
        description: str,
    ) -> Picture:
        """Return a figure, drawn."""
        from bopstats.plotting import as_svg

        self._figures += 1
        label = f"Figure {self._figures}"
        svg = as_svg(draw, name=name, title=f"{label}. {caption}", description=description)
        return Picture(name, label, svg, caption)


def _word(table: Table) -> str:
    buffer = io.BytesIO()
    table.to_docx(buffer)
    return f"data:{_WORD};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
