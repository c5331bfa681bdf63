"""Plans of a slot that begin where the twins are."""

from __future__ import annotations

import numpy as np

from twinhop.placement import InfeasibleProblem, PlacementProblem
from twinhop.placement.budget import Budget
from twinhop.placement.problem import IntArray
from twinhop.placement.search import Search


def plan_from(problem: PlacementProblem, host: IntArray) -> IntArray:
    """Improve hosts: users move, stations open and close, and users exchange hosts where seats or deadlines bind.

    Begun where the twins are, the local search has little left to do from slot to slot.

    Args:
        problem: of the slot, with whatever moves cost in it.
        host: (n,) where to begin; -1, or a host without room: the user is seated first.

    Returns:
        (n,) hosts that keep the limits of the problem; where no plan does, those given.
    """
    search = Search(problem, Budget())
    search.try_association(host)
    if not search.feasible:
        try:
            search.start()
        except InfeasibleProblem:
            return host
    binding = problem.has_deadlines or bool((problem.capacity < problem.users).any())
    search.improve(np.flatnonzero(problem.capacity > 0).tolist(), with_swaps=binding)
    return search.host if search.feasible else host
