"""Verdicts: the first rule that matches wins, and a bound never overrides a rejection."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bopstats.inference.verdicts import group_verdict, overall_verdict, shifted

SHARES = st.floats(0, 1)
BOUNDS = st.one_of(st.none(), st.floats(0, 1))


@pytest.mark.parametrize(
    ("p_every", "p_harm", "bound", "verdict"),
    [
        (0.025, 0.9, None, "benefits every group"),
        (0.026, 0.9, None, "cannot tell"),
        (0.025, 0.9, 0.99, "benefits every group"),
        (0.9, 0.025, None, "harms some group"),
        (0.9, 0.026, None, "cannot tell"),
        (0.9, 0.001, 0.99, "harms some group"),
        (0.9, 0.9, 0.51, "cannot be told at this n"),
        (0.9, 0.9, 0.5, "cannot tell"),
        (0.9, 0.9, 0.1, "cannot tell"),
        (0.9, 0.9, np.nan, "cannot tell"),
        (np.nan, np.nan, None, "cannot tell"),
        (np.nan, np.nan, 0.9, "cannot be told at this n"),
    ],
)
def test_the_table_of_rule_3(p_every, p_harm, bound, verdict):
    assert overall_verdict(p_every, p_harm, 0.05, bound, 0.5) == verdict
    words = {"benefits every group": "benefits", "harms some group": "harms"}
    assert group_verdict(p_every, p_harm, 0.05, bound, 0.5) == words.get(verdict, verdict)


@given(p=SHARES, q=SHARES, alpha=st.floats(0.001, 0.5), bound=BOUNDS, most=st.floats(0.01, 0.99))
def test_a_bound_changes_only_what_was_undecided(p, q, alpha, bound, most):
    without = overall_verdict(p, q, alpha, None, most)
    verdict = overall_verdict(p, q, alpha, bound, most)
    if without == "cannot tell":
        assert (verdict == "cannot be told at this n") == (bound is not None and bound > most)
    else:
        assert verdict == without


@pytest.mark.parametrize(
    ("null", "margin", "benefit", "harm"),
    [
        (0.0, 0.0, "benefits every group", "harms some group"),
        (0.02, 0.0, "every group's benefit exceeds 0.02", "some group's benefit is below 0.02"),
        (
            0.0,
            0.01,
            "no group is harmed by more than 0.01",
            "some group is harmed by more than 0.01",
        ),
    ],
)
def test_another_null_says_what_is_compared(null, margin, benefit, harm):
    assert shifted("benefits every group", null, margin) == benefit
    assert shifted("harms some group", null, margin) == harm
    assert shifted("cannot tell", null, margin) == "cannot tell"
