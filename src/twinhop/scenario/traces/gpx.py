"""GPX (topografix.com/GPX/1/1): recorded tracks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from twinhop.errors import InputError
from twinhop.io.byte_blocks import EndsEarly, blocks
from twinhop.io.xml_stream import XmlReader
from twinhop.scenario.traces.bad_records import BadRecords
from twinhop.scenario.traces.clock import ISO, date_seconds
from twinhop.scenario.traces.records import BATCH_RECORDS, USER, Batch, Reading, ReadOptions, Roster
from twinhop.text import counted

GROUPS = ("extensions", "TrackPointExtension")
"""Elements of a point that hold others and say nothing themselves."""
MOST_UNUSED = 20


def read_gpx(path: Path, roster: Roster, options: ReadOptions | None = None) -> Reading:
    """Read the tracks of a GPX file; each is one user, named after the file: `walk`, `walk-2`, ...

    Segments of one track are one user's; the pause between them is a gap as any other. Waypoints and routes, which
    have no times, are left out, as is everything of a point but its place, its time and its speed (GPX 1.0, or in
    whatever extension calls it so).

    Args:
        path: the file, plain or gzip-compressed.
        roster: numbers the users.
        options: what is done with points that cannot be used.

    Raises:
        InputError: while the batches are taken: not such a file, a point without time, a document type or entity, or
            the file ends early.
    """
    reader = _Parser(path, roster, (options or ReadOptions()).bad)
    used = ("trkpt lat", "trkpt lon", "time")
    reading = Reading(
        iter(()), is_geographic=True, is_clock=True, times=f"dates ({ISO})", columns_used=used, layout="tracks"
    )
    reading.batches = _batches(path, reader, reading)
    return reading


def _batches(path: Path, reader: _Parser, reading: Reading) -> Iterator[Batch]:
    try:
        for block in blocks(path):
            reader.feed(block)
            if len(reader.codes) >= BATCH_RECORDS:
                yield reader.take()
        reader.feed(b"", last=True)
    except EndsEarly as error:
        raise reader.ends_early(str(error)) from None
    reading.columns_unused = tuple(sorted(reader.unused))[:MOST_UNUSED]
    if reader.has_speeds:
        reading.columns_used += ("speed",)
    if reader.points == 0:
        why = f" that can be used ({reader.bad.first[0]})" if reader.bad.first else ""
        raise InputError(f"{path}: has no track point{why}; expected <trkpt lat=... lon=...> with <time>")
    if reader.codes:
        yield reader.take()


class _Parser(XmlReader):
    """Takes the elements; points wait in lists until they are taken."""

    kind, noun, root = "GPX", "track", "gpx"
    deepest = 32
    texts = True

    def __init__(self, path: Path, roster: Roster, bad: BadRecords) -> None:
        super().__init__(path)
        self._stem, self._roster, self.bad = path.name.partition(".")[0], roster, bad
        self._tracks = self.points = 0
        self._code = 0
        self._at: tuple[float, float] | None = None
        self._fault: str | None = None
        self._time: str | None = None
        self._speed = float("nan")
        self.has_speeds = False
        self.unused: set[str] = set()
        self.codes: list[int] = []
        self._times_s: list[float] = []
        self._lat: list[float] = []
        self._lon: list[float] = []
        self._speeds: list[float] = []
        self._lines: list[int] = []

    def progress(self) -> str:
        """How far the file could be read."""
        return f"{counted(self.points, 'whole track point')} before"

    def take(self) -> Batch:
        """The points so far."""
        code, line = np.array(self.codes, dtype=np.int32), np.array(self._lines, dtype=np.int64)
        time_s, lat, lon, speed_mps = (
            np.array(each, dtype=np.float64) for each in (self._times_s, self._lat, self._lon, self._speeds)
        )
        for each in (self.codes, self._times_s, self._lat, self._lon, self._speeds, self._lines):
            each.clear()
        return Batch(code, time_s, lon, lat, line=line, speed_mps=speed_mps)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a track, a point, or what is said of it."""
        name = self.enter(tag)
        if name == "trk":
            self._tracks += 1
            name = self._stem if self._tracks == 1 else f"{self._stem}-{self._tracks}"
            self._code = self._roster.codes(USER)[name]
        elif name == "trkpt":
            self._at, self._fault = self._position(attributes)
            self._time, self._speed = None, float("nan")
        elif self._at is not None and (name == "speed" or (name == "time" and self.path[-2] == "trkpt")):
            self.collect()
        elif self._at is not None and name not in GROUPS and len(self.unused) <= MOST_UNUSED:
            self.unused.add(name)

    def _position(self, attributes: dict[str, str]) -> tuple[tuple[float, float], str | None]:
        if self._tracks == 0:
            self.fail("<trkpt> must stand in a <trk>")
        try:
            return (float(attributes["lat"]), float(attributes["lon"])), None
        except (KeyError, ValueError):
            return (float("nan"), float("nan")), "lat and lon must be numbers"

    def end(self, tag: str) -> None:
        """Keep a whole point."""
        name, text = self.leave()
        if self._at is None or (text is None and name != "trkpt"):
            return
        if name == "time":
            self._time = text
        elif name == "speed":
            self._speed = _speed_mps(text or "")
        else:
            self._keep(self._at)
            self._at = None

    def _keep(self, at: tuple[float, float]) -> None:
        time_s = date_seconds(self._time or "")
        fault = self._fault
        if fault is None and time_s is None:
            got = "nothing" if self._time is None else repr(self._time[:40])
            fault = f"time: must be a date and time (ISO 8601: 2024-05-01T08:00:00Z) (got {got})"
        if fault is not None or time_s is None:
            self.bad.add(f"{self.source}:{self.line}: <trkpt>: {fault}")
            return
        self.codes.append(self._code)
        self._times_s.append(time_s)
        self._lat.append(at[0])
        self._lon.append(at[1])
        self._speeds.append(self._speed)
        self.has_speeds |= self._speed == self._speed
        self._lines.append(self.line)
        self.points += 1


def _speed_mps(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
