"""A placement problem as the primal-dual network sees it: free of scales, users last, in float32.

The numbers of `twinhop.learn.primal_dual.network.prepared`, without JAX.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinhop.inference.price_sizes import LARGEST_RATIO, LEAST_UNIT, NEAR, NEARER
from twinhop.jit import jit
from twinhop.placement.prices import ByStation
from twinhop.placement.station_load import Instance

Floats = NDArray[np.float32]
ONE, NOUGHT = np.float32(1), np.float32(0)
USERS_STATIC, STATIONS_STATIC, WHOLE = 5, 5, 4
"""Features that do not change from block to block: of users, of stations, and of the whole problem."""


class PricedArrays(NamedTuple):
    """`twinhop.learn.primal_dual.instance.PricedInstance` in NumPy arrays, without what the loss alone looks at."""

    far: Floats
    """(M, N) communication latency above the user's least [unit]"""
    work: Floats
    """(N,)"""
    cpu: Floats
    """(M,)"""
    opening: Floats
    """(M,) per user [unit]"""
    seats: Floats
    """(M,)"""
    floor: Floats
    """(M, N)"""
    may: Floats
    """(M, N) 1 where a user may be, else 0"""
    least_open: int
    has_floors: bool


class PriceInput(NamedTuple):
    """What does not change from block to block."""

    unit: Floats
    """(N,) a user's own unit of price"""
    mean_unit: float
    opened: float
    """stations that are opened, about"""
    users: Floats
    """(5, N) features"""
    stations: Floats
    """(5, M)"""
    whole: Floats
    """(4,)"""
    near: Floats
    """(M, N)"""
    nearer: Floats
    """(M, N)"""
    fair: Floats
    """(M, N)"""
    by_user: Floats
    """(M, N) weights of stations that add up to 1 for a user"""
    attracted: Floats
    """(M,) their sums over users"""


FloatsAndUnit = tuple[NDArray[np.float64], float]
"""(N,) [s] and the unit [s]."""


def priced_arrays(instance: Instance, by_station: ByStation, least_open: int) -> tuple[PricedArrays, FloatsAndUnit]:
    """The arrays of a problem, and what its prices are in: (N,) least communication latencies and the unit [s].

    Args:
        instance: of the problem.
        by_station: its arcs, transposed.
        least_open: fewest stations that hold everybody.
    """
    stations, users = by_station.comm.shape
    shape = (stations, users)
    far, may = np.empty(shape, np.float32), np.empty(shape, np.float32)
    floor = np.zeros(shape, np.float32)
    least, work, rest = np.empty(users), np.empty(users, np.float32), np.empty((3, stations), np.float32)
    lacks_floors = np.zeros((1, 1)) if by_station.floor is None else by_station.floor
    unit = _normalise(
        by_station.comm,
        lacks_floors,
        instance.root_work,
        instance.cpu,
        instance.opening,
        instance.seats,
        far,
        may,
        floor,
        least,
        work,
        rest,
    )
    arrays = PricedArrays(
        far, work, rest[0], rest[1], rest[2], floor, may, int(least_open), by_station.floor is not None
    )
    return arrays, (least, unit)


@jit()
def _normalise(comm, floors, root_work, cpu, opening, seats, far, may, floor, least, work, rest):
    """Fill the arrays of `priced_arrays`; returns the unit of time [s], 0 where all plans cost the same."""
    stations, users = comm.shape
    total_work, total_cpu, total_opening, usable = 0.0, 0.0, 0.0, 0
    for i in range(users):
        total_work += root_work[i]
        least[i] = np.inf
    for k in range(stations):
        if seats[k] > 0:
            total_cpu += cpu[k]
            total_opening += opening[k] / users
            usable += 1
            for i in range(users):
                least[i] = min(least[i], comm[k, i])
    mean_work = total_work / users
    unit = total_work * total_work / (users * total_cpu) if total_cpu > 0.0 else 0.0
    if not unit > 0.0:
        unit = total_opening / max(usable, 1)
        for k in range(stations):
            for i in range(users):
                if seats[k] > 0 and comm[k, i] < np.inf:
                    unit += (comm[k, i] - least[i]) / (users * usable)
    costs_nothing = not unit > 0.0
    if costs_nothing:
        unit = 1.0
    has_floors = floors.shape == comm.shape
    cpu_unit = total_cpu / users if total_cpu > 0.0 else 1.0
    for i in range(users):
        work[i] = root_work[i] / mean_work if mean_work > 0.0 else 0.0
    for k in range(stations):
        rest[0, k] = cpu[k] / cpu_unit
        rest[1, k] = opening[k] / users / unit
        rest[2, k] = seats[k]
        for i in range(users):
            is_allowed = seats[k] > 0 and comm[k, i] < np.inf
            may[k, i] = 1.0 if is_allowed else 0.0
            far[k, i] = (comm[k, i] - least[i]) / unit if is_allowed else 0.0
            if has_floors and is_allowed:
                floor[k, i] = floors[k, i] / cpu_unit
    for i in range(users):
        if not least[i] < np.inf:
            least[i] = 0.0
    return 0.0 if costs_nothing else unit


@jit(fastmath=True)
def soft(x):
    """``x / (1 + |x|)``."""
    return x / (ONE + abs(x))


