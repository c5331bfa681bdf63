"""`expected`: hosts for where users are to be expected, and moves when their expected worth exceeds their cost.

Only the past is known: a Markov chain of access stations is learned from the trace before the run, if it has one, and
as the run goes. In the first slot, and whenever an open host fails, hosts are planned for the mean latency over the
stations that each user will be at. In every slot each user then decides by a finite-horizon Markov decision process:
state (access station, host), actions the open hosts, cost of a slot ``comm + marginal computing``, and moves.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from twinhop.compile_time import solving_clock_s
from twinhop.migration.first_plan import hosts_of
from twinhop.migration.policy import LIMIT, PolicyKind
from twinhop.migration.run import NOWHERE, MigrationRun
from twinhop.migration.situation import Situation
from twinhop.migration.station_chain import StationChain
from twinhop.migration.value_loop import values_to_go
from twinhop.placement.policy import Setting
from twinhop.placement.problem import FloatArray, IntArray
from twinhop.scenario.dynamics.mean_channel import in_parts, thread_count


class Expected:
    """See the module."""

    def __init__(
        self,
        run: MigrationRun,
        *,
        plan_slots: int,
        move_slots: int,
        margin: float,
        end: str,
        strength: float,
        refresh: int,
        past: str,
        limit_s: float,
    ) -> None:
        """For a run.

        Args:
            run: what holds throughout, and its past.
            plan_slots: over which the first hosts are planned.
            move_slots: over which moves must pay.
            margin: by which factor they must.
            end: `known`: nothing counts after the last slot; `open`: the run might go on.
            strength: visits that all users' chain counts for in that of one; 0: everything.
            refresh: slots after which expectations are worked out anew.
            past: `trace`: learn from the trace before the run; `none`: from the run alone.
            limit_s: after which a slot's decision expects nothing more [s]: users of whom nothing is expected yet stay,
                and come first in the next slot; 0: never.
        """
        self._run, self._plan_slots, self._move_slots = run, plan_slots, move_slots
        self._end = run.slots if end == "known" else None
        self._margin, self._refresh = margin, refresh
        self._chain = StationChain(len(run.user_ids), run.hosts.stations, strength or math.inf)
        if past == "trace":
            self._chain.see(run.past_access())
        self._open = np.empty(0, np.int64)
        self._value_s: dict[int, FloatArray] = {}
        self._limit_s, self._first = limit_s or math.inf, 0
        self.note = ""
        """What the last decision left out; empty: nothing."""

    def decide(self, situation: Situation) -> IntArray:
        """The hosts of a slot."""
        begun_s = solving_clock_s()
        self._chain.see(situation.slot.access[None])
        self.note = ""
        has_host = situation.before >= 0
        open_hosts = np.unique(situation.before[has_host])
        if not has_host.any() or not situation.up[open_hosts].all():
            return self._plan(situation)
        if not np.array_equal(open_hosts, self._open):
            self._open, self._value_s = open_hosts, {}
        for user in range(-situation.index % self._refresh, len(self._run.user_ids), self._refresh):
            self._value_s.pop(user, None)  # a few in every slot: all at once would run to the same hosts
        return self._move(situation, begun_s + self._limit_s)

    def _plan(self, situation: Situation) -> IntArray:
        """Hosts for where users are to be expected, moves spread over the slots that they are for."""
        slots = self._plan_slots
        share = np.empty((len(situation.users), situation.hosts.stations))
        common = self._chain.mean_presence(0, slots) if self._chain.is_common else None
        for row, (user, at) in enumerate(zip(situation.users.tolist(), situation.access.tolist(), strict=True)):
            presence = self._chain.mean_presence(user, slots) if common is None else common
            share[row] = presence[at]
        wires = situation.hosts.updates
        unit_s, group = wires.unit_s[:, : situation.hosts.stations], wires.group[situation.users]
        wired_s = share @ unit_s[0] if len(unit_s) == 1 else np.einsum("na,nak->nk", share, unit_s[group])
        comm_s = situation.upload_s[:, None] + wires.scale[situation.users, None] * wired_s
        return hosts_of(situation, situation.problem_with(situation.move_cost_s / slots, comm_s), "lagrangian")

    def _move(self, situation: Situation, end_s: float) -> IntArray:
        """Moves that pay: one user after the other, by the loads that those before leave."""
        hosts, cpu, root_work = self._open, situation.cpu[self._open], situation.root_work
        column = {int(k): at for at, k in enumerate(hosts)}
        place = np.array([column.get(k, NOWHERE) for k in situation.before.tolist()])
        there = place >= 0
        load: FloatArray = np.bincount(place[there], weights=root_work[there], minlength=len(hosts)).astype(np.float64)
        count = np.bincount(place[there], minlength=len(hosts))
        self._expect(situation, place, load, end_s)
        unknown = 0
        for row, user in enumerate(situation.users.tolist()):
            at, own = place[row], root_work[row]
            if at >= 0:
                load[at] -= own
                count[at] -= 1
            cost_s = self._wired_s(user, hosts)[situation.access[row]] + own * (2 * load + own) / cpu
            value_s = self._value_s.get(user)
            if value_s is not None:
                cost_s += value_s[situation.access[row]]
            if at >= 0:
                cost_s += self._move_s(user, hosts)[at]
            cost_s[count >= situation.capacity[hosts]] = np.inf
            best = int(np.argmin(cost_s))
            may_move = at < 0 or (value_s is not None and cost_s[best] < cost_s[at])
            place[row] = best if may_move else at
            unknown += value_s is None
            load[place[row]] += own
            count[place[row]] += 1
        if unknown:
            self.note = (
                f"of {unknown} of {len(place)} users nothing was expected within {self._limit_s:.3g} s: they stay"
            )
        return hosts[place]

    def _expect(self, situation: Situation, place: IntArray, load: FloatArray, end_s: float) -> None:
        """Work out the values of users that have none, those first who were left out before, as far as time allows."""
        missing = [row for row, user in enumerate(situation.users.tolist()) if user not in self._value_s]
        missing.sort(key=lambda row: situation.users[row] < self._first)
        slots = self._move_slots - 1
        if self._end is not None:
            slots = min(slots, self._end - situation.index - 1)
        hosts, cpu, stations = self._open, situation.cpu[self._open], situation.hosts.stations
        common = self._chain.matrix(0) if self._chain.is_common else None
        values = np.zeros((len(missing), stations, len(hosts)))
        done = np.zeros(len(missing), bool)

        def part(rows: slice) -> None:
            for at in range(rows.start, rows.stop):
                if solving_clock_s() >= end_s:
                    return
                row = missing[at]
                user, own = int(situation.users[row]), situation.root_work[row]
                others = load.copy()
                if place[row] >= 0:
                    others[place[row]] -= own
                cost_s = self._wired_s(user, hosts) + own * (2 * others + own) / cpu
                chain = self._chain.matrix(user) if common is None else common
                values_to_go(chain, cost_s, self._move_s(user, hosts), slots, values[at])
                done[at] = True

        with ThreadPoolExecutor(thread_count()) as threads:
            in_parts(len(missing), len(missing), threads, part)
        for at, row in enumerate(missing):
            if done[at]:
                self._value_s[int(situation.users[row])] = values[at]
        left = np.flatnonzero(~done)
        self._first = int(situation.users[missing[left[0]]]) if left.size else 0

    def _wired_s(self, user: int, hosts: IntArray) -> FloatArray:
        """(M, K) latency of a user's update from each station to each of these hosts [s]."""
        wires = self._run.hosts.updates
        return wires.scale[user] * wires.unit_s[wires.group[user], : self._run.hosts.stations][:, hosts]

    def _move_s(self, user: int, hosts: IntArray) -> FloatArray:
        """(K, K) cost of a move between these hosts, times the margin [s]."""
        moves = self._run.hosts.moves
        cost_s = self._run.hosts.move_s + moves.scale[user] * moves.unit_s[moves.group[user]][np.ix_(hosts, hosts)]
        np.fill_diagonal(cost_s, 0.0)
        return self._margin * cost_s


def expected(run: MigrationRun, rng: np.random.Generator, **settings: int | float | str) -> Expected:
    """The policy for a run."""
    return Expected(run, **settings)  # type: ignore[arg-type]


KIND = PolicyKind(
    expected,
    "plans for where users are to be expected by what was seen of them, and moves when that is expected to pay",
    {
        "plan_slots": Setting(240, "slots over which the first hosts are planned", 1),
        "move_slots": Setting(120, "slots over which moves must pay", 1),
        "margin": Setting(1.5, "factor by which moves must pay", 1),
        "end": Setting(
            "known", "known: nothing counts after the last slot; open: it might go on", 0, ("known", "open")
        ),
        "strength": Setting(0.0, "visits that all users' chain counts for in that of one; 0: everything"),
        "refresh": Setting(20, "slots after which expectations are worked out anew", 1),
        LIMIT: Setting(0.0, "seconds after which a decision expects nothing more, and who is left stays; 0: never"),
        "past": Setting("trace", "trace: learn from the trace before the run too; none: do not", 0, ("trace", "none")),
    },
)
