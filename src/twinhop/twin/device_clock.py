"""A device's clock as seen from the gateway: which of its times are believed, and how far it is off."""

from __future__ import annotations

import math
from typing import NamedTuple, Self

from twinhop.errors import InputError
from twinhop.twin.answer import ClockState

MOST_AHEAD_S = 1.0
"""Device clocks may be ahead of the gateway's by this much unless something else is said [s]."""
MOST_BEHIND_S = 86_400.0
"""Observations may be received this long after they were made unless something else is said [s]."""
LARGEST_TIME_S = 1e11
"""Times beyond, either side of 0, are no times [s]; about 3,000 years."""
WINDOW = 16
"""Updates after which older differences begin to be forgotten; those of the window before still count."""


class Reading(NamedTuple):
    """When an update was observed, on the twin's axis.

    Attributes:
        time_s: not before the newest observation [s].
        state: what the device's clock was worth.
    """

    time_s: float
    state: ClockState


class DeviceClock:
    """Judges the times that one device states by the times at which they were received.

    The difference ``observed_s - received_s`` is the clock's offset less the delay of the network, so that the greatest
    of recent differences is nearest to the offset. The offset in force is not changed here but by `set_offset`, as an
    entry of the journal, so that a replay judges every update as it was judged.

    Args:
        max_ahead_s: how far a time may lie ahead of its reception [s].
        max_behind_s: how far it may lie before it [s].

    Raises:
        InputError: a limit is negative, or NaN, or the first is infinite.

    Source: minimum filtering of delays as in RFC 5905 (NTP), section 10, one way.

    >>> clock = DeviceClock()
    >>> clock.read(3711.0, 111.0, newest_s=110.0), clock.due()
    (Reading(time_s=111.0, state=<ClockState.AHEAD: 'ahead'>), None)
    >>> clock.took(3711.0, 111.0)
    >>> clock.due()
    3600.0
    >>> clock.set_offset(3600.0)
    >>> clock.read(3712.0, 112.0, newest_s=111.0)
    Reading(time_s=112.0, state=<ClockState.TRUSTED: 'trusted'>)
    """

    __slots__ = ("_before", "_count", "_now", "_stated_s", "max_ahead_s", "max_behind_s", "offset_s")

    def __init__(self, max_ahead_s: float = MOST_AHEAD_S, max_behind_s: float = MOST_BEHIND_S) -> None:
        if not 0 <= max_ahead_s < math.inf:
            raise InputError(f"max_ahead_s: got {max_ahead_s}; expected a finite time of 0 s or more")
        if not max_behind_s >= 0:
            raise InputError(f"max_behind_s: got {max_behind_s}; expected a time of 0 s or more")
        self.max_ahead_s, self.max_behind_s = float(max_ahead_s), float(max_behind_s)
        self.offset_s = 0.0
        self._stated_s = self._before = self._now = -math.inf
        self._count = 0

    @property
    def estimate_s(self) -> float | None:
        """How far the device's clock seems to be ahead, less the least delay; None before a time was stated [s]."""
        greatest = max(self._before, self._now)
        return None if greatest == -math.inf else greatest

    def read(self, observed_s: float, received_s: float, newest_s: float) -> Reading:
        """The time of an update that is newer than all before.

        Args:
            observed_s: as the device states it; NaN where it has no clock [s].
            received_s: by the gateway's clock [s].
            newest_s: time of the newest observation on the twin's axis [s].
        """
        time_s = observed_s - self.offset_s
        if math.isnan(observed_s):
            state = ClockState.ABSENT
        elif observed_s < self._stated_s:
            state = ClockState.STEPPED_BACK
        elif not time_s <= received_s + self.max_ahead_s:
            state = ClockState.AHEAD
        elif not time_s >= max(received_s - self.max_behind_s, newest_s):
            state = ClockState.BEHIND
        else:
            return Reading(time_s, ClockState.TRUSTED)
        return Reading(max(received_s, newest_s), state)

    def read_late(self, observed_s: float, received_s: float, place: tuple[float, float]) -> Reading:
        """The time of an update that fills a hole: the device's where it fits, else the nearest that does.

        Args:
            observed_s: as the device states it; NaN where it has no clock [s].
            received_s: by the gateway's clock [s].
            place: times of its neighbours in the history, between which it must lie [s].
        """
        time_s = observed_s - self.offset_s
        if place[0] <= time_s <= place[1]:
            return Reading(time_s, ClockState.TRUSTED)
        if math.isnan(observed_s):
            return Reading(min(max(received_s, place[0]), place[1]), ClockState.ABSENT)
        state = ClockState.AHEAD if time_s > place[1] else ClockState.BEHIND
        return Reading(min(max(time_s, place[0]), place[1]), state)

    def took(self, observed_s: float, received_s: float) -> None:
        """Learn from an update that was applied in order.

        Args:
            observed_s: as the device states it; NaN where it has no clock [s].
            received_s: by the gateway's clock [s].
        """
        if math.isnan(observed_s):
            return
        if observed_s < self._stated_s:
            self.restart()
        self._stated_s = observed_s
        if self._count == WINDOW:
            self._before, self._now, self._count = self._now, -math.inf, 0
        self._now = max(self._now, observed_s - received_s)
        self._count += 1

    def restart(self) -> None:
        """Forget what was stated, as after a reboot; the offset stays in force."""
        self._stated_s = self._before = self._now = -math.inf
        self._count = 0

    def due(self) -> float | None:
        """The offset that should be in force instead of the present one; None: the present one will do [s].

        A clock within the limits needs none: what seems to be a clock that is behind by less may be a slow network.
        """
        estimate_s = self.estimate_s
        if estimate_s is None:
            return None
        wanted_s = 0.0 if -self.max_behind_s <= estimate_s <= self.max_ahead_s else estimate_s
        if abs(wanted_s - self.offset_s) > self.max_ahead_s or (wanted_s == 0.0) != (self.offset_s == 0.0):
            return wanted_s
        return None

    def set_offset(self, offset_s: float) -> None:
        """Put an offset in force: it is taken off every time that the device states from now on [s]."""
        self.offset_s = float(offset_s)

    def facts(self) -> tuple[float, ...]:
        """The state as numbers: offset, time stated last, greatest differences before and now, and their count."""
        return (self.offset_s, self._stated_s, self._before, self._now, float(self._count))

    @classmethod
    def of_facts(cls, max_ahead_s: float, max_behind_s: float, facts: tuple[float, ...]) -> Self:
        """The clock that these are the facts of.

        Raises:
            InputError: they are of no clock.
        """
        clock = cls(max_ahead_s, max_behind_s)
        numbers = len(facts) == 5 and all(number == number and number < math.inf for number in facts)
        if not numbers or not -math.inf < facts[0] or not 0 <= facts[4] <= WINDOW or facts[4] != int(facts[4]):
            raise InputError("clock: expected an offset, a time, two differences and a count up to 16")
        clock.offset_s, clock._stated_s, clock._before, clock._now = facts[:4]
        clock._count = int(facts[4])
        return clock
