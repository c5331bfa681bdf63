"""Quantiles of one column of the members' extracts."""

from __future__ import annotations

import math
from bisect import bisect_left, insort

import numpy as np

from twinhop.errors import InputError
from twinhop.twin.service.aggregate import Extract, FloatArray, Summary


class Quantiles(Summary):
    """Exact quantiles by linear interpolation between order statistics (Hyndman and Fan's type 7).

    The values are kept sorted: an update looks up its place in O(log n) and moves what lies behind it in one block.

    Args:
        column: position in the extract.
        levels: in [0, 1].
    """

    def __init__(self, column: int, levels: tuple[float, ...]) -> None:
        if not levels or not all(0 <= level <= 1 for level in levels):
            raise InputError(f"quantiles: levels must lie in [0, 1], at least one (got {list(levels)})")
        self._column, self._levels = column, levels
        self._sorted: list[float] = []

    def change(self, member: int, before: Extract, after: Extract, time_s: float) -> None:
        """See `Aggregate.change`."""
        old = math.nan if before is None else before[self._column]
        new = math.nan if after is None else after[self._column]
        if old == new:
            return
        if not math.isnan(old):
            del self._sorted[bisect_left(self._sorted, old)]
        if not math.isnan(new):
            insort(self._sorted, new + 0.0)

    def value(self) -> FloatArray:
        """(levels,) quantiles, NaN without any known value."""
        return np.array([self._quantile(level) for level in self._levels])

    def _quantile(self, level: float) -> float:
        if not self._sorted:
            return math.nan
        place = level * (len(self._sorted) - 1)
        below = math.floor(place)
        low, high = self._sorted[below], self._sorted[min(below + 1, len(self._sorted) - 1)]
        return low + (high - low) * (place - below) if high > low else low
