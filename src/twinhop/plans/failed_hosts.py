"""What a placement problem becomes when hosts fail: who may move, and what becomes of deadlines."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from twinhop.errors import InputError
from twinhop.placement import InfeasibilityProof, Placement, PlacementProblem
from twinhop.placement.problem import IntArray

STAY, FREE = "stay", "free"
KEEP, COUNT = "keep", "count"


@dataclass(frozen=True)
class FailureRules:
    """How users go on once hosts have failed.

    Attributes:
        moves: ``stay``: only users of the hosts that fail move; ``free``: all may.
        deadlines: ``keep``: deadlines hold after the failure too; ``count``: where they cannot all be kept they are
            left aside, and those who are late are counted.
    """

    moves: str = FREE
    deadlines: str = KEEP

    def __post_init__(self) -> None:
        for name, value, accepted in (
            ("failure moves", self.moves, (STAY, FREE)),
            ("failure deadlines", self.deadlines, (KEEP, COUNT)),
        ):
            if value not in accepted:
                raise InputError(f"{name}: got {value!r}; expected {accepted[0]} or {accepted[1]}")


def asked_rules(moves: str | None, deadlines: str | None, *, asked: bool) -> FailureRules:
    """The rules that were asked for; without any, all users may move and deadlines hold.

    Args:
        moves: as of `FailureRules`, or None.
        deadlines: likewise.
        asked: whether it is asked for what happens after failures at all.

    Raises:
        InputError: a rule is unknown, or given though nothing is asked for.
    """
    if not asked and (moves is not None or deadlines is not None):
        raise InputError(
            "failure moves, failure deadlines: they say what holds after a failure; expected with spare, without each "
            "or without any"
        )
    return FailureRules(moves or FREE, deadlines or KEEP)


@dataclass(frozen=True)
class FailureCase:
    """One failure, and the best that was found to do about it.

    Attributes:
        stations: indices of the stations that fail as hosts.
        displaced: users whose host fails.
        placement: the plan after the failure, None where there is none.
        cost: what it costs, None where there is none.
        lower_bound: no plan after the failure costs less; None without a certificate.
        moved: users who are hosted elsewhere than before.
        late: users whose deadline it misses, which it need not keep.
        newly_unmeetable: users whose deadline no host that is left could keep even alone; planned without it.
        violations: constraints that it breaks, deadlines that are counted aside.
        proof: why no plan keeps the constraints, where that was proved.
        seconds: what the solve took [s].
    """

    stations: tuple[int, ...]
    displaced: tuple[int, ...]
    placement: Placement | None = field(default=None, repr=False)
    cost: float | None = None
    lower_bound: float | None = None
    moved: tuple[int, ...] = ()
    late: tuple[int, ...] = ()
    newly_unmeetable: tuple[int, ...] = ()
    violations: int = 0
    proof: InfeasibilityProof | None = None
    seconds: float = 0.0

    @property
    def status(self) -> str:
        """``impossible`` (proved), ``violated``, ``late`` or ``kept``."""
        if self.placement is None:
            return "impossible"
        if self.violations:
            return "violated"
        return "late" if self.late or self.newly_unmeetable else "kept"

    @property
    def gap(self) -> float | None:
        """Cost / bound - 1, or None."""
        if self.cost is None or self.lower_bound is None or self.lower_bound <= 0 or self.violations:
            return None
        return self.cost / self.lower_bound - 1


def problem_after(
    problem: PlacementProblem,
    failed: Sequence[int],
    host: IntArray | None = None,
    *,
    deadlines: bool = True,
    opening: bool = True,
) -> PlacementProblem:
    """The problem once some hosts have failed; their seats are 0, their radios go on working.

    Args:
        problem: before the failure.
        failed: indices of the stations that fail as hosts.
        host: (N,) hosts before it, on which all users stay who can; None: all may move.
        deadlines: whether they still hold.
        opening: whether opening still costs.

    Returns:
        A problem in which users who stay have no other link. Who could keep the deadline on hosts that failed alone is
        `unmeetable` in it, and planned without.
    """
    capacity = problem.capacity.copy()
    capacity[list(failed)] = 0
    changes: dict = {"capacity": capacity}
    if host is not None:
        staying = np.flatnonzero(~np.isin(host, list(failed)))
        comm_s = problem.comm_s.copy()
        comm_s[staying] = np.inf
        comm_s[staying, host[staying]] = problem.comm_s[staying, host[staying]]
        changes["comm_s"] = comm_s
    if not deadlines:
        changes |= dict.fromkeys(("update_comm_s", "update_work", "deadline_s"))
    if not opening:
        changes["opening_s"] = np.zeros(problem.stations)
    return replace(problem, **changes)
