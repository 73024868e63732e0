"""Every number of units at once: the curve, its area, and the options that reach the results."""

import tracemalloc

import numpy as np
import pytest

import bopstats as bop
from bopstats.exceptions import ArgumentError
from bopstats.explanations import masking

FORMULA = "{} ~ x + z + clinic + age | sex * race"
EXPLAINED = ["sufficiency", "incomprehensiveness"]
BY_PROBABILITY = [f"{name}_probability" for name in EXPLAINED]
SHOWN = ["cost_generic", "cost_personalized", "bop", "std_err", "ci_low", "ci_upp"]


def fit(people, outcome="y", formula=FORMULA, **options):
    return bop.glm(formula.format(outcome), people).fit(**({"rng": 1, "repeats": 3} | options))


@pytest.mark.parametrize("outcome", ["y", "t"])
@pytest.mark.parametrize("attribution", ["integrated_gradients", "shapley", "occlusion"])
def test_every_r_of_the_curve_is_what_a_fit_with_that_r_reports(people, outcome, attribution):
    first = fit(people, outcome, top=1, attribution=attribution)
    curve = first.top_curve()
    assert curve["r"].tolist() == [1, 2, 3, 4] * (2 * 7)
    for r in (1, 2, 3, 4):
        frame = fit(people, outcome, top=r, attribution=attribution).frame()
        frame = frame[frame["kind"] == "explanation"].reset_index(drop=True)
        at = curve[curve["r"] == r].reset_index(drop=True)
        for name in ["cost", "group", "ci_method"]:
            assert at[name].tolist() == frame[name].tolist()
        for name in SHOWN:
            np.testing.assert_allclose(at[name], frame[name], rtol=1e-10, atol=1e-13)


def test_at_the_chosen_r_the_curve_is_the_frame_to_the_last_digit(people):
    for outcome, more in (("y", ["brier", *BY_PROBABILITY]), ("t", None)):
        res = fit(people, outcome, top=0.5, costs=more)
        for name in [*EXPLAINED, *BY_PROBABILITY] if more else EXPLAINED:
            curve, frame = res.top_curve(name, alpha=0.1), res.frame(name, alpha=0.1)
            at = curve[curve["r"] == 2].reset_index(drop=True)
            for column in SHOWN:
                np.testing.assert_array_equal(at[column], frame[column])


def test_the_area_is_the_mean_over_r(people):
    res = fit(people, costs=["brier", *BY_PROBABILITY])
    area = res.top_area()
    curve = res.top_curve().groupby(["cost", "group"], sort=False)
    for name in ("cost_generic", "cost_personalized", "bop"):
        expected = [
            curve[name].mean()[c, g] for c, g in zip(area["cost"], area["group"], strict=True)
        ]
        np.testing.assert_allclose(area[name], expected, rtol=1e-10, atol=1e-14)
    assert (area["ci_low"] < area["bop"]).all()
    assert (area["bop"] < area["ci_upp"]).all()


def test_all_units_suffice_and_leave_nothing(people):
    curve = fit(people).top_curve("sufficiency")
    last = curve[curve["r"] == 4]
    assert (last["cost_generic"] == 0).all()


def test_squared_changes_of_a_probability_are_those_of_a_loop(people):
    res = fit(people, cv=None, repeats=1, costs=["brier", *BY_PROBABILITY], top=2)
    rows = res.evaluation.rows[0]
    model = res.generic
    x, beta = model.model.exog, model.params.to_numpy()
    parts = {"x": [], "z": [], "clinic": [], "age": []}
    for name in parts:
        parts[name] = [j for j, c in enumerate(model.model.exog_names) if c.startswith(name)]
    place = rows.costs.index("sufficiency_probability")
    for i in range(len(people)):
        c = {n: float((beta * (x[i] - x.mean(axis=0)))[at].sum()) for n, at in parts.items()}
        top = sorted(c, key=lambda n: -abs(c[n]))[:2]
        whole = float(x[i] @ beta)
        kept = whole - sum(v for n, v in c.items() if n not in top)
        masked = whole - sum(c[n] for n in top)
        p, k, m = (1 / (1 + np.exp(-eta)) for eta in (whole, kept, masked))
        assert rows.generic[place, i] == pytest.approx((p - k) ** 2, abs=1e-12)
        assert rows.generic[place + 1, i] == pytest.approx(-((p - m) ** 2), abs=1e-12)


