"""Which stations work, slot by slot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twinhop import streams
from twinhop.scenario.mobility import Churn, next_presence
from twinhop.scenario.schema.movement_section import Failures


class StationsUp:
    """The stations that work at moments that go forward: none is down by schedule, or at random."""

    def __init__(self, failures: Failures | None, station_ids: Sequence[str], slot_s: float, seed: int) -> None:
        """Begin at time 0.

        Args:
            failures: the section; None: all always work.
            station_ids: M ids.
            slot_s: length of a slot [s].
            seed: the root seed.
        """
        index = {name: at for at, name in enumerate(station_ids)}
        schedule = failures.schedule if failures else ()
        self._station = np.array([index[outage.station] for outage in schedule], np.int64)
        self._down_s = np.array([outage.down_s for outage in schedule], np.float64)
        self._up_s = np.array([np.inf if outage.up_s is None else outage.up_s for outage in schedule], np.float64)
        random = failures.random if failures else None
        self._cycle = random and Churn(mean_present_s=random.mean_up_s, mean_absent_s=random.mean_down_s)
        self._slot_s, self._generator = slot_s, streams.stream(seed, streams.FAILURES)
        self._working = np.ones(len(station_ids), np.bool_)

    def at(self, time_s: float) -> NDArray[np.bool_]:
        """(M,) bool, which stations work in the slot that begins then, the next one; at time 0 none fails at random.

        A station that works at random is present as users are, see `next_presence`; a scheduled outage lasts from
        `down_s` to just before `up_s`.
        """
        if self._cycle is not None and time_s > 0:
            uniform = self._generator.random(len(self._working))
            self._working = next_presence(self._working, uniform, self._cycle, self._slot_s)
        up = self._working.copy()
        up[self._station[(self._down_s <= time_s) & (time_s < self._up_s)]] = False
        return up
