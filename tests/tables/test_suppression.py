"""No count from 1 to k − 1 can be worked out from what is shown, by whoever knows the rule."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from bopstats.exceptions import ArgumentError
from bopstats.tables.suppression import (
    PRESETS,
    check_suppress,
    hides_total,
    mask_flow,
    protect,
    small,
)


def published(counts, k):
    """What a reader sees: counts with the masked rows gone, and the totals."""
    masked = protect(counts, k)
    totals = counts.sum(axis=0)
    return (
        tuple(map(tuple, np.where(masked[:, None], -1.0, counts))),
        tuple(np.where(hides_total(counts, masked, k), -1.0, totals)),
    )


def compositions(total, parts):
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in compositions(total - first, parts - 1):
            yield (first, *rest)


def worlds(counts, masked):
    """Every table with these shown rows and totals."""
    hidden = np.flatnonzero(masked)
    people, events = counts[masked].sum(axis=0)[:2].astype(int)
    for sizes in compositions(people, len(hidden)):
        for found in itertools.product(*(range(size + 1) for size in sizes)):
            if sum(found) == events:
                world = counts.copy()
                world[hidden] = np.stack([sizes, found, np.subtract(sizes, found)], axis=1)
                yield world


@st.composite
def tables(draw, groups=3, largest=9):
    size = draw(st.integers(2, groups))
    n = np.array(draw(st.lists(st.integers(0, largest), min_size=size, max_size=size)))
    events = np.array([draw(st.integers(0, int(each))) for each in n])
    return np.stack([n, events, n - events], axis=1).astype(float)


@settings(max_examples=40)
@given(counts=tables(), k=st.integers(3, 5))
@example(counts=np.array([[1.0, 0, 1], [8, 4, 4], [9, 3, 6]]), k=5)
@example(counts=np.array([[1.0, 0, 1], [1, 0, 1], [1, 0, 1]]), k=3)
@example(counts=np.array([[7.0, 7, 0], [7, 0, 7], [3, 3, 0]]), k=4)
@example(counts=np.array([[2.0, 2, 0], [1, 1, 0], [5, 5, 0]]), k=3)
def test_no_small_count_can_be_worked_out(counts, k):
    """The attacker solves the linear system in whole numbers, and knows the rule of masking."""
    masked = protect(counts, k)
    assume(masked.any() and masked.sum() <= 3 and counts[masked, 0].sum() <= 18)
    seen = published(counts, k)
    assume(seen[1][0] >= 0)
    possible = [w[masked] for w in worlds(counts, masked) if published(w, k) == seen]
    values = np.stack(possible)
    hidden = counts[masked]
    for i, j in zip(*np.nonzero(small(hidden, k)), strict=True):
        assert len(set(values[:, i, j])) > 1, (counts, i, j)


@given(counts=tables(groups=12, largest=60), k=st.integers(3, 15))
def test_what_is_shown_is_safe_and_so_is_the_union_of_what_is_not(counts, k):
    masked = protect(counts, k)
    assert not small(counts[~masked], k).any()
    if masked.any() and not hides_total(counts, masked, k):
        assert masked.sum() >= 2
        assert not small(counts[masked].sum(axis=0), k).any()


def test_a_table_without_small_counts_is_left_alone():
    counts = np.array([[20.0, 11, 0], [0, 0, 0], [40, 20, 20]])
    assert not protect(counts, 11).any()


def test_zeros_are_shown():
    counts = np.array([[5.0], [0.0], [30.0], [40.0]])
    assert protect(counts, 11).tolist() == [True, False, True, False]


def test_presets_are_those_of_their_sources():
    assert dict(PRESETS) == {"cms": 11, "washington": 10, "manitoba": 6}
    assert check_suppress("cms") == 11
    assert check_suppress(None) is None


@pytest.mark.parametrize("value", [0, 1, 2, -5, 2.5, True, "hipaa", [11]])
def test_thresholds_that_make_no_sense_are_refused(value):
    with pytest.raises(ArgumentError, match="suppress"):
        check_suppress(value)


@st.composite
def flows(draw):
    """Row flows whose steps drop few or many."""
    dropped = draw(st.lists(st.integers(0, 9), min_size=1, max_size=3))
    extra = [draw(st.integers(0, 6)) for _ in dropped[1:]]
    missing = [dropped[0], *(d + e for d, e in zip(dropped[1:], extra, strict=True))]
    left = 100 - np.cumsum(dropped)
    return pd.DataFrame(
        {
            "step": ["read", *(f"missing x{i}" for i in range(len(dropped))), "used"],
            "missing": pd.array([None, *missing, None], dtype="Int64"),
            "dropped": [0, *dropped, 0],
            "left": [100, *left, left[-1]],
        }
    )


@settings(max_examples=40)
@given(flow=flows(), k=st.integers(3, 8))
def test_no_small_number_of_dropped_rows_can_be_worked_out(flow, k):
    shown = mask_flow(flow, k)
    dropped = flow["dropped"].to_numpy()[1:-1]
    hidden = shown["dropped"].isna().to_numpy()[1:-1]
    assert not small(dropped[~hidden], k).any()
    if not hidden.any():
        return
    assert shown["left"][1:-1].isna().all()
    if pd.isna(shown["left"].iloc[0]):
        return  # nothing says how many were dropped together
    # What was read and used is known, hence the sum of the hidden steps.
    rest = int(dropped[hidden].sum())
    assert not small(rest, k)
    candidates = [c for c in compositions(rest, hidden.sum()) if _same(flow, hidden, c, shown, k)]
    for place, value in enumerate(dropped[hidden]):
        if 0 < value < k:
            assert len({c[place] for c in candidates}) > 1, (flow, shown)


def _same(flow, hidden, dropped, shown, k):
    """Tell whether these hidden numbers give the same masked table."""
    other = flow.copy()
    steps = np.flatnonzero(hidden) + 1
    other.loc[steps, "dropped"] = dropped
    more = (flow["missing"] - flow["dropped"])[steps].clip(lower=0)
    other.loc[steps, "missing"] = np.asarray(dropped) + more
    other["left"] = 100 - other["dropped"].cumsum()
    return mask_flow(other, k).equals(shown)


def test_few_dropped_rows_hide_how_many_were_read():
    flow = pd.DataFrame(
        {
            "step": ["read", "missing a", "missing b", "used"],
            "missing": [None, 3, 3, None],
            "dropped": [0, 3, 2, 0],
            "left": [100, 97, 95, 95],
        }
    )
    shown = mask_flow(flow, 11)
    assert shown["left"].isna().tolist() == [True, True, True, False]
    assert shown["dropped"].isna().tolist() == [False, True, True, False]
