"""A plan that is at hand, learned or saved: made to keep the limits, given prices, and certified by them."""

from __future__ import annotations

import math

import numpy as np

from twinhop.placement.budget import Budget
from twinhop.placement.certificate import Certificate
from twinhop.placement.evaluation import evaluate
from twinhop.placement.price_ascent import PriceAscent
from twinhop.placement.problem import IntArray, PlacementProblem
from twinhop.placement.search import SWAP_USERS, Search
from twinhop.placement.seating import require_seats

#: Prices are raised until the best plan known costs at most this share more than the bound, or little more is gained.
NEAR = 0.02
#: Sweeps of moves over the users of a plan that no limit holds back.
SWEEPS = 2


def has_limits(problem: PlacementProblem) -> bool:
    """Whether seats, deadlines or demands may keep a user from a station that it can reach."""
    seats = problem.capacity[problem.capacity > 0]
    return problem.has_deadlines or problem.has_demand or bool((seats < problem.users).any())


def take_up(search: Search, host: IntArray) -> None:
    """Make a plan the search's, and improve it; nothing makes it dearer.

    Where no limit binds, users are moved among the stations in use. Else whoever does not fit is seated anew, by the
    shares that deadlines need, and users are moved and exchanged; where the stations in use cannot hold everybody,
    others open.

    Args:
        search: without a plan.
        host: (N,) the hosts; they may break any limit, but are on arcs that exist.

    Raises:
        InfeasibleProblem: proved: no plan keeps the limits.
    """
    search.offer(host)
    if not has_limits(search.problem):
        search.try_set(search.used(), sweeps=SWEEPS)
        return
    search.try_association(host)
    if not search.feasible:
        search.start()
    search.move()
    if search.problem.users <= SWAP_USERS:
        search.swap()


def priced(search: Search, steps: int) -> Certificate:
    """Prices that start from those at which the plan's stations just pay, and the bound that they prove.

    Halfway the stations that the prices open are tried, which may better the plan.

    Args:
        search: with a plan.
        steps: price steps, > 0.
    """
    ascent = PriceAscent(search)
    ascent.steps(steps - steps // 2)
    if not ascent.closed():
        ascent.try_open_set()
        ascent.steps(steps // 2)
    return ascent.certificate()


def bound_near(
    problem: PlacementProblem, host: IntArray, *, gap: float = NEAR, time_limit_s: float = math.inf
) -> tuple[float, float | None]:
    """A lower bound on all plans in a fraction of a solve, by prices that begin at those of a known plan.

    Args:
        problem: the problem.
        host: (N,) hosts of the known plan, which may break constraints; below 0 for nobody.
        gap: how near is near enough [1].
        time_limit_s: for raising the prices [s].

    Returns:
        The certified bound, and the cost of the best feasible plan met on the way, None where none was.

    Raises:
        InfeasibleProblem: proved: no plan keeps the constraints.
    """
    require_seats(problem)
    search = Search(problem, Budget(time_limit_s=time_limit_s, gap=gap))
    allowed = (host >= 0) & problem.allowed[np.arange(problem.users), np.maximum(host, 0)]
    if not allowed.all() or not search.offer(np.ascontiguousarray(host, np.int64)):
        search.start()
    ascent = PriceAscent(search)
    ascent.run()
    bound = ascent.certificate().lower_bound
    if not search.feasible:
        return bound, None
    return min(bound, search.unscaled(search.cost)), evaluate(problem, search.placement()).cost
