"""Does a person earn more than 50,000 dollars, and does it help to tell sex, race or age?

    python examples/adult_income.py --data adult.parquet

A second look at the framework: Adult, an extract of the US census survey of 1994
(https://archive.ics.uci.edu/dataset/2/adult). The outcome is yes or no, so there is no regression.
Race is taken as White or not and as recorded, in five levels: the more a person may tell, the
smaller the groups, and the less of them can be checked. Those without pay (31) are left out: none
of the never employed earns as much, so that a coefficient would run to infinity.

`relationship` is left out of the generic model: it says "husband" or "wife", and so who is a man.
Unweighted, so these are no figures for the country.
"""

import argparse

import numpy as np
import pandas as pd
from _paper import DIFFERENCES, show

import bopstats as bop

parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
parser.add_argument("--data", required=True, help="Adult as a Parquet file")
parser.add_argument("--repeats", type=int, help="partitions; by default 11, 1 above 20,000 rows")
options = parser.parse_args()

everyone = pd.read_parquet(options.data)
unpaid = everyone["workclass"].isin(["Without-pay", "Never-worked"])
adult = everyone[~unpaid].copy()
adult["workclass"] = adult["workclass"].astype(object)
adult["white"] = np.where(adult["race"] == "White", "White", "not White")
adult["age_group"] = np.where(adult["age"] < 40, "under 40", "40 and over")

GENERIC = (
    "education_num + hours_per_week + np.log1p(capital_gain) + np.log1p(capital_loss)"
    " + workclass + marital_status"
)
ATTRIBUTES = {
    "sex x race": f"{GENERIC} + age | sex * white",
    "sex x race in five levels": f"{GENERIC} + age | sex * race",
    "age x race": f"{GENERIC} + sex | age_group * white",
}
YES_NO = {  # costs, and the smallest benefit worth finding
    "zero_one": 0.01,
    "sufficiency": 0.01,
    "incomprehensiveness": 0.01,
    "brier": 0.001,
    "sufficiency_probability": 0.001,
    "incomprehensiveness_probability": 0.001,
}

print(DIFFERENCES)
print(f"\n{len(everyone)} people, {unpaid.sum()} without pay left out")
for name, model in ATTRIBUTES.items():
    res = bop.glm(f"income_gt_50k ~ {model}", adult, "binomial").fit(
        costs=[*YES_NO], repeats=options.repeats, rng=1
    )
    show(f"Adult, income above 50,000 dollars, {name}", res, YES_NO)
