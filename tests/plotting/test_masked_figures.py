"""Figures with small cells masked: nothing that the tables mask can be read off them."""

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import Collection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

import bopstats as bop

K = 11
LABELS = {"sex=female": "Women", "brier": "Quadratic score"}
CALLS = [
    ("forest", {}),
    ("forest", {"cost": "zero_one"}),
    ("quadrant", {}),
    ("individual", {}),
    ("individual", {"cost": "zero_one"}),
    ("calibration", {}),
    ("top_curve", {}),
    ("error_curve", {"effects": [0.01, 0.02]}),
]
IDS = [f"{name}-{options.get('cost', '')}" for name, options in CALLS]
FIGURES = ("cost_generic", "cost_personalized", "bop", "std_err", "ci_low", "ci_upp")


@pytest.fixture(scope="module")
def result():
    data = bop.datasets.load_nhanes().iloc[:1200]
    formula = "high_bp ~ bmi + total_chol + hba1c | sex * race_ethnicity"
    return bop.glm(formula, data, family="binomial").fit(rng=1, repeats=3)


def figure_of(drawn):
    return (drawn[0] if isinstance(drawn, list) else drawn).get_figure()


def numbers_in(figure):
    """Every coordinate of every artist: of lines, patches, collections."""
    figure.canvas.draw()
    found = [line.get_xydata().ravel() for line in figure.findobj(Line2D)]
    for each in figure.findobj(Collection):
        found += [path.vertices.ravel() for path in each.get_paths()]
        found.append(np.ravel(each.get_offsets()))
    for each in figure.findobj(Patch):
        found.append(each.get_path().vertices.ravel())
        if hasattr(each, "get_height"):
            found.append(np.array([each.get_height(), each.get_width(), each.get_x()]))
    return np.concatenate([np.asarray(each, dtype=float) for each in found])


def secrets(result, cost):
    """The figures of the rows that the table masks, and those of the rows that it shows."""
    frame = result.frame(cost)
    table = result.table("benefit", cost, suppress=K).to_frame()
    hidden = table["bop"].isna().to_numpy()
    assert 0 < hidden.sum() < len(frame)
    return frame[hidden], frame[~hidden], hidden


def costs_of(result, name, options):
    every = [cost.name for cost in result.evaluation.costs]
    if name == "quadrant":
        return [every[0], "sufficiency", "incomprehensiveness"]
    return (
        ["sufficiency", "incomprehensiveness"]
        if name == "top_curve"
        else [options.get("cost", every[0])]
    )


@pytest.mark.parametrize(("name", "options"), CALLS, ids=IDS)
def test_no_artist_bears_a_number_that_the_table_masks(result, name, options):
    open_figure = figure_of(getattr(result.plot, name)(**options))
    masked = figure_of(getattr(result.plot, name)(**options, suppress=K))
    seen, before = numbers_in(masked), numbers_in(open_figure)
    caught = 0
    for cost in costs_of(result, name, options):
        gone, shown, _ = secrets(result, cost)
        known = shown[list(FIGURES)].to_numpy().ravel()
        for value in gone[list(FIGURES)].to_numpy().ravel():
            if np.isfinite(value) and value != 0 and not np.isclose(known, value).any():
                caught += bool(np.isclose(before, value, rtol=1e-9, atol=0).any())
                assert not np.isclose(seen, value, rtol=1e-9, atol=0).any(), (cost, value)
    if name not in ("calibration", "error_curve") and options.get("cost") is None:
        assert caught  # the same search finds them in the figure without masks


@pytest.mark.parametrize(("name", "options"), CALLS, ids=IDS)
def test_no_text_bears_a_number_that_the_table_masks(result, name, options):
    masked = figure_of(getattr(result.plot, name)(**options, suppress=K))
    words = {
        word
        for text in masked.findobj(Text)
        if not (text.get_text().replace("−", "-").replace(".", "").lstrip("-").isdigit())
        or name == "forest"
        for word in re.split(r"[\s(),\[\]]+", text.get_text())
    }
    gone, shown, _ = secrets(result, costs_of(result, name, options)[0])
    counts = result.table("groups", suppress=K).to_frame()["n"].isna().to_numpy()
    hidden = result.frame("brier")[counts]
    own = {f"{n:g}" for column in ("n", "events") for n in shown[column]}
    for n in [*hidden["n"], *hidden["events"]]:
        if n > result.evaluation.groups.n_groups:  # smaller ones number the groups
            assert f"{n:g}" not in words - own
    assert not {f"{value:.4f}".replace("-", "−") for value in gone["bop"]} & words
    if name not in ("quadrant", "top_curve"):
        assert any("masked" in word for word in words)


