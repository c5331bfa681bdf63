"""Colours and type sizes shared by all figures."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

INK = "#22262b"
MUTED = "#7b838c"
FAINT = "#d9dde1"
PAPER = "#ffffff"
GROUND = "#f6f7f5"
ACCENT = "#0b6e8f"
ALARM = "#c8102e"

#: Hues that stay apart for most forms of colour blindness, and in print.
HUES = (
    "#0b6e8f",
    "#e07b00",
    "#3f9b4f",
    "#b5387a",
    "#6b5bb5",
    "#c9a500",
    "#2fa6a0",
    "#b4512a",
    "#5783d6",
    "#7a7f35",
    "#9a4fa0",
    "#4d5b66",
)

FONT: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "axes.edgecolor": MUTED,
    "text.color": INK,
    "axes.labelcolor": INK,
}


def fitting(text: str, size: float, columns: int) -> float:
    """The type size at which text of this length still fits a line of so many columns at ``size``."""
    return size * min(1.0, columns / max(1, len(text)))


def hues_apart(xy_m: NDArray[np.float64]) -> list[str]:
    """One hue a point, so that near points differ: each takes the hue whose nearest earlier bearer is farthest.

    Args:
        xy_m: (K, 2) points [m].

    Returns:
        K colours.
    """
    chosen: list[int] = []
    for at, point in enumerate(xy_m):
        distance = np.full(len(HUES), np.inf)
        for before in range(at):
            reach = float(np.hypot(*(xy_m[before] - point)))
            distance[chosen[before]] = min(distance[chosen[before]], reach)
        chosen.append(int(np.argmax(distance)))
    return [HUES[hue] for hue in chosen]
