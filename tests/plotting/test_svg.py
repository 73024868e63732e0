"""Figures for the body of a page: no style of their own, no id twice, the same text each time."""

import re
import warnings
from xml.etree import ElementTree as ET

import matplotlib.pyplot as plt
import pytest

from bopstats.plotting import as_svg, error_curve
from bopstats.theory import Gaussian


def curve():
    return error_curve(Gaussian(1.0), n_total=[200, 400, 800], k=2, effect=0.2)


def labelled(text):
    def draw():
        ax = plt.subplots()[1]
        ax.fill_between([0, 1], [0, 1], hatch="//", facecolor="none", edgecolor="C0")
        ax.plot([0, 1], [1, 0], "o-", clip_on=True)
        ax.set_title(text)
        return ax

    return draw


def svg(draw, name="one"):
    return as_svg(draw, name=name, title="A <title> & more", description='Words with "quotes"')


def parsed(text):
    return ET.fromstring(text)  # noqa: S314 - our own


@pytest.mark.parametrize("draw", [curve, labelled("x")])
def test_styles_are_attributes_and_nothing_speaks_to_the_page(draw):
    text = svg(draw)
    root = parsed(text)
    for element in root.iter():
        assert "style" not in element.attrib
        assert element.tag not in ("style", "script", "metadata", "image")
    assert not re.search(r"font-family|https?://", text)
    texts = [
        each for each in root.iter() if each.tag in ("text", "tspan") and (each.text or "").strip()
    ]
    sizes = [float(each.get("font-size")) for each in texts]
    assert sizes
    assert all(4 <= size <= 20 for size in sizes)


def test_two_figures_share_no_id_and_every_reference_has_its_end():
    ids = []
    for name in ("one", "two"):
        text = svg(labelled("x"), name)
        found = re.findall(r'\bid="([^"]+)"', text)
        assert all(each.startswith(f"{name}-") for each in found)
        references = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', text)
        assert references
        assert {a or b for a, b in references} <= set(found)
        ids += found
    assert len(ids) == len(set(ids))


def test_title_and_description_come_first():
    root = parsed(svg(curve))
    assert root.get("role") == "img"
    first, second = list(root)[:2]
    assert (first.tag, first.text) == ("title", "A <title> & more")
    assert (second.tag, second.text) == ("desc", 'Words with "quotes"')
    assert root.get("aria-labelledby") == first.get("id")
    assert root.get("aria-describedby") == second.get("id")


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "]]> & \"'", 'id="x" style="y" url(#z)']
)
def test_labels_stay_texts(text):
    root = parsed(svg(labelled(text)))
    assert text in ["".join(each.itertext()) for each in root.iter("text")]


def test_a_sign_that_the_font_lacks_is_left_to_the_page():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "🚑" in svg(labelled("🚑"))


def test_the_same_text_each_time_and_no_figure_stays_open():
    assert svg(curve) == svg(curve)
    assert plt.get_fignums() == []
