import numpy as np
import pandas as pd
import pytest
from geometry import overlapping, shown
from matplotlib.figure import Figure

import bopstats as bop
from bopstats.tables.agreement import CORNERS, agreement, corner_names, count_corners

COSTS = ["sufficiency", "incomprehensiveness"]


def points(ax):
    return [
        (line.get_xdata()[0], line.get_ydata()[0], line.get_marker())
        for line in ax.lines
        if len(line.get_xdata()) == 1
    ]


def test_agreement_is_the_frame_side_by_side(nhanes_result):
    found = nhanes_result.agreement("zero_one")
    assert len(found) == 2 * 13
    for cost in COSTS:
        rows = found[found["explanation"] == cost].reset_index(drop=True)
        for side, name in (("prediction", "zero_one"), ("explanation", cost)):
            frame = nhanes_result.frame(name)
            for figure in ("bop", "ci_low", "ci_upp", "verdict"):
                assert rows[f"{figure}_{side}"].tolist() == frame[figure].tolist()
        for row in rows.itertuples():
            words = row.corner.replace("predicts and explains", "predicts {0}, explains").format(
                row.corner.split()[-1]
            )
            better = [part.split()[-1] == "better" for part in words.split(", ")]
            assert better == [row.bop_prediction > 0, row.bop_explanation > 0]


def test_corners_are_counted_without_the_population(nhanes_result):
    agreed = nhanes_result.agreement()
    counted = nhanes_result.agreement(by="corner")
    groups = agreed[agreed["group"] != "population"]
    for row in counted.itertuples():
        here = groups[(groups["explanation"] == row.explanation) & (groups["corner"] == row.corner)]
        sure = here["verdict_prediction"].isin(["benefits", "harms"])
        sure &= here["verdict_explanation"].isin(["benefits", "harms"])
        assert (row.groups, row.established) == (len(here), sure.sum())
    assert counted.groupby("explanation")["groups"].sum().tolist() == [12, 12]
    assert set(CORNERS) <= set(counted["corner"])


def test_corners_of_every_pair_of_signs():
    grid = [(a, b) for a in (1.0, 0.0, -1.0) for b in (1.0, 0.0, -1.0)]
    found = corner_names(*np.array(grid).T)
    assert found == [
        *("predicts and explains better", "predicts better, explains the same"),
        *("predicts better, explains worse", "predicts the same, explains better"),
        *("predicts and explains the same", "predicts the same, explains worse"),
        *("predicts worse, explains better", "predicts worse, explains the same"),
        "predicts and explains worse",
    ]
    assert corner_names(np.array([np.nan]), np.array([1.0])) == ["not known"]


def test_points_and_arms_are_the_data(nhanes_result):
    data = nhanes_result.plot.quadrant_data()
    for ax, cost in zip(nhanes_result.plot.quadrant(), COSTS, strict=True):
        rows = data[data["explanation"] == cost]
        drawn = {(x, y) for x, y, _ in points(ax)}
        assert drawn == set(zip(rows["bop_prediction"], rows["bop_explanation"], strict=True))
        arms = {tuple(map(tuple, each.get_segments()[0])) for each in ax.collections}
        for row in rows.itertuples():
            x, y = row.bop_prediction, row.bop_explanation
            assert ((row.ci_low_prediction, y), (row.ci_upp_prediction, y)) in arms
            assert ((x, row.ci_low_explanation), (x, row.ci_upp_explanation)) in arms
        assert ax.get_xlabel().endswith("Brier score")
        assert ax.get_ylabel().endswith(cost)


def test_corners_are_named_in_their_corner_and_counted(nhanes_result):
    counted = nhanes_result.agreement(by="corner").set_index(["explanation", "corner"])["groups"]
    for ax, cost in zip(nhanes_result.plot.quadrant(), COSTS, strict=True):
        places = {}
        for text in ax.texts:
            words, _, number = " ".join(text.get_text().split()).partition(": ")
            if words in CORNERS:
                places[words] = text.get_position()
                assert int(number) == counted[cost, words]
        assert len(places) == 4
        for words, (x, y) in places.items():
            better = words.replace("predicts and explains", "predicts {0}, explains").format(
                words.split()[-1]
            )
            right, upper = (part.endswith("better") for part in better.split(", "))
            assert ((x > 0.5), (y > 0.5)) == (right, upper)


def test_the_key_names_every_number(sixty_result):
    panels = sixty_result.plot.quadrant()
    data = sixty_result.plot.quadrant_data("squared_error", "sufficiency")
    (legend,) = panels[0].figure.legends
    key = [" ".join(shown(text).split()) for text in legend.get_texts()]
    groups = data[data["number"] > 0]
    assert key == [
        f"{n} {' '.join(g.split())}" for n, g in zip(groups["number"], groups["group"], strict=True)
    ]
    for ax in panels:
        numbers = {text.get_text() for text in ax.texts if text.get_text().isdigit()}
        assert numbers == {str(n) for n in groups["number"]}


def test_numbers_of_twelve_groups_hide_no_other_number(nhanes_result):
    figure = nhanes_result.plot.quadrant()[0].figure
    assert overlapping(figure, str.isdigit) == []


def test_effects_are_lines(nhanes_result):
    (ax,) = nhanes_result.plot.quadrant(explanation="sufficiency", effects=(0.004, -0.05))
    across = [list(line.get_ydata()) for line in ax.lines]
    up = [list(line.get_xdata()) for line in ax.lines]
    assert [0.004, 0.004] in up
    assert [-0.05, -0.05] in across
    assert [0.0, 0.0] in up
    assert [0.0, 0.0] in across


def test_a_group_without_figures_has_a_place_in_the_key_only():
    frame = pd.DataFrame(
        {
            "cost": ["brier"] * 3 + ["sufficiency"] * 3,
            "group": ["a", "b", "population"] * 2,
            "n": [5, 0, 5] * 2,
            "bop": [0.1, np.nan, 0.1, 0.2, np.nan, 0.2],
            "ci_low": [0.0, np.nan, -np.inf] * 2,
            "ci_upp": [0.2, np.nan, np.inf] * 2,
            "verdict": ["benefits", "", "benefits"] * 2,
            "status": ["ok", "empty", "ok"] * 2,
        }
    )
    (ax,) = bop.plotting.quadrant(frame, "brier", ["sufficiency"])
    assert len(points(ax)) == 2
    assert len(ax.figure.legends[0].get_texts()) == 2
    agreed = agreement(frame, "brier", ["sufficiency"])
    assert agreed["corner"].tolist()[1] == "not known"
    assert count_corners(agreed)["groups"].sum() == 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda res: res.plot.quadrant("sufficiency"), "prediction: got 'sufficiency'"),
        (lambda res: res.plot.quadrant(explanation="brier"), "explanation: got 'brier'"),
        (lambda res: res.agreement(by="groups"), "did you mean 'group'"),
        (lambda res: res.plot.quadrant(ax=Figure().subplots()), "2 matplotlib Axes"),
        (lambda res: res.plot.quadrant(explanation="sufficiency", ax="here"), "1 matplotlib Axes"),
    ],
)
def test_bad_arguments_are_named(nhanes_result, call, message):
    with pytest.raises(bop.BopError, match=message):
        call(nhanes_result)


def test_a_result_without_explanations_says_so():
    data = bop.datasets.load_nhanes().iloc[:800]
    res = bop.glm("sbp ~ bmi | sex", data).fit(rng=1, repeats=1, explain=False)
    with pytest.raises(bop.BopError, match=r"fit\(explain=True\)"):
        res.plot.quadrant()
