"""What holds for every figure: texts apart, labels literal, nothing left open, the same bytes."""

import io
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

sys.path.insert(0, str(Path(__file__).parent))
from geometry import open_figures, outside, overlapping, shown

FIGURES = ["forest", "quadrant", "error_curve", "individual", "calibration", "top_curve"]


def draw(result, name, **options):
    if name == "error_curve":
        options["effects"] = [0.005, 0.02, 0.08]
    return getattr(result.plot, name)(**options)


def panels_of(drawn):
    return [drawn] if isinstance(drawn, Axes) else list(drawn)


def figure_of(drawn):
    return panels_of(drawn)[0].get_figure()


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_leaves_the_canvas_or_lies_on_another(result, name):
    figure = figure_of(draw(result, name))
    assert outside(figure) == []
    if name == "quadrant" and result.evaluation.groups.n_groups > 12:
        # Sixty numbers round few places may touch; the key and the titles may not.
        assert overlapping(figure, lambda text: not text.isdigit()) == []
    else:
        assert overlapping(figure) == []


@pytest.mark.parametrize("name", FIGURES)
def test_labels_are_shown_as_they_are(sixty_result, name):
    figure = figure_of(draw(sixty_result, name))
    figure.canvas.draw()
    texts = [" ".join(shown(each).split()) for each in figure.findobj(Text)]
    if name != "error_curve":
        for label in ("<script>alert(1)</script>", r"$x_1$ & \input{x}", "trans port"):
            assert any(label in text for text in texts), label


def test_a_dollar_is_drawn_as_a_dollar(sixty_result):
    stream = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none"}):
        figure_of(draw(sixty_result, "forest")).savefig(stream, format="svg")
    assert r"$x_1$ &amp; \input{x} worker" in stream.getvalue()
    assert "&lt;script&gt;" in stream.getvalue()
    assert "<script" not in stream.getvalue()


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("kind", ["svg", "pdf", "png"])
def test_the_same_call_gives_the_same_bytes(small_result, name, kind):
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": None}[kind]

    def saved():
        stream = io.BytesIO()
        with mpl.rc_context({"svg.hashsalt": "bopstats"}):
            figure_of(draw(small_result, name)).savefig(stream, format=kind, metadata=metadata)
        return stream.getvalue()

    assert saved() == saved()


@pytest.mark.parametrize("name", FIGURES)
def test_given_axes_are_drawn_on_and_no_figure_is_opened(small_result, name):
    count = len(panels_of(draw(small_result, name)))
    plt.close("all")
    plt.figure()
    before, current = open_figures(), plt.gcf()
    given = np.atleast_1d(Figure(figsize=(12, 12), layout="constrained").subplots(1, count))
    drawn = panels_of(draw(small_result, name, ax=given[0] if count == 1 else given))
    assert drawn == list(given)
    assert open_figures() == before
    assert plt.gcf() is current
    assert not current.axes


@pytest.mark.parametrize("name", FIGURES)
def test_a_new_figure_is_one_figure(small_result, name):
    before = open_figures()
    draw(small_result, name)
    assert len(open_figures()) == len(before) + 1


@pytest.mark.parametrize("name", FIGURES)
def test_data_twins_draw_nothing(small_result, name):
    options = {"effects": [0.01]} if name == "error_curve" else {}
    frame = getattr(small_result.plot, f"{name}_data")(**options)
    assert len(frame) > 0
    assert open_figures() == []


def test_the_accessor_names_its_figures(small_result):
    for name in FIGURES:
        assert f".{name}()" in repr(small_result.plot)
