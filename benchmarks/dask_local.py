"""The same analysis of one Parquet file by one process, and by a cluster of two on this machine.

Run as ``python benchmarks/dask_local.py [rows] [--parquet=FILE]``, by default 2,000,000 rows of 25
columns, which are written to a temporary folder unless the file is there already. The analysis is
that of reference: binomial, 20 numeric terms, 16 groups, 5-fold cross-fitting, costs of prediction
and explanation. The workers are two processes of one thread each, and have imported the package
before the clock starts. Both ways are run in turn, three times; the smallest ratio of neighbouring
runs, the median and the largest are shown, since other work on the machine disturbs single runs.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import bopstats as bop

TERMS, GROUP_ROWS, TIMES = 20, 250_000, 3
NAMES = [f"x{i}" for i in range(TERMS)]
FORMULA = f"y ~ {' + '.join(NAMES)} | sex * race * agegrp"
OPTIONS = {"repeats": 1, "folds": "hash", "rng": 1}


def batch(people: int, seed: int) -> pa.Table:
    """Invented people."""
    rng = np.random.default_rng([2024, seed])
    x = rng.normal(size=(TERMS, people))
    sex, race, age = (rng.integers(0, n, people) for n in (2, 4, 2))
    eta = np.linspace(-0.4, 0.4, TERMS) @ x + 0.3 * sex - 0.2 * race + 0.5 * age * sex
    columns = {
        "y": (rng.random(people) < 1 / (1 + np.exp(-eta))).astype(np.int8),
        **dict(zip(NAMES, x, strict=True)),
        "sex": np.array(["female", "male"])[sex],
        "race": np.array(["Asian", "Black", "Other", "White"])[race],
        "agegrp": np.array(["old", "young"])[age],
        "weight": rng.uniform(1, 3, people),
    }
    return pa.table(columns)


def write(path: Path, rows: int) -> None:
    """Write the file, a row group at a time."""
    with pq.ParquetWriter(path, batch(1, 0).schema) as writer:
        for i, start in enumerate(range(0, rows, GROUP_ROWS)):
            writer.write_table(batch(min(GROUP_ROWS, rows - start), i))


def analysed(path: Path, client: Any = None) -> tuple[float, Any]:
    """Seconds and results."""
    start = time.perf_counter()
    found = bop.glm(FORMULA, path, client=client).fit(**OPTIONS)
    return time.perf_counter() - start, found


def difference(one: Any, other: Any) -> float:
    """Largest relative difference of benefits, their limits and coefficients."""
    pairs = [(one.frame(cost), other.frame(cost)) for cost in ("brier", "sufficiency")]
    values = [(a[c], b[c]) for a, b in pairs for c in ("bop", "ci_low", "ci_upp")]
    values += [(getattr(one, m).params, getattr(other, m).params) for m in MODELS]
    return max(float((abs(a - b) / abs(a)).max()) for a, b in values)


MODELS = ("generic", "personalized")


def main(arguments: list[str]) -> None:
    from distributed import Client, LocalCluster

    given = [each.removeprefix("--parquet=") for each in arguments if each.startswith("--")]
    rows = next((int(each) for each in arguments if each.isdecimal()), 2_000_000)
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        path, small = Path(given[0] if given else Path(folder) / "all.parquet"), Path(folder) / "s"
        if not path.exists():
            write(path, rows)
        small.mkdir()
        for i in range(2):
            pq.write_table(batch(2000, i), small / f"{i}.parquet")
        analysed(small, client)
        runs = [(analysed(path), analysed(path, client)) for _ in range(TIMES)]
        rows = pq.ParquetFile(path).metadata.num_rows
    alone, spread = np.array([[one[0], two[0]] for one, two in runs]).T
    ratios = np.sort(spread / alone)
    print(f"{rows:,} rows, one process, then two workers; seconds are medians of {TIMES}\n")
    print("one process   cluster   cluster / one process        largest relative difference")
    print(
        f"{np.median(alone):11.1f} {np.median(spread):9.1f}   "
        f"{ratios[1]:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        f"{difference(runs[0][0][1], runs[0][1][1]):>30.1e}"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
