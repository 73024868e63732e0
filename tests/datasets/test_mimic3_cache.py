"""The cache of the MIMIC-III reader: whole files only, resumed work, the same bytes."""

import gzip
import os

import pandas as pd
import pytest
from invented_mimic import as_csv, tables, write

from bopstats.datasets import mimic3
from bopstats.datasets.mimic3 import csvfiles
from bopstats.datasets.mimic3.csvfiles import CsvFile
from bopstats.exceptions import ArgumentError, DataError

pytest.importorskip("duckdb", reason="MIMIC-III needs the extra 'mimic'")
pytest.importorskip("pyarrow", reason="MIMIC-III needs the extra 'mimic'")


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(csvfiles, "BLOCK", 150)


@pytest.fixture
def parsed(monkeypatch):
    """Names of the large files, once for each block that is parsed."""
    names, parse = [], CsvFile.parse

    def noted(self, *args):
        names.append(self.name)
        return parse(self, *args)

    monkeypatch.setattr(CsvFile, "parse", noted)
    return names


def large(parsed):
    return [name for name in parsed if name.endswith("EVENTS")]


def kept(cache):
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def test_the_second_call_reads_the_finished_frame(tmp_path, parsed):
    folder, cache = write(tmp_path / "in"), tmp_path / "deep" / "cache"
    first = mimic3.build(folder, cache=cache)
    parsed.clear()
    second = mimic3.build(folder, cache=cache)
    assert parsed == []
    pd.testing.assert_frame_equal(first, second)
    assert first.attrs == second.attrs
    assert [step["left"] for step in second.attrs["flow"]] == [3] * 6
    pd.testing.assert_frame_equal(first, mimic3.build(folder))
    assert kept(cache) == ["chartevents.parquet", "frame.parquet", "labevents.parquet"]


def test_without_the_frame_the_parts_are_enough(tmp_path, parsed):
    folder, cache = write(tmp_path / "in"), tmp_path / "cache"
    first = mimic3.build(folder, cache=cache)
    (written,) = cache.rglob("frame.parquet")
    bytes_first = written.read_bytes()
    written.unlink()
    parsed.clear()
    pd.testing.assert_frame_equal(mimic3.build(folder, cache=cache), first)
    assert large(parsed) == []
    assert written.read_bytes() == bytes_first


@pytest.mark.parametrize("zipped", [False, True])
def test_a_stopped_run_goes_on_where_it_was(tmp_path, monkeypatch, parsed, small_blocks, zipped):
    folder, cache = write(tmp_path / "in", zipped=zipped), tmp_path / "cache"
    expected = mimic3.build(folder)
    blocks = large(parsed).count("CHARTEVENTS")
    assert blocks >= 4
    replace, done = os.replace, []

    def stops(source, target):
        done.append(target)
        if len(done) == 4:  # one trial of the folder, two parts, then in the middle of a third
            raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", stops)
        with pytest.raises(KeyboardInterrupt):
            mimic3.build(folder, cache=cache)
    assert kept(cache) == ["chartevents-00000.parquet", "chartevents-00001.parquet"]
    parsed.clear()
    got = mimic3.build(folder, cache=cache)
    assert large(parsed).count("CHARTEVENTS") == blocks - 2
    pd.testing.assert_frame_equal(got, expected)
    assert got.attrs == expected.attrs
    assert kept(cache) == ["chartevents.parquet", "frame.parquet", "labevents.parquet"]


def test_a_damaged_input_leaves_the_finished_parts(tmp_path, small_blocks):
    made = tables()
    whole = write(tmp_path / "in", made | {"LABEVENTS": b"HADM_ID\n1\n"})
    cache = tmp_path / "cache"
    with pytest.raises(DataError, match=r"LABEVENTS\.csv: no column"):
        mimic3.build(whole, cache=cache)
    assert kept(tmp_path) == sorted(path.name for path in whole.iterdir())
    (whole / "LABEVENTS.csv").write_bytes(as_csv(made["LABEVENTS"]) + b"11,x\n")
    with pytest.raises(DataError, match=r"LABEVENTS\.csv"):
        mimic3.build(whole, cache=cache)
    assert "chartevents.parquet" in kept(cache)
    assert all(name.endswith(".parquet") for name in kept(cache))


