"""Compiled neighbourhoods of local search: move, swap, and re-association onto a given set of opened stations."""

import numpy as np

from twinhop.jit import jit
from twinhop.kernels.shares import charge
from twinhop.placement.station_load import (
    NOBODY,
    attach,
    computing,
    detach,
    has_room,
    latency_and_cost,
    least_rise,
    refill,
)

#: A trial is given up once this many times its last sweep's saving, in each sweep left, would not reach the target.
PATIENCE = 2.0


#: Under demands, trials exchange users as well, up to so many of them: all pairs are looked at.
TRIAL_SWAP_USERS = 1000


@jit(inner=True)
def cheapest_host(instance, hosting, i, usable, opening, limit):
    """The station with room for user i, now without host, at the least added cost below ``limit``; or NOBODY."""
    best, where = limit, NOBODY
    for k in range(instance.cpu.size):
        cost = instance.comm[i, k]
        if cost >= best or not usable[k]:
            continue
        cost += least_rise(instance, hosting, i, k)
        if cost >= best or not has_room(instance, hosting, i, k, NOBODY):
            continue
        cost = _cost_there(instance.floor, instance, hosting, i, k, cost)
        if hosting.users[k] == 0:
            cost += opening[k]
        if cost < best:
            best, where = cost, k
    return where


@jit(inner=True)
def _cost_there(floor, instance, hosting, i, k, cost):
    """What user i adds to the latency on station k; without deadlines the bound ``cost`` on it is exact."""
    if floor is None:
        return cost
    return instance.comm[i, k] + computing(instance, hosting, k, i, NOBODY) - hosting.latency[k]


@jit(inner=True)
def _seat_by_ejection(demand, instance, hosting, usable, i):
    """Seat user i, for whom there is no room, by moving one other user on, at the least latency; whether it could.

    Only demands leave room for one user where there is none for another.
    """
    if demand is None:
        return False
    best, moved, onto = np.inf, NOBODY, NOBODY
    for j in range(hosting.host.size):
        k = hosting.host[j]
        if k == NOBODY or not usable[k] or not has_room(instance, hosting, i, k, j):
            continue
        saved = instance.comm[i, k] - instance.comm[j, k]
        for other in range(instance.cpu.size):
            if other == k or not usable[other] or saved + instance.comm[j, other] >= best:
                continue
            if has_room(instance, hosting, j, other, NOBODY):
                best, moved, onto = saved + instance.comm[j, other], j, other
    if moved == NOBODY:
        return False
    k = hosting.host[moved]
    detach(instance, hosting, moved)
    attach(instance, hosting, moved, onto)
    attach(instance, hosting, i, k)
    return True


@jit()
def _seat(instance, hosting, usable, opening, i):
    """Give user i, now without host, its cheapest one, or one that another user makes room on; whether it could."""
    k = cheapest_host(instance, hosting, i, usable, opening, np.inf)
    if k != NOBODY:
        attach(instance, hosting, i, k)
        return True
    return _seat_by_ejection(instance.demand, instance, hosting, usable, i)


@jit()
def seat_everyone(instance, hosting, usable, opening, order):
    """Seat each user of ``order`` without a host, as far as there is room."""
    for i in order:
        if hosting.host[i] == NOBODY:
            _seat(instance, hosting, usable, opening, i)


@jit(inner=True)
def _may_hold_all(instance, usable):
    """Whether the stations in ``usable`` have the seats, and the demand capacity, that all users take together."""
    seats = 0
    for k in range(usable.size):
        if usable[k]:
            seats += instance.seats[k]
    return seats >= instance.comm.shape[0] and _may_hold_demand(instance.demand, instance.demand_room, usable)


@jit(inner=True)
def _may_hold_demand(demand, demand_room, usable):
    if demand is None:
        return True
    room = 0.0
    for k in range(usable.size):
        if usable[k]:
            room += demand_room[k]
    return room >= demand.sum()


@jit()
def move_sweep(instance, hosting, usable, opening, least):
    """Move each user in turn to its cheapest host where that saves more than ``least``; returns the moves made."""
    moves = 0
    for i in range(hosting.host.size):
        old = hosting.host[i]
        with_user = hosting.latency[old]
        detach(instance, hosting, i)
        saved = instance.comm[i, old] + with_user - hosting.latency[old]
        if hosting.users[old] == 0:
            saved += opening[old]
        new = cheapest_host(instance, hosting, i, usable, opening, saved - least)
        if new != NOBODY:
            attach(instance, hosting, i, new)
            moves += 1
        else:
            attach(instance, hosting, i, old)
    return moves


@jit(inner=True)
def _relief(instance, hosting, k, relief):
    """How much station k's computing latency falls when each of its users leaves [s]."""
    i = hosting.first[k]
    while i != NOBODY:
        relief[i] = hosting.latency[k] - computing(instance, hosting, k, NOBODY, i)
        i = hosting.after[i]


@jit(inner=True)
def _least_change(instance, hosting, relief, i, j, b):
    """A lower bound on the change of station b's computing latency when user i takes user j's place."""
    s = instance.root_work[i]
    change = s * (2.0 * (hosting.load[b] - instance.root_work[j]) + s) / instance.cpu[b] - relief[j]
    return _change_charged(instance.floor, hosting.theta[b], s, instance.root_work[j], i, j, b, change)


@jit(inner=True)
def _change_charged(floor, theta, s, out, i, j, b, change):
    if floor is None:
        return change
    return max(change, charge(theta, s, floor[i, b]) - charge(theta, out, floor[j, b]))


