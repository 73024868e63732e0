"""The page is valid, whole, safe and the same each time."""

import base64
import builtins
import csv
import hashlib
import io
import re
import sys
import zipfile
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

import bopstats as bop
from bopstats.reporting import pictures
from bopstats.reporting.blocks import Numbered
from bopstats.tables.options import Options

sys.path.insert(0, str(Path(__file__).parent))
from harmful import HARMFUL, OUTCOME

html = pytest.importorskip("lxml.html")

PAGES = ["nhanes_page", "harmful_page"]


@pytest.fixture(params=PAGES)
def page(request):
    return request.getfixturevalue(request.param)


def tree(page):
    return html.document_fromstring(page)


def text_of(element):
    return " ".join(element.text_content().split())


def test_ids_are_unique_and_all_links_have_an_end(page):
    document = tree(page)
    ids = document.xpath("//@id")
    assert len(ids) == len(set(ids))
    for attribute in ("href", "data-copy", "aria-labelledby", "aria-describedby"):
        for value in document.xpath(f"//@{attribute}"):
            if not value.startswith("data:"):
                assert value.removeprefix("#") in ids, value
    for value in re.findall(r"url\(#([^)]+)\)", page):
        assert value in ids


def test_headings_nest_and_there_is_one_of_the_first_level(page):
    levels = [int(each.tag[1]) for each in tree(page).xpath("//h1 | //h2 | //h3 | //h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_tables_have_captions_and_headers_and_pictures_have_words(page):
    document = tree(page)
    assert document.xpath("//table")
    for table in document.xpath("//table"):
        assert text_of(table.xpath("./caption")[0])
        assert table.xpath("./thead//th[@scope='col']")
        for row in table.xpath("./tbody/tr"):
            assert row.xpath("./th[@scope]")
    assert document.xpath("//svg")
    for picture in document.xpath("//svg"):
        assert picture.get("role") == "img"
        name, words = picture.get("aria-labelledby"), picture.get("aria-describedby")
        assert text_of(document.get_element_by_id(name))
        assert text_of(document.get_element_by_id(words))
    assert not document.xpath("//img")


def test_landmarks_and_language(page):
    document = tree(page)
    assert document.get("lang") == "en"
    for tag in ("header", "nav", "main"):
        assert len(document.xpath(f"//{tag}")) == 1
    first = document.xpath("//body//a")[0]
    assert first.get("href") == "#main"
    assert all(document.xpath("//section/@aria-labelledby"))
    for button in document.xpath("//button"):
        assert text_of(button)


def test_the_policy_allows_the_page_itself_and_nothing_else(page):
    document = tree(page)
    meta = document.xpath("//meta[@http-equiv='Content-Security-Policy']")
    assert len(meta) == 1
    rules = dict(rule.strip().split(" ", 1) for rule in meta[0].get("content").split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    assert rules["base-uri"] == rules["form-action"] == "'none'"
    assert "unsafe" not in str(rules)
    for tag in ("style", "script"):
        source = re.search(f"<{tag}>(.*?)</{tag}>", page, re.S).group(1)
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert rules[f"{tag}-src"] == f"'sha256-{digest}'"
        assert len(document.xpath(f"//{tag}")) == 1


def test_nothing_is_fetched_and_nothing_is_styled_or_scripted_in_place(page):
    document = tree(page)
    for element in document.iter():
        if not isinstance(element.tag, str):
            continue
        for name, value in element.attrib.items():
            assert not name.startswith("on"), name
            assert name != "style"
            if name in ("src", "href", "action", "xlink:href"):
                assert value.startswith(("#", "data:")), value
    assert not document.xpath("//iframe | //object | //embed | //form | //base")


def test_harmful_names_are_texts(harmful_page):
    document = tree(harmful_page)
    assert len(document.xpath("//script")) == 1
    assert not document.xpath("//img | //b | //i")
    assert "<i>Mine</i>" in text_of(document.xpath("//h1")[0])
    for name in HARMFUL:
        assert any(name in text_of(each) for each in document.xpath("//table")), name
        assert any(name in "".join(each.itertext()) for each in document.xpath("//svg")), name
    assert any(OUTCOME in text_of(each) for each in document.xpath("//caption"))


def test_csv_files_hold_the_tables_and_no_formula(harmful_page):
    links = tree(harmful_page).xpath("//a[contains(@download, '.csv')]")
    assert len(links) == len(tree(harmful_page).xpath("//button[@data-copy]")) - 1
    for link in links:
        content = unquote(link.get("href").split(",", 1)[1])
        assert content[0] == "\ufeff"
        rows = list(csv.reader(io.StringIO(content[1:])))
        assert len({len(row) for row in rows}) == 1
        for cell in (cell for row in rows for cell in row):
            assert not cell.startswith(("=", "+", "@")), cell


def test_word_files_can_be_opened(nhanes_page):
    docx = pytest.importorskip("docx")
    links = tree(nhanes_page).xpath("//a[contains(@download, '.docx')]")
    tables = tree(nhanes_page).xpath("//div[starts-with(@class, 'block table')][@id]")
    assert len(links) == len(tables) > 5
    for link in links:
        content = base64.b64decode(link.get("href").split(",", 1)[1])
        assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
        assert docx.Document(io.BytesIO(content)).tables


def test_the_same_call_writes_the_same_bytes(harmful_result, harmful_page, tmp_path):
    harmful_result.report(tmp_path / "again.html", title="<i>Mine</i>")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == harmful_page


def test_labels_hold_in_tables_figures_and_words(nhanes_page):
    document = tree(nhanes_page)
    assert "High blood pressure" in text_of(document.xpath("//h1")[0])
    for picture in document.xpath("//svg[contains(@aria-labelledby, 'forest')]"):
        assert "Women" in "".join(picture.itertext())
    forest = document.xpath("//svg[@aria-labelledby='forest-1-title']")[0]
    assert "Brier's score" in "".join(forest.itertext())
    rows = document.xpath("//tbody/tr/th/text() | //tbody//th//text()")
    assert "female" not in rows
    assert "Women" in rows


def test_sections_are_those_of_the_analysis(nhanes_page, harmful_page):
    headings = [text_of(each) for each in tree(nhanes_page).xpath("//h2")]
    assert headings == [
        *("Contents", "Analysis", "Verdicts", "People", "Benefit for prediction"),
        *("Benefit for explanation", "Tests of all groups, and what the data could tell"),
        *("Models", "Calibration", "Methods", "References", "Reporting checklists", "Notes"),
        "Versions",
    ]
    other = [text_of(each) for each in tree(harmful_page).xpath("//h2")]
    assert "Benefit for explanation" not in other
    assert "Versions" not in other
    for page in (nhanes_page, harmful_page):
        entries = [text_of(each) for each in tree(page).xpath("//nav//a")]
        assert entries == [text_of(each) for each in tree(page).xpath("//main//h2")]


def test_numbers_of_the_page_are_those_of_the_tables(nhanes_result, nhanes_page):
    table = nhanes_result.table("benefit", "zero_one", labels={"sex=female": "Women"})
    rows = list(csv.reader(io.StringIO(table.as_csv())))
    shown = tree(nhanes_page).xpath("//div[@id='benefit-2']//tbody/tr")
    assert [[text_of(cell) for cell in row] for row in shown] == rows[1:]


def test_an_effect_brings_error_curves(nhanes_page, harmful_page):
    assert tree(nhanes_page).xpath("//figure[@id='error-1']")
    assert not tree(harmful_page).xpath("//figure[starts-with(@id, 'error')]")


def test_small_cells_are_masked_in_tables_figures_and_words(small_result, tmp_path):
    small_result.report(tmp_path / "masked.html", effect=0.01, suppress=11)
    document = tree((tmp_path / "masked.html").read_text(encoding="utf-8"))
    rows = small_result.frame("brier").set_index("group")
    for row in document.xpath("//div[@id='groups' or starts-with(@id, 'benefit')]//tbody/tr"):
        cells = [text_of(cell) for cell in row]
        if cells[0] in ("c", "d"):
            assert set(cells[1:]) == {"[c]"}
    words = " ".join("".join(each.itertext()) for each in document.xpath("//svg"))
    for group in ("c", "d"):
        for figure in ("bop", "cost_generic", "cost_personalized"):
            assert f"{rows.loc[group, figure]:.3f}" not in words
    assert not document.xpath("//figure[starts-with(@id, 'error')]")
    panels = document.xpath("//figure[@id='calibration-figure']//text")
    assert not [each for each in panels if (each.text or "").strip() in ("c", "d")]
    assert "below 11" in text_of(document.get_element_by_id("methods").getparent())


def test_error_curves_stand_where_bounds_may_be_shown(nhanes_result):
    shown = {}
    for suppress in (None, 11, 600):
        effect = {"brier": 0.01, "zero_one": 0.02}
        findings = nhanes_result._findings(effect=effect, suppress=suppress)
        figures = pictures.error_curves(findings, Options(), Numbered(()))
        shown[suppress] = [figure.name for figure in figures]
        masked = [not findings.masks.figures.get(cost, np.zeros(1)).any() for cost in effect]
        assert shown[suppress] == [f"error-{i}" for i, safe in enumerate(masked, 1) if safe]
    assert shown[None] == ["error-1", "error-2"]
    assert shown[600] != shown[None]


def test_a_design_has_its_table(tmp_path):
    people = bop.datasets.load_nhanes().iloc[:1000]
    people = people.assign(clinic=np.arange(len(people)) // 10)
    model = bop.glm("sbp ~ bmi | sex", people, cluster="clinic")
    model.fit(repeats=1, explain=False).report(tmp_path / "design.html", versions=False)
    document = tree((tmp_path / "design.html").read_text(encoding="utf-8"))
    assert "Design" in [text_of(each) for each in document.xpath("//h2")]
    caption = document.xpath("//div[@id='design-effects']//caption")[0]
    assert text_of(caption).endswith("Design effects of the benefit: Squared error")


def test_pooled_results_have_a_page_without_models(tmp_path):
    people = bop.datasets.load_nhanes()
    fits = [
        bop.glm("sbp ~ bmi | sex", people.assign(bmi=people["bmi"] + shift)).fit(repeats=1)
        for shift in (0.0, 0.1)
    ]
    bop.pool(fits).report(tmp_path / "pooled.html")
    page = (tmp_path / "pooled.html").read_text(encoding="utf-8")
    headings = [text_of(each) for each in tree(page).xpath("//h2")]
    assert "Models" not in headings
    assert "Calibration" not in headings
    assert "Rubin's rules" in text_of(tree(page).xpath("//div[@class='prose']")[0])


def test_without_jinja2_one_error_says_what_to_install(harmful_result, tmp_path, monkeypatch):
    real = builtins.__import__

    def missing(name, *args, **kwargs):
        if name == "jinja2":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(bop.BopError, match=r"pip install 'bopstats\[report\]'"):
        harmful_result.report(tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("title", ["", "  ", 3])
def test_a_title_is_a_text(harmful_result, tmp_path, title):
    with pytest.raises(bop.BopError, match="title: got"):
        harmful_result.report(tmp_path / "report.html", title=title)
