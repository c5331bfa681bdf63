"""GPX (topografix.com/GPX/1/1): recorded tracks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from twinhop.errors import InputError
from twinhop.io.xml_stream import XmlReader
from twinhop.scenario.traces.clock import date_seconds
from twinhop.scenario.traces.records import BATCH_RECORDS, USER, Batch, Reading, Roster
from twinhop.scenario.traces.source import EndsEarly, blocks

LONGEST_TIME = 64


def read_gpx(path: Path, roster: Roster) -> Reading:
    """Read the tracks of a GPX file; each is one user, named after the file: `walk`, `walk-2`, ...

    Segments of one track are one user's; the pause between them is a gap as any other. Waypoints and routes, which
    have no times, are left out.

    Args:
        path: the file, plain or gzip-compressed.
        roster: numbers the users.

    Raises:
        InputError: while the batches are taken: not such a file, a point without time, a document type or entity, or
            the file ends early.
    """
    return Reading(_batches(path, _Parser(path, roster)), is_geographic=True, is_clock=True)


def _batches(path: Path, reader: _Parser) -> Iterator[Batch]:
    try:
        for block in blocks(path):
            reader.feed(block)
            if len(reader.codes) >= BATCH_RECORDS:
                yield reader.take()
        reader.feed(b"", last=True)
    except EndsEarly as error:
        raise reader.ends_early(str(error)) from None
    if reader.points == 0:
        raise InputError(f"{path}: has no track point; expected <trkpt lat=... lon=...> with <time>")
    if reader.codes:
        yield reader.take()


class _Parser(XmlReader):
    """Takes the elements; points wait in lists until they are taken."""

    kind, noun, root = "GPX", "track", "gpx"
    deepest = 32

    def __init__(self, path: Path, roster: Roster) -> None:
        super().__init__(path, text=self._text)
        self._stem, self._roster = path.name.partition(".")[0], roster
        self._tracks = self.points = 0
        self._code = 0
        self._at: tuple[float, float] | None = None
        self._time: str | None = None
        self.codes: list[int] = []
        self._times_s: list[float] = []
        self._lat: list[float] = []
        self._lon: list[float] = []
        self._lines: list[int] = []

    def progress(self) -> str:
        """How far the file could be read."""
        return f"{self.points} track points are whole"

    def take(self) -> Batch:
        """The points so far."""
        code, line = np.array(self.codes, dtype=np.int32), np.array(self._lines, dtype=np.int64)
        time_s, lat, lon = (np.array(each, dtype=np.float64) for each in (self._times_s, self._lat, self._lon))
        for each in (self.codes, self._times_s, self._lat, self._lon, self._lines):
            each.clear()
        return Batch(code, time_s, lon, lat, float(time_s.min()), float(time_s.max()), line)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a track, a point, or its time."""
        name = self.enter(tag)
        if name == "trk":
            self._tracks += 1
            name = self._stem if self._tracks == 1 else f"{self._stem}-{self._tracks}"
            self._code = self._roster.codes(USER)[name]
        elif name == "trkpt":
            self._at = self._position(attributes)
        elif name == "time" and self._at is not None and self.path[-2] == "trkpt":
            self._time = ""

    def _position(self, attributes: dict[str, str]) -> tuple[float, float]:
        if self._tracks == 0:
            self.fail("<trkpt> must stand in a <trk>")
        try:
            return float(attributes["lat"]), float(attributes["lon"])
        except (KeyError, ValueError):
            self.fail("<trkpt>: lat and lon must be numbers")

    def _text(self, text: str) -> None:
        if self._time is not None and len(self._time) <= LONGEST_TIME:
            self._time += text

    def end(self, tag: str) -> None:
        """Keep a whole point."""
        name = self.path.pop()
        if name != "trkpt" or self._at is None:
            return
        time_s = date_seconds(self._time or "")
        if time_s is None:
            got = "nothing" if self._time is None else repr(self._time[:40])
            self.fail(f"<trkpt>: time: must be a date and time (ISO 8601) (got {got})")
        self.codes.append(self._code)
        self._times_s.append(time_s)
        self._lat.append(self._at[0])
        self._lon.append(self._at[1])
        self._lines.append(self.line)
        self.points += 1
        self._at = self._time = None
