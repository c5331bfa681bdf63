"""A picture of a moment: stations, users, and which twin is where, drawn into an array."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twinhop.env.core import Params, State

LONG_SIDE_PX = 400
BACKGROUND = (250, 250, 247)
CLOSED = (170, 170, 170)
NOWHERE = (90, 90, 90)
LINE_SHARE = 0.65
"""How much lighter than its host's colour the line to it is."""
LINE_POINTS = 48
USER_HALF_PX, STATION_HALF_PX = 1, 5
GOLDEN_TURN = 0.618034

Pixels = NDArray[np.uint8]


def picture(params: Params, state: State) -> Pixels:
    """Draw a state: a square for each station, a dot for each user and a line to its twin.

    Users and lines have the colour of the host; a station that hosts nobody is grey.

    Args:
        params: the area.
        state: positions, hosts and loads.

    Returns:
        (H, W, 3) RGB, north up.
    """
    area = params.rules.area
    scale = LONG_SIDE_PX / max(area.width_m, area.height_m)
    shape = (max(1, round(area.height_m * scale)), max(1, round(area.width_m * scale)))
    frame = np.full((*shape, 3), BACKGROUND, np.uint8)
    stations = _pixels(np.asarray(state.topology.station_xy_m), scale, shape)
    users = _pixels(np.asarray(state.mobility.xy_m), scale, shape)
    host, colours = np.asarray(state.host), station_colours(params.rules.stations)
    hosted = np.flatnonzero((host >= 0) & (host < len(stations)) & np.asarray(state.slot.active))
    _lines(frame, users[hosted], stations[host[hosted]], colours[host[hosted]])
    dots = np.where((host >= 0)[:, None], colours[host], np.array(NOWHERE, np.uint8))
    _squares(frame, users, dots, USER_HALF_PX)
    is_open = np.asarray(state.load)[: len(stations)] > 0
    _squares(
        frame,
        stations,
        np.where(is_open[:, None], colours[: len(stations)], np.array(CLOSED, np.uint8)),
        STATION_HALF_PX,
    )
    return frame


def station_colours(count: int) -> Pixels:
    """(count, 3) colours that differ: hues a golden turn apart."""
    hue = (np.arange(count) * GOLDEN_TURN) % 1.0
    wheel = np.abs(((hue[:, None] + np.array([0.0, 2 / 3, 1 / 3])) * 6.0) % 6.0 - 3.0) - 1.0
    return (255 * (0.15 + 0.65 * np.clip(wheel, 0.0, 1.0))).astype(np.uint8)


def _pixels(xy_m: NDArray[np.floating], scale: float, shape: tuple[int, int]) -> NDArray[np.int64]:
    """(n, 2) row and column of places."""
    column = np.clip((xy_m[:, 0] * scale).astype(np.int64), 0, shape[1] - 1)
    row = np.clip(shape[0] - 1 - (xy_m[:, 1] * scale).astype(np.int64), 0, shape[0] - 1)
    return np.stack([row, column], axis=1)


def _lines(frame: Pixels, start: NDArray[np.int64], end: NDArray[np.int64], colour: Pixels) -> None:
    share = np.linspace(0.0, 1.0, LINE_POINTS)[None, :, None]
    points = (start[:, None] + share * (end - start)[:, None]).astype(np.int64)
    light = (LINE_SHARE * 255 + (1 - LINE_SHARE) * colour).astype(np.uint8)
    frame[points[..., 0], points[..., 1]] = light[:, None]


def _squares(frame: Pixels, at: NDArray[np.int64], colour: Pixels, half_px: int) -> None:
    offsets = np.arange(-half_px, half_px + 1)
    rows = np.clip(at[:, 0, None, None] + offsets[:, None], 0, frame.shape[0] - 1)
    columns = np.clip(at[:, 1, None, None] + offsets[None, :], 0, frame.shape[1] - 1)
    frame[rows, columns] = colour[:, None, None]
