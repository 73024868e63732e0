"""Strata through the whole analysis: what is asked, refused, counted and shown."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import bopstats as bop
from bopstats.exceptions import ArgumentError, DataError
from bopstats.inference.bootstrap import Plan

FORMULA = "sbp ~ bmi + hba1c | sex"
FULL = {"weights": "w", "weight_type": "prob", "cluster": "psu", "strata": "region"}


@pytest.fixture(scope="module")
def people():
    """900 people in six regions of four sampling units each."""
    rng = np.random.default_rng(2)
    data = bop.datasets.load_nhanes().iloc[:900].reset_index(drop=True)
    unit = rng.integers(0, 24, 900)
    return data.assign(
        region=np.array(list("ABCDEF"))[unit // 4], psu=unit, w=rng.uniform(0.5, 3, 900)
    )


@pytest.fixture(scope="module")
def res(people):
    return bop.glm(FORMULA, people, **FULL).fit(rng=1, repeats=1)


def test_columns_and_arrays_are_one_and_names_do_not_matter(people, res):
    other = {"A": 7.5, "B": 2.0, "C": 0.0, "D": -1.0, "E": 11.0, "F": 3.0}
    options = FULL | {"strata": people["region"].map(other).to_numpy()}
    again = bop.glm(FORMULA, people, **options).fit(rng=1, repeats=1)
    pd.testing.assert_frame_equal(again.frame(), res.frame())


def test_strata_leave_estimates_and_folds_alone(people, res):
    less = {name: value for name, value in FULL.items() if name != "strata"}
    none = bop.glm(FORMULA, people, **less).fit(rng=1, repeats=1)
    for name in ("bop", "cost_generic", "n", "n_changed"):
        np.testing.assert_array_equal(none.frame()[name], res.frame()[name])
    assert (none.frame()["std_err"] != res.frame()["std_err"]).all()
    for one, other in zip(none.evaluation.rows, res.evaluation.rows, strict=True):
        np.testing.assert_array_equal(one.fold, other.fold)


def test_strata_alone_are_allowed_and_lack_no_row_silently(people):
    data = people.assign(region=people["region"].where(people.index % 10 != 0))
    found = bop.glm(FORMULA, data, strata="region").fit(rng=1, repeats=1)
    flow = found.row_flow.set_index("step")
    assert flow.loc["missing strata", "dropped"] == 90
    assert found.evaluation.n_used == 810
    assert found.evaluation.settings.strata == 6
    assert set(found.frame("squared_error")["ci_method"]) == {"t"}
    with pytest.raises(DataError, match="'strata' lacks 90 values"):
        bop.glm(FORMULA, data, strata="region", missing="raise")


def test_a_cluster_in_two_strata_is_named(people):
    data = people.assign(psu=people["psu"] % 4)
    with pytest.raises(DataError, match=r"cluster: 0 lies in strata '.' and '.'; .* both numbers"):
        bop.glm(FORMULA, data, **FULL)


@pytest.mark.parametrize(
    ("options", "unit"), [({}, "row"), ({"cluster": "psu"}, "cluster")], ids=["rows", "clusters"]
)
def test_a_stratum_of_one_unit_is_named_with_the_way_out(people, options, unit):
    region = people["region"].to_numpy(dtype=object)
    if options:
        region[people["psu"] == 5] = "lone"
    else:
        region[17] = "lone"
    with pytest.raises(
        DataError, match=f"strata: 'lone' has a single {unit} among the rows used; .*merge it"
    ):
        bop.glm(FORMULA, people, strata=region, **options)


def test_copies_are_units_and_zero_copies_are_none(people):
    region = people["region"].to_numpy(dtype=object)
    region[17] = "lone"
    copies = np.ones(900)
    for times, fine in ((2, True), (1, False)):
        copies[17] = times
        ask = {"strata": region, "weights": copies, "weight_type": "freq"}
        if fine:
            assert bop.glm(FORMULA, people, **ask).design.stratum.max() == 6
        else:
            with pytest.raises(DataError, match="'lone' has a single row"):
                bop.glm(FORMULA, people, **ask)


def test_strata_that_are_not_there_or_too_short(people):
    with pytest.raises(DataError, match=r"strata: column 'regoin' .*did you mean 'region'"):
        bop.glm(FORMULA, people, strata="regoin")
    with pytest.raises(ArgumentError, match="strata: got 'an array of shape"):
        bop.glm(FORMULA, people, strata=np.arange(9))


def test_held_out_rows_need_two_units_a_stratum_as_well(people):
    with pytest.raises(DataError, match=r"strata: \d of the \d strata held out have a single"):
        bop.glm(FORMULA, people, cluster="psu", strata="region").fit(cv=0.3, rng=1)


def test_nested_cross_validation_is_refused(people):
    with pytest.raises(ArgumentError, match="nested: got True; allowed: refit_bootstrap"):
        bop.glm(FORMULA, people, strata="region").fit(repeats=1, nested=True)


def test_gail_and_simon_are_refused_and_heterogeneity_is_not(res):
    with pytest.raises(ArgumentError, match="with clusters or strata"):
        res.test(kind="gail_simon")
    assert 0 < res.test(kind="heterogeneity").pvalue < 1


def test_what_needs_a_simple_sample_is_refused(people):
    model = bop.glm("high_bp ~ bmi | sex", people, strata="region")
    with pytest.raises(ArgumentError, match="penalty: got 'firth' with strata="):
        model.fit(repeats=1, penalty="firth")
    with pytest.raises(ArgumentError, match="mcnemar: got 'strata'"):
        model.fit(repeats=1).mcnemar()


def test_refits_draw_one_unit_less_of_each_stratum(people):
    from bopstats.crossfit import CrossFit
    from bopstats.resampling import _Draw

    model = bop.glm(FORMULA, people, **FULL)
    draw = _Draw(CrossFit(model.design, model.family, False, (), 0.5, None))
    rng = np.random.default_rng(3)
    for _ in range(5):
        times = draw(rng)
        units = people.assign(times=times).groupby(["region", "psu"])["times"]
        assert (units.min() == units.max()).all()
        drawn = units.first() * 3 / 4  # three of four, each counts 4/3 times
        np.testing.assert_allclose(drawn, np.round(drawn), atol=1e-12)
        np.testing.assert_allclose(drawn.groupby("region").sum(), 3)


def test_refits_and_the_bootstrap_agree_where_training_matters_little(people):
    model = bop.glm(FORMULA, people, **FULL)
    found = model.fit(rng=1, repeats=1, refit_bootstrap=60, explain=False).frame()
    assert (found["ci_method"] == "refit bootstrap").all()
    assert np.isfinite(found["std_err"]).all()
    assert (found["ci_low"] < found["ci_upp"]).all()


def test_bootstrap_intervals_go_by_strata(res):
    plan = Plan.of(res.evaluation.rows[0])
    assert plan.strata.tolist() == [4] * 6
    t, bca = res.frame("squared_error"), res.frame("squared_error", ci="bca")
    assert set(bca["ci_method"]) == {"bca"}
    np.testing.assert_allclose(bca["std_err"], t["std_err"], rtol=0.25)


def test_the_frame_and_the_table_of_design_effects_have_one_effective_n(res):
    table, frame = res.design_effects(), res.frame()
    frame = frame[frame["cost"].isin(table["cost"])]
    np.testing.assert_array_equal(table["n_eff"], frame["n_eff"])
    assert (table["strata"] == 6).all()
    assert table["cost"].unique().tolist() == list(res.evaluation.rows[0].costs)
    one = res.design_effects("squared_error")
    pd.testing.assert_frame_equal(one, table[table["cost"] == "squared_error"])
    with pytest.raises(ArgumentError, match="cost: got 'brier'"):
        res.design_effects("brier")


def test_metrics_of_groups_have_no_design_effect(people):
    found = bop.glm(FORMULA, people, strata="region").fit(costs=["r2", "squared_error"], repeats=1)
    with pytest.raises(ArgumentError, match="cost: got 'r2'; allowed: costs of one person"):
        found.design_effects("r2")
    assert "Design effects" not in str(found.summary())


def test_the_summary_names_the_design_and_shows_its_effects(people, res):
    text = str(res.summary())
    assert "Design:      prob weights, clusters and strata (6 strata, 24 clusters)" in text
    assert "Design effects: squared_error" in text
    assert "Groups are domains of the design" in text
    ask = {"cluster": "psu"}, {"strata": "region"}, {"weights": "w", "weight_type": "prob"}, {}
    words = "clusters (24 clusters)", "strata (6 strata)", "prob weights", ""
    for options, design in zip(ask, words, strict=True):
        text = str(bop.glm(FORMULA, people, **options).fit(repeats=1, rng=1).summary())
        assert ("Design:" in text) == ("Design effects" in text) == bool(design)
        assert f"Design:      {design}\n" in text or not design
        assert ("ICC" in text) == ("cluster" in options)


def test_pooled_results_average_design_effects_and_refuse_heterogeneity(people):
    fits = [
        bop.glm(FORMULA, people.assign(bmi=people["bmi"] + shift), **FULL).fit(repeats=1, rng=1)
        for shift in (0.0, np.sin(np.arange(900)))
    ]
    pooled = bop.pool(fits)
    each = [fit.design_effects("squared_error")["deff"] for fit in fits]
    np.testing.assert_allclose(
        pooled.design_effects("squared_error")["deff"], np.mean(each, axis=0), rtol=1e-12
    )
    for kind in ("heterogeneity", "gail_simon"):
        with pytest.raises(bop.BopError, match="pooled data with clusters or strata"):
            pooled.test(kind=kind)


@pytest.mark.parametrize("weight_type", ["prob", "freq"])
def test_calibration_of_strata_alone_counts_each_row_once(people, weight_type):
    data = people.assign(w=np.arange(900) % 3 + 1)
    ask = {"weights": "w", "weight_type": weight_type, "strata": "region"}
    res = bop.glm("high_bp ~ bmi | sex", data).fit(cv=None)
    rows = res.evaluation.rows[0]
    found = bop.glm("high_bp ~ bmi | sex", data, **ask).fit(cv=None).calibration()
    if weight_type == "freq":
        long = data.loc[data.index.repeat(data["w"])].reset_index(drop=True)
        wanted = bop.glm("high_bp ~ bmi | sex", long, strata="region").fit(cv=None).calibration()
    else:
        data = data.assign(unit=np.arange(900))
        ask["cluster"] = "unit"
        wanted = bop.glm("high_bp ~ bmi | sex", data, **ask).fit(cv=None).calibration()
    assert len(rows.y) == 900
    for name in ("slope", "slope_low", "slope_upp", "intercept_low"):
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-6)


def test_swapping_models_negates_what_strata_say(res):
    evaluation = res.evaluation
    rows = tuple(
        replace(r, generic=r.personalized, personalized=r.generic) for r in evaluation.rows
    )
    moments = tuple(type(m).from_rows(r) for m, r in zip(evaluation.moments, rows, strict=True))
    swapped = bop.BoPResults(replace(evaluation, rows=rows, moments=moments))
    a, b = res.frame("squared_error"), swapped.frame("squared_error")
    np.testing.assert_array_equal(a["ci_low"], -b["ci_upp"])
    np.testing.assert_array_equal(a["std_err"], b["std_err"])
    pd.testing.assert_frame_equal(
        res.design_effects("squared_error"), swapped.design_effects("squared_error")
    )


def test_an_empty_crossing_with_sampling_weights_has_a_summary():
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"x": rng.normal(size=60), "g": ["a", "a", "b"] * 20})
    data["h"], data["y"] = np.where(data["g"] == "a", "u", ["u", "v", "v"] * 20), data["x"] ** 2
    data.loc[data["g"] == "b", "h"] = "v"
    res = bop.compare(
        data["y"],
        data["x"],
        data["x"] * 2,
        data[["g", "h"]],
        weights=data["x"] ** 2 + 1,
        weight_type="prob",
    )
    assert "effective n" in res.summary().as_text()
