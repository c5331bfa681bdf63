"""SUMO's floating car data in XML, read as a stream: memory does not grow with the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from twinhop.errors import InputError
from twinhop.io.byte_blocks import EndsEarly, blocks, head
from twinhop.io.xml_stream import XmlReader
from twinhop.scenario.time_unit import AmbiguousTime
from twinhop.scenario.traces.clock import Clock, clock_of, moment_text, source_seconds
from twinhop.scenario.traces.records import (
    BATCH_RECORDS,
    CONTAINER,
    PERSON,
    VEHICLE,
    Batch,
    Codes,
    Reading,
    ReadOptions,
    Roster,
    placed_records,
)

STATES_GEOGRAPHIC = re.compile(r'<fcd-output\.geo\b[^>]*?\bvalue\s*=\s*["\'](\w+)["\']', re.IGNORECASE)
"""SUMO's configuration, which it writes as a comment before the data, asked for longitude and latitude, or did not."""
STATES_SUMO = re.compile(r"<\w*configuration\b|\bSUMO\b", re.IGNORECASE)
"""A comment that SUMO wrote, whatever it calls its configuration."""
TRUE = ("true", "1", "t", "yes", "x", "on")


def read_fcd_xml(path: Path, roster: Roster, options: ReadOptions | None = None) -> Reading:
    """Read `<fcd-export>`: time steps with vehicles, persons and containers; empty steps count into the span.

    Args:
        path: the file, plain or gzip-compressed.
        roster: numbers the users.
        options: what is done with records that cannot be used, and whether time steps may come in any order.

    Returns:
        The records, without vehicles that SUMO had not placed. They are metres where SUMO's configuration, a comment
        before the data, does not ask for longitude and latitude by `fcd-output.geo`; without one, that is left open.

    Raises:
        InputError: while the batches are taken: not such a file; time goes backwards; an attribute is missing or no
            number; a document type or entity; the file ends early, with the last whole time step.

    Source: SUMO user documentation, Simulation/Output/FCDOutput.
    """
    head(path)
    reader = _Parser(path, roster, options or ReadOptions())
    reading = Reading(
        iter(()), is_geographic=None, has_empty_steps=True, columns_used=("timestep time", "id", "x", "y")
    )
    reading.batches = _batches(path, reader, reading)
    return reading


def _batches(path: Path, reader: _Parser, reading: Reading) -> Iterator[Batch]:
    try:
        for block in blocks(path):
            reader.feed(block)
            reading.is_geographic, reading.is_assumed = reader.is_geographic, True
            if reader.clock is not None:
                reading.is_clock, reading.times = reader.clock.is_date, reader.clock.about
            if len(reader.codes) >= BATCH_RECORDS:
                yield reader.take()
        reader.close()
    except EndsEarly as error:
        raise reader.ends_early(str(error)) from None
    if reader.clock is not None and reader.clock.note:
        reading.notes.append(reader.clock.note)
    if reader.has_speeds:
        reading.columns_used += ("speed",)
    yield reader.take()


