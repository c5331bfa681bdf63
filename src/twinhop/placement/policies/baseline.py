"""What the baselines share: seating users one by one, and everyone in the end."""

from collections.abc import Iterator

import numpy as np

from twinhop.placement.problem import IntArray, PlacementProblem
from twinhop.placement.seating import seat_remaining
from twinhop.placement.station_load import NOBODY


def in_order_of_preference(problem: PlacementProblem, preference: IntArray) -> IntArray:
    """Seat each user in turn on the first reachable station of its preference list that has room.

    Args:
        problem: the problem.
        preference: (N, M) stations in each user's order of preference.

    Returns:
        (N,) hosts; users who find every station they can reach full make others move on.
    """
    host = np.full(problem.users, NOBODY, np.int64)
    room = problem.capacity.copy()
    for i, choices in enumerate(preference):
        for k in _with_room(problem, room, i, choices):
            host[i] = k
            room[k] -= 1
            break
    return seat_remaining(problem, host)


def _with_room(problem: PlacementProblem, room: IntArray, i: int, choices: IntArray) -> Iterator[int]:
    return (int(k) for k in choices if room[k] > 0 and problem.reachable[i, k])
