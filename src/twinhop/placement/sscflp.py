"""Single-source capacitated facility location files (Holmberg and OR-Library layouts) as placement problems."""

import math
from pathlib import Path

import numpy as np

from twinhop.errors import InputError
from twinhop.io.file_kind import describe_file, read_content
from twinhop.placement.problem import FloatArray, PlacementProblem

#: A file larger than this is refused.
MAX_BYTES = 256 * 2**20
#: Characters of a word that is no number which a message shows.
SHOWN = 20


def load_sscflp(path: str | Path) -> PlacementProblem:
    """Read a single-source facility location file.

    Layout: ``m n``, then m times ``capacity fixed_cost``, then n demands, then m rows of n costs of serving the whole
    customer (Holmberg); or, for each customer, a line with its demand and then its m costs (OR-Library). Line breaks
    matter only to tell the two apart. NUL bytes, with which some files are padded, count as blanks.

    Args:
        path: the file.

    Returns:
        The problem: customers are users, facilities are stations; no computing, ``alpha`` = N and ``beta`` = 1, so that
        ``cost`` is the file's total cost.

    Raises:
        InputError: the file is not of this layout; the message says what is missing or where the first oddity is.

    Source: Holmberg, Rönnqvist, Yuan, An exact algorithm for the capacitated facility location problems with single
        sourcing (1999); Beasley, OR-Library (1990).
    """
    path = Path(path)
    lines = [line.split() for line in _text(path).splitlines()]
    words = [(word, at + 1) for at, line in enumerate(lines) for word in line]
    facilities, customers = _sizes(path, words)
    expected = 2 + 2 * facilities + customers + facilities * customers
    if len(words) != expected:
        raise InputError(
            f"{path}: {facilities} facilities and {customers} customers take {expected} numbers, found {len(words)}: "
            f"{'cut short, or ' if len(words) < expected else ''}not a single-source facility location file"
        )
    numbers = np.array([_number(path, word, line) for word, line in words])
    sites = numbers[2 : 2 + 2 * facilities].reshape(facilities, 2)
    rest = numbers[2 + 2 * facilities :]
    if _is_by_customer(lines, facilities, customers):
        blocks = rest.reshape(customers, 1 + facilities)
        demand, cost = blocks[:, 0], blocks[:, 1:]
    else:
        demand, cost = rest[:customers], rest[customers:].reshape(facilities, customers).T
    return _problem(path, sites, demand, cost)


def _text(path: Path) -> str:
    content = read_content(path, "a facility location file", MAX_BYTES)
    return content.replace(b"\0", b" ").decode("ascii", errors="replace")


def _sizes(path: Path, words: list[tuple[str, int]]) -> tuple[int, int]:
    if len(words) < 2:
        raise InputError(f"{path}: holds {len(words)} words; a facility location file begins with m n")
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
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        shown = "".join(each if each.isprintable() else "?" for each in word[:SHOWN])
        raise InputError(f"{path}:{line}: found '{shown}'; a facility location file holds finite numbers only")
    return number


def _is_by_customer(lines: list[list[str]], facilities: int, customers: int) -> bool:
    """Whether each demand has a line of its own before its costs, and no other line is so short everywhere."""
    starts_alone: dict[int, bool] = {}
    at = 0
    for line in lines:
        starts_alone[at] = len(line) == 1
        at += len(line)
    first = 2 + 2 * facilities
    if facilities == 1 or all(alone for start, alone in starts_alone.items() if start >= first):
        return False
    return all(starts_alone.get(first + each * (1 + facilities), False) for each in range(customers))


def _problem(path: Path, sites: FloatArray, demand: FloatArray, cost: FloatArray) -> PlacementProblem:
    customers, facilities = cost.shape
    for name, values in (("capacity", sites[:, 0]), ("fixed cost", sites[:, 1]), ("demand", demand), ("cost", cost)):
        wrong = np.argwhere(values < 0)
        if wrong.size:
            where = ", ".join(str(int(index)) for index in wrong[0])
            raise InputError(f"{path}: {name} {where} is {values[tuple(wrong[0])]:g}; expected a number >= 0")
    return PlacementProblem(
        comm_s=cost,
        root_work=np.zeros(customers),
        cpu=np.ones(facilities),
        capacity=np.full(facilities, customers),
        opening_s=sites[:, 1],
        alpha=float(customers),
        beta=1.0,
        demand=demand,
        demand_capacity=sites[:, 0],
    )