def test_costs_of_a_probability_need_a_binomial_family_and_a_primary_cost(people):
    with pytest.raises(ArgumentError, match="needs a binomial family"):
        fit(people, "t", costs=["squared_error", "sufficiency_probability"])
    with pytest.raises(ArgumentError, match="a cost of prediction first"):
        fit(people, costs=["sufficiency_probability"])


def test_without_explanations_there_is_no_curve(people):
    res = fit(people, explain=False)
    assert res.evaluation.curve == ()
    with pytest.raises(ArgumentError, match="no costs of explanation; fit with explain=True"):
        res.top_curve()
    given = bop.compare([0, 1, 1, 0], *[[0.2, 0.7, 0.6, 0.4]] * 2, list("aabb"))
    with pytest.raises(ArgumentError, match="no costs of explanation"):
        given.top_curve()
    masked = {"sufficiency": ([0.3, 0.6, 0.7, 0.5], [0.2, 0.4, 0.6, 0.8])}
    given = bop.compare(
        [0, 1, 1, 0], *[[0.2, 0.7, 0.6, 0.4]] * 2, list("aabb"), explanations=masked
    )
    with pytest.raises(ArgumentError, match="predictions masked at one r only"):
        given.top_curve()
    with pytest.raises(ArgumentError, match="cost: got 'brier'; allowed: 'sufficiency'"):
        fit(people).top_curve("brier")
    with pytest.raises(ArgumentError, match="cost"):
        fit(people).top_area("nonsense")


