"""The best run of a few users on a few hosts, by dynamic programming over all their joint hosts."""

from __future__ import annotations

import numpy as np

from twinhop.kernels.edge import cpu_room
from twinhop.migration.offline.instance import NOWHERE, Instance
from twinhop.network import water_fill_shares
from twinhop.placement.problem import FloatArray, IntArray

#: Joint hosts of all users that are still looked at one by one.
MOST_STATES = 1000
#: Entries of the table of decisions (visits x joint hosts) that are still kept in memory.
MOST_DECISIONS = 20_000_000


def is_small(instance: Instance) -> bool:
    """Whether `best_run` can look at all joint hosts."""
    users, hosts = len(instance.root_work), instance.cpu.shape[1]
    states = hosts**users if users * np.log10(max(hosts, 2)) < 6 else MOST_STATES + 1
    return states <= MOST_STATES and states * len(instance.slot) <= MOST_DECISIONS


def best_run(instance: Instance) -> IntArray | None:
    """The hosts (P,) of the cheapest run that keeps all constraints, or None where there is none.

    The state is the host of every user, of those who are absent too: their twins rest there. Each visit lets one user
    move, so that a slot costs ``n K`` steps a state rather than one for every pair of states.

    Args:
        instance: the run, small.
    """
    users, hosts = len(instance.root_work), instance.cpu.shape[1]
    least = np.zeros((hosts,) * users)
    decided: list[tuple[int, IntArray]] = []
    for t in range(len(instance.cpu)):
        visits = instance.by_slot[instance.slot_first[t] : instance.slot_first[t + 1]]
        for p in visits:
            i = int(instance.user[p])
            through = np.moveaxis(least, i, -1)[..., None, :] + _move_costs(instance, int(p), i)
            decided.append((int(p), np.moveaxis(through.argmin(axis=-1), -1, i)))
            least = np.moveaxis(through.min(axis=-1), -1, i)
        if len(visits):
            least = least + _slot_costs(instance, t, visits).reshape(
                [hosts if i in instance.user[visits] else 1 for i in range(users)]
            )
    if not np.isfinite(least.min()):
        return None
    return _trace_back(instance, np.unravel_index(int(least.argmin()), least.shape), decided)


def _move_costs(instance: Instance, p: int, i: int) -> FloatArray:
    """(K, K) cost of having the twin of user i on a host (row) at visit p when it was on another (column) before."""
    hosts, weight = instance.cpu.shape[1], instance.weight[instance.slot[p]]
    moved = weight * (instance.fixed + instance.scale[i] * instance.unit[instance.group[i]].T)
    np.fill_diagonal(moved, 0.0)
    if p > instance.first[i]:
        return moved
    start = instance.start[i]
    return np.zeros((hosts, hosts)) if start == NOWHERE else np.repeat(moved[:, [start]], hosts, axis=1)


def _slot_costs(instance: Instance, t: int, visits: IntArray) -> FloatArray:
    """The cost of slot t without moves for all joint hosts of its users (K^n,), the user of the last index fastest."""
    n, hosts = len(visits), instance.cpu.shape[1]
    users = instance.user[visits]
    visits, users = visits[np.argsort(users)], np.sort(users)
    host = np.indices((hosts,) * n).reshape(n, -1).T
    member = host[:, None, :] == np.arange(hosts)[None, :, None]
    cost = instance.comm[visits, host].sum(axis=1)
    cost += (member.any(axis=2) * instance.opening[t]).sum(axis=1)
    cost[(member.sum(axis=2) > instance.seats[t]).any(axis=1)] = np.inf
    root_work = instance.root_work[users]
    if not instance.has_floor:
        return cost + ((member * root_work).sum(axis=2) ** 2 / instance.cpu[t]).sum(axis=1)
    floor = np.where(np.isfinite(instance.comm[visits]), instance.floor[visits], 0.0).T[None]
    least = (member * floor).sum(axis=2)
    cost[(least > cpu_room(instance.cpu[t])).any(axis=1)] = np.inf
    share = water_fill_shares(np.broadcast_to(root_work, member.shape), floor, instance.cpu[t], member)
    work = np.where(member, root_work**2, 0.0)
    return cost + np.divide(work, share, out=np.where(work > 0, np.inf, 0.0), where=share > 0).sum(axis=(1, 2))


def _trace_back(instance: Instance, state: tuple[np.intp, ...], decided: list[tuple[int, IntArray]]) -> IntArray:
    host = np.zeros(len(instance.slot), np.int64)
    present = [int(k) for k in state]
    for p, before in reversed(decided):
        i = int(instance.user[p])
        host[p] = present[i]
        present[i] = int(before[tuple(present)])
    return host
