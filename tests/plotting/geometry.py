"""Where a figure's texts lie when it is drawn."""

import matplotlib.pyplot as plt
from matplotlib.text import Text

_TOUCH = 1.0  # pixels by which boxes may touch: they are wider than their ink


def drawn_texts(figure):
    """Every visible text that is not blank, with its box on the canvas."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    spare = {id(text) for ax in figure.axes for text in _spare_tick_labels(ax)}
    return [
        (text.get_text(), text.get_window_extent(renderer))
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and id(text) not in spare
    ]


def _spare_tick_labels(ax):
    """Labels of ticks beyond the ends of their axis, which exist but are not drawn."""
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        needed = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
        for tick in [*axis.majorTicks, *axis.minorTicks]:
            if tick not in needed or not low <= tick.get_loc() <= high:
                yield from (tick.label1, tick.label2)


def outside(figure):
    """Texts that leave the canvas."""
    width, height = figure.canvas.get_width_height()
    return [
        text
        for text, box in drawn_texts(figure)
        if min(box.x0, box.y0) < -_TOUCH or box.x1 > width + _TOUCH or box.y1 > height + _TOUCH
    ]


def overlapping(figure, among=None):
    """Pairs of texts that lie on each other."""
    found = [each for each in drawn_texts(figure) if among is None or among(each[0])]
    pairs = []
    for i, (one, a) in enumerate(found):
        for other, b in found[i + 1 :]:
            wide = min(a.x1, b.x1) - max(a.x0, b.x0)
            high = min(a.y1, b.y1) - max(a.y0, b.y0)
            if wide > _TOUCH and high > _TOUCH:
                pairs.append((one, other))
    return pairs


def shown(text):
    """What a reader sees of a text: an escaped dollar is a dollar."""
    return text.get_text().replace(r"\$", "$")


def open_figures():
    return plt.get_fignums()
