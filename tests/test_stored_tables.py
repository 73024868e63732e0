"""The tables of docs/coverage.md are the stored ones, and reduced runs here agree with them.

Simulated cells are drawn anew, from other seeds, and must lie within four standard errors of both
runs together; enumerated cells must be the same.
"""

from dataclasses import replace

import coverage_counts
import coverage_crossfit
import coverage_designs
import coverage_gamma
import coverage_means
import coverage_metrics
import coverage_paired
import numpy as np
import pandas as pd
import pytest
import size_every
from coverage_means import rows_of
from stored import DOCUMENT, Table, filled, names

import bopstats as bop
from bopstats.groups import GroupIndex, GroupMoments
from bopstats.results import BoPResults

SCRIPTS = (
    *(coverage_counts, coverage_crossfit, coverage_designs, coverage_gamma, coverage_means),
    *(coverage_metrics, size_every),
)
stored = Table.read


@pytest.fixture(autouse=True)
def other_seed(monkeypatch):
    """Let the scripts draw other samples than those of the stored tables."""
    size_every.simulated_means.cache_clear()
    size_every.simulated_pvalues.cache_clear()
    for script in SCRIPTS:
        monkeypatch.setattr(script, "SEED", 7)


def agree(new, new_samples, old, old_samples):
    """Assert that two shares in % differ by at most four standard errors.

    A count of 1 is added on both sides, so that a share of 0 or 100 % has an error too.
    """
    total = new_samples + old_samples
    pooled = (new * new_samples + old * old_samples) / 100
    share = (min(pooled, total - pooled) + 1) / (total + 2)
    error = 100 * np.sqrt(share * (1 - share) * (1 / new_samples + 1 / old_samples))
    assert abs(new - old) <= 4 * error, (new, old, error)


def test_the_documentation_holds_the_stored_tables():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert len(names()) == 11
    assert filled(text) == text


def test_the_stored_tables_keep_what_is_promised():
    """Exact limits never cover under 95 %, Tango's never under 92 % where it is used, t 93–97 %."""
    for row in stored("paired").rows:
        cells = dict(zip(stored("paired").columns, row, strict=True))
        assert float(cells["CP"]) >= 95
        assert cells["exact"] == "–" or float(cells["exact"]) >= 95
        assert float(cells["rule"]) >= (92 if "T" in cells["chosen"] else 95)
    table = stored("means")
    for n in ("100", "1000"):
        for law in ("normal", "exponential"):
            for method in ("t", "bca"):
                cells = table.find(**{"share changed": "1", "law": law, "n": n, "method": method})
                assert 93 - 1.5 <= float(cells["coverage"]) <= 97 + 1.5


def test_where_t_and_the_bootstrap_cover_too_little_the_summary_says_so():
    """Up to skewness 2 each cell below 92.5 % is in the reach of a note (inference/notes.py)."""
    low = 0
    for name in ("means", "counts", "clusters", "weights"):
        table = stored(name)
        for row in table.rows:
            cells = dict(zip(table.columns, row, strict=True))
            n = float(cells.get("n", "inf"))
            share = float(cells.get("share changed", cells.get("share", "1")))
            noted = min(n, n * share) < 100 or float(cells.get("clusters", "inf")) < 100
            if float(cells["coverage"]) < 92.5 and cells.get("law") != "lognormal":
                low += 1
                assert noted, cells
    assert low > 50
    table = stored("metrics")
    for row in table.rows:
        cells = dict(zip(table.columns, row, strict=True))
        if float(cells["coverage"]) < 92.5:
            assert int(cells["n"]) < (5000 if cells["metric"] == "r2" else 100), cells


@pytest.mark.parametrize(("n", "share", "lean"), [(10, 0.3, 0.8), (30, 0.05, 0.0), (100, 0.05, 1)])
def test_coverage_for_counts_is_enumerated_anew(n, share, lean):
    found = dict(zip(stored("paired").columns, coverage_paired.row(n, share, lean), strict=True))
    key = {"n": str(n), "share": f"{share:g}", "lean": f"{lean:g}"}
    assert found == stored("paired").find(**key)


