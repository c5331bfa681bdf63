"""SUMO's floating car data as a table: the columns of its own CSV and Parquet, and of its tool xml2csv."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from twinhop.scenario.traces.records import CONTAINER, PERSON, VEHICLE, Batch, Roster
from twinhop.scenario.traces.tables import Rows

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
    found = [Marks(kind, *(f"{kind}_{end}" for end in ("id", "x", "y", "lane", "edge"))) for kind in KINDS]
    return [marks for marks in found if {marks.name, marks.x, marks.y} <= set(columns)]


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
        kept = rows.kept(mask)
        parts.append(
            (
                kept.users(marks.name, roster.codes(kind)),
                kept.times(TIME, is_clock=False),
                kept.numbers(marks.x),
                kept.numbers(marks.y),
                kept.lines,
            )
        )
    return parts
