"""The figure of a leaderboard: gaps of every policy, by task and in all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from twinhop.output.kit.colours import ACCENT, ALARM, INK, MUTED
from twinhop.output.kit.figures import beside, heading, line, panel, rows_frame, sheet
from twinhop.scenario.presets.benchmark_set.tasks import TaskKind
from twinhop.text import counted

if TYPE_CHECKING:
    from twinhop.benchmarking.benchmark import Benchmark

WIDTH_IN, ROW_IN, HEAD_IN, PANEL_IN = 8.5, 0.34, 0.95, 0.95
LEFT_IN, RIGHT_IN, ABOVE_IN = 2.1, 1.25, 0.35
#: Gaps below are drawn here: the axis is logarithmic, and a gap may be 0.
LEAST_GAP = 1e-5
PERCENT = 100


def draw_leaderboard(benchmark: Benchmark) -> Figure:
    """Draw both leaderboards, the best policy on top: a dot a task, and the interquartile mean with its interval.

    Returns:
        A figure of its own; nothing global is changed.
    """
    boards = benchmark.leaderboard
    height = HEAD_IN + sum(PANEL_IN + ROW_IN * len(rows) for rows in boards.values())
    with sheet(WIDTH_IN, height) as figure:
        top = height - HEAD_IN
        for kind, rows in boards.items():
            size = ROW_IN * len(rows)
            axes = panel(figure, LEFT_IN, top - ABOVE_IN - size, RIGHT_IN, height - top + ABOVE_IN)
            _draw_board(axes, benchmark, kind, rows)
            top -= PANEL_IN + size
        about = "dots: means of tasks; diamonds: interquartile mean of all runs, with its 95 % interval"
        heading(figure, 0.25, 0.4, "Gap above the certified bound", 15)
        line(figure, 0.25, 0.65, f"{counted(len(benchmark.root_seeds), 'seed')} a task; {about}", 9, color=MUTED)
    return figure


def _draw_board(axes: Axes, benchmark: Benchmark, kind: TaskKind, rows: list[dict[str, Any]]) -> None:
    axes.set_xscale("log")
    for at, row in enumerate(reversed(rows)):
        gaps = benchmark.gaps(kind, benchmark.policies[kind].index(row["policy"])).mean(axis=1)
        finite = np.maximum(gaps[np.isfinite(gaps)], LEAST_GAP)
        axes.plot(finite, np.full(finite.size, at), "o", color=MUTED, alpha=0.35, markersize=4, markeredgewidth=0)
        _mark(axes, row, at)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    tasks = counted(len(benchmark.tasks(kind)), "task")
    axes.set_title(f"{kind}, {tasks}", loc="left", fontsize=10.5, weight="bold")
    rows_frame(axes, [row["policy"] for row in reversed(rows)], "", 9)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda gap, _: f"{PERCENT * gap:g} %"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _mark(axes: Axes, row: dict[str, Any], at: int) -> None:
    """The interquartile mean of one policy with its interval, and both in numbers on the right."""
    middle, ends = row["gap_iqm"], row["gap_iqm_interval"]
    if middle is not None:
        if ends is not None and ends[1] is not None:
            axes.plot(np.maximum(ends, LEAST_GAP), [at, at], color=ACCENT, linewidth=2.5, solid_capstyle="butt")
        axes.plot(max(middle, LEAST_GAP), at, "D", color=ACCENT, markersize=5.5)
    text = "infeasible" if middle is None else f"{PERCENT * middle:.3g} %"
    if 0 < row["feasible"] < 1 and middle is not None:
        text += f"  ({PERCENT * (1 - row['feasible']):.0f} % infeasible)"
    colour = ALARM if row["feasible"] < 1 else INK
    place = {"xycoords": ("axes fraction", "data"), "annotation_clip": False}
    beside(axes, text, (1, at), 8, color=colour, **place)
