"""Compiled bookkeeping of who is hosted where, and the computing latency H_k of a station's set of twins.

The set of each station is a doubly linked list through the users, so that a move costs O(1) and only its members are
visited where deadlines make H_k more than a square.
"""

from typing import NamedTuple

import numpy as np

from twinhop.jit import jit
from twinhop.kernels.edge import planned_room
from twinhop.kernels.shares import charge
from twinhop.placement.problem import (
    DEMAND_TOLERANCE,
    BoolArray,
    FloatArray,
    IntArray,
    PlacementProblem,
)

#: A NumPy integer, as Numba would compile the functions that take a plain -1 anew for that value.
NOBODY = np.int64(-1)


class Instance(NamedTuple):
    """A problem as the compiled loops take it.

    Compiled functions that get ``floor`` or ``demand`` by itself drop at compile time what is not for None: a plain
    problem compiles nothing that deadlines and demands need. They test nothing else for it, as Numba drops code by the
    type of an argument alone.

    Attributes:
        comm: (N, M) communication latency [s], inf where the arc is not allowed.
        root_work: (N,) s_i [sqrt(cycle)].
        cpu: (M,) F_k [cycle/s].
        seats: (M,) N_k [users].
        opening: (M,) scaled opening cost [s].
        floor: (N, M) minimum shares [cycle/s]; None without deadlines.
        floor_room: (M,) the most that the minimum shares on a station may add up to in a plan [cycle/s].
        demand: (N,) demand of each user; None without demands.
        demand_room: (M,) most demand on each station; None without demands.
        has_work: whether any user has work, so that computing counts.
    """

    comm: FloatArray
    root_work: FloatArray
    cpu: FloatArray
    seats: IntArray
    opening: FloatArray
    floor: FloatArray | None
    floor_room: FloatArray
    demand: FloatArray | None
    demand_room: FloatArray | None
    has_work: bool


class Hosting(NamedTuple):
    """Who is hosted where, changed in place.

    Attributes:
        host: (N,) station of each user, NOBODY while it has none.
        users: (M,) number of users on each station.
        load: (M,) sum of their root work [sqrt(cycle)].
        floor_load: (M,) sum of their minimum shares [cycle/s].
        demand_load: (M,) sum of their demands.
        latency: (M,) their computing latency H_k [s].
        theta: (M,) the rise of it for a little more root work, ``2 load / F`` without deadlines [s/sqrt(cycle)].
        first: (M,) first user of each station's list.
        after: (N,) next user on the same station.
        before: (N,) previous user on the same station.
    """

    host: IntArray
    users: IntArray
    load: FloatArray
    floor_load: FloatArray
    demand_load: FloatArray
    latency: FloatArray
    theta: FloatArray
    first: IntArray
    after: IntArray
    before: IntArray


def make_instance(problem: PlacementProblem) -> Instance:
    """The arrays of a problem, forbidden arcs at infinite latency."""
    comm = np.ascontiguousarray(np.where(problem.allowed, problem.comm_s, np.inf))
    floor = problem.floor
    return Instance(
        comm,
        np.array(problem.root_work),
        np.maximum(problem.cpu, np.finfo(float).tiny),
        np.minimum(problem.capacity, problem.users),
        np.array(problem.scaled_opening),
        None if floor is None else np.ascontiguousarray(floor),
        planned_room(problem.cpu),
        None if problem.demand is None else np.array(problem.demand),
        None if problem.demand is None else np.array(problem.demand_room),
        bool((problem.root_work > 0).any()),
    )


def make_hosting(instance: Instance, host: IntArray | None = None) -> Hosting:
    """An empty hosting, or the one of the given hosts."""
    users, stations = instance.comm.shape
    hosting = Hosting(
        np.full(users, NOBODY, np.int64),
        np.zeros(stations, np.int64),
        np.zeros(stations),
        np.zeros(stations),
        np.zeros(stations),
        np.zeros(stations),
        np.zeros(stations),
        np.full(stations, NOBODY, np.int64),
        np.full(users, NOBODY, np.int64),
        np.full(users, NOBODY, np.int64),
    )
    if host is not None:
        refill(instance, hosting, np.ascontiguousarray(host, np.int64))
    return hosting


