"""The box of all positions of a trace, on Earth also across the date line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twinhop.scenario.sanity import LARGEST_LAT_DEG, LARGEST_LON_DEG, lon_span

FloatArray = NDArray[np.float64]


class Bounds:
    """Least and largest east and north of positions, batch after batch.

    Attributes:
        lowest: (2,) least east and north; infinite without positions.
        highest: (2,) largest.
    """

    def __init__(self) -> None:
        self.lowest, self.highest = np.full(2, np.inf), np.full(2, -np.inf)
        self._turned = np.inf, -np.inf

    def add(self, place: FloatArray) -> None:
        """Take (n, 2) positions."""
        if not len(place):
            return
        self.lowest = np.minimum(self.lowest, place.min(axis=0))
        self.highest = np.maximum(self.highest, place.max(axis=0))
        turned = place[:, 0] % 360.0
        self._turned = min(self._turned[0], float(turned.min())), max(self._turned[1], float(turned.max()))

    @property
    def is_on_earth(self) -> bool:
        """Whether all positions lie in the range of longitude and latitude."""
        largest = np.maximum(np.abs(self.lowest), np.abs(self.highest))
        return bool(largest[0] <= LARGEST_LON_DEG and largest[1] <= LARGEST_LAT_DEG)

    def on_earth(self) -> tuple[FloatArray, FloatArray]:
        """Least and largest longitude and latitude, the largest longitude beyond 180 across the date line [degree]."""
        west, east = lon_span([(float(self.lowest[0]), float(self.highest[0])), self._turned])
        return np.array([west, self.lowest[1]]), np.array([east, self.highest[1]])
