"""Compiled branch and bound over the association on given stations, where nothing but computing couples the users.

A price a user, lambda, leaves each station the problem of its own most valuable set of users (`best_subset`), and
``sum_i lambda_i - sum_k max_S (sum_(i in S) (lambda_i - comm_ik) - (sum_(i in S) s_i)^2 / F_k)`` bounds every
association from below. The prices begin at those of the relaxation that lets users divide,
``min sum_ik comm_ik x_ik + sum_k load_k^2 / F_k`` over ``sum_k x_ik = 1``, ``x >= 0``, which is smooth and solved by
dividing one user after the other in the best way; whole users at the same prices bound higher.
"""

import heapq
from typing import NamedTuple

import numpy as np

from twinhop.jit import jit
from twinhop.placement.best_subset import best_subset
from twinhop.placement.problem import BoolArray, FloatArray, IntArray
from twinhop.placement.station_response import station_response

#: Sweeps over the users between two looks at the relaxation, and at most so many looks.
SWEEPS, LOOKS = 6, 200
#: Price steps at the first node and at each further one.
FIRST_STEPS, STEPS = 100, 30
#: Share of the last direction kept in the next one; first step length, and steps without progress before it is cut.
DEFLECTION, STEP_LENGTH, PATIENCE, STEP_CUT = 0.9, 0.2, 20, 0.8
#: Share of the room for a better association that the stations' sets may miss their best by, together.
SLACK_SHARE = 0.02
#: Weight of the present sets in the running mean that is branched on.
AVERAGING = 0.1


@jit(inner=True)
def _divide(comm, s, cpu, share, load, i, rate):
    """Divide user i among the stations in the best way, the others being as they are (water-filling)."""
    stations, first, second, chosen = cpu.size, np.inf, np.inf, -1
    for k in range(stations):
        rate[k] = comm[i, k] + 2.0 * s[i] * (load[k] - s[i] * share[i, k]) / cpu[k]
        if rate[k] < first:
            first, second, chosen = rate[k], first, k
        elif rate[k] < second:
            second = rate[k]
    curve = 2.0 * s[i] * s[i]
    level = first + curve / cpu[chosen]
    if second < level:
        level = _water_level(rate, cpu, curve)
    for k in range(stations):
        now = 0.0
        if rate[k] < level:
            now = 1.0 if second >= level and k == chosen else min(1.0, (level - rate[k]) * cpu[k] / curve)
        if now != share[i, k]:
            load[k] += s[i] * (now - share[i, k])
            share[i, k] = now


@jit(inner=True)
def _water_level(rate, cpu, curve):
    """The level with ``sum_k max(0, level - rate_k) F_k / curve = 1``."""
    width, weighted, level = 0.0, 0.0, np.inf
    for k in np.argsort(rate):
        if rate[k] >= level:
            break
        width += cpu[k] / curve
        weighted += rate[k] * cpu[k] / curve
        level = (1.0 + weighted) / width
    return level


@jit()
def _divided_prices(comm, s, cpu, share, load, near):
    """The prices ``min_k (comm_ik + 2 load_k / F_k s_i)`` of nearly the best divided association.

    Args:
        comm: (N, K) latency of the arcs, inf where forbidden [s].
        s: (N,) root work, positive [sqrt(cycle)].
        cpu: (K,) [cycle/s].
        share: (N, K) an association to begin with, changed in place.
        load: (K,) its loads, changed in place [sqrt(cycle)].
        near: how close to its own bound the cost has to come [s].

    Returns:
        (N,) prices [s].
    """
    rate, price = np.empty(cpu.size), np.empty(s.size)
    for _ in range(LOOKS):
        for _ in range(SWEEPS):
            for i in range(s.size):
                _divide(comm, s, cpu, share, load, i, rate)
        gap = 0.0
        for i in range(s.size):
            price[i] = np.inf
            for k in range(cpu.size):
                asked = comm[i, k] + 2.0 * load[k] / cpu[k] * s[i]
                price[i] = min(price[i], asked)
                if share[i, k] > 0.0:
                    gap += share[i, k] * asked
            gap -= price[i]
        if gap <= near:
            break
    return price