@jit(inner=True)
def copy_values(values, copy):
    """What ``copy[:] = values`` does, whose check of the shapes takes Numba seconds to compile."""
    for i in range(values.size):
        copy[i] = values[i]


@jit()
def attach(instance, hosting, i, k):
    """Put user i, now without host, on station k."""
    _link(instance, hosting, i, k)
    _compute(instance, hosting, k)


@jit()
def detach(instance, hosting, i):
    """Take user i from its station."""
    k = hosting.host[i]
    hosting.host[i] = NOBODY
    hosting.users[k] -= 1
    hosting.load[k] -= instance.root_work[i]
    _add_floor(instance.floor, hosting.floor_load, i, k, -1.0)
    _add_demand(instance.demand, hosting.demand_load, i, k, -1.0)
    if hosting.users[k] == 0:
        hosting.load[k] = 0.0
        hosting.floor_load[k] = 0.0
        hosting.demand_load[k] = 0.0
    before, after = hosting.before[i], hosting.after[i]
    if before == NOBODY:
        hosting.first[k] = after
    else:
        hosting.after[before] = after
    if after != NOBODY:
        hosting.before[after] = before
    _compute(instance, hosting, k)


@jit(inner=True)
def _add_floor(floor, floor_load, i, k, sign):
    if floor is not None:
        floor_load[k] += sign * floor[i, k]


@jit(inner=True)
def _add_demand(demand, demand_load, i, k, sign):
    if demand is not None:
        demand_load[k] += sign * demand[i]


@jit(inner=True)
def _clear(hosting):
    hosting.users[:] = 0
    hosting.load[:] = 0.0
    hosting.floor_load[:] = 0.0
    hosting.demand_load[:] = 0.0
    hosting.first[:] = NOBODY
    hosting.host[:] = NOBODY


@jit()
def refill(instance, hosting, host):
    """Start over from the given hosts; entries of NOBODY stay without a host."""
    _clear(hosting)
    for i in range(host.size):
        if host[i] != NOBODY:
            _link(instance, hosting, i, host[i])
    for k in range(hosting.users.size):
        _compute(instance, hosting, k)


@jit()
def fitting(instance, hosting, host):
    """The given hosts without those for whom there is no room, taken in order; fills ``hosting`` with the rest."""
    _clear(hosting)
    for i in range(host.size):
        if host[i] != NOBODY and has_room(instance, hosting, i, host[i], NOBODY):
            _link(instance, hosting, i, host[i])
    return hosting.host.copy()


@jit(inner=True)
def _link(instance, hosting, i, k):
    hosting.host[i] = k
    hosting.users[k] += 1
    hosting.load[k] += instance.root_work[i]
    _add_floor(instance.floor, hosting.floor_load, i, k, 1.0)
    _add_demand(instance.demand, hosting.demand_load, i, k, 1.0)
    head = hosting.first[k]
    hosting.before[i] = NOBODY
    hosting.after[i] = head
    if head != NOBODY:
        hosting.before[head] = i
    hosting.first[k] = i


@jit()
def has_room(instance, hosting, i, k, leaving):
    """Whether user i fits on station k once the user ``leaving`` (or NOBODY) has left it."""
    if instance.comm[i, k] == np.inf:
        return False
    gone = 0 if leaving == NOBODY else 1
    if hosting.users[k] - gone >= instance.seats[k]:
        return False
    if not _demand_fits(instance.demand, instance.demand_room, hosting.demand_load, i, k, leaving):
        return False
    return _floor_fits(instance.floor, instance.floor_room, hosting.floor_load, i, k, leaving)


@jit(inner=True)
def _floor_fits(floor, floor_room, floor_load, i, k, leaving):
    if floor is None:
        return True
    load = floor_load[k] + floor[i, k]
    if leaving != NOBODY:
        load -= floor[leaving, k]
    return load <= floor_room[k]


@jit(inner=True)
def _demand_fits(demand, demand_room, demand_load, i, k, leaving):
    if demand is None:
        return True
    load = demand_load[k] + demand[i]
    if leaving != NOBODY:
        load -= demand[leaving]
    return load <= demand_room[k] * (1.0 - 0.5 * DEMAND_TOLERANCE)


