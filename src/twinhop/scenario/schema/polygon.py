"""Simple polygons in the plane: checked exactly, and asked which points they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError

MOST_VERTICES = 1000
"""Vertices of one polygon; every update of a member is held against every edge."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Polygon:
    """A simple polygon; which way round its vertices are listed does not matter.

    Attributes:
        vertices_m: three or more (x, y), the last joined to the first [m].

    Raises:
        InputError: there are too few or too many vertices, one is not finite, or the edges cross or touch.

    >>> square = Polygon(((0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)))
    >>> bool(square.holds(1.0, 1.0)), bool(square.holds(3.0, 1.0))
    (True, False)
    """

    vertices_m: tuple[Point, ...]

    def __post_init__(self) -> None:
        error = polygon_error(self.vertices_m)
        if error is not None:
            raise InputError(f"polygon: {error}")

    def holds(self, x_m: Any, y_m: Any) -> Any:
        """Whether points lie inside: a ray to the east crosses an odd number of edges.

        Of two polygons that share an edge exactly one holds each point of it, up to rounding. NaN lies nowhere.

        Args:
            x_m: eastwards, a number or an array [m].
            y_m: northwards, of the same shape [m].

        Returns:
            A bool, or an array of that shape.
        """
        inside: Any = False
        vertices = self.vertices_m
        for (ax, ay), (bx, by) in zip(vertices, vertices[1:] + vertices[:1], strict=True):
            if ay != by:
                crossing_x = ax + (bx - ax) * ((y_m - ay) / (by - ay))
                inside = inside ^ (((ay > y_m) != (by > y_m)) & (x_m < crossing_x))
        return inside


def polygon_error(vertices_m: Sequence[Point]) -> str | None:
    """What keeps a ring of vertices from being a simple polygon, or None; decided in exact arithmetic.

    >>> polygon_error([(0, 0), (1, 1), (1, 0), (0, 1)])
    'crosses itself: the edge from vertex 0 to 1 meets the edge from vertex 2 to 3'
    """
    count = len(vertices_m)
    if count < 3:
        return f"needs at least 3 vertices (got {count})"
    if count > MOST_VERTICES:
        return f"has {count} vertices; at most {MOST_VERTICES} are accepted"
    try:
        points = np.array(vertices_m, dtype=np.float64)
    except (TypeError, ValueError):
        return "vertices must be pairs of numbers (x, y)"
    if points.shape != (count, 2):
        return f"vertices must be pairs of numbers (x, y) (got shape {points.shape})"
    if not np.isfinite(points).all():
        return f"vertex {int(np.flatnonzero(~np.isfinite(points).all(axis=1))[0])} is not finite"
    exact = [(Fraction(x), Fraction(y)) for x, y in points.tolist()]
    for first, second in _near_edges(points):
        if _meet(exact, first, second):
            ends = [f"vertex {edge} to {(edge + 1) % count}" for edge in (first, second)]
            return f"crosses itself: the edge from {ends[0]} meets the edge from {ends[1]}"
    return None


def _near_edges(points: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs of edges whose bounding boxes meet."""
    after = np.roll(points, -1, axis=0)
    low, high = np.minimum(points, after), np.maximum(points, after)
    pairs = []
    for edge in range(len(points)):
        near = ((low[edge + 1 :] <= high[edge]) & (high[edge + 1 :] >= low[edge])).all(axis=1)
        pairs += [(edge, edge + 1 + int(other)) for other in np.flatnonzero(near)]
    return pairs


ExactPoint = tuple[Fraction, Fraction]


def _meet(points: Sequence[ExactPoint], first: int, second: int) -> bool:
    """Whether two edges of the ring meet other than in the vertex that neighbours share."""
    count = len(points)
    a, b = points[first], points[(first + 1) % count]
    c, d = points[second], points[(second + 1) % count]
    if a == b or c == d:
        return True
    if second == first + 1:
        return _turn(a, b, d) == 0 and _ahead(b, a, d)
    if (second + 1) % count == first:
        return _turn(c, a, b) == 0 and _ahead(a, c, b)
    turns = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    ends = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(turn == 0 and _within(*end) for turn, end in zip(turns, ends, strict=True))


def _turn(a: ExactPoint, b: ExactPoint, c: ExactPoint) -> int:
    """1 where a, b, c turn left, -1 right, 0 on one line."""
    area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return (area > 0) - (area < 0)


def _ahead(corner: ExactPoint, one: ExactPoint, other: ExactPoint) -> bool:
    """Of points on one line, whether both lie on the same side of the corner: the ring turns back on itself."""
    return (one[0] - corner[0]) * (other[0] - corner[0]) + (one[1] - corner[1]) * (other[1] - corner[1]) > 0


def _within(a: ExactPoint, b: ExactPoint, point: ExactPoint) -> bool:
    """Whether a point on the line through a and b lies between them."""
    return min(a[0], b[0]) <= point[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= point[1] <= max(a[1], b[1])