@jit()
def _bound(comm, arcs, s, cpu, seats, price, slack, taken, worth):
    """The bound of some prices [s]; ``taken`` (K, N) receives the stations' sets of users."""
    bound = price.sum()
    for k in range(cpu.size):
        for i in range(s.size):
            worth[i] = price[i] - comm[i, k] if arcs[i, k] else -np.inf
        bound -= best_subset(worth, s, cpu[k], seats[k], slack, taken[k])
    return bound


@jit()
def _ascend(comm, arcs, s, cpu, seats, price, mean, target, cost, steps, slack):
    """Deflected subgradient steps of Polyak's length; ``price`` becomes the best one.

    Args:
        comm: (N, K) latency of the arcs [s].
        arcs: (N, K) those that may be used.
        s: (N,) root work, positive [sqrt(cycle)].
        cpu: (K,) [cycle/s].
        seats: (K,) most users.
        price: (N,) prices to begin with, changed in place [s].
        mean: (K, N) receives a running mean of the sets that the stations take.
        target: bound at which to end [s].
        cost: of the best association known [s].
        steps: to make at most.
        slack: see `best_subset` [s].

    Returns:
        The best bound [s].
    """
    users, stations = comm.shape
    taken, worth, direction = np.zeros((stations, users), np.bool_), np.empty(users), np.zeros(users)
    present, best, length, idle = price.copy(), -np.inf, STEP_LENGTH, 0
    for _ in range(steps):
        bound = _bound(comm, arcs, s, cpu, seats, present, slack, taken, worth)
        idle += 1
        if bound > best:
            idle = 0 if bound > best + 1e-6 * (target - best) else idle
            best = bound
            price[:] = present
        if best >= target:
            break
        missed, squared = 0, 0.0
        for i in range(users):
            left = 1
            for k in range(stations):
                left -= taken[k, i]
                mean[k, i] += AVERAGING * (taken[k, i] - mean[k, i])
            missed += abs(left)
            direction[i] = left + DEFLECTION * direction[i]
            squared += direction[i] * direction[i]
        if missed == 0:  # the sets are an association, and no cheaper one is left
            mean[:] = taken
            break
        if idle >= PATIENCE or squared < 1e-18:
            length, idle = STEP_CUT * length, 0
            present[:] = price
            direction[:] = 0.0
            continue
        present += length * (cost - bound) / squared * direction
    return best


@jit()
def _decide_arcs(comm, arcs, s, cpu, seats, price, slack, target):
    """Forbid the arcs whose use, or whose user's absence from them, bounds a part of the associations by the target.

    Station k with user i forced in, or out, is worth at most ``sum_j max(0, p_j - theta s_j - nu) + theta^2 F_k / 4 +
    N_k nu`` less ``|p_i - theta s_i - nu|``, where that changes what i does, for ``p_j = lambda_j - comm_jk`` and any
    theta and nu.

    Returns:
        The least bound of the parts left out [s].
    """
    users, stations = comm.shape
    worth, taken = np.empty(users), np.zeros(users, np.bool_)
    share, scratch, order = np.empty(users), np.empty(users), np.empty(users, np.int64)
    values, loosest, theta, nu = np.empty(stations), np.empty(stations), np.empty(stations), np.empty(stations)
    for k in range(stations):
        for i in range(users):
            worth[i] = price[i] - comm[i, k] if arcs[i, k] else -np.inf
        values[k] = best_subset(worth, s, cpu[k], seats[k], slack, taken)
        theta[k], nu[k], loosest[k] = station_response(worth, s, cpu[k], seats[k], 0.0, share, scratch, order)
    bound, least = price.sum() - values.sum(), np.inf
    for i in range(users):
        for k in range(stations):
            if not arcs[i, k]:
                continue
            gain = price[i] - comm[i, k] - theta[k] * s[i] - nu[k]
            forced = bound + values[k] - loosest[k] + abs(gain)
            if forced < target:
                continue
            least = min(least, forced)
            if gain <= 0.0:
                arcs[i, k] = False
            else:
                arcs[i] = False
                arcs[i, k] = True
                break
    return least


class _Node(NamedTuple):
    """A part of the associations, ordered by its bound."""

    bound: float
    number: int
    price: FloatArray
    arcs: BoolArray


