"""The migration problem P2 of a whole run as plain arrays: what a policy with full knowledge would have to solve."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from twinhop.migration.wire_table import WireTable
from twinhop.placement.problem import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class MigrationProblem:
    """T slots, N users, K hosts, and P visits: a visit is one user in one slot in which it is served.

    ``cost = energy + 1/T sum_t [ weight_t (sum_i comm_s + sum_k H_tk + sum_i move_i) + sum_k opening_s[t, k] y_tk ]``
    subject to one host per visit, at most ``capacity[t, k]`` visits on host k in slot t, and minimum CPU shares where
    deadlines are given. ``H_tk`` is the least ``sum_i root_work[i]^2 / f_i`` over shares with ``sum f <= cpu[t, k]``
    and ``f_i >= floor``: ``(sum_i root_work[i])^2 / cpu[t, k]`` where no floor binds. A move is a change of host from
    one visit of a user to its next, and costs ``move_fixed_s + moves.between(user, from, to)`` at the later visit, and
    its energy ``move_energy``, which has no weight; the first visit is free, unless `start` says where the twin is
    before it.

    Attributes:
        slots: T.
        first: (N + 1,) the visits of user i are ``first[i] .. first[i + 1] - 1``, in the order of time.
        slot: (P,) the slot of each visit.
        comm_s: (P, K) communication latency of an update, Eq. 11 [s]; ``inf`` forbids the host.
        root_work: (N,) square root of the work of an update [sqrt(cycle)].
        cpu: (T, K) CPU capacity [cycle/s].
        capacity: (T, K) twins that fit; 0 where the host is down or may not host.
        opening_s: (T, K) cost of a slot in which the host is open, beta included [s].
        weight: (T,) weight of latencies and moves: alpha over the users of the slot [1].
        moves: wired latency of the twins between hosts.
        move_fixed_s: fixed cost of a move [s].
        floor: (P, K) least CPU shares [cycle/s], ``inf`` where the deadline forbids the host; None without deadlines.
        slot_energy: (T,) weighted energy of each slot without moves, which no decision changes; None: none.
        move_energy: (P,) weighted energy of a move at each visit; None: none.
        load: (P,) by what the work of an update is multiplied at each visit; None: by nothing.
        start: (N,) host before the first visit, or -1: none; None: nobody has one.
        name: of the run, in messages.
        user_ids: (N,) names.
        host_ids: (K,) names.
    """

    slots: int
    first: IntArray
    slot: IntArray
    comm_s: FloatArray
    root_work: FloatArray
    cpu: FloatArray
    capacity: IntArray
    opening_s: FloatArray
    weight: FloatArray
    moves: WireTable = field(repr=False)
    move_fixed_s: float
    floor: FloatArray | None = None
    slot_energy: FloatArray | None = None
    move_energy: FloatArray | None = None
    load: FloatArray | None = None
    start: IntArray | None = None
    name: str = "run"
    user_ids: tuple[str, ...] = field(default=(), repr=False)
    host_ids: tuple[str, ...] = field(default=(), repr=False)

    @cached_property
    def energy(self) -> float:
        """Mean over slots of the weighted energy without moves."""
        return 0.0 if self.slot_energy is None else math.fsum(self.slot_energy) / self.slots

    @property
    def users(self) -> int:
        """N."""
        return len(self.first) - 1

    @property
    def hosts(self) -> int:
        """K."""
        return self.comm_s.shape[1]

    @property
    def visits(self) -> int:
        """P."""
        return len(self.slot)

    @property
    def user(self) -> IntArray:
        """(P,) the user of each visit."""
        return np.repeat(np.arange(self.users), np.diff(self.first))

    @property
    def visit_root_work(self) -> FloatArray:
        """(P,) square root of the work of an update at each visit [sqrt(cycle)]."""
        root_work = self.root_work[self.user]
        return root_work if self.load is None else root_work * np.sqrt(self.load)
