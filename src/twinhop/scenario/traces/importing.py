"""Any recorded movement into the one internal format, as a stream: memory does not grow with the file."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from twinhop.errors import InputError
from twinhop.io.files import replacing
from twinhop.io.same_file import require_other_file
from twinhop.scenario.column_names import ColumnChoice
from twinhop.scenario.place_sections import Origin
from twinhop.scenario.sanity import LARGEST_LAT_DEG, LARGEST_LON_DEG, FastestStep, ImportSummary
from twinhop.scenario.time_unit import require_unit
from twinhop.scenario.traces.bad_records import BadRecords
from twinhop.scenario.traces.checks import TraceChecks
from twinhop.scenario.traces.clock import date_text, moment_text
from twinhop.scenario.traces.earth import local_m, south_west
from twinhop.scenario.traces.judgement import (
    Stays,
    are_degrees,
    leave_out_zeros,
    odd_notes,
    require_sane,
    slow_records,
    unit_option,
)
from twinhop.scenario.traces.movements import Movements, Quantiles
from twinhop.scenario.traces.odometer import Odometer
from twinhop.scenario.traces.records import Batch, FloatArray, Reading, ReadOptions, Roster
from twinhop.scenario.traces.registry import TEXT_FORMATS, TRACE_FORMATS, format_of, read_trace
from twinhop.scenario.traces.spool import Spool
from twinhop.scenario.traces.tables import lacks_line_end
from twinhop.scenario.traces.trace import PROJECTION, Trace, TraceAbout, write_records

if TYPE_CHECKING:
    import polars as pl

LEAST_LONGEST_GAP_S, LONGEST_GAP_INTERVALS = 60.0, 5.0
"""Unless told otherwise, gaps are bridged up to a minute, or this many typical intervals where that is longer."""

Coordinates = Literal["degrees", "metres"]


@dataclass(frozen=True)
class ImportedTrace:
    """A trace that was imported, and what was understood of its source.

    Attributes:
        trace: the trace on disk.
        speed_mps: speeds between records [m/s].
        bridged: gaps that resampling bridges.
        absent: gaps too long for that.
        summary: layout, units, extent, fastest user, columns, and all notes.
    """

    trace: Trace
    speed_mps: Quantiles
    bridged: int
    absent: int
    summary: ImportSummary

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to the records, what had to be assumed, and what is odd."""
        return self.summary.notes

    def to_json(self) -> dict[str, Any]:
        """All of it but the records, for machines."""
        speed = self.speed_mps
        return {
            "trace": str(self.trace.path),
            "about": self.trace.about.model_dump(mode="json"),
            "speed_mps": {"median": speed.at(0.5), "share_95": speed.at(0.95), "largest": speed.largest},
            "gaps": {"bridged": self.bridged, "absent": self.absent},
            **self.summary.to_json(),
        }


