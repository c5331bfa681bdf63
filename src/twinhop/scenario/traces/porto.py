"""The taxis of Porto (ECML PKDD 2015): a row a trip, its places as a polyline, 15 s from one to the next."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from twinhop.errors import InputError
from twinhop.io.byte_blocks import EndsEarly
from twinhop.io.table import Dialect, open_records, parse_number, sniff
from twinhop.scenario.traces.bad_records import BadRecords
from twinhop.scenario.traces.records import BATCH_RECORDS, USER, Batch, Reading, ReadOptions, Roster
from twinhop.scenario.traces.tables import EXPECTED, not_a_table
from twinhop.text import counted

STEP_S = 15.0
"""Time from one place of a polyline to the next [s]; the description of the data says so."""
POLYLINE, TIMESTAMP, TAXI, TRIP, MISSING = "polyline", "timestamp", "taxi_id", "trip_id", "missing_data"
Columns = dict[str, int]


def is_porto(columns: Sequence[str]) -> bool:
    """Whether a table has polylines and times, and taxis or trips.

    >>> is_porto(["TRIP_ID", "TAXI_ID", "TIMESTAMP", "MISSING_DATA", "POLYLINE"]), is_porto(["id", "time"])
    (True, False)
    """
    names = {name.strip().lower() for name in columns}
    return {POLYLINE, TIMESTAMP} <= names and bool({TAXI, TRIP} & names)


def read_porto(path: Path, roster: Roster, options: ReadOptions | None = None) -> Reading:
    """Read trips: `TAXI_ID` (or `TRIP_ID`, without taxis) is the user, `TIMESTAMP` the beginning [s since 1970].

    Trips whose `MISSING_DATA` is true lack places, so that times are unknown: they are left out and counted, as are
    trips without a place. Between trips a taxi is absent.

    Args:
        path: the file, plain or gzip-compressed.
        roster: numbers the users.
        options: the time from place to place, if it is not 15 s, and what is done with trips that cannot be used.

    Raises:
        InputError: the columns are others, or, while the batches are taken, a trip is not usable.

    Source: Taxi Service Trajectory, Prediction Challenge ECML PKDD 2015, description of the data.
    """
    options = options or ReadOptions()
    dialect = sniff(path, EXPECTED)
    if not is_porto(dialect.columns):
        raise not_a_table(path, "a file of Porto's taxis", "TAXI_ID, TIMESTAMP, POLYLINE")
    names = [name.lower() for name in dialect.columns]
    columns = {name: names.index(name) for name in (TAXI, TRIP, TIMESTAMP, MISSING, POLYLINE) if name in names}
    if TAXI in columns:
        columns.pop(TRIP, None)
    notes = list(dialect.notes)
    reading = Reading(
        iter(()),
        is_geographic=True,
        is_clock=True,
        is_unsorted=True,
        notes=notes,
        times=f"seconds since 1970 at the beginning of a trip, {options.step_s or STEP_S:g} s from place to place",
        layout=f"trips, separated by {dialect.separated_by}",
        columns_used=tuple(dialect.columns[at] for at in columns.values()),
        columns_unused=tuple(name for at, name in enumerate(dialect.columns) if name and at not in columns.values()),
    )
    reading.batches = _batches(dialect, columns, roster, options, notes)
    return reading


def _batches(
    dialect: Dialect, columns: Columns, roster: Roster, options: ReadOptions, notes: list[str]
) -> Iterator[Batch]:
    trips = _Trips(dialect.path, columns, roster, options)
    try:
        for line, cells in open_records(dialect, notes, EXPECTED, options.bad.add):
            trips.add(line, cells)
            if trips.records >= BATCH_RECORDS:
                yield trips.take()
    except EndsEarly as error:
        raise InputError(f"{dialect.path}: {error}; {counted(trips.count, 'whole trip')} before") from None
    notes += trips.notes()
    if trips.records:
        yield trips.take()


class _Trips:
    """Trips that wait until they are taken.

    Attributes:
        records: how many places wait.
        count: how many trips were read.
    """

    def __init__(self, path: Path, columns: Columns, roster: Roster, options: ReadOptions) -> None:
        self._path, self._columns, self._codes = path, columns, roster.codes(USER)
        self._bad: BadRecords = options.bad
        self._step_s = options.step_s or STEP_S
        self._waiting: list[tuple[int, int, float, np.ndarray]] = []
        self._lacking = self._empty = 0
        self.records = self.count = 0

    def add(self, line: int, cells: list[str]) -> None:
        """Take a trip."""
        self.count += 1
        missing = self._columns.get(MISSING)
        if missing is not None and cells[missing].lower() in ("true", "1"):
            self._lacking += 1
            return
        begin_s, places = self._begin(cells), self._places(cells)
        if begin_s is None:
            self._leave_out(line, "TIMESTAMP: must be seconds since 1970", cells[self._columns[TIMESTAMP]])
        elif places is None:
            self._leave_out(line, "POLYLINE: must be [[longitude, latitude], ...]", cells[self._columns[POLYLINE]])
        elif not len(places):
            self._empty += 1
        else:
            user = cells[self._columns.get(TAXI, self._columns.get(TRIP, 0))]
            self._waiting.append((line, self._codes[user], begin_s, places))
            self.records += len(places)

    def _begin(self, cells: list[str]) -> float | None:
        begin_s = parse_number(cells[self._columns[TIMESTAMP]])
        return None if begin_s is None else float(begin_s)

    def _places(self, cells: list[str]) -> np.ndarray | None:
        try:
            places = np.array(json.loads(cells[self._columns[POLYLINE]]), dtype=np.float64)
        except (ValueError, TypeError, OverflowError, RecursionError):
            return None
        if places.size == 0:
            return places.reshape(0, 2)
        return places if places.ndim == 2 and places.shape[1] == 2 else None

    def _leave_out(self, line: int, what: str, cell: str) -> None:
        self._bad.add(f"{self._path}:{line}: {what} (got {cell[:40]!r})")

    def take(self) -> Batch:
        """The places of the trips so far."""
        counts = [len(places) for *_, places in self._waiting]
        line, code, begin_s = (np.repeat(column, counts) for column in list(zip(*self._waiting, strict=True))[:3])
        place = np.concatenate([places for *_, places in self._waiting])
        steps = np.concatenate([np.arange(count) for count in counts])
        self._waiting, self.records = [], 0
        time_s = np.asarray(begin_s + self._step_s * steps, dtype=np.float64)
        return Batch(code.astype(np.int32), time_s, place[:, 0].copy(), place[:, 1].copy(), line=line.astype(np.int64))

    def notes(self) -> list[str]:
        """What was left out."""
        notes = []
        if self._lacking:
            notes.append(f"{counted(self._lacking, 'trip')} with MISSING_DATA left out, since times are then unknown")
        if self._empty:
            notes.append(f"{counted(self._empty, 'trip')} without a place left out")
        return notes
