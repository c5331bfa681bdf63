"""The best local moves after decoding: one user to another station, openings and closings included."""

import numpy as np

from twinhop.inference.rule import tally
from twinhop.jit import jit

LEAST_SAVING = 1e-9
"""Moves that save less than this share of the mean communication and computing latency are not worth it."""


@jit()
def make_local_moves(comm, work, cpu, opening, seats, active, host, moves):
    """Make the move that saves most, up to so many times, in place.

    Args:
        comm: (M, N) communication latencies, inf where a twin may not be [s].
        work: (N,) root work.
        cpu: (M,) [cycle/s].
        opening: (M,) [s].
        seats: (M,) twins that fit.
        active: (N,) bool.
        host: (N,) int64, of finite cost, changed in place.
        moves: at most so many.

    Returns:
        The moves made.
    """
    stations, users = comm.shape
    load, count = np.zeros(stations), np.zeros(stations, np.int64)
    tally(work, active, host, load, count)
    present, total = max(count.sum(), 1), 0.0
    for i in range(users):
        if active[i]:
            total += comm[host[i], i]
    for k in range(stations):
        if count[k] > 0:
            total += load[k] * load[k] / cpu[k]
    for made in range(moves):
        best, user, to = -LEAST_SAVING * total, -1, -1
        for i in range(users):
            if not active[i]:
                continue
            a, s = host[i], work[i]
            leave = -comm[a, i] - s * (2.0 * load[a] - s) / cpu[a]
            if count[a] == 1:
                leave -= present * opening[a]
            for k in range(stations):
                if k == a or count[k] >= seats[k]:
                    continue
                change = leave + comm[k, i] + s * (2.0 * load[k] + s) / cpu[k]
                if count[k] == 0:
                    change += present * opening[k]
                if change < best:
                    best, user, to = change, i, k
        if user < 0:
            return made
        a = host[user]
        load[a] -= work[user]
        load[to] += work[user]
        count[a] -= 1
        count[to] += 1
        host[user] = to
    return moves