def test_coverage_of_other_methods_for_counts():
    columns = coverage_counts.COLUMNS
    for row in coverage_counts.rows_of(30, 0.3, 0.3):
        new = dict(zip(columns, row, strict=True))
        old = stored("counts").find(**{key: new[key] for key in columns[:5]})
        # t is enumerated; limits of replicates fall on few values and jump now and then.
        assert abs(float(new["coverage"]) - float(old["coverage"])) <= (new["method"] != "t") * 3


def test_size_for_counts_is_enumerated_anew():
    columns = ("share", *size_every.TITLES)
    rows = [dict(zip(columns, r, strict=True)) for r in size_every.rows_of_counts((10, 30))]
    assert len(rows) == 32
    for row in rows:
        key = {name: row[name] for name in columns[:3]}
        assert row == stored("size_counts").find(**key)


def test_the_size_of_tests_for_counts_stays_where_it_is_said_to():
    table = stored("size_counts")
    for row in table.rows:
        cells = dict(zip(table.columns, row, strict=True))
        exact = int(cells["n a group"]) <= 50
        assert float(cells["others certain"]) <= (2.5 if exact else 2.75)
        assert float(cells["error of harm"]) <= (2.5 if exact else 2.75)


@pytest.mark.parametrize("law", ["normal", "-exponential"])
def test_the_size_of_t_is_found_again(law):
    new_samples, columns = 40_000, ("law", *size_every.TITLES, "samples")
    for row in size_every.rows_of_t(new_samples, laws=(law,), people=(30,)):
        new = dict(zip(columns, row, strict=True))
        old = stored("size_t").find(**{name: new[name] for name in columns[:3]})
        if law == "normal":
            assert new == old
        else:
            shares = (float(each["others certain"]) for each in (new, old))
            agree(next(shares), new_samples, next(shares), int(old["samples"]))


def test_one_groups_rejections_multiply_to_those_of_the_test_on_all_groups():
    """The size tables multiply; `res.test` takes the maximum p over groups, and Holm's smallest."""
    rng = np.random.default_rng(7)
    base, index = coverage_gamma.template(), GroupIndex(("g",), (("a", "b", "c"),))
    seen = set()
    for shift in (0.0, 0.6, -0.6):
        for _ in range(20):
            rows = replace(rows_of(rng.normal(shift, 1, (3, 20))), costs=(coverage_gamma.COST,))
            moments = (GroupMoments.from_rows(rows),)
            res = BoPResults(replace(base, groups=index, rows=(rows,), moments=moments))
            frame = res.frame().iloc[:3]
            every, harm = res.test(), res.test(kind="harm")
            assert every.reject == (frame["p_benefit"] <= 0.025).all()
            assert harm.reject == (frame["p_harm"].min() <= 0.025 / 3)
            seen |= {("every", every.reject), ("harm", harm.reject)}
    assert len(seen) == 4


def simulated(name, rows, samples, key, shares=("coverage",)):
    """Compare rows of a table with the stored ones, by the first `key` cells."""
    table = stored(name)
    for row in rows:
        new = dict(zip(table.columns, row, strict=True))
        old = table.find(**{each: new[each] for each in table.columns[:key]})
        for share in shares:
            agree(float(new[share]), samples, float(old[share]), int(old["samples"]))


def test_coverage_of_means_is_found_again():
    for share, law, n in ((1.0, "exponential", 30), (0.05, "exponential", 100)):
        found = coverage_means.cells_of(*coverage_means.study(law, n, 400, 499, share))
        rows = [(f"{share:g}", law, str(n), *cells) for cells in found]
        simulated("means", rows, 400, 4, ("coverage", "below", "above"))