def test_a_damaged_cache_file_is_made_again(tmp_path):
    folder, cache = write(tmp_path / "in"), tmp_path / "cache"
    expected = mimic3.build(folder, cache=cache)
    for path in cache.rglob("*.parquet"):
        path.write_bytes(path.read_bytes()[:-20])
    pd.testing.assert_frame_equal(mimic3.build(folder, cache=cache), expected)


def test_other_inputs_have_other_caches(tmp_path):
    folder, cache = write(tmp_path / "in"), tmp_path / "cache"
    mimic3.build(folder, cache=cache)
    mimic3.build(folder, cache=cache, hours=48)
    mimic3.build(folder, cache=cache, unit="icustay")
    made = tables()
    made["LABEVENTS"].loc[0, "VALUENUM"] = 1.6
    changed = mimic3.build(write(folder, made), cache=cache)
    assert changed["creatinine_max"].max() == 2.5
    assert changed["creatinine_min"].min() == 1.6
    assert len(list(cache.iterdir())) == 4


def test_moved_and_untouched_files_share_a_cache(tmp_path, parsed):
    cache = tmp_path / "cache"
    mimic3.build(write(tmp_path / "in"), cache=cache)
    parsed.clear()
    mimic3.build(write(tmp_path / "elsewhere", lower=False), cache=cache)
    assert parsed == []


def test_large_files_are_known_by_size_time_and_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(mimic3.cache, "_SMALL", 10)
    monkeypatch.setattr(mimic3.cache, "_END", 5)
    folder, cache = write(tmp_path / "in"), tmp_path / "cache"
    mimic3.build(folder, cache=cache)
    mimic3.build(folder, cache=cache)
    assert len(list(cache.iterdir())) == 1
    os.utime(folder / "CHARTEVENTS.csv", ns=(1, 1))
    mimic3.build(folder, cache=cache)
    assert len(list(cache.iterdir())) == 2


def test_the_same_inputs_give_the_same_bytes(tmp_path, monkeypatch):
    folder = write(tmp_path / "in")
    written = []
    for number, options in enumerate([{}, {"threads": 1}]):
        mimic3.build(folder, cache=tmp_path / str(number), **options)
        files = sorted((tmp_path / str(number)).rglob("*.parquet"))
        written.append([(path.name, path.read_bytes()) for path in files])
    assert written[0] == written[1]


def test_a_cache_that_cannot_be_written_is_an_error(tmp_path):
    folder = write(tmp_path / "in")
    (tmp_path / "file").write_text("in the way")
    for cache in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ArgumentError, match=r"cache: got '.*'; allowed: a folder that can be"):
            mimic3.build(folder, cache=cache)
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_full_disk_is_an_error_and_leaves_no_torn_file(tmp_path, monkeypatch):
    folder, cache = write(tmp_path / "in"), tmp_path / "cache"
    replace = os.replace

    def full(source, target):
        if "events" in str(target):
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(DataError, match=r"cache: cannot write '.*': .*No space left on device"):
        mimic3.build(folder, cache=cache)
    assert kept(cache) == []


def test_the_progress_bar_reaches_its_end(tmp_path, capsys, monkeypatch, small_blocks):
    pytest.importorskip("tqdm", reason="a bar needs the extra 'progress'")
    folder = write(tmp_path / "in")
    mimic3.build(folder, progress=False)
    assert capsys.readouterr().err == ""
    seen, blocks = [], CsvFile.blocks

    def noted(self, advance):
        return blocks(self, lambda done: (seen.append((self.name, done)), advance(done)))

    monkeypatch.setattr(CsvFile, "blocks", noted)
    mimic3.build(folder, progress=True)
    assert "MIMIC-III" in capsys.readouterr().err
    for name in ("CHARTEVENTS", "LABEVENTS"):
        size = (folder / f"{name}.csv").stat().st_size
        assert sum(done for file, done in seen if file == name) == size


def test_gzip_members_one_after_the_other_are_one_file(tmp_path):
    folder = write(tmp_path / "in")
    expected = mimic3.build(folder)
    text = (folder / "CHARTEVENTS.csv").read_bytes()
    (folder / "CHARTEVENTS.csv").unlink()
    parts = gzip.compress(text[:200], mtime=0) + gzip.compress(text[200:], mtime=0)
    (folder / "CHARTEVENTS.csv.gz").write_bytes(parts)
    pd.testing.assert_frame_equal(mimic3.build(folder), expected)
