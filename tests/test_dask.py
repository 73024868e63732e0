"""Analyses by Dask: the same numbers as in one process, whatever happens to the workers."""

import os
import signal

import numpy as np
import pandas as pd
import pytest

import bopstats as bop
from bopstats.assembly import Request, make_recipe
from bopstats.exceptions import ArgumentError, DataError, SeparationWarning
from bopstats.formula.shipping import packed, unpacked
from bopstats.recoding import recode
from bopstats.sources import allocator, cluster
from bopstats.sources.kinds import as_source
from bopstats.streaming.learning import learn_source

pq = pytest.importorskip("pyarrow.parquet")
pa = pytest.importorskip("pyarrow")
dask = pytest.importorskip("dask")
dd = pytest.importorskip("dask.dataframe")
distributed = pytest.importorskip("distributed")

N, FILES = 3000, 5
OPTIONS = {"repeats": 1, "folds": "hash", "rng": 1}


@pytest.fixture(scope="module")
def people(make_people):
    """People of whom some lack a value, with weights and clinics that are clusters."""
    data, rng = make_people(N, seed=3), np.random.default_rng(4)
    data["clinic"] = rng.choice([f"c{i}" for i in range(40)], N)
    data["times"] = rng.integers(1, 4, N)
    data["share"] = rng.uniform(1, 3, N)
    data.loc[rng.random(N) < 0.03, "z"] = np.nan
    return data.rename(columns={"weight kg": "kg"})


@pytest.fixture(scope="module")
def folder(people, tmp_path_factory):
    """The people in files of several row groups."""
    folder = tmp_path_factory.mktemp("people")
    for i, rows in enumerate(np.array_split(np.arange(N), FILES)):
        table = pa.Table.from_pandas(people.iloc[rows], preserve_index=False)
        pq.write_table(table, folder / f"part-{i}.parquet", row_group_size=250)
    return folder


