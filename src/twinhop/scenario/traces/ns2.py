"""Movement for ns-2 and ns-3, as `setdest`, BonnMotion and SUMO write it: Tcl statements that send nodes to places."""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from twinhop.errors import InputError
from twinhop.io.byte_blocks import EndsEarly, decoded_head, open_text
from twinhop.scenario.traces.bad_records import BadRecords
from twinhop.scenario.traces.records import BATCH_RECORDS, USER, Batch, Reading, ReadOptions, Roster
from twinhop.scenario.traces.tables import EXPECTED
from twinhop.text import counted

NUMBER = r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
NODE = r"\$(\w+(?:\(\w+\))?)"
PLACED = re.compile(rf"\s*{NODE}\s+set\s+([XYZ])_\s+{NUMBER}\s*;?\s*")
SENT = re.compile(rf'\s*\$\w+\s+at\s+{NUMBER}\s+"\s*{NODE}\s+setdest\s+{NUMBER}\s+{NUMBER}\s+{NUMBER}\s*"\s*;?\s*')
MOVED = re.compile(rf'\s*\$\w+\s+at\s+{NUMBER}\s+"\s*{NODE}\s+set\s+([XYZ])_\s+{NUMBER}\s*"\s*;?\s*')
MEANT = re.compile(r"^[^#]*(?:\bsetdest\b|\bset\s+[XYZ]_)")
"""A statement that moves a node, whether or not it can be read."""
INDEX = re.compile(r"\w+\((\w+)\)")
LONGEST_LINE = 1 << 16
JUMP_S = 1e-3
"""A node that is put elsewhere at once leaves its place so much before."""


def is_ns2(text: str) -> bool:
    """Whether text holds statements that place or send nodes.

    >>> is_ns2("$node_(0) set X_ 5.0"), is_ns2("id,time,x,y")
    (True, False)
    """
    return any(each.fullmatch(line) for line in text.splitlines() for each in (PLACED, SENT, MOVED))


def read_ns2(path: Path, roster: Roster, options: ReadOptions | None = None) -> Reading:
    """Read `$node_(0) set X_ 5`, the place of a node at time 0, and `$ns_ at 10 "$node_(0) setdest 20 18 1"`.

    The second sends the node from where it then is to a place [m] at a speed [m/s]; there it stays until it is sent
    again. All nodes are there from time 0 until the last of them has arrived. Heights and all other statements are
    left out. `$node_(0)` is user `0`.

    Args:
        path: the file, plain or gzip-compressed.
        roster: numbers the users.
        options: what is done with statements that cannot be used.

    Raises:
        InputError: while the batches are taken: a node has no place at time 0, is sent before it was sent before, or
            a statement that moves nodes has no plain numbers.

    Source: ns-2 manual, chapter 16.1 "Mobilenode: Creating Node movements".
    """
    options = options or ReadOptions()
    encoding, _ = decoded_head(path, EXPECTED)
    notes: list[str] = []
    return Reading(
        _batches(path, encoding, roster, options, notes),
        is_geographic=False,
        is_continuous=True,
        notes=notes,
        layout="setdest",
        columns_used=("set X_", "set Y_", "setdest"),
    )


@dataclass
class _Node:
    """What is said of a node: its place at time 0, and rows of time, x, y, speed (NaN: put there at once) and line."""

    place: list[float] = field(default_factory=lambda: [float("nan"), float("nan")])
    sent: array[float] = field(default_factory=lambda: array("d"))


def _batches(path: Path, encoding: str, roster: Roster, options: ReadOptions, notes: list[str]) -> Iterator[Batch]:
    nodes = _nodes(path, encoding, options, notes)
    if not nodes:
        raise InputError(
            f'{path}: places no node; expected $node_(0) set X_ 5 and $ns_ at 10 "$node_(0) setdest 20 18 1"'
        )
    codes = roster.codes(USER)
    ways = []
    for name, node in nodes.items():
        way = _way(path, name, node, options.bad)
        if way is not None:
            ways.append((codes[name], way))
    end_s = max((way[-1, 0] for _, way in ways), default=0.0)
    waiting: list[tuple[int, np.ndarray]] = []
    for code, way in ways:
        if way[-1, 0] < end_s:
            way = np.vstack([way, [end_s, *way[-1, 1:]]])
        waiting.append((code, way))
        if sum(len(each) for _, each in waiting) >= BATCH_RECORDS:
            yield _batch(waiting)
            waiting = []
    if waiting:
        yield _batch(waiting)


