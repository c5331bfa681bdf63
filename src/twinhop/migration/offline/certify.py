"""The certified bound of a whole run: recomputed from the prices alone, in float64 without fast-math, rounded down."""

from __future__ import annotations

import math

import numpy as np

from twinhop.jit import jit
from twinhop.kernels.edge import cpu_room
from twinhop.kernels.shares import charge
from twinhop.migration.offline.prices import RunPrices, cheapest_hosts
from twinhop.migration.offline.run_arrays import NOWHERE, RunArrays, make_run_arrays
from twinhop.migration.problem import MigrationProblem

#: The bound is lowered by this share of the sum of the magnitudes of all its terms ...
ROUNDING_MARGIN = 1e-12
#: ... and by this share more for each visit of the user that has most: a path adds four terms per visit, all of one
#: sign, and each addition errs by 1.1e-16 of the sum so far.
MARGIN_PER_VISIT = 1e-15


def certify_run(problem: MigrationProblem, prices: RunPrices, run: RunArrays | None = None) -> float:
    """Turn any prices into a lower bound on the cost of every run that keeps the constraints.

    ``T (bound - energy) = sum_i shortest path of i + sum_t the least sum of r_tk over hosts that can hold all visits``
    with ``r_tk = o_tk - root_tk^2 - sum_p visit_pk - N_tk seat_tk``; at least `RunArrays.fewest` hosts can.

    Args:
        problem: the run.
        prices: any prices; those that are not numbers >= 0 count as 0. `RunPrices.host` is not looked at, as the best
            is taken.
        run: the arrays of the problem, where they are at hand.

    Returns:
        The bound, rounded down.

    Raises:
        InputError: a user has no possible host in a slot.
    """
    run = make_run_arrays(problem) if run is None else run
    prices = RunPrices(*(np.where(np.isfinite(part) & (part > 0), part, 0.0) for part in prices))
    path = _path_values(run, prices)
    total = np.zeros(run.cpu.shape)
    _add_visits(run.slot, prices.visit, total)
    square = cpu_room(prices.root**2) if run.has_floor else prices.root**2
    charged = square + total + run.seats * prices.seat
    reduced = cheapest_hosts(run, run.opening - charged)
    size = math.fsum(path) + math.fsum((run.opening + charged).ravel())
    longest = int(np.diff(run.first).max(initial=0)) + int(np.diff(run.slot_first).max(initial=0))
    margin = (ROUNDING_MARGIN + MARGIN_PER_VISIT * longest) * size
    bound = (math.fsum(path) + math.fsum(reduced.ravel()) - margin) / problem.slots
    return bound + problem.energy - ROUNDING_MARGIN * abs(problem.energy)


@jit()
def _path_values(run, prices):
    """(N,) lengths of the shortest paths at the prices, every move looked at."""
    hosts = run.cpu.shape[1]
    value = np.zeros(run.root_work.size)
    reached, arrived = np.empty(hosts), np.empty(hosts)
    for i in range(value.size):
        unit, s = run.unit[run.group[i]], run.root_work[i]
        for p in range(run.first[i], run.first[i + 1]):
            t = run.slot[p]
            fixed, rate = run.fixed[p], run.weight[t] * run.scale[i]
            if p == run.first[i]:
                start = run.start[i]
                for k in range(hosts):
                    arrived[k] = 0.0 if start in (NOWHERE, k) else fixed + rate * unit[start, k]
            else:
                for k in range(hosts):
                    arrived[k] = reached[k]
                for j in range(hosts):
                    for k in range(hosts):
                        arrived[k] = min(arrived[k], reached[j] + fixed + rate * unit[j, k])
            for k in range(hosts):
                theta = 2.0 * prices.root[t, k] / np.sqrt(run.cpu[t, k])
                computing = charge(theta, s, run.floor[p, k]) if run.has_floor else theta * s
                reached[k] = arrived[k] + run.comm[p, k] + computing + prices.visit[p, k] + prices.seat[t, k]
        if run.first[i + 1] > run.first[i]:
            value[i] = reached.min()
    return value


@jit()
def _add_visits(slot, visit, total):
    for p in range(slot.size):
        for k in range(visit.shape[1]):
            total[slot[p], k] += visit[p, k]
