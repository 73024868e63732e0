"""Errors are those of rows in memory, and what needs all rows at once is refused by name."""

import numpy as np
import pytest
from alike import cut, memory, streamed
from pandas.testing import assert_frame_equal

import bopstats as bop
from bopstats.exceptions import ArgumentError, RowsNotKept

F = "y ~ x + z | sex * race"


def error(analyse, formula, data, options):
    with pytest.raises(bop.BopError) as caught:
        analyse(formula, data, **options)
    return f"{type(caught.value).__name__}: {caught.value}"


@pytest.mark.parametrize(
    ("formula", "made", "options"),
    [
        ("v ~ x | sex", lambda d: d["y"] + 1.0, {}),
        ("count ~ x | sex", None, {}),
        ("v ~ x | sex", 2.5, {}),
        ("label ~ x | sex", None, {}),
        ("label ~ x | sex", None, {"event": "yess"}),
        ("label ~ x | sex", None, {"event": "yes", "family": "gaussian"}),
        ("v ~ x | sex", lambda d: np.where(d.index == 1234, 2, d["y"]), {}),
        ("v ~ x | sex", lambda d: np.where(d.index == 1234, 2, d["y"]), {"family": "binomial"}),
        ("v ~ x | sex", lambda d: np.where(d.index == 1234, -1, d["pos"]), {"family": "gamma"}),
        ("y ~ x + v | sex", lambda d: np.where(d.index == 9, "only", "other"), {}),
        ("y ~ x | v", lambda d: np.where(d.index < 2, "few", d["race"]), {"fit": {"cv": 2}}),
        ("y ~ x | sex", lambda d: d["clinic"] % 3, {"cluster": "v"}),
        ("y ~ x | sex", lambda d: np.where(d.index == 1000, np.inf, d["x"]), {"offset": "v"}),
        ("y ~ v | sex", lambda d: np.where(d.index == 1000, np.inf, d["x"]), {}),
        ("y ~ x | sex", 0.0, {"weights": "v", "weight_type": "prob"}),
        ("y ~ x | sex", None, {"weights": "x", "weight_type": "prob"}),
        ("y ~ x | sex", None, {"weights": "time", "weight_type": "freq"}),
        ("y ~ x | sex", None, {"weights": "time"}),
        ("y ~ x | sex", None, {"weight_type": "prob"}),
        ("y ~ x | sex", None, {"exposure": "time"}),
        ("y ~ v | sex", np.nan, {}),
        ("y ~ x | sex", None, {"subset": "age > 100"}),
        ("y ~ x | sexx", None, {}),
        ("y ~ x | v", "one", {}),
        ("y ~ x | sex", None, {"ref": {"sex": "X"}}),
        ("y ~ x + v | sex", lambda d: (d["sex"] == "M") * 1.0, {}),
        ("y ~ x | sex", None, {"fit": {"cv": 1}}),
        ("y ~ x | sex", None, {"fit": {"repeats": 2}}),
        ("y ~ x | sex", None, {"fit": {"cv": None, "repeats": 3}}),
        ("y ~ x | sex", None, {"fit": {"baseline": {"x": 0}}}),
        ("y ~ x | sex", None, {"groups": ["race", "race"]}),
    ],
)
def test_the_same_error_as_in_memory(people, formula, made, options):
    data = people if made is None else people.assign(v=made)
    found = error(streamed, formula, cut(data), options)
    if "weights" in options and options["weights"] == "x":  # a piece has fewer of them
        assert "negative weights" in found
        return
    assert found == error(memory, formula, data, options)


@pytest.mark.parametrize(
    ("fit", "named"),
    [
        ({"costs": ["brier", "auc"]}, "costs='auc'"),
        ({"baseline": "median"}, "baseline='median'"),
        ({"penalty": "firth"}, "penalty='firth'"),
        ({"nested": True}, "nested=True"),
        ({"refit_bootstrap": 50}, "refit_bootstrap="),
        ({"cv": [([0], [1])]}, "cv: got 'list'"),
        ({"cv": "5"}, "cv: got '5'"),
        ({"folds": "stratified"}, "folds: got 'stratified'; allowed: 'hash'"),
    ],
)
def test_what_needs_all_rows_is_refused(people, fit, named):
    model = bop.glm(F, cut(people))
    with pytest.raises(ArgumentError, match=f"^{named.replace('(', '.')}"):
        model.fit(**fit)


def test_a_dispersion_to_be_estimated_is_refused(people):
    model = bop.glm("count ~ x | sex", cut(people), "negative_binomial")
    with pytest.raises(ArgumentError, match=r"negative_binomial'.*NegativeBinomial\(alpha="):
        model.fit()


@pytest.mark.parametrize(
    ("role", "values"),
    [("weights", 1), ("cluster", 1), ("id", 1), ("offset", 1), ("subset", True), ("groups", 5)],
)
def test_columns_are_given_by_name(people, role, values):
    given = values if role == "groups" else np.full(len(people), values)
    with pytest.raises(ArgumentError, match=rf"^{role}: got .*as data come piece by piece"):
        bop.glm(F, cut(people), weight_type="prob", **{role: given})


def test_a_missing_value_is_an_error_if_asked(gaps):
    with pytest.raises(
        bop.BopError, match=r"column 'race' lacks \d+ values; missing='raise'"
    ) as info:
        bop.glm(F, cut(gaps), missing="raise")
    assert "at data[0]" in info.value.__notes__[0]


@pytest.fixture(scope="module")
def result(people):
    return streamed(F, cut(people), fit={"cv": 2})


@pytest.mark.parametrize(
    "ask",
    [
        lambda res: res.individual,
        lambda res: res.frame("brier", ci="bca"),
        lambda res: res.calibration(),
        lambda res: res.calibration_bins(),
        lambda res: res.augment(),
        lambda res: res.plot.individual(),
        lambda res: res.plot.calibration(),
        lambda res: res.test("brier", effect=0.01),
        lambda res: res.save("x.json", keep_rows=True),
        lambda res: res.generic.predict(),
        lambda res: res.personalized.summary(),
    ],
)
def test_what_rows_would_tell_is_not_there(result, ask, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RowsNotKept, match="piece by piece"):
        ask(result)
    assert not list(tmp_path.iterdir())


def test_a_saved_result_says_the_same(result, tmp_path):
    result.save(tmp_path / "r.json")
    loaded = bop.load(tmp_path / "r.json")
    assert_frame_equal(loaded.frame(), result.frame())
    assert_frame_equal(loaded.top_curve(), result.top_curve())
    assert str(loaded.summary()) == str(result.summary())
    assert str(loaded.anova()) == str(result.anova())
    assert_frame_equal(loaded.personalized.cov_params(), result.personalized.cov_params())


def test_reports_tables_and_figures(result, tmp_path):
    pytest.importorskip("jinja2")
    result.report(tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "sex" in page
    assert "tabular" in result.table().as_latex()
    assert "<table" in result.table().as_html()
    for name in ("forest", "quadrant", "error_curve", "top_curve"):
        getattr(result.plot, name)()
