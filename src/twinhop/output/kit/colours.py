"""Colours and dashes of all figures."""

import numpy as np
from numpy.typing import NDArray

INK = "#22262b"
MUTED = "#7b838c"
FAINT = "#d9dde1"
PAPER = "#ffffff"
GROUND = "#f6f7f5"
ACCENT = "#0b6e8f"
SECOND = "#e07b00"
ALARM = "#c8102e"
#: Terms of a cost.
OPENING, ENERGY = "#e0a030", "#8aa39b"
#: Lines of bounds and medians, of plans, and of periods.
DASHED, DOTTED = (0, (4, 2)), (0, (1, 1))

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


def hues_apart(xy_m: NDArray[np.float64]) -> list[str]:
    """One hue a point, so that near points differ: each takes the hue whose nearest earlier bearer is farthest.

    Args:
        xy_m: (K, 2) points [m].

    Returns:
        K colours.
    """
    hues: list[int] = []
    for at, point in enumerate(xy_m):
        distance = np.full(len(HUES), np.inf)
        for before in range(at):
            reach = float(np.hypot(*(xy_m[before] - point)))
            distance[hues[before]] = min(distance[hues[before]], reach)
        hues.append(int(np.argmax(distance)))
    return [HUES[hue] for hue in hues]
