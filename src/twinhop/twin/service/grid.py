"""A rectangle cut into equal square cells."""

from __future__ import annotations

import math
from dataclasses import dataclass

from twinhop.errors import InputError

MOST_CELLS = 1_000_000


@dataclass(frozen=True)
class Grid:
    """Cells of a rectangle, counted row by row from its south-western corner.

    Attributes:
        x_m: western edge [m].
        y_m: southern edge [m].
        cell_m: side of a cell, > 0 [m].
        columns: cells eastwards.
        rows: cells northwards.

    Raises:
        InputError: there is no cell, or there are too many.

    >>> Grid(0.0, 0.0, 100.0, 3, 2).cell(250.0, 199.0), Grid(0.0, 0.0, 100.0, 3, 2).cell(300.0, 0.0)
    (5, None)
    """

    x_m: float
    y_m: float
    cell_m: float
    columns: int
    rows: int

    def __post_init__(self) -> None:
        corner = math.isfinite(self.x_m) and math.isfinite(self.y_m)
        if not corner or not 0 < self.cell_m < math.inf or self.columns < 1 or self.rows < 1:
            raise InputError("grid: needs a finite corner, cell_m > 0, and at least one column and one row")
        if self.cells > MOST_CELLS:
            raise InputError(f"grid: {self.columns} x {self.rows} cells; at most {MOST_CELLS} are accepted")

    @property
    def cells(self) -> int:
        """Cells in all."""
        return self.columns * self.rows

    def cell(self, x_m: float, y_m: float) -> int | None:
        """The cell that holds a point, its western and southern edge included; None outside, or of NaN."""
        column, row = (x_m - self.x_m) / self.cell_m, (y_m - self.y_m) / self.cell_m
        if not (0 <= column < self.columns and 0 <= row < self.rows):
            return None
        return int(row) * self.columns + int(column)
