"""The MIMIC-III reader on the demo, against figures that plain pandas makes from the same files.

All 100 patients of the demo died some day: these figures test the reader, they tell nothing else.
"""

import re
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

import bopstats as bop
from bopstats.datasets import mimic3
from bopstats.datasets.mimic3.items import LABS, VITAL_SIGNS

pytest.importorskip("duckdb", reason="MIMIC-III needs the extra 'mimic'")
pytest.importorskip("pyarrow", reason="MIMIC-III needs the extra 'mimic'")

KEYS = {"admission": "HADM_ID", "icustay": "ICUSTAY_ID"}

# What the labels of the release's own dictionaries must say about the items of each variable.
LABELS = {
    "heart_rate": "^Heart Rate$",
    "systolic_bp": "systolic",
    "diastolic_bp": "diastolic",
    "mean_bp": "mean",
    "respiratory_rate": "^Resp.* Rate( |$)",
    "temperature": "temp",
    "spo2": "SpO2|saturation pulseoxymetry",
    "charted_glucose": "glucose",
    "gcs_eye": "Eye Opening",
    "gcs_motor": "Motor Response",
    "gcs_verbal": "Verbal Response",
    "albumin": "^Albumin$",
    "anion_gap": "^Anion Gap$",
    "bands": "^Bands$",
    "bicarbonate": "^Bicarbonate$",
    "bilirubin": "^Bilirubin, Total$",
    "bun": "^Urea Nitrogen$",
    "chloride": "^Chloride(, Whole Blood)?$",
    "creatinine": "^Creatinine$",
    "glucose": "^Glucose$",
    "hematocrit": "^Hematocrit(, Calculated)?$",
    "hemoglobin": "^Hemoglobin$",
    "inr": r"^INR\(PT\)$",
    "lactate": "^Lactate$",
    "platelets": "^Platelet Count$",
    "potassium": "^Potassium(, Whole Blood)?$",
    "pt": "^PT$",
    "ptt": "^PTT$",
    "sodium": "^Sodium(, Whole Blood)?$",
    "wbc": "^(WBC Count|White Blood Cells)$",
}
# Largest number used, where the smallest must be above 0.
HIGHEST = {
    **{"heart_rate": 300, "systolic_bp": 400, "diastolic_bp": 300, "mean_bp": 300},
    **{"respiratory_rate": 70, "spo2": 100, "charted_glucose": 1e4},
    **{"gcs_eye": 4, "gcs_motor": 6, "gcs_verbal": 5, "albumin": 10, "anion_gap": 1e4},
    **{"bicarbonate": 1e4, "bilirubin": 150, "bun": 300, "chloride": 1e4, "creatinine": 150},
    **{"glucose": 1e4, "hematocrit": 100, "hemoglobin": 50, "inr": 50, "lactate": 50},
    **{"platelets": 1e4, "potassium": 30, "pt": 150, "ptt": 150, "sodium": 200, "wbc": 1000},
}


@pytest.fixture(scope="module")
def demo(shared):
    return shared / "data" / "mimic3_demo"


@pytest.fixture(scope="module")
def tables(demo):
    names = ["PATIENTS", "ADMISSIONS", "ICUSTAYS", "DIAGNOSES_ICD", "D_ITEMS", "D_LABITEMS"]
    names += ["CHARTEVENTS", "LABEVENTS"]
    return {name: pd.read_csv(demo / f"{name}.csv.gz", low_memory=False) for name in names}


@pytest.fixture(scope="module", params=list(KEYS))
def unit(request):
    return request.param


@pytest.fixture(scope="module")
def frame(demo, unit):
    return mimic3.build(demo, unit=unit)


@pytest.fixture(scope="module")
def stays(tables, unit):
    """Rows in the order of the result, with begin and end of each."""
    admissions = tables["ADMISSIONS"].merge(tables["PATIENTS"], on="SUBJECT_ID")
    if unit == "admission":
        made = admissions.assign(begin=admissions["ADMITTIME"], end=admissions["DISCHTIME"])
        order = ["SUBJECT_ID", "HADM_ID"]
    else:
        icu = tables["ICUSTAYS"].rename(columns={"INTIME": "begin", "OUTTIME": "end"})
        icu = icu[["HADM_ID", "ICUSTAY_ID", "begin", "end"]]
        made = icu.merge(admissions, on="HADM_ID")
        order = ["SUBJECT_ID", "HADM_ID", "ICUSTAY_ID"]
    made = made.sort_values(order, ignore_index=True)
    return made.assign(begin=pd.to_datetime(made["begin"]), end=pd.to_datetime(made["end"]))


