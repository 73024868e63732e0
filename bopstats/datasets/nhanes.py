"""NHANES 2017–2018: adults examined in the US, a public-domain example."""

from __future__ import annotations

from importlib.resources import as_file, files

import pandas as pd

_FLAGS = ("insured", "ever_smoker", "current_smoker", "told_diabetes", "diabetes", "high_bp")
_TYPES = {
    "seqn": "int32",
    "sex": "category",
    "race_ethnicity": "category",
    "age": "int16",
    "education": "category",
    **dict.fromkeys(_FLAGS, "Int8"),
}
_EDUCATION = (
    "Less than 9th grade",
    "9-11th grade",
    "High school/GED",
    "Some college",
    "College graduate",
)


_NOTE = (
    "NHANES 2017-2018 without survey weights: figures describe the people examined, they are not "
    "estimates for the US population."
)


def load_nhanes() -> pd.DataFrame:
    """Load 3,924 adults of NHANES 2017–2018 with complete data.

    Returns
    -------
    DataFrame, 3924 rows × 22 columns
        ``seqn`` respondent number; ``sex``; ``race_ethnicity`` (6 levels); ``age`` at screening
        in years (20 to 80, 80 stands for 80 and above); ``insured`` has health insurance (0/1);
        ``education`` (5 ordered levels); ``income_ratio`` family income over the poverty line
        (0 to 5, 5 stands for 5 and above); ``bmi`` kg/m²; ``waist_cm`` cm; ``height_cm`` cm;
        ``weight_kg`` kg; ``total_chol`` total cholesterol, mg/dL; ``hdl_chol`` HDL cholesterol,
        mg/dL; ``hba1c`` glycohemoglobin, %; ``ever_smoker`` smoked at least 100 cigarettes in life
        (0/1); ``current_smoker`` smokes now (0/1); ``sleep_hours`` usual sleep on weekdays, hours;
        ``sbp`` and ``dbp`` mean systolic and diastolic blood pressure, mmHg; ``told_diabetes``
        told by a doctor to have diabetes (0/1); ``diabetes`` told so or HbA1c ≥ 6.5 % (0/1; do not
        predict it from ``hba1c``); ``high_bp`` SBP ≥ 130 or DBP ≥ 80 mmHg, medication ignored
        (0/1).

    Notes
    -----
    Source: National Health and Nutrition Examination Survey 2017–2018, National Center for Health
    Statistics, Centers for Disease Control and Prevention; by way of the package nhanes 0.5.1.
    A work of the US government, in the public domain.

    **No survey weights are included.** NHANES samples some groups more densely than others, so
    unweighted figures describe these people and are not estimates for the US population;
    ``frame.attrs["note"]`` says so in every summary.

    Examples
    --------
    >>> from bopstats.datasets import load_nhanes
    >>> load_nhanes()["sex"].value_counts().to_dict()
    {'female': 1998, 'male': 1926}
    """
    with as_file(files(__package__) / "nhanes2017.csv.gz") as path:
        frame = pd.read_csv(path, dtype=_TYPES)
    frame["education"] = frame["education"].cat.reorder_categories(list(_EDUCATION), ordered=True)
    frame.attrs["note"] = _NOTE
    return frame
