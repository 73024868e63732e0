"""Colours of the page keep the contrast of WCAG 2.1 AA, in light and in dark."""

import re
from importlib.resources import files

import pytest

CSS = files("bopstats.reporting").joinpath("page.css").read_text(encoding="utf-8")
PAIRS = {
    name: (light, dark)
    for name, light, dark in re.findall(
        r"--([a-z]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", CSS
    )
}


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_formula():
    assert contrast("#ffffff", "#000000") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "panel"])
@pytest.mark.parametrize("text", ["ink", "quiet", "link"])
def test_texts(text, ground, mode):
    assert contrast(PAIRS[text][mode], PAIRS[ground][mode]) >= 4.5


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    "name", ["line", "blue", "vermilion", "green", "orange", "purple", "sky", "quiet", "ink"]
)
def test_lines_and_marks(name, mode):
    assert contrast(PAIRS[name][mode], PAIRS["paper"][mode]) >= 3.0


def test_no_other_colour_is_set():
    rules = re.sub(r":root \{.*?\}", "", CSS, count=1, flags=re.S)
    rules = re.sub(r'\[(fill|stroke)="[^"]+"\]', "", rules)
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?=\s*[;,)])", rules)
