"""The page in a browser: nothing is refused or asked for, and tables sort and copy."""

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

from bopstats.reporting import page

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

SELF_TEST = Path(__file__).with_name("self_test.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def found(harmful_result, tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    own = page._resource
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            page, "_resource", lambda name: own(name) + (SELF_TEST if name == "page.js" else "")
        )
        harmful_result.report(folder / "report.html")
    done = subprocess.run(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
            *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
            *("--disable-sync", f"--user-data-dir={folder / 'profile'}"),
            *("--enable-logging=stderr", "--virtual-time-budget=5000", "--dump-dom"),
            (folder / "report.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "CONSOLE" not in done.stderr
    text = re.search(r'data-found="([^"]*)"', done.stdout).group(1)
    return json.loads(unescape(text))


def test_nothing_is_refused_and_nothing_is_fetched(found):
    assert found["errors"] == []
    assert found["fetched"] == []


def test_a_column_sorts_all_groups_and_comes_back(found):
    before, up, down = found["before"], found["up"], found["down"]
    assert before[2] is None
    assert found["back"] == before
    sizes = [int(text) for text in up[0][:-1]]
    assert len(sizes) == 8
    assert sizes == sorted(sizes)
    assert up[2] == "ascending"
    assert [int(text) for text in down[0][:-1]] == sizes[::-1]
    assert down[2] == "descending"
    for order in (before, up, down):
        assert order[1][-1] == "Population"
    assert any("<script>alert(1)</script>, " in label for label in up[1])


def test_a_table_is_copied_as_csv(found, harmful_result):
    assert found["copied"] == harmful_result.table("benefit").as_csv()
    assert found["status"] == "Copied."


def test_the_button_turns_page_and_figures_dark(found):
    assert found["paper"] == ["rgb(255, 255, 255)", "rgb(21, 25, 30)"]
    assert found["line"] == "rgb(230, 233, 236)"
