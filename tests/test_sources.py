"""Sources of rows: Parquet, datasets and DataFrames, against what pandas reads in one go."""

import datetime
import decimal
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bopstats.exceptions import ArgumentError, DataError
from bopstats.sources import batches, frames, kinds, parquet
from bopstats.sources.kinds import as_source
from bopstats.sources.paths import natural

pa = pytest.importorskip("pyarrow")
ds = pytest.importorskip("pyarrow.dataset")
pq = pytest.importorskip("pyarrow.parquet")

COLUMNS = {
    "whole": pa.int64(),
    "small": pa.int8(),
    "big": pa.uint64(),
    "gaps": pa.int32(),
    "real": pa.float64(),
    "single": pa.float32(),
    "price": pa.decimal128(10, 2),
    "flag": pa.bool_(),
    "maybe": pa.bool_(),
    "text": pa.string(),
    "long": pa.large_string(),
    "level": pa.dictionary(pa.int8(), pa.string()),
    "day": pa.date32(),
    "moment": pa.timestamp("us"),
    "nothing": pa.null(),
}
COMPLETE = ("whole", "small", "big", "flag")


def table(n, seed=0):
    """Columns of all kinds; in those that are not complete, every fifth value or so is missing."""
    rng = np.random.default_rng(seed)
    numbers = rng.integers(0, 100, n)
    makers = {
        "price": lambda k: decimal.Decimal(int(k)) / 4,
        "flag": lambda k: bool(k % 2),
        "maybe": lambda k: bool(k % 3),
        "day": lambda k: datetime.date(2020, 1, 1) + datetime.timedelta(int(k)),
        "moment": lambda k: datetime.datetime(2020, 1, 1) + datetime.timedelta(minutes=int(k)),
        **dict.fromkeys(("text", "long", "level"), lambda k: f"é{k % 7}"),
        "nothing": lambda _k: None,
    }
    columns = {}
    for name, kind in COLUMNS.items():
        make = makers.get(name, int if pa.types.is_integer(kind) else float)
        absent = np.zeros(n, bool) if name in COMPLETE else rng.random(n) < 0.2
        columns[name] = pa.array(
            [None if a else make(k) for a, k in zip(absent, numbers, strict=True)],
            kind.value_type if name == "level" else kind,
        )
    columns["level"] = columns["level"].dictionary_encode().cast(COLUMNS["level"])
    return pa.table(columns)


def whole(source, columns=None):
    """Put the pieces together; positions have to fit."""
    columns = list(source.columns if columns is None else columns)
    found, position = [], 0
    for piece in source.pieces(columns):
        assert piece.position == position
        assert list(piece.frame.columns) == columns
        assert piece.frame.index.equals(pd.RangeIndex(len(piece.frame)))
        position += len(piece.frame)
        found.append(piece.frame)
    assert source.n_rows == position
    dtypes = {str(frame.dtypes.astype(str).to_dict()) for frame in found}
    assert len(dtypes) == 1
    return pd.concat([plain(frame) for frame in found], ignore_index=True)


def plain(frame):
    """Make text of categoricals, whose levels may differ between pieces."""
    texts = frame.select_dtypes("category").columns
    return frame.astype(dict.fromkeys(texts, "str"))


def expected(frame):
    """Turn what pandas.read_parquet gives into what a source promises."""
    frame = frame.copy()
    for name in frame.columns.intersection(["price", "nothing"]):
        frame[name] = frame[name].astype("float64")
    for name in frame.columns.intersection(["day"]):
        frame[name] = pd.to_datetime(frame[name])
    for name in frame.columns.intersection(["maybe"]):
        frame[name] = frame[name].astype("boolean")
    return plain(frame)


def same(found, wanted):
    pd.testing.assert_frame_equal(found, wanted, check_exact=True)


@pytest.fixture
def small(monkeypatch):
    """Pieces of 50 rows, parts of 200."""
    for module in (batches, parquet, frames):
        monkeypatch.setattr(module, "rows_at_once", lambda _n: 50)
    monkeypatch.setattr(parquet, "PART_ROWS", 200)


