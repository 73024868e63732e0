"""Which rows train the models and which test them.

Folds come from a hash of (seed, key), so they depend neither on row order nor on chunking, and
never on the outcome: training and test rows of a group that share its event rate would make the
benefit come out too good.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bopstats._typing import BoolArray, IntArray
from bopstats._validation import check_choice, check_count, fail, is_number
from bopstats.design import Design, Factor
from bopstats.exceptions import SplitError
from bopstats.groups import order_by

_MANY_ROWS, _DEFAULT_REPEATS = 20_000, 11
_ALLOWED = (
    "an integer number of folds from 2, a test share in (0, 1), (train, test) pairs of positions, "
    "or None"
)


@dataclass(frozen=True)
class Split:
    """One training set and its test rows, as places among the design's rows.

    `train` is a mask of shape (n,); `test` holds row numbers. In-sample, they are the same rows.
    """

    train: BoolArray
    test: IntArray


@dataclass(frozen=True)
class Plan:
    """How the rows are split: one sequence of splits a partition.

    `kind` is "cross-fitting", "hold-out", "given" or "in-sample"; `folds` the number of splits in
    a partition; `share` the test share of a hold-out.
    """

    kind: str
    partitions: tuple[tuple[Split, ...], ...]
    folds: int
    share: float | None
    notes: tuple[str, ...]


def make_plan(
    design: Design, cv: Any, repeats: int | None, folds: str, rng: np.random.Generator
) -> Plan:
    """Split a design's rows as ``cv=`` asks.

    Parameters
    ----------
    design : Design
        Groups, keys, clusters and positions of the used rows.
    cv : int, float, iterable of (train, test), or None
        Number of folds, test share, given pairs of positions in the data, or in-sample.
    repeats : int or None
        Odd number of partitions; None for 11 up to 20,000 rows, else 1 (a hold-out: 1).
    folds : {"stratified", "hash"}
        Deal keys round within groups, or by the hash alone.
    rng : numpy.random.Generator
        Source of the partitions' seeds.

    Returns
    -------
    Plan

    Raises
    ------
    SplitError
        If a training set lacks a group or a level that its test rows have, pairs overlap, or
        there are more folds than clusters in a group.
    """
    check_choice("folds", folds, ("stratified", "hash"))
    if cv is None:
        _one_partition(repeats, "cv=None (in-sample)")
        everyone = Split(np.ones(design.n, dtype=bool), np.arange(design.n))
        return Plan("in-sample", ((everyone,),), 1, None, ())
    if not is_number(cv):
        _one_partition(repeats, "cv= as explicit (train, test) pairs")
        return _finish("given", (_given(design, cv),), None, design)
    if isinstance(cv, (float, np.floating)):
        if not 0 < cv < 1:
            fail("cv", cv, _ALLOWED)
        share = float(cv)
        seeds = seeds_of(rng, odd_repeats(repeats, 1))
        return _finish(
            "hold-out", tuple((_hold_out(design, share, folds, s),) for s in seeds), share, design
        )
    count = check_count("cv", cv, low=2, high=design.n)
    _check_clusters(design, count)
    seeds = seeds_of(rng, odd_repeats(repeats, default_repeats(design.n)))
    partitions = tuple(_cross(design, count, folds, seed) for seed in seeds)
    return _finish("cross-fitting", partitions, None, design)


def _one_partition(repeats: int | None, what: str) -> None:
    if repeats not in (None, 1):
        fail("repeats", repeats, f"None or 1, since {what} is one partition")


def default_repeats(n: int) -> int:
    """Return how many partitions there are where the user does not say."""
    return _DEFAULT_REPEATS if n <= _MANY_ROWS else 1


def odd_repeats(repeats: int | None, default: int) -> int:
    """Return the number of partitions, which is odd."""
    number = default if repeats is None else check_count("repeats", repeats)
    if number % 2 == 0:
        fail("repeats", repeats, "an odd number, so that the median is one of the partitions")
    return number


def seeds_of(rng: np.random.Generator, size: int) -> npt.NDArray[np.uint64]:
    """Return the seeds of partitions."""
    return rng.integers(0, 2**63, size=size, dtype=np.uint64)


def _mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Scramble 64-bit words (the finalizer of SplitMix64, Steele et al. 2014)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def key_words(design: Design, whole: bool | None = None) -> npt.NDArray[np.uint64]:
    """Return a 64-bit word for each row's key: its cluster, else its id, else its position.

    `whole` says whether keys that are floats are whole numbers, where other rows have a say in it.
    """
    if design.key is None:
        return _mix(design.positions.astype(np.uint64))
    key = np.asarray(design.key)
    if key.dtype == object:
        key = pd.Series(key).infer_objects().to_numpy()
    if key.dtype.kind in "iub" or (
        key.dtype.kind == "f" and (whole_numbers(key) if whole is None else whole)
    ):
        key = key.astype(np.int64)
    elif key.dtype.kind not in "fM":
        key = key.astype(str).astype(object)
    return _mix(pd.util.hash_array(key))


def whole_numbers(key: npt.NDArray[Any]) -> bool:
    """Tell whether floats are whole numbers that an integer type holds."""
    return bool((key % 1 == 0).all() and (abs(key) < 2**53).all())


def _hashed(words: npt.NDArray[np.uint64], seed: np.uint64) -> npt.NDArray[np.uint64]:
    return _mix(words ^ _mix(np.atleast_1d(seed)))


def _key_groups(design: Design) -> tuple[npt.NDArray[np.uint64], IntArray, IntArray]:
    """Return distinct keys, each row's key number, and the group that holds most of each key.

    Ties go to the first group in group order.
    """
    words = key_words(design)
    if design.key is None:
        return words, np.arange(design.n), design.group
    keys, number = np.unique(words, return_inverse=True)
    pairs, counts = np.unique(np.stack([number, design.group]), axis=1, return_counts=True)
    order = np.lexsort((pairs[1], -counts, pairs[0]))
    first = np.r_[True, np.diff(pairs[0][order]) > 0]
    return keys, number, pairs[1][order][first]


def _ranked(hashed: npt.NDArray[np.uint64], group: IntArray) -> IntArray:
    """Return each key's place in dealing order: by group, and within a group by hash."""
    order = np.argsort(hashed)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order[order_by(group[order], int(group.max(initial=0)) + 1)]] = np.arange(len(order))
    return rank