@jit(inner=True)
def _swap_fits(instance, hosting, i, j, a, b):
    return has_room(instance, hosting, i, b, j) and has_room(instance, hosting, j, a, i)


@jit(inner=True)
def _swap_saves(floor, instance, hosting, i, j, a, b, change, least):
    """Whether a swap that raises communication latency by ``change`` saves; without deadlines its bound is exact."""
    if floor is None:
        return True
    change += computing(instance, hosting, b, i, j) - hosting.latency[b]
    change += computing(instance, hosting, a, j, i) - hosting.latency[a]
    return change < -least


@jit()
def _exchange(instance, hosting, relief, i, j, a, b):
    detach(instance, hosting, i)
    detach(instance, hosting, j)
    attach(instance, hosting, i, b)
    attach(instance, hosting, j, a)
    _relief(instance, hosting, a, relief)
    _relief(instance, hosting, b, relief)


@jit()
def swap_sweep(instance, hosting, start, stop, least):
    """Exchange the hosts of two users where that saves; users start..stop as the first of the pair.

    A pair is priced exactly only where a lower bound on the change, exact without deadlines, lets it hope.

    Returns:
        The exchanges made.
    """
    relief = np.zeros(hosting.host.size)
    for k in range(instance.cpu.size):
        _relief(instance, hosting, k, relief)
    swaps = 0
    for i in range(start, stop):
        for j in range(hosting.host.size):
            a, b = hosting.host[i], hosting.host[j]
            change = instance.comm[i, b] + instance.comm[j, a] - instance.comm[i, a] - instance.comm[j, b]
            if a == b or change == np.inf:
                continue
            hope = change + _least_change(instance, hosting, relief, i, j, b)
            hope += _least_change(instance, hosting, relief, j, i, a)
            if hope >= -least or not _swap_fits(instance, hosting, i, j, a, b):
                continue
            if not _swap_saves(instance.floor, instance, hosting, i, j, a, b, change, least):
                continue
            _exchange(instance, hosting, relief, i, j, a, b)
            swaps += 1
    return swaps


@jit()
def occupy(instance, hosting, usable, wanted):
    """Put one user each on usable stations not in use, at the least rise in cost, until ``wanted`` are in use.

    No station in use is vacated.

    Returns:
        The stations in use in the end.
    """
    used = 0
    for k in range(instance.cpu.size):
        used += hosting.users[k] > 0
    while used < wanted:
        least, moved, onto = np.inf, NOBODY, NOBODY
        for i in range(hosting.host.size):
            a = hosting.host[i]
            if a == NOBODY or hosting.users[a] < 2:
                continue
            saved = instance.comm[i, a] + hosting.latency[a] - computing(instance, hosting, a, NOBODY, i)
            for k in range(instance.cpu.size):
                if not usable[k] or hosting.users[k] > 0:
                    continue
                change = instance.opening[k] + instance.comm[i, k] - saved
                if change < least and has_room(instance, hosting, i, k, NOBODY):
                    change += computing(instance, hosting, k, i, NOBODY)
                    if change < least:
                        least, moved, onto = change, i, k
        if moved == NOBODY:
            break
        detach(instance, hosting, moved)
        attach(instance, hosting, moved, onto)
        used += 1
    return used


@jit(inner=True)
def _seating_order(demand, users):
    """The users, the largest demands first."""
    if demand is None:
        return np.arange(users)
    falling = np.empty(users)
    for i in range(users):
        falling[i] = -demand[i]
    return np.argsort(falling)


@jit(inner=True)
def _trial_swaps(demand, instance, hosting, least):
    """A sweep of swaps under demands: moves alone get stuck where knapsacks are tight."""
    if demand is None:
        return 0
    users = hosting.host.size
    return swap_sweep(instance, hosting, np.int64(0), users, least) if users <= TRIAL_SWAP_USERS else 0


@jit()
def associate(instance, hosting, start, usable, sweeps, least, target):
    """Re-associate everyone onto the stations in ``usable``, their opening taken as paid.

    Args:
        instance: the problem.
        hosting: where to put the result.
        start: (N,) hosts to start from; users on stations outside ``usable`` are seated anew on their
            cheapest hosts, the largest demands first.
        usable: (M,) stations that may be used.
        sweeps: at most so many sweeps of moves.
        least: smallest saving that counts [s].
        target: cost to beat [s]; the trial ends early where it is out of reach (`PATIENCE`).

    Returns:
        The scaled cost with the opening of the stations really used [s]; inf where not everyone finds a seat.
    """
    if not _may_hold_all(instance, usable):
        return np.inf
    hosts = start.copy()
    for i in range(hosts.size):
        if hosts[i] != NOBODY and not usable[hosts[i]]:
            hosts[i] = NOBODY
    refill(instance, hosting, hosts)
    paid = np.zeros(instance.cpu.size)
    for i in _seating_order(instance.demand, hosts.size):
        if hosting.host[i] == NOBODY and not _seat(instance, hosting, usable, paid, i):
            return np.inf
    latency, cost = latency_and_cost(instance, hosting)
    for left in range(sweeps - 1, -1, -1):
        moves = move_sweep(instance, hosting, usable, paid, least)
        moves += _trial_swaps(instance.demand, instance, hosting, least)
        before = latency
        latency, cost = latency_and_cost(instance, hosting)
        if moves == 0 or cost - PATIENCE * left * (before - latency) > target:
            break
    return cost
