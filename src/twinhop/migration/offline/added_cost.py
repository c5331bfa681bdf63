"""What a visit adds to the cost of a plan, and what a user's visits in a row do."""

import numpy as np

from twinhop.jit import jit
from twinhop.kernels.shares import floors_fit_surely, least_computing
from twinhop.migration.offline.instance import NOWHERE
from twinhop.migration.offline.plan_state import NOBODY


@jit()
def added_costs(instance, state, begin, end, penalty, scratch, cost):
    """What a user's visits in a row, taken out, add to the cost of all on each host, moves aside.

    Their communication, the rise of the computing latency of all on the host, the opening where nobody is there, and a
    penalty where there is no room.

    Args:
        instance: the run.
        state: the plan without the visits.
        begin: the first of the visits.
        end: the one after the last.
        penalty: for a visit on a host without room for it [s].
        scratch: (2, m) working space.
        cost: (n, K) receives the costs [s].
    """
    comm, cpu, seats, opening = instance.comm, instance.cpu, instance.seats, instance.opening
    load, users = state.load, state.users
    s = instance.root_work[instance.user[begin]]
    for p in range(begin, end):
        t, v = instance.slot[p], p - begin
        for k in range(cpu.shape[1]):
            extra = opening[t, k] if users[t, k] == 0 else 0.0
            extra += penalty if users[t, k] >= seats[t, k] else 0.0
            cost[v, k] = comm[p, k] + s * (2.0 * load[t, k] + s) / cpu[t, k] + extra
        if instance.has_floor:
            for k in range(cpu.shape[1]):
                if cost[v, k] < np.inf:
                    cost[v, k] += _floor_cost(instance, state, p, k, penalty, scratch)


@jit()
def _added_cost(instance, state, p, k, penalty, scratch):
    """`added_costs` of one visit on one host."""
    t, s = instance.slot[p], instance.root_work[instance.user[p]]
    cost = instance.comm[p, k] + s * (2.0 * state.load[t, k] + s) / instance.cpu[t, k]
    if state.users[t, k] == 0:
        cost += instance.opening[t, k]
    if state.users[t, k] >= instance.seats[t, k]:
        cost += penalty
    return cost + _floor_cost(instance, state, p, k, penalty, scratch) if instance.has_floor else cost


@jit()
def _floor_cost(instance, state, p, k, penalty, scratch):
    """What minimum shares add to the rise of H when visit p joins host k; the penalty where they do not fit [s]."""
    t, cpu = instance.slot[p], instance.cpu[instance.slot[p], k]
    if not floors_fit_surely(state.least[t, k] + instance.floor[p, k], cpu):
        return penalty
    if state.least[t, k] == 0.0 and instance.floor[p, k] == 0.0:
        return 0.0
    root_work, floor = scratch
    count, load, least, q = 0, 0.0, 0.0, state.head[t, k]
    while q != NOBODY:
        root_work[count] = instance.root_work[instance.user[q]]
        floor[count] = instance.floor[q, k]
        load += root_work[count]
        least += floor[count]
        count += 1
        q = state.after[q]
    before = least_computing(root_work, floor, count, load, least, cpu)[0]
    if before == np.inf:  # somebody has no CPU at all: no room either
        return penalty
    s = instance.root_work[instance.user[p]]
    root_work[count], floor[count] = s, instance.floor[p, k]
    after = least_computing(root_work, floor, count + 1, load + s, least + floor[count], cpu)[0]
    return after - before - s * (2.0 * load + s) / cpu


@jit()
def origin_and_target(instance, state, begin, end):
    """The hosts of the same user before visit ``begin`` and from visit ``end`` on; NOWHERE where there is none."""
    i = instance.user[begin]
    origin = state.host[begin - 1] if begin > instance.first[i] else instance.start[i]
    return origin, state.host[end] if end < instance.first[i + 1] else NOWHERE


@jit()
def cost_of_path(instance, state, begin, path, penalty, scratch):
    """What a user's visits in a row, taken out, add to the cost of all on the hosts of a path, moves included [s]."""
    end = begin + path.size
    i = instance.user[begin]
    unit = instance.unit[instance.group[i]]
    before, target = origin_and_target(instance, state, begin, end)
    total = 0.0
    for p in range(begin, end):
        k = path[p - begin]
        total += _added_cost(instance, state, p, k, penalty, scratch)
        if before not in (NOWHERE, k):
            total += instance.weight[instance.slot[p]] * (instance.fixed + instance.scale[i] * unit[before, k])
        before = k
    if target not in (NOWHERE, before):
        total += instance.weight[instance.slot[end]] * (instance.fixed + instance.scale[i] * unit[before, target])
    return total
