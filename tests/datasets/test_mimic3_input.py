"""The MIMIC-III reader on invented folders: figures told by eye, kinds of files, bad input."""

import gzip
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from invented_mimic import as_csv, tables, write

from bopstats.datasets import mimic3
from bopstats.datasets.mimic3 import csvfiles, events
from bopstats.datasets.mimic3.coding import CHAPTERS
from bopstats.datasets.mimic3.csvfiles import find_files
from bopstats.datasets.mimic3.engine import connected
from bopstats.datasets.mimic3.items import LABS, VITAL_SIGNS, variables
from bopstats.exceptions import ArgumentError, DataError

pytest.importorskip("duckdb", reason="MIMIC-III needs the extra 'mimic'")
pytest.importorskip("pyarrow", reason="MIMIC-III needs the extra 'mimic'")


def test_figures_are_those_told_by_eye(tmp_path):
    frame = mimic3.build(write(tmp_path)).set_index("hadm_id")
    assert list(frame.index) == [11, 12, 21]
    assert frame["sex"].tolist() == ["female", "female", "male"]
    np.testing.assert_allclose(frame["age"], [50.0, 50.41, 91.4], atol=0.01)
    assert frame["los_days"].tolist() == [1.25, 2.5, 4.0]
    assert frame["died"].tolist() == [0, 0, 1]
    assert frame["ethnicity"].tolist() == ["White", "White", "Asian"]
    assert list(frame["ethnicity"].cat.categories) == ["White", "Asian"]
    one = frame.loc[11]
    assert one[["heart_rate_mean", "heart_rate_min", "heart_rate_max"]].tolist() == [85, 80, 90]
    assert one[["temperature_mean", "temperature_min", "temperature_max"]].tolist() == [38, 37, 39]
    assert one[["creatinine_mean", "creatinine_min", "creatinine_max"]].tolist() == [2, 1.5, 2.5]
    assert one["bands_mean"] == 0
    assert frame.loc[21, "spo2_max"] == 97
    assert frame.loc[12].filter(like="_mean").isna().all()
    counted = pd.DataFrame(frame.attrs["measurements"]).set_index("variable")
    assert counted.loc["heart_rate"].tolist() == [2, 1, 1, 1]
    assert frame["primary_chapter"].tolist()[::2] == ["supplementary", "infectious"]
    assert frame.loc[11, ["icd9_external", "icd9_supplementary"]].tolist() == [1, 1]
    assert frame.loc[12].filter(like="icd9_").isna().all()


def test_an_icu_stay_counts_from_its_own_begin(tmp_path):
    frame = mimic3.build(write(tmp_path), unit="icustay", hours=1.5)
    assert frame["icustay_id"].tolist() == [111, 112, 211]
    assert frame["los_days"].tolist() == [1.0, 2.0, 3.0]
    assert frame.loc[0, "heart_rate_mean"] == 80  # the one at 3:00 is two hours after 1:00
    assert frame.loc[0, "creatinine_mean"] == 1.5  # 19:00 is six hours before 1:00


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("zipped", [False, True])
def test_names_in_either_case_and_gzip_give_the_same(tmp_path, lower, zipped):
    expected = mimic3.build(write(tmp_path / "plain"))
    got = mimic3.build(write(tmp_path / "other", lower=lower, zipped=zipped))
    pd.testing.assert_frame_equal(got, expected)
    assert got.attrs == expected.attrs


def test_blocks_threads_and_memory_change_nothing(tmp_path, monkeypatch):
    folder = write(tmp_path)
    expected = mimic3.build(folder)
    monkeypatch.setattr(csvfiles, "BLOCK", 150)
    monkeypatch.setattr(events, "_COMPACT", 2)
    for options in ({}, {"threads": 1}, {"memory": "1.5 gib", "threads": 2}):
        pd.testing.assert_frame_equal(mimic3.build(folder, **options), expected)


def test_a_plain_file_is_taken_before_its_gzip_copy(tmp_path):
    folder = write(tmp_path)
    (folder / "PATIENTS.csv.gz").write_bytes(b"never read")
    assert len(mimic3.build(folder)) == 3


def test_no_file_is_written_without_a_cache(tmp_path, monkeypatch):
    folder = write(tmp_path / "in")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    before = sorted(tmp_path.rglob("*"))
    mimic3.build(folder)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path):
    made = tables()
    made["PATIENTS"] = b"\xef\xbb\xbf" + as_csv(made["PATIENTS"]).replace(b"\n", b"\r\n")
    assert mimic3.build(write(tmp_path, made))["sex"].tolist() == ["female", "female", "male"]


