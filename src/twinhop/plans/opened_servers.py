"""The servers that a plan opens: whom each hosts, and how much of its seats and CPU that takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twinhop.placement.problem import FloatArray
from twinhop.placement.station_load import NOBODY
from twinhop.plans.result import Plan
from twinhop.plans.service_levels import service_levels


@dataclass(frozen=True)
class OpenedServer:
    """A server that is open, and what stands on it.

    Attributes:
        station: its index.
        users: users whose twins it hosts; not whole where rows stand for parts of users.
        seats: twins that fit on it, likewise.
        load: its twins' part of the work of all twins that the cost counts [1].
        update_load: work of its twins' updates, one a synchronisation period, over its CPU [1]; None without a world.
        deadline_load: CPU that the deadlines of its twins need at least, over its CPU [1]; None without deadlines.
        latency_s: mean latency of its twins as the cost counts it [s]; None where it hosts none.
        late: users on it whose deadline is not kept; None without deadlines.
    """

    station: int
    users: float
    seats: float
    load: float
    update_load: float | None
    deadline_load: float | None
    latency_s: float | None
    late: float | None

    @property
    def seats_used(self) -> float:
        """Users over seats [1]."""
        return self.users / self.seats if self.seats else 0.0


def opened_servers(plan: Plan) -> tuple[OpenedServer, ...]:
    """The servers that a plan opens, those with most of the work first.

    Args:
        plan: any plan.

    Returns:
        One a station that is open, also where it hosts nothing; equal loads by index.
    """
    problem, placement = plan.case.problem, plan.solution.placement
    host, latency_s = placement.host, service_levels(plan).placement_latency_s
    users = problem.twins_on(host)
    people = np.ones(problem.users) if problem.weight is None else problem.weight

    def total(values: FloatArray) -> FloatArray:
        return np.bincount(host, values, minlength=problem.stations).astype(np.float64)

    work = total(problem.root_work**2 / people)  # a row's root work has its weight in it: its square has it twice
    load = work / work.sum() if work.sum() > 0 else np.zeros_like(work)
    update, floors, summed_s = _update_load(plan, total), _deadline_load(plan, total), total(people * latency_s)
    tardy = np.array(late_users(plan), np.int64)
    late = problem.twins_on(np.where(np.isin(np.arange(problem.users), tardy), host, NOBODY))
    return tuple(
        OpenedServer(
            station=k,
            users=users[k].item(),
            seats=problem.seats[k].item(),
            load=float(load[k]),
            update_load=None if update is None else float(update[k]),
            deadline_load=None if floors is None else float(floors[k]),
            latency_s=float(summed_s[k] / users[k]) if users[k] else None,
            late=late[k].item() if problem.has_deadlines else None,
        )
        for k in sorted(np.flatnonzero(placement.open).tolist(), key=lambda k: (-load[k], k))
    )


def late_users(plan: Plan) -> tuple[int, ...]:
    """Users whose deadline is one that a station could keep, and that the plan does not keep."""
    broken = plan.solution.evaluation.violations
    return tuple(each.user for each in broken if each.kind == "deadline" and each.user is not None)


def _per_cpu(plan: Plan, cycles_per_s: FloatArray) -> FloatArray:
    """(M,) CPU that is used over the CPU there is [1]; 0 where there is none."""
    cpu = plan.case.problem.cpu
    return np.divide(cycles_per_s, cpu, out=np.zeros_like(cpu), where=cpu > 0)


def _update_load(plan: Plan, total: Callable[[FloatArray], FloatArray]) -> FloatArray | None:
    world = plan.case.world
    if world is None:
        return None
    people = 1.0 if world.user_weight is None else world.user_weight
    return _per_cpu(plan, total(people * world.update_cycles_per_bit * world.update_bits / world.sync_period_s))


def _deadline_load(plan: Plan, total: Callable[[FloatArray], FloatArray]) -> FloatArray | None:
    problem, host = plan.case.problem, plan.solution.placement.host
    if problem.floor is None:
        return None
    floor = problem.floor[np.arange(problem.users), host]
    return _per_cpu(plan, total(np.where(np.isfinite(floor), floor, 0.0)))
