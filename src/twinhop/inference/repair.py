"""Twin capacities: users for whom there is no seat move on, the cheapest first."""

import numpy as np

from twinhop.inference.rule import tally
from twinhop.jit import jit


@jit()
def _cheapest_leave(comm, active, seats, opened, host, count, only_opened):
    """The user to move, its station-to-be, or -1 twice: of those without a seat, who loses least on going elsewhere."""
    best, user, to = np.inf, -1, -1
    for k in range(seats.size):
        if count[k] >= seats[k] or (only_opened and not opened[k]):
            continue
        for i in range(host.size):
            if not active[i] or host[i] == k or comm[k, i] == np.inf:
                continue
            at = host[i]
            is_forbidden = comm[at, i] == np.inf
            if count[at] <= seats[at] and not is_forbidden:
                continue
            extra = comm[k, i] if is_forbidden else comm[k, i] - comm[at, i]
            if extra < best:
                best, user, to = extra, i, k
    return user, to


@jit()
def repair(comm, work, seats, active, opened, host):
    """Move users off stations that are too full, and off arcs that are forbidden, in place.

    One after the other moves that loses least in communication latency, to an opened station with room; where none
    has, to another one, which opens. Ends when everybody has a seat, or nobody can be moved to one.

    Args:
        comm: (M, N) communication latencies, inf where a twin may not be [s].
        work: (N,) root work.
        seats: (M,) twins that fit.
        active: (N,) bool.
        opened: (M,) bool, changed in place.
        host: (N,) int64, changed in place.

    Returns:
        The moves made.
    """
    load, count = np.zeros(seats.size), np.zeros(seats.size, np.int64)
    tally(work, active, host, load, count)
    moves = 0
    while moves <= 2 * host.size:
        user, to = _cheapest_leave(comm, active, seats, opened, host, count, True)
        if user < 0:
            user, to = _cheapest_leave(comm, active, seats, opened, host, count, False)
        if user < 0:
            break
        count[host[user]] -= 1
        count[to] += 1
        host[user] = to
        opened[to] = True
        moves += 1
    return moves
