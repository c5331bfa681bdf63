"""Compiled branch and bound over the association on given stations, where nothing but computing couples the users.

With the stations given, the relaxation that lets users divide is a smooth convex problem,
``min sum_ik comm_ik x_ik + sum_k load_k^2 / F_k`` over ``sum_k x_ik = 1``, ``x >= 0``, ``load_k = sum_i s_i x_ik``. Any
congestion prices theta bound it from below by ``sum_i min_k (comm_ik + theta_k s_i) - sum_k theta_k^2 F_k / 4``; those
of its solution, ``theta_k = 2 load_k / F_k``, attain it. It is solved by dividing one user after the other in the best
way, and few users end up divided: those are branched on.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from twinhop.jit import jit
from twinhop.placement.problem import FloatArray, IntArray

#: Sweeps over the users between two looks at the bound, and at most so many of them: at the root, and below it.
SWEEPS, ROOT_LOOKS, LOOKS = 6, 200, 8
#: Shares below this count as none.
LEAST_SHARE = 1e-9
#: Deepest branching, and most memory for the nodes on the way there [byte].
MOST_DEPTH, MOST_BYTES = 400, 2**31
#: Nodes times arcs between two glances at the clock.
GLANCE = 200_000


@jit()
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


@jit()
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
def _values(comm, s, cpu, share, load):
    """Cost of the divided association, and the bound of its congestion prices [s]."""
    cost, bound = 0.0, 0.0
    for i in range(s.size):
        least = np.inf
        for k in range(cpu.size):
            if share[i, k] > 0.0:
                cost += comm[i, k] * share[i, k]
            least = min(least, comm[i, k] + 2.0 * load[k] / cpu[k] * s[i])
        bound += least
    for k in range(cpu.size):
        computing = load[k] * load[k] / cpu[k]
        cost += computing
        bound -= computing
    return cost, bound


@jit()
def _relax(comm, s, cpu, share, load, target, near, looks):
    """Divide users in turn until the bound reaches the target or is near the cost.

    Returns:
        The best bound on the way, and that of the last congestion prices [s].
    """
    rate, best, bound = np.empty(cpu.size), -np.inf, -np.inf
    for _ in range(looks):
        for _ in range(SWEEPS):
            for i in range(s.size):
                if s[i] > 0.0:
                    _divide(comm, s, cpu, share, load, i, rate)
        cost, bound = _values(comm, s, cpu, share, load)
        best = max(best, bound)
        if best >= target or cost - best <= near:
            break
    return best, bound


@jit()
def _drop_arcs(comm, s, cpu, share, load, room):
    """Forbid the arcs that cost more than ``room`` beside the user's cheapest, and divide users over the others.

    At the present congestion prices, whose own bound counts: a better one of other prices says nothing of these costs.
    """
    for i in range(s.size):
        least = np.inf
        for k in range(cpu.size):
            least = min(least, comm[i, k] + 2.0 * load[k] / cpu[k] * s[i])
        for k in range(cpu.size):
            if comm[i, k] < np.inf and comm[i, k] + 2.0 * load[k] / cpu[k] * s[i] - least > room:
                comm[i, k] = np.inf
    _return_shares(comm, s, share, load)


@jit()
def _return_shares(comm, s, share, load):
    """Take users off forbidden arcs, onto the largest of their other shares or their cheapest arc."""
    for i in range(s.size):
        lost, onto = 0.0, -1
        for k in range(load.size):
            if comm[i, k] == np.inf:
                lost += share[i, k]
                load[k] -= s[i] * share[i, k]
                share[i, k] = 0.0
            elif (
                onto < 0
                or share[i, k] > share[i, onto]
                or (share[i, k] == share[i, onto] and comm[i, k] < comm[i, onto])
            ):
                onto = k
        if lost > 0.0 and onto >= 0:
            share[i, onto] += lost
            load[onto] += s[i] * lost


@jit()
def _most_divided(s, cpu, share):
    """The user whose division hides most, and its largest share's station; -1 where nobody is divided."""
    most, user, station = 0.0, -1, -1
    for i in range(s.size):
        hidden, largest = 0.0, 0
        for k in range(cpu.size):
            if LEAST_SHARE < share[i, k] < 1.0 - LEAST_SHARE:
                hidden += share[i, k] * (1.0 - share[i, k]) * s[i] * s[i] / cpu[k]
            if share[i, k] > share[i, largest]:
                largest = k
        if hidden > most:
            most, user, station = hidden, i, largest
    return user, station


@jit()
def _undecided(comm, s, share):
    """The user of most work with arcs to choose from, and its largest share's station; -1 where nobody has any."""
    user, station = -1, -1
    for i in range(s.size):
        if s[i] > 0.0 and (user < 0 or s[i] > s[user]) and (comm[i] < np.inf).sum() > 1:
            user, station = i, np.argmax(share[i])
    return user, station


