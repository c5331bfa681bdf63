"""Each twin of a plan moved alone to each other host: what that would cost the whole plan, for all of them at once.

The same answers as `twinhop.plans.alternatives` gives for one user. Only the computing on two servers changes with a
move, so that ``(M + 1) N`` levels of water-filling are all it takes; each is found by bisection in the sorted levels at
which the minimum shares of a server bind.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twinhop.kernels.edge import LEFT_OVER, cpu_room
from twinhop.network import computing_latency_s, water_fill_shares
from twinhop.network.compute import minimum_share_cycles_per_s
from twinhop.placement import Placement, PlacementProblem
from twinhop.placement.priced_deadlines import SHORT, PricedDeadlines
from twinhop.placement.problem import DEMAND_TOLERANCE, FloatArray, IntArray

#: Why a host cannot take a twin, by code; of several the first. 0: it can.
OBSTACLES = (
    "",
    "no link",
    "no seat",
    "its demand does not fit",
    "the deadlines would not all be kept",
    "no CPU would be left for twins there",
)
_NO_LINK, _NO_SEAT, _NO_ROOM, _LATE, _NO_CPU = range(1, len(OBSTACLES))
#: Where deadlines have a price, shares are worked out for so many twins at most, those on every server a move each.
MOST_PRICED_SHARES = 12_000_000


@dataclass(frozen=True)
class Relocations:
    """What moving each of some users alone to each host would change.

    Attributes:
        users: (U,) their indices.
        hosts: (K,) stations that may host.
        change: (U, K) of the plan's cost, 0 on the present host; NaN where that cannot be said. Where only a seat or
            room for its demand is missing, what the move would change if there were.
        obstacle: (U, K) index into `OBSTACLES`.
    """

    users: IntArray
    hosts: IntArray
    change: FloatArray
    obstacle: IntArray


def priced_shares(problem: PlacementProblem, placement: Placement, users: IntArray) -> int:
    """How many shares `every_relocation` works out where deadlines have a price; 0 where they have none."""
    if problem.priced_deadlines is None:
        return 0
    return int(users.size * (problem.users + (problem.capacity > 0).sum()))


def every_relocation(problem: PlacementProblem, placement: Placement, users: IntArray) -> Relocations:
    """What moving each user alone to each host would change.

    ``alpha/N [c_ik - c_ih + H_k(S_k + i) - H_k(S_k) + H_h(S_h - i) - H_h(S_h)]`` and what opening k and shutting h,
    where i is alone there, changes; H is the computing latency of the twins on a server under the CPU rule.

    Args:
        problem: the problem.
        placement: where everyone is.
        users: (U,) whom to move.
    """
    hosts = np.flatnonzero(problem.capacity > 0)
    present = placement.host[users]
    on = np.bincount(placement.host, minlength=problem.stations)
    of_priced = problem.priced_deadlines
    change = np.full((users.size, hosts.size), np.nan)
    deadline = np.zeros((users.size, hosts.size), bool)
    left = np.empty(users.size)
    for k in np.unique(present).tolist():
        here = present == k
        server = (
            _server(problem, placement, k) if of_priced is None else _PricedServer(problem, of_priced, placement, k)
        )
        left[here] = server.without(users[here])
    closing = np.where(on[present] == 1, problem.beta * problem.opening_s[present], 0.0)
    scale = problem.alpha / problem.users
    comm_s = problem.comm_s if of_priced is None else problem.latency_comm_s
    for at, k in enumerate(hosts.tolist()):
        linked = np.isfinite(problem.comm_s[users, k]) & (present != k)
        movers = users[linked]
        server = (
            _server(problem, placement, k) if of_priced is None else _PricedServer(problem, of_priced, placement, k)
        )
        more, late = server.with_one(movers)
        own = comm_s[movers, k] - comm_s[movers, present[linked]]
        opening = 0.0 if placement.open[k] else problem.beta * float(problem.opening_s[k])
        with np.errstate(invalid="ignore"):
            total = scale * (own + more + left[linked]) + (opening - closing[linked])
        change[linked, at] = np.where(np.isfinite(total), total, np.nan)
        deadline[linked, at] = late
    at_home = np.searchsorted(hosts, present)
    inside = (at_home < hosts.size) & (hosts[np.minimum(at_home, hosts.size - 1)] == present)
    change[np.flatnonzero(inside), at_home[inside]] = 0.0
    obstacle = _obstacles(problem, placement, users, hosts, change, deadline)
    obstacle[np.flatnonzero(inside), at_home[inside]] = 0
    return Relocations(users, hosts, change, obstacle)


def _obstacles(
    problem: PlacementProblem,
    placement: Placement,
    users: IntArray,
    hosts: IntArray,
    change: FloatArray,
    deadline: np.ndarray,
) -> IntArray:
    """(U, K) why each host cannot take each user, the first reason of several."""
    obstacle = np.where(np.isnan(change), _NO_CPU, 0)
    obstacle[deadline] = _LATE
    if problem.demand is not None and problem.demand_capacity is not None:
        used = np.bincount(placement.host, problem.demand, minlength=problem.stations)[hosts]
        room = problem.demand_capacity[hosts] * (1 + DEMAND_TOLERANCE)
        obstacle[used + problem.demand[users][:, None] > room] = _NO_ROOM
    if problem.weight is None or not problem.has_demand:
        obstacle[:, np.bincount(placement.host, minlength=problem.stations)[hosts] >= problem.capacity[hosts]] = (
            _NO_SEAT
        )
    obstacle[~np.isfinite(problem.comm_s[np.ix_(users, hosts)])] = _NO_LINK
    return obstacle


def _server(problem: PlacementProblem, placement: Placement, k: int) -> _Server:
    members = np.flatnonzero(placement.host == k)
    return _Server(problem, members, k)


class _Server:
    """The twins on one server, by the level at which their minimum shares bind.

    At the level L a twin has ``max(floor, L weight)``, and all of them together the CPU F. Sorted by ``floor /
    weight``, the first of them are above their minimum, at ``L = (F - floors of the others) / weights of the first``.
    """

    def __init__(self, problem: PlacementProblem, members: IntArray, k: int):
        self._problem, self._k, self._cpu = problem, k, float(problem.cpu[k])
        self._room = float(cpu_room(self._cpu))
        floor = _finite_floors(problem, members, k)
        self._least = float(floor.sum())
        order = np.argsort(_levels(floor, problem.share_weight[members]), kind="stable")
        self._members, self._floor = members[order], floor[order]
        self._weight = problem.share_weight[self._members]
        self._level = _levels(self._floor, self._weight)
        work = problem.root_work[self._members] ** 2
        self._free = np.concatenate([[0.0], np.cumsum(self._weight)])
        self._free_work = np.concatenate([[0.0], np.cumsum(_per(work, self._weight))])
        self._pinned = _sums_from(self._floor)
        self._pinned_s = _sums_from(_pinned_latency_s(work, self._floor))
        with np.errstate(invalid="ignore"):
            used = self._level * self._free[:-1] + self._pinned[:-1]
        self._used_at = np.where(np.isfinite(self._level), used, np.inf)
        self.now_s = self._now_s()

    def with_one(self, users: IntArray) -> tuple[FloatArray, np.ndarray]:
        """(U,) what one user more makes of the computing latency [s], NaN without; (U,) whether minima do not fit."""
        weight, work = self._problem.share_weight[users], self._problem.root_work[users] ** 2
        floor = _own_floors(self._problem, users, self._k)
        least = self._least + floor
        late = least > self._room
        floor = np.where(late, 0.0, floor)
        cpu = np.where(least > self._cpu, least * (1 + LEFT_OVER), self._cpu)
        free = self._count(lambda m: self._used_at[m] + np.maximum(floor, self._times(m, weight)) <= cpu, users.size)
        weights, rest = self._free[free], cpu - self._pinned[free]
        with np.errstate(divide="ignore", invalid="ignore"):
            level = rest / (weights + weight)
            above = level * weight >= floor
            level = np.where(above, level, (rest - floor) / weights)
            own_s = np.where(above, _per(work, level * weight), _per(work, floor))
            others_s = self._pinned_s[free] + _per(self._free_work[free], np.maximum(level, 0.0))
            after_s = (own_s + others_s) * (cpu / self._cpu)
        return np.where(late, np.nan, after_s - self.now_s), late

    def without(self, users: IntArray) -> FloatArray:
        """(U,) what the computing latency of the twins changes by without each of these, who are on the server [s]."""
        place = np.argsort(self._members, kind="stable")
        at = place[np.searchsorted(self._members, users, sorter=place)]
        weight, floor = self._weight[at], self._floor[at]
        work = self._problem.root_work[users] ** 2
        least = self._least - floor
        fits = least <= self._room
        cpu = np.where(fits & (least > self._cpu), least * (1 + LEFT_OVER), self._cpu)
        free = self._count(lambda m: self._used_at[m] - np.maximum(floor, self._times(m, weight)) <= cpu, users.size)
        is_free = at < free
        weights = self._free[free] - np.where(is_free, weight, 0.0)
        free_work = self._free_work[free] - np.where(is_free, _per(work, weight), 0.0)
        rest = cpu - self._pinned[free] + np.where(is_free, 0.0, floor)
        pinned_s = self._pinned_s[free] - np.where(is_free, 0.0, _pinned_latency_s(work, floor))
        with np.errstate(divide="ignore", invalid="ignore"):
            level = np.where(weights > 0, rest / weights, np.inf)
            after_s = (pinned_s + _per(np.maximum(free_work, 0.0), np.maximum(level, 0.0))) * (cpu / self._cpu)
        without_floors_s = (self._free_work[-1] - _per(work, weight)) * (self._free[-1] - weight) / self._cpu
        alone = self._members.size == 1
        return np.where(alone, 0.0, np.where(fits, after_s, without_floors_s)) - self.now_s

    def _times(self, m: IntArray, weight: FloatArray) -> FloatArray:
        """The shares of users with these weights at the levels m; 0 for those without weight at a level without end."""
        with np.errstate(invalid="ignore"):
            return np.where(weight > 0, self._level[m] * weight, 0.0)

    def _count(self, is_below, size: int) -> IntArray:
        """(U,) how many of the sorted levels lie below that of each user's case, by bisection."""
        low, high = np.zeros(size, np.int64), np.full(size, self._members.size)
        while (low < high).any():
            middle = (low + high) // 2
            with np.errstate(invalid="ignore"):
                below = is_below(np.minimum(middle, max(0, self._members.size - 1)))
            low, high = np.where((low < high) & below, middle + 1, low), np.where((low < high) & ~below, middle, high)
        return low

    def _now_s(self) -> float:
        share = water_fill_shares(self._weight, self._floor, self._cpu)
        return float(computing_latency_s(self._problem.root_work[self._members] ** 2, share).sum())


