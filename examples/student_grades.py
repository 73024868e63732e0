"""Does a pupil pass in Portuguese, and does it help every group to tell sex and age?

    python examples/student_grades.py --data student_por.parquet

A second look at the framework: Student Performance, 649 pupils of two schools in Portugal
(https://archive.ics.uci.edu/dataset/320/student+performance). Outcomes: a final grade of 10 or more
out of 20, which passes, and the grade itself.

No leakage: the grades of the first two terms and the absences of the year are left out, for they
are not known when it begins. With 649 pupils little can be told; that is what this example shows.
"""

import argparse

import numpy as np
import pandas as pd
from _paper import DIFFERENCES, show

import bopstats as bop

parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
parser.add_argument("--data", required=True, help="student-por as a Parquet file")
parser.add_argument("--repeats", type=int, help="partitions; by default 11, 1 above 20,000 rows")
options = parser.parse_args()

pupils = pd.read_parquet(options.data).astype({"G3": float})
pupils["passed"] = (pupils["G3"] >= 10).astype(int)
pupils["age_group"] = np.where(pupils["age"] < 18, "under 18", "18 and over")

HOME = "address + famsize + Pstatus + Medu + Fedu + famsup + internet"
SCHOOL = "school + traveltime + studytime + failures + schoolsup + higher"
MODEL = f"{HOME} + {SCHOOL} + goout + health | sex * age_group"
YES_NO = {  # costs, and the smallest benefit worth finding
    "zero_one": 0.01,
    "sufficiency": 0.01,
    "incomprehensiveness": 0.01,
    "brier": 0.001,
    "sufficiency_probability": 0.001,
    "incomprehensiveness_probability": 0.001,
}
NUMBER = ("squared_error", "sufficiency", "incomprehensiveness")

print(DIFFERENCES)
res = bop.glm(f"passed ~ {MODEL}", pupils, "binomial").fit(
    costs=[*YES_NO], repeats=options.repeats, rng=1
)
show("Student, passed, sex x age", res, YES_NO)

res = bop.glm(f"G3 ~ {MODEL}", pupils, "gaussian").fit(repeats=options.repeats, rng=1)
effect = 0.01 * pupils["G3"].var()  # one per cent of the outcome's variance
show("Student, final grade, sex x age", res, dict.fromkeys(NUMBER, effect))
