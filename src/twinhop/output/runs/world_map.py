"""The map of a run, its stations and the trails of some users, and the film of it: users slot by slot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from twinhop.output.kit.colours import HUES, MUTED
from twinhop.output.kit.figures import heading, line
from twinhop.output.kit.maps import (
    LEFT_IN,
    MARKS_IN_WORDS,
    corners,
    draw_ends,
    draw_stations,
    map_sheet,
    save_film,
    write_span,
)
from twinhop.runs.film import Film, Frame
from twinhop.scenario.dynamics import WorldRun
from twinhop.text import counted

HEAD_IN, FOOT_IN = 0.95, 0.45


def draw_trails(film: Film, run: WorldRun) -> Figure:
    """Draw the stations and where some users went.

    Args:
        film: of the run.
        run: the run.

    Returns:
        A figure of its own; nothing global is changed.
    """
    low, high = _corners(film, run)
    trails, last = film.trails(), film.frames[-1]
    with map_sheet(low, high, HEAD_IN, FOOT_IN, run.world.attribution, "the scenario") as (figure, axes, sources_in):
        _trails(axes, trails)
        draw_stations(axes, last.station_xy_m, run.world.host, ~last.up)
        text = f"trails of {trails.shape[1]} of {counted(len(run.user_ids), 'user')} in {run.slots * run.slot_s:g} s"
        heading(figure, LEFT_IN, 0.40, run.world.name)
        line(figure, LEFT_IN, 0.66, f"{text}, from a ring to a dot; {_marks(~last.up)}", 9, 112, color=MUTED)
        write_span(figure, low, high, FOOT_IN + sources_in - 0.2)
    return figure


def save_animation(film: Film, run: WorldRun, animation: str, folder: Path) -> None:
    """Write `world.gif` or `world.mp4`.

    Args:
        film: of the run.
        run: the run.
        animation: gif, mp4, or none for no file.
        folder: where it goes.
    """

    def draw(axes: Axes, frame: Frame, hues: NDArray[np.float64]) -> tuple[str, str]:
        served = frame.station >= 0
        size = float(np.clip(4000 / max(1, len(served)), 2, 18))
        axes.scatter(*frame.xy_m[served].T, s=size, c=hues[frame.station[served]], linewidths=0, alpha=0.85, zorder=3)
        axes.scatter(*frame.xy_m[~served].T, s=size, facecolors="none", edgecolors=MUTED, linewidths=0.6, zorder=3)
        filled = np.ones(len(frame.up), np.bool_)
        draw_stations(axes, frame.station_xy_m, run.world.host, ~frame.up, filled, hues)
        present = int(np.isfinite(frame.xy_m[:, 0]).sum())
        return run.world.name, f"{frame.time_s:g} s, {present} users shown, in the colour of their access station"

    if animation != "none":
        path = folder / f"world.{animation}"
        save_film(path, film.frames, _corners(film, run), draw, columns=40)


def _marks(down: NDArray[np.bool_]) -> str:
    """What the marks of the stations mean."""
    return MARKS_IN_WORDS + ("; crossed out: down in the last slot" if down.any() else "")


def _corners(film: Film, run: WorldRun) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return corners([run.world.station_xy_m, *(frame.xy_m for frame in film.frames)])


def _trails(axes: Axes, trails: NDArray[np.float32]) -> None:
    for user in range(trails.shape[1]):
        path, hue = trails[:, user], HUES[user % len(HUES)]
        steps = np.stack([path[:-1], path[1:]], axis=1)
        steps = steps[np.isfinite(steps).all(axis=(1, 2))]
        axes.add_collection(LineCollection(list(steps), colors=hue, linewidths=0.9, alpha=0.75, zorder=2))
        present = np.flatnonzero(np.isfinite(path[:, 0]))
        if present.size:
            draw_ends(axes, path[present[0]], path[present[-1]], hue, zorder=3)
