"""Tiny random runs with everything that a run may have, and their optimum by trying every sequence of hosts."""

import itertools
import math
from dataclasses import replace

import numpy as np

from twinhop.migration.problem import MigrationProblem
from twinhop.migration.wire_table import WireTable


def tiny_run(seed):
    """A run of at most 3 users, 3 hosts and 8 visits: arrivals, failures, capacities, deadlines, first hosts."""
    rng = np.random.default_rng(seed)
    hosts, users, slots = int(rng.integers(2, 4)), int(rng.integers(1, 4)), int(rng.integers(2, 6))
    present = rng.random((users, slots)) < rng.choice([0.6, 1.0])
    while present.sum() > 8 or not present.any():
        present[rng.integers(users), rng.integers(slots)] = present.sum() == 0
    user, slot = np.nonzero(present)
    visits = len(user)
    first = np.concatenate([[0], np.cumsum(present.sum(axis=1))])
    comm_s = rng.uniform(0.0, 0.3, (visits, hosts))
    if rng.random() < 0.4:
        comm_s[rng.random((visits, hosts)) < 0.15] = np.inf
    cpu = rng.uniform(8e9, 24e9, (slots, hosts))
    capacity = np.full((slots, hosts), users)
    if rng.random() < 0.6:
        capacity = rng.integers(1, users + 1, (slots, hosts))
    if rng.random() < 0.4:
        capacity[rng.random((slots, hosts)) < 0.2] = 0
    root_work = rng.choice([0.0, 1.0], users, p=[0.1, 0.9]) * np.sqrt(rng.uniform(1e8, 3e9, users))
    own = rng.random() < 0.3  # a table for every user, in which a detour may be shorter, and there is no symmetry
    unit_s = rng.uniform(0.0, 0.4, (users, hosts, hosts)) if own else _plane(rng, hosts)
    unit_s[:, np.arange(hosts), np.arange(hosts)] = 0.0
    served = present.sum(axis=0)
    problem = MigrationProblem(
        slots=slots,
        first=first,
        slot=slot,
        comm_s=comm_s,
        root_work=root_work,
        cpu=cpu,
        capacity=capacity,
        opening_s=rng.choice([0.0, 0.1, 0.3]) * rng.uniform(0.5, 1.5, (slots, hosts)),
        weight=rng.choice([1.0, 2.5]) / np.maximum(served, 1),
        moves=WireTable(unit_s, np.arange(users) if own else np.zeros(users, np.int64), rng.uniform(0.2, 1.0, users)),
        move_fixed_s=float(rng.choice([0.0, 0.05])),
        floor=_floors(rng, comm_s, cpu[slot], capacity[slot]) if rng.random() < 0.5 else None,
        slot_energy=np.full(slots, float(rng.choice([0.0, 0.2]))),
        start=rng.integers(-1, hosts, users) if rng.random() < 0.5 else None,
        move_energy=rng.uniform(0.0, 0.3, visits) if seed % 3 == 0 else None,
        load=np.random.default_rng([seed, 2]).uniform(0.0, 3.0, visits) if seed % 4 == 3 else None,
        name=f"tiny {seed}",
    )
    return problem


def medium_run(seed, *, seats=None, deadlines=False, own_tables=False, users=20, hosts=6, slots=15):
    """A run too large to be solved exactly: users walk over a square, are absent now and then, and can reach all."""
    rng = np.random.default_rng([seed, 1])
    at = rng.uniform(0.0, 1.0, (hosts, 2))
    walk = np.clip(rng.uniform(0, 1, (users, 1, 2)) + rng.normal(0, 0.05, (users, slots, 2)).cumsum(axis=1), 0, 1)
    present = rng.random((users, slots)) < 0.9
    present[0] = True
    user, slot = np.nonzero(present)
    comm_s = 0.3 * np.linalg.norm(walk[user, slot][:, None] - at, axis=2)
    cpu = rng.uniform(8e9, 24e9, (slots, hosts))
    unit_s = rng.uniform(0.0, 1.0, (users, hosts, hosts)) if own_tables else np.linalg.norm(at[:, None] - at, axis=2)
    unit_s = unit_s.reshape(-1, hosts, hosts) * (1 - np.eye(hosts))
    capacity = np.full((slots, hosts), users if seats is None else seats)
    return MigrationProblem(
        slots=slots,
        first=np.concatenate([[0], np.cumsum(present.sum(axis=1))]),
        slot=slot,
        comm_s=comm_s,
        root_work=np.sqrt(rng.uniform(5e6, 5e7, users)),
        cpu=cpu,
        capacity=capacity,
        opening_s=np.full((slots, hosts), 0.02),
        weight=1.0 / present.sum(axis=0),
        moves=WireTable(unit_s, np.arange(users) if own_tables else np.zeros(users, np.int64), np.full(users, 0.3)),
        move_fixed_s=0.05,
        floor=rng.uniform(0.0, 0.25, comm_s.shape) * cpu[slot] if deadlines else None,
        name=f"medium {seed}",
    )


