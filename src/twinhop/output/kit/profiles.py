"""Performance profiles: the share of worlds in which each policy is within each gap of the certified bound."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter
from numpy.typing import NDArray

from twinhop.output.kit.colours import MUTED, policy_looks
from twinhop.output.kit.figures import frame, log_axis
from twinhop.output.kit.gaps import LEAST_GAP
from twinhop.stats.profile import Profile, performance_profile

FloatArray = NDArray[np.float64]

#: Points of a profile.
POINTS = 300
#: Markers on a profile.
MARKS = 8


def _percent_axis(axes: Axes) -> None:
    low, high = axes.get_xlim()
    axes.set_xlim(max(low, 0.7 * LEAST_GAP), max(high, 10 * LEAST_GAP))
    log_axis(axes)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda gap, _: f"{100 * gap:g} %"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def profiles_of(gaps: Mapping[str, FloatArray]) -> dict[str, Profile]:
    """The profiles of policies over gaps from a little below the least of all, or `LEAST_GAP`, to the largest.

    Args:
        gaps: of each policy (worlds,) or (tasks, worlds), infinite where it failed.
    """
    finite = np.concatenate([each[np.isfinite(each)] for each in gaps.values()])
    least, most = (finite.min(), finite.max()) if finite.size else (LEAST_GAP, LEAST_GAP)
    low = max(LEAST_GAP, 0.7 * float(least))
    at = np.geomspace(low, max(1.2 * float(most), 10 * low), POINTS)
    return {name: performance_profile(each, at) for name, each in gaps.items()}


def draw_profiles(axes: Axes, profiles: Mapping[str, Profile]) -> None:
    """A step curve a policy, with its markers: the share of worlds within each gap; a band of 95 % if there is."""
    looks = policy_looks(profiles)
    axes.set_xscale("log")
    apart = POINTS // MARKS
    for n, (name, profile) in enumerate(profiles.items()):
        hue, marker, dashes = looks[name]
        style = {"color": hue, "linestyle": dashes, "linewidth": 1.5, "label": name.replace("_", " ")}
        # each at points of its own, so that of curves that coincide all can be told
        style |= {"marker": marker, "markersize": 4.5, "markevery": (n * apart // len(profiles), apart)}
        axes.step(profile.gap, profile.share, where="post", **style)
        if profile.low is not None and profile.high is not None:
            axes.fill_between(profile.gap, profile.low, profile.high, step="post", color=hue, alpha=0.12, linewidth=0)
    frame(axes, "", "gap to the certified bound at most", "share of worlds", grid="both")
    axes.set_ylim(-0.02, 1.02)
    axes.margins(x=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.0f} %"))
    axes.xaxis.label.set_color(MUTED)
    _percent_axis(axes)
