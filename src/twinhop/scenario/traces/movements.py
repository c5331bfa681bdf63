"""How the users of a trace move from record to record: intervals, gaps and speeds, counted as the records pass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BINS_PER_DECADE = 200
LEAST, LARGEST = 1e-3, 1e9
"""Values outside are counted at the ends."""
GAP_INTERVALS = 1.5
"""Time between two records of a user longer than this many typical intervals is a gap."""

FloatArray = NDArray[np.float64]


class Quantiles:
    """Counts of values on a logarithmic scale, to about one part in a hundred."""

    def __init__(self) -> None:
        self._edges = np.geomspace(LEAST, LARGEST, round(np.log10(LARGEST / LEAST)) * BINS_PER_DECADE + 1)
        self._counts = np.zeros(len(self._edges) + 1, np.int64)
        self.largest = 0.0

    def add(self, values: FloatArray) -> None:
        """Count values, not negative."""
        if values.size:
            self._counts += np.bincount(np.searchsorted(self._edges, values), minlength=len(self._counts))
            self.largest = max(self.largest, float(values.max()))

    def at(self, share: float) -> float:
        """The value below which that share of all values lie; 0 without values.

        >>> speeds = Quantiles()
        >>> speeds.add(np.array([1.0, 2.0, 3.0]))
        >>> round(speeds.at(0.5), 1)
        2.0
        """
        total = int(self._counts.sum())
        if total == 0:
            return 0.0
        at = int(np.searchsorted(np.cumsum(self._counts), max(1, np.ceil(share * total))))
        if at == 0:
            return 0.0
        return min(float(self._edges[min(at, len(self._edges) - 1)]), self.largest)


class Successors:
    """The record before each record of the same user, as batches pass."""

    def __init__(self, users: int) -> None:
        self._time_s = np.full(users, np.nan)
        self._xy_m = np.full((users, 2), np.nan)

    def steps(self, code: NDArray[np.int32], time_s: FloatArray, xy_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Duration [s] and distance [m] from the record before to each record that has one.

        Args:
            code: (n,) user.
            time_s: (n,) times, rising for each user [s].
            xy_m: (n, 2) positions [m].
        """
        order = np.argsort(code, kind="stable")
        code, time_s, xy_m = code[order], time_s[order], xy_m[order]
        begins = np.r_[True, code[1:] != code[:-1]]
        before_s = np.where(begins, self._time_s[code], np.r_[0.0, time_s[:-1]])
        before_m = np.where(begins[:, None], self._xy_m[code], np.r_[np.zeros((1, 2)), xy_m[:-1]])
        ends = np.r_[begins[1:], True]
        self._time_s[code[ends]], self._xy_m[code[ends]] = time_s[ends], xy_m[ends]
        known = ~np.isnan(before_s)
        return (time_s - before_s)[known], np.hypot(*(xy_m - before_m)[known].T)


class Movements:
    """What the summary says of an import.

    Attributes:
        speed_mps: speeds between records [m/s].
        bridged: gaps that resampling bridges.
        absent: gaps too long for that.
    """

    def __init__(self, users: int, typical_interval_s: float, longest_gap_s: float) -> None:
        self._successors = Successors(users)
        self._gap_s, self._longest_gap_s = GAP_INTERVALS * typical_interval_s, longest_gap_s
        self.speed_mps = Quantiles()
        self.bridged = self.absent = 0

    def add(self, code: NDArray[np.int32], time_s: FloatArray, xy_m: FloatArray) -> None:
        """Count records, in the order of time."""
        steps_s, steps_m = self._successors.steps(code, time_s, xy_m)
        near = steps_s <= self._longest_gap_s
        self.speed_mps.add((steps_m / steps_s)[near])
        self.bridged += int((near & (steps_s > self._gap_s)).sum())
        self.absent += int((~near).sum())
