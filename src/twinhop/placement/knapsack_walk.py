"""Compiled walk through associations under one knapsack a station: shifts and swaps, overloads allowed at a price.

Where knapsacks are tight, plans within them are islands that shifts and swaps inside cannot leave. The walk passes
between them: what is over a station's room costs a price a unit, which rises while the walk is outside, and falls while
it is inside.
"""

import numpy as np

from twinhop.jit import jit
from twinhop.placement.annealing import HOPELESS, LEAST_SAVING, next_random
from twinhop.placement.station_load import copy_values

#: Steps between two looks at how often the walk was inside, the share that is wanted, and how the price changes.
LOOK, INSIDE, DEARER, CHEAPER = 500, 0.35, 1.2, 0.87


@jit()
def walk(comm, weight, room, opening, first, ways, alive, host, rate, hot, cold, steps, seed, best):
    """Walk from the present hosts, uphill less and less often, and note the cheapest hosts inside all knapsacks.

    Args:
        comm: (N, M) latency [s].
        weight: (N, M) what a user takes of a station's knapsack.
        room: (M,) of the knapsacks.
        opening: (M,) scaled opening cost [s].
        first: (N + 1,) where each user's stations begin in ``ways``.
        ways: stations that users may be hosted on.
        alive: (N, M) the same as a mask.
        host: (N,) where the walk starts, changed in place.
        rate: (M,) price of a unit over the room [s], at first.
        hot: first temperature [s].
        cold: last temperature [s].
        steps: shifts and swaps to offer.
        seed: of the walk, not 0.
        best: (N,) receives the cheapest hosts.

    Returns:
        Their cost [s]; infinite where the walk was never inside.
    """
    users, stations = comm.shape
    load, count = np.zeros(stations), np.zeros(stations, np.int64)
    member, at = np.empty((stations, users), np.int64), np.empty(users, np.int64)
    cost = 0.0
    for i in range(users):
        k = host[i]
        load[k] += weight[i, k]
        cost += comm[i, k]
        member[k, count[k]] = i
        at[i] = count[k]
        count[k] += 1
    outside = 0
    for k in range(stations):
        outside += load[k] > room[k]
        if count[k] > 0:
            cost += opening[k]
    least = cost if outside == 0 else np.inf
    copy_values(host, best)
    state = np.array([seed], np.uint64)
    cooling, temperature, factor, inside = (cold / hot) ** (1.0 / steps), hot, 1.0, 0
    for step in range(steps):
        temperature *= cooling
        if step % LOOK == LOOK - 1:
            factor *= CHEAPER if inside > INSIDE * LOOK else DEARER
            factor = min(max(factor, 0.05), 1e4)
            inside = 0
        inside += outside == 0
        i = int(next_random(state) * users)
        b = ways[first[i] + int(next_random(state) * (first[i + 1] - first[i]))]
        a = host[i]
        if a == b:
            continue
        j = -1
        to_a, to_b = -weight[i, a], weight[i, b]
        paid = comm[i, b] - comm[i, a]
        if step & 1 and count[b] > 0:
            j = member[b, int(next_random(state) * count[b])]
            if not alive[j, a]:
                continue
            to_a += weight[j, a]
            to_b -= weight[j, b]
            paid += comm[j, a] - comm[j, b]
        else:
            if count[b] == 0:
                paid += opening[b]
            if count[a] == 1:
                paid -= opening[a]
        over_a, over_b = load[a] - room[a], load[b] - room[b]
        price = rate[a] * (max(over_a + to_a, 0.0) - max(over_a, 0.0))
        price += rate[b] * (max(over_b + to_b, 0.0) - max(over_b, 0.0))
        change = paid + factor * price
        if change > 0.0 and not (
            change < HOPELESS * temperature and next_random(state) < np.exp(-change / temperature)
        ):
            continue
        outside -= (over_a > 0.0) + (over_b > 0.0)
        load[a] += to_a
        load[b] += to_b
        outside += (load[a] > room[a]) + (load[b] > room[b])
        cost += paid
        host[i] = b
        if j >= 0:
            host[j] = a
            member[a, at[i]], member[b, at[j]] = j, i
            at[i], at[j] = at[j], at[i]
        else:
            count[a] -= 1
            last = member[a, count[a]]
            member[a, at[i]] = last
            at[last] = at[i]
            member[b, count[b]] = i
            at[i] = count[b]
            count[b] += 1
        if outside == 0 and cost * (1.0 + LEAST_SAVING) < least:
            least = cost
            copy_values(host, best)
    return least
