"""A host that runs: one thread writes the journal in groups, one runs the machine; doors talk to it by futures."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Self, TypeVar

from twinhop.errors import InputError, TwinhopError
from twinhop.live.entry import Entry
from twinhop.live.fold import Folded, TwinFold
from twinhop.live.limits import Limits
from twinhop.live.machine import TWIN_PREFIX, Append, Effect, Erase, Load, Machine, Register, Store, Tell, Trim
from twinhop.live.ports import Checkpoints, Journal, NoRoom, Registry, Write

T = TypeVar("T")
Told = tuple[int, Folded]

#: How often the machine is told the time [s].
TICK_S = 0.1
#: Records read at once at the start, twins loaded at once between other events, and records removed at once between
#: commits.
READ, LOADS, REMOVED = 10_000, 10, 20_000
#: How often a write is tried again while there is no room [s].
ROOM_S = 0.25


class Busy(TwinhopError):
    """More records wait to be written or applied than the host keeps; send again later."""


class Stopped(TwinhopError):
    """The host has stopped; what was acknowledged is on disk."""


@dataclass(frozen=True)
class Engine:
    """What a host keeps things in.

    Attributes:
        journal: of this host.
        registry: of twins and owners.
        checkpoints: of twins.
        secret: of the store, for tombstones.
        free_bytes: the room that is left [byte].
    """

    journal: Journal
    registry: Registry
    checkpoints: Checkpoints
    secret: bytes
    free_bytes: Callable[[], int] = lambda: sys.maxsize


@dataclass(slots=True)
class _Outcomes:
    """What became of the records of one submission, as far as that is known."""

    future: Future[list[Folded]]
    count: int
    told: dict[int, Folded] = field(default_factory=dict)


@dataclass(slots=True)
class _Group:
    """Records that were submitted together; `future` learns that they are on disk, `outcomes` what came of them."""

    records: list[bytes]
    future: Future[list[int]] | None = None
    outcomes: _Outcomes | None = None


@dataclass(slots=True)
class _Trim:
    """Records up to the mark are to be removed; those who wait for that are told."""

    mark: int
    futures: list[Future[int]] = field(default_factory=list)


_END = object()


class Host:
    """The twins of one process.

    It is crash-only: `stop` at any moment, or an end of the process at any moment, loses nothing that was acknowledged.

    Args:
        engine: journal, registry and checkpoints; nobody else uses them meanwhile.
        limits: see `Limits`.
        owner: name of the host in the registry.
        listen: called with what became of entries, and their positions, 0 for updates that had been held back; must be
            quick, and an exception stops the host. Records above the low-water mark are told again after a start.

    Raises:
        InputError: the engine's content is damaged or of a newer version.
    """

    def __init__(
        self,
        engine: Engine,
        limits: Limits | None = None,
        owner: str = "here",
        listen: Callable[[Sequence[Told]], None] | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._engine, self._listen = engine, listen
        self._machine = Machine(owner, engine.secret, self.limits)
        self._wall_s, self._begun_s = time.time(), time.monotonic()
        self._submitted: SimpleQueue[Any] = SimpleQueue()
        self._events: SimpleQueue[Any] = SimpleQueue()
        self._loads: deque[str] = deque()
        self._asked: dict[str, list[tuple[Future, Callable]]] = {}
        self._flushes: list[tuple[int, Future]] = []
        self._awaited: dict[int, tuple[_Outcomes, int]] = {}
        self._writes: deque[tuple[Write, ...]] = deque()
        self._full: dict[str, str] = {}
        self._count = threading.Lock()
        self._waiting = self._waiting_bytes = 0
        self._failure: BaseException | None = None
        self._stopping = False
        self._replay()
        self._threads = [
            threading.Thread(target=self._guarded, args=(each,), name=f"twinhop-{name}", daemon=True)
            for name, each in (("journal", self._write), ("machine", self._run))
        ]
        for each in self._threads:
            each.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def now_s(self) -> float:
        """The time of day for `received_s`, by a clock that is read once and never set back while running [s]."""
        return self._wall_s + time.monotonic() - self._begun_s

    def submit(self, entries: Sequence[Entry]) -> Future[list[int]]:
        """Write entries into the journal.

        Returns:
            Done with the position of each once all are on disk; then they are acknowledged.

        Raises:
            InputError: an entry cannot be encoded; none is written.
            NoRoom: the disk is full, or nearly so; none is written.
            Busy: too many records wait.
            Stopped: the host has stopped.
        """
        future: Future[list[int]] = _running()
        self._submit(_Group([each.encoded() for each in entries], future))
        return future

    def submit_and_wait(self, entries: Sequence[Entry]) -> Future[list[Folded]]:
        """Write entries into the journal, and learn what came of them.

        Returns:
            Done with what became of each once all are on disk and folded; of an update that is held back, that it is.
            Where the host stops between the two it is done with `Stopped`, though the entries are on disk.

        Raises:
            TwinhopError: as `submit`.
        """
        future: Future[list[Folded]] = _running()
        outcomes = _Outcomes(future, len(entries))
        self._submit(_Group([each.encoded() for each in entries], outcomes=outcomes))
        return future

    def knows(self, twin: str) -> bool:
        """Whether there is such a twin, of all records applied so far; from any thread, without waiting."""
        return self._machine.knows(twin)

    def _submit(self, group: _Group) -> None:
        count, size, limits = len(group.records), sum(map(len, group.records)), self.limits
        with self._count:
            if self._failure is not None or self._stopping:
                raise self._stopped()
            if self._full:
                raise NoRoom(self.trouble)
            if self._waiting + count > limits.waiting:
                raise Busy(f"{self._waiting} records wait; at most {limits.waiting} may; send again later")
            if self._waiting_bytes + size > limits.waiting_bytes:
                raise Busy(f"{self._waiting_bytes} bytes wait; at most {limits.waiting_bytes} may; send again later")
            self._waiting += count
            self._waiting_bytes += size
            self._submitted.put(group)

    def ask(self, twin: str, question: Callable[[TwinFold], T]) -> Future[T]:
        """Ask a twin, which is loaded if it is not in memory, after all records that it has so far.

        Args:
            twin: its id.
            question: called on the machine's thread; must be quick, and change nothing.

        Returns:
            Done with the answer, or with `InputError` where there is no such twin.
        """
        future: Future[T] = _running()
        return self._asked_for(future, ("ask", twin, future, question))

    def twins(self) -> Future[tuple[str, ...]]:
        """The ids of all twins."""
        future: Future[tuple[str, ...]] = _running()
        return self._asked_for(future, ("twins", future))

    def flush(self) -> Future[int]:
        """Checkpoint what has changed; done with the low-water mark once it covers all records so far."""
        future: Future[int] = _running()
        return self._asked_for(future, ("flush", future))

    def facts(self) -> dict[str, int]:
        """Numbers for health and metrics."""
        machine = self._machine
        return {
            "waiting_records": self._waiting,
            "waiting_bytes": self._waiting_bytes,
            "applied_records": machine.applied,
            "active_twins": machine.active,
            "mark": machine.mark,
            "last": self._engine.journal.last,
        }

    @property
    def failure(self) -> BaseException | None:
        """Why the host has stopped by itself; None: it has not."""
        return self._failure

    @property
    def trouble(self) -> str:
        """Why nothing is acknowledged for now; empty: it is."""
        return next(iter([*self._full.values()]), "")

    def stop(self) -> None:
        """Write what was submitted, and end; nothing is checkpointed that is not already being."""
        with self._count:
            self._stopping = True
        for queue, thread in zip((self._submitted, self._events), self._threads, strict=True):
            queue.put(_END)
            thread.join()
        self._fail_all()

    def _asked_for(self, future: Future[T], event: tuple[Any, ...]) -> Future[T]:
        with self._count:
            if self._failure is None and not self._stopping:
                self._events.put(event)
            else:
                future.set_exception(self._stopped())
        return future

    def _stopped(self) -> Stopped:
        return Stopped(f"the host has stopped: {self._failure or 'it was asked to'}")

    def _replay(self) -> None:
        """Give the machine what is durable; loads are left for later."""
        journal = self._engine.journal
        self._machine.started(self._engine.registry.items(""), journal.mark, self._begun_s)
        after = journal.mark
        while records := journal.read(after, READ):
            self._perform(self._machine.recorded(records))
            after = records[-1][0]

    def _guarded(self, body: Callable[[], None]) -> None:
        try:
            body()
        except BaseException as error:
            with self._count:
                self._failure = self._failure or error
            self._fail_all()

    def _fail_all(self) -> None:
        """End everything that waits; whoever waits learns that nothing more is acknowledged."""
        stopped = self._stopped()
        waiting: list[Future] = [future for _, future in list(self._flushes)]
        waiting += [outcomes.future for outcomes, _ in list(self._awaited.values())]
        waiting += [future for asked in list(self._asked.values()) for future, _ in asked]
        for queue in (self._submitted, self._events):
            while True:
                try:
                    item = queue.get_nowait()
                except Empty:
                    break
                waiting += _futures_of(item)
            queue.put(_END)
        for future in waiting:
            _fail(future, stopped)

    def _durably(self, what: str, call: Callable[[], T]) -> T:
        """What a call to the engine gives; while that has no room, it is made again and again."""
        while True:
            try:
                result = call()
            except NoRoom as error:
                self._full[what] = str(error)
                if self._stopping or self._failure is not None:
                    raise
                time.sleep(ROOM_S)
            else:
                self._full.pop(what, None)
                return result

    def _write(self) -> None:
        """The journal's thread: everything that waits, up to a group, is one commit."""
        following = None
        while True:
            item, following = following or self._submitted.get(), None
            if item is _END:
                return
            if isinstance(item, _Trim):
                self._trim(item)
                continue
            groups, size = [item], len(item.records)
            while size < self.limits.group and following is None:
                try:
                    other = self._submitted.get_nowait()
                except Empty:
                    break
                if isinstance(other, _Group):
                    groups.append(other)
                    size += len(other.records)
                else:
                    following = other
            self._append(groups)

    def _append(self, groups: list[_Group]) -> None:
        records = [record for group in groups for record in group.records]
        try:
            positions = self._durably("journal", lambda: self._engine.journal.append(records))
        except BaseException as error:
            for future in (each for group in groups for each in _futures_of(group)):
                _fail(future, Stopped(f"the journal cannot be written: {error}"))
            raise
        self._events.put(("recorded", positions, records, [(len(each.records), each.outcomes) for each in groups]))
        at = 0
        for group in groups:
            if group.future is not None:
                _succeed(group.future, positions[at : at + len(group.records)])
            at += len(group.records)

    def _trim(self, trim: _Trim) -> None:
        """Remove some of what may be, so that commits wait for no more; the rest later."""
        journal = self._engine.journal
        mark = max(journal.mark, min(trim.mark, journal.mark + REMOVED))
        self._durably("journal", lambda: journal.trim(mark))
        if mark < trim.mark:
            self._submitted.put(trim)
            return
        for future in trim.futures:
            _succeed(future, mark)

    def _run(self) -> None:
        """The machine's thread: in turns an event, checkpoints, and loads; the time every tick."""
        due_s = time.monotonic()
        while True:
            now_s = time.monotonic()
            if now_s >= due_s:
                self._look_for_room()
                self._perform(self._machine.ticked(now_s))
                due_s = now_s + TICK_S
                self._flushed()
            has_work = self._loads or self._writes
            try:
                item = self._events.get_nowait() if has_work else self._events.get(timeout=max(due_s - now_s, 0.0))
            except Empty:
                pass
            else:
                if item is _END:
                    return
                self._take(*item)
            if self._writes:
                self._store(self._writes.popleft())
            self._load([self._loads.popleft() for _ in range(min(LOADS, len(self._loads)))])

    def _look_for_room(self) -> None:
        free, least = self._engine.free_bytes(), self.limits.free_bytes
        if free >= least:
            self._full.pop("room", None)
        else:
            self._full["room"] = (
                f"{free / 2**20:.1f} MiB are free on the disk; nothing is acknowledged until there are "
                f"{least / 2**20:.1f} MiB"
            )

    def _take(self, kind: str, *event: Any) -> None:
        match kind:
            case "recorded":
                self._recorded(*event)
            case "ask":
                self._ask(*event)
            case "twins":
                _succeed(event[0], self._machine.twins)
            case "flush":
                self._flushes.append((self._engine.journal.last, event[0]))
                self._perform(self._machine.flush())
                self._flushed()

    def _recorded(
        self, positions: list[int], records: list[bytes], groups: Sequence[tuple[int, _Outcomes | None]]
    ) -> None:
        at = 0
        for count, outcomes in groups:
            if outcomes is not None:
                for index in range(count):
                    self._awaited[positions[at + index]] = outcomes, index
                if not count:
                    _succeed(outcomes.future, [])
            at += count
        self._perform(self._machine.recorded(list(zip(positions, records, strict=True))))
        with self._count:
            self._waiting -= len(records)
            self._waiting_bytes -= sum(map(len, records))

    def _tell(self, told: Sequence[Told]) -> None:
        for position, folded in told if self._awaited else ():
            outcomes, index = self._awaited.pop(position, (None, 0))
            if outcomes is not None:
                outcomes.told[index] = folded
                if len(outcomes.told) == outcomes.count:
                    _succeed(outcomes.future, [outcomes.told[each] for each in range(outcomes.count)])
        if self._listen is not None:
            self._listen(told)

    def _store(self, writes: Sequence[Write]) -> None:
        revisions = self._durably("checkpoints", lambda: self._engine.checkpoints.put(writes))
        for write, revision in zip(writes, revisions, strict=True):
            self._perform(self._machine.stored(write.checkpoint.twin, revision))

    def _flushed(self) -> None:
        """Answer those whose records are covered, once the journal has removed them; go on for the others."""
        mark = self._machine.mark
        for position, future in self._flushes:
            if mark >= position:
                self._submitted.put(_Trim(mark, [future]))
        self._flushes = [each for each in self._flushes if each[0] > mark]
        if self._flushes:
            self._perform(self._machine.flush())

    def _ask(self, twin: str, future: Future, question: Callable[[TwinFold], Any]) -> None:
        if not self._machine.knows(twin):
            _fail(future, InputError(f"{twin}: there is no such twin"))
            return
        fold = self._machine.fold_of(twin)
        if fold is not None:
            _answer(future, question, fold)
            return
        self._asked.setdefault(twin, []).append((future, question))
        self._perform(self._machine.wanted(twin))
        if twin in self._loads:
            self._loads.remove(twin)
        self._load([twin])

    def _load(self, twins: Sequence[str]) -> None:
        checkpoints = self._engine.checkpoints
        for twin in twins:
            stored = checkpoints.get(twin)
            if stored is None:
                effects = self._machine.loaded(twin, None, None, {})
            else:
                payloads = {digest: checkpoints.chunk(digest) for digest in stored[0].chunks}
                effects = self._machine.loaded(twin, *stored, payloads)
            self._perform(effects)
            fold = self._machine.fold_of(twin)
            for future, question in self._asked.pop(twin, ()):
                if fold is None:
                    _fail(future, InputError(f"{twin}: there is no such twin"))
                else:
                    _answer(future, question, fold)

    def _perform(self, effects: list[Effect]) -> None:
        """Carry out effects, in order, and those that follow from them."""
        queue = deque(effects)
        engine, machine = self._engine, self._machine
        while queue:
            effect = queue.popleft()
            match effect:
                case Tell(folded):
                    self._tell(folded)
                case Load(twins):
                    self._loads.extend(twins)
                case Append(entries):
                    records = [each.encoded() for each in entries]
                    with self._count:
                        self._waiting += len(records)
                        self._waiting_bytes += sum(map(len, records))
                    self._submitted.put(_Group(records))
                case Store(writes):
                    self._writes.append(writes)
                case Register(key, value):
                    put = partial(engine.registry.put, key, value, None)
                    queue.extend(machine.registered(key, self._durably("registry", put)))
                case Erase(twin, tombstone):
                    self._durably("registry", partial(engine.registry.put, tombstone, b"", None))
                    self._durably("checkpoints", partial(engine.checkpoints.delete, twin))
                    self._durably("registry", partial(engine.registry.delete, f"{TWIN_PREFIX}{twin}"))
                    queue.extend(machine.erased(twin))
                case Trim(mark):
                    self._submitted.put(_Trim(mark))


def _answer(future: Future, question: Callable[[TwinFold], Any], fold: TwinFold) -> None:
    try:
        answer = question(fold)
    except Exception as error:
        _fail(future, error)
    else:
        _succeed(future, answer)


def _running() -> Future[Any]:
    """A future that whoever waits for it cannot cancel: what was begun is done."""
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()
    return future


def _succeed(future: Future[T], result: T) -> None:
    with suppress(InvalidStateError):
        future.set_result(result)


def _fail(future: Future[Any], error: BaseException) -> None:
    with suppress(InvalidStateError):  # the other thread was faster
        future.set_exception(error)


def _futures_of(item: Any) -> list[Future[Any]]:
    """Those who wait for something that was queued."""
    match item:
        case _Group():
            groups = [item.future, item.outcomes and item.outcomes.future]
            return [each for each in groups if each is not None]
        case _Trim():
            return list(item.futures)
        case ("recorded", _, _, groups):
            return [outcomes.future for _, outcomes in groups if outcomes is not None]
        case tuple():
            return [each for each in item if isinstance(each, Future)]
    return []
