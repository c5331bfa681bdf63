"""`features` without JAX, as far as an actor sees them.

Users are the last axis, so that loops over them are vectorised, and as many absent ones follow as fill the last vector.
What concerns a whole instance is in float64, all else in float32.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinhop.inference.actor_sizes import (
    EDGE_FEATURES,
    FARTHEST,
    GLOBAL_FEATURES,
    LEAST_SHARE,
    ROOMIEST,
    STATION_FEATURES,
    UNITS,
    USER_FEATURES,
)
from twinhop.jit import jit

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
LANES = 8
"""Float32 numbers in a vector of 256 bits."""
NOUGHT, ONE, QUARTER = np.float32(0), np.float32(1), np.float32(0.25)
FAR, INFINITE = np.float32(FARTHEST), np.float32(np.inf)


class ActorInput(NamedTuple):
    """What an actor sees of an instance; N counts the absent users at the end. Entries of those absent mean nothing."""

    users: Floats
    """(3 + 4, N), with the features of the instance as a whole"""
    stations: Floats
    """(M, 7 + 4), likewise"""
    edges: Floats
    """(M, 5, N)"""
    extra: Floats
    """(M, N) communication latency above the user's least [unit]"""
    work: Floats
    """(N,) root work over its mean; 0 for absent users"""
    allowed: Flags
    """(M, N), where a twin may be"""
    active: Flags
    """(N,), users that are present"""
    present: Flags
    """(M,), stations that are"""
    share: float
    """M / N of those present"""


class Scale(NamedTuple):
    """What `features` says of an instance as a whole."""

    users: float
    """present, at least 1"""
    stations: float
    """present, at least 1"""
    total_work: float
    total_cpu: float
    opening_s: float
    """mean of those present"""
    balanced: float
    """stations that balance computing and openings"""
    openings_share: float
    """of the openings of so many in what computing and openings cost"""
    unit_s: float


@jit(fastmath=True)
def _arcs(comm, active, present, room):
    """Where a twin may be, (M, N), and each user's least latency, (N,); nought where it may be nowhere [s]."""
    stations, users = comm.shape
    allowed, least = np.zeros((stations, room), np.bool_), np.zeros(room, np.float32)
    for k in range(stations):
        for i in range(users):
            may = present[k] & active[i] & (comm[k, i] < INFINITE)
            allowed[k, i] = may
            reached = comm[k, i] if may else INFINITE
            least[i] = min(least[i], reached) if k > 0 else reached
    for i in range(room):
        least[i] = least[i] if least[i] < INFINITE else NOUGHT
    return allowed, least


@jit(fastmath=True)
def _scale(root_work, cpu, opening, active, present, least):
    users, stations, total_work, total_least_s, total_cpu, total_opening_s = 0, 0, 0.0, 0.0, 0.0, 0.0
    for i in range(active.size):
        if active[i]:
            users += 1
            total_work += root_work[i]
            total_least_s += least[i]
    for k in range(present.size):
        if present[k]:
            stations += 1
            total_cpu += cpu[k]
            total_opening_s += opening[k]
    n, m = float(max(users, 1)), float(max(stations, 1))
    even_s, opening_s = total_work * total_work / (n * (total_cpu if total_cpu > 0 else 1.0)), total_opening_s / m
    balanced = min(max(np.sqrt(even_s * m / max(opening_s, 1e-30)), 1.0), m)
    decided_s = max(even_s * m / balanced + opening_s * balanced, LEAST_SHARE * total_least_s / n)
    unit_s = (decided_s if decided_s > 0 else 1.0) / UNITS
    return Scale(n, m, total_work, total_cpu, opening_s, balanced, opening_s * balanced / decided_s, unit_s)


@jit(fastmath=True)
def _edges(comm, least, allowed, work, unit_s):
    """Features of edges (M, 5, N), and the first of them in units, (M, N)."""
    stations, users = comm.shape
    edges = np.zeros((stations, EDGE_FEATURES, work.size), np.float32)
    extra, a_unit = np.zeros((stations, work.size), np.float32), np.float32(1.0 / unit_s)
    for k in range(stations):
        quarter, log_extra, nearest, works, may = edges[k, 0], edges[k, 1], edges[k, 2], edges[k, 3], edges[k, 4]
        here, row, is_allowed = comm[k], extra[k], allowed[k]
        for i in range(users):
            value = min((here[i] - least[i]) * a_unit, FAR) if is_allowed[i] else NOUGHT
            row[i] = value
            quarter[i] = value * QUARTER
            works[i] = work[i] - ONE
            may[i] = ONE if is_allowed[i] else NOUGHT
            nearest[i] = may[i] if value <= NOUGHT else NOUGHT
        for i in range(users):
            log_extra[i] = np.log1p(row[i])
    return edges, extra


