"""Colours, markers and dashes of all figures."""

import zlib
from collections.abc import Iterable
from typing import Any, NamedTuple

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

#: Any two of the first eight differ by 17 or more in CIEDE2000, in normal sight and without red, green or blue cones,
#: and each by 3 to 1 in light from white; `benchmarks/palette.py` searches for such. The others are for maps alone.
HUES = (
    "#004773",
    "#e17a06",
    "#628568",
    "#2898fc",
    "#886f8d",
    "#6d2938",
    "#a20000",
    "#213bff",
    "#c9a500",
    "#2fa6a0",
    "#b5387a",
    "#7a7f35",
)
#: Hues of policies, and how lines are dashed and points marked of those that share a hue.
POLICY_HUES = HUES[:8]
DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 1.5, 1.5, 1.5)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
SECOND_MARKERS = ("h", "<", ">", "d", "*", "8", "H", "P")


class PolicyLook(NamedTuple):
    """How a policy is drawn in every figure.

    Attributes:
        colour: of its line, bar or point.
        marker: of its points.
        dashes: of its line, as `linestyle` takes them.
    """

    colour: str
    marker: str
    dashes: Any


#: Hue and dashes of the policies that come with twinhop, by number: no two of placement, nor of migration, are alike.
BUILT_IN = {
    "lagrangian": (0, 0),
    "exact": (0, 1),
    "maddpg": (1, 0),
    "primal_dual": (1, 3),
    "structured": (1, 0),
    "learned": (1, 0),
    "transfer": (1, 1),
    "literal": (1, 2),
    "literal-penalty": (4, 1),
    "flat": (3, 1),
    "nearest": (2, 0),
    "greedy": (3, 0),
    "local_search": (4, 0),
    "least_loaded": (5, 0),
    "random": (6, 0),
    "random_association": (6, 1),
    "stay": (2, 0),
    "follow_nearest": (3, 0),
    "utility": (4, 0),
    "utility_literal": (4, 1),
    "myopic": (5, 0),
    "hysteresis": (5, 1),
    "lookahead": (6, 0),
    "mdp_threshold": (6, 1),
    "expected": (0, 0),
    "replan": (0, 1),
    "foresight": (1, 3),
}
#: The hue that no built-in policy has: policies of one's own take it first.
OWN_HUE = 7


def policy_looks(names: Iterable[str]) -> dict[str, PolicyLook]:
    """The look of each policy: the same in every figure, in whatever order they stand, and no two alike in one.

    Built-in policies have fixed looks. Of others the first by name takes the hue that is kept for them; further ones
    take what is free from a place on that their checksum gives, hues that the figure does not show before others.

    Args:
        names: what is drawn; of ``name:setting=value`` what stands before the colon is the policy, and settings differ
            in dashes and marker.

    >>> looks = policy_looks(["nearest", "mine.py:agent", "lagrangian"])
    >>> looks == policy_looks(["lagrangian", "mine.py:agent", "nearest"]), looks["nearest"].colour == HUES[2]
    (True, True)
    """
    looks: dict[str, tuple[int, int]] = {}
    names = sorted(set(names), key=lambda name: (name not in BUILT_IN, base_policy(name) not in BUILT_IN, name))
    for name in names:
        looks[name] = _free_look(name, set(looks.values()))
    return {name: _look(*look) for name, look in looks.items()}


def base_policy(name: str) -> str:
    """The policy of a name with settings: what stands before the colon, but for a file or module of one's own."""
    base = name.partition(":")[0]
    return base if base in BUILT_IN else name


def _free_look(name: str, taken: set[tuple[int, int]]) -> tuple[int, int]:
    """The first look that is free, of those that a name would have."""
    start = zlib.crc32(name.encode())
    base = BUILT_IN.get(base_policy(name))
    if base is None:
        shown = {hue for hue, _ in taken}
        others = [(start + step) % OWN_HUE for step in range(OWN_HUE)]
        hues = [OWN_HUE, *(hue for hue in others if hue not in shown), *(hue for hue in others if hue in shown)]
        order = [(hue, dash) for dash in range(2 * len(DASHES)) for hue in hues]
    else:
        order = [base, *((base[0], dash) for dash in range(2 * len(DASHES)))]
    return next((look for look in order if look not in taken), order[0])


def _look(hue: int, dash: int) -> PolicyLook:
    markers = MARKERS if dash == 0 else SECOND_MARKERS
    marker = markers[(hue + dash * (dash > 1)) % len(markers)]
    return PolicyLook(POLICY_HUES[hue], marker, DASHES[dash % len(DASHES)])


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
