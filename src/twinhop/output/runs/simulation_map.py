"""The map of a policy's run, trails of users and ways of their twins, and the film of it: the twins that move."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from twinhop.migration.run import MigrationRun
from twinhop.output.kit.colours import HUES, INK, MUTED
from twinhop.output.kit.curves import policy_labels
from twinhop.output.kit.figures import heading, line
from twinhop.output.kit.maps import (
    LEFT_IN,
    corners,
    draw_ends,
    draw_stations,
    map_sheet,
    save_film,
)
from twinhop.output.kit.places import Names, draw_scale, marks_legend, station_marks
from twinhop.output.kit.style import SCREEN, styled
from twinhop.placement.problem import BoolArray, FloatArray, IntArray
from twinhop.runs.film import TWIN_TRAILS, RunFilm, Trail, TwinFrame
from twinhop.text import counted

HEAD_IN, FOOT_IN = 1.0, 0.45


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
    host_xy_m, up, load = film.last_hosts()
    low, high = corners([host_xy_m, *(trail.xy_m for trail in trails)])
    with map_sheet(low, high, HEAD_IN, FOOT_IN, world.attribution, "report.md") as (figure, axes, sources_in):
        for at, trail in enumerate(trails):
            _draw_trail(axes, trail, HUES[at % len(HUES)])
        down, filled = _down(run, up), load > 0
        draw_stations(axes, host_xy_m, world.host, down, filled)
        ends = np.array([trail.xy_m[-1] for trail in trails])
        names = Names(axes, [host_xy_m, ends, *(trail.xy_m[:1] for trail in trails)])
        names.write(host_xy_m[np.argsort(-load, kind="stable")], _by_load(run.host_ids, load))
        names.write(ends, [trail.user for trail in trails], [HUES[at % len(HUES)] for at in range(len(trails))])
        draw_scale(axes, low, high)
        heading(figure, LEFT_IN, 0.40, world.name)
        text = f"{policy_labels([policy])[0]}, seed {run.scenario.seed}: {_whose(trails, run)}"
        line(figure, LEFT_IN, 0.66, text, 9.5, 92, color=MUTED)
        stations = station_marks(world.host, down, filled, "hosts twins in the end", "server without twins")
        marks_legend(figure, 0.12 + sources_in, [*stations, *_strokes(trails)])
    return figure


def _by_load(names: Sequence[Any], load: IntArray) -> list[str]:
    """Names of hosts, those with most twins first."""
    return [str(names[at]) for at in np.argsort(-load, kind="stable").tolist()]


def _strokes(trails: list[Trail]) -> list[Line2D]:
    """What the lines are."""
    look: dict[str, Any] = {"color": MUTED, "linewidth": 0.8, "marker": "o", "markersize": 4, "markevery": [1]}
    user = Line2D([0, 1], [0, 0], label="way of a user, to a dot", **look)
    twin = Line2D([], [], color=MUTED, linewidth=2.2, alpha=0.6, label="move of its twin")
    return [user, twin] if any(trail.moves for trail in trails) else [user]


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
        Names(axes, [frame.station_xy_m]).write(
            frame.station_xy_m[np.argsort(-frame.load, kind="stable")], _by_load(run.host_ids, frame.load)
        )
        text = f"{frame.time_s:g} s; users in the colour of their twin's host, "
        text += f"{counted(int((frame.load > 0).sum()), 'open server')} (filled); "
        text += f"dark lines: {counted(int(frame.moved.sum()), 'move')}"
        return f"{run.world_run.world.name}: {policy_labels([policy])[0]}", text

    if animation != "none":
        frames = film.frames()
        extent = corners([points for frame in frames for points in (frame.xy_m, frame.station_xy_m)])
        path = folder / f"simulation.{animation}"
        with styled(style=SCREEN):  # a film is for no paper
            save_film(path, frames, extent, draw, columns=52)


def _draw_trail(axes: Axes, trail: Trail, hue: str) -> None:
    """The way of a user, and the hops of its twin, each bent a little so that a return is seen."""
    axes.plot(*trail.xy_m.T, color=hue, linewidth=0.8, alpha=0.8, zorder=2)
    draw_ends(axes, trail.xy_m[0], trail.xy_m[-1], hue, zorder=6)
    at = trail.host_xy_m
    hops = np.flatnonzero((at[1:] != at[:-1]).any(axis=1) & np.isfinite(at[1:] + at[:-1]).all(axis=1))
    curves = [_bent(at[hop], at[hop + 1]) for hop in hops]
    axes.add_collection(LineCollection(curves, colors=hue, linewidths=2.2, alpha=0.55, zorder=3))
    for curve in curves:
        head = {"arrowstyle": "-|>,head_width=0.3,head_length=0.6", "color": hue, "linewidth": 0}
        axes.annotate("", curve[5], curve[4], arrowprops=head, zorder=4)


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
