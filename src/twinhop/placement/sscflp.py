"""Single-source capacitated facility location files, in the layouts of public collections, as placement problems."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twinhop.errors import InputError
from twinhop.io.byte_blocks import HEAD_BYTES, EndsEarly, blocks, encoding_of
from twinhop.io.file_kind import GZIP_MAGIC, describe_file, read_content
from twinhop.placement.facility_layouts import (
    LAYOUTS,
    FacilityData,
    count_of,
    facility_data,
    require_layout,
    tell_layout,
)
from twinhop.placement.problem import PlacementProblem
from twinhop.text import counted

#: A file larger than this is refused.
MAX_BYTES = 256 * 2**20
#: Characters of a word that is no number which a message shows.
SHOWN = 20
EXPECTED = "a facility location file"
DOCUMENTED = "holmberg"
"""The layout whose count messages name where none is stated."""

_COMMENT = re.compile(r"(?:#|//|%).*")


@dataclass(frozen=True)
class FacilityFile:
    """A facility location file as a placement problem, and how it was read.

    Attributes:
        problem: customers are users, facilities are stations.
        layout: name of its layout.
        notes: what was understood: sizes, sums, layout, and what was left out.
    """

    problem: PlacementProblem
    layout: str
    notes: tuple[str, ...]


def load_sscflp(path: str | Path, layout: str | None = None, *, unit_costs: bool = False) -> PlacementProblem:
    """Read a single-source facility location file; see `read_sscflp`, which also says how it was read."""
    return read_sscflp(path, layout, unit_costs=unit_costs).problem


def read_sscflp(path: str | Path, layout: str | None = None, *, unit_costs: bool = False) -> FacilityFile:
    """Read a single-source facility location file.

    The file, plain or gzip-compressed, holds m capacities and fixed costs, n demands and m n costs in one of the
    layouts of `facility_layouts.LAYOUTS`, which its lines tell; with a layout stated, line breaks do not matter. NUL
    bytes, with which some files are padded, count as blanks; what follows ``#``, ``//`` or ``%`` on a line is a
    comment. One more number on a last line of its own is the best known cost, which some collections add.

    Args:
        path: the file.
        layout: name of its layout; None: told by its lines.
        unit_costs: costs are for a unit of demand, not for the whole customer.

    Returns:
        The problem: customers are users, facilities are stations; no computing, ``alpha`` = N and ``beta`` = 1, so that
        ``cost`` is the file's total cost. With it what was understood.

    Raises:
        InputError: the file is of none of the layouts, or its lines leave several; the message says what is missing,
            where the first oddity is, or what would settle it.

    Source: Holmberg, Rönnqvist, Yuan, An exact algorithm for the capacitated facility location problems with single
        sourcing (1999); Beasley, OR-Library (1990); Díaz, Fernández, A branch-and-price algorithm for the single source
        capacitated plant location problem (2002); Avella, Boccia, A cutting plane algorithm for the capacitated
        facility location problem (2009).
    """
    path = Path(path)
    if layout is not None:
        require_layout(layout)
    lines = [_COMMENT.sub("", line).split() for line in _text(path).splitlines()]
    words = [(word, at + 1) for at, line in enumerate(lines) for word in line]
    sizes = _sizes(path, words)
    words, notes = _counted(path, lines, words, sizes, layout)
    numbers = np.array([_number(path, word, line) for word, line in words])[2:]
    if layout is None:
        _require_own_line(path, words)
        lengths = np.unique([line for _, line in words[2:]], return_counts=True)[1]
        layout = tell_layout(path, sizes, lengths, numbers)
    data = facility_data(layout, sizes, numbers)
    problem = _problem(path, data, unit_costs)
    return FacilityFile(problem, layout, (*_understood(path, layout, data, unit_costs), *notes))


def _counted(
    path: Path, lines: list[list[str]], words: list[tuple[str, int]], sizes: tuple[int, int], layout: str | None
) -> tuple[list[tuple[str, int]], list[str]]:
    """As many words as the sizes announce, without what may follow them; and what was left out."""
    for expected in dict.fromkeys(2 + count_of(name, sizes) for name in ([layout] if layout else LAYOUTS)):
        counted_words = _whole_count(path, lines, words, expected)
        if counted_words is not None:
            return counted_words
    for word, line in words:
        _number(path, word, line)
    expected = 2 + count_of(layout or DOCUMENTED, sizes)
    facilities, customers = sizes if layout is None or not LAYOUTS[layout].customers_first else sizes[::-1]
    raise InputError(
        f"{path}: {facilities} facilities and {customers} customers take {expected} numbers, found {len(words)}: "
        f"{'cut short, or ' if len(words) < expected else ''}not a single-source facility location file"
    )


def _whole_count(
    path: Path, lines: list[list[str]], words: list[tuple[str, int]], expected: int
) -> tuple[list[tuple[str, int]], list[str]] | None:
    """The words expected, where there are exactly so many, or what follows is a best known cost, text, or both."""
    rest = words[expected:]
    if len(words) < expected:
        return None
    notes = []
    text = next((at for at, (word, _) in enumerate(rest) if not _is_number(word)), len(rest))
    begins_line = text < len(rest) and (text == 0 or rest[text - 1][1] < rest[text][1])
    if text < len(rest):
        last = words[expected - 1] if text == 0 else rest[text - 1]
        if not begins_line or last[1] == rest[text][1]:
            return None
        notes.append(f"{path.name}: text from line {rest[text][1]} on was left out")
    if text > 1 or (text == 1 and not _is_alone(lines, words, expected)):
        return None
    if text == 1:
        notes.insert(0, f"{path.name}: the last number, {rest[0][0]}, is taken for the best known cost and left out")
    return words[:expected], notes


def _is_alone(lines: list[list[str]], words: list[tuple[str, int]], at: int) -> bool:
    """Whether a number stands on a line of its own in a file whose lines hold more."""
    line = words[at][1]
    return len(lines[line - 1]) == 1 and len(lines[words[at - 1][1] - 1]) > 1


def _value(word: str) -> float:
    """The number that a word is; NaN for anything else, such as 1_000, which Python alone takes for one."""
    try:
        return math.nan if "_" in word else float(word)
    except ValueError:
        return math.nan


def _is_number(word: str) -> bool:
    return math.isfinite(_value(word))


def _require_own_line(path: Path, words: list[tuple[str, int]]) -> None:
    if words[0][1] != words[1][1] or (len(words) > 2 and words[2][1] == words[1][1]):
        names = ", ".join(f"sscflp:{name}" for name in LAYOUTS)
        raise InputError(
            f"{path}: the two sizes must stand on a line of their own for the layout to be told; state it by "
            f"--problem-format, or without sscflp: by --layout of import sscflp: {names}"
        )


def _understood(path: Path, layout: str, data: FacilityData, unit_costs: bool) -> list[str]:
    customers, facilities = data.cost.shape
    demand, capacity = float(data.demand.sum()), float(data.capacity.sum())
    each = "for a unit of demand" if unit_costs else "for the whole customer"
    plural = "facility" if facilities == 1 else "facilities"
    notes = [
        f"{path.name} was read in the layout {layout}: {LAYOUTS[layout].about}",
        f"{facilities} {plural}, {counted(customers, 'customer')}, demands {demand:.10g} in all, capacities "
        f"{capacity:.10g} in all, fixed costs {data.fixed_cost.min():g} to {data.fixed_cost.max():g}, costs {each}",
    ]
    if demand > capacity:
        notes.append("demands exceed capacities: no plan exists, unless the layout is another")
    return notes


def _text(path: Path) -> str:
    content = read_content(path, EXPECTED, MAX_BYTES)
    if content.startswith(GZIP_MAGIC):
        content = _uncompressed(path)
    encoding = encoding_of(content[:HEAD_BYTES])
    if encoding is not None and encoding.startswith("utf-"):
        return content.decode(encoding, errors="replace").removeprefix("\ufeff").replace("\0", " ")
    return content.replace(b"\0", b" ").decode("ascii", errors="replace")


def _uncompressed(path: Path) -> bytes:
    content = b""
    try:
        for block in blocks(path, EXPECTED):
            content += block
            if len(content) > MAX_BYTES:
                raise InputError(f"{path}: is larger than {MAX_BYTES // 2**20} MiB, the most that is read")
    except EndsEarly as error:
        raise InputError(f"{path}: {error}; expected {EXPECTED}") from None
    return content


def _sizes(path: Path, words: list[tuple[str, int]]) -> tuple[int, int]:
    if len(words) < 2:
        raise InputError(f"{path}: holds {counted(len(words), 'word')}; a facility location file begins with m n")
    if not words[0][0][:1].isdigit():
        raise InputError(f"{path}: is not a facility location file, which begins with m n: found {describe_file(path)}")
    sizes = []
    for (word, line), what in zip(words, ("facilities", "customers"), strict=False):
        number = _number(path, word, line)
        if number != int(number) or number < 1:
            raise InputError(f"{path}:{line}: the number of {what}: expected a whole number >= 1, found {word[:SHOWN]}")
        sizes.append(int(number))
    return sizes[0], sizes[1]


def _number(path: Path, word: str, line: int) -> float:
    number = _value(word)
    if not math.isfinite(number):
        shown = "".join(each if each.isprintable() else "?" for each in word[:SHOWN])
        hint = "; OR-Library's capa, capb and capc need a number in its place" if word == "capacity" else ""
        raise InputError(f"{path}:{line}: found '{shown}'; a facility location file holds finite numbers only{hint}")
    return number


def _problem(path: Path, data: FacilityData, unit_costs: bool) -> PlacementProblem:
    customers, facilities = data.cost.shape
    for name, values in zip(("capacity", "fixed cost", "demand", "cost"), vars(data).values(), strict=True):
        wrong = np.argwhere(values < 0)
        if wrong.size:
            where = ", ".join(str(int(index)) for index in wrong[0])
            raise InputError(f"{path}: {name} {where} is {values[tuple(wrong[0])]:g}; expected a number >= 0")
    return PlacementProblem(
        comm_s=data.cost * data.demand[:, None] if unit_costs else data.cost,
        root_work=np.zeros(customers),
        cpu=np.ones(facilities),
        capacity=np.full(facilities, customers),
        opening_s=data.fixed_cost,
        alpha=float(customers),
        beta=1.0,
        demand=data.demand,
        demand_capacity=data.capacity,
    )
