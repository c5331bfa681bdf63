"""Colours and dashes of all figures."""

import zlib
from collections.abc import Sequence
from typing import Any

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
#: Terms of a cost, the same in all figures.
COMMUNICATION, COMPUTING, MOVES = ACCENT, "#7fb3c8", "#b5387a"
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


#: Dashes of lines that share a hue.
DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)))


def looks_by_name(names: Sequence[str], known: Sequence[str]) -> list[tuple[str, Any]]:
    """A hue and dashes for each name: the same hue for a name in every figure, whatever else is drawn, in any order.

    Args:
        names: what is drawn; of a name with settings, ``name:setting=value``, what stands before the colon counts.
        known: names that have a hue each, by their order; others take one by a checksum.

    >>> looks_by_name(["b", "a"], ["a", "b"]) == looks_by_name(["a", "b"], ["a", "b"])[::-1]
    True
    """
    places = {name: at for at, name in enumerate(known)}
    looks: list[tuple[str, Any]] = []
    for name in names:
        base = name.partition(":")[0]
        hue = HUES[places.get(base, zlib.crc32(name.encode())) % len(HUES)]
        alike = sum(hue == other for other, _ in looks)
        looks.append((hue, DASHES[alike % len(DASHES)]))
    return looks


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