@dataclass(frozen=True)
class ImportOptions:
    """What the file itself does not say.

    Attributes:
        origin: latitude and longitude of (0, 0) [degree]; None: south-west of all positions.
        coordinates: what positions are, where the file does not say; None: told by their range and their speeds.
        longest_gap_s: a user without records for longer is absent [s]; None: by the typical interval.
        attribution: further sources and licences.
        time_unit: what numbers are as times, of `TIME_UNITS`; None: told by their size.
        time_format: how dates are written, as `datetime.strptime` reads them; None: told by the dates.
        columns: columns of a table that its names do not tell, as `user=...,time=...,lat=...,lon=...`.
        sort: whether records may come in any order.
        skip_bad: whether records that cannot be used are left out and counted, rather than refused.
        max_speed_mps: records to which a user would be faster are left out and counted; None: none [m/s].
    """

    origin: tuple[float, float] | None = None
    coordinates: Coordinates | None = None
    longest_gap_s: float | None = None
    attribution: Sequence[str] = field(default=())
    time_unit: str | None = None
    time_format: str | None = None
    columns: str | None = None
    sort: bool = False
    skip_bad: bool = False
    max_speed_mps: float | None = None

    def reading(self, step_s: float | None) -> ReadOptions:
        """What of it concerns readers."""
        choice, bad = ColumnChoice.parse(self.columns), BadRecords(self.skip_bad)
        return ReadOptions(step_s, self.time_unit, self.time_format, choice, self.sort, bad)

    def check(self) -> None:
        """Refuse what is out of range.

        Raises:
            InputError: a value is.
        """
        for name, value, unit in (
            ("--max-gap-s", self.longest_gap_s, "s"),
            ("--max-speed-mps", self.max_speed_mps, "m/s"),
        ):
            if value is not None and not 0 < value < float("inf"):
                raise InputError(f"{name}: must be greater than 0 {unit} (got {value:g})")
        try:
            require_unit(self.time_unit)
        except ValueError as error:
            raise InputError(str(error)) from None
        if self.origin is not None:
            lat_deg, lon_deg = self.origin
            if not (abs(lat_deg) <= LARGEST_LAT_DEG and abs(lon_deg) <= LARGEST_LON_DEG):
                raise InputError(
                    f"--origin: must be a latitude from -90 to 90 and a longitude from -180 to 180 "
                    f"(got {lat_deg:g},{lon_deg:g})"
                )


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
        overwrite: whether an existing file may be replaced; the source never is.

    Raises:
        InputError: the file is not usable, or the trace cannot be written; then nothing is.
    """
    source, target = Path(path), Path(out)
    options.check()
    require_other_file(target, [source])
    asked = options.reading(step_s)
    name = format_of(source, trace_format, asked.columns)
    roster = Roster(str(source))
    reading = read_trace(source, name, roster, asked)
    return save_reading(reading, roster, source, name, target, options, overwrite=overwrite, bad=asked.bad)


def save_reading(
    reading: Reading,
    roster: Roster,
    source: Path,
    format: str,
    out: Path,
    options: ImportOptions,
    *,
    overwrite: bool,
    bad: BadRecords | None = None,
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
        bad: what the reader does with records that cannot be used; None: as the options say.

    Raises:
        InputError: a record is not usable, or the trace cannot be written; then nothing is.
    """
    options.check()
    with (
        replacing(out, overwrite=overwrite) as temporary,
        tempfile.TemporaryDirectory(prefix=".twinhop-", dir=out.parent) as folder,
    ):
        importing = _Import(reading, roster, source, options, bad or BadRecords(options.skip_bad), Path(folder))
        with closing(importing):
            about, movements = importing.run(format, temporary)
            summary = importing.summary(about)
    return ImportedTrace(Trace(out, about), movements.speed_mps, movements.bridged, movements.absent, summary)


