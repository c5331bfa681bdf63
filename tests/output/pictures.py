"""Checks of the pictures that are written."""

import struct

import matplotlib.image
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg


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
