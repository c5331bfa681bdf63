"""SUMO's floating car data in Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from twinhop.scenario.traces.fcd_columns import TIME, fcd_batch, marks_of
from twinhop.scenario.traces.parquet import parquet_columns, parquet_slices
from twinhop.scenario.traces.records import BATCH_RECORDS, Batch, Reading, Roster
from twinhop.scenario.traces.tables import LINE, Rows, not_a_table


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
