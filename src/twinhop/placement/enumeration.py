"""The optimum of a tiny problem: every set of users on every station is priced, and the sets are joined to plans.

NumPy alone, so that a tiny problem compiles nothing for it.
"""

import numpy as np

from twinhop.kernels.edge import floor_scale
from twinhop.placement.problem import BoolArray, FloatArray, IntArray, PlacementProblem

#: Most users, and most stations times 3^users: some 30 ms.
USERS, WORK = 11, 1_200_000


def is_tiny(problem: PlacementProblem) -> bool:
    """Whether all plans are looked at in some 30 ms."""
    return problem.users <= USERS and problem.stations * 3**problem.users <= WORK


def optimum(problem: PlacementProblem) -> tuple[float, IntArray]:
    """The least scaled cost of all plans, and (N,) its hosts.

    ``best_k(S) = min over T in S of best_(k-1)(S - T) + H_k(T) + comm + opening``, over the stations in turn.

    Args:
        problem: a tiny one.

    Returns:
        The cost [s], inf where no plan keeps the limits, and the hosts.
    """
    sets = (np.arange(2**problem.users)[:, None] >> np.arange(problem.users) & 1).astype(bool)
    whole, part, starts = _parts(problem.users)
    best = np.full(len(sets), np.inf)
    best[0] = 0.0
    choices = []
    for k in range(problem.stations):
        value = best[whole ^ part] + _price(problem, sets, k)[part]
        best = np.minimum.reduceat(value, starts)
        at = np.flatnonzero(value == best[whole])
        choice = np.zeros(len(sets), np.int64)
        choice[whole[at]] = part[at]
        choices.append(choice)
    host, left = np.zeros(problem.users, np.int64), len(sets) - 1
    for k in range(problem.stations - 1, -1, -1):
        taken = int(choices[k][left])
        host[sets[taken]] = k
        left ^= taken
    return float(best[-1]), host


def _parts(users: int) -> tuple[IntArray, IntArray, IntArray]:
    """Every pair of a set and a part of it, as bits, set by set; and (2^N,) where the pairs of each set begin."""
    whole, part = np.zeros(1, np.int64), np.zeros(1, np.int64)
    for i in range(users):
        bit = 1 << i
        whole = np.concatenate([whole, whole | bit, whole | bit])
        part = np.concatenate([part, part, part | bit])
    order = np.argsort(whole, kind="stable")
    whole, part = whole[order], part[order]
    return whole, part, np.searchsorted(whole, np.arange(1 << users))


def _price(problem: PlacementProblem, sets: BoolArray, k: int) -> FloatArray:
    """(2^N,) what a station and the users of each set on it cost [s], inf where they do not fit; 0 for nobody."""
    comm = np.where(problem.allowed[:, k], problem.comm_s[:, k], np.inf)
    fits = (sets.sum(axis=1) <= problem.capacity[k]) & ~(sets & ~problem.allowed[:, k]).any(axis=1)
    if problem.demand is not None:
        fits &= sets @ problem.demand <= problem.demand_room[k]
    fits[0] = False
    price = np.full(len(sets), np.inf)
    inside = sets[fits]
    price[fits] = inside @ np.where(np.isfinite(comm), comm, 0.0) + problem.scaled_opening[k]
    price[fits] += _computing(problem, inside, k)
    price[0] = 0.0
    return price


def _computing(problem: PlacementProblem, sets: BoolArray, k: int) -> FloatArray:
    """(n,) the computing latency H_k of each set [s], by water-filling; inf where minimum shares leave none."""
    cpu, s = float(problem.cpu[k]), problem.root_work
    load = sets @ s
    if problem.floor is None:
        return load**2 / cpu
    floor = np.where(sets & np.isfinite(problem.floor[:, k]), problem.floor[:, k], 0.0)
    scale = floor_scale(floor.sum(axis=1), cpu)
    floor, level = floor * scale[:, None], np.divide(cpu, load, out=np.zeros(load.size), where=load > 0)
    while True:
        pinned = sets & ((s == 0) | (floor > level[:, None] * s))
        free = (sets & ~pinned) @ s
        left = cpu - np.where(pinned, floor, 0.0).sum(axis=1)
        lower = np.where(free > 0, np.where(left > 0, left / np.where(free > 0, free, 1.0), 0.0), np.inf)
        if not (lower < level).any():
            break
        level = np.minimum(level, lower)
    busy = pinned & (s > 0)
    latency = np.where(busy, s**2 / np.where(busy, np.maximum(floor, np.finfo(float).tiny), 1.0), 0.0).sum(axis=1)
    shared = np.divide(free**2, left, out=np.where(free > 0, np.inf, 0.0), where=(free > 0) & (left > 0))
    return np.where(scale > 0, latency + shared, np.inf)
