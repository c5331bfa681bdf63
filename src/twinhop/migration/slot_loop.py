"""Compiled: latencies of one slot's users on their hosts, and whether the hosts may be kept."""

from __future__ import annotations

import numpy as np

from twinhop.jit import jit
from twinhop.placement.problem import SHARE_TOLERANCE, FloatArray, IntArray

#: Bits of the answer of `faults`.
DOWN, FULL, LATE = 1, 2, 4


@jit()
def own_comm_s(
    users: IntArray,
    access: IntArray,
    host: IntArray,
    upload_s: FloatArray,
    unit_s: FloatArray,
    group: IntArray,
    scale: FloatArray,
    comm_s: FloatArray,
) -> None:
    """Write the communication latency (n,) of each user's update to its own host, Eq. 11."""
    for i in range(len(users)):
        u = users[i]
        comm_s[i] = upload_s[i] + scale[u] * unit_s[group[u], access[i], host[i]]


@jit()
def own_floors(work: FloatArray, tau_s: FloatArray, comm_s: FloatArray, floor: FloatArray) -> None:
    """Write the least CPU share (n,) by which each user's deadline holds on its host; infinite where none does."""
    for i in range(len(work)):
        left = tau_s[i] - comm_s[i]
        if left > 0:
            floor[i] = work[i] / left
        else:
            floor[i] = np.inf


@jit()
def faults(host: IntArray, capacity: IntArray, cpu: FloatArray, floor: FloatArray, has_floor: bool) -> int:
    """What keeps the users (n,) from these hosts: the sum of the bits `DOWN`, `FULL` and `LATE`; 0: nothing."""
    count = np.zeros(len(capacity), np.int64)
    load = np.zeros(len(capacity))
    found = 0
    for i in range(len(host)):
        k = host[i]
        if k < 0 or k >= len(capacity) or capacity[k] == 0:
            found |= DOWN
            continue
        count[k] += 1
        if has_floor:
            load[k] += floor[i]
    for k in range(len(capacity)):
        if capacity[k] > 0 and count[k] > capacity[k]:
            found |= FULL
        if has_floor and load[k] > cpu[k] * (1 + SHARE_TOLERANCE):
            found |= LATE
    return found


@jit()
def own_shares(
    host: IntArray, weight: FloatArray, floor: FloatArray, has_floor: bool, cpu: FloatArray, share: FloatArray
) -> None:
    """Write the CPU share (n,) of each twin: in proportion to weights, but nobody below its floor where all floors fit.

    Water-filling: users whose share falls below their floor get the floor, the rest share what remains, until nobody
    falls below; see `twinhop.network.water_fill_shares`.
    """
    hosts = len(cpu)
    free_weight, free_cpu = np.zeros(hosts), cpu.copy()
    floored = np.zeros(hosts)
    for i in range(len(host)):
        free_weight[host[i]] += weight[i]
        if has_floor:
            floored[host[i]] += floor[i]
    fit = np.zeros(hosts)  # what floors are scaled by: 0 where they do not fit together, a little below 1 by rounding
    for k in range(hosts):
        if floored[k] <= cpu[k] * (1 + SHARE_TOLERANCE):
            fit[k] = min(1.0, cpu[k] / floored[k]) if floored[k] > 0 else 1.0
    pinned = np.zeros(len(host), np.bool_)
    again = has_floor
    while again:
        again = False
        level = free_cpu / np.where(free_weight > 0, free_weight, np.inf)
        for i in range(len(host)):
            k = host[i]
            if pinned[i] or fit[k] == 0.0 or floor[i] * fit[k] <= level[k] * weight[i]:
                continue
            pinned[i] = again = True
            free_cpu[k] -= floor[i] * fit[k]
            free_weight[k] -= weight[i]
            if free_weight[k] < 1e-12 * weight[i]:
                free_weight[k] = 0.0
    for i in range(len(host)):
        k = host[i]
        if pinned[i]:
            share[i] = floor[i] * fit[k]
        elif free_weight[k] > 0:
            share[i] = max(free_cpu[k], 0.0) * weight[i] / free_weight[k]
        else:
            share[i] = 0.0


@jit()
def nearest_with_room(user_xy_m: FloatArray, station_xy_m: FloatArray, capacity: IntArray) -> IntArray:
    """The nearest of the stations (M, 2) that has room, for one user (n, 2) after the other.

    Capacities are those of K >= M hosts: the hosts beyond the stations, a cloud, take whom no station has room for; -1
    where nobody has.
    """
    count = np.zeros(len(capacity), np.int64)
    host = np.empty(len(user_xy_m), np.int64)
    for i in range(len(user_xy_m)):
        best, at = np.inf, -1
        for k in range(len(station_xy_m)):
            if count[k] < capacity[k]:
                x, y = user_xy_m[i, 0] - station_xy_m[k, 0], user_xy_m[i, 1] - station_xy_m[k, 1]
                if x * x + y * y < best:
                    best, at = x * x + y * y, k
        for k in range(len(station_xy_m), len(capacity)):
            if at < 0 and count[k] < capacity[k]:
                at = k
        host[i] = at
        if at >= 0:
            count[at] += 1
    return host