def test_what_is_left_out_is_counted_once(tmp_path):
    made = tables()
    more = pd.concat([made["ADMISSIONS"]] + [made["ADMISSIONS"].iloc[[0]]] * 4, ignore_index=True)
    more.loc[3:, "HADM_ID"] = [31, 32, 33, 34]
    more.loc[3, "SUBJECT_ID"] = 99
    more.loc[4, "DISCHTIME"] = None
    more.loc[5, ["ADMITTIME", "DISCHTIME"]] = ["2115-06-01 00:00:00", "2115-05-01 00:00:00"]
    more.loc[6, "DISCHTIME"] = more.loc[6, "ADMITTIME"]
    frame = mimic3.build(write(tmp_path, made | {"ADMISSIONS": more}))
    flow = pd.DataFrame(frame.attrs["flow"])
    assert flow["step"].tolist() == [
        "admission rows read",
        "not in ADMISSIONS",
        "not in PATIENTS",
        "a time is missing",
        "younger than 16 years",
        "end not after start",
    ]
    assert flow["dropped"].tolist() == [0, 0, 1, 1, 1, 1]
    assert flow["left"].tolist() == [7, 7, 6, 5, 4, 3]
    assert len(frame) == 3
    assert "not in PATIENTS 1" in frame.attrs["note"]


def cut_gzip(data):
    return gzip.compress(data, mtime=0)[:-10]


def changed(name, **columns):
    made = tables()
    return {name: made[name].assign(**columns)}


