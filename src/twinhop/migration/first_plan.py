"""The plan with which every policy but the simplest begins: that of one slot, moves left out."""

from __future__ import annotations

from twinhop.migration.situation import Situation
from twinhop.placement import InfeasibleProblem, PlacementProblem, solve
from twinhop.placement.problem import IntArray


def first_plan(situation: Situation) -> IntArray:
    """(n,) hosts of a good plan of the slot alone; the simulator finds others where deadlines cannot be kept."""
    return hosts_of(situation, situation.problem)


def hosts_of(situation: Situation, problem: PlacementProblem, solver: str = "local_search") -> IntArray:
    """(n,) hosts of a good plan of a problem of the slot; where it has none, everybody stays.

    The local search is fast, and enough for plans that are soon made anew; nor is a wide gap worth seconds there.
    """
    try:
        return solve(problem, solver, patience_s=0).placement.host
    except InfeasibleProblem:
        return situation.before