def _batch(ways: list[tuple[int, np.ndarray]]) -> Batch:
    points = np.concatenate([way for _, way in ways])
    code = np.repeat(np.array([code for code, _ in ways], np.int32), [len(way) for _, way in ways])
    time_s, east, north = (points[:, at].copy() for at in range(3))
    return Batch(code, time_s, east, north, line=points[:, 3].astype(np.int64))


def _nodes(path: Path, encoding: str, options: ReadOptions, notes: list[str]) -> dict[str, _Node]:
    """The statements by node; those of one node in the order of the file."""
    nodes: dict[str, _Node] = defaultdict(_Node)
    stream, line = open_text(path, encoding, notes, EXPECTED), 0
    try:
        while text := stream.readline(LONGEST_LINE):
            line += 1
            if sent := SENT.fullmatch(text):
                time_s, name, x, y, speed = sent.groups()
                nodes[_name(name)].sent.extend((float(time_s), float(x), float(y), float(speed), line))
            elif placed := PLACED.fullmatch(text):
                name, axis, value = placed.groups()
                if axis != "Z":
                    nodes[_name(name)].place["XY".index(axis)] = float(value)
            elif moved := MOVED.fullmatch(text):
                time_s, name, axis, value = moved.groups()
                at = (float(value) if axis == each else float("nan") for each in "XY")
                if axis != "Z":
                    nodes[_name(name)].sent.extend((float(time_s), *at, float("nan"), line))
            elif MEANT.match(text):
                options.bad.add(f"{path}:{line}: expected plain numbers (got {text.strip()[:60]!r})")
    except EndsEarly as error:
        raise InputError(f"{path}: {error}; {counted(line, 'whole line')} before") from None
    return nodes


def _name(node: str) -> str:
    match = INDEX.fullmatch(node)
    return node if match is None else match[1]


def _way(path: Path, name: str, node: _Node, bad: BadRecords) -> np.ndarray | None:
    """(n, 4) times [s], places [m] and lines of the waypoints of a node; None where it is left out."""
    if any(value != value for value in node.place):
        bad.add(f"{path}: node {name!r}: has no place at time 0; expected set X_ and set Y_")
        return None
    rows = np.array(node.sent).reshape(-1, 5)
    late = rows[:, 0] < np.maximum.accumulate(rows[:, 0])
    if late.any():
        what = f"{path}:{int(rows[late][0, 4])}: node {name!r}: is sent before it was sent before"
        bad.add(what, "; order its statements by time", int(late.sum()))
        rows = rows[~late]
    way = _Way(node.place[0], node.place[1])
    for time_s, x, y, speed, line in rows.tolist():
        way.send(time_s, x, y, speed, line)
    way.arrive(float("inf"))
    return np.array(way.points)


class _Way:
    """Waypoints of a node that is sent from place to place.

    Attributes:
        points: time [s], x, y [m] and line of each.
    """

    def __init__(self, x: float, y: float) -> None:
        self.points = [(0.0, x, y, -1.0)]
        self._goal: tuple[float, float, float, float] | None = None

    def send(self, time_s: float, x: float, y: float, speed: float, line: float) -> None:
        """Send the node to a place at a speed [m/s], or put it there at once where that is NaN."""
        self.arrive(time_s)
        at_x, at_y = self._place(time_s)
        if speed != speed:
            self._goal = None
            self._add(time_s - JUMP_S, at_x, at_y, line)
            self._add(time_s, at_x if x != x else x, at_y if y != y else y, line)
            return
        self._add(time_s, at_x, at_y, line)
        length_m = float(np.hypot(x - at_x, y - at_y))
        self._goal = (time_s + length_m / speed, x, y, line) if speed > 0 and length_m > 0 else None

    def arrive(self, time_s: float) -> None:
        """Let it arrive, if it does until then."""
        if self._goal is not None and self._goal[0] <= time_s:
            self._add(*self._goal)
            self._goal = None

    def _place(self, time_s: float) -> tuple[float, float]:
        begin_s, x, y, _ = self.points[-1]
        if self._goal is None:
            return x, y
        end_s, to_x, to_y, _ = self._goal
        share = (time_s - begin_s) / (end_s - begin_s)
        return x + share * (to_x - x), y + share * (to_y - y)

    def _add(self, time_s: float, x: float, y: float, line: float) -> None:
        last = self.points[-1]
        if time_s > last[0]:
            self.points.append((time_s, x, y, line))
        elif time_s == last[0]:
            self.points[-1] = (time_s, x, y, line)
