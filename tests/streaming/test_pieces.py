"""Results do not depend on how rows are cut, and say so when the data are not what they were."""

import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from alike import cut, frames, streamed

import bopstats as bop
from bopstats.exceptions import DataError
from bopstats.streaming.witnesses import Witnesses

F = "y ~ x + z | sex * race"
QUICK = {"cv": 2, "explain": False}


@pytest.mark.parametrize("size", [16, 230, 2000])
def test_any_cut_gives_the_same(gaps, size):
    one, other = (streamed(F, pieces, fit={"cv": 2}) for pieces in (cut(gaps), cut(gaps, size)))
    frames(one.frame(), other.frame(), 1e-10)
    frames(one.top_curve(), other.top_curve(), 1e-10)
    np.testing.assert_allclose(one.personalized.params, other.personalized.params, 1e-9, 1e-11)
    assert one.notes == other.notes


@pytest.mark.parametrize("row_group", [90, 100_000])
def test_parquet_is_read_as_frames_are(gaps, tmp_path, row_group):
    pytest.importorskip("pyarrow")
    for i, frame in enumerate(cut(gaps, 700)):
        frame.to_parquet(tmp_path / f"{i}.parquet", row_group_size=row_group)
    found, wanted = (streamed(F, data, fit=QUICK) for data in (tmp_path, [gaps]))
    frames(found.frame(), wanted.frame(), 1e-10)
    glob = streamed(F, str(tmp_path / "*.parquet"), fit=QUICK)
    frames(glob.frame(), found.frame(), 0)


def test_duckdb_is_read_as_frames_are(gaps):
    duckdb, _ = pytest.importorskip("duckdb"), pytest.importorskip("pyarrow")
    with duckdb.connect() as connection:
        relation = connection.from_df(gaps)
        found = streamed(F, relation, fit=QUICK)
    frames(found.frame(), streamed(F, [gaps], fit=QUICK).frame(), 1e-10)


class Changing:
    """Frames whose rows are others after the first pass."""

    def __init__(self, data, change):
        self.data, self.change, self.passes = data, change, 0

    def __iter__(self):
        self.passes += 1
        # The source looks twice whether it can begin anew, then for columns.
        return iter(cut(self.data if self.passes <= 4 else self.change(self.data), 700))


def test_a_level_that_comes_later_is_named_with_its_place(people):
    late = Changing(people, lambda data: data.assign(sex=data["sex"].mask(data.index == 800, "X")))
    with pytest.raises(DataError, match="column 'sex' has the new level 'X'") as caught:
        streamed(F, late, fit=QUICK)
    assert "at data[1]" in caught.value.__notes__[0] or "at data[0]" in caught.value.__notes__[0]


def test_a_corrupt_file_is_named(people, tmp_path):
    pytest.importorskip("pyarrow")
    for i, frame in enumerate(cut(people, 600)):
        frame.to_parquet(tmp_path / f"{i}.parquet")
    model = bop.glm(F, tmp_path)
    path = tmp_path / "1.parquet"
    broken = bytearray(path.read_bytes())
    footer = int.from_bytes(broken[-8:-4], "little") + 8
    broken[4:-footer] = b"\xff" * (len(broken) - footer - 4)
    path.write_bytes(broken)
    with pytest.raises(DataError, match=r"1\.parquet within rows 0 to 599"):
        model.fit(cv=2)
    path.write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"1\.parquet"):
        bop.glm(F, tmp_path)


def test_files_that_differ_are_named(people, tmp_path):
    pytest.importorskip("pyarrow")
    people.to_parquet(tmp_path / "1.parquet")
    people.drop(columns="x").to_parquet(tmp_path / "2.parquet")
    with pytest.raises(DataError, match=r"2\.parquet lacks column 'x'"):
        bop.glm(F, tmp_path)


def test_an_interruption_says_where_it_was(people):
    calls = []

    def stop(y, mu):
        calls.append(len(y))
        if len(calls) > 4:  # two models a fold, each piece in two folds
            raise KeyboardInterrupt
        return np.abs(y - mu)

    model = bop.glm(F, cut(people, 700))
    with pytest.raises(KeyboardInterrupt) as caught:
        model.fit(cv=2, explain=False, costs=[stop])
    (note,) = caught.value.__notes__
    assert note == "stopped in pass 'held-out costs' at data[1] (700 rows done)"


def test_a_bar_for_each_pass(people, capsys):
    pytest.importorskip("tqdm", reason="a bar needs the extra 'progress'")
    bop.glm(F, cut(people, 700)).fit(progress=True, **QUICK)
    shown = capsys.readouterr().err
    assert "rows/s" in shown
    assert "held-out costs" in shown


MEMORY = """
import resource, sys
import numpy as np, pandas as pd
import bopstats as bop
import statsmodels.api, pyarrow.dataset, scipy.stats, matplotlib
few = pd.DataFrame({"y": [0, 1] * 50, "x": range(100), "g": ["a"] * 50 + ["b"] * 50})
bop.glm("y ~ x | g", [few]).fit(cv=2)
start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
terms = " + ".join(f"x{j}" for j in range(8))
res = bop.glm(f"y ~ {terms} | g", sys.argv[1]).fit(cv=2, explain=False)
used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start
print(res.evaluation.n_used, used // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has other units elsewhere")
def test_memory_stays_small(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rng, n, path = np.random.default_rng(0), 250_000, tmp_path / "people.parquet"
    part = {f"x{j}": rng.normal(size=n) for j in range(8)}
    part["g"] = np.where(rng.random(n) < 0.5, "a", "b")
    part["y"] = (rng.random(n) < 1 / (1 + np.exp(-part["x0"]))).astype(int)
    table = pa.table(part)
    with pq.ParquetWriter(path, table.schema) as writer:
        for _ in range(8):
            writer.write_table(table)
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(path)],
        capture_output=True, check=True, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    rows, mebibytes = map(int, done.stdout.split())
    assert rows == 2_000_000
    assert mebibytes < 200  # the columns take 160 as floats, the matrices more


def test_the_sample_of_rows_lets_go_of_the_pieces():
    """Evenly spaced rows are copies: views of them would keep every piece in memory."""
    witnesses, rng = Witnesses(), np.random.default_rng(0)
    tracemalloc.start()
    for k in range(40):
        piece = pd.DataFrame(rng.normal(size=(50_000, 10)))  # 4 MB
        witnesses.add(piece, 50_000 * k, [])
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 12e6
    assert len(witnesses.frame()) > 300
