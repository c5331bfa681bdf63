"""The compiled loops over users and stations: mean losses from the tables."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from twinhop.jit import jit, prefetch
from twinhop.scenario.dynamics.distance_table import COLUMNS, SHIFT
from twinhop.scenario.dynamics.field_grid import NOISE_ROWS, SQUARES_PER_STEP, STEPS_PER_SIGMA, TILE_BITS

_MASK = (1 << SHIFT) - 1
_SCALE = np.float32(1.0 / (1 << SHIFT))
#: A user's corners are asked for this many users before it is their turn: memory is slower than arithmetic.
USERS_AHEAD = 6
VALUES_PER_CACHE_LINE = 32


@jit(fastmath=True)
def link_losses_db(
    xy_m: NDArray[np.float64],
    station_x_m: NDArray[np.float64],
    station_y_m: NDArray[np.float64],
    rows: NDArray[np.float32],
    first: int,
    least_m2: float,
    values: NDArray[np.int16],
    noise: NDArray[np.int16],
    step_m: float,
    correlation: NDArray[np.float64],
    sigma: NDArray[np.float64],
    ready: NDArray[np.bool_],
    wanted: NDArray[np.bool_],
    has_sight: bool,
    loss_db: NDArray[np.float32],
) -> int:
    """Write the mean loss of every link, and return how many users are outside the grid, whose rows are left alone.

    The arguments are those of `DistanceTable` and `FieldGrid`. Users that are nowhere (NaN) are left alone too, and so
    are those in a tile that is not ready, which is then wanted.
    """
    outside = 0
    stations = len(station_x_m)
    kinds = len(sigma)
    table = rows.ravel()
    last = len(rows) - 1
    squared = np.empty(stations, np.float32)
    bits = squared.view(np.int32)
    scaled = np.zeros((3, stations), np.float32)
    for user in range(len(xy_m)):
        if kinds > 0 and user + USERS_AHEAD < len(xy_m):
            _ask_for_corners(values, xy_m[user + USERS_AHEAD, 0] / step_m, xy_m[user + USERS_AHEAD, 1] / step_m)
        x_m, y_m = xy_m[user, 0], xy_m[user, 1]
        if not (math.isfinite(x_m) and math.isfinite(y_m)):
            continue
        if kinds > 0:
            column, line = x_m / step_m, y_m / step_m
            if column < 0 or line < 0 or column >= values.shape[1] - 1 or line >= values.shape[0] - 1:
                outside += 1
                continue
            if not _is_ready(int(column), int(line), ready, wanted):
                continue
            _interpolate(values, noise, column, line, correlation, sigma, has_sight, scaled)
        for j in range(stations):
            east_m, north_m = np.float32(x_m - station_x_m[j]), np.float32(y_m - station_y_m[j])
            squared[j] = max(east_m * east_m + north_m * north_m, np.float32(least_m2))
        for j in range(stations):
            row = min(max((bits[j] >> SHIFT) - first, 0), last) * COLUMNS
            share = np.float32(bits[j] & _MASK) * _SCALE
            sight = scaled[0, j] < table[row] + share * table[row + 1]
            with_sight = table[row + 2] + share * table[row + 3] + scaled[1, j]
            without = table[row + 4] + share * table[row + 5] + scaled[2, j]
            loss_db[user, j] = with_sight if sight else without
    return outside


@jit()
def _ask_for_corners(values: NDArray[np.int16], column: float, line: float) -> None:
    """Have the corners of a place brought to the cache; they lie in two runs of memory."""
    lines, columns, fields = values.shape
    if not (0 <= column < columns - 1 and 0 <= line < lines - 1):
        return
    lower = (int(line) * columns + int(column)) * fields
    for at in range(0, 2 * fields, VALUES_PER_CACHE_LINE):
        prefetch(values, lower + at)
        prefetch(values, lower + columns * fields + at)


@jit()
def _is_ready(column: int, line: int, ready: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> bool:
    """Whether all four corners of a cell are known; the tiles of those that are not become wanted."""
    known = True
    for y in (line >> TILE_BITS, (line + 1) >> TILE_BITS):
        for x in (column >> TILE_BITS, (column + 1) >> TILE_BITS):
            if not ready[y, x]:
                wanted[y, x] = True
                known = False
    return known


@jit()
def _noise_row(column: int, line: int) -> int:
    """The row of noise of a square, as if at random: nothing is repeated at any distance."""
    mixed = (column * 73856093) ^ (line * 19349663)
    mixed ^= mixed >> 13
    mixed = (mixed * 83492791) & 0x7FFFFFFF
    return (mixed >> 11) % NOISE_ROWS


@jit(fastmath=True)
def _interpolate(
    values: NDArray[np.int16],
    noise: NDArray[np.int16],
    column: float,
    line: float,
    correlation: NDArray[np.float64],
    sigma: NDArray[np.float64],
    has_sight: bool,
    scaled: NDArray[np.float32],
) -> None:
    """Write line-of-sight field and shadowings at a place of the grid.

    Bilinear, ``w^T z`` of the corners z, and noise of the variance that this lacks, ``1 - w^T R w``; see `FieldGrid`.
    """
    stations = scaled.shape[1]
    x, y = int(column), int(line)
    right, up = column - x, line - y
    w00, w10, w01, w11 = (1 - right) * (1 - up), right * (1 - up), (1 - right) * up, right * up
    grain = noise[_noise_row(int(column * SQUARES_PER_STEP), int(line * SQUARES_PER_STEP))]
    squares = w00 * w00 + w10 * w10 + w01 * w01 + w11 * w11
    along_x, along_y, rising, falling = w00 * w10 + w01 * w11, w00 * w01 + w10 * w11, w00 * w11, w10 * w01
    c00, c10, c01, c11 = values[y, x], values[y, x + 1], values[y + 1, x], values[y + 1, x + 1]
    for kind in range(len(sigma)):
        r = correlation[kind]
        variance = squares + 2.0 * (along_x * r[0] + along_y * r[1] + rising * r[2] + falling * r[3])
        factor = sigma[kind] / STEPS_PER_SIGMA
        rough = np.float32(factor * math.sqrt(max(0.0, 1.0 - variance)))
        a, b = np.float32(w00 * factor), np.float32(w10 * factor)
        c, d = np.float32(w01 * factor), np.float32(w11 * factor)
        target = kind if has_sight else kind + 1
        start = kind * stations
        for j in range(stations):
            at = start + j
            lower = a * np.float32(c00[at]) + b * np.float32(c10[at])
            upper = c * np.float32(c01[at]) + d * np.float32(c11[at])
            scaled[target, j] = lower + upper + rough * np.float32(grain[at])
