"""The bootstrap against exact enumeration in R, brute force, and what must hold of any interval."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bopstats.costs import auc_by_group, r2
from bopstats.exceptions import ArgumentError
from bopstats.groups import GroupMoments, RowBop
from bopstats.inference import bootstrap
from bopstats.inference.bootstrap import Plan, Replicates, bootstrap_counts, bootstrap_means
from bopstats.inference.bootstrap_limits import METHODS, limits, max_t, pvalues, sidak
from bopstats.inference.bootstrap_metrics import METRICS, _Pairs, bootstrap_metric
from bopstats.inference.means import group_means

ORACLES = Path(__file__).parent.parent / "oracles"
ENUMERATED = pd.read_csv(ORACLES / "bootstrap_enumerated.csv", comment="#")
WEIGHTINGS = (None, "freq", "prob")


def people(n=120, n_groups=3, *, seed=0, weight_type=None, clusters=None, folds=3, level=20):
    """Rows with predictions on a grid of `level` values, so that some tie."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, n_groups, n)
    group[: 2 * n_groups] = np.repeat(np.arange(n_groups), 2)
    z = rng.normal(size=n)
    y = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(float)

    def predict(noise):
        mu = 1 / (1 + np.exp(-z - noise * rng.normal(size=n)))
        return np.clip(np.round(mu * level) / level, 0.01, 0.99)

    mu = predict(1.5), predict(0.5)
    weight = {
        None: None,
        "freq": rng.integers(1, 4, n).astype(float),
        "prob": rng.uniform(0.5, 3, n),
    }[weight_type]
    return RowBop(
        costs=("brier", "zero_one"),
        generic=np.stack([(y - mu[0]) ** 2, ((mu[0] >= 0.5) != y).astype(float)]),
        personalized=np.stack([(y - mu[1]) ** 2, ((mu[1] >= 0.5) != y).astype(float)]),
        y=y,
        mu_generic=mu[0],
        mu_personalized=mu[1],
        group=group,
        fold=rng.integers(0, folds, n),
        rows=np.arange(n),
        n_groups=n_groups,
        weight=weight,
        weight_type=weight_type,
        cluster=None if clusters is None else rng.integers(0, clusters, n),
        binary=True,
    )


def chosen(rows, at):
    """The rows at some places, repeated ones included."""
    fields = ("y", "mu_generic", "mu_personalized", "group", "fold", "rows")
    some = {name: getattr(rows, name)[at] for name in fields}
    for name in ("weight", "cluster"):
        values = getattr(rows, name)
        some[name] = None if values is None else values[at]
    return replace(rows, generic=rows.generic[:, at], personalized=rows.personalized[:, at], **some)


def swapped(rows):
    return replace(
        rows,
        generic=rows.personalized,
        personalized=rows.generic,
        mu_generic=rows.mu_personalized,
        mu_personalized=rows.mu_generic,
    )


def metric_benefit(rows, metric):
    """The benefit in a metric by the package's own formulas, population last."""
    if metric == "auc":
        return auc_by_group(rows, rows.mu_personalized) - auc_by_group(rows, rows.mu_generic)
    moments = GroupMoments.from_rows(rows)
    both = moments.with_population()
    sums = both.w, both.wy, both.wy2
    return r2(both.sse_personalized, *sums) - r2(both.sse_generic, *sums)


def draw(rows, what, size=50, seed=3):
    rng = np.random.default_rng(seed)
    if what in METRICS:
        return bootstrap_metric(rows, what, size=size, rng=rng)
    return bootstrap_means(rows, what, size=size, rng=rng)


@pytest.mark.parametrize("row", ENUMERATED.to_dict("records"), ids=lambda r: r["sample"])
def test_limits_are_boot_ci_on_all_resamples(row):
    x, w = (np.array(row[name].split(), dtype=float) for name in "xw")
    at = np.array(list(product(range(len(x)), repeat=len(x))))
    values = (w[at] * x[at]).sum(axis=1) / w[at].sum(axis=1)
    rows = chosen(people(len(x), 1), np.arange(len(x)))
    rows = replace(
        rows,
        generic=np.stack([x, x]),
        personalized=np.zeros((2, len(x))),
        weight=w,
        weight_type="prob",
    )
    found = draw(rows, 0)
    np.testing.assert_allclose(found.estimate, row["estimate"], rtol=1e-14)
    np.testing.assert_allclose(found.acceleration, row["acceleration"], rtol=1e-10)
    exact = replace(found, values=np.stack([values, values], axis=1))
    for method in METHODS:
        low, high = limits(exact, alpha=row["alpha"], method=method)
        np.testing.assert_allclose(low, row[f"{method}_low"], rtol=1e-10)
        np.testing.assert_allclose(high, row[f"{method}_high"], rtol=1e-10)


