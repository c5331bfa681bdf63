"""Curves that are told apart where they coincide, and beside them a column a curve with a dot a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from mpl_toolkits.axes_grid1 import make_axes_locatable
from numpy.typing import NDArray

from twinhop.output.kit.colours import FAINT, INK, MUTED, PAPER

FloatArray = NDArray[np.float64]
#: Markers of a curve, and the line's width [points].
MARKS, LINE_PT = 5, 1.4
#: Width of the columns beside a panel, of its own width: for each curve, and at most.
COLUMN_SHARE, MOST_SHARE = 0.035, 0.34


def draw_curve(
    axes: Axes, x: FloatArray, y: FloatArray, look: Mapping[str, Any], label: str, at: int, curves: int, **style: Any
) -> None:
    """Draw one of several curves, with markers where no other has one: of curves that coincide all are seen.

    The markers of curve a of A stand at the shares ``(k + (a + 1/2) / A) / MARKS`` of the x range, on the line.

    Args:
        axes: of the panel.
        x: (P,) ascending.
        y: (P,) may be NaN.
        look: `color`, `linestyle` and `marker`.
        label: in the legend.
        at: index of the curve.
        curves: how many there are.
        style: of the line.
    """
    marked = x[0] + (x[-1] - x[0]) * (np.arange(MARKS) + (at + 0.5) / curves) / MARKS
    every = np.unique(np.concatenate([x, marked]))
    places = np.searchsorted(every, marked).tolist()
    own = {"linewidth": LINE_PT, "markersize": 5.5, "markeredgewidth": 0.4, "markeredgecolor": PAPER}
    axes.plot(every, np.interp(every, x, y), label=label, markevery=places, **own | dict(look) | style)


def columns_beside(axes: Axes, columns: int) -> Axes:
    """A narrow panel to the right of one, for so many columns: it takes part of its width and has its vertical axis."""
    share = min(MOST_SHARE, 0.04 + COLUMN_SHARE * columns)
    beside = make_axes_locatable(axes).append_axes("right", size=f"{100 * share:g}%", pad=0.06, sharey=axes)
    beside.set_xlim(-0.7, columns - 0.3)
    beside.set_xticks([])
    beside.tick_params(axis="y", which="both", left=False, labelleft=False)
    beside.grid(axis="y", color=FAINT, linewidth=0.6)
    beside.set_axisbelow(True)
    for side in beside.spines.values():
        side.set_color(FAINT)
        side.set_visible(False)
    beside.spines["left"].set_visible(True)
    return beside


def draw_column(
    axes: Axes, at: int, values: FloatArray, middle: float, interval: Sequence[float] | None, look: Mapping[str, Any]
) -> None:
    """Draw a column: a small dot a seed, what they come to as the marker of the curve, and its interval.

    Args:
        axes: of `columns_beside`.
        at: which column.
        values: (seeds,).
        middle: their mean, or whatever stands for all.
        interval: both ends; None for too few seeds.
        look: `color` and `marker`.
    """
    if interval is not None:
        axes.plot([at, at], list(interval), color=INK, linewidth=1.2, solid_capstyle="butt", zorder=3)
    if len(values) > 1:
        spread = at + 0.5 * (np.arange(len(values)) / max(1, len(values) - 1) - 0.5)
        axes.plot(spread, values, ".", color=look["color"], alpha=0.9, markersize=5, markeredgewidth=0, zorder=2)
    axes.plot([at], [middle], marker=look["marker"], color=look["color"], **_edged(), linestyle="none", zorder=4)


def _edged() -> dict[str, Any]:
    return {"markersize": 5.5, "markeredgecolor": INK, "markeredgewidth": 0.6}


def under(axes: Axes, text: str) -> None:
    """Words under the columns."""
    axes.set_xlabel(text, fontsize=7.5, color=MUTED, labelpad=16)


def policy_labels(names: Sequence[str]) -> list[str]:
    """Names of policies as legends show them: of a folder or file in a name its own name, unless two become alike.

    >>> policy_labels(["stay", "transfer:out/online/source/run:polish=0", "mine.py:follow"])
    ['stay', 'transfer:run:polish=0', 'mine.py:follow']
    >>> policy_labels(["maddpg:a/run", "maddpg:b/run"])
    ['maddpg:a/run', 'maddpg:b/run']
    """
    short = [":".join(_short(part) for part in name.split(":")) for name in names]
    return [name if short.count(label) > 1 else label for name, label in zip(names, short, strict=True)]


def _short(part: str) -> str:
    setting, equals, value = part.rpartition("=")
    return setting + equals + (PurePath(value).name or value)
