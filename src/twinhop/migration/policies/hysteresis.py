"""`hysteresis`: follow the nearest host, but only once the twin has been too far away for some slots."""

from __future__ import annotations

import numpy as np

from twinhop.jit import jit
from twinhop.migration.policy import PolicyKind
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation
from twinhop.placement.policy import Setting
from twinhop.placement.problem import BoolArray, FloatArray, IntArray
from twinhop.units import S_PER_MS


class Hysteresis:
    """Moves a twin to the host nearest by wire with room, once its own is farther by a margin for some slots in a row.

    With ``comm_ik`` the latency of an update to host k, a slot counts where ``comm_i,own - min_k comm_ik > margin``,
    the least taken over the hosts that are up. Users without a host take the nearest with room at once, in their order.
    """

    def __init__(self, run: MigrationRun, margin_s: float, slots: int) -> None:
        self._margin_s, self._slots = margin_s, slots
        self._late = np.zeros(len(run.user_ids), np.int64)

    def decide(self, situation: Situation) -> IntArray:
        """The hosts of those who stay and of those who have been too far away for long enough."""
        users, comm_s = situation.users, np.where(situation.up, situation.comm_s, np.inf)
        homeless = situation.before < 0
        own_s = comm_s[np.arange(len(users)), np.where(homeless, 0, situation.before)]
        late = np.zeros_like(self._late)
        late[users] = np.where(~homeless & (own_s - comm_s.min(axis=1) > self._margin_s), self._late[users] + 1, 0)
        leaves = homeless | (late[users] >= self._slots) | np.isinf(own_s)
        late[users[leaves]] = 0
        self._late = late
        return nearest_by_wire(comm_s, situation.before, leaves, situation.capacity)


@jit()
def nearest_by_wire(comm_s: FloatArray, before: IntArray, leaves: BoolArray, capacity: IntArray) -> IntArray:
    """The host of least latency with room for those who leave theirs, one user after the other; the others stay.

    Args:
        comm_s: (n, K) latencies, infinite where a host is down [s].
        before: (n,) hosts, -1: none.
        leaves: (n,) who looks for a host.
        capacity: (K,) seats.

    Returns:
        (n,) hosts; -1 for who finds none.
    """
    host, count = before.copy(), np.zeros(len(capacity), np.int64)
    for i in range(len(host)):
        if host[i] >= 0:
            count[host[i]] += 1
    for i in range(len(host)):
        if not leaves[i]:
            continue
        if host[i] >= 0:
            count[host[i]] -= 1
        best, at = np.inf, -1
        for k in range(len(capacity)):
            if comm_s[i, k] < best and count[k] < capacity[k]:
                best, at = comm_s[i, k], k
        host[i] = at
        if at >= 0:
            count[at] += 1
    return host


def hysteresis(run: MigrationRun, rng: np.random.Generator, margin_ms: float, slots: int) -> Hysteresis:
    """The policy for a run."""
    return Hysteresis(run, margin_ms * S_PER_MS, slots)


KIND = PolicyKind(
    hysteresis,
    "moves a twin to the nearest host once its own has been too far for some slots",
    {
        "margin_ms": Setting(10.0, "how much longer an update may take to its host than to the nearest [ms]"),
        "slots": Setting(3, "slots in a row in which it takes longer before the twin moves", least=1),
    },
)
