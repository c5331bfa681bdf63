"""Where generated stations and users stand in the area."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twinhop.scenario.place_sections import HotSpot

HEXAGONAL_ROW_GAP = math.sqrt(3) / 2
"""Distance of neighbouring rows over distance of neighbours in a row, in a regular hexagonal grid."""
SURPLUS_WEIGHT = 2.0
"""How much a share of sites laid out in vain counts against an irregular grid, in `hexagonal`."""


def uniform(count: int, width_m: float, height_m: float, generator: np.random.Generator) -> NDArray[np.float64]:
    """`count` points, independent and uniform in the area.

    Args:
        count: number of points.
        width_m: extent in x [m].
        height_m: extent in y [m].
        generator: the random stream; the first points do not depend on `count`.

    Returns:
        Positions, shape (count, 2) [m].
    """
    return generator.random((count, 2)) * (width_m, height_m)


def hexagonal(count: int, width_m: float, height_m: float) -> NDArray[np.float64]:
    """Exactly `count` sites on a centred hexagonal grid that fills the area evenly.

    Rows alternate between two lengths that differ by at most one. Of all such grids the most regular with few sites
    too many is taken, and the surplus is dropped where it is farthest from the centre.

    Args:
        count: number of sites, >= 1.
        width_m: extent in x [m].
        height_m: extent in y [m].

    Returns:
        Positions, shape (count, 2) [m], row by row from the south.

    >>> hexagonal(1, 100.0, 60.0).tolist()
    [[50.0, 30.0]]
    """
    grids = [(rows, *lengths) for rows in range(1, count + 1) for lengths in _row_lengths(count, rows)]
    rows, even, odd = min(grids, key=lambda grid: _irregularity(grid, count, width_m, height_m))
    sites = _grid(rows, even, odd, width_m, height_m)
    from_centre_m = np.hypot(sites[:, 0] - width_m / 2, sites[:, 1] - height_m / 2)
    nearest = np.sort(np.argsort(from_centre_m, kind="stable")[:count])
    return sites[nearest]


def _row_lengths(count: int, rows: int) -> list[tuple[int, int]]:
    even_rows, odd_rows = (rows + 1) // 2, rows // 2
    lengths = []
    for difference in (-1, 0, 1):
        even = max(1, math.ceil((count - odd_rows * difference) / rows))
        odd = even + difference
        if odd >= 1 and even_rows * even + odd_rows * odd >= count:
            lengths.append((even, odd))
    return lengths


def _irregularity(grid: tuple[int, int, int], count: int, width_m: float, height_m: float) -> float:
    rows, even, odd = grid
    total = (rows + 1) // 2 * even + rows // 2 * odd
    row_gap_m = height_m / rows
    return abs(math.log(row_gap_m / (_spacing_m(rows, even, odd, width_m) * HEXAGONAL_ROW_GAP))) + SURPLUS_WEIGHT * (
        total / count - 1
    )


def _spacing_m(rows: int, even: int, odd: int, width_m: float) -> float:
    shifted = even == odd and rows > 1
    return width_m / (max(even, odd) + (0.5 if shifted else 0.0))


def _grid(rows: int, even: int, odd: int, width_m: float, height_m: float) -> NDArray[np.float64]:
    spacing_m = _spacing_m(rows, even, odd, width_m)
    sites = []
    for row in range(rows):
        length = odd if row % 2 else even
        shift = (0.25 if row % 2 else -0.25) if even == odd and rows > 1 else 0.0
        x_m = width_m / 2 + spacing_m * (np.arange(length) - (length - 1) / 2 + shift)
        sites.append(np.column_stack([x_m, np.full(length, (row + 0.5) * height_m / rows)]))
    return np.concatenate(sites)


def hot_spots(
    count: int, width_m: float, height_m: float, spots: Sequence[HotSpot], generator: np.random.Generator
) -> NDArray[np.float64]:
    """`count` points, a share of them around each hot spot and the rest uniform in the area.

    Around a hot spot the distance is Rayleigh with sigma = radius / 2 (a round Gaussian); what falls outside the area
    is mirrored at its border.

    Args:
        count: number of points.
        width_m: extent in x [m].
        height_m: extent in y [m].
        spots: centres, radii [m] and shares [1].
        generator: the random stream; the first points do not depend on `count`.

    Returns:
        Positions, shape (count, 2) [m].
    """
    which, first, second = generator.random((count, 3)).T
    points = np.column_stack([first * width_m, second * height_m])
    spot_of = np.searchsorted(np.cumsum([spot.share for spot in spots]), which, side="right")
    distance_sigma, angle = np.sqrt(-2 * np.log1p(-first)), 2 * np.pi * second
    for index, spot in enumerate(spots):
        members = spot_of == index
        distance_m = spot.radius_m / 2 * distance_sigma[members]
        points[members, 0] = spot.x_m + distance_m * np.cos(angle[members])
        points[members, 1] = spot.y_m + distance_m * np.sin(angle[members])
    return np.column_stack([mirrored(points[:, 0], width_m), mirrored(points[:, 1], height_m)])


def mirrored(values: NDArray[np.float64], length: float) -> NDArray[np.float64]:
    """Coordinates beyond the borders 0 and `length`, reflected into the area."""
    return length - np.abs(length - np.mod(np.abs(values), 2 * length))
