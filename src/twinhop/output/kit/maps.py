"""What all maps share: their corners, their sheet, stations, trails, and films of them."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from matplotlib.animation import AbstractMovieWriter, FFMpegWriter, PillowWriter
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from numpy.typing import NDArray

from twinhop.output.kit.colours import ALARM, FAINT, GROUND, INK, MUTED, PAPER, hues_apart
from twinhop.output.kit.corners import corners as corners
from twinhop.output.kit.figures import heading, line, page_width, panel, sheet

if TYPE_CHECKING:
    from twinhop.runs import film

FloatArray = NDArray[np.float64]
Points = NDArray[np.floating]
Frame = TypeVar("Frame", bound="film.Frame")
WIDTH_IN, LEFT_IN = 8.0, 0.25
#: Room above a map without titles, for what stands on its edge [inch].
BARE_HEAD_IN = 0.3
#: Characters and lines of the sources below the map, and the height of a line [inch].
SOURCE_COLUMNS, SOURCE_LINES, SOURCE_LINE_IN = 170, 8, 0.11
#: A frame of a film: its width, what is left around the map and above it.
FILM_IN, RIM_IN, FILM_HEAD_IN = 6.0, 0.1, 0.6
FILM_DOTS_PER_INCH, FRAMES_PER_SECOND = 90, 12


def frame_map(axes: Axes, low: FloatArray, high: FloatArray) -> None:
    """Prepare the axes of a map with these corners [m]."""
    axes.set_facecolor(GROUND)
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1], high[1])
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_color(FAINT)


@contextmanager
def map_sheet(
    low: FloatArray, high: FloatArray, head_in: float, foot_in: float, attribution: Sequence[str], full_in: str
) -> Iterator[tuple[Figure, Axes, float]]:
    """A figure with a map, and the sources of its data below.

    Args:
        low: lower left corner [m].
        high: upper right corner [m].
        head_in: height above the map [inch].
        foot_in: height below it, without the sources [inch].
        attribution: the sources.
        full_in: the file that has them in full, where there are too many.

    Yields:
        Figure, axes of the map, and how far up the sources reach [inch].
    """
    text, more = "; ".join(attribution), f" ... (in full in {full_in})"
    page_in = page_width(WIDTH_IN)
    sources = textwrap.wrap(text, int(SOURCE_COLUMNS * page_in / WIDTH_IN), max_lines=SOURCE_LINES, placeholder=more)
    sources_in = SOURCE_LINE_IN * len(sources)
    width, height = high - low
    total = head_in + (page_in - 2 * LEFT_IN) * height / width + foot_in + sources_in
    with sheet(WIDTH_IN, total, head_in=head_in - BARE_HEAD_IN) as figure:
        axes = panel(figure, LEFT_IN, foot_in + sources_in, LEFT_IN, head_in)
        frame_map(axes, low, high)
        yield figure, axes, sources_in
        line(figure, LEFT_IN, total - 0.06, "\n".join(sources), 6, color=MUTED, va="bottom")


#: What the marks of all maps mean.
SERVER, RADIO_ONLY, CLOUD, DOWN = "o", "^", "D", "x"


def draw_stations(
    axes: Axes,
    xy_m: FloatArray,
    server: NDArray[np.bool_],
    down: NDArray[np.bool_],
    filled: NDArray[np.bool_] | None = None,
    colours: FloatArray | None = None,
) -> None:
    """Draw stations by what they are, the same on all maps; those without a place are left out.

    A server is a circle, a station that may not host a triangle, and a cloud, beyond the stations, a diamond; what is
    down has a cross over it.

    Args:
        axes: of the map.
        xy_m: (K, 2) stations, then perhaps a cloud [m].
        server: (M,) which of the stations may host.
        down: (K,) which do not work.
        filled: (K,) which are filled; None: all servers and the cloud.
        colours: (K, 4) of what is filled; None: ink.
    """
    stations = len(server)
    kind = np.array([SERVER if each else RADIO_ONLY for each in server] + [CLOUD] * (len(xy_m) - stations))
    solid = np.asarray(kind != RADIO_ONLY) if filled is None else filled
    placed = np.isfinite(xy_m[:, 0])
    size = float(np.clip(3000 / max(1, len(xy_m)), 12, 60))
    faces = np.tile(to_rgba(INK), (len(xy_m), 1)) if colours is None else colours.copy()
    faces[~solid] = to_rgba(PAPER)
    for marker, scale, edge in ((RADIO_ONLY, 0.75, MUTED), (SERVER, 1.0, INK), (CLOUD, 1.0, INK)):
        at = placed & (kind == marker)
        look = {"facecolors": faces[at], "edgecolors": edge, "linewidths": 0.9}
        axes.scatter(*xy_m[at].T, s=scale * size, marker=marker, zorder=5, **look)
    axes.scatter(*xy_m[placed & down].T, s=size, marker=DOWN, c=ALARM, linewidths=1.6, zorder=7)


def draw_ends(axes: Axes, first: Points, last: Points, hue: str, zorder: float) -> None:
    """Draw where a user came from, a ring, and where it went, a dot."""
    axes.scatter(*first, s=16, facecolors=PAPER, edgecolors=hue, linewidths=1.0, zorder=zorder)
    axes.scatter(*last, s=18, c=hue, linewidths=0, zorder=zorder)


def station_colours(xy_m: FloatArray, used: NDArray[np.bool_] | None = None) -> FloatArray:
    """(M, 4) one colour a station, grey without a place or a use; the fewer are used, the fewer share one."""
    placed = np.isfinite(xy_m[:, 0]) & (True if used is None else used)
    colours = np.tile(to_rgba(MUTED), (len(xy_m), 1))
    colours[placed] = [to_rgba(hue) for hue in hues_apart(xy_m[placed])]
    return colours


def save_film(
    path: Path,
    frames: Sequence[Frame],
    corners_m: tuple[FloatArray, FloatArray],
    draw: Callable[[Axes, Frame, FloatArray], tuple[str, str]],
    columns: int,
) -> None:
    """Write a film of maps.

    Args:
        path: a file that ends in gif or mp4.
        frames: in order; stations keep their colours until one has another place.
        corners_m: of all of them [m].
        draw: a frame on a map with the colours of the stations, and say its title and the words below.
        columns: of the title.
    """
    low, high = corners_m
    height = FILM_HEAD_IN + (FILM_IN - 2 * RIM_IN) * (high[1] - low[1]) / (high[0] - low[0]) + RIM_IN
    colours: dict[bytes, FloatArray] = {}
    writer: AbstractMovieWriter = (PillowWriter if path.suffix == ".gif" else FFMpegWriter)(fps=FRAMES_PER_SECOND)
    with (
        sheet(FILM_IN, height, FILM_DOTS_PER_INCH) as figure,
        writer.saving(figure, str(path), FILM_DOTS_PER_INCH),
    ):
        for frame in frames:
            figure.clear()
            axes = panel(figure, RIM_IN, RIM_IN, RIM_IN, FILM_HEAD_IN)
            frame_map(axes, low, high)
            place = frame.station_xy_m
            if place.tobytes() not in colours:
                alike = [each for each in frames if np.array_equal(each.station_xy_m, place, equal_nan=True)]
                used = np.zeros(len(place), np.bool_)
                for each in alike:
                    used |= each.used
                colours[place.tobytes()] = station_colours(place, used)
            title, text = draw(axes, frame, colours[place.tobytes()])
            heading(figure, RIM_IN, 0.36, title, 12, columns)
            line(figure, RIM_IN, 0.53, text, 7.5, 100, color=MUTED)
            writer.grab_frame(facecolor=PAPER)
