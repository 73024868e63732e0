"""From a folder of CSV files to one row an admission or ICU stay."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd

from bopstats._progress import progress_bar
from bopstats._validation import check_choice, check_count, check_real, fail
from bopstats.datasets.mimic3 import cohort, events
from bopstats.datasets.mimic3.cache import Cache, fingerprint
from bopstats.datasets.mimic3.coding import ETHNICITIES
from bopstats.datasets.mimic3.csvfiles import CsvFile, find_files
from bopstats.datasets.mimic3.engine import check_libraries, check_memory, connected
from bopstats.datasets.mimic3.items import LABS, VITAL_SIGNS

_UNITS = {"admission": "hadm_id", "icustay": "icustay_id"}
_LAB_LEAD = 6  # hours: blood taken in the emergency room belongs to the first day


def build(
    path: str | Path,
    *,
    unit: str = "admission",
    hours: float = 24,
    cache: str | Path | None = None,
    memory: str = "2GB",
    threads: int | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Read a MIMIC-III folder into one row an admission or ICU stay.

    Parameters
    ----------
    path : str or Path
        Folder with PATIENTS, ADMISSIONS, ICUSTAYS, DIAGNOSES_ICD, CHARTEVENTS and LABEVENTS, each
        as .csv or .csv.gz (the plain one is read if both are there); names of files and columns
        in upper or lower case. The full release (CHARTEVENTS: 330 million rows) and the demo are
        read alike. Nothing is downloaded.
    unit : {"admission", "icustay"}
        What a row is. The first hours count from ADMITTIME or from INTIME.
    hours : float
        Length of the window of labs and vital signs, in hours.
    cache : str or Path, optional
        Folder that keeps the result and finished parts of it, so that the same call is quick and a
        run that was stopped goes on. It then holds patients' data. Without it nothing is written.
    memory : str
        Cap on memory, such as ``"2GB"``; at least 1.5 GB. Fewer threads need less.
    threads : int, optional
        Threads of DuckDB; 1 also reads the files with one. Default: all.
    progress : bool, optional
        Show a progress bar (needs tqdm). Default: in a terminal or notebook.

    Returns
    -------
    DataFrame, one row an admission or ICU stay, by subject, admission, stay
        ``subject_id``, ``hadm_id`` (and ``icustay_id``); ``sex``; ``age`` at admission in years,
        above 89 shown as 91.4; ``ethnicity`` (White, Black, Hispanic, Asian, Other/Unknown) and
        ``ethnicity_detail`` as recorded; ``insurance``, ``language``, ``marital_status`` and
        ``admission_type`` as recorded; ``los_days`` length of the stay in days; ``died`` in the
        hospital (0/1); mean, min and max of vital signs and labs, such as ``heart_rate_mean`` and
        ``creatinine_max``, missing where nothing was measured; ``icd9_circulatory`` and so on,
        0/1 for each chapter of ICD-9-CM among all diagnoses, and ``primary_chapter``, that of the
        first one.

        ``attrs["flow"]``: rows read, dropped for each reason, left. ``attrs["measurements"]``: for
        each variable how many numbers were used, out of range, marked as errors, or absent. Both
        are lists of records: ``pd.DataFrame(frame.attrs["flow"])``. ``attrs["note"]`` is carried
        into every summary.

    Raises
    ------
    ArgumentError
        If an argument is not of an allowed kind, or the cache cannot be written to.
    DataError
        If a file is missing, damaged, not UTF-8, without a column that is read, repeats an id, or
        if no row is left; or if duckdb or pyarrow is not installed (extra ``mimic``).

    Notes
    -----
    Vital signs are those charted in the window ``start < t <= start + hours``; labs those of
    ``start - 6 h <= t <= start + hours``, as in the MIMIC Code Repository, whose item ids and
    limits are used. Newborns, stays without a time and stays that end before they begin are left
    out. Diagnoses are coded after discharge: they are not known when the stay begins.
    docs/mimic3.md has the tables of items, units and limits.

    Source: Johnson AEW, Pollard TJ, Shen L, et al. MIMIC-III, a freely accessible critical care
    database. Sci Data 2016;3:160035.

    Examples
    --------
    >>> import bopstats as bop
    >>> stays = bop.datasets.mimic3.build("mimic-iii-1.4", cache="mimic-cache")  # doctest: +SKIP
    >>> bop.glm("died ~ heart_rate_mean + creatinine_max | sex * ethnicity", stays,
    ...         cluster="subject_id").fit(rng=1)  # doctest: +SKIP
    """
    check_choice("unit", unit, _UNITS)
    hours = check_real("hours", hours, low=0.0, high=24.0 * 366)
    limit = check_memory(memory)
    threads = None if threads is None else check_count("threads", threads)
    check_libraries()
    files = find_files(_check_folder("path", path))
    folder = None if cache is None else _check_folder("cache", cache)
    store = Cache(folder, fingerprint(files.values(), {"unit": unit, "hours": hours}))
    frame = store.read_frame()
    if frame is None:
        with connected(limit, threads) as connection:
            frame = _built(connection, files, unit, hours, store, threads, progress)
        store.write_frame(frame)
    return frame


