"""Kicks: over a window of slots all users choose anew at disturbed costs, then at the true ones; kept if cheaper."""

from __future__ import annotations

import numpy as np

from twinhop.jit import jit
from twinhop.migration.offline.added_cost import cost_of_path
from twinhop.migration.offline.descent import LEAST_SAVING, find_path, improve
from twinhop.migration.offline.plan_state import put, take


@jit()
def _window(run, i, start, stop):
    """The visits of user i in slots from ``start`` to ``stop`` (without): the first, and the one after the last."""
    begin, end = run.first[i], run.first[i + 1]
    slots = run.slot[begin:end]
    return begin + np.searchsorted(slots, start), begin + np.searchsorted(slots, stop)


@jit()
def _disturb(run, state, start, stop, order, shared, noise, penalty, space):
    """Every user in turn on its cheapest path in the window at disturbed costs; returns the true rise [s]."""
    rise = 0.0
    for i in order:
        begin, end = _window(run, i, start, stop)
        if end > begin:
            take(run, state, begin, end)
            rise -= cost_of_path(run, state, begin, state.host[begin:end], penalty, space.scratch)
            find_path(run, state, begin, end, shared, noise, penalty, space)
            state.host[begin:end] = space.path[: end - begin]
            rise += cost_of_path(run, state, begin, state.host[begin:end], penalty, space.scratch)
            put(run, state, begin, end)
    return rise


@jit()
def kick(run, state, start, stop, order, shared, noise, penalty, nothing, sweeps, space):
    """Disturb a plan over a window of slots, let it settle, and take it back unless that saves.

    Args:
        run: the run.
        state: the plan, changed in place.
        start: first slot of the window.
        stop: the slot after its last.
        order: (N,) the order of the users.
        shared: part of the openings that users bear in proportion to their load while disturbed.
        noise: (T, K) added to each host's cost while disturbed [s].
        penalty: for a visit on a host without room for it [s].
        nothing: (T, K) zeros.
        sweeps: at true costs afterwards, at most.
        space: working space.

    Returns:
        The saving [s], 0 where the plan is as before.
    """
    host = state.host.copy()
    rise = _disturb(run, state, start, stop, order, shared, noise, penalty, space)
    for _ in range(sweeps):
        saved = 0.0
        for i in order:
            begin, end = _window(run, i, start, stop)
            if end > begin:
                saved += improve(run, state, begin, end, penalty, nothing, space)
        rise -= saved
        if saved == 0.0:
            break
    if rise < -LEAST_SAVING * penalty:
        return -rise
    for i in order:
        begin, end = _window(run, i, start, stop)
        take(run, state, begin, end)
        state.host[begin:end] = host[begin:end]
        put(run, state, begin, end)
    return 0.0
