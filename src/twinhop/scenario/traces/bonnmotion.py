"""BonnMotion's own format, `NAME.movements` or `NAME.movements.gz`: a line a node, its waypoints one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from twinhop.errors import InputError
from twinhop.io.byte_blocks import EndsEarly, decoded_head, open_text
from twinhop.scenario.traces.bad_records import BadRecords
from twinhop.scenario.traces.records import BATCH_RECORDS, USER, Batch, FloatArray, Reading, ReadOptions, Roster
from twinhop.scenario.traces.tables import EXPECTED
from twinhop.text import counted

LAYOUTS = {3: "t x y", 4: "t x y z"}
"""Numbers of a waypoint."""
LONGEST_LINE = 1 << 26
MOST_PARAMETERS = 1 << 14
"""Characters of a file of parameters, which holds some lines."""
NUMBERS = re.compile(r"\s*-?[\d.]+(?:[eE][-+]?\d+)?(?:[ \t]+-?[\d.]+(?:[eE][-+]?\d+)?){2,}[ \t]*")
NODES = re.compile(r"^\s*nn\s*=\s*(\d{1,9})\s*$", re.MULTILINE)
DIMENSIONS = re.compile(r"^\s*(?:J|\w*dim\w*)\s*=\s*(2D|3D|TWOD|THREED)\s*$", re.IGNORECASE | re.MULTILINE)


def is_bonnmotion(text: str) -> bool:
    r"""Whether text begins with a line of numbers and blanks, three or more, after comments.

    >>> is_bonnmotion("# made by hand\n0.0 10.5 20 60.0 30 40"), is_bonnmotion("id,time,x,y")
    (True, False)
    """
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    return NUMBERS.fullmatch(first[:4096].rpartition(" ")[0] if len(first) > 4096 else first) is not None


def read_bonnmotion(path: Path, roster: Roster, options: ReadOptions | None = None) -> Reading:
    """Read the waypoints of nodes, between which they move on straight lines; the first line is user `0`.

    A waypoint is `t x y`, or `t x y z`, whose height is left out: the file NAME.params beside it says which, else the
    numbers of a line, whose times rise.

    Args:
        path: the file, plain or gzip-compressed.
        roster: numbers the users.
        options: what is done with lines that cannot be used.

    Raises:
        InputError: waypoints may have three numbers or four, or, while the batches are taken, a line holds anything
            but whole waypoints in the order of time.

    Source: BonnMotion documentation, "Native format".
    """
    options = options or ReadOptions()
    encoding, text = decoded_head(path, EXPECTED)
    if not is_bonnmotion(text):
        raise InputError(f"{path}: is no file of BonnMotion: expected lines of numbers, t x y t x y ...")
    notes: list[str] = []
    parameters = _parameters(path)
    size = _stated_size(parameters)
    if size is None:
        size = _size_of(path, encoding)
    return Reading(
        _batches(path, encoding, size, roster, options.bad, notes, parameters),
        is_geographic=False,
        is_continuous=True,
        notes=notes,
        layout=f"waypoints {LAYOUTS[size]}",
        columns_used=("t", "x", "y"),
        columns_unused=("z",) if size == 4 else (),
    )


def _parameters(path: Path) -> str:
    """The file of parameters beside it; nothing where there is none."""
    beside = path.with_name(f"{path.name.partition('.movements')[0]}.params")
    try:
        if beside == path or not beside.is_file():
            return ""
        with beside.open(encoding="utf-8", errors="replace") as stream:
            return stream.read(MOST_PARAMETERS)
    except OSError:
        return ""


def _stated_size(parameters: str) -> int | None:
    """Numbers of a waypoint as the file of parameters says."""
    match = DIMENSIONS.search(parameters)
    return None if match is None else 4 if match[1].upper() in ("3D", "THREED") else 3


def _size_of(path: Path, encoding: str) -> int:
    """Numbers of a waypoint by the lines themselves."""
    possible = set(LAYOUTS)
    has_waypoints = False
    try:
        for _, values in _lines(path, encoding, BadRecords(skip=True)):
            fitting = {size for size in possible if _fits(values, size)}
            has_waypoints |= bool(fitting)
            possible = fitting or possible
            if len(possible) == 1:
                return possible.pop()
    except EndsEarly:
        pass
    if not has_waypoints:
        raise InputError(f"{path}: no line holds waypoints, t x y or t x y z, in the order of time")
    raise InputError(
        f"{path}: its waypoints may be t x y or t x y z; the file of parameters (.params) beside it would say which "
        "(J=2D or J=3D)"
    )


def _fits(values: FloatArray, size: int) -> bool:
    return bool(values.size) and values.size % size == 0 and bool((np.diff(values[::size]) >= 0).all())


def _batches(
    path: Path, encoding: str, size: int, roster: Roster, bad: BadRecords, notes: list[str], parameters: str
) -> Iterator[Batch]:
    codes, node = roster.codes(USER), 0
    waiting: list[tuple[int, int, FloatArray]] = []
    try:
        for line, values in _lines(path, encoding, bad, notes):
            if not _fits(values, size):
                bad.add(f"{path}:{line}: expected waypoints {LAYOUTS[size]} in the order of time")
            else:
                waiting.append((codes[str(node)], line, values.reshape(-1, size)))
            node += 1
            if sum(len(points) for _, _, points in waiting) >= BATCH_RECORDS:
                yield _batch(waiting)
                waiting = []
    except EndsEarly as error:
        raise InputError(f"{path}: {error}; {counted(node, 'whole node')} before") from None
    stated = NODES.search(parameters)
    if stated is not None and int(stated[1]) != node:
        notes.append(f"the file of parameters states {stated[1]} nodes, the file has {node}")
    if waiting:
        yield _batch(waiting)


def _batch(nodes: list[tuple[int, int, FloatArray]]) -> Batch:
    points = np.concatenate([points for _, _, points in nodes])
    counts = [len(points) for _, _, points in nodes]
    code = np.repeat(np.array([code for code, _, _ in nodes], np.int32), counts)
    lines = np.repeat(np.array([line for _, line, _ in nodes], np.int64), counts)
    return Batch(code, points[:, 0].copy(), points[:, 1].copy(), points[:, 2].copy(), line=lines)


def _lines(
    path: Path, encoding: str, bad: BadRecords, notes: list[str] | None = None
) -> Iterator[tuple[int, FloatArray]]:
    """The numbers of each line that is no comment."""
    stream = open_text(path, encoding, [] if notes is None else notes, EXPECTED)
    line = 0
    while text := stream.readline(LONGEST_LINE):
        line += 1
        if not text.strip() or text.startswith("#"):
            continue
        try:
            yield line, np.array(text.split(), dtype=np.float64)
        except ValueError:
            bad.add(f"{path}:{line}: expected numbers, got {text.strip()[:40]!r}")
