"""Traces in CSV: one row a user and time, with local metres or latitude and longitude."""

from __future__ import annotations

from pathlib import Path

from twinhop.scenario.traces.position_table import positions_reading, require_position_columns
from twinhop.scenario.traces.records import Reading, Roster
from twinhop.scenario.traces.tables import header_of, table_rows


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