class _Parser(XmlReader):
    """Takes the elements; the records of the time steps so far wait in lists until they are taken."""

    kind, noun, root = "floating car data", "trace", "fcd-export"
    comments = True

    def __init__(self, path: Path, roster: Roster, options: ReadOptions) -> None:
        super().__init__(path)
        self._bad, self._sort, self._time_unit = options.bad, options.sort, options.time_unit
        self.clock: Clock | None = None
        self._is_scaled = False
        self.is_geographic: bool | None = None
        self.states_geographic = self.has_speeds = False
        self._in_step = self._is_bad_step = False
        self._time_s = self._whole_s = float("nan")
        self._span_s: tuple[float, float] | None = None
        self._step_times_s: list[float] = []
        self._step_begins: list[int] = []
        self.codes: list[int] = []
        self._east: list[float] = []
        self._north: list[float] = []
        self._speeds: list[float] = []
        self._known = {kind: roster.codes(kind) for kind in (VEHICLE, PERSON, CONTAINER)}

    def comment(self, text: str) -> None:
        """Take what SUMO says of positions, before the data."""
        if self.path:
            return
        stated = STATES_GEOGRAPHIC.search(text)
        if stated is not None:
            self.is_geographic, self.states_geographic = stated[1].lower() in TRUE, True
        elif STATES_SUMO.search(text) and not self.states_geographic:
            self.is_geographic = False

    def close(self) -> None:
        """Check that the document is complete."""
        self.feed(b"", last=True)
        if self._span_s is None:
            raise InputError(f"{self.source}: has no time step; expected <timestep time=...> in <fcd-export>")

    def progress(self) -> str:
        """How far the file could be read."""
        is_none = self._whole_s != self._whole_s
        return "no time step is whole" if is_none else f"the last whole time step is {self._whole_s:g} s"

    def take(self) -> Batch:
        """The records so far, those of an unfinished time step among them, without vehicles that stand nowhere."""
        counts = np.diff([*self._step_begins, len(self.codes)])
        times_s = np.array(self._step_times_s, dtype=np.float64)
        assert self._span_s is not None
        batch = Batch(
            np.array(self.codes, dtype=np.int32),
            np.repeat(times_s, counts),
            np.array(self._east, dtype=np.float64),
            np.array(self._north, dtype=np.float64),
            *self._span_s,
            speed_mps=np.array(self._speeds, dtype=np.float64),
        )
        for each in (self.codes, self._east, self._north, self._speeds):
            each.clear()
        self._step_times_s, self._step_begins = [self._time_s], [0]
        return placed_records(batch, self._bad)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a record or a time step."""
        known = self._known.get(tag)
        if known is not None:
            self.path.append(tag)  # not by `enter`: this is called for every record
            self._record(tag, attributes, known)
            return
        name = self.enter(tag)
        if name == "timestep":
            self._begin_step(attributes.get("time", ""))
        elif name in self._known:
            self._record(name, attributes, self._known[name])

    def _record(self, tag: str, attributes: dict[str, str], known: Codes) -> None:
        if len(self.path) != 3 or not self._in_step:
            self.fail(f"<{tag}> must stand in a <timestep>")
        if self._is_bad_step:
            self._bad.count += 1
            return
        try:
            x, y, code = float(attributes["x"]), float(attributes["y"]), known[attributes["id"]]
        except (KeyError, ValueError):
            self._bad.add(f"{self.source}:{self.line}: {_record_fault(tag, attributes)}")
            return
        except InputError as error:  # of an id that will not do
            self._bad.add(str(error))
            return
        self.codes.append(code)
        self._east.append(x)
        self._north.append(y)
        try:
            self._speeds.append(float(attributes["speed"]))
            self.has_speeds = True
        except (KeyError, ValueError):
            self._speeds.append(float("nan"))

    def _seconds(self, text: str) -> float:
        """The time of a step [s]; the first tells what numbers are."""
        if self.clock is None:
            try:
                self.clock = clock_of([text], "timestep time", self._time_unit)
            except AmbiguousTime as error:
                self.fail(str(error))
            self._is_scaled = self.clock.scale is not None and self.clock.scale.unit != "s"
        time_s = float(self.clock.of_texts([text])[0]) if self._is_scaled else source_seconds(text)
        if time_s is None or time_s != time_s:
            self.fail(f"timestep: time: must be seconds or h:mm:ss (got {text[:40]!r})")
        return time_s

    def _begin_step(self, text: str) -> None:
        time_s = self._seconds(text)
        self._in_step, self._is_bad_step = True, False
        if not self._sort and time_s <= self._time_s:
            is_date = self.clock is not None and self.clock.is_date
            step, before = moment_text(time_s, is_date), moment_text(self._time_s, is_date)
            what = f"time goes backwards: time step {step} comes after {before}"
            if time_s == self._time_s:
                what = f"time step {step} is given twice"
            self._bad.add(f"{self.source}:{self.line}: {what}", "; --sort takes any order", records=0)
            self._is_bad_step = True
            return
        least_s, largest_s = self._span_s or (time_s, time_s)
        self._span_s = min(least_s, time_s), max(largest_s, time_s)
        self._time_s = time_s
        self._step_times_s.append(time_s)
        self._step_begins.append(len(self.codes))

    def end(self, tag: str) -> None:
        """A time step is whole at its end."""
        if self.path.pop() == "timestep":
            self._whole_s, self._in_step = self._time_s, False


def _record_fault(tag: str, attributes: dict[str, str]) -> str:
    name = attributes.get("id", "")[:40]
    for axis in ("x", "y"):
        if axis not in attributes:
            return f"<{tag}> {name!r}: has no {axis}; expected id, x and y"
        try:
            float(attributes[axis])
        except ValueError:
            return f"<{tag}> {name!r}: {axis}: must be a number (got {attributes[axis][:40]!r})"
    return f"<{tag}>: has no id; expected id, x and y"
