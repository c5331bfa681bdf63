"""What more seats, CPU, demand capacity or time would be worth, read off the prices of the certificate."""

import math
from dataclasses import dataclass
from dataclasses import replace as with_changes
from typing import Any

import numpy as np

from twinhop.placement import Certificate, PlacementProblem, Solution
from twinhop.placement.certificate import charges, reduced_costs
from twinhop.placement.problem import BoolArray, FloatArray, IntArray
from twinhop.units import CYCLES_PER_GCYCLE, S_PER_MS


@dataclass(frozen=True)
class StationWorth:
    """How much the certified bound falls, at the same prices, for a little more of one station.

    All in the unit of the cost: ``alpha/N`` times the scaled price.

    Attributes:
        station: its index.
        seat: one more seat, ``alpha/N nu_k``.
        cpu_gcycle_per_s: one more Gcycle/s of CPU, ``alpha/N theta_k^2 / 4`` a cycle/s.
        demand_unit: one more unit of demand capacity, ``alpha/N mu_k``; None without demands.
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

    ``bound = (alpha/N) [sum_i price_i + sum_k rc_k] + constant`` with the reduced costs ``rc_k`` of `reduced_costs`,
    summed over the stations that the bound has open. At the same prices each is linear in the seats, the CPU and the
    demand capacity of its station, with the slopes ``-nu_k``, ``-theta_k^2 / 4`` and ``-mu_k``. A deadline tau enters
    by the charge ``w / f + theta_k^2 f / 4`` of every user whose minimum share ``f = u / (tau - c)`` binds. Users are
    often indifferent between two stations, where the slope ``(theta_k^2 / 4 - w / f^2) df / dtau`` jumps; so the fall
    for a whole millisecond is worked out, on all stations, rather than multiplied up from the slope.

    So no feasible plan of the problem with one more seat on station k costs less than the old bound minus the price of
    a seat there, and none with a millisecond more for its users less than the bound minus that. Where all users are
    seated already a seat is worth nothing. Where one more seat lets fewer stations hold everyone, which the bound uses
    as a cut, the fall is worked out for that cut instead.

    Args:
        solution: of any policy.

    Returns:
        One entry an opened station, those worth most first; None without a certificate by prices.
    """
    certificate, problem = solution.certificate, solution.problem
    if certificate is None or certificate.method != "prices":
        return None
    price, congestion, seat_price = certificate.price, certificate.congestion, certificate.seat_price
    assert price is not None and congestion is not None and seat_price is not None
    reduced, _ = reduced_costs(problem, price, congestion, seat_price, certificate.demand_price)
    chosen = _chosen(reduced, problem.least_open)
    late = None
    if problem.has_deadlines:
        late = _deadline_worth(problem, certificate, reduced, solution.placement.host)
    scale = problem.alpha / problem.users
    worth = [
        StationWorth(
            station=k,
            seat=scale * _seat_worth(problem, reduced, seat_price, k),
            cpu_gcycle_per_s=scale * float(congestion[k]) ** 2 / 4 * CYCLES_PER_GCYCLE,
            demand_unit=None if certificate.demand_price is None else scale * float(certificate.demand_price[k]),
            deadline_ms=None if late is None else scale * float(late[k]),
            exact=bool(chosen[k]),
        )
        for k in np.flatnonzero(solution.placement.open & (problem.capacity > 0)).tolist()
    ]
    return tuple(sorted(worth, key=lambda each: -each.most))


def _chosen(reduced: FloatArray, least: int) -> BoolArray:
    """(M,) stations that the bound has open: the cheapest that must be, and those that pay."""
    order = np.argsort(reduced, kind="stable")
    chosen = reduced < 0
    chosen[order[:least]] = True
    return chosen


def _seat_worth(problem: PlacementProblem, reduced: FloatArray, seat_price: FloatArray, k: int) -> float:
    """By how much the scaled bound falls at most for one more seat on station k [s]."""
    if problem.capacity[k] >= problem.users:
        return 0.0
    seats = np.sort(np.minimum(problem.capacity, problem.users))[::-1]
    if seats[: problem.least_open - 1].sum() < problem.users - 1:
        return float(seat_price[k])
    capacity = problem.capacity.copy()
    capacity[k] += 1
    least = with_changes(problem, capacity=capacity).least_open
    if least == problem.least_open:
        return float(seat_price[k])
    after = reduced.copy()
    after[k] -= seat_price[k]
    return _fall(reduced, problem.least_open, after, least)


def _deadline_worth(
    problem: PlacementProblem, certificate: Certificate, reduced: FloatArray, host: IntArray
) -> FloatArray:
    """(M,) by how much the scaled bound falls where all users of each station get a millisecond more [s]."""
    assert problem.deadline_s is not None
    later = with_changes(problem, deadline_s=problem.deadline_s + S_PER_MS)
    gain = np.zeros((problem.stations, problem.stations))
    for k in np.flatnonzero(problem.capacity > 0).tolist():
        more = np.maximum(_margin(later, certificate, k), 0.0) - np.maximum(_margin(problem, certificate, k), 0.0)
        gain[k] = np.bincount(host, more, minlength=problem.stations)
    least, hosts = problem.least_open, np.flatnonzero(gain.any(axis=0))
    worth = np.zeros(problem.stations)
    for at in hosts.tolist():
        worth[at] = max(0.0, _fall(reduced, least, reduced - gain[:, at], least))
    return worth


def _margin(problem: PlacementProblem, certificate: Certificate, k: int) -> FloatArray:
    """(N,) what station k earns by each user at the prices [s], -inf where the arc is not allowed."""
    price, congestion, seat_price = certificate.price, certificate.congestion, certificate.seat_price
    assert price is not None and congestion is not None and seat_price is not None
    paid = seat_price[k] + charges(problem, np.array([k]), congestion[[k]])[:, 0]
    if certificate.demand_price is not None and problem.demand is not None:
        paid = paid + certificate.demand_price[k] * problem.demand
    return np.where(problem.allowed[:, k], price - problem.comm_s[:, k] - paid, -np.inf)


def _fall(reduced: FloatArray, least: int, after: FloatArray, least_after: int) -> float:
    """By how much the sum over the stations that the bound has open falls [s]."""
    chosen, later = _chosen(reduced, least), _chosen(after, least_after)
    return math.fsum([*reduced[chosen], *(-after[later])])
