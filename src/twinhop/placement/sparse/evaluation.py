"""What hosts of a sparse problem cost: the formula of `twinhop.placement.evaluation`, by the same functions."""

from __future__ import annotations

import numpy as np

from twinhop.kernels.shares import host_shares
from twinhop.network import computing_latency_s
from twinhop.placement.evaluation import DEADLINE_TOLERANCE
from twinhop.placement.problem import LARGEST, FloatArray
from twinhop.placement.sparse.layout import Layout
from twinhop.placement.sparse.problem import PAD, IntArray, RowArray, SparseProblem


def columns_of(problem: SparseProblem, host: IntArray | RowArray) -> IntArray:
    """(N,) the column of each user's host in its row, -1 where it is no candidate."""
    column = np.full(problem.users, -1, np.int64)
    for at in range(problem.candidates):
        column[(problem.station[:, at][problem.row] == host) & (host != PAD)] = at
    return column


def communication_s(problem: SparseProblem, column: IntArray) -> FloatArray:
    """(N,) communication latency of users on the candidates in some columns of their rows [s]."""
    row = problem.row
    return problem.up_s + problem.delay_s[row, column] + problem.scale * problem.slope[row, column]


def minimum_shares(problem: SparseProblem, column: IntArray, unmeetable: IntArray) -> FloatArray | None:
    """(N,) minimum CPU shares there, 0 for users whose deadline no station can keep; None without deadlines."""
    if problem.deadline_s is None:
        return None
    assert problem.update_up_s is not None and problem.update_scale is not None and problem.update_work is not None
    row = problem.row
    delay = problem.update_delay_factor * problem.delay_s[row, column]
    comm = problem.update_up_s + delay + problem.update_scale * problem.slope[row, column]
    slack = problem.deadline_s - np.where(np.isinf(problem.deadline_s), 0.0, comm)
    floor = np.where(slack > 0, problem.update_work / np.where(slack > 0, slack, 1.0), np.inf)
    floor[unmeetable] = 0.0
    return floor


def cost_of(problem: SparseProblem, column: IntArray, unmeetable: IntArray) -> tuple[float, bool]:
    """The cost of hosts, and whether they keep twin capacities and deadlines.

    ``alpha (mean_i comm_i + mean_i w_i / f_i) + beta sum of opening + constant``, see `evaluate`.

    Args:
        problem: the problem.
        column: (N,) the host of each user, by its column in the user's row.
        unmeetable: users whose deadline no station can keep.
    """
    host = problem.station[problem.row, column].astype(np.int64)
    comm, floor = communication_s(problem, column), minimum_shares(problem, column, unmeetable)
    weight, cpu = np.array(problem.root_work), np.array(problem.cpu)
    feasible = bool((np.bincount(host, minlength=problem.stations) <= problem.capacity).all())
    if floor is None:
        total = np.bincount(host, weight, minlength=problem.stations)[host]
        share = cpu[host] * np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    else:
        share = np.empty(problem.users)
        finite = np.where(np.isfinite(floor), floor, 0.0)
        host_shares(host, weight, finite, True, cpu, share)
        feasible &= bool((share >= floor * (1 - DEADLINE_TOLERANCE)).all())
    computing = computing_latency_s(weight**2, share)
    latency = float(np.mean(comm) + np.mean(computing))
    opening = float(problem.opening_s[np.unique(host)].sum())
    return problem.alpha * latency + problem.beta * opening + problem.constant_cost, feasible and bool(
        np.isfinite(latency)
    )


def unmeetable_users(layout: Layout) -> tuple[IntArray, bool]:
    """Users, in the problem's order, whose deadline no station could keep even alone, and whether that is certain.

    Of the stations outside a row the least latency is looked at, and the largest CPU; where that one might keep the
    deadline of a user whom no candidate can serve, nothing is certain before the candidates are widened.
    """
    problem = layout.problem
    if problem.deadline_s is None:
        return np.empty(0, np.int64), True
    assert problem.update_up_s is not None and problem.update_scale is not None and problem.update_work is not None
    room = np.where(problem.capacity > 0, problem.cpu_room, 0.0)
    can, has_arc = np.zeros(problem.users, bool), np.zeros(problem.users, bool)
    none = np.empty(0, np.int64)
    for at in range(problem.candidates):
        k = problem.station[problem.row, at]
        there = (k != PAD) & (problem.capacity[k] > 0)
        floor = minimum_shares(problem, np.full(problem.users, at), none)
        assert floor is not None
        has_arc |= there
        can |= there & (floor <= room[k])
    lost = np.flatnonzero(has_arc & ~can)
    if lost.size == 0:
        return lost, True
    shape = (problem.rows, -1)
    delay, slope = problem.omitted_delay_s.reshape(shape), problem.omitted_slope.reshape(shape)
    there = np.isfinite(delay)
    some = np.asarray(there.any(axis=1))
    least_delay = np.where(some, np.where(there, delay, np.inf).min(axis=1), 0.0)
    least_slope = np.where(some, np.where(there, np.minimum(slope, LARGEST), np.inf).min(axis=1), 0.0)
    row = problem.row[lost]
    comm = problem.update_up_s[lost] + problem.update_delay_factor * least_delay[row]
    comm = comm + problem.update_scale[lost] * least_slope[row]
    slack = problem.deadline_s[lost] - comm
    possible = some[row] & (slack > 0)
    possible &= problem.update_work[lost] <= room.max() * np.where(slack > 0, slack, 0.0)
    return lost, not bool(possible.any())
