"""Groups, and sums about them that add, permute and change sign as they must."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bopstats as bop
from bopstats._sums import added_up
from bopstats.groups import GroupIndex, GroupMoments, RowBop
from bopstats.inference.estimates import estimate
from bopstats.sampling import DesignSums

SUMS = [f.name for f in fields(GroupMoments) if f.name != "design"]
CELLS = [f.name for f in fields(DesignSums)]


def invent(n=60, seed=0, *, weight=None, design="", size=4):
    """Rows with a real-valued and a 0–1 cost; group `size - 1` has no rows."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n).astype(float)
    unit = rng.integers(0, 9, n)
    mu = rng.uniform(0.02, 0.98, (2, n))
    return RowBop(
        costs=("brier", "zero_one"),
        generic=np.stack([(y - mu[0]) ** 2, 1.0 * ((mu[0] >= 0.5) != (y > 0))]),
        personalized=np.stack([(y - mu[1]) ** 2, 1.0 * ((mu[1] >= 0.5) != (y > 0))]),
        y=y,
        mu_generic=mu[0],
        mu_personalized=mu[1],
        group=rng.integers(0, size - 1, n),
        fold=rng.integers(0, 3, n),
        rows=np.arange(n),
        n_groups=size,
        weight=None if weight is None else rng.integers(1, 5, n).astype(float),
        weight_type=weight,
        cluster=unit if "cluster" in design else None,
        binary=True,
        stratum=unit // 3 if "strata" in design else None,
    )


def take(rows, where):
    """The rows `where` of a `RowBop`."""
    cut = {}
    for field in fields(RowBop):
        value = getattr(rows, field.name)
        if isinstance(value, np.ndarray):
            cut[field.name] = value[..., where]
    return replace(rows, **cut)


def swap(rows):
    return replace(
        rows,
        generic=rows.personalized,
        personalized=rows.generic,
        mu_generic=rows.mu_personalized,
        mu_personalized=rows.mu_generic,
    )


def check_same(a, b):
    for name in SUMS:
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=1e-12, atol=1e-12)
    assert (a.design is None) == (b.design is None)
    if a.design is not None:
        for name in CELLS:
            one, other = getattr(a.design, name), getattr(b.design, name)
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


KINDS = pytest.mark.parametrize(
    ("weight", "design"),
    [
        *((None, ""), ("freq", ""), ("prob", "")),
        *((None, "cluster"), ("prob", "cluster"), ("freq", "cluster")),
        *((None, "strata"), ("prob", "strata"), ("freq", "strata")),
        *((None, "cluster strata"), ("prob", "cluster strata"), ("freq", "cluster strata")),
    ],
)


@KINDS
def test_moments_are_the_sums_that_they_say(weight, design):
    rows = invent(weight=weight, design=design)
    found = GroupMoments.from_rows(rows)
    for g in range(rows.n_groups):
        members = np.flatnonzero(rows.group == g)
        w = [1.0 if rows.weight is None else rows.weight[i] for i in members]
        freq = w if weight == "freq" else [1.0] * len(w)
        y = rows.y[members]
        assert found.n[g] == sum(freq)
        assert found.events[g] == sum(f * e for f, e in zip(freq, y, strict=True))
        for c in range(2):
            gap = rows.generic[c, members] - rows.personalized[c, members]
            assert found.plus[c, g] == sum(f for f, b in zip(freq, gap, strict=True) if b > 0)
            assert found.minus[c, g] == sum(f for f, b in zip(freq, gap, strict=True) if b < 0)
            for name, power_w, power_b in (
                ("wb", 1, 1),
                ("wb2", 1, 2),
                ("w2b", 2, 1),
                ("w2b2", 2, 2),
            ):
                total = sum(a**power_w * b**power_b for a, b in zip(w, gap, strict=True))
                assert getattr(found, name)[c, g] == pytest.approx(total, rel=1e-12)
    if design:
        check_cells(rows, found.design)


