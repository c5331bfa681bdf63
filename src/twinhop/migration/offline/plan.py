"""Plans of a whole run: started from the users' shortest paths at the prices, and improved by kicks."""

from __future__ import annotations

import zlib

import numpy as np

from twinhop.migration.offline.descent import descend, make_space, sweep
from twinhop.migration.offline.kicks import kick
from twinhop.migration.offline.plan_state import PlanState, is_overfull, make_state
from twinhop.migration.offline.prices import RunPrices
from twinhop.migration.offline.run_arrays import RunArrays, slot_scale
from twinhop.placement.budget import Budget
from twinhop.placement.problem import IntArray

#: Sweeps in which users share the openings of hosts, and the shares that they bear by load in one plan and another.
SHARED_SWEEPS, SHARED = 3, (0.5, 0.0)
#: At first a visit beyond a capacity pays this share of what a seat of a full host costs, then more and more.
FIRST_PENALTY, PENALTY_GROWTH = 0.1, 1.3
#: Sweeps at growing penalties, at most.
SOFT_SWEEPS = 40
#: Sweeps at the true cost, at most: after a start, and after each round of kicks.
SWEEPS, SWEEPS_PER_ROUND = 20, 3
#: Kicks a round, and sweeps at the true cost after each.
KICKS, SWEEPS_PER_KICK = 100, 4
#: The part of the openings that users bear by load while kicked.
SHARED_IN_KICKS = 0.5
#: The noise of a kick, in units of what a seat of a full host costs, and the share of hosts that have any.
NOISE, NOISY_HOSTS = (1.0, 4.0), (0.1, 1.0)
#: A visit on a host without room costs so many times the openings, latencies and moves that it could save.
PENALTY = 10.0


class Planner:
    """Makes plans of one run; the same seed makes the same plans."""

    def __init__(self, run: RunArrays, seed: int) -> None:
        self._run = run
        self._space = make_space(run)
        self._nothing = np.zeros(run.cpu.shape)
        self._penalty = _penalty(run)
        self._seat_cost = float(slot_scale(run).mean() / max(1.0, run.seats.mean()))
        self._rng = np.random.default_rng(np.random.SeedSequence([seed], spawn_key=(zlib.crc32(b"offline plan"),)))

    def start(self, host: IntArray, prices: RunPrices, shared: float) -> PlanState:
        """A plan from hosts (P,), in which capacities and deadlines may be violated.

        Sweeps at a penalty that grows from little to much let users find out who can best do without a full host.

        Args:
            host: the users' shortest paths at the prices.
            prices: prices of seats and hosts.
            shared: part of the openings that users bear in proportion to their load in the first sweeps.
        """
        run, state = self._run, make_state(self._run, host)
        eased = run._replace(opening=np.maximum(run.opening - prices.host[:, None], 0.0))
        penalty = FIRST_PENALTY * self._seat_cost
        for done in range(1, SOFT_SWEEPS + 1):
            sweep(eased, state, shared if done <= SHARED_SWEEPS else 0.0, prices.seat, penalty, self._space)
            if done >= SHARED_SWEEPS and not is_overfull(run, state):
                break
            penalty *= PENALTY_GROWTH
        descend(run, state, SWEEPS, self._penalty, self._nothing, self._space)
        return state

    def kick_round(self, state: PlanState, budget: Budget) -> float:
        """A round of kicks on a plan, changed in place; returns the saving [s, sum over slots]. The budget may end it.

        Windows have all lengths alike in their logarithm; in each, every host is a little cheaper or dearer throughout.
        """
        run, rng, (slots, hosts) = self._run, self._rng, self._run.cpu.shape
        noise, saved = np.zeros(run.cpu.shape), 0.0
        seat_cost = slot_scale(run).mean() * (state.users > 0).sum() / max(1, state.users.sum())
        for _ in range(KICKS):
            if budget.exhausted():
                break
            length = int(slots ** rng.random())
            start = int(rng.integers(0, slots - length + 1))
            noisy = rng.random(hosts) < rng.choice(NOISY_HOSTS)
            noise[:] = 0.0
            noise[start : start + length] = rng.choice(NOISE) * seat_cost * rng.uniform(-1.0, 1.0, hosts) * noisy
            order = rng.permutation(len(run.first) - 1)
            limits = (self._penalty, self._nothing, SWEEPS_PER_KICK)
            window = (start, start + length)
            saved += kick(run, state, *window, order, SHARED_IN_KICKS, noise, *limits, self._space)
        return saved + descend(run, state, SWEEPS_PER_ROUND, self._penalty, self._nothing, self._space)


def _penalty(run: RunArrays) -> float:
    """More than a visit could save by not keeping a capacity [s]."""
    comm = np.where(np.isfinite(run.comm), run.comm, 0.0)
    load = np.bincount(run.slot, run.root_work, minlength=len(run.cpu))
    up = run.seats > 0
    computing = np.divide(load[:, None] ** 2, run.cpu, out=np.zeros(up.shape), where=up)
    farthest = float((run.scale[:, None] * run.farthest[run.group]).max(initial=0.0))
    moving = 2.0 * (float(run.fixed.max(initial=0.0)) + float(run.weight.max()) * farthest)
    opening = float(run.opening.sum(axis=1).max())
    return PENALTY * (float(comm.max(initial=0.0)) + float(computing.max()) + opening + moving)