@jit()
def _round(comm, s, cpu, share, host):
    """Everyone on the station of its largest share; returns the cost [s]."""
    load, cost = np.zeros(cpu.size), 0.0
    for i in range(s.size):
        host[i] = np.argmax(share[i])
        load[host[i]] += s[i]
        cost += comm[i, host[i]]
    for k in range(cpu.size):
        cost += load[k] * load[k] / cpu[k]
    return cost


class Walk(NamedTuple):
    """A depth-first search over associations: the nodes on the way down, changed in place.

    Attributes:
        comms: (D, N, K) latency of the arcs of each node, inf where forbidden [s].
        shares: (D, N, K) its divided association.
        loads: (D, K) the loads of that [sqrt(cycle)].
        bounds: (D,) no association of the node costs less [s].
        host: (N,) hosts of the best association known, by index into K.
        top: (1,) depth of the node to look at next; -1 once all are done.
        values: (2,) the cost of the best association known, and the least bound of the nodes done [s].
    """

    comms: FloatArray
    shares: FloatArray
    loads: FloatArray
    bounds: FloatArray
    host: IntArray
    top: IntArray
    values: FloatArray


def _first_node(comm: FloatArray, s: FloatArray, host: IntArray, cost: float) -> Walk:
    users, stations = comm.shape
    depth = 1 + max(1, min(MOST_DEPTH, MOST_BYTES // (16 * users * stations)))
    comms, shares = np.empty((depth, users, stations)), np.empty((depth, users, stations))
    comms[0], shares[0] = comm, 0.0
    start = np.where(s > 0, host, comm.argmin(axis=1))  # without work nobody is divided: the cheapest arc is best
    shares[0, np.arange(users), start] = 1.0
    loads = np.zeros((depth, stations))
    loads[0] = np.bincount(start, s, minlength=stations)
    values = np.array([cost, np.inf])
    return Walk(comms, shares, loads, np.full(depth, -np.inf), host, np.zeros(1, np.int64), values)


@jit()
def _look(walk, s, cpu, room, nodes):
    """Look at some more nodes; returns how many."""
    stations, spent, top = cpu.size, 0, walk.top[0]
    cost, lowest = walk.values
    found = np.empty(s.size, np.int64)
    while top >= 0 and spent < nodes:
        arcs, share, load, known = walk.comms[top], walk.shares[top], walk.loads[top], walk.bounds[top]
        spent += 1
        looks = ROOT_LOOKS if known == -np.inf else LOOKS
        best, present = _relax(arcs, s, cpu, share, load, cost - room, 0.02 * room, looks)
        bound = max(known, best)
        value = _round(arcs, s, cpu, share, found)
        if value < cost:
            cost = value
            walk.host[:] = found
        user, station = -1, -1
        if bound < cost - room:
            _drop_arcs(arcs, s, cpu, share, load, cost - present)
            user, station = _most_divided(s, cpu, share)
            if user < 0:  # the relaxation has not come close enough to its own best
                user, station = _undecided(arcs, s, share)
            if user < 0:  # one arc is left to each user: this plan is all there is
                bound = max(bound, _round(arcs, s, cpu, share, found))
                if bound < cost:
                    cost = bound
                    walk.host[:] = found
        if user < 0 or top + 1 == walk.bounds.size:
            lowest = min(lowest, bound)
            top -= 1
            continue
        walk.comms[top + 1] = arcs
        walk.shares[top + 1] = share
        walk.loads[top + 1] = load
        walk.bounds[top] = bound
        walk.bounds[top + 1] = bound
        arcs[user, station] = np.inf  # below: everything else for this user; on top: this station alone
        _return_shares(arcs, s, share, load)
        for k in range(stations):
            if k != station:
                walk.comms[top + 1, user, k] = np.inf
        _return_shares(walk.comms[top + 1], s, walk.shares[top + 1], walk.loads[top + 1])
        top += 1
    walk.top[0] = top
    walk.values[0], walk.values[1] = cost, lowest
    return spent


def associate_best(
    comm: FloatArray,
    s: FloatArray,
    cpu: FloatArray,
    host: IntArray,
    cost: float,
    room: float,
    nodes: int,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[float, float, bool]:
    """Branch on divided users, depth first, until no association better by ``room`` is left or the nodes are spent.

    Args:
        comm: (N, K) communication latency to the given stations, inf where forbidden [s].
        s: (N,) root work [sqrt(cycle)].
        cpu: (K,) [cycle/s].
        host: (N,) hosts of the best association known, by index into K; replaced where a better one is found.
        cost: its cost [s].
        room: associations within so much of the best one need not be found [s].
        nodes: nodes to look at.
        stop: asked now and then whether to end early.

    Returns:
        The lower bound on every association that costs less than the best known [s], the cost of the best one [s],
        and whether all nodes were looked at.
    """
    walk = _first_node(comm, s, host, cost)
    at_once = max(1, GLANCE // comm.size)
    while walk.top[0] >= 0 and nodes > 0 and not stop():
        nodes -= _look(walk, s, cpu, room, min(nodes, at_once))
    waiting = walk.bounds[: walk.top[0] + 1]
    return min(float(walk.values[1]), float(waiting.min(initial=np.inf))), float(walk.values[0]), walk.top[0] < 0
