"""What hosts hold while twins move: seats, demand, and the CPU shares that deadlines need at least."""

import numpy as np

from twinhop.placement.problem import BoolArray, FloatArray, IntArray, PlacementProblem
from twinhop.plans.order.move_step import MoveStep

#: Sums that grow and shrink by turns may lose so much, as a share of what a host holds.
ROUNDING = 1e-12


class Room:
    """The hosts at one moment.

    Attributes:
        host: (N,) where each twin is; below 0 nowhere.
        free: (M,) free seats; below 0 on a host with more twins than seats.
        deadlines: whether the least CPU shares count.
    """

    def __init__(self, problem: PlacementProblem, host: IntArray, *, deadlines: bool):
        self.problem, self.deadlines = problem, deadlines and problem.floor is not None
        self.host = np.array(host)
        here = self.host >= 0
        self.free = problem.capacity - np.bincount(self.host[here], minlength=problem.stations)
        self._need: list[FloatArray] = []
        self._left: list[FloatArray] = []
        if problem.demand is not None:
            self._hold(np.repeat(problem.demand[:, None], problem.stations, axis=1), problem.demand_room)
        if self.deadlines and problem.floor is not None:
            self._hold(np.where(np.isfinite(problem.floor), problem.floor, 0.0), problem.cpu_room)

    def _hold(self, need: FloatArray, room: FloatArray) -> None:
        """Count one more thing of which each user (N, M) needs something and each host (M,) has so much."""
        here = np.flatnonzero(self.host >= 0)
        used = np.bincount(self.host[here], need[here, self.host[here]], minlength=len(room))
        self._need.append(need)
        self._left.append(room * (1 + ROUNDING) - used)

    @property
    def seats_alone(self) -> bool:
        """Whether nothing but seats counts."""
        return not self._need

    def copy(self) -> "Room":
        """The same moment, to be changed apart."""
        other = object.__new__(Room)
        other.problem, other.deadlines = self.problem, self.deadlines
        other.host, other.free = self.host.copy(), self.free.copy()
        other._need, other._left = self._need, [left.copy() for left in self._left]
        return other

    def fits(self, user: int, target: int) -> bool:
        """Whether the twin has room there now."""
        return self.all_fit([user], target)

    def all_fit(self, users: list[int], target: int) -> bool:
        """Whether these twins have room there now, all at once."""
        return bool(self.free[target] >= len(users)) and all(
            need[users, target].sum() <= left[target] for need, left in zip(self._need, self._left, strict=True)
        )

    def amounts(self, station: int) -> FloatArray:
        """What the host has left of everything: seats first."""
        return np.array([self.free[station], *(left[station] for left in self._left)])

    def needs(self, user: int, station: int) -> FloatArray:
        """What the twin takes there of everything, in the same order."""
        return np.array([1.0, *(need[user, station] for need in self._need)])

    def hosts_for(self, user: int) -> BoolArray:
        """(M,) hosts that may take the twin and have room now."""
        fits = self.problem.allowed[user] & (self.free > 0)
        for need, left in zip(self._need, self._left, strict=True):
            fits &= need[user] <= left
        return fits

    def move(self, user: int, target: int) -> None:
        """Move the twin there, whether it fits or not."""
        origin = int(self.host[user])
        if origin >= 0:
            self._change(user, origin, -1)
        self._change(user, target, 1)
        self.host[user] = target

    def _change(self, user: int, station: int, sign: int) -> None:
        self.free[station] -= sign
        for need, left in zip(self._need, self._left, strict=True):
            left[station] -= sign * need[user, station]

    def keeps(self, steps: list[MoveStep]) -> bool:
        """Whether every step finds room where it goes, one after the other."""
        room = self.copy()
        for step in steps:
            if not room.fits(step.user, step.target):
                return False
            room.move(step.user, step.target)
        return True

    def after(self, steps: list[MoveStep]) -> "Room":
        """The moment after some steps."""
        room = self.copy()
        for step in steps:
            room.move(step.user, step.target)
        return room