def price_input(arrays: PricedArrays) -> PriceInput:
    """What of a problem does not change with prices."""
    stations, users = arrays.far.shape
    shape = (stations, users)
    near, nearer, by_user = (np.empty(shape, np.float32) for _ in range(3))
    fair = np.empty(shape, np.float32) if arrays.has_floors else np.zeros((1, 1), np.float32)
    unit, attracted = np.empty(users, np.float32), np.zeros(stations, np.float32)
    of_users = np.zeros((USERS_STATIC, users), np.float32)
    of_stations = np.zeros((STATIONS_STATIC, stations), np.float32)
    whole = np.zeros(WHOLE, np.float32)
    mean_unit, opened = _prepare(arrays, near, nearer, fair, by_user, unit, attracted, of_users, of_stations, whole)
    return PriceInput(unit, mean_unit, opened, of_users, of_stations, whole, near, nearer, fair, by_user, attracted)


@jit(fastmath=True)
def _prepare(arrays, near, nearer, fair, by_user, unit, attracted, of_users, of_stations, whole):
    """Fill the arrays of `price_input`; returns the mean unit and about how many stations are opened."""
    stations, users = arrays.far.shape
    count, cpu, opening, room = 0.0, 0.0, 0.0, 0.0
    for k in range(stations):
        if arrays.seats[k] > 0:
            count += 1.0
            cpu += arrays.cpu[k]
            opening += arrays.opening[k]
    count = max(count, 1.0)
    opening /= count
    work, far, arcs = 0.0, 0.0, 0.0
    for i in range(users):
        work += arrays.work[i]
    work /= users
    least_floor = np.full(users, np.float32(np.inf))
    for k in range(stations):
        row, may = arrays.far[k], arrays.may[k]
        far_here, arcs_here = NOUGHT, NOUGHT
        for i in range(users):
            far_here += row[i] * may[i]
            arcs_here += may[i]
        far += far_here
        arcs += arcs_here
    floored = 0.0
    if arrays.has_floors:
        for k in range(stations):
            for i in range(users):
                if arrays.may[k, i] > 0:
                    least_floor[i] = min(least_floor[i], arrays.floor[k, i])
        for i in range(users):
            if least_floor[i] < np.inf:
                floored += least_floor[i]
    floored /= cpu / count + 1e-9
    mean_square = work * work * users / max(cpu, 1e-9)
    least = min(max(max(float(arrays.least_open), floored), 1.0), count)
    opened = min(max(np.sqrt(mean_square * count / max(opening, 1e-6)), least), count)
    computing = mean_square * count / opened
    mean_unit = 2.0 * work * computing + opening
    extra = LEAST_UNIT * mean_unit + 1e-9
    mean_unit += extra
    factor, rest = np.float32(2.0 * computing), np.float32(opening + extra)
    for i in range(users):
        unit[i] = factor * arrays.work[i] + rest
    far = np.float32(far / max(arcs, 1.0) + 1e-9)
    total, ratios, softs, share_may = of_users[1], of_users[2], of_users[3], of_users[4]
    inverse = np.empty(users, np.float32)
    for i in range(users):
        inverse[i] = ONE / unit[i]
    nearness, nearness_far = np.float32(NEAR), np.float32(NEARER) / far
    for k in range(stations):
        row, may = arrays.far[k], arrays.may[k]
        for i in range(users):
            ratio = row[i] * inverse[i]
            weight = may[i] * np.exp(-min(nearness * ratio + nearness_far * row[i], np.float32(60.0)))
            near[k, i] = soft(ratio)
            nearer[k, i] = row[i] / (row[i] + far)
            by_user[k, i] = weight
            total[i] += weight
            ratios[i] += weight * ratio
            softs[i] += may[i] * near[k, i]
            share_may[i] += may[i]
    per = np.empty(users, np.float32)
    for i in range(users):
        per[i] = ONE / (total[i] + np.float32(1e-12))
    share = np.float32(opened / users)
    for k in range(stations):
        sum_here, worked = NOUGHT, NOUGHT
        for i in range(users):
            by_user[k, i] *= per[i]
            sum_here += by_user[k, i]
            worked += by_user[k, i] * arrays.work[i]
        attracted[k] = sum_here
        place = min(arrays.seats[k], np.float32(users))
        room += place
        of_stations[0, k] = min(arrays.cpu[k] * stations / users, LARGEST_RATIO)
        of_stations[1, k] = np.log1p(sum_here * stations / users)
        of_stations[2, k] = np.log1p(worked * stations / users)
        of_stations[3, k] = np.log1p(place * share)
        of_stations[4, k] = min(arrays.opening[k] / (opening + 1e-9), LARGEST_RATIO)
        if arrays.has_floors:
            fair_here = ONE / (max(arrays.cpu[k], np.float32(1e-9)) * share)
            for i in range(users):
                fair[k, i] = soft(arrays.floor[k, i] * fair_here)
    for i in range(users):
        of_users[0, i] = arrays.work[i]
        of_users[2, i] = soft(of_users[2, i] * per[i])
        of_users[1, i] = unit[i] / np.float32(mean_unit)
        of_users[3, i] /= stations
        of_users[4, i] /= stations
    whole[0] = opened / stations
    whole[1] = np.log1p(opening * count / mean_unit)
    whole[2] = np.sqrt(share)
    whole[3] = min(users / max(room, 1.0), 1.0)
    return mean_unit, opened
