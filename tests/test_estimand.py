"""What cross-fitting estimates: the expected benefit of models trained on a fold less.

600 people, 60 of them in a group that differs in nothing. Personalization can only cost there: the
models estimate a group level that is not needed. The truth, which needs no folds, is the expected
benefit of models trained on four fifths of such people, integrated over new people.

300 samples give a Monte Carlo error of about 0.0004 for the mean estimate, and 4000 training sets
one of about 0.0001 for the truth of about -0.0038; bounds below are in these errors.

The estimate of one partition has the truth as its mean, and so has the mean over partitions, which
is reported. Over partitions of the same people the estimate is skewed to the left, so that their
median is higher on average: with 2400 samples -0.0029 from 11 partitions (error 0.0001), by a fifth
of the estimate's standard error. Folds stratified by the event are another matter: +0.003, of the
wrong sign.
"""

import numpy as np
import pytest

import bopstats as bop

N, SMALL, FOLDS, SAMPLES, TRAININGS = 600, 60, 5, 300, 4000
SLOPE = 0.5


def invent(rng, small=SMALL, n=N):
    """People of whom the first `small` are in the small group."""
    x = rng.normal(size=n)
    group = np.where(np.arange(n) < small, "small", "large")
    y = (rng.random(n) < 1 / (1 + np.exp(1.0 - SLOPE * x))).astype(float)
    return {"y": y, "x": x, "group": group}


def logistic(design, y):
    beta = np.zeros(design.shape[1])
    for _ in range(8):
        mu = 1 / (1 + np.exp(-design @ beta))
        information = (design * (mu * (1 - mu))[:, None]).T @ design
        beta = beta + np.linalg.solve(information, design.T @ (y - mu))
    return beta


def true_benefits(rng):
    """Brier benefit in the small group of one pair of trained models, for each training set."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    weights = weights / weights.sum()
    risk = 1 / (1 + np.exp(1.0 - SLOPE * nodes))
    found = []
    for _ in range(TRAININGS):
        data = invent(rng, SMALL * (FOLDS - 1) // FOLDS, N * (FOLDS - 1) // FOLDS)
        generic = np.column_stack([np.ones(len(data["x"])), data["x"]])
        personal = np.column_stack([generic, data["group"] == "small"])
        a, b = logistic(generic, data["y"]), logistic(personal, data["y"])
        mu = [1 / (1 + np.exp(-(c + s * nodes))) for c, s in (a, (b[0] + b[2], b[1]))]
        # E (y − μ)² differs between models by (risk − μ)².
        found.append(weights @ ((risk - mu[0]) ** 2 - (risk - mu[1]) ** 2))
    return np.array(found)


def event_stratified(data, rng):
    """Pairs of positions whose folds share the events of each group out evenly."""
    fold = np.empty(N, dtype=int)
    for group in ("small", "large"):
        for event in (0, 1):
            rows = rng.permutation(np.flatnonzero((data["group"] == group) & (data["y"] == event)))
            fold[rows] = (np.arange(len(rows)) + rng.integers(FOLDS)) % FOLDS
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(FOLDS)]


def benefit(res):
    return res.frame("brier").set_index("group").loc["small", "bop"]


def median_benefit(res):
    partitions = [
        rows.benefit[0, rows.group == rows.group[0]].mean() for rows in res.evaluation.rows
    ]
    assert len(partitions) == 11
    return np.median(partitions)


@pytest.fixture(scope="module")
def simulated():
    """The truth, and estimates from each sample by three kinds of partitions."""
    rng = np.random.default_rng(2024)
    found = {"truth": true_benefits(rng), "one": [], "default": [], "medians": [], "by event": []}
    for seed in range(SAMPLES):
        data = invent(rng)
        model = bop.glm("y ~ x | group", data)
        for name, cv, repeats in (
            ("one", FOLDS, 1),
            ("default", FOLDS, None),
            ("by event", event_stratified(data, rng), None),
        ):
            res = model.fit(cv=cv, repeats=repeats, rng=seed, costs="brier", explain=False)
            found[name].append(benefit(res))
            if name == "default":
                found["medians"].append(median_benefit(res))
    return {name: np.array(values) for name, values in found.items()}


def gap(simulated, name):
    """Mean estimate above the truth, and its Monte Carlo error."""
    errors = [simulated[k].std(ddof=1) / np.sqrt(len(simulated[k])) for k in (name, "truth")]
    return simulated[name].mean() - simulated["truth"].mean(), np.hypot(*errors)


def test_without_effect_personalization_costs_the_small_group(simulated):
    truth = simulated["truth"]
    assert truth.std() / np.sqrt(TRAININGS) < 0.00015
    assert -0.006 < truth.mean() < -0.002


@pytest.mark.parametrize("partitions", ["one", "default"])
def test_the_mean_estimate_is_not_above_the_truth(simulated, partitions):
    above, error = gap(simulated, partitions)
    assert error < 0.0005
    assert abs(above) <= 3 * error


def test_medians_over_partitions_would_lean_upward(simulated):
    """The same samples tell the two apart more sharply than either from the truth."""
    lean = simulated["medians"] - simulated["default"]
    error = lean.std(ddof=1) / np.sqrt(SAMPLES)
    assert lean.mean() > 5 * error
    assert lean.mean() < simulated["default"].std() / 3


def test_folds_stratified_by_the_event_come_out_too_good(simulated):
    above, error = gap(simulated, "by event")
    assert above >= 5 * error
    assert simulated["by event"].mean() > 0
