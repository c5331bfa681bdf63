"""The nearest association of the paper's Fig. 9."""

import numpy as np

from twinhop.placement.budget import Budget
from twinhop.placement.placement import Placement
from twinhop.placement.policies.baseline import in_order_of_preference
from twinhop.placement.policy import Decision
from twinhop.placement.problem import PlacementProblem


def nearest(problem: PlacementProblem, rng: np.random.Generator, budget: Budget) -> Decision:
    """Every host station open, each twin on the station nearest in metres, or the next nearest with room.

    A problem file holds no positions: there, nearest is least communication latency. Deadlines are not looked at.
    """
    measure = problem.comm_s if problem.distance_m is None else problem.distance_m
    preference = np.argsort(np.where(problem.reachable, measure, np.inf), axis=1, kind="stable")
    return Decision(Placement(in_order_of_preference(problem, preference), problem.capacity > 0))
