"""The data's own error curve, and the figures with a panel a group."""

import numpy as np
import pandas as pd
import pytest
from geometry import outside, overlapping, shown
from scipy import stats

import bopstats as bop
from bopstats import plotting


def line(ax, label):
    return next(each for each in ax.lines if each.get_label() == label)


# --- error curve ---


@pytest.mark.parametrize("cost", ["brier", "zero_one"])
def test_the_error_curve_goes_through_the_numbers_of_the_test(nhanes_result, cost):
    effects = [0.004, 0.02, 0.3]
    data = nhanes_result.plot.error_curve_data(cost, effects).set_index(["law", "effect"])
    for effect in effects:
        test = nhanes_result.test(cost, effect=effect)
        for low, upp in zip(
            test.error_lower.itertuples(), test.error_upper.itertuples(), strict=True
        ):
            found = data.loc[(low.law, effect)]
            expected = [low.error_lower, upp.error_upper]
            # An effect that a law does not allow has no number in either.
            np.testing.assert_allclose(
                found[["error_lower", "error_upper"]].to_numpy(float), expected, rtol=1e-9
            )


def test_the_error_curve_draws_its_twin(nhanes_result):
    effects = [0.005, 0.01, 0.02, 0.04]
    data = nhanes_result.plot.error_curve_data("brier", effects)
    ax = nhanes_result.plot.error_curve("brier", effects, effect=0.01, max_error=0.4)
    drawn = [tuple(each.get_ydata()) for each in ax.lines]
    for _, rows in data.groupby("law"):
        assert tuple(rows["error_lower"]) in drawn
        assert tuple(rows["error_upper"]) in drawn
    gamma = nhanes_result.gamma("brier")
    place = next(each for each in ax.lines if each.get_marker() == "D")
    assert place.get_xdata()[0] == gamma.value
    assert ax.get_xlim()[0] < gamma.value
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert any("0.4" in text for text in texts)
    assert any("ε = 0.01" in text for text in texts)


def test_default_effects_reach_from_hopeless_to_easy(nhanes_result):
    data = nhanes_result.plot.error_curve_data("brier")
    plug_in = data[data["law"] == "gaussian"]
    assert plug_in["effect"].is_monotonic_increasing
    assert plug_in["error_lower"].iloc[0] > 0.9
    assert plug_in["error_upper"].iloc[-1] < 0.1


# --- individual benefits ---


def test_histogram_bars_are_counts_of_people(nhanes_result):
    data = nhanes_result.plot.individual_data("brier", bins=8)
    rows = nhanes_result.evaluation.rows
    labels = nhanes_result.evaluation.groups.labels
    assert list(dict.fromkeys(data["group"])) == [*labels, "population"]
    for g, label in enumerate(labels):
        values = np.concatenate([each.benefit[0][each.group == g] for each in rows])
        bars = data[data["group"] == label]
        ends = [*bars["low"], bars["high"].iloc[-1]]
        inside = np.clip(values, ends[0], ends[-1])
        np.testing.assert_allclose(bars["share"], np.histogram(inside, ends)[0] / len(values))
        assert bars["share"].sum() == pytest.approx(1)
        assert bars["mean"].iloc[0] == pytest.approx(values.mean())
        assert bars["sd"].iloc[0] == pytest.approx(values.std())


def test_histograms_draw_their_twin_and_the_normal_law(nhanes_result):
    data = nhanes_result.plot.individual_data("brier")
    panels = nhanes_result.plot.individual("brier")
    assert len(panels) == 13
    for ax, (_, rows) in zip(panels, data.groupby("group", sort=False), strict=True):
        np.testing.assert_allclose([bar.get_height() for bar in ax.patches], rows["share"])
        np.testing.assert_allclose([bar.get_x() for bar in ax.patches], rows["low"])
        x, y = line(ax, "normal law, same mean and sd").get_data()
        width = rows["high"].iloc[0] - rows["low"].iloc[0]
        law = stats.norm(rows["mean"].iloc[0], rows["sd"].iloc[0])
        np.testing.assert_allclose(y, law.pdf(x) * width)
        assert line(ax, "mean: BoP").get_xdata()[0] == rows["mean"].iloc[0]


def test_zero_one_costs_have_three_bars(nhanes_result):
    data = nhanes_result.plot.individual_data("zero_one")
    frame = nhanes_result.frame("zero_one").set_index("group")
    for group, rows in data.groupby("group"):
        harmed, same, helped = rows["share"]
        assert helped - harmed == pytest.approx(frame.loc[group, "bop"], abs=1e-12)
        assert harmed + same + helped == pytest.approx(1)
    panels = nhanes_result.plot.individual("zero_one")
    for ax, (_, rows) in zip(panels, data.groupby("group", sort=False), strict=True):
        assert [text.get_text() for text in ax.texts] == [f"{s:.3f}" for s in rows["share"]]
        assert len({bar.get_hatch() for bar in ax.patches}) == 3  # told apart without colour
    assert overlapping(panels[0].figure) == []
    assert outside(panels[0].figure) == []


