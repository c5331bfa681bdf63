"""Descent of a plan: one user after the other takes its cheapest path at what it adds to the cost of all."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twinhop.jit import jit
from twinhop.migration.offline.added_cost import added_costs, cost_of_path, origin_and_target
from twinhop.migration.offline.paths import shortest_path
from twinhop.migration.offline.plan_state import put, take
from twinhop.migration.offline.run_arrays import RunArrays
from twinhop.placement.problem import FloatArray, IntArray

#: A path must save this share of its cost to be taken.
LEAST_SAVING = 1e-10


class Space(NamedTuple):
    """Working space for one user's paths.

    Attributes:
        cost: (n, K) of the visits of the user with most.
        arrived: (n, K) likewise.
        path: (n,) likewise.
        scratch: (2, m + 1) of the visits of the slot with most.
    """

    cost: FloatArray
    arrived: FloatArray
    path: IntArray
    scratch: FloatArray


def make_space(run: RunArrays) -> Space:
    """Working space that suffices for every user and slot."""
    visits, hosts = int(np.diff(run.first).max(initial=0)), run.cpu.shape[1]
    together = int(np.diff(run.slot_first).max(initial=0))
    nodes = np.empty((visits, hosts)), np.empty((visits, hosts))
    return Space(*nodes, np.empty(visits, np.int64), np.empty((2, together + 1)))


@jit()
def find_path(run, state, begin, end, shared, surcharge, penalty, space):
    """The cheapest hosts for a user's visits in a row, taken out, into ``space.path``.

    Args:
        run: the run.
        state: the plan without these visits.
        begin: the first of the visits.
        end: the one after the last.
        shared: part of each opening that a visit bears in proportion to its load, rather than the first one alone.
        surcharge: (T, K) added to the cost of each host [s].
        penalty: for a visit on a host without room for it [s].
        space: working space.

    Returns:
        The cost of the path, surcharges included [s].
    """
    n = end - begin
    added_costs(run, state, begin, end, penalty, space.scratch, space.cost)
    _surcharge(run, state, begin, end, shared, surcharge, space.cost)
    origin, target = origin_and_target(run, state, begin, end)
    return shortest_path(run, begin, origin, target, space.cost[:n], space.arrived, space.path[:n])


@jit()
def _surcharge(run, state, begin, end, shared, surcharge, cost):
    load, users, opening = state.load, state.users, run.opening
    for p in range(begin, end):
        t, s = run.slot[p], run.root_work[p]
        for k in range(opening.shape[1]):
            part = s / (load[t, k] + s) if load[t, k] + s > 0.0 else 1.0
            part -= 1.0 if users[t, k] == 0 else 0.0
            cost[p - begin, k] += shared * opening[t, k] * part + surcharge[t, k]


@jit()
def improve(run, state, begin, end, penalty, nothing, space):
    """Give a user's visits in a row the cheapest hosts, all others staying where they are.

    Args:
        run: the run.
        state: the plan, changed in place.
        begin: the first of the visits.
        end: the one after the last.
        penalty: for a visit on a host without room for it [s].
        nothing: (T, K) zeros.
        space: working space.

    Returns:
        The saving [s], 0 where nothing is changed.
    """
    take(run, state, begin, end)
    present = cost_of_path(run, state, begin, state.host[begin:end], penalty, space.scratch)
    cost = find_path(run, state, begin, end, 0.0, nothing, penalty, space)
    saved = present - cost
    if saved > LEAST_SAVING * abs(present):
        state.host[begin:end] = space.path[: end - begin]
    else:
        saved = 0.0
    put(run, state, begin, end)
    return saved


@jit()
def descend(run, state, sweeps, penalty, nothing, space):
    """Sweeps of `improve` over all users until nobody changes, at most so many; returns the saving [s]."""
    total = 0.0
    for _ in range(sweeps):
        saved = 0.0
        for i in range(run.first.size - 1):
            if run.first[i + 1] > run.first[i]:
                saved += improve(run, state, run.first[i], run.first[i + 1], penalty, nothing, space)
        total += saved
        if saved == 0.0:
            break
    return total


@jit()
def sweep(run, state, shared, surcharge, penalty, space):
    """Every user in turn on its cheapest path at costs that are not the true ones; see `find_path`."""
    for i in range(run.first.size - 1):
        begin, end = run.first[i], run.first[i + 1]
        if end > begin:
            take(run, state, begin, end)
            find_path(run, state, begin, end, shared, surcharge, penalty, space)
            state.host[begin:end] = space.path[: end - begin]
            put(run, state, begin, end)
