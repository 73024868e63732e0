import matplotlib.pyplot as plt
import numpy as np
import pytest
from geometry import shown

from bopstats import plotting
from bopstats.exceptions import ArgumentError
from bopstats.planning import attribute_budget, attribute_menu
from bopstats.theory import Bounded, Gaussian, error_lower_bound, error_upper_bound


def test_error_curve_data_are_the_bounds_of_equal_groups():
    frame = plotting.error_curve_data(Gaussian(0.1), n_total=[500, 9000], k=3, effect=0.02)
    for row in frame.itertuples():
        sizes = [row.n_total / 8] * 8
        assert row.error_lower == pytest.approx(
            float(error_lower_bound(0.02, sizes, Gaussian(0.1))), rel=1e-9
        )
        assert row.error_upper == pytest.approx(
            float(error_upper_bound(0.02, sizes, Gaussian(0.1))), rel=1e-9
        )


@pytest.mark.parametrize("varied", ["n_total", "k", "effect"])
def test_error_curve_draws_what_its_twin_returns(varied):
    given = {"n_total": 2e4, "k": 2, "effect": 0.05}
    given[varied] = {"n_total": [1e3, 1e4], "k": [1, 2, 3], "effect": [0.02, 0.04]}[varied]
    ax = plotting.error_curve(Bounded(-1, 1), **given)
    data = plotting.error_curve_data(Bounded(-1, 1), **given)
    upper, lower = (line.get_xydata() for line in ax.lines[:2])
    np.testing.assert_array_equal(upper, data[[varied, "error_upper"]])
    np.testing.assert_array_equal(lower, data[[varied, "error_lower"]])
    assert ax.get_xlabel()
    if varied == "k":
        assert all(tick == round(tick) for tick in ax.get_xticks())
    assert ax.get_ylabel() == "type I + type II error"


def test_error_curve_wants_exactly_one_sequence():
    with pytest.raises(ArgumentError, match="exactly one sequence"):
        plotting.error_curve_data(Gaussian(1), n_total=[10, 20], k=[1, 2], effect=0.1)


def test_budget_curve_holds_a_line_and_steps_a_law():
    laws = {"0-1": Bounded(-1, 1), "$x_1$, σ = 0.1": Gaussian(0.1)}
    sizes = [1e5, 1e6]
    data = plotting.budget_curve_data(sizes, 0.01, laws, max_error=0.5)
    for row in data.itertuples():
        budget = attribute_budget(row.n_total, 0.01, laws[row.law], max_error=0.5)
        assert row.exact == float(budget.exact)
    ax = plotting.budget_curve(sizes, 0.01, laws)
    assert len(ax.lines) == 4
    assert [shown(text) for text in ax.get_legend().get_texts()] == list(laws)


def test_figures_are_drawn_on_the_axes_given():
    _, ax = plt.subplots()
    assert plotting.budget_curve([1e5], 0.01, {"a": Gaussian(0.1)}, ax=ax) is ax


def test_menu_chart_draws_a_bar_a_set_of_attributes():
    levels = {"sex": 2, "race": [0.7, 0.2, 0.1]}
    menu = attribute_menu(levels, 2000, 0.05, Gaussian(0.2))
    ax = plotting.menu_chart(menu)
    data = plotting.menu_chart_data(menu)
    bars = np.concatenate([lines.get_segments() for lines in ax.collections])
    assert len(bars) == len(data) == 4
    drawn = sorted((bar[0][0], bar[1][0]) for bar in bars)
    rows = zip(data["error_lower"], data["error_upper"], strict=True)
    np.testing.assert_allclose(drawn, sorted(rows))
    shown = [tick.get_text() for tick in ax.get_yticklabels()]
    assert any("sex, race" in text for text in shown)
    assert any("everyone pooled" in text for text in shown)