def check_cells(rows, found):
    """Every cell of a group, stratum and cluster has the sums of its rows."""
    copies = rows.weight_type == "freq"
    w = np.ones(len(rows.y)) if rows.weight is None else rows.weight
    unit = np.ones(len(w)) if copies else w  # of one copy
    times = w if copies else np.ones(len(w))
    stratum = np.zeros(len(w), dtype=int) if rows.stratum is None else rows.stratum
    cluster = np.full(len(w), -1) if rows.cluster is None else rows.cluster
    keys = np.stack([rows.group, stratum, cluster])
    assert len(found.group) == len(np.unique(keys, axis=1).T)
    for p, key in enumerate(zip(found.group, found.stratum, found.cluster, strict=True)):
        here = (key == keys.T).all(axis=1)
        assert found.w[p] == pytest.approx(w[here].sum(), rel=1e-12)
        assert found.w2[p] == pytest.approx((times * unit**2)[here].sum(), rel=1e-12)
        for c, b in enumerate(rows.benefit):
            assert found.wb[c, p] == pytest.approx((w * b)[here].sum(), rel=1e-12)
            if rows.cluster is None:
                assert found.w2b[c, p] == pytest.approx((times * unit**2 * b)[here].sum())
                assert found.w2b2[c, p] == pytest.approx((times * unit**2 * b**2)[here].sum())
    if rows.cluster is not None:
        assert found.w2b.shape == found.w2b2.shape == (0, len(found.group))
    counts = [len(np.unique(cluster[stratum == h])) for h in found.strata]
    if rows.cluster is None:
        counts = [times[stratum == h].sum() for h in found.strata]
    assert found.units.tolist() == counts


@KINDS
@given(parts=st.lists(st.integers(0, 4), min_size=60, max_size=60), seed=st.integers(0, 5))
def test_moments_of_any_split_add_to_the_whole(weight, design, parts, seed):
    rows = invent(weight=weight, design=design, seed=seed)
    pieces = [np.flatnonzero(np.equal(parts, k)) for k in range(5)]
    moments = [GroupMoments.from_rows(take(rows, p)) for p in pieces if len(p)]
    total = moments[0]
    for each in moments[1:]:
        total = total + each
    check_same(total, GroupMoments.from_rows(rows))


@KINDS
def test_the_population_is_the_group_of_everybody(weight, design):
    rows = invent(weight=weight, design=design)
    everybody = replace(rows, group=np.zeros_like(rows.group), n_groups=1)
    check_same(GroupMoments.from_rows(rows).pooled(), GroupMoments.from_rows(everybody))


@KINDS
def test_the_population_stands_behind_the_groups(weight, design):
    rows = invent(weight=weight, design=design)
    both = GroupMoments.from_rows(rows).with_population()
    pooled = GroupMoments.from_rows(rows).pooled()
    for name in SUMS:
        np.testing.assert_array_equal(getattr(both, name)[..., -1:], getattr(pooled, name))
    if design:
        last = both.design.group == rows.n_groups
        np.testing.assert_array_equal(both.design.wb[:, last], pooled.design.wb)
        np.testing.assert_array_equal(both.design.units, pooled.design.units)


@given(seed=st.integers(0, 30), order=st.permutations(range(4)))
def test_relabelling_groups_permutes_the_sums(seed, order):
    rows = invent(seed=seed, weight="prob")
    order = np.array(order)
    found = GroupMoments.from_rows(replace(rows, group=order[rows.group]))
    plain = GroupMoments.from_rows(rows)
    for name in SUMS:
        np.testing.assert_array_equal(getattr(found, name)[..., order], getattr(plain, name))


@pytest.fixture(
    scope="module",
    params=[
        {},
        {"weights": "w", "weight_type": "prob"},
        {"cluster": "c"},
        {"strata": "s"},
        {"cluster": "c", "strata": "s", "weights": "w", "weight_type": "prob"},
    ],
)
def evaluation(request, people):
    rng = np.random.default_rng(3)
    data = people.assign(w=rng.uniform(0.5, 2, len(people)), c=rng.integers(0, 60, len(people)))
    data["s"] = data["c"] // 20
    model = bop.glm("y ~ x + z | sex * race", data, **request.param)
    return model.fit(repeats=3, rng=2, cv=3).evaluation


