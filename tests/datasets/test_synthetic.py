"""Invented data: large samples agree with the truth that comes with them."""

import math
import re

import numpy as np
import pandas as pd
import pytest

from bopstats.datasets import make_personalized
from bopstats.exceptions import ArgumentError

LARGE = 400_000
SIZES = {("f", "a"): LARGE, ("f", "b"): LARGE // 2, ("m", "a"): LARGE}
BENEFIT = {("f", "a"): 0.1, ("f", "b"): -0.15, ("m", "a"): 0.0}
EXPLAINED = {("f", "a"): 0.2, ("f", "b"): -0.5, ("m", "a"): 0.5}


def squares(kept, whole):
    return (kept - whole) ** 2


def changed(kept, whole):
    return (kept > 0.5) != (whole > 0.5)


def log_loss(y, p):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


LOSSES = {
    "binary": {
        "zero_one": lambda y, p: (p > 0.5) != (y == 1),
        "brier": lambda y, p: (y - p) ** 2,
        "log_loss": log_loss,
    },
    "continuous": {"squared_error": lambda y, p: (y - p) ** 2},
}
DIFFERENCE = {"binary": changed, "continuous": squares}


def costs(frame, outcome, model):
    """Costs of each person, computed from the columns alone."""
    made = {name: loss(frame["y"], frame[model]) for name, loss in LOSSES[outcome].items()}
    differ = DIFFERENCE[outcome]
    made["sufficiency"] = differ(frame[f"{model}_top_only"], frame[model])
    made["incomprehensiveness"] = -1.0 * differ(frame[f"{model}_without_top"], frame[model])
    return pd.DataFrame(made).astype(float)


@pytest.fixture(scope="module", params=["binary", "continuous"])
def drawn(request):
    frame = make_personalized(
        SIZES,
        BENEFIT,
        disagreement={("f", "a"): 0.1, ("f", "b"): 0.2, ("m", "a"): 0.3},
        cost_generic={("f", "a"): 0.3, ("f", "b"): 0.2, ("m", "a"): 0.6},
        explanation_benefit=EXPLAINED,
        outcome=request.param,
        attributes=("sex", "site"),
        rng=5,
    )
    return request.param, frame


def test_means_and_spreads_are_the_truth(drawn):
    outcome, frame = drawn
    truth = pd.DataFrame(frame.attrs["truth"])
    generic, personalized = (costs(frame, outcome, m) for m in ("generic", "personalized"))
    benefit = generic - personalized
    assert set(truth["cost"]) == set(benefit)
    assert len(truth) == 4 * len(benefit.columns)
    for row in truth.itertuples():
        whole = row.group == "population"
        mine = (frame["sex"] == row.sex) & (frame["site"] == row.site) | whole
        assert row.n == mine.sum()
        b = benefit.loc[mine, row.cost]
        # Groups are of fixed size, so a population mean is at most this far off too.
        error = 4.5 * max(row.sd, 1e-12) / math.sqrt(row.n)
        assert abs(b.mean() - row.bop) <= error
        assert abs(b.std() - row.sd) <= 0.02 * row.sd
        for name, values in (("generic", generic), ("personalized", personalized)):
            one = values.loc[mine, row.cost]
            told = getattr(row, f"cost_{name}")
            assert abs(one.mean() - told) <= 4.5 * one.std() / math.sqrt(row.n) + 1e-12
        assert row.cost_generic - row.cost_personalized == pytest.approx(row.bop, abs=1e-12)


def test_the_two_predictions_differ_as_asked(drawn):
    outcome, frame = drawn
    differ = DIFFERENCE[outcome](frame["personalized"], frame["generic"])
    by_group = differ.groupby([frame["sex"], frame["site"]], observed=True).mean()
    np.testing.assert_allclose(by_group, [0.1, 0.2, 0.3], rtol=0.02)


def test_benefits_are_those_asked_for(drawn):
    outcome, frame = drawn
    truth = pd.DataFrame(frame.attrs["truth"]).set_index(["cost", "group"])["bop"]
    first = {"binary": "zero_one", "continuous": "squared_error"}[outcome]
    for levels, benefit in BENEFIT.items():
        assert truth[first, ", ".join(levels)] == benefit
        for cost in ("sufficiency", "incomprehensiveness"):
            assert truth[cost, ", ".join(levels)] == EXPLAINED[levels]
    mean = sum(BENEFIT[levels] * n for levels, n in SIZES.items()) / sum(SIZES.values())
    assert truth[first, "population"] == pytest.approx(mean, rel=1e-12)


def test_one_attribute_and_one_number_for_all_are_enough():
    frame = make_personalized({"b": 30, "a": 20}, 0.05)
    assert list(frame["group"].cat.categories) == ["b", "a"]
    assert frame["group"].value_counts().to_dict() == {"b": 30, "a": 20}
    assert set(frame["y"]) == {0, 1}
    assert set(frame["generic"]) == {0.25, 0.75}
    assert "attrs['truth']" in frame.attrs["note"]


def test_the_seed_decides():
    first, again = (make_personalized({"a": 99}, 0.1, rng=3) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(make_personalized({"a": 99}, 0.1, rng=4))


@pytest.mark.parametrize("outcome", ["binary", "continuous"])
def test_the_ends_of_what_is_possible_are_reached(outcome):
    """All that changes helps; for numbers the same sign of error, only smaller."""
    c, b = 0.4, 0.3
    q = b if outcome == "binary" else (math.sqrt(c) - math.sqrt(c - b)) ** 2
    frame = make_personalized(
        {"a": 2000}, b, disagreement=q, cost_generic=c, outcome=outcome, explanation_benefit=0.5
    )
    benefit = costs(frame, outcome, "generic") - costs(frame, outcome, "personalized")
    assert (benefit.iloc[:, 0] >= -1e-12).all()
    assert (frame["personalized_top_only"] == frame["personalized"]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"benefit": 0.3},
            "group a: got 'benefit 0.3, disagreement 0.2, cost_generic 0.3'; allowed",
        ),
        ({"cost_generic": 0.05}, "allowed: (disagreement + benefit) / 2 of at most cost_generic"),
        ({"cost_generic": 0.99}, "allowed: (disagreement - benefit) / 2 of at most 1 - cost"),
        ({"outcome": "continuous", "benefit": 0.3}, "allowed: a benefit below cost_generic"),
        ({"outcome": "continuous", "disagreement": 3}, "allowed: a disagreement from "),
        ({"outcome": "counts"}, "outcome: got 'counts'"),
        ({"sizes": {}}, "sizes: got {}"),
        ({"sizes": 100}, "sizes: got 100"),
        ({"sizes": {"a": 0}}, "sizes['a']: got 0"),
        ({"sizes": {("a", "b"): 5}}, "sizes: got ('a', 'b'); allowed: groups of 1 label(s)"),
        ({"benefit": {"b": 0.1}}, "benefit: got 'b'; allowed: groups of sizes: 'a'"),
        ({"benefit": {}}, "benefit: got []; allowed: a value for each group of sizes, also 'a'"),
        ({"disagreement": {"a": -1}}, "disagreement['a']: got -1"),
        ({"explanation_benefit": 0.6}, "explanation_benefit: got 0.6; allowed: a number in [-0.5"),
        ({"benefit": math.inf}, "benefit: got inf"),
        ({"attributes": "sex"}, "attributes: got 'sex'"),
        ({"attributes": ("a", "a")}, "attributes: got ('a', 'a')"),
        ({"attributes": ("y",)}, "attributes: got 'y'; allowed: names other than y, generic"),
        ({"rng": -1}, "rng: got -1"),
    ],
)
def test_bad_arguments_are_told(options, message):
    with pytest.raises(ArgumentError, match=re.escape(message)):
        make_personalized(**{"sizes": {"a": 10}, "benefit": 0.1} | options)
