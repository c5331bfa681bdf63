"""The decoding rule and what a placement costs, compiled: a few microseconds at 100 users and 10 stations.

Arrays are those of `ProblemArrays`: comm (M, N) and work (N,), cpu (M,), opening (M,) in float32, seats (M,) int32,
active (N,) bool. Sums are in float64.
"""

import numpy as np

from twinhop.jit import jit


@jit()
def opened_stations(opening, seats):
    """(M,) bool: stations with seats whose logit is greater than 0; where there is none, that of the largest one."""
    opened = np.zeros(opening.size, np.bool_)
    best = -1
    for k in range(opening.size):
        if seats[k] > 0:
            opened[k] = opening[k] > 0
            if best < 0 or opening[k] > opening[best]:
                best = k
    if best >= 0 and not opened.any():
        opened[best] = True
    return opened


@jit()
def highest(score, bias, opened, host):
    """Each user goes to the opened station of its highest score, the first of equals.

    Args:
        score: (M, N) float32.
        bias: (M,) float32, what is added to all scores of a station.
        opened: (M,) bool, at least one.
        host: (N,) int64 or int32, where to put the result; int32 takes half the time.
    """
    best = np.full(host.size, np.float32(-np.inf))
    for k in range(opened.size):
        if opened[k]:
            row, shift, station = score[k], bias[k], np.int32(k)
            for i in range(host.size):
                value = row[i] + shift
                wins = value > best[i]
                best[i] = value if wins else best[i]
                host[i] = station if wins else host[i]


@jit()
def tally(work, active, host, load, count):
    """Loads (M,) float64 and numbers of twins (M,) int64 of the stations, into the last two arguments."""
    load[:] = 0.0
    count[:] = 0
    for i in range(host.size):
        if active[i]:
            load[host[i]] += work[i]
            count[host[i]] += 1


@jit()
def cost_of(comm, cpu, opening, active, host, load, count):
    """The cost of `ProblemArrays` [s], given loads and counts; inf where a twin is where it may not be."""
    users, latency, open_s = 0, 0.0, 0.0
    for i in range(host.size):
        if active[i]:
            users += 1
            latency += comm[host[i], i]
    for k in range(cpu.size):
        if count[k] > 0:
            latency += load[k] * load[k] / cpu[k]
            open_s += opening[k]
    return latency / max(users, 1) + open_s