@pytest.fixture(scope="module")
def client():
    """Two worker processes, which are started anew if they die."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as local,
        distributed.Client(local, set_as_default=False) as found,
    ):
        yield found


@pytest.fixture
def partitions(people):
    """The people as a dask.dataframe of which one partition is empty, computed in this process."""
    with dask.config.set(scheduler="synchronous"):
        some = dd.from_pandas(people, npartitions=4)
        yield dd.concat([some.partitions[:2], some[some["x"] > 1e9].partitions[:1],
                         some.partitions[2:]])  # fmt: skip


def same(one, other, tolerance=1e-8):
    """All figures of both results agree."""
    pd.testing.assert_frame_equal(one.frame(), other.frame(), rtol=tolerance, atol=1e-12)
    for model in ("generic", "personalized"):
        a, b = getattr(one, model), getattr(other, model)
        pd.testing.assert_series_equal(a.params, b.params, rtol=tolerance, atol=1e-12)
        assert a.llf == pytest.approx(b.llf, rel=tolerance)


PRECISION = {"weights": "share", "weight_type": "precision"}
COPIES = {"family": "poisson", "weights": "times", "weight_type": "freq"}
SURVEY = {"cluster": "clinic", "weights": "share", "weight_type": "prob"}
ANALYSES = {
    "binomial": ("y ~ x + z | sex * race", {}, {}),
    "gaussian": ("t ~ x + np.log(age) | C(insured) * sex", PRECISION, {}),
    "poisson": ("count ~ x * race | sex", COPIES, {"cv": 0.3}),
    "clusters": ("y ~ x + z | sex", SURVEY, {}),
    "event": ("sex ~ x | race", {"event": "male", "subset": "age > 30"}, {"cv": None}),
}


@pytest.mark.parametrize("name", ANALYSES)
def test_a_cluster_gives_the_numbers_of_one_process(name, people, folder, client):
    formula, asked, options = ANALYSES[name]
    here = bop.glm(formula, people, **asked).fit(**OPTIONS | options)
    there = bop.glm(formula, folder, **asked, client=client).fit(**OPTIONS | options)
    same(here, there)
    alone = bop.glm(formula, folder, **asked).fit(**OPTIONS | options)
    same(alone, there)
    for model in ("generic", "personalized"):
        errors = (getattr(each, model).bse for each in (alone, there))
        pd.testing.assert_series_equal(*errors, rtol=1e-8)


@pytest.mark.parametrize("name", ANALYSES)
def test_a_dask_dataframe_gives_the_numbers_of_a_dataframe(name, people, partitions):
    formula, asked, options = ANALYSES[name]
    here = bop.glm(formula, people, **asked).fit(**OPTIONS | options)
    same(here, bop.glm(formula, partitions, **asked).fit(**OPTIONS | options))


def test_a_killed_worker_changes_nothing(people, folder, client, tmp_path):
    mark, here = tmp_path / "killed", os.getpid()

    def squared(y, mu):
        """Kill the worker that comes here first."""
        if os.getpid() != here:
            try:
                mark.touch(exist_ok=False)
            except FileExistsError:
                pass
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        return (y - mu) ** 2

    before = set(client.run(os.getpid).values())
    formula, options = "y ~ x + z | sex", OPTIONS | {"costs": [squared, "zero_one"]}
    there = bop.glm(formula, folder, client=client).fit(**options)
    assert mark.exists()
    same(bop.glm(formula, people).fit(**options), there)
    assert before - set(client.run(os.getpid).values())
    client.wait_for_workers(2)


def test_transforms_that_learn_and_functions_of_the_session(people, folder, client, partitions):
    def double(values):
        return 2 * values

    formula = "y ~ center(x) + bs(age, df=4) + double(z) | sex"
    options = OPTIONS | {"cv": None, "explain": False}
    alone = bop.glm(formula, folder).fit(**options)
    same(alone, bop.glm(formula, folder, client=client).fit(**options))
    formula, options = "y ~ center(x) | sex", options | {"cv": 0.4}
    alone = bop.glm(formula, people).fit(**options)
    same(alone, bop.glm(formula, partitions).fit(**options))


def test_separated_fits_are_left_to_the_session(people, partitions):
    def none(part):
        return part.assign(y=part["y"].where(part["race"] != "Asian", 0))

    options, results = OPTIONS | {"cv": None, "explain": False}, []
    for data in (none(people), partitions.map_partitions(none, meta=partitions._meta)):
        with pytest.warns(SeparationWarning, match="Asian"):
            results.append(bop.glm("y ~ x | race", data).fit(**options))
    one, other = (each.frame("brier")["bop"] for each in results)
    pd.testing.assert_series_equal(one, other, rtol=1e-8)


def test_a_worker_keeps_memory_while_it_works_unless_the_user_says_otherwise(monkeypatch):
    told = []
    monkeypatch.setattr(allocator, "_set", told.append)
    for settings, expected in (
        ({}, []),
        ({"TRIM": "65536"}, [(2**26, 2**25), (2**16, 2**17)]),
        ({"TRIM": "65536", "MMAP": "1"}, []),
        ({"TRIM": "1000000"}, []),
    ):
        told.clear()
        for name in ("TRIM", "MMAP"):
            monkeypatch.delenv(f"MALLOC_{name}_THRESHOLD_", raising=False)
            if name in settings:
                monkeypatch.setenv(f"MALLOC_{name}_THRESHOLD_", settings[name])
        with allocator.kept_memory():
            pass
        assert told == expected


# --- what travels ---

TERMS = [
    "center(x) + standardize(z)",
    "bs(x, df=4) + cr(z, df=3)",
    "te(cr(x, df=3), cr(z, df=3)) + cc(age, df=4)",
    "C(region, Poly) + C(race, Treatment('White')) * np.log(age)",
    "C(region, contrast) + Q('kg') + scaled(x)",
]


@pytest.mark.parametrize("terms", TERMS)
def test_a_recipe_makes_the_same_designs_elsewhere(terms, people):
    factor = 3.0
    space = {"scaled": lambda x: x / factor, "contrast": np.eye(4)[:, 1:].tolist()}
    recipe = make_recipe(f"y ~ {terms} | sex", people, Request(), space)
    other = unpacked(packed(recipe))
    one, two = (recode(each, people.iloc[:500], 0)[0] for each in (recipe, other))
    for name in ("generic", "personalized"):
        a, b = getattr(one, name), getattr(two, name)
        assert a.names == b.names
        np.testing.assert_array_equal(a.rows(slice(None)), b.rows(slice(None)))
    np.testing.assert_array_equal(one.group, two.group)
    assert one.groups.labels == two.groups.labels


def test_no_rows_travel(people):
    secret = people.assign(x=people["x"].where(people.index != 7, 0.123456789))
    found = [
        packed(make_recipe("y ~ x + z | sex", data, Request(id="kg"), {}))
        for data in (secret, secret.iloc[:500])
    ]
    marks = [np.float64(value).tobytes() for value in (0.123456789, secret["kg"].iloc[7])]
    assert not any(mark in each for mark in marks for each in found)
    assert abs(len(found[0]) - len(found[1])) < 100


def test_what_is_to_be_done_goes_to_each_worker_once(people, partitions):
    computed = []

    class Watch(dask.callbacks.Callback):
        def _pretask(self, key, *_):
            computed.append(str(key))

    work = learn_source(as_source(partitions), "y ~ x | sex", Request(), {})
    with Watch():
        work.source.passed(["y"], len_of, "counting", None)
    assert sum(key.startswith("_do") for key in computed) == 4
    assert sum(key.startswith("bytes") for key in computed) <= 1


def len_of(pieces):
    return sum(len(piece.frame) for piece in pieces)


# --- what is refused, and what goes wrong ---


def test_a_bad_file_is_named_as_in_one_process(people, folder, client, tmp_path):
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    file = tmp_path / "part-3.parquet"
    column = pq.ParquetFile(file).metadata.row_group(1).column(people.columns.get_loc("x"))
    bad = bytearray(file.read_bytes())
    bad[column.data_page_offset : column.data_page_offset + 100] = bytes(100)
    file.write_bytes(bad)
    errors = []
    for where in ({}, {"client": client}):
        with pytest.raises(DataError, match=r"part-3\.parquet") as caught:
            bop.glm("y ~ x | sex", tmp_path, **where)
        errors.append(caught.value)
    assert str(errors[0]) == str(errors[1])
    assert any("stopped in pass 'learning'" in note for note in errors[1].__notes__)


def test_a_level_that_comes_later_is_an_error(people, partitions):
    def wrong(part, partition_info=None):
        return part.assign(x="text") if partition_info["number"] == 1 else part

    data = partitions.map_partitions(wrong, meta=partitions._meta)
    with pytest.raises(DataError, match=r"'x' holds text in data.partitions\[1\], but numbers in"):
        bop.glm("y ~ x | sex", data)


def test_partitions_must_stay_the_same(people, partitions):
    source = as_source(partitions)
    source._data = partitions.map_partitions(lambda part: part.iloc[:-1], meta=partitions._meta)
    with pytest.raises(DataError, match=r"data.partitions\[0\] has .* rows in this pass"):
        learn_source(source, "y ~ x | sex", Request(), {})
    with pytest.raises(DataError, match=r"data.partitions\[0\] has .* rows in this pass"):
        list(source.pieces(["y"]))


def test_a_client_is_a_client_and_has_data_that_workers_can_read(people, folder, client):
    with pytest.raises(ArgumentError, match=r"client: got 'str'; allowed: a distributed\.Client"):
        bop.glm("y ~ x | sex", folder, client="tcp://10.0.0.1:8786")
    for data in (people, [people], {"x": [1]}):
        with pytest.raises(ArgumentError, match=r"client: got .*Parquet files"):
            bop.glm("y ~ x | sex", data, client=client)


def test_a_client_without_dask(folder, monkeypatch):
    monkeypatch.setattr(cluster, "find_spec", lambda _name: None)
    with pytest.raises(ArgumentError, match=r"client: needs Dask: pip install 'bopstats\[dask\]'"):
        bop.glm("y ~ x | sex", folder, client=object())


def test_columns_of_a_dask_dataframe(people, partitions):
    with pytest.raises(DataError, match="no rows"):
        as_source(partitions[partitions["x"] > 1e9])
    source = as_source(partitions)
    assert source.columns == tuple(people.columns)
    assert source.n_rows == N
    found = list(source.pieces(["x", "sex"]))
    assert [piece.position for piece in found] == [0, 750, 1500, 2250]
    assert found[2].where == "data.partitions[3]"
    pd.testing.assert_series_equal(
        pd.concat([piece.frame["x"] for piece in found], ignore_index=True),
        people["x"],
        check_index=False,
    )


def test_parts_done_are_shown(folder, client, partitions, capsys):
    pytest.importorskip("tqdm")
    for data, where in ((folder, {"client": client}), (partitions, {})):
        bop.glm("y ~ x | sex", data, **where).fit(**OPTIONS, cv=None, explain=False, progress=True)
        assert "held-out costs: " in capsys.readouterr().err
