"""The ADD heuristic of facility location."""

import numpy as np

from twinhop.placement.budget import Budget
from twinhop.placement.policy import Decision
from twinhop.placement.problem import IntArray, PlacementProblem
from twinhop.placement.search import Search
from twinhop.placement.station_load import NOBODY


def greedy(problem: PlacementProblem, rng: np.random.Generator, budget: Budget) -> Decision:
    """Open stations one at a time, each time the one that saves most, until none does.

    The first set is the smallest prefix, by number of users a station could take, on which everybody can be hosted.
    Source: Kuehn and Hamburger, A heuristic program for locating warehouses (1963).
    """
    search = Search(problem, budget)
    for opened in _prefixes(problem):
        if search.try_set(opened, np.full(problem.users, NOBODY, np.int64)) or budget.exhausted():
            break
    if not search.feasible:
        search.start()
    while search.feasible and not budget.exhausted() and search.add_best():
        pass
    return Decision(search.placement())


def _prefixes(problem: PlacementProblem):
    """Sets of 1, 2, ... stations; for one station, each in turn is left to `add_best`'s choice by trying the best."""
    takes = np.minimum(problem.allowed.sum(axis=0), problem.capacity)
    mean = np.where(problem.allowed, problem.comm_s, 0.0).sum(axis=0) / np.maximum(problem.allowed.sum(axis=0), 1)
    order: IntArray = np.lexsort((mean, -takes))
    opened = np.zeros(problem.stations, bool)
    for k in order[takes[order] > 0]:
        opened = opened.copy()
        opened[k] = True
        yield opened