def some_slots(problem, slots, *, apart=False):
    """The problem of some consecutive slots alone; apart: nobody has a host before them."""
    inside = np.isin(problem.slot, slots)
    user = np.repeat(np.arange(problem.users), np.diff(problem.first))
    part = slice(slots[0], slots[-1] + 1)
    return replace(
        problem,
        slots=len(slots),
        first=np.concatenate([[0], np.cumsum(np.bincount(user[inside], minlength=problem.users))]),
        slot=problem.slot[inside] - slots[0],
        comm_s=problem.comm_s[inside],
        cpu=problem.cpu[part],
        capacity=problem.capacity[part],
        opening_s=problem.opening_s[part],
        weight=problem.weight[part],
        floor=None if problem.floor is None else problem.floor[inside],
        slot_energy=None if problem.slot_energy is None else problem.slot_energy[part],
        move_energy=None if problem.move_energy is None else problem.move_energy[inside],
        load=None if problem.load is None else problem.load[inside],
        start=None if apart else problem.start,
    )


def _plane(rng, hosts):
    at = rng.uniform(0.0, 0.3, (hosts, 2))
    return np.linalg.norm(at[:, None] - at, axis=2)[None]


def _floors(rng, comm_s, cpu, capacity):
    """Minimum shares of up to 1.2 times a CPU; 0 for visits that no host could serve alone."""
    floor = rng.uniform(0.0, 1.2, comm_s.shape) * cpu * rng.choice([0.0, 1.0], comm_s.shape, p=[0.3, 0.7])
    floor[rng.random(comm_s.shape) < 0.1] = np.inf
    alone = np.isfinite(comm_s) & (capacity > 0) & (floor <= cpu)
    floor[~alone.any(axis=1)] = 0.0
    return floor


def least_computing(root_work, floor, cpu):
    """Least ``sum s^2 / f`` over f >= floor, sum f <= F, by trying every set of users who get just their minimum."""
    if sum(floor) > cpu:
        return math.inf
    best = math.inf
    for pinned in itertools.product([True, False], repeat=len(root_work)):
        left = cpu - sum(f for f, is_pinned in zip(floor, pinned, strict=True) if is_pinned)
        load = sum(s for s, is_pinned in zip(root_work, pinned, strict=True) if not is_pinned)
        share = [f if is_pinned else left * s / load if load else 0.0
                 for s, f, is_pinned in zip(root_work, floor, pinned, strict=True)]  # fmt: skip
        if all(x >= f for x, f in zip(share, floor, strict=True)) and sum(share) <= cpu * (1 + 1e-12):
            latency = sum((s * s / x if x else math.inf) for s, x in zip(root_work, share, strict=True) if s)
            best = min(best, latency)
    return best


class BruteForce:
    """Costs of a tiny run in plain loops, from the formula of the problem alone."""

    def __init__(self, problem):
        self.problem = problem
        self.user = [i for i in range(problem.users) for _ in range(problem.first[i], problem.first[i + 1])]
        self._slot_costs = {}

    def slot_cost(self, t, members):
        """Weighted latencies and opening of the visits ``((visit, host), ...)`` of slot t; inf if they do not fit."""
        if (t, members) not in self._slot_costs:
            self._slot_costs[t, members] = self._slot_cost(t, members)
        return self._slot_costs[t, members]

    def _slot_cost(self, t, members):
        q, total, opening = self.problem, 0.0, 0.0
        for k in {k for _, k in members}:
            here = [p for p, host in members if host == k]
            if len(here) > q.capacity[t, k]:
                return math.inf
            floor = [0.0 if q.floor is None else q.floor[p, k] for p in here]
            total += sum(q.comm_s[p, k] for p in here)
            total += least_computing([q.visit_root_work[p] for p in here], floor, q.cpu[t, k])
            opening += q.opening_s[t, k]
        return q.weight[t] * total + opening

    def move_cost(self, p, before, host):
        """The weighted cost of being on a host at visit p after another one (-1: none)."""
        if before in (-1, host):
            return 0.0
        q, i = self.problem, self.user[p]
        wired = q.moves.scale[i] * q.moves.unit_s[q.moves.group[i], before, host]
        energy = 0.0 if q.move_energy is None else q.move_energy[p]
        return q.weight[q.slot[p]] * (q.move_fixed_s + wired) + energy

    def cost(self, host):
        """The cost of one sequence of hosts."""
        q, total = self.problem, 0.0
        for t in range(q.slots):
            members = tuple((p, host[p]) for p in range(q.visits) if q.slot[p] == t)
            total += self.slot_cost(t, members)
        for i in range(q.users):
            before = -1 if q.start is None else q.start[i]
            for p in range(q.first[i], q.first[i + 1]):
                total += self.move_cost(p, before, host[p])
                before = host[p]
        return q.energy + total / q.slots

    def optimum(self):
        """The least cost of all sequences; inf where none fits."""
        return min(self.cost(host) for host in itertools.product(range(self.problem.hosts), repeat=self.problem.visits))