@pytest.fixture
def folder(tmp_path):
    people = tmp_path / "people"
    people.mkdir()
    return people


# --- values ---


@pytest.mark.parametrize("row_group", [7, 130, 1000])
@pytest.mark.parametrize("options", [{}, {"write_statistics": False}, {"use_dictionary": False}])
def test_values_and_types_are_those_of_pandas(folder, small, row_group, options):
    path = folder / "a.parquet"
    pq.write_table(table(1000), path, row_group_size=row_group, **options)
    source = as_source(path)
    found = whole(source)
    wanted = expected(pd.read_parquet(path))
    wanted["day"] = wanted["day"].astype("datetime64[s]")
    same(found, wanted)
    assert source.n_rows == 1000
    assert source.columns == tuple(COLUMNS)
    assert found["gaps"].dtype == "float64"
    assert found["whole"].dtype == "int64"


def test_text_and_stored_categories_are_categorical(folder, small):
    pq.write_table(table(300), folder / "a.parquet")
    for piece in as_source(folder).pieces(["text", "long", "level"]):
        assert all(isinstance(kind, pd.CategoricalDtype) for kind in piece.frame.dtypes)


def test_the_order_of_stored_levels_is_kept(folder):
    level = pd.Categorical(["low", "high", None, "low"], ["low", "mid", "high"], ordered=True)
    pd.DataFrame({"level": level}).to_parquet(folder / "a.parquet")
    (piece,) = as_source(folder).pieces(["level"])
    assert piece.frame["level"].dtype == level.dtype


def test_levels_that_pandas_does_not_allow_are_made_anew():
    levels = pa.DictionaryArray.from_arrays([0, 1, 2, None], pa.array(["a", None, "a"]))
    (piece,) = as_source(ds.dataset(pa.table({"level": levels}))).pieces(["level"])
    assert piece.frame["level"].cat.categories.tolist() == ["a"]
    assert piece.frame["level"].isna().tolist() == [False, True, False, True]


def test_a_piece_has_the_labels_of_its_rows_only_where_there_are_very_many(folder):
    labels = [f"p{i}" for i in range(200_000)]
    pq.write_table(pa.table({"id": labels}), folder / "a.parquet")
    pieces = list(as_source(folder).pieces(["id"]))
    assert max(len(piece.frame["id"].cat.categories) for piece in pieces) <= 131_072
    assert [label for piece in pieces for label in piece.frame["id"]] == labels


def test_a_missing_value_anywhere_makes_all_pieces_float(folder, small):
    pq.write_table(pa.table({"x": list(range(300))}), folder / "1.parquet")
    pq.write_table(pa.table({"x": [1, None]}), folder / "2.parquet")
    assert {piece.frame["x"].dtype for piece in as_source(folder).pieces(["x"])} == {
        np.dtype("float64")
    }


def test_only_the_columns_asked_for_are_read_in_their_order(folder, small):
    pq.write_table(table(120), folder / "a.parquet")
    source = as_source(folder)
    found = whole(source, ["real", "whole"])
    same(found, pd.read_parquet(folder / "a.parquet")[["real", "whole"]])
    assert sum(len(piece.frame) for piece in source.pieces([])) == 120


def test_a_name_with_a_dot_is_a_name(folder):
    pq.write_table(pa.table({"a": [1], "a.b": [2], '`c"': [3]}), folder / "a.parquet")
    source = as_source(folder)
    same(whole(source, ["a"]), pd.DataFrame({"a": [1]}))
    same(whole(source, ['`c"', "a.b"]), pd.DataFrame({'`c"': [3], "a.b": [2]}))


def test_each_pass_gives_the_same(folder, small):
    pq.write_table(table(333), folder / "a.parquet")
    source = as_source(folder)
    next(source.pieces(["real"]))  # a pass given up
    same(whole(source), whole(source))


