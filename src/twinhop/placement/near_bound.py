"""A certified bound in a fraction of a solve, where a good plan is known: by prices alone, without a search."""

import math

import numpy as np

from twinhop.placement.budget import Budget
from twinhop.placement.evaluation import evaluate
from twinhop.placement.price_ascent import PriceAscent
from twinhop.placement.problem import IntArray, PlacementProblem
from twinhop.placement.search import Search
from twinhop.placement.seating import require_seats

#: Prices are raised until the best plan known costs at most this share more than the bound, or little more is gained.
NEAR = 0.02


def bound_near(
    problem: PlacementProblem, host: IntArray, *, gap: float = NEAR, time_limit_s: float = math.inf
) -> tuple[float, float | None]:
    """A lower bound on all plans, by prices that begin at those of a known plan.

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
