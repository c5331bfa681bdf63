"""Plans of a whole run: started from the users' shortest paths at the prices, and polished by kicks."""

from __future__ import annotations

import zlib

import numpy as np

from twinhop.migration.offline.descent import descend, make_space, sweep
from twinhop.migration.offline.instance import Instance, slot_scale
from twinhop.migration.offline.plan_state import PlanState, is_overfull, make_state
from twinhop.migration.offline.polish import kick
from twinhop.migration.offline.prices import Prices
from twinhop.placement.budget import Budget
from twinhop.placement.problem import IntArray

#: Sweeps in which users share the openings of hosts, and the shares that they bear by load in one plan and another.
SHARED_SWEEPS, SHARED = 3, (0.5, 0.0)
#: At first a visit beyond a capacity pays this share of what a seat of a full host costs, then more and more.
FIRST_PENALTY, PENALTY_GROWTH = 0.1, 1.3
#: Sweeps at growing penalties, at most.
SOFT_SWEEPS = 40
#: Sweeps at the true cost, at most: after a start, and after each round of kicks.
SWEEPS, SWEEPS_A_ROUND = 20, 3
#: Kicks a round, and sweeps at the true cost after each.
KICKS, SWEEPS_A_KICK = 100, 4
#: The part of the openings that users bear by load while kicked.
SHARED_IN_KICKS = 0.5
#: The noise of a kick, in units of what a seat of a full host costs, and the share of hosts that have any.
NOISE, NOISY_HOSTS = (1.0, 4.0), (0.1, 1.0)
#: A visit on a host without room costs so many times the openings, latencies and moves that it could save.
PENALTY = 10.0


class Planner:
    """Makes plans of one run; the same seed makes the same plans."""

    def __init__(self, instance: Instance, seed: int) -> None:
        self._instance = instance
        self._space = make_space(instance)
        self._nothing = np.zeros(instance.cpu.shape)
        self._penalty = _penalty(instance)
        self._seat_cost = float(slot_scale(instance).mean() / max(1.0, instance.seats.mean()))
        self._rng = np.random.default_rng(np.random.SeedSequence([seed], spawn_key=(zlib.crc32(b"offline plan"),)))

    def start(self, host: IntArray, prices: Prices, shared: float) -> PlanState:
        """A plan from hosts (P,), in which capacities and deadlines may be violated.

        Sweeps at a penalty that grows from little to much let users find out who can best do without a full host.

        Args:
            host: the users' shortest paths at the prices.
            prices: prices of seats and hosts.
            shared: part of the openings that users bear in proportion to their load in the first sweeps.
        """
        instance, state = self._instance, make_state(self._instance, host)
        eased = instance._replace(opening=np.maximum(instance.opening - prices.host[:, None], 0.0))
        penalty = FIRST_PENALTY * self._seat_cost
        for done in range(1, SOFT_SWEEPS + 1):
            sweep(eased, state, shared if done <= SHARED_SWEEPS else 0.0, prices.seat, penalty, self._space)
            if done >= SHARED_SWEEPS and not is_overfull(instance, state):
                break
            penalty *= PENALTY_GROWTH
        descend(instance, state, SWEEPS, self._penalty, self._nothing, self._space)
        return state

    def polish(self, state: PlanState, budget: Budget) -> float:
        """A round of kicks on a plan, changed in place; returns the saving [s, sum over slots]. The budget may end it.

        Windows have all lengths alike in their logarithm; in each, every host is a little cheaper or dearer throughout.
        """
        instance, rng, (slots, hosts) = self._instance, self._rng, self._instance.cpu.shape
        noise, saved = np.zeros(instance.cpu.shape), 0.0
        seat_cost = slot_scale(instance).mean() * (state.users > 0).sum() / max(1, state.users.sum())
        for _ in range(KICKS):
            if budget.exhausted():
                break
            length = int(slots ** rng.random())
            start = int(rng.integers(0, slots - length + 1))
            noisy = rng.random(hosts) < rng.choice(NOISY_HOSTS)
            noise[:] = 0.0
            noise[start : start + length] = rng.choice(NOISE) * seat_cost * rng.uniform(-1.0, 1.0, hosts) * noisy
            order = rng.permutation(len(instance.root_work))
            limits = (self._penalty, self._nothing, SWEEPS_A_KICK)
            window = (start, start + length)
            saved += kick(instance, state, *window, order, SHARED_IN_KICKS, noise, *limits, self._space)
        return saved + descend(instance, state, SWEEPS_A_ROUND, self._penalty, self._nothing, self._space)


def _penalty(instance: Instance) -> float:
    """More than a visit could save by not keeping a capacity [s]."""
    comm = np.where(np.isfinite(instance.comm), instance.comm, 0.0)
    load = np.bincount(instance.slot, instance.root_work[instance.user], minlength=len(instance.cpu))
    up = instance.seats > 0
    computing = np.divide(load[:, None] ** 2, instance.cpu, out=np.zeros(up.shape), where=up)
    farthest = float((instance.scale[:, None] * instance.farthest[instance.group]).max(initial=0.0))
    moving = 2.0 * float(instance.weight.max()) * (instance.fixed + farthest)
    opening = float(instance.opening.sum(axis=1).max())
    return PENALTY * (float(comm.max(initial=0.0)) + float(computing.max()) + opening + moving)
