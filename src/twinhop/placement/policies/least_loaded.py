"""The least-loaded association."""

import numpy as np

from twinhop.placement.budget import Budget
from twinhop.placement.placement import Placement
from twinhop.placement.policies.baseline import Room
from twinhop.placement.policy import Decision
from twinhop.placement.problem import PlacementProblem
from twinhop.placement.seating import seat_remaining
from twinhop.placement.station_load import NOBODY


def least_loaded(problem: PlacementProblem, rng: np.random.Generator, budget: Budget) -> Decision:
    """Every host station open, each user in turn on the station whose CPU would be least loaded, sum s / F."""
    host = np.full(problem.users, NOBODY, np.int64)
    room, load = Room(problem), np.zeros(problem.stations)
    speed = np.where(problem.capacity > 0, problem.cpu, 1.0)
    for i in range(problem.users):
        usable = room.usable(i)
        if not usable.any():
            continue
        k = int(np.argmin(np.where(usable, (load + problem.root_work[i]) / speed, np.inf)))
        host[i] = k
        room.take(i, k)
        load[k] += problem.root_work[i]
    return Decision(Placement(seat_remaining(problem, host), problem.capacity > 0))