def test_a_metric_without_values_of_persons_has_no_histogram():
    data = bop.datasets.load_nhanes().iloc[:800]
    res = bop.glm("high_bp ~ bmi | sex", data).fit(rng=1, repeats=1, costs=("brier", "auc"))
    for call in (res.plot.individual, res.plot.error_curve):
        with pytest.raises(bop.BopError, match="cost: got 'auc'"):
            call("auc")


def test_weights_count_in_histograms():
    people = pd.DataFrame({"group": pd.Categorical(["a"] * 3), "benefit": [-1.0, 0.0, 1.0]})
    data = plotting.individual_data(people.assign(weight=[1.0, 1.0, 2.0]), integer=True)
    assert data["share"].tolist() == [0.25, 0.25, 0.5] * 2
    assert data["mean"].tolist() == [0.25] * 6


# --- calibration ---


def test_calibration_draws_bins_limits_and_coefficients(nhanes_result):
    bins, table = nhanes_result.calibration_bins(4), nhanes_result.calibration()
    panels = nhanes_result.plot.calibration(4)
    groups = list(dict.fromkeys(bins["group"]))
    assert len(panels) == len(groups) == 13
    coefficients = table.set_index(["group", "model"])
    for ax, group in zip(panels, groups, strict=True):
        assert " ".join(shown(ax.title).split()) == group
        arms = [set(map(tuple, each)) for lines in ax.collections for each in lines.get_segments()]
        said = ax.texts[0].get_text().replace("−", "-").split("\n")[1:]
        for model, text in zip(("generic", "personalized"), said, strict=True):
            rows = bins[(bins["group"] == group) & (bins["model"] == model)]
            x, y = line(ax, model).get_data()
            np.testing.assert_array_equal(x, rows["predicted"])
            np.testing.assert_array_equal(y, rows["observed"])
            for row in rows.itertuples():
                assert {(row.predicted, row.ci_low), (row.predicted, row.ci_upp)} in arms
            one = coefficients.loc[(group, model)]
            numbers = [float(part) for part in text.split(": ", 1)[1].split(", ")]
            np.testing.assert_allclose(numbers, [one["intercept"], one["slope"]], atol=0.00501)


def test_calibration_twin_holds_bins_and_coefficients(nhanes_result):
    data = nhanes_result.plot.calibration_data(4)
    pd.testing.assert_frame_equal(
        data[["group", "model", "bin", "predicted", "observed", "ci_low", "ci_upp", "n"]],
        nhanes_result.calibration_bins(4)[
            ["group", "model", "bin", "predicted", "observed", "ci_low", "ci_upp", "n"]
        ],
    )
    assert data["slope"].notna().all()


# --- curves over the number of terms ---


def invented_curve():
    rows = [
        (cost, group, r, sign * 0.1 / r, sign * 0.1 / r - 0.02, sign * 0.1 / r + 0.02)
        for cost, sign in (("sufficiency", 1), ("incomprehensiveness", -1))
        for group in ("a", "$x_1$", "population")
        for r in range(1, 5)
    ]
    return pd.DataFrame(rows, columns=["cost", "group", "r", "bop", "ci_low", "ci_upp"]).assign(
        status="ok"
    )


def test_top_curve_draws_a_line_and_a_band_a_cost():
    curve = invented_curve()
    panels = plotting.top_curve(curve, r=2)
    pd.testing.assert_frame_equal(plotting.top_curve_data(curve), curve)
    assert [shown(ax.title) for ax in panels] == ["a", "$x_1$", "population"]
    for ax, group in zip(panels, ("a", "$x_1$", "population"), strict=True):
        styles = set()
        for cost, band in zip(("sufficiency", "incomprehensiveness"), ax.collections, strict=True):
            rows = curve[(curve["group"] == group) & (curve["cost"] == cost)]
            drawn = line(ax, cost)
            np.testing.assert_array_equal(drawn.get_xdata(), rows["r"])
            np.testing.assert_array_equal(drawn.get_ydata(), rows["bop"])
            styles.add((drawn.get_linestyle(), drawn.get_marker()))
            edge = {tuple(each) for each in band.get_paths()[0].vertices}
            assert set(zip(rows["r"], rows["ci_low"], strict=True)) <= edge
            assert set(zip(rows["r"], rows["ci_upp"], strict=True)) <= edge
        assert len(styles) == 2  # told apart without colour
        assert [2, 2] in [list(each.get_xdata()) for each in ax.lines]
    assert overlapping(panels[0].figure) == []
    assert outside(panels[0].figure) == []


def test_the_curve_of_a_result_meets_its_frame_at_the_chosen_number(nhanes_result):
    data = nhanes_result.plot.top_curve_data()
    chosen = nhanes_result.evaluation.settings.top
    at = data[data["r"] == chosen].set_index(["cost", "group"])
    frame = nhanes_result.frame().set_index(["cost", "group"])
    for name in ("bop", "ci_low", "ci_upp"):
        np.testing.assert_allclose(at[name], frame.loc[at.index, name], rtol=1e-12)
    panels = nhanes_result.plot.top_curve("sufficiency")
    assert len(panels) == 13
    for ax in panels:
        assert [chosen, chosen] in [list(each.get_xdata()) for each in ax.lines]
