"""Compiled simulated annealing of the association on the stations in use: moves and swaps at O(1) each.

Where users are nearly indifferent between stations, what local search leaves is loads that do not quite balance. No
single move or swap mends that, but a long walk of small ones does.
"""

import numpy as np

from twinhop.jit import jit
from twinhop.placement.problem import DEMAND_TOLERANCE
from twinhop.placement.station_load import NOBODY, copy_values

#: First and last temperature, as shares of the mean computing latency that a user has alone.
HOT, COLD = 0.2, 0.003
#: Rises beyond this many temperatures are refused unseen: their chance is below 1e-9.
HOPELESS = 20.0
#: A new best is noted only if it saves this much more, relatively: rounding in the running sum.
LEAST_SAVING = 1e-9


@jit(inner=True)
def next_random(state):
    """One step of xorshift64*; returns a number uniform in [0, 1) [1]."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return np.float64((x * np.uint64(2685821657736338717)) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@jit(inner=True)
def _demand_and_room(demand, demand_room, users, stations):
    if demand is None:
        return np.zeros(users), np.full(stations, np.inf)
    return demand, demand_room * (1.0 - 0.5 * DEMAND_TOLERANCE)


@jit()
def anneal(instance, hosting, stations, hot, cold, steps, seed, best):
    """Walk from the present hosts, uphill less and less often, and note the cheapest hosts seen.

    A move or swap that raises the cost by c is made with probability ``exp(-c / T)``, T falling geometrically.

    Args:
        instance: the problem, without deadlines.
        hosting: where the walk starts; left as it is.
        stations: the stations to use.
        hot: first temperature [s].
        cold: last temperature [s].
        steps: moves and swaps to offer, in turn.
        seed: of the walk, not 0.
        best: (N,) receives the cheapest hosts.

    Returns:
        The saving against the start [s].
    """
    comm, s, cpu, seats = instance.comm, instance.root_work, instance.cpu, instance.seats
    host, load, count = hosting.host.copy(), hosting.load.copy(), hosting.users.copy()
    demand, room = _demand_and_room(instance.demand, instance.demand_room, s.size, cpu.size)
    taken = hosting.demand_load.copy()
    state = np.array([seed], np.uint64)
    cooling, temperature = (cold / hot) ** (1.0 / steps), hot
    least, saved = 0.0, 0.0
    copy_values(host, best)
    for step in range(steps):
        temperature *= cooling
        i = int(next_random(state) * s.size)
        a = host[i]
        more, extra, change = s[i], demand[i], -comm[i, a]
        if step & 1:
            j = NOBODY
            b = stations[int(next_random(state) * stations.size)]
            if a == b or count[b] >= seats[b]:
                continue
        else:
            j = int(next_random(state) * s.size)
            b = host[j]
            if a == b:
                continue
            more -= s[j]
            extra -= demand[j]
            change += comm[j, a] - comm[j, b]
        change += comm[i, b] + more * ((2.0 * load[b] + more) / cpu[b] - (2.0 * load[a] - more) / cpu[a])
        if change > 0.0 and not (
            change < HOPELESS * temperature and next_random(state) < np.exp(-change / temperature)
        ):
            continue
        if taken[b] + extra > room[b] or taken[a] - extra > room[a]:
            continue
        host[i] = b
        if j == NOBODY:
            count[a] -= 1
            count[b] += 1
        else:
            host[j] = a
        load[a] -= more
        load[b] += more
        taken[a] -= extra
        taken[b] += extra
        saved += change
        if saved < least - LEAST_SAVING * abs(least):
            least = saved
            copy_values(host, best)
    return -least
