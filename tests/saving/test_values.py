"""Values come back as they were, as strict JSON, and every field of a result has its place."""

import ast
import datetime
import json
import sys
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from enum import IntEnum

import numpy as np
import pandas as pd
import pytest
from analyses import NAMES, analysis
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_np

from bopstats.evaluation import Evaluation
from bopstats.exceptions import DataError
from bopstats.groups import GroupMoments
from bopstats.inference.estimates import Estimates
from bopstats.inference.testability import Bounds
from bopstats.saving.records import as_record, from_record
from bopstats.saving.values import CLASSES, LEFT_OUT, decode, encode, printable


def through(value):
    """Pass a value through a text of strict JSON."""
    return decode(json.loads(json.dumps(encode(value), allow_nan=False)))


class Own(IntEnum):
    """An integer that calls itself otherwise."""

    LOW = 1


SCALARS = [
    *("", "Zoë — <b>$x_1$</b>\n\x00\ud800", True, False, None, 0, -1, 2**80),
    *(0.1, -0.0, 1e-320, 1e308, float("inf"), float("-inf"), float("nan")),
    *(np.int8(-3), np.uint64(2**64 - 1), np.float32(0.1), np.float64(0.1), np.float64("nan")),
    *(np.bool_(True), np.str_("a"), np.datetime64("2020-01-02"), np.timedelta64(3, "h")),
    *(pd.Timestamp("2020-01-02 03:04"), pd.Timestamp("1000-01-01").as_unit("s")),
    *(pd.Timestamp("2020-07-01", tz="Europe/Paris"), pd.Timestamp("2020-07-01T00:00:00+01:30")),
    *(pd.Timedelta("3 days"), pd.Period("2020-03", "M"), pd.Interval(0, 5), pd.NaT, pd.NA),
    *(pd.Interval(0.5, np.inf, closed="left"), pd.Interval(*pd.date_range("2020", periods=2))),
    *(datetime.date(2020, 1, 2), datetime.time(3, 4), datetime.datetime(2020, 1, 2, 3, 4)),
    Decimal("1.10"),
]


@pytest.mark.parametrize("value", SCALARS, ids=lambda value: f"{type(value).__name__} {value!r}")
def test_a_scalar_comes_back_with_its_type_and_texts(value):
    after = through(value)
    assert type(after) is type(value)
    assert (repr(after), f"{after}") == (repr(value), f"{value}")


@pytest.mark.parametrize("value", [Own.LOW, 1 + 2j, b"x", object(), type("S", (str,), {})("s")])
def test_a_level_of_another_type_comes_back_as_its_texts(value):
    with pytest.raises(DataError, match=f"of type {type(value).__name__} cannot be saved"):
        encode(value)
    after = through(printable(value))
    assert (repr(after), f"{after}", str(after)) == (repr(value), f"{value}", f"{value}")


numbers = st.one_of(
    st.floats(), st.floats(width=32).map(np.float32), st.integers(), st.text(), st.booleans()
)


def nest(values):
    return st.one_of(st.lists(values).map(tuple), st.dictionaries(numbers, values))


@given(st.recursive(numbers, nest))
def test_nested_values_come_back(value):
    assert repr(through(value)) == repr(value)


@given(
    st_np.arrays(
        st.one_of(st_np.floating_dtypes(sizes=(32, 64)), st_np.integer_dtypes(), st.just("?")),
        st_np.array_shapes(min_dims=0, min_side=0, max_side=4),
    ),
    st.booleans(),
)
def test_arrays_come_back_bit_by_bit(array, fortran):
    array = np.asfortranarray(array) if fortran else array
    after = through(array)
    assert after.dtype == array.dtype.newbyteorder("=")
    assert after.shape == array.shape
    np.testing.assert_array_equal(after, array)
    np.testing.assert_array_equal(np.signbit(after * 1.0), np.signbit(array * 1.0))
    assert np.isfortran(after) == np.isfortran(array)


FRAMES = [
    pd.DataFrame(),
    pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [0.1, np.inf]}, index=["u", "v"]),
    pd.DataFrame({0: [True], (1, "z"): pd.Series(["none"], dtype=object)}),
    pd.DataFrame([[1, 2.5]], columns=["twice", "twice"]),
    pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "d": pd.date_range("2020", periods=2)}),
    pd.DataFrame({"k": pd.Categorical(["lo", None, "hi"], ["lo", "hi"], ordered=True)}),
    pd.DataFrame({"k": pd.Categorical([pd.Interval(0, 1), pd.Interval(1, 2)])}),
]


@pytest.mark.parametrize("frame", FRAMES, ids=range(len(FRAMES)))
def test_frames_come_back_with_their_dtypes(frame):
    pd.testing.assert_frame_equal(through(frame), frame, check_exact=True, check_freq=False)


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([None]), np.array([1j])])
def test_arrays_of_other_things_are_refused(array):
    with pytest.raises(DataError, match="cannot be saved"):
        encode(array)


def dataclasses_in(kind, found):
    """Add all dataclasses that the fields of one can hold, by their types."""
    if is_dataclass(kind) and kind not in found:
        found.add(kind)
        home = vars(sys.modules[kind.__module__])
        for each in fields(kind):
            for node in ast.walk(ast.parse(each.type)):
                if isinstance(node, ast.Name):
                    dataclasses_in(home.get(node.id), found)
    return found


def test_every_class_that_a_result_can_hold_is_known():
    found = set()
    for kind in (Evaluation, Estimates, Bounds):
        dataclasses_in(kind, found)
    # Sums over cells are replaced by figures before they are saved.
    assert len(found) > 10
    missing = {kind.__name__ for kind in found} - CLASSES.keys() - {"DesignSums"}
    assert not missing, f"{missing} must be added to CLASSES in bopstats/saving/values.py"


def check_same(one, two, where):
    assert type(one) is type(two), where
    if is_dataclass(one):
        for each in fields(one):
            if each.name not in LEFT_OUT.get(type(one), ()):
                mine, other = getattr(one, each.name), getattr(two, each.name)
                check_same(mine, other, f"{where}.{each.name}")
    elif isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, two, where)
        assert (one.dtype, np.isfortran(one)) == (two.dtype, np.isfortran(two)), where
    elif isinstance(one, tuple):
        for i, pair in enumerate(zip(one, two, strict=True)):
            check_same(*pair, f"{where}[{i}]")
    elif isinstance(one, dict):
        check_same(tuple(one.items()), tuple(two.items()), where)
    elif isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, two, check_exact=True)
    elif isinstance(one, pd.Index):
        pd.testing.assert_index_equal(one, two)
    else:
        assert repr(one) == repr(two), where


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("pooled", "levels of an own type")])
def test_every_field_comes_back(name):
    results = analysis(name)
    record = as_record(results.evaluation, None, {}, keep_rows=True)
    once = from_record(json.loads(json.dumps(record, allow_nan=False))).evaluation
    for each in fields(Evaluation):
        mine, other = getattr(results.evaluation, each.name), getattr(once, each.name)
        check_same(_without_design(mine), _without_design(other), each.name)
    assert len(once.curve) == len(results.evaluation.curve)
    # Without the sums over cells nothing changes any more.
    twice = from_record(as_record(once, None, {}, keep_rows=True)).evaluation
    check_same(once, twice, "evaluation")


def _without_design(value):
    """Moments without what is replaced before saving; anything else as it is."""
    if isinstance(value, tuple) and value and isinstance(value[0], GroupMoments):
        return tuple(replace(each, design=None) for each in value)
    return value