def test_clusters_and_weights_reach_the_curve(people):
    data = people.assign(site=np.arange(len(people)) // 4, w=1.0 + people["region"])
    for options in ({"cluster": "site"}, {"weights": "w", "weight_type": "prob"}):
        model = bop.glm("t ~ x + z | sex", data, **options)
        curve = model.fit(rng=1, repeats=1, top=1).top_curve()
        for r in (1, 2):
            frame = model.fit(rng=1, repeats=1, top=r).frame()
            frame = frame[frame["kind"] == "explanation"]
            at = curve[curve["r"] == r]
            for name in SHOWN:
                np.testing.assert_allclose(at[name], frame[name], rtol=1e-9, atol=1e-12)


def test_a_share_of_each_models_own_units(people):
    formula = "t ~ x + z + age | sex * race"
    settings = fit(people, formula=formula, top=0.5).evaluation.settings
    assert (settings.top, settings.top_personalized, settings.n_terms) == (2, 2, 3)
    res = fit(people, formula=formula, top=0.5, top_of="each")
    assert res.evaluation.settings.top_personalized == 3  # of 6
    same = fit(people, formula=formula, top=2)
    each, both = (r.frame("sufficiency") for r in (res, same))
    np.testing.assert_array_equal(each["cost_generic"], both["cost_generic"])
    more = fit(people, formula=formula, top=3).frame("sufficiency")
    np.testing.assert_array_equal(each["cost_personalized"], more["cost_personalized"])
    count = fit(people, formula=formula, top=2, top_of="each").frame("sufficiency")
    np.testing.assert_array_equal(count["bop"], both["bop"])
    last = res.top_curve("sufficiency").query("r == 3")
    np.testing.assert_allclose(last["cost_personalized"], 0, atol=1e-20)


def test_options_of_explanations_leave_predictions_alone(people):
    usual = fit(people).frame("brier")
    for options in (
        {"baseline": "zero"},
        {"baseline": {"x": 0, "z": 5, "clinic": "east", "age": 40, "sex": "male", "race": "White"}},
        {"unit": "variable", "attribution": "shapley"},
        {"explain": False},
    ):
        np.testing.assert_array_equal(fit(people, **options).frame("brier")["bop"], usual["bop"])


def test_the_summary_says_what_was_kept_and_masked(people):
    text = " ".join(str(fit(people).summary()).split())
    assert "top r = 2 terms (4 in the generic model) by |integrated gradients|; what is" in text
    assert "set to the training rows' mean" in text
    assert "reference levels" in text  # sex:race
    options = {"rank": "signed", "baseline": "zero", "attribution": "shapley", "unit": "variable"}
    res = fit(people, formula="{} ~ x + z + age | sex", top=0.4, top_of="each", **options)
    text = " ".join(str(res.summary()).split())
    assert "top r = 2 variables (3 in the generic model) by Shapley values of the mean" in text
    assert "most positive first; what is masked is set to 0." in text
    assert "reference levels" not in text


def test_a_patients_row_as_baseline_is_not_printed(people):
    row = people.assign(x=0.123456).iloc[0]
    text = str(fit(people, baseline=row).summary())
    assert "a given row" in text
    assert "0.1234" not in text


def test_sampled_shapley_values_state_their_error_and_repeat(people):
    rng = np.random.default_rng(0)
    data = people.assign(**{f"v{i}": rng.normal(size=len(people)) for i in range(11)})
    formula = "t ~ x + " + " + ".join(f"v{i}" for i in range(11)) + " | sex"
    runs = [
        bop.glm(formula, data).fit(attribution="shapley", rng=rng, repeats=1, cv=2)
        for rng in (1, 1, 2)
    ]
    notes = " ".join(runs[0].notes)
    assert "Shapley values of the personalized model are sampled" in notes
    assert "of the generic model are sampled" not in notes  # 12 terms are enumerated
    assert runs[0].frame().equals(runs[1].frame())


def test_refits_use_the_same_explanations(people):
    res = fit(people, "t", repeats=1, cv=3, nested=True, baseline="median", attribution="occlusion")
    assert (res.frame("sufficiency")["ci_method"] == "nested").all()


def test_pooled_curves_follow_rubins_rules(people):
    rng = np.random.default_rng(5)
    imputed = [people.assign(x=people["x"] + 0.1 * rng.normal(size=len(people))) for _ in range(3)]
    results = [fit(data, "t", repeats=1) for data in imputed]
    pooled = bop.pool(results)
    curves = [each.top_curve("sufficiency") for each in results]
    found = pooled.top_curve("sufficiency")
    bops = np.array([curve["bop"] for curve in curves])
    np.testing.assert_allclose(found["bop"], bops.mean(axis=0), rtol=1e-12, atol=1e-16)
    within = np.mean([curve["std_err"] ** 2 for curve in curves], axis=0)
    total = within + (1 + 1 / 3) * bops.var(axis=0, ddof=1)
    np.testing.assert_allclose(found["std_err"], np.sqrt(total), rtol=1e-10)
    at = found[found["r"] == 2].reset_index(drop=True)
    np.testing.assert_array_equal(at["bop"], pooled.frame("sufficiency")["bop"])
    areas = [each.top_area("sufficiency")["bop"] for each in results]
    np.testing.assert_allclose(pooled.top_area("sufficiency")["bop"], np.mean(areas, axis=0))


def test_no_array_of_people_by_units_is_held(make_people, monkeypatch):
    monkeypatch.setattr(masking, "_CHUNK", 256)
    people, rng = make_people(n=10_000), np.random.default_rng(0)
    names = [f"v{i}" for i in range(60)]
    data = people.assign(**{name: rng.normal(size=len(people)) for name in names})
    model = bop.glm(f"t ~ {' + '.join(names)} | sex", data)
    peaks = {}
    for explain in (False, True):
        tracemalloc.start()
        model.fit(cv=None, explain=explain)
        peaks[explain] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peaks[True] - peaks[False] < len(data) * 60 * 8