def test_acceleration_of_unweighted_means_is_a_sixth_of_the_skewness_over_root_n():
    rows = people()
    found = draw(rows, 0)
    for g in range(3):
        b = rows.benefit[0][rows.group == g]
        assert found.acceleration[g] == pytest.approx(stats.skew(b) / 6 / np.sqrt(len(b)))
    within = rows.benefit[0] - found.estimate[rows.group]
    wanted = (within**3).sum() / (6 * (within**2).sum() ** 1.5)
    assert found.acceleration[-1] == pytest.approx(wanted)


def numeric_acceleration(rows, what):
    """By the derivative in the weight of each unit, centred within strata."""
    plan = Plan.of(rows)
    base = np.ones(len(rows.y)) if rows.weight is None else rows.weight
    units, step = int(plan.strata.sum()), 1e-6
    influence = []
    for unit in range(units):
        bump = np.zeros(len(base))
        np.add.at(bump, plan.row[plan.unit == unit], base[plan.row[plan.unit == unit]])
        sides = []
        for sign in (1, -1):
            changed = replace(rows, weight=base + sign * step * bump, weight_type="prob")
            sides.append(
                metric_benefit(changed, what)
                if what in METRICS
                else draw(changed, what, 1).estimate
            )
        influence.append((sides[0] - sides[1]) / (2 * step))
    stratum = np.repeat(np.arange(len(plan.strata)), plan.strata)
    u = np.stack(influence)
    for h in np.unique(stratum):
        u[stratum == h] -= u[stratum == h].mean(axis=0)
    return (u**3).sum(axis=0) / (6 * (u**2).sum(axis=0) ** 1.5)


