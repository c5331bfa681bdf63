"""How many members there are."""

from __future__ import annotations

import numpy as np

from twinhop.twin.service.aggregate import Extract, FloatArray, Summary


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
