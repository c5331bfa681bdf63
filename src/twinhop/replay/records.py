"""The records of a few users of a recording, whatever its format."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinhop.errors import InputError
from twinhop.io.byte_blocks import head
from twinhop.io.parquet import parquet_slices
from twinhop.scenario.traces import Trace, import_trace
from twinhop.scenario.traces.registry import PARQUET_MAGIC
from twinhop.scenario.traces.trace import is_trace
from twinhop.twin.behaviour.model import FloatArray

if TYPE_CHECKING:
    import polars as pl

COLUMNS = ("time_s", "user", "x_m", "y_m")
#: Most records that are replayed, and how many are read at once.
MOST_RECORDS, SLICE_RECORDS = 20_000_000, 500_000


class RecordedPaths(NamedTuple):
    """Where users were, and what an import had to say."""

    paths: dict[str, tuple[FloatArray, FloatArray]]
    """By user, (T,) ascending times [s] and (T, 2) positions [m]."""
    notes: tuple[str, ...]
    """What was done to the records, and what had to be assumed."""


def recorded_paths(path: Path, users: int, seconds: float) -> RecordedPaths:
    """The first users of a recording, from its first moment on.

    A file that is no trace of twinhop yet is imported first, as `twinhop import trace` does, to a folder that is gone
    afterwards.

    Args:
        path: a trace, or a file of one of `TRACE_FORMATS`.
        users: how many at most, in the order of appearance.
        seconds: from the beginning of the recording on [s].

    Raises:
        InputError: the file is no recorded movement, a value in it is not usable, or it has too many records.
    """
    if head(path).startswith(PARQUET_MAGIC) and is_trace(path):
        return RecordedPaths(_paths(Trace.open(path), users, seconds), ())
    with tempfile.TemporaryDirectory(prefix="twinhop-") as folder:
        try:
            imported = import_trace(path, Path(folder) / "trace.parquet")
        except InputError as error:
            if " --" in str(error):
                raise InputError(f"{error} (options of `twinhop import trace`, whose trace is read here too)") from None
            raise
        return RecordedPaths(_paths(imported.trace, users, seconds), imported.notes)


def _paths(trace: Trace, users: int, seconds: float) -> dict[str, tuple[FloatArray, FloatArray]]:
    import polars as pl

    records = pl.concat(_slices(trace, users, seconds))
    paths = {}
    for (user,), rows in records.partition_by("user", maintain_order=True, as_dict=True).items():
        time_s, xy_m = rows["time_s"].to_numpy(), rows.select("x_m", "y_m").to_numpy()
        if not (np.isfinite(time_s).all() and np.isfinite(xy_m).all() and (np.diff(time_s) > 0).all()):
            raise InputError(f"{trace.path}: user {user!r}: times must rise and positions be finite; import it anew")
        paths[str(user)] = time_s, xy_m
    return paths


def _slices(trace: Trace, users: int, seconds: float) -> Iterator[pl.DataFrame]:
    """The records of the first users, slice by slice."""
    import polars as pl

    names: list[str] = []
    count = 0
    for rows in parquet_slices(trace.path, COLUMNS, SLICE_RECORDS):
        within = rows.filter(pl.col("time_s") <= seconds)
        if len(names) < users:
            users_within = within["user"].unique(maintain_order=True).to_list()
            names = list(dict.fromkeys([*names, *users_within]))[:users]
        selected = within.filter(pl.col("user").is_in(names))
        count += selected.height
        if count > MOST_RECORDS:
            raise InputError(
                f"{trace.path}: more than {MOST_RECORDS} records of {users} users in {seconds:g} s; "
                "replay fewer --users or --seconds"
            )
        yield selected
        if within.height < rows.height:
            return
