"""The placement problem with a few candidate stations a user in place of the whole matrix of arcs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.kernels.edge import cpu_room
from twinhop.placement.problem import LARGEST, FloatArray, PlacementProblem, fewest_that_hold
from twinhop.result import Shown
from twinhop.text import counted, in_a_line
from twinhop.units import CURRENCY_FORM, is_currency

IntArray = NDArray[np.int64]
RowArray = NDArray[np.int32]

#: What a wider problem is asked for: the rest stays, whatever was replaced in it since.
TABLE = ("station", "delay_s", "slope", "omitted_delay_s", "omitted_slope", "group")
#: What stands in a row of candidates after its last.
PAD = -1
#: Users or stations named one by one in a message.
NAMED = 5
#: `SparseProblem.dense` makes no more arcs than these: 1 GiB for each matrix.
MOST_DENSE_ARCS = 1 << 27
#: Users that `SparseProblem.of_dense` looks at at a time are so many that their arcs stay within 32 MiB a matrix.
ARCS_AT_ONCE = 4_000_000


@dataclass(frozen=True, eq=False)
class SparseProblem(Shown):
    """N twins to be placed on at most M stations, of which each user may use the candidates in its row of a table.

    ``comm_ik = up_s[i] + delay_s[row[i], c] + scale[i] slope[row[i], c]`` with ``k = station[row[i], c]``. The stations
    outside the row, which no plan found here uses, are not forgotten. For each that could host the user, in group g,
    ``comm_ik >= up_s[i] + omitted_delay_s[row[i], g] + scale[i] omitted_slope[row[i], g]``, so that bounds hold for
    plans that use them too. The cost is that of `PlacementProblem`.

    Attributes:
        row: (N,) int32, row of the candidate table of each user. Worlds have a row for each access station.
        up_s: (N,) what all arcs of the user share [s].
        scale: (N,) what the slopes of its arcs are multiplied by, such as the bits that travel the wire.
        station: (R, K) int32, the candidates of each row, each once, -1 behind the last.
        delay_s: (R, K) latency of the arc that does not depend on the user [s]; of no meaning behind the last.
        slope: (R, K) latency for each unit of the user's scale; likewise.
        omitted_delay_s: (R,) or (R, G) lower bounds on the delay of the usable stations outside the row, of all or of
            those in each group [s]; inf: there are none.
        omitted_slope: of the same shape, lower bounds on their slope.
        root_work: (N,) square root of the user's work [sqrt(cycle)].
        cpu: (M,) CPU capacity [cycle/s].
        capacity: (M,) twin capacity N_k [users]; 0 where the station hosts nothing.
        opening_s: (M,) cost of opening the station [s].
        alpha: weight of the mean latency, > 0.
        beta: weight of opening and energy, >= 0.
        constant: part of the cost that no decision changes, beta times the mean energy.
        update_up_s: (N,) likewise of one update [s], or None. With the three that follow:
            ``update_comm_ik = update_up_s[i] + update_delay_factor delay_s + update_scale[i] slope``.
        update_scale: (N,) or None.
        update_work: (N,) work of one update [cycle], or None.
        deadline_s: (N,) deadline on the update latency [s], ``inf`` for none; or None.
        update_delay_factor: how often an update pays the delay of its arc.
        currency: of a cost in money a month, see `PlacementProblem`.
        user_ids: N names or None: u0, u1, ...
        station_ids: M names or None: b0, b1, ...
        group: (M,) the group of each station, from 0 to G - 1, or None: all are one. The nearer the stations of a group
            are to each other, the more the omitted ones are known to cost; a group may be a single station.
        wider: makes a problem whose table has the same rows with so many candidates each, or None where no more are
            known; where all stations are candidates, its omitted delays are infinite. Its table alone is taken.

    Raises:
        InputError: an array has the wrong shape, a NaN or an entry out of range, or there is no user or station.
    """

    row: RowArray
    up_s: FloatArray
    scale: FloatArray
    station: RowArray
    delay_s: FloatArray
    slope: FloatArray
    omitted_delay_s: FloatArray
    omitted_slope: FloatArray
    root_work: FloatArray
    cpu: FloatArray
    capacity: IntArray
    opening_s: FloatArray
    alpha: float
    beta: float
    constant: float = 0.0
    update_up_s: FloatArray | None = None
    update_scale: FloatArray | None = None
    update_work: FloatArray | None = None
    deadline_s: FloatArray | None = None
    update_delay_factor: float = 1.0
    currency: str = ""
    user_ids: Any = field(default=None, repr=False)
    station_ids: Any = field(default=None, repr=False)
    group: RowArray | None = field(default=None, repr=False)
    wider: Callable[[int], SparseProblem] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        n, m, (rows, width) = np.size(self.row), np.size(self.cpu), self._shape()
        if n == 0 or m == 0:
            raise InputError(f"row, cpu: {counted(n, 'user')} x {counted(m, 'station')}; expected at least one of each")
        put = object.__setattr__
        put(self, "row", _whole("row", self.row, (n,), 0, rows - 1))
        put(self, "station", _whole("station", self.station, (rows, width), PAD, m - 1))
        self._check_rows()
        used = self.station != PAD
        for name in ("delay_s", "slope"):
            put(self, name, _numbers(name, getattr(self, name), (rows, width), where=used))
        shape = (rows,)
        if self.group is not None:
            put(self, "group", _whole("group", self.group, (m,), 0, m - 1))
            shape = (rows, int(self.group.max()) + 1)
        put(self, "omitted_delay_s", _numbers("omitted_delay_s", self.omitted_delay_s, shape, infinite=True))
        put(self, "omitted_slope", _numbers("omitted_slope", self.omitted_slope, shape, infinite=True))
        for name in ("up_s", "scale", "root_work"):
            put(self, name, _numbers(name, getattr(self, name), (n,)))
        for name in ("cpu", "opening_s"):
            put(self, name, _numbers(name, getattr(self, name), (m,)))
        seats = _numbers("capacity", self.capacity, (m,))
        if (seats != np.floor(seats)).any():
            raise InputError(f"capacity: not a whole number at index {int(np.argmax(seats != np.floor(seats)))}")
        put(self, "capacity", _frozen(np.minimum(seats, float(2**62)).astype(np.int64)))
        put(self, "alpha", _scalar("alpha", self.alpha, 1 / LARGEST))
        put(self, "beta", _scalar("beta", self.beta, 0.0))
        put(self, "constant", _scalar("constant", self.constant, 0.0))
        put(self, "update_delay_factor", _scalar("update_delay_factor", self.update_delay_factor, 0.0))
        if self.beta == 0 and self.constant > 0:
            raise InputError("constant: got a part of the cost for energy with beta 0; expected 0")
        if self.currency and not is_currency(self.currency):
            raise InputError(f"currency: got {self.currency[:40]!r}; expected {CURRENCY_FORM}")
        self._check_deadlines(n)
        for name, ids, count in (("user_ids", self.user_ids, n), ("station_ids", self.station_ids, m)):
            if ids is not None and len(ids) not in (0, count):
                raise InputError(f"{name}: {len(ids)} names; expected {count}, or none")
        idle = (self.cpu < 1 / LARGEST) & (self.capacity > 0)
        if idle.any():
            raise InputError(f"cpu: station {int(np.argmax(idle))} may host twins but has no CPU; expected > 0")

    def _shape(self) -> tuple[int, int]:
        shape = np.shape(self.station)
        if len(shape) != 2 or shape[0] == 0 or shape[1] == 0:
            raise InputError(f"station: shape {shape} does not fit; expected (rows, candidates), at least one of each")
        return shape[0], shape[1]

    def _check_rows(self) -> None:
        used = self.station != PAD
        late = used[:, 1:] & ~used[:, :-1]
        if late.any():
            raise InputError(f"station: row {_first_row(late)} has a candidate behind {PAD}; expected {PAD} at the end")
        ordered = np.sort(self.station, axis=1)
        twice = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != PAD)
        if twice.any():
            raise InputError(f"station: row {_first_row(twice)} has a candidate twice; expected each once")

    def _check_deadlines(self, n: int) -> None:
        names = ("update_up_s", "update_scale", "update_work", "deadline_s")
        given = [getattr(self, name) is not None for name in names]
        if not any(given):
            return
        if not all(given):
            raise InputError(f"{', '.join(names)}: expected all four, or none")
        for name in names:
            array = _numbers(name, getattr(self, name), (n,), infinite=name == "deadline_s")
            object.__setattr__(self, name, array)

    def __repr__(self) -> str:
        size = f"{counted(self.users, 'user')}, {counted(self.stations, 'station')}"
        limits = "deadlines" if self.has_deadlines else None
        return in_a_line(self, size, f"{counted(self.candidates, 'candidate')} a row", limits)

    @property
    def users(self) -> int:
        """N, the number of users."""
        return self.row.size

    @property
    def stations(self) -> int:
        """M, the number of stations."""
        return self.cpu.size

    @property
    def rows(self) -> int:
        """R, the number of rows of candidates."""
        return self.station.shape[0]

    @property
    def candidates(self) -> int:
        """K, the most candidates of a row."""
        return self.station.shape[1]

    @cached_property
    def arcs(self) -> int:
        """Arcs of all users together."""
        in_row = (self.station != PAD).sum(axis=1)
        return int(in_row[self.row].sum())

    @property
    def has_deadlines(self) -> bool:
        """Whether deadlines are given."""
        return self.deadline_s is not None

    @cached_property
    def is_complete(self) -> bool:
        """Whether no usable arc was left out."""
        return bool(np.isinf(self.omitted_delay_s).all())

    @cached_property
    def scaled_opening(self) -> FloatArray:
        """(M,) opening cost in the units of the summed latency, N beta opening_s / alpha [s]."""
        return self.users * self.beta * self.opening_s / self.alpha

    @property
    def constant_cost(self) -> float:
        """The part of the cost no decision changes, beta times the mean energy."""
        return self.constant

    @cached_property
    def cpu_room(self) -> FloatArray:
        """(M,) the most that minimum shares may add up to and still count as fitting; the CPU without deadlines."""
        return cpu_room(self.cpu) if self.has_deadlines else self.cpu

    @cached_property
    def least_open(self) -> int:
        """The fewest stations that hold all users, the cut m >= ceil(N / N_k)."""
        return fewest_that_hold(np.minimum(self.capacity, self.users), self.users)

    def user_name(self, i: int) -> str:
        """The name of user i in messages."""
        return str(self.user_ids[i]) if self.user_ids is not None and len(self.user_ids) else f"u{i}"

    def station_name(self, k: int) -> str:
        """The name of station k in messages."""
        return str(self.station_ids[k]) if self.station_ids is not None and len(self.station_ids) else f"b{k}"

    def user_names(self, users: Iterable[int]) -> str:
        """Users in a message: how many, and the names of the first few."""
        listed = list(users)
        few = ", ".join(self.user_name(int(i)) for i in listed[:NAMED])
        return f"{counted(len(listed), 'user')} ({few}{', ...' if len(listed) > NAMED else ''})"

    def widened(self, candidates: int) -> SparseProblem:
        """The same problem with more candidates a row, or this one where it has as many or no more are known.

        Args:
            candidates: a row.
        """
        if self.wider is None or candidates <= self.candidates or self.is_complete:
            return self
        table = self.wider(min(candidates, self.stations))
        return replace(self, **{name: getattr(table, name) for name in TABLE})

    def dense(self) -> PlacementProblem:
        """The problem as whole matrices, in which arcs outside the candidates are forbidden.

        Raises:
            InputError: the matrices would be too large.
        """
        n, m = self.users, self.stations
        if n * m > MOST_DENSE_ARCS:
            raise InputError(f"dense: {n} users x {m} stations; expected at most {MOST_DENSE_ARCS} arcs")
        comm, update = np.full((n, m), np.inf), np.full((n, m), np.inf) if self.has_deadlines else None
        for at in range(self.candidates):
            k = self.station[self.row, at]
            i = np.flatnonzero(k != PAD)
            r, k = self.row[i], k[i]
            comm[i, k] = self.up_s[i] + self.delay_s[r, at] + self.scale[i] * self.slope[r, at]
            if update is not None:
                assert self.update_up_s is not None and self.update_scale is not None
                delay = self.update_delay_factor * self.delay_s[r, at]
                update[i, k] = self.update_up_s[i] + delay + self.update_scale[i] * self.slope[r, at]
        return PlacementProblem(
            comm,
            self.root_work,
            self.cpu,
            self.capacity,
            self.opening_s,
            self.alpha,
            self.beta,
            energy_j=np.full(n, self.constant / self.beta) if self.constant > 0 else None,
            update_comm_s=update,
            update_work=self.update_work,
            deadline_s=self.deadline_s,
            station_ids=() if self.station_ids is None else tuple(map(str, self.station_ids)),
            user_ids=() if self.user_ids is None else tuple(map(str, self.user_ids)),
            currency=self.currency,
        )

    @classmethod
    def of_dense(cls, problem: PlacementProblem, candidates: int) -> SparseProblem:
        """A problem whose matrices are there, with the cheapest arcs of each user as its candidates.

        Args:
            problem: one without demands, weights and deadlines at a price, and with the optimal rule for CPU.
            candidates: of each user, by communication and the least computing latency, ``comm_ik + s_i^2 / F_k``.

        Raises:
            InputError: the problem has what a sparse one cannot hold, or fewer than one candidate is asked for.
        """
        for name in ("demand", "weight", "priced_deadlines"):
            if getattr(problem, name) is not None:
                raise InputError(f"{name}: a sparse problem cannot hold it; expected none")
        if problem.cpu_rule != "optimal":
            raise InputError(f"cpu_rule: got {problem.cpu_rule}; a sparse problem has the optimal one only")
        if candidates < 1:
            raise InputError(f"candidates: got {candidates}; expected at least 1")
        n, width = problem.users, min(candidates, problem.stations)
        station = np.full((n, width), PAD, np.int32)
        delay, slope = np.zeros((n, width)), np.zeros((n, width))
        step = max(1, ARCS_AT_ONCE // problem.stations)
        usable = problem.capacity > 0
        groups = min(problem.stations, max(1, ARCS_AT_ONCE // n))
        first = np.arange(groups) * problem.stations // groups
        group = np.searchsorted(first, np.arange(problem.stations), side="right") - 1
        omitted_delay, omitted_slope = np.full((n, groups), np.inf), np.zeros((n, groups))
        for at in range(0, n, step):
            users = slice(at, min(n, at + step))
            comm = np.where(usable, problem.comm_s[users], np.inf)
            worth = comm + problem.root_work[users, None] ** 2 / np.where(usable, problem.cpu, 1.0)
            order = np.argsort(worth, axis=1, kind="stable")
            inside = order[:, :width]
            arcs = np.take_along_axis(comm, inside, axis=1)
            there = np.isfinite(arcs)
            station[users] = np.where(there, inside, PAD)
            delay[users] = np.where(there, arcs, 0.0)
            np.put_along_axis(comm, inside, np.inf, axis=1)
            omitted_delay[users] = np.minimum.reduceat(comm, first, axis=1)
            if problem.update_comm_s is not None:
                update = np.where(usable & np.isfinite(problem.comm_s[users]), problem.update_comm_s[users], np.inf)
                arcs = np.take_along_axis(update, inside, axis=1)
                slope[users] = np.where(there, np.minimum(arcs, LARGEST), 0.0)
                np.put_along_axis(update, inside, np.inf, axis=1)
                omitted_slope[users] = np.minimum.reduceat(update, first, axis=1)
        limits: dict[str, Any] = {}
        if problem.has_deadlines:
            limits = {"update_up_s": np.zeros(n), "update_scale": np.ones(n), "update_work": problem.update_work}
            limits |= {"deadline_s": problem.deadline_s, "update_delay_factor": 0.0}
        return cls(
            np.arange(n, dtype=np.int32),
            np.zeros(n),
            np.zeros(n),
            station,
            delay,
            slope,
            omitted_delay,
            omitted_slope,
            problem.root_work,
            problem.cpu,
            problem.capacity,
            problem.opening_s,
            problem.alpha,
            problem.beta,
            problem.constant_cost,
            currency=problem.currency,
            user_ids=problem.user_ids or None,
            station_ids=problem.station_ids or None,
            group=group.astype(np.int32),
            wider=lambda more: cls.of_dense(problem, more),
            **limits,
        )


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.setflags(write=False)
    return view


def _first_row(mask: NDArray[np.bool_]) -> int:
    return int(np.argwhere(mask)[0, 0])


def _numbers(name: str, value: Any, shape: tuple[int, ...], *, infinite: bool = False, where: Any = None) -> FloatArray:
    """An array of numbers >= 0, not copied where it is one already."""
    try:
        array = np.ascontiguousarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name}: expected numbers of shape {shape}") from None
    if array.shape != shape:
        raise InputError(f"{name}: shape {array.shape} does not fit; expected {shape}")
    looked_at = array if where is None else np.where(where, array, 0.0)
    least, most = looked_at.min(), looked_at.max()  # NaN passes through both
    if least >= 0 and (most <= LARGEST or infinite):
        return _frozen(array)
    for broken, words in (
        (np.isnan(looked_at), "NaN"),
        (looked_at < 0, "negative"),
        (looked_at > LARGEST, f"more than {LARGEST:g}"),
    ):
        if broken.any():
            index = tuple(int(at) for at in np.argwhere(broken)[0])
            at = index[0] if len(index) == 1 else index
            raise InputError(f"{name}: {words} at index {at}; expected a finite number >= 0")
    return _frozen(array)


def _whole(name: str, value: Any, shape: tuple[int, ...], least: int, most: int) -> RowArray:
    array = np.asarray(value)
    if array.shape != shape:
        raise InputError(f"{name}: shape {array.shape} does not fit; expected {shape}")
    if array.dtype.kind not in "iu":
        raise InputError(f"{name}: got {array.dtype}; expected whole numbers")
    if array.size and (array.min() < least or array.max() > most):
        place = tuple(int(at) for at in np.argwhere((array < least) | (array > most))[0])
        index = place[0] if len(place) == 1 else place
        raise InputError(f"{name}: {array[index]} at index {index}; expected between {least} and {most}")
    return _frozen(np.ascontiguousarray(array, dtype=np.int32))


def _scalar(name: str, value: Any, least: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InputError(f"{name}: expected a number, got {value!r}") from None
    if not least <= number <= LARGEST:
        raise InputError(f"{name}: got {number:g}; expected between {least:g} and {LARGEST:g}")
    return number
