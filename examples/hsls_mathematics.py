"""How good at mathematics is a ninth-grader, and does it help every group to tell sex and race?

    python examples/hsls_mathematics.py --data hsls.parquet

A second look at the framework: the High School Longitudinal Study of 2009 (public-use file of the
US National Center for Education Statistics), as the paper's authors prepared it: complete rows,
numbers scaled to 0-1. Outcomes: a mathematics score above the median, and the score itself, in
standard deviations.

Predictors: the student's and the parents' answers of the same autumn and the grade of the year
before. So this is no forecast. The parents' race and country of birth are left out: with them the
generic model would know most of what the student is asked to tell. Unweighted, so these are no
figures for the country. The authors' file has 5,425 rows of over 23,000, those with every answer.
"""

import argparse

import pandas as pd
from _paper import DIFFERENCES, show

import bopstats as bop

parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
parser.add_argument("--data", required=True, help="the authors' file as Parquet")
parser.add_argument("--repeats", type=int, help="partitions; by default 11, 1 above 20,000 rows")
options = parser.parse_args()

hsls = pd.read_parquet(options.data)
hsls["score"] = hsls["X1TXMSCR"].astype(float) / hsls["X1TXMSCR"].std()
hsls["sex"] = hsls["studentgender"].map({0: "male", 1: "female"})
hsls["white"] = hsls["is_white"].map({0: "not White", 1: "White"})

STUDENT = "S1M8GRADE + X1MTHID + X1MTHUTI + X1MTHEFF + X1MTHINT + S1MTHCOMP + S1TEPOPULAR"
PARENTS = "X1FAMINCOME + X1PAR1EDU + X1PAR2EDU + X1HHNUMBER + P1EDUEXPECT + P1REPEATGRD + P1MTHCOMP"
MODEL = f"{STUDENT} + {PARENTS} | sex * white"
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
res = bop.glm(f"grade9thbin ~ {MODEL}", hsls, "binomial").fit(
    costs=[*YES_NO], repeats=options.repeats, rng=1
)
show("HSLS, score above the median, sex x race", res, YES_NO)

res = bop.glm(f"score ~ {MODEL}", hsls, "gaussian").fit(repeats=options.repeats, rng=1)
effects = dict.fromkeys(NUMBER, 0.01)  # 1 % of the outcome's variance
show("HSLS, score in standard deviations, sex x race", res, effects)
