"""GPX (topografix.com/GPX/1/1): recorded tracks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

import numpy as np

from twinhop.errors import InputError
from twinhop.scenario.traces.clock import date_seconds
from twinhop.scenario.traces.records import BATCH_RECORDS, USER, Batch, Reading, Roster
from twinhop.scenario.traces.source import EndsEarly, blocks

DEEPEST_NESTING = 32
LONGEST_TIME = 64
LARGEST_TOKEN_BYTES = 1 << 20
CUT_OFF = (expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_UNCLOSED_TOKEN)


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
        raise InputError(f"{path}: {error}; {reader.whole}") from None
    if reader.points == 0:
        raise InputError(f"{path}: has no track point; expected <trkpt lat=... lon=...> with <time>")
    if reader.codes:
        yield reader.take()


class _Parser:
    """Takes expat's events; points wait in lists until they are taken."""

    def __init__(self, path: Path, roster: Roster) -> None:
        self._path, self._roster = path, roster
        self._open: list[str] = []
        self._tracks = self._fed = self.points = 0
        self._code = 0
        self._at: tuple[float, float] | None = None
        self._time: str | None = None
        self.codes: list[int] = []
        self._times_s: list[float] = []
        self._lat: list[float] = []
        self._lon: list[float] = []
        self._lines: list[int] = []
        self._expat = expat.ParserCreate(namespace_separator=" ")
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._text
        self._expat.StartDoctypeDeclHandler = self._refuse_doctype

    @property
    def whole(self) -> str:
        """How far the file could be read."""
        return f"{self.points} track points are whole"

    def feed(self, block: bytes, last: bool = False) -> None:
        """Parse one more block of the file."""
        self._fed += len(block)
        try:
            self._expat.Parse(block, last)
        except expat.ExpatError as error:
            if last and self._open and expat.ErrorString(error.code) in CUT_OFF:
                raise InputError(f"{self._path}: the file stops in the middle (truncated); {self.whole}") from None
            self._fail(f"not valid XML: {expat.ErrorString(error.code)}", error.lineno)
        except (ValueError, UnicodeError) as error:
            self._fail(f"not valid XML: {error}")
        if self._fed - self._expat.CurrentByteIndex > LARGEST_TOKEN_BYTES + len(block):
            self._fail(f"one element or text of more than {LARGEST_TOKEN_BYTES // 1024} KiB; no track needs one")

    def take(self) -> Batch:
        """The points so far."""
        code, line = np.array(self.codes, dtype=np.int32), np.array(self._lines, dtype=np.int64)
        time_s, lat, lon = (np.array(each, dtype=np.float64) for each in (self._times_s, self._lat, self._lon))
        for each in (self.codes, self._times_s, self._lat, self._lon, self._lines):
            each.clear()
        return Batch(code, time_s, lon, lat, float(time_s.min()), float(time_s.max()), line)

    def _fail(self, message: str, line: int | None = None) -> NoReturn:
        raise InputError(f"{self._path}:{line or self._expat.CurrentLineNumber}: {message}")

    def _refuse_doctype(self, *_: object) -> None:
        self._fail("the document type (<!DOCTYPE ...>), which may define entities, is not accepted; take it out")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        self._open.append(name)
        if len(self._open) > DEEPEST_NESTING:
            self._fail(f"nested deeper than {DEEPEST_NESTING} levels, which no track needs")
        if len(self._open) == 1 and name != "gpx":
            self._fail(f"not GPX: the outermost element is <{name[:40]}>, not <gpx>")
        if name == "trk":
            self._tracks += 1
            stem = self._path.name.partition(".")[0]
            self._code = self._roster.codes(USER)[stem if self._tracks == 1 else f"{stem}-{self._tracks}"]
        elif name == "trkpt":
            self._at = self._position(attributes)
        elif name == "time" and self._at is not None and self._open[-2] == "trkpt":
            self._time = ""

    def _position(self, attributes: dict[str, str]) -> tuple[float, float]:
        if self._tracks == 0:
            self._fail("<trkpt> must stand in a <trk>")
        try:
            return float(attributes["lat"]), float(attributes["lon"])
        except (KeyError, ValueError):
            self._fail("<trkpt>: lat and lon must be numbers")

    def _text(self, text: str) -> None:
        if self._time is not None and len(self._time) <= LONGEST_TIME:
            self._time += text

    def _end(self, _: str) -> None:
        name = self._open.pop()
        if name != "trkpt" or self._at is None:
            return
        time_s = date_seconds(self._time or "")
        if time_s is None:
            found = "nothing" if self._time is None else repr(self._time[:40])
            self._fail(f"<trkpt>: time: must be a date and time (ISO 8601) (got {found})")
        self.codes.append(self._code)
        self._times_s.append(time_s)
        self._lat.append(self._at[0])
        self._lon.append(self._at[1])
        self._lines.append(self._expat.CurrentLineNumber)
        self.points += 1
        self._at = self._time = None
