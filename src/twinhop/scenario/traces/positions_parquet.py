"""Traces in Parquet: one row a user and time, with local metres or latitude and longitude."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from twinhop.errors import InputError
from twinhop.scenario.traces.parquet import parquet_columns, parquet_slices
from twinhop.scenario.traces.position_table import positions_reading, require_position_columns
from twinhop.scenario.traces.records import BATCH_RECORDS, Reading, Roster
from twinhop.scenario.traces.tables import LINE, Rows

if TYPE_CHECKING:
    import polars as pl


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
