"""A plan that survives every failure as a mixed-integer program, for small problems where local search may miss one."""

from __future__ import annotations

import numpy as np

from twinhop.placement import Placement
from twinhop.placement.budget import Budget
from twinhop.placement.mip import MipStatus, Model
from twinhop.placement.problem import FloatArray, IntArray, PlacementProblem
from twinhop.plans.failed_hosts import STAY, problem_after
from twinhop.plans.survival import Survival

#: Models of more variables are not made.
MOST_VARIABLES = 20_000


def model_plan(survival: Survival, charge: FloatArray, budget: Budget) -> Placement | None:
    r"""A plan that survives, by HiGHS, the cheapest where computing costs what prices say; None where none was found.

    ``x_ik`` hosts user i on k, ``y_k`` opens k, and ``z_jik`` hosts i on k once j has failed:
    $\sum_k z_{jik} = 1$ where all may move, $= x_{ij}$ where users of j alone do and the others stay beside them.

    Args:
        survival: of the problem.
        charge: (N, M) what each link costs [s].
        budget: time allowed.
    """
    problem, hosts = survival.problem, survival.hosts
    user, station = np.nonzero(problem.allowed)
    if user.size * (1 + hosts.size) > MOST_VARIABLES:
        return None
    model = Model(1e-9)
    arcs = model.add_binaries(user.size, charge[user, station])
    model.add_rows(user, arcs, np.ones(user.size), 1.0, 1.0, problem.users)
    opened = model.add_binaries(problem.stations, problem.scaled_opening)
    _tie(model, np.arange(user.size), opened[station], arcs, np.ones(user.size))
    _limit(model, problem, user, station, arcs)
    for j in hosts.tolist():
        _add_failure(model, survival, j, user, station, arcs, opened)
    if model.solve(budget) not in (MipStatus.OPTIMAL, MipStatus.STOPPED):
        return None
    values = model.values()
    if values is None:
        return None
    host = np.zeros(problem.users, np.int64)
    used = values[arcs] > 0.5
    host[user[used]] = station[used]
    return Placement(host, (values[opened] > 0.5) | np.isin(np.arange(problem.stations), host))


def _tie(model: Model, row: IntArray, above: IntArray, below: IntArray, ones: FloatArray) -> None:
    """``above >= below``, row by row."""
    rows, columns = np.concatenate([row, row]), np.concatenate([above, below])
    model.add_rows(rows, columns, np.concatenate([ones, -ones]), 0.0, np.inf, row.size)


def _limit(model: Model, problem: PlacementProblem, user: IntArray, station: IntArray, columns: IntArray) -> None:
    """Seats, minimum shares of CPU and demands on each station."""
    seats = np.minimum(problem.capacity, problem.users).astype(float)
    model.add_rows(station, columns, np.ones(user.size), -np.inf, seats, problem.stations)
    if problem.floor is not None:
        share = problem.floor[user, station] / problem.cpu[station]
        model.add_rows(station, columns, share, -np.inf, 1.0, problem.stations)
    if problem.demand is not None and problem.demand_capacity is not None:
        capacity = problem.demand_capacity[station]
        weight = problem.demand[user] / np.where(capacity > 0, capacity, 1.0)
        model.add_rows(station, columns, weight, -np.inf, 1.0, problem.stations)


def _add_failure(
    model: Model,
    survival: Survival,
    j: int,
    user: IntArray,
    station: IntArray,
    arcs: IntArray,
    opened: IntArray,
) -> None:
    """The hosts of all users once station j has failed."""
    after = problem_after(survival.problem, [j], deadlines=survival.keeps)
    who, where = np.nonzero(after.allowed)
    hosted = model.add_binaries(who.size)
    ones = np.ones(who.size)
    _tie(model, np.arange(who.size), opened[where], hosted, ones)
    if survival.rules.moves != STAY:
        model.add_rows(who, hosted, ones, 1.0, 1.0, survival.problem.users)
        _limit(model, after, who, where, hosted)
        return
    leaving, staying = station == j, station != j
    rows = np.concatenate([who, user[leaving]])
    columns = np.concatenate([hosted, arcs[leaving]])
    values = np.concatenate([ones, -np.ones(int(leaving.sum()))])
    model.add_rows(rows, columns, values, 0.0, 0.0, survival.problem.users)
    both = np.concatenate([who, user[staying]]), np.concatenate([where, station[staying]])
    _limit(model, after, *both, np.concatenate([hosted, arcs[staying]]))
