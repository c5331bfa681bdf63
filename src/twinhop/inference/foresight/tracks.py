"""What was seen of users: distributions over access stations that say where each might be."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinhop.migration.station_chain import mean_of_powers
from twinhop.migration.wire_table import WireTable
from twinhop.placement.problem import FloatArray, IntArray

#: Slots over which the chain of all users is averaged; the last one is near its stationary distribution.
CHAIN_SLOTS = (4, 15, 60, 240)
#: Slots over which a user's own presence is remembered.
OWN_SLOTS = (6.0, 20.0, 90.0)
#: Slots for which a user is taken to go on as it goes now.
AHEAD_SLOTS = (3.0, 10.0)
#: Slots over which a user's changes of station are counted.
RATE_SLOTS = (15.0, 60.0)
#: The forecasters, in their order.
EXPERTS = (
    "now",
    *(f"chain {slots}" for slots in CHAIN_SLOTS),
    *(f"own {slots:g}" for slots in OWN_SLOTS),
    *(f"ahead {slots:g}" for slots in AHEAD_SLOTS),
    "everybody",
    "station before",
)
#: The part of the chain in the forecasters, and the one whose spread is looked at.
CHAIN, SPREAD_OF = slice(1, 5), 1
CONTEXT = 8
_SPEED, _FIRST_RATE = 0.5, 0.1


class Seen(NamedTuple):
    """What was seen of n users up to a slot.

    Attributes:
        at: (n,) access stations.
        before: (n,) the ones before, or the same.
        ahead: (n, 2) where they come to if they go on.
        own: (n, 3, M) shares of their time.
        dwell: (n,) slots at the station.
        rate: (n, 2) changes a slot.
        times: (n,) slots seen.
        speed: (n,) speed, in mean distances between neighbouring stations a slot.
    """

    at: IntArray
    before: IntArray
    ahead: IntArray
    own: NDArray[np.float32]
    dwell: NDArray[np.float32]
    rate: NDArray[np.float32]
    times: NDArray[np.float32]
    speed: NDArray[np.float32]

    def of(self, rows: IntArray) -> Seen:
        """Of some of the users."""
        return Seen._make(each[rows] for each in self)


class Tracks:
    """What is known of N users as a run goes on; nothing of the future enters."""

    def __init__(self, users: int, station_xy_m: FloatArray) -> None:
        """For a run.

        Args:
            users: N.
            station_xy_m: (M, 2) [m].
        """
        self.stations = len(station_xy_m)
        self._xy_m = station_xy_m
        self._unit_m = _spacing_m(station_xy_m)
        self.counts = np.zeros((self.stations, self.stations))
        self._seen = Seen(
            at=np.full(users, -1),
            before=np.full(users, -1),
            ahead=np.full((users, len(AHEAD_SLOTS)), -1),
            own=np.zeros((users, len(OWN_SLOTS), self.stations), np.float32),
            dwell=np.zeros(users, np.float32),
            rate=np.full((users, len(RATE_SLOTS)), _FIRST_RATE, np.float32),
            times=np.zeros(users, np.float32),
            speed=np.zeros(users, np.float32),
        )
        self._last_xy_m = np.full((users, 2), np.nan)
        self._velocity_m = np.zeros((users, 2))

    def see(self, access: IntArray, xy_m: FloatArray | None = None) -> None:
        """Learn from a slot.

        Args:
            access: (N,) access stations, -1 where a user is not served.
            xy_m: (N, 2) where users are; None: at their access stations [m].
        """
        seen, there = self._seen, np.flatnonzero(access >= 0)
        now, last = access[there], seen.at[there]
        known, changed = last >= 0, (last >= 0) & (now != last)
        np.add.at(self.counts, (last[known], now[known]), 1.0)
        seen.times[there] += 1
        own = seen.own[there]
        step = np.maximum(1.0 / np.array(OWN_SLOTS), 1.0 / seen.times[there, None]).astype(np.float32)
        own *= 1.0 - step[:, :, None]
        own[np.arange(there.size), :, now] += step
        seen.own[there] = own
        seen.dwell[there] = np.where(changed | ~known, 0, seen.dwell[there] + 1)
        pace = 1.0 / np.array(RATE_SLOTS)
        rate = seen.rate[there]
        seen.rate[there] = np.where(known[:, None], rate + pace * (changed[:, None] - rate), rate)
        seen.before[there] = np.where(changed, last, np.where(known, seen.before[there], now))
        seen.at[there] = now
        self._go_on(there, self._xy_m[now] if xy_m is None else xy_m[there])

    def _go_on(self, there: IntArray, xy_m: FloatArray) -> None:
        """Velocities, and the stations that users come to by them."""
        step_m = xy_m - self._last_xy_m[there]
        step_m = np.where(np.isfinite(step_m), step_m, 0.0)
        velocity_m = self._velocity_m[there] + _SPEED * (step_m - self._velocity_m[there])
        self._velocity_m[there], self._last_xy_m[there] = velocity_m, xy_m
        self._seen.speed[there] = np.hypot(*velocity_m.T) / self._unit_m
        for column, slots in enumerate(AHEAD_SLOTS):
            to_m = xy_m + slots * velocity_m
            far = ((to_m[:, None, :] - self._xy_m[None]) ** 2).sum(axis=2)
            self._seen.ahead[there, column] = far.argmin(axis=1)

    def seen(self, users: IntArray) -> Seen:
        """A copy of what is known of users (n,), who are served."""
        return self._seen.of(users)

    def chain(self) -> FloatArray:
        """(4, M, M) by the station of now, shares of the time of each of `CHAIN_SLOTS` at each station."""
        return chain_shares(self.counts)

    def everybody(self, users: IntArray) -> FloatArray:
        """(M,) shares of the users' stations of now."""
        return np.bincount(self._seen.at[users], minlength=self.stations) / max(len(users), 1)


def chain_shares(counts: FloatArray) -> FloatArray:
    """(4, M, M) mean presence over each of `CHAIN_SLOTS` by counts (M, M) of steps from station to station."""
    chain = counts + np.eye(len(counts))
    chain /= chain.sum(axis=1, keepdims=True)
    return np.stack([mean_of_powers(chain, slots) for slots in CHAIN_SLOTS])


def _spacing_m(station_xy_m: FloatArray) -> float:
    """The mean distance of a station to its nearest [m]."""
    if len(station_xy_m) < 2:
        return 1.0
    far = np.hypot(*(station_xy_m[:, None] - station_xy_m[None]).transpose(2, 0, 1))
    np.fill_diagonal(far, np.inf)
    return max(float(far.min(axis=1).mean()), 1e-9)


def reference(wires: WireTable) -> tuple[FloatArray, FloatArray]:
    """One table of latencies (K, K) for all users, and their scales (N,).

    Where each user has a table of its own, the first one stands for all, each user's scale being how far its latencies
    are in the mean from that.
    """
    if len(wires.unit_s) == 1:
        return wires.unit_s[0], wires.scale
    mean_s = wires.unit_s.mean(axis=(1, 2))
    return wires.unit_s[0], wires.scale * mean_s[wires.group] / max(float(mean_s[0]), 1e-300)
