"""Sets of open stations within a limit on changes: tried one by one, everybody seated on them anew."""

from collections.abc import Callable, Iterator

import numpy as np

from twinhop.placement import PlacementProblem
from twinhop.placement.budget import Budget
from twinhop.placement.problem import BoolArray, IntArray
from twinhop.placement.search import Search
from twinhop.placement.station_load import make_instance
from twinhop.plans.limits.changed_servers import forced_changes, lasting
from twinhop.plans.limits.descent import LimitedDescent
from twinhop.plans.result import Present

#: Sets tried from one plan at most, and links of all users that are looked at for them; but so many sets in any case.
TRIES, LINKS, FEWEST_TRIES = 150, 1_500_000, 20


class ServerSets:
    """Looks for sets of open stations that cost little and keep to a limit on changes."""

    def __init__(
        self,
        problem: PlacementProblem,
        present: Present,
        most: int,
        descent: LimitedDescent,
        is_late: Callable[[], bool],
    ):
        """Begin.

        Args:
            problem: with prices of moves.
            present: what is open.
            most: how many servers may change.
            descent: prices hosts within the limits.
            is_late: whether time is up.
        """
        self._problem, self._descent, self._is_late = problem, descent, is_late
        self._instance = make_instance(problem)
        self._stays = lasting(problem, present)
        self._most = most - forced_changes(problem, present)
        self._tries = max(FEWEST_TRIES, min(TRIES, LINKS // problem.comm_s.size))

    def from_plan(self, host: IntArray) -> IntArray | None:
        """The best hosts found within the limit, from the plan's own changes and then from all; None without any.

        Args:
            host: (N,) hosts that may change too much.
        """
        used = np.zeros(self._problem.stations, bool)
        used[host] = True
        wanted = np.flatnonzero(used != self._stays)
        best, least, seated = self._stays, np.inf, None
        for stations in (wanted, np.flatnonzero(self._problem.capacity > 0)):
            better = True
            while better and not self._is_late() and self._tries > 0:
                better = False
                for trial in self._toggled(best, stations):
                    found = self._seated(trial, host if seated is None else seated)
                    if found is not None and found[1] < least:
                        (seated, least), best, better = found, trial, True
                        break
        return seated

    def _toggled(self, opened: BoolArray, stations: IntArray) -> Iterator[BoolArray]:
        """The set itself, those that differ in one of the stations, and those that differ in two, within the limit."""
        first = [(k,) for k in stations]
        pairs = [(k, j) for at, k in enumerate(stations) for j in stations[at + 1 :] if opened[k] != opened[j]]
        for toggled in [(), *first, *pairs]:
            trial = opened.copy()
            trial[list(toggled)] ^= True
            if (trial != self._stays).sum() <= self._most and trial.any():
                if self._tries <= 0 or self._is_late():
                    return
                self._tries -= 1
                yield trial

    def _seated(self, opened: BoolArray, start: IntArray) -> tuple[IntArray, float] | None:
        """Everybody on these stations, and what that costs within the limits; None where not everybody has a seat."""
        search = Search(self._problem, Budget(float("inf")), self._instance)
        if not search.try_set(opened, start):
            return None
        host = self._descent.with_fewer_moves(search.host)
        if host is None:
            return None
        cost = self._descent.cost(host)
        return (host, cost) if np.isfinite(cost) else None
