"""The ADD heuristic of facility location."""

from collections.abc import Iterator

import numpy as np

from twinhop.placement.budget import Budget
from twinhop.placement.policy import Decision
from twinhop.placement.problem import BoolArray, PlacementProblem
from twinhop.placement.search import Search
from twinhop.placement.station_load import NOBODY


def greedy(problem: PlacementProblem, rng: np.random.Generator, budget: Budget) -> Decision:
    """Open stations one at a time, each time the one that saves most, until none does.

    It starts from the best single station; where no single one can host everybody, from the fewest that can, taken in
    order of the number of users each can host.
    Source: Kuehn and Hamburger, A heuristic program for locating warehouses (1963).
    """
    search = Search(problem, budget)
    nobody = np.full(problem.users, NOBODY, np.int64)
    for k in np.flatnonzero(problem.capacity > 0):
        if budget.exhausted():
            break
        search.try_set(np.arange(problem.stations) == k, nobody)
    for opened in _prefixes(problem):
        if search.feasible or budget.exhausted():
            break
        search.try_set(opened, nobody)
    if not search.feasible:
        search.start()
    while search.feasible and not budget.exhausted() and search.add_best():
        pass
    if budget.exhausted():  # far from done, so that even everything open may be better
        search.try_set(problem.capacity > 0, nobody, sweeps=1)
    return Decision(search.placement())


def _prefixes(problem: PlacementProblem) -> Iterator[BoolArray]:
    """Growing sets of stations, those that can host most users first."""
    takes = np.minimum(problem.allowed.sum(axis=0), problem.capacity)
    opened = np.zeros(problem.stations, bool)
    for k in np.argsort(-takes, kind="stable"):
        if takes[k] > 0:
            opened = opened.copy()
            opened[k] = True
            yield opened
