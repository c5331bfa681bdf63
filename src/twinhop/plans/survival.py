"""Whether a plan goes on when any one of its servers fails, and what every plan that does must open."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cached_property

import numpy as np

from twinhop.placement import InfeasibilityProof, InfeasibleProblem, PlacementProblem
from twinhop.placement.budget import Budget, SubBudget
from twinhop.placement.knapsack_seating import seat_users
from twinhop.placement.mip import MipStatus
from twinhop.placement.problem import BoolArray, IntArray, fewest_that_hold
from twinhop.placement.search import Search
from twinhop.placement.seating import require_seats
from twinhop.placement.shortage import priced_shortage, shares
from twinhop.placement.station_load import NOBODY
from twinhop.plans.failed_hosts import KEEP, STAY, FailureRules, problem_after

#: Time for one question whether users fit under deadlines or demands [s].
QUESTION_S = 1.0
#: What a sum of minimum shares or demands may lose by rounding, as a share.
ROUNDING = 1e-9


class Survival:
    """What becomes of a problem's plans when one opened server fails.

    Of deadlines after the failure those are kept that some other station could keep for the user alone, whether opened
    or not; see `problem_after`.

    Args:
        problem: before any failure.
        rules: who may move, and whether deadlines hold after a failure.
        budget: time allowed.
    """

    def __init__(self, problem: PlacementProblem, rules: FailureRules, budget: Budget):
        self.problem, self.rules, self.budget = problem, rules, budget
        self.keeps = rules.deadlines == KEEP and problem.has_deadlines
        self.hosts: IntArray = np.flatnonzero(problem.capacity > 0)
        self._excused: dict[int, IntArray] = {}
        self._proved: dict[tuple[int, bytes, bytes], IntArray] = {}
        self._known: dict[tuple[bool, int, bytes], bool | None] = {}

    def excused(self, k: int) -> IntArray:
        """Users whose deadline no station but k could keep, even alone: after its failure they have none."""
        if k not in self._excused:
            after = problem_after(self.problem, [k])
            self._excused[k] = after.unmeetable if self.keeps else np.empty(0, np.int64)
        return self._excused[k]

    def after(
        self, k: int, opened: BoolArray, host: IntArray | None, *, deadlines: bool | None = None
    ) -> PlacementProblem:
        """The problem on the other opened servers once k has failed; their opening is paid already.

        Args:
            k: the server that fails.
            opened: (M,) servers that were opened.
            host: (N,) hosts before the failure, where users stay; None: all may move.
            deadlines: whether they hold; None: by the rules.
        """
        failed = np.union1d(np.flatnonzero(~opened), [k])
        hold = self.keeps if deadlines is None else deadlines
        return problem_after(self.problem, failed.tolist(), host, deadlines=hold, opening=False)

    def seats_after(
        self, k: int, opened: BoolArray, host: IntArray | None, *, prove: bool = False
    ) -> tuple[bool | None, IntArray | None]:
        """Whether all users have a host after the failure of k; None where it is not known.

        Args:
            k: the server that fails.
            opened: (M,) servers that were opened.
            host: (N,) hosts before the failure, as of `after`.
            prove: go on, by a linear program and by branch and bound, where no plan is found quickly.

        Returns:
            What is known, and (N,) hosts where deadlines or demands hold and hosts were found.
        """
        problem = self.after(k, opened, host)
        if self.keeps and np.setdiff1d(problem.unmeetable, self.excused(k)).size:
            return False, None
        try:
            require_seats(problem)
        except InfeasibleProblem:
            return False, None
        if not problem.has_deadlines and not problem.has_demand:
            return True, None
        search = Search(problem, self.budget)
        begin = np.full(problem.users, NOBODY, np.int64)
        starts = [begin]
        if host is not None:
            starts.insert(0, np.where(problem.allowed[np.arange(problem.users), host], host, NOBODY))
        for start in starts:
            if search.try_set(problem.capacity > 0, start):
                return True, search.host
        key = k, opened.tobytes(), b"" if host is None else host.tobytes()
        if key in self._proved:
            return True, self._proved[key]
        answer, found = self._by_proof(problem, search) if prove else (None, None)
        if found is not None:
            self._proved[key] = found
        return answer, found

    def _by_proof(self, problem: PlacementProblem, search: Search) -> tuple[bool | None, IntArray | None]:
        clock = SubBudget(QUESTION_S, whole=self.budget)
        if priced_shortage(shares(problem), problem.allowed, clock) is not None:
            return False, None
        status, host = seat_users(problem, np.arange(problem.users), clock, confirmed=True)
        if status is MipStatus.INFEASIBLE:
            return False, None
        return (True, search.host) if host is not None and search.offer(host) else (None, None)

    def survives(self, opened: BoolArray, host: IntArray, *, prove: bool = False) -> bool | None:
        """Whether a plan goes on whichever of its servers fails; None where that is not known.

        Args:
            opened: (M,) servers that are opened, those in use among them.
            host: (N,) hosts, which keep all constraints.
            prove: as of `seats_after`.
        """
        twins = np.bincount(host, minlength=opened.size)
        known: bool | None = True
        for k in sorted(np.flatnonzero(twins).tolist(), key=lambda k: -twins[k]):
            if self.rules.moves == STAY:
                answer = self.seats_after(k, opened, host, prove=prove)[0]
            else:
                answer = self._free_seats(k, opened, prove)
            if answer is False:
                return False
            known = known if answer else None
        return known

    def may_survive(self, opened: BoolArray) -> bool | None:
        """Whether all users have a host after the failure of any of these servers, if all may move; exact where known.

        Where that is not so, no plan on these servers survives, nor on some of them: by either rule of moves.
        """
        if not self._may_by_numbers(opened):
            return False
        known: bool | None = True
        for k in np.flatnonzero(opened).tolist():
            answer = self._free_seats(k, opened, True)
            if answer is False:
                return False
            known = known if answer else None
        return known

    def _may_by_numbers(self, opened: BoolArray) -> bool:
        seats = np.minimum(self.problem.capacity, self.problem.users)[opened]
        return bool(seats.size > 1 and seats.sum() - seats.max() >= self.problem.users)

    def _free_seats(self, k: int, opened: BoolArray, prove: bool) -> bool | None:
        key = prove, k, opened.tobytes()
        proved = self._known.get((True, *key[1:]))
        if proved is not None:
            return proved
        if key not in self._known:
            self._known[key] = self.seats_after(k, opened, None, prove=prove)[0]
        return self._known[key]

    def least_open(self) -> int:
        """The fewest servers of a plan that survives: without the largest the others hold everyone.

        By seats, by demands, and, where deadlines are kept, by the least minimum shares of CPU.
        """
        problem, hosts = self.problem, self.hosts
        least = max(2, 1 + _held(np.minimum(problem.capacity, problem.users)[hosts], problem.users))
        if problem.demand is not None:
            least = max(least, 1 + _held(problem.demand_room[hosts], math.fsum(problem.demand) * (1 - ROUNDING)))
        if self.keeps and problem.floor is not None:
            share = problem.floor.min(axis=1)
            for k in hosts.tolist():
                share[self.excused(k)] = 0.0
            least = max(least, 1 + _held(problem.cpu_room[hosts], math.fsum(share) * (1 - ROUNDING)))
        return least

    def always_open(self) -> IntArray:
        """Servers that every plan that survives opens: of a user with two possible hosts both."""
        arcs = self.problem.allowed if self.keeps else self._hostable
        return np.flatnonzero(arcs[arcs.sum(axis=1) <= 2].any(axis=0))

    @cached_property
    def _hostable(self) -> BoolArray:
        """(N, M) links that may be used where deadlines do not hold."""
        return problem_after(self.problem, [], deadlines=False).allowed

    def no_plan(self) -> InfeasibilityProof:
        """What is said where every part of the plans is ruled out."""
        words = "no plan survives every failure: every set of servers was ruled out"
        return InfeasibilityProof("spare", words, tuple(range(self.problem.users)), tuple(self.hosts.tolist()))

    def require_numbers(self) -> None:
        """Raise InfeasibleProblem where hosts, links or sums of seats, CPU and demands leave no plan that survives."""
        problem, hosts = self.problem, self.hosts
        names = problem.station_names(hosts.tolist())
        if hosts.size < 2:
            raise _no_spare(f"only {names} may host: when it fails, no host is left", range(problem.users), hosts)
        alone = np.flatnonzero(self._hostable.sum(axis=1) == 1)
        if alone.size:
            only = np.flatnonzero(self._hostable[alone].any(axis=0))
            which = f"{problem.user_names(alone.tolist())} can be hosted on one station alone"
            raise _no_spare(
                f"{which} ({problem.station_names(only.tolist())}); when it fails there is none", alone, only
            )
        if self.least_open() > hosts.size:
            raise _no_spare(
                f"{names} hold {problem.users} users only together: without the largest the others have too few seats, "
                "or too little demand capacity or CPU",
                range(problem.users),
                hosts,
            )

    def require_hosts(self) -> None:
        """Raise InfeasibleProblem where even with all hosts open a failure is proved to leave somebody without a host.

        Fewer servers only make that harder.
        """
        problem, hosts = self.problem, self.hosts
        opened = problem.capacity > 0
        for k in hosts.tolist():
            if self._free_seats(k, opened, True) is False:
                hint = "; without deadlines after a failure (count) there may be one" if self.keeps else ""
                raise _no_spare(
                    f"after the failure of {problem.station_name(k)} the other {hosts.size - 1} stations cannot host "
                    f"all {problem.users} users{' in time' if self.keeps else ''}{hint}",
                    range(problem.users),
                    np.delete(hosts, np.searchsorted(hosts, k)),
                )


def _held(room: np.ndarray, total: float) -> int:
    """The fewest of the rooms but the largest that hold a total; more than there are where they do not."""
    return fewest_that_hold(np.sort(room)[:-1], total) if total > 0 else 0


def _no_spare(message: str, users: Iterable[int], stations: IntArray) -> InfeasibleProblem:
    words = f"no plan survives every failure: {message}"
    return InfeasibleProblem(InfeasibilityProof("spare", words, tuple(int(i) for i in users), tuple(stations.tolist())))
