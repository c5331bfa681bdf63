"""What stands on maps beside their marks: names where they fit, a scale, and what the marks mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from twinhop.output.kit.colours import ALARM, INK, MUTED, PAPER
from twinhop.output.kit.figures import line
from twinhop.output.kit.maps import CLOUD, DOWN, LEFT_IN, RADIO_ONLY, SERVER
from twinhop.scenario import unproject

FloatArray = NDArray[np.float64]
#: Type of names, and the size of a letter as a share of it.
NAME_PT, LETTER_WIDTH, LETTER_HEIGHT = 6.5, 0.62, 1.15
#: How far from the middle of its mark a name begins, and how much room every mark keeps around its middle [points].
AWAY_PT, CLEAR_PT = 6.0, 4.0
#: Longer names are shortened; of more points than this none is named.
LONGEST_NAME, MOST_NAMED = 14, 400
#: Where a name may stand from its mark, best first: across, up.
SIDES = ((1, 0), (0, 1), (-1, 0), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))


class Names:
    """Names on one map, each where it covers neither a mark nor another name, or not at all."""

    def __init__(
        self, axes: Axes, marks_m: Iterable[FloatArray], radii_pt: FloatArray | None = None, texts: Sequence[Text] = ()
    ) -> None:
        """On a map whose corners are set.

        Args:
            axes: of the map.
            marks_m: (n, 2) each, that no name covers [m].
            radii_pt: of all of them, one after another [points]; None: small.
            texts: on the map, that no name covers.
        """
        axes.apply_aspect()
        self._axes = axes
        points = [self._points(xy_m) for xy_m in marks_m]
        centres = np.vstack([np.empty((0, 2)), *points])
        clear = np.full((len(centres), 1), CLEAR_PT) if radii_pt is None else np.asarray(radii_pt)[:, None]
        self._taken = np.hstack([centres - clear, centres + clear])
        for text in texts:
            box = text.get_window_extent().get_points().ravel() * 72 / axes.figure.dpi
            self._taken = np.vstack([self._taken, box])
        low, high = axes.get_window_extent().get_points() * 72 / axes.figure.dpi
        self._low, self._high = low, high

    def write(
        self,
        xy_m: FloatArray,
        names: Sequence[str],
        colours: Sequence[Any] | None = None,
        radii_pt: Sequence[float] | None = None,
        **style: Any,
    ) -> int:
        """Write names beside their marks, those that come first with the first choice.

        Args:
            xy_m: (n, 2) marks [m]; those without a place or beyond the map are not named.
            names: of them.
            colours: of the names; None: ink.
            radii_pt: of the marks [points]; None: small.
            style: of the type.

        Returns:
            How many fit.
        """
        if len(names) > MOST_NAMED:
            return 0
        written = 0
        for at, (centre, name) in enumerate(zip(self._points(xy_m), names, strict=True)):
            if np.isfinite(centre).all() and (self._low <= centre).all() and (centre <= self._high).all():
                colour = INK if colours is None else colours[at]
                text = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
                away = AWAY_PT if radii_pt is None else max(AWAY_PT, radii_pt[at] + 1.5)
                written += self._write_one(xy_m[at], centre, text, away, {"color": colour} | style)
        return written

    def _write_one(self, xy_m: FloatArray, centre: FloatArray, text: str, away: float, type_: dict[str, Any]) -> bool:
        size = np.array([LETTER_WIDTH * NAME_PT * len(text), LETTER_HEIGHT * NAME_PT])
        for side in np.array(SIDES, float):
            reach = away * side / max(1.0, float(np.abs(side).sum()) ** 0.5)
            low = centre + reach + np.where(side > 0, 0.0, np.where(side < 0, -size, -size / 2))
            if not self._is_free(low, low + size):
                continue
            self._taken = np.vstack([self._taken, [*low, *(low + size)]])
            place, middle = (float(xy_m[0]), float(xy_m[1])), tuple((low + size / 2 - centre).tolist())
            style = {"ha": "center", "va": "center", "fontsize": NAME_PT, "zorder": 8} | type_
            halo = [withStroke(linewidth=1.6, foreground=PAPER)]
            self._axes.annotate(
                text, place, middle, textcoords="offset points", parse_math=False, path_effects=halo, **style
            )
            return True
        return False

    def _is_free(self, low: FloatArray, high: FloatArray) -> bool:
        inside = (low >= self._low).all() and (high <= self._high).all()
        covers = (self._taken[:, :2] < high).all(axis=1) & (self._taken[:, 2:] > low).all(axis=1)
        return bool(inside and not covers.any())

    def _points(self, xy_m: FloatArray) -> FloatArray:
        """Where places are on the sheet [points]."""
        if not len(xy_m):
            return np.empty((0, 2))
        return self._axes.transData.transform(np.asarray(xy_m, float)) * 72 / self._axes.figure.dpi


def draw_scale(axes: Axes, low: FloatArray, high: FloatArray) -> None:
    """A scale above the map of these corners [m], at its right end, where nothing lies below it."""
    span = float(high[0] - low[0])
    power = 10.0 ** np.floor(np.log10(span / 5))
    length = power * max(step for step in (1, 2, 5) if power * step <= span / 5 * 1.01)
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    above = {"xycoords": axes.get_xaxis_transform(), "textcoords": "offset points", "annotation_clip": False}
    axes.annotate(text, (high[0] - length / 2, 1.0), (0, 10), ha="center", fontsize=8, color=INK, **above)
    lifted = axes.get_xaxis_transform() + ScaledTranslation(0, 6 / 72, axes.figure.dpi_scale_trans)
    bar = {"color": INK, "linewidth": 2.2, "solid_capstyle": "butt", "clip_on": False}
    axes.plot([high[0] - length, high[0]], [1.0, 1.0], transform=lifted, **bar)


def write_span(
    figure: Figure, low: FloatArray, high: FloatArray, up_in: float, origin: tuple[float, float] | None = None
) -> None:
    """Width and height of a map, and where on Earth its middle lies, below its right end.

    Args:
        figure: of the map.
        low: lower left corner [m].
        high: upper right corner [m].
        up_in: from the lower edge [inch].
        origin: latitude and longitude of (0, 0) [degree]; None: nowhere on Earth.
    """
    width, height = (high - low) / 1000
    size = figure.get_size_inches()
    text = (
        f"{width:.3g} km x {height:.3g} km{'' if origin is None else f', around {on_earth((low + high) / 2, origin)}'}"
    )
    down_in = size[1] - up_in + getattr(figure, "dropped_in", 0.0)
    line(figure, size[0] - LEFT_IN, down_in, text, 8, color=MUTED, ha="right")


def on_earth(xy_m: FloatArray, origin: tuple[float, float]) -> str:
    """A place in degrees.

    >>> on_earth(np.zeros(2), (-37.81, 144.97))
    '37.810° S, 144.970° E'
    """
    latitude, longitude = (float(each) for each in unproject(xy_m[0], xy_m[1], origin))
    return f"{abs(latitude):.3f}° {'S' if latitude < 0 else 'N'}, {abs(longitude):.3f}° {'W' if longitude < 0 else 'E'}"


def marks_legend(figure: Figure, up_in: float, entries: Sequence[Line2D]) -> None:
    """What marks mean, below a map.

    Args:
        figure: of the map.
        up_in: from the lower edge [inch].
        entries: of `mark` and `stroke`.
    """
    style = {"frameon": False, "fontsize": 8, "handletextpad": 0.4, "columnspacing": 1.4, "borderaxespad": 0.0}
    box = (0.5, up_in / figure.get_figheight())
    figure.legend(handles=entries, loc="lower center", ncols=len(entries), bbox_to_anchor=box, **style)


def mark(label: str, marker: str, face: str = PAPER, edge: str = INK, size: float = 6.5) -> Line2D:
    """An entry of `marks_legend`."""
    shape = {"marker": marker, "markersize": size, "markerfacecolor": face, "markeredgecolor": edge}
    return Line2D([], [], linestyle="", label=label, **shape)


def station_marks(
    server: NDArray[np.bool_], down: NDArray[np.bool_], filled: NDArray[np.bool_] | None, hosting: str, empty: str
) -> list[Line2D]:
    """Entries for what `draw_stations` draws, of what there is.

    Args:
        server: (M,) which stations may host.
        down: (K,) what does not work.
        filled: (K,) what is filled; None: all servers and the cloud.
        hosting: what filled marks are.
        empty: what hollow circles are.
    """
    stations = len(server)
    entries = [mark(hosting, SERVER, INK)]
    if filled is not None and (server & ~filled[:stations]).any():
        entries.append(mark(empty, SERVER))
    if not server.all():
        entries.append(mark("radio only", RADIO_ONLY, edge=MUTED, size=6))
    if len(down) > stations:
        entries.append(mark("cloud", CLOUD, INK))
    if down.any():
        entries.append(mark("down in the last slot", DOWN, ALARM, ALARM, 6))
    return entries


def shortened(name: str, letters: int = 10) -> str:
    """A name of at most so many letters.

    >>> shortened("b12"), shortened("southern-cross")
    ('b12', 'southern-…')
    """
    return name if len(name) <= letters else f"{name[: letters - 1]}…"
