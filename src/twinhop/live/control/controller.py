"""The controller: every slot it looks, decides, tells, and where it may, moves."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np

from twinhop.errors import InputError
from twinhop.live.control.applying import STOPPED, apply_moves
from twinhop.live.control.asking import Asked
from twinhop.live.control.certificate import SlotPlanner
from twinhop.live.control.city import LiveCity, Present
from twinhop.live.control.config import ControllerConfig
from twinhop.live.control.decide import Decision, Rules, decide, nothing
from twinhop.live.control.errors import Conflict, UnknownRecord
from twinhop.live.control.observe import Hosting, Observed, Roster, observe, users_there
from twinhop.live.control.patience import Patience
from twinhop.live.control.recording import Recording, SlotRecord
from twinhop.live.control.records import (
    MODES,
    HostRow,
    Mode,
    MoveRecord,
    PlacementRow,
    PlanRecord,
    StationRow,
)
from twinhop.migration.situation import Situation
from twinhop.scenario import Scenario
from twinhop.scenario.geo import unproject

#: Told of every plan and every move as it changes.
Listen = Callable[[PlanRecord | MoveRecord], None]
END = object()
"""Ends a thread that waits for something to do."""
LOOK_S = 0.5
"""In a slot that nobody is in, how long from one look whether somebody has come to the next [s]."""
LEAST_SHARE = 0.25
"""However long it took to look, so much of the time limit is left to decide."""


def check_city(scenario: Scenario, config: ControllerConfig) -> None:
    """Refuse what a controller would refuse, before anything is begun for it.

    Raises:
        InputError: see `Controller`.
    """
    Asked(config.policy, LiveCity(scenario, config.slot_s))


class Controller:
    """Places the twins of a live city, and recommends or makes their moves.

    Two threads: one decides, at the beginning of every slot and when a dry run is asked for; one carries moves out. A
    third asks policies, so that one which takes too long holds nothing up. A slot that nobody is in ends once somebody
    has come and nobody more came within `LOOK_S`, so that the first who come do not wait for it to be over.

    Args:
        scenario: the city; its stations that may host are the logical hosts.
        hosting: what runs the twins and moves them.
        roster: their last positions and loads.
        config: settings.
        record_folder: where runs are recorded.
        clock: the time of day [s]; None: that of `hosting`.
        listen: told of plans and moves as they change; must be quick.

    Raises:
        InputError: the scenario has no station that may host, or the policy is unknown or will not do.
    """

    def __init__(
        self,
        scenario: Scenario,
        hosting: Hosting,
        roster: Roster,
        config: ControllerConfig,
        record_folder: Path,
        clock: Callable[[], float] | None = None,
        listen: Listen | None = None,
    ) -> None:
        self.config = config
        self._hosting, self._roster = hosting, roster
        self._clock = clock or hosting.now_s
        self._listen = listen or (lambda _: None)
        self.city = LiveCity(scenario, config.slot_s)
        self._asked = Asked(config.policy, self.city)
        self._planner = SlotPlanner()
        self._recording = Recording(
            record_folder, self.city.scenario, config.slot_s, config.record_days, config.record_bytes
        )
        self._lock = threading.RLock()
        self._mode: Mode = config.mode
        self._plans: OrderedDict[str, PlanRecord] = OrderedDict()
        self._series = f"p{int(self._clock())}"
        self._made = 0
        self._down: set[str] = set()
        self._shadow: dict[str, str] = {}
        self._moved_s: dict[str, float] = {}
        self._pending: dict[str, str] = {}
        self._states: dict[str, dict[str, MoveRecord]] = {}
        self._slot = -1
        self._last: tuple[PlanRecord, Situation | None, Observed] | None = None
        self._open: SlotRecord | None = None
        self._counts: Counter[str] = Counter()
        self._trouble = ""
        self._came = 0
        self._questions: SimpleQueue[Any] = SimpleQueue()
        self._to_apply: SimpleQueue[Any] = SimpleQueue()
        self._applying: dict[str, list[Future[PlanRecord]]] = {}
        self._patience: Patience | None = None
        self._threads: list[threading.Thread] = []
        self._is_ending = threading.Event()
        self._stopped = False

    # --- running

    def start(self) -> None:
        """Begin: the first decision is made at once."""
        if self._threads:
            return
        self._patience = Patience()
        bodies = (("controller", self._run), ("mover", self._carry_out))
        self._threads = [threading.Thread(target=body, name=f"twinhop-{name}", daemon=True) for name, body in bodies]
        for each in self._threads:
            each.start()

    def stop(self) -> None:
        """End: moves under way are waited for, what waits is not begun, and the present slot is recorded."""
        self._is_ending.set()
        self._questions.put(END)
        self._to_apply.put(END)
        for each in self._threads:
            each.join()
        if self._patience is not None:
            self._patience.stop()
        self._threads = []
        with self._lock:
            self._stopped = True
            waiting = [future for futures in self._applying.values() for future in futures]
            self._applying.clear()
        while not self._questions.empty():
            item = self._questions.get()
            waiting += [] if item is END else [item[-1]]
        for future in waiting:
            future.set_exception(Conflict(STOPPED))
        self._record_slot()

    def _run(self) -> None:
        """The thread that decides."""
        due_s, is_empty = time.monotonic(), False
        while True:
            wait_s = max(due_s - time.monotonic(), 0.0)
            try:
                item = self._questions.get(timeout=min(wait_s, LOOK_S) if is_empty else wait_s)
            except Empty:
                item = None
            if item is END:
                return
            if item is not None:
                self._answer(*item)
            elif is_empty and self._has_come():
                due_s = time.monotonic()
            if time.monotonic() >= due_s:
                is_empty = self._guarded_slot()
                now_s, slot_s = time.monotonic(), self.config.slot_s
                late = int((now_s - due_s) // slot_s)
                self._counts["slots_missed"] += late
                due_s += (late + 1) * slot_s

    def _has_come(self) -> bool:
        """In a slot that nobody is in: whether somebody has come, and nobody more since the look before."""
        before = self._came
        try:
            self._came = len(users_there(self._roster.rows(), self._clock(), self.config.gone_s))
        except Exception:
            return True  # the slot that begins then tells what is wrong
        return 0 < self._came <= before

    def _guarded_slot(self) -> bool:
        """A slot; whatever goes wrong in it is told, and the next one begins anew.

        Returns:
            Whether nobody is in it, so that it ends as soon as somebody comes.
        """
        self._came = 0
        try:
            self.step()
            self._trouble = ""
            return self._last is not None and not self._last[2].ids
        except Exception as error:
            self._trouble = " ".join(str(error).split()) or type(error).__name__
            self._counts["slots_failed"] += 1
            return False

    # --- deciding

    def step(self) -> PlanRecord:
        """One slot, now: look, decide, tell, and move where that is allowed."""
        self._record_slot()
        begun_s = self._clock()
        begun = time.monotonic()
        observed = self._observe(begun_s)
        with self._lock:
            self._slot += 1
            mode, down = self._mode, tuple(sorted(self._down))
        present = self._present(observed, mode)
        try:
            situation = self.city.advance(present) if observed.ids else None
        except Exception:
            self.city = LiveCity(self.city.scenario, self.config.slot_s)
            self._asked = Asked(self.config.policy, self.city)
            raise
        left_s = max(self.config.time_limit_s - (time.monotonic() - begun), LEAST_SHARE * self.config.time_limit_s)
        decision = self._decide(situation, self._asked, self._planner, begun_s, left_s)
        record = self._record(decision, self._asked.text, mode, begun_s, time.monotonic() - begun, is_dry=False)
        hosts = self.city.host_ids
        recommended = {
            user: hosts[at] for user, at in zip(decision.users, decision.host.tolist(), strict=True) if at >= 0
        }
        self._open = SlotRecord(
            self._slot,
            begun_s,
            observed,
            (),
            [recommended.get(user, "") for user in observed.ids],
            record.id,
            down,
        )
        with self._lock:
            self._supersede()
            if mode == "shadow":
                self._shadow = {twin: host for twin, host in self._shadow.items() if self._hosting.knows(twin)}
                self._shadow |= recommended  # twins of users who are gone rest where they are
                self._moved_s.update({move.twin: begun_s for move in record.moves if move.source})
            elif not record.moves and record.cost_s is not None:
                record = replace(record, state="applied")
            self._keep(record)
            self._last = (record, situation, observed)
            self._counts["decisions"] += 1
            self._forget(begun_s)
        if mode == "auto" and record.moves:
            self.apply(record.id)
        return self.plan(record.id)

    def _observe(self, now_s: float) -> Observed:
        horizon_s = self.config.slot_s if self.config.horizon_s is None else self.config.horizon_s
        return observe(self._hosting, self._roster, now_s, self.config.gone_s, horizon_s)

    def _present(self, observed: Observed, mode: Mode) -> Present:
        """The users, and where their twins are: in force and under way, or in shadow, as last recommended."""
        owners = self._hosting.owners()
        with self._lock:
            instead = dict(self._shadow) if mode == "shadow" else dict(self._pending)
            down = frozenset(self._down)
        host = [instead.get(user) or owners.get(user, "") for user in observed.ids]
        return Present(observed.ids, observed.expected_m, observed.load, host, down)

    def _decide(
        self, situation: Situation | None, asked: Asked, planner: SlotPlanner, now_s: float, left_s: float
    ) -> Decision:
        if situation is None:
            return nothing("nobody is there")
        users = self.city.names_of(situation)
        if not users:
            return nothing("no station works")
        rest_s = self.config.rest_s
        resting = np.array([now_s - self._moved_s.get(user, -np.inf) < rest_s for user in users], bool)
        rules = Rules(self.config.max_moves, left_s)
        if self._patience is None:
            return decide(situation, users, asked, planner, resting, rules)
        return decide(situation, users, asked, planner, resting, rules, self._patience.consult)

    def _record(
        self, decision: Decision, policy: str, mode: Mode, made_s: float, seconds: float, *, is_dry: bool
    ) -> PlanRecord:
        with self._lock:
            self._made += 1
            name = f"{self._series}-{self._made}"
        return PlanRecord(
            id=name,
            made_s=made_s,
            slot=self._slot,
            policy=policy,
            mode=mode,
            state="proposed",
            seconds=seconds,
            users=len(decision.users),
            cost_s=decision.cost_s,
            bound_s=decision.bound_s,
            gap=decision.gap,
            moves=tuple(each.record(name, at + 1) for at, each in enumerate(decision.moves)),
            note=decision.note,
            is_dry=is_dry,
        )

    def propose(self, policy: str | None = None, time_limit_s: float | None = None) -> Future[PlanRecord]:
        """A dry run: the users of the last slot, with the twins and stations as they are now.

        Args:
            policy: that decides, with no memory of slots before; None: the controller's.
            time_limit_s: of the decision [s]; None: the controller's.

        Returns:
            Done with the plan, which may be applied where the mode is not shadow.

        Raises:
            InputError: no such policy, or the limit is not above 0.
        """
        text = self.config.policy if policy is None else policy
        asked = Asked(text, self.city)
        if time_limit_s is not None and not 0 < time_limit_s < float("inf"):
            raise InputError(f"time_limit_s: got {time_limit_s:g}; expected more than 0 s")
        future: Future[PlanRecord] = Future()
        future.set_running_or_notify_cancel()
        if self._stopped:
            future.set_exception(Conflict(STOPPED))
        elif self._threads:
            self._questions.put((asked, time_limit_s, future))
        else:
            self._answer(asked, time_limit_s, future)
        return future

    def _answer(self, asked: Asked, time_limit_s: float | None, future: Future[PlanRecord]) -> None:
        try:
            future.set_result(self._dry_run(asked, time_limit_s))
        except Exception as error:
            future.set_exception(error)

    def _dry_run(self, asked: Asked, time_limit_s: float | None) -> PlanRecord:
        if self._last is None:
            self.step()
        assert self._last is not None
        begun = time.monotonic()
        _, situation, observed = self._last
        now_s, mode = self._clock(), self._mode
        limit_s = self.config.time_limit_s if time_limit_s is None else time_limit_s
        decision = nothing("nobody is there")
        if situation is not None and len(situation.users):
            again = self.city.again(situation, self._present(observed, mode))
            users = self.city.names_of(again)
            resting = np.zeros(len(users), bool)
            patience = Patience()
            rules = Rules(None, limit_s)
            decision = decide(again, users, asked, SlotPlanner(), resting, rules, patience.consult)
            patience.stop()
        record = self._record(decision, asked.text, mode, now_s, time.monotonic() - begun, is_dry=True)
        with self._lock:
            self._keep(record)
        return record

    # --- carrying out

    def apply(self, plan_id: str) -> Future[PlanRecord]:
        """Make the moves of a plan.

        Returns:
            Done with the plan once each of its moves is done or has failed.

        Raises:
            UnknownRecord: there is no such plan.
            Conflict: it is not proposed any more, or the mode is shadow.
        """
        future: Future[PlanRecord] = Future()
        future.set_running_or_notify_cancel()
        with self._lock:
            if self._stopped:
                raise Conflict(STOPPED)
            record = self.plan(plan_id)
            if self._mode == "shadow":
                raise Conflict(f"{plan_id}: the mode is shadow, in which nothing is moved; set it to approve or auto")
            if record.state != "proposed":
                raise Conflict(f"{plan_id}: is {record.state}; expected a plan that is proposed")
            self._keep(replace(record, state="applying"))
            self._pending.update({move.twin: move.target for move in record.moves})
            self._applying[plan_id] = [future]
        self._to_apply.put(plan_id)
        if not self._threads:
            self._apply(self._to_apply.get())
        return future

    def reject(self, plan_id: str) -> PlanRecord:
        """Give a proposed plan up.

        Raises:
            UnknownRecord: there is no such plan.
            Conflict: it is not proposed any more.
        """
        with self._lock:
            record = self.plan(plan_id)
            if record.state != "proposed":
                raise Conflict(f"{plan_id}: is {record.state}; expected a plan that is proposed")
            return self._keep(replace(record, state="rejected"))

    def _carry_out(self) -> None:
        """The thread that moves."""
        while (item := self._to_apply.get()) is not END and not self._is_ending.is_set():
            self._apply(item)

    def _apply(self, plan_id: str) -> None:
        with self._lock:
            record = self.plan(plan_id)
            present = set() if self._last is None else set(self._last[2].ids)
        try:
            apply_moves(
                record.moves,
                self._hosting,
                self.capacities,
                present | {move.twin for move in record.moves},
                self._tell_move,
                self._is_ending.is_set,
            )
        except Exception as error:
            self._trouble = " ".join(str(error).split()) or type(error).__name__
        with self._lock:
            for move in record.moves:
                if self._pending.get(move.twin) == move.target:
                    del self._pending[move.twin]
            record = self._keep(replace(self.plan(plan_id), state="applied"))
            self._states.pop(plan_id, None)
            futures = self._applying.pop(plan_id, [])
        for future in futures:
            future.set_result(record)

    def _tell_move(self, move: MoveRecord) -> None:
        with self._lock:
            record = self._plans.get(move.plan)
            if record is not None:
                self._states.setdefault(move.plan, {})[move.id] = move
            if move.state in ("done", "failed"):
                self._counts[f"moves_{move.state}"] += 1
            if move.state == "done" and move.source:
                self._moved_s[move.twin] = self._clock()
        self._listen(move)

    # --- telling

    @property
    def mode(self) -> Mode:
        """What it may do."""
        return self._mode

    def set_mode(self, mode: str) -> None:
        """Set what it may do from the next slot on.

        Raises:
            InputError: there is no such mode.
        """
        if mode not in MODES:
            raise InputError(f"mode: got {mode!r}; accepted: {', '.join(MODES)}")
        with self._lock:
            if mode == "shadow" and self._mode != "shadow":
                self._shadow = {}
            self._mode = mode

    def set_station(self, station_id: str, is_up: bool) -> None:
        """Say whether a station works: from the next slot on nobody is attached to one that does not, or hosted there.

        Raises:
            UnknownRecord: there is no such station.
        """
        if station_id not in self.city.station_ids:
            raise UnknownRecord(f"{station_id}: there is no such station")
        with self._lock:
            (self._down.discard if is_up else self._down.add)(station_id)

    def plans(self) -> tuple[PlanRecord, ...]:
        """The plans that are kept, the newest first."""
        with self._lock:
            return tuple(self._as_it_stands(record) for record in reversed(self._plans.values()))

    def plan(self, plan_id: str) -> PlanRecord:
        """A plan.

        Raises:
            UnknownRecord: there is none, or none any more.
        """
        with self._lock:
            record = self._plans.get(plan_id)
            if record is None:
                raise UnknownRecord(f"{plan_id}: there is no such plan, or none any more")
            return self._as_it_stands(record)

    def _as_it_stands(self, record: PlanRecord) -> PlanRecord:
        """In the lock: a plan with its moves as far as they have come."""
        states = self._states.get(record.id)
        if states is None:
            return record
        return replace(record, moves=tuple(states.get(move.id, move) for move in record.moves))

    def moves(self) -> tuple[MoveRecord, ...]:
        """The moves of the plans that are kept, those of the newest plan first."""
        return tuple(move for record in self.plans() for move in record.moves)

    def move(self, move_id: str) -> MoveRecord:
        """A move.

        Raises:
            UnknownRecord: there is none, or none any more.
        """
        plan_id = move_id.rpartition("-")[0]
        for each in self.plan(plan_id).moves if plan_id in self._plans else ():
            if each.id == move_id:
                return each
        raise UnknownRecord(f"{move_id}: there is no such move, or none any more")

    def placement(self) -> PlacementRow:
        """Where the twins are, and what the last slot's decision recommends."""
        owners = {twin: host for twin, host in self._hosting.owners().items() if host}
        with self._lock:
            last, opened = self._last, self._open
        if last is None:
            return PlacementRow(-1, "", self.config.policy, None, None, None, owners, {})
        record, _, observed = last
        recommended = {} if opened is None else dict(zip(observed.ids, opened.recommended, strict=True))
        recommended = {user: host for user, host in recommended.items() if host}
        return PlacementRow(
            record.slot, record.id, record.policy, record.cost_s, record.bound_s, record.gap, owners, recommended
        )

    def capacities(self) -> dict[str, int]:
        """Host -> twins that fit now; 0 where it is down, or may host nothing."""
        hosts = self.city.run.hosts
        with self._lock:
            down = set(self._down)
        return {
            name: 0 if name in down else int(capacity)
            for name, capacity in zip(hosts.ids, hosts.capacity.tolist(), strict=True)
        }

    def hosts(self) -> tuple[HostRow, ...]:
        """The logical hosts."""
        hosts, owners = self.city.run.hosts, self._hosting.owners()
        with self._lock:
            down, last = set(self._down), self._last
        present = set() if last is None else set(last[2].ids)
        there = Counter(host for twin, host in owners.items() if twin in present)
        resting = Counter(host for twin, host in owners.items() if twin not in present)
        return tuple(
            HostRow(
                id=name,
                station=name if at < hosts.stations else "",
                capacity=int(hosts.capacity[at]),
                cpu_hz=float(hosts.cpu[at]),
                twins=there[name],
                is_up=name not in down,
                resting=resting[name],
            )
            for at, name in enumerate(hosts.ids)
            if hosts.may_host[at]
        )

    def stations(self) -> tuple[StationRow, ...]:
        """The stations."""
        hosts, area = self.city.run.hosts, self.city.scenario.area
        with self._lock:
            down, last = set(self._down), self._last
        situation = None if last is None else last[1]
        users = Counter() if situation is None else Counter(situation.access.tolist())
        xy_m = hosts.xy_m[: hosts.stations]
        degrees: Sequence[tuple[float | None, float | None]] = [(None, None)] * hosts.stations
        if area.origin is not None:
            lat_deg, lon_deg = unproject(xy_m[:, 0], xy_m[:, 1], (area.origin.lat_deg, area.origin.lon_deg))
            degrees = list(zip(lat_deg.tolist(), lon_deg.tolist(), strict=True))
        return tuple(
            StationRow(
                id=name,
                x_m=float(xy_m[at, 0]),
                y_m=float(xy_m[at, 1]),
                may_host=bool(hosts.may_host[at]),
                is_up=name not in down,
                users=users[at],
                lat_deg=degrees[at][0],
                lon_deg=degrees[at][1],
            )
            for at, name in enumerate(self.city.station_ids)
        )

    def facts(self) -> Mapping[str, float]:
        """Numbers for health and metrics; cost, bound and gap are absent where there is none."""
        with self._lock:
            last, counts = self._last, dict(self._counts)
            pending = len(self._pending)
        names = ("decisions", "slots_missed", "slots_failed", "moves_done", "moves_failed")
        facts: dict[str, float] = {name: float(counts.get(name, 0)) for name in names}
        facts["moves_pending"] = float(pending)
        if last is not None:
            record = last[0]
            facts |= {"slot": float(record.slot), "users": float(record.users), "decision_s": record.seconds}
            facts["moves_planned"] = float(len(record.moves))
            for name in ("cost_s", "bound_s", "gap"):
                value = getattr(record, name)
                if value is not None:
                    facts[name] = value
        return facts

    @property
    def trouble(self) -> str:
        """Why the last slot was not decided or nothing is recorded; empty: all is well."""
        return self._trouble or self._recording.trouble

    # --- keeping

    def _keep(self, record: PlanRecord) -> PlanRecord:
        """Keep a plan, in the lock; it is told and recorded."""
        self._plans[record.id] = record
        while len(self._plans) > self.config.keep_plans:
            oldest = next(iter(self._plans))
            if self._plans[oldest].state == "applying":
                break
            del self._plans[oldest]
        self._recording.plan(record, self._clock())
        self._listen(record)
        return record

    def _supersede(self) -> None:
        """In the lock: plans of slots before that are still proposed are no more."""
        for record in list(self._plans.values()):
            if record.state == "proposed" and not record.is_dry:
                self._keep(replace(record, state="superseded"))

    def _forget(self, now_s: float) -> None:
        """In the lock: rests that are over."""
        self._moved_s = {
            twin: moved_s for twin, moved_s in self._moved_s.items() if now_s - moved_s < self.config.rest_s
        }

    def _record_slot(self) -> None:
        """Write the slot that is over, with the hosts that are in force at its end."""
        opened, self._open = self._open, None
        if opened is None:
            return
        owners = self._hosting.owners()
        self._recording.slot(replace(opened, owner=[owners.get(user, "") for user in opened.observed.ids]))
