"""The animation of a run: users in the colour of their access station, slot by slot."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.animation import AbstractMovieWriter, FFMpegWriter, PillowWriter
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from twinhop.output.palette import FONT, MUTED, PAPER, fitting, hues_apart
from twinhop.output.runs.world_map import draw_stations, frame_map, map_extent
from twinhop.runs.world_film import Film, Frame
from twinhop.scenario.dynamics import WorldRun

DOTS_PER_INCH, FRAMES_A_SECOND = 90, 12
WIDTH_IN, HEAD_IN = 6.0, 0.6


def save_animation(film: Film, run: WorldRun, animation: str, folder: Path) -> None:
    """Write `world.gif` or `world.mp4`.

    Args:
        film: of the run.
        run: the run.
        animation: gif, mp4, or none for no file.
        folder: where it goes.
    """
    if animation == "none":
        return
    low, high = map_extent(film, run)
    height = HEAD_IN + (WIDTH_IN - 0.2) * (high[1] - low[1]) / (high[0] - low[0]) + 0.1
    with mpl.rc_context(FONT):
        figure = Figure(figsize=(WIDTH_IN, height), dpi=DOTS_PER_INCH)
        figure.set_facecolor(PAPER)
        box = (0.1 / WIDTH_IN, 0.1 / height, 1 - 0.2 / WIDTH_IN, 1 - (HEAD_IN + 0.1) / height)
        writer: AbstractMovieWriter = (PillowWriter if animation == "gif" else FFMpegWriter)(fps=FRAMES_A_SECOND)
        hues: dict[bytes, np.ndarray] = {}
        with writer.saving(figure, str(folder / f"world.{animation}"), DOTS_PER_INCH):
            for frame in film.frames:
                figure.clear()
                axes = figure.add_axes(box)
                frame_map(axes, low, high)
                place = frame.station_xy_m.tobytes()  # stations keep their hues until they are redrawn
                if place not in hues:
                    hues[place] = np.array([to_rgba(hue) for hue in hues_apart(frame.station_xy_m)])
                _draw(figure, axes, frame, hues[place], run, height)
                writer.grab_frame(facecolor=PAPER)


def _draw(figure: Figure, axes: Axes, frame: Frame, hues: np.ndarray, run: WorldRun, height: float) -> None:
    served = frame.access >= 0
    size = float(np.clip(4000 / max(1, len(served)), 2, 18))
    colours = hues[frame.access[served]]
    axes.scatter(*frame.xy_m[served].T, s=size, c=colours, linewidths=0, alpha=0.85, zorder=3)
    axes.scatter(*frame.xy_m[~served].T, s=size, facecolors="none", edgecolors=MUTED, linewidths=0.6, zorder=3)
    draw_stations(axes, frame.station_xy_m, frame.up, hues)
    name = run.world.name
    y = 1 - 0.36 / height
    figure.text(0.1 / WIDTH_IN, y, name, fontsize=fitting(name, 12, 40), weight="bold", parse_math=False)
    present = int(np.isfinite(frame.xy_m[:, 0]).sum())
    text = f"{frame.time_s:g} s, {present} users shown, in the colour of their access station"
    figure.text(0.1 / WIDTH_IN, 1 - 0.53 / height, text, fontsize=7.5, color=MUTED)
