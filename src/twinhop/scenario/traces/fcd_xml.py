"""SUMO's floating car data in XML, read as a stream: memory does not grow with the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from twinhop.errors import InputError
from twinhop.io.xml_stream import XmlReader
from twinhop.scenario.traces.clock import source_seconds
from twinhop.scenario.traces.records import BATCH_RECORDS, CONTAINER, PERSON, VEHICLE, Batch, Reading, Roster
from twinhop.scenario.traces.source import EndsEarly, blocks, head

STATES_GEOGRAPHIC = re.compile(rb'<fcd-output\.geo\s+value="(true|1|t|yes)"', re.IGNORECASE)
"""SUMO's configuration, which it writes as a comment before the data, asked for longitude and latitude."""
STATES_SUMO = re.compile(rb"<sumoConfiguration")


def read_fcd_xml(path: Path, roster: Roster) -> Reading:
    """Read `<fcd-export>`: time steps with vehicles, persons and containers; empty steps count into the span.

    Args:
        path: the file, plain or gzip-compressed.
        roster: numbers the users.

    Returns:
        The records. Whether they are longitude and latitude is told by SUMO's configuration where the file holds it.

    Raises:
        InputError: while the batches are taken: not such a file; time goes backwards; an attribute is missing or no
            number; a document type or entity; the file ends early, with the last whole time step.

    Source: SUMO user documentation, Simulation/Output/FCDOutput.
    """
    beginning = head(path)
    geographic = True if STATES_GEOGRAPHIC.search(beginning) else False if STATES_SUMO.search(beginning) else None
    return Reading(_batches(path, _Parser(path, roster)), is_geographic=geographic)


def _batches(path: Path, reader: _Parser) -> Iterator[Batch]:
    try:
        for block in blocks(path):
            reader.feed(block)
            if len(reader.codes) >= BATCH_RECORDS:
                yield reader.take()
        reader.close()
    except EndsEarly as error:
        raise reader.ends_early(str(error)) from None
    yield reader.take()


class _Parser(XmlReader):
    """Takes the elements; the records of the time steps so far wait in lists until they are taken."""

    kind, noun, root = "floating car data", "trace", "fcd-export"
    namespaces = False

    def __init__(self, path: Path, roster: Roster) -> None:
        super().__init__(path)
        self._in_step = False
        self._time_s = self._whole_s = float("nan")
        self._first_s: float | None = None
        self._step_times_s: list[float] = []
        self._step_begins: list[int] = []
        self.codes: list[int] = []
        self._east: list[float] = []
        self._north: list[float] = []
        self._known = {kind: roster.codes(kind) for kind in (VEHICLE, PERSON, CONTAINER)}

    def close(self) -> None:
        """Check that the document is complete."""
        self.feed(b"", last=True)
        if self._first_s is None:
            raise InputError(f"{self.source}: has no time step; expected <timestep time=...> in <fcd-export>")

    def progress(self) -> str:
        """How far the file could be read."""
        is_none = self._whole_s != self._whole_s
        return "no time step is whole" if is_none else f"the last whole time step is {self._whole_s:g} s"

    def take(self) -> Batch:
        """The records so far; those of an unfinished time step among them."""
        counts = np.diff([*self._step_begins, len(self.codes)])
        times_s = np.array(self._step_times_s, dtype=np.float64)
        assert self._first_s is not None
        batch = Batch(
            np.array(self.codes, dtype=np.int32),
            np.repeat(times_s, counts),
            np.array(self._east, dtype=np.float64),
            np.array(self._north, dtype=np.float64),
            first_s=self._first_s,
            until_s=self._time_s,
        )
        for each in (self.codes, self._east, self._north):
            each.clear()
        self._step_times_s, self._step_begins = [self._time_s], [0]
        return batch

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a record or a time step."""
        known = self._known.get(tag)
        if known is None:
            if self.enter(tag) == "timestep":
                self._begin_step(attributes.get("time", ""))
            return
        self.path.append(tag)  # not by `enter`: this is called for every record
        try:
            self._east.append(float(attributes["x"]))
            self._north.append(float(attributes["y"]))
            self.codes.append(known[attributes["id"]])
        except (KeyError, ValueError):
            self._bad_record(tag, attributes)
        if len(self.path) != 3 or not self._in_step:
            self.fail(f"<{tag}> must stand in a <timestep>")

    def _begin_step(self, text: str) -> None:
        time_s = source_seconds(text)
        if time_s is None:
            self.fail(f"timestep: time: must be seconds or h:mm:ss (got {text[:40]!r})")
        if time_s <= self._time_s:
            self.fail(f"time goes backwards: time step {time_s:g} s comes after {self._time_s:g} s")
        if self._first_s is None:
            self._first_s = time_s
        self._time_s, self._in_step = time_s, True
        self._step_times_s.append(time_s)
        self._step_begins.append(len(self.codes))

    def end(self, tag: str) -> None:
        """A time step is whole at its end."""
        self.path.pop()
        if tag == "timestep":
            self._whole_s, self._in_step = self._time_s, False

    def _bad_record(self, tag: str, attributes: dict[str, str]) -> None:
        name = attributes.get("id", "")[:40]
        for axis in ("x", "y"):
            if axis not in attributes:
                self.fail(f"<{tag}> {name!r}: has no {axis}; expected id, x and y")
            try:
                float(attributes[axis])
            except ValueError:
                self.fail(f"<{tag}> {name!r}: {axis}: must be a number (got {attributes[axis][:40]!r})")
        self.fail(f"<{tag}>: has no id; expected id, x and y")
