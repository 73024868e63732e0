"""What a prompt and a notebook show: lines, frames, HTML, and progress bars."""

import io
import sys

import numpy as np
import pandas as pd
import pytest

import bopstats as bop
from bopstats._progress import nothing, progress_bar
from bopstats.theory import Gaussian

NASTY = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def result():
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"x": rng.normal(size=300), "g": rng.choice(["a", NASTY], 300)})
    data["y"] = data["x"] + (data["g"] == "a") + rng.normal(size=300)
    return bop.glm("y ~ x | g", data).fit(rng=1, repeats=1)


def answers():
    law = Gaussian(0.2)
    return [
        bop.attribute_budget(2000, 0.05, law),
        bop.sample_size(2, 0.05, law),
        bop.detectable_effect(2000, 2, law),
        bop.attribute_menu({NASTY: 2, "race": [0.7, 0.2, 0.1]}, 2000, 0.05, law),
    ]


def test_plans_have_a_frame_a_text_and_html():
    for answer in answers():
        frame, html = answer.to_frame(), answer._repr_html_()
        assert html.count("<th>") == len(frame.columns)
        assert html.count("<td>") == frame.size
        assert str(answer).splitlines()[0] in html
        assert "<script" not in html


def test_gamma_has_a_frame_a_text_and_html(result):
    gamma = result.gamma()
    row = gamma.to_frame().iloc[0]
    assert (row["gamma"], row["group"]) == (gamma.value, gamma.group)
    assert (row["ci_low"], row["ci_upp"]) == (gamma.ci_low, gamma.ci_upp)
    assert (row["covers"], row["of_groups"]) == gamma.covers == (2, 2)
    assert f"{gamma.value:.6g}" in gamma._repr_html_()
    assert "<script" not in gamma._repr_html_()


@pytest.mark.parametrize("kind", ["every", "harm", "heterogeneity", "gail_simon"])
def test_tests_have_a_frame_and_html(result, kind):
    test = result.test(kind=kind)
    frame = test.to_frame()
    assert len(frame) == 1
    for name in ("cost", "null", "alternative", "method", "pvalue", "verdict", "statistic"):
        assert frame[name].iloc[0] == getattr(test, name)
    assert np.isnan(frame["effect"].iloc[0])
    html = test._repr_html_()
    assert f"{test.pvalue:.6g}" in html
    assert test.null.replace("<", "&lt;").replace(">", "&gt;") in html


def test_a_test_with_an_effect_says_so(result):
    assert result.test(effect=0.2).to_frame()["effect"].tolist() == [0.2]


def test_results_show_the_benefit_of_each_group(result):
    assert result._repr_html_() == result.table("benefit").as_html()
    assert "<script" not in result._repr_html_()


def test_a_line_at_the_prompt(result):
    assert repr(result).startswith("<BoPResults: y ~ x | g; gaussian, n = 300, 2 groups; gamma = ")
    y = np.array([0, 1, 0, 1, 1, 0, 1, 0])
    given = bop.compare(y, y * 0.2 + 0.4, y * 0.4 + 0.3, groups={"sex": list("ffffmmmm")})
    assert repr(given).startswith("<BoPResults: given predictions; binomial, n = 8, 2 groups; ")
    pooled = bop.pool([result, result])
    assert repr(pooled).startswith("<PooledResults: y ~ x | g; gaussian, n = 300")
    for line in (repr(result), repr(given), repr(pooled)):
        assert "\n" not in line


# --- progress ---


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_is_shown_in_a_terminal_only(monkeypatch):
    pytest.importorskip("tqdm", reason="a bar needs the extra 'progress'")
    with progress_bar(3, "work") as tick:
        assert tick is nothing
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress_bar(3, "work", False) as tick:
        assert tick is nothing
    with progress_bar(3, "work") as tick:
        assert tick is not nothing
    assert sys.stderr.getvalue().strip() == ""  # it was quick
    with progress_bar(3, "work", True) as tick:
        tick(3)
    assert "work" in sys.stderr.getvalue()


def test_a_notebook_has_bars_too(monkeypatch):
    pytest.importorskip("tqdm", reason="a bar needs the extra 'progress'")
    stream = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})()
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_bar(3, "work") as tick:
        assert tick is not nothing


class Counter:
    """A bar that counts."""

    bars: list

    def __init__(self, total, label, show=None):
        self.total, self.label, self.show, self.done = total, label, show, 0
        Counter.bars.append(self)

    def __enter__(self):
        return self.step

    def __exit__(self, *_):
        return False

    def step(self, done):
        self.done += done


@pytest.mark.parametrize(
    ("module", "call", "label", "total"),
    [
        ("model", lambda model, _: model.fit(rng=1, repeats=3, cv=4), "cross-fitting", 12),
        ("model", lambda model, _: model.fit(rng=1, repeats=3, cv=0.3), "hold-out", 3),
        (
            "inference.resampled",
            lambda _, res: res.frame("squared_error", ci="bca"),
            "bootstrap, squared_error",
            1,
        ),
        (
            "inference.testability",
            lambda _, res: res.plot.error_curve_data("squared_error", [0.1]),
            "error curve",
            2,
        ),
        (
            "planning.menus",
            lambda *_: bop.attribute_menu({"a": 2, "b": 3}, 2000, 0.05, Gaussian(0.2)),
            "attribute menu",
            4,
        ),
    ],
)
def test_bars_reach_their_end(result, monkeypatch, module, call, label, total):
    Counter.bars = []
    monkeypatch.setattr(f"bopstats.{module}.progress_bar", Counter)
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"x": rng.normal(size=90), "g": rng.choice(["a", "b"], 90)})
    data["y"] = data["x"] + rng.normal(size=90)
    call(bop.glm("y ~ x | g", data), result)
    (bar,) = Counter.bars
    assert (bar.label, bar.total, bar.done) == (label, total, total)
