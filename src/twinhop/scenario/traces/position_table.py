"""Tables of positions in time: one row a user and time, with local metres or latitude and longitude."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from twinhop.errors import InputError
from twinhop.scenario.traces.clock import date_seconds
from twinhop.scenario.traces.records import USER, Batch, Reading, Roster
from twinhop.scenario.traces.source import EndsEarly
from twinhop.scenario.traces.tables import Rows, not_a_table

NAMES = {
    "id": ("id", "user", "user_id"),
    "time": ("time_s", "time", "timestamp"),
    "x": ("x_m", "x"),
    "y": ("y_m", "y"),
    "lat": ("lat", "latitude"),
    "lon": ("lon", "lng", "longitude"),
}
"""What the columns may be called."""
NEEDED = "id, time_s and x_m, y_m or lat, lon"


class Columns(NamedTuple):
    """The columns of a table of positions, as the file calls them."""

    user: str
    time: str
    east: str
    north: str
    is_geographic: bool


def position_columns(columns: Sequence[str]) -> Columns | None:
    """Which columns give what, or None where the table is no trace.

    >>> position_columns(["lat", "lon", "time", "id"])
    Columns(user='id', time='time', east='lon', north='lat', is_geographic=True)
    """
    found = {field: next((name for name in names if name in columns), None) for field, names in NAMES.items()}
    user, time = found["id"], found["time"]
    for east, north in (("x", "y"), ("lon", "lat")):
        east_column, north_column = found[east], found[north]
        if user and time and east_column and north_column:
            return Columns(user, time, east_column, north_column, east == "lon")
    return None


def require_position_columns(path: Path, header: Sequence[str]) -> Columns:
    """Which columns give what.

    Args:
        path: the file, for messages.
        header: its columns.

    Raises:
        InputError: columns are missing, or positions are given twice.
    """
    columns = position_columns(header)
    if columns is None:
        raise not_a_table(path, "a table of positions in time", NEEDED)
    if any(NAMES[a][0] in header and NAMES[b][0] in header for a, b in (("x", "lat"), ("y", "lon"))):
        raise InputError(f"{path}: gives both x_m,y_m and lat,lon; take one pair out")
    return columns


def positions_reading(path: Path, columns: Columns, rows: Iterator[Rows], roster: Roster) -> Reading:
    """Read the rows of a table of positions, sorted by time or user by user.

    Args:
        path: the file, for messages.
        columns: which columns give what. Times are seconds, or dates and times (ISO 8601, UTC unless they say
            otherwise).
        rows: its rows.
        roster: numbers the users.

    Raises:
        InputError: there is no row, or, while the batches are taken, a cell is not usable or the file ends early.
    """
    first = next(rows, None)
    if first is None:
        raise InputError(f"{path}: has no rows below its header; at least one is needed")
    begins = first.cells[columns.time][0]
    is_clock = isinstance(begins, str) and date_seconds(begins) is not None
    return Reading(_batches(path, first, rows, columns, is_clock, roster), columns.is_geographic, is_clock)


def _batches(
    path: Path, first: Rows, rows: Iterator[Rows], columns: Columns, is_clock: bool, roster: Roster
) -> Iterator[Batch]:
    until = "no row is whole"
    each: Rows | None = first
    try:
        while each is not None:
            time_s = each.times(columns.time, is_clock)
            east, north = each.numbers(columns.east), each.numbers(columns.north)
            code = each.users(columns.user, roster.codes(USER))
            until = f"the last time read is {each.cells[columns.time][-1]}"
            yield Batch(code, time_s, east, north, float(np.min(time_s)), float(np.max(time_s)), each.lines)
            each = next(rows, None)
    except EndsEarly as error:
        raise InputError(f"{path}: {error}; {until}") from None
