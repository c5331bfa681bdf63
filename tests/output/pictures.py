"""Checks of the pictures that are written."""

import struct

import matplotlib.image
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text


def check_picture(path, least_width, least_height):
    """A PNG of sensible size with something on it."""
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:24])
    assert least_width <= width <= 6000
    assert least_height <= height <= 6000
    pixels = matplotlib.image.imread(path)[..., :3]
    assert pixels.shape[:2] == (height, width)
    colours = np.unique((pixels * 15).astype(np.int64) @ [256, 16, 1])
    assert len(colours) > 20, "nearly blank"
    assert (np.abs(pixels - pixels[0, 0]).max(axis=2) > 0.1).mean() > 0.01, "nearly blank"


def is_cut(figure):
    """Whether anything that is drawn lies beyond the edges of a figure."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    box = figure.get_tightbbox(canvas.get_renderer())
    width, height = figure.get_size_inches()
    return box.x0 < 0 or box.y0 < 0 or box.x1 > width or box.y1 > height


def overlapping_texts(figure):
    """Pairs of texts of a figure that cover each other, as (one, other)."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    drawn = [(text.get_text(), text.get_window_extent(renderer)) for text in _visible_texts(figure)]
    return [
        (one, other)
        for at, (one, box) in enumerate(drawn)
        for other, beside in drawn[at + 1 :]
        if min(box.x1, beside.x1) - max(box.x0, beside.x0) > 1 and min(box.y1, beside.y1) - max(box.y0, beside.y0) > 1
    ]


def _visible_texts(figure):
    """Texts that are drawn: not those of ticks beyond an axis."""
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                inside = low - 1e-9 * abs(low) <= tick.get_loc() <= high + 1e-9 * abs(high)
                tick.label1.set_gid(None if inside else "beyond")
                tick.label2.set_gid(None if inside else "beyond")
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and text.get_gid() != "beyond":
            yield text
