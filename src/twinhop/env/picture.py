"""A picture of a moment: stations with their names, users by host, what the slot cost, drawn without a screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinhop.env.core import Params, State

WIDTH_PX, HEIGHT_PX, DPI = 920, 640, 100
MAP_SHARE = 0.7
"""Of the width; the rest is text and the costs so far."""
NAME_PX, NAME_HEIGHT_PX, NAME_ABOVE_PX = 5.6, 12.0, 11.0
"""Width of a letter, height of a name, how far above its station it begins: names that would overlap are left out."""
LARGEST_MARK, SMALLEST_MARK, MARKS = 110.0, 28.0, 2400.0
"""Areas of a station's mark: all together at most `MARKS` [pt^2]."""
BACKGROUND, INK, MUTED, DOWN = "#fafaf7", "#222222", "#7b838c", "#c8102e"
HALO_PT = 2.2
"""Width of the light rim around names, so that they are read over lines and users."""
HOST, RADIO, CLOUD = "o", "^", "D"
GOLDEN_TURN = 0.618034
ROOMIEST = 4.0
"""The chart is drawn anew where the dearest slot takes less than this part of it."""
STATION_KEYS = "\u25cf hosts twins   \u25cb hosts none   \u25b3 radio only   \u25c6 cloud   \u2715 is down"
LEGEND = f"{STATION_KEYS}   small: users, by their host"
TERM_NAMES = ("communication", "computing", "moves", "opening", "energy")

Pixels = NDArray[np.uint8]


class Moment(NamedTuple):
    """What is drawn."""

    state: State
    terms: Mapping[str, float]
    """Terms of the slot that was decided last; empty before the first"""
    costs: Sequence[float]
    """Of the slots of the episode so far [s]"""


class Picture:
    """Draws the moments of an environment, each onto the same figure.

    Marks are those of all maps: circles may host, triangles are radio only, a diamond is a cloud, a cross is down.
    Users have the colour of the station that hosts their twin, and a line to it; stations that host are filled, others
    hollow. Users whose twin is nowhere yet are grey, absent ones are not there. A cloud is above the map. Of names
    those of the fullest stations come first, where they fit.
    """

    def __init__(self, params: Params, names: Sequence[str]) -> None:
        """Lay out the figure; Matplotlib's backend is left as it is.

        Args:
            params: the area, the horizon and the number of users.
            names: of the stations, and of a cloud that hosts.
        """
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.collections import LineCollection
        from matplotlib.figure import Figure
        from matplotlib.patheffects import withStroke

        area = params.rules.area
        self._params, self._names, self._colours = params, tuple(names), station_colours(len(names))
        figure = Figure((WIDTH_PX / DPI, HEIGHT_PX / DPI), dpi=DPI, facecolor=BACKGROUND)
        self._canvas = FigureCanvasAgg(figure)
        map_ = figure.add_axes((0.07, 0.09, MAP_SHARE - 0.08, 0.83))
        map_.set(xlim=(0, area.width_m), ylim=(0, area.height_m), aspect="equal", xlabel="x [m]", ylabel="y [m]")
        map_.tick_params(labelsize=8, colors=INK)
        map_.set_facecolor("white")
        mark = min(LARGEST_MARK, max(SMALLEST_MARK, MARKS / len(names)))
        self._lines: Any = map_.add_collection(LineCollection([], linewidths=0.7, alpha=0.3))
        self._users: Any = map_.scatter([], [], s=16, linewidths=0)
        look = {"s": mark, "linewidths": 1.2, "clip_on": False}
        self._marks: dict[str, Any] = {kind: map_.scatter([], [], marker=kind, **look) for kind in (HOST, RADIO, CLOUD)}
        self._down = map_.scatter([], [], s=0.8 * mark, marker="x", color=DOWN, linewidths=2)
        halo = {"path_effects": [withStroke(linewidth=HALO_PT, foreground="white")], "transform": None}
        self._labels = [figure.text(0, 0, "", fontsize=8, color=INK, ha="center", **halo) for _ in names]
        figure.text(0.02, 0.965, LEGEND, fontsize=8, color=INK)
        self._text = figure.text(MAP_SHARE + 0.02, 0.93, "", fontsize=10, color=INK, va="top", linespacing=1.5)
        chart = figure.add_axes((MAP_SHARE + 0.06, 0.09, 0.98 - MAP_SHARE - 0.06, 0.24))
        chart.set_title("cost of each slot [s]", fontsize=9, color=INK, loc="left")
        chart.tick_params(labelsize=8, colors=INK)
        chart.spines[["top", "right"]].set_visible(False)
        chart.set_xlim(0.5, max(int(params.horizon), 2) + 0.5)
        (self._costs,) = chart.plot([], [], color=INK, marker=".", linewidth=1)
        self._figure, self._map, self._chart = figure, map_, chart
        self._moving = (
            self._lines,
            self._users,
            *self._marks.values(),
            self._down,
            *self._labels,
            self._text,
            self._costs,
        )
        for artist in self._moving:
            artist.set_animated(True)
        self._still: Any = None  # axes and frames, drawn once

    def draw(self, moment: Moment) -> Pixels:
        """Draw a moment.

        Returns:
            (H, W, 3) RGB, north up.
        """
        self._move(moment.state)
        self._text.set_text("\n".join(moment_lines(self._params, moment)))
        self._costs.set_data(np.arange(len(moment.costs)) + 1, moment.costs)
        dearest_s = max(moment.costs, default=0.0)
        top_s = self._chart.get_ylim()[1]
        if self._still is None or not top_s / ROOMIEST <= dearest_s <= top_s:
            self._chart.set_ylim(0, 1.3 * dearest_s or top_s)
            self._canvas.draw()
            self._still = self._canvas.copy_from_bbox(self._figure.bbox)
        self._canvas.restore_region(self._still)
        for artist in self._moving:
            self._figure.draw_artist(artist)
        return np.asarray(self._canvas.buffer_rgba())[..., :3].copy()

    def _move(self, state: State) -> None:
        host, active = np.asarray(state.host), np.asarray(state.slot.active)
        users = np.asarray(state.mobility.xy_m, float)
        places = self._places(np.asarray(state.topology.station_xy_m, float))
        load, may = np.asarray(state.load), np.asarray(state.topology.capacity) > 0
        is_hosted = host >= 0
        colour = np.where(is_hosted[:, None], self._colours[host], 0.6)
        self._users.set_offsets(users[active])
        self._users.set_facecolor(colour[active])
        linked = active & is_hosted
        self._lines.set_segments(np.stack([users[linked], places[host[linked]]], axis=1))
        self._lines.set_color(colour[linked])
        is_open = load > 0
        kinds = np.where(may, HOST, RADIO)
        kinds[self._params.rules.radio_stations :] = CLOUD
        for kind, marks in self._marks.items():
            drawn = kinds == kind
            marks.set_offsets(places[drawn])
            marks.set_facecolor(np.where(is_open[drawn, None], self._colours[drawn], 1.0))
            marks.set_edgecolor(MUTED if kind == RADIO else self._colours[drawn])
        up = np.ones(self._params.rules.radio_stations, bool) if state.slot.up is None else np.asarray(state.slot.up)
        self._down.set_offsets(places[: len(up)][~up])
        self._name(places, load)

    def _name(self, places: NDArray[np.float64], load: NDArray[np.int64]) -> None:
        """Write names, and how many twins there are, one after the other where they fit."""
        at_px, taken = self._map.transData.transform(places), np.empty((0, 4))
        for at in np.argsort(-load, kind="stable").tolist():
            text = f"{self._names[at]}: {load[at]}" if load[at] else self._names[at]
            x_px, y_px = at_px[at, 0], at_px[at, 1] + NAME_ABOVE_PX
            half_px = NAME_PX * len(text) / 2
            box = np.array([[x_px - half_px, y_px, x_px + half_px, y_px + NAME_HEIGHT_PX]])
            fits = not ((taken[:, :2] < box[:, 2:]) & (taken[:, 2:] > box[:, :2])).all(axis=1).any()
            self._labels[at].set(text=text if fits else "", x=x_px, y=y_px)
            if fits:
                taken = np.vstack([taken, box])

    def _places(self, stations: NDArray[np.float64]) -> NDArray[np.float64]:
        """(M, 2) where hosts are drawn: a cloud above the middle of the area."""
        area = self._params.rules.area
        clouds = len(self._names) - len(stations)
        return np.vstack([stations, np.tile([[area.width_m / 2, area.height_m * 1.03]], (clouds, 1))])


