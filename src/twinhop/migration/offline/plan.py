"""Plans of a whole run: each user in turn on its cheapest path at what it adds to the cost of all."""

from __future__ import annotations

import numpy as np

from twinhop.jit import jit
from twinhop.migration.offline.paths import shortest_path
from twinhop.migration.offline.plan_state import NOBODY, put_user, take_user
from twinhop.migration.offline.water_fill import least_computing
from twinhop.placement.problem import SHARE_TOLERANCE

#: A path must save this share of its cost to be taken.
LEAST_SAVING = 1e-10


@jit()
def has_room(instance, state, p, k):
    """Whether visit p, taken out, fits on host k: a seat is free, and its minimum share."""
    t = instance.slot[p]
    if state.users[t, k] >= instance.seats[t, k]:
        return False
    if not instance.has_floor:
        return True
    return state.least[t, k] + instance.floor[p, k] <= instance.cpu[t, k] * (1.0 + 0.5 * SHARE_TOLERANCE)


@jit()
def _rise(instance, state, p, i, k, root_work, floor):
    """By how much H rises when visit p of user i joins host k, under minimum shares [s]; the last two: (n,) scratch."""
    t = instance.slot[p]
    count, q = 0, state.head[t, k]
    while q != NOBODY:
        root_work[count] = instance.root_work[instance.user[q]]
        floor[count] = instance.floor[q, k]
        count += 1
        q = state.after[q]
    before = least_computing(root_work, floor, count, instance.cpu[t, k])
    root_work[count], floor[count] = instance.root_work[i], instance.floor[p, k]
    with_p = least_computing(root_work, floor, count + 1, instance.cpu[t, k])
    if before < np.inf and with_p < np.inf:
        return with_p - before
    s, load = instance.root_work[i], state.load[t, k]
    return s * (2.0 * load + s) / instance.cpu[t, k]


@jit()
def added_costs(instance, state, i, shared, surcharge, penalty, cost, scratch):
    """What each visit of user i, taken out, adds to the cost of all on each host, into ``cost`` (n, K) [s].

    Args:
        instance: the run.
        state: the plan without the user.
        i: the user.
        shared: part of the opening that a user bears in proportion to its load, rather than the first one alone.
        surcharge: (T, K) added to each host's cost [s].
        penalty: what a visit costs on a host that has no room for it [s].
        cost: (n, K) receives the costs.
        scratch: (2, n) working space.
    """
    s, begin = instance.root_work[i], instance.first[i]
    for v in range(cost.shape[0]):
        p = begin + v
        t = instance.slot[p]
        for k in range(cost.shape[1]):
            asked = instance.comm[p, k]
            if asked == np.inf:
                cost[v, k] = np.inf
                continue
            load, opening = state.load[t, k], instance.opening[t, k]
            if instance.has_floor:
                asked += _rise(instance, state, p, i, k, scratch[0], scratch[1])
            else:
                asked += s * (2.0 * load + s) / instance.cpu[t, k]
            if state.users[t, k] == 0:
                asked += (1.0 - shared) * opening
            if shared > 0.0 and load + s > 0.0:
                asked += shared * opening * s / (load + s)
            if not has_room(instance, state, p, k):
                asked += penalty
            cost[v, k] = asked + surcharge[t, k]


@jit()
def path_cost(instance, i, cost, path):
    """The cost of a path of user i at given costs of nodes (n, K), moves added [s]."""
    begin = instance.first[i]
    total, before = 0.0, instance.start[i]
    for v in range(path.size):
        k = path[v]
        total += cost[v, k]
        if before >= 0 and before != k:
            moved = instance.fixed + instance.scale[i] * instance.unit[instance.group[i], before, k]
            total += instance.weight[instance.slot[begin + v]] * moved
        before = k
    return total


@jit()
def descend(instance, state, sweeps, shared, surcharge, penalty):
    """Sweeps of shortest paths, one user after the other, until nobody changes; returns how many changed last.

    Args:
        instance: the run.
        state: the plan, changed in place.
        sweeps: at most so many.
        shared: see `added_costs`.
        surcharge: likewise.
        penalty: likewise.
    """
    longest, largest = 0, 1
    for i in range(instance.root_work.size):
        longest = max(longest, instance.first[i + 1] - instance.first[i])
    for t in range(instance.slot_first.size - 1):
        largest = max(largest, instance.slot_first[t + 1] - instance.slot_first[t])
    hosts = instance.cpu.shape[1]
    cost, arrived = np.empty((longest, hosts)), np.empty((longest, hosts))
    path, scratch = np.empty(longest, np.int64), np.empty((2, largest + 1))
    changed = 0
    for _ in range(sweeps):
        changed = 0
        for i in range(instance.root_work.size):
            begin, end = instance.first[i], instance.first[i + 1]
            n = end - begin
            take_user(instance, state, i)
            added_costs(instance, state, i, shared, surcharge, penalty, cost[:n], scratch)
            present = path_cost(instance, i, cost[:n], state.host[begin:end])
            found = shortest_path(instance, i, cost[:n], arrived, path[:n])
            if found < present - LEAST_SAVING * abs(present):
                state.host[begin:end] = path[:n]
                changed += 1
            put_user(instance, state, i)
        if changed == 0:
            break
    return changed
