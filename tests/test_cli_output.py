"""Formats, masks, labels and completion of the command line."""

import json
import shutil
import subprocess
import sys
import zipfile
from io import BytesIO

import numpy as np
import pandas as pd
import pytest

import bopstats as bop
from bopstats import datasets
from bopstats.cli import main

FORMULA = "y ~ x | sex * race"
QUICK = ["--cv", "0.3"]


@pytest.fixture(scope="module")
def csv(tmp_path_factory):
    """Six groups, one of which is small."""
    rng = np.random.default_rng(3)
    n = 900
    race = np.where(np.arange(n) < 12, "rare", np.where(rng.random(n) < 0.5, "a", "b"))
    frame = pd.DataFrame(
        {"x": rng.normal(size=n), "sex": rng.choice(["f", "m"], n), "race": race, "w": 1.0}
    )
    frame["site"] = np.arange(n) % 30
    frame["y"] = (rng.random(n) < 1 / (1 + np.exp(-frame["x"]))).astype(int)
    path = tmp_path_factory.mktemp("data") / "people.csv"
    frame.to_csv(path, index=False)
    return str(path)


def run(*arguments):
    assert main([str(each) for each in arguments]) == 0


def result(csv, **options):
    return bop.glm(FORMULA, pd.read_csv(csv)).fit(cv=0.3, rng=0, **options)


@pytest.mark.parametrize("which", ["benefit", "groups", "models", "tests", "calibration", "flow"])
def test_a_table_is_that_of_the_library(csv, capsys, which):
    run("table", which, csv, FORMULA, *QUICK, "--suppress", "cms", "--alpha", "0.1")
    expected = result(csv).table(which, suppress="cms", alpha=0.1).as_text()
    assert capsys.readouterr().out.rstrip("\n") == expected.rstrip("\n")


@pytest.mark.parametrize("ending", ["txt", "md", "html", "tex", "csv", "json"])
def test_the_ending_is_the_format(csv, tmp_path, capsys, ending):
    path = tmp_path / f"out.{ending}"
    run("table", "benefit", csv, FORMULA, *QUICK, "-o", path)
    assert capsys.readouterr().out == ""
    table, text = result(csv).table("benefit"), path.read_text(encoding="utf-8")
    if ending == "json":
        record = json.loads(text)
        assert (record["schema"], record["version"]) == ("bopstats.table", 1)
        assert [row["group"] for row in record["figures"]] == list(table.to_frame()["group"])
        return
    writers = {"txt": "text", "md": "markdown", "html": "html", "tex": "latex", "csv": "csv"}
    written = getattr(table, f"as_{writers[ending]}")().strip()
    assert written in text
    assert text.startswith("<!DOCTYPE html>") == (ending == "html")


def test_word_files_are_written_twice_alike(csv, tmp_path):
    docx = pytest.importorskip("docx", reason="needs the extra 'word'")
    paths = [tmp_path / "a.docx", tmp_path / "b.docx"]
    for path in paths:
        run("fit", csv, FORMULA, *QUICK, "--out", path)
    first, second = (zipfile.ZipFile(BytesIO(path.read_bytes())) for path in paths)
    assert [first.read(n) for n in first.namelist()] == [second.read(n) for n in second.namelist()]
    assert docx.Document(str(paths[0])).tables


def small_numbers(value):
    """Yield every whole number from 1 to 10 in a record, with the key above it."""
    if isinstance(value, dict):
        for key, each in value.items():
            if isinstance(each, (dict, list)):
                yield from small_numbers(each)
            elif isinstance(each, (int, float)) and not isinstance(each, bool) and 0 < each < 11:
                yield key, each
    elif isinstance(value, list):
        for each in value:
            yield from small_numbers(each)


def test_json_is_masked_as_the_summary_is(csv, capsys):
    run("fit", csv, FORMULA, *QUICK, "--json", "--suppress", "cms", "--effect", "0.01")
    record = json.loads(capsys.readouterr().out)
    assert record["suppress"] == 11
    rows = [row for row in record["frame"] if row["cost"] == "brier"]
    rare = [row for row in rows if "rare" in row["group"]]
    assert len(rare) == 2
    for row in rare:
        assert row["masked"]
        assert row["status"] == "masked"
        hidden = ("n", "n_eff", "events", "n_changed", "bop", "std_err", "ci_low", "p_benefit")
        assert all(row[name] is None for name in hidden)
    # No shown groups leave the masked ones alone: the rest of the total is no small number.
    shown = [row["n"] for row in rows if row["group"] != "population" and row["n"] is not None]
    everyone = rows[-1]["n"]
    assert everyone is None or everyone - sum(shown) >= 11
    counts = {"n", "events", "left", "dropped", "missing", "n_changed", "n_eff"}
    assert not [pair for pair in small_numbers(record["frame"]) if pair[0] in counts]
    test = record["tests"]["brier"]
    assert test["error_lower"] == []
    assert test["reject_threshold"] is None
    json.dumps(record, allow_nan=False)


