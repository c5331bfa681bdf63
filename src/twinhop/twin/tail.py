"""The newest records of a twin's history, which are not sealed yet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twinhop.twin.records import Records

FIRST_ROOM = 16
"""Records for which there is room at first; the room doubles when it is full, up to the most there may be."""


class Tail:
    """Records in arrays that grow; late ones are put in their places.

    Args:
        width: columns of a state vector.
        most: records that it may hold.
    """

    __slots__ = ("_count", "_most", "_seq", "_time_s", "_values")

    def __init__(self, width: int, most: int) -> None:
        self._count = 0
        self._most = most
        self._seq = np.empty(FIRST_ROOM, np.int64)
        self._time_s = np.empty(FIRST_ROOM)
        self._values = np.empty((FIRST_ROOM, width))

    def __len__(self) -> int:
        return self._count

    def records(self) -> Records:
        """Views of all records; they hold until the tail changes."""
        return Records(self._seq[: self._count], self._time_s[: self._count], self._values[: self._count])

    def append(self, seq: int, time_s: float, values: NDArray[np.float64]) -> None:
        """Put a record at the end."""
        at = self._count
        if at == len(self._seq):
            self._grow()
        self._seq[at] = seq
        self._time_s[at] = time_s
        self._values[at] = values
        self._count = at + 1

    def insert(self, at: int, seq: int, time_s: float, values: NDArray[np.float64]) -> None:
        """Put a record before the one at the index ``at``."""
        self.append(seq, time_s, values)
        for array in (self._seq, self._time_s, self._values):
            array[at : self._count] = np.roll(array[at : self._count], 1, axis=0)

    def take(self, count: int) -> Records:
        """Remove the oldest ``count`` records; returns copies."""
        records = self.records().part(0, count)
        records = Records(records.seq.copy(), records.time_s.copy(), records.values.copy())
        rest = self._count - count
        for array in (self._seq, self._time_s, self._values):
            array[:rest] = array[count : self._count].copy()
        self._count = rest
        return records

    def _grow(self) -> None:
        room = min(2 * len(self._seq), self._most)
        for name in ("_seq", "_time_s", "_values"):
            old = getattr(self, name)
            new = np.empty((room, *old.shape[1:]), old.dtype)
            new[: self._count] = old[: self._count]
            setattr(self, name, new)
