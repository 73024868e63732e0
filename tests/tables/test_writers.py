"""Every format shows labels as they are, and none of them runs."""

import csv
import io
import re
import sys
import zipfile
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from bopstats.exceptions import BopError
from bopstats.tables import csv_writer, html_writer, latex_writer, markdown_writer
from bopstats.tables.content import Section, number, ranges
from bopstats.tables.document import Summary, Table
from bopstats.tables.grid import Column, Grid, Row, typeset

NASTY = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    r"$x_1$ & \input{/etc/passwd} % # ~ ^ { }",
    "a | b `c` *d* _e_ [f](g) ![h](i)",
    "=HYPERLINK(1)",
    "+1+1",
    "@SUM(A1)",
    "-2+3",
    "\t=1",
    "😀 naïve γ ≥ 2",
    "--- ?` !` ''",
    "line\nbreak \x00\x08 \ud800",
]


def table(labels):
    grid = Grid(
        (Column("Group", numeric=False), Column("n", "Over"), Column("x\n(95% CI)", "Over")),
        (
            Row(("Head",), "head"),
            *(Row((label, "5", "-0.1 (-0.2 to 0.3)"), level=1) for label in labels),
            Row(("All", "9", "<0.001"), "total"),
        ),
    )
    return Table.of("Caption", grid, ("A note.",), pd.DataFrame({"n": [5.0]}))


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.texts, self.attributes = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.texts.append(data)


def read(html):
    reader = Reader()
    reader.feed(html)
    return reader


@pytest.mark.parametrize("label", NASTY)
def test_html_shows_labels_and_has_no_tag_of_theirs(label):
    reader, plain = read(table([label]).as_html()), read(table(["x"]).as_html())
    assert reader.tags == plain.tags
    assert reader.attributes == plain.attributes
    assert typeset(label) in reader.texts


def test_html_has_caption_scopes_and_merged_heads():
    html = table(["a", "b"]).as_html()
    assert "<caption>Caption</caption>" in html
    assert html.count('scope="col"') == 3
    assert '<th scope="colgroup" colspan="2" class="over">Over</th>' in html
    assert '<th scope="rowgroup" colspan="3" class="head">Head</th>' in html
    assert '<tfoot>\n<tr><td colspan="3">A note.</td></tr>' in html
    assert "−0.1 (−0.2 to 0.3)" in html


@pytest.mark.parametrize("label", NASTY)
def test_csv_cells_are_no_formulas_and_come_back(label):
    rows = list(csv.reader(io.StringIO(table([label]).as_csv())))
    assert len(rows) == 3
    assert rows[0] == ["Group", "Over: n", "Over: x (95% CI)"] or "95% CI" in rows[0][2]
    assert rows[1][0] == f"Head, {typeset(label)}"
    alone = csv_writer.guard(label)
    assert not alone.lstrip().startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize("text", ["-0.5", "3", "+2.", ".5", "1e-5", "-1E+3"])
def test_csv_leaves_numbers_alone(text):
    assert csv_writer.guard(text) == text


