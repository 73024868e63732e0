"""Attributions and masked predictions made from the predictions of a model alone."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

import bopstats as bop
import bopstats.external.explaining
from bopstats.external.attribution import Explainer
from bopstats.external.units import make_units


def wiggly(X):
    X = np.asarray(X, dtype=float)
    return np.sin(X[:, 0]) + X[:, 1] * X[:, -1] * X[:, 0] + np.exp(X.sum(axis=1) / 3)


def explainer(X, predict=wiggly, batch=50, **options):
    options = {"column_groups": None, "baseline": "mean"} | options
    units = make_units({"X0": X, "Xp": X}, **options)[0]
    return Explainer(predict, units, predict(X), batch, lambda _: None)


def plain_shapley(predict, person, baseline, m):
    """Mean gain over all orders of the columns."""
    found = np.zeros(m)
    for order in itertools.permutations(range(m)):
        row = baseline.copy()
        for j in order:
            before = predict(row[None])[0]
            row[j] = person[j]
            found[j] += predict(row[None])[0] - before
    return found / math.factorial(m)


def test_shapley_values_equal_the_mean_over_all_orders():
    X = np.random.default_rng(2).normal(size=(9, 5))
    found = explainer(X, batch=4).shapley_exact(np.arange(9))
    wanted = [plain_shapley(wiggly, person, X.mean(axis=0), 5) for person in X]
    np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_sampled_shapley_values_are_unbiased_with_the_stated_error():
    X = np.random.default_rng(3).normal(size=(3, 6))
    exact = explainer(X).shapley_exact(np.arange(3))
    rng, errors, stated = np.random.default_rng(0), [], []
    for _ in range(200):
        one = explainer(X)
        orders = np.array([rng.permutation(6) for _ in range(8)])
        errors.append(one.shapley_sampled(np.arange(3), orders) - exact)
        stated.append(one.std_err)
    errors = np.array(errors)
    spread = errors.std(axis=0)
    assert (np.abs(errors.mean(axis=0)) <= 4 * spread / np.sqrt(200) + 1e-12).all()
    assert spread.max() <= np.sqrt(np.mean(np.square(stated))) <= 1.5 * spread.max()


def test_sampled_shapley_values_add_up_for_every_person():
    X = np.random.default_rng(3).normal(size=(20, 6))
    orders = np.array([np.random.default_rng(1).permutation(6) for _ in range(2)])
    found = explainer(X, batch=7).shapley_sampled(np.arange(20), orders)
    gain = wiggly(X) - wiggly(X.mean(axis=0)[None])
    np.testing.assert_allclose(found.sum(axis=1), gain, atol=1e-12)


def test_all_orders_give_exact_shapley_values():
    X = np.random.default_rng(4).normal(size=(5, 4))
    orders = np.array(list(itertools.permutations(range(4))))
    one = explainer(X)
    wanted = one.shapley_exact(np.arange(5))
    np.testing.assert_allclose(one.shapley_sampled(np.arange(5), orders), wanted, atol=1e-12)


def test_occlusion_and_shapley_agree_with_captum():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    attr = pytest.importorskip("captum.attr", reason="captum is not installed")
    X = np.random.default_rng(5).normal(size=(12, 5))
    base = torch.tensor(X.mean(axis=0)[None])

    def forward(x):
        return torch.sin(x[:, 0]) + x[:, 1] * x[:, -1] * x[:, 0] + torch.exp(x.sum(axis=1) / 3)

    one, x, rows = explainer(X), torch.tensor(X), np.arange(12)
    theirs = attr.FeatureAblation(forward).attribute(x, baselines=base).numpy()
    np.testing.assert_allclose(one.occlusion(rows), theirs, atol=1e-10)
    theirs = attr.ShapleyValues(forward).attribute(x, baselines=base).numpy()  # sums in float32
    np.testing.assert_allclose(one.shapley_exact(rows), theirs, atol=5e-6)


def test_shapley_is_exact_for_few_columns_and_states_its_error_for_many():
    wide = np.random.default_rng(6).normal(size=(30, 12))

    def run(columns, **options):
        X = wide[:, :columns]
        options = {"attribution": "shapley"} | options
        return bop.compare_models(wiggly, wiggly, X, X, wiggly(X), np.arange(30) % 2, **options)

    few = " ".join(run(9, rng=1).notes)
    assert "Shapley values" in few
    assert "standard error" not in few
    many = run(12, rng=1)
    assert "64 permutations; the largest standard error" in " ".join(many.notes)
    assert many.evaluation.settings.seed == 1
    assert "Seed:       1" in many.summary().as_text()
    assert many.frame()["bop"].eq(0).all()  # equal models get the same permutations
    pd.testing.assert_frame_equal(many.frame(), run(12, rng=1).frame())
    pd.testing.assert_frame_equal(many.frame(), run(12, rng=1, batch=11).frame(), atol=1e-9)
    assert not many.frame().equals(run(12, rng=2).frame())


def test_the_same_count_in_both_models_or_a_share_of_each():
    rng = np.random.default_rng(9)
    small, large = rng.normal(size=(40, 2)), rng.normal(size=(40, 6))
    args = (wiggly, wiggly, small, large, rng.normal(size=40), np.arange(40) % 2)
    same, each = (bop.compare_models(*args, top_of=which) for which in ("generic", "each"))
    assert "top r = 1 of 2 (generic) and 6 (personalized)" in " ".join(same.notes)
    assert "top r = 1 (generic) or 3 of 2 (generic) and 6" in " ".join(each.notes)
    assert same.frame("sufficiency")["cost_generic"].equals(
        each.frame("sufficiency")["cost_generic"]
    )


def test_keeping_every_unit_changes_nothing_and_masking_all_gives_the_baseline():
    X = np.random.default_rng(9).normal(size=(40, 4))
    y = wiggly(X)
    res = bop.compare_models(wiggly, wiggly, X, X, y, np.arange(40) % 2, top=4, baseline="median")
    assert res.frame("sufficiency")["cost_generic"].eq(0).all()
    middle = wiggly(np.median(X, axis=0)[None])[0]
    found = res.frame("incomprehensiveness")["cost_generic"].iloc[-1]
    assert found == pytest.approx(-np.mean((y - middle) ** 2), rel=1e-12)


def test_columns_of_one_variable_move_together():
    rng = np.random.default_rng(10)
    X = rng.normal(size=(25, 5))
    groups = {"pair": [1, 3]}
    one = explainer(X, column_groups=groups)
    assert one.units.names == (0, "pair", 2, 4)
    assert one.units.members == ((0,), (1, 3), (2,), (4,))
    out = X.copy()
    out[:, [1, 3]] = X.mean(axis=0)[[1, 3]]
    np.testing.assert_allclose(
        one.occlusion(np.arange(25))[:, 1], wiggly(X) - wiggly(out), atol=1e-12
    )


def test_baselines_by_column_or_by_row_are_the_same():
    rng = np.random.default_rng(11)
    X = pd.DataFrame(rng.normal(size=(30, 3)), columns=list("abc"))
    args = (wiggly, wiggly, X[["a", "b"]], X, rng.normal(size=30), np.arange(30) % 2)
    frames = [
        bop.compare_models(*args, baseline=baseline).frame()
        for baseline in (
            {"c": 1.0, "a": 0.5, "b": -1},
            pd.Series({"a": 0.5, "b": -1, "c": 1.0}),
            ([0.5, -1], np.array([0.5, -1, 1.0])),
            ({"a": 0.5, "b": -1}, {"a": 0.5, "b": -1, "c": 1}),
        )
    ]
    for frame in frames[1:]:
        pd.testing.assert_frame_equal(frame, frames[0])


def test_a_model_is_given_at_most_a_batch_of_rows():
    sizes = []

    def predict(X):
        sizes.append(len(X))
        return wiggly(X)

    X = np.random.default_rng(14).normal(size=(50, 12))
    bop.compare_models(
        predict, wiggly, X, X, X[:, 0], np.arange(50) % 2, attribution="shapley", batch=16
    )
    assert max(sizes) == 16


def test_progress_counts_every_prediction(monkeypatch):
    seen = []

    class Bar:
        def __init__(self, total, label, show):
            seen.append((total, show))
            assert label == "explanations"

        def __enter__(self):
            return lambda done: seen.append(done)

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(bopstats.external.explaining, "progress_bar", Bar)
    rng = np.random.default_rng(15)
    small, large = rng.normal(size=(20, 3)), rng.normal(size=(20, 12))
    for options in ({}, {"attribution": "shapley"}, {"attributions": (small, large)}):
        seen.clear()
        bop.compare_models(
            wiggly, wiggly, small, large, small[:, 0], np.arange(20) % 2, progress=True, **options
        )
        (total, show), *steps = seen
        assert show is True
        assert sum(steps) == total
