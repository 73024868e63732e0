import numpy as np
import pandas as pd
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

import bopstats as bop
from bopstats.exceptions import ArgumentError, SplitError
from bopstats.splitting import make_plan


def people_in(groups, **columns):
    """One person a group label, with an outcome and a predictor that do not matter."""
    n = len(groups)
    data = {"y": np.arange(n) % 2, "x": np.cos(np.arange(n)), "g": list(groups), **columns}
    return pd.DataFrame(data)


def plan(data, cv=5, repeats=1, folds="stratified", seed=0, **options):
    design = bop.glm("y ~ x | g", data, **options).design
    return make_plan(design, cv, repeats, folds, np.random.default_rng(seed))


def fold_of(split_plan, n, partition=0):
    """The fold in which each row is tested; −1 for none."""
    fold = np.full(n, -1)
    for k, split in enumerate(split_plan.partitions[partition]):
        assert (fold[split.test] == -1).all()
        fold[split.test] = k
    return fold


group_lists = st.lists(st.sampled_from("abc"), min_size=12, max_size=60).filter(
    lambda g: len(set(g)) > 1 and min(map(g.count, set(g))) > 1
)
seeds = st.integers(0, 2**32)


@given(group_lists, st.integers(2, 6), seeds)
def test_folds_are_balanced_within_groups_and_overall(groups, cv, seed):
    data = people_in(groups)
    made = plan(data, cv, seed=seed)
    fold = fold_of(made, len(data))
    for rows in ([True] * len(data), *(data["g"] == g for g in set(groups))):
        counts = np.bincount(fold[np.asarray(rows)], minlength=cv)
        assert counts.max() - counts.min() <= 1
    for split in made.partitions[0]:
        np.testing.assert_array_equal(np.flatnonzero(~split.train), split.test)


@given(group_lists, st.permutations(range(60)), seeds, st.sampled_from(["stratified", "hash"]))
def test_with_id_the_order_of_the_rows_does_not_matter(groups, order, seed, folds):
    data = people_in(groups, pid=np.arange(100, 100 + len(groups)))
    shuffled = data.iloc[[i for i in order if i < len(data)]]
    try:
        first = fold_of(plan(data, 3, folds=folds, seed=seed, id="pid"), len(data))
    except SplitError:  # by the hash alone, a small group may be tested all at once
        with pytest.raises(SplitError):
            plan(shuffled, 3, folds=folds, seed=seed, id="pid")
        return
    second = fold_of(plan(shuffled, 3, folds=folds, seed=seed, id="pid"), len(data))
    assert dict(zip(data["pid"], first, strict=True)) == dict(
        zip(shuffled["pid"], second, strict=True)
    )


@pytest.mark.parametrize(("role", "folds"), [("cluster", "stratified"), ("id", "hash")])
@given(clusters=st.lists(st.integers(0, 14), min_size=40, max_size=60), seed=seeds)
def test_clusters_are_never_torn(role, folds, clusters, seed):
    groups = np.array(["a", "b"])[np.arange(len(clusters)) % 2]
    data = people_in(groups, c=clusters)
    try:
        fold = fold_of(plan(data, 2, folds=folds, seed=seed, **{role: "c"}), len(data))
    except SplitError:  # all clusters of a group in one fold
        reject()
    assert len(np.unique(np.stack([fold, clusters]), axis=1).T) == len(set(clusters))


@given(seeds, st.sampled_from(["stratified", "hash"]), st.sampled_from([4, 0.3]))
def test_splits_never_depend_on_the_outcome(seed, folds, cv):
    data = people_in("ab" * 40)
    other = data.assign(y=(data["x"] > 0).astype(int))
    first, second = (plan(d, cv, folds=folds, seed=seed) for d in (data, other))
    for one, two in zip(first.partitions[0], second.partitions[0], strict=True):
        np.testing.assert_array_equal(one.train, two.train)
        np.testing.assert_array_equal(one.test, two.test)