def _built(
    connection: Any,
    files: dict[str, CsvFile],
    unit: str,
    hours: float,
    store: Cache,
    threads: int | None,
    progress: bool | None,
) -> pd.DataFrame:
    cohort.load(connection, files)
    flow = cohort.select(connection, unit)
    rows = flow[-1]["left"]
    sources = (
        events.Source(files["CHARTEVENTS"], VITAL_SIGNS, _UNITS[unit], 0, hours),
        events.Source(files["LABEVENTS"], LABS, "hadm_id", _LAB_LEAD, hours),
    )
    measured: dict[str, Any] = {}
    counted: list[dict[str, Any]] = []
    with progress_bar(sum(s.file.size for s in sources), "MIMIC-III", progress) as advance:
        for source in sources:
            whole = events.add_up(connection, source, store, threads, advance)
            measured |= events.columns(whole, source, rows)
            counted += events.counts(whole, source)
    people = _typed(cohort.people(connection), unit)
    chapters = _typed(cohort.diagnoses(connection), unit)
    frame = pd.concat([people, pd.DataFrame(measured), chapters], axis=1)
    frame.attrs = {"note": _note(unit, hours, flow, counted), "flow": flow, "measurements": counted}
    return frame


def _typed(frame: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Give each column its type: categories of the levels that are there, flags, numbers."""
    if unit == "admission" and "icustay_id" in frame:
        frame = frame.drop(columns="icustay_id")
    types: dict[str, Any] = {}
    for name, column in frame.items():
        if name == "died" or str(name).startswith("icd9_"):
            types[str(name)] = "Int8"
        elif not pd.api.types.is_numeric_dtype(column):
            types[str(name)] = "category"
    frame = frame.astype(types)
    if "ethnicity" in frame:
        there = [each for each in ETHNICITIES if each in frame["ethnicity"].cat.categories]
        frame["ethnicity"] = frame["ethnicity"].cat.reorder_categories(there)
    return frame


def _note(
    unit: str, hours: float, flow: list[dict[str, Any]], counted: list[dict[str, Any]]
) -> str:
    """Say in a few sentences what a reader of any analysis of these rows must know."""
    dropped = {step["step"]: step["dropped"] for step in flow if step["dropped"]}
    told = ", ".join(f"{reason} {count}" for reason, count in dropped.items())
    left_out = f"left out: {told}" if told else "none left out"
    used, out, wrong = (
        sum(each[name] for each in counted) for name in ("used", "out_of_range", "marked_error")
    )
    rows = "admission" if unit == "admission" else "ICU stay"
    return (
        f"MIMIC-III (one hospital, 2001-2012): a row is one {rows}; {flow[0]['left']} read, "
        f"{left_out}. Labs and vital signs are those of the first {hours:g} hours: {used} numbers "
        f"used, {out} out of range and {wrong} marked as errors dropped. Ages above {cohort.OLD} "
        f"are shown as {cohort.OLD_SHOWN}. Diagnoses are coded after discharge. A patient can have "
        "several rows: cluster='subject_id' takes that into account."
    )


def _check_folder(name: str, value: object) -> Path:
    if not isinstance(value, (str, os.PathLike)):
        fail(name, value, "the name of a folder")
    return Path(value)
