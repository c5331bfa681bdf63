"""What happens in a world as time goes, counted slot by slot: hand-overs, stays, speeds, load, presence, failures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop.runs.reach_meter import ReachMeter
from twinhop.scenario.dynamics import Slot, WorldRun
from twinhop.stats.histogram import Histogram
from twinhop.units import BITS_PER_MBIT, CYCLES_PER_GCYCLE

IntArray = NDArray[np.int64]

MINUTE_S = 60.0
#: Speeds are counted in bins of 0.05 m/s up to 100 m/s; distances and rates in 50 bins a decade.
FASTEST_MPS, SPEED_BINS = 100.0, 2000
NEAREST_M, FARTHEST_M, DISTANCE_BINS = 0.1, 1e7, 400
SLOWEST_BPS, FASTEST_BPS, RATE_BINS = 1.0, 1e15, 750


class WorldStatistics:
    """The statistics of a run; every slot is added once, in order.

    A *hand-over* is a change of the access station of a user that was served in the slot before, other than by a
    redraw of the stations. A *stay* lasts from one hand-over of a user to its next; stays that begin or end otherwise
    are not counted. A *user-minute* is as many slots as make up a minute, at least one, in all of which and in the slot
    before a user was served; its share with a hand-over is the hand-over probability.
    """

    def __init__(self, run: WorldRun) -> None:
        """Begin before slot 0."""
        users, stations = len(run.user_ids), len(run.station_ids)
        self._run, self._before = run, None
        self.minute_slots: int = max(1, round(MINUTE_S / run.slot_s))
        """Slots of a user-minute."""
        self.present: IntArray = np.zeros(run.slots, np.int64)
        """(T,) users present in each slot."""
        self.handovers: IntArray = np.zeros(run.slots, np.int64)
        """(T,) hand-overs in each slot."""
        self.stations_up: IntArray = np.zeros(run.slots, np.int64)
        """(T,) stations that work in each slot."""
        self.stays: IntArray = np.zeros(run.slots + 1, np.int64)
        """Stays by their length in slots."""
        self.attached_sum: IntArray = np.zeros(stations, np.int64)
        """(M,) users attached, summed over the slots."""
        self.attached_most: IntArray = np.zeros(stations, np.int64)
        """(M,) the most users attached in a slot."""
        self.down_slots: IntArray = np.zeros(stations, np.int64)
        """(M,) slots in which each station is down."""
        self.speed_mps: Histogram = Histogram(0, FASTEST_MPS, SPEED_BINS)
        """Speeds between consecutive slots."""
        self.rate_bps: Histogram = Histogram(SLOWEST_BPS, FASTEST_BPS, RATE_BINS, log=True)
        """Rates of served users."""
        self.distance_m: Histogram = Histogram(NEAREST_M, FARTHEST_M, DISTANCE_BINS, log=True)
        """Distances of served users to their access stations."""
        self.cpu_cycles_per_s: Histogram = Histogram(1e3, 1e24, 2100, log=True)
        """CPU capacities of all stations."""
        self._reach = ReachMeter(run.user_ids)
        self.slots = self.served = self.served_steps = 0
        self.arrivals = self.departures = self.failures = self.dropped = 0
        self.user_minutes = self.minutes_with_handover = 0
        self._since = np.full(users, -1, np.int64)  # the slot of the hand-over that began the stay
        self._whole, self._moved = np.zeros(users, np.bool_), np.zeros(users, np.bool_)

    def add(self, slot: Slot) -> None:
        """Count one slot."""
        at, served = slot.index, slot.served
        self._reach.add(slot)
        self.slots += 1
        self.served += len(served)
        self.present[at], self.stations_up[at] = slot.active.sum(), slot.up.sum()
        attached = np.bincount(slot.access[served], minlength=len(slot.up))
        self.attached_sum += attached
        self.attached_most = np.maximum(self.attached_most, attached)
        self.down_slots += ~slot.up
        self.rate_bps.add(slot.rate_bps[served])
        self.distance_m.add(slot.distance_m[served])
        self.cpu_cycles_per_s.add(slot.cpu_cycles_per_s)
        if self._before is None:
            self.failures = int((~slot.up).sum())
        else:
            self._compare(self._before, slot)
        self._before = slot

    def _compare(self, before: Slot, slot: Slot) -> None:
        """Count what changed from the slot before."""
        both = before.active & slot.active
        self.arrivals += int((slot.active & ~before.active).sum())
        self.departures += int((before.active & ~slot.active).sum())
        fell = before.up & ~slot.up
        self.failures += int(fell.sum())
        self.speed_mps.add(np.hypot(*(slot.xy_m[both] - before.xy_m[both]).T) / self._run.slot_s)
        if slot.epoch != before.epoch:
            self._since[:] = -1
            served = np.zeros(len(both), np.bool_)
            moved = served
        else:
            served = (before.access >= 0) & (slot.access >= 0)
            moved = served & (before.access != slot.access)
            dropped = before.access[before.served]
            self.dropped += int(fell[dropped].sum())
        self.served_steps += int(served.sum())
        self.handovers[slot.index] = moved.sum()
        self._end_stays(slot.index, served, moved)
        self._count_minute(slot.index, served, moved)

    def _end_stays(self, index: int, served: NDArray[np.bool_], moved: NDArray[np.bool_]) -> None:
        known = np.flatnonzero(moved & (self._since >= 0))
        np.add.at(self.stays, index - self._since[known], 1)
        self._since[~served] = -1
        self._since[moved] = index

    def _count_minute(self, index: int, served: NDArray[np.bool_], moved: NDArray[np.bool_]) -> None:
        if (index - 1) % self.minute_slots == 0:
            self._whole[:], self._moved[:] = True, False
        self._whole &= served
        self._moved |= moved
        if index % self.minute_slots == 0:
            self.user_minutes += int(self._whole.sum())
            self.minutes_with_handover += int((self._whole & self._moved).sum())

    @property
    def handover_probability(self) -> float | None:
        """Share of the user-minutes with a hand-over [1]; None where the run has no user-minute."""
        return self.minutes_with_handover / self.user_minutes if self.user_minutes else None

    @property
    def handovers_per_user_minute(self) -> float | None:
        """Hand-overs over the time in which users are served [1/min]; None where no user is in two slots in a row."""
        minutes = self.served_steps * self._run.slot_s / MINUTE_S
        return int(self.handovers.sum()) / minutes if minutes else None

    def stay_summary(self) -> dict[str, float | None]:
        """Mean, 5th, 50th and 95th percentile and longest of the stays [s]."""
        lengths = np.flatnonzero(self.stays)
        if not lengths.size:
            return dict.fromkeys(("mean", "p5", "p50", "p95", "max"))
        counts, slot_s = self.stays[lengths], self._run.slot_s
        reached = np.cumsum(counts) / counts.sum()
        cuts = {
            name: float(lengths[np.searchsorted(reached, share)]) * slot_s
            for name, share in (("p5", 0.05), ("p50", 0.5), ("p95", 0.95))
        }
        return {"mean": float(lengths @ counts / counts.sum()) * slot_s, **cuts, "max": float(lengths[-1]) * slot_s}

    def to_json(self) -> dict[str, Any]:
        """All statistics as plain values, units in the names."""
        run, slots, out_of_reach = self._run, max(1, self.slots), self._reach.in_words()
        busiest = int(np.argmax(self.attached_sum))
        return {
            "source": run.world.name,
            "seed": run.world.seed,
            "users": len(run.user_ids),
            "stations": len(run.station_ids),
            "slots": self.slots,
            "slot_s": run.slot_s,
            "moved_by": run.moved_by,
            "present_users": {
                "mean": float(self.present.mean()),
                "min": int(self.present.min()),
                "max": int(self.present.max()),
            },
            "arrivals": self.arrivals,
            "departures": self.departures,
            "unserved_share": 1 - self.served / max(1, int(self.present.sum())),
            "handovers": int(self.handovers.sum()),
            "handovers_per_user_minute": self.handovers_per_user_minute,
            "handover_probability": self.handover_probability,
            "user_minutes": self.user_minutes,
            "user_minute_s": self.minute_slots * run.slot_s,
            "stay_s": self.stay_summary(),
            "speed_mps": self.speed_mps.summary(),
            "distance_to_access_m": self.distance_m.summary(),
            "access_rate_mbps": _scaled(self.rate_bps, BITS_PER_MBIT),
            "attached_users_mean": (self.attached_sum / slots).tolist(),
            "attached_users_max": self.attached_most.tolist(),
            "station_ids": list(run.station_ids),
            "busiest_station": busiest,
            "busiest_station_id": run.station_ids[busiest],
            "cpu_gcycles_per_s": _scaled(self.cpu_cycles_per_s, CYCLES_PER_GCYCLE),
            "station_failures": self.failures,
            "down_share": (self.down_slots / slots).tolist(),
            "users_dropped": self.dropped,
            "notes": [*run.notes, *([] if out_of_reach is None else [out_of_reach])],
        }


def _scaled(histogram: Histogram, unit: float) -> dict[str, float | None]:
    """The summary of a histogram in a larger unit."""
    return {name: None if value is None else value / unit for name, value in histogram.summary().items()}
