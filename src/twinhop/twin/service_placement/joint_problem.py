"""Services as further users of a placement problem: one physics for the CPU shares of both."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from twinhop.placement import PlacementProblem
from twinhop.twin.service_placement.task import BoolArray, FloatArray, IntArray, ServiceTask


def joint_problem(task: ServiceTask, host: IntArray, server: IntArray, excused: BoolArray) -> PlacementProblem:
    """The problem whose last Z users are the services, the users' twins being where they are.

    A service's arc to a server carries the weighted latency of all its extracts; its deadline is on the last of them
    and its work. Services take no seats. The cost of the joint placement is the cost of users and services together.

    Args:
        task: users and services.
        host: (N,) hosts of the users' twins.
        server: (Z,) servers of the services, for the seats that they do not take.
        excused: (Z,) services whose deadline does not count.

    Returns:
        A problem of N + Z users on K servers.
    """
    feed_s = task.weight[:, None] * task.feed_s(host)
    return _joined(task, _users_comm_s(task), feed_s, task.slowest_s(host), server, excused)


def pinned_problem(
    task: ServiceTask, host: IntArray, server: IntArray, excused: BoolArray, within_s: dict[int, float] | None = None
) -> PlacementProblem:
    """The users' problem while the services stay: users' arcs carry what their extracts take, services cannot move.

    Twins whose service keeps a deadline may not go where their extract would take longer than the slowest does now, so
    that the deadline is kept by every plan of the problem.

    Args:
        task: users and services.
        host: (N,) present hosts of the users' twins.
        server: (Z,) servers of the services.
        excused: (Z,) services whose deadline does not count.
        within_s: for single services, how long an extract may take instead of as long as the slowest does now [s].

    Returns:
        A problem of N + Z users on K servers; the present hosts and servers are one of its placements, where
        ``within_s`` does not say otherwise.
    """
    comm_s = _users_comm_s(task)
    slowest_s = task.slowest_s(host)
    for z, reach_s in (within_s or {}).items():
        slowest_s[z, server[z]] = reach_s
    for z, (service, wired) in enumerate(zip(task.services, task.wired_s, strict=True)):
        extract_s = wired[:, server[z]]
        comm_s[service.members] += task.weight[z] * extract_s
        if np.isfinite(task.deadline_s[z]) and not excused[z]:
            farther = np.flatnonzero(extract_s > slowest_s[z, server[z]])
            comm_s[np.ix_(service.members, farther)] = np.inf
    stays = np.full((len(server), len(task.server_ids)), np.inf)
    stays[np.arange(len(server)), server] = 0.0
    return _joined(task, comm_s, stays, slowest_s, server, excused)


def relaxed_problem(task: ServiceTask, excused: BoolArray) -> PlacementProblem:
    """The problem of users and services that all may move, members' twins being wherever each extract is cheapest.

    Every plan of users and services that keeps the deadlines not excused is one of its placements, at no higher cost: a
    lower bound on its cost is one on theirs. Each server has a seat for every service besides those of users.
    """
    server = np.zeros(len(task.services), np.int64)
    slowest_s = task.nearest_s()
    members = np.array([each.members.size for each in task.services])[:, None]
    feed_s = task.weight[:, None] * members * slowest_s
    problem = _joined(task, _users_comm_s(task), feed_s, slowest_s, server, excused)
    seats = _seats(task, server) - np.bincount(server, minlength=len(task.server_ids))
    return replace(problem, capacity=np.where(task.may_serve, seats + len(server), 0))


def _users_comm_s(task: ServiceTask) -> FloatArray:
    """(N, K) communication latencies of the users; none of them may use a cloud that only runs services."""
    comm_s = task.problem.comm_s
    return np.hstack([comm_s, np.full((len(comm_s), task.extra), np.inf)])


def _joined(
    task: ServiceTask,
    users_comm_s: FloatArray,
    services_comm_s: FloatArray,
    slowest_s: FloatArray,
    server: IntArray,
    excused: BoolArray,
) -> PlacementProblem:
    problem, users = task.problem, task.problem.users
    both = (users + len(server)) / users  # the cost stays one over the N users
    energy = problem.energy_j
    changes: dict[str, Any] = {
        "comm_s": np.vstack([users_comm_s, services_comm_s]),
        "root_work": np.append(problem.root_work, task.root_work),
        "cpu": task.cpu,
        "capacity": _seats(task, server),
        "opening_s": np.append(problem.opening_s, np.zeros(task.extra)),
        "alpha": problem.alpha * both,
        "energy_j": None if energy is None else np.append(energy * both, np.zeros(len(server))),
        "distance_m": None,
        "station_ids": task.server_ids,
        "user_ids": (*map(problem.user_name, range(users)), *(f"service {each.name}" for each in task.services)),
    }
    return replace(problem, **changes, **_deadlines(task, slowest_s, excused))


def _seats(task: ServiceTask, server: IntArray) -> IntArray:
    """(K,) seats of the users, and one for each service where it is."""
    seats = np.append(np.minimum(task.problem.capacity, task.problem.users), np.zeros(task.extra, np.int64))
    return seats + np.bincount(server, minlength=len(seats))


def _deadlines(task: ServiceTask, slowest_s: FloatArray, excused: BoolArray) -> dict[str, Any]:
    """Deadlines of users and services together; none where neither has any."""
    problem = task.problem
    deadline_s = np.where(excused, np.inf, task.deadline_s)
    if not problem.has_deadlines and np.isinf(deadline_s).all():
        return {}
    users_comm_s: Any = np.zeros((problem.users, problem.stations))
    users_work, users_deadline_s = np.zeros(problem.users), np.full(problem.users, np.inf)
    if problem.update_comm_s is not None and problem.update_work is not None and problem.deadline_s is not None:
        users_comm_s, users_work, users_deadline_s = problem.update_comm_s, problem.update_work, problem.deadline_s
    users_comm_s = np.hstack([users_comm_s, np.full((problem.users, task.extra), np.inf)])
    return {
        "update_comm_s": np.vstack([users_comm_s, slowest_s]),
        "update_work": np.append(users_work, task.work_cycles),
        "deadline_s": np.append(users_deadline_s, deadline_s),
    }