def test_coverage_with_clusters_and_weights_is_found_again():
    found = coverage_designs.cluster_study("normal", 10, "unequal", 300, 299)
    found = coverage_means.cells_of(0.0, found)
    rows = [("normal", "10", "unequal", *cells) for cells in found]
    simulated("clusters", rows, 300, 4)
    found = coverage_means.cells_of(*coverage_designs.weight_study("lognormal", 10, 400, 499))
    rows = [("lognormal", "10", *cells) for cells in found]
    simulated("weights", rows, 400, 3)


def test_coverage_of_group_metrics_is_found_again():
    rows = [
        *coverage_metrics.rows_of_table("auc", "normal", 0.3, 30, 200),
        *coverage_metrics.rows_of_table("r2", "lognormal", 0.3, 30, 200),
    ]
    simulated("metrics", rows, 200, 5)


def test_coverage_of_gamma_is_found_again():
    rows = [coverage_gamma.row("-exponential", 30, 4, others, 600) for others in ("equal", "one")]
    misses = ("lower limit above", "upper limit below")
    simulated("gamma", rows, 600, 4, misses)


@pytest.mark.parametrize(
    "cells", [("binomial", "600", "60", "1.5"), ("gaussian", "600", "60", "0")]
)
def test_the_truth_of_the_cross_fitting_table_is_that_of_many_new_people(cells):
    """In-sample the models' lines are known from statsmodels; their costs are counted anew."""
    script, rng = coverage_crossfit, np.random.default_rng(1)
    setting = next(each for each in script.SETTINGS if each.cells == cells)
    data = setting.people(rng)
    costs = script.COSTS[setting.family]
    model = bop.glm("y ~ x | group", data, setting.family)
    res = model.fit(cv=None, costs=costs, explain=False)
    new = replace(setting, n=1_000_000, small=500_000).people(rng)
    frame = pd.DataFrame(new)
    mu = [fit.predict(design_of(frame, fit)) for fit in (res.generic, res.personalized)]
    for cost in costs:
        if cost == "zero_one":
            benefit = (new["y"] != (mu[0] >= 0.5)) * 1.0 - (new["y"] != (mu[1] >= 0.5))
        else:
            benefit = (new["y"] - mu[0]) ** 2 - (new["y"] - mu[1]) ** 2
        truth = script.true_benefits(setting, res.evaluation, data["x"], cost)
        for g, label in enumerate(script.GROUPS):
            own = benefit[new["group"] == label]
            assert abs(truth[g] - own.mean()) <= 4 * own.std() / np.sqrt(len(own))


def design_of(frame, fit):
    """The columns of a model by their names, made without the package."""
    known = {
        "Intercept": np.ones(len(frame)),
        "x": frame["x"],
        "group[T.small]": (frame["group"] == "small").astype(float),
    }
    return np.column_stack([known[name] for name in fit.params.index])


def test_coverage_of_cross_fitting_is_found_again():
    cells = ("gaussian", "600", "60", "0")
    setting = next(each for each in coverage_crossfit.SETTINGS if each.cells == cells)
    samples, table = 60, stored("crossfit")
    for row in coverage_crossfit.table_rows(setting, coverage_crossfit.study(setting, samples)):
        new = dict(zip(table.columns, row, strict=True))
        old = table.find(**{name: new[name] for name in table.columns[:7]})
        for share in ("covers a", "covers b"):
            agree(float(new[share]), samples, float(old[share]), int(old["samples"]))
        for bias in ("bias of mean", "bias of median"):
            error = np.hypot(float(new["error"]), float(old["error"]))
            assert abs(float(new[bias]) - float(old[bias])) <= 4 * error
    # The estimate, a mean over partitions, has no bias to be seen in the stored run.
    for row in table.rows:
        old = dict(zip(table.columns, row, strict=True))
        assert abs(float(old["bias of mean"])) <= 4 * float(old["error"])
