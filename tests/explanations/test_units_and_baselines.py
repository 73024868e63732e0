"""What moves together, and where masked columns go: against refits of the columns by patsy."""

import re

import numpy as np
import pandas as pd
import patsy
import pytest
from plain import game, kept_terms, masker, occlusion, shapley

import bopstats as bop
from bopstats.exceptions import ArgumentError
from bopstats.explanations.baselines import BASELINES, check_baseline, median, with_baseline
from bopstats.explanations.units import ranking, units_of
from bopstats.fitting.models import fit_pair

FORMULA = "y ~ x * z + C(region) + np.exp(x / 4) | sex * race + sex:x"
GENERIC, PERSONAL = FORMULA.replace("y ", "").split(" | ")
AT = {"x": 0.2, "z": 5, "region": 2, "sex": "male", "race": "Black"}


@pytest.fixture(scope="module")
def fitted(people):
    def make(formula=FORMULA, train=None, **options):
        model = bop.glm(formula, people, **options)
        design = model.design
        train = np.arange(design.n) % 2 == 0 if train is None else train
        pair = fit_pair(design, (design.generic, design.personalized), model.family, train)
        return design, pair, train

    return make


def members(matrix, unit):
    """The units of each term, by hand: a term's name says which variables it reads."""
    if unit == "term":
        return [(t,) for t in range(len(matrix.terms))]
    names = ["x", "z", "region", "sex", "race"]
    read = [[v for v in names if re.search(rf"\b{v}\b", term)] for term in matrix.terms]
    order = list(dict.fromkeys(v for each in read for v in each))
    assert order == list(units_of(matrix, "variable").names)
    return [tuple(order.index(v) for v in each) for each in read]


@pytest.mark.parametrize("attribution", ["integrated_gradients", "linear_shap", "shapley"])
@pytest.mark.parametrize("unit", ["term", "variable"])
@pytest.mark.parametrize("rank", ["absolute", "signed"])
def test_masked_predictions_of_any_kind_are_those_of_a_loop(fitted, attribution, unit, rank):
    design, pair, train = fitted()
    rows = np.arange(30)
    for model in (pair.generic, pair.personalized):
        own = members(model.matrix, unit)
        units = range(1 + max(u for each in own for u in each))
        counts = np.arange(1, len(units) + 1)
        mask = masker(model, design, attribution=attribution, unit=unit, rank=rank)
        found = mask(rows, counts)
        for i in rows:
            x = model.matrix.rows(np.array([i]))[0]
            by_column = model.params * (x - model.matrix.rows(np.flatnonzero(train)).mean(axis=0))
            parts = [by_column[model.matrix.term_of == t].sum() for t in range(len(own))]
            start = float(x @ model.params) - sum(parts)
            mu = model.family.link.inverse if attribution == "shapley" else lambda eta: eta
            # Shared equally among its variables: the Shapley value of the linear predictor.
            values = shapley(game(mu, start, parts, own), units)
            score = values if rank == "signed" else abs(values)
            order = np.argsort(-score, kind="stable")
            for r in counts:
                top, rest = set(order[:r].tolist()), set(order[r:].tolist())
                kept = start + sum(parts[t] for t in kept_terms(top, own))
                masked = start + sum(parts[t] for t in kept_terms(rest, own))
                assert found.top_only[r - 1, i] == pytest.approx(kept, abs=1e-11)
                assert found.without_top[r - 1, i] == pytest.approx(masked, abs=1e-11)


@pytest.mark.parametrize("unit", ["term", "variable"])
def test_occlusion_ranks_by_the_change_when_one_unit_is_masked(fitted, unit):
    design, pair, _ = fitted()
    model, own = pair.personalized, members(pair.personalized.matrix, unit)
    units = range(1 + max(u for each in own for u in each))
    mask = masker(model, design, attribution="occlusion", unit=unit)
    contributions, whole = mask.contributions(np.arange(30))
    values, _ = mask.attributor.values(contributions, whole)
    start = whole - contributions.sum(axis=1)
    for i in range(30):
        value = game(model.family.link.inverse, start[i], contributions[i], own)
        np.testing.assert_allclose(values[i], occlusion(value, units), atol=1e-12)


