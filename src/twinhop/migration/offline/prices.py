"""The prices of a whole run, and the proximal step of every host in every slot on them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twinhop.jit import jit
from twinhop.kernels.opening import least_openings
from twinhop.kernels.shares import charge
from twinhop.migration.offline.run_arrays import RunArrays
from twinhop.placement.problem import FloatArray

#: Newton steps to the edge of a host's prices, at most; they come from one side and square their distance.
NEWTON_STEPS = 30
#: Pace of the price of one more host.
HOST_PACE = 1.0
#: Relative excess over the edge at which they end; the bound counts what is left of it.
EDGE_TOLERANCE = 1e-10


class RunPrices(NamedTuple):
    """The prices that the bound is made of.

    Attributes:
        root: (T, K) congestion: CPU is priced at ``root^2 / F`` a cycle/s and slot [sqrt(s)].
        visit: (P, K) what each visit pays for each host to be open [s].
        seat: (T, K) price of a seat [s].
        host: (T,) what one more open host is worth in each slot, as at least `RunArrays.fewest` must be [s].
    """

    root: FloatArray
    visit: FloatArray
    seat: FloatArray
    host: FloatArray


def first_prices(run: RunArrays) -> RunPrices:
    """Prices at which the CPUs alone pay for the opening of every host."""
    root = np.sqrt(run.opening)
    return RunPrices(root, np.zeros(run.comm.shape), np.zeros(root.shape), np.zeros(len(root)))


def cheapest_hosts(run: RunArrays, reduced: FloatArray) -> FloatArray:
    """(T, K) the reduced costs of the hosts that cost least together, at least `RunArrays.fewest` a slot; 0 for others.

    Args:
        run: the run; hosts that are down do not count.
        reduced: (T, K) opening costs less the prices [s].
    """
    return least_openings(np.where(run.seats > 0, reduced, np.inf), run.fewest)


@jit(fastmath=True)
def node_costs(run, prices, i, cost):
    """What each visit of user i pays for each host: ``comm + charge + visit + seat``, into ``cost`` (n, K) [s]."""
    begin = run.first[i]
    for v in range(cost.shape[0]):
        p = begin + v
        t, s = run.slot[p], run.root_work[p]
        for k in range(cost.shape[1]):
            theta = 2.0 * prices.root[t, k] / np.sqrt(run.cpu[t, k])
            computing = charge(theta, s, run.floor[p, k]) if run.has_floor else theta * s
            cost[v, k] = run.comm[p, k] + computing + prices.visit[p, k] + prices.seat[t, k]


@jit()
def take_paths(run, prices, host, step, t, load, users):
    """The gradient of slot t at the present paths: each visit's own price rises by the step; fills load and users."""
    load[:] = 0.0
    users[:] = 0.0
    for at in range(run.slot_first[t], run.slot_first[t + 1]):
        p = run.by_slot[at]
        k, s = host[p], run.root_work[p]
        load[k] += s
        if run.has_floor:
            theta = 2.0 * prices.root[t, k] / np.sqrt(run.cpu[t, k])
            load[k] += max(0.0, 0.5 * theta * run.floor[p, k] - s)
        users[k] += 1.0
        prices.visit[p, k] += step


@jit()
def edge(positive, count, root, seat, seats, pace, most, opening):
    """The least reduction h in [0, most] of a host's prices at which together they ask no more than its opening.

    ``sum_i (w_i - h)_+ + (root / (1 + 2 pace h))^2 + N_k (seat - h)_+ <= o``, a convex function that falls; Newton's
    steps from h = 0 never pass the edge.

    Args:
        positive: (n,) the prices w_i > 0, of which the first `count` count.
        count: their number.
        root: square-root price.
        seat: seat price.
        seats: N_k.
        pace: eta.
        most: where to end if even that is not enough.
        opening: o.
    """
    h = 0.0
    for _ in range(NEWTON_STEPS):
        shrink = 1.0 + 2.0 * pace * h
        squared = (root / shrink) ** 2
        total, slope = squared, 4.0 * pace * squared / shrink
        if seat > h:
            total += seats * (seat - h)
            slope += seats
        for i in range(count):
            if positive[i] > h:
                total += positive[i] - h
                slope += 1.0
        excess = total - opening
        if excess <= EDGE_TOLERANCE * abs(opening) or slope <= 0.0:
            break
        h += excess / slope
        if h >= most:
            return most
    return h


@jit()
def step_slot(run, prices, mean, mean_total, host, step, pace, averaging, t, work):
    """The proximal step of every host in slot t, and the running mean of its prices.

    Args:
        run: the run.
        prices: changed in place.
        mean: running mean of the prices, changed in place.
        mean_total: (T, K) receives the sum of the visits' mean prices on each host [s].
        host: (P,) present paths.
        step: length of the step [s].
        pace: eta, of the square-root prices against the others [1/s].
        averaging: weight of the present prices in the mean.
        t: the slot.
        work: (n + 4, K) working space.
    """
    hosts = run.cpu.shape[1]
    load, users, counts, cut = work[0], work[1], work[2], work[3]
    take_paths(run, prices, host, step, t, load, users)
    counts[:] = 0.0
    begin, end = run.slot_first[t], run.slot_first[t + 1]
    opened, rebate = 0.0, prices.host[t]
    for at in range(begin, end):
        p = run.by_slot[at]
        for k in range(hosts):
            if prices.visit[p, k] > 0.0:
                work[4 + int(counts[k]), k] = prices.visit[p, k]
                counts[k] += 1.0
    for k in range(hosts):
        seats = run.seats[t, k]
        root = prices.root[t, k] + 2.0 * step * pace * load[k] / np.sqrt(run.cpu[t, k])
        seat = prices.seat[t, k] + step * users[k] / seats if 0 < seats < end - begin else 0.0
        positive = work[4:, k]
        cut[k] = edge(positive, int(counts[k]), root, seat, seats, pace, step, run.opening[t, k] - rebate)
        opened += cut[k] / step if seats > 0 else 0.0
        prices.root[t, k] = root / (1.0 + 2.0 * pace * cut[k])
        prices.seat[t, k] = max(0.0, seat - cut[k])
        mean.root[t, k] += averaging * (prices.root[t, k] - mean.root[t, k])
        mean.seat[t, k] += averaging * (prices.seat[t, k] - mean.seat[t, k])
        mean_total[t, k] = 0.0
    prices.host[t] = max(0.0, rebate + HOST_PACE * step * (run.fewest[t] - opened))
    mean.host[t] += averaging * (prices.host[t] - mean.host[t])
    for at in range(begin, end):
        p = run.by_slot[at]
        for k in range(hosts):
            remaining = prices.visit[p, k] - cut[k]
            remaining = remaining if remaining > 0.0 else 0.0
            prices.visit[p, k] = remaining
            mean.visit[p, k] += averaging * (remaining - mean.visit[p, k])
            mean_total[t, k] += mean.visit[p, k]
