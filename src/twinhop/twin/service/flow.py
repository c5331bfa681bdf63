"""How many members went from cell to cell lately."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.twin.service.aggregate import Extract, FloatArray
from twinhop.twin.service.grid import Grid

MOST_FLOW_CELLS = 1000
"""Cells of a flow matrix, which has as many rows as columns."""


class Flow:
    """Moves between cells during the last `window_s`, a matrix; an update takes constant time on average.

    A move is seen when a member's update lies in another cell than the one before; it counts from that update's time on
    until the window has passed on the clock of the latest update. Joining, leaving and the outside are no moves.

    Args:
        grid: the cells, at most 1000.
        position: where in the extract x and y are.
        window_s: how long a move counts, > 0 [s].
    """

    def __init__(self, grid: Grid, position: tuple[int, int], window_s: float) -> None:
        if grid.cells > MOST_FLOW_CELLS:
            raise InputError(f"flow: {grid.cells} cells; at most {MOST_FLOW_CELLS} are accepted")
        if not window_s > 0:
            raise InputError(f"flow: window_s must be greater than 0 (got {window_s:g})")
        self._grid, self._position, self._window_s = grid, position, window_s
        self._moves: deque[tuple[float, int, int]] = deque()
        self._matrix = np.zeros((grid.cells, grid.cells))
        self._latest_s = -np.inf

    def change(self, member: int, before: Extract, after: Extract, time_s: float) -> None:
        """See `Aggregate.change`; a move that is told late counts from the latest time known."""
        self._latest_s = max(self._latest_s, time_s)
        start, end = self._cell(before), self._cell(after)
        if start is not None and end is not None and start != end:
            self._moves.append((self._latest_s, start, end))
            self._matrix[start, end] += 1
        self._forget()

    def value(self) -> FloatArray:
        """(cells, cells) moves from row to column."""
        return self._matrix.copy()

    def arrays(self) -> dict[str, NDArray]:
        """The moves in the window, oldest first, and the latest time."""
        moves = np.array(self._moves, dtype=np.float64).reshape(-1, 3)
        return {"moves": moves, "latest_s": np.array(self._latest_s)}

    def restore(self, arrays: dict[str, NDArray]) -> None:
        """See `Aggregate.restore`."""
        self._latest_s = float(arrays["latest_s"])
        self._moves = deque((float(time_s), int(start), int(end)) for time_s, start, end in arrays["moves"])
        self._matrix[:] = 0
        for _, start, end in self._moves:
            self._matrix[start, end] += 1

    def _forget(self) -> None:
        while self._moves and self._moves[0][0] <= self._latest_s - self._window_s:
            _, start, end = self._moves.popleft()
            self._matrix[start, end] -= 1

    def _cell(self, extract: Extract) -> int | None:
        return None if extract is None else self._grid.cell(extract[self._position[0]], extract[self._position[1]])