class _PricedServer:
    """The same where deadlines may be missed at a price: whichever of two rules of sharing is cheaper holds."""

    def __init__(self, problem: PlacementProblem, deadlines: PricedDeadlines, placement: Placement, k: int):
        self._problem, self._deadlines, self._k = problem, deadlines, k
        self._members = np.flatnonzero(placement.host == k)
        self._now_s = float(self._together_s(self._members[None])[0])

    def with_one(self, users: IntArray) -> tuple[FloatArray, np.ndarray]:
        """(U,) what one user more makes of computing latency and missed deadlines [s]; nobody is too late."""
        sets = np.column_stack([np.tile(self._members, (users.size, 1)), users])
        return self._together_s(sets) - self._now_s, np.zeros(users.size, bool)

    def without(self, users: IntArray) -> FloatArray:
        """(U,) what they change by without each of these [s]."""
        others = self._members[None] != users[:, None]
        sets = np.tile(self._members, (users.size, 1))[others].reshape(users.size, self._members.size - 1)
        return self._together_s(sets) - self._now_s

    def _together_s(self, sets: IntArray) -> FloatArray:
        """(U,) computing latency and what missed deadlines count as, of each of these sets (U, n) of users [s]."""
        deadlines, cpu = self._deadlines, float(self._deadlines.cpu[self._k])
        weight, work = self._problem.share_weight[sets], self._problem.root_work[sets] ** 2
        floor = deadlines.floor[sets, self._k]
        costs = []
        for minimum in (np.zeros_like(floor), np.where(_fitting(floor, cpu), floor, 0.0)):
            share = water_fill_shares(weight, minimum, np.full(len(sets), cpu))
            late = share * (1 + SHORT) < floor
            costs.append((computing_latency_s(work, share) + deadlines.price_s * late).sum(axis=1))
        return np.minimum(*costs)


