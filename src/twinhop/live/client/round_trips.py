"""How long updates took from being sent to being acknowledged, in bounded memory."""

from __future__ import annotations

import math
from collections import Counter

#: Durations within this factor of each other are one.
STEP = 1.05
LEAST_S = 1e-5


class RoundTrips:
    """Durations in classes that are 5 % wide.

    >>> trips = RoundTrips()
    >>> trips.add(0.010, 99); trips.add(0.500, 1)
    >>> round(trips.quantile_s(0.5), 3), round(trips.quantile_s(0.995), 1)
    (0.01, 0.5)
    """

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def add(self, seconds: float, count: int = 1) -> None:
        """Count a duration [s]."""
        self._counts[round(math.log(max(seconds, LEAST_S), STEP))] += count

    def merge(self, other: RoundTrips) -> None:
        """Count those of another, too."""
        self._counts += other._counts

    def quantile_s(self, share: float) -> float:
        """The duration that a share of all does not exceed; NaN where there is none [s]."""
        rest = share * self._counts.total()
        for step in sorted(self._counts):
            rest -= self._counts[step]
            if rest <= 0:
                return STEP**step
        return math.nan