@pytest.mark.parametrize("what", [0, *METRICS])
@pytest.mark.parametrize(
    ("weight_type", "clusters"), [(None, None), ("prob", None), ("prob", 15), (None, 15)]
)
def test_acceleration_is_the_skewness_of_numerical_derivatives(what, weight_type, clusters):
    rows = people(60, 2, weight_type=weight_type, clusters=clusters, seed=4)
    found = draw(rows, what, 2).acceleration
    np.testing.assert_allclose(found, numeric_acceleration(rows, what), rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("what", [0, 1, *METRICS])
@pytest.mark.parametrize("clusters", [None, 25])
@pytest.mark.parametrize("weight_type", WEIGHTINGS)
def test_replicates_are_the_estimate_on_the_resampled_rows(
    what, clusters, weight_type, monkeypatch
):
    rows = people(weight_type=weight_type, clusters=clusters, seed=1)
    plan, size = Plan.of(rows), 40
    unit_draws = []
    original = bootstrap._blocks

    def recorded(units, draws, total, rng):
        for some, here, tally in original(units, draws, total, rng):
            unit_draws.append(tally)
            yield some, here, tally

    monkeypatch.setattr(bootstrap, "_blocks", recorded)
    found = draw(rows, what, size)
    drawn = np.concatenate(unit_draws, axis=1)
    for r in range(5):
        copies = drawn[r][plan.unit]
        again = chosen(rows, np.repeat(plan.row, copies))
        if weight_type == "freq" and clusters is None:
            again = replace(again, weight=None, weight_type=None)
        metric = what in METRICS
        wanted = metric_benefit(again, what) if metric else draw(again, what, 1).estimate
        np.testing.assert_allclose(found.values[r], wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("what", [0, *METRICS])
@pytest.mark.parametrize("clusters", [None, 25])
@pytest.mark.parametrize("weight_type", WEIGHTINGS)
def test_estimates_are_those_of_the_package(what, clusters, weight_type):
    rows = people(weight_type=weight_type, clusters=clusters, seed=2)
    if what in METRICS:
        wanted = metric_benefit(rows, what)
    else:
        moments = GroupMoments.from_rows(rows)
        wanted = group_means(moments.with_population(), what, weight_type).mean
    np.testing.assert_allclose(draw(rows, what, 1).estimate, wanted, rtol=1e-11)


@pytest.mark.parametrize("clusters", [None, 60])
@pytest.mark.parametrize("weight_type", WEIGHTINGS)
def test_spread_of_replicates_is_the_linearised_error(clusters, weight_type):
    rows = people(3000, 2, weight_type=weight_type, clusters=clusters, level=1000)
    if clusters is not None:
        rows = replace(rows, group=rows.cluster % 2)  # nested: strata are the groups
    found = draw(rows, 0, 4000)
    moments = GroupMoments.from_rows(rows)
    wanted = group_means(moments, 0, weight_type).std_err
    if clusters is not None:  # strata of 30 clusters, no small-sample factor
        wanted = wanted * np.sqrt(59 / 60)
    np.testing.assert_allclose(found.std_err[:-1], wanted, rtol=0.05)


def test_frequency_weights_are_copies():
    rows = people(weight_type="freq", seed=5)
    copies = replace(
        chosen(rows, np.repeat(np.arange(len(rows.y)), rows.weight.astype(int))),
        weight=None,
        weight_type=None,
    )
    for what in (0, *METRICS):
        a, b = draw(rows, what), draw(copies, what)
        np.testing.assert_allclose(a.values, b.values, rtol=1e-12)
        np.testing.assert_allclose(a.acceleration, b.acceleration, rtol=1e-9)


@pytest.mark.parametrize("what", [0, *METRICS])
@pytest.mark.parametrize("clusters", [None, 25])
@pytest.mark.parametrize("weight_type", WEIGHTINGS)
def test_swapping_the_models_flips_everything_bit_for_bit(what, clusters, weight_type):
    rows = people(weight_type=weight_type, clusters=clusters, seed=6)
    one, other = draw(rows, what, 500), draw(swapped(rows), what, 500)
    flips(one, other)


def flips(one, other):
    np.testing.assert_array_equal(one.estimate, -other.estimate)
    np.testing.assert_array_equal(one.values, -other.values)
    np.testing.assert_array_equal(one.acceleration, -other.acceleration)
    for method in METHODS:
        low, high = limits(one, alpha=0.1, method=method)
        low2, high2 = limits(other, alpha=0.1, method=method)
        np.testing.assert_array_equal(low, -high2)
        np.testing.assert_array_equal(high, -low2)
        for null in (0.0, 0.01):
            benefit, harm = pvalues(one, null=null, method=method)
            benefit2, harm2 = pvalues(other, null=-null, method=method)
            np.testing.assert_array_equal(benefit, harm2)
            np.testing.assert_array_equal(harm, benefit2)


COUNTS = st.lists(st.tuples(*[st.integers(0, 30)] * 3), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(COUNTS, st.integers(1, 99))
def test_swapping_flips_counts_too(cells, size):
    same, plus, minus = np.array(cells, dtype=float).T
    n = same + plus + minus
    one = bootstrap_counts(n, plus, minus, size=size, rng=np.random.default_rng(1))
    other = bootstrap_counts(n, minus, plus, size=size, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(one.estimate, -other.estimate)
    np.testing.assert_array_equal(one.acceleration, -other.acceleration)
    values = -other.values
    if (plus == minus).all():  # the swapped problem is the same one: its replicates are symmetric
        values = values[::-1]
    np.testing.assert_array_equal(one.values, values)


def test_counts_have_the_law_of_resampled_rows():
    rows = people(400, 2, seed=8)
    moments = GroupMoments.from_rows(rows)
    counts = moments.n, moments.plus[1], moments.minus[1]
    found = bootstrap_counts(*counts, size=20000, rng=np.random.default_rng(1))
    by_rows = draw(rows, 1, 20000)
    np.testing.assert_allclose(found.estimate, by_rows.estimate, rtol=1e-13)
    np.testing.assert_allclose(found.acceleration, by_rows.acceleration, rtol=1e-9, atol=1e-15)
    for g in range(3):
        assert stats.ks_2samp(found.values[:, g], by_rows.values[:, g]).pvalue > 1e-3


def test_every_resample_is_equally_likely():
    x = np.array([1.0, 10.0, 100.0])
    rows = replace(
        chosen(people(3, 1), np.arange(3)), generic=x[None], personalized=np.zeros((1, 3))
    )
    sums = np.round(draw(rows, 0, 27000).values[:, 0] * 3)
    seen = pd.Series(sums).value_counts()
    wanted = pd.Series([sum(x[list(i)]) for i in product(range(3), repeat=3)]).value_counts()
    assert set(seen.index) == set(wanted.index)
    assert stats.chisquare(seen.sort_index(), wanted.sort_index() * 1000).pvalue > 1e-3


def test_a_long_stratum_in_blocks_has_the_same_law(monkeypatch):
    rows = people(150, 2, seed=9)
    plain = draw(rows, 0, 4000, seed=1)
    monkeypatch.setattr(bootstrap, "CHUNK", 16)
    pieces = draw(rows, 0, 4000, seed=2)
    for g in range(3):
        assert stats.ks_2samp(plain.values[:, g], pieces.values[:, g]).pvalue > 1e-3
    for tally in (t for _, t in Plan.of(rows).weights(20, np.random.default_rng(1))):
        np.testing.assert_array_equal(
            [tally[:, Plan.of(rows).group == g].sum() for g in range(2)],
            len(tally) * np.bincount(rows.group),
        )


def test_memory_does_not_grow_with_replicates():
    rows = people(200_000, 4)
    peaks = []
    for size in (5, 40):
        tracemalloc.start()
        draw(rows, 0, size)
        peaks.append(tracemalloc.get_traced_memory()[1] / 2**20)
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 1
    assert peaks[1] < 40  # a dozen arrays of n numbers, and the pieces


def test_no_replicate_loses_a_group_of_rows_or_of_own_clusters():
    rows = people(60, 6, seed=10)
    assert not draw(rows, 0, 300).not_computable.any()
    nested = replace(rows, cluster=rows.group * 10 + np.arange(60) % 3)
    assert not draw(nested, 0, 300).not_computable.any()


def test_a_group_on_foreign_clusters_may_vanish_and_is_counted():
    rows = people(60, 2, seed=11)
    group = np.zeros(60, dtype=np.int64)
    group[[0, 20]] = 1
    rows = replace(rows, group=group, cluster=np.arange(60) // 5)
    found = draw(rows, 0, 2000)
    share = found.not_computable / 2000
    # Twelve clusters in one stratum; group 1 needs the first or the fifth.
    assert share[1] == pytest.approx((10 / 12) ** 12, abs=0.03)
    assert share[0] == share[2] == 0
    low, high = limits(found, method="percentile")
    assert np.isfinite(low).all()
    assert np.isfinite(high).all()


def test_replicates_without_an_event_are_counted():
    rows = people(40, 1, folds=1, seed=12)
    y = np.zeros(40)
    y[0] = 1.0
    found = draw(replace(rows, y=y), "auc", 4000)
    assert found.not_computable[0] / 4000 == pytest.approx(np.exp(-1), abs=0.03)
    none = draw(replace(rows, y=np.zeros(40)), "auc", 20)
    assert np.isnan(none.estimate).all()
    assert (none.not_computable == 20).all()
    assert np.isnan(limits(none)).all()
    assert np.isnan(draw(replace(rows, y=np.ones(40)), "r2", 20).values).all()


def test_groups_without_an_interval_are_nan_and_leave_the_others_alone():
    rows = people(90, 5, seed=13)
    group = np.where(rows.group == 3, 1, rows.group)  # 3 is empty
    group[np.flatnonzero(group == 4)[1:]] = 0  # 4 has one row
    generic = rows.generic.copy()
    generic[:, group == 2] = rows.personalized[:, group == 2] + 0.1  # does not vary
    found = draw(replace(rows, group=group, generic=generic), 0, 400)
    for method in METHODS:
        low, high = limits(found, method=method)
        benefit, harm = pvalues(found, method=method)
        for each in (low, high, benefit, harm):
            np.testing.assert_array_equal(np.isfinite(each), [1, 1, 0, 0, 0, 1])
    infinite = generic.copy()
    infinite[0, np.flatnonzero(group == 0)[0]] = np.inf
    found = draw(replace(rows, group=group, generic=infinite), 0, 400)
    np.testing.assert_array_equal(np.isfinite(found.estimate), [0, 1, 1, 0, 1, 0])


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6),
    st.floats(0.03, 0.6),
    st.floats(-3, 3),
    st.sampled_from(METHODS),
    st.booleans(),
)
def test_pvalues_invert_the_limits(seed, alpha, where, method, coarse):
    rng = np.random.default_rng(seed)
    values = rng.gamma(2.0, size=(199, 1)) - 2
    values = np.round(values, 1) if coarse else values
    found = Replicates(np.array([0.1]), values, np.array([0.05]))
    null = round(where, 1) if coarse else where
    low, high = limits(found, alpha=alpha, method=method)
    benefit, harm = pvalues(found, null=null, method=method)
    assert 0 < benefit[0] <= 1
    if abs(benefit[0] - alpha / 2) > 1e-9:
        assert (benefit[0] <= alpha / 2) == (low[0] >= null)
    if abs(harm[0] - alpha / 2) > 1e-9:
        assert (harm[0] <= alpha / 2) == (high[0] <= null)


@pytest.mark.parametrize("method", METHODS)
def test_limits_are_nested_and_infinite_beyond_the_outermost_replicate(method):
    rng = np.random.default_rng(1)
    found = Replicates(np.zeros(1), rng.normal(size=(99, 1)), np.array([0.02]))
    pairs = [limits(found, alpha=alpha, method=method) for alpha in (0.9, 0.5, 0.2, 0.1, 0.001)]
    lows, highs = (np.array([pair[i][0] for pair in pairs]) for i in (0, 1))
    assert (np.diff(lows) <= 0).all()
    assert (np.diff(highs) >= 0).all()
    assert lows[-1] == -np.inf
    assert highs[-1] == np.inf
    assert pvalues(found, null=-9, method="percentile")[0][0] == pytest.approx(1 / 100)


def test_bca_without_bias_or_acceleration_is_percentile():
    values = np.linspace(-1, 1, 999)[:, None]
    found = Replicates(np.zeros(1), values, np.zeros(1))
    np.testing.assert_allclose(
        limits(found, method="bca"), limits(found, method="percentile"), rtol=1e-12
    )


def test_joint_levels():
    assert sidak(0.05, 1) == pytest.approx(0.05)
    assert (1 - sidak(0.05, 7)) ** 7 == pytest.approx(0.95)
    rng = np.random.default_rng(2)
    independent = rng.normal(size=(200_000, 5))
    found = Replicates(np.zeros(5), independent, np.zeros(5))
    every = np.arange(5)
    assert max_t(found, every) == pytest.approx(sidak(0.05, 5), rel=0.03)
    assert max_t(found, every, sides=1) == pytest.approx(sidak(0.05, 5), rel=0.03)
    assert max_t(found, every[:1]) == pytest.approx(0.05, rel=0.03)
    same = Replicates(np.zeros(5), np.repeat(independent[:, :1], 5, axis=1), np.zeros(5))
    assert max_t(same, every) == pytest.approx(0.05, rel=0.03)
    # Replicates that pile up below the estimate need room above it, and conversely.
    skewed = Replicates(np.zeros(5), 1 - rng.exponential(size=(20_000, 5)), np.zeros(5))
    mirrored = replace(skewed, values=-skewed.values)
    assert max_t(skewed, every, sides=1) < sidak(0.05, 5) < max_t(mirrored, every, sides=1)
    assert max_t(skewed, every) == max_t(mirrored, every)


def test_arguments_are_checked():
    rows = people()
    rng = np.random.default_rng(1)
    with pytest.raises(ArgumentError, match="size"):
        bootstrap_means(rows, 0, size=0, rng=rng)
    with pytest.raises(ArgumentError, match="metric"):
        bootstrap_metric(rows, "brier", size=9, rng=rng)
    half = np.array([1.5])
    with pytest.raises(ArgumentError, match="plus"):
        bootstrap_counts(2 * half, half, half, size=9, rng=rng)
    found = draw(rows, 0, 9)
    with pytest.raises(ArgumentError, match="method"):
        limits(found, method="basic")
    with pytest.raises(ArgumentError, match="sides"):
        max_t(found, np.arange(3), sides=3)
    with pytest.raises(ArgumentError, match="more computable"):
        max_t(found, np.arange(3))


def test_ties_in_pairs_count_half():
    rows = people(80, 2, level=3, seed=14)
    plan = Plan.of(rows)
    won, pairs = _Pairs(rows, plan).won_and_all(plan.weight[None])
    np.testing.assert_allclose(won[0] / pairs[0], metric_benefit(rows, "auc"), rtol=1e-13)


def surveyed(n=150, n_groups=2, *, clusters=None, per_stratum=3, **options):
    """Rows of a design with strata: of three clusters each, or five strata of rows."""
    rows = people(n, n_groups, clusters=clusters, **options)
    stratum = np.arange(n) % 5 if clusters is None else rows.cluster // per_stratum
    return replace(rows, stratum=stratum)


@pytest.mark.parametrize("what", [0, *METRICS])
@pytest.mark.parametrize("clusters", [None, 15])
@pytest.mark.parametrize("weight_type", WEIGHTINGS)
def test_strata_draw_one_unit_less_which_counts_for_more(what, clusters, weight_type, monkeypatch):
    rows = surveyed(clusters=clusters, weight_type=weight_type, seed=21)
    plan, tallies = Plan.of(rows), []
    original = bootstrap._blocks

    def recorded(units, draws, total, rng):
        assert draws == units - 1
        for some, here, tally in original(units, draws, total, rng):
            tallies.append(tally * units / draws)
            yield some, here, tally

    monkeypatch.setattr(bootstrap, "_blocks", recorded)
    found = draw(rows, what, 20)
    monkeypatch.undo()
    drawn = np.concatenate(tallies, axis=1)
    for r in range(5):
        weight = np.zeros(len(rows.y))
        np.add.at(weight, plan.row, drawn[r][plan.unit] * plan.weight)
        assert weight.sum() > 0
        again = replace(rows, weight=weight, weight_type="prob", cluster=None, stratum=None)
        metric = what in METRICS
        wanted = metric_benefit(again, what) if metric else draw(again, what, 1).estimate
        np.testing.assert_allclose(found.values[r], wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("what", [0, *METRICS])
@pytest.mark.parametrize("clusters", [None, 15])
def test_acceleration_in_strata_is_that_of_numerical_derivatives(what, clusters):
    rows = surveyed(60, clusters=clusters, weight_type="prob", seed=4)
    found = draw(rows, what, 1).acceleration
    np.testing.assert_allclose(found, numeric_acceleration(rows, what), rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("weight_type", WEIGHTINGS)
@pytest.mark.parametrize(("clusters", "per_stratum"), [(None, 0), (120, 2), (120, 6)])
def test_spread_of_replicates_is_the_linearised_error_in_strata(clusters, per_stratum, weight_type):
    options = {"clusters": clusters, "per_stratum": per_stratum, "weight_type": weight_type}
    rows = surveyed(2400, level=1000, seed=8, **options)
    found = draw(rows, 0, 4000)
    moments = GroupMoments.from_rows(rows).with_population()
    wanted = group_means(moments, 0, weight_type).std_err
    np.testing.assert_allclose(found.std_err, wanted, rtol=0.06)


@pytest.mark.parametrize("clusters", [None, 15])
def test_units_of_no_copies_are_not_drawn(clusters):
    rows = surveyed(clusters=clusters, weight_type="freq", seed=9)
    unit = np.arange(150) if clusters is None else rows.cluster
    rows = replace(rows, weight=np.where(unit == 4, 0.0, rows.weight))
    there = np.flatnonzero(unit != 4)
    some = chosen(replace(rows, stratum=None), there)
    some = replace(some, stratum=rows.stratum[there])
    np.testing.assert_array_equal(draw(rows, 0).values, draw(some, 0).values)


def test_a_group_may_vanish_from_strata_and_is_counted():
    rows = people(60, 2, seed=11)
    group = np.zeros(60, dtype=np.int64)
    group[[0, 5]] = 1
    rows = replace(rows, group=group, cluster=np.arange(60) // 5, stratum=np.arange(60) // 10)
    share = draw(rows, 0, 2000).not_computable / 2000
    # Both clusters of the first stratum have a member of group 1, and one of the two is drawn.
    assert not share.any()
    rows = replace(rows, stratum=np.arange(60) // 5 // 3)
    share = draw(rows, 0, 4000).not_computable / 4000
    assert share[1] == pytest.approx((1 / 3) ** 2, abs=0.02)
    assert share[0] == share[2] == 0


@pytest.mark.parametrize("what", [0, *METRICS])
@pytest.mark.parametrize("clusters", [None, 15])
def test_swapping_the_models_flips_replicates_in_strata_bit_for_bit(what, clusters):
    rows = surveyed(clusters=clusters, weight_type="prob", seed=6)
    np.testing.assert_array_equal(draw(swapped(rows), what).values, -draw(rows, what).values)


@pytest.mark.parametrize("sides", [1, 2])
def test_limits_that_hold_together_are_no_narrower_than_single_ones(sides):
    """Replicates that nearly all repeat the estimate have a quantile of 0."""
    values = np.zeros((1999, 2))
    values[:20, 0] = 1.0
    values[20:40, 1] = -1.0
    assert max_t(Replicates(np.zeros(2), values, np.zeros(2)), np.arange(2), sides=sides) == 0.05
