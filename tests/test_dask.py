"""Analyses by Dask: the same numbers as in one process, whatever happens to the workers."""

import os
import pickle
import signal
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bopstats as bop
from bopstats.assembly import Request, make_recipe
from bopstats.exceptions import ArgumentError, DataError
from bopstats.formula.shipping import packed, unpacked
from bopstats.recoding import recode
from bopstats.streaming import cluster
from bopstats.streaming.learning import learn_source
from bopstats.streaming.sources import as_source

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
    for cost in one.costs:
        a, b = one.frame(cost), other.frame(cost)
        assert list(a.columns) == list(b.columns)
        for name in a.columns:
            if a[name].dtype.kind == "f":
                np.testing.assert_allclose(
                    a[name], b[name], rtol=tolerance, atol=1e-12, err_msg=f"{cost} {name}"
                )
            else:
                assert a[name].tolist() == b[name].tolist(), name
    for model in ("generic", "personalized"):
        a, b = getattr(one, model), getattr(other, model)
        pd.testing.assert_series_equal(a.params, b.params, rtol=tolerance, atol=1e-12)
        assert a.llf == pytest.approx(b.llf, rel=tolerance)


ANALYSES = {
    "binomial": ("y ~ x + z | sex * race", {}, {}),
    "gaussian": ("t ~ x + np.log(age) | C(insured) * sex", {"weights": "share", "weight_type": "precision"}, {}),
    "poisson": ("count ~ x * race | sex", {"family": "poisson", "weights": "times", "weight_type": "freq"}, {"cv": 0.3}),
    "clusters": ("y ~ x + z | sex", {"cluster": "clinic", "weights": "share", "weight_type": "prob"}, {}),
    "event": ("sex ~ x | race", {"event": "male", "subset": "age > 30"}, {"cv": None}),
}  # fmt: skip


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
