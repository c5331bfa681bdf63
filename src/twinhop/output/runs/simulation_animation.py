"""The animation of a policy's run: users tied to the hosts of their twins, and the twins that move."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.animation import AbstractMovieWriter, FFMpegWriter, PillowWriter
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from twinhop.migration.run import MigrationRun
from twinhop.output.palette import FONT, INK, MUTED, PAPER, fitting, hues_apart
from twinhop.output.runs.simulation_map import corners
from twinhop.output.runs.world_animation import DOTS_PER_INCH, FRAMES_A_SECOND, HEAD_IN, WIDTH_IN
from twinhop.output.runs.world_map import draw_stations, frame_map
from twinhop.runs.simulation_film import Frame, RunFilm
from twinhop.text import counted


def save_twin_animation(film: RunFilm, run: MigrationRun, policy: str, animation: str, folder: Path) -> None:
    """Write `simulation.gif` or `simulation.mp4`.

    Args:
        film: of the run.
        run: the world.
        policy: that moves the twins.
        animation: gif, mp4, or none for no file.
        folder: where it goes.
    """
    if animation == "none":
        return
    frames = film.frames()
    low, high = corners([points for frame in frames for points in (frame.xy_m, frame.host_xy_m)])
    height = HEAD_IN + (WIDTH_IN - 0.2) * (high[1] - low[1]) / (high[0] - low[0]) + 0.1
    hues: dict[bytes, np.ndarray] = {}
    with mpl.rc_context(FONT):
        figure = Figure(figsize=(WIDTH_IN, height), dpi=DOTS_PER_INCH)
        figure.set_facecolor(PAPER)
        box = (0.1 / WIDTH_IN, 0.1 / height, 1 - 0.2 / WIDTH_IN, 1 - (HEAD_IN + 0.1) / height)
        writer: AbstractMovieWriter = (PillowWriter if animation == "gif" else FFMpegWriter)(fps=FRAMES_A_SECOND)
        with writer.saving(figure, str(folder / f"simulation.{animation}"), DOTS_PER_INCH):
            for frame in frames:
                figure.clear()
                axes = figure.add_axes(box)
                frame_map(axes, low, high)
                place = frame.host_xy_m.tobytes()  # hosts keep their hues until stations are redrawn
                if place not in hues:
                    hues[place] = _hues(frame.host_xy_m)
                _draw(axes, frame, hues[place])
                _head(figure, frame, run, policy, height)
                writer.grab_frame(facecolor=PAPER)


def _hues(host_xy_m: np.ndarray) -> np.ndarray:
    """(K, 4) one colour a host; grey for a cloud without a place."""
    placed = np.isfinite(host_xy_m[:, 0])
    colours = np.tile(to_rgba(MUTED), (len(host_xy_m), 1))
    colours[placed] = [to_rgba(hue) for hue in hues_apart(host_xy_m[placed])]
    return colours


def _draw(axes: Axes, frame: Frame, hues: np.ndarray) -> None:
    """Users in the colour of the host of their twin, a line to it: dark where the twin has just moved."""
    size = float(np.clip(4000 / max(1, len(frame.host)), 2, 18))
    there = frame.host_xy_m[frame.host]
    for chosen, width, alpha in ((~frame.moved, 0.5, 0.35), (frame.moved, 1.4, 0.95)):
        drawn = chosen & np.isfinite(there[:, 0])
        ways = np.stack([frame.xy_m[drawn], there[drawn]], axis=1)
        colours = np.tile(to_rgba(INK), (len(ways), 1)) if width > 1 else hues[frame.host[drawn]]
        axes.add_collection(LineCollection(list(ways), colors=colours, linewidths=width, alpha=alpha, zorder=2))
    axes.scatter(*frame.xy_m.T, s=size, c=hues[frame.host], linewidths=0, alpha=0.9, zorder=3)
    placed = np.isfinite(frame.host_xy_m[:, 0])
    draw_stations(axes, frame.host_xy_m[placed], (frame.load > 0)[placed], hues[placed])
    down = placed & ~frame.up
    axes.scatter(*frame.host_xy_m[down].T, s=50, marker="x", c=INK, linewidths=1.2, zorder=6)


def _head(figure: Figure, frame: Frame, run: MigrationRun, policy: str, height: float) -> None:
    name = f"{run.world_run.world.name}: {policy}"
    left = 0.1 / WIDTH_IN
    figure.text(left, 1 - 0.36 / height, name, fontsize=fitting(name, 12, 52), weight="bold", parse_math=False)
    text = f"{frame.time_s:g} s, users in the colour of their twin's host, filled: "
    text += f"{counted(int((frame.load > 0).sum()), 'open host')}; dark: {counted(int(frame.moved.sum()), 'move')}"
    figure.text(left, 1 - 0.53 / height, text, fontsize=7.5, color=MUTED)
