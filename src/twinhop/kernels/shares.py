"""Compiled: how the twins on a server share its CPU, what that takes them, and what they pay at a price.

`twinhop.network.compute` has the formulas as functions of arrays; these agree with them up to rounding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twinhop.jit import jit
from twinhop.kernels.edge import LEFT_OVER, SHARE_TOLERANCE

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@jit()
def floors_fit(least: float, cpu: float) -> bool:
    """Whether minimum shares that add up to ``least`` fit on a server: ``least <= cpu_room(cpu)``."""
    return least <= cpu * (1.0 + SHARE_TOLERANCE)


@jit()
def floors_fit_surely(least: float, cpu: float) -> bool:
    """Whether they fit with half the tolerance to spare: a plan so built still fits when the sum is taken anew."""
    return least <= cpu * (1.0 + 0.5 * SHARE_TOLERANCE)


@jit()
def scale_of_floors(least: float, cpu: float) -> float:
    """`twinhop.kernels.edge.floor_scale` of one server."""
    if least <= cpu:
        return 1.0
    return cpu / (least * (1.0 + LEFT_OVER)) if floors_fit(least, cpu) else 0.0


@jit()
def least_computing(root_work, floor, count, load, least, cpu):
    """The least ``sum s_i^2 / f_i`` over ``f >= floor`` and ``sum f <= F``, and its price.

    Water-filling: users whose share in proportion to s falls below their minimum get the minimum, the others share what
    is left; repeated until nobody falls below. Each round only adds users, so there are at most n rounds.

    Args:
        root_work: (n,) s_i, of which the first `count` count [sqrt(cycle)].
        floor: (n,) minimum shares [cycle/s].
        count: number of users.
        load: sum of s_i, up to rounding.
        least: sum of the minimum shares, up to rounding.
        cpu: F [cycle/s].

    Returns:
        The latency H [s], and theta, the rise of it for a little more root work of a user above its minimum
        [s/sqrt(cycle)]: a user has ``max(floor, 2 s / theta)``. inf and 0 where the minima do not fit, or leave someone
        nothing.

    Source:
        Karush-Kuhn-Tucker conditions, as `twinhop.network.water_fill_shares`.
    """
    if least <= cpu:
        return _filled(root_work, floor, count, load, cpu)
    scale = scale_of_floors(least, cpu)
    return _filled(root_work, scale * floor, count, load, cpu) if scale > 0.0 else (np.inf, 0.0)


@jit(inner=True)
def _filled(root_work, floor, count, load, cpu):
    """`least_computing` with minimum shares that fit."""
    level, pinned = (cpu / load if load > 0.0 else np.inf), -1
    while True:
        free, fixed, latency, now = 0.0, 0.0, 0.0, 0
        for i in range(count):
            s, bottom = root_work[i], floor[i]
            if s == 0.0 or bottom > level * s:
                fixed += bottom
                now += 1
                if s > 0.0:
                    latency += s * s / bottom
            else:
                free += s
        if free == 0.0:
            return latency, 0.0
        left = cpu - fixed
        if now == pinned or left <= 0.0:
            break
        pinned = now
        level = left / free
    return (latency + free * free / left, 2.0 * free / left) if left > 0.0 else (np.inf, 0.0)


@jit()
def charge(theta: float, s: float, floor: float) -> float:
    """What a user pays for computing at a congestion price: the least ``w / f + theta^2 f / 4`` over f >= floor [s]."""
    if theta * floor > 2.0 * s:
        return s * s / floor + 0.25 * theta * theta * floor
    return theta * s


@jit()
def host_shares(
    host: IntArray, weight: FloatArray, floor: FloatArray, has_floor: bool, cpu: FloatArray, share: FloatArray
) -> None:
    """Write each twin's CPU share (n,): in proportion to weights, nobody below its minimum where all minima fit.

    Args:
        host: (n,) who is where.
        weight: (n,) see `twinhop.network.share_weights`.
        floor: (n,) minimum shares, infinite where no share suffices; not looked at without `has_floor` [cycle/s].
        has_floor: whether there are minimum shares.
        cpu: (K,) CPU capacities F [cycle/s].
        share: (n,) receives the shares; 0 for a twin without weight and minimum [cycle/s].
    """
    users, load, least = np.zeros(len(cpu) + 1, np.int64), np.zeros(len(cpu)), np.zeros(len(cpu))
    for i in range(len(host)):
        users[host[i] + 1] += 1
        load[host[i]] += weight[i]
        if has_floor:
            least[host[i]] += floor[i]
    level, scale = np.zeros(len(cpu)), np.zeros(len(cpu))
    for k in range(len(cpu)):
        level[k] = cpu[k] / load[k] if load[k] > 0.0 else 0.0
        scale[k] = scale_of_floors(least[k], cpu[k]) if least[k] > 0.0 else 0.0
    if has_floor:
        _fill_levels(host, weight, floor, load, cpu, scale, np.cumsum(users), level)
    for i in range(len(host)):
        share[i] = level[host[i]] * weight[i]
        if scale[host[i]] > 0.0:
            share[i] = max(share[i], scale[host[i]] * floor[i])


@jit(inner=True)
def _fill_levels(host, weight, floor, load, cpu, scale, first, level):
    """Write the level (K,) of each server that has minimum shares and on which they fit; first: (K + 1,) of users."""
    weights, floors, at = np.empty(len(host)), np.empty(len(host)), first.copy()
    for i in range(len(host)):
        weights[at[host[i]]], floors[at[host[i]]] = weight[i], scale[host[i]] * floor[i]
        at[host[i]] += 1
    for k in range(len(cpu)):
        if scale[k] > 0.0:
            begin, end = first[k], first[k + 1]
            theta = _filled(weights[begin:end], floors[begin:end], end - begin, load[k], cpu[k])[1]
            level[k] = 2.0 / theta if theta > 0.0 else 0.0
