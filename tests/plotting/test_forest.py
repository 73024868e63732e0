import numpy as np
import pandas as pd
import pytest
from geometry import shown
from matplotlib.patches import Polygon

import bopstats as bop
from bopstats.plotting import forest, forest_data


def markers(ax):
    """Points drawn with a marker: (x, y, marker)."""
    return [
        (line.get_xdata()[0], line.get_ydata()[0], line.get_marker())
        for line in ax.lines
        if line.get_marker() not in (None, "None", "") and len(line.get_xdata()) == 1
    ]


def row_of(ax, text):
    """The height at which a text stands."""
    return next(each.xy[1] for each in ax.texts if shown(each) == text)


def test_data_are_the_frame_with_percentages(nhanes_result):
    frame, data = nhanes_result.frame("brier"), nhanes_result.plot.forest_data("brier")
    for name in ("group", "n", "events", "bop", "ci_low", "ci_upp", "cost_generic", "verdict"):
        assert data[name].tolist() == frame[name].tolist()
    np.testing.assert_allclose(data["percent"], 100 * frame["events"] / frame["n"], rtol=1e-15)


def test_every_group_has_a_marker_at_its_benefit_and_arms_to_its_limits(nhanes_result):
    ax = nhanes_result.plot.forest("brier")
    data = nhanes_result.plot.forest_data("brier")
    heights = ax.get_yticks()
    drawn = {(x, y) for x, y, _ in markers(ax)}
    assert drawn == set(zip(data["bop"], heights, strict=True))
    arms = np.array([lines.get_segments()[0] for lines in ax.collections])
    assert len(arms) == len(data) - 1  # the population has a diamond
    np.testing.assert_allclose(arms[:, 0, 0], data["ci_low"][:-1])
    np.testing.assert_allclose(arms[:, 1, 0], data["ci_upp"][:-1])
    np.testing.assert_allclose(arms[:, 0, 1], heights[:-1])
    diamond = next(each for each in ax.patches if isinstance(each, Polygon)).get_xy()
    last = data.iloc[-1]
    assert diamond[:, 0].min() == last["ci_low"]
    assert diamond[:, 0].max() == last["ci_upp"]
    assert diamond[1, 0] == last["bop"]


def test_columns_say_the_numbers_at_the_height_of_their_group(nhanes_result):
    ax = nhanes_result.plot.forest("brier")
    data = nhanes_result.plot.forest_data("brier")
    heights = ax.get_yticks()
    texts = {}
    for each in ax.texts:
        texts.setdefault(each.xy[1], []).append(" ".join(shown(each).split()))
    for row, height in zip(data.itertuples(), heights, strict=True):
        cells = texts[height]
        assert row.group in cells
        assert f"{row.n:,}" in cells
        assert f"{row.events:,} ({row.percent:.1f})" in cells
        assert f"{row.cost_generic:.4f}" in cells
        assert f"{row.cost_personalized:.4f}" in cells
        numbers = [f"{x:.4f}" for x in (row.bop, row.ci_low, row.ci_upp)]
        numbers = [x.replace("-0.0000", "0.0000").replace("-", "−") for x in numbers]
        assert "{} ({} to {})".format(*numbers) in cells


def test_columns_are_aligned(nhanes_result):
    ax = nhanes_result.plot.forest()
    ax.figure.canvas.draw()
    renderer = ax.figure.canvas.get_renderer()
    sizes = nhanes_result.plot.forest_data()["n"]
    edges = [
        each.get_window_extent(renderer).x1
        for each in ax.texts
        if each.get_text() in {f"{n:,}" for n in sizes}
    ]
    assert len(edges) == len(sizes)
    assert max(edges) - min(edges) < 1.0


def test_the_marker_is_the_verdict(nhanes_result):
    ax = nhanes_result.plot.forest("incomprehensiveness")
    data = nhanes_result.plot.forest_data("incomprehensiveness").iloc[:-1]
    shapes = {"benefits": "^", "harms": "v", "cannot tell": "o", "cannot be told at this n": "X"}
    assert {"benefits", "harms"} <= set(data["verdict"])
    drawn = {(x, shape) for x, _, shape in markers(ax)}
    for row in data.itertuples():
        assert (row.bop, shapes[row.verdict]) in drawn
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert set(data["verdict"]) <= set(legend)


