"""What every trace must keep to, whatever its format: finite positions, and times that rise user by user."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinhop.scenario.fields import LARGEST_COORDINATE_M
from twinhop.scenario.sanity import LARGEST_LAT_DEG, LARGEST_LON_DEG, UNPLACED, latitude_fault
from twinhop.scenario.time_unit import LEAST_MILLISECONDS
from twinhop.scenario.traces.bad_records import BadRecords
from twinhop.scenario.traces.bounds import Bounds
from twinhop.scenario.traces.clock import moment_text
from twinhop.scenario.traces.movements import Quantiles
from twinhop.scenario.traces.odometer import Odometer, Steps
from twinhop.scenario.traces.records import Batch, Roster

DAY_S = 86_400.0
SORT_HINT = "; --sort sorts the records by time"
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


class ZeroPosition(NamedTuple):
    """A record at latitude 0, longitude 0.

    Attributes:
        code: user.
        time_s: when [s].
        line: of the file; -1 without.
    """

    code: int
    time_s: float
    line: int


class TraceChecks:
    """Checks batch after batch, and gathers what is known only in the end.

    Attributes:
        is_date: whether times are seconds since 1970, for messages; known once the first batch is there.
        repeated: records left out since they repeat the one before of that user, time and place.
        records: how many remain.
        first_s: when the trace begins [s].
        until_s: when it ends [s].
        bounds: of all positions.
        bounds_elsewhere: of those that are not (0, 0).
        zeros: how many are (0, 0).
        first_zero: the first of them.
        interval_s: times between two records of a user [s].
        as_metres: speeds, were positions metres.
        as_degrees: speeds, were positions longitudes and latitudes.
    """

    def __init__(self, path: Path, roster: Roster, bad: BadRecords) -> None:
        self._path, self._roster, self._bad = path, roster, bad
        self._time_s = np.empty(0)
        self._at = np.empty((0, 2))
        self.is_date = False
        self.repeated = self.records = self.zeros = 0
        self.first_s, self.until_s = np.inf, -np.inf
        self.bounds, self.bounds_elsewhere = Bounds(), Bounds()
        self.first_zero: ZeroPosition | None = None
        self.interval_s = Quantiles()
        self.as_metres, self.as_degrees = Odometer(geographic=False), Odometer(geographic=True)

    @property
    def has_records(self) -> BoolArray:
        """(N,) which users of the roster have a record."""
        self._grow()
        return np.isfinite(self._time_s[: len(self._roster)])

    def widen(self, first_s: float | None, until_s: float | None) -> None:
        """Let the trace last from and until a time, whether there are records or not."""
        if first_s is not None and until_s is not None:
            self.first_s, self.until_s = min(self.first_s, first_s), max(self.until_s, until_s)

    def usable(self, batch: Batch, geographic: bool | None) -> Batch:
        """The batch without records that cannot be used.

        Args:
            batch: records.
            geographic: whether positions are longitude and latitude; None: not known yet.

        Raises:
            InputError: there is one, and such are not left out.
        """
        faulty = np.zeros(len(batch.time_s), np.bool_)
        for name, values, largest in (
            ("time", batch.time_s, LEAST_MILLISECONDS),
            ("x", batch.east, LARGEST_COORDINATE_M),
            ("y", batch.north, LARGEST_COORDINATE_M),
        ):
            for at in np.flatnonzero(~(np.abs(values) <= largest) & ~faulty).tolist():
                mark = ", a mark of no position" if values[at] == UNPLACED else ""
                self._leave_out(
                    batch, at, f"{name} must be a finite number up to {largest:g} (got {values[at]:g}{mark})"
                )
                faulty[at] = True
        if geographic:
            off = (np.abs(batch.north) > LARGEST_LAT_DEG) | (np.abs(batch.east) > LARGEST_LON_DEG)
            for at in np.flatnonzero(off & ~faulty).tolist():
                fault = latitude_fault(float(batch.north[at]), float(batch.east[at]))
                self._leave_out(batch, at, fault or "is not on Earth")
                faulty[at] = True
        return batch.where(~faulty)

    def ordered(self, batch: Batch) -> Batch:
        """The batch without repeated records, counted and measured.

        Raises:
            InputError: the time of a user goes backwards, or a user is in two places at one time, and such records are
                not left out.
        """
        self.widen(batch.first_s, batch.until_s)
        if not batch.time_s.size:
            return batch
        self._grow()
        batch = self._in_order(batch)
        if not batch.time_s.size:
            return batch
        self.widen(float(batch.time_s.min()), float(batch.time_s.max()))
        is_new = self._measured(batch)
        self.repeated += int((~is_new).sum())
        self.records += int(is_new.sum())
        self._bound(batch)
        return batch.where(is_new)

    def _bound(self, batch: Batch) -> None:
        place = np.column_stack([batch.east, batch.north])
        zero = (place == 0.0).all(axis=1)
        self.bounds.add(place)
        self.bounds_elsewhere.add(place[~zero])
        if zero.any():
            self.zeros += int(zero.sum())
            at = int(np.argmax(zero))
            if self.first_zero is None:
                line = -1 if batch.line is None else int(batch.line[at])
                self.first_zero = ZeroPosition(int(batch.code[at]), float(batch.time_s[at]), line)

    def _in_order(self, batch: Batch) -> Batch:
        """The batch without records that go backwards, or are elsewhere at the same time.

        Raises:
            InputError: there is one, and such are not left out.
        """
        steps = self._from_before(batch)
        time_s = batch.time_s[steps.order]
        wrong = (time_s < steps.before_s) | ((time_s == steps.before_s) & steps.is_elsewhere)
        if not wrong.any():
            return batch
        if not self._bad.skip:
            at = int(np.min(steps.order[wrong]))
            self._leave_out(batch, at, *self._disorder(batch, at, float(steps.before_s[steps.order == at][0])))
        return batch.where(self._without_disorder(batch, np.unique(batch.code[steps.order[wrong]])))

    def _without_disorder(self, batch: Batch, codes: NDArray[np.int32]) -> BoolArray:
        """(n,) which records stay when those of some users that are out of order are left out."""
        stays = np.ones(len(batch.time_s), np.bool_)
        affected = np.flatnonzero(np.isin(batch.code, codes))
        last = {int(code): (float(self._time_s[code]), self._at[code].tolist()) for code in codes}
        for at in affected.tolist():
            code, time_s, place = int(batch.code[at]), float(batch.time_s[at]), [batch.east[at], batch.north[at]]
            before_s, before = last[code]
            if time_s < before_s or (time_s == before_s and place != before):
                self._leave_out(batch, at, *self._disorder(batch, at, before_s))
                stays[at] = False
            else:
                last[code] = time_s, place
        return stays

    def _disorder(self, batch: Batch, at: int, before_s: float) -> tuple[str, str]:
        """What is wrong with a record that is not after the one before, and what mends it."""
        time_s = float(batch.time_s[at])
        moment = f"time {moment_text(time_s, self.is_date)}"
        if time_s == before_s:
            return f"{moment} is given twice, at two places; take one record out", ""
        starts_anew = not self.is_date and 0.75 * DAY_S < before_s < DAY_S and 0 <= time_s < 0.25 * DAY_S
        hint = "; if its clock starts anew at midnight, give dates" if starts_anew else SORT_HINT
        return f"{moment} goes backwards, from {moment_text(before_s, self.is_date)}", hint

    def _measured(self, batch: Batch) -> BoolArray:
        """(n,) which records are no repetition of the one before of their user; counts the steps."""
        steps = self._from_before(batch)
        order = steps.order
        code, time_s = batch.code[order], batch.time_s[order]
        same = time_s == steps.before_s
        is_step = ~same & np.isfinite(steps.before_s)
        self.interval_s.add((time_s - steps.before_s)[is_step])
        self._count_steps(batch, steps, is_step)
        ends = np.r_[code[1:] != code[:-1], True]
        self._time_s[code[ends]], self._at[code[ends]] = time_s[ends], steps.at[ends]
        is_new = np.empty(len(order), np.bool_)
        is_new[order] = ~same
        return is_new

    def _count_steps(self, batch: Batch, before: _FromBefore, is_step: BoolArray) -> None:
        order = before.order[is_step]
        missing = np.full(len(batch.code), -1)
        steps = Steps(
            batch.code[order],
            batch.time_s[order],
            batch.time_s[order] - before.before_s[is_step],
            before.before_at[is_step],
            before.at[is_step],
            (missing if batch.line is None else batch.line)[order],
            (missing * np.nan if batch.speed_mps is None else batch.speed_mps)[order],
        )
        self.as_metres.add(steps)
        self.as_degrees.add(steps)

    def _from_before(self, batch: Batch) -> _FromBefore:
        order = np.argsort(batch.code, kind="stable")
        code, time_s = batch.code[order], batch.time_s[order]
        at = np.column_stack([batch.east, batch.north])[order]
        begins = np.r_[True, code[1:] != code[:-1]]
        before_s = np.where(begins, self._time_s[code], np.r_[0.0, time_s[:-1]])
        before_at = np.where(begins[:, None], self._at[code], np.r_[np.zeros((1, 2)), at[:-1]])
        return _FromBefore(order, at, before_s, before_at)

    def _grow(self) -> None:
        missing = len(self._roster) - len(self._time_s)
        if missing > 0:
            spare = max(missing, len(self._time_s))
            self._time_s = np.r_[self._time_s, np.full(spare, -np.inf)]
            self._at = np.r_[self._at, np.full((spare, 2), np.nan)]

    def _leave_out(self, batch: Batch, at: int, what: str, hint: str = "") -> None:
        place = str(self._path) if batch.line is None or batch.line[at] < 0 else f"{self._path}:{batch.line[at]}"
        has_line = place != str(self._path)
        moment = "" if has_line else f" at {moment_text(float(batch.time_s[at]), self.is_date)}"
        name = self._roster.name(int(batch.code[at]))
        self._bad.add(f"{place}: user {name!r}{moment}: {what}", hint)


class _FromBefore(NamedTuple):
    """Records user by user, with the one before each.

    Attributes:
        order: (n,) their indices in the batch.
        at: (n, 2) east and north.
        before_s: (n,) time of the record before; infinitely early without [s].
        before_at: (n, 2) east and north of the record before.
    """

    order: NDArray[np.intp]
    at: FloatArray
    before_s: FloatArray
    before_at: FloatArray

    @property
    def is_elsewhere(self) -> BoolArray:
        """(n,) which are at another place than the record before."""
        return (self.at != self.before_at).any(axis=1)
