"""Which members are close to each other, for vehicles."""

from __future__ import annotations

import math

import numpy as np

from twinhop.errors import InputError
from twinhop.twin.service.aggregate import Extract, FloatArray, Summary

#: Cells are this much wider than the radius, so that rounding never puts a close pair two cells apart.
_CELL_MARGIN = 1e-6
_AROUND = [(east, north) for east in (-1, 0, 1) for north in (-1, 0, 1)]


class Closeness(Summary):
    """Pairs of members at most `radius_m` apart.

    Members are kept in square cells as wide as the radius, so an update looks at its nine nearest cells only: its cost
    grows with the members near it, not with all.

    Args:
        position: where in the extract x and y are.
        radius_m: the greatest distance of a close pair, > 0 [m].
    """

    def __init__(self, position: tuple[int, int], radius_m: float) -> None:
        if not 0 < radius_m < math.inf:
            raise InputError(f"closeness: radius_m must be greater than 0 and finite (got {radius_m:g})")
        self._position, self._radius_m = position, radius_m
        self._cells: dict[tuple[int, int], dict[int, tuple[float, float]]] = {}
        self._near: dict[int, dict[int, float]] = {}
        self._pairs = 0

    def change(self, member: int, before: Extract, after: Extract, time_s: float) -> None:
        """See `Aggregate.change`."""
        old, new = self._point(before), self._point(after)
        if old == new:
            return
        if old is not None:
            self._remove(member, old)
        if new is not None:
            self._insert(member, new)

    def value(self) -> FloatArray:
        """(2,) close pairs, and members who have anyone close."""
        return np.array([float(self._pairs), float(sum(bool(near) for near in self._near.values()))])

    def near(self, member: int) -> dict[int, float]:
        """Who is close to a member, with the distances [m]."""
        return dict(self._near.get(member, {}))

    def _point(self, extract: Extract) -> tuple[float, float] | None:
        if extract is None:
            return None
        x_m, y_m = extract[self._position[0]], extract[self._position[1]]
        return None if math.isnan(x_m) or math.isnan(y_m) else (x_m, y_m)

    def _cell(self, point: tuple[float, float]) -> tuple[int, int]:
        side_m = self._radius_m * (1 + _CELL_MARGIN)
        return math.floor(point[0] / side_m), math.floor(point[1] / side_m)

    def _insert(self, member: int, point: tuple[float, float]) -> None:
        east, north = self._cell(point)
        mine: dict[int, float] = {}
        for step_east, step_north in _AROUND:
            for other, there in self._cells.get((east + step_east, north + step_north), {}).items():
                distance_m = math.hypot(point[0] - there[0], point[1] - there[1])
                if distance_m <= self._radius_m:
                    mine[other] = distance_m
                    self._near[other][member] = distance_m
        self._near[member] = mine
        self._pairs += len(mine)
        self._cells.setdefault((east, north), {})[member] = point

    def _remove(self, member: int, point: tuple[float, float]) -> None:
        cell = self._cell(point)
        del self._cells[cell][member]
        if not self._cells[cell]:
            del self._cells[cell]
        mine = self._near.pop(member)
        self._pairs -= len(mine)
        for other in mine:
            del self._near[other][member]
