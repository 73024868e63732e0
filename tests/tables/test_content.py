import numpy as np
import pandas as pd
import pytest

from bopstats.tables.content import Section, decimals_for, number, pvalue
from bopstats.tables.text_writer import WIDTH, render


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.12345, 3, "0.123"),
        (-0.0004, 3, "0.000"),
        (-0.0006, 3, "-0.001"),
        (12.0, 0, "12"),
        (float("nan"), 2, "–"),
        (float("inf"), 2, "inf"),
        (float("-inf"), 2, "-inf"),
    ],
)
def test_numbers_never_show_minus_zero(value, decimals, text):
    assert number(value, decimals) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "<0.001"), (0.00099, "<0.001"), (0.001, "0.001"), (0.0249, "0.025"), (1.0, ">0.999")],
)
def test_p_values_have_three_decimals(value, text):
    assert pvalue(value) == text


@pytest.mark.parametrize(
    ("std_err", "decimals"), [(0.0012, 4), (0.02, 3), (3.1, 1), (250.0, 0), (0.0, 4)]
)
def test_decimals_show_two_figures_of_the_standard_error(std_err, decimals):
    assert decimals_for(np.array([std_err, np.nan])) == decimals


def test_long_labels_wrap_and_no_line_is_too_wide():
    label = "a very long label of a group " * 6
    table = pd.DataFrame({"group": [label, "b"], "n": ["1", "22"], "verdict": ["x" * 24, "y"]})
    lines = render("title", [Section("part", (("name", label),), table, (label,))]).splitlines()
    assert max(map(len, lines)) <= WIDTH
    shown = " ".join(" ".join(lines).split())
    assert shown.count("a very long label of a group") >= 6


def test_numbers_line_up_on_the_right():
    table = pd.DataFrame({"group": ["a", "b"], "n": ["1", "22"]})
    lines = render("t", [Section("", table=table)]).splitlines()
    assert lines[-3].endswith(" 1")
    assert lines[-2].endswith("22")
    assert len(lines[-3]) == len(lines[-2])
