"""`mdp_threshold`: migrate by distance alone, by the Markov decision process of the service-migration literature."""

from __future__ import annotations

import numpy as np

from twinhop.jit import jit
from twinhop.migration.distance_chain import DistanceChain
from twinhop.migration.first_plan import first_plan
from twinhop.migration.policy import PolicyKind
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation
from twinhop.placement.policy import Setting
from twinhop.placement.problem import BoolArray, FloatArray, IntArray

#: Values are iterated until all change alike, to this share of the largest: what is best depends on differences alone.
TOLERANCE = 1e-6


class MdpThreshold:
    """The state of a twin is the bin a of the distance from its user's access station to its host.

    Moving to a bin b < a, or staying, b = a, costs ``q_ab = u_b + [b < a] (move_s + m_(a-b))``: u_b and m_d are the
    mean wired latencies of the user's update at distance b and of its twin over distance d. With the chain P of
    distances learned so far (`DistanceChain`) and the discount ``g = 1 - 1 / horizon``, value iteration solves

        V_a = min over b <= a of [ q_ab + g sum_c P_bc V_c ].

    The minimiser says to which distance a twin comes from each: up to a threshold it stays. It goes to the host with
    room in that bin, or nearer, that costs least to reach. Computing and opening play no part in it, as in the source.
    The chain begins with what the trace before the run tells.

    Source: Ksentini, Taleb, Chen, A Markov decision process-based service migration procedure for follow me cloud, ICC
    2014; Wang, Urgaonkar, He, Chan, Zafer, Leung, Dynamic service migration in mobile edge computing based on Markov
    decision process, IEEE/ACM Transactions on Networking 27 (2019).
    """

    def __init__(self, run: MigrationRun, horizon: int, bins: int, only_opened: bool) -> None:
        self._chain = DistanceChain(run.hosts, run.past_access(), bins)
        self._discount, self._only_opened = 1.0 - 1.0 / horizon, only_opened
        self._values = np.zeros((len(run.user_ids), bins))

    def decide(self, situation: Situation) -> IntArray:
        """The hosts."""
        self._chain.observe(situation)
        if (situation.before < 0).all():
            return first_plan(situation)
        targets = self.targets(situation)
        usable = situation.up.copy()
        if self._only_opened:
            usable &= np.bincount(situation.before[situation.before >= 0], minlength=len(usable)) > 0
        bins = self._chain.bin[situation.access]
        return cheapest_within(
            situation.before, bins, targets, situation.move_s, usable, situation.up, situation.capacity
        )

    def targets(self, situation: Situation) -> IntArray:
        """(n, B) the bin to which the twin of each served user comes from each bin."""
        hosts, who, chain = situation.hosts, situation.users, self._chain
        update_s, move_s = (
            wires.scale[who, None] * chain.mean_wire_s(wires)[wires.group[who]]
            for wires in (hosts.updates, hosts.moves)
        )
        values = self._values[who]
        target = iterate_values(update_s, move_s, hosts.move_s, chain.transitions(), self._discount, values)
        self._values[who] = values
        return target


@jit()
def iterate_values(
    update_s: FloatArray, move_s: FloatArray, fixed_s: float, chain: FloatArray, discount: float, values: FloatArray
) -> IntArray:
    """Value iteration, one user after the other.

    Args:
        update_s: (n, B) latency of an update at each distance [s].
        move_s: (n, B) latency of the twin over each distance [s].
        fixed_s: fixed cost of a move [s].
        chain: (B, B) transitions of the distance.
        discount: of the slot to come, in [0, 1).
        values: (n, B) where to begin; on return the values, up to a constant for each user.

    Returns:
        (n, B) the minimisers; ties stay, or go least far.
    """
    users, bins = update_s.shape
    target = np.empty((users, bins), np.int64)
    after, value = np.empty(bins), np.empty(bins)
    for i in range(users):
        most, least, largest = np.inf, 0.0, 0.0
        while most - least > TOLERANCE * largest:
            for b in range(bins):
                after[b] = update_s[i, b]
                for c in range(bins):
                    after[b] += discount * chain[b, c] * values[i, c]
            most, least, largest = -np.inf, np.inf, 0.0
            for a in range(bins):
                value[a], target[i, a] = after[a], a
                for b in range(a - 1, -1, -1):
                    moving = after[b] + fixed_s + move_s[i, a - b]
                    if moving < value[a]:
                        value[a], target[i, a] = moving, b
                most, least = max(most, value[a] - values[i, a]), min(least, value[a] - values[i, a])
                largest = max(largest, value[a])
            values[i] = value
    return target


@jit()
def cheapest_within(
    before: IntArray,
    bins: IntArray,
    target: IntArray,
    move_s: FloatArray,
    usable: BoolArray,
    up: BoolArray,
    capacity: IntArray,
) -> IntArray:
    """The host with room that is cheapest to reach within the target bin, for one user after the other.

    Args:
        before: (n,) hosts, -1: none.
        bins: (n, K) distance of each host from the user's access station.
        target: (n, B) the bin to come to from each bin.
        move_s: (n, K) cost of moving to each host [s].
        usable: (K,) hosts that may be moved to.
        up: (K,) hosts that work.
        capacity: (K,) seats.

    Returns:
        (n,) hosts; -1 for users without one, and for those whose host is down.
    """
    host, count = before.copy(), np.zeros(len(capacity), np.int64)
    for i in range(len(host)):
        if host[i] >= 0:
            count[host[i]] += 1
    for i in range(len(host)):
        own = host[i]
        if own < 0 or not up[own]:
            host[i] = -1
            continue
        within = target[i, bins[i, own]]
        if within == bins[i, own]:
            continue
        best, at = np.inf, own
        for k in range(len(capacity)):
            if k != own and usable[k] and bins[i, k] <= within and count[k] < capacity[k] and move_s[i, k] < best:
                best, at = move_s[i, k], k
        count[own] -= 1
        count[at] += 1
        host[i] = at
    return host


def mdp_threshold(run: MigrationRun, rng: np.random.Generator, horizon: int, bins: int, hosts: str) -> MdpThreshold:
    """The policy for a run."""
    return MdpThreshold(run, horizon, bins, hosts == "opened")


KIND = PolicyKind(
    mdp_threshold,
    "moves a twin by the distance to its user alone: a Markov decision process solved by value iteration",
    {
        "horizon": Setting(20, "slots that count, 1 / (1 - discount)", least=1),
        "bins": Setting(30, "bins of equal width up to the largest distance of a host", least=2),
        "hosts": Setting(
            "any", "to which hosts twins move: any that works, or opened ones", accepted=("any", "opened")
        ),
    },
)
