"""Compiled shortest paths of one user over its visits and the hosts."""

import numpy as np

from twinhop.jit import jit
from twinhop.migration.offline.run_arrays import NOWHERE


@jit()
def spread_moves(before, after, fixed, rate, unit, farthest, has_shortcuts):
    """The least cost of being on each host after one optional move: ``min_j before[j] + move(j, k)``.

    A host is worth moving from only if its cost does not exceed the least by more than the longest move from there
    makes up for; and, as two moves cost more than one, only if it was not itself best reached by a move.

    Args:
        before: (K,) least costs up to the visit before [s].
        after: (K,) receives the result [s].
        fixed: cost of a move besides its latency, weighted [s].
        rate: factor of the latencies, weighted.
        unit: (K, K) latencies of moves for factor 1.
        farthest: (K,) the largest of each row of these.
        has_shortcuts: whether two moves may be cheaper than one.
    """
    hosts = before.size
    best = 0
    for k in range(hosts):
        after[k] = before[k]
        if before[k] < before[best]:
            best = k
    least = before[best]
    limit = least + rate * farthest[best]
    base = least + fixed
    for k in range(hosts):
        reached = base + rate * unit[best, k]
        after[k] = reached if reached < after[k] else after[k]
    for j in range(hosts):
        if before[j] < limit and j != best and (has_shortcuts or after[j] >= before[j]):
            base = before[j] + fixed
            for k in range(hosts):
                reached = base + rate * unit[j, k]
                after[k] = reached if reached < after[k] else after[k]


@jit()
def shortest_path(run, begin, origin, target, cost, arrived, path):
    """The cheapest hosts of one user for some visits in a row, at given costs of nodes, moves added.

    Args:
        run: the run.
        begin: the first of the visits.
        origin: host before it, or NOWHERE.
        target: host at the visit after the last one, or NOWHERE: the move there counts too.
        cost: (n, K) cost of each visit on each host [s]; overwritten by the least costs up to and with the visit.
        arrived: (n, K) working space: least costs up to the visit without it.
        path: (n,) receives the hosts.

    Returns:
        The cost of the path [s].
    """
    visits, hosts = path.size, cost.shape[1]
    if visits == 0:
        return 0.0
    i = run.user[begin]
    unit, farthest = run.unit[run.group[i]], run.farthest[run.group[i]]
    for v in range(visits):
        weight = run.weight[run.slot[begin + v]]
        fixed, rate = run.fixed[begin + v], weight * run.scale[i]
        if v > 0:
            spread_moves(cost[v - 1], arrived[v], fixed, rate, unit, farthest, run.has_shortcuts)
        else:
            for k in range(hosts):
                arrived[0, k] = 0.0 if origin in (NOWHERE, k) else fixed + rate * unit[origin, k]
        for k in range(hosts):
            cost[v, k] += arrived[v, k]
    if target != NOWHERE:
        fixed, rate = run.fixed[begin + visits], run.weight[run.slot[begin + visits]] * run.scale[i]
        for k in range(hosts):
            if k != target:
                cost[visits - 1, k] += fixed + rate * unit[k, target]
    return _trace_back(run, begin, cost, arrived, path)


@jit()
def _trace_back(run, begin, reached, arrived, path):
    i, last = run.user[begin], path.size - 1
    unit, host = run.unit[run.group[i]], 0
    for k in range(reached.shape[1]):
        if reached[last, k] < reached[last, host]:
            host = k
    value = reached[last, host]
    path[last] = host
    for v in range(last, 0, -1):
        if arrived[v, host] < reached[v - 1, host]:
            weight = run.weight[run.slot[begin + v]]
            fixed, rate = run.fixed[begin + v], weight * run.scale[i]
            least, origin = np.inf, host
            for j in range(reached.shape[1]):
                through = reached[v - 1, j] + fixed + rate * unit[j, host]
                if j != host and through < least:
                    least, origin = through, j
            host = origin
        path[v - 1] = host
    return value