def test_numbers_are_not_copied(folder):
    pq.write_table(pa.table({"x": np.arange(1000.0)}), folder / "a.parquet")
    before = pa.total_allocated_bytes()
    (piece,) = as_source(folder).pieces(["x"])
    assert pa.total_allocated_bytes() - before >= 8000  # the frame holds Arrow's own memory
    assert len(piece.frame) == 1000


# --- files ---


def test_files_come_in_natural_order_and_are_named(folder, small):
    for i in (10, 2, 1):
        pq.write_table(pa.table({"i": [i] * 60}), folder / f"part-{i}.parquet")
    source = as_source(str(folder / "*.parquet"))
    found = [(piece.where, piece.position) for piece in source.pieces(["i"])]
    assert found == [
        ("people/part-1.parquet, rows 0 to 49", 0),
        ("people/part-1.parquet, rows 50 to 59", 50),
        ("people/part-2.parquet, rows 0 to 49", 60),
        ("people/part-2.parquet, rows 50 to 59", 110),
        ("people/part-10.parquet, rows 0 to 49", 120),
        ("people/part-10.parquet, rows 50 to 59", 170),
    ]
    assert whole(source)["i"].tolist() == [1] * 60 + [2] * 60 + [10] * 60


def test_natural_order():
    names = ["b", "a10b", "a9", "a10", "a010c", "10", "9"]
    assert sorted(names, key=natural) == ["9", "10", "a9", "a10", "a10b", "a010c", "b"]


def test_folders_are_searched_and_hidden_files_passed_over(folder):
    pq.write_table(pa.table({"x": [1]}), folder / "b.parquet")
    (folder / "deep" / "er").mkdir(parents=True)
    pq.write_table(pa.table({"x": [2]}), folder / "deep" / "er" / "a.PARQUET")
    (folder / "_old").mkdir()
    for name in (".b.parquet", "_metadata", "_c.parquet", "_old/x.parquet", "notes.txt"):
        (folder / name).write_text("no Parquet")
    assert whole(as_source(folder))["x"].tolist() == [1, 2]
    assert whole(as_source(str(folder / "**" / "*.parquet")))["x"].tolist() == [1]


def test_one_file_is_called_by_its_name(folder):
    pq.write_table(pa.table({"x": [1]}), folder / "a.parquet")
    (piece,) = as_source(folder / "a.parquet").pieces(["x"])
    assert piece.where == "a.parquet, rows 0 to 0"


def test_folders_give_columns(folder, small):
    frame = pd.DataFrame(
        {"x": range(240), "sex": ["F", "M"] * 120, "year": [2019, 2020, 2021] * 80}
    )
    pq.write_to_dataset(pa.Table.from_pandas(frame), folder, partition_cols=["sex", "year"])
    source = as_source(folder)
    assert source.columns == ("x", "sex", "year")
    found = whole(source).sort_values("x", ignore_index=True)
    same(found, frame.astype({"year": "int32", "sex": "str"}))
    dataset = ds.dataset(folder, partitioning="hive")
    same(whole(as_source(dataset)).sort_values("x", ignore_index=True), found)
    same(whole(source, ["year"]), whole(source)[["year"]])
    as_levels = ds.HivePartitioning.discover(infer_dictionary=True)
    levels = whole(as_source(ds.dataset(folder, partitioning=as_levels)))
    assert set(levels["year"]) == {"2019", "2020", "2021"}  # text, made by `plain`


def test_a_folder_value_may_be_missing(folder):
    for name, x in (("g=1", 1), ("g=__HIVE_DEFAULT_PARTITION__", 2)):
        (folder / name).mkdir()
        pq.write_table(pa.table({"x": [x]}), folder / name / "a.parquet")
    found = whole(as_source(folder)).set_index("x")["g"]
    assert found[1] == 1.0
    assert np.isnan(found[2])


def test_a_path_stays_that_of_the_folder_of_work(folder, monkeypatch):
    (folder / "g=1").mkdir()
    pq.write_table(pa.table({"x": [1]}), folder / "g=1" / "a.parquet")
    monkeypatch.chdir(folder)
    found = [as_source("*"), as_source("g=*/*.parquet"), as_source("."), as_source("../people")]
    monkeypatch.chdir("/")
    for source in found:
        assert whole(source).to_dict("list") == {"x": [1], "g": [1]}
        assert [piece.where for piece in source.pieces([])] == ["a.parquet, rows 0 to 0"]


