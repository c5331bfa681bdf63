"""The map of a run, its stations and the trails of some users, and the film of it: users slot by slot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from twinhop.output.kit.colours import FAINT, GROUND, HUES, MUTED
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
from twinhop.output.kit.tables import number
from twinhop.placement.problem import FloatArray
from twinhop.runs.film import Film, Frame
from twinhop.scenario.dynamics import WorldRun
from twinhop.text import counted

HEAD_IN, FOOT_IN = 1.1, 0.45
#: Cells of the density across the longer side of the map, and the darkest of its shades.
CELLS = 32
SHADES = LinearSegmentedColormap.from_list("users", [GROUND, "#dcdfdd", "#b3b9b8"])


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
        shade = _draw_density(axes, film, run, low, high)
        _trails(axes, trails)
        draw_stations(axes, last.station_xy_m, run.world.host, ~last.up)
        Names(axes, [last.station_xy_m]).write(last.station_xy_m, [str(each) for each in run.station_ids])
        draw_scale(axes, low, high)
        text = f"{counted(len(run.user_ids), 'user')} in {run.slots * run.slot_s:g} s: where they are, "
        heading(figure, LEFT_IN, 0.40, run.world.name)
        text += f"and the ways of {trails.shape[1]} of them"
        line(figure, LEFT_IN, 0.66, text, 9.5, 92, color=MUTED)
        way = Line2D([0, 1], [0, 0], color=MUTED, linewidth=1.2, marker="o", markersize=4, markevery=[1])
        way.set_label("way of a user, to a dot")
        marks_legend(figure, 0.12 + sources_in, [*station_marks(run.world.host, ~last.up, None, "server", ""), way])
        _density_key(axes, shade)
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
        Names(axes, [frame.station_xy_m]).write(frame.station_xy_m, [str(each) for each in run.station_ids])
        present = int(np.isfinite(frame.xy_m[:, 0]).sum())
        return run.world.name, f"{frame.time_s:g} s, {present} users shown, in the colour of their access station"

    if animation != "none":
        path = folder / f"world.{animation}"
        with styled(style=SCREEN):  # a film is for no paper
            save_film(path, film.frames, _corners(film, run), draw, columns=40)


def _draw_density(axes: Axes, film: Film, run: WorldRun, low: FloatArray, high: FloatArray) -> QuadMesh:
    """Draw how many users there are to the square kilometre, mean over the slots of the film."""
    side = float((high - low).max()) / CELLS
    edges = [np.arange(low[axis], high[axis] + side, side) for axis in range(2)]
    points = np.vstack([frame.xy_m for frame in film.frames])
    points = points[np.isfinite(points).all(axis=1)]
    counts = np.histogram2d(points[:, 0], points[:, 1], bins=edges)[0]
    density = counts / len(film.frames) * len(run.user_ids) / max(1, len(film.shown)) / (side / 1000) ** 2
    most = max(1.0, float(np.quantile(density[density > 0], 0.99))) if (density > 0).any() else 1.0
    mesh = axes.pcolormesh(*edges, density.T, cmap=SHADES, vmin=0, vmax=most, zorder=0.5, rasterized=True)
    return mesh


def _density_key(axes: Axes, mesh: QuadMesh) -> None:
    """The shades of the density, above the map at its left end."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    box = axes.get_position()
    width, height = figure.get_size_inches()
    bar = figure.add_axes((box.x0, box.y1 + 0.1 / height, 1.2 / width, 0.09 / height))
    figure.colorbar(mesh, cax=bar, orientation="horizontal").outline.set_edgecolor(FAINT)
    bar.set_xticks([])
    most = f"to {number(float(np.asarray(mesh.norm.vmax)), 3)} users/km², mean over time"
    place = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "center", "fontsize": 8}
    bar.annotate(most, (1, 0.5), (5, 0), color=MUTED, **place)


def _corners(film: Film, run: WorldRun) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return corners([run.world.station_xy_m, *(frame.xy_m for frame in film.frames)])


def _trails(axes: Axes, trails: NDArray[np.float32]) -> None:
    for user in range(trails.shape[1]):
        path, hue = trails[:, user], HUES[user % len(HUES)]
        steps = np.stack([path[:-1], path[1:]], axis=1)
        steps = steps[np.isfinite(steps).all(axis=(1, 2))]
        axes.add_collection(LineCollection(list(steps), colors=hue, linewidths=1.2, alpha=0.9, zorder=2))
        present = np.flatnonzero(np.isfinite(path[:, 0]))
        if present.size:
            draw_ends(axes, path[present[0]], path[present[-1]], hue, zorder=3)
