"""Tables as Word documents, with headings that repeat, merged cells and three rules."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any

from bopstats.exceptions import BopError
from bopstats.tables.content import Section
from bopstats.tables.grid import Grid, Row, typeset

if TYPE_CHECKING:
    from docx.table import Table as WordTable
    from docx.text.paragraph import Paragraph

_THICK, _THIN = 12, 6  # eighths of a point
_LETTERS, _NOTES = 9, 8  # points
_INDENT = 0.3  # cm
# Widths in cm: of a letter in a wide font, plain and bold, of a cell's margins, of the narrowest
# label, and of the page's margins.
_LETTER, _BOLD, _MARGIN, _NARROWEST, _SIDES = 0.2, 0.22, 0.4, 2.8, 2.0
_EPOCH = (1980, 1, 1, 0, 0, 0)


def write(
    title: str, sections: Sequence[Section], path: str | os.PathLike[str] | IO[bytes]
) -> None:
    """Write sections into a .docx file; the same sections give the same bytes.

    Raises
    ------
    BopError
        If python-docx is not there.
    """
    try:
        import docx
    except ImportError as error:
        raise BopError(
            "to_docx: needs python-docx, which comes with: pip install 'bopstats[word]'"
        ) from error
    document = docx.Document()
    document.core_properties.author = ""
    document.core_properties.comments = ""
    document.core_properties.title = typeset(title or (sections[0].title if sections else ""))
    normal = document.styles["Normal"].font
    normal.name, normal.size = "Times New Roman", docx.shared.Pt(_LETTERS)
    _page(document, sections)
    if title:
        document.add_heading(typeset(title), level=1)
    for section in sections:
        _section(document, section)
    buffer = io.BytesIO()
    document.save(buffer)
    _without_clock(buffer, path)


def _without_clock(buffer: io.BytesIO, path: str | os.PathLike[str] | IO[bytes]) -> None:
    """Write the parts of a document with one fixed date."""
    with (
        zipfile.ZipFile(buffer) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, source.read(name))


def _page(document: Any, sections: Sequence[Section]) -> None:
    from docx.enum.section import WD_ORIENT
    from docx.shared import Cm

    page = document.sections[0]
    room = page.page_width.cm - 2 * _SIDES
    if any(s.grid is not None and sum(_needs(s.grid)) > room for s in sections):
        page.orientation = WD_ORIENT.LANDSCAPE
        page.page_width, page.page_height = page.page_height, page.page_width
    page.left_margin = page.right_margin = Cm(_SIDES)


def _section(document: Any, section: Section) -> None:
    if section.title:
        paragraph = document.add_paragraph(style="Caption")
        _write(paragraph, section.title, size=_LETTERS + 1)
        paragraph.paragraph_format.keep_with_next = True
    for name, value in section.pairs:
        paragraph = document.add_paragraph()
        _write(paragraph, f"{name}: ", bold=True)
        _write(paragraph, value)
    if section.grid is not None:
        _grid(document, section.grid)
    for line in section.lines:
        _write(document.add_paragraph(), line, size=_NOTES)


def _write(paragraph: Paragraph, text: str, *, bold: bool = False, size: int = _LETTERS) -> None:
    from docx.shared import Pt, RGBColor

    run = paragraph.add_run(typeset(text))
    run.bold = bold or None
    run.font.size = Pt(size)
    run.font.color.rgb = RGBColor(0, 0, 0)
    paragraph.paragraph_format.space_before = Pt(0)
    paragraph.paragraph_format.space_after = Pt(1)
    paragraph.paragraph_format.line_spacing = 1.0


def _grid(document: Any, grid: Grid) -> None:
    from docx.enum.table import WD_TABLE_ALIGNMENT

    overs = grid.overs
    top = 2 if overs else 1
    table = document.add_table(rows=top + len(grid.rows), cols=len(grid.columns))
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    # One list of all cells: asking for a row's cells again and again takes quadratic time.
    cells = table._cells
    width = len(grid.columns)
    lines = [cells[i * width : (i + 1) * width] for i in range(top + len(grid.rows))]
    start = 0
    for text, size in overs:
        if text:
            merged = lines[0][start].merge(lines[0][start + size - 1])
            _fill(merged, text, "center", bold=True)
            _rule(merged, "bottom", _THIN)
        start += size
    for cell, column in zip(lines[top - 1], grid.columns, strict=True):
        _fill(cell, column.head, "right" if column.numeric else "left", bold=True)
    for line, row in zip(lines[top:], grid.rows, strict=True):
        _row(line, row, grid)
    _rules(lines, top)
    _rows_as_wholes(table, top)
    page = document.sections[0]
    _set_widths(table, lines, _widths(grid, page.page_width.cm - 2 * _SIDES))


def _needs(grid: Grid) -> list[float]:
    """Return the width in cm of each column on one line."""
    rows = [row.cells for row in grid.rows if row.kind != "head"]
    return [
        _MARGIN
        + max(
            [_BOLD * len(line[j]) for line in grid.head_lines]
            + [_LETTER * len(cells[j]) for cells in rows]
        )
        for j in range(len(grid.columns))
    ]


def _widths(grid: Grid, room: float) -> list[float]:
    """Give every column what its texts need, in cm; labels and words get what is left over."""
    needs = _needs(grid)
    soft = [j for j, column in enumerate(grid.columns) if not column.numeric]
    over = sum(needs) - room
    if over <= 0:
        return needs
    # Take from the widest of the columns whose words may wrap, until all fit or all are narrow.
    while over > 0 and needs[wide := max(soft, key=needs.__getitem__)] > _NARROWEST:
        cut = min(over, 0.1)
        needs[wide] -= cut
        over -= cut
    scale = min(1.0, room / sum(needs))
    return [need * scale for need in needs]


def _set_widths(table: WordTable, lines: list[list[Any]], widths: list[float]) -> None:
    """Set widths on grid and cells: Word reads the ones, LibreOffice the others."""
    from docx.shared import Cm

    for column, width in zip(table.columns, widths, strict=True):
        column.width = Cm(width)
    for line in lines:
        spans: dict[int, float] = {}  # merged cells stand several times in a line
        for cell, width in zip(line, widths, strict=True):
            spans[id(cell._tc)] = spans.get(id(cell._tc), 0.0) + width
        for cell in line:
            cell.width = Cm(spans[id(cell._tc)])


def _row(line: Sequence[Any], row: Row, grid: Grid) -> None:
    from docx.shared import Cm

    if row.kind == "head":
        _fill(line[0].merge(line[-1]), row.cells[0], "left", bold=True, keep=True)
        return
    for cell, text, column in zip(line, row.cells, grid.columns, strict=True):
        _fill(cell, typeset(text), "right" if column.numeric else "left")
    line[0].paragraphs[0].paragraph_format.left_indent = Cm(_INDENT * row.level)
    if row.kind == "total":
        for cell in line:
            _rule(cell, "top", _THIN)


def _fill(cell: Any, text: str, side: str, *, bold: bool = False, keep: bool = False) -> None:
    from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    paragraph = cell.paragraphs[0]
    for i, line in enumerate(text.split("\n")):
        if i:
            paragraph.add_run().add_break()
        _write(paragraph, line, bold=bold)
    paragraph.alignment = getattr(WD_ALIGN_PARAGRAPH, side.upper())
    paragraph.paragraph_format.keep_with_next = keep
    cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.BOTTOM


def _rules(lines: list[list[Any]], top: int) -> None:
    """Draw a journal's three rules: above and below the headings, and below everything."""
    for cell in lines[0]:
        _rule(cell, "top", _THICK)
    for cell in lines[top - 1]:
        _rule(cell, "bottom", _THIN)
    for cell in lines[-1]:
        _rule(cell, "bottom", _THICK)


def _rule(cell: Any, edge: str, size: int) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    properties = cell._tc.get_or_add_tcPr()
    borders = properties.find(qn("w:tcBorders"))
    if borders is None:
        borders = OxmlElement("w:tcBorders")
        # The schema wants borders before the vertical alignment.
        place = properties.find(qn("w:vAlign"))
        properties.append(borders) if place is None else place.addprevious(borders)
    line = OxmlElement(f"w:{edge}")
    for name, value in (("val", "single"), ("sz", str(size)), ("space", "0"), ("color", "000000")):
        line.set(qn(f"w:{name}"), value)
    # … and the top edge before the bottom one.
    borders.insert(0, line) if edge == "top" else borders.append(line)


def _rows_as_wholes(table: WordTable, top: int) -> None:
    """Repeat the headings on every page; no row breaks across pages."""
    from docx.oxml import OxmlElement

    for i, row in enumerate(table.rows):
        properties = row._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if i < top:
            properties.append(OxmlElement("w:tblHeader"))
