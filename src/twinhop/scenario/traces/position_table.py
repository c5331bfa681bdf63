"""Tables of positions in time: one row per user and time, with local metres or latitude and longitude."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twinhop.errors import InputError
from twinhop.io.byte_blocks import EndsEarly
from twinhop.io.parquet import parquet_columns, parquet_slices
from twinhop.io.table import Dialect, is_unnamed, sniff
from twinhop.scenario.column_names import NAMES, ColumnChoice, match_columns, quantities_of, spelling
from twinhop.scenario.time_unit import NAMED_UNIT
from twinhop.scenario.traces.clock import Clock
from twinhop.scenario.traces.records import BATCH_RECORDS, USER, Batch, Reading, ReadOptions, Roster
from twinhop.scenario.traces.tables import EXPECTED, LINE, Rows, not_a_table, table_rows

if TYPE_CHECKING:
    import polars as pl

WANTED = ("id", "time", "x_m", "y_m", "x", "y", "lat", "lon", "speed")
PAIRS = (("x_m", "y_m"), ("x", "y"), ("lon", "lat"))
"""East and north."""
NEEDED = "id, time_s and x_m, y_m or lat, lon (or state them by --columns user=...,time=...,lat=...,lon=...)"
FIRST_CHOICE = {
    "time": ("time_s", "time", "timestamp"),
    "x_m": ("x_m",),
    "y_m": ("y_m",),
    "x": ("x",),
    "y": ("y",),
    "lat": ("lat", "latitude"),
    "lon": ("lon", "lng", "longitude"),
    "speed": ("speed_mps", "speed"),
    "id": ("id", "user", "user_id"),
}
"""Of several columns that give one quantity, those that are taken, in this order."""
DATES = ("date", "day", "localdate", "utcdate", "gpsdate", "dateutc", "datelocal")
"""What a column is called that holds the day where another holds the time of day; spelled as `spelling` does."""
SILENT = ("altitude", "speed", "heading")
"""Quantities beside latitude and longitude that name neither a user nor a time."""
SILENT_NAMES = frozenset(
    (
        *("accuracy", "horizontalaccuracy", "verticalaccuracy", "hacc", "vacc", "precision", "hdop", "vdop", "pdop"),
        *("satellites", "sat", "sats", "nsat", "fix", "provider", "battery", "batterylevel", "temperature", "hr"),
        *("heartrate", "cadence", "power", "distance", "activity", "mode", "occupied", "occupancy", "weather"),
    )
)
"""Further such columns, as loggers call them; spelled as `column_names.spelling` does."""


@dataclass(frozen=True)
class PositionColumns:
    """The columns of a table of positions.

    Attributes:
        index_of: `id`, where there are users, `time`, `east`, `north`, and `speed` and `date`, where there is one.
        is_geographic: whether east and north are longitude and latitude; None: not said.
        used: names of those columns.
        unused: names of the others.
    """

    index_of: Mapping[str, int]
    is_geographic: bool | None
    used: tuple[str, ...]
    unused: tuple[str, ...]


def position_columns(columns: Sequence[str], choice: ColumnChoice, where: str) -> PositionColumns | None:
    """Which columns give what, or None where the table is no trace.

    Args:
        columns: as the file writes them.
        choice: what `--columns` states.
        where: file and line, for messages.

    Raises:
        InputError: positions are given twice, or a column that was stated does not exist.

    >>> position_columns(["lat", "lng", "datetime", "uid"], ColumnChoice(), "a.csv:1").used
    ('uid', 'datetime', 'lng', 'lat')
    """
    choice = _settled(columns, choice, where)
    index_of = match_columns(columns, WANTED, choice, where, identity="user").index_of
    stated = choice.column_of
    pairs = [pair for pair in PAIRS if set(pair) <= set(index_of)]
    chosen = [pair for pair in pairs if set(pair) & set(stated)] or pairs
    if "time" not in index_of or not chosen:
        return None
    if ("x_m", "y_m") in chosen and ("lon", "lat") in chosen:
        raise InputError(
            f"{where}: gives both x_m,y_m and lat,lon; take one pair out, or say which by --columns lat=...,lon=..."
        )
    east, north = chosen[0]
    places = {"time": index_of["time"], "east": index_of[east], "north": index_of[north]}
    places |= {key: index_of[key] for key in ("id", "speed") if key in index_of}
    dates = [at for at, name in enumerate(columns) if spelling(name) in DATES and at not in places.values()]
    if len(dates) == 1:
        places["date"] = dates[0]
    used = [places[key] for key in ("id", "date", "time", "east", "north", "speed") if key in places]
    unused = [name for at, name in enumerate(columns) if at not in used and not is_unnamed(name)]
    is_geographic = {"x_m": False, "x": None, "lon": True}[east]
    return PositionColumns(places, is_geographic, tuple(columns[at] for at in used), tuple(unused))


def _settled(columns: Sequence[str], choice: ColumnChoice, where: str) -> ColumnChoice:
    """The choice, with the first of several columns that give one quantity, and times that name a unit.

    Raises:
        InputError: a column is given twice.
    """
    column_of = dict(choice.column_of)
    if "user" in column_of:
        column_of.setdefault("id", column_of["user"])
    for quantity, names in FIRST_CHOICE.items():
        if quantity in column_of or (quantity == "id" and "user" in column_of):
            continue
        spellings = {spelling(name) for name in NAMES["user" if quantity == "id" else quantity]}
        spellings |= {"id"} if quantity == "id" else set()
        several = [name for name in columns if spelling(name) in spellings and name not in choice.column_of.values()]
        first = next((name for name in names if name in [each.strip().lower() for each in several]), None)
        if len(several) > 1 and first is not None and quantity != "id":
            column_of[quantity] = next(name for name in several if name.strip().lower() == first)
            if several.count(column_of[quantity]) > 1:
                raise InputError(f"{where}: the column {column_of[quantity][:40]!r} is given twice")
        elif not several and quantity == "time":
            in_a_unit = next(filter(_is_time_in_a_unit, columns), None)
            if in_a_unit is not None:
                column_of["time"] = in_a_unit
    return ColumnChoice(column_of)


def _is_time_in_a_unit(name: str) -> bool:
    """Whether a column is called `timestamp_ms`, `time (ns)` and the like."""
    unit = NAMED_UNIT.search(name.strip())
    return unit is not None and "time" in quantities_of(name[: unit.start()])


def has_one_user(columns: Sequence[str], positions: PositionColumns) -> bool:
    """Whether a table without a column of users holds the path of one: no column is left that could name users."""
    others = [name for name in columns if name not in positions.used and not is_unnamed(name)]
    return all(is_silent(name) or set(quantities_of(name)) & {"x", "y", "time"} for name in others)


def is_silent(name: str) -> bool:
    """Whether a column names neither a user nor a time.

    >>> is_silent("Elevation"), is_silent("h_acc"), is_silent("driver")
    (True, True, False)
    """
    return bool(set(quantities_of(name)) & set(SILENT)) or spelling(name) in SILENT_NAMES


def require_position_columns(path: Path, header: Sequence[str], choice: ColumnChoice) -> PositionColumns:
    """Which columns give what.

    Args:
        path: the file, for messages.
        header: its columns.
        choice: what `--columns` states.

    Raises:
        InputError: columns are missing, or positions are given twice.
    """
    columns = position_columns(header, choice, str(path))
    if columns is None:
        raise not_a_table(path, "a table of positions in time", NEEDED)
    return columns


def positions_reading(
    path: Path, columns: PositionColumns, rows: Iterator[Rows], roster: Roster, options: ReadOptions
) -> Reading:
    """Read the rows of a table of positions, sorted by time or user by user.

    Args:
        path: the file, for messages.
        columns: which columns give what. Times are seconds, numbers in another unit, or dates and times (UTC unless
            they say otherwise).
        rows: its rows.
        roster: numbers the users.
        options: what the file does not say.

    Raises:
        InputError: there is no row, or, while the batches are taken, a cell is not usable or the file ends early.
    """
    try:
        first = next((each for each in rows if each.cells.height), None)
    except EndsEarly as error:
        raise InputError(f"{path}: {error}; no row is whole") from None
    if first is None:
        raise InputError(f"{path}: has no rows below its header; at least one is needed")
    if "date" in columns.index_of:
        first, rows = _dated(first), map(_dated, rows)
    clock = first.clock("time", options)
    notes = [] if clock.note is None else [clock.note]
    if "id" not in columns.index_of:
        notes.append("no column names users: all rows are taken to be one user's; --columns user=... says otherwise")
    return Reading(
        _batches(path, first, rows, columns, roster, options, clock),
        is_geographic=False if columns.is_geographic is None else columns.is_geographic,
        is_assumed=columns.is_geographic is None,
        is_clock=clock.is_date,
        notes=notes,
        times=clock.about,
        columns_used=columns.used,
        columns_unused=columns.unused,
    )


def _dated(rows: Rows) -> Rows:
    """The rows, with the day before the time of day where they stand in two columns."""
    import polars as pl

    time = pl.col("time").cast(pl.String)
    is_time_of_day = time.str.contains(r"^\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp][Mm])?$")
    both = pl.concat_str(pl.col("date").cast(pl.String), time, separator=" ")
    rows.cells = rows.cells.with_columns(time=pl.when(is_time_of_day).then(both).otherwise(pl.col("time")))
    return rows


def _batches(
    path: Path,
    first: Rows,
    rows: Iterator[Rows],
    columns: PositionColumns,
    roster: Roster,
    options: ReadOptions,
    clock: Clock,
) -> Iterator[Batch]:
    until = "no row is whole"
    each: Rows | None = first
    try:
        while each is not None:
            yield _batch(path, each, columns, roster, clock)
            if each.cells.height:
                until = f"the last time read is {each.cells['time'][-1]}"
            each = next(rows, None)
    except EndsEarly as error:
        raise InputError(f"{path}: {error}; {until}") from None


def _batch(path: Path, rows: Rows, columns: PositionColumns, roster: Roster, clock: Clock) -> Batch:
    time_s = rows.times("time", clock)
    east, north = rows.numbers("east"), rows.numbers("north")
    speed_mps = rows.plain_numbers("speed") if "speed" in columns.index_of else None
    codes = roster.codes(USER)
    if "id" in columns.index_of:
        code = rows.users("id", codes)
    else:
        code = np.full(len(time_s), codes[path.name.partition(".")[0]], np.int32)
    return Batch(code, time_s, east, north, line=rows.lines, speed_mps=speed_mps).where(~rows.faulty)


def read_positions_csv(path: Path, roster: Roster, options: ReadOptions | None = None) -> Reading:
    """Read a table of positions in text, sorted by time or user by user; its separator is told by the file.

    Args:
        path: the file, plain or gzip-compressed; `id,time_s,x_m,y_m` or `id,time_s,lat,lon`, by whatever names
            `column_names.NAMES` has or `--columns` states, and any further columns.
        roster: numbers the users.
        options: what the file does not say.

    Raises:
        InputError: the columns are others, or, while the batches are taken, a cell is not usable or the file ends
            early.
    """
    options = options or ReadOptions()
    dialect = sniff(path, EXPECTED)
    columns = require_position_columns(path, dialect.columns, options.columns)
    return table_reading(path, dialect, columns, roster, options)


def table_reading(
    path: Path, dialect: Dialect, columns: PositionColumns, roster: Roster, options: ReadOptions
) -> Reading:
    """Read the rows of a table in text whose columns are known; see `positions_reading`."""
    notes: list[str] = []
    rows = table_rows(dialect, columns.index_of, options.bad, notes)
    reading = positions_reading(path, columns, rows, roster, options)
    notes += [*dialect.notes, *reading.notes]
    reading.notes = notes  # one list: what a later block tells of the encoding is added while the batches are taken
    reading.layout = f"separated by {dialect.separated_by}"
    return reading


def read_positions_parquet(path: Path, roster: Roster, options: ReadOptions | None = None) -> Reading:
    """Read a Parquet table of positions, sorted by time or user by user; columns as in `read_positions_csv`.

    Raises:
        InputError: the file is damaged or its columns are others, or, while the batches are taken, a value is not
            usable; rows are named by their number from 1.
    """
    options = options or ReadOptions()
    types = parquet_columns(path)
    columns = require_position_columns(path, list(types), options.columns)
    names = {key: list(types)[at] for key, at in columns.index_of.items()}
    for name in names.values():
        _require_plain(path, name, types[name])
    as_text = [key for key, name in names.items() if key == "id" or not types[name].is_numeric()]
    return positions_reading(path, columns, _rows(path, names, as_text, options), roster, options)


def _rows(path: Path, names: dict[str, str], as_text: list[str], options: ReadOptions) -> Iterator[Rows]:
    import polars as pl

    row = 1
    for cells in parquet_slices(path, list(dict.fromkeys(names.values())), BATCH_RECORDS):
        keyed = cells.select(pl.col(name).alias(key) for key, name in names.items())
        text = keyed.with_columns(_text(keyed[key]) for key in as_text).with_row_index(LINE, row)
        yield Rows(path, text, options.bad, names)
        row += cells.height


def _text(values: pl.Series) -> pl.Series:
    """A column as text; times that have a zone in UTC, as ISO 8601."""
    import polars as pl

    if isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone is not None:
        values = values.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return values.cast(pl.String)


def _require_plain(path: Path, name: str, of_type: pl.DataType) -> None:
    import polars as pl

    if of_type.is_nested() or of_type in (pl.Binary, pl.Object):
        raise InputError(f"{path}: {name}: must be a column of numbers, text or times (got {str(of_type)[:40]})")
