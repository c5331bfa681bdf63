"""Seats under deadlines: a plan whose minimum CPU shares fit, or a proof that none exists (by HiGHS)."""

import numpy as np

from twinhop.placement.budget import Budget
from twinhop.placement.infeasibility import InfeasibilityProof, InfeasibleProblem
from twinhop.placement.mip import Model, Outcome
from twinhop.placement.problem import IntArray, PlacementProblem

#: Time for shrinking the set of users that proves infeasibility [s].
SHRINKING_S = 5.0


def seat_within_deadlines(problem: PlacementProblem, budget: Budget) -> IntArray | None:
    """Find hosts that keep capacities and deadlines, by branch and bound on a pure feasibility problem.

    Args:
        problem: a problem with deadlines, whose seats suffice without them.
        budget: time allowed.

    Returns:
        (N,) hosts, or None where the budget ran out first.

    Raises:
        InfeasibleProblem: proved: no plan keeps all meetable deadlines.
    """
    users = np.arange(problem.users)
    outcome, host = _fits(problem, users, budget)
    if outcome is Outcome.INFEASIBLE:
        raise InfeasibleProblem(_proof(problem, budget))
    return host


def _fits(problem: PlacementProblem, users: IntArray, budget: Budget) -> tuple[Outcome, IntArray | None]:
    """Whether these users alone fit on the stations."""
    assert problem.floor is not None
    allowed = problem.allowed[users]
    row, station = np.nonzero(allowed)
    model = Model(1e-9)
    arcs = model.add_binaries(row.size)
    weight = problem.floor[users][row, station] / problem.cpu[station]
    model.add_rows(row, arcs, np.ones(row.size), 1.0, 1.0, users.size)
    seats = problem.capacity.astype(float)
    model.add_rows(station, arcs, np.ones(row.size), -np.inf, seats, problem.stations)
    model.add_rows(station, arcs, weight, -np.inf, 1.0, problem.stations)
    outcome = model.solve(budget)
    if outcome is not Outcome.OPTIMAL:
        return outcome, None
    values = model.values()
    assert values is not None
    taken = values[arcs] > 0.5
    host = np.empty(users.size, np.int64)
    host[row[taken]] = station[taken]
    return outcome, host


def _proof(problem: PlacementProblem, budget: Budget) -> InfeasibilityProof:
    users = _smaller_set(problem, budget)
    stations = np.flatnonzero(problem.allowed[users].any(axis=0))
    message = (
        f"the deadlines of {problem.user_names(users)} cannot be kept together: only "
        f"{problem.station_names(stations)} can serve them, and their minimum CPU shares do not fit"
    )
    return InfeasibilityProof("deadlines", message, tuple(users.tolist()), tuple(stations.tolist()))


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