def test_an_equals_sign_above_the_folder_gives_no_column(tmp_path):
    above = tmp_path / "run=3" / "people"
    above.mkdir(parents=True)
    pq.write_table(pa.table({"x": [1]}), above / "a.parquet")
    assert as_source(above).columns == ("x",)


# --- parts ---


def test_parts_are_files_times_row_groups(folder, small):
    pq.write_table(table(450, 1), folder / "1.parquet", row_group_size=90)
    pq.write_table(table(30, 2), folder / "2.parquet")
    pq.write_table(table(0, 2), folder / "3.parquet")
    pq.write_table(table(500, 3), folder / "4.parquet", row_group_size=500)
    source = as_source(folder)
    parts = source.parts()
    assert [(part.position, part.n_rows) for part in parts] == [
        (0, 180), (180, 180), (360, 90), (450, 30), (480, 500),
    ]  # fmt: skip
    columns = source.columns
    alone = [piece for part in parts for piece in copied(part).pieces(columns)]
    through = list(source.pieces(columns))
    assert [(p.where, p.position) for p in alone] == [(p.where, p.position) for p in through]
    for one, other in zip(alone, through, strict=True):
        pd.testing.assert_frame_equal(one.frame, other.frame)


def copied(part):
    return pickle.loads(pickle.dumps(part))  # noqa: S301


def test_small_row_groups_make_full_pieces(folder, small):
    pq.write_table(table(500), folder / "a.parquet", row_group_size=7)
    sizes = [len(piece.frame) for piece in as_source(folder).pieces(["text", "level"])]
    assert max(sizes) <= 50
    assert len(sizes) < 20


def test_wide_rows_come_in_smaller_pieces():
    from bopstats.sources.pieces import rows_at_once

    assert rows_at_once(0) == rows_at_once(25) == rows_at_once(64) == 131_072
    assert rows_at_once(1024) * 1024 * 8 == 64 * 2**20
    assert rows_at_once(10**9) == 1


# --- errors in files ---


def refused(data, message, error=DataError):
    with pytest.raises(error, match=message):
        for _piece in (source := as_source(data)).pieces(source.columns):
            pass


def test_paths_without_files(folder):
    refused(folder / "no.parquet", "no.parquet.*allowed: a Parquet file, a folder.*nothing of this")
    refused(folder, "people.*no Parquet file is there")
    refused(folder / "*.parquet", "no Parquet file is there")


def test_a_file_that_is_none_is_named(folder):
    pq.write_table(pa.table({"x": [1]}), folder / "a.parquet")
    (folder / "b.parquet").write_text("id,age\n1,50\n")
    refused(folder, "cannot open people/b.parquet")


def test_a_truncated_file_is_named(folder):
    pq.write_table(table(1000), folder / "a.parquet")
    whole_file = (folder / "a.parquet").read_bytes()
    (folder / "b.parquet").write_bytes(whole_file[:-50])
    refused(folder, "cannot open people/b.parquet")


def test_a_file_broken_inside_is_named_with_the_row(folder, small):
    path = folder / "a.parquet"
    pq.write_table(
        pa.table({"x": np.random.default_rng(0).normal(size=1000)}),
        path, row_group_size=200, compression="zstd", use_dictionary=False,
    )  # fmt: skip
    start = pq.ParquetFile(path).metadata.row_group(3).column(0).data_page_offset
    content = bytearray(path.read_bytes())
    content[start : start + 100] = bytes(100)
    path.write_bytes(content)
    source = as_source(path)  # its footer is whole
    with pytest.raises(DataError, match=r"cannot read a.parquet within rows 600 to 799"):
        whole(source)
    assert sum(len(p.frame) for p in source.parts()[2].pieces(["x"])) == 200


