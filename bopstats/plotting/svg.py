"""A figure as SVG for the body of a page: no style attribute, no id of another figure, no clock.

matplotlib's own SVG is a page of its own: its style sheet would speak to all of a page, its ids are
those of every other figure, and a page whose content security policy allows no inline style shows
it without any. So styles become presentation attributes, which a page's style sheet may override,
and only ids that something refers to stay, behind the figure's name.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

_NOT_DRAWN = ("metadata", "style")
_USED = re.compile(r"url\(#([^)]+)\)")
_SIZE = re.compile(r"^(?P<before>.*?)(?P<size>[\d.]+)px")
_NAMELESS = {"Date": None, "Creator": None, "Format": None, "Type": None}


def as_svg(
    draw: Callable[[], Axes | Sequence[Axes]], *, name: str, title: str, description: str
) -> str:
    """Draw a figure and return it as one ``svg`` element, its texts as texts.

    Parameters
    ----------
    draw : callable
        Draws a new figure and returns its Axes; the figure is closed.
    name : str
        The figure's name on the page: letters, digits and hyphens.
    title, description : str
        What the figure is, and what it shows, for those who cannot see it.

    Returns
    -------
    str
        The same call gives the same text. Fonts are left to the page.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> picture = as_svg(
    ...     lambda: plt.subplots()[1], name="empty", title="Nothing", description="No data."
    ... )
    >>> "<title" in picture, "style=" in picture
    (True, False)
    """
    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    with warnings.catch_warnings(), mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        # The page's fonts may have what matplotlib's own lacks.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        drawn = draw()
        figure: Any = np.ravel(np.asarray(drawn, dtype=object))[0].get_figure(root=True)
        figure.savefig(buffer, format="svg", metadata=_NAMELESS)
        plt.close(figure)
    return _for_page(buffer.getvalue(), name, title, description)


def _for_page(source: bytes, name: str, title: str, description: str) -> str:
    root = ET.fromstring(source)  # noqa: S314 - matplotlib's own
    for element in list(root.iter()):
        element.tag = _local(element.tag)
        for child in list(element):
            if _local(child.tag) in _NOT_DRAWN:
                element.remove(child)
        element.attrib = dict(_attributes(element))
        if element.tag != "text" and not (element.text or "").strip():
            element.text = None
        element.tail = None
    _own_ids(root, name)
    root.attrib = {
        "width": root.attrib["width"],
        "viewBox": root.attrib["viewBox"],
        "role": "img",
        "aria-labelledby": f"{name}-title",
        "aria-describedby": f"{name}-description",
    }
    for tag, text in (("desc", description), ("title", title)):
        words = ET.Element(tag, {"id": f"{name}-{'title' if tag == 'title' else 'description'}"})
        words.text = text
        root.insert(0, words)
    return ET.tostring(root, encoding="unicode")


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _attributes(element: ET.Element) -> Iterator[tuple[str, str]]:
    """Yield an element's attributes, those of its style each on its own."""
    for key, value in element.attrib.items():
        if key == "style":
            for part in value.split("; "):
                yield from _presentation(*part.split(":", 1))
        elif key == "d":
            yield "d", " ".join(value.split())
        else:
            yield _local(key), value


def _presentation(key: str, value: str) -> Iterator[tuple[str, str]]:
    key, value = key.strip(), value.strip().rstrip(";")
    if key == "font":  # older versions write style, weight, size and families in one
        found = _SIZE.match(value)
        if found:
            yield "font-size", found["size"]
            for word in found["before"].split():
                yield ("font-style" if word in ("italic", "oblique") else "font-weight"), word
    elif key == "font-size":
        yield key, value.removesuffix("px")
    elif key != "font-family":
        yield key, value


def _own_ids(root: ET.Element, name: str) -> None:
    """Keep ids that something refers to, behind the figure's name."""
    used = set()
    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "href":
                used.add(value[1:])
                element.set(key, f"#{name}-{value[1:]}")
            elif _USED.search(value):
                used.update(_USED.findall(value))
                element.set(key, _USED.sub(rf"url(#{name}-\1)", value))
    for element in root.iter():
        own = element.attrib.pop("id", None)
        if own in used:
            element.set("id", f"{name}-{own}")
