"""Who is where in a plan of a whole run, kept up to date while users are taken out and put back."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twinhop.jit import jit
from twinhop.kernels.edge import cpu_room
from twinhop.migration.offline.run_arrays import RunArrays
from twinhop.placement.problem import FloatArray, IntArray

#: The end of a list of visits.
NOBODY = -1


class PlanState(NamedTuple):
    """A plan, changed in place.

    Attributes:
        host: (P,) host of each visit.
        load: (T, K) sums of root work [sqrt(cycle)].
        users: (T, K) visits.
        least: (T, K) sums of minimum shares [cycle/s].
        head: (T, K) a visit of each host, or NOBODY; (1, 1) and unused without deadlines, as the next two.
        after: (P,) the next visit of the same host and slot, or NOBODY.
        before: (P,) the one before it, or NOBODY.
    """

    host: IntArray
    load: FloatArray
    users: IntArray
    least: FloatArray
    head: IntArray
    after: IntArray
    before: IntArray


def make_state(run: RunArrays, host: IntArray) -> PlanState:
    """The state of a plan of given hosts (P,)."""
    shape = run.cpu.shape
    listed = shape if run.has_floor else (1, 1)
    state = PlanState(
        host.copy(),
        np.zeros(shape),
        np.zeros(shape, np.int64),
        np.zeros(shape),
        np.full(listed, NOBODY),
        np.full(len(host), NOBODY),
        np.full(len(host), NOBODY),
    )
    _fill(run, state)
    return state


def is_overfull(run: RunArrays, state: PlanState) -> bool:
    """Whether some host has more visits than seats, or minimum shares beyond its CPU."""
    over = state.users > run.seats
    return bool(over.any() or (state.least > cpu_room(run.cpu)).any())


@jit()
def _fill(run, state):
    for p in range(run.slot.size):
        _add(run, state, p)


@jit()
def put(run, state, begin, end):
    """Add the visits from ``begin`` to ``end`` (without), which are not in the sums, to those of their hosts."""
    for p in range(begin, end):
        _add(run, state, p)


@jit()
def take(run, state, begin, end):
    """Take visits out of the sums of their hosts; they keep their hosts in name."""
    for p in range(begin, end):
        _remove(run, state, p)


@jit()
def _add(run, state, p):
    t, k = run.slot[p], state.host[p]
    state.load[t, k] += run.root_work[p]
    state.users[t, k] += 1
    if run.has_floor:
        state.least[t, k] += run.floor[p, k]
        head = state.head[t, k]
        state.before[p], state.after[p] = NOBODY, head
        if head != NOBODY:
            state.before[head] = p
        state.head[t, k] = p


@jit()
def _remove(run, state, p):
    t, k = run.slot[p], state.host[p]
    state.users[t, k] -= 1
    state.load[t, k] -= run.root_work[p]
    if run.has_floor:
        state.least[t, k] -= run.floor[p, k]
        before, after = state.before[p], state.after[p]
        if before == NOBODY:
            state.head[t, k] = after
        else:
            state.after[before] = after
        if after != NOBODY:
            state.before[after] = before
    if state.users[t, k] == 0:  # no rounding is left behind
        state.load[t, k] = 0.0
        state.least[t, k] = 0.0
