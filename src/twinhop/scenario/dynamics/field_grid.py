"""The random fields of a world on a square grid, so that a moving user's values are interpolated, not summed anew."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinhop import network
from twinhop.scenario.world import World

#: Grid steps a decorrelation distance: the wished number, and the fewest for which the grid is used at all.
FINEST, COARSEST = 8.0, 2.0
#: Rows of the grid that are worked out together.
BLOCK_ROWS = 8
#: Steps of a stored value in one standard deviation: it is rounded by 1.2e-4 at most, and clipped beyond 8.
STEPS_A_SIGMA = 4096
BYTES_A_VALUE = 2
LARGEST = np.iinfo(np.int16).max

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class FieldKind:
    """One kind of field: that of the line of sight, or the shadowing of one state of links.

    Attributes:
        wave_uniform: (K, 2) draws of its waves, see `spatial_field`.
        wave_normal: (M, 2 K) weights, a field a station.
        decorrelation_m: D [m].
        sigma: standard deviation of what follows from it [dB for shadowing, 1 for the line of sight].
    """

    wave_uniform: FloatArray
    wave_normal: FloatArray
    decorrelation_m: float
    sigma: float


@dataclass(frozen=True, eq=False)
class FieldGrid:
    """The fields on a square grid over the area.

    Attributes:
        values: (Y, X, kinds x M) int16, standard normal in steps of 1 / `STEPS_A_SIGMA`; what a user reads are the
            rows of its four corners, so that half the bytes are half the time.
        step_m: distance between neighbours on the grid [m].
        correlation: (kinds, 4) covariance of a field at two corners of a cell: along x, along y, and both diagonals.
        sigma: (kinds,) standard deviations.
    """

    values: NDArray[np.int16]
    step_m: float
    correlation: FloatArray
    sigma: FloatArray


def field_kinds(world: World) -> list[FieldKind]:
    """The kinds of fields that a world has draws of: line of sight first, then the shadowing of each state."""
    kinds = []
    if world.los_wave_uniform is not None and world.los_weight_normal is not None:
        kinds.append(FieldKind(world.los_wave_uniform, world.los_weight_normal, network.LOS_DECORRELATION_M, 1.0))
    if world.shadowing_wave_uniform is not None and world.shadowing_weight_normal is not None:
        draws = zip(world.shadowing_wave_uniform, world.shadowing_weight_normal, world.radio.shadowing, strict=True)
        kinds += [FieldKind(waves, weights, each.decorrelation_m, each.sigma_db) for waves, weights, each in draws]
    return kinds


def grid_step_m(world: World, most_bytes: float) -> float | None:
    """The step of the grid: an eighth of the least decorrelation distance, or more where memory asks for it.

    Args:
        world: its area, stations and fields.
        most_bytes: that the grid may take [byte].

    Returns:
        The step, at most half of the least decorrelation distance [m]; None where even that takes too much memory.
    """
    kinds = field_kinds(world)
    least_m = min(kind.decorrelation_m for kind in kinds)
    bytes_a_node = BYTES_A_VALUE * len(kinds) * len(world.station_ids)
    nodes = most_bytes / bytes_a_node
    # (w/h + 2)(v/h + 2) <= nodes, solved for h
    w, v, spare = world.width_m, world.height_m, nodes - 4.0
    if spare <= 0:
        return None
    needed_m = ((w + v) + math.sqrt((w + v) ** 2 + spare * w * v)) / spare
    step_m = max(least_m / FINEST, needed_m)
    return step_m if step_m <= least_m / COARSEST else None


def field_grid(world: World, step_m: float) -> FieldGrid:
    """The fields of a world on a grid.

    Formula: at the nodes the values are those of `network.spatial_field`, by
    ``cos(a + b) = cos a cos b - sin a sin b`` from the waves along each axis.

    Args:
        world: with draws of at least one kind of field.
        step_m: distance between neighbours [m].

    Returns:
        The grid, from (0, 0) to beyond the area's far corner.
    """
    kinds, stations = field_kinds(world), len(world.station_ids)
    x_m = step_m * np.arange(math.floor(world.width_m / step_m) + 2)
    y_m = step_m * np.arange(math.floor(world.height_m / step_m) + 2)
    values = np.empty((len(y_m), len(x_m), len(kinds) * stations), np.int16)
    for at, kind in enumerate(kinds):
        columns = slice(at * stations, (at + 1) * stations)
        for rows, block in _blocks(kind, x_m, y_m):
            values[rows, :, columns] = np.clip(np.rint(block * STEPS_A_SIGMA), -LARGEST, LARGEST)
    correlation = np.array([_corner_covariance(kind, step_m) for kind in kinds])
    return FieldGrid(values, step_m, correlation, np.array([kind.sigma for kind in kinds]))


def _blocks(kind: FieldKind, x_m: FloatArray, y_m: FloatArray) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """The field row by row of the grid: slices of rows, and their values (rows, X, M)."""
    vectors = network.field_waves(kind.wave_uniform, kind.decorrelation_m)
    waves = len(vectors)
    along_x = np.multiply.outer(x_m, vectors[:, 0])
    features = np.concatenate([np.cos(along_x), np.sin(along_x)], axis=1).astype(np.float32)
    a, b = kind.wave_normal[:, :waves] / math.sqrt(waves), kind.wave_normal[:, waves:] / math.sqrt(waves)
    for start in range(0, len(y_m), BLOCK_ROWS):
        rows = slice(start, min(start + BLOCK_ROWS, len(y_m)))
        along_y = np.multiply.outer(y_m[rows], vectors[:, 1])[:, None, :]
        cos, sin = np.cos(along_y), np.sin(along_y)
        weights = np.concatenate([a * cos + b * sin, b * cos - a * sin], axis=2).astype(np.float32)
        flat = weights.reshape(-1, 2 * waves)  # one matrix product for all rows: BLAS takes it whole
        yield rows, (features @ flat.T).reshape(len(x_m), -1, len(a)).transpose(1, 0, 2)


def _corner_covariance(kind: FieldKind, step_m: float) -> FloatArray:
    """The covariance, given the waves, of the field at two corners of a cell: along x, along y, both diagonals."""
    vectors = network.field_waves(kind.wave_uniform, kind.decorrelation_m)
    between = step_m * np.array([(1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, -1.0)])
    return np.cos(between @ vectors.T).mean(axis=1)
