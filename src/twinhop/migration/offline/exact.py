"""The best run of a few users on a few hosts, by dynamic programming over all their joint hosts."""

from __future__ import annotations

import numpy as np

from twinhop.kernels.edge import cpu_room
from twinhop.migration.offline.run_arrays import NOWHERE, RunArrays
from twinhop.network import water_fill_shares
from twinhop.placement.problem import FloatArray, IntArray

#: Joint hosts of all users that are still looked at one by one.
MOST_STATES = 1000
#: Entries of the table of decisions (visits x joint hosts) that are still kept in memory.
MOST_DECISIONS = 20_000_000


def is_small(run: RunArrays) -> bool:
    """Whether `best_run` can look at all joint hosts."""
    users, hosts = len(run.first) - 1, run.cpu.shape[1]
    states = hosts**users if users * np.log10(max(hosts, 2)) < 6 else MOST_STATES + 1
    return states <= MOST_STATES and states * len(run.slot) <= MOST_DECISIONS


def best_run(run: RunArrays) -> IntArray | None:
    """The hosts (P,) of the cheapest run that keeps all constraints, or None where there is none.

    The state is the host of every user, of those who are absent too: their twins rest there. Each visit lets one user
    move, so that a slot costs ``n K`` steps per state rather than one for every pair of states.

    Args:
        run: the run, small.
    """
    users, hosts = len(run.first) - 1, run.cpu.shape[1]
    least = np.zeros((hosts,) * users)
    decided: list[tuple[int, IntArray]] = []
    for t in range(len(run.cpu)):
        visits = run.by_slot[run.slot_first[t] : run.slot_first[t + 1]]
        for p in visits:
            i = int(run.user[p])
            through = np.moveaxis(least, i, -1)[..., None, :] + _move_costs(run, int(p), i)
            decided.append((int(p), np.moveaxis(through.argmin(axis=-1), -1, i)))
            least = np.moveaxis(through.min(axis=-1), -1, i)
        if len(visits):
            least = least + _slot_costs(run, t, visits).reshape(
                [hosts if i in run.user[visits] else 1 for i in range(users)]
            )
    if not np.isfinite(least.min()):
        return None
    return _trace_back(run, np.unravel_index(int(least.argmin()), least.shape), decided)


def _move_costs(run: RunArrays, p: int, i: int) -> FloatArray:
    """(K, K) cost of having the twin of user i on a host (row) at visit p when it was on another (column) before."""
    hosts, weight = run.cpu.shape[1], run.weight[run.slot[p]]
    cost = run.fixed[p] + weight * run.scale[i] * run.unit[run.group[i]].T
    np.fill_diagonal(cost, 0.0)
    if p > run.first[i]:
        return cost
    start = run.start[i]
    return np.zeros((hosts, hosts)) if start == NOWHERE else np.repeat(cost[:, [start]], hosts, axis=1)


def _slot_costs(run: RunArrays, t: int, visits: IntArray) -> FloatArray:
    """The cost of slot t without moves for all joint hosts of its users (K^n,), the user of the last index fastest."""
    n, hosts = len(visits), run.cpu.shape[1]
    visits = visits[np.argsort(run.user[visits])]
    host = np.indices((hosts,) * n).reshape(n, -1).T
    member = host[:, None, :] == np.arange(hosts)[None, :, None]
    cost = run.comm[visits, host].sum(axis=1)
    cost += (member.any(axis=2) * run.opening[t]).sum(axis=1)
    cost[(member.sum(axis=2) > run.seats[t]).any(axis=1)] = np.inf
    root_work = run.root_work[visits]
    if not run.has_floor:
        return cost + ((member * root_work).sum(axis=2) ** 2 / run.cpu[t]).sum(axis=1)
    floor = np.where(np.isfinite(run.comm[visits]), run.floor[visits], 0.0).T[None]
    least = (member * floor).sum(axis=2)
    cost[(least > cpu_room(run.cpu[t])).any(axis=1)] = np.inf
    share = water_fill_shares(np.broadcast_to(root_work, member.shape), floor, run.cpu[t], member)
    work = np.where(member, root_work**2, 0.0)
    return cost + np.divide(work, share, out=np.where(work > 0, np.inf, 0.0), where=share > 0).sum(axis=(1, 2))


def _trace_back(run: RunArrays, state: tuple[np.intp, ...], decided: list[tuple[int, IntArray]]) -> IntArray:
    host = np.zeros(len(run.slot), np.int64)
    present = [int(k) for k in state]
    for p, before in reversed(decided):
        i = int(run.user[p])
        host[p] = present[i]
        present[i] = int(before[tuple(present)])
    return host
