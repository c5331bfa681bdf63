"""A host that runs: one thread writes the journal in groups, one runs the machine; doors talk to it by futures."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Self, TypeVar

from twinhop.errors import InputError, TwinhopError
from twinhop.live.entry import Entry
from twinhop.live.fold import Folded, TwinFold
from twinhop.live.limits import Limits
from twinhop.live.machine import Append, Effect, Erase, Load, Machine, Register, Store, Tell, Trim
from twinhop.live.ports import Checkpoints, Journal, Registry

T = TypeVar("T")

#: How often the machine is told the time [s].
TICK_S = 0.1
#: Records read at once at the start, and twins loaded at once between other events.
READ, LOADS = 10_000, 20


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
    """

    journal: Journal
    registry: Registry
    checkpoints: Checkpoints
    secret: bytes


class Host:
    """The twins of one process.

    It is crash-only: `stop` at any moment, or an end of the process at any moment, loses nothing that was acknowledged.

    Args:
        engine: journal, registry and checkpoints; nobody else uses them meanwhile.
        limits: see `Limits`.
        owner: name of the host in the registry.
        listen: called on the machine's thread with what became of entries, and their positions; must be quick.

    Raises:
        InputError: the engine's content is damaged or of a newer version.
    """

    def __init__(
        self,
        engine: Engine,
        limits: Limits | None = None,
        owner: str = "here",
        listen: Callable[[Sequence[tuple[int, Folded]]], None] | None = None,
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
        self._count = threading.Lock()
        self._waiting = 0
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
            Busy: too many records wait.
            Stopped: the host has stopped.
        """
        records = [each.encoded() for each in entries]
        future: Future[list[int]] = Future()
        with self._count:
            if self._failure is not None or self._stopping:
                raise self._stopped()
            if self._waiting + len(records) > self.limits.waiting:
                raise Busy(f"{self._waiting} records wait; at most {self.limits.waiting} may; send again later")
            self._waiting += len(records)
            self._submitted.put((records, future))
        return future

    def ask(self, twin: str, question: Callable[[TwinFold], T]) -> Future[T]:
        """Ask a twin, which is loaded if it is not in memory, after all records that it has so far.

        Args:
            twin: its id.
            question: called on the machine's thread; must be quick, and change nothing.

        Returns:
            Done with the answer, or with `InputError` where there is no such twin.
        """
        future: Future[T] = Future()
        return self._asked_for(future, ("ask", twin, future, question))

    def twins(self) -> Future[tuple[str, ...]]:
        """The ids of all twins."""
        future: Future[tuple[str, ...]] = Future()
        return self._asked_for(future, ("twins", future))

    def flush(self) -> Future[int]:
        """Checkpoint what has changed; done with the low-water mark once it covers all records so far."""
        future: Future[int] = Future()
        return self._asked_for(future, ("flush", future))

    def facts(self) -> dict[str, int]:
        """Numbers for health and metrics."""
        machine = self._machine
        return {
            "waiting_records": self._waiting,
            "applied_records": machine.applied,
            "active_twins": machine.active,
            "mark": machine.mark,
            "last": self._engine.journal.last,
        }

    @property
    def failure(self) -> BaseException | None:
        """Why the host has stopped by itself; None: it has not."""
        return self._failure

    def stop(self) -> None:
        """Write what was submitted, and end; nothing is checkpointed that is not already being."""
        with self._count:
            self._stopping = True
        for queue, thread in zip((self._submitted, self._events), self._threads, strict=True):
            queue.put(None)
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

    def _done(self, count: int) -> None:
        with self._count:
            self._waiting -= count

    def _replay(self) -> None:
        """Give the machine what is durable; loads are left for later."""
        journal = self._engine.journal
        self._machine.started(self._engine.registry.items(""), journal.mark)
        after = journal.mark
        while records := journal.read(after, READ):
            effects = self._machine.recorded([(position, Entry.decoded(each)) for position, each in records])
            self._perform(effects)
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
        for queue in (self._submitted, self._events):
            while True:
                try:
                    item = queue.get_nowait()
                except Empty:
                    break
                for each in item or ():
                    if isinstance(each, Future) and not each.done():
                        each.set_exception(stopped)
            queue.put(None)
        asked = [future for waiting in list(self._asked.values()) for future, _ in waiting]
        for future in [*asked, *(future for _, future in self._flushes)]:
            if not future.done():
                future.set_exception(stopped)

    def _write(self) -> None:
        """The journal's thread: everything that waits, up to a group, is one commit."""
        while True:
            item = self._submitted.get()
            if item is None:
                return
            batch = [item]
            size = len(item[0]) if item[0] != "trim" else 0
            last = item[0] == "trim"
            while size < self.limits.group and not last:
                try:
                    item = self._submitted.get_nowait()
                except Empty:
                    break
                if item is None or item[0] == "trim":
                    self._submit_group(batch)
                    batch = []
                    if item is None:
                        return
                    batch, last = [item], True
                    break
                batch.append(item)
                size += len(item[0])
            if last:
                _, mark, *waiting = batch[0]
                self._engine.journal.trim(mark)
                for future in waiting:
                    future.set_result(mark)
            else:
                self._submit_group(batch)

    def _submit_group(self, batch: list[tuple[list[bytes], Future | None]]) -> None:
        records = [record for group, _ in batch for record in group]
        try:
            positions = self._engine.journal.append(records)
        except BaseException as error:
            for _, future in batch:
                if future is not None:
                    future.set_exception(Stopped(f"the journal cannot be written: {error}"))
            raise
        at = 0
        self._events.put(("recorded", positions, records))
        for group, future in batch:
            if future is not None:
                future.set_result(positions[at : at + len(group)])
            at += len(group)

    def _run(self) -> None:
        """The machine's thread: events as they come, loads in between, the time every tick."""
        due_s = time.monotonic()
        while True:
            now_s = time.monotonic()
            if now_s >= due_s:
                self._perform(self._machine.ticked(now_s))
                due_s = now_s + TICK_S
                self._flushed()
            try:
                item = self._events.get_nowait() if self._loads else self._events.get(timeout=max(due_s - now_s, 0.0))
            except Empty:
                self._load([self._loads.popleft() for _ in range(min(LOADS, len(self._loads)))])
                continue
            if item is None:
                return
            match item[0]:
                case "recorded":
                    entries = [Entry.decoded(each) for each in item[2]]
                    self._perform(self._machine.recorded(list(zip(item[1], entries, strict=True))))
                    self._done(len(entries))
                case "ask":
                    self._ask(*item[1:])
                case "twins":
                    item[1].set_result(self._machine.twins)
                case "flush":
                    self._flushes.append((self._engine.journal.last, item[1]))
                    self._perform(self._machine.flush())
                    self._flushed()

    def _flushed(self) -> None:
        """Answer those whose records are covered, once the journal has removed them; go on for the others."""
        mark = self._machine.mark
        for position, future in self._flushes:
            if mark >= position:
                self._submitted.put(("trim", mark, future))
        self._flushes = [each for each in self._flushes if each[0] > mark]
        if self._flushes:
            self._perform(self._machine.flush())

    def _ask(self, twin: str, future: Future, question: Callable[[TwinFold], Any]) -> None:
        if not self._machine.knows(twin):
            future.set_exception(InputError(f"{twin}: there is no such twin"))
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
                    future.set_exception(InputError(f"{twin}: there is no such twin"))
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
                    if self._listen is not None:
                        self._listen(folded)
                case Load(twins):
                    self._loads.extend(twins)
                case Append(entries):
                    with self._count:
                        self._waiting += len(entries)
                    self._submitted.put(([each.encoded() for each in entries], None))
                case Store(writes):
                    revisions = engine.checkpoints.put(writes)
                    for write, revision in zip(writes, revisions, strict=True):
                        queue.extend(machine.stored(write.checkpoint.twin, revision))
                case Register(key, value):
                    queue.extend(machine.registered(key, engine.registry.put(key, value, None)))
                case Erase(twin, tombstone):
                    engine.registry.put(tombstone, b"", None)
                    engine.checkpoints.delete(twin)
                    engine.registry.delete(f"twin/{twin}")
                    queue.extend(machine.erased(twin))
                case Trim(mark):
                    self._submitted.put(("trim", mark))


def _answer(future: Future, question: Callable[[TwinFold], Any], fold: TwinFold) -> None:
    try:
        future.set_result(question(fold))
    except Exception as error:
        future.set_exception(error)