def test_ranking_puts_ties_in_order():
    score = np.random.default_rng(1).integers(0, 4, (500, 12)).astype(float)
    expected = np.argsort(-score, axis=1, kind="stable")
    assert (ranking(score) % 12 == expected).all()
    smooth = np.random.default_rng(2).normal(size=(500, 12))
    places = ranking(smooth)
    assert (places % 12 == np.argsort(-smooth, axis=1, kind="stable")).all()
    assert (places // 12 == np.arange(500)[:, None]).all()


@pytest.mark.parametrize("name", BASELINES)
def test_named_baselines_are_columns_of_the_training_rows(fitted, name):
    design, pair, train = fitted()
    moved = with_baseline(pair, name, design, train)
    for model in (moved.generic, moved.personalized):
        rows = model.matrix.rows(np.flatnonzero(train))
        expected = {"mean": rows.mean(axis=0), "median": np.median(rows, axis=0)}
        expected["zero"] = 1.0 * (np.array(model.matrix.names) == "Intercept")
        np.testing.assert_allclose(model.baseline, expected[name], rtol=1e-13, atol=1e-13)
        assert model.baseline[list(model.matrix.names).index("Intercept")] == 1


@pytest.mark.parametrize("kind", ["mapping", "series", "frame", "data row"])
def test_given_values_go_through_the_formula(fitted, people, kind):
    design, pair, train = fitted()
    rows = {"mapping": AT, "series": pd.Series(AT), "frame": pd.DataFrame([AT])}
    rows["data row"] = people.assign(**AT).iloc[3]
    frame, words = check_baseline(rows[kind], design)
    assert words == (", ".join(f"{k} = {v}" for k, v in AT.items())) or kind != "mapping"
    assert "Black" not in words or kind == "mapping"
    moved = with_baseline(pair, frame, design, train)
    whole = pd.concat([people, pd.DataFrame([AT])])
    for model, side in ((moved.generic, GENERIC), (moved.personalized, f"{GENERIC} + {PERSONAL}")):
        expected = patsy.dmatrix(side, whole, return_type="dataframe").iloc[-1]
        assert expected.index.tolist() == list(model.matrix.names)
        np.testing.assert_allclose(model.baseline, expected, rtol=1e-14)


def test_given_values_use_the_transforms_that_the_training_rows_taught(fitted, people):
    model = bop.glm("y ~ standardize(x) + bs(z, df=4) | sex", people)
    train = np.arange(len(people)) < 80
    generic, personalized, _ = model.design.relearn(np.flatnonzero(train))
    pair = fit_pair(model.design, (generic, personalized), model.family, train)
    frame, _ = check_baseline({"x": 0.7, "z": 5.5, "sex": "male"}, model.design)
    moved = with_baseline(pair, frame, model.design, train)
    info = patsy.dmatrix("standardize(x) + bs(z, df=4)", people[train]).design_info
    expected = patsy.build_design_matrices([info], {"x": [0.7], "z": [5.5]})[0]
    np.testing.assert_allclose(moved.generic.baseline, np.asarray(expected)[0], rtol=1e-13)


def test_a_median_with_whole_weights_is_that_of_repeated_rows():
    rng = np.random.default_rng(3)
    for size in range(1, 30):
        values, weight = rng.normal(size=size).round(1), rng.integers(0, 4, size).astype(float)
        weight[0] = 1
        repeated = np.repeat(values, weight.astype(int))
        assert median(values, weight) == pytest.approx(np.median(repeated), abs=1e-14)
        assert median(values, None) == np.median(values)


def test_weighted_medians_reach_the_costs(people):
    weighted = people.assign(w=1 + people["region"] % 2)
    repeated = people.loc[np.repeat(people.index, weighted["w"])].reset_index(drop=True)
    options = {"baseline": "median", "cv": None, "rng": 1}
    a = bop.glm("t ~ x + z | sex", weighted, weights="w", weight_type="freq").fit(**options)
    b = bop.glm("t ~ x + z | sex", repeated).fit(**options)
    for name in ("sufficiency", "incomprehensiveness"):
        np.testing.assert_allclose(a.frame(name)["bop"], b.frame(name)["bop"], rtol=1e-9)


@pytest.mark.parametrize(
    ("baseline", "message"),
    [
        ("average", "baseline: got 'average'; allowed: 'mean', 'zero', 'median'"),
        (3, "a dict from variable to value"),
        ({**AT, "xx": 1}, "got 'xx'; allowed: variables of the formula.*did you mean 'x'"),
        ({**AT, "t": 1.0}, "got 't'; allowed: variables of the formula"),
        (pd.Series({**AT, "nonsense": 1}), "got 'nonsense'"),
        ({k: v for k, v in AT.items() if k not in ("z", "sex")}, "no value for 'z', 'sex'"),
        ({**AT, "z": "many"}, r"baseline\['z'\]: got 'many'; allowed: a finite number"),
        ({**AT, "z": np.nan}, r"baseline\['z'\]: got nan"),
        ({**AT, "z": True}, r"baseline\['z'\]: got True"),
        ({**AT, "race": "black"}, r"baseline\['race'\].*'Asian', 'Black', 'White'.*'Black'\?"),
        ({**AT, "race": ["Black"]}, r"baseline\['race'\]"),
        ({**AT, "region": 9}, "baseline: a term cannot be evaluated there"),
        ({**AT, "x": 1e6}, "baseline: column 'np.exp.*' of the model matrix is inf"),
        (pd.DataFrame([AT, AT]), "got 'a DataFrame of 2 rows'; allowed: one row"),
    ],
)
def test_another_baseline_is_one_clear_error(people, baseline, message):
    model = bop.glm(FORMULA, people)
    with pytest.raises(ArgumentError, match=message):
        model.fit(repeats=1, baseline=baseline)


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("attribution", "shap", "'integrated_gradients', 'deeplift', 'linear_shap', 'shapley'"),
        ("rank", "signed values", "'absolute', 'signed'"),
        ("unit", "column", "'term', 'variable'"),
        ("top_of", "both", "'generic', 'each'"),
        ("top", 6, "an integer of at least 1 and at most 5"),
        ("top", 0, "an integer of at least 1"),
        ("top", 1.01, "a number in"),
        ("top", 0.0, "a number in"),
        ("top", np.nan, "a number in"),
    ],
)
def test_another_option_is_one_clear_error(people, option, value, allowed):
    with pytest.raises(ArgumentError, match=f"^{option}: got .*allowed: {allowed}"):
        bop.glm(FORMULA, people).fit(repeats=1, **{option: value})
