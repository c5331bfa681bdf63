"""SUMO's floating car data in CSV, separated by semicolons, plain or gzip-compressed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from twinhop.errors import InputError
from twinhop.scenario.traces.fcd_columns import TIME, Marks, fcd_batch, marks_of
from twinhop.scenario.traces.records import Batch, Reading, Roster
from twinhop.scenario.traces.source import EndsEarly
from twinhop.scenario.traces.tables import header_of, not_a_table, table_rows


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
