"""`kalman`: users go on as fast as they go, by the constant-velocity filters of the twins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from twinhop import network
from twinhop.migration.forecast import Forecast, attached_to, present
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation
from twinhop.placement.problem import FloatArray, IntArray
from twinhop.twin.behaviour import ConstantVelocity, Fleet


class Kalman:
    """A Kalman filter of position and velocity for every user (`twin.behaviour.ConstantVelocity`, its defaults).

    A user is expected to be attached to the station nearest to its predicted position; while that is the station
    nearest to it now, it is expected to stay where it is attached, whichever station that is. Stations that are down
    now are expected to stay so. The upload takes as long as now.
    """

    def __init__(self, run: MigrationRun) -> None:
        self._fleet = Fleet(ConstantVelocity(width=2), len(run.user_ids))
        self._slot_s = run.slot_s

    def observe(self, situation: Situation) -> None:
        """Take the positions of the users who are present into account; the filters of the others wait."""
        slot, states = situation.slot, self._fleet.states
        away = ~slot.active
        saved = states[away].copy()
        self._fleet.update(np.full(len(states), slot.time_s), np.where(away[:, None], 0.0, slot.xy_m))
        states[away] = saved

    def forecast(self, situation: Situation, slots: int) -> Iterator[Forecast]:
        """The present, then access stations by predicted positions."""
        now = present(situation)
        yield now
        near = self._nearest(situation, situation.slot.xy_m[situation.users])
        for ahead in range(1, slots):
            time_s = situation.slot.time_s + ahead * self._slot_s
            expected = self._nearest(situation, self._fleet.predict(time_s).mean[situation.users])
            access = np.where(expected == near, situation.access, expected)
            yield replace(now, access=attached_to(access, situation.hosts.stations))

    @staticmethod
    def _nearest(situation: Situation, xy_m: FloatArray) -> IntArray:
        distance_m = network.distance_m(xy_m, situation.slot.station_xy_m)
        return np.where(situation.slot.up, distance_m, np.inf).argmin(axis=1)


PREDICTOR = Kalman