def test_json_without_masks_says_so(csv, capsys):
    run("fit", csv, FORMULA, *QUICK, "--json")
    record = json.loads(capsys.readouterr().out)
    assert record["suppress"] is None
    assert not any(row["masked"] for row in record["frame"])
    assert all(isinstance(row["n"], int) for row in record["frame"])


def test_labels_from_json_and_csv(csv, tmp_path, capsys):
    (tmp_path / "l.json").write_text('{"sex": "Sex", "sex=f": "Women, all"}', encoding="utf-8")
    (tmp_path / "l.csv").write_text('sex,Sex\n\nsex=f,"Women, all"\n', encoding="utf-8-sig")
    outputs = []
    for name in ("l.json", "l.csv"):
        run("table", "groups", csv, FORMULA, *QUICK, "--labels", tmp_path / name)
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]
    assert "Women, all" in outputs[0]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("l.json", "{", "is not JSON"),
        ("l.json", "[" * 100_000, "is not JSON"),
        ("l.json", '["sex"]', "no JSON object"),
        ("l.json", '{"sex": 5}', "has no text"),
        ("l.json", '{"sex": {"__class__": "x"}}', "has no text"),
        ("l.csv", "sex,Sex,more\n", "has 3 cells"),
        ("l.csv", "sex,\n", "has no text"),
    ],
)
def test_labels_that_are_none_are_refused_before_fitting(
    csv, tmp_path, capsys, name, text, message
):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert main(["fit", csv, FORMULA, "--labels", str(tmp_path / name)]) == 1
    assert message in capsys.readouterr().err


def test_labels_are_text_in_a_page(csv, tmp_path):
    (tmp_path / "l.json").write_text('{"sex": "<script>alert(1)</script>"}', encoding="utf-8")
    labels, page = tmp_path / "l.json", tmp_path / "page.html"
    run("table", "groups", csv, FORMULA, *QUICK, "--labels", labels, "-o", page)
    assert "<script>" not in page.read_text(encoding="utf-8")


def test_design_options_reach_the_analysis(csv, capsys):
    run(
        *("fit", csv, "y ~ x | sex", "--json", "--cv", "4", "--repeats", "3", "--folds", "hash"),
        *("--weights", "w", "--weight-type", "prob", "--cluster", "site", "--missing", "raise"),
        *("--subset", "x > 0 & race != 'rare'", "--ref", "sex=m", "--groups", "race,sex"),
        *("--costs", "zero_one,brier", "--threshold", "0.4", "--top", "1"),
        *("--attribution", "occlusion", "--alpha", "0.1"),
    )
    record = json.loads(capsys.readouterr().out)
    settings = record["settings"]
    assert (settings["folds"], settings["partitions"]) == (4, 3)
    assert (settings["fold_rule"], settings["threshold"]) == ("hash", 0.4)
    assert (settings["weight_type"], settings["clusters"]) == ("prob", 30)
    assert (settings["top"], settings["attribution"]) == (1, "occlusion")
    assert list(record["gamma"])[:2] == ["zero_one", "brier"]
    assert record["tests"]["brier"]["alpha"] == 0.1
    data = pd.read_csv(csv)
    kept = data[(data["x"] > 0) & (data["race"] != "rare")]
    assert record["rows"][-1]["left"] == len(kept)
    groups = [row["group"] for row in record["frame"] if row["cost"] == "brier"]
    assert groups[:-1] == ["a, m", "a, f", "b, m", "b, f"]


def test_reference_levels_may_be_numbers_in_the_data(tmp_path, capsys):
    people = datasets.load_nhanes().head(300)
    path = tmp_path / "people.csv"
    people.to_csv(path, index=False)
    run("table", "models", path, "high_bp ~ bmi | sex", "--cv", "none", "--ref", "sex=male")
    assert "reference" in capsys.readouterr().out


def test_firth_reaches_the_models(csv, capsys):
    pytest.importorskip("firthmodels", reason="needs the extra 'firth'")
    run("fit", csv, "y ~ x | sex", "--json", "--cv", "none", "--penalty", "firth")
    assert json.loads(capsys.readouterr().out)["settings"]["penalty"] == "firth"


