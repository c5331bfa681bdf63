"""Records to which a user would be too fast: jumps of a receiver, left out one by one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twinhop.scenario.sanity import distance_m
from twinhop.scenario.traces.records import Batch
from twinhop.text import counted

MOST_LEFT_OUT = 20
"""After so many records of a user in a row, the next is where it is: the one before them was off, or it teleported."""
BoolArray = NDArray[np.bool_]


class SpeedLimit:
    """Takes records in the order of time.

    Attributes:
        left_out: how many were left out.
    """

    def __init__(self, limit_mps: float, geographic: bool, notes: list[str]) -> None:
        self._limit_mps, self._geographic, self._notes = limit_mps, geographic, notes
        self._last: dict[int, tuple[float, float, float]] = {}
        self._streak: dict[int, int] = {}
        self._alone: set[int] = set()
        self.left_out = 0
        self._note: int | None = None

    def stays(self, batch: Batch) -> BoolArray:
        """(n,) which records of a batch stay."""
        stays = np.ones(len(batch.time_s), np.bool_)
        order = np.argsort(batch.code, kind="stable")
        for indices in np.split(order, np.flatnonzero(np.diff(batch.code[order])) + 1):
            if indices.size:
                self._limit_user(batch, indices, stays)
        self._say(int((~stays).sum()))
        return stays

    def _limit_user(self, batch: Batch, indices: NDArray[np.intp], stays: BoolArray) -> None:
        code = int(batch.code[indices[0]])
        time_s = batch.time_s[indices]
        place = np.column_stack([batch.east[indices], batch.north[indices]])
        last = self._last.get(code)
        if last is None and self._first_is_off(time_s, place):
            stays[indices[0]] = False
            indices, time_s, place = indices[1:], time_s[1:], place[1:]
        if last is not None:
            time_s, place = np.r_[last[0], time_s], np.vstack([last[1:], place])
            indices = np.r_[-1, indices]
        kept = self._without_jumps(code, time_s, place)
        off = np.setdiff1d(np.arange(len(time_s)), kept)
        stays[indices[off]] = False
        at = kept[-1]
        self._last[code] = float(time_s[at]), float(place[at, 0]), float(place[at, 1])

    def _first_is_off(self, time_s: NDArray[np.float64], place: NDArray[np.float64]) -> bool:
        """Whether the second and third record belong together, and the first to neither."""
        if len(time_s) < 3:
            return False
        fast = [self._is_fast(time_s[[a, b]], place[[a, b]])[0] for a, b in ((0, 1), (0, 2), (1, 2))]
        return bool(fast[0] and fast[1] and not fast[2])

    def _without_jumps(self, code: int, time_s: NDArray[np.float64], place: NDArray[np.float64]) -> list[int]:
        """Indices of the records that stay; the first does."""
        fast = self._is_fast(time_s, place)
        kept = [0]
        streak = self._streak.get(code, 0)
        for at in range(1, len(time_s)):
            before = kept[-1]
            if streak < MOST_LEFT_OUT and (
                fast[at - 1] if before == at - 1 else self._is_fast(time_s[[before, at]], place[[before, at]])[0]
            ):
                streak += 1
                continue
            kept.append(at)
            streak = 0
        self._streak[code] = streak
        return kept

    def _is_fast(self, time_s: NDArray[np.float64], place: NDArray[np.float64]) -> BoolArray:
        begin, end = place[:-1], place[1:]
        length_m = distance_m(begin, end) if self._geographic else np.hypot(*(end - begin).T)
        return length_m > self._limit_mps * np.diff(time_s)

    def _say(self, count: int) -> None:
        self.left_out += count
        if not self.left_out:
            return
        verb = "was" if self.left_out == 1 else "were"
        note = (
            f"{counted(self.left_out, 'record')} to which a user would be faster than {self._limit_mps:g} m/s {verb} "
            "left out (--max-speed-mps)"
        )
        if self._note is None:
            self._note = len(self._notes)
            self._notes.append(note)
        self._notes[self._note] = note
