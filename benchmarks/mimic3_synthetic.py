"""Read an invented MIMIC-III folder of any size and report memory, time and rows a second.

    python benchmarks/mimic3_synthetic.py [--rows 50000000] [--folder DIR] [--gzip] [--memory 2GB]

The folder has the schema of the release and as many stays as it, with events in random order,
which is the hardest one to add up. `build` runs in a process of its own, first without and then
with its finished parts; DuckDB reads the same CSV file by itself to check one variable. What was
written is removed at the end.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from bopstats.datasets.mimic3.items import LABS, VITAL_SIGNS

PATIENTS, STAYS = 46_520, 61_532  # as in MIMIC-III 1.4
OTHER_ITEMS = 40  # events of items that are not read, as six in seven of the release are

_STAYS = f"""
CREATE TABLE stays AS
SELECT i AS n, 1 + i % {PATIENTS} AS subject_id, 100000 + i AS hadm_id, 200000 + i AS icustay_id,
       TIMESTAMP '2130-01-01' + to_seconds((hash(i) % 600000000)::BIGINT) AS begin,
       1 + hash(i + 7) % 9 AS days
FROM range({STAYS}) t(i)
"""
_SMALL = {
    "PATIENTS": f"""
        SELECT i AS ROW_ID, i AS SUBJECT_ID, CASE i % 2 WHEN 0 THEN 'F' ELSE 'M' END AS GENDER,
               TIMESTAMP '2070-01-01' - to_days((hash(i) % 15000)::INTEGER) AS DOB
        FROM range(1, {PATIENTS + 1}) t(i)""",
    "ADMISSIONS": """
        SELECT n AS ROW_ID, subject_id AS SUBJECT_ID, hadm_id AS HADM_ID, begin AS ADMITTIME,
               begin + to_days(days::INTEGER + 1) AS DISCHTIME, 'EMERGENCY' AS ADMISSION_TYPE,
               'Medicare' AS INSURANCE, 'ENGL' AS LANGUAGE, 'MARRIED' AS MARITAL_STATUS,
               ['WHITE', 'ASIAN', 'OTHER', 'HISPANIC OR LATINO', 'BLACK/AFRICAN'][1 + n % 5]
               AS ETHNICITY, n % 9 // 8 AS HOSPITAL_EXPIRE_FLAG FROM stays""",
    "ICUSTAYS": """
        SELECT n AS ROW_ID, subject_id AS SUBJECT_ID, hadm_id AS HADM_ID, icustay_id AS ICUSTAY_ID,
               begin AS INTIME, begin + to_days(days::INTEGER) AS OUTTIME FROM stays""",
    "DIAGNOSES_ICD": """
        SELECT n AS ROW_ID, hadm_id AS HADM_ID, 1 AS SEQ_NUM,
               lpad((1 + n % 999)::VARCHAR, 3, '0') || '1' AS ICD9_CODE FROM stays""",
}


def _items(measures: tuple[object, ...], others: int) -> str:
    """Return SQL for a list of items; those of no variable come between them."""
    mine = [item for measure in measures for item in measure.items]  # type: ignore[attr-defined]
    return str(mine + [1_000_000 + i for i in range(others)])


def _events(rows: int, items: str, start: int) -> str:
    return f"""
    WITH drawn AS (
        SELECT i, hash(i) AS a, hash(i + 1000000007) AS b FROM range({start}, {start + rows}) t(i)
    )
    SELECT i AS ROW_ID, subject_id AS SUBJECT_ID, hadm_id AS HADM_ID, icustay_id AS ICUSTAY_ID,
           {items}[1 + (b % len({items}))::BIGINT] AS ITEMID,
           begin + to_minutes((a // 65536 % (days * 1440))::BIGINT) AS CHARTTIME,
           begin + to_minutes((a // 65536 % (days * 1440))::BIGINT) AS STORETIME,
           b % 20000 AS CGID, (60 + b // 4096 % 600 / 10)::DECIMAL(6, 1)::VARCHAR AS VALUE,
           (60 + b // 4096 % 600 / 10)::DECIMAL(6, 1) AS VALUENUM, 'mmHg' AS VALUEUOM, 0 AS WARNING,
           (b // 99 % 500 = 0)::INTEGER AS ERROR, '' AS RESULTSTATUS, '' AS STOPPED
    FROM drawn JOIN stays ON n = a % {STAYS}"""


