"""A plan within deadlines and demands; or users, as few as can be found, for whom there is none."""

import numpy as np

from twinhop.placement.budget import Budget, SubBudget
from twinhop.placement.infeasibility import InfeasibilityProof, InfeasibleProblem
from twinhop.placement.knapsack_seating import seat_users, without_share
from twinhop.placement.mip import MipStatus
from twinhop.placement.problem import IntArray, PlacementProblem
from twinhop.placement.shortage import copies, crowded_station, priced_shortage, shares

#: Time for finding fewer users that prove infeasibility, and for one question about them [s].
SHRINKING_S, QUESTION_S = 3.0, 0.5
#: The hardest users to serve are looked at by themselves first: so many, twice as many, up to this share of all.
FIRST_FEW, LARGEST_FEW = 8, 0.25


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
    shrinking = _Shrinking(problem, budget)
    users, everyone, host = shrinking.first_proof(), np.arange(problem.users), None
    if users is None:
        status, host = seat_users(problem, everyone, budget, confirmed=True)
        if status is not MipStatus.INFEASIBLE:
            return host
        users = everyone
    users, minimal = shrinking.fewest(users)
    if shrinking.is_confirmed(users):
        raise InfeasibleProblem(_proof(problem, users, minimal))
    status, host = seat_users(problem, everyone, budget, confirmed=True)
    if status is MipStatus.INFEASIBLE:
        raise InfeasibleProblem(_proof(problem, everyone, False))
    return host


class _Shrinking:
    """Looks for few users who prove that not all can be served.

    Args:
        problem: the problem.
        budget: time allowed in all.
    """

    def __init__(self, problem: PlacementProblem, budget: Budget):
        self._problem, self._budget = problem, budget
        self._usage = shares(problem)
        self._copies = copies(self._usage, problem.allowed)

    def first_proof(self) -> IntArray | None:
        """Users who do not fit, where one station, few users or prices show it; else None."""
        crowded = crowded_station(self._usage, self._problem.allowed)
        if crowded is not None:
            return crowded
        hardest = np.argsort(self._copies, kind="stable")
        few = FIRST_FEW
        while few <= LARGEST_FEW * hardest.size and not self._budget.exhausted():
            users = self._short(hardest[:few], self._budget)[0]
            if users is not None:
                return users
            few *= 2
        return self._shortage(np.arange(self._problem.users), self._budget)

    def fewest(self, users: IntArray) -> tuple[IntArray, bool]:
        """Drop users while the rest still do not fit: by prices, then in blocks of half as many each time.

        Those that were needed once stay needed when others are dropped, and are not asked about again.

        Returns:
            The users left, and whether none of them can be dropped.
        """
        clock = SubBudget(SHRINKING_S, whole=self._budget)
        users = self._by_prices(users, clock)
        users = users[np.argsort(-self._copies[users], kind="stable")]
        block = max(1, users.size // 2)
        while True:
            users, certain = self._drop_blocks(users, block, clock)
            if block == 1 or clock.exhausted():
                return np.sort(users), certain and not clock.exhausted()
            block = max(1, min(block, users.size) // 2)

    def is_confirmed(self, users: IntArray) -> bool:
        """Whether prices show that the users do not fit, or branch and cut does so twice, once without presolve."""
        if self._shortage(users, self._budget) is not None:
            return True
        return seat_users(self._problem, users, self._budget, confirmed=True)[0] is MipStatus.INFEASIBLE

    def _by_prices(self, users: IntArray, clock: Budget) -> IntArray:
        while True:
            fewer = self._shortage(users, clock)
            if fewer is None or fewer.size >= users.size:
                return users
            users = fewer

    def _drop_blocks(self, users: IntArray, block: int, clock: Budget) -> tuple[IntArray, bool]:
        """Try once to drop each block; the users left, and whether every block kept is proved to be needed."""
        at, certain = 0, True
        while at < users.size and not clock.exhausted():
            rest = np.delete(users, np.s_[at : at + block])
            fewer, status = self._short(rest, clock)
            if fewer is None:
                at += block
                certain &= status is MipStatus.OPTIMAL
            else:
                remaining = np.isin(users, fewer)
                at = int(remaining[:at].sum())
                users = users[remaining]
        return users, certain

    def _short(self, users: IntArray, clock: Budget) -> tuple[IntArray | None, MipStatus]:
        """Those of the users who are proved not to fit, or None; and what is known: OPTIMAL where all fit."""
        if not users.size:
            return None, MipStatus.OPTIMAL
        short = self._shortage(users, clock)
        if short is not None:
            return short, MipStatus.INFEASIBLE
        status, _ = seat_users(self._problem, users, SubBudget(QUESTION_S, whole=clock))
        return (users if status is MipStatus.INFEASIBLE else None), status

    def _shortage(self, users: IntArray, clock: Budget) -> IntArray | None:
        short = priced_shortage(self._usage[:, users], self._problem.allowed[users], clock)
        return None if short is None else users[short]


def _proof(problem: PlacementProblem, users: IntArray, minimal: bool) -> InfeasibilityProof:
    stations = np.flatnonzero(problem.allowed[users].any(axis=0))
    who, where = problem.user_names(users), problem.station_names(stations)
    if problem.has_demand:
        kind = "demand"
        both = " with their deadlines kept" if problem.has_deadlines else ""
        message = f"the demands of {who} cannot be met together{both}: shared out in any way over {where}, some exceed"
        message += " a capacity"
        if problem.weight is not None:
            message = f"the users of {who} do not fit whole{both}: shared out in any way over {where}, some exceed the "
            message += "seats"
    else:
        kind = "deadlines"
        message = (
            f"the deadlines of {who} cannot be kept together: only {where} can serve them, "
            f"and their minimum CPU shares do not fit{_numbers(problem, users, stations)}"
        )
        message += _starved(problem, users)
    message += (
        "; leave out any one of them, and the rest of them fit"
        if minimal
        else "; this is the smallest such set found, perhaps not all of them are needed"
    )
    return InfeasibilityProof(kind, message, tuple(users.tolist()), tuple(stations.tolist()), minimal)


def _starved(problem: PlacementProblem, users: IntArray) -> str:
    """Who has work and no minimum share, so that those of the others may not take all the CPU."""
    row, station = np.nonzero(problem.allowed[users])
    starved = users[np.unique(row[without_share(problem, users[row], station)])]
    return f" and leave CPU for {problem.user_names(starved)}" if starved.size else ""


def _numbers(problem: PlacementProblem, users: IntArray, stations: IntArray) -> str:
    """What is wanted and what there is, where one station alone serves the users."""
    assert problem.floor is not None
    if (problem.capacity[stations] < users.size).any():
        return " within the seats there"
    if stations.size > 1:
        return ""
    required, cpu = float(problem.floor[users, stations[0]].sum()), float(problem.cpu[stations[0]])
    return f": {required / 1e9:.4g} of {cpu / 1e9:.4g} Gcycle/s"
