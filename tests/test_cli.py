import gzip
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from bopstats import datasets
from bopstats.cli import main
from bopstats.cli.demo import DEMO_FORMULA
from bopstats.datasets.files import read_table
from bopstats.planning import attribute_menu
from bopstats.theory import Bounded

SMALL = "high_bp ~ bmi + hba1c | sex"


@pytest.fixture(scope="module")
def nhanes():
    return datasets.load_nhanes().head(600)


@pytest.fixture(scope="module")
def csv(nhanes, tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "people.csv"
    nhanes.to_csv(path, index=False)
    return path


def test_demo_is_the_readme_analysis(capsys):
    assert main(["demo"]) == 0
    output = capsys.readouterr().out
    assert " ".join(DEMO_FORMULA.split()) in " ".join(output.split())
    assert "population" in output


def test_the_same_call_prints_the_same_bytes(csv):
    call = [sys.executable, "-m", "bopstats", "fit", str(csv), SMALL, "--seed", "3"]
    first, second = (subprocess.run(call, capture_output=True, check=True) for _ in range(2))
    assert first.stdout == second.stdout
    assert first.stdout


def _write(frame, path):
    if path.name.endswith(".dta"):
        plain = frame[["high_bp", "bmi", "hba1c", "sex"]].astype({"high_bp": "int8"})
        plain.to_stata(path, write_index=False)
    elif path.name.endswith(".parquet"):
        pytest.importorskip("pyarrow", reason="Parquet needs the extra 'parquet'")
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet", ".dta"])
def test_every_format_gives_the_same_frame(nhanes, csv, tmp_path, capsys, ending):
    path = tmp_path / f"people{ending}"
    _write(nhanes, path)
    assert main(["fit", str(path), SMALL, "--json"]) == 0
    other = json.loads(capsys.readouterr().out)
    assert main(["fit", str(csv), SMALL, "--json"]) == 0
    assert other["frame"] == json.loads(capsys.readouterr().out)["frame"]


def test_json_holds_the_frame_and_its_schema(csv, capsys):
    assert main(["fit", str(csv), SMALL, "--json", "--effect", "0.01"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["schema"], record["version"]) == ("bopstats.result", 1)
    groups = [row["group"] for row in record["frame"] if row["cost"] == "brier"]
    assert groups == ["female", "male", "population"]
    assert record["tests"]["brier"]["effect"] == 0.01
    assert record["tests"]["zero_one"]["effect"] is None


def test_options_reach_the_analysis(csv, capsys):
    call = ["fit", str(csv), "sbp ~ bmi | sex", "--family", "gaussian", "--cv", "0.3", "--json"]
    assert main(call) == 0
    settings = json.loads(capsys.readouterr().out)["settings"]
    assert settings["evaluation"] == "hold-out"
    assert settings["test_share"] == 0.3
    assert settings["family"] == "gaussian"


def test_event_names_a_level_of_text_or_number(nhanes, tmp_path, capsys):
    path = tmp_path / "text.csv"
    texts = nhanes["high_bp"].map({0: "no", 1: "yes"})
    nhanes.assign(high_bp=texts).to_csv(path, index=False)
    assert main(["fit", str(path), SMALL, "--event", "yes", "--cv", "none", "--json"]) == 0
    events = json.loads(capsys.readouterr().out)["frame"][2]["events"]
    assert events == (texts == "yes").sum()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.csv", SMALL], "no file"),
        (["people.xlsx", SMALL], "allowed: files in"),
        (["{csv}", "high_bp ~ bmi"], "no bar"),
        (["{csv}", "high_bp ~ bmii | sex"], "did you mean 'bmi'"),
        (["{csv}", "high_bp ~ __import__('os').system('true') | sex"], "not allowed"),
        (["{csv}", SMALL, "--event", "2"], "event"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_1(csv, capsys, arguments, message):
    assert main(["fit", *(a.format(csv=csv) for a in arguments)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("bopstats: error: ")
    assert message in captured.err


def test_an_unreadable_file_is_named(tmp_path, capsys):
    path = tmp_path / "broken.dta"
    path.write_bytes(b"not Stata at all")
    assert main(["fit", str(path), SMALL]) == 1
    assert "cannot read 'broken.dta'" in capsys.readouterr().err


def test_wrong_usage_is_exit_code_2(csv):
    with pytest.raises(SystemExit) as stop:
        main(["fit", str(csv), SMALL, "--cv", "many"])
    assert stop.value.code == 2


def test_sas_transport_files_are_read(tmp_path):
    pyreadstat = pytest.importorskip("pyreadstat", reason="writes SAS files for this test only")
    path = tmp_path / "people.xpt"
    frame = pd.DataFrame({"y": [0.0, 1.0], "sex": ["féminin", "m"]})
    pyreadstat.write_xport(frame, str(path), file_format_version=5)
    read = read_table(path)
    assert list(read["sex"]) == ["féminin", "m"]
    assert list(read["y"]) == [0.0, 1.0]


def test_none_is_a_level_and_na_is_missing(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("insurance,age\nNone,60\npublic,NA\nNA,61\n,62\n")
    table = read_table(path)
    assert table["insurance"].fillna("?").tolist() == ["None", "public", "?", "?"]
    assert table["age"].isna().tolist() == [False, True, False, False]


@pytest.fixture
def iris(tmp_path):
    """A file that SAS itself wrote (texts of six letters), and the same flowers as R reads it."""
    oracles = Path(__file__).parent / "oracles"
    path = tmp_path / "iris.sas7bdat"
    path.write_bytes(gzip.decompress((oracles / "iris.sas7bdat.gz").read_bytes()))
    expected = tmp_path / "iris.csv"
    expected.write_text((oracles / "iris.csv").read_text().partition("\n")[2])
    return path, expected


def test_sas_data_files_are_read(iris):
    pd.testing.assert_frame_equal(read_table(iris[0]), read_table(iris[1]))


def test_a_sas_data_file_gives_the_same_frame(iris, capsys):
    frames = []
    for path in iris:
        assert main(["fit", str(path), "Sepal_Length ~ Petal_Length | Species", "--json"]) == 0
        frames.append(json.loads(capsys.readouterr().out)["frame"])
    assert frames[0] == frames[1]
    assert [row["group"] for row in frames[0][:3]] == ["setosa", "versic", "virgin"]


def test_plan_prints_the_menu_and_the_budget(capsys):
    call = ["plan", "--n", "5000", "--effect", "0.02", "--attributes", "sex=2,race=5,age=4"]
    assert main(call) == 0
    output = capsys.readouterr().out
    menu = attribute_menu({"sex": 2, "race": 5, "age": 4}, 5000, 0.02, Bounded(-1, 1))
    assert output.startswith(str(menu))
    assert "lambert_w" in output


def test_plan_takes_joint_shares_from_a_pilot(csv, nhanes, capsys):
    call = ["plan", "--data", str(csv), "--effect", "0.02", "--loss", "brier", "--sigma", "0.05"]
    assert main([*call, "--attributes", "sex,insured", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["schema"], record["n_total"]) == ("bopstats.plan", 600)
    both = next(row for row in record["menu"] if row["n_attributes"] == 2)
    smallest = nhanes.groupby(["sex", "insured"], observed=True).size().min()
    assert both["smallest_group"] == pytest.approx(smallest)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--n", "500", "--effect", "0.02", "--attributes", "sex"], "name=levels"),
        (["--effect", "0.02", "--attributes", "sex=2"], "--n: needed"),
        (["--n", "500", "--effect", "2", "--attributes", "sex=2"], "effect: got 2"),
        (["--n", "9", "--effect", "0.1", "--attributes", "a=1"], "got 1"),
        (
            ["--n", "9", "--effect", "1", "--loss", "squared-error", "--attributes", "a=2"],
            "--sigma: needed",
        ),
        (["--n", "9", "--effect", "0.1", "--sigma", "1", "--attributes", "a=2"], "--sigma: got"),
    ],
)
def test_plan_names_what_is_wrong(capsys, arguments, message):
    assert main(["plan", *arguments]) == 1
    assert message in capsys.readouterr().err
