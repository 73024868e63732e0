"""A folder with the schema of MIMIC-III and invented people, small enough to read by eye."""

import gzip
import io

import pandas as pd

DAY = "2150-01-01 00:00:00"


def tables():
    """Three admissions of two people, one ICU stay each; every table with its official columns."""
    patients = pd.DataFrame(
        {
            "ROW_ID": [1, 2],
            "SUBJECT_ID": [1, 2],
            "GENDER": ["F", "M"],
            "DOB": ["2100-01-01 00:00:00", "1850-01-01 00:00:00"],
            "EXPIRE_FLAG": [0, 1],
        }
    )
    admissions = pd.DataFrame(
        {
            "ROW_ID": [1, 2, 3],
            "SUBJECT_ID": [1, 1, 2],
            "HADM_ID": [12, 11, 21],
            "ADMITTIME": ["2150-06-01 00:00:00", DAY, DAY],
            "DISCHTIME": ["2150-06-03 12:00:00", "2150-01-02 06:00:00", "2150-01-05 00:00:00"],
            "ADMISSION_TYPE": ["EMERGENCY", "ELECTIVE", "URGENT"],
            "INSURANCE": ["Medicare", "Private", "Medicaid"],
            "LANGUAGE": ["ENGL", None, "SPAN"],
            "RELIGION": ["ÉGLISE", "NONE", "NONE"],
            "MARITAL_STATUS": ["MARRIED", None, "SINGLE"],
            "ETHNICITY": ["WHITE - RUSSIAN", "WHITE", "ASIAN - CHINESE"],
            "DIAGNOSIS": ['SAID "OUCH"', "TWO\nLINES", "A,B"],
            "HOSPITAL_EXPIRE_FLAG": [0, 0, 1],
        }
    )
    icustays = pd.DataFrame(
        {
            "ROW_ID": [1, 2, 3],
            "SUBJECT_ID": [1, 1, 2],
            "HADM_ID": [11, 12, 21],
            "ICUSTAY_ID": [111, 112, 211],
            "INTIME": ["2150-01-01 01:00:00", "2150-06-01 02:00:00", DAY],
            "OUTTIME": ["2150-01-02 01:00:00", "2150-06-03 02:00:00", "2150-01-04 00:00:00"],
        }
    )
    diagnoses = pd.DataFrame(
        {
            "ROW_ID": [1, 2, 3],
            "SUBJECT_ID": [1, 1, 2],
            "HADM_ID": [11, 11, 21],
            "SEQ_NUM": [2, 1, 1],
            "ICD9_CODE": ["E8497", "V3000", "0389"],
        }
    )
    chart = [
        (11, 111, 211, "2150-01-01 02:00:00", 80, 0),
        (11, 111, 220045, "2150-01-01 03:00:00", 90, None),
        (11, 111, 220045, "2150-01-01 04:00:00", 301, 0),  # out of range
        (11, 111, 220045, "2150-01-01 05:00:00", 200, 1),  # marked as an error
        (11, 111, 220045, "2150-01-01 06:00:00", None, 0),  # no number
        (11, 111, 220045, "2150-01-03 03:00:00", 40, 0),  # after the window
        (11, 111, 223761, "2150-01-01 02:00:00", 98.6, 0),
        (11, 111, 223762, "2150-01-01 02:00:00", 39, 0),
        (21, 211, 220277, "2150-01-01 02:00:00", 97, 0),
        (None, None, 220277, "2150-01-01 02:00:00", 1, 0),
    ]
    columns = ["HADM_ID", "ICUSTAY_ID", "ITEMID", "CHARTTIME", "VALUENUM", "ERROR"]
    labs = [
        (11, 50912, "2149-12-31 19:00:00", 1.5),  # before admission, within 6 hours
        (11, 50912, "2149-12-31 17:00:00", 9.0),
        (11, 50912, "2150-01-01 12:00:00", 2.5),
        (11, 51144, "2150-01-01 12:00:00", 0.0),
    ]
    chart_events = pd.DataFrame(chart, columns=columns).assign(VALUE='a "quoted"\nvalue')
    chart_events = chart_events.astype(
        {"HADM_ID": "Int64", "ICUSTAY_ID": "Int64", "ERROR": "Int64"}
    )
    return {
        "PATIENTS": patients,
        "ADMISSIONS": admissions,
        "ICUSTAYS": icustays,
        "DIAGNOSES_ICD": diagnoses,
        "CHARTEVENTS": chart_events,
        "LABEVENTS": pd.DataFrame(labs, columns=["HADM_ID", "ITEMID", "CHARTTIME", "VALUENUM"]),
    }


def as_csv(frame):
    text = io.StringIO()
    frame.to_csv(text, index=False, lineterminator="\n")
    return text.getvalue().encode()


def write(folder, made=None, *, lower=False, zipped=False):
    """Write the tables as CSV files; a table given as bytes is written as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in (tables() if made is None else made).items():
        if not isinstance(table, bytes):
            table = table.rename(columns=str.lower) if lower else table
            table = as_csv(table)
        file = f"{name}.csv"
        file = file.lower() if lower else file
        if zipped:
            (folder / f"{file}.gz").write_bytes(gzip.compress(table, mtime=0))
        else:
            (folder / file).write_bytes(table)
    return folder
