"""The random fields of a world on a square grid, so that a moving user's values are interpolated, not summed anew."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinhop import network, streams
from twinhop.scenario.world.world import World

#: Grid steps a decorrelation distance: the wished number, and the fewest for which the grid is used at all.
FINEST, COARSEST = 8.0, 2.0
#: Nodes along each side of a tile; a power of 2.
TILE_BITS = 5
TILE = 1 << TILE_BITS
#: Steps of a stored value in one standard deviation: it is rounded by 1.2e-4 at most, and clipped beyond 8.
STEPS_PER_SIGMA = 4096
BYTES_PER_VALUE = 2
LARGEST = np.iinfo(np.int16).max
#: Interpolation flattens a field between the nodes; what is missing of its variance is added as noise that is constant
#: on squares of 1 / `SQUARES_PER_STEP` step, one of `NOISE_ROWS` rows of it each.
NOISE_ROWS, SQUARES_PER_STEP = 4096, 4

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class FieldKind:
    """One kind of field: that of the line of sight, or the shadowing of one state of links.

    Attributes:
        wave_uniform: (K, 2) draws of its waves, see `spatial_field`.
        wave_normal: (M, 2 K) weights, one field per station.
        decorrelation_m: D [m].
        sigma: standard deviation of what follows from it [dB for shadowing, 1 for the line of sight].
    """

    wave_uniform: FloatArray
    wave_normal: FloatArray
    decorrelation_m: float
    sigma: float


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
        The step, at most half of the least decorrelation distance [m]; None where even that takes too much memory. A
        world without fields has one cell.
    """
    kinds = field_kinds(world)
    if not kinds:
        return max(world.width_m, world.height_m)
    least_m = min(kind.decorrelation_m for kind in kinds)
    bytes_a_node = BYTES_PER_VALUE * len(kinds) * len(world.station_ids)
    nodes = most_bytes / bytes_a_node - NOISE_ROWS
    # (w/h + 2)(v/h + 2) <= nodes, solved for h
    w, v, spare = world.width_m, world.height_m, nodes - 4.0
    if spare <= 0:
        return None
    needed_m = ((w + v) + math.sqrt((w + v) ** 2 + spare * w * v)) / spare
    step_m = max(least_m / FINEST, needed_m)
    return step_m if step_m <= least_m / COARSEST else None


class FieldGrid:
    """The fields on a square grid over the area; filled tile by tile, where users come.

    Formula: at the nodes the values are those of `network.spatial_field`, by
    ``cos(a + b) = cos a cos b - sin a sin b`` from the waves along each axis. A tile's values do not depend on when it
    is filled.

    Attributes:
        values: (Y, X, kinds x M) int16, standard normal in steps of 1 / `STEPS_PER_SIGMA`: what a user reads are the
            rows of its four corners, so that half the bytes are half the time. From (0, 0) to beyond the far corner.
        noise: (`NOISE_ROWS`, kinds x M) int16, independent standard normal values in the same steps.
        step_m: distance between neighbours on the grid [m].
        correlation: (kinds, 4) covariance of a field at two corners of a cell: along x, along y, and both diagonals.
        sigma: (kinds,) standard deviations.
        ready: (tiles along y, along x) bool, tiles that are filled.
        wanted: the same, tiles that somebody needed and that are not.
    """

    def __init__(self, world: World, step_m: float) -> None:
        """Prepare the waves; no tile is filled yet.

        Args:
            world: its fields; without any the grid is empty.
            step_m: distance between neighbours [m].
        """
        kinds, fields = field_kinds(world), len(field_kinds(world)) * len(world.station_ids)
        x_m, y_m = (step_m * np.arange(math.floor(m / step_m) + 2.0) for m in (world.width_m, world.height_m))
        self.step_m: float = step_m
        self.values: NDArray[np.int16] = np.empty((len(y_m), len(x_m), fields), np.int16)
        normals = streams.stream(world.seed, streams.ROUGHNESS).standard_normal((NOISE_ROWS, fields), np.float32)
        self.noise: NDArray[np.int16] = _in_steps(normals)
        self.correlation: FloatArray = np.array([_corner_covariance(each, step_m) for each in kinds]).reshape(-1, 4)
        self.sigma: FloatArray = np.array([each.sigma for each in kinds])
        self.ready: NDArray[np.bool_] = np.zeros((-(-len(y_m) // TILE), -(-len(x_m) // TILE)), np.bool_)
        self.wanted: NDArray[np.bool_] = np.zeros_like(self.ready)
        self._waves = [_Waves(each, x_m, y_m) for each in kinds]

    def fill(self) -> None:
        """Fill the tiles that are wanted."""
        for row, column in np.argwhere(self.wanted).tolist():
            y, x = slice(row * TILE, (row + 1) * TILE), slice(column * TILE, (column + 1) * TILE)
            self.values[y, x] = _in_steps(np.concatenate([waves.values(y, x) for waves in self._waves], axis=2))
        self.ready |= self.wanted
        self.wanted[:] = False


class _Waves:
    """The waves of one kind of field along both axes."""

    def __init__(self, kind: FieldKind, x_m: FloatArray, y_m: FloatArray) -> None:
        vectors = network.field_waves(kind.wave_uniform, kind.decorrelation_m)
        along_x, along_y = np.multiply.outer(x_m, vectors[:, 0]), np.multiply.outer(y_m, vectors[:, 1])
        self._cos_x, self._sin_x = np.cos(along_x).astype(np.float32), np.sin(along_x).astype(np.float32)
        self._cos_y, self._sin_y = np.cos(along_y).astype(np.float32), np.sin(along_y).astype(np.float32)
        self._weights = (kind.wave_normal / math.sqrt(len(vectors))).astype(np.float32)

    def values(self, y: slice, x: slice) -> NDArray[np.float32]:
        """The fields (rows, columns, M) at these nodes."""
        cos_x, sin_x = self._cos_x[x][None], self._sin_x[x][None]
        cos_y, sin_y = self._cos_y[y][:, None], self._sin_y[y][:, None]
        features = np.concatenate([cos_y * cos_x - sin_y * sin_x, sin_y * cos_x + cos_y * sin_x], axis=2)
        flat = np.matmul(features.reshape(-1, features.shape[2]), self._weights.T, dtype=np.float32)
        return flat.reshape(*features.shape[:2], -1)


def _in_steps(values: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.clip(np.rint(values * STEPS_PER_SIGMA), -LARGEST, LARGEST).astype(np.int16)


def _corner_covariance(kind: FieldKind, step_m: float) -> FloatArray:
    """The covariance, given the waves, of the field at two corners of a cell: along x, along y, both diagonals."""
    vectors = network.field_waves(kind.wave_uniform, kind.decorrelation_m)
    between = step_m * np.array([(1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, -1.0)])
    return np.cos(between @ vectors.T).mean(axis=1)
