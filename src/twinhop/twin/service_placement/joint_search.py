"""Every plan of users and services of a small problem: which keep most deadlines, and what each costs at least."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from twinhop.kernels.edge import cpu_room
from twinhop.network import minimum_share_cycles_per_s
from twinhop.twin.service_placement.task import BoolArray, FloatArray, IntArray, ServiceTask

#: Plans, hosts of all users times servers of all services, up to which all are tried; a second on one core.
MOST_PLANS = 1_000_000
#: Hosts of all users up to which they are listed; memory.
MOST_HOSTS = 200_000
#: Plans kept that are to be priced one by one, because minimum shares may bind there.
MOST_PRICED = 2_000
#: A plan is dropped where its cost exceeds the best by more than this share of it: rounding.
ROUNDING = 1e-12


@dataclass(frozen=True)
class JointPlans:
    """Plans of users and services that keep most deadlines, and may cost least; the least bound first.

    Attributes:
        host: (P, N) hosts of the users' twins.
        server: (P, Z) servers of the services.
        excused: (P, Z) services whose deadline does not count there.
        least_s: (P,) what each costs at least: feeding, communication, computing and opening, summed [s].
        rest_s: what all plans left out cost at least [s]; inf where all others cost more than one that is here.
    """

    host: IntArray
    server: IntArray
    excused: BoolArray
    least_s: FloatArray
    rest_s: float


def joint_plans(task: ServiceTask, stop: Callable[[], bool] = lambda: False) -> JointPlans | None:
    """List the plans of a small problem of users and services that may be the best.

    Plans that break a constraint of the users are left out. Of the others those are listed that keep most deadlines of
    services, with ``sum_i comm_i + sum_z weight_z feed_z + sum_k (load_k)^2 / F_k + openings`` for the cost at least:
    it is the cost itself where no minimum share binds, and those that cost more than the best such are left out.

    Args:
        task: users and services.
        stop: is asked now and then whether to give up.

    Returns:
        The plans; None where there are too many to try, where it was stopped, or where no plan keeps the users'
        constraints.
    """
    if plan_count(task) > MOST_PLANS:
        return None
    search = _JointSearch(task, stop)
    return search.plans() if len(search.host) else None


def plan_count(task: ServiceTask) -> float:
    """How many plans of users and services there are; inf where the hosts of users alone are too many to list."""
    problem = task.problem
    hosts = float((problem.capacity > 0).sum()) ** problem.users
    return hosts * float(task.may_serve.sum()) ** len(task.services) if hosts <= MOST_HOSTS else np.inf


class _JointSearch:
    """What all plans share: the hosts of users that keep their constraints, and what these come to."""

    def __init__(self, task: ServiceTask, stop: Callable[[], bool]) -> None:
        self.task, self._stop = task, stop
        problem, servers = task.problem, len(task.server_ids)
        self._room = cpu_room(task.cpu)
        self.host = _hosts_with_seats(task)
        arcs, rows = np.arange(problem.users), np.arange(len(self.host))
        floor = np.zeros(problem.comm_s.shape) if problem.floor is None else problem.floor
        floors = np.zeros((len(self.host), servers))
        self._load, self._most_load = floors.copy(), np.full(floors.shape, np.inf)
        with np.errstate(divide="ignore", invalid="ignore"):
            most_load = np.where(floor > 0, problem.root_work[:, None] * problem.cpu / floor, np.inf)
        for i in arcs:
            at = (rows, self.host[:, i])
            floors[at] += floor[i, self.host[:, i]]
            self._load[at] += problem.root_work[i]
            self._most_load[at] = np.minimum(self._most_load[at], most_load[i, self.host[:, i]])
        fits = problem.allowed[arcs, self.host].all(axis=1) & (floors <= self._room).all(axis=1)
        self.host, self._floors = self.host[fits], floors[fits]
        self._load, self._most_load = self._load[fits], self._most_load[fits]
        self._used = self._load > 0
        self._used[np.arange(len(self.host))[:, None], self.host] = True
        self._comm_s = np.hstack([problem.comm_s, np.full((problem.users, task.extra), np.inf)])

    def plans(self) -> JointPlans | None:
        """The plans that excuse fewest services; None where it is stopped."""
        due = np.flatnonzero(np.isfinite(self.task.deadline_s))
        for late in range(len(due) + 1):
            candidates = _Candidates()
            for excused in itertools.combinations(due, late):
                kept = np.setdiff1d(due, excused)
                for server in _servers(self.task):
                    if self._stop():
                        return None
                    candidates.add(server, kept, *self._priced(server, kept))
            if candidates.least_s:
                return candidates.plans(self.host, due)
        return None

    def _priced(self, server: IntArray, kept: IntArray) -> tuple[IntArray, FloatArray, BoolArray]:
        """Rows of hosts that keep these deadlines, what each costs at least [s], and whether it costs just that."""
        task, floors, most_load = self.task, self._floors, self._most_load
        if kept.size:
            floors, most_load = floors.copy(), most_load.copy()
        for z in kept:
            q, members = server[z], task.services[z].members
            slowest_s = task.wired_s[z][:, q][self.host[:, members]].max(axis=1)
            floor = minimum_share_cycles_per_s(task.work_cycles[z], task.deadline_s[z], slowest_s)
            floors[:, q] += floor
            with np.errstate(divide="ignore"):
                most = np.where(floor > 0, task.root_work[z] * task.cpu[q] / floor, np.inf)
            most_load[:, q] = np.minimum(most_load[:, q], most)
        rows = np.flatnonzero((floors <= self._room).all(axis=1))
        load = self._load[rows] + np.bincount(server, task.root_work, minlength=len(task.server_ids))
        exact = np.asarray((load <= most_load[rows]).all(axis=1), np.bool_)
        if task.problem.cpu_rule != "optimal":
            exact = np.zeros(len(rows), np.bool_)
        return rows, self._least_s(rows, load, server), exact

    def _least_s(self, rows: IntArray, load: FloatArray, server: IntArray) -> FloatArray:
        task = self.task
        arc_s = self._comm_s.copy()
        for z, service in enumerate(task.services):
            arc_s[service.members] += task.weight[z] * task.wired_s[z][:, server[z]]
        used = self._used[rows]
        used[:, server] = True
        comm_s = arc_s[np.arange(len(arc_s)), self.host[rows]].sum(axis=1)
        return comm_s + (load**2 / task.cpu).sum(axis=1) + used @ task.entry_s


@dataclass
class _Candidates:
    """Plans that may be the best so far."""

    best_s: float = np.inf
    """the least cost that is certain"""
    rest_s: float = np.inf
    rows: list[IntArray] = field(default_factory=list)
    least_s: list[FloatArray] = field(default_factory=list)
    choice: list[tuple[IntArray, IntArray]] = field(default_factory=list)

    def add(self, server: IntArray, kept: IntArray, rows: IntArray, least_s: FloatArray, exact: BoolArray) -> None:
        """Keep what may be the best: of the exact ones the cheapest, and the others with a lower bound."""
        if not rows.size:
            return
        certain = np.where(exact, least_s, np.inf)
        cheapest = int(certain.argmin())
        better = ~exact & (least_s < min(self.best_s, certain[cheapest]) * (1 - ROUNDING))
        if certain[cheapest] < self.best_s:
            self.best_s, better[cheapest] = float(certain[cheapest]), True
        at = np.flatnonzero(better)
        if at.size > MOST_PRICED:
            order = np.argsort(least_s[at], kind="stable")
            self.rest_s = min(self.rest_s, float(least_s[at[order[MOST_PRICED]]]))
            at = at[order[:MOST_PRICED]]
        if at.size or not self.least_s:
            self.rows.append(rows[at])
            self.least_s.append(least_s[at])
            self.choice.append((server, kept))

    def plans(self, host: IntArray, due: IntArray) -> JointPlans:
        """All of them, the least bound first."""
        least_s, rows = np.concatenate(self.least_s), np.concatenate(self.rows)
        of = np.repeat(np.arange(len(self.choice)), [len(each) for each in self.least_s])
        order = np.argsort(least_s, kind="stable")
        order = order[least_s[order] <= self.best_s]
        rest_s = self.rest_s
        if order.size > MOST_PRICED:
            rest_s, order = min(rest_s, float(least_s[order[MOST_PRICED]])), order[:MOST_PRICED]
        server = np.array([server for server, _ in self.choice])
        excused = np.zeros(server.shape, np.bool_)
        for at, (_, kept) in enumerate(self.choice):
            excused[at, np.setdiff1d(due, kept)] = True
        return JointPlans(host[rows[order]], server[of[order]], excused[of[order]], least_s[order], rest_s)


def _hosts_with_seats(task: ServiceTask) -> IntArray:
    """(P, N) every choice of hosts that respects the seats."""
    problem = task.problem
    hosts = np.flatnonzero(problem.capacity > 0)
    row = np.arange(hosts.size**problem.users)
    host = np.stack([hosts[row // hosts.size**i % hosts.size] for i in range(problem.users)], axis=1)
    loads = np.zeros((len(host), problem.stations), np.int64)
    for i in range(problem.users):
        loads[np.arange(len(host)), host[:, i]] += 1
    return host[(loads <= problem.capacity).all(axis=1)]


def _servers(task: ServiceTask) -> Iterator[IntArray]:
    """Every choice of servers."""
    for server in itertools.product(np.flatnonzero(task.may_serve), repeat=len(task.services)):
        yield np.array(server, np.int64)
