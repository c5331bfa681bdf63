"""The trade-off curve: for every number of servers in use the best plan found, and a bound on all such plans.

A plan uses a station if it hosts a twin there. The bound of a number holds for every plan that *opens* so many
stations, in use or not, and so for those that use them all.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from twinhop.errors import InputError
from twinhop.placement.budget import Budget
from twinhop.placement.certificate import Certificate, bound_below
from twinhop.placement.problem import PlacementProblem
from twinhop.placement.seating import require_seats
from twinhop.placement.solve import check_limits, check_seed
from twinhop.placement.tradeoff_point import TradeoffPoint
from twinhop.placement.tradeoff_walk import TradeoffWalk
from twinhop.text import counted, figure, in_a_line, in_percent


@dataclass(frozen=True)
class TradeoffCurve:
    """The best plan found for every number of servers.

    Attributes:
        problem: what was planned.
        fewest: the fewest servers that can hold all users.
        most: the most servers asked for.
        points: one for each number of servers reached, in order.
        certificate: no plan at all costs less than its bound, whatever its number of servers.
        seconds: time of the solve alone [s].
        seed: of the walks.
        interrupted: whether Ctrl-C ended it early.
        timed_out: whether the time limit did.
    """

    problem: PlacementProblem = field(repr=False)
    fewest: int
    most: int
    points: tuple[TradeoffPoint, ...] = field(repr=False)
    certificate: Certificate = field(repr=False)
    seconds: float
    seed: int
    interrupted: bool
    timed_out: bool

    def __repr__(self) -> str:
        parts = (counted(len(self.points), "point"), figure("bound", self.lower_bound), in_percent("gap", self.gap))
        return in_a_line(self, self.problem.size_in_words, *parts)

    @property
    def best(self) -> TradeoffPoint | None:
        """The point of least cost; None where no plan was found."""
        feasible = [point for point in self.points if point.evaluation is not None]
        return min(feasible, key=lambda point: point.cost, default=None)

    @property
    def lower_bound(self) -> float:
        """No feasible plan costs less."""
        bound = self.certificate.lower_bound
        return bound if self.best is None else bound_below(self.best.cost, bound, self.certificate.method)

    @property
    def gap(self) -> float | None:
        """The share cost / bound - 1 of the best plan; None without one or without a bound > 0."""
        if self.best is None or self.lower_bound <= 0:
            return None
        return self.best.cost / self.lower_bound - 1

    @property
    def missing(self) -> tuple[int, ...]:
        """Numbers of servers that were not reached."""
        reached = {point.servers for point in self.points}
        return tuple(m for m in range(self.fewest, self.most + 1) if m not in reached)


def trade_off(
    problem: PlacementProblem,
    *,
    most: int | None = None,
    seed: int = 0,
    time_limit_s: float = math.inf,
    gap: float | None = None,
    on_progress: Callable[[float, float], None] | None = None,
) -> TradeoffCurve:
    """The best plan and a certified bound for every number of servers in use.

    Args:
        problem: what to plan.
        most: the most servers looked at; None: every station that may host.
        seed: of the walks.
        time_limit_s: wall-clock limit of all points together [s].
        gap: go on at each point until cost / bound - 1 is at most this; None: until little more is gained.
        on_progress: called with the cost of the best plan and the bound on all plans so far.

    Returns:
        The curve. Ctrl-C and the time limit leave points out; what is there is valid.

    Raises:
        InfeasibleProblem: proved: no plan keeps the constraints.
        InputError: an argument is out of range.
    """
    check_limits(time_limit_s, gap)
    check_seed(seed)
    require_seats(problem)
    hosts = int((problem.capacity > 0).sum())
    last = hosts if most is None else most
    if not problem.least_open <= last <= hosts:
        raise InputError(
            f"most: got {most}; expected from {problem.least_open} (the fewest servers that can hold all "
            f"{problem.users} users) to {hosts} (the stations that may host)"
        )
    budget = Budget(time_limit_s, gap, on_progress)
    with budget.catch_interrupt():
        walk = TradeoffWalk(problem, seed, budget, last)
        walk.run()
        seconds = budget.elapsed_s()
    return TradeoffCurve(
        problem=problem,
        fewest=problem.least_open,
        most=last,
        points=walk.points(),
        certificate=walk.certificate(),
        seconds=seconds,
        seed=seed,
        interrupted=budget.interrupted,
        timed_out=not budget.interrupted and seconds >= time_limit_s,
    )