def test_a_flipped_bit_is_seen_where_the_file_has_checksums(folder):
    path = folder / "a.parquet"
    pq.write_table(
        pa.table({"x": np.arange(1000.0)}),
        path, compression="none", use_dictionary=False, write_page_checksum=True,
    )  # fmt: skip
    content = bytearray(path.read_bytes())
    content[4000] ^= 1
    path.write_bytes(content)
    refused(path, "cannot read a.parquet within rows 0 to 999")


def test_a_file_that_vanishes_or_changes_is_named(folder):
    pq.write_table(pa.table({"x": [1, 2]}), folder / "a.parquet")
    source = as_source(folder)
    for other in ({"x": [1, 2, 3]}, {"x": []}, {"y": [1, 2]}):
        pq.write_table(pa.table(other), folder / "a.parquet")
        with pytest.raises(DataError, match=r"a.parquet was changed"):
            whole(source)
    os.remove(folder / "a.parquet")
    with pytest.raises(DataError, match=r"cannot open a.parquet"):
        whole(source)


def write_two(folder, first, second):
    pq.write_table(pa.table(first), folder / "1.parquet")
    pq.write_table(pa.table(second), folder / "2.parquet")


def test_a_lacking_column_is_named_before_data_are_read(folder):
    write_two(folder, {"x": [1], "y": [1]}, {"x": [1]})
    with pytest.raises(DataError, match=r"2.parquet lacks column 'y', which people/1.parquet has"):
        as_source(folder)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["a"], [1]), ([1], ["a"]), ([1.5], [True]), ([True], [1]), (["a"], [True]),
        ([datetime.date(2020, 1, 1)], [20200101]), ([[1]], [1]),
    ],
)  # fmt: skip
def test_another_type_is_named_before_data_are_read(folder, one, other):
    write_two(folder, {"x": one}, {"x": other})
    with pytest.raises(DataError, match=r"column 'x' is .* in people/2.parquet, but .*/1"):
        as_source(folder)


@pytest.mark.parametrize(
    ("one", "other", "dtype"),
    [
        (pa.array([1], pa.int32()), pa.array([2], pa.int64()), "int64"),
        (pa.array([1], pa.int64()), pa.array([2.5]), "float64"),
        (pa.array([1], pa.float32()), pa.array([2], pa.int8()), "float64"),
        (pa.array([1], pa.uint64()), pa.array([2], pa.int8()), "float64"),
        (pa.array([decimal.Decimal("1.5")]), pa.array([2]), "float64"),
        (pa.array(["a"]), pa.array(["b"]).dictionary_encode(), "category"),
        (pa.array([None]), pa.array(["b"], pa.large_string()), "category"),
        (pa.array([True]), pa.array([None]), "boolean"),
        (pa.array([1]), pa.array([None]), "float64"),
        (pa.array([1], pa.date32()), pa.array([1], pa.timestamp("ns")), "datetime64[ns]"),
    ],
)
def test_types_that_go_together_are_united(folder, one, other, dtype):
    for first, second in ((one, other), (other, one)):
        write_two(folder, {"x": first}, {"x": second})
        found = [piece.frame["x"] for piece in as_source(folder).pieces(["x"])]
        assert {str(values.dtype) for values in found} == {dtype}
        for values, stored in zip(found, (first, second), strict=True):
            if stored[0].as_py() is None:
                assert values.isna().all()
            elif dtype != "datetime64[ns]":
                assert values[0] == stored[0].as_py()


def test_columns_of_some_files_only_are_noted(folder):
    write_two(folder, {"x": [1]}, {"z": [5], "x": [1]})
    source = as_source(folder)
    assert source.columns == ("x",)
    assert source.note == "Columns that only some files have are not read: 'z'."


def test_a_column_that_comes_twice(folder):
    pq.write_table(pa.Table.from_arrays([pa.array([1])] * 2, ["x", "x"]), folder / "a.parquet")
    refused(folder, "column 'x' is there more than once in a.parquet")