class _Import:
    """One import: the records are checked and laid aside, then projected and written in the order of time."""

    def __init__(
        self, reading: Reading, roster: Roster, source: Path, options: ImportOptions, bad: BadRecords, folder: Path
    ) -> None:
        self._reading, self._roster, self._source = reading, roster, source
        self._options, self._bad, self._folder = options, bad, folder
        self._spools = 0
        self._spool = self._new_spool()
        self._checks = self._new_checks()
        self._notes: list[str] = []
        self._geographic = False

    def close(self) -> None:
        """End writing to the temporary file."""
        self._spool.close()

    def run(self, format: str, out: Path) -> tuple[TraceAbout, Movements]:
        """Write the trace to a file; returns what it says of itself, and how its users move."""
        self._take()
        self._geographic, note = are_degrees(self._checks, self._reading, self._options.coordinates, self._source)
        self._notes += [note] if note else []
        if self._geographic:
            notes = None if self._options.max_speed_mps is None else self._notes
            self._filter(leave_out_zeros(self._checks, self._bad, self._zero_place(), notes))
        if self._options.max_speed_mps is not None:
            self._filter(slow_records(self._options.max_speed_mps, self._geographic, self._notes))
        options = self._options
        option = self._unit_option(format)
        require_sane(self._odometer, self._source, options.time_unit, options.coordinates, option)
        origin, bounds = self._placed()
        names, renamed = self._roster.names()
        if renamed:
            those = "1 user that shares its name with a vehicle is"
            if renamed > 1:
                those = f"{renamed} users that share their names with vehicles are"
            self._notes.append(f"{those} called KIND:NAME")
        about = self._about(format, origin, bounds)
        longest_gap_s = about.longest_gap_s or about.held_s
        assert longest_gap_s is not None
        movements = Movements(len(names), about.typical_interval_s, longest_gap_s)
        write_records(out, about, self._frames(names, movements))
        return about, movements

    @property
    def _has_dates(self) -> bool:
        return self._reading.times.startswith("dates")

    def _unit_option(self, format: str) -> str:
        """What says that units are others, of what the format takes."""
        reading = self._reading
        takes = TRACE_FORMATS[format].takes if format in TRACE_FORMATS else ()
        leaves_open = reading.is_geographic is None or reading.is_assumed
        return unit_option(takes, has_dates=self._has_dates, leaves_open=leaves_open)

    @property
    def _odometer(self) -> Odometer:
        return self._checks.as_degrees if self._geographic else self._checks.as_metres

    def _new_spool(self) -> Spool:
        self._spools += 1
        return Spool(self._folder / f"records-{self._spools}")

    def _new_checks(self) -> TraceChecks:
        checks = TraceChecks(self._source, self._roster, self._bad)
        checks.is_date = self._reading.is_clock
        return checks

    def _take(self) -> None:
        """Read all records, check them and lay them aside."""
        batches = self._usable()
        for batch in self._sorted(batches) if self._options.sort or self._reading.is_unsorted else batches:
            self._spool.append(self._checks.ordered(batch))
        self._spool.close()
        self._require_records()
        if self._checks.repeated:
            those = "record that repeats" if self._checks.repeated == 1 else "records that repeat"
            verb = "was" if self._checks.repeated == 1 else "were"
            self._notes.append(f"{self._checks.repeated} {those} the one before {verb} left out")

    def _usable(self) -> Iterator[Batch]:
        stated = None if self._options.coordinates is None else self._options.coordinates == "degrees"
        reading = self._reading
        for batch in reading.batches:
            self._checks.is_date = reading.is_clock
            is_open = reading.is_geographic is None or (reading.is_assumed and stated is not None)
            yield self._checks.usable(batch, stated if is_open else reading.is_geographic)

    def _sorted(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """The same records in the order of time."""
        with closing(self._new_spool()) as spool:
            for batch in batches:
                self._checks.widen(batch.first_s, batch.until_s)
                spool.append(batch)
            spool.close()
            if self._options.sort and not spool.is_in_order:
                self._notes.append("records were sorted by time (--sort)")
            yield from spool.batches()

    def _filter(self, stays: Stays | None) -> None:
        """Leave records out, and check and measure the others anew."""
        if stays is None:
            return
        before, checks, spool = self._checks, self._new_checks(), self._new_spool()
        if self._reading.has_empty_steps:
            checks.widen(before.first_s, before.until_s)
        checks.repeated = before.repeated
        for batch in self._spool.batches():
            spool.append(checks.ordered(batch.where(stays(batch))))
        spool.close()
        self._checks, self._spool = checks, spool
        self._require_records()

    def _require_records(self) -> None:
        if not self._checks.records:
            why = f"; {self._bad.first[0]}" if self._bad.first else ""
            raise InputError(f"{self._source}: holds no record; a trace needs at least one user at one time{why}")

    def _zero_place(self) -> str:
        zero = self._checks.first_zero
        if zero is None:
            return ""
        place = f"{self._source}:{zero.line}" if zero.line >= 0 else str(self._source)
        moment = moment_text(zero.time_s, self._reading.is_clock)
        return f"{place}: user {self._roster.name(zero.code)!r} at {moment}"

    def _placed(self) -> tuple[Origin | None, tuple[FloatArray, FloatArray]]:
        """The origin of the local metres, None where positions are metres from nowhere on Earth, and the bounds [m]."""
        given, bounds = self._options.origin, self._checks.bounds
        origin = None if given is None else Origin(lat_deg=given[0], lon_deg=given[1])
        if not self._geographic:
            return origin, (bounds.lowest, bounds.highest)
        here = origin or south_west(*bounds.on_earth())  # here, since PROJ is not to be called from threads of polars
        return here, self._spool.move(lambda lon_lat_deg: local_m(lon_lat_deg, here))

    def _about(self, format: str, origin: Origin | None, bounds: tuple[FloatArray, FloatArray]) -> TraceAbout:
        checks, reading = self._checks, self._reading
        low, high = bounds
        typical_s = checks.interval_s.at(0.5)
        usual_gap_s = max(LEAST_LONGEST_GAP_S, LONGEST_GAP_INTERVALS * typical_s)
        if reading.is_continuous:
            usual_gap_s = (checks.until_s - checks.first_s) or usual_gap_s
        longest_gap_s = self._options.longest_gap_s or usual_gap_s
        present = checks.has_records
        kinds = Counter(kind for kind, is_there in zip(self._roster.kinds, present, strict=True) if is_there)
        return TraceAbout(
            source=self._source.name,
            format=format,
            attribution=(*reading.attribution, *self._options.attribution),
            origin=origin,
            projection=PROJECTION if self._geographic else None,
            source_start_s=checks.first_s,
            source_start_date=date_text(checks.first_s) if reading.is_clock else None,
            duration_s=checks.until_s - checks.first_s,
            min_xy_m=(float(low[0]), float(low[1])),
            max_xy_m=(float(high[0]), float(high[1])),
            users=int(present.sum()),
            kinds=dict(sorted(kinds.items())),
            records=checks.records,
            typical_interval_s=typical_s,
            longest_gap_s=None if reading.held_s else longest_gap_s,
            held_s=reading.held_s,
        )

    def summary(self, about: TraceAbout) -> ImportSummary:
        """What was understood, once all is read."""
        reading, checks, bounds = self._reading, self._checks, self._checks.bounds
        positions, facts = "positions in metres", []
        if self._geographic:
            (west, south), (east, north) = bounds.on_earth()
            positions = "latitude and longitude in degrees"
            east = (east + 180.0) % 360.0 - 180.0 if east > 180.0 else east
            facts = [("on Earth", f"latitude {south:.8g} to {north:.8g}, longitude {west:.8g} to {east:.8g}")]
        extent_m = (about.max_xy_m[0] - about.min_xy_m[0], about.max_xy_m[1] - about.min_xy_m[1])
        fastest = None if reading.held_s else self._fastest()
        odd: list[str] = []
        if not reading.held_s:
            interval_s, option = about.typical_interval_s, self._unit_option(about.format)
            odd = odd_notes(self._odometer, fastest, extent_m, interval_s, has_dates=self._has_dates, option=option)
        if self._odometer.steps == 0 and checks.records > 1:
            odd.append("no user has two records, so nobody moves; --columns user=... says whose they are")
        if about.format in TEXT_FORMATS and lacks_line_end(self._source):
            odd.append("the last line has no end: if the file was cut off, its last record may be wrong")
        return ImportSummary(
            layout=f"{about.format}, {reading.layout}" if reading.layout else about.format,
            rows=checks.records,
            users=", ".join(f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in about.kinds.items()),
            interval_s=about.typical_interval_s,
            units=f"{positions}, times are {reading.times}",
            extent_m=extent_m,
            fastest=fastest,
            columns_used=reading.columns_used,
            columns_unused=reading.columns_unused,
            facts=tuple(facts),
            notes=(*reading.notes, *self._bad.notes(), *self._notes, *odd),
        )

    def _fastest(self) -> FastestStep | None:
        odometer = self._odometer
        if odometer.fastest is None:
            return None
        code, end_s, line, speed_mps = odometer.fastest
        moment = moment_text(end_s, self._reading.is_clock)
        place = f"line {line}" if line >= 0 else ""
        return FastestStep(self._roster.name(code), moment, speed_mps, place, odometer.over, odometer.steps)

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
