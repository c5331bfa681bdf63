"""Local search among the plans that use a given number of stations."""

import numpy as np

from twinhop.placement.budget import Budget
from twinhop.placement.descent import move_sweep, occupy
from twinhop.placement.problem import BoolArray, IntArray, PlacementProblem
from twinhop.placement.search import MOVE_SWEEPS, TRIAL_SWEEPS, Search
from twinhop.placement.station_load import Instance, refill, total


class SizedSearch(Search):
    """The best plan found so far with exactly ``size`` stations in use.

    A trial that leaves stations empty is not such a plan: users are moved onto further stations, one each, where that
    costs least, and only then is it compared. Where nobody can be moved, and where more stations are in use, it is
    refused.
    """

    def __init__(self, problem: PlacementProblem, budget: Budget, size: int, instance: Instance | None = None):
        super().__init__(problem, budget, instance)
        self.size = size
        self._hosts = problem.capacity > 0

    def try_set(self, usable: BoolArray, start: IntArray | None = None, sweeps: int = TRIAL_SWEEPS) -> bool:
        """Re-associate everyone onto these stations, if there are as many as asked for; see `Search.try_set`."""
        return int(usable.sum()) == self.size and super().try_set(usable, start, sweeps)

    def move(self) -> bool:
        """Move users to cheaper hosts among the stations in use; returns whether it saved."""
        refill(self.instance, self._hosting, self.host)
        usable, opening = self.used(), np.zeros(self.problem.stations)
        for _ in range(MOVE_SWEEPS):
            moves = move_sweep(self.instance, self._hosting, usable, opening, self.least)
            if moves == 0 or self.budget.exhausted():
                break
        return self._keep(total(self.instance, self._hosting))

    def report(self, bound: float = np.nan) -> None:
        """Nothing: one number of stations is not the whole."""

    def _keep(self, cost: float) -> bool:
        if not cost < self.cost - (self.least if self.feasible else 0.0):
            return False
        used = int((self._hosting.users > 0).sum())
        if used < self.size:
            used = int(occupy(self.instance, self._hosting, self._hosts, self.size))
            cost = self._checked_total()
        return used == self.size and super()._keep(cost)