def write(folder: Path, rows: int, *, zipped: bool) -> None:
    with duckdb.connect(config={"memory_limit": "2GB", "temp_directory": ""}) as connection:
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(_STAYS)
        queries = dict(_SMALL)
        queries["CHARTEVENTS"] = _events(rows, _items(VITAL_SIGNS, OTHER_ITEMS), 0)
        labs = _events(rows // 12, _items(LABS, 10), rows)
        columns = "ROW_ID, SUBJECT_ID, HADM_ID, ITEMID, CHARTTIME, VALUE, VALUENUM, VALUEUOM"
        queries["LABEVENTS"] = f"SELECT {columns}, 'abnormal' AS FLAG FROM ({labs})"
        for name, query in queries.items():
            path = folder / f"{name}.csv"
            connection.execute(
                f"COPY ({query}) TO '{path}' (HEADER, TIMESTAMPFORMAT '%Y-%m-%d %H:%M:%S')"
            )
            if zipped:  # DuckDB's own gzip takes ten times as long
                subprocess.run(["gzip", "-1", str(path)], check=True)


_BUILD = """
import json, re, sys, time
from bopstats.datasets import mimic3
begin = time.perf_counter()
frame = mimic3.build(sys.argv[1], cache=sys.argv[2], memory=sys.argv[3])
seconds = time.perf_counter() - begin
frame.to_parquet(sys.argv[4])
peak = re.search(r"VmHWM:\\s*([0-9]+) kB", open("/proc/self/status").read())[1]
print(json.dumps({"seconds": seconds, "peak": int(peak)}))
"""


def build(folder: Path, work: Path, memory: str) -> tuple[float, float]:
    """Return seconds and GB at the peak of one call in a process of its own."""
    call = [sys.executable, "-c", _BUILD, str(folder), str(work / "cache"), memory]
    call.append(str(work / "out.parquet"))
    out = json.loads(subprocess.run(call, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return out["seconds"], out["peak"] * 1024 / 1e9


def largest_difference(folder: Path, work: Path) -> float:
    """Compare heart_rate_mean with what DuckDB's own CSV reader gives."""
    (path,) = folder.glob("CHARTEVENTS.csv*")
    (admissions,) = folder.glob("ADMISSIONS.csv*")
    query = f"""
    SELECT e.HADM_ID AS hadm_id, avg(VALUENUM) AS plain
    FROM read_csv('{path}') e JOIN read_csv('{admissions}') a ON e.HADM_ID = a.HADM_ID
    WHERE ITEMID IN (211, 220045) AND ERROR = 0 AND CHARTTIME > ADMITTIME
          AND CHARTTIME <= ADMITTIME + INTERVAL 24 HOUR GROUP BY 1"""
    with duckdb.connect(config={"memory_limit": "4GB"}) as connection:
        plain = connection.sql(query).df().set_index("hadm_id")["plain"]
    ours = pd.read_parquet(work / "out.parquet").set_index("hadm_id")["heart_rate_mean"]
    assert len(plain) == ours.notna().sum() > 0
    return float(np.abs(ours - plain).max())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--gzip", action="store_true")
    parser.add_argument("--memory", default="2GB")
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(dir=options.folder, prefix="mimic3-synthetic-"))
    try:
        folder = work / "in"
        folder.mkdir()
        needed, free = options.rows * 150, shutil.disk_usage(work).free
        assert needed < free, f"needs {needed / 1e9:.0f} GB of disk, {free / 1e9:.0f} are free"
        begin = time.perf_counter()
        write(folder, options.rows, zipped=options.gzip)
        size = sum(path.stat().st_size for path in folder.glob("*EVENTS*"))
        print(f"{options.rows:,} rows, {size / 1e9:.2f} GB: {time.perf_counter() - begin:.0f} s")
        seconds, peak = build(folder, work, options.memory)
        total = options.rows + options.rows // 12
        print(f"build: {seconds:.1f} s, {total / seconds:,.0f} rows/s, peak {peak:.2f} GB")
        (work / "cache").rglob("frame.parquet").__next__().unlink()
        print(f"from finished parts: {build(folder, work, options.memory)[0]:.1f} s")
        print(f"from the cache: {build(folder, work, options.memory)[0]:.1f} s")
        print(f"largest difference of heart_rate_mean: {largest_difference(folder, work):.1e}")
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
