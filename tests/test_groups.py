"""Groups, and sums about them that add, permute and change sign as they must."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bopstats as bop
from bopstats.groups import GroupIndex, GroupMoments, RowBop
from bopstats.inference.estimates import estimate

SUMS = [f.name for f in fields(GroupMoments) if f.name != "clusters"]


def invent(n=60, seed=0, *, weight=None, cluster=False, size=4):
    """Rows with a real-valued and a 0–1 cost; group `size - 1` has no rows."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n).astype(float)
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
        cluster=rng.integers(0, 9, n) if cluster else None,
        binary=True,
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
    assert (a.clusters is None) == (b.clusters is None)
    if a.clusters is not None:
        np.testing.assert_array_equal(a.clusters.group, b.clusters.group)
        np.testing.assert_array_equal(a.clusters.cluster, b.clusters.cluster)
        np.testing.assert_allclose(a.clusters.w, b.clusters.w, rtol=1e-12)
        np.testing.assert_allclose(a.clusters.wb, b.clusters.wb, atol=1e-12)


KINDS = pytest.mark.parametrize(
    ("weight", "cluster"),
    [(None, False), ("freq", False), ("prob", False), (None, True), ("prob", True)],
)


@KINDS
def test_moments_are_the_sums_that_they_say(weight, cluster):
    rows = invent(weight=weight, cluster=cluster)
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
    if cluster:
        for g, c, total in zip(
            found.clusters.group, found.clusters.cluster, found.clusters.wb[0], strict=True
        ):
            both = (rows.group == g) & (rows.cluster == c)
            w = np.ones(len(rows.y)) if rows.weight is None else rows.weight
            assert total == pytest.approx((w * rows.benefit[0])[both].sum(), rel=1e-12)


@KINDS
@given(parts=st.lists(st.integers(0, 4), min_size=60, max_size=60), seed=st.integers(0, 5))
def test_moments_of_any_split_add_to_the_whole(weight, cluster, parts, seed):
    rows = invent(weight=weight, cluster=cluster, seed=seed)
    pieces = [np.flatnonzero(np.equal(parts, k)) for k in range(5)]
    moments = [GroupMoments.from_rows(take(rows, p)) for p in pieces if len(p)]
    total = moments[0]
    for each in moments[1:]:
        total = total + each
    check_same(total, GroupMoments.from_rows(rows))


@KINDS
def test_the_population_is_the_group_of_everybody(weight, cluster):
    rows = invent(weight=weight, cluster=cluster)
    everybody = replace(rows, group=np.zeros_like(rows.group), n_groups=1)
    check_same(GroupMoments.from_rows(rows).pooled(), GroupMoments.from_rows(everybody))


@KINDS
def test_appended_groups_stand_behind(weight, cluster):
    a, b = (invent(weight=weight, cluster=cluster, seed=seed) for seed in (1, 2))
    both = GroupMoments.from_rows(a).append(GroupMoments.from_rows(b))
    joined = RowBop(
        **{
            f.name: np.concatenate([getattr(a, f.name), getattr(b, f.name)], axis=-1)
            if isinstance(getattr(a, f.name), np.ndarray)
            else getattr(a, f.name)
            for f in fields(RowBop)
        }
    )
    shifted = replace(joined, group=np.r_[a.group, b.group + a.n_groups], n_groups=2 * a.n_groups)
    check_same(both, GroupMoments.from_rows(shifted))


@given(seed=st.integers(0, 30), order=st.permutations(range(4)))
def test_relabelling_groups_permutes_the_sums(seed, order):
    rows = invent(seed=seed, weight="prob")
    order = np.array(order)
    found = GroupMoments.from_rows(replace(rows, group=order[rows.group]))
    plain = GroupMoments.from_rows(rows)
    for name in SUMS:
        np.testing.assert_array_equal(getattr(found, name)[..., order], getattr(plain, name))


@pytest.fixture(
    scope="module", params=[{}, {"weights": "w", "weight_type": "prob"}, {"cluster": "c"}]
)
def evaluation(request, people):
    rng = np.random.default_rng(3)
    data = people.assign(w=rng.uniform(0.5, 2, len(people)), c=rng.integers(0, 60, len(people)))
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
