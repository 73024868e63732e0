"""Who is in the table: one row an admission or ICU stay, and how many were left out for what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bopstats.datasets.mimic3.coding import CHAPTERS, chapter_sql, ethnicity_sql
from bopstats.datasets.mimic3.csvfiles import CsvFile
from bopstats.exceptions import DataError

ADULT = 16  # years; everybody younger in MIMIC-III is a newborn
OLD, OLD_SHOWN = 89, 91.4  # dates of birth above 89 are shifted by centuries; median age of those
_YEAR = 365.2425

_KEYS = {"PATIENTS": "SUBJECT_ID", "ADMISSIONS": "HADM_ID", "ICUSTAYS": "ICUSTAY_ID"}
_STAYS = {
    "admission": "SELECT subject_id, hadm_id, NULL::BIGINT AS icustay_id, "
    "admittime AS start, dischtime AS finish FROM admissions",
    "icustay": "SELECT subject_id, hadm_id, icustay_id, "
    "intime AS start, outtime AS finish FROM icustays",
}
# The first reason that holds counts.
_REASONS = {
    "not in ADMISSIONS": "a.hadm_id IS NULL",
    "not in PATIENTS": "p.subject_id IS NULL",
    "a time is missing": "start IS NULL OR finish IS NULL OR admittime IS NULL OR dob IS NULL",
    f"younger than {ADULT} years": f"years < {ADULT}",
    "end not after start": "finish <= start",
}


def load(connection: Any, files: Mapping[str, CsvFile]) -> None:
    """Read the small files into tables of the same names; ids must be there, once each."""
    for name in ("PATIENTS", "ADMISSIONS", "ICUSTAYS", "DIAGNOSES_ICD"):
        connection.register("source", files[name].read())
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM source")
        connection.unregister("source")
        if name in _KEYS:
            _check_ids(connection, files[name])
    wrong = connection.sql(
        "SELECT DISTINCT coalesce(gender, '') FROM patients WHERE gender NOT IN ('F', 'M') "
        "OR gender IS NULL ORDER BY 1"
    ).fetchall()
    if wrong:
        got = ", ".join(repr(value) for (value,) in wrong[:5])
        raise DataError(f"{files['PATIENTS'].path.name}: GENDER: got {got}; allowed: 'F', 'M'")


def _check_ids(connection: Any, file: CsvFile) -> None:
    key = _KEYS[file.name]
    [(rows, given, distinct)] = connection.sql(
        f"SELECT count(*), count({key}), count(DISTINCT {key}) FROM {file.name}"
    ).fetchall()
    if given < rows:
        raise DataError(f"{file.path.name}: {rows - given} of {rows} rows have no {key}")
    if distinct < given:
        raise DataError(f"{file.path.name}: {given - distinct} of {rows} rows repeat a {key}")


def select(connection: Any, unit: str) -> list[dict[str, Any]]:
    """Make table `cohort` and return the flow of rows into it: step, dropped, left.

    Column `place` of the table counts from 0 in the order of subject, admission, ICU stay.
    """
    reasons = " ".join(f"WHEN {holds} THEN '{reason}'" for reason, holds in _REASONS.items())
    connection.execute(
        f"""
        CREATE TABLE candidates AS
        SELECT s.*, a.* EXCLUDE (subject_id, hadm_id), p.gender,
               epoch(a.admittime - p.dob) / ({_YEAR} * 86400) AS years, CASE {reasons} END AS reason
        FROM ({_STAYS[unit]}) s
        LEFT JOIN admissions a ON s.hadm_id = a.hadm_id
        LEFT JOIN patients p ON s.subject_id = p.subject_id
        """
    )
    connection.execute(
        """
        CREATE TABLE cohort AS
        SELECT (row_number() OVER (ORDER BY subject_id, hadm_id, icustay_id) - 1)::INTEGER AS place,
               * EXCLUDE (reason)
        FROM candidates WHERE reason IS NULL
        """
    )
    return _flow(connection, unit)


def _flow(connection: Any, unit: str) -> list[dict[str, Any]]:
    counts = dict(
        connection.sql("SELECT reason, count(*) FROM candidates GROUP BY reason").fetchall()
    )
    left = sum(counts.values())
    flow = [{"step": f"{unit} rows read", "dropped": 0, "left": left}]
    for reason in _REASONS:
        dropped = counts.get(reason, 0)
        left -= dropped
        flow.append({"step": reason, "dropped": dropped, "left": left})
    if left == 0:
        told = ", ".join(f"{step['step']} {step['dropped']}" for step in flow[1:])
        raise DataError(f"path: none of {flow[0]['left']} {unit} rows is left ({told})")
    return flow


def people(connection: Any) -> pd.DataFrame:
    """Return what is known of each row but measurements, in the order of `place`."""
    frame: pd.DataFrame = connection.sql(
        f"""
        SELECT subject_id, hadm_id, icustay_id,
               CASE gender WHEN 'F' THEN 'female' ELSE 'male' END AS sex,
               CASE WHEN years > {OLD} THEN {OLD_SHOWN} ELSE years END::DOUBLE AS age,
               {ethnicity_sql("ethnicity")} AS ethnicity, ethnicity AS ethnicity_detail,
               insurance, language, marital_status, admission_type,
               epoch(finish - start) / 86400 AS los_days, hospital_expire_flag AS died
        FROM cohort ORDER BY place
        """
    ).df()
    return frame


def diagnoses(connection: Any) -> pd.DataFrame:
    """Return 0/1 for each ICD-9 chapter, and the chapter of the first diagnosis.

    All are missing where an admission has no coded diagnosis.
    """
    has = ", ".join(
        f"max((chapter = '{chapter}')::TINYINT) AS icd9_{chapter}" for chapter in CHAPTERS
    )
    frame: pd.DataFrame = connection.sql(
        f"""
        WITH coded AS (
            SELECT hadm_id, seq_num, icd9_code, {chapter_sql("icd9_code")} AS chapter
            FROM diagnoses_icd WHERE icd9_code IS NOT NULL
        ), found AS (
            SELECT hadm_id, {has},
                   first(chapter ORDER BY seq_num, icd9_code) AS primary_chapter
            FROM coded GROUP BY hadm_id
        )
        SELECT found.* EXCLUDE (hadm_id) FROM cohort LEFT JOIN found USING (hadm_id) ORDER BY place
        """
    ).df()
    return frame