def numbers(tables, stays, unit, variable):
    """The numbers used, in common units, each with the key of its stay."""
    lab = variable in {measure.variable for measure in LABS}
    dictionary = tables["D_LABITEMS" if lab else "D_ITEMS"].set_index("ITEMID")
    key = "HADM_ID" if lab else KEYS[unit]
    items = [i for m in VITAL_SIGNS + LABS if m.variable == variable for i in m.items]
    rows = tables["LABEVENTS" if lab else "CHARTEVENTS"]
    rows = rows[rows["ITEMID"].isin(items) & rows["VALUENUM"].notna()]
    rows = rows.drop(columns=[c for c in ("SUBJECT_ID", "ROW_ID") if c in rows])
    mine = stays[list({key, KEYS[unit]})].assign(begin=stays["begin"], place=stays.index)
    if not lab:
        rows = rows[rows["ERROR"] != 1]
        rows = rows.drop(columns=[c for c in KEYS.values() if c != key])
    rows = rows.merge(mine, on=key)
    hours = (pd.to_datetime(rows["CHARTTIME"]) - rows["begin"]) / pd.Timedelta(hours=1)
    rows = rows[(hours >= -6) & (hours <= 24)] if lab else rows[(hours > 0) & (hours <= 24)]
    value = rows["VALUENUM"]
    if variable == "temperature":
        fahrenheit = rows["ITEMID"].map(dictionary["LABEL"]).str.contains(" F")
        celsius = ((value - 32) * 5 / 9).where(fahrenheit, value)
        kept = value.between(70, 120).where(fahrenheit, value.between(10, 50))
        return rows["place"][kept], celsius[kept]
    kept = value.between(0, 100) if variable == "bands" else value > 0
    kept &= value <= HIGHEST.get(variable, np.inf)
    return rows["place"][kept], value[kept]


@pytest.mark.parametrize("variable", LABELS)
def test_measurements_of_every_row_are_those_of_pandas(frame, tables, stays, unit, variable):
    place, value = numbers(tables, stays, unit, variable)
    assert len(value) > 15
    expected = value.groupby(place).agg(["mean", "min", "max"]).reindex(stays.index)
    got = frame[[f"{variable}_{figure}" for figure in expected]]
    assert got.notna().any(axis=None)
    np.testing.assert_allclose(got.to_numpy(), expected.to_numpy(), rtol=0, atol=1e-9)
    counted = pd.DataFrame(frame.attrs["measurements"]).set_index("variable")
    assert counted.loc[variable, "used"] == len(value)


def test_rows_are_all_there_and_in_order(frame, stays, unit):
    assert len(frame) == len(stays) == {"admission": 129, "icustay": 136}[unit]
    for name in ("SUBJECT_ID", "HADM_ID", KEYS[unit]):
        assert frame[name.lower()].tolist() == stays[name].tolist()
    assert ("icustay_id" in frame) == (unit == "icustay")


def test_people_are_those_of_the_files(frame, stays):
    assert frame["sex"].tolist() == stays["GENDER"].map({"F": "female", "M": "male"}).tolist()
    assert frame["died"].tolist() == stays["HOSPITAL_EXPIRE_FLAG"].tolist()
    days = (stays["end"] - stays["begin"]).dt.total_seconds() / 86400
    np.testing.assert_allclose(frame["los_days"], days, rtol=1e-14)
    for name in ("INSURANCE", "LANGUAGE", "MARITAL_STATUS", "ADMISSION_TYPE"):
        same = frame[name.lower()].astype(object)
        assert same.where(same.notna(), None).tolist() == [
            None if pd.isna(value) else value for value in stays[name]
        ]
    assert frame["ethnicity_detail"].tolist() == stays["ETHNICITY"].tolist()


def test_age_is_in_years_and_shifted_births_are_undone(frame, stays):
    born = [datetime.fromisoformat(text) for text in stays["DOB"]]
    admitted = [datetime.fromisoformat(text) for text in stays["ADMITTIME"]]
    years = [
        (b - a).total_seconds() / 86400 / 365.2425 for a, b in zip(born, admitted, strict=True)
    ]
    assert max(years) > 300
    np.testing.assert_allclose(frame["age"], [91.4 if y > 89 else y for y in years], rtol=1e-12)


