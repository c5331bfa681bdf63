"""The certified bound of a whole run: recomputed from the prices alone, in float64 without fast-math, rounded down."""

from __future__ import annotations

import math

import numpy as np

from twinhop.jit import jit
from twinhop.kernels.edge import cpu_room
from twinhop.kernels.shares import charge
from twinhop.migration.offline.instance import NOWHERE, Instance, make_instance
from twinhop.migration.offline.prices import Prices, cheapest_hosts
from twinhop.migration.problem import MigrationProblem

#: The bound is lowered by this share of the sum of the magnitudes of all its terms ...
ROUNDING_MARGIN = 1e-12
#: ... and by this share more for each visit of the user that has most: a path adds four terms a visit, all of one sign,
#: and each addition errs by 1.1e-16 of the sum so far.
MARGIN_A_VISIT = 1e-15


def certify(problem: MigrationProblem, prices: Prices, instance: Instance | None = None) -> float:
    """Turn any prices into a lower bound on the cost of every run that keeps the constraints.

    ``T (bound - energy) = sum_i shortest path of i + sum_t the least sum of r_tk over hosts that can hold all visits``
    with ``r_tk = o_tk - root_tk^2 - sum_p visit_pk - N_tk seat_tk``; at least `Instance.fewest` hosts can.

    Args:
        problem: the run.
        prices: any prices; those that are not numbers >= 0 count as 0. `Prices.host` is not looked at, as the best
            is taken.
        instance: the arrays of the problem, where they are at hand.

    Returns:
        The bound, rounded down.

    Raises:
        InputError: a user has no possible host in a slot.
    """
    instance = make_instance(problem) if instance is None else instance
    prices = Prices(*(np.where(np.isfinite(part) & (part > 0), part, 0.0) for part in prices))
    path = _path_values(instance, prices)
    total = np.zeros(instance.cpu.shape)
    _add_visits(instance.slot, prices.visit, total)
    square = cpu_room(prices.root**2) if instance.has_floor else prices.root**2
    asked = square + total + instance.seats * prices.seat
    reduced = cheapest_hosts(instance, instance.opening - asked)
    size = math.fsum(path) + math.fsum((instance.opening + asked).ravel())
    longest = int(np.diff(instance.first).max(initial=0)) + int(np.diff(instance.slot_first).max(initial=0))
    margin = (ROUNDING_MARGIN + MARGIN_A_VISIT * longest) * size
    bound = (math.fsum(path) + math.fsum(reduced.ravel()) - margin) / problem.slots
    return bound + problem.energy - ROUNDING_MARGIN * abs(problem.energy)


@jit()
def _path_values(instance, prices):
    """(N,) lengths of the shortest paths at the prices, every move looked at."""
    hosts = instance.cpu.shape[1]
    value = np.zeros(instance.root_work.size)
    reached, arrived = np.empty(hosts), np.empty(hosts)
    for i in range(value.size):
        unit, s = instance.unit[instance.group[i]], instance.root_work[i]
        for p in range(instance.first[i], instance.first[i + 1]):
            t = instance.slot[p]
            fixed, rate = instance.weight[t] * instance.fixed, instance.weight[t] * instance.scale[i]
            if p == instance.first[i]:
                start = instance.start[i]
                for k in range(hosts):
                    arrived[k] = 0.0 if start in (NOWHERE, k) else fixed + rate * unit[start, k]
            else:
                for k in range(hosts):
                    arrived[k] = reached[k]
                for j in range(hosts):
                    for k in range(hosts):
                        arrived[k] = min(arrived[k], reached[j] + fixed + rate * unit[j, k])
            for k in range(hosts):
                theta = 2.0 * prices.root[t, k] / np.sqrt(instance.cpu[t, k])
                asked = charge(theta, s, instance.floor[p, k]) if instance.has_floor else theta * s
                reached[k] = arrived[k] + instance.comm[p, k] + asked + prices.visit[p, k] + prices.seat[t, k]
        if instance.first[i + 1] > instance.first[i]:
            value[i] = reached.min()
    return value


@jit()
def _add_visits(slot, visit, total):
    for p in range(slot.size):
        for k in range(visit.shape[1]):
            total[slot[p], k] += visit[p, k]
