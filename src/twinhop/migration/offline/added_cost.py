"""What a visit adds to the cost of a plan, and what a user's visits in a row do."""

import numpy as np

from twinhop.jit import jit
from twinhop.kernels.shares import floors_fit_surely, least_computing
from twinhop.migration.offline.plan_state import NOBODY
from twinhop.migration.offline.run_arrays import NOWHERE


@jit()
def added_costs(run, state, begin, end, penalty, scratch, cost):
    """What a user's visits in a row, taken out, add to the cost of all on each host, moves aside.

    Their communication, the rise of the computing latency of all on the host, the opening where nobody is there, and a
    penalty where there is no room.

    Args:
        run: the run.
        state: the plan without the visits.
        begin: the first of the visits.
        end: the one after the last.
        penalty: for a visit on a host without room for it [s].
        scratch: (2, m) working space.
        cost: (n, K) receives the costs [s].
    """
    comm, cpu, seats, opening = run.comm, run.cpu, run.seats, run.opening
    load, users = state.load, state.users
    for p in range(begin, end):
        t, s, v = run.slot[p], run.root_work[p], p - begin
        for k in range(cpu.shape[1]):
            extra = opening[t, k] if users[t, k] == 0 else 0.0
            extra += penalty if users[t, k] >= seats[t, k] else 0.0
            cost[v, k] = comm[p, k] + s * (2.0 * load[t, k] + s) / cpu[t, k] + extra
        if run.has_floor:
            for k in range(cpu.shape[1]):
                if cost[v, k] < np.inf:
                    cost[v, k] += _floor_cost(run, state, p, k, penalty, scratch)


@jit()
def _added_cost(run, state, p, k, penalty, scratch):
    """`added_costs` of one visit on one host."""
    t, s = run.slot[p], run.root_work[p]
    cost = run.comm[p, k] + s * (2.0 * state.load[t, k] + s) / run.cpu[t, k]
    if state.users[t, k] == 0:
        cost += run.opening[t, k]
    if state.users[t, k] >= run.seats[t, k]:
        cost += penalty
    return cost + _floor_cost(run, state, p, k, penalty, scratch) if run.has_floor else cost


@jit()
def _floor_cost(run, state, p, k, penalty, scratch):
    """What minimum shares add to the rise of H when visit p joins host k; the penalty where they do not fit [s]."""
    t, cpu = run.slot[p], run.cpu[run.slot[p], k]
    if not floors_fit_surely(state.least[t, k] + run.floor[p, k], cpu):
        return penalty
    if state.least[t, k] == 0.0 and run.floor[p, k] == 0.0:
        return 0.0
    root_work, floor = scratch
    count, load, least, q = 0, 0.0, 0.0, state.head[t, k]
    while q != NOBODY:
        root_work[count] = run.root_work[q]
        floor[count] = run.floor[q, k]
        load += root_work[count]
        least += floor[count]
        count += 1
        q = state.after[q]
    before = least_computing(root_work, floor, count, load, least, cpu)[0]
    if before == np.inf:  # somebody has no CPU at all: no room either
        return penalty
    s = run.root_work[p]
    root_work[count], floor[count] = s, run.floor[p, k]
    after = least_computing(root_work, floor, count + 1, load + s, least + floor[count], cpu)[0]
    return after - before - s * (2.0 * load + s) / cpu


@jit()
def origin_and_target(run, state, begin, end):
    """The hosts of the same user before visit ``begin`` and from visit ``end`` on; NOWHERE where there is none."""
    i = run.user[begin]
    origin = state.host[begin - 1] if begin > run.first[i] else run.start[i]
    return origin, state.host[end] if end < run.first[i + 1] else NOWHERE


@jit()
def cost_of_path(run, state, begin, path, penalty, scratch):
    """What a user's visits in a row, taken out, add to the cost of all on the hosts of a path, moves included [s]."""
    end = begin + path.size
    i = run.user[begin]
    unit = run.unit[run.group[i]]
    before, target = origin_and_target(run, state, begin, end)
    total = 0.0
    for p in range(begin, end):
        k = path[p - begin]
        total += _added_cost(run, state, p, k, penalty, scratch)
        if before not in (NOWHERE, k):
            total += run.fixed[p] + run.weight[run.slot[p]] * run.scale[i] * unit[before, k]
        before = k
    if target not in (NOWHERE, before):
        total += run.fixed[end] + run.weight[run.slot[end]] * run.scale[i] * unit[before, target]
    return total
