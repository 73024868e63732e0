"""The analysis of reference on a Parquet file larger than one would load, pass by pass.

    python benchmarks/streaming.py [rows, 1e7] [--file=PATH]

Writes a file of 25 columns (20 numbers, three attributes, outcome, key; about 40 bytes a row),
unless it is there, reads it as pyarrow does with nothing else to do, and analyses it, each in a
process of its own: seconds, rows a second, and the peak of the whole process's memory. Then the
first million rows are analysed in memory too, with the same folds, and every figure compared.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from measured import ATTRIBUTES, GENERIC, PERSONAL, TERMS, alone, invented, numbers, show

FORMULA = f"y ~ {GENERIC} | {PERSONAL}"
COSTS = ("brier", "zero_one")
COLUMNS = [*(f"x{i}" for i in range(TERMS)), *ATTRIBUTES, "y"]
AT_ONCE, GROUP, COMPARED = 1_000_000, 250_000, 1_000_000


def write(path: str, rows: int) -> None:
    """Write so many invented people, numbers rounded to three digits."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer = None
    for start in range(0, rows, AT_ONCE):
        people = invented(min(AT_ONCE, rows - start), seed=start).round(3)
        people["id"] = np.arange(start, start + len(people))
        table = pa.Table.from_pandas(people, preserve_index=False)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=GROUP)
    if writer is not None:
        writer.close()


def peak_mib() -> float:
    """Peak of this process's resident memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def bare(path: str) -> tuple[int, float, float]:
    """Read the columns in batches and drop them: rows, seconds, peak."""
    import pyarrow.parquet as pq

    start = time.perf_counter()
    batches = pq.ParquetFile(path).iter_batches(batch_size=131_072, columns=COLUMNS)
    rows = sum(batch.num_rows for batch in batches)
    return rows, time.perf_counter() - start, peak_mib()


def analysed(path: str) -> tuple[list[tuple[str, float]], float, float]:
    """Analyse the file: each pass and its seconds, seconds in all, peak."""
    import bopstats as bop
    from bopstats.streaming import learning, rows

    people = invented(2000)
    str(bop.glm(FORMULA, [people]).fit(repeats=1, costs=COSTS, progress=False).summary())
    passes, plain = [], rows.passed

    def timed(source: Any, columns: Any, work: Any, label: str, shown: Any = None) -> Any:
        start = time.perf_counter()
        found = plain(source, columns, work, label, shown)
        passes.append((label, time.perf_counter() - start))
        return found

    rows.passed = learning.passed = timed
    start = time.perf_counter()
    res = bop.glm(FORMULA, path).fit(repeats=1, costs=COSTS, progress=False)
    str(res.summary())
    return passes, time.perf_counter() - start, peak_mib()


def compared(path: str) -> float:
    """Largest relative difference of any figure from the analysis in memory."""
    import pyarrow.parquet as pq

    import bopstats as bop

    file = pq.ParquetFile(path)
    table = file.read_row_groups(range(min(COMPARED // GROUP, file.num_row_groups)))
    people = table.to_pandas()
    pieces = [people.iloc[at : at + 70_000] for at in range(0, len(people), 70_000)]
    whole = bop.glm(FORMULA, people).fit(repeats=1, folds="hash", costs=COSTS)
    other = bop.glm(FORMULA, pieces).fit(repeats=1, costs=COSTS)
    found = 0.0
    for cost in whole.evaluation.costs:
        one, two = (each.frame(cost.name).select_dtypes("number") for each in (whole, other))
        gap = np.abs(one - two) / np.abs(one).where(one != 0, 1.0)
        found = max(found, float(np.nanmax(gap.to_numpy())))
    assert str(whole.summary()) == str(other.summary())
    return found


def main() -> None:
    (rows,) = numbers((10_000_000,))
    named = [each.partition("=")[2] for each in sys.argv[1:] if each.startswith("--file=")]
    with tempfile.TemporaryDirectory() as folder:
        path = named[0] if named else f"{folder}/people.parquet"
        if not Path(path).exists():
            alone(write, path, rows)
        rows, seconds, peak = alone(bare, path)
        print(
            f"{rows:,} rows of {len(COLUMNS)} columns, {Path(path).stat().st_size / 1e9:.2f} GB\n"
        )
        passes, total, ours = alone(analysed, path)
        table = [("bare pyarrow read", seconds, peak), *((*each, None) for each in passes)]
        table.append(("whole analysis", total, ours))
        show(
            ["pass", "seconds", "rows/s", "times bare", "peak MiB"],
            [
                [
                    *(name, f"{spent:.2f}", f"{rows / spent:,.0f}", f"{spent / seconds:.1f}"),
                    "" if mib is None else f"{mib:.0f}",
                ]
                for name, spent, mib in table
            ],
        )
        print(f"largest relative difference from memory: {alone(compared, path):.1e}")


if __name__ == "__main__":
    main()
