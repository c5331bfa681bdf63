"""Who is where in a plan of a whole run, kept up to date while users are taken out and put back."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twinhop.jit import jit
from twinhop.kernels.edge import cpu_room
from twinhop.migration.offline.instance import Instance
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


def make_state(instance: Instance, host: IntArray) -> PlanState:
    """The state of a plan of given hosts (P,)."""
    shape = instance.cpu.shape
    listed = shape if instance.has_floor else (1, 1)
    state = PlanState(
        host.copy(),
        np.zeros(shape),
        np.zeros(shape, np.int64),
        np.zeros(shape),
        np.full(listed, NOBODY),
        np.full(len(host), NOBODY),
        np.full(len(host), NOBODY),
    )
    _fill(instance, state)
    return state


def is_overfull(instance: Instance, state: PlanState) -> bool:
    """Whether some host has more visits than seats, or minimum shares beyond its CPU."""
    over = state.users > instance.seats
    return bool(over.any() or (state.least > cpu_room(instance.cpu)).any())


@jit()
def _fill(instance, state):
    for p in range(instance.slot.size):
        _add(instance, state, p)


@jit()
def put(instance, state, begin, end):
    """Add the visits from ``begin`` to ``end`` (without), which are not in the sums, to those of their hosts."""
    for p in range(begin, end):
        _add(instance, state, p)


@jit()
def take(instance, state, begin, end):
    """Take visits out of the sums of their hosts; they keep their hosts in name."""
    for p in range(begin, end):
        _remove(instance, state, p)


@jit()
def _add(instance, state, p):
    t, k = instance.slot[p], state.host[p]
    state.load[t, k] += instance.root_work[instance.user[p]]
    state.users[t, k] += 1
    if instance.has_floor:
        state.least[t, k] += instance.floor[p, k]
        head = state.head[t, k]
        state.before[p], state.after[p] = NOBODY, head
        if head != NOBODY:
            state.before[head] = p
        state.head[t, k] = p


@jit()
def _remove(instance, state, p):
    t, k = instance.slot[p], state.host[p]
    state.users[t, k] -= 1
    state.load[t, k] -= instance.root_work[instance.user[p]]
    if instance.has_floor:
        state.least[t, k] -= instance.floor[p, k]
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
