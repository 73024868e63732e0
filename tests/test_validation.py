import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from bopstats._validation import check_choice, check_count, check_real, check_rng, check_share
from bopstats.exceptions import ArgumentError, BopError


@pytest.mark.parametrize("value", [3, 3.0, np.float32(3), np.int8(3), Fraction(3), 10**20])
def test_real_numbers_of_any_kind_are_floats(value):
    assert check_real("x", value) == float(value)
    assert type(check_real("x", value)) is float


@pytest.mark.parametrize("value", [True, np.True_, "1", None, float("nan"), 1j, Decimal(1), [1]])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ArgumentError, match=re.escape(f"x: got {value!r}")):
        check_real("x", value)


def test_ends_belong_or_not():
    assert check_real("x", 0, low=0, closed="low") == 0
    with pytest.raises(ArgumentError, match=r"allowed: a number in \(0, 1\)"):
        check_share("x", 0)
    with pytest.raises(ArgumentError, match=r"allowed: a number in \[0, 1\)"):
        check_real("x", 1, low=0, high=1, closed="low")


@pytest.mark.parametrize("value", [0, 6, 2.0, True, "3"])
def test_counts_are_whole_and_in_range(value):
    with pytest.raises(ArgumentError, match="an integer of at least 1 and at most 5"):
        check_count("k", value, high=5)
    assert check_count("k", np.int64(5), high=5) == 5


def test_a_choice_hints_at_the_nearest():
    with pytest.raises(ArgumentError, match="did you mean 'brier'"):
        check_choice("cost", "briar", ["brier", "auc"])


@pytest.mark.parametrize("rng", [-1, 1.5, "seed", None, True])
def test_seeds_are_whole_and_not_negative(rng):
    with pytest.raises(ArgumentError, match="rng: got"):
        check_rng(rng)


def test_generators_pass_through_and_seeds_repeat():
    generator = np.random.default_rng(1)
    assert check_rng(generator) is generator
    assert check_rng(7).random() == check_rng(np.int64(7)).random()


def test_every_error_is_a_bop_error_and_a_value_error():
    assert issubclass(ArgumentError, BopError)
    assert issubclass(BopError, ValueError)