@pytest.mark.parametrize(("name", "options"), CALLS, ids=IDS)
def test_twins_hold_the_masks_of_the_tables(result, name, options):
    data = getattr(result.plot, f"{name}_data")(**options, suppress=K)
    whole = getattr(result.plot, f"{name}_data")(**options)
    if name == "error_curve":
        assert data.empty
        assert list(data) == list(whole)
        return
    groups = [*result.evaluation.groups.labels, "population"]
    assert list(dict.fromkeys(data["group"])) == groups
    for cost in costs_of(result, name, options):
        _, _, hidden = secrets(result, cost)
        if name == "calibration":
            hidden = result.table("groups", suppress=K).to_frame()["n"].isna().to_numpy()
        rows = data[data["group"].isin(np.array(groups)[hidden])]
        if name == "quadrant" and cost != costs_of(result, name, options)[0]:
            rows = rows[rows["explanation"] == cost]
        if name == "top_curve":
            rows = rows[rows["cost"] == cost]
        assert len(rows)
        assert (rows["corner" if name == "quadrant" else "status"] == "masked").all()
        figures = rows.filter(regex="bop|ci_|cost_|share|mean|sd|predicted|observed|slope|interc")
        side = "_explanation" if cost in ("sufficiency", "incomprehensiveness") else "_prediction"
        for column in figures:
            if name != "quadrant" or column.endswith(side):
                assert figures[column].isna().all(), column


def test_bars_hold_no_few_people_neither_alone_nor_by_difference(result):
    data = result.plot.individual_data("brier", suppress=K)
    sizes = result.frame("brier").set_index("group")["n"]
    shown = data[data["status"] == "ok"]
    people = shown["share"] * shown["group"].map(sizes).astype(float)
    assert people.min() >= K - 1e-9
    population = shown[shown["group"] == "population"]
    ends = np.append(population["low"], population["high"].iloc[-1])
    rest = population["share"].to_numpy() * sizes["population"]
    for group in shown["group"].unique():
        if group != "population":
            rows = shown[shown["group"] == group]
            assert set(ends) <= {*rows["low"], *rows["high"]}
            place = np.searchsorted(ends, rows["low"], side="right") - 1
            rest = rest - np.bincount(place, rows["share"] * sizes[group], len(rest))
    rest = np.where(np.abs(rest) < 1e-9, 0, rest)
    assert not ((rest > 0) & (rest < K)).any()
    for group, rows in shown.groupby("group"):
        assert rows["share"].sum() == pytest.approx(1), group


def test_bars_of_zero_one_costs_hold_no_few_people(result):
    data = result.plot.individual_data("zero_one", suppress=K)
    sizes = result.frame("zero_one").set_index("group")["n"].astype(float)
    shown = data[data["status"] == "ok"]
    people = shown["share"] * shown["group"].map(sizes)
    assert not ((people > 1e-9) & (people < K)).any()


def test_bins_of_calibration_hold_no_few_people_events_or_others(result):
    data = result.plot.calibration_data(6, suppress=K)
    shown = data[data["status"] == "ok"]
    assert shown["group"].nunique() > 5
    events = shown["n"] * shown["observed"]
    for counts in (shown["n"], events, shown["n"] - events):
        assert not ((counts > 1e-9) & (counts < K)).any()
    # Each group's bins are those of the same number without masks.
    for group, rows in shown.groupby("group"):
        count = rows["bin"].nunique()
        plain = result.calibration_bins(count)
        plain = plain[plain["group"] == group]
        np.testing.assert_array_equal(rows["observed"], plain["observed"])


def test_without_small_cells_figures_are_as_they_were(small_result):
    for name, options in CALLS:
        if name not in ("individual", "calibration", "top_curve", "quadrant"):
            twin = getattr(small_result.plot, f"{name}_data")
            options = {key: value for key, value in options.items() if key != "cost"}
            pd.testing.assert_frame_equal(
                twin(**options, suppress=3), twin(**options), check_dtype=False
            )


def test_agreement_is_masked_like_the_quadrant(result):
    agreed = result.agreement(suppress=K)
    twin = result.plot.quadrant_data(suppress=K)
    pd.testing.assert_frame_equal(agreed, twin.drop(columns="number"))
    corners = result.agreement(suppress=K, by="corner")
    masked = (agreed["corner"] == "masked") & (agreed["group"] != "population")
    assert corners.loc[corners["corner"] == "masked", "groups"].sum() == masked.sum()


@pytest.mark.parametrize(("name", "options"), CALLS, ids=IDS)
def test_labels_name_groups_and_costs(result, name, options):
    data = getattr(result.plot, f"{name}_data")(**options, labels=LABELS)
    if name != "error_curve":
        assert "Women, Mexican American" in set(data["group"])
        assert not data["group"].str.contains("female").any()
    figure = figure_of(getattr(result.plot, name)(**options, labels=LABELS))
    texts = [" ".join(text.get_text().split()) for text in figure.findobj(Text)]
    if name != "error_curve":
        assert any("Women, Mexican American" in text for text in texts)
    if name in ("forest", "quadrant", "error_curve") and "cost" not in options:
        assert any("Quadratic score" in text for text in texts)


def test_bad_thresholds_and_labels_are_refused(small_result):
    with pytest.raises(bop.BopError, match="suppress: got 2"):
        small_result.plot.forest_data(suppress=2)
    with pytest.raises(bop.BopError, match="labels: got"):
        small_result.plot.calibration(labels=["a"])