def test_a_column_that_no_analysis_can_use(folder):
    pq.write_table(pa.table({"x": [[1, 2]], "y": [1]}), folder / "a.parquet")
    source = as_source(folder)
    assert whole(source, ["y"])["y"].tolist() == [1]
    with pytest.raises(DataError, match=r"column 'x' has type list<.*allowed: numbers, booleans"):
        next(source.pieces(["x"]))


def test_no_rows(folder):
    pq.write_table(pa.table({"x": pa.array([], pa.int64())}), folder / "a.parquet")
    refused(folder, "data: no rows")
    refused([], "data: no rows")
    refused([pd.DataFrame({"x": []})], "data: no rows")
    refused(Anew(lambda: [pd.DataFrame({"x": []})]), "data: no rows")


def test_without_pyarrow_the_extra_is_named(folder, monkeypatch):
    monkeypatch.setattr(kinds, "find_spec", lambda _name: None)
    with pytest.raises(DataError, match=r"pip install 'bopstats\[parquet\]'"):
        as_source(folder)


# --- datasets ---


def test_a_dataset_of_files_is_read_by_row_groups(folder, small):
    pq.write_table(table(450), folder / "1.parquet", row_group_size=90)
    source = as_source(ds.dataset(folder))
    assert len(source.parts()) == 3
    same(whole(source), whole(as_source(folder)))


def test_the_filter_of_a_dataset_counts(folder, small):
    pq.write_table(table(450), folder / "1.parquet", row_group_size=90)
    source = as_source(ds.dataset(folder).filter(ds.field("whole") < 30))
    wanted = expected(pd.read_parquet(folder / "1.parquet").query("whole < 30"))
    wanted["day"] = wanted["day"].astype("datetime64[s]")
    same(whole(source), wanted.reset_index(drop=True))
    assert len(source.parts()) == 1


@pytest.mark.parametrize("kind", ["feather", "memory", "csv"])
def test_datasets_of_other_formats(folder, small, kind):
    data = table(450).select(["whole", "gaps", "real", "text"])
    if kind == "memory":
        source = as_source(ds.dataset(data))
    else:
        ds.write_dataset(data, folder, format=kind)
        source = as_source(ds.dataset(folder, format=kind))
    found = whole(source)
    wanted = plain(data.to_pandas())
    if kind == "csv":  # in which missing text is empty text
        wanted = wanted.fillna({"text": ""})
    same(found, wanted)
    assert next(source.pieces(["real"])).where == "the dataset, rows 0 to 49"


def test_a_dataset_says_what_its_files_must_have(folder):
    write_two(folder, {"x": [1], "y": [1]}, {"x": [1]})
    with pytest.raises(DataError, match=r"2.parquet lacks column 'y'.*the dataset's schema"):
        as_source(ds.dataset(folder))
    narrow = ds.dataset(folder, schema=pa.schema([("x", pa.int64())]))
    assert whole(as_source(narrow)).columns.tolist() == ["x"]


# --- DataFrames ---


class Anew:
    """Frames made anew each pass."""

    def __init__(self, make):
        self.make = make

    def __iter__(self):
        return iter(self.make())


def test_frames_are_cut_into_views(small):
    data = [pd.DataFrame({"x": np.arange(120.0), "y": np.arange(120), "s": ["a", "b"] * 60})]
    data += [data[0].iloc[:0], data[0].iloc[20:50].set_axis(range(5, 35))]
    source = as_source(data)
    assert source.n_rows == 150
    pieces = list(source.pieces(["x", "s"]))
    assert [(piece.where, piece.position) for piece in pieces] == [
        ("data[0], rows 0 to 49", 0), ("data[0], rows 50 to 99", 50),
        ("data[0], rows 100 to 119", 100), ("data[2]", 120),
    ]  # fmt: skip
    assert np.shares_memory(pieces[1].frame["x"].to_numpy(), data[0]["x"].to_numpy())
    same(whole(source), pd.concat(data, ignore_index=True))


