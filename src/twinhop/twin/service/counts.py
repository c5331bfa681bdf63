"""How many members there are, and how many in each cell of a grid."""

from __future__ import annotations

import numpy as np

from twinhop.twin.service.aggregate import Extract, FloatArray, Summary
from twinhop.twin.service.grid import Grid


class Count(Summary):
    """The number of members; one update takes constant time."""

    def __init__(self) -> None:
        self._members = 0

    def change(self, member: int, before: Extract, after: Extract, time_s: float) -> None:
        """See `Aggregate.change`."""
        self._members += (after is not None) - (before is not None)

    def value(self) -> FloatArray:
        """(1,) members."""
        return np.array([float(self._members)])


class Density(Summary):
    """Members in each cell, and those outside the grid; one update takes constant time.

    Args:
        grid: the cells.
        position: where in the extract x and y are.
    """

    def __init__(self, grid: Grid, position: tuple[int, int]) -> None:
        self._grid, self._position = grid, position
        self._members = np.zeros(grid.cells + 1)

    def change(self, member: int, before: Extract, after: Extract, time_s: float) -> None:
        """See `Aggregate.change`."""
        old, new = self._place(before), self._place(after)
        if old == new:
            return
        if old is not None:
            self._members[old] -= 1
        if new is not None:
            self._members[new] += 1

    def value(self) -> FloatArray:
        """(cells + 1,) members in each cell and, last, of those outside or without a position."""
        return self._members.copy()

    def _place(self, extract: Extract) -> int | None:
        if extract is None:
            return None
        cell = self._grid.cell(extract[self._position[0]], extract[self._position[1]])
        return self._grid.cells if cell is None else cell