def test_standard_input_is_read_as_csv(csv, capsys, monkeypatch):
    run("table", "benefit", csv, FORMULA, *QUICK)
    expected = capsys.readouterr().out
    with open(csv, encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        run("table", "benefit", "-", FORMULA, *QUICK)
    assert capsys.readouterr().out == expected


def test_a_formula_is_read_from_a_file(csv, tmp_path, capsys):
    (tmp_path / "f.txt").write_text("y ~ x\n  | sex *\n race\n", encoding="utf-8")
    run("table", "benefit", csv, f"@{tmp_path / 'f.txt'}", *QUICK)
    from_file = capsys.readouterr().out
    run("table", "benefit", csv, FORMULA, *QUICK)
    assert from_file == capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--out", "x.pdf"], ".docx"),
        (["--json", "--out", "x.md"], "--json"),
        (["--ref", "sex"], "COLUMN=LEVEL"),
        (["--groups", "a,,b"], "list of names"),
        (["--weight-type", "none"], "invalid choice"),
        (["--top", "many"], "a share"),
        (["--effect", "big"], "NUMBER"),
        (["--suppr", "5"], "unrecognized"),
    ],
)
def test_wrong_usage_is_exit_code_2(csv, capsys, options, message):
    with pytest.raises(SystemExit) as stop:
        main(["fit", csv, FORMULA, *options])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--out", "nowhere/x.md"], "no folder 'nowhere'"),
        (["--suppress", "2"], "suppress: got 2"),
        (["--suppress", "everything"], "'cms'"),
        (["--labels", "nowhere.json"], "cannot read 'nowhere.json'"),
        (["--weights", "w"], "weight_type"),
        (["--costs", "brier,os.system"], "costs: got 'os.system'"),
        (["--ref", "sex=x"], "allowed: one of 'f', 'm'"),
        (["--ref", "nothing=x"], "variables of the formula"),
        (["--groups", "__class__"], "is not in the data"),
        (["--cluster", "x.values"], "is not in the data"),
    ],
)
def test_bad_input_is_exit_code_1(csv, capsys, options, message):
    assert main(["fit", csv, FORMULA, *QUICK, *options]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err


def test_the_second_file_is_as_good_as_the_first(csv, tmp_path):
    texts = []
    for _ in range(2):
        run("fit", csv, FORMULA, *QUICK, "--suppress", "6", "-o", tmp_path / "s.html")
        texts.append((tmp_path / "s.html").read_bytes())
    assert texts[0] == texts[1]


@pytest.mark.parametrize("name", ["demo", "fit", "table", "report", "plan", "completion"])
def test_help_fits_a_terminal_and_shows_an_example(capsys, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as stop:
        main([name, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert f"bopstats {name} " in text.partition("example")[2]


def test_nothing_but_results_in_a_pipe(csv):
    call = [sys.executable, "-m", "bopstats", "table", "groups", csv, FORMULA, *QUICK]
    done = subprocess.run(call, capture_output=True, check=True)
    assert done.stderr == b""
    assert done.stdout


def complete(words):
    """Return what bash offers after some words, by the script itself."""
    script = subprocess.run(
        [sys.executable, "-m", "bopstats", "completion", "bash"], capture_output=True, check=True
    ).stdout.decode()
    line = " ".join(f"'{word}'" for word in words)
    script += (
        f'COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _bopstats; echo "${{COMPREPLY[@]}}"'
    )
    found = subprocess.run(
        [shutil.which("bash"), "-c", script], capture_output=True, check=True, text=True
    )
    assert found.stderr == ""
    return found.stdout.split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["bopstats", "ta"], ["table"]),
        (["bopstats", "table", "ca"], ["calibration"]),
        (["bopstats", "fit", "a.csv", "y ~ x | z", "--weight-t"], ["--weight-type"]),
        (["bopstats", "fit", "--weight-type", "p"], ["prob", "precision"]),
        (["bopstats", "fit", "peo"], []),
    ],
)
def test_the_completion_script_completes(words, offered):
    assert complete(words) == offered


@pytest.fixture(scope="module")
def saved(csv, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "result.json"
    run("fit", csv, FORMULA, *QUICK, "--effect", "0.01", "--save", path)
    return path


@pytest.mark.parametrize("which", ["benefit", "groups", "models", "tests", "calibration", "flow"])
def test_a_table_of_a_saved_result_is_that_of_the_data(csv, saved, capsys, which):
    options = ["--suppress", "cms", "--effect", "0.01"]
    run("table", which, saved, *options)
    from_file = capsys.readouterr().out
    run("table", which, csv, FORMULA, *QUICK, *options)
    assert from_file == capsys.readouterr().out


def test_what_was_fitted_is_not_fitted_again(saved, capsys):
    for options in (["y ~ x | sex"], ["--cv", "3"], ["--subset", "x > 0"], ["--ref", "sex=m"]):
        with pytest.raises(SystemExit) as stop:
            main(["table", "benefit", str(saved), *options])
        assert stop.value.code == 2
        assert "saved result" in capsys.readouterr().err


def test_data_need_a_formula(csv, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["table", "benefit", csv])
    assert stop.value.code == 2
    assert "FORMULA" in capsys.readouterr().err


def test_a_file_that_is_no_result_is_refused(tmp_path, capsys):
    path = tmp_path / "x.json"
    path.write_text("{\"formula\": \"__import__('os').system('true')\"}", encoding="utf-8")
    assert main(["table", "benefit", str(path)]) == 1
    assert capsys.readouterr().err.startswith("bopstats: error: ")


def test_the_report_is_that_of_the_library(csv, tmp_path, capsys):
    pytest.importorskip("jinja2", reason="needs the extra 'report'")
    page, expected = tmp_path / "report.html", tmp_path / "expected.html"
    options = ["--effect", "zero_one=0.01", "--suppress", "cms", "--title", "<Ours>"]
    run("report", csv, "y ~ x | sex", *QUICK, *options, "-o", page)
    assert capsys.readouterr().out == ""
    res = bop.glm("y ~ x | sex", pd.read_csv(csv)).fit(cv=0.3, rng=0)
    res.report(expected, effect={"zero_one": 0.01}, suppress="cms", title="<Ours>")
    assert page.read_bytes() == expected.read_bytes()