def test_an_effect_is_drawn_and_known_to_the_verdicts(nhanes_result):
    data = nhanes_result.plot.forest_data("brier", effect=1e-4)
    assert (data["verdict"] == "cannot be told at this n").any()
    ax = nhanes_result.plot.forest("brier", effect=1e-4)
    assert [1e-4, 1e-4] in [list(line.get_xdata()) for line in ax.lines]
    assert any("ε = 0.0001" in text.get_text() for text in ax.get_legend().get_texts())


def odd_frame():
    """Groups with a very wide interval, an infinite one, none, and no people."""
    return pd.DataFrame(
        {
            "cost": "squared_error",
            "group": ["a", "b", "wide", "open", "alone", "nobody", "population"],
            "n": [50, 60, 2, 30, 1, 0, 143],
            "events": np.nan,
            "cost_generic": [1.0, 1.0, 1.0, 1.0, 1.0, np.nan, 1.0],
            "cost_personalized": [0.9, 1.1, 0.8, 0.9, 1.0, np.nan, 0.95],
            "bop": [0.1, -0.1, 0.2, 0.1, 0.0, np.nan, 0.05],
            "std_err": [0.01, 0.01, 9.0, np.nan, np.nan, np.nan, 0.01],
            "ci_low": [0.08, -0.12, -90.0, -np.inf, np.nan, np.nan, 0.03],
            "ci_upp": [0.12, -0.08, 90.0, 0.2, np.nan, np.nan, 0.07],
            "verdict": ["benefits", "harms", *["cannot tell"] * 4, "benefits"],
            "status": ["ok"] * 4 + ["too small", "empty", "ok"],
        }
    )


def test_intervals_that_run_off_are_cut_with_an_arrow():
    ax = forest(odd_frame())
    left, right = ax.get_xlim()
    assert -1.0 < left < right < 1.0  # one wide interval does not hide the others
    arrows = [(x, y, shape) for x, y, shape in markers(ax) if shape in "<>"]
    wide, no_end = row_of(ax, "wide"), row_of(ax, "open")
    assert sorted(arrows) == sorted([(left, wide, "<"), (right, wide, ">"), (left, no_end, "<")])
    assert all(np.isfinite(lines.get_segments()[0]).all() for lines in ax.collections)


def test_groups_without_people_stay_and_say_so():
    ax = forest(odd_frame())
    height = row_of(ax, "nobody")
    assert "empty" in [shown(each) for each in ax.texts if each.xy[1] == height]
    assert height not in [y for _, y, _ in markers(ax)]
    assert "events (%)" not in [shown(each) for each in ax.texts]  # no outcome with events
    assert forest_data(odd_frame())["percent"].isna().all()


def test_a_masked_group_shows_that_it_is_masked():
    frame = odd_frame()
    frame.loc[1, ["n", "bop", "ci_low", "ci_upp", "cost_generic", "cost_personalized"]] = np.nan
    frame.loc[1, ["verdict", "status"]] = ["", "masked"]
    ax = forest(frame)
    height = row_of(ax, "b")
    assert [shown(each) for each in ax.texts if each.xy[1] == height] == [
        *("[c]", "[c]", "[c]", "b", "masked"),
    ]
    assert height not in [y for _, y, _ in markers(ax)]


def test_height_grows_with_the_groups(nhanes_result, sixty_result):
    few, many = nhanes_result.plot.forest(), sixty_result.plot.forest()
    assert many.figure.get_figheight() > 3 * few.figure.get_figheight()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda plot: plot.forest("briar"), "did you mean 'brier'"),
        (lambda plot: plot.forest(effect=-1), "effect"),
        (lambda plot: plot.forest(alpha=2), "alpha"),
        (lambda plot: plot.forest(max_error=0), "max_error"),
    ],
)
def test_bad_arguments_are_named(nhanes_result, call, message):
    with pytest.raises(bop.BopError, match=message):
        call(nhanes_result.plot)
