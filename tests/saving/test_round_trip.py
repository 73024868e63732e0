"""A loaded or unpickled result says what the saved one said, to the last byte."""

import copy
import json
import pickle
import subprocess
import sys
from dataclasses import fields
from functools import partial

import numpy as np
import pandas as pd
import pytest
from analyses import NAMES, SPECS, analysis, invent

import bopstats as bop
from bopstats.exceptions import RowsNotKept
from bopstats.fitting.results import ModelResults
from bopstats.results.tabled import TABLES
from bopstats.saving.models import SavedModels

KINDS = ("every", "harm", "heterogeneity", "gail_simon")


def loaded(results, path, **options):
    results.save(path, **options)
    return bop.load(path)


def said(call):
    """What a call gives, or the error it raises."""
    try:
        return call()
    except bop.BopError as error:
        return f"{type(error).__name__}: {error}"


def readable(frame):
    """Show objects as at a prompt, which types of one's own come back for."""
    return frame.apply(lambda column: column.map(repr) if column.dtype == object else column)


def same(one, two):
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(readable(one), readable(two), check_exact=True)
        assert one.to_csv() == two.to_csv()
    else:
        assert repr(one) == repr(two)


LABELS = {"sex": "Sex", "sex=female": "Women"}


def table(results, which, **options):
    return results.table(which, **options).as_html()


def check_answers(before, after):
    primary = before.evaluation.costs[0].name
    for effect, alpha in ((None, 0.05), ({primary: 0.02}, 0.2)):
        texts = [str(each.summary(effect, alpha=alpha)) for each in (before, after)]
        assert texts[0] == texts[1]
    assert before.to_dict() == after.to_dict()
    for which in sorted(set(TABLES) - {"calibration"}):  # which needs the rows
        for options in ({}, {"suppress": 90, "labels": LABELS}):
            same(*(said(partial(table, each, which, **options)) for each in (before, after)))
    same(repr(before), repr(after))
    same(before.row_flow, after.row_flow)
    for question in (
        lambda r: r.frame(),
        lambda r: r.frame(alpha=0.1, simultaneous=True),
        lambda r: r.anova(),
        lambda r: r.mcnemar(),
        lambda r: r.design_effects(),
        lambda r: r.top_curve(alpha=0.1),
        lambda r: r.top_area(),
        lambda r: r.tidy(),
        lambda r: r.glance(),
    ):
        same(said(lambda: question(before)), said(lambda: question(after)))  # noqa: B023
    for cost in before.evaluation.costs:
        same(before.gamma(cost.name, alpha=0.3), after.gamma(cost.name, alpha=0.3))
        for kind in KINDS:
            for null, margin in ((0.0, 0.0), (0.01, 0.05)):
                options = {"kind": kind, "null": null, "margin": margin}
                same(*(said(lambda: each.test(cost.name, **options)) for each in (before, after)))  # noqa: B023


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_those_of_the_result_that_was_saved(name, tmp_path):
    check_answers(analysis(name), loaded(analysis(name), tmp_path / "r.json"))


@pytest.mark.parametrize("name", NAMES)
def test_a_pickle_holds_what_a_file_holds(name, tmp_path):
    before = analysis(name)
    before.save(tmp_path / "r.json")
    cls, record = before.__reduce__()[1]
    assert cls is type(before)
    assert record == json.loads((tmp_path / "r.json").read_bytes())
    after = pickle.loads(pickle.dumps(before))  # noqa: S301 - our own
    same(before.frame(), after.frame())
    assert str(before.summary()) == str(after.summary())


@pytest.mark.parametrize("name", list(SPECS))
def test_models_keep_their_figures(name, tmp_path):
    before = analysis(name)
    after = loaded(before, tmp_path / "r.json")
    for model in ("generic", "personalized"):
        old, new = getattr(before, model), getattr(after, model)
        for each in ("params", "bse", "pvalues"):
            pd.testing.assert_series_equal(
                getattr(old, each), getattr(new, each), check_exact=True, check_names=False
            )
        for each in ("llf", "deviance", "scale", "nobs", "df_resid"):
            assert getattr(old, each) == pytest.approx(getattr(new, each), abs=0, nan_ok=True)
        same(old.cov_params(), new.cov_params())
        for alpha in (0.05,) if name == "firth" else (0.05, 0.2):
            same(old.conf_int(alpha), new.conf_int(alpha))
        assert getattr(old, "aic", None) == getattr(new, "aic", None)


@pytest.mark.parametrize("name", NAMES)
def test_a_loaded_result_is_saved_as_the_same_bytes(name, tmp_path):
    first, second = tmp_path / "1.json", tmp_path / "2.json"
    loaded(analysis(name), first).save(second)
    assert first.read_bytes() == second.read_bytes()


def test_another_process_prints_the_same_bytes(tmp_path):
    analysis("survey").save(tmp_path / "r.json")
    code = "import bopstats, sys; print(bopstats.load(sys.argv[1]).summary(0.01))"
    command = [sys.executable, "-c", code, str(tmp_path / "r.json")]
    text = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    assert text == f"{analysis('survey').summary(0.01)}\n"


def fresh(name="auc and net benefit"):
    return copy.copy(analysis(name))