def _uniform(hashed: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    return hashed >> np.uint64(11)


def fold_of(words: npt.NDArray[np.uint64], seed: np.uint64, count: int) -> IntArray:
    """Return the fold that the hash alone gives to keys, shape (n,)."""
    return (_uniform(_hashed(words, seed)) % np.uint64(count)).astype(np.int64)


def held_out_by_hash(words: npt.NDArray[np.uint64], seed: np.uint64, share: float) -> BoolArray:
    """Tell which keys the hash alone holds out, shape (n,)."""
    return _uniform(_hashed(words, seed)).astype(np.float64) / 2.0**53 < share


def _cross(design: Design, count: int, folds: str, seed: np.uint64) -> tuple[Split, ...]:
    if folds == "hash":
        fold = fold_of(key_words(design), seed, count)
    else:
        keys, number, group = _key_groups(design)
        fold = (_ranked(_hashed(keys, seed), group) % count)[number]
    return tuple(Split(fold != k, np.flatnonzero(fold == k)) for k in range(count))


def _hold_out(design: Design, share: float, folds: str, seed: np.uint64) -> Split:
    if folds == "hash":
        test = held_out_by_hash(key_words(design), seed, share)
    else:
        keys, number, group = _key_groups(design)
        rank = _ranked(_hashed(keys, seed), group)
        sizes = np.bincount(group)
        start = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        take = np.clip(np.round(share * sizes), np.minimum(1, sizes - 1), np.maximum(sizes - 1, 0))
        test = (rank - start[group] < take[group])[number]
    return Split(~test, np.flatnonzero(test))


def _given(design: Design, cv: Any) -> tuple[Split, ...]:
    """Translate pairs of positions in the data into rows of the design."""
    if not isinstance(cv, Iterable) or isinstance(cv, (str, bytes)):
        fail("cv", cv, _ALLOWED)
    row_of = np.full(design.n_read, -1, dtype=np.int64)
    row_of[design.positions] = np.arange(design.n)
    splits, tested = [], np.zeros(design.n_read, dtype=bool)
    for k, pair in enumerate(cv):
        if not isinstance(pair, (Sequence, np.ndarray)) or len(pair) != 2:
            fail(f"cv[{k}]", type(pair).__name__, "a pair (train, test) of position arrays")
        train, test = (_positions(half, design.n_read, k) for half in pair)
        overlap = np.intersect1d(train, test)
        if len(overlap):
            raise SplitError(f"cv[{k}]: row {overlap[0]} is in both halves of the pair")
        again = test[tested[test]]
        if len(again):
            raise SplitError(f"cv[{k}]: row {again[0]} is in two test sets")
        tested[test] = True
        used_train, used_test = (row_of[h][row_of[h] >= 0] for h in (train, test))
        for rows, half in ((used_train, "training"), (used_test, "test")):
            if len(rows) == 0:
                raise SplitError(
                    f"cv[{k}]: no row of the {half} set is used; allowed: sets with rows that lack "
                    "no value (see the row flow)"
                )
        mask = np.zeros(design.n, dtype=bool)
        mask[used_train] = True
        splits.append(Split(mask, np.sort(used_test)))
    if not splits:
        fail("cv", "no pairs", "at least one (train, test) pair")
    return tuple(splits)


def _positions(half: Any, n_read: int, k: int) -> IntArray:
    array = np.asarray(half)
    if array.ndim != 1 or array.dtype.kind not in "iu" or len(array) == 0:
        fail(f"cv[{k}]", f"{array.dtype} of shape {array.shape}", "1-d arrays of positions")
    if array.min() < 0 or array.max() >= n_read:
        fail(f"cv[{k}]", f"positions {array.min()}…{array.max()}", f"0…{n_read - 1}")
    rows, counts = np.unique(array, return_counts=True)
    if (counts > 1).any():
        raise SplitError(f"cv[{k}]: row {rows[counts > 1][0]} is twice in one half of the pair")
    return array.astype(np.int64)


def _check_clusters(design: Design, count: int) -> None:
    """Every group of at least two rows needs as many clusters as there are folds."""
    if design.cluster is None:
        keys = design.n if design.key is None else len(np.unique(key_words(design)))
        if keys < count:
            fail(
                "cv",
                count,
                f"at most {keys} folds, the number of distinct values of id=",
                SplitError,
            )
        return
    groups = np.unique(np.stack([design.group, design.cluster]), axis=1)[0]
    rows = np.bincount(design.group, minlength=design.groups.n_groups)
    check_clusters(design.groups.labels, np.bincount(groups, minlength=len(rows)), rows, count)


def check_clusters(
    labels: Sequence[str], clusters: IntArray, rows: npt.NDArray[Any], count: int
) -> None:
    """Raise if a group of at least two rows has fewer clusters than folds; both have shape (G,)."""
    few = np.flatnonzero((clusters < count) & (rows > 1))
    if len(few):
        worst = int(few[np.argmin(clusters[few])])
        raise SplitError(
            f"cv: got {count} folds; allowed: at most {clusters[worst]}, the number of clusters "
            f"in group {labels[worst]!r} (or merge levels, or hold out a share)"
        )


def _finish(
    kind: str, partitions: tuple[tuple[Split, ...], ...], share: float | None, design: Design
) -> Plan:
    lonely: set[str] = set()
    for partition in partitions:
        for k, split in enumerate(partition):
            _check_groups(design, split, k, len(partition), lonely)
            _check_levels(design, split, k)
    notes = lonely_notes(lonely)
    tested = sum(len(split.test) for split in partitions[0])
    if kind == "given" and tested < design.n:
        notes += (f"{tested} of {design.n} used rows are in a test set and evaluated.",)
    if kind == "given" and design.cluster is not None:
        notes += _clusters_split(design.cluster, partitions[0])
    return Plan(kind, partitions, len(partitions[0]), share, notes)


def _there(design: Design) -> BoolArray:
    """Rows that count: those of weight 0 neither train nor test."""
    return np.ones(design.n, dtype=bool) if design.weight is None else design.weight > 0


def _check_groups(design: Design, split: Split, k: int, folds: int, lonely: set[str]) -> None:
    size, there = design.groups.n_groups, _there(design)
    tested = np.bincount(design.group[split.test][there[split.test]], minlength=size)
    rows = np.bincount(design.group[there], minlength=size)
    trained = np.bincount(design.group[split.train & there], minlength=size)
    lonely |= check_groups(design.groups.labels, rows, trained, tested, k, folds)


def check_groups(
    labels: Sequence[str],
    rows: npt.NDArray[Any],
    trained: npt.NDArray[Any],
    tested: npt.NDArray[Any],
    k: int,
    folds: int,
) -> set[str]:
    """Raise if training set k lacks a group that is tested; return groups of a single row there.

    `rows`, `trained` and `tested` (G,) count each group's rows in all.
    """
    lonely = set()
    for g in map(int, np.flatnonzero((trained == 0) & (tested > 0))):
        if rows[g] > 1:
            where = f"training set {k + 1} of {folds}"
            raise SplitError(
                f"cv: {where} lacks group {labels[g]!r} ({int(rows[g])} rows); merge its levels "
                "with others, use another number of folds or test share, or leave the group out "
                "by subset="
            )
        lonely.add(labels[g])
    return lonely


def lonely_notes(lonely: Iterable[str]) -> tuple[str, ...]:
    """Say which groups are predicted by models that never saw them."""
    return tuple(
        f"{label}: its only row is predicted by models that saw no one of this group."
        for label in sorted(lonely)
    )


def _check_levels(design: Design, split: Split, k: int) -> None:
    there = _there(design)
    for factor in design.factors:
        size = len(factor.levels)
        trained = np.bincount(factor.codes, split.train & there, size)
        tested = np.bincount(factor.codes[split.test], there[split.test], size)
        check_levels(factor, trained, tested, k)


def check_levels(
    factor: Factor, trained: npt.NDArray[Any], tested: npt.NDArray[Any], k: int
) -> None:
    """Raise if training set k lacks a level that is tested; both count rows, shape (levels,)."""
    unseen = np.flatnonzero((trained == 0) & (tested > 0))
    if len(unseen):
        raise SplitError(
            f"column {factor.name!r}: level {factor.levels[unseen[0]]!r} has "
            f"{int(tested[unseen[0]])} test rows but no row in training set {k + 1}; merge "
            "rare levels, or use more folds"
        )


def _clusters_split(cluster: IntArray, partition: tuple[Split, ...]) -> tuple[str, ...]:
    torn = {int(c) for s in partition for c in np.intersect1d(cluster[s.train], cluster[s.test])}
    if not torn:
        return ()
    return (f"{len(torn)} clusters lie in both the training and the test rows of a given pair.",)
