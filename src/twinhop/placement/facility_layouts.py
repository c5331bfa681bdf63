"""The layouts of facility location files, told from each other by their lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from twinhop.errors import InputError
from twinhop.placement.problem import BoolArray, FloatArray, IntArray
from twinhop.text import suggestion


@dataclass(frozen=True)
class FacilityData:
    """The numbers of a facility location file.

    Attributes:
        capacity: (m,) of the facilities.
        fixed_cost: (m,) of the facilities.
        demand: (n,) of the customers.
        cost: (n, m) of serving a customer from a facility.
    """

    capacity: FloatArray
    fixed_cost: FloatArray
    demand: FloatArray
    cost: FloatArray

    def equals(self, other: FacilityData) -> bool:
        """Whether two readings come to the same."""
        return all(np.array_equal(value, vars(other)[name]) for name, value in vars(self).items())


Take = Callable[[FloatArray, int, int], FacilityData]
"""Takes the numbers after the sizes, and the numbers of facilities m and of customers n."""


@dataclass(frozen=True)
class Layout:
    """One order of numbers.

    Attributes:
        about: what comes after what.
        rows: lengths of the rows that begin on a new line, of m facilities and n customers: pairs (how many, how long).
        take: the numbers of such a file.
        customers_first: whether the file begins with `n m`, not `m n`.
        is_public: whether a public collection of this problem uses it; others are taken where none of these fits.
    """

    about: str
    rows: Callable[[int, int], Sequence[tuple[int, int]]]
    take: Take
    customers_first: bool = False
    is_public: bool = True


def _pairs(numbers: FloatArray, m: int, n: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    pairs = numbers[: 2 * m].reshape(m, 2)
    return pairs[:, 0], pairs[:, 1], numbers[2 * m : 2 * m + n], numbers[2 * m + n :]


def _holmberg(numbers: FloatArray, m: int, n: int) -> FacilityData:
    capacity, fixed, demand, costs = _pairs(numbers, m, n)
    return FacilityData(capacity, fixed, demand, costs.reshape(m, n).T)


def _holmberg_by_customer(numbers: FloatArray, m: int, n: int) -> FacilityData:
    capacity, fixed, demand, costs = _pairs(numbers, m, n)
    return FacilityData(capacity, fixed, demand, costs.reshape(n, m))


def _or_library(numbers: FloatArray, m: int, n: int) -> FacilityData:
    pairs, customers = numbers[: 2 * m].reshape(m, 2), numbers[2 * m :].reshape(n, 1 + m)
    return FacilityData(pairs[:, 0], pairs[:, 1], customers[:, 0], customers[:, 1:])


def _in_order(*order: str, by_customer: bool = False) -> Take:
    """Blocks one after the other: capacity, fixed, demand and cost, whose rows are facilities or customers."""

    def take(numbers: FloatArray, m: int, n: int) -> FacilityData:
        length = {"capacity": m, "fixed": m, "demand": n, "cost": m * n}
        ends = np.cumsum([length[each] for each in order])
        blocks = dict(zip(order, np.split(numbers, ends[:-1]), strict=True))
        cost = blocks["cost"].reshape(n, m) if by_customer else blocks["cost"].reshape(m, n).T
        return FacilityData(blocks["capacity"], blocks["fixed"], blocks["demand"], cost)

    return take


_ROWS, _TBED1, _DELMAIRE = (
    ("capacity", "fixed", "demand", "cost"),
    ("demand", "capacity", "fixed", "cost"),
    ("cost", "demand", "fixed", "capacity"),
)

LAYOUTS = {
    "holmberg": Layout(
        "m n; m lines capacity, fixed cost; n demands; m rows of n costs",
        lambda m, n: ((m, 2), (1, n), (m, n)),
        _holmberg,
    ),
    "or-library": Layout(
        "m n; m lines capacity, fixed cost; for each customer its demand on a line, then its m costs",
        lambda m, n: ((m, 2), *((1, 1), (1, m)) * n),
        _or_library,
    ),
    "or-library-joined": Layout(
        "m n; m lines capacity, fixed cost; for each customer a row of its demand and its m costs",
        lambda m, n: ((m, 2), (n, 1 + m)),
        _or_library,
        is_public=False,
    ),
    "rows": Layout(
        "m n; a row of m capacities; a row of m fixed costs; n demands; m rows of n costs",
        lambda m, n: ((2, m), (1, n), (m, n)),
        _in_order(*_ROWS),
    ),
    "tbed1": Layout(
        "m n; n demands; a row of m capacities; a row of m fixed costs; m rows of n costs",
        lambda m, n: ((1, n), (2, m), (m, n)),
        _in_order(*_TBED1),
    ),
    "delmaire": Layout(
        "n m; n rows of m costs; n demands; m fixed costs; m capacities",
        lambda m, n: ((n, m), (1, n), (2, m)),
        _in_order(*_DELMAIRE, by_customer=True),
        customers_first=True,
    ),
    "holmberg-by-customer": Layout(
        "m n; m lines capacity, fixed cost; n demands; n rows of m costs",
        lambda m, n: ((m, 2), (1, n), (n, m)),
        _holmberg_by_customer,
        is_public=False,
    ),
    "rows-by-customer": Layout(
        "m n; a row of m capacities; a row of m fixed costs; n demands; n rows of m costs",
        lambda m, n: ((2, m), (1, n), (n, m)),
        _in_order(*_ROWS, by_customer=True),
        is_public=False,
    ),
    "tbed1-by-customer": Layout(
        "m n; n demands; a row of m capacities; a row of m fixed costs; n rows of m costs",
        lambda m, n: ((1, n), (2, m), (n, m)),
        _in_order(*_TBED1, by_customer=True),
        is_public=False,
    ),
}
"""The layouts by name; `m n` are the numbers of facilities and of customers."""

CLEARLY = 16.0
"""Two facilities: pairs are taken where values of a kind differ this many times less than across the kinds."""


def require_layout(name: str) -> str:
    """The name of a layout.

    Raises:
        InputError: there is none of that name.
    """
    if name not in LAYOUTS:
        raise InputError(
            f"no layout {name[:40]!r} of facility location files; {suggestion(name, LAYOUTS)}accepted by "
            f"--problem-format sscflp:LAYOUT, and by --layout of import sscflp: {', '.join(LAYOUTS)}"
        )
    return name


def tell_layout(path: object, sizes: tuple[int, int], line_lengths: IntArray, numbers: FloatArray) -> str:
    """The name of the layout that the lines of a file show.

    Every row of a layout must begin on a new line. It may go on over further lines, all of the same width but the
    last, as programs wrap them; the layout is taken that leaves the fewest kinds of rows wrapped narrower than the
    longest line of the file.

    Args:
        path: the file, for messages.
        sizes: the two numbers that it begins with.
        line_lengths: how many numbers each line below them holds, lines without any left out.
        numbers: all numbers below the sizes.

    Raises:
        InputError: the lines fit no layout, or several that differ; the message says what settles it.
    """
    fitting = [name for name in LAYOUTS if count_of(name, sizes) == len(numbers)]
    marks = {name: mark for name in fitting if (mark := _misfit(LAYOUTS[name], sizes, line_lengths)) is not None}
    best = _best(marks)
    distinct = _distinct(best, sizes, numbers)
    if len(distinct) == 1:
        return distinct[0]
    if set(distinct) == {"holmberg", "rows"} and _pairs_are_alike(numbers):
        return "holmberg"
    several = distinct or fitting
    why = "fit several layouts" if distinct else "fit no known layout"
    listed = "; ".join(f"sscflp:{name} ({LAYOUTS[name].about})" for name in several)
    raise InputError(
        f"{path}: its lines {why} of facility location files; state it by --problem-format, or without sscflp: by "
        f"--layout of import sscflp: {listed}"
    )


def count_of(layout: str, sizes: tuple[int, int]) -> int:
    """How many numbers a file of a layout holds below its sizes."""
    m, n = _facilities_customers(LAYOUTS[layout], sizes)
    return 2 * m + n + m * n


def facility_data(layout: str, sizes: tuple[int, int], numbers: FloatArray) -> FacilityData:
    """The numbers below the sizes by a layout."""
    m, n = _facilities_customers(LAYOUTS[layout], sizes)
    return LAYOUTS[layout].take(numbers, m, n)


def _facilities_customers(layout: Layout, sizes: tuple[int, int]) -> tuple[int, int]:
    return (sizes[1], sizes[0]) if layout.customers_first else sizes


def _distinct(names: Sequence[str], sizes: tuple[int, int], numbers: FloatArray) -> list[str]:
    """The names whose readings differ, the first of those that come to the same."""
    kept: list[tuple[str, FacilityData]] = []
    for name in names:
        data = facility_data(name, sizes, numbers)
        if not any(data.equals(other) for _, other in kept):
            kept.append((name, data))
    return [name for name, _ in kept]


def _best(marks: dict[str, tuple[int, bool]]) -> list[str]:
    """The layouts that lines fit best; several where lines do not tell.

    A layout of a collection goes before one of none, unless it needs rows wrapped where the other needs none.
    """
    least = min((narrow for narrow, _ in marks.values()), default=0)
    fitting = {name: wrapped for name, (narrow, wrapped) in marks.items() if narrow == least}
    public = [name for name in fitting if LAYOUTS[name].is_public]
    whole = [name for name, wrapped in fitting.items() if not wrapped]
    if public and whole and not set(public) & set(whole):
        return [*public, *whole]
    return [name for name in public if name in whole] or public or whole or list(fitting)


def _misfit(layout: Layout, sizes: tuple[int, int], line_lengths: IntArray) -> tuple[int, bool] | None:
    """How badly lines fit a layout: kinds of rows wrapped too narrow, and whether any are wrapped; None: not at all."""
    starts = np.zeros(int(line_lengths.sum()), np.bool_)
    starts[np.cumsum(line_lengths) - line_lengths] = True
    widest, at = int(line_lengths.max(initial=0)), 0
    narrow: set[int] = set()
    wrapped = False
    for count, length in layout.rows(*_facilities_customers(layout, sizes)):
        width = _width(starts[at : at + count * length].reshape(count, length))
        if width is None:
            return None
        at += count * length
        if width < length:
            wrapped = True
            if width != widest:
                narrow.add(length)
    return len(narrow), wrapped


def _width(starts: BoolArray) -> int | None:
    """The width at which equal rows are wrapped, their length where they are not; None where they differ."""
    if not starts[:, 0].all() or (starts != starts[0]).any():
        return None
    begins = np.flatnonzero(starts[0])
    if begins.size == 1:
        return starts.shape[1]
    width = int(begins[1])
    return width if (np.diff(begins) == width).all() and starts.shape[1] - begins[-1] <= width else None


def _pairs_are_alike(numbers: FloatArray) -> bool:
    """Whether two lines of two numbers, which may be two pairs or two rows, are clearly pairs.

    Capacities differ less from each other than from fixed costs, and so do fixed costs: where that holds by a wide
    margin across the lines and not along them, the lines are pairs. The reverse is never taken for granted.
    """
    first = numbers[:4].reshape(2, 2)
    if (first <= 0).any():
        return False
    logs = np.log(first)
    along, across = np.abs(np.diff(logs, axis=1)).sum(), np.abs(np.diff(logs, axis=0)).sum()
    return bool(along - across >= np.log(CLEARLY))
