"""SUMO's floating car data as a table: the columns of its own CSV and Parquet, and of its tool xml2csv."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.io.byte_blocks import EndsEarly
from twinhop.io.parquet import parquet_columns, parquet_slices
from twinhop.io.table import is_unnamed, sniff
from twinhop.scenario.traces.clock import Clock
from twinhop.scenario.traces.records import (
    BATCH_RECORDS,
    CONTAINER,
    PERSON,
    VEHICLE,
    Batch,
    Reading,
    ReadOptions,
    Roster,
    placed_records,
)
from twinhop.scenario.traces.tables import EXPECTED, LINE, Rows, not_a_table, table_rows

if TYPE_CHECKING:
    import polars as pl

TIME = "timestep_time"
KINDS = (VEHICLE, PERSON, CONTAINER)


class Marks(NamedTuple):
    """The columns of one kind of traffic; a person among the vehicles has an edge and no lane."""

    kind: str
    name: str
    x: str
    y: str
    lane: str
    edge: str
    speed: str


def marks_of(columns: Sequence[str]) -> list[Marks]:
    """The kinds of traffic that a table holds; none where it is no floating car data.

    >>> [each.kind for each in marks_of(["timestep_time", "vehicle_id", "vehicle_x", "vehicle_y"])]
    ['vehicle']
    """
    if TIME not in columns:
        return []
    possible = [Marks(kind, *(f"{kind}_{end}" for end in ("id", "x", "y", "lane", "edge", "speed"))) for kind in KINDS]
    return [marks for marks in possible if {marks.name, marks.x, marks.y} <= set(columns)]


def fcd_batch(rows: Rows, kinds: Sequence[Marks], roster: Roster, clock: Clock) -> Batch:
    """The records of some rows; a row with neither name nor position is an empty time step.

    Raises:
        InputError: a cell is not usable.
    """
    time_s = rows.times(TIME, clock)
    usable = rows.where(pl_mask(~rows.faulty))
    time_s = time_s[~rows.faulty]
    parts = [part for marks in kinds for part in _parts(usable, marks, roster, clock)]
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.argsort(joined[4], kind="stable")
    code, times_s, east, north, line, speed_mps = (column[order] for column in joined)
    first_s, until_s = (float(time_s.min()), float(time_s.max())) if time_s.size else (None, None)
    batch = Batch(code, times_s, east, north, first_s, until_s, line, speed_mps)
    return placed_records(batch, rows.bad)


def pl_mask(mask: NDArray[np.bool_]) -> pl.Series:
    """A mask as Polars takes it."""
    import polars as pl

    return pl.Series(mask)


def _parts(rows: Rows, marks: Marks, roster: Roster, clock: Clock) -> list[tuple[np.ndarray, ...]]:
    """The records of one kind of column, persons among vehicles apart."""
    cells = rows.cells
    stated = cells[marks.name].is_not_null() | cells[marks.x].is_not_null()
    afoot = stated & False
    if marks.kind == VEHICLE and {marks.lane, marks.edge} <= set(cells.columns):
        afoot = stated & cells[marks.lane].is_null() & cells[marks.edge].is_not_null()
    parts = []
    for kind, mask in ((marks.kind, stated & ~afoot), (PERSON, afoot)):
        marked = rows.where(mask)
        has_speed = marks.speed in cells.columns
        columns = (
            marked.users(marks.name, roster.codes(kind)),
            marked.times(TIME, clock),
            marked.numbers(marks.x),
            marked.numbers(marks.y),
            marked.lines,
            marked.plain_numbers(marks.speed) if has_speed else np.full(marked.cells.height, np.nan),
        )
        parts.append(tuple(column[~marked.faulty] for column in columns))
    return parts


def read_fcd_csv(path: Path, roster: Roster, options: ReadOptions | None = None) -> Reading:
    """Read the CSV of SUMO's `--fcd-output FILE.csv`, or of its tool xml2csv.

    Args:
        path: the file; columns `timestep_time;vehicle_id;vehicle_x;vehicle_y`, `person_...` likewise, and any others.
        roster: numbers the users. A row among the vehicles with an edge and no lane is a person.
        options: what is done with rows that cannot be used.

    Raises:
        InputError: the columns are others, or, while the batches are taken, a cell is not usable or the file ends
            early.
    """
    options = options or ReadOptions()
    dialect = sniff(path, EXPECTED)
    columns = [name.lower() for name in dialect.columns]
    kinds = marks_of(columns)
    if not kinds:
        raise not_a_table(path, "floating car data", f"{TIME}, vehicle_id, vehicle_x, vehicle_y")
    keys = {name: columns.index(name) for name in _needed(kinds, columns)}
    notes = list(dialect.notes)
    reading = _reading(columns, keys, notes)
    rows = table_rows(dialect, keys, options.bad, notes)
    reading.batches = _batches(path, rows, kinds, roster, options, reading)
    reading.layout = f"separated by {dialect.separated_by}"
    return reading


def _needed(kinds: Sequence[Marks], columns: Sequence[str]) -> list[str]:
    return [TIME, *(column for marks in kinds for column in marks[1:] if column in columns)]


def _reading(columns: Sequence[str], used: Collection[str], notes: list[str]) -> Reading:
    unused = tuple(name for name in columns if name not in used and not is_unnamed(name))
    return Reading(
        iter(()),
        is_geographic=None,
        notes=notes,
        has_empty_steps=True,
        columns_used=tuple(used),
        columns_unused=unused,
    )


def _batches(
    path: Path, rows: Iterator[Rows], kinds: list[Marks], roster: Roster, options: ReadOptions, reading: Reading
) -> Iterator[Batch]:
    until, clock = "no row is whole", None
    try:
        for each in rows:
            if clock is None:
                clock = each.clock(TIME, options)
                reading.times, reading.is_clock = clock.about, clock.is_date
                reading.notes += [clock.note] if clock.note else []
            batch = fcd_batch(each, kinds, roster, clock)
            if batch.until_s is not None:
                until = f"the last time read is {batch.until_s:g} s"
            yield batch
    except EndsEarly as error:
        raise InputError(f"{path}: {error}; {until}") from None


def read_fcd_parquet(path: Path, roster: Roster, options: ReadOptions | None = None) -> Reading:
    """Read the Parquet of SUMO's `--fcd-output FILE.parquet`; columns as in `read_fcd_csv`.

    Raises:
        InputError: the file is damaged or its columns are others, or, while the batches are taken, a value is not
            usable; rows are named by their number from 1.
    """
    options = options or ReadOptions()
    columns = list(parquet_columns(path))
    kinds = marks_of(columns)
    if not kinds:
        raise not_a_table(path, "floating car data", f"{TIME}, vehicle_id, vehicle_x, vehicle_y")
    needed = _needed(kinds, columns)
    reading = _reading(columns, needed, [])
    reading.batches = _batches(path, _parquet_rows(path, needed, kinds, options), kinds, roster, options, reading)
    return reading


def _parquet_rows(path: Path, needed: list[str], kinds: list[Marks], options: ReadOptions) -> Iterator[Rows]:
    import polars as pl

    row = 1
    for cells in parquet_slices(path, needed, BATCH_RECORDS):
        numbered = cells.with_columns(pl.col(kind.name).cast(pl.String) for kind in kinds)
        yield Rows(path, numbered.with_row_index(LINE, row), options.bad)
        row += cells.height
