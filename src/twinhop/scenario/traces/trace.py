"""The one internal format of recorded movement: a Parquet table with what it says of itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, ValidationError

from twinhop.errors import InputError
from twinhop.io.parquet import parquet_columns, parquet_metadata
from twinhop.scenario.fields import Number, Positive, Section, Text
from twinhop.scenario.place_sections import Origin

if TYPE_CHECKING:
    import polars as pl

TRACE_SCHEMA_VERSION = 1
METADATA_KEY = "twinhop.trace"
ROW_GROUP_RECORDS = 100_000
COLUMNS = ("time_s", "user", "x_m", "y_m", "kind")
PROJECTION = "azimuthal equidistant, WGS84"

Count = Annotated[int, Field(strict=True, ge=0)]


class TraceAbout(Section):
    """What a trace says of itself."""

    schema_version: Literal[1] = Field(default=TRACE_SCHEMA_VERSION, description="version of the format")
    source: Text = Field(description="name of the file that was imported, or what made the trace")
    format: Text = Field(description="format of that file")
    attribution: tuple[Text, ...] = Field(default=(), description="sources and licences")
    origin: Origin | None = Field(default=None, description="where (0, 0) lies on Earth; null: nowhere")
    projection: Text | None = Field(default=None, description="how positions on Earth became metres; null: they were")
    source_start_s: Number = Field(description="time of the source at which the trace begins [s]")
    source_start_date: Text | None = Field(default=None, description="the same as a date, where the source has dates")
    duration_s: Annotated[float, Field(ge=0)] = Field(description="from the first time to the last [s]")
    min_xy_m: tuple[float, float] = Field(description="least x and y [m]")
    max_xy_m: tuple[float, float] = Field(description="largest x and y [m]")
    users: Count = Field(description="number of users")
    kinds: dict[str, Count] = Field(description="number of users of each kind")
    records: Count = Field(description="number of records")
    typical_interval_s: Annotated[float, Field(ge=0)] = Field(
        description="median time between two records of a user [s]; 0: no user has two"
    )
    longest_gap_s: Positive | None = Field(
        default=None, description="a user without records for longer is absent; null: held_s says so"
    )
    held_s: Positive | None = Field(
        default=None, description="a position holds for so long and leads to no other; null: users move between records"
    )


@dataclass(frozen=True)
class Trace:
    """A trace on disk.

    The columns are `time_s` (from 0, not falling), `user`, `x_m`, `y_m` and `kind`.

    Attributes:
        path: the file.
        about: what it says of itself.
    """

    path: Path
    about: TraceAbout

    @staticmethod
    def open(path: str | Path) -> Trace:
        """Read what a trace says of itself; its records stay on disk.

        Raises:
            InputError: the file is missing, or is no trace of this version.
        """
        where = Path(path)
        columns = parquet_columns(where)
        stated = parquet_metadata(where).get(METADATA_KEY)
        if stated is None or not set(COLUMNS) <= set(columns):
            raise InputError(
                f"{where}: is not a trace of twinhop: found the columns {', '.join(columns)[:100]}; "
                "make one with `twinhop import trace`"
            )
        return Trace(where, _about(where, stated))

    def scan(self) -> pl.LazyFrame:
        """The records, to be read as far as they are needed."""
        import polars as pl

        return pl.scan_parquet(self.path).select(COLUMNS)


def is_trace(path: Path) -> bool:
    """Whether a Parquet table is a trace of twinhop."""
    return METADATA_KEY in parquet_metadata(path)


def _about(path: Path, stated: str) -> TraceAbout:
    try:
        value = json.loads(stated)
        version = value.get("schema_version") if isinstance(value, dict) else None
        if version != TRACE_SCHEMA_VERSION:
            raise InputError(
                f"{path}: schema_version: {str(version)[:20]} is not known; this version reads {TRACE_SCHEMA_VERSION}"
            )
        return TraceAbout.model_validate(value)
    except ValidationError as error:
        detail = error.errors()[0]
        field = ".".join(str(part) for part in detail["loc"])
        raise InputError(f"{path}: metadata: {field}: {detail['msg']}") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path}: metadata: {METADATA_KEY} is not JSON; the file is damaged") from None


def write_records(path: Path, about: TraceAbout, frames: Iterator[pl.DataFrame]) -> None:
    """Write a trace row group by row group.

    Args:
        path: the file to write, under a name that nobody reads yet.
        about: what the trace says of itself.
        frames: its records in the order of time, with the columns of `COLUMNS`.
    """
    import polars as pl
    from polars.io.plugins import register_io_source

    schema = {name: pl.String() if name in ("user", "kind") else pl.Float64() for name in COLUMNS}

    def rows(*_: object) -> Iterator[pl.DataFrame]:
        return frames

    register_io_source(rows, schema=schema).sink_parquet(
        path,
        row_group_size=ROW_GROUP_RECORDS,
        metadata={METADATA_KEY: about.model_dump_json()},
        engine="streaming",
    )
