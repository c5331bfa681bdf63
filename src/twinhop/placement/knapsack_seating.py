"""Seats under deadlines and demands: a plan whose knapsacks hold, or a proof that none exists (by HiGHS)."""

import numpy as np

from twinhop.placement.budget import Budget
from twinhop.placement.infeasibility import InfeasibilityProof, InfeasibleProblem
from twinhop.placement.mip import Model, Outcome
from twinhop.placement.problem import FloatArray, IntArray, PlacementProblem

#: Time for shrinking the set of users that proves infeasibility [s].
SHRINKING_S = 5.0


def seat_within_limits(problem: PlacementProblem, budget: Budget) -> IntArray | None:
    """Find hosts that keep capacities, deadlines and demands, by branch and bound on a pure feasibility problem.

    Args:
        problem: a problem with deadlines or demands, whose seats suffice without them.
        budget: time allowed.

    Returns:
        (N,) hosts, or None where the budget ran out first.

    Raises:
        InfeasibleProblem: proved: no plan keeps all meetable deadlines and all demand capacities.
    """
    users = np.arange(problem.users)
    outcome, host = _fits(problem, users, budget)
    if outcome is Outcome.INFEASIBLE:
        raise InfeasibleProblem(_proof(problem, budget))
    return host


def seat_on(problem: PlacementProblem, servers: int, budget: Budget) -> tuple[Outcome, IntArray | None]:
    """Find hosts that keep all limits and use exactly so many stations, or prove that there are none.

    Returns:
        How it ended, and (N,) hosts where they were found.
    """
    return _fits(problem, np.arange(problem.users), budget, servers)


def _fits(
    problem: PlacementProblem, users: IntArray, budget: Budget, servers: int | None = None
) -> tuple[Outcome, IntArray | None]:
    """Whether these users alone fit on the stations, or on so many of them, each in use."""
    allowed = problem.allowed[users]
    row, station = np.nonzero(allowed)
    model = Model(1e-9)
    arcs = model.add_binaries(row.size)
    model.add_rows(row, arcs, np.ones(row.size), 1.0, 1.0, users.size)
    seats = problem.capacity.astype(float)
    model.add_rows(station, arcs, np.ones(row.size), -np.inf, seats, problem.stations)
    for weight in _knapsacks(problem, users[row], station):
        model.add_rows(station, arcs, weight, -np.inf, 1.0, problem.stations)
    if servers is not None:
        _require_in_use(model, problem, arcs, station, servers)
    outcome = model.solve(budget)
    if outcome is not Outcome.OPTIMAL:
        return outcome, None
    values = model.values()
    assert values is not None
    taken = values[arcs] > 0.5
    host = np.empty(users.size, np.int64)
    host[row[taken]] = station[taken]
    return outcome, host


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
    found = []
    if problem.floor is not None:
        found.append(problem.floor[user, station] / problem.cpu[station])
    if problem.demand is not None and problem.demand_capacity is not None:
        capacity = problem.demand_capacity[station]
        found.append(problem.demand[user] / np.where(capacity > 0, capacity, 1.0))
    return found


def _proof(problem: PlacementProblem, budget: Budget) -> InfeasibilityProof:
    users = _smaller_set(problem, budget)
    stations = np.flatnonzero(problem.allowed[users].any(axis=0))
    who, where = problem.user_names(users), problem.station_names(stations)
    if problem.has_demand:
        kind = "demand"
        both = " with their deadlines kept" if problem.has_deadlines else ""
        message = f"the demands of {who} cannot be met together{both}: shared out in any way over {where}, some exceed"
        message += " a capacity"
    else:
        kind = "deadlines"
        message = (
            f"the deadlines of {who} cannot be kept together: only {where} can serve them, "
            f"and their minimum CPU shares do not fit"
        )
    return InfeasibilityProof(kind, message, tuple(users.tolist()), tuple(stations.tolist()))


def _smaller_set(problem: PlacementProblem, budget: Budget) -> IntArray:
    """Drop users in shrinking blocks while the rest is still proved infeasible (a deletion filter)."""
    users = np.arange(problem.users)
    clock = Budget(min(SHRINKING_S, budget.remaining_s()))
    block = max(1, users.size // 2)
    while not clock.exhausted() and not budget.interrupted:
        shrunk = False
        for start in range(0, users.size, block):
            rest = np.delete(users, np.s_[start : start + block])
            if rest.size and _fits(problem, rest, clock)[0] is Outcome.INFEASIBLE:
                users, shrunk = rest, True
                break
        if not shrunk:
            if block == 1:
                break
            block = max(1, block // 2)
    return users
