"""The certified bound of a whole run: recomputed from the prices alone, in float64 without fast-math, rounded down."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from twinhop.jit import jit
from twinhop.kernels.edge import cpu_room
from twinhop.kernels.shares import charge
from twinhop.migration.offline.prices import RunPrices, cheapest_hosts
from twinhop.migration.offline.run_arrays import NOWHERE, RunArrays, make_run_arrays
from twinhop.migration.problem import MigrationProblem
from twinhop.placement.problem import FloatArray

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
    priced = _priced(run, prices)
    path = priced.path_s[run.first[1:][np.diff(run.first) > 0] - 1]
    margin = priced.margin * (math.fsum(path) + math.fsum(priced.size_s))
    bound = (math.fsum(path) + math.fsum(priced.opening_s) - margin) / problem.slots
    return bound + problem.energy - ROUNDING_MARGIN * abs(problem.energy)


@dataclass(frozen=True, eq=False)
class SlotBounds:
    """What is proved of parts of a run, from the prices of the whole.

    Attributes:
        so_far_s: (T,) no run that keeps the constraints costs less in the slots 0 to t together; the last is T times
            the bound on the whole run [s].
        slot_s: (T,) no run that keeps the constraints costs less in slot t [s].
    """

    so_far_s: FloatArray
    slot_s: FloatArray


def certify_slots(problem: MigrationProblem, prices: RunPrices, run: RunArrays | None = None) -> SlotBounds:
    """Turn any prices into lower bounds on what every run that keeps the constraints has cost up to each slot.

    The first slots of such a run are a run of the problem of these slots alone, and so is each of its slots, its moves
    left out. The proof holds for them at the same prices:
    ``so_far_t = sum_i shortest path of i over its visits up to t + sum_(s <= t) (opening part of s + energy_s)``.

    Args:
        problem: the run.
        prices: any, as of `certify_run`.
        run: the arrays of the problem, where they are at hand.

    Returns:
        The bounds, rounded down.

    Raises:
        InputError: a user has no possible host in a slot.
    """
    run = make_run_arrays(problem) if run is None else run
    priced = _priced(run, prices)
    energy_s = np.zeros(problem.slots) if problem.slot_energy is None else problem.slot_energy
    energy_s = energy_s - ROUNDING_MARGIN * np.abs(energy_s)
    path_s, so_far_s, slot_s = np.zeros(problem.users), np.zeros(problem.slots), np.zeros(problem.slots)
    opening_so_far_s, energy_so_far_s = _running_sums(priced.opening_s), _running_sums(energy_s)
    size_so_far_s = _running_sums(priced.size_s)
    for t in range(problem.slots):
        visits = run.by_slot[run.slot_first[t] : run.slot_first[t + 1]]
        path_s[run.user[visits]] = priced.path_s[visits]
        paths_s = math.fsum(path_s)
        others_s = opening_so_far_s[t] + energy_so_far_s[t]
        so_far_s[t] = paths_s + others_s - priced.margin * (paths_s + size_so_far_s[t])
        alone_s = math.fsum(priced.visit_s[visits])
        slot_s[t] = alone_s + priced.opening_s[t] + energy_s[t] - priced.margin * (alone_s + priced.size_s[t])
    return SlotBounds(so_far_s, slot_s)


class _Priced(NamedTuple):
    """A run at some prices: what its bounds are sums of, and the magnitudes by which they are rounded down.

    Attributes:
        path_s: (P,) the shortest path of a visit's user up to it.
        visit_s: (P,) what a visit pays for the host that is cheapest for it alone.
        opening_s: (T,) the least sum of reduced costs over hosts that can hold the slot.
        size_s: (T,) magnitudes of its terms.
        margin: share of the magnitudes that is taken off.
    """

    path_s: FloatArray
    visit_s: FloatArray
    opening_s: FloatArray
    size_s: FloatArray
    margin: float


def _priced(run: RunArrays, prices: RunPrices) -> _Priced:
    prices = RunPrices(*(np.where(np.isfinite(part) & (part > 0), part, 0.0) for part in prices))
    path_s, visit_s = np.zeros(len(run.slot)), np.zeros(len(run.slot))
    _path_values(run, prices, path_s, visit_s)
    total = np.zeros(run.cpu.shape)
    _add_visits(run.slot, prices.visit, total)
    square = cpu_room(prices.root**2) if run.has_floor else prices.root**2
    charged = square + total + run.seats * prices.seat
    opening_s = _sums(cheapest_hosts(run, run.opening - charged))
    longest = int(np.diff(run.first).max(initial=0)) + int(np.diff(run.slot_first).max(initial=0))
    margin = ROUNDING_MARGIN + MARGIN_PER_VISIT * longest
    return _Priced(path_s, visit_s, opening_s, _sums(run.opening + charged), margin)


def _running_sums(terms: FloatArray) -> FloatArray:
    """The sums of the first terms, one after the other; what rounding drops is carried, and dropped of that alone."""
    sums, total, carried = np.zeros(len(terms)), 0.0, 0.0
    for t, term in enumerate(terms.tolist()):
        parts = (total, carried, term)
        total = math.fsum(parts)
        carried = math.fsum((*parts, -total))
        sums[t] = total
    return sums


def _sums(rows: FloatArray) -> FloatArray:
    """The sums of rows, without rounding on the way."""
    return np.array([math.fsum(row) for row in rows])


@jit()
def _path_values(run, prices, path, alone):
    """The shortest paths at the prices up to each visit, every move looked at, and each visit alone: both (P,)."""
    hosts = run.cpu.shape[1]
    reached, arrived = np.empty(hosts), np.empty(hosts)
    for i in range(run.first.size - 1):
        unit = run.unit[run.group[i]]
        for p in range(run.first[i], run.first[i + 1]):
            t, s = run.slot[p], run.root_work[p]
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
            alone[p] = np.inf
            for k in range(hosts):
                theta = 2.0 * prices.root[t, k] / np.sqrt(run.cpu[t, k])
                computing = charge(theta, s, run.floor[p, k]) if run.has_floor else theta * s
                node = run.comm[p, k] + computing + prices.visit[p, k] + prices.seat[t, k]
                alone[p] = min(alone[p], node)
                reached[k] = arrived[k] + node
            path[p] = reached.min()


@jit()
def _add_visits(slot, visit, total):
    for p in range(slot.size):
        for k in range(visit.shape[1]):
            total[slot[p], k] += visit[p, k]