def test_ethnicity_is_grouped(demo):
    counts = mimic3.build(demo)["ethnicity"].value_counts().to_dict()
    assert counts == {"White": 86, "Hispanic": 17, "Other/Unknown": 17, "Black": 7, "Asian": 2}
    order = ["White", "Black", "Hispanic", "Asian", "Other/Unknown"]
    assert list(mimic3.build(demo)["ethnicity"].cat.categories) == order


def chapter(code):
    """The chapter by the table of contents of ICD-9-CM."""
    if code[0] in "VE":
        return {"V": "supplementary", "E": "external"}[code[0]]
    ends = [139, 239, 279, 289, 319, 389, 459, 519, 579, 629, 679, 709, 739, 759, 779, 799, 999]
    names = "infectious neoplasms endocrine blood mental nervous circulatory respiratory digestive "
    names += "genitourinary pregnancy skin musculoskeletal congenital perinatal ill_defined injury"
    return names.split()[next(i for i, end in enumerate(ends) if int(code[:3]) <= end)]


def test_chapters_are_those_of_the_codes(frame, stays, tables):
    codes = tables["DIAGNOSES_ICD"].dropna(subset="ICD9_CODE")
    codes = codes.assign(chapter=codes["ICD9_CODE"].map(chapter)).sort_values("SEQ_NUM")
    held = codes.groupby("HADM_ID")["chapter"].agg(set)
    first = codes.groupby("HADM_ID")["chapter"].first()
    names = [name for name in frame if name.startswith("icd9_")]
    assert len(names) == 19
    for name in names:
        expected = [int(name[5:] in held[admission]) for admission in stays["HADM_ID"]]
        assert frame[name].tolist() == expected
    assert frame["primary_chapter"].tolist() == first.reindex(stays["HADM_ID"]).tolist()


def test_items_are_what_the_dictionaries_of_the_release_say(tables):
    names = {"D_ITEMS": VITAL_SIGNS, "D_LABITEMS": LABS}
    seen = []
    for table, measures in names.items():
        dictionary = tables[table].set_index("ITEMID")
        for measure in measures:
            rows = dictionary.loc[list(measure.items)]
            for label in rows["LABEL"]:
                assert re.search(LABELS[measure.variable], label, re.IGNORECASE), label
            if table == "D_ITEMS":
                assert (rows["LINKSTO"] == "chartevents").all()
                assert set(rows["DBSOURCE"]) == {"carevue", "metavision"} or "temp" in (
                    measure.variable
                )
            else:
                assert (rows["FLUID"] == "Blood").all()
            seen += measure.items
    assert len(seen) == len(set(seen))
    celsius, fahrenheit = (m.items for m in VITAL_SIGNS if m.variable == "temperature")
    labels = tables["D_ITEMS"].set_index("ITEMID")["LABEL"]
    assert labels[list(fahrenheit)].str.contains(" F").all()
    assert not labels[list(celsius)].str.contains(" F").any()


def test_what_is_not_used_is_counted(frame, tables, stays, unit):
    counted = pd.DataFrame(frame.attrs["measurements"]).set_index("variable")
    rows = tables["CHARTEVENTS"]
    rows = rows[rows["ITEMID"].isin([211, 220045])].drop(columns=["SUBJECT_ID"])
    rows = rows.merge(stays[[KEYS[unit], "begin"]], on=KEYS[unit])
    hours = (pd.to_datetime(rows["CHARTTIME"]) - rows["begin"]) / pd.Timedelta(hours=1)
    rows = rows[(hours > 0) & (hours <= 24)]
    wrong = rows["ERROR"] == 1
    assert counted.loc["heart_rate"].to_dict() == {
        "used": (rows["VALUENUM"].between(1, 300) & ~wrong).sum(),
        "out_of_range": ((rows["VALUENUM"] == 0) & ~wrong).sum(),
        "marked_error": wrong.sum(),
        "no_number": (rows["VALUENUM"].isna() & ~wrong).sum(),
    }
    assert counted.loc["heart_rate", "out_of_range"] == 5


def test_a_longer_window_sees_more(demo):
    day, week = (mimic3.build(demo, hours=hours) for hours in (24, 168))
    assert (week["heart_rate_max"] >= day["heart_rate_max"]).sum() == 107
    assert week["heart_rate_max"].notna().sum() > 107


def test_the_note_reaches_the_summary(frame):
    data = frame.dropna(subset=["heart_rate_mean"])
    model = bop.glm("died ~ heart_rate_mean | sex", data, "binomial", cluster="subject_id")
    text = " ".join(model.fit(cv=None).summary().as_text().split())
    assert "MIMIC-III (one hospital" in text
    assert "Ages above 89 are shown as 91.4" in text
