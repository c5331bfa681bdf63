"""`next_station`: users go from station to station as others have gone before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from twinhop.migration.forecast import Forecast, present
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation
from twinhop.placement.problem import FloatArray, IntArray

#: A station's own rate of departures counts as much as that of all stations after so many user-slots.
RATE_WEIGHT = 10.0
#: The departures counted at a station count as much as the law of neighbours after so many.
DEPARTURE_WEIGHT = 8.0
#: Departures to each rank of neighbour are taken to be so many before any is seen.
RANK_PRIOR = 1e-3


class NextStation:
    """A Markov chain over access stations, learned from all users: in the trace before the run, and as it goes on.

    Formula: a user leaves station m within a slot with probability ``l_m = (L_m + w l) / (n_m + w)``, of n_m
    user-slots seen there L_m with a departure, l the share over all stations. It then goes to station j with
    probability ``(C_mj + v r_mj) / (C_m + v)``, C_mj departures counted, and r_mj the law of neighbours: the share of
    all departures that went to the q-th nearest station by wire, where j is the q-th of m. The forecast h slots ahead
    is the h-th step of the chain. The upload takes as long as now.

    The next-station model of a single twin (`twin.behaviour.NextStation`) backs off to all stations alike. In runs of a
    few hundred slots most of what it expects is then that back-off: the law of neighbours knows that users go near.
    """

    def __init__(self, run: MigrationRun) -> None:
        stations = run.hosts.stations
        self._last = np.full(len(run.user_ids), -1)
        self._slot = -1
        self._epoch = 0
        self._departures = np.zeros((stations, stations))
        self._occupancy = np.zeros(stations)
        self._ranks = np.zeros(stations)
        self._rank = _neighbour_ranks(run.hosts.updates.unit_s[0, :stations, :stations])
        past = run.past_access()
        for here, there in zip(past, past[1:], strict=False):
            self._count(here, there)

    def observe(self, situation: Situation) -> None:
        """Count where users went since the slot before."""
        slot = situation.slot
        if slot.epoch != self._epoch:
            self._restart(situation)
        if slot.index == self._slot + 1:
            self._count(self._last, slot.access)
        self._last, self._slot = slot.access.copy(), slot.index

    def _count(self, here: IntArray, there: IntArray) -> None:
        """Count the steps of users (N,) from one slot to the next, -1 where they are away."""
        known = (here >= 0) & (there >= 0)
        departing = known & (here != there)
        np.add.at(self._occupancy, here[known], 1.0)
        np.add.at(self._departures, (here[departing], there[departing]), 1.0)
        np.add.at(self._ranks, self._rank[here[departing], there[departing]], 1.0)

    def forecast(self, situation: Situation, slots: int) -> Iterator[Forecast]:
        """The present, then the chain step by step."""
        now = present(situation)
        yield now
        transitions, access = self.transitions(), now.access
        for _ in range(1, slots):
            access = access @ transitions
            yield replace(now, access=access)

    def transitions(self) -> FloatArray:
        """(M, M) probabilities of the access station of the next slot, from the row's to the column's."""
        stations = len(self._occupancy)
        if stations == 1:
            return np.ones((1, 1))
        departures, occupancy = self._departures.sum(axis=1), self._occupancy
        rate = departures.sum() / max(occupancy.sum(), 1.0)
        leaves = (departures + RATE_WEIGHT * rate) / (occupancy + RATE_WEIGHT)
        law = self._ranks + RANK_PRIOR
        law[0] = 0.0  # a station is its own nearest
        neighbours = (law / law.sum())[self._rank]
        goes = (self._departures + DEPARTURE_WEIGHT * neighbours) / (departures + DEPARTURE_WEIGHT)[:, None]
        chain = leaves[:, None] * goes
        chain[np.diag_indices(stations)] += 1.0 - leaves
        return chain

    def _restart(self, situation: Situation) -> None:
        """Stations are redrawn: forget what was counted."""
        stations = situation.hosts.stations
        self._epoch = situation.slot.epoch
        self._last[:] = -1
        self._departures[:], self._occupancy[:], self._ranks[:] = 0.0, 0.0, 0.0
        self._rank = _neighbour_ranks(situation.hosts.updates.unit_s[0, :stations, :stations])


def _neighbour_ranks(wire_s: FloatArray) -> IntArray:
    """(M, M) the column's place among the neighbours of the row, 0 for the station itself; ties by index."""
    apart_s = wire_s.copy()
    np.fill_diagonal(apart_s, -1.0)
    return apart_s.argsort(axis=1, kind="stable").argsort(axis=1)


PREDICTOR = NextStation
