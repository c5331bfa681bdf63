"""Local search: move, swap, open and close from the plan with every station open."""

import numpy as np

from twinhop.placement.budget import Budget
from twinhop.placement.policy import Decision
from twinhop.placement.problem import PlacementProblem
from twinhop.placement.search import Search


def local_search(problem: PlacementProblem, rng: np.random.Generator, budget: Budget) -> Decision:
    """Cheapest hosts with every station open, then the best of move, swap, open and close until none helps.

    Stations are opened and closed in a random order drawn from the policy's own stream.
    """
    search = Search(problem, budget)
    search.start()
    search.improve(rng.permutation(np.flatnonzero(problem.capacity > 0)))
    return Decision(search.placement())
