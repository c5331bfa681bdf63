"""Whether some users fit on the stations within seats, deadlines and demands: by branch and bound (HiGHS)."""

import numpy as np

from twinhop.placement.budget import Budget
from twinhop.placement.mip import MipStatus, Model
from twinhop.placement.problem import BoolArray, FloatArray, IntArray, PlacementProblem

#: The share of a CPU that minimum shares leave where somebody without one has work: above the tolerance of a row.
LEFT = 5e-9


def seat_users(
    problem: PlacementProblem,
    users: IntArray,
    budget: Budget,
    servers: int | None = None,
    *,
    confirmed: bool = False,
) -> tuple[MipStatus, IntArray | None]:
    """Find hosts of these users alone, the others left out, or prove that there are none.

    Args:
        problem: the problem.
        users: indices of the users, n of them.
        budget: time allowed.
        servers: so many stations must be in use; any number by default.
        confirmed: that there are none is asked a second time, without presolve.

    Returns:
        How it ended, and (n,) hosts where they were found.
    """
    allowed = problem.allowed[users]
    row, station = np.nonzero(allowed)
    model = Model(1e-9)
    arcs = model.add_binaries(row.size)
    model.add_rows(row, arcs, np.ones(row.size), 1.0, 1.0, users.size)
    seats = problem.capacity.astype(float)
    model.add_rows(station, arcs, np.ones(row.size), -np.inf, seats, problem.stations)
    for weight in _knapsacks(problem, users[row], station):
        model.add_rows(station, arcs, weight, -np.inf, 1.0, problem.stations)
    _leave_some_cpu(model, problem, arcs, users[row], station)
    if servers is not None:
        _require_in_use(model, problem, arcs, station, servers)
    status = model.solve(budget, confirmed=confirmed)
    if status is not MipStatus.OPTIMAL:
        return status, None
    values = model.values()
    assert values is not None
    used = values[arcs] > 0.5
    host = np.empty(users.size, np.int64)
    host[row[used]] = station[used]
    return status, host


def seat_on(problem: PlacementProblem, servers: int, budget: Budget) -> tuple[MipStatus, IntArray | None]:
    """Find hosts that keep all limits and use exactly so many stations, or prove that there are none.

    Returns:
        How it ended, and (N,) hosts where they were found.
    """
    return seat_users(problem, np.arange(problem.users), budget, servers, confirmed=True)


def without_share(problem: PlacementProblem, user: IntArray, station: IntArray) -> BoolArray:
    """(arcs,) users with work and no minimum share there: where those of others take all the CPU, they never answer."""
    if problem.floor is None:
        return np.zeros(user.size, bool)
    return (problem.root_work[user] > 0) & (problem.floor[user, station] == 0)


def _leave_some_cpu(model: Model, problem: PlacementProblem, arcs: IntArray, user: IntArray, station: IntArray) -> None:
    """Beside a user with work and no minimum share those of others leave some CPU: ``sum share a + left z <= 1``."""
    each = np.flatnonzero(without_share(problem, user, station))
    if not each.size or problem.floor is None:
        return
    beside = model.add_columns(np.zeros(problem.stations), 1.0)  # z_k >= a_ik of such users
    count, ones = np.arange(each.size), np.ones(each.size)
    rows, columns = np.concatenate([count, count]), np.concatenate([arcs[each], beside[station[each]]])
    model.add_rows(rows, columns, np.concatenate([ones, -ones]), -np.inf, 0.0, each.size)
    rows = np.concatenate([station, np.arange(problem.stations)])
    weight = np.concatenate([problem.floor[user, station] / problem.cpu[station], np.full(problem.stations, LEFT)])
    model.add_rows(rows, np.concatenate([arcs, beside]), weight, -np.inf, 1.0, problem.stations)


def _require_in_use(model: Model, problem: PlacementProblem, arcs: IntArray, station: IntArray, servers: int) -> None:
    """Exactly so many stations host somebody: ``a_ik <= y_k <= sum_i a_ik`` and ``sum_k y_k = servers``."""
    stations, each = np.arange(problem.stations), np.arange(arcs.size)
    used, ones, many = model.add_binaries(problem.stations), np.ones(arcs.size), np.ones(problem.stations)
    pairs, columns = np.concatenate([each, each]), np.concatenate([arcs, used[station]])
    model.add_rows(pairs, columns, np.concatenate([ones, -ones]), -np.inf, 0.0, arcs.size)
    rows, columns = np.concatenate([station, stations]), np.concatenate([arcs, used])
    model.add_rows(rows, columns, np.concatenate([ones, -many]), 0.0, np.inf, problem.stations)
    model.add_rows(np.zeros(problem.stations, int), used, many, servers, servers, 1)


def _knapsacks(problem: PlacementProblem, user: IntArray, station: IntArray) -> list[FloatArray]:
    """What each arc takes of its station's CPU and of its demand capacity, as shares; one entry a kind of limit."""
    weights = []
    if problem.floor is not None:
        weights.append(problem.floor[user, station] / problem.cpu[station])
    if problem.demand is not None and problem.demand_capacity is not None:
        capacity = problem.demand_capacity[station]
        weights.append(problem.demand[user] / np.where(capacity > 0, capacity, 1.0))
    return weights
