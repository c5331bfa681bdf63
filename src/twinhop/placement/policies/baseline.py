"""What the baselines share: seating users one by one, and everyone in the end."""

import numpy as np

from twinhop.placement.problem import BoolArray, IntArray, PlacementProblem
from twinhop.placement.seating import seat_remaining
from twinhop.placement.station_load import NOBODY


class Room:
    """What is left of the twin capacities and, where demands are given, of the demand capacities."""

    def __init__(self, problem: PlacementProblem, opened: BoolArray | None = None):
        self._problem = problem
        self._seats = problem.capacity.copy() if opened is None else np.where(opened, problem.capacity, 0)
        self._demand = None if problem.demand is None else problem.demand_room.copy()

    def usable(self, i: int) -> BoolArray:
        """(M,) reachable stations with room for user i."""
        usable = self._problem.reachable[i] & (self._seats > 0)
        if self._demand is not None and self._problem.demand is not None:
            usable &= self._problem.demand[i] <= self._demand
        return usable

    def take(self, i: int, k: int) -> None:
        """Seat user i on station k."""
        self._seats[k] -= 1
        if self._demand is not None and self._problem.demand is not None:
            self._demand[k] -= self._problem.demand[i]


def in_order_of_preference(problem: PlacementProblem, preference: IntArray) -> IntArray:
    """Seat each user in turn on the first reachable station of its preference list that has room.

    Args:
        problem: the problem.
        preference: (N, M) stations in each user's order of preference.

    Returns:
        (N,) hosts; users who find every station they can reach full make others move on, within the twin capacities;
        demand capacities may then be exceeded.
    """
    host = np.full(problem.users, NOBODY, np.int64)
    room = Room(problem)
    for i, choices in enumerate(preference):
        usable = room.usable(i)
        k = next((int(k) for k in choices if usable[k]), int(NOBODY))
        if k != NOBODY:
            host[i] = k
            room.take(i, k)
    return seat_remaining(problem, host)
