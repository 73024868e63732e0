"""How long is a patient in intensive care, and does it help every group to tell sex, race or age?

    python examples/length_of_stay_mimic3.py --mimic mimic-iii-clinical-database-1.4 --cache cache

The paper's experiment on MIMIC-III: a stay of more than three days, and the log of its length, with
sex x race and age x race as personal attributes. The folder is the full release or the demo; the
demo's 100 patients have all died since, it tests the pipeline and is no evidence.

No leakage: a prediction is made when the first 24 hours are over, from the vital signs of these
hours and the labs from six hours earlier on. A stay that ended before has nothing left to predict,
and how little was measured would give it away: such stays are left out and counted. So are stays
without one of the measurements. Diagnoses are coded after discharge and are not used. (The authors'
public notebooks use them; a row there is an admission, in a stored version of more than five days.)
`--unit admission` counts days in hospital, from labs alone.

A stay that ends in death counts as it is. Stays of one patient share a fold and are one cluster.
"not White" holds those whose ethnicity is not known, as in the notebooks.
"""

import argparse

import numpy as np
from _paper import DIFFERENCES, show

import bopstats as bop

parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
parser.add_argument("--mimic", required=True, help="folder with the release's CSV files")
parser.add_argument("--cache", help="folder for a cache, which then holds patients' data")
parser.add_argument("--unit", default="icustay", choices=("icustay", "admission"))
parser.add_argument("--repeats", type=int, help="partitions; by default 11, 1 above 20,000 rows")
options = parser.parse_args()

everyone = bop.datasets.mimic3.build(options.mimic, unit=options.unit, cache=options.cache)
stays = everyone[everyone["los_days"] >= 1].copy()
stays["long_stay"] = (stays["los_days"] > 3).astype(int)
stays["log_days"] = np.log(stays["los_days"])
stays["white"] = np.where(stays["ethnicity"] == "White", "White", "not White")
stays["age_group"] = np.where(stays["age"] < 65, "under 65", "65 and over")

VITAL_SIGNS = "heart_rate_mean + mean_bp_mean + respiratory_rate_mean + temperature_mean + spo2_min"
LABS = "bun_max + creatinine_max + sodium_mean + bicarbonate_min + hematocrit_min + wbc_max"
# Many admissions reach intensive care, where vital signs are charted, only after a day.
GENERIC = LABS if options.unit == "admission" else f"{VITAL_SIGNS} + {LABS}"
ATTRIBUTES = {
    "sex x race": f"{GENERIC} + age | sex * white",
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
NUMBER = ("squared_error", "sufficiency", "incomprehensiveness")

print(DIFFERENCES)
if everyone["subject_id"].nunique() <= 100:
    print(
        "\nThis is MIMIC-III's demo: all of its patients have died since. No evidence of anything."
    )
print(
    f"\n{len(everyone)} stays, {len(everyone) - len(stays)} of them shorter than 24 hours left out"
)
for name, model in ATTRIBUTES.items():
    res = bop.glm(f"long_stay ~ {model}", stays, "binomial", cluster="subject_id").fit(
        costs=[*YES_NO], repeats=options.repeats, rng=1
    )
    show(f"MIMIC-III, stay of more than 3 days, {name}", res, YES_NO)

    res = bop.glm(f"log_days ~ {model}", stays, "gaussian", cluster="subject_id").fit(
        repeats=options.repeats, rng=1
    )
    effect = 0.01 * stays["log_days"].var()  # one per cent of the outcome's variance
    effects = dict.fromkeys(NUMBER, effect)
    show(f"MIMIC-III, log length of stay, {name}", res, effects)