def test_what_needs_the_rows_is_there_as_asked_before(tmp_path):
    before = bop.load(_with_rows(fresh(), tmp_path))
    asked = {
        "bca": lambda r: r.frame("auc", ci="bca"),
        "together": lambda r: r.frame("log_loss", ci="percentile", simultaneous=True, alpha=0.1),
        "tilted": lambda r: r.test("log_loss", effect=0.01),
        "tilted, another level": lambda r: r.test("log_loss", effect=0.01, alpha=0.2),
        "margin": lambda r: r.test("net_benefit", effect=0.0, margin=0.02, kind="harm"),
        "calibration": lambda r: r.calibration(alpha=0.1),
        "bins": lambda r: r.calibration_bins(4),
    }
    for path in (tmp_path / "none.json", tmp_path / "all.json"):
        after = loaded(before, path)
        for name, question in asked.items():
            if path.name == "all.json":
                same(question(before), question(after))
            elif name != "tilted, another level":
                with pytest.raises(RowsNotKept, match="keep_rows=True"):
                    question(after)
        for question in asked.values():
            question(before)
    assert "tilted" in set(after.test("log_loss", effect=0.01).error_lower["law"])
    for other in (
        lambda: after.frame("auc", ci="percentile"),
        lambda: after.frame("auc", ci="bca", alpha=0.1),
        lambda: after.test("log_loss", effect=0.02),
        lambda: after.calibration(),
        lambda: after.calibration_bins(5),
        lambda: after.individual,
    ):
        with pytest.raises(RowsNotKept, match="keep_rows=True"):
            other()


def _with_rows(results, folder):
    results.save(folder / "rows.json", keep_rows=True)
    return folder / "rows.json"


@pytest.mark.parametrize("name", ["auc and net benefit", "survey", "frequencies", "hold-out"])
def test_with_rows_everything_can_be_asked_after_loading(name, tmp_path):
    before = analysis(name)
    after = bop.load(_with_rows(before, tmp_path))
    check_answers(before, after)
    same(before.individual, after.individual)
    same(before.augment(), after.augment())
    same(before.calibration(), after.calibration())
    same(before.calibration_bins(3), after.calibration_bins(3))
    for cost in before.evaluation.costs:
        same(before.frame(cost.name, ci="bca"), after.frame(cost.name, ci="bca"))
        same(*(each.test(cost.name, effect=0.01) for each in (before, after)))


def test_pooled_results_keep_the_rows_of_each_analysis(tmp_path):
    before = analysis("pooled")
    after = loaded(before, tmp_path / "r.json", keep_rows=True)
    same(before.individual, after.individual)
    same(before.results[1].calibration(), after.results[1].calibration())


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(10, 490, 2, name="visit"),
        pd.Index([f"p{i}" for i in range(240)], name="patient"),
        pd.Index(np.arange(240) / 8),
        pd.date_range("2020-01-01", periods=240, tz="Europe/Paris", name="day"),
        pd.MultiIndex.from_product([["a", "b"], range(120)], names=["site", None]),
        pd.CategoricalIndex(np.repeat(["u", "v"], 120)),
        pd.Index([1, "x", 2.5, None] * 60, dtype=object),
        pd.interval_range(0, 240),
        pd.period_range("2000-01", periods=240, freq="M"),
    ],
    ids=lambda index: type(index).__name__,
)
def test_row_labels_of_every_kind_come_back(index, tmp_path):
    people = invent().set_axis(index)
    before = bop.glm("t ~ x | sex", people).fit(rng=1, repeats=1, explain=False)
    after = loaded(before, tmp_path / "r.json", keep_rows=True)
    pd.testing.assert_frame_equal(before.individual, after.individual, check_freq=False)


def test_copies_are_whole():
    before = analysis("clusters")
    for after in (copy.copy(before), copy.deepcopy(before)):
        same(before.individual, after.individual)
        assert after.generic.fittedvalues.equals(before.generic.fittedvalues)
        assert after is not before
    assert copy.deepcopy(analysis("pooled")).individual.equals(analysis("pooled").individual)


def test_saved_models_have_what_fitted_ones_have():
    """What is added to one must be added to the other."""
    names = {name for name in dir(ModelResults) if not name.startswith("_")}
    assert names <= {*dir(SavedModels), *(each.name for each in fields(SavedModels))}


def test_a_model_without_rows_says_so(tmp_path):
    after = loaded(analysis("gaussian"), tmp_path / "r.json")
    with pytest.raises(RowsNotKept, match=r"generic\.predict: .* fit the analysis again"):
        after.generic.predict()
    assert not hasattr(after.personalized, "resid_response")
    assert repr(after.generic) == "<SavedModel: generic model, n = 240, 3 coefficients>"


def test_profile_limits_are_kept_as_asked_before(tmp_path):
    formula, about, how = SPECS["firth"]
    before = bop.glm(formula, invent(), **about).fit(rng=3, **how)
    wanted = before.generic.conf_int(0.2)
    after = loaded(before, tmp_path / "r.json")
    same(after.generic.conf_int(0.2), wanted)
    with pytest.raises(RowsNotKept, match=r"alpha=0\.3 needs the rows.*0\.05, 0\.2"):
        after.generic.conf_int(0.3)


def test_an_error_of_a_test_is_raised_again(tmp_path):
    model = bop.glm("y ~ x:race | x * sex", invent(), cluster="psu")
    before = model.fit(rng=1, repeats=1)
    after = loaded(before, tmp_path / "r.json")
    with pytest.raises(bop.BopError, match="change how the generic ones are coded") as old:
        before.anova()
    with pytest.raises(type(old.value)) as new:
        after.anova()
    assert str(old.value) == str(new.value)
    same(before.personalized.conf_int(), after.personalized.conf_int())
