"""Compiled neighbourhoods of local search: move, swap, and re-association onto a given set of opened stations."""

import numpy as np

from twinhop.placement.jit import jit
from twinhop.placement.station_load import NOBODY, attach, computing, detach, has_room, refill, total

#: A change counts as an improvement only beyond this share of the cost.
IMPROVEMENT = 1e-12


@jit()
def cheapest_host(instance, hosting, i, usable, opening):
    """The station with room for user i, now without host, at the least added cost; NOBODY where there is none."""
    best, where = np.inf, NOBODY
    s = instance.root_work[i]
    for k in range(instance.cpu.size):
        cost = instance.comm[i, k]
        if cost >= best or not usable[k]:
            continue
        cost += s * (2.0 * hosting.load[k] + s) / instance.cpu[k]  # exact without deadlines, else a lower bound
        if cost >= best or not has_room(instance, hosting, i, k, NOBODY):
            continue
        if instance.has_floor:
            cost = instance.comm[i, k] + computing(instance, hosting, k, i, NOBODY)
            cost -= computing(instance, hosting, k, NOBODY, NOBODY)
        if hosting.count[k] == 0:
            cost += opening[k]
        if cost < best:
            best, where = cost, k
    return where, best


@jit()
def seat_everyone(instance, hosting, usable, opening, order):
    """Give each user of ``order`` without a host its cheapest one; returns how many remain without."""
    missing = 0
    for i in order:
        if hosting.host[i] == NOBODY:
            k, _ = cheapest_host(instance, hosting, i, usable, opening)
            if k == NOBODY:
                missing += 1
            else:
                attach(instance, hosting, i, k)
    return missing


@jit()
def move_sweep(instance, hosting, usable, opening, least):
    """Move each user in turn to its cheapest host where that saves more than ``least``; returns the moves made."""
    moves = 0
    for i in range(hosting.host.size):
        old = hosting.host[i]
        with_user = computing(instance, hosting, old, NOBODY, NOBODY)
        detach(instance, hosting, i)
        saved = instance.comm[i, old] + with_user - computing(instance, hosting, old, NOBODY, NOBODY)
        if hosting.count[old] == 0:
            saved += opening[old]
        new, cost = cheapest_host(instance, hosting, i, usable, opening)
        if new != NOBODY and new != old and cost < saved - least:
            attach(instance, hosting, i, new)
            moves += 1
        else:
            attach(instance, hosting, i, old)
    return moves


@jit()
def descend(instance, hosting, usable, opening, sweeps, least):
    """Sweeps of moves until none helps, at most ``sweeps``."""
    for _ in range(sweeps):
        if move_sweep(instance, hosting, usable, opening, least) == 0:
            return


@jit()
def swap_sweep(instance, hosting, start, stop, least):
    """Exchange the hosts of two users where that saves; users start..stop as the first of the pair.

    Returns:
        The exchanges made.
    """
    swaps = 0
    for i in range(start, stop):
        for j in range(hosting.host.size):
            a, b = hosting.host[i], hosting.host[j]
            if a == b or instance.comm[i, b] == np.inf or instance.comm[j, a] == np.inf:
                continue
            change = instance.comm[i, b] + instance.comm[j, a] - instance.comm[i, a] - instance.comm[j, b]
            if not instance.has_floor:
                difference = instance.root_work[i] - instance.root_work[j]
                change += difference * (2.0 * hosting.load[b] + difference) / instance.cpu[b]
                change -= difference * (2.0 * hosting.load[a] - difference) / instance.cpu[a]
                if change >= -least:
                    continue
            else:
                if not has_room(instance, hosting, i, b, j) or not has_room(instance, hosting, j, a, i):
                    continue
                change += computing(instance, hosting, b, i, j) - computing(instance, hosting, b, NOBODY, NOBODY)
                change += computing(instance, hosting, a, j, i) - computing(instance, hosting, a, NOBODY, NOBODY)
                if change >= -least:
                    continue
            detach(instance, hosting, i)
            detach(instance, hosting, j)
            attach(instance, hosting, i, b)
            attach(instance, hosting, j, a)
            swaps += 1
    return swaps


@jit()
def associate(instance, hosting, start, usable, sweeps, least):
    """Re-associate everyone onto the stations in ``usable``, their opening taken as paid.

    Args:
        instance: the problem.
        hosting: where to put the result.
        start: (N,) hosts to start from; users on stations outside ``usable`` are seated anew, cheapest first.
        usable: (M,) stations that may be used.
        sweeps: at most so many sweeps of moves.
        least: smallest saving that counts [s].

    Returns:
        The scaled cost with the opening of the stations really used [s]; inf where not everyone finds a seat.
    """
    hosts = start.copy()
    for i in range(hosts.size):
        if hosts[i] != NOBODY and not usable[hosts[i]]:
            hosts[i] = NOBODY
    refill(instance, hosting, hosts)
    paid = np.zeros(instance.cpu.size)
    if seat_everyone(instance, hosting, usable, paid, np.arange(hosts.size)) > 0:
        return np.inf
    descend(instance, hosting, usable, paid, sweeps, least)
    return total(instance, hosting)
