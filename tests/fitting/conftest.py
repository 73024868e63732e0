import numpy as np
import pandas as pd
import pytest

from bopstats.fitting.models import fit_pair


@pytest.fixture(scope="session")
def patients():
    """300 invented patients with an outcome for every family; tests work on copies of it."""
    rng = np.random.default_rng(7)
    n = 300
    data = pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "z": rng.normal(2, 3, size=n),
            "sex": rng.choice(["female", "male"], n),
            "race": rng.choice(["Asian", "Black", "White"], n),
            "ward": rng.integers(0, 40, n),
            "shift": rng.normal(0, 0.3, n),
            "years": rng.uniform(0.5, 3, n),
            "copies": rng.integers(1, 4, n),
            "precision": rng.uniform(0.2, 3, n),
        }
    )
    eta = 0.3 * data["x"] - 0.1 * data["z"] + 0.4 * (data["sex"] == "male")
    data["event"] = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int)
    data["level"] = eta + rng.normal(size=n)
    data["count"] = rng.poisson(np.exp(eta))
    data["spread"] = rng.negative_binomial(1.5, 1.5 / (1.5 + 2 * np.exp(eta)))
    data["stay"] = rng.gamma(6, np.exp(0.3 * eta) / 6)
    data["wald"] = rng.wald(np.exp(0.2 * eta), 5.0)
    return data


@pytest.fixture(scope="session")
def fitted():
    """Fit both models of a `PersonalizedGLM` on all rows, or on those of a mask."""

    def fit(model, train=None):
        design = model.design
        rows = np.ones(design.n, dtype=bool) if train is None else train
        matrices = (design.generic, design.personalized)
        return fit_pair(design, matrices, model.family, rows, estimate_alpha=model._estimate_alpha)

    return fit