class Associations:
    """The associations of users on given stations, in parts, the weakest looked at first.

    Args:
        comm: (N, K) communication latency to the given stations, inf where forbidden [s].
        s: (N,) root work, all positive where seats bind [sqrt(cycle)].
        cpu: (K,) [cycle/s].
        seats: (K,) most users.
        host: (N,) hosts of an association, by index into K.
        price: (N,) prices to begin with where seats bind; otherwise they are found afresh [s].
        room: associations within so much of the best one need not be found [s].

    Attributes:
        looks: how many parts were looked at.
    """

    def __init__(
        self,
        comm: FloatArray,
        s: FloatArray,
        cpu: FloatArray,
        seats: IntArray,
        host: IntArray,
        price: FloatArray,
        room: float,
    ):
        self._busy = np.flatnonzero(s > 0)
        self._lean = comm.argmin(axis=1)  # of users without work the cheapest arc is best
        self._fixed = float(comm[np.arange(s.size), self._lean][s <= 0].sum())
        self._comm, self._s, self._cpu, self._seats = np.ascontiguousarray(comm[self._busy]), s[self._busy], cpu, seats
        self._room = room
        self._done = np.inf
        self._count = 0
        self.looks = 0
        if (seats < s.size).any():
            price = price[self._busy]
        else:
            share = np.zeros(self._comm.shape)
            share[np.arange(self._busy.size), host[self._busy]] = 1.0
            load = np.bincount(host[self._busy], self._s, minlength=cpu.size)
            price = _divided_prices(self._comm, self._s, cpu, share, load, SLACK_SHARE * room)
        self._waiting = [_Node(-np.inf, 0, price, np.isfinite(self._comm))]

    def __len__(self) -> int:
        """The number of parts that wait."""
        return len(self._waiting)

    @property
    def bound(self) -> float:
        """No association that is cheaper than the best one told of costs less [s]."""
        return self._fixed + min(self._done, self._waiting[0].bound if self._waiting else np.inf)

    def look(self, cost: float) -> IntArray:
        """Look at the part of least bound, and split it where it may hold an association worth finding.

        Args:
            cost: of the best association known [s].

        Returns:
            (N,) the association that the part leans to, by index into K; the only one left in it where there is one.
        """
        self.looks += 1
        node, cost = heapq.heappop(self._waiting), cost - self._fixed
        target, slack = cost - 0.98 * self._room, SLACK_SHARE * self._room / self._cpu.size
        price, arcs, mean = node.price.copy(), node.arcs, np.zeros(self._comm.T.shape)
        problem = self._comm, arcs, self._s, self._cpu, self._seats, price
        steps = FIRST_STEPS if node.number == 0 else STEPS
        bound = max(node.bound, _ascend(*problem, mean, target, cost, steps, slack))
        if bound < target:
            self._done = min(self._done, _decide_arcs(*problem, slack, target))
        hosts = np.where(arcs, mean.T, -1.0).argmax(axis=1)
        ways = arcs.sum(axis=1)
        if bound >= target:
            self._done = min(self._done, bound)
        elif (ways == 1).all():
            self._done = min(self._done, max(bound, self._cost(hosts)))
        elif (ways > 0).all():  # else all of its parts are left out
            self._split(bound, price, arcs, mean.T)
        self._lean[self._busy] = hosts
        return self._lean.copy()

    def _cost(self, hosts: IntArray) -> float:
        if (np.bincount(hosts, minlength=self._cpu.size) > self._seats).any():
            return np.inf
        load = np.bincount(hosts, self._s, minlength=self._cpu.size)
        return float(self._comm[np.arange(hosts.size), hosts].sum() + (load**2 / self._cpu).sum())

    def _split(self, bound: float, price: FloatArray, arcs: BoolArray, mean: FloatArray) -> None:
        """The user that the stations agree least on, by what its work costs: on its likeliest station, or not there."""
        share = np.where(arcs, mean, 0.0)
        hidden = (share * (1.0 - share) / self._cpu).sum(axis=1) * self._s**2
        user = int(np.where(arcs.sum(axis=1) > 1, hidden, -1.0).argmax())
        station = int(np.where(arcs[user], mean[user], -1.0).argmax())
        there, elsewhere = arcs.copy(), arcs.copy()
        there[user] = False
        there[user, station] = True
        elsewhere[user, station] = False
        for part in (there, elsewhere):
            self._count += 1
            heapq.heappush(self._waiting, _Node(bound, self._count, price, part))