def _fitting(floor: FloatArray, cpu: float) -> np.ndarray:
    """(U, n) users whose minimum shares, taken in rising order, fit together."""
    order = np.argsort(floor, axis=1, kind="stable")
    fits = np.cumsum(np.take_along_axis(floor, order, 1), axis=1) <= cpu
    fitting = np.zeros_like(fits)
    np.put_along_axis(fitting, order, fits, 1)
    return fitting


def _finite_floors(problem: PlacementProblem, members: IntArray, k: int) -> FloatArray:
    """Minimum shares of users as they are hosted: 0 for those whom no share would do."""
    if problem.floor is None:
        return np.zeros(members.size)
    floor = problem.floor[members, k]
    return np.where(np.isfinite(floor), floor, 0.0)


def _own_floors(problem: PlacementProblem, users: IntArray, k: int) -> FloatArray:
    """Minimum shares of users who come: inf where the communication alone is too slow, 0 where no station would do."""
    if problem.deadline_s is None or problem.update_comm_s is None or problem.update_work is None:
        return np.zeros(users.size)
    arrays = (problem.update_work[users], problem.deadline_s[users], problem.update_comm_s[users, k])
    return np.where(np.isin(users, problem.unmeetable), 0.0, minimum_share_cycles_per_s(*arrays))


def _levels(floor: FloatArray, weight: FloatArray) -> FloatArray:
    """The level at which each minimum share binds no more; that of a twin without weight and minimum is 0."""
    return np.where(weight > 0, _per(floor, weight), np.where(floor > 0, np.inf, 0.0))


def _per(value: FloatArray, of: FloatArray) -> FloatArray:
    """``value / of``; 0 where there is no value, inf where there is nothing to share it by."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(value == 0, 0.0, value / of)


def _pinned_latency_s(work: FloatArray, floor: FloatArray) -> FloatArray:
    """Computing latency of twins at their minimum share [s]; 0 for those without one, who are never at it."""
    return np.where(floor > 0, _per(work, floor), 0.0)


def _sums_from(values: FloatArray) -> FloatArray:
    """(n + 1,) the sums from each place to the end; the last is 0."""
    return np.concatenate([np.cumsum(values[::-1])[::-1], [0.0]])