def test_frames_made_anew_are_counted_in_the_first_pass():
    source = as_source(Anew(lambda: (pd.DataFrame({"x": [i, i]}) for i in range(3))))
    assert source.n_rows is None
    assert whole_of_unknown(source) == [0, 0, 1, 1, 2, 2]
    assert source.n_rows == 6
    assert whole_of_unknown(source) == [0, 0, 1, 1, 2, 2]


def whole_of_unknown(source):
    return [x for piece in source.pieces(["x"]) for x in piece.frame["x"]]


def test_what_can_be_read_once_is_refused():
    frames_ = [pd.DataFrame({"x": [1]})]
    used_up = iter(frames_)
    for once in ((f for f in frames_), iter(frames_), Anew(lambda: used_up)):
        with pytest.raises(ArgumentError, match=r"can be read only once; allowed: a list"):
            as_source(once)


def test_frames_that_differ_between_passes():
    shuffled = np.random.default_rng(0)
    source = as_source(Anew(lambda: [pd.DataFrame({"x": shuffled.permutation(5000)})]))
    whole_of_unknown(source)
    with pytest.raises(DataError, match="the values of 'x' come in another order"):
        whole_of_unknown(source)
    growing = pd.DataFrame({"x": range(3)})
    sizes = [3]
    source = as_source(Anew(lambda: [growing] * sizes[0]))
    whole_of_unknown(source)
    sizes[0] = 4
    with pytest.raises(DataError, match="12 rows in this pass, 9 in an earlier one"):
        whole_of_unknown(source)


def test_frames_that_do_not_go_together():
    x = pd.DataFrame({"x": [1, 2], "y": [1.0, 2.0]})
    refused([x, x[["x"]]], r"data\[1\] lacks column 'y', which data\[0\] has")
    refused([x, x.astype({"y": str})], r"'y' holds text in data\[1\], but numbers in data\[0\]")
    refused([x, x.astype({"y": bool})], r"'y' holds boolean in data\[1\], but numbers in data\[0\]")
    refused([x, {"x": [1]}], r"data\[1\] is a dict; allowed: pandas DataFrames")
    refused([x.set_axis(["x", "x"], axis=1)], r"column 'x' is there more than once in data\[0\]")
    assert len(list(as_source([x, x.astype({"y": int})]).pieces(["y"]))) == 2
    assert len(list(as_source([x, x.astype({"y": str})]).pieces(["x"]))) == 2


def test_a_column_without_values_fits_any_kind():
    text = pd.DataFrame({"s": ["a", "b"]})
    empty = pd.DataFrame({"s": [np.nan, np.nan]})
    found = [piece.frame["s"] for piece in as_source([text, empty]).pieces(["s"])]
    assert isinstance(found[1].dtype, pd.CategoricalDtype)
    assert found[1].isna().all()


@pytest.mark.parametrize(
    "data",
    [
        pd.DataFrame({"x": [1]}),
        {"x": [1]},
        pd.Series([1]),
        np.ones(3),
        None,
        5,
        pa.table({"x": [1]}),
    ],
    ids=lambda data: type(data).__name__,
)
def test_what_is_no_source(data):
    assert as_source(data) is None


# --- memory ---

READING = """
import resource, sys
import pyarrow as pa
from bopstats.sources.kinds import as_source
source = as_source(sys.argv[1])
start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = sum(len(piece.frame) for piece in source.pieces(source.columns))
print(rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has other units elsewhere")
@pytest.mark.parametrize("row_group", [100_000, 1_000_000])
def test_memory_does_not_grow_with_the_file(folder, row_group):
    rng = np.random.default_rng(0)
    data = pa.table({f"x{j}": rng.normal(size=1_000_000) for j in range(25)})
    pq.write_table(data, folder / "a.parquet", row_group_size=row_group, use_dictionary=False)
    done = subprocess.run(
        [sys.executable, "-c", READING, str(folder)],
        capture_output=True, check=True, text=True,
        cwd=Path(__file__).parents[1],
    )  # fmt: skip
    rows, mebibytes = map(int, done.stdout.split())
    assert rows == 1_000_000
    assert mebibytes < 120  # of 190 in the file
