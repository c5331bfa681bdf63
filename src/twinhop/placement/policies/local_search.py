"""Local search: move, swap, open and close from the plan with every station open."""

import numpy as np

from twinhop.placement.budget import Budget
from twinhop.placement.policy import Decision
from twinhop.placement.problem import PlacementProblem
from twinhop.placement.search import Search

#: Pairs of stations tried at most for interchange, once nothing else helps.
INTERCHANGES = 500


def local_search(problem: PlacementProblem, rng: np.random.Generator, budget: Budget) -> Decision:
    """Cheapest hosts with every station open, then move, swap, open, close and interchange until none helps.

    Stations are opened and closed in a random order drawn from the policy's own stream.
    """
    search = Search(problem, budget)
    search.start()
    stations = rng.permutation(np.flatnonzero(problem.capacity > 0))
    pairs = [(a, b) for at, a in enumerate(stations) for b in stations[:at]]
    search.improve(stations, pairs[:INTERCHANGES])
    return Decision(search.placement())
