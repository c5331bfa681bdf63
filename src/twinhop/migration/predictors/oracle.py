"""`oracle`: the future as it will be, from a second run of the same world some slots ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np

from twinhop.migration.forecast import Forecast, attached_to
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation


class Oracle:
    """Knows everything that no decision changes: positions, channels, CPUs, failures, who comes and goes.

    No policy may know this; it says what a perfect forecast would be worth. Where stations are redrawn, the forecast
    ends with the epoch, for everybody starts anew then.
    """

    def __init__(self, run: MigrationRun) -> None:
        self._ahead = iter(run)
        self._window: deque[Situation] = deque()

    def observe(self, situation: Situation) -> None:
        """Nothing to learn."""

    def forecast(self, situation: Situation, slots: int) -> Iterator[Forecast]:
        """The slots as they will be, to the end of the run or of the epoch."""
        while self._window and self._window[0].index < situation.index:
            self._window.popleft()
        last = situation.index + slots - 1
        while not self._window or self._window[-1].index < last:
            successor = next(self._ahead, None)
            if successor is None:
                break
            if successor.index >= situation.index:
                self._window.append(successor)
        for each in list(self._window)[:slots]:
            if each.slot.epoch != situation.slot.epoch:
                return
            yield _truth(situation, each)


def _truth(situation: Situation, future: Situation) -> Forecast:
    """What holds in a slot to come of the users served now."""
    access = future.slot.access[situation.users]
    served = access >= 0
    rate_bps = np.where(served, future.slot.rate_bps[situation.users], 1.0)
    upload_s = np.where(served, situation.all_users.update_bits[situation.users] / rate_bps, 0.0)
    return Forecast(attached_to(access, situation.hosts.stations), upload_s, served, future.cpu, future.capacity)


PREDICTOR = Oracle
