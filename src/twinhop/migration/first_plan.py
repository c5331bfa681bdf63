"""The plan with which every policy but the simplest begins: that of one slot, moves left out."""

from __future__ import annotations

from twinhop.migration.situation import Situation
from twinhop.placement import InfeasibleProblem, PlacementProblem, solve
from twinhop.placement.problem import IntArray


def first_plan(situation: Situation) -> IntArray:
    """(n,) hosts of a good plan of the slot alone; the simulator finds others where deadlines cannot be kept."""
    return hosts_of(situation, situation.problem)


def hosts_of(situation: Situation, problem: PlacementProblem) -> IntArray:
    """(n,) hosts of a good plan of a problem of the slot; where it has none, everybody stays.

    The local search is used: the certificate of `lagrangian` is not needed here, and plans of windows are short-lived.
    """
    try:
        return solve(problem, "local_search").placement.host
    except InfeasibleProblem:
        return situation.before
