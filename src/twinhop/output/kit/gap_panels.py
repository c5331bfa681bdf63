"""Panels of gaps to certified bounds: dots of every world with what is said of them, and performance profiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter
from numpy.typing import NDArray

from twinhop.output.kit.colours import ALARM, INK, MUTED, policy_looks
from twinhop.output.kit.figures import beside, frame, log_axis, policy_keys, rows_frame
from twinhop.output.kit.tables import percent
from twinhop.stats.profile import Profile, performance_profile

FloatArray = NDArray[np.float64]

#: Gaps below are drawn here: the axis is logarithmic, and a gap may be 0.
LEAST_GAP = 1e-5
#: How far dots of worlds stand apart at most, of the height of a row, and points of a profile.
JITTER, POINTS = 0.24, 300
NAME_PT, LABEL_PT = 9.5, 8.5


def draw_gaps(axes: Axes, rows: Sequence[Mapping[str, Any]], gaps: Sequence[FloatArray]) -> None:
    """A row a policy: a dot a world, and the interquartile mean with its interval as the rows have them.

    Args:
        axes: the panel.
        rows: from bottom to top, with ``policy``, ``gap_iqm``, ``gap_iqm_interval`` and ``feasible``.
        gaps: (worlds,) of each, infinite where it failed.
    """
    looks = policy_looks([row["policy"] for row in rows])
    axes.set_xscale("log")
    for at, (row, each) in enumerate(zip(rows, gaps, strict=True)):
        hue, marker, _ = looks[row["policy"]]
        dots = np.maximum(each[np.isfinite(each)], LEAST_GAP)
        axes.plot(dots, at + _apart(len(dots)), "o", color=hue, alpha=0.45, markersize=3.2, markeredgewidth=0)
        _draw_mean(axes, row, at, marker, hue)
    rows_frame(axes, [row["policy"].replace("_", " ") for row in rows], "gap above the certified bound", NAME_PT)
    policy_keys(axes, [row["policy"] for row in rows])
    _percent_axis(axes)
    for at, row in enumerate(rows):
        place = {"xycoords": ("axes fraction", "data"), "annotation_clip": False}
        beside(axes, gap_label(row), (1, at), LABEL_PT, color=ALARM if row["feasible"] < 1 else INK, **place)


def gap_label(row: Mapping[str, Any]) -> str:
    """The interquartile mean in words, and how often there was no feasible plan."""
    text = "infeasible" if row["gap_iqm"] is None and row["feasible"] < 1 else percent(row["gap_iqm"])
    return text if row["feasible"] in (0, 1) else f"{text}, {100 * (1 - row['feasible']):.0f} % fail"


def _draw_mean(axes: Axes, row: Mapping[str, Any], at: int, marker: str, hue: str) -> None:
    middle, ends = row["gap_iqm"], row["gap_iqm_interval"]
    if middle is None:
        return
    if ends is not None and None not in ends:
        drawn = np.maximum(ends, LEAST_GAP)
        axes.plot(drawn, [at, at], color=INK, linewidth=2.2, solid_capstyle="butt", zorder=4)
    style = {"color": hue, "markersize": 7, "markeredgecolor": INK, "markeredgewidth": 1.1, "zorder": 5}
    axes.plot(max(middle, LEAST_GAP), at, marker, **style)


def _apart(count: int) -> FloatArray:
    """(count,) how far dots stand above and below their row, in turn, so that equal ones are seen."""
    return JITTER * (np.arange(count) % 5 - 2) / 2


def _percent_axis(axes: Axes) -> None:
    low, high = axes.get_xlim()
    axes.set_xlim(max(low, 0.7 * LEAST_GAP), max(high, 10 * LEAST_GAP))
    log_axis(axes)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda gap, _: f"{100 * gap:g} %"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def profiles_of(gaps: Mapping[str, FloatArray]) -> dict[str, Profile]:
    """The profiles of policies over gaps from `LEAST_GAP` to the largest of all.

    Args:
        gaps: of each policy (worlds,) or (tasks, worlds), infinite where it failed.
    """
    finite = [each[np.isfinite(each)] for each in gaps.values()]
    most = max([float(each.max()) for each in finite if each.size], default=LEAST_GAP)
    at = np.geomspace(LEAST_GAP, max(1.2 * most, 10 * LEAST_GAP), POINTS)
    return {name: performance_profile(each, at) for name, each in gaps.items()}


def draw_profiles(axes: Axes, profiles: Mapping[str, Profile]) -> None:
    """A step curve a policy: the share of worlds within each gap, with its band of 95 % where there is one."""
    looks = policy_looks(profiles)
    axes.set_xscale("log")
    for name, profile in profiles.items():
        hue, _, dashes = looks[name]
        style = {"color": hue, "linestyle": dashes, "linewidth": 1.5, "label": name.replace("_", " ")}
        axes.step(profile.gap, profile.share, where="post", **style)
        if profile.low is not None and profile.high is not None:
            axes.fill_between(profile.gap, profile.low, profile.high, step="post", color=hue, alpha=0.12, linewidth=0)
    frame(axes, "", "gap to the certified bound at most", "share of worlds", grid="both")
    axes.set_ylim(-0.02, 1.02)
    axes.margins(x=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.0f} %"))
    axes.xaxis.label.set_color(MUTED)
    _percent_axis(axes)
