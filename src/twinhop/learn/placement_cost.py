"""What hosts cost in a placement problem."""

from __future__ import annotations

import numpy as np

from twinhop.placement import Placement, PlacementProblem, evaluate
from twinhop.placement.problem import IntArray


def cost_of(problem: PlacementProblem, host: IntArray) -> float:
    """What hosts cost, stations without twins closed.

    Args:
        problem: the problem.
        host: (N,) a station for every user.
    """
    opened = np.zeros(problem.stations, bool)
    opened[host] = True
    return evaluate(problem, Placement(np.asarray(host, np.int64), opened)).cost
