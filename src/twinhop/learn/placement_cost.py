"""What hosts cost in a placement problem."""

from __future__ import annotations

from twinhop.placement import Placement, PlacementProblem, evaluate
from twinhop.placement.problem import IntArray


def cost_of(problem: PlacementProblem, host: IntArray) -> float:
    """What hosts cost, stations without twins closed.

    Args:
        problem: the problem.
        host: (N,) a station for every user.
    """
    return evaluate(problem, Placement.of_hosts(host, problem.stations)).cost