@given(seeds, st.sets(st.integers(0, 79), min_size=1, max_size=20))
def test_hash_folds_depend_on_seed_and_key_alone(seed, dropped):
    data = people_in("aabbbbbb" * 10, pid=[f"p{i}" for i in range(80)])
    whole = pd.Series(fold_of(plan(data, 2, folds="hash", seed=seed, id="pid"), 80), data["pid"])
    fewer = data.drop(index=list(dropped)).assign(
        g=lambda d: ["b", "a"] * (len(d) // 2) + ["b"] * (len(d) % 2)
    )
    part = fold_of(plan(fewer, 2, folds="hash", seed=seed, id="pid"), len(fewer))
    np.testing.assert_array_equal(part, whole[fewer["pid"]])


@pytest.mark.parametrize("folds", ["stratified", "hash"])
@pytest.mark.parametrize("cv", [5, 0.25])
def test_the_same_seed_gives_the_same_folds_and_another_one_others(folds, cv):
    data = people_in("abb" * 60)

    def tests(seed):
        made = plan(data, cv, repeats=3, folds=folds, seed=seed)
        return [split.test.tolist() for partition in made.partitions for split in partition]

    assert tests(1) == tests(1)
    assert tests(1) != tests(2)
    first, second, third = np.array_split(np.array(tests(1), dtype=object), 3)
    assert first.tolist() != second.tolist() != third.tolist()


def test_hash_folds_are_about_equal():
    fold = fold_of(plan(people_in("ab" * 3000), 5, folds="hash"), 6000)
    counts = np.bincount(fold, minlength=5)
    assert abs(counts - 1200).max() < 5 * np.sqrt(6000 * 0.2 * 0.8)


@pytest.mark.parametrize(
    "kind",
    [
        *("int8", "int16", "uint8", "int64", "uint64", "float32", "float64", "Int8", "Int64"),
        *("Float64", "category", object),
    ],
)
@pytest.mark.parametrize("role", ["id", "cluster"])
def test_whole_numbers_of_every_type_are_the_same_keys(kind, role):
    data = people_in("ab" * 50, k=np.arange(100) % 60)
    plain = fold_of(plan(data, 4, **{role: "k"}), 100)
    other = fold_of(plan(data.astype({"k": kind}), 4, **{role: "k"}), 100)
    np.testing.assert_array_equal(plain, other)


@pytest.mark.parametrize("kind", ["str", "string", object, "category"])
def test_texts_of_every_type_are_the_same_keys(kind):
    data = people_in("ab" * 50, k=[f"key {i}" for i in range(100)])
    plain = fold_of(plan(data, 4, id="k"), 100)
    np.testing.assert_array_equal(plain, fold_of(plan(data.astype({"k": kind}), 4, id="k"), 100))


@pytest.mark.parametrize("values", [np.arange(100) / 7, 1e300 * np.arange(1, 101), -np.arange(100)])
def test_any_numbers_are_keys(values):
    fold = fold_of(plan(people_in("ab" * 50, k=values), 4, id="k"), 100)
    assert sorted(np.bincount(fold)) == [25, 25, 25, 25]


def test_a_cluster_column_goes_before_id():
    data = people_in("ab" * 50, c=np.arange(100) // 4, k=np.arange(100))
    both = fold_of(plan(data, 4, cluster="c", id="k"), 100)
    np.testing.assert_array_equal(both, fold_of(plan(data, 4, cluster="c"), 100))


@pytest.mark.parametrize("seed", range(20))
def test_a_key_in_several_groups_is_dealt_with_its_majority(seed):
    """30 keys of 2 rows in a and 1 in b, 31 keys of 1 row in a, 13 keys of 1 row in b."""
    keys = np.r_[np.repeat(np.arange(30), 3), np.arange(30, 74)]
    groups = ["a", "b", "a"] * 30 + ["a"] * 31 + ["b"] * 13
    fold = fold_of(plan(people_in(groups, k=keys), 4, seed=seed, id="k"), len(keys))
    of_key = pd.Series(fold).groupby(keys).first()
    dealt = {"a": of_key[:61], "b": of_key[61:]}
    for folds in dealt.values():
        counts = np.bincount(folds, minlength=4)
        assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("seed", range(20))
def test_a_key_shared_evenly_is_dealt_with_the_first_group(seed):
    """Dealt with a: the 21 keys of one row in each and the 22 of a row in a."""
    keys = np.r_[np.repeat(np.arange(21), 2), np.arange(21, 62)]
    groups = ["b", "a"] * 21 + ["a"] * 22 + ["b"] * 19
    fold = fold_of(plan(people_in(groups, k=keys), 4, seed=seed, id="k"), len(keys))
    of_key = pd.Series(fold).groupby(keys).first()
    for folds in (of_key[:43], of_key[43:]):
        counts = np.bincount(folds, minlength=4)
        assert counts.max() - counts.min() <= 1


def test_positions_are_the_keys_without_id():
    """A row that is dropped for a missing value leaves the hash of the others alone."""
    data = people_in("ab" * 50)
    holes = data.assign(x=data["x"].mask(np.arange(100) == 3))
    fold = fold_of(plan(data, 3, folds="hash"), 100)
    np.testing.assert_array_equal(fold_of(plan(holes, 3, folds="hash"), 99), np.delete(fold, 3))


# Hold-out


@given(group_lists, st.floats(0.01, 0.99), seeds)
def test_a_share_of_each_group_is_held_out(groups, share, seed):
    data = people_in(groups)
    (split,) = plan(data, share, repeats=None, seed=seed).partitions[0]
    np.testing.assert_array_equal(np.flatnonzero(~split.train), split.test)
    for g in set(groups):
        size = groups.count(g)
        held = (data["g"].iloc[split.test] == g).sum()
        assert 1 <= held <= size - 1
        assert abs(held - share * size) <= 1


def test_repeated_hold_outs_are_partitions():
    made = plan(people_in("ab" * 30), 0.2, repeats=5)
    assert len(made.partitions) == 5
    assert made.kind == "hold-out"
    assert len({tuple(p[0].test) for p in made.partitions}) == 5


def test_repeats_are_11_for_folds_and_1_for_a_share_by_default():
    data = people_in("ab" * 30)
    assert len(plan(data, 5, repeats=None).partitions) == 11
    assert len(plan(data, 0.2, repeats=None).partitions) == 1


def test_many_rows_have_one_partition_by_default():
    assert len(plan(people_in("ab" * 10_001), 2, repeats=None).partitions) == 1


def test_in_sample_trains_and_tests_on_all_rows():
    made = plan(people_in("ab" * 30), None, repeats=None)
    ((split,),) = made.partitions
    assert split.train.all()
    np.testing.assert_array_equal(split.test, np.arange(60))
    assert made.kind == "in-sample"


# Pairs


def test_pairs_are_positions_in_the_data_before_rows_are_dropped():
    data = people_in("ab" * 20)
    holes = data.assign(x=data["x"].mask(np.isin(np.arange(40), [0, 5, 30])))
    made = plan(holes, [(np.arange(20), np.arange(20, 40))], repeats=None)
    ((split,),) = made.partitions
    used = np.setdiff1d(np.arange(40), [0, 5, 30])
    np.testing.assert_array_equal(used[split.train], np.setdiff1d(np.arange(20), [0, 5]))
    np.testing.assert_array_equal(used[split.test], np.setdiff1d(np.arange(20, 40), [30]))


@pytest.mark.parametrize(
    "wrap",
    [
        list,
        tuple,
        iter,
        lambda pairs: ((a, b) for a, b in pairs),
        lambda pairs: [[a.tolist(), b.tolist()] for a, b in pairs],
        lambda pairs: [(a.astype("uint8"), pd.Series(b)) for a, b in pairs],
    ],
)
def test_pairs_come_in_any_iterable(wrap):
    rows = np.arange(60)
    pairs = [(rows[rows % 3 != k], rows[rows % 3 == k]) for k in range(3)]
    fold = fold_of(plan(people_in("ab" * 30), wrap(pairs), repeats=None), 60)
    np.testing.assert_array_equal(fold, rows % 3)


def test_rows_in_no_test_set_are_counted_in_a_note():
    made = plan(people_in("ab" * 30), [(np.arange(40), np.arange(40, 55))], repeats=None)
    assert "15 of 60 used rows are in a test set" in " ".join(made.notes)


def test_torn_clusters_of_given_pairs_are_noted():
    data = people_in("ab" * 30, c=np.arange(60) // 4)
    made = plan(data, [(np.arange(30), np.arange(30, 60))], repeats=None, cluster="c")
    assert "1 clusters lie in both" in " ".join(made.notes)


ROWS = np.arange(60)


@pytest.mark.parametrize(
    ("cv", "message"),
    [
        ([(ROWS[:40], ROWS[39:])], r"cv\[0\]: row 39 is in both halves"),
        ([(ROWS[:30], ROWS[40:]), (ROWS[:30], ROWS[59:])], r"cv\[1\]: row 59 is in two test sets"),
        ([(np.r_[ROWS[:40], 7], ROWS[40:])], r"cv\[0\]: row 7 is twice"),
        ([(ROWS[:40], np.r_[ROWS[40:], 41])], r"cv\[0\]: row 41 is twice"),
        ([(ROWS[:40], ROWS[40:] + 1)], r"cv\[0\]: got 'positions 41…60'; allowed: 0…59"),
        ([(ROWS[:40], -ROWS[40:])], r"cv\[0\]: got 'positions -59…-40'; allowed: 0…59"),
        ([(ROWS < 40, ROWS >= 40)], r"cv\[0\]: got 'bool of shape \(60,\)'; allowed: 1-d arrays"),
        ([(ROWS[:40] / 1, ROWS[40:])], r"cv\[0\]: got 'float64 .*allowed: 1-d arrays"),
        ([(ROWS[:40].reshape(2, 20), ROWS[40:])], r"cv\[0\]: .*allowed: 1-d arrays"),
        ([([], ROWS)], r"cv\[0\]: .*allowed: 1-d arrays"),
        ([(ROWS[:40], ROWS[40:], ROWS)], r"cv\[0\]: .*allowed: a pair"),
        ([ROWS], r"cv\[0\]: .*allowed: a pair"),
        ([], "cv: got 'no pairs'; allowed: at least one"),
        ({5: 1}, r"cv\[0\]: .*allowed: a pair"),
        ("5", "cv: got '5'; allowed: an integer number of folds"),
        (True, "cv: got True; allowed: an integer number of folds"),
        (object(), "cv: got .*; allowed: an integer number of folds"),
        (5.0, r"cv: got 5.0; allowed: an integer .* share in \(0, 1\)"),
        (float("nan"), "cv: got nan; allowed"),
        (-0.2, "cv: got -0.2; allowed"),
        (1, "cv: got 1; allowed: an integer of at least 2"),
        (61, "cv: got 61; allowed: an integer of at least 2 and at most 60"),
    ],
)
def test_a_bad_cv_is_one_clear_error(cv, message):
    with pytest.raises(bop.BopError, match=message):
        plan(people_in("ab" * 30), cv, repeats=None)


@pytest.mark.parametrize(
    ("half", "pair"),
    [("training", (ROWS[:10], ROWS[10:])), ("test", (ROWS[10:], ROWS[:10]))],
)
def test_a_set_of_which_no_row_is_used_is_an_error(half, pair):
    data = people_in("ab" * 30)
    holes = data.assign(x=data["x"].mask(ROWS < 10))
    with pytest.raises(SplitError, match=rf"cv\[0\]: no row of the {half} set is used"):
        plan(holes, [pair], repeats=None)


@pytest.mark.parametrize("cv", [[(ROWS[:40], ROWS[40:])], None])
@pytest.mark.parametrize("repeats", [3, 0, 2.0])
def test_one_partition_cannot_be_repeated(cv, repeats):
    with pytest.raises(ArgumentError, match=r"repeats: got .*; allowed: None or 1"):
        plan(people_in("ab" * 30), cv, repeats=repeats)


@pytest.mark.parametrize(
    ("repeats", "allowed"),
    [(2, "an odd number"), (0, "at least 1"), (-1, "at least 1"), (3.0, "an integer"), (True, "")],
)
def test_repeats_are_odd(repeats, allowed):
    with pytest.raises(ArgumentError, match=rf"repeats: got {repeats}; allowed: .*{allowed}"):
        plan(people_in("ab" * 30), 5, repeats=repeats)


def test_an_unknown_fold_rule_is_an_error():
    with pytest.raises(ArgumentError, match="folds: got 'random'; allowed: 'stratified', 'hash'"):
        plan(people_in("ab" * 30), folds="random")


# Groups, levels and clusters that training sets lack


@pytest.mark.parametrize("size", [2, 4])
def test_a_training_set_that_lacks_a_group_names_both_and_three_ways_out(size):
    data = people_in(["rare"] * size + ["a", "b"] * 28)
    with pytest.raises(SplitError) as caught:
        plan(data, [(np.arange(10, 50), ROWS[:10])], repeats=None)
    said = str(caught.value)
    assert f"training set 1 of 1 lacks group 'rare' ({size} rows)" in said
    for way in ("merge its levels", "another number of folds or test share", "subset="):
        assert way in said


def test_rows_of_weight_0_do_not_train():
    data = people_in(["rare"] * 4 + ["a", "b"] * 28, w=np.r_[1, 1, 0, 0, np.ones(56)])
    split = [(np.r_[2, 3, 10:50], np.r_[0, 1, 4:10])]
    with pytest.raises(SplitError, match=r"lacks group 'rare' \(2 rows\)"):
        plan(data, split, repeats=None, weights="w", weight_type="freq")
    nobody = data.assign(w=np.r_[np.zeros(4), np.ones(56)])
    assert plan(nobody, split, repeats=None, weights="w", weight_type="freq").folds == 1


def test_a_group_of_one_key_cannot_be_dealt():
    data = people_in(["rare"] * 4 + ["a", "b"] * 28, k=np.r_[np.zeros(4), np.arange(1, 57)])
    with pytest.raises(SplitError, match=r"training set [1-5] of 5 lacks group 'rare' \(4 rows\)"):
        plan(data, 5, id="k")


def test_a_group_of_one_row_is_predicted_by_models_without_it():
    made = plan(people_in(["lone"] + ["a", "b"] * 20))
    assert (fold_of(made, 41) >= 0).all()
    assert "lone: its only row is predicted by models that saw no one" in " ".join(made.notes)


def test_a_group_of_one_row_is_not_held_out():
    made = plan(people_in(["lone"] + ["a", "b"] * 20), 0.3, repeats=None)
    assert 0 not in made.partitions[0][0].test
    assert not made.notes


def test_an_empty_group_stops_nothing():
    data = people_in("ab" * 20, h=["u"] * 10 + ["v"] * 30).query("not (g == 'a' and h == 'u')")
    design = bop.glm("y ~ x | g * h", data).design
    assert (np.bincount(design.group, minlength=4) == 0).any()
    assert len(make_plan(design, 5, 1, "stratified", np.random.default_rng(0)).partitions[0]) == 5


def test_no_more_folds_than_clusters_in_the_smallest_group():
    data = people_in("ab" * 30, c=np.where(np.arange(60) % 2, np.arange(60) // 20, np.arange(60)))
    for cv in (4, 5):
        with pytest.raises(
            SplitError, match=rf"cv: got {cv} folds; allowed: at most 3, .*group 'b'"
        ):
            plan(data, cv, cluster="c")
    assert len(plan(data, 3, cluster="c").partitions[0]) == 3


def test_no_more_folds_than_keys():
    data = people_in("ab" * 30, k=np.arange(60) // 20)
    with pytest.raises(SplitError, match=r"cv: got 5; allowed: at most 3 folds, .*values of id="):
        plan(data, 5, id="k")