@jit(fastmath=True)
def _users(work, extra, stations):
    """(3 + 4, N), the last four to be filled."""
    columns = np.zeros((USER_FEATURES + GLOBAL_FEATURES, work.size), np.float32)
    total, second, a_station = columns[1], columns[2], np.float32(0.25 / stations)
    for k in range(len(extra)):
        row = extra[k]
        for i in range(work.size):
            total[i] += row[i] * a_station
            other = row[i] if row[i] > NOUGHT else FAR
            second[i] = min(second[i], other) if k > 0 else other
    for i in range(work.size):
        columns[0, i] = work[i] - ONE
        second[i] = np.log1p(second[i])
    return columns


@jit(fastmath=True)
def _stations(cpu, opening, seats, present, work, nearest, extra, scale):
    """(M, 7 + 4), the last four to be filled."""
    rows, a_user = np.zeros((seats.size, STATION_FEATURES + GLOBAL_FEATURES), np.float32), scale.stations / scale.users
    total_cpu = scale.total_cpu if scale.total_cpu > 0 else 1.0
    for k in range(seats.size):
        speed = cpu[k] * scale.stations / total_cpu if present[k] else 1.0
        price = opening[k] * scale.stations / scale.unit_s if present[k] else 0.0
        won, far = NOUGHT, NOUGHT
        for i in range(work.size):
            won += nearest[k, i] * work[i]
            far += extra[k, i]
        rows[k, 0] = speed - 1.0
        rows[k, 1] = 1.0 / max(speed, 0.1) - 1.0
        rows[k, 2] = a_user * won - 1.0
        rows[k, 3] = far / (4.0 * scale.users)
        rows[k, 4] = min(seats[k] * a_user, ROOMIEST) / ROOMIEST
        rows[k, 5] = np.log1p(price) - 2.0
        mean_price = scale.stations * scale.opening_s / scale.unit_s
        rows[k, 6] = price / (mean_price + 1e-6) - (1.0 if scale.opening_s > 0 else 0.0)
    return rows


@jit(fastmath=True)
def actor_input(comm, root_work, cpu, opening, seats, active):
    """What an actor sees of `ProblemArrays`."""
    users, room = active.size, (active.size + LANES - 1) // LANES * LANES
    present, here, work = np.zeros(seats.size, np.bool_), np.zeros(room, np.bool_), np.zeros(room, np.float32)
    for k in range(seats.size):
        present[k] = seats[k] > 0
    allowed, least = _arcs(comm, active, present, room)
    scale = _scale(root_work, cpu, opening, active, present, least)
    a_work = np.float32(scale.users / (scale.total_work if scale.total_work > 0 else 1.0))
    for i in range(users):
        here[i] = active[i]
        work[i] = root_work[i] * a_work if active[i] else NOUGHT
    edges, extra = _edges(comm, least, allowed, work, scale.unit_s)
    columns = _users(work, extra, scale.stations)
    rows = _stations(cpu, opening, seats, present, work, edges[:, 2], extra, scale)
    far, roomy = 0.0, 0.0
    for k in range(seats.size):
        far += 4.0 * rows[k, 3] / scale.stations
        roomy += ROOMIEST * rows[k, 4]
    whole = (
        np.float32(scale.balanced / scale.stations - 0.5),
        np.float32(scale.openings_share - 0.5),
        np.float32(np.log1p(far) - 1.0),
        np.float32(2.0 * scale.stations / max(roomy, 1.0) - 0.5),
    )
    for at in range(GLOBAL_FEATURES):
        for i in range(room):
            columns[USER_FEATURES + at, i] = whole[at]
        for k in range(seats.size):
            rows[k, STATION_FEATURES + at] = whole[at]
    return ActorInput(columns, rows, edges, extra, work, allowed, here, present, scale.stations / scale.users)
