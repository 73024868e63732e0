"""What prediction and explanation can do apart from each other, in populations known exactly."""

import runpy
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "prediction_and_explanation.py"
# Benefits for prediction, sufficiency and incomprehensiveness in the groups s = −1 and s = 1.
# better: generic keeps s ± 1/2 of 2s, so 1/4 is lost; without it a change of (s ± 1/2)², at the
#   larger one 9/4; personalized keeps all, and loses (2s)² = 4 without it.
# worse: generic keeps all and loses (s ± 1/2)², 5/4 on average; personalized keeps s, 1/4 is
#   lost; without it a change of 1.
# mixed, s = −1: generic keeps all and loses 4; personalized keeps 3/2 of 2, loses 1/4 and 9/4.
#   s = 1: generic keeps 1 of 2, loses 1 and 1; personalized as before.
TRUTH = {
    "better, s = −1": (0, 1 / 4, 7 / 4),
    "better, s = 1": (0, 1 / 4, 7 / 4),
    "worse, s = −1": (0, -1 / 4, -1 / 4),
    "worse, s = 1": (0, -1 / 4, -1 / 4),
    "mixed, s = −1": (0, -1 / 4, -7 / 4),
    "mixed, s = 1": (0, 3 / 4, 5 / 4),
}
COSTS = ("squared_error", "sufficiency", "incomprehensiveness")


@pytest.fixture(scope="module")
def example():
    return runpy.run_path(str(EXAMPLE))


@pytest.fixture(scope="module")
def constructed(example):
    return example["analyse"]()


def test_both_models_predict_without_error(example):
    population = example["people"]()
    for each in example["terms"](population):
        np.testing.assert_array_equal(each.sum(axis=1), population["y"])


def test_terms_have_mean_zero_in_each_population(example):
    population = example["people"]()
    for each in example["terms"](population):
        np.testing.assert_array_equal(each.groupby(population["case"]).mean(), 0.0)


@pytest.mark.parametrize("place", range(3), ids=COSTS)
def test_benefits_are_those_of_the_closed_form(constructed, place):
    found = constructed.frame(COSTS[place]).set_index("group")["bop"].drop("population")
    assert found.to_dict() == {group: values[place] for group, values in TRUTH.items()}


def test_prediction_unchanged_while_explanation_improves_worsens_or_does_both(constructed):
    agreed = constructed.agreement().set_index(["explanation", "group"])["corner"]
    for cost in COSTS[1:]:
        for group in ("better, s = −1", "better, s = 1", "mixed, s = 1"):
            assert agreed[cost, group] == "predicts the same, explains better"
        for group in ("worse, s = −1", "worse, s = 1", "mixed, s = −1"):
            assert agreed[cost, group] == "predicts the same, explains worse"


def test_the_figure_shows_all_groups_on_the_line_of_no_change(example, constructed, tmp_path):
    example["draw"](constructed, tmp_path / "figure.svg")
    assert (tmp_path / "figure.svg").stat().st_size > 0
    assert (constructed.plot.quadrant_data()["bop_prediction"] == 0).all()
    plt.close("all")
