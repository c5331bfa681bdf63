"""What a slot costs once every twin has its host, and what the users see of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from twinhop import network
from twinhop.kernels.shares import host_shares
from twinhop.migration.situation import Situation
from twinhop.placement.evaluation import DEADLINE_TOLERANCE
from twinhop.placement.problem import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class SlotCost:
    """The cost of one slot, ``communication + computing + moves + opening + energy`` [s].

    Attributes:
        communication: weight sum_i comm_i.
        computing: weight sum_i w_i / f_i.
        moves: weight sum of what moves cost.
        opening: beta sum_k opening_k y_k.
        energy: beta kappa mean energy, of updates and of moves.
    """

    communication: float
    computing: float
    moves: float
    opening: float
    energy: float

    @property
    def total(self) -> float:
        """Their sum."""
        return self.communication + self.computing + self.moves + self.opening + self.energy


@dataclass(frozen=True, eq=False)
class Outcome:
    """One slot after its decision, for n served users and K hosts.

    Attributes:
        situation: the slot, and where twins were.
        host: (n,) where they are.
        moved: (n,) bool, who moved.
        comm_s: (n,) communication latency of an update [s].
        computing_s: (n,) its computing latency [s].
        move_s: (n,) what each move costs, 0 without [s].
        cost: the slot's cost by terms.
        fallbacks: users placed otherwise than the policy asked, because it could not be.
        decision_s: how long the policy took [s].
    """

    situation: Situation = field(repr=False)
    host: IntArray
    moved: BoolArray
    comm_s: FloatArray
    computing_s: FloatArray
    move_s: FloatArray
    cost: SlotCost
    fallbacks: int
    decision_s: float

    @property
    def latency_s(self) -> FloatArray:
        """(n,) latency of an update, Eq. 11 [s]."""
        return self.comm_s + self.computing_s

    @property
    def moved_bits(self) -> FloatArray:
        """(n,) bits that moved [bit]."""
        return np.where(self.moved, self.situation.all_users.twin_bits[self.situation.users], 0.0)

    @property
    def pause_s(self) -> FloatArray:
        """(n,) for how long each twin answered nobody: the fixed time of its move and the way of what it rests for."""
        situation, pause_s = self.situation, np.zeros(len(self.host))
        hosts, who = situation.hosts, np.flatnonzero(self.moved)
        wires = hosts.moves if hosts.last_updates is None else hosts.last_updates
        pause_s[who] = hosts.move_s + wires.between(situation.users[who], situation.before[who], self.host[who])
        return pause_s

    @property
    def mean_age_s(self) -> FloatArray:
        """(n,) mean age of what the twin knows, dt/2 + T; a pause p adds p (p + dt) / (2 slot) [s]."""
        period_s, pause_s = self.situation.all_users.sync_period_s, self.pause_s
        waiting_s = pause_s * (pause_s + period_s) / (2 * self.situation.slot_s)
        return network.mean_age_s(self.latency_s, period_s) + waiting_s

    @property
    def peak_age_s(self) -> FloatArray:
        """(n,) greatest age, dt + T, and the pause of a move [s]."""
        return network.peak_age_s(self.latency_s, self.situation.all_users.sync_period_s) + self.pause_s

    @property
    def utilisation(self) -> FloatArray:
        """(n,) share of its time that a twin spends on updates, Eq. 12; above 1 it cannot keep up."""
        return network.synchronisation_utilisation(self.latency_s, self.situation.all_users.sync_period_s)

    @property
    def energy_j(self) -> FloatArray:
        """(n,) energy of an update, Eq. 19, and of the move [J]."""
        return self.situation.energy_j + self.situation.hosts.move_energy_j_per_bit * self.moved_bits

    @property
    def utility(self) -> FloatArray:
        """(n,) Eq. 20 [1]."""
        users = self.situation.all_users
        tau_s = users.tau_s[self.situation.users]
        return network.utility(tau_s, self.latency_s, self.energy_j, users.utility_weight, users.utility_scale_s)

    @property
    def violation(self) -> BoolArray:
        """(n,) bool, whose update comes later than its deadline; nobody's where deadlines are not enforced."""
        return self.latency_s > self.situation.tau_s * (1 + DEADLINE_TOLERANCE)

    @property
    def load(self) -> IntArray:
        """(K,) number of twins of served users on each host."""
        return np.bincount(self.host, minlength=len(self.situation.hosts.ids))


def outcome_of(situation: Situation, host: IntArray, fallbacks: int = 0, decision_s: float = 0.0) -> Outcome:
    """Price a slot.

    Args:
        situation: the slot.
        host: (n,) hosts of its users, all of them up.
        fallbacks: users placed otherwise than the policy asked.
        decision_s: how long it took [s].

    Returns:
        The outcome. CPU shares keep the deadlines of the users on a host where they can be kept together.
    """
    users, hosts, who = situation.all_users, situation.hosts, situation.users
    comm_s, share = situation.own_comm_s(host), np.empty(len(who))
    floor = situation.floors(host, comm_s)
    host_shares(host, users.share_weight[who], floor, users.has_deadlines, situation.cpu, share)
    computing_s = network.computing_latency_s(users.update_work[who], share)
    moved = (situation.before >= 0) & (host != situation.before)
    move_s = np.zeros(len(who))
    movers = np.flatnonzero(moved)
    if movers.size:
        move_s[movers] = hosts.move_s + hosts.moves.between(who[movers], situation.before[movers], host[movers])
    opened = np.bincount(host, minlength=len(hosts.ids)) > 0
    energy_j = float(situation.energy_j.sum())
    if hosts.move_energy_j_per_bit:
        energy_j += hosts.move_energy_j_per_bit * float(users.twin_bits[who[movers]].sum())
    cost = SlotCost(
        communication=situation.weight * float(comm_s.sum()),
        computing=situation.weight * float(computing_s.sum()),
        moves=situation.weight * float(move_s.sum()),
        opening=hosts.beta * float(hosts.opening_s[opened].sum()),
        energy=hosts.beta * hosts.kappa_s_per_j * energy_j / max(len(who), 1),
    )
    return Outcome(situation, host, moved, comm_s, computing_s, move_s, cost, fallbacks, decision_s)
