"""The map of a policy's run: trails of some users, and the way of their twins from host to host."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from twinhop.migration.run import MigrationRun
from twinhop.output.palette import FONT, HUES, MUTED, PAPER, fitting
from twinhop.output.runs.world_map import draw_stations, frame_map
from twinhop.placement.problem import FloatArray
from twinhop.runs.simulation_film import RunFilm, Trail
from twinhop.text import counted

DOTS_PER_INCH = 160
WIDTH_IN, HEAD_IN, FOOT_IN = 8.0, 1.15, 0.45
SOURCE_COLUMNS, SOURCE_LINES, SOURCE_LINE_IN = 170, 8, 0.11


def draw_twin_trails(film: RunFilm, run: MigrationRun, policy: str) -> Figure:
    """Draw the hosts, where some users went, and where their twins were meanwhile.

    Args:
        film: of the run.
        run: the world.
        policy: that moved the twins.

    Returns:
        A figure of its own; nothing global is changed.
    """
    trails = film.trails()
    host_xy_m, up = film.last_hosts()
    placed = np.isfinite(host_xy_m[:, 0])
    low, high = corners([host_xy_m, *(trail.xy_m for trail in trails)])
    sources = textwrap.wrap("; ".join(run.world_run.world.attribution), SOURCE_COLUMNS, max_lines=SOURCE_LINES)
    foot = FOOT_IN + SOURCE_LINE_IN * len(sources)
    total = HEAD_IN + (WIDTH_IN - 0.5) * (high - low)[1] / (high - low)[0] + foot
    with mpl.rc_context(FONT):
        figure = Figure(figsize=(WIDTH_IN, total), dpi=DOTS_PER_INCH)
        figure.set_facecolor(PAPER)
        axes = figure.add_axes((0.25 / WIDTH_IN, foot / total, 1 - 0.5 / WIDTH_IN, 1 - (HEAD_IN + foot) / total))
        frame_map(axes, low, high)
        for at, trail in enumerate(trails):
            _draw(axes, trail, HUES[at % len(HUES)])
        draw_stations(axes, host_xy_m[placed], up[placed])
        name, left = run.world_run.world.name, 0.25 / WIDTH_IN
        figure.text(left, 1 - 0.40 / total, name, fontsize=fitting(name, 16, 48), weight="bold", parse_math=False)
        moves = counted(sum(trail.moves for trail in trails), "move")
        words = f"{policy}: {counted(len(trails), 'user')} of {len(run.user_ids)} whose twins move most, {moves}"
        figure.text(left, 1 - 0.66 / total, words, fontsize=fitting(words, 9.5, 100), parse_math=False)
        legend = "thin: the user, from a ring to a dot; thick: its twin, from host to host; "
        legend += "triangles are hosts, open where down"
        figure.text(left, 1 - 0.88 / total, legend, fontsize=8.5, color=MUTED)
        span = "{:.3g} km x {:.3g} km".format(*(high - low) / 1000)
        figure.text(1 - left, (foot - 0.2) / total, span, fontsize=8, color=MUTED, ha="right")
        figure.text(left, 0.06 / total, "\n".join(sources), fontsize=6, parse_math=False, color=MUTED)
        figure.canvas.draw()
    return figure


def corners(points: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """The corners of a map that shows all these points (n, 2), with a margin, never a sliver [m]."""
    stacked = np.vstack(points)
    stacked = stacked[np.isfinite(stacked).all(axis=1)]
    low, high = (stacked.min(axis=0), stacked.max(axis=0)) if len(stacked) else (np.zeros(2), np.ones(2))
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1.0)
    half = np.maximum(half * 1.06, np.array([0.8, 0.45]) * half.max())
    return middle - half, middle + half


def _draw(axes: Axes, trail: Trail, hue: str) -> None:
    """The way of a user, and the hops of its twin, each bent a little so that a return is seen."""
    axes.plot(*trail.xy_m.T, color=hue, linewidth=0.8, alpha=0.8, zorder=2)
    axes.scatter(*trail.xy_m[0], s=16, facecolors=PAPER, edgecolors=hue, linewidths=1.0, zorder=6)
    axes.scatter(*trail.xy_m[-1], s=18, c=hue, linewidths=0, zorder=6)
    at = trail.host_xy_m
    hops = np.flatnonzero((at[1:] != at[:-1]).any(axis=1) & np.isfinite(at[1:] + at[:-1]).all(axis=1))
    axes.add_collection(
        LineCollection([_bent(at[hop], at[hop + 1]) for hop in hops], colors=hue, linewidths=2.2, alpha=0.55, zorder=3)
    )


def _bent(start: FloatArray, end: FloatArray) -> FloatArray:
    """(9, 2) a curve between two points, to the left of the straight line by a tenth of its length."""
    share = np.linspace(0, 1, 9)[:, None]
    aside = np.array([start[1] - end[1], end[0] - start[0]])
    return start + share * (end - start) + 0.4 * share * (1 - share) * aside
