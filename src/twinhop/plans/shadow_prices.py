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
from twinhop.placement.certificate import (
    KNAPSACKS,
    OF_LIMITS,
    PRICES,
    Rooms,
    charges,
    cheapest_stations,
    most_gained,
    reduced_costs,
    rooms,
    whole_congestion,
    whole_reduced_costs,
    whole_worth,
)
from twinhop.placement.enumeration import is_tiny, optimum
from twinhop.placement.problem import (
    DEMAND_TOLERANCE,
    BoolArray,
    FloatArray,
    IntArray,
    fewest_that_hold,
)
from twinhop.units import CYCLES_PER_GCYCLE, S_PER_MS

#: By how much the room for demands grows with a unit of demand capacity.
_DEMAND_UNIT = 1 + DEMAND_TOLERANCE


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

    Where the certificate has whole users in knapsacks (`certificate.whole_reduced_costs`), the reduced cost of a
    station is no longer linear in what it holds: for a whole unit more of each it is worked out anew, with a knapsack
    of its own; so is that for a millisecond, for each host, on every station that earns by one of its users.

    So no feasible plan of the problem with one more seat on station k costs less than the old bound minus the price of
    a seat there, and none with a millisecond more for its users less than the bound minus that. Where all users are
    seated already a seat is worth nothing. Where one more seat, or unit of demand capacity, lets fewer stations hold
    everyone, the plans that open so few are one more part, whose bound is worked out at those prices listed that make
    it the highest. Where missed deadlines have a price, those that are missed for certain stay so: a link that more CPU
    would spare the price of is looked at as it is.

    Args:
        solution: of any policy.

    Returns:
        One entry an opened station, those worth most first; None without a certificate that follows from its parts. Of
        tiny problems, which are searched whole, the fall is that of the optimum, and no prices are needed; but not
        where the bound is one on the plans of few moves, of which such a search knows nothing.
    """
    certificate, problem = solution.certificate, solution.problem
    if certificate is None or certificate.method in OF_LIMITS:
        return None
    listed = certificate.method in (PRICES, KNAPSACKS)
    if not listed and not is_tiny(problem):
        return None
    stations = np.flatnonzero(solution.placement.open & (problem.capacity > 0))
    if not listed:
        least = optimum(problem)[0]
        worth = [_searched(problem, least, solution.placement.host, k) for k in stations.tolist()]
        return tuple(sorted(worth, key=lambda each: -each.most))
    falls = (_WholeFalls if certificate.method == KNAPSACKS else _Falls)(problem, certificate)
    seat, seat_exact = falls.of_seats(stations)
    cpu, cpu_exact = falls.of_cpu(stations)
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

    def __init__(self, problem: PlacementProblem, prices: Prices, formula: str):
        self._problem, self.prices = problem, prices
        self._formula = whole_reduced_costs if formula == KNAPSACKS else reduced_costs

    @cached_property
    def reduced(self) -> FloatArray:
        """(M,) reduced costs [s]."""
        return self._formula(self._problem, *self.prices)[0]

    def with_room(self, room: Rooms) -> FloatArray:
        """(M,) reduced costs of stations that hold other than they do [s]."""
        return self._formula(self._problem, *self.prices, room=room)[0]


class _Falls:
    """By how much the bound of a certificate falls, at most, for a little more of each station.

    Args:
        problem: what the certificate is of.
        certificate: by prices.
    """

    def __init__(self, problem: PlacementProblem, certificate: Certificate):
        self._problem, self._scale = problem, problem.alpha / problem.users
        bound, self._formula = certificate.lower_bound, certificate.formula
        self._costs: dict[int, _ReducedCosts] = {}
        parts = sorted((each for each in certificate.parts if math.isfinite(each.lower_bound)), key=_bound)
        self.listed = [_Listed(each, self._at(each.prices), each.lower_bound - bound) for each in parts]

    def of_seats(self, stations: IntArray) -> tuple[FloatArray, BoolArray]:
        """(M,) for one more seat, of the given stations; (M,) whether by exactly that where the bound has them open."""
        problem = self._problem
        wanted = problem.capacity < problem.users
        falls, exact = self._per_unit(lambda prices: np.where(wanted, self._scale * prices.seat_price, 0.0))
        return self._with_fewer(
            falls, stations[wanted[stations]], self._seats_hold, lambda costs: costs.reduced - costs.prices.seat_price
        ), exact

    def of_cpu(self, stations: IntArray) -> tuple[FloatArray, BoolArray]:
        """The same for one more Gcycle/s; minimum shares may exceed the CPU by a tolerance, which grows with it."""
        return self._per_unit(lambda prices: self._scale * prices.congestion**2 / 4 * self._cpu_unit)

    def of_demand(self, stations: IntArray) -> tuple[FloatArray, BoolArray]:
        """The same for one more unit of demand capacity, with the tolerance of sums of demands."""

        def slope(prices: Prices) -> FloatArray:
            none = np.zeros(self._problem.stations)
            return none if prices.demand_price is None else prices.demand_price * _DEMAND_UNIT

        falls, exact = self._per_unit(lambda prices: self._scale * slope(prices))
        after = self._with_fewer(falls, stations, self._demands_hold, lambda costs: costs.reduced - slope(costs.prices))
        return after, exact

    def of_deadlines(self, host: IntArray) -> FloatArray:
        """(M,) for one more millisecond for all users of each station."""
        problem = self._problem
        assert problem.deadline_s is not None
        later = with_changes(problem, deadline_s=problem.deadline_s + S_PER_MS)
        gains: dict[int, FloatArray] = {}
        falls = np.zeros(problem.stations)
        for each in self.listed:
            if id(each.costs) not in gains:
                gains[id(each.costs)] = self._deadline_gains(later, each.costs, host)
            gain = gains[id(each.costs)]
            at_most = self._scale * np.maximum(gain, 0.0).sum(axis=0, where=each.usable[:, None]) - each.above
            for at in np.flatnonzero(at_most > falls).tolist():
                fall = self._scale * each.fall(each.costs.reduced - gain[:, at], each.priced.part) - each.above
                falls[at] = max(falls[at], fall)
        return falls

    @property
    def _cpu_unit(self) -> float:
        """By how much the room for computing grows with a Gcycle/s."""
        return CYCLES_PER_GCYCLE * (1 + SHARE_TOLERANCE if self._problem.has_deadlines else 1.0)

    def _seats_hold(self, k: int) -> int:
        """The fewest stations that hold everyone with one more seat on a station."""
        problem, seats = self._problem, rooms(self._problem).seats
        by_demand = 1 if problem.demand is None else fewest_that_hold(problem.demand_room, math.fsum(problem.demand))
        return max(by_demand, fewest_that_hold(_with_one(seats, k, int(seats[k]) + 1), problem.users))

    def _demands_hold(self, k: int) -> int:
        """The fewest stations that hold everyone with one more unit of demand capacity on a station."""
        problem = self._problem
        assert problem.demand is not None and problem.demand_capacity is not None
        more = _with_one(problem.demand_room, k, float(problem.demand_capacity[k] + 1) * _DEMAND_UNIT)
        by_seats = fewest_that_hold(rooms(problem).seats, problem.users)
        return max(by_seats, fewest_that_hold(more, math.fsum(problem.demand)))

    def _deadline_gains(self, later: PlacementProblem, costs: _ReducedCosts, host: IntArray) -> FloatArray:
        """(M, M) what each station earns more [s], by its users' hosts, where all get another problem's deadlines."""
        return _deadline_gains(self._problem, later, costs.prices, host)

    def _at(self, prices: Prices) -> _ReducedCosts:
        return self._costs.setdefault(id(prices), _ReducedCosts(self._problem, prices, self._formula))

    def _per_unit(self, slope: Callable[[Prices], FloatArray]) -> tuple[FloatArray, BoolArray]:
        """(M,) by how much the bound falls, at most, for the slopes of its parts; (M,) whether by exactly that."""
        falls, surely = np.zeros(self._problem.stations), np.zeros(self._problem.stations)
        for each in self.listed:
            own = np.where(each.usable, slope(each.priced.prices) - each.above, 0.0)
            if (own > surely).any():
                falls = np.maximum(falls, own)
                surely = np.maximum(surely, np.where(each.open, own, 0.0))
        return falls, falls == surely

    def _with_fewer(
        self,
        falls: FloatArray,
        stations: IntArray,
        fewest: Callable[[int], int],
        after: Callable[[_ReducedCosts], FloatArray],
    ) -> FloatArray:
        """(M,) falls, or those where plans that open fewer stations become possible.

        Args:
            falls: (M,) of the parts that are listed.
            stations: where to look.
            fewest: how few stations hold everyone with a unit more of one.
            after: (M,) reduced costs with a unit more of each.
        """
        least, falls = self._problem.least_open, falls.copy()
        fewer = [(k, Part(holds, least - 1, (), ())) for k in stations.tolist() if (holds := fewest(k)) < least]
        changed = [(costs, after(costs)) for costs in self._costs.values()] if fewer else []
        for k, part in fewer:
            found = []
            for costs, more in changed:
                each = next(each for each in self.listed if each.costs is costs)
                found.append(self._scale * each.fall(_with_one(costs.reduced, k, float(more[k])), part) - each.above)
            falls[k] = max(falls[k], min(found))
        return falls


class _WholeFalls(_Falls):
    """`_Falls` of a certificate with whole users in knapsacks: worked out with a unit more, not by slopes."""

    def of_seats(self, stations: IntArray) -> tuple[FloatArray, BoolArray]:
        """As for prices, and exact."""
        room, wanted = rooms(self._problem), self._problem.capacity < self._problem.users
        more = room._replace(seats=room.seats + wanted)
        return self._worked_out(stations[wanted[stations]], more, self._seats_hold)

    def of_cpu(self, stations: IntArray) -> tuple[FloatArray, BoolArray]:
        """As for prices, and exact."""
        room = rooms(self._problem)
        return self._worked_out(stations, room._replace(cpu=room.cpu + self._cpu_unit))

    def of_demand(self, stations: IntArray) -> tuple[FloatArray, BoolArray]:
        """As for prices, and exact."""
        room = rooms(self._problem)
        assert room.demand is not None
        return self._worked_out(stations, room._replace(demand=room.demand + _DEMAND_UNIT), self._demands_hold)

    def _worked_out(
        self, stations: IntArray, room: Rooms, fewest: Callable[[int], int] | None = None
    ) -> tuple[FloatArray, BoolArray]:
        """(M,) by how much the bound falls for other rooms of one station each; (M,) all exact."""
        falls, changed = np.zeros(self._problem.stations), {}
        for each in self.listed:
            if id(each.costs) not in changed:
                changed[id(each.costs)] = each.costs.with_room(room)
            more = changed[id(each.costs)]
            for k in stations[each.usable[stations]].tolist():
                after = _with_one(each.costs.reduced, k, float(more[k]))
                falls[k] = max(falls[k], self._scale * each.fall(after, each.priced.part) - each.above)
        if fewest is not None:
            falls = self._with_fewer(falls, stations, fewest, lambda costs: changed[id(costs)])
        return falls, np.ones(falls.size, bool)

    def _deadline_gains(self, later: PlacementProblem, costs: _ReducedCosts, host: IntArray) -> FloatArray:
        """As for prices, where a station's reduced cost is the more of the two that its users give."""
        problem, prices, room = self._problem, costs.prices, rooms(self._problem)
        divided = super()._deadline_gains(later, costs, host)
        by_prices = reduced_costs(problem, *prices)[0]
        theta = whole_congestion(problem, prices.congestion)
        gain = np.zeros((problem.stations, problem.stations))
        for j in np.flatnonzero(problem.capacity > 0).tolist():
            worth, floor, _ = whole_worth(problem, j, prices.price, theta[j], prices.seat_price[j])
            more, less, _ = whole_worth(later, j, prices.price, theta[j], prices.seat_price[j])
            assert floor is not None and less is not None
            fixed = theta[j] ** 2 * room.cpu[j] / 4 + room.seats[j] * prices.seat_price[j]
            changed = ((more != worth) | (less != floor)) & (np.maximum(more, worth) > 0)
            for k in np.unique(host[changed]).tolist():
                new = host == k
                gained = most_gained(
                    np.where(new, more, worth),
                    problem.demand,
                    None if room.demand is None else room.demand[j],
                    np.where(new, less, floor),
                    room.cpu[j],
                )
                whole = problem.scaled_opening[j] - (fixed + gained)
                gain[j, k] = costs.reduced[j] - max(whole, by_prices[j] - divided[j, k])
        return gain


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
