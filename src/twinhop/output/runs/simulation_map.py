"""The map of a policy's run, trails of users and ways of their twins, and the film of it: the twins that move."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from twinhop.migration.run import MigrationRun
from twinhop.output.kit.colours import HUES, INK, MUTED
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
from twinhop.placement.problem import BoolArray, FloatArray
from twinhop.runs.film import TWIN_TRAILS, RunFilm, Trail, TwinFrame
from twinhop.text import counted

HEAD_IN, FOOT_IN = 1.15, 0.45
LEGEND = f"thin: the user, from a ring to a dot; thick: its twin, from host to host; {MARKS_IN_WORDS}"


def draw_twin_trails(film: RunFilm, run: MigrationRun, policy: str) -> Figure:
    """Draw the hosts, where some users went, and where their twins were meanwhile.

    Args:
        film: of the run.
        run: the world.
        policy: that moved the twins.

    Returns:
        A figure of its own; nothing global is changed.
    """
    trails, world = film.trails(), run.world_run.world
    host_xy_m, up = film.last_hosts()
    low, high = corners([host_xy_m, *(trail.xy_m for trail in trails)])
    with map_sheet(low, high, HEAD_IN, FOOT_IN, world.attribution, "report.md") as (figure, axes, sources_in):
        for at, trail in enumerate(trails):
            _draw_trail(axes, trail, HUES[at % len(HUES)])
        down = _down(run, up)
        draw_stations(axes, host_xy_m, world.host, down)
        words = LEGEND + ("; crossed out: down in the last slot" if down.any() else "")
        heading(figure, LEFT_IN, 0.40, world.name)
        line(figure, LEFT_IN, 0.66, f"{policy}, seed {run.scenario.seed}: {_whose(trails, run)}", 9.5, 100)
        line(figure, LEFT_IN, 0.88, words, 8.5, 118, color=MUTED)
        write_span(figure, low, high, FOOT_IN + sources_in - 0.2)
    return figure


def _whose(trails: list[Trail], run: MigrationRun) -> str:
    """Whose trails these are, and how often their twins move."""
    moves, users = sum(trail.moves for trail in trails), len(run.user_ids)
    if not moves:
        return f"no twin moves; the way of {counted(len(trails), 'user')} of {users}"
    if len(trails) < TWIN_TRAILS:
        return f"{counted(len(trails), 'twin')} of {users} move, {counted(moves, 'move')}; the others stay"
    return f"the {len(trails)} users of {users} whose twins move most, {counted(moves, 'move')}"


def _down(run: MigrationRun, up: BoolArray) -> BoolArray:
    """(K,) servers that do not work; a station that may not host is not one that is down."""
    server = np.append(run.world_run.world.host, np.ones(len(up) - len(run.world_run.world.host), np.bool_))
    return server & ~up


def save_twin_animation(film: RunFilm, run: MigrationRun, policy: str, animation: str, folder: Path) -> None:
    """Write `simulation.gif` or `simulation.mp4`.

    Args:
        film: of the run.
        run: the world.
        policy: that moves the twins.
        animation: gif, mp4, or none for no file.
        folder: where it goes.
    """

    def draw(axes: Axes, frame: TwinFrame, hues: FloatArray) -> tuple[str, str]:
        _draw_frame(axes, frame, run, hues)
        text = f"{frame.time_s:g} s, users in the colour of their twin's host; filled circles: "
        text += f"{counted(int((frame.load > 0).sum()), 'open server')}; triangles: radio only; "
        text += f"dark lines: {counted(int(frame.moved.sum()), 'move')}"
        return f"{run.world_run.world.name}: {policy}", text

    if animation != "none":
        frames = film.frames()
        extent = corners([points for frame in frames for points in (frame.xy_m, frame.station_xy_m)])
        path = folder / f"simulation.{animation}"
        save_film(path, frames, extent, draw, columns=52)


def _draw_trail(axes: Axes, trail: Trail, hue: str) -> None:
    """The way of a user, and the hops of its twin, each bent a little so that a return is seen."""
    axes.plot(*trail.xy_m.T, color=hue, linewidth=0.8, alpha=0.8, zorder=2)
    draw_ends(axes, trail.xy_m[0], trail.xy_m[-1], hue, zorder=6)
    at = trail.host_xy_m
    hops = np.flatnonzero((at[1:] != at[:-1]).any(axis=1) & np.isfinite(at[1:] + at[:-1]).all(axis=1))
    curves = [_bent(at[hop], at[hop + 1]) for hop in hops]
    axes.add_collection(LineCollection(curves, colors=hue, linewidths=2.2, alpha=0.55, zorder=3))


def _bent(start: FloatArray, end: FloatArray) -> FloatArray:
    """(9, 2) a curve between two points, to the left of the straight line by a tenth of its length."""
    share = np.linspace(0, 1, 9)[:, None]
    aside = np.array([start[1] - end[1], end[0] - start[0]])
    return start + share * (end - start) + 0.4 * share * (1 - share) * aside


def _draw_frame(axes: Axes, frame: TwinFrame, run: MigrationRun, hues: FloatArray) -> None:
    """Users in the colour of the host of their twin, a line to it: dark where the twin has just moved."""
    size = float(np.clip(4000 / max(1, len(frame.station)), 2, 18))
    host_xy_m = frame.station_xy_m[frame.station]
    for users, width, alpha in ((~frame.moved, 0.5, 0.35), (frame.moved, 1.4, 0.95)):
        tied = users & np.isfinite(host_xy_m[:, 0])
        ways = np.stack([frame.xy_m[tied], host_xy_m[tied]], axis=1)
        colours = np.tile(to_rgba(INK), (len(ways), 1)) if width > 1 else hues[frame.station[tied]]
        axes.add_collection(LineCollection(list(ways), colors=colours, linewidths=width, alpha=alpha, zorder=2))
    axes.scatter(*frame.xy_m.T, s=size, c=hues[frame.station], linewidths=0, alpha=0.9, zorder=3)
    server = run.world_run.world.host
    draw_stations(axes, frame.station_xy_m, server, _down(run, frame.up), frame.load > 0, hues)
