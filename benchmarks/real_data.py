"""Run the main job on real data and recompute every figure by plain statsmodels and numpy.

    python benchmarks/real_data.py --data ../shared/data [--repeats 11]

Prints, for each analysis, rows used, groups, gamma of the primary cost with its limits, seconds of
fit and summary, and the largest relative difference of any figure of `res.frame()` from its
recomputation on the same splits.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm

import bopstats as bop

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from recompute import largest_difference, plain_rows

_BLOOD = "bmi + total_chol + hdl_chol + hba1c + sleep_hours + ever_smoker"
_ICU = "meanbp + hrt + resp + temp + crea + sod + num_co + scoma"
_WORK = "age + education_num + hours_per_week + capital_gain + capital_loss"
_COHORT = "age + smokeintensity + smokeyrs + wt71 + sbp + cholesterol"
_SCHOOL = "X1MTHEFF + X1MTHINT + X1MTHUTI + X1FAMINCOME + X1PAR1EDU"
ANALYSES = [
    ("nhanes2017_complete", "high_bp", _BLOOD, "sex * race_ethnicity", "binomial"),
    ("nhanes2017_complete", "sbp", _BLOOD, "sex * race_ethnicity", "gaussian"),
    ("support2_small", "hospdead", _ICU, "sex * race", "binomial"),
    ("support2_small", "np.log(slos)", _ICU, "sex * race", "gaussian"),
    ("adult", "income_gt_50k", _WORK, "sex * race", "binomial"),
    ("nhefs", "death", _COHORT, "sex_label * race_label", "binomial"),
    ("hsls", "grade9thbin", _SCHOOL, "studentgender * is_white", "binomial"),
]
FAMILIES = {"binomial": sm.families.Binomial(), "gaussian": sm.families.Gaussian()}


def run(folder: Path, analysis: tuple[str, str, str, str, str], repeats: int | None) -> str:
    file, outcome, generic, personal, family = analysis
    data = pd.read_parquet(folder / f"{file}.parquet")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        begin = time.perf_counter()
        model = bop.glm(f"{outcome} ~ {generic} | {personal}", data, family)
        res = model.fit(rng=1, repeats=repeats)
        res.summary()
        seconds = time.perf_counter() - begin
    words = re.findall(r"\w+", f"{outcome} {generic} {personal}")
    rows = plain_rows(data, [word for word in words if word in data])
    formulas = [f"{outcome} ~ {generic}", f"{outcome} ~ {generic} + {personal}"]
    worst = largest_difference(res, rows, formulas, FAMILIES[family])
    gamma = res.gamma()
    limits = f"{gamma.ci_low:.4g} to {gamma.ci_upp:.4g}"
    said = "; ".join(str(each.message) for each in caught) or "–"
    return (
        f"| {file} `{outcome}` | {len(rows)} | {res.evaluation.groups.n_groups} "
        f"| {gamma.value:.4g} ({gamma.group}) | {limits} | {seconds:.2f} | {worst:.1e} | {said} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--repeats", type=int)
    options = parser.parse_args()
    print("| data, outcome | n | groups | gamma (group) | limits | s | difference | warnings |")
    print("|---|---|---|---|---|---|---|---|")
    for analysis in ANALYSES:
        print(run(options.data, analysis, options.repeats), flush=True)


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
