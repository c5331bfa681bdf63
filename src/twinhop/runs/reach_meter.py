"""Whether users of a run are out of every station's reach in some slot, and decide its means."""

from __future__ import annotations

import numpy as np

from twinhop.scenario.dynamics import Slot
from twinhop.scenario.world.reach import in_outage, out_of_reach


class ReachMeter:
    """Sums what the radio takes of every user's updates, and keeps the slot in which each waits longest."""

    def __init__(self, user_ids: tuple[str, ...]) -> None:
        """Begin before slot 0."""
        users = len(user_ids)
        self._ids = user_ids
        self._latency_s, self._longest_s = np.zeros(users), np.zeros(users)
        self._rate_bps, self._distance_m = np.full(users, np.inf), np.zeros(users)
        self._station = [""] * users
        self._outage = np.zeros(users, np.bool_)
        self._slots = 0

    def add(self, slot: Slot) -> None:
        """Look at one slot."""
        users, world = slot.served, slot.stations
        rate_bps, access = slot.rate_bps[users], slot.access[users]
        outage = in_outage(world, access, rate_bps)
        with np.errstate(divide="ignore"):
            latency_s = world.update_bits[users] / rate_bps
        self._latency_s[users] += latency_s
        self._outage[users] |= outage
        self._slots += bool(outage.any())
        longest = latency_s > self._longest_s[users]
        at = users[longest]
        self._longest_s[at], self._rate_bps[at] = latency_s[longest], rate_bps[longest]
        self._distance_m[at] = slot.distance_m[at]
        for user, station in zip(at.tolist(), access[longest].tolist(), strict=True):
            self._station[user] = world.station_ids[station]

    def in_words(self) -> str | None:
        """Who decides the means, at their longest wait; None where nobody is out of reach."""
        who = out_of_reach(
            self._ids, self._station.__getitem__, self._outage, self._rate_bps, self._distance_m, self._latency_s
        )
        if who is None:
            return None
        return f"in {self._slots} slots, {who.in_words()}" if who.outage and self._slots > 1 else who.in_words()
