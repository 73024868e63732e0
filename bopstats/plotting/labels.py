"""Short labels beside points, none on another, and the key that says what they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Annotation
from matplotlib.transforms import Affine2D, Bbox

from bopstats._typing import FloatArray
from bopstats.plotting.style import GREY, TEXT_SIZE, size_in_points, wrapped

_SMALL = TEXT_SIZE - 1.0
_RADII = (8.5, 12.0, 16.0, 22.0, 30.0, 40.0, 52.0, 66.0, 82.0)
_NEAR = _RADII[1]
# Radius and angle of the places tried: first near and between the arms, then ever farther.
_PLACES = [(radius, angle) for radius in _RADII[:2] for angle in (45, 135, 225, 315)] + [
    (radius, angle) for radius in _RADII for angle in (90, 270, 0, 180, 45, 135, 225, 315)
]
_MARKER = 3.0
_KEY_WIDTH, _LETTER = 56, 0.062


def number_points(
    ax: Axes, points: FloatArray, texts: Sequence[str], others: FloatArray
) -> list[Annotation]:
    """Write a short text beside each point, where it hides neither points nor other texts.

    Parameters
    ----------
    ax : Axes
        With its final limits and place.
    points : ndarray, shape (n, 2)
        In data coordinates.
    texts : sequence of str
        One a point.
    others : ndarray, shape (m, 2)
        Further points that texts must not hide.

    Returns
    -------
    list of Annotation
        A thin line leads from a text that stands far off to its point.
    """
    scale = ax.get_figure(root=True).dpi / 72.0  # type: ignore[union-attr]
    places = ax.transData.transform(points) / scale
    around = ax.transData.transform(np.concatenate([points, others])) / scale
    frame = ax.get_window_extent().transformed(Affine2D().scale(1.0 / scale))
    taken = [
        Bbox.from_bounds(x - _MARKER, y - _MARKER, 2 * _MARKER, 2 * _MARKER) for x, y in around
    ]
    found = []
    for (x, y), point, text in zip(places, points, texts, strict=True):
        note = ax.annotate(
            *(text, (float(point[0]), float(point[1]))),
            xytext=(0.0, 0.0),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=_SMALL,
            color=GREY,
            zorder=4,
        )
        width, height = size_in_points(note)
        radius, angle, box = _free_place(x, y, width, height, taken, frame)
        note.xyann = (radius * np.cos(angle), radius * np.sin(angle))
        taken.append(box)
        found.append(note)
        if radius > _NEAR:
            ax.annotate(
                "",
                (float(point[0]), float(point[1])),
                xytext=tuple((radius - 5.0) * np.array([np.cos(angle), np.sin(angle)])),
                textcoords="offset points",
                arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.4},
            )
    return found


def _free_place(
    x: float, y: float, width: float, height: float, taken: list[Bbox], frame: Bbox
) -> tuple[float, float, Bbox]:
    """Return the nearest free place round a point; the one that overlaps least if all are taken."""
    best: tuple[int, float, float, Bbox] | None = None
    for radius, degrees in _PLACES:
        angle = float(np.deg2rad(degrees))
        left = x + radius * np.cos(angle) - width / 2
        low = y + radius * np.sin(angle) - height / 2
        box = Bbox.from_bounds(left, low, width, height)
        hits = box.count_overlaps(taken)
        if box.x0 < frame.x0 or box.x1 > frame.x1 or box.y0 < frame.y0 or box.y1 > frame.y1:
            hits += 1
        if hits == 0:
            return radius, angle, box
        if best is None or hits < best[0]:
            best = (hits, radius, angle, box)
    assert best is not None  # noqa: S101
    return best[1:]


def write_key(figure: Any, labels: Sequence[str], title: str) -> float:
    """List numbered labels below a figure's panels, in columns; return its height in inches."""
    rows = [_numbered(i, label, len(str(len(labels)))) for i, label in enumerate(labels, start=1)]
    widest = max(len(line) for row in rows for line in row.split("\n"))
    columns = max(1, min(len(rows), int(figure.get_figwidth() / (_LETTER * widest + 0.4))))
    key = figure.legend(
        [Line2D([], [], linestyle="none") for _ in rows],
        rows,
        loc="outside lower center",
        ncols=columns,
        handlelength=0.0,
        handletextpad=0.0,
        frameon=False,
        fontsize=_SMALL,
        title=title,
        title_fontsize=TEXT_SIZE,
    )
    return float(key.get_window_extent().height / figure.dpi)


def _numbered(i: int, label: str, digits: int) -> str:
    """Put a number before a label; figure spaces, as wide as a digit, align what is below."""
    blank = "\u2007"
    start = str(i).rjust(digits, blank) + 2 * blank
    return start + wrapped(label, _KEY_WIDTH).replace("\n", "\n" + blank * (digits + 2))
