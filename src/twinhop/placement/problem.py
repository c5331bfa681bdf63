"""The placement problem P1 as plain arrays, independent of where they came from (Eq. 16 to 18, 24 to 26)."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.kernels.edge import cpu_room
from twinhop.network import minimum_share_cycles_per_s, share_weights
from twinhop.placement.priced_deadlines import PricedDeadlines
from twinhop.result import Shown
from twinhop.text import counted, in_a_line
from twinhop.units import CURRENCY_FORM, is_currency, money_unit

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Numbers beyond this (and CPUs and alpha below its inverse) are refused: their products would overflow.
LARGEST = 1e30
#: The demands on a station may add up to this much more than its capacity, relatively: rounding in their sum.
DEMAND_TOLERANCE = 1e-9
#: Users or stations named one by one in a message.
NAMED = 5


def _array(name: str, value: Any, shape: tuple[int, ...], *, infinite: bool = False) -> FloatArray:
    try:
        array = np.array(value, dtype=np.float64, order="C")
    except (TypeError, ValueError):
        raise InputError(f"{name}: expected numbers of shape {shape}") from None
    if array.shape != shape:
        raise InputError(f"{name}: shape {array.shape} does not fit; expected {shape}")
    if np.isnan(array).any():
        raise InputError(f"{name}: NaN at index {_first(np.isnan(array))}; expected a number")
    if not infinite and np.isinf(array).any():
        raise InputError(f"{name}: infinite at index {_first(np.isinf(array))}; expected a finite number")
    if (array < 0).any():
        raise InputError(f"{name}: negative at index {_first(array < 0)}; expected a number >= 0")
    vast = np.isfinite(array) & (array > LARGEST)
    if vast.any():
        raise InputError(f"{name}: {array[vast][0]:g} at index {_first(vast)}; expected at most {LARGEST:g}")
    array.setflags(write=False)
    return array


def _first(mask: BoolArray) -> int | tuple[int, ...]:
    index = tuple(int(i) for i in np.argwhere(mask)[0])
    return index[0] if len(index) == 1 else index


def _scalar(name: str, value: Any, *, positive: bool) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InputError(f"{name}: expected a number, got {value!r}") from None
    if not np.isfinite(number) or number < 0 or (positive and number == 0):
        raise InputError(f"{name}: got {number:g}; expected a finite number {'> 0' if positive else '>= 0'}")
    if number > LARGEST or (positive and number < 1 / LARGEST):
        raise InputError(f"{name}: got {number:g}; expected between {1 / LARGEST:g} and {LARGEST:g}")
    return number


def _names(indices: list[int], name: Callable[[int], str], noun: str) -> str:
    few = ", ".join(name(int(index)) for index in indices[:NAMED])
    plural = "" if len(indices) == 1 else "s"
    return f"{len(indices)} {noun}{plural} ({few}{', ...' if len(indices) > NAMED else ''})"


def fewest_that_hold(room: FloatArray | IntArray, total: float) -> int:
    """The fewest stations whose rooms add up to a total; one more than there are where all do not.

    Args:
        room: (M,) what each station holds.
        total: what they have to hold together, in the same unit.
    """
    return int(np.searchsorted(np.cumsum(np.sort(room)[::-1]), total) + 1)


@dataclass(frozen=True)
class PlacementProblem(Shown):
    """N twins to be placed on at most M stations.

    ``cost = alpha/N [sum_i comm_s[i,k(i)] + sum_k H_k] + beta [sum_k opening_s[k] y_k + mean energy_j]`` subject to one
    host a user, at most ``capacity[k]`` users on station k, and, where deadlines are given, an update latency
    ``update_comm_s + update_work / f_i <= deadline_s``. ``H_k`` is the least ``sum_i root_work[i]^2 / f_i`` over CPU
    shares ``f`` with ``sum_i f_i <= cpu[k]`` that keep the deadlines: ``(sum_i root_work[i])^2 / cpu[k]`` where no
    deadline binds. Where demands are given, the users of station k may demand ``demand_capacity[k]`` in all.

    Attributes:
        comm_s: (N, M) communication latency of user i's twin on station k [s]; ``inf`` forbids the arc.
        root_work: (N,) square root of the user's work [sqrt(cycle)].
        cpu: (M,) CPU capacity [cycle/s].
        capacity: (M,) twin capacity N_k [users]; 0 where the station hosts nothing.
        opening_s: (M,) cost of opening the station [s].
        alpha: weight of the mean latency, > 0.
        beta: weight of opening and energy, >= 0.
        energy_j: (N,) weighted energy kappa E_i, a constant of the decision, or None.
        update_comm_s: (N, M) communication latency of one update [s], or None.
        update_work: (N,) work of one update [cycle], or None.
        deadline_s: (N,) deadline on the update latency [s], ``inf`` for none; or None.
        demand: (N,) what each user takes of its station's demand capacity [any unit], or None.
        demand_capacity: (M,) what the users of a station may take together [the same unit], or None.
        weight: (N,) users that each row stands for, or None for one each. Latencies and work are those of all of them
            already, see `twinhop.formulation.weights`; demands, where given, are the weights: seats are for users.
        distance_m: (N, M) distance from user to station [m], used by the policy ``nearest``; never in a problem file.
        cpu_rule: ``optimal``, or the rule that prices the plan (``equal``, ``proportional``).
        priced_deadlines: deadlines that may be missed at a price, in place of the three arrays above, or None;
            ``comm_s`` counts the price where a miss is certain, `evaluate` where it is not; never in a problem file.
        currency: of a cost in money a month, whose ``alpha`` and ``beta`` are what a second costs; empty: seconds.
        station_ids: (M,) names for reports.
        user_ids: (N,) names for reports.
        origin: the world and the radio that it was formulated from, for agents, which see more of it than a problem
            holds; None where it comes from elsewhere; never in a problem file.

    Raises:
        InputError: an array has the wrong shape, a NaN, a negative entry, or the problem has no user or station.
    """

    comm_s: FloatArray
    root_work: FloatArray
    cpu: FloatArray
    capacity: IntArray
    opening_s: FloatArray
    alpha: float
    beta: float
    energy_j: FloatArray | None = None
    update_comm_s: FloatArray | None = None
    update_work: FloatArray | None = None
    deadline_s: FloatArray | None = None
    demand: FloatArray | None = None
    demand_capacity: FloatArray | None = None
    weight: FloatArray | None = None
    distance_m: FloatArray | None = field(default=None, repr=False)
    cpu_rule: str = "optimal"
    station_ids: tuple[str, ...] = field(default=(), repr=False)
    user_ids: tuple[str, ...] = field(default=(), repr=False)
    origin: Any = field(default=None, repr=False, compare=False)
    priced_deadlines: PricedDeadlines | None = field(default=None, repr=False)
    currency: str = ""

    def __post_init__(self) -> None:
        n, m = self._shape()
        put = object.__setattr__
        put(self, "comm_s", _array("comm_s", self.comm_s, (n, m), infinite=True))
        put(self, "root_work", _array("root_work", self.root_work, (n,)))
        put(self, "cpu", _array("cpu", self.cpu, (m,)))
        put(self, "capacity", self._checked_capacity(m))
        put(self, "opening_s", _array("opening_s", self.opening_s, (m,)))
        put(self, "alpha", _scalar("alpha", self.alpha, positive=True))
        put(self, "beta", _scalar("beta", self.beta, positive=False))
        if self.currency and not is_currency(self.currency):
            raise InputError(f"currency: got {self.currency[:40]!r}; expected {CURRENCY_FORM}")
        if self.energy_j is not None:
            put(self, "energy_j", _array("energy_j", self.energy_j, (n,)))
        self._check_deadlines(n, m)
        if self.priced_deadlines is not None and self.has_deadlines:
            raise InputError(
                "priced_deadlines: deadlines either hold or may be missed at a price; expected one of both"
            )
        self._check_demands(n, m)
        if self.weight is not None:
            put(self, "weight", _array("weight", self.weight, (n,)))
            if (self.weight < 1 / LARGEST).any():
                raise InputError(f"weight: 0 at index {_first(self.weight < 1 / LARGEST)}; expected a number > 0")
            if self.demand is not None and not np.array_equal(self.demand, self.weight):
                raise InputError("weight: demands are given that differ from it; with weights, demands are the users")
        if self.distance_m is not None:
            put(self, "distance_m", _array("distance_m", self.distance_m, (n, m), infinite=True))
        for name, count in (("user_ids", n), ("station_ids", m)):
            if len(getattr(self, name)) not in (0, count):
                raise InputError(f"{name}: {len(getattr(self, name))} names; expected {count}, or none")
        idle = (self.cpu < 1 / LARGEST) & (self.capacity > 0)
        if idle.any():
            raise InputError(f"cpu: station {_first(idle)} may host twins but has no CPU; expected > 0, or capacity 0")

    def _shape(self) -> tuple[int, int]:
        shape = np.shape(self.comm_s)
        if len(shape) != 2:
            raise InputError(f"comm_s: shape {shape} does not fit; expected (users, stations)")
        if shape[0] == 0 or shape[1] == 0:
            raise InputError(f"comm_s: {shape[0]} users x {shape[1]} stations; expected at least one of each")
        return shape[0], shape[1]

    def _checked_capacity(self, m: int) -> IntArray:
        number = _array("capacity", self.capacity, (m,))
        if (number != np.floor(number)).any():
            raise InputError(f"capacity: not a whole number at index {_first(number != np.floor(number))}")
        whole = np.minimum(number, np.iinfo(np.int64).max // 2).astype(np.int64)
        whole.setflags(write=False)
        return whole

    def _check_deadlines(self, n: int, m: int) -> None:
        given = [self.update_comm_s is not None, self.update_work is not None, self.deadline_s is not None]
        if not any(given):
            return
        if not all(given):
            raise InputError("update_comm_s, update_work and deadline_s: expected all three, or none")
        put = object.__setattr__
        put(self, "update_comm_s", _array("update_comm_s", self.update_comm_s, (n, m), infinite=True))
        put(self, "update_work", _array("update_work", self.update_work, (n,)))
        put(self, "deadline_s", _array("deadline_s", self.deadline_s, (n,), infinite=True))

    def _check_demands(self, n: int, m: int) -> None:
        if self.demand is None and self.demand_capacity is None:
            return
        if self.demand is None or self.demand_capacity is None:
            raise InputError("demand and demand_capacity: expected both, or none")
        object.__setattr__(self, "demand", _array("demand", self.demand, (n,)))
        object.__setattr__(self, "demand_capacity", _array("demand_capacity", self.demand_capacity, (m,)))

    def __repr__(self) -> str:
        limits = [name for name in ("deadlines", "demand") if getattr(self, f"has_{name}")]
        return in_a_line(self, self.size_in_words, f"alpha {self.alpha:g}", f"beta {self.beta:g}", *limits)

    @property
    def size_in_words(self) -> str:
        """How many users, the rows that stand for many, and stations there are."""
        rows = counted(self.users, "user")
        if self.weight is not None:
            rows = f"{self.people:.10g} users in {counted(self.users, 'row')}"
        return f"{rows}, {counted(self.stations, 'station')}"

    @property
    def money_unit(self) -> str:
        """The unit of a cost in money, such as EUR/month; empty where it is in seconds."""
        return money_unit(self.currency)

    @property
    def cost_unit(self) -> str:
        """The unit of the cost: seconds, or money a month."""
        return self.money_unit or "s"

    @property
    def unit_to_json(self) -> dict[str, str]:
        """What answers say of the unit of every cost in them; nothing where it is seconds."""
        return {"currency": self.currency, "cost_unit": self.cost_unit} if self.currency else {}

    @property
    def users(self) -> int:
        """N, the number of users; of rows, where these stand for many each."""
        return self.comm_s.shape[0]

    @property
    def people(self) -> float:
        """The users that all rows stand for together; N where each is one."""
        return float(self.users) if self.weight is None else float(self.weight.sum())

    @cached_property
    def part_of_mean(self) -> FloatArray:
        """(N,) ``w_i N / W``, by which a row's latency counts more than one of N; 1 without weights.

        What one user of a row waits is the row's ``comm_s`` and computing latency over this.
        """
        return np.ones(self.users) if self.weight is None else self.weight * (self.users / self.people)

    @cached_property
    def share_weight(self) -> FloatArray:
        """(N,) in proportion to which the twins of a station share its CPU, by the rule; all users of a row alike."""
        work = self.root_work**2
        if self.weight is None or self.cpu_rule == "optimal":
            return share_weights(work, self.cpu_rule)
        return self.weight if self.cpu_rule == "equal" else work / self.weight

    @property
    def seats(self) -> FloatArray | IntArray:
        """(M,) the users that fit on each station: its twin capacity, or what the weights of its rows may add up to."""
        if self.weight is None or self.demand_capacity is None:
            return self.capacity
        return np.where(self.capacity > 0, self.demand_capacity, 0.0)

    def twins_in(self, rows: BoolArray | IntArray | Sequence[int]) -> float | int:
        """The users that some rows, a mask (N,) or their indices, stand for together."""
        at = rows if isinstance(rows, np.ndarray) else np.array(rows, np.int64)
        if self.weight is None:
            return int(at.sum()) if at.dtype == bool else at.size
        return float(self.weight[at].sum())

    def twins_on(self, host: IntArray) -> FloatArray | IntArray:
        """(M,) the users on each station, where rows are hosted so; hosts below 0 are nobody's."""
        hosted = host >= 0
        weight = None if self.weight is None else self.weight[hosted]
        return np.bincount(host[hosted], weight, minlength=self.stations)

    @property
    def stations(self) -> int:
        """M, the number of stations."""
        return self.comm_s.shape[1]

    @property
    def has_deadlines(self) -> bool:
        """Whether deadlines are given."""
        return self.deadline_s is not None

    @property
    def has_demand(self) -> bool:
        """Whether demands are given."""
        return self.demand is not None

    def station_name(self, k: int) -> str:
        """The name of station k in messages."""
        return self.station_ids[k] if self.station_ids else f"#{k}"

    def user_name(self, i: int) -> str:
        """The name of user i in messages."""
        return self.user_ids[i] if self.user_ids else f"#{i}"

    def user_names(self, users: Iterable[int]) -> str:
        """Users in a message: how many, and the names of the first few."""
        return _names(list(users), self.user_name, "user" if self.weight is None else "row")

    def station_names(self, stations: Iterable[int]) -> str:
        """Stations in a message: how many, and the names of the first few."""
        return _names(list(stations), self.station_name, "station")

    @property
    def latency_comm_s(self) -> FloatArray:
        """(N, M) communication latency without what misses count that are certain [s]."""
        if self.priced_deadlines is None:
            return self.comm_s
        return np.maximum(self.comm_s - self.priced_deadlines.surcharge_s, 0.0)

    @cached_property
    def reachable(self) -> BoolArray:
        """(N, M) arcs that exist, of finite communication latency to a station that may host."""
        return np.isfinite(self.comm_s) & (self.capacity > 0)

    @cached_property
    def cpu_room(self) -> FloatArray:
        """(M,) the most that minimum shares may add up to and still count as fitting; the CPU without deadlines."""
        return cpu_room(self.cpu) if self.has_deadlines else self.cpu

    @cached_property
    def demand_room(self) -> FloatArray:
        """(M,) the most demand that counts as fitting, the capacity with room for rounding in sums; 0 without seats."""
        assert self.demand_capacity is not None
        return np.where(self.capacity > 0, self.demand_capacity * (1 + DEMAND_TOLERANCE), 0.0)

    @cached_property
    def _hostable(self) -> BoolArray:
        """(N, M) arcs on which the user's demand alone fits, deadlines aside."""
        return self.reachable if self.demand is None else self.reachable & (self.demand[:, None] <= self.demand_room)

    @cached_property
    def _raw_floor(self) -> FloatArray:
        """(N, M) minimum CPU share of each arc [cycle/s] before unmeetable users are excused; inf where hopeless."""
        assert self.deadline_s is not None and self.update_work is not None and self.update_comm_s is not None
        floor = minimum_share_cycles_per_s(self.update_work[:, None], self.deadline_s[:, None], self.update_comm_s)
        return np.where(self._hostable & (floor <= self.cpu_room), floor, np.inf)

    @cached_property
    def unmeetable(self) -> IntArray:
        """Indices of the users whose deadline no station could keep even alone; they are planned without it."""
        if not self.has_deadlines:
            return np.empty(0, np.int64)
        return np.flatnonzero(self._hostable.any(axis=1) & ~np.isfinite(self._raw_floor).any(axis=1))

    @cached_property
    def floor(self) -> FloatArray | None:
        """(N, M) minimum CPU share f_ik [cycle/s], inf where the arc is forbidden; None without deadlines.

        ``f_ik >= update_work_i / (deadline_i - update_comm_ik)``; 0 for users whose deadline is unmeetable.
        """
        if not self.has_deadlines:
            return None
        floor = self._raw_floor.copy()
        floor[self.unmeetable] = np.where(self._hostable[self.unmeetable], 0.0, np.inf)
        return floor

    @cached_property
    def allowed(self) -> BoolArray:
        """(N, M) arcs a feasible plan may use, deadlines and demands of single users included."""
        return self._hostable if self.floor is None else np.isfinite(self.floor)

    @cached_property
    def scaled_opening(self) -> FloatArray:
        """(M,) opening cost in the units of the summed latency, N beta opening_s / alpha [s]."""
        return self.users * self.beta * self.opening_s / self.alpha

    @cached_property
    def constant_cost(self) -> float:
        """The part of the cost no decision changes, beta times the mean energy."""
        return 0.0 if self.energy_j is None else self.beta * float(self.energy_j.mean())

    @cached_property
    def unavoidable_cost(self) -> float:
        """Alpha mean_i min_k comm_ik + beta mean energy, subtracted from both sides of ``gap_net``."""
        return self.alpha * float(self.comm_s.min(axis=1).mean()) + self.constant_cost

    @cached_property
    def least_open(self) -> int:
        """The fewest stations that hold all users, by twin capacities and by demands, the cut m >= ceil(N / N_k)."""
        by_seats = fewest_that_hold(np.minimum(self.capacity, self.users), self.users)
        if self.demand is None:
            return by_seats
        return max(by_seats, fewest_that_hold(self.demand_room, math.fsum(self.demand)))

    def arrays(self) -> Mapping[str, Any]:
        """The content of a problem file: every array and scalar that is given.

        Raises:
            InputError: the CPU rule is not the optimal one, which a problem file cannot express.
        """
        if self.cpu_rule != "optimal":
            raise InputError(f"cpu_rule: a problem file holds the optimal rule only, this problem has {self.cpu_rule}")
        if self.priced_deadlines is not None:
            raise InputError("money.missed_deadline: a problem file cannot hold what a missed deadline costs")
        names = ("comm_s", "root_work", "cpu", "capacity", "opening_s", "alpha", "beta")
        optional = ("energy_j", "update_comm_s", "update_work", "deadline_s", "demand", "demand_capacity", "weight")
        given = {name: getattr(self, name) for name in names + optional if getattr(self, name) is not None}
        return given | ({"currency": self.currency} if self.currency else {})
