"""Compiled: latencies of one slot's users on their hosts, and whether the hosts may be kept."""

from __future__ import annotations

import numpy as np

from twinhop.jit import jit
from twinhop.kernels.shares import floors_fit
from twinhop.placement.problem import FloatArray, IntArray

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
def faults(host: IntArray, capacity: IntArray, cpu: FloatArray, floor: FloatArray, has_floor: bool) -> int:
    """What keeps the users (n,) from these hosts: the sum of the bits `DOWN`, `FULL` and `LATE`; 0: nothing."""
    count = np.zeros(len(capacity), np.int64)
    load = np.zeros(len(capacity))
    bits = 0
    for i in range(len(host)):
        k = host[i]
        if k < 0 or k >= len(capacity) or capacity[k] == 0:
            bits |= DOWN
            continue
        count[k] += 1
        if has_floor:
            load[k] += floor[i]
    for k in range(len(capacity)):
        if capacity[k] > 0 and count[k] > capacity[k]:
            bits |= FULL
        if has_floor and not floors_fit(load[k], cpu[k]):
            bits |= LATE
    return bits


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
