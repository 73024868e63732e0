"""Nested cross-validation and the refit bootstrap against plain loops of statsmodels fits."""

from itertools import combinations

import numpy as np
import pytest
import statsmodels.formula.api as smf

import bopstats as bop

FORMULA = "sbp ~ bmi + hba1c | sex"


@pytest.fixture(scope="module")
def people():
    return bop.datasets.load_nhanes().iloc[:400].reset_index(drop=True)


@pytest.fixture(scope="module")
def folds(people):
    return np.random.default_rng(1).permutation(np.arange(len(people)) % 4)


@pytest.fixture(scope="module")
def pairs(folds):
    return [(np.flatnonzero(folds != k), np.flatnonzero(folds == k)) for k in range(4)]


def _benefit(people, train, test):
    errors = []
    for formula in ("sbp ~ bmi + hba1c", "sbp ~ bmi + hba1c + sex"):
        fit = smf.ols(formula, people[train]).fit()
        errors.append((people["sbp"][test] - fit.predict(people[test])) ** 2)
    return (errors[0] - errors[1]).to_numpy()


def _nested_by_hand(people, folds, inside):
    """Algorithm 1 of Bates, Hastie and Tibshirani (2024), one partition, rows `inside`."""
    outer = np.empty(len(people))
    for k in range(4):
        outer[folds == k] = _benefit(people, folds != k, folds == k)
    inner = {k: {} for k in range(4)}
    for j, k in combinations(range(4), 2):
        train = (folds != j) & (folds != k)
        inner[k][j] = _benefit(people, train, folds == j)
        inner[j][k] = _benefit(people, train, folds == k)
    a_b, e_in = [], []
    for k in range(4):
        mine = [inner[k][j][inside[folds == j]] for j in range(4) if j != k]
        mine, out = np.concatenate(mine), outer[(folds == k) & inside]
        a_b.append((mine.mean() - out.mean()) ** 2 - out.var(ddof=1) / len(out))
        e_in.append(mine)
    plain, nested = outer[inside].mean(), np.concatenate(e_in).mean()
    naive = outer[inside].std(ddof=1) / np.sqrt(inside.sum())
    error = np.sqrt(max(np.mean(a_b), 0) * 3 / 4)
    centre = nested - (1 + 2 / 4) * (nested - plain)
    return centre, np.clip(error, naive, 2 * naive)


@pytest.mark.parametrize("group", ["female", "male", "population"])
def test_nested_intervals_are_those_of_the_algorithm(people, folds, pairs, group):
    res = bop.glm(FORMULA, people).fit(cv=pairs, nested=True, explain=False)
    row = res.frame().set_index("group").loc[group]
    everyone = np.ones(len(people), dtype=bool)
    inside = everyone if group == "population" else (people["sex"] == group).to_numpy()
    centre, error = _nested_by_hand(people, folds, inside)
    assert row["ci_method"] == "nested"
    assert row["std_err"] == pytest.approx(error, rel=1e-8)
    assert row["ci_low"] == pytest.approx(centre - 1.959963984540054 * error, rel=1e-7)
    assert row["ci_upp"] == pytest.approx(centre + 1.959963984540054 * error, rel=1e-7)


@pytest.mark.parametrize("as_clusters", [False, True])
def test_nested_intervals_of_copies_are_those_of_counts_and_of_clusters(people, folds, as_clusters):
    """Copies are counted by frequency weights; copies that are clusters bring nothing new."""
    times = np.full(400, 2) if as_clusters else np.random.default_rng(2).integers(1, 4, 400)
    rows = np.repeat(np.arange(400), times)
    copies = people.iloc[rows].reset_index(drop=True)

    def nested(data, fold, **options):
        cv = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(4)]
        return bop.glm(FORMULA, data, **options).fit(cv=cv, nested=True, explain=False).frame()

    if as_clusters:
        one, other = nested(people, folds), nested(copies, folds[rows], cluster=rows)
    else:
        one = nested(people, folds, weights=times, weight_type="freq")
        other = nested(copies, folds[rows])
    # Groups are domains of a design of clusters: C / (C - 1) counts the other groups' too.
    those = slice(2, 3) if as_clusters else slice(None)
    for name in ("bop", "std_err", "ci_low", "ci_upp", "p_benefit"):
        np.testing.assert_allclose(one[name][those], other[name][those], rtol=1e-8)


def test_a_bootstrap_sample_is_the_analysis_of_its_copied_rows(people, pairs):
    from bopstats.crossfit import CrossFit
    from bopstats.resampling import _Draw, refit_replicates
    from bopstats.splitting import make_plan

    model = bop.glm(FORMULA, people)
    res = model.fit(cv=pairs, explain=False)
    plan = make_plan(model.design, pairs, None, "stratified", np.random.default_rng(0))
    run = CrossFit(model.design, model.family, False, res.evaluation.costs, 0.5, None)
    full = run.full_fit(plan)
    found = refit_replicates(run, plan, full, 2, np.random.default_rng(5), lambda _: None)
    rng = np.random.default_rng(5)
    draw = _Draw(run)
    for replicate in found:
        times = draw(rng).astype(int)
        sizes = people.groupby("sex", observed=True).size()
        assert np.bincount(model.design.group, times).tolist() == sizes.tolist()
        rows = np.repeat(np.arange(len(people)), times)
        copies = people.iloc[rows].reset_index(drop=True)
        splits = [
            (np.flatnonzero(np.isin(rows, train)), np.flatnonzero(np.isin(rows, test)))
            for train, test in pairs
        ]
        expected = bop.glm(FORMULA, copies).fit(cv=splits, explain=False).frame()["bop"]
        np.testing.assert_allclose(replicate[0], expected, rtol=1e-9)


def test_refit_bootstrap_centres_on_the_reported_benefit(people):
    res = bop.glm(FORMULA, people).fit(repeats=1, rng=3, refit_bootstrap=40, explain=False)
    frame = res.frame()
    assert (frame["ci_method"] == "refit bootstrap").all()
    middle = (frame["ci_low"] + frame["ci_upp"]) / 2
    np.testing.assert_allclose(middle, frame["bop"], rtol=1e-9)
    assert ((frame["p_benefit"] <= 0.025) == (frame["ci_low"] >= 0)).all()
    again = bop.glm(FORMULA, people).fit(repeats=1, rng=3, refit_bootstrap=40, explain=False)
    assert again.frame().equals(frame)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nested": True, "cv": 2}, "nested.*at least 3 folds"),
        ({"nested": True, "cv": 0.3}, "nested"),
        ({"refit_bootstrap": 50, "cv": None}, "refit_bootstrap"),
        ({"refit_bootstrap": 3}, "refit_bootstrap: got 3"),
        ({"refit_bootstrap": 50, "nested": True}, "one of the two"),
    ],
)
def test_refits_that_make_no_sense_are_refused(people, options, message):
    with pytest.raises(bop.BopError, match=message):
        bop.glm(FORMULA, people).fit(**options)
