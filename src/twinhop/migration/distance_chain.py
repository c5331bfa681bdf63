"""How far users get from hosts: distances in bins, and a Markov chain over them."""

from __future__ import annotations

import numpy as np

from twinhop import network
from twinhop.migration.situation import Hosts, Situation
from twinhop.migration.wire_table import WireTable
from twinhop.placement.problem import FloatArray, IntArray

#: Before anything is seen, a user is taken to have stayed at each distance so many times.
STAYS_PRIOR = 1.0


class DistanceChain:
    """The distance from a user's access station to a host that does not move, slot by slot.

    Formula: ``P_ab = (c_ab + [a = b]) / (c_a + 1)``, c_ab how often a user's access station went, within a slot, from
    bin a of a host's distance to bin b: every step of every user counts once for each host.

    Attributes:
        bin: (M, K) the bin of each station's distance to each host; the last one for a cloud without a position.
    """

    def __init__(self, hosts: Hosts, past_access: IntArray, bins: int) -> None:
        """Begin with what was seen before the run: access stations (S, N) of S slots, -1 where a user was away."""
        self._bins = bins
        self._last = np.full(past_access.shape[1], -1)
        self._slot, self._epoch = -1, 0
        self._start(hosts)
        for here, there in zip(past_access, past_access[1:], strict=False):
            self._count(here, there)

    def _start(self, hosts: Hosts) -> None:
        placed = np.isfinite(hosts.xy_m[:, 0])
        distance_m = network.distance_m(hosts.xy_m[: hosts.stations], hosts.xy_m[placed])
        self.bin: IntArray = np.full((hosts.stations, len(hosts.ids)), self._bins - 1)
        width_m = max(float(distance_m.max()), 1e-9) / self._bins
        self.bin[:, placed] = np.minimum((distance_m / width_m).astype(np.int64), self._bins - 1)
        self._counts = np.zeros((self._bins, self._bins))

    def observe(self, situation: Situation) -> None:
        """Count the steps since the slot before."""
        slot = situation.slot
        if slot.epoch != self._epoch:
            self._epoch = slot.epoch
            self._last[:] = -1
            self._start(situation.hosts)
        if slot.index == self._slot + 1:
            self._count(self._last, slot.access)
        self._last, self._slot = slot.access.copy(), slot.index

    def _count(self, here: IntArray, there: IntArray) -> None:
        known = (here >= 0) & (there >= 0)
        steps = self.bin[here[known]] * self._bins + self.bin[there[known]]
        self._counts += np.bincount(steps.ravel(), minlength=self._bins**2).reshape(self._bins, self._bins)

    def transitions(self) -> FloatArray:
        """(B, B) probabilities of the bin of the next slot, from the row's to the column's."""
        counts = self._counts + STAYS_PRIOR * np.eye(self._bins)
        return counts / counts.sum(axis=1, keepdims=True)

    def mean_wire_s(self, wires: WireTable) -> FloatArray:
        """(G, B) mean latency at each distance in each table of wires; at distances that no pair has, by interpolation.

        Args:
            wires: of the data in question.
        """
        stations, bins = len(self.bin), self._bins
        pairs = np.bincount(self.bin.ravel(), minlength=bins)
        bins_in_use = np.flatnonzero(pairs)
        mean_s = np.empty((len(wires.unit_s), bins))
        for group, unit_s in enumerate(wires.unit_s):
            summed_s = np.bincount(self.bin.ravel(), unit_s[:stations].ravel(), minlength=bins)
            mean_s[group] = np.interp(np.arange(bins), bins_in_use, summed_s[bins_in_use] / pairs[bins_in_use])
        return mean_s
