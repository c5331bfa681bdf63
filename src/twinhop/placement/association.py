"""Compiled branch and bound over the association on given stations, where nothing but computing couples the users.

With the stations given, the relaxation that lets users divide is a smooth convex problem,
``min sum_ik comm_ik x_ik + sum_k load_k^2 / F_k`` over ``sum_k x_ik = 1``, ``x >= 0``, ``load_k = sum_i s_i x_ik``. Any
congestion prices theta bound it from below by ``sum_i min_k (comm_ik + theta_k s_i) - sum_k theta_k^2 F_k / 4``; those
of its solution, ``theta_k = 2 load_k / F_k``, attain it. It is solved by dividing one user after the other in the best
way, and few users end up divided: those are branched on.
"""

import numpy as np

from twinhop.placement.jit import jit

#: Sweeps over the users between two looks at the bound, and at most so many of them: at the root, and below it.
SWEEPS, ROOT_LOOKS, LOOKS = 6, 200, 8
#: Shares below this count as none.
LEAST_SHARE = 1e-9
#: Deepest branching.
MOST_DEPTH = 400


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
    """Divide users in turn until the bound reaches the target or is near the cost; returns the bound [s]."""
    rate, best = np.empty(cpu.size), -np.inf
    for _ in range(looks):
        for _ in range(SWEEPS):
            for i in range(s.size):
                if s[i] > 0.0:
                    _divide(comm, s, cpu, share, load, i, rate)
        cost, bound = _values(comm, s, cpu, share, load)
        best = max(best, bound)
        if best >= target or cost - best <= near:
            break
    return best


@jit()
def _drop_arcs(comm, s, cpu, share, load, room):
    """Forbid the arcs that cost more than ``room`` beside the user's cheapest, and divide users over the others."""
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


@jit()
def associate_best(comm, s, cpu, host, cost, room, nodes):
    """Branch on divided users, depth first, until no association better by ``room`` is left or the nodes are spent.

    Args:
        comm: (N, K) communication latency to the given stations, inf where forbidden [s].
        s: (N,) root work [sqrt(cycle)].
        cpu: (K,) [cycle/s].
        host: (N,) hosts of the best association known, by index into K; replaced where a better one is found.
        cost: its cost [s].
        room: associations within so much of the best one need not be found [s].
        nodes: nodes to look at.

    Returns:
        The lower bound on every association [s], the cost of the best one [s], and the nodes looked at.
    """
    users, stations = comm.shape
    comms, shares = np.empty((MOST_DEPTH + 1, users, stations)), np.empty((MOST_DEPTH + 1, users, stations))
    loads, bounds = np.empty((MOST_DEPTH + 1, stations)), np.empty(MOST_DEPTH + 1)
    comms[0] = comm
    shares[0] = 0.0
    loads[0] = 0.0
    for i in range(users):  # whom nothing couples to others: the cheapest station for good
        k = host[i] if s[i] > 0.0 else np.argmin(comm[i])
        shares[0, i, k] = 1.0
        loads[0, k] += s[i]
    bounds[0] = -np.inf
    found = np.empty(users, np.int64)
    top, spent, lowest = 0, 0, np.inf
    while top >= 0 and spent < nodes:
        arcs, share, load, known = comms[top], shares[top], loads[top], bounds[top]
        spent += 1
        near = 0.02 * room
        bound = max(known, _relax(arcs, s, cpu, share, load, cost - room, near, ROOT_LOOKS if spent == 1 else LOOKS))
        value = _round(arcs, s, cpu, share, found)
        if value < cost:
            cost = value
            host[:] = found
        user, station = -1, -1
        if bound < cost - room:
            _drop_arcs(arcs, s, cpu, share, load, cost - bound)
            user, station = _most_divided(s, cpu, share)
        if user < 0 or top == MOST_DEPTH:
            lowest = min(lowest, bound)
            top -= 1
            continue
        comms[top + 1] = arcs
        shares[top + 1] = share
        loads[top + 1] = load
        bounds[top] = bound
        bounds[top + 1] = bound
        arcs[user, station] = np.inf  # below: everything else for this user; on top: this station alone
        _return_shares(arcs, s, share, load)
        for k in range(stations):
            if k != station:
                comms[top + 1, user, k] = np.inf
        _return_shares(comms[top + 1], s, shares[top + 1], loads[top + 1])
        top += 1
    for waiting in range(top + 1):
        lowest = min(lowest, bounds[waiting])
    return lowest, cost, spent
