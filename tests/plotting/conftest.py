"""Results to draw: twelve groups of NHANES, and sixty invented ones with long and awkward names."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt

import bopstats as bop

JOBS = ("farm & field", "<script>alert(1)</script>", r"$x_1$ & \input{x}", "office", "trans\nport")


@pytest.fixture(autouse=True)
def _close_figures():
    """Settings stay as they are, whatever is drawn."""
    before = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == before
    plt.close("all")


@pytest.fixture(scope="session")
def nhanes_result():
    data = bop.datasets.load_nhanes()
    formula = "high_bp ~ bmi + total_chol + hba1c + sleep_hours | sex * race_ethnicity"
    return bop.glm(formula, data, family="binomial").fit(rng=1, repeats=3)


@pytest.fixture(scope="session")
def small_result():
    data = bop.datasets.load_nhanes()
    return bop.glm("high_bp ~ bmi + hba1c | sex", data, family="binomial").fit(rng=1, repeats=1)


@pytest.fixture(scope="session")
def sixty_result():
    rng = np.random.default_rng(5)
    n = 3000
    data = pd.DataFrame({"x": rng.normal(size=n), "z": rng.normal(size=n)})
    data["job"] = rng.choice([f"{each} worker with a rather long title" for each in JOBS], n)
    regions = ["north-eastern highlands", "southern coast", "capital region", "western plains"]
    data["region"] = rng.choice(regions, n)
    data["smoking"] = rng.choice(["never", "former smoker", "twenty or more a day"], n)
    data["y"] = data["x"] + 0.5 * (data["smoking"] == "never") + rng.normal(size=n)
    return bop.glm("y ~ x + z | job * region * smoking", data, family="gaussian").fit(
        rng=1, repeats=1
    )


@pytest.fixture(params=["nhanes", "sixty"])
def result(request):
    return request.getfixturevalue(f"{request.param}_result")
