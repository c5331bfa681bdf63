"""What more seats, CPU, demand capacity or time would be worth, read off the prices of the certificate."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace as with_changes
from functools import cached_property
from typing import Any

import numpy as np

from twinhop.kernels.edge import SHARE_TOLERANCE
from twinhop.placement import Certificate, Part, PlacementProblem, PricedPart, Prices, Solution
from twinhop.placement.certificate import OF_LIMITS, charges, cheapest_stations, reduced_costs
from twinhop.placement.enumeration import is_tiny, optimum
from twinhop.placement.problem import (
    DEMAND_TOLERANCE,
    BoolArray,
    FloatArray,
    IntArray,
    fewest_that_hold,
)
from twinhop.units import CYCLES_PER_GCYCLE, S_PER_MS


@dataclass(frozen=True)
class StationWorth:
    """How much the certified bound falls, at the same prices, for a little more of one station.

    All in the unit of the cost, for one unit more. For n units n times where the certificate is by prices, of one part,
    and n more seats, or units of demand capacity, do not let fewer stations hold everyone; not for milliseconds. Where
    there are more parts, another one may bound the least after the first unit, and fall faster.

    Attributes:
        station: its index.
        seat: one more seat.
        cpu_gcycle_per_s: one more Gcycle/s of CPU.
        demand_unit: one more unit of demand capacity; None without demands.
        deadline_ms: one more millisecond of deadline for all its users, exact; None without deadlines.
        exact: whether the bound has the station open, so that it falls by exactly this; else by at most this.
    """

    station: int
    seat: float
    cpu_gcycle_per_s: float
    demand_unit: float | None
    deadline_ms: float | None
    exact: bool

    @property
    def most(self) -> float:
        """The largest of them, by which stations are sorted."""
        return max(self.seat, self.cpu_gcycle_per_s, self.demand_unit or 0.0, self.deadline_ms or 0.0)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return dict(vars(self))


def shadow_prices(solution: Solution) -> tuple[StationWorth, ...] | None:
    """What a little more of each opened station is worth with respect to the certified bound.

    The bound of a part p of the plans is ``B_p = (alpha/N) [sum_i price_i + sum_k rc_k] + constant`` with the reduced
    costs ``rc_k`` of `reduced_costs` at the prices of the part, summed over the stations that it has open. At the same
    prices each is linear in the seats, the CPU and the demand capacity of its station, with the slopes ``-nu_k``,
    ``-theta_k^2 / 4`` and ``-mu_k``; so B_p falls by ``f_p``, which is ``alpha/N`` times the slope where the part has
    station k open, at most that where it does not, and 0 where station k is shut in it. The new bound is
    ``min_p (B_p - f_p)``, and ``B = min_p B_p`` falls by ``max_p (f_p - (B_p - B))``, never by less than 0.

    A deadline tau enters by the charge ``w / f + theta_k^2 f / 4`` of every user whose minimum share
    ``f = u / (tau - c)`` binds. Users are often indifferent between two stations, where the slope
    ``(theta_k^2 / 4 - w / f^2) df / dtau`` jumps; so the fall for a whole millisecond is worked out, on all stations,
    rather than multiplied up from the slope.

    So no feasible plan of the problem with one more seat on station k costs less than the old bound minus the price of
    a seat there, and none with a millisecond more for its users less than the bound minus that. Where all users are
    seated already a seat is worth nothing. Where one more seat, or unit of demand capacity, lets fewer stations hold
    everyone, the plans that open so few are one more part, whose bound is worked out at those prices listed that make
    it the highest. Where missed deadlines have a price, those that are missed for certain stay so: a link that more CPU
    would spare the price of is looked at as it is.

    Args:
        solution: of any policy.

    Returns:
        One entry an opened station, those worth most first; None without a certificate by prices. Of tiny problems,
        which are searched whole, the fall is that of the optimum, and no prices are needed; but not where the bound is
        one on the plans of few moves, of which such a search knows nothing.
    """
    certificate, problem = solution.certificate, solution.problem
    if certificate is None or certificate.method in OF_LIMITS:
        return None
    if certificate.method != "prices" and not is_tiny(problem):
        return None
    stations = np.flatnonzero(solution.placement.open & (problem.capacity > 0))
    if certificate.method != "prices":
        least = optimum(problem)[0]
        worth = [_searched(problem, least, solution.placement.host, k) for k in stations.tolist()]
        return tuple(sorted(worth, key=lambda each: -each.most))
    falls = _Falls(problem, certificate)
    seat, seat_exact = falls.of_seats(stations)
    cpu, cpu_exact = falls.of_cpu()
    demand, demand_exact = falls.of_demand(stations) if problem.has_demand else (None, True)
    late = falls.of_deadlines(solution.placement.host) if problem.has_deadlines else None
    exact = falls.listed[0].open & seat_exact & cpu_exact & demand_exact
    worth = [
        StationWorth(
            station=k,
            seat=float(seat[k]),
            cpu_gcycle_per_s=float(cpu[k]),
            demand_unit=None if demand is None else float(demand[k]),
            deadline_ms=None if late is None else float(late[k]),
            exact=bool(exact[k]),
        )
        for k in stations.tolist()
    ]
    return tuple(sorted(worth, key=lambda each: -each.most))


def _searched(problem: PlacementProblem, least: float, host: IntArray, k: int) -> StationWorth:
    """By how much the optimum of a tiny problem falls with a little more of station k, both by a search of all plans.

    Args:
        problem: a tiny one.
        least: its optimum, scaled [s].
        host: (N,) where users are: the deadlines of those on k are put off.
        k: the station.
    """

    def fall(**changes: Any) -> float:
        more, _ = optimum(with_changes(problem, **changes))
        if not math.isfinite(more):  # a deadline that can be met now counts now, and leaves no plan
            return 0.0
        return max(0.0, problem.alpha / problem.users * (least - more)) if math.isfinite(least) else 0.0

    seats, cpu = problem.capacity, problem.cpu
    demand = late = None
    if problem.demand_capacity is not None:
        demand = fall(demand_capacity=_with_one(problem.demand_capacity, k, problem.demand_capacity[k] + 1))
    if problem.deadline_s is not None:
        late = fall(deadline_s=problem.deadline_s + S_PER_MS * (host == k))
    return StationWorth(
        station=k,
        seat=fall(capacity=_with_one(seats, k, seats[k] + 1)) if seats[k] < problem.users else 0.0,
        cpu_gcycle_per_s=fall(cpu=_with_one(cpu, k, cpu[k] + CYCLES_PER_GCYCLE)),
        demand_unit=demand,
        deadline_ms=late,
        exact=True,
    )


@dataclass(frozen=True, eq=False)
class _Listed:
    """A part of the certificate beside the whole.

    Attributes:
        priced: the part, its prices and its bound.
        costs: the reduced costs at its prices, shared with other parts of the same prices.
        above: by how much its bound exceeds that of the certificate.
    """

    priced: PricedPart
    costs: "_ReducedCosts"
    above: float

    @cached_property
    def chosen(self) -> IntArray:
        """The stations that the bound of the part has open."""
        chosen = cheapest_stations(self.costs.reduced, self.priced.part)
        assert chosen is not None, "a part without plans has an infinite bound and is left out"
        return chosen

    @cached_property
    def open(self) -> BoolArray:
        """(M,) whether the bound of the part has the station open."""
        opened = np.zeros(self.costs.reduced.size, bool)
        opened[self.chosen] = True
        return opened

    @cached_property
    def usable(self) -> BoolArray:
        """(M,) whether plans of the part may open the station."""
        usable = np.ones(self.costs.reduced.size, bool)
        usable[list(self.priced.part.shut)] = False
        return usable

    def fall(self, after: FloatArray, part: Part) -> float:
        """By how much the sum of reduced costs in the bound falls with other ones, of another part [s]."""
        later = cheapest_stations(after, part)
        return -math.inf if later is None else math.fsum([*self.costs.reduced[self.chosen], *(-after[later])])


class _ReducedCosts:
    """What the prices of one or more parts make of the problem, computed when asked for."""

    def __init__(self, problem: PlacementProblem, prices: Prices):
        self._problem, self.prices = problem, prices

    @cached_property
    def reduced(self) -> FloatArray:
        """(M,) reduced costs [s]."""
        return reduced_costs(self._problem, *self.prices)[0]


class _Falls:
    """By how much the bound of a certificate falls, at most, for a little more of each station.

    Args:
        problem: what the certificate is of.
        certificate: by prices.
    """

    def __init__(self, problem: PlacementProblem, certificate: Certificate):
        self._problem, self._scale = problem, problem.alpha / problem.users
        bound = certificate.lower_bound
        self._costs: dict[int, _ReducedCosts] = {}
        parts = sorted((each for each in certificate.parts if math.isfinite(each.lower_bound)), key=_bound)
        self.listed = [_Listed(each, self._at(each.prices), each.lower_bound - bound) for each in parts]

    def of_seats(self, stations: IntArray) -> tuple[FloatArray, BoolArray]:
        """(M,) for one more seat; those that let fewer stations hold everyone worked out for the given stations."""
        problem = self._problem
        wanted = problem.capacity < problem.users
        falls, exact = self._per_unit(lambda prices: np.where(wanted, self._scale * prices.seat_price, 0.0))
        seats, by_demand = np.minimum(problem.capacity, problem.users), 1
        if problem.demand is not None:
            by_demand = fewest_that_hold(problem.demand_room, math.fsum(problem.demand))
        for k in stations[wanted[stations]].tolist():
            least = max(by_demand, fewest_that_hold(_with_one(seats, k, int(seats[k]) + 1), problem.users))
            falls[k] = max(falls[k], self._fewer(least, k, lambda prices: prices.seat_price))
        return falls, exact

    def of_cpu(self) -> tuple[FloatArray, BoolArray]:
        """(M,) for one more Gcycle/s; minimum shares may exceed the CPU by a tolerance, which grows with it."""
        room = 1 + SHARE_TOLERANCE if self._problem.has_deadlines else 1.0
        return self._per_unit(lambda prices: self._scale * prices.congestion**2 / 4 * CYCLES_PER_GCYCLE * room)

    def of_demand(self, stations: IntArray) -> tuple[FloatArray, BoolArray]:
        """(M,) for one more unit of demand capacity, with the tolerance of sums of demands."""
        problem = self._problem
        assert problem.demand is not None and problem.demand_capacity is not None
        total, room = math.fsum(problem.demand), 1 + DEMAND_TOLERANCE

        def slope(prices: Prices) -> FloatArray:
            return np.zeros(problem.stations) if prices.demand_price is None else prices.demand_price * room

        falls, exact = self._per_unit(lambda prices: self._scale * slope(prices))
        by_seats = fewest_that_hold(np.minimum(problem.capacity, problem.users), problem.users)
        for k in stations.tolist():
            more = _with_one(problem.demand_room, k, float(problem.demand_capacity[k] + 1) * room)
            falls[k] = max(falls[k], self._fewer(max(by_seats, fewest_that_hold(more, total)), k, slope))
        return falls, exact

    def of_deadlines(self, host: IntArray) -> FloatArray:
        """(M,) for one more millisecond for all users of each station."""
        problem = self._problem
        assert problem.deadline_s is not None
        later = with_changes(problem, deadline_s=problem.deadline_s + S_PER_MS)
        gains: dict[int, FloatArray] = {}
        falls = np.zeros(problem.stations)
        for each in self.listed:
            if id(each.costs) not in gains:
                gains[id(each.costs)] = _deadline_gains(problem, later, each.priced.prices, host)
            gain = gains[id(each.costs)]
            at_most = self._scale * np.maximum(gain, 0.0).sum(axis=0, where=each.usable[:, None]) - each.above
            for at in np.flatnonzero(at_most > falls).tolist():
                fall = self._scale * each.fall(each.costs.reduced - gain[:, at], each.priced.part) - each.above
                falls[at] = max(falls[at], fall)
        return falls

    def _at(self, prices: Prices) -> _ReducedCosts:
        return self._costs.setdefault(id(prices), _ReducedCosts(self._problem, prices))

    def _per_unit(self, slope: Callable[[Prices], FloatArray]) -> tuple[FloatArray, BoolArray]:
        """(M,) by how much the bound falls, at most, for the slopes of its parts; (M,) whether by exactly that."""
        falls, surely = np.zeros(self._problem.stations), np.zeros(self._problem.stations)
        for each in self.listed:
            own = np.where(each.usable, slope(each.priced.prices) - each.above, 0.0)
            if (own > surely).any():
                falls = np.maximum(falls, own)
                surely = np.maximum(surely, np.where(each.open, own, 0.0))
        return falls, falls == surely

    def _fewer(self, least: int, k: int, slope: Callable[[Prices], FloatArray]) -> float:
        """By how much the bound falls where plans that open as few as ``least`` stations become possible."""
        if least >= self._problem.least_open:
            return 0.0
        part, falls = Part(least, self._problem.least_open - 1, (), ()), []
        for costs in self._costs.values():
            each = next(each for each in self.listed if each.costs is costs)
            after = _with_one(costs.reduced, k, float(costs.reduced[k] - slope(costs.prices)[k]))
            falls.append(self._scale * each.fall(after, part) - each.above)
        return min(falls)


def _bound(priced: PricedPart) -> float:
    return priced.lower_bound


def _with_one(values: Any, k: int, value: float) -> Any:
    """A copy of an array with one other entry."""
    changed = values.copy()
    changed[k] = value
    return changed


def _deadline_gains(problem: PlacementProblem, later: PlacementProblem, prices: Prices, host: IntArray) -> FloatArray:
    """(M, M) what each station earns more [s], by its users' hosts, where all get the deadlines of another problem."""
    gain = np.zeros((problem.stations, problem.stations))
    for k in np.flatnonzero(problem.capacity > 0).tolist():
        more = np.maximum(_margin(later, prices, k), 0.0) - np.maximum(_margin(problem, prices, k), 0.0)
        gain[k] = np.bincount(host, more, minlength=problem.stations)
    return gain


def _margin(problem: PlacementProblem, prices: Prices, k: int) -> FloatArray:
    """(N,) what station k earns by each user at the prices [s], -inf where the arc is not allowed."""
    paid = prices.seat_price[k] + charges(problem, np.array([k]), prices.congestion[[k]])[:, 0]
    if prices.demand_price is not None and problem.demand is not None:
        paid = paid + prices.demand_price[k] * problem.demand
    return np.where(problem.allowed[:, k], prices.price - problem.comm_s[:, k] - paid, -np.inf)
