"""In an additive model, the benefits for explanation give the benefit for prediction."""

import itertools

import pandas as pd
import pytest

import bopstats as bop

COSTS = ("squared_error", "sufficiency", "incomprehensiveness")


def additive(effect):
    """The additive model y = 2·x1 + x2 + effect·s + noise: every combination once."""
    cells = itertools.product((-2, -0.75, 0.75, 2), (-1, 1), (-0.5, 0.5), (-0.25, 0.25))
    data = pd.DataFrame(cells, columns=["x1", "x2", "s", "noise"])
    data["y"] = 2 * data["x1"] + data["x2"] + effect * data["s"] + data["noise"]
    data["sex"] = data["s"].map({-0.5: "female", 0.5: "male"})
    return data


@pytest.mark.parametrize("effect", [0.0, 0.5, 2.5, 6.0, -9.0])
@pytest.mark.parametrize("top", [1, 2])
def test_in_an_additive_model_explanations_give_the_prediction_benefit(effect, top):
    """Incomprehensiveness minus sufficiency benefit = prediction benefit, in every group.

    With independent terms, symmetric about the baseline, the kept sum K and the masked sum M have
    E K·M = 0, since a term is kept by its size and not by its sign. So E M² + E K² = E (K + M)²,
    and the personalized model's total is larger by the square of its personal term, effect²/4,
    which is the prediction benefit of the best models. If both benefits for explanation are zero,
    so is that for prediction.
    """
    res = bop.glm("y ~ x1 + x2 | sex", additive(effect)).fit(cv=None, top=top)
    frame = res.frame().set_index(["cost", "group"])["bop"]
    for group in ("female", "male", "population"):
        prediction, sufficiency, incomprehensiveness = (frame[cost, group] for cost in COSTS)
        assert prediction == pytest.approx(effect**2 / 4, abs=1e-12)
        assert incomprehensiveness - sufficiency == pytest.approx(prediction, abs=1e-12)
        if effect == 0.0:
            assert sufficiency == pytest.approx(0.0, abs=1e-12)
            assert incomprehensiveness == pytest.approx(0.0, abs=1e-12)


def test_one_zero_benefit_for_explanation_is_not_enough():
    # |2·x1| is 3/2 or 4, |x2| is 1, the personal term 1/4: kept is x1 in both models, so masking
    # it changes the same, yet prediction improves by 1/16.
    res = bop.glm("y ~ x1 + x2 | sex", additive(0.5)).fit(cv=None, top=1)
    frame = res.frame().set_index(["cost", "group"])["bop"]
    assert frame["incomprehensiveness", "population"] == pytest.approx(0.0, abs=1e-12)
    assert frame["squared_error", "population"] == pytest.approx(1 / 16, abs=1e-12)
    assert frame["sufficiency", "population"] == pytest.approx(-1 / 16, abs=1e-12)
