"""Any recorded movement into the one internal format, as a stream: memory does not grow with the file."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from twinhop.errors import InputError
from twinhop.io.files import replacing
from twinhop.scenario.place_sections import Origin
from twinhop.scenario.traces.checks import LARGEST_LAT_DEG, LARGEST_LON_DEG, TraceChecks
from twinhop.scenario.traces.clock import date_text
from twinhop.scenario.traces.earth import local_m, south_west
from twinhop.scenario.traces.movements import Movements, Quantiles
from twinhop.scenario.traces.records import FloatArray, Reading, Roster
from twinhop.scenario.traces.registry import format_of, read_trace
from twinhop.scenario.traces.spool import Spool
from twinhop.scenario.traces.trace import PROJECTION, Trace, TraceAbout, write_records

if TYPE_CHECKING:
    import polars as pl

LEAST_LONGEST_GAP_S, LONGEST_GAP_INTERVALS = 60.0, 5.0
"""Unless told otherwise, gaps are bridged up to a minute, or this many typical intervals where that is longer."""

Coordinates = Literal["degrees", "metres"]


@dataclass(frozen=True)
class ImportedTrace:
    """A trace that was imported, and what was found in it.

    Attributes:
        trace: the trace on disk.
        speed_mps: speeds between records [m/s].
        bridged: gaps that resampling bridges.
        absent: gaps too long for that.
        notes: what was done to the records, and what had to be assumed.
    """

    trace: Trace
    speed_mps: Quantiles
    bridged: int
    absent: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ImportOptions:
    """What the file itself does not say.

    Attributes:
        origin: latitude and longitude of (0, 0) [degree]; None: south-west of all positions.
        coordinates: what positions are, where the file does not say; None: told by their range.
        longest_gap_s: a user without records for longer is absent [s]; None: by the typical interval.
        attribution: further sources and licences.
    """

    origin: tuple[float, float] | None = None
    coordinates: Coordinates | None = None
    longest_gap_s: float | None = None
    attribution: Sequence[str] = field(default=())


def import_trace(
    path: str | Path,
    out: str | Path,
    *,
    trace_format: str | None = None,
    step_s: float | None = None,
    options: ImportOptions = ImportOptions(),  # noqa: B008
    overwrite: bool = False,
) -> ImportedTrace:
    """Turn a file of recorded movement into a trace.

    Args:
        path: the file, of one of `registry.TRACE_FORMATS`.
        out: the trace to write (Parquet).
        trace_format: name of its format; None: told by its first bytes.
        step_s: time from row to row, for formats without times [s].
        options: what the file does not say.
        overwrite: whether an existing file may be replaced.

    Raises:
        InputError: the file is not usable, or the trace cannot be written; then nothing is.
    """
    source = Path(path)
    name = format_of(source, trace_format)
    roster = Roster(str(source))
    reading = read_trace(source, name, roster, step_s)
    return save_reading(reading, roster, source, name, Path(out), options, overwrite=overwrite)


def save_reading(
    reading: Reading,
    roster: Roster,
    source: Path,
    format: str,
    out: Path,
    options: ImportOptions,
    *,
    overwrite: bool,
) -> ImportedTrace:
    """Write what a reader yields as a trace.

    Args:
        reading: the records.
        roster: their users.
        source: what is read, for messages and the trace.
        format: its format.
        out: the trace to write.
        options: what the source does not say.
        overwrite: whether an existing file may be replaced.

    Raises:
        InputError: a record is not usable, or the trace cannot be written; then nothing is.
    """
    _check_options(options)
    with (
        replacing(out, overwrite=overwrite) as temporary,
        tempfile.TemporaryDirectory(prefix=".twinhop-", dir=out.parent) as folder,
        closing(Spool(Path(folder) / "records")) as spool,
    ):
        importing = _Import(reading, roster, source, options, spool)
        about, movements, notes = importing.run(format, temporary)
    return ImportedTrace(Trace(out, about), movements.speed_mps, movements.bridged, movements.absent, notes)


def _check_options(options: ImportOptions) -> None:
    if options.longest_gap_s is not None and not 0 < options.longest_gap_s < float("inf"):
        raise InputError(f"--max-gap-s: must be greater than 0 s (got {options.longest_gap_s:g})")
    if options.origin is not None:
        lat_deg, lon_deg = options.origin
        if not (abs(lat_deg) <= LARGEST_LAT_DEG and abs(lon_deg) <= LARGEST_LON_DEG):
            raise InputError(
                f"--origin: must be a latitude from -90 to 90 and a longitude from -180 to 180 "
                f"(got {lat_deg:g},{lon_deg:g})"
            )


class _Import:
    """One import: the records are checked and laid aside, then projected and written in the order of time."""

    def __init__(self, reading: Reading, roster: Roster, source: Path, options: ImportOptions, spool: Spool) -> None:
        self._reading, self._roster, self._source = reading, roster, source
        self._options, self._spool = options, spool
        self._checks = TraceChecks(source, roster)
        self._notes: list[str] = []

    def run(self, format: str, out: Path) -> tuple[TraceAbout, Movements, tuple[str, ...]]:
        """Write the trace to a file; returns what it says of itself, and what was found."""
        self._take()
        geographic = self._is_geographic()
        origin = self._origin(geographic)
        bounds = self._checks.lowest, self._checks.highest
        if geographic and origin is not None:  # here, since PROJ is not to be called from the threads of polars
            bounds = self._spool.move(lambda lon_lat_deg: local_m(lon_lat_deg, origin))
        names, renamed = self._roster.names()
        if renamed:
            self._notes.append(f"{renamed} users share a name with a vehicle and are called KIND:NAME")
        about = self._about(format, origin, geographic, bounds)
        longest_gap_s = about.longest_gap_s or about.held_s
        assert longest_gap_s is not None
        movements = Movements(len(names), about.typical_interval_s, longest_gap_s)
        write_records(out, about, self._frames(names, movements))
        return about, movements, (*self._reading.notes, *self._notes)

    def _take(self) -> None:
        """Read all records, check them and lay them aside."""
        for batch in self._reading.batches:
            self._spool.append(self._checks.accept(batch))
        self._spool.close()
        if not self._checks.records:
            raise InputError(f"{self._source}: holds no record; a trace needs at least one user at one time")
        if self._checks.repeated:
            self._notes.append(f"{self._checks.repeated} records that repeat the one before were left out")

    def _is_geographic(self) -> bool:
        """Whether positions are degrees: as the file or the option says, else by their range."""
        stated, is_geographic = self._options.coordinates, self._reading.is_geographic
        if is_geographic is not None and stated is not None and is_geographic != (stated == "degrees"):
            raise InputError(
                f"--coordinates: {self._source} gives {'degrees' if is_geographic else 'metres'}; leave the option out"
            )
        in_range = self._checks.looks_geographic()
        if is_geographic is None and stated is None:
            what = "degrees of longitude and latitude" if in_range else "metres"
            self._notes.append(f"positions are taken to be {what}, by their range; --coordinates says otherwise")
            return in_range
        geographic = stated == "degrees" if is_geographic is None else is_geographic
        if geographic and not in_range:
            low, high = self._checks.lowest, self._checks.highest
            raise InputError(
                f"{self._source}: longitudes from {low[0]:g} to {high[0]:g} and latitudes from {low[1]:g} to "
                f"{high[1]:g}; -180 to 180 and -90 to 90 are accepted"
            )
        return geographic

    def _origin(self, geographic: bool) -> Origin | None:
        """The origin of the local metres; None where positions are metres from nowhere on Earth."""
        given = self._options.origin
        if given is not None:
            return Origin(lat_deg=given[0], lon_deg=given[1])
        return south_west(self._checks.lowest, self._checks.highest) if geographic else None

    def _about(
        self, format: str, origin: Origin | None, geographic: bool, bounds: tuple[FloatArray, FloatArray]
    ) -> TraceAbout:
        checks, reading = self._checks, self._reading
        low, high = bounds
        typical_s = checks.interval_s.at(0.5)
        longest_gap_s = self._options.longest_gap_s or max(LEAST_LONGEST_GAP_S, LONGEST_GAP_INTERVALS * typical_s)
        kinds = Counter(self._roster.kinds)
        return TraceAbout(
            source=self._source.name,
            format=format,
            attribution=(*reading.attribution, *self._options.attribution),
            origin=origin,
            projection=PROJECTION if geographic else None,
            source_start_s=checks.first_s,
            source_start_date=date_text(checks.first_s) if reading.is_clock else None,
            duration_s=checks.until_s - checks.first_s,
            min_xy_m=(float(low[0]), float(low[1])),
            max_xy_m=(float(high[0]), float(high[1])),
            users=len(self._roster),
            kinds=dict(sorted(kinds.items())),
            records=checks.records,
            typical_interval_s=typical_s,
            longest_gap_s=None if reading.held_s else longest_gap_s,
            held_s=reading.held_s,
        )

    def _frames(self, names: list[str], movements: Movements) -> Iterator[pl.DataFrame]:
        """The records in the order of time, with names."""
        import polars as pl

        users, kinds = pl.Series("user", names), pl.Series("kind", self._roster.kinds)
        for records in self._spool.in_time_order():
            code, x_m, y_m = records["code"], records["east"], records["north"]
            time_s = records["time_s"] - self._checks.first_s
            movements.add(code, time_s, np.column_stack([x_m, y_m]))
            columns = {"time_s": time_s, "user": users.gather(code), "x_m": x_m, "y_m": y_m}
            yield pl.DataFrame({**columns, "kind": kinds.gather(code)})