@pytest.mark.parametrize("label", NASTY)
def test_markdown_keeps_columns_and_escapes(label):
    lines = table([label]).as_markdown().splitlines()
    row = next(line for line in lines if line.startswith("| &nbsp;"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 4
    cell = re.split(r"(?<!\\)\|", row)[1]
    for sign in "<>$`*_[]":
        assert len(re.findall(rf"(?<!\\)\{sign}", cell)) == 0, cell


@pytest.mark.parametrize("label", NASTY)
def test_latex_has_no_command_of_a_label(label):
    escaped = latex_writer.escape(label)
    assert escaped.isascii() or set(escaped) & set("ï")
    known = {"textbackslash", "textless", "textgreater", "textbar", "textasciigrave", "ensuremath"}
    known |= {"sim", "textasciicircum", "geq", "gamma"}
    assert set(re.findall(r"\\([A-Za-z]+)", escaped)) <= known
    bare = re.sub(r"\\[&%$#_{}]", "", escaped)
    assert not set(bare) & set("&%$#_~^")
    assert bare.count("{") == bare.count("}")
    assert not escaped.startswith(("[", "*"))


def test_latex_is_a_table_or_a_longtable():
    short, long = table(["a"]).as_latex(), table([f"a{i}" for i in range(60)]).as_latex()
    assert short.startswith("% Needs")
    assert "\\begin{table}" in short
    assert "\\multicolumn{2}{c}{Over}" in short
    assert "\\cmidrule(lr){2-3}" in short
    assert "\\begin{longtable}" in long
    assert "\\endhead" in long
    for text in (short, long):
        for environment in re.findall(r"\\begin\{(\w+)\}", text):
            begun, ended = (text.count(f"\\{w}{{{environment}}}") for w in ("begin", "end"))
            assert begun == ended


def test_word_has_repeated_heads_merged_cells_and_rules(tmp_path):
    docx = pytest.importorskip("docx")
    table(NASTY).to_docx(tmp_path / "t.docx")
    document = docx.Document(tmp_path / "t.docx")
    shown = document.tables[0]
    assert [cell.text for cell in shown.rows[1].cells] == ["Group", "n", "x\n(95% CI)"]
    assert shown.rows[0].cells[1]._tc is shown.rows[0].cells[2]._tc
    assert shown.rows[2].cells[0]._tc is shown.rows[2].cells[2]._tc
    labels = [row.cells[0].text for row in shown.rows[3:-1]]
    assert labels == [typeset(label) for label in NASTY]
    xml = shown._tbl.xml
    assert xml.count("<w:tblHeader") == 2
    assert xml.count("<w:cantSplit") == len(shown.rows)
    assert "w:insideV" not in xml
    assert [p.text for p in document.paragraphs] == ["Caption", "A note."]
    assert document.paragraphs[0].style.name == "Caption"


def test_without_python_docx_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(BopError, match=r"bopstats\[word\]"):
        table(["x"]).to_docx(tmp_path / "t.docx")


def test_word_files_are_equal_byte_for_byte_and_bear_no_date(tmp_path):
    pytest.importorskip("docx")
    for name in ("a", "b"):
        table(["x"]).to_docx(tmp_path / f"{name}.docx")
    assert (tmp_path / "a.docx").read_bytes() == (tmp_path / "b.docx").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.docx") as file:
        assert {info.date_time[0] for info in file.infolist()} == {1980}


def test_a_summary_has_every_format(tmp_path):
    pytest.importorskip("docx")
    summary = Summary(
        "Title <b>",
        (
            Section("Facts", (("name", "value & more"),)),
            Section("Part", table=pd.DataFrame({"group": ["a"], "n": ["1"]}), lines=("A line.",)),
            Section("Notes", lines=("One.", "Two.")),
        ),
    )
    for text in (summary.as_text(), summary.as_markdown(), summary.as_csv(), summary.as_latex()):
        assert all(word in text for word in ("Facts", "name", "Part", "A line.", "Two."))
    assert "Title &lt;b&gt;" in summary._repr_html_()
    assert str(summary) == summary.as_text() == repr(summary)
    summary.to_docx(tmp_path / "s.docx")


def test_intervals_use_an_en_dash_unless_a_number_of_the_column_is_negative():
    def show(value):
        return number(value, 2)

    assert ranges([0.1, 1], [0.2, 2], show) == ["0.10–0.20", "1.00–2.00"]
    assert ranges([0.1, -1], [0.2, 2], show) == ["0.10 to 0.20", "-1.00 to 2.00"]
    assert ranges([np.nan], [np.nan], show) == ["–"]


def test_escapes_leave_plain_text_alone():
    plain = "Women, 18-24 years (n = 5)"
    for writer in (html_writer, latex_writer, markdown_writer):
        assert writer.escape(plain) == plain
