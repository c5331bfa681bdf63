"""What each arm comes to in each shift, and what Eq. 34 as printed does to the weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from twinhop.output.kit.colours import HUES, INK, MUTED, PAPER
from twinhop.output.kit.figures import frame, heading, legend, line, panel_of, sheet
from twinhop.output.kit.style import current_style, styled
from twinhop.stats import interquartile_mean
from twinhop.studies.policy_transfer.results import PolicyTransfer
from twinhop.studies.policy_transfer.shifts import Shift
from twinhop.studies.policy_transfer.unit import ALGORITHM, EARLY, FINE_TUNE, LITERAL, PRINTED_IN, SCRATCH, VARIED

COLUMNS, WIDTH_IN, ROW_IN, HEAD_IN, LEGEND_IN, DOTS_PER_INCH = 3, 10.0, 0.34, 0.72, 0.26, 130
#: What is above and below the rows of a panel, and the names of arms at the left [inch].
TITLE_IN, FOOT_IN, NAMES_IN = 0.42, 0.45, 1.25
LOOKS = {SCRATCH: INK, FINE_TUNE: HUES[0], ALGORITHM: HUES[1], VARIED: HUES[2]}
"""The arms in the order of their rows, with their colours; all others are in the table."""
#: Seeds of a row stand so far below its middle, and each a little beside the next.
_BELOW, _STEP = 0.22, 0.018
#: Gaps below this are drawn at it: the axis is logarithmic [1].
_LEAST = 1e-5
_NORMS = "length of the weights"


def draw_policy_transfer(study: PolicyTransfer) -> Figure:
    """Draw a panel a shift, in it a row an arm: its gap before the first update, after a quarter of them, in the end.

    Gaps are interquartile means over seeds; that in the end has a dot a seed, and from five seeds on its 95 % interval
    over seeds and worlds.

    Returns:
        A figure of its own; nothing global is changed.
    """
    arms, names = _arms(study), panels(study)
    rows = -(-len(names) // COLUMNS)
    panel_in = TITLE_IN + ROW_IN * len(arms) + FOOT_IN
    height = HEAD_IN + LEGEND_IN + panel_in * rows
    with sheet(WIDTH_IN, height, DOTS_PER_INCH, head_in=HEAD_IN - 0.05) as figure:
        width_in, full_in = figure.get_size_inches()
        top_in = full_in - (height - HEAD_IN) + LEGEND_IN
        edges = {"left": NAMES_IN / width_in, "right": 0.985, "bottom": FOOT_IN / full_in}
        edges["top"] = 1 - (top_in + TITLE_IN) / full_in
        space = (TITLE_IN + FOOT_IN) / (ROW_IN * len(arms))
        grid = figure.add_gridspec(rows, COLUMNS, hspace=space, wspace=0.09, **edges)
        for at, name in enumerate(names):
            axes = figure.add_subplot(grid[at // COLUMNS, at % COLUMNS])
            draw_panel(axes, study, name, named=at % COLUMNS == 0)
        heading(figure, 0.25, 0.32, "What transfer gains, shift by shift", 13)
        counts = [len(study.curves(shift, SCRATCH)) for shift in study.shifts]
        seeds = f"{min(counts)} seeds" if len(set(counts)) == 1 else f"{min(counts)} to {max(counts)} seeds"
        about = f"gap to the certified bound, interquartile means of {seeds}; bar: 95 % interval over seeds and worlds"
        line(figure, 0.25, 0.54, about, 9, color=MUTED)
        _moments(figure, study, 1 - (full_in - (height - HEAD_IN)) / full_in)
    return figure


def panels(study: PolicyTransfer) -> list[str]:
    """Names of the panels: the shifts, and the length of the weights where Eq. 34 was used as printed."""
    shifts = [shift.name for shift in study.shifts]
    return [*shifts, _NORMS] if PRINTED_IN in shifts else shifts


def draw_panel(axes: Axes, study: PolicyTransfer, name: str, named: bool = True) -> None:
    """Draw one panel of `draw_policy_transfer`.

    Args:
        axes: where to.
        study: any.
        name: of `panels`.
        named: whether the arms are named at its left.
    """
    if name == _NORMS:
        _norms(axes, study, next(shift for shift in study.shifts if shift.name == PRINTED_IN))
        return
    shift = next(shift for shift in study.shifts if shift.name == name)
    arms = _arms(study)
    frame(axes, f"{shift.words}{' (hard)' if study.is_hard(shift) else ''}", "gap [%]", grid="x", sizes=(9.5, 8.5, 8))
    for row, arm in enumerate(arms):
        if arm in study.arms(shift):
            _draw_arm(axes, study, shift, arm, len(arms) - 1 - row)
    axes.axhline(len(arms) - 1.5, color=MUTED, linewidth=0.6)
    axes.set_ylim(-0.6, len(arms) - 0.4)
    axes.set_yticks(range(len(arms)), arms[::-1] if named else [""] * len(arms), fontsize=8.5)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    wide = high / low > 60
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0), numticks=9))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    if current_style().paper:
        axes.set_xlabel(f"{shift.words} [%]", color=MUTED)
        axes.set_ylabel("")


def draw_in_axes(study: PolicyTransfer, axes: Axes, name: str | None = None) -> Axes:
    """Draw one panel into axes of the user, whose title is the user's.

    Raises:
        InputError: there is no panel of this name.
    """
    with styled(given_axes=True):
        draw_panel(axes, study, panel_of(name, panels(study)))
        axes.set_ylabel("")
    return axes


def _arms(study: PolicyTransfer) -> list[str]:
    known = {arm for shift in study.shifts for arm in study.arms(shift)}
    return [arm for arm in LOOKS if arm in known]


def _draw_arm(axes: Axes, study: PolicyTransfer, shift: Shift, arm: str, row: int) -> None:
    curves, colour = 100 * np.maximum(study.curves(shift, arm), _LEAST), LOOKS[arm]
    quarter = int(np.searchsorted(study.updates, EARLY * study.updates[-1]))
    first, early, last = (float(interquartile_mean(curves[:, point])) for point in (0, quarter, -1))
    ends = study.interval(shift, arm)
    if ends is not None:
        ends = 100 * np.maximum(ends, _LEAST)
        axes.plot(ends, [row, row], color=colour, linewidth=5, alpha=0.3, solid_capstyle="butt", zorder=2)
    places = row - _BELOW - _STEP * np.arange(len(curves))
    axes.plot(np.sort(curves[:, -1]), places, ".", color=colour, markersize=3.5, markeredgewidth=0, zorder=3)
    axes.plot([first, early, last], [row] * 3, color=colour, linewidth=1.0, zorder=3)
    edge: dict[str, Any] = {"markeredgecolor": colour, "markeredgewidth": 1.2, "linestyle": "none", "zorder": 4}
    axes.plot([first], [row], "o", markerfacecolor=PAPER, markersize=5, **edge)
    axes.plot([early], [row], "|", markersize=8, **edge)
    axes.plot([last], [row], "o", color=colour, markersize=6.5, **edge)


def _moments(figure: Figure, study: PolicyTransfer, top: float) -> None:
    """What the marks are."""
    quarter, last = EARLY * study.updates[-1], study.updates[-1]
    look: dict[str, Any] = {"color": MUTED, "linestyle": "none"}
    entries = [
        Line2D([], [], marker="o", markerfacecolor=PAPER, markersize=5, label="before the first update", **look),
        Line2D([], [], marker="|", markersize=8, label=f"after {quarter:g} updates", **look),
        Line2D([], [], marker="o", markersize=6.5, label=f"after {last:g} updates", **look),
        Line2D([], [], marker=".", markersize=3.5, label="of each seed", **look),
    ]
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (0.15 / figure.get_figwidth(), top), "ncols": 4}
    figure.legend(handles=entries, frameon=False, fontsize=8.5, columnspacing=1.4, **place)


def _norms(axes: Axes, study: PolicyTransfer, shift: Shift) -> None:
    """The length of all weights over that at first, as printed and soundly."""
    frame(axes, f"length of the weights by Eq. 34, {shift.name} [1]", "updates", grid="y", sizes=(9.5, 8.5, 8))
    for arm, hue in ((LITERAL, INK), (ALGORITHM, LOOKS[ALGORITHM])):
        norms = study.curves(shift, arm, "norm").mean(axis=0)
        gap = 100 * float(interquartile_mean(study.curves(shift, arm)[:, -1]))
        words = f"{'as printed' if arm == LITERAL else 'sound'}: gap {gap:.3g} %"
        axes.plot(study.updates, norms / norms[0], color=hue, linewidth=1.6, label=words)
    axes.margins(y=0.2)
    legend(axes, loc="upper left", fontsize=8.5)
