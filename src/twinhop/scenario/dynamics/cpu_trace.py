"""Recorded CPU capacities: a table of station, time and value, as CSV or Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.io.file_kind import describe_file, require_regular
from twinhop.scenario.fields import LARGEST_VALUE
from twinhop.text import suggestion
from twinhop.units import CYCLES_PER_GCYCLE

COLUMNS = ("station", "time_s", "cpu_gcycles_per_s")
MOST_ROWS = 50_000_000
LARGEST_FILE_BYTES = 2**30


@dataclass(frozen=True, eq=False)
class CpuTrace:
    """Records in the order of time.

    Attributes:
        station: (R,) index of the station.
        time_s: (R,) from when on the value holds, not falling [s].
        cpu_cycles_per_s: (R,) values, greater than 0 [cycle/s].
    """

    station: NDArray[np.int64]
    time_s: NDArray[np.float64]
    cpu_cycles_per_s: NDArray[np.float64]


def read_cpu_trace(path: Path, station_ids: Sequence[str]) -> CpuTrace:
    """Read a table with the columns `station,time_s,cpu_gcycles_per_s`; rows in any order, others are ignored.

    Args:
        path: CSV, or Parquet where the name ends in `.parquet`.
        station_ids: the stations of the scenario.

    Returns:
        The records; where two of one station have the same time, the later row is the one that holds.

    Raises:
        InputError: the file is not such a table, names an unknown station, or holds a value that is no CPU capacity.
    """
    names, time_s, cpu = _columns(path)
    index = {name: at for at, name in enumerate(station_ids)}
    for name in dict.fromkeys(names):
        if name not in index:
            raise InputError(
                f"{path}: station: unknown station {name!r}; {suggestion(name, station_ids)}it is not in the scenario"
            )
    for column, values, good in (
        (COLUMNS[1], time_s, np.isfinite(time_s) & (np.abs(time_s) <= LARGEST_VALUE)),
        (COLUMNS[2], cpu, (cpu > 0) & (cpu <= LARGEST_VALUE)),
    ):
        if not good.all():
            at = int(np.flatnonzero(~good)[0])
            accepted = "finite" if column == COLUMNS[1] else "greater than 0"
            raise InputError(f"{path}: {column}: row {at + 1}: must be {accepted} (got {values[at]:g})")
    order = np.argsort(time_s, kind="stable")
    station = np.array([index[name] for name in names], np.int64)
    return CpuTrace(station[order], time_s[order], cpu[order] * CYCLES_PER_GCYCLE)


def _columns(path: Path) -> tuple[list[str], NDArray[np.float64], NDArray[np.float64]]:
    """The three columns; values that are no numbers become NaN, which the caller refuses."""
    import polars as pl
    from polars.exceptions import PolarsError

    if path.is_dir():
        raise InputError(f"{path}: is a folder; a file is needed")
    require_regular(path)
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise InputError(f"{path}: is larger than {LARGEST_FILE_BYTES // 2**20} MiB, the most that is read")
    try:
        if path.suffix == ".parquet":
            table = pl.read_parquet(path, n_rows=MOST_ROWS + 1)
        else:
            table = pl.read_csv(path, infer_schema=False, n_rows=MOST_ROWS + 1)
        missing = [name for name in COLUMNS if name not in table.columns]
        if missing:
            raise InputError(f"{path}: has no column {missing[0]!r}; needed: {', '.join(COLUMNS)}")
        if not 0 < table.height <= MOST_ROWS:
            raise InputError(f"{path}: has {table.height} rows; from 1 to {MOST_ROWS} are accepted")
        names = table[COLUMNS[0]].cast(pl.String).fill_null("").str.strip_chars().to_list()
        time_s, cpu = (table[name].cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy() for name in COLUMNS[1:])
    except (PolarsError, OSError, UnicodeDecodeError):
        raise InputError(f"{path}: not a table with {', '.join(COLUMNS)}; found {describe_file(path)}") from None
    return names, time_s, cpu
