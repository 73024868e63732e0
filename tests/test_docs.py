"""Documentation: its code runs, its links lead somewhere, every public name is in the reference."""

import doctest
import inspect
import re
from pathlib import Path

import pytest
from reference import public_methods, public_names, resolve

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = sorted(
    path
    for path in DOCS.rglob("*.md")
    if not {"_build", "gallery", "reference"} & set(path.relative_to(DOCS).parts)
)
TEXTS = {path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8") for path in PAGES}
FENCED = re.compile(r"^```python\n(.*?)^```$", re.S | re.M)
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.mark.parametrize("page", [name for name, text in TEXTS.items() if FENCED.search(text)])
def test_the_code_of_a_page_prints_what_it_shows(page, tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    if page == "mimic3.md":
        pytest.importorskip("duckdb")
        demo = request.getfixturevalue("shared") / "data" / "mimic3_demo"
        (tmp_path / "mimic-iii-clinical-database-demo-1.4").symlink_to(demo)
    needs = (("to_docx", "docx"), ("res.report(", "jinja2"), ("import dask.", "dask.dataframe"))
    for call, library in needs:
        if call in TEXTS[page]:
            pytest.importorskip(library)
    code = only_code(TEXTS[page])
    test = doctest.DocTestParser().get_doctest(code, {}, page, page, 0)
    assert len(test.examples) > 0
    said = []
    doctest.DocTestRunner(optionflags=OPTIONS).run(test, out=said.append)
    assert not said, "".join(said)


def only_code(text):
    """Return the Python blocks of a page, every line where it stood, all else blank."""
    lines, end = [], 0
    for block in FENCED.finditer(text):
        lines.append("\n" * text.count("\n", end, block.start(1)))
        lines.append(block.group(1))
        end = block.end(1)
    return "".join(lines)


@pytest.mark.parametrize("page", TEXTS)
def test_code_of_a_page_is_either_run_or_not_python(page):
    for block in FENCED.findall(TEXTS[page]):
        assert block.startswith(">>> "), block


@pytest.mark.parametrize("page", TEXTS)
def test_links_and_named_files_are_there(page):
    text, here = TEXTS[page], (DOCS / page).parent
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        in_gallery = re.search(r"gallery/(?:images/sphx_glr_)?(plot_\D+?)(?:_\d+.png)?$", target)
        if in_gallery:  # made while building
            assert (DOCS.parent / "examples" / f"{in_gallery[1]}.py").exists(), target
        elif "reference/" in target:  # likewise
            assert target.rpartition("/")[2] in listed_names(), target
        elif not target.startswith("http") and not target.endswith("gallery/index"):
            assert (here / target).exists(), target
    for name in re.findall(r"`((?:tests|benchmarks|docs|examples)/[\w/.]+)`", text):
        assert (DOCS.parent / name).exists(), name


def test_every_page_can_be_reached():
    named = {"index.md"}
    for page, text in TEXTS.items():
        for tree in re.findall(r"```\{toctree\}\n(.*?)```", text, re.S):
            for entry in tree.split():
                path = ((DOCS / page).parent / f"{entry}.md").resolve()
                if path.is_relative_to(DOCS):
                    named.add(path.relative_to(DOCS).as_posix())
    assert set(TEXTS) <= named


def listed_names():
    """Return the full names that docs/api.rst lists."""
    module, names, inside = "", [], False
    for line in (DOCS / "api.rst").read_text(encoding="utf-8").splitlines():
        if line.startswith(".. currentmodule:: "):
            module = line.split()[-1]
        inside = line.startswith(".. autosummary::") or (inside and not line[:1].strip())
        if inside and line.startswith("   ") and not line.strip().startswith(":"):
            names.append(f"{module}.{line.strip()}")
    return names


def test_the_reference_lists_every_public_name_once():
    names = listed_names()
    assert len(names) == len(set(names))
    assert set(public_names()) <= set(names)


@pytest.mark.parametrize("name", public_names())
def test_what_the_reference_lists_is_described(name):
    value = resolve(name)
    assert (value.__doc__ or "").strip()
    if inspect.isclass(value):
        for method in public_methods(value):
            assert inspect.getdoc(getattr(value, method)), f"{name}.{method}"


def test_the_reference_shows_inherited_methods():
    template = (DOCS / "_templates" / "autosummary" / "class.rst").read_text(encoding="utf-8")
    assert {":members:", ":inherited-members:"} <= set(template.split())
