"""SUMO's floating car data as a table: the columns of its own CSV and Parquet, and of its tool xml2csv."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from twinhop.errors import InputError
from twinhop.scenario.traces.parquet import parquet_columns, parquet_slices
from twinhop.scenario.traces.records import BATCH_RECORDS, CONTAINER, PERSON, VEHICLE, Batch, Reading, Roster
from twinhop.scenario.traces.source import EndsEarly
from twinhop.scenario.traces.tables import LINE, Rows, header_of, not_a_table, table_rows

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


def marks_of(columns: Sequence[str]) -> list[Marks]:
    """The kinds of traffic that a table holds; none where it is no floating car data.

    >>> [each.kind for each in marks_of(["timestep_time", "vehicle_id", "vehicle_x", "vehicle_y"])]
    ['vehicle']
    """
    if TIME not in columns:
        return []
    possible = [Marks(kind, *(f"{kind}_{end}" for end in ("id", "x", "y", "lane", "edge"))) for kind in KINDS]
    return [marks for marks in possible if {marks.name, marks.x, marks.y} <= set(columns)]


def fcd_batch(rows: Rows, kinds: Sequence[Marks], roster: Roster) -> Batch:
    """The records of some rows; a row with neither name nor position is an empty time step.

    Raises:
        InputError: a cell is not usable.
    """
    time_s = rows.times(TIME, is_clock=False)
    parts = [part for marks in kinds for part in _parts(rows, marks, roster)]
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.argsort(joined[4], kind="stable")
    code, times_s, east, north, line = (column[order] for column in joined)
    return Batch(code, times_s, east, north, float(time_s[0]), float(time_s[-1]), line)


def _parts(rows: Rows, marks: Marks, roster: Roster) -> list[tuple[np.ndarray, ...]]:
    """The records of one kind of column, persons among vehicles apart."""
    cells = rows.cells
    stated = cells[marks.name].is_not_null() | cells[marks.x].is_not_null()
    afoot = stated & False
    if marks.kind == VEHICLE and {marks.lane, marks.edge} <= set(cells.columns):
        afoot = stated & cells[marks.lane].is_null() & cells[marks.edge].is_not_null()
    parts = []
    for kind, mask in ((marks.kind, stated & ~afoot), (PERSON, afoot)):
        marked = rows.where(mask)
        parts.append(
            (
                marked.users(marks.name, roster.codes(kind)),
                marked.times(TIME, is_clock=False),
                marked.numbers(marks.x),
                marked.numbers(marks.y),
                marked.lines,
            )
        )
    return parts


def read_fcd_csv(path: Path, roster: Roster) -> Reading:
    """Read the CSV of SUMO's `--fcd-output FILE.csv`, or of its tool xml2csv.

    Args:
        path: the file; columns `timestep_time;vehicle_id;vehicle_x;vehicle_y`, `person_...` likewise, and any others.
        roster: numbers the users. A row among the vehicles with an edge and no lane is a person.

    Raises:
        InputError: the columns are others, or, while the batches are taken, a cell is not usable or the file ends
            early.
    """
    kinds = marks_of(header_of(path)[1])
    if not kinds:
        raise not_a_table(path, "floating car data", f"{TIME}, vehicle_id, vehicle_x, vehicle_y")
    return Reading(_batches(path, kinds, roster), is_geographic=None)


def _batches(path: Path, kinds: list[Marks], roster: Roster) -> Iterator[Batch]:
    until = "no row is whole"
    try:
        for rows in table_rows(path):
            batch = fcd_batch(rows, kinds, roster)
            until = f"the last time read is {batch.until_s:g} s"
            yield batch
    except EndsEarly as error:
        raise InputError(f"{path}: {error}; {until}") from None


def read_fcd_parquet(path: Path, roster: Roster) -> Reading:
    """Read the Parquet of SUMO's `--fcd-output FILE.parquet`; columns as in `read_fcd_csv`.

    Raises:
        InputError: the file is damaged or its columns are others, or, while the batches are taken, a value is not
            usable; rows are named by their number from 1.
    """
    columns = parquet_columns(path)
    kinds = marks_of(list(columns))
    if not kinds:
        raise not_a_table(path, "floating car data", f"{TIME}, vehicle_id, vehicle_x, vehicle_y")
    needed = [TIME] + [column for marks in kinds for column in marks[1:] if column in columns]

    def batches() -> Iterator[Batch]:
        import polars as pl

        row = 1
        for cells in parquet_slices(path, needed, BATCH_RECORDS):
            numbered = cells.with_columns(pl.col(kind.name).cast(pl.String) for kind in kinds)
            yield fcd_batch(Rows(path, numbered.with_row_index(LINE, row)), kinds, roster)
            row += cells.height

    return Reading(batches(), is_geographic=None)
