"""Tables of positions in time: one row per user and time, with local metres or latitude and longitude."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinhop.errors import InputError
from twinhop.scenario.traces.clock import date_seconds
from twinhop.scenario.traces.parquet import parquet_columns, parquet_slices
from twinhop.scenario.traces.records import BATCH_RECORDS, USER, Batch, Reading, Roster
from twinhop.scenario.traces.source import EndsEarly
from twinhop.scenario.traces.tables import LINE, Rows, header_of, not_a_table, table_rows

if TYPE_CHECKING:
    import polars as pl

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
    column_of = {field: next((name for name in names if name in columns), None) for field, names in NAMES.items()}
    user, time = column_of["id"], column_of["time"]
    for east, north in (("x", "y"), ("lon", "lat")):
        east_column, north_column = column_of[east], column_of[north]
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


def read_positions_csv(path: Path, roster: Roster) -> Reading:
    """Read a CSV of positions, sorted by time or user by user; separated by commas, semicolons or tabs.

    Args:
        path: the file, plain or gzip-compressed; `id,time_s,x_m,y_m` or `id,time_s,lat,lon` and any further columns.
        roster: numbers the users.

    Raises:
        InputError: the columns are others, or, while the batches are taken, a cell is not usable or the file ends
            early.
    """
    columns = require_position_columns(path, header_of(path)[1])
    return positions_reading(path, columns, table_rows(path), roster)


def read_positions_parquet(path: Path, roster: Roster) -> Reading:
    """Read a Parquet table of positions, sorted by time or user by user; columns as in `read_positions_csv`.

    Raises:
        InputError: the file is damaged or its columns are others, or, while the batches are taken, a value is not
            usable; rows are named by their number from 1.
    """
    types = parquet_columns(path)
    columns = require_position_columns(path, list(types))
    names = [columns.user, columns.time, columns.east, columns.north]
    for name in names:
        _require_plain(path, name, types[name])
    as_text = [name for name in names if name == columns.user or not types[name].is_numeric()]
    return positions_reading(path, columns, _rows(path, names, as_text), roster)


def _rows(path: Path, names: list[str], as_text: list[str]) -> Iterator[Rows]:
    import polars as pl

    row = 1
    for cells in parquet_slices(path, names, BATCH_RECORDS):
        yield Rows(path, cells.with_columns(pl.col(as_text).cast(pl.String)).with_row_index(LINE, row))
        row += cells.height


def _require_plain(path: Path, name: str, of_type: pl.DataType) -> None:
    import polars as pl

    if of_type.is_nested() or of_type in (pl.Binary, pl.Object):
        raise InputError(f"{path}: {name}: must be a column of numbers, text or times (got {str(of_type)[:40]})")