BAD = {
    "repeated admission": (
        changed("ADMISSIONS", HADM_ID=[11, 11, 21]),
        r"ADMISSIONS\.csv: 1 of 3 rows repeat a HADM_ID",
    ),
    "repeated patient": (
        changed("PATIENTS", SUBJECT_ID=[1, 1]),
        r"PATIENTS\.csv: 1 of 2 rows repeat a SUBJECT_ID",
    ),
    "repeated stay": (
        changed("ICUSTAYS", ICUSTAY_ID=[1, 1, 1]),
        r"ICUSTAYS\.csv: 2 of 3 rows repeat a ICUSTAY_ID",
    ),
    "no id": (
        changed("ADMISSIONS", HADM_ID=["11", None, "21"]),
        r"ADMISSIONS\.csv: 1 of 3 rows have no HADM_ID",
    ),
    "no column": (
        {"LABEVENTS": tables()["LABEVENTS"].rename(columns={"VALUENUM": "VALUE_NUM"})},
        r"LABEVENTS\.csv: no column VALUENUM \(did you mean 'VALUE_NUM'\?\); it has HADM_ID",
    ),
    "other columns": (
        {"PATIENTS": b"a,b\n1,2\n"},
        r"PATIENTS\.csv: no column SUBJECT_ID; it has A, B",
    ),
    "column twice": (
        {"LABEVENTS": as_csv(tables()["LABEVENTS"]).replace(b"ITEMID", b"HADM_ID,ITEMID", 1)},
        r"LABEVENTS\.csv: column HADM_ID stands there twice",
    ),
    "text for a number": (
        changed("LABEVENTS", VALUENUM=["1", "much", "2", "3"]),
        r"LABEVENTS\.csv: .*column VALUENUM.*'much'",
    ),
    "text for a time": (
        changed("ADMISSIONS", ADMITTIME=["yesterday"] * 3),
        r"ADMISSIONS\.csv: .*column ADMITTIME.*'yesterday'",
    ),
    "sex": (
        changed("PATIENTS", GENDER=["F", "X"]),
        r"PATIENTS\.csv: GENDER: got 'X'; allowed: 'F', 'M'",
    ),
    "row cut short": (
        {"LABEVENTS": as_csv(tables()["LABEVENTS"])[:-25]},
        r"LABEVENTS\.csv: .*Expected 4 columns, got 2$",
    ),
    "Latin-1": (
        {
            "ADMISSIONS": as_csv(tables()["ADMISSIONS"].assign(LANGUAGE="É"))
            .decode()
            .encode("cp1252")
        },
        r"ADMISSIONS\.csv: .*column LANGUAGE.*not UTF-8",
    ),
    "UTF-16": (
        {"PATIENTS": as_csv(tables()["PATIENTS"]).decode().encode("utf-16")},
        r"PATIENTS\.csv: not UTF-8 text",
    ),
    "UTF-16 without its mark": (
        {"PATIENTS": as_csv(tables()["PATIENTS"]).decode().encode("utf-16-le")},
        r"PATIENTS\.csv: not UTF-8 text",
    ),
    "open quote": (
        {"DIAGNOSES_ICD": as_csv(tables()["DIAGNOSES_ICD"]).replace(b"V3000", b'"V3000')},
        r"DIAGNOSES_ICD\.csv: a quote is opened and never closed",
    ),
    "empty": ({"PATIENTS": b""}, r"PATIENTS\.csv: the file is empty"),
    "header only": (
        {"PATIENTS": tables()["PATIENTS"].iloc[:0]},
        r"PATIENTS\.csv: no rows below the header",
    ),
    "header only, large file": (
        {"CHARTEVENTS": tables()["CHARTEVENTS"].iloc[:0]},
        r"CHARTEVENTS\.csv: no rows below the header",
    ),
    "nobody left": (
        changed("PATIENTS", DOB=["2149-12-01 00:00:00"] * 2),
        r"path: none of 3 admission rows is left \(.*younger than 16 years 3",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_told_in_one_sentence(tmp_path, case):
    tables_changed, message = BAD[case]
    folder = write(tmp_path, tables() | tables_changed)
    with pytest.raises(DataError, match=message) as caught:
        mimic3.build(folder)
    assert "OUCH" not in str(caught.value)
    assert "quoted" not in str(caught.value)


def test_an_open_quote_does_not_gather_the_file_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(csvfiles, "BLOCK", 200)
    row = b"11,50912,2150-01-01 12:00:00,1\n"
    text = as_csv(tables()["LABEVENTS"]) + row * 9 + b'11,"50912,2150-01-01 12:00:00,1\n' + row * 99
    file = find_files(write(tmp_path, tables() | {"LABEVENTS": text}))["LABEVENTS"]
    passed = []
    with pytest.raises(DataError, match=r"LABEVENTS\.csv: a quote is opened and never closed"):
        list(file.blocks(passed.append))
    assert sum(passed) < len(text) / 2


@pytest.mark.parametrize("name", ["PATIENTS", "CHARTEVENTS"])
@pytest.mark.parametrize("damage", [cut_gzip, lambda data: data, lambda data: data[:30]])
def test_a_damaged_gzip_file_is_named(tmp_path, name, damage):
    folder = write(tmp_path, zipped=True)
    (folder / f"{name}.csv.gz").write_bytes(damage(as_csv(tables()[name])))
    with pytest.raises(
        DataError, match=rf"^{name}\.csv\.gz: the gzip data are cut short or damaged"
    ):
        mimic3.build(folder)


def test_every_missing_file_is_named(tmp_path):
    folder = write(tmp_path)
    (folder / "PATIENTS.csv").unlink()
    (folder / "LABEVENTS.csv").unlink()
    with pytest.raises(DataError, match=r"path: no PATIENTS\.csv, LABEVENTS\.csv \(or \.csv\.gz"):
        mimic3.build(folder)
    with pytest.raises(DataError, match=r"path: no folder '.*absent'"):
        mimic3.build(tmp_path / "absent")


def test_two_files_of_one_name_are_an_error(tmp_path):
    folder = write(tmp_path)
    (folder / "patients.csv").write_bytes(as_csv(tables()["PATIENTS"]))
    if len(list(folder.iterdir())) == 6:
        pytest.skip("this file system has one case only")
    with pytest.raises(DataError, match=r"PATIENTS\.csv and patients\.csv: which one"):
        mimic3.build(folder)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "patient"}, "unit: got 'patient'; allowed: 'admission', 'icustay'"),
        ({"hours": 0}, "hours: got 0; allowed: a number in (0, 8784)"),
        ({"hours": "24"}, "hours: got '24'"),
        ({"memory": "a lot"}, "memory: got 'a lot'; allowed: a size of at least 1.5 GB"),
        ({"memory": "1499MB"}, "memory: got '1499MB'"),
        ({"memory": 2}, "memory: got 2"),
        ({"threads": 0}, "threads: got 0"),
        ({"path": 7}, "path: got 7"),
        ({"cache": 7}, "cache: got 7"),
    ],
)
def test_bad_arguments_are_told(tmp_path, options, message):
    with pytest.raises(ArgumentError, match=re.escape(message)):
        mimic3.build(**{"path": write(tmp_path)} | options)


def test_the_document_has_every_measure_and_column(tmp_path):
    text = (Path(__file__).parents[2] / "docs" / "mimic3.md").read_text(encoding="utf-8")
    for measure in VITAL_SIGNS + LABS:
        items = ", ".join(map(str, measure.items))
        row = f"| `{measure.variable}` | {measure.unit} | {items} | {measure.low:g} |"
        assert f"{row} {measure.high:g} |" in text
    measured = tuple(f"{name}_" for name in variables(VITAL_SIGNS + LABS))
    for name in mimic3.build(write(tmp_path), unit="icustay"):
        if not name.startswith((*measured, "icd9_")):
            assert f"`{name}`" in text
    for chapter in CHAPTERS:
        assert chapter in text


def test_too_little_memory_is_told():
    message = r"memory: DuckDB needs more than 0\.02 GB"
    with pytest.raises(ArgumentError, match=message), connected(20 * 10**6, 1) as connection:
        connection.execute("CREATE TABLE big AS SELECT hash(range) AS a FROM range(9000000)")
