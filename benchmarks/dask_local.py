"""The same analysis of one Parquet file by one process, and by a cluster of two on this machine.

Run as ``python benchmarks/dask_local.py [rows] [--parquet=FILE]``, by default 2,000,000 rows of 25
columns, which are written to a temporary folder unless the file is there already. The analysis is
that of reference: binomial, 20 numeric terms, 16 groups, 5-fold cross-fitting, costs of prediction
and explanation. The workers are two processes of one thread each, and have imported the package
before the clock starts. Both ways are run in turn, three times, and medians are shown: seconds by
the clock, which other work on the machine disturbs, and seconds of processor of all processes,
which it disturbs less.
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
MODELS = ("generic", "personalized")
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


def analysed(path: Path, client: Any = None) -> tuple[float, float, Any]:
    """Seconds by the clock, seconds of processor, and results."""
    start, busy = time.perf_counter(), processor(client)
    found = bop.glm(FORMULA, path, client=client).fit(**OPTIONS)
    return time.perf_counter() - start, processor(client) - busy, found


def processor(client: Any) -> float:
    """Seconds of processor that this process and the workers have used."""
    workers = {} if client is None else client.run(time.process_time)
    return time.process_time() + sum(workers.values())


def difference(one: Any, other: Any) -> float:
    """Largest relative difference of benefits, their limits and coefficients."""
    pairs = [(one.frame(cost), other.frame(cost)) for cost in ("brier", "sufficiency")]
    values = [(a[c], b[c]) for a, b in pairs for c in ("bop", "ci_low", "ci_upp")]
    values += [(getattr(one, m).params, getattr(other, m).params) for m in MODELS]
    return max(float((abs(a - b) / abs(a)).max()) for a, b in values)


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
        rows = pq.ParquetFile(path).metadata.num_rows
        analysed(small, client)
        runs = [(analysed(path), analysed(path, client)) for _ in range(TIMES)]
    times = np.array([[one[:2], two[:2]] for one, two in runs])
    ratios = times[:, 1] / times[:, 0]
    print(f"{rows:,} rows; medians of {TIMES} runs of each way, in turn\n")
    print("                    one process   two workers   ratio (smallest to largest)")
    for j, what in enumerate(("seconds", "processor seconds")):
        one, two = np.median(times[:, :, j], axis=0)
        low, middle, high = np.sort(ratios[:, j])[[0, TIMES // 2, -1]]
        print(f"{what:18} {one:12.1f} {two:13.1f}   {middle:.2f} ({low:.2f} to {high:.2f})")
    print(f"largest relative difference {difference(runs[0][0][2], runs[0][1][2]):.1e}")


if __name__ == "__main__":
    main(sys.argv[1:])