@jit(inner=True)
def _compute(instance, hosting, k):
    hosting.latency[k], hosting.theta[k] = _shared(instance, hosting, k, NOBODY, NOBODY)


@jit()
def computing(instance, hosting, k, joining, leaving):
    """H_k [s] of station k's users with one more and one less (NOBODY: none); see `_shared`."""
    return _shared(instance, hosting, k, joining, leaving)[0]


@jit(inner=True)
def least_rise(instance, hosting, i, k):
    """A lower bound on the rise of H_k when user i joins station k [s].

    The charge at the station's congestion price, or, exact without deadlines, ``s (2 load + s) / F``.
    """
    s = instance.root_work[i]
    alone = s * (2.0 * hosting.load[k] + s) / instance.cpu[k]
    return _charged(instance.floor, hosting.theta[k], s, i, k, alone)


@jit(inner=True)
def _charged(floor, theta, s, i, k, alone):
    if floor is None:
        return alone
    return max(alone, charge(theta, s, floor[i, k]))


@jit(inner=True)
def _shared(instance, hosting, k, joining, leaving):
    """H_k [s] and its congestion price of station k's users with one more and one less (NOBODY: none).

    Without deadlines ``(sum s)^2 / F``; with them by water-filling.
    """
    cpu = instance.cpu[k]
    load = hosting.load[k]
    if joining != NOBODY:
        load += instance.root_work[joining]
    if leaving != NOBODY:
        load -= instance.root_work[leaving]
    return _shared_load(instance.floor, instance, hosting, k, joining, leaving, load, cpu)


@jit(inner=True)
def _shared_load(floor, instance, hosting, k, joining, leaving, load, cpu):
    if floor is None:
        return load * load / cpu, 2.0 * load / cpu
    return _water_filled(instance, hosting, k, joining, leaving, max(load, 0.0))


@jit(inner=True)
def _water_filled(instance, hosting, k, joining, leaving, load):
    """`twinhop.kernels.shares.least_computing` along the list of station k's users.

    Written out here, as local search spends its time in it: it took 1.05 to 1.2 times as long with the users gathered
    for the kernel, and move sweeps 1.4 times with its rule for minimum shares that exceed the CPU by rounding: these
    are not scaled here. A test ties the two.
    """
    level = instance.cpu[k] / load if load > 0.0 else np.inf
    floored = -1
    while True:
        free_work, fixed, fixed_latency, now = 0.0, 0.0, 0.0, 0
        i = joining if joining != NOBODY else hosting.first[k]
        at_joining = joining != NOBODY
        while i != NOBODY:
            if i != leaving:
                s, floor = instance.root_work[i], instance.floor[i, k]
                if s == 0.0 or floor > level * s:
                    fixed += floor
                    now += 1
                    if s > 0.0:
                        fixed_latency += s * s / floor
                else:
                    free_work += s
            i = hosting.first[k] if at_joining else hosting.after[i]
            at_joining = False
        left = instance.cpu[k] - fixed
        if free_work == 0.0:
            return fixed_latency, 0.0
        if left <= 0.0:
            return np.inf, 0.0
        if now == floored:
            return fixed_latency + free_work * free_work / left, 2.0 * free_work / left
        floored = now
        level = left / free_work


@jit(inner=True)
def latency_and_cost(instance, hosting):
    """Summed latency [s], and the same with the opening of the stations in use; inf if a user has no host."""
    latency, opening = 0.0, 0.0
    for i in range(hosting.host.size):
        if hosting.host[i] == NOBODY:
            return np.inf, np.inf
        latency += instance.comm[i, hosting.host[i]]
    for k in range(hosting.users.size):
        if hosting.users[k] > 0:
            latency += hosting.latency[k]
            opening += instance.opening[k]
    return latency, latency + opening


@jit()
def total(instance, hosting):
    """The scaled cost [s]: communication, computing and opening of the stations in use; inf if a user has no host."""
    return latency_and_cost(instance, hosting)[1]


def station_set(host: IntArray, stations: int) -> BoolArray:
    """(M,) stations in use."""
    used = np.zeros(stations, bool)
    used[host[host != NOBODY]] = True
    return used
