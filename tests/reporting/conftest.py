"""Results to report: groups of NHANES, and invented ones whose names would do harm."""

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("Agg")

import bopstats as bop

sys.path.insert(0, str(Path(__file__).parent))
from harmful import HARMFUL, OUTCOME

pytest.importorskip("jinja2")


@pytest.fixture(scope="session")
def nhanes_result():
    people = bop.datasets.load_nhanes()
    people = people.assign(bmi=people["bmi"].where(people.index % 40 != 0))
    return bop.glm("high_bp ~ bmi + hba1c + total_chol | sex", people).fit(rng=1, repeats=3)


@pytest.fixture(scope="session")
def harmful_result():
    rng = np.random.default_rng(3)
    n = 800
    data = pd.DataFrame({"x": rng.normal(size=n), "sex": rng.choice(["f", "m"], n)})
    data["job"] = rng.choice(HARMFUL, n)
    data[OUTCOME] = (rng.uniform(size=n) < 0.4).astype(int)
    return bop.glm(f'Q("{OUTCOME}") ~ x | job * sex', data).fit(rng=1, repeats=1, explain=False)


@pytest.fixture(scope="session")
def small_result():
    """Two small groups of four."""
    rng = np.random.default_rng(4)
    group = np.repeat(["a", "b", "c", "d"], [300, 200, 18, 30])
    data = pd.DataFrame({"x": rng.normal(size=548), "group": group})
    data["y"] = (rng.uniform(size=548) < 0.45).astype(int)
    return bop.glm("y ~ x | group", data).fit(rng=1, repeats=1)


def written(result, folder, **options):
    path = folder / "report.html"
    result.report(path, **options)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def nhanes_page(nhanes_result, tmp_path_factory):
    labels = {"high_bp": "High blood pressure", "sex=female": "Women", "brier": "Brier's score"}
    return written(
        nhanes_result,
        tmp_path_factory.mktemp("nhanes"),
        effect=0.01,
        labels=labels,
        prespecified="protocol, section 4",
        versions=True,
    )


@pytest.fixture(scope="session")
def harmful_page(harmful_result, tmp_path_factory):
    return written(harmful_result, tmp_path_factory.mktemp("harmful"), title="<i>Mine</i>")