def moment_lines(params: Params, moment: Moment) -> list[str]:
    """What a moment is, in words: slot, costs, who moved."""
    state, terms, horizon = moment.state, moment.terms, int(params.horizon)
    present, users = int(np.asarray(state.slot.active).sum()), params.rules.users
    lines = [f"{params.rules.task}, slot {int(state.slot_index)} of {horizon}"]
    if state.start is not None:
        time_s = (int(state.start) + int(state.slot_index)) * params.rules.slot_s
        lines.append(f"recorded moment {time_s:g} s")
    lines.append(f"{present} of {users} users present")
    if terms:
        lines += ["", f"slot decided last: {terms['cost']:.4g} s"]
        lines += [f"    {name} {terms[name]:.3g}" for name in TERM_NAMES]
        lines += [f"mean latency {terms['latency_s'] * 1e3:.4g} ms", f"{terms['opened']:.0f} stations open"]
        lines += [f"{terms['moved']:.0f} twins moved", f"{terms['late']:.0%} late"]
    return lines


def moment_text(params: Params, names: Sequence[str], moment: Moment) -> str:
    """The moment as text: its lines, and how many twins each open station has."""
    load = np.asarray(moment.state.load)
    hosts = [f"{names[at]}: {load[at]} twins" for at in np.flatnonzero(load).tolist()]
    return "\n".join([*moment_lines(params, moment), *hosts]) + "\n"


def station_colours(count: int) -> NDArray[np.float64]:
    """(count, 3) RGB from 0 to 1 that differ: hues a golden turn apart, none of them pale."""
    hue = (np.arange(count) * GOLDEN_TURN) % 1.0
    wheel = np.abs(((hue[:, None] + np.array([0.0, 2 / 3, 1 / 3])) * 6.0) % 6.0 - 3.0) - 1.0
    return 0.12 + 0.62 * np.clip(wheel, 0.0, 1.0)