@pytest.mark.parametrize("cost", ["brier", "zero_one", "sufficiency", "incomprehensiveness"])
def test_swapping_the_models_flips_every_sign_exactly(evaluation, cost):
    swapped = tuple(swap(rows) for rows in evaluation.rows)
    other = replace(
        evaluation, rows=swapped, moments=tuple(GroupMoments.from_rows(r) for r in swapped)
    )
    before, after = (estimate(each, cost, alpha=0.05) for each in (evaluation, other))
    np.testing.assert_array_equal(after.bop, -before.bop)
    np.testing.assert_array_equal(after.std_err, before.std_err)
    np.testing.assert_array_equal(after.low, -before.high)
    np.testing.assert_array_equal(after.high, -before.low)
    np.testing.assert_array_equal(after.p_benefit, before.p_harm)
    np.testing.assert_array_equal(after.p_harm, before.p_benefit)
    np.testing.assert_array_equal(after.generic, before.personalized)
    assert after.method == before.method
    assert after.status == before.status


def test_renaming_levels_permutes_the_rows_of_the_frame(people):
    """Other names make other references; with interactions, terms would share out otherwise."""
    names = {"female": "x", "male": "a", "Asian": "q", "Black": "z", "White": "b"}
    other = people.assign(sex=people["sex"].map(names), race=people["race"].map(names))
    rows = np.arange(len(people))
    pairs = [(rows[rows % 3 != k], rows[rows % 3 == k]) for k in range(3)]
    one, two = (bop.glm("y ~ x + z | sex + race", d).fit(cv=pairs) for d in (people, other))
    a, b = one.frame(), two.frame()
    a[["sex", "race"]] = a[["sex", "race"]].replace(names)
    merged = a.merge(b, on=["cost", "sex", "race"], suffixes=("_a", "_b"))
    assert len(merged) == len(a)
    for name in (
        "n",
        "events",
        "n_changed",
        "cost_generic",
        "bop",
        "ci_low",
        "ci_upp",
        "p_benefit",
    ):
        np.testing.assert_allclose(merged[f"{name}_a"], merged[f"{name}_b"], rtol=1e-6, atol=1e-9)
    assert one.gamma().value == pytest.approx(two.gamma().value, rel=1e-6)
    assert names[one.gamma().group.split(", ")[0]] == two.gamma().group.split(", ")[0]


def test_the_index_is_the_product_of_levels_last_fastest():
    index = GroupIndex(("sex", "race"), (("f", "m"), ("A", "B", "C")))
    expected = pd.DataFrame({"sex": list("fffmmm"), "race": list("ABCABC")}, dtype=object)
    pd.testing.assert_frame_equal(index.frame(), expected)
    assert index.labels == ("f, A", "f, B", "f, C", "m, A", "m, B", "m, C")
    codes = index.encode([np.array([0, 1, 1]), np.array([2, 0, 2])])
    assert [index.labels[g] for g in codes] == ["f, C", "m, A", "m, C"]


@pytest.mark.filterwarnings("ignore::bopstats.exceptions.SeparationWarning")
def test_small_and_empty_groups_keep_their_rows(people):
    lone = people.index[(people["sex"] == "male") & (people["race"] == "White")][:1]
    rest = people[people["race"] != "White"]
    data = pd.concat([people.loc[lone], rest])
    res = bop.glm("y ~ x | sex + race", data).fit(repeats=1)
    frame = res.frame("brier").set_index("group")
    assert frame["status"].to_dict() == {
        "female, Asian": "ok",
        "female, Black": "ok",
        "female, White": "empty",
        "male, Asian": "ok",
        "male, Black": "ok",
        "male, White": "too small",
        "population": "ok",
    }
    for label in ("female, White", "male, White"):
        figures = frame.loc[label, ["std_err", "ci_low", "ci_upp", "p_benefit", "p_harm"]]
        assert figures.isna().all()
    assert frame.loc["male, White", "n"] == 1
    assert res.gamma().covers == res.test().covers == (4, 6)
    assert "covers 4 of 6 groups" in str(res.test())


@pytest.mark.parametrize("parts", [1, 2, 3, 7, 12])
def test_many_moments_are_added_pairwise(parts):
    rows = invent(design="cluster")
    pieces = np.array_split(np.arange(len(rows.group)), parts)
    found = added_up(GroupMoments.from_rows(take(rows, piece)) for piece in pieces)
    check_same(found, GroupMoments.from_rows(rows))
    assert added_up([]) is None
