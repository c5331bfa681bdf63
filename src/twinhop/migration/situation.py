"""What a policy may know when it decides: one slot of a run, and where the twins are."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from twinhop import network
from twinhop.migration.slot_loop import own_comm_s
from twinhop.migration.wire_table import WireTable
from twinhop.placement import PlacementProblem
from twinhop.placement.problem import BoolArray, FloatArray, IntArray
from twinhop.scenario.dynamics import Slot
from twinhop.text import counted, in_a_line


@dataclass(frozen=True, eq=False)
class Users:
    """What holds of N users throughout a run.

    Attributes:
        ids: N names.
        update_bits: (N,) dD [bit].
        update_work: (N,) work of an update, C_u dD [cycle].
        root_work: (N,) its square root.
        share_weight: (N,) weights by which a host shares its CPU.
        twin_bits: (N,) what moves with a twin, D [bit].
        tau_s: (N,) deadlines on the update latency, of the utility too where they are not enforced [s].
        has_deadlines: whether they are enforced.
        tx_power_w: (N,) [W].
        sync_period_s: dt [s].
        utility_weight: beta_u [1].
        utility_scale_s: tau_0 [s].
    """

    ids: tuple[str, ...] = field(repr=False)
    update_bits: FloatArray
    update_work: FloatArray
    root_work: FloatArray
    share_weight: FloatArray
    twin_bits: FloatArray
    tau_s: FloatArray
    has_deadlines: bool
    tx_power_w: FloatArray
    sync_period_s: float
    utility_weight: float
    utility_scale_s: float


@dataclass(frozen=True, eq=False)
class Hosts:
    """What holds of K hosts throughout a run: M stations, and last a cloud that may host.

    Attributes:
        ids: K names.
        xy_m: (K, 2) positions, NaN for a cloud without one [m].
        stations: M.
        may_host: (K,) bool.
        cpu: (K,) CPU at the start [cycle/s].
        capacity: (K,) twins that fit.
        opening_s: (K,) cost of an open host in a slot [s].
        updates: wired latency of updates.
        moves: wired latency of whole twins.
        last_updates: wired latency of what a twin rests for when it moves live; None where it rests for all its data.
        move_s: fixed cost of a move [s].
        move_energy_j_per_bit: [J/bit].
        alpha: weight of mean latency and of moves, before a sum is made of it.
        beta: weight of opening and energy.
        kappa_s_per_j: [s/J].
        is_summed: whether the cost sums over users.
        cpu_rule: how CPUs are shared.
    """

    ids: tuple[str, ...] = field(repr=False)
    xy_m: FloatArray
    stations: int
    may_host: BoolArray
    cpu: FloatArray
    capacity: IntArray
    opening_s: FloatArray
    updates: WireTable
    moves: WireTable
    last_updates: WireTable | None
    move_s: float
    move_energy_j_per_bit: float
    alpha: float
    beta: float
    kappa_s_per_j: float
    is_summed: bool
    cpu_rule: str

    def move_energy_cost(self, twin_bits: FloatArray, served: IntArray) -> FloatArray:
        """(n,) what the energy of a move costs, ``beta kappa e D_i / n``: the cost counts its mean over the users.

        Args:
            twin_bits: (n,) what moves with each twin, D [bit].
            served: (n,) users served in the slot of the move.
        """
        return self.beta * self.kappa_s_per_j * self.move_energy_j_per_bit * twin_bits / np.maximum(served, 1)


class Situation:
    """One slot for its n served users and K hosts.

    Attributes:
        slot: the world's slot.
        all_users: what holds of every user of the run.
        hosts: what holds of the hosts.
        users: (n,) the served users, indices into the run's.
        before: (n,) where their twins are as the slot begins, -1: they have none yet.
    """

    def __init__(
        self, slot: Slot, users: Users, hosts: Hosts, slot_s: float = 1.0, before: IntArray | None = None
    ) -> None:
        """A slot of `slot_s` seconds; `before` is (N,), the hosts of all users of the run."""
        self.slot, self.all_users, self.hosts, self.slot_s = slot, users, hosts, slot_s
        self.users: IntArray = slot.served
        self.before: IntArray = np.full(len(self.users), -1) if before is None else before[self.users]

    def __repr__(self) -> str:
        sizes = (counted(len(self.users), "served user"), counted(len(self.hosts.ids), "host"))
        return in_a_line(self, f"slot {self.index}", *sizes)

    def with_hosts(self, before: IntArray) -> Situation:
        """The same slot, with the hosts (N,) of all users of the run."""
        self.before = before[self.users]
        return self

    @property
    def index(self) -> int:
        """Of the slot, from 0."""
        return self.slot.index

    @cached_property
    def access(self) -> IntArray:
        """(n,) access stations."""
        return self.slot.access[self.users]

    @cached_property
    def up(self) -> BoolArray:
        """(K,) which hosts may host now."""
        hosts = self.hosts
        up = hosts.may_host.copy()
        up[: hosts.stations] &= self.slot.up
        return up

    @cached_property
    def capacity(self) -> IntArray:
        """(K,) twins that fit now; 0 where the host is down."""
        return np.where(self.up, self.hosts.capacity, 0)

    @cached_property
    def cpu(self) -> FloatArray:
        """(K,) CPU now [cycle/s]."""
        cpu = self.hosts.cpu.copy()
        cpu[: self.hosts.stations] = self.slot.cpu_cycles_per_s
        return cpu

    @cached_property
    def upload_s(self) -> FloatArray:
        """(n,) radio latency of an update [s]."""
        return self.all_users.update_bits[self.users] / self.slot.rate_bps[self.users]

    @cached_property
    def root_work(self) -> FloatArray:
        """(n,) square roots of the work of an update."""
        return self.all_users.root_work[self.users]

    @cached_property
    def tau_s(self) -> FloatArray:
        """(n,) deadlines, infinite where they are not enforced [s]."""
        users = self.all_users
        return users.tau_s[self.users] if users.has_deadlines else np.full(len(self.users), np.inf)

    @cached_property
    def weight(self) -> float:
        """Weight of latencies and moves: alpha over the users served; the slot's cost is a mean over them."""
        count = max(len(self.users), 1)
        alpha = self.hosts.alpha
        return alpha / len(self.all_users.ids) if self.hosts.is_summed else alpha / count

    @cached_property
    def comm_s(self) -> FloatArray:
        """(n, K) communication latency of an update by each host, Eq. 11 [s]; also of hosts that are down."""
        return self.upload_s[:, None] + self.hosts.updates.onward(self.users, self.access)

    def own_comm_s(self, host: IntArray) -> FloatArray:
        """(n,) communication latency of an update to the host (n,) of each user [s]."""
        comm_s, wires = np.empty(len(host)), self.hosts.updates
        own_comm_s(self.users, self.access, host, self.upload_s, wires.unit_s, wires.group, wires.scale, comm_s)
        return comm_s

    def floors(self, host: IntArray, comm_s: FloatArray) -> FloatArray:
        """The least CPU shares by which the deadlines of users hold on their hosts.

        Args:
            host: (n,) hosts.
            comm_s: (n,) communication latency of an update to them [s].

        Returns:
            (n,) shares, infinite where none suffices; 0 for users whose deadline no host could keep [cycle/s]; all 0
            without deadlines.
        """
        if not self.all_users.has_deadlines:
            return np.zeros(len(host))
        work = self.all_users.update_work[self.users]
        floor = network.minimum_share_cycles_per_s(work, self.tau_s, comm_s)
        if np.isinf(floor).any() or (floor > self.cpu[host]).any():
            floor[self.problem.unmeetable] = 0.0
        return floor

    @cached_property
    def energy_j(self) -> FloatArray:
        """(n,) energy of sending an update, Eq. 19 [J]."""
        return self.all_users.tx_power_w[self.users] * self.upload_s

    @cached_property
    def move_s(self) -> FloatArray:
        """(n, K) cost of a move to each host, 0 to where the twin is and where it is nowhere yet [s]."""
        here = np.flatnonzero(self.before >= 0)
        cost = np.zeros((len(self.users), len(self.hosts.ids)))
        cost[here] = self.hosts.move_s + self.hosts.moves.onward(self.users[here], self.before[here])
        cost[here, self.before[here]] = 0.0
        return cost

    @cached_property
    def move_cost_s(self) -> FloatArray:
        """(n, K) `move_s`, and the energy of moves in the unit of latencies, ``beta kappa e D_i / n / weight`` [s].

        Without the energy where latencies weigh nothing.
        """
        count = len(self.users)
        energy = self.hosts.move_energy_cost(self.all_users.twin_bits[self.users], np.full(count, count))
        if not self.weight > 0 or not energy.any():
            return self.move_s
        is_move = (self.before >= 0)[:, None] & (np.arange(len(self.hosts.ids)) != self.before[:, None])
        return self.move_s + np.where(is_move, energy[:, None] / self.weight, 0.0)

    @cached_property
    def problem(self) -> PlacementProblem:
        """The slot as a placement problem, moves left out: alpha is the number of users times `weight`."""
        return self.problem_with(None)

    def problem_with(self, extra_s: FloatArray | None, comm_s: FloatArray | None = None) -> PlacementProblem:
        """The placement problem of the slot with further costs of hosts, or with other latencies.

        Args:
            extra_s: (n, K) added to the communication latency in the cost, not in deadlines [s]; or None.
            comm_s: (n, K) in place of the slot's in the cost, not in deadlines [s]; or None.

        Returns:
            The problem; infeasible arcs are those of hosts that are down, without seats or too late now.
        """
        users, hosts = self.all_users, self.hosts
        cost_s = self.comm_s if comm_s is None else comm_s
        deadlines: dict[str, Any] = {}
        if users.has_deadlines:
            deadlines = {
                "update_comm_s": self.comm_s,
                "update_work": users.update_work[self.users],
                "deadline_s": self.tau_s,
            }
        return PlacementProblem(
            comm_s=cost_s if extra_s is None else cost_s + extra_s,
            root_work=self.root_work,
            cpu=self.cpu,
            capacity=self.capacity,
            opening_s=hosts.opening_s,
            alpha=self.weight * len(self.users),
            beta=hosts.beta,
            energy_j=hosts.kappa_s_per_j * self.energy_j,
            distance_m=self._distance_m(),
            cpu_rule=hosts.cpu_rule,
            station_ids=hosts.ids,
            user_ids=tuple(users.ids[user] for user in self.users.tolist()),
            **deadlines,
        )

    def _distance_m(self) -> FloatArray:
        """(n, K) users to hosts; a cloud is infinitely far [m]."""
        stations = self.hosts.xy_m[: self.hosts.stations]
        distance_m = network.distance_m(self.slot.xy_m[self.users], stations)
        return np.hstack([distance_m, np.full((len(self.users), len(self.hosts.ids) - len(stations)), np.inf)])
