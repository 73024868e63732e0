import inspect
import re

import numpy as np
import pandas as pd
import pytest

import bopstats as bop
from bopstats.datasets import load_nhanes
from bopstats.datasets.files import read_table
from bopstats.exceptions import DataError


@pytest.fixture(scope="module")
def nhanes():
    return load_nhanes()


def test_every_cell_is_that_of_the_source(nhanes, shared):
    pytest.importorskip("pyarrow", reason="the source is a Parquet file")
    source = pd.read_parquet(shared / "data" / "nhanes2017_complete.parquet")
    assert list(nhanes.columns) == list(source.columns)
    assert len(nhanes) == len(source) == 3924
    for name in source:
        if source[name].dtype.kind == "f":
            np.testing.assert_array_equal(nhanes[name].to_numpy(), source[name].to_numpy(), name)
        else:
            assert nhanes[name].tolist() == source[name].tolist(), name


def test_nothing_is_missing_and_people_are_distinct(nhanes):
    assert not nhanes.isna().any(axis=None)
    assert nhanes["seqn"].is_unique


def test_outcomes_are_what_the_docstring_says(nhanes):
    high = (nhanes["sbp"] >= 130) | (nhanes["dbp"] >= 80)
    assert (high == (nhanes["high_bp"] == 1)).all()
    diabetes = (nhanes["told_diabetes"] == 1) | (nhanes["hba1c"] >= 6.5)
    assert (diabetes == (nhanes["diabetes"] == 1)).all()


def test_ranges_are_what_the_docstring_says(nhanes):
    assert nhanes["age"].between(20, 80).all()
    assert nhanes["income_ratio"].between(0, 5).all()
    for flag in ("insured", "ever_smoker", "current_smoker"):
        assert set(nhanes[flag]) == {0, 1}
    assert nhanes["race_ethnicity"].nunique() == 6
    assert nhanes["education"].cat.ordered
    bmi = nhanes["weight_kg"] / (nhanes["height_cm"] / 100) ** 2
    np.testing.assert_allclose(nhanes["bmi"], bmi, atol=0.06)


def test_the_docstring_describes_every_column(nhanes):
    described = set(re.findall(r"``(\w+)``", inspect.getdoc(load_nhanes)))
    assert set(nhanes.columns) <= described
    assert "No survey weights" in inspect.getdoc(load_nhanes)


def test_the_caveat_on_survey_weights_reaches_the_summary(nhanes):
    text = bop.glm("high_bp ~ bmi | sex", nhanes).fit(cv=None).summary().as_text()
    assert "without survey weights" in " ".join(text.split())


def test_each_call_gives_a_frame_of_its_own(nhanes):
    changed = load_nhanes()
    changed["bmi"] = 0.0
    pd.testing.assert_frame_equal(load_nhanes(), nhanes)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.csv", None, "no file"),
        ("people.xlsx", b"x", r"got 'people.xlsx'; allowed: files in \.csv, \.csv\.gz, \.parquet"),
        ("broken.dta", b"not Stata", "cannot read 'broken.dta'"),
        ("broken.csv.gz", b"not gzip", "cannot read 'broken.csv.gz'"),
        ("broken.sas7bdat", b"not SAS", "cannot read 'broken.sas7bdat'"),
        ("broken.xpt", b"not SAS", "cannot read 'broken.xpt'"),
        ("empty.csv", b"", "cannot read 'empty.csv'"),
        ("torn.csv", b'a,b\n1,"2\n', "cannot read 'torn.csv'"),
    ],
)
def test_an_unreadable_file_is_named(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_table(tmp_path / name)


def test_a_broken_parquet_file_is_named(tmp_path):
    pytest.importorskip("pyarrow", reason="Parquet needs the extra 'parquet'")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(DataError, match=r"cannot read 'broken\.parquet'"):
        read_table(tmp_path / "broken.parquet")
