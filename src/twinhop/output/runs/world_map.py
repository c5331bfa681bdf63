"""The map of a run: the stations, and the trails of some users."""

from __future__ import annotations

import textwrap

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from numpy.typing import NDArray

from twinhop.output.palette import FAINT, FONT, GROUND, HUES, INK, MUTED, PAPER, fitting
from twinhop.runs.world_film import Film
from twinhop.scenario.dynamics import WorldRun
from twinhop.text import counted

DOTS_PER_INCH = 160
WIDTH_IN, HEAD_IN, FOOT_IN = 8.0, 0.95, 0.45
SOURCE_COLUMNS, SOURCE_LINES, SOURCE_LINE_IN = 170, 8, 0.11


def draw_trails(film: Film, run: WorldRun) -> Figure:
    """Draw the stations and where some users went.

    Args:
        film: of the run.
        run: the run.

    Returns:
        A figure of its own; nothing global is changed.
    """
    low, high = map_extent(film, run)
    width, height = high - low
    sources = textwrap.wrap("; ".join(run.world.attribution), SOURCE_COLUMNS, max_lines=SOURCE_LINES)
    foot = FOOT_IN + SOURCE_LINE_IN * len(sources)
    with mpl.rc_context(FONT):
        figure = Figure(figsize=(WIDTH_IN, HEAD_IN + (WIDTH_IN - 0.5) * height / width + foot), dpi=DOTS_PER_INCH)
        figure.set_facecolor(PAPER)
        total = figure.get_figheight()
        axes = figure.add_axes((0.25 / WIDTH_IN, foot / total, 1 - 0.5 / WIDTH_IN, 1 - (HEAD_IN + foot) / total))
        frame_map(axes, low, high)
        trails = film.trails()
        _trails(axes, trails)
        draw_stations(axes, film.frames[-1].station_xy_m, film.frames[-1].up)
        name = run.world.name
        y = 1 - 0.40 / total
        figure.text(0.25 / WIDTH_IN, y, name, fontsize=fitting(name, 16, 48), weight="bold", parse_math=False)
        text = f"trails of {trails.shape[1]} of {counted(len(run.user_ids), 'user')} in {run.slots * run.slot_s:g} s"
        text += ", from a ring to a dot; triangles are stations"
        figure.text(0.25 / WIDTH_IN, 1 - 0.66 / total, text, fontsize=9, color=MUTED)
        span = f"{width / 1000:.3g} km x {height / 1000:.3g} km"
        figure.text(1 - 0.25 / WIDTH_IN, (foot - 0.2) / total, span, fontsize=8, color=MUTED, ha="right")
        figure.text(0.25 / WIDTH_IN, 0.06 / total, "\n".join(sources), fontsize=6, parse_math=False, color=MUTED)
        figure.canvas.draw()
    return figure


def map_extent(film: Film, run: WorldRun) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The corners of what pictures show, with a margin [m]: stations and shown users, never a sliver."""
    points = [run.world.station_xy_m, *(frame.xy_m[np.isfinite(frame.xy_m[:, 0])] for frame in film.frames)]
    stacked = np.vstack(points)
    low, high = stacked.min(axis=0), stacked.max(axis=0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1.0)
    half = np.maximum(half * 1.06, np.array([0.8, 0.45]) * half.max())
    return middle - half, middle + half


def frame_map(axes: Axes, low: NDArray[np.float64], high: NDArray[np.float64]) -> None:
    """Prepare the axes of a map with these corners [m]."""
    axes.set_facecolor(GROUND)
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1], high[1])
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_color(FAINT)


def draw_stations(
    axes: Axes, xy_m: NDArray[np.float64], up: NDArray[np.bool_], colours: NDArray[np.float64] | None = None
) -> None:
    """Draw stations as triangles, in these colours (M, 4) or all alike; open where they are down."""
    size = float(np.clip(3000 / len(xy_m), 12, 60))
    faces = np.tile(to_rgba(INK), (len(xy_m), 1)) if colours is None else colours.copy()
    faces[~up] = to_rgba(PAPER)
    axes.scatter(*xy_m.T, s=size, marker="^", facecolors=faces, edgecolors=INK, linewidths=0.9, zorder=5)


def _trails(axes: Axes, trails: NDArray[np.float32]) -> None:
    for user in range(trails.shape[1]):
        path, hue = trails[:, user], HUES[user % len(HUES)]
        steps = np.stack([path[:-1], path[1:]], axis=1)
        steps = steps[np.isfinite(steps).all(axis=(1, 2))]
        axes.add_collection(LineCollection(list(steps), colors=hue, linewidths=0.9, alpha=0.75, zorder=2))
        seen = np.flatnonzero(np.isfinite(path[:, 0]))
        if seen.size:
            axes.scatter(*path[seen[0]], s=16, facecolors=PAPER, edgecolors=hue, linewidths=1.0, zorder=3)
            axes.scatter(*path[seen[-1]], s=18, c=hue, linewidths=0, zorder=3)
