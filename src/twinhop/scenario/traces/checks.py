"""What every trace must keep to, whatever its format: finite positions, and times that rise user by user."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.scenario.fields import LARGEST_COORDINATE_M, LARGEST_VALUE
from twinhop.scenario.traces.movements import Quantiles
from twinhop.scenario.traces.records import Batch, Roster

LARGEST_LON_DEG, LARGEST_LAT_DEG = 180.0, 90.0


class TraceChecks:
    """Checks batch after batch, and gathers what is known only in the end.

    Attributes:
        repeated: records left out since they repeat the one before of that user, time and place.
        records: how many remain.
        first_s: when the trace begins [s].
        until_s: when it ends [s].
        lowest: least east and north.
        highest: largest east and north.
        interval_s: times between two records of a user [s].
    """

    def __init__(self, path: Path, roster: Roster) -> None:
        self._path, self._roster = path, roster
        self._time_s = np.empty(0)
        self._at = np.empty((0, 2))
        self.repeated = self.records = 0
        self.first_s, self.until_s = np.inf, -np.inf
        self.lowest, self.highest = np.full(2, np.inf), np.full(2, -np.inf)
        self.interval_s = Quantiles()

    def accept(self, batch: Batch) -> Batch:
        """The batch without repeated records.

        Raises:
            InputError: a position or time is not finite or too large; the time of a user goes backwards; or a user is
                in two places at one time.
        """
        self._require_usable(batch)
        self.first_s, self.until_s = min(self.first_s, batch.first_s), max(self.until_s, batch.until_s)
        if not batch.time_s.size:
            return batch
        is_new = self._ordered(batch)
        self.repeated += int((~is_new).sum())
        self.records += int(is_new.sum())
        place = np.column_stack([batch.east, batch.north])
        self.lowest, self.highest = (
            np.minimum(self.lowest, place.min(axis=0)),
            np.maximum(self.highest, place.max(axis=0)),
        )
        if is_new.all():
            return batch
        line = None if batch.line is None else batch.line[is_new]
        code, time_s, east, north = (each[is_new] for each in (batch.code, batch.time_s, batch.east, batch.north))
        return batch._replace(code=code, time_s=time_s, east=east, north=north, line=line)

    def looks_geographic(self) -> bool:
        """Whether all positions lie in the range of longitude and latitude."""
        largest = np.maximum(np.abs(self.lowest), np.abs(self.highest))
        return bool(largest[0] <= LARGEST_LON_DEG and largest[1] <= LARGEST_LAT_DEG)

    def _require_usable(self, batch: Batch) -> None:
        for name, values, largest in (
            ("time", batch.time_s, LARGEST_VALUE),
            ("x", batch.east, LARGEST_COORDINATE_M),
            ("y", batch.north, LARGEST_COORDINATE_M),
        ):
            bad = np.flatnonzero(~(np.abs(values) <= largest))
            if bad.size:
                at = int(bad[0])
                self._refuse(batch, at, f"{name} must be a finite number up to {largest:g} (got {values[at]:g})")

    def _ordered(self, batch: Batch) -> NDArray[np.bool_]:
        """(n,) which records are no repetition of the one before of their user."""
        self._grow()
        order = np.argsort(batch.code, kind="stable")
        code, time_s = batch.code[order], batch.time_s[order]
        at = np.column_stack([batch.east, batch.north])[order]
        begins = np.r_[True, code[1:] != code[:-1]]
        before_s = np.where(begins, self._time_s[code], np.r_[0.0, time_s[:-1]])
        before_at = np.where(begins[:, None], self._at[code], np.r_[np.zeros((1, 2)), at[:-1]])
        same = time_s == before_s
        self._first_refused(batch, order, time_s < before_s, lambda k: f"goes backwards, from {before_s[k]:g} s")
        elsewhere = same & (at != before_at).any(axis=1)
        self._first_refused(batch, order, elsewhere, lambda _: "is given twice, at two places; take one record out")
        self.interval_s.add((time_s - before_s)[~same & np.isfinite(before_s)])
        ends = np.r_[begins[1:], True]
        self._time_s[code[ends]], self._at[code[ends]] = time_s[ends], at[ends]
        is_new = np.empty(len(order), np.bool_)
        is_new[order] = ~same
        return is_new

    def _grow(self) -> None:
        missing = len(self._roster) - len(self._time_s)
        if missing > 0:
            spare = max(missing, len(self._time_s))
            self._time_s = np.r_[self._time_s, np.full(spare, -np.inf)]
            self._at = np.r_[self._at, np.full((spare, 2), np.nan)]

    def _first_refused(
        self, batch: Batch, order: NDArray[np.intp], bad: NDArray[np.bool_], what: Callable[[int], str]
    ) -> None:
        places = np.flatnonzero(bad)
        if places.size:
            k = int(places[np.argmin(order[places])])
            at = int(order[k])
            self._refuse(batch, at, f"time {batch.time_s[at]:g} s {what(k)}")

    def _refuse(self, batch: Batch, at: int, what: str) -> None:
        place = str(self._path) if batch.line is None else f"{self._path}:{batch.line[at]}"
        moment = "" if batch.line is not None else f" at {batch.time_s[at]:g} s"
        name = self._roster.name(int(batch.code[at]))
        raise InputError(f"{place}: user {name!r}{moment}: {what}")
