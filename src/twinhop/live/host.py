"""A host that runs: one thread writes the journal in groups, one runs the machine; doors talk to it by futures."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Self, TypeVar

from twinhop.errors import InputError, TwinhopError
from twinhop.live.backup import BackedUp, Backup, make_empty, sync_folder
from twinhop.live.entry import Entry
from twinhop.live.fold import Folded, TwinFold
from twinhop.live.futures import answer, fail, running, succeed
from twinhop.live.jobs import Group, Moved, Moving, Outcomes, Removal, Survey, futures_of
from twinhop.live.limits import Limits
from twinhop.live.machine import (
    TWIN_PREFIX,
    Append,
    Effect,
    Erase,
    Load,
    Machine,
    Register,
    Store,
    Tell,
    Trim,
    is_host_name,
    set_aside,
)
from twinhop.live.ports import Checkpoints, Copy, Damaged, Journal, NoRoom, Registry, Write
from twinhop.scenario.fields import LONGEST_TEXT

T = TypeVar("T")
Told = tuple[int, Folded]

#: How often the machine is told the time [s].
TICK_S = 0.1
#: Records read at once at the start, twins loaded at once between other events, and records removed at once between
#: commits.
READ, LOADS, REMOVED = 10_000, 10, 20_000
#: Records folded at once. While doors are busy the machine rests after so many, since whoever acknowledges needs the
#: interpreter, too: for at most so many times as long as they took, and less the more records wait, not at all beyond
#: that share of `Limits.waiting`, or so many.
SLICE, MOST_REST, RESTLESS, RESTLESS_RECORDS = 40, 5.0, 0.1, 5_000
#: Doors are busy for so long after a submission [s].
BUSY_S = 0.05
#: While records wait, checkpoints are written for at most one part of the time in so many and one; the faster the less
#: there is to do. While so much waits that the machine does not rest they are not, unless more than
#: `Limits.uncovered` is uncovered.
YIELDED = 2
#: Twins in memory that are asked at once between other events.
SURVEYED = 200
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
        copy_twins: begins a copy of registry and checkpoints in a folder; None: the engine has its own backups.
        copy_journal: begins one of the journal.
    """

    journal: Journal
    registry: Registry
    checkpoints: Checkpoints
    secret: bytes
    free_bytes: Callable[[], int] = lambda: sys.maxsize
    copy_twins: Callable[[Path], Copy] | None = None
    copy_journal: Callable[[Path], Copy] | None = None


_END = object()


class Host:
    """The twins of one process.

    It is crash-only: `stop` at any moment, or an end of the process at any moment, loses nothing that was acknowledged.

    Args:
        engine: journal, registry and checkpoints; nobody else uses them meanwhile.
        limits: see `Limits`.
        owner: name of the host in the registry.
        listen: called with what became of entries, and their positions, 0 for updates that had been held back; must be
            quick, and an exception stops the host. Records above the low-water mark are told again after a start, as
            a twin is resumed; of those that its checkpoint covers a `Kind.RESUMED` says where the twin is after them.
        before_trim: called on the machine's thread before records up to a position go for good: what is derived from
            what `listen` was told must be durable when it returns. `NoRoom` has it called again.

    Raises:
        InputError: the engine's content is damaged or of a newer version.
    """

    def __init__(
        self,
        engine: Engine,
        limits: Limits | None = None,
        owner: str = "here",
        listen: Callable[[Sequence[Told]], None] | None = None,
        before_trim: Callable[[int], None] | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._engine, self._listen, self._before_trim = engine, listen, before_trim
        self._machine = Machine(owner, engine.secret, self.limits)
        self._wall_s, self._begun_s = time.time(), time.monotonic()
        self._submitted: SimpleQueue[Any] = SimpleQueue()
        self._events: SimpleQueue[Any] = SimpleQueue()
        self._loads: deque[str] = deque()
        self._asked: dict[str, list[tuple[Future, Callable]]] = {}
        self._flushes: list[tuple[int, Future]] = []
        self._moves: dict[str, Moving] = {}
        self._surveys: deque[Survey] = deque()
        self._backup: Backup | None = None
        self._trims_open = 0
        self._awaited: dict[int, tuple[Outcomes, int]] = {}
        self._writes: deque[Store] = deque()
        self._full: dict[str, str] = {}
        self._count = threading.Lock()
        self._waiting = self._waiting_bytes = self._stored = 0
        self._restless = min(RESTLESS * self.limits.waiting, RESTLESS_RECORDS)
        self._submitted_s = -BUSY_S
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
        return self.submit_records([each.encoded() for each in entries])

    def submit_records(self, records: list[bytes]) -> Future[list[int]]:
        """The same for entries that are encoded already.

        Args:
            records: by `Entry.encoded` or `update_record`; nothing in them is looked at.
        """
        future: Future[list[int]] = running()
        self._submit(Group(records, future))
        return future

    def submit_and_wait(self, entries: Sequence[Entry]) -> Future[list[Folded]]:
        """Write entries into the journal, and learn what came of them.

        Returns:
            Done with what became of each once all are on disk and folded; of an update that is held back, that it is.
            Where the host stops between the two it is done with `Stopped`, though the entries are on disk.

        Raises:
            TwinhopError: as `submit`.
        """
        future: Future[list[Folded]] = running()
        outcomes = Outcomes(future, len(entries))
        self._submit(Group([each.encoded() for each in entries], outcomes=outcomes))
        return future

    def knows(self, twin: str) -> bool:
        """Whether there is such a twin, of all records applied so far; from any thread, without waiting."""
        return self._machine.knows(twin)

    def require_whole(self, twin: str) -> None:
        """Refuse a twin that is set aside, as far as that is known; from any thread, without waiting.

        Raises:
            Damaged: its checkpoint is damaged. What was submitted for it stays in the journal.
        """
        if self._machine.damage(twin):
            raise Damaged(set_aside(twin))

    def damages(self) -> Mapping[str, str]:
        """Twins that are set aside, and what is damaged of each, in words; a copy, from any thread."""
        return self._machine.damages

    def _submit(self, group: Group) -> None:
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
            self._submitted_s = time.monotonic()
            self._submitted.put(group)

    def ask(self, twin: str, question: Callable[[TwinFold], T]) -> Future[T]:
        """Ask a twin, which is loaded if it is not in memory, after all records that it has so far.

        Args:
            twin: its id.
            question: called on the machine's thread; must be quick, and change nothing.

        Returns:
            Done with the answer, with `InputError` where there is no such twin, or with `Damaged` where it is set
            aside.
        """
        future: Future[T] = running()
        return self._asked_for(future, ("ask", twin, future, question))

    def ask_active(self, question: Callable[[TwinFold], T]) -> Future[dict[str, T]]:
        """Ask all twins in memory, and wake none; some at a time, other events in between.

        Args:
            question: as in `ask`.

        Returns:
            Done with the answers by twin, or with what a question raised.
        """
        future: Future[dict[str, T]] = running()
        return self._asked_for(future, ("ask_active", question, future))

    def move(self, twin: str, to: str) -> Future[Moved]:
        """Move a twin to another logical host: one owner at any time, and nothing lost or doubled.

        Args:
            twin: its id.
            to: name of the host.

        Returns:
            Done once it is handed over; with `InputError` where there is no such twin, it is being moved, or is there.
        """
        future: Future[Moved] = running()
        if not is_host_name(to):
            future.set_exception(
                InputError(f"host {to[:40]!r}: expected one line of text, at most {LONGEST_TEXT} long")
            )
            return future
        return self._asked_for(future, ("move", twin, to, future))

    def backup(self, folder: str | Path) -> Future[BackedUp]:
        """Copy all that is kept into a folder, while the host runs; some at a time, other events in between.

        Args:
            folder: that is not there, or empty.

        Returns:
            Done once all of it is on disk, with every entry that was acknowledged before; with `InputError` where the
            folder will not do, another backup is being made, or the engine has its own.
        """
        future: Future[BackedUp] = running()
        return self._asked_for(future, ("backup", Path(folder), future))

    def owners(self) -> Mapping[str, str]:
        """The logical host of each twin, empty before it was placed; a copy, from any thread, without waiting."""
        return self._machine.owners

    def twins(self) -> Future[tuple[str, ...]]:
        """The ids of all twins."""
        future: Future[tuple[str, ...]] = running()
        return self._asked_for(future, ("twins", future))

    def flush(self) -> Future[int]:
        """Checkpoint what has changed; done with the low-water mark once all records so far are covered.

        Those of twins that are set aside are not, and the mark stays below them.
        """
        future: Future[int] = running()
        return self._asked_for(future, ("flush", future))

    def facts(self) -> dict[str, int]:
        """Numbers for health and metrics."""
        machine = self._machine
        return {
            "waiting_records": self._waiting,
            "waiting_bytes": self._waiting_bytes,
            "applied_records": machine.applied,
            "twins": machine.count,
            "active_twins": machine.active,
            "damaged_twins": len(machine.damages),
            "stored_checkpoints": self._stored,
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
        waiting += [each.future for each in [*list(self._surveys), *list(self._moves.values())]]
        waiting += [self._backup.future] if self._backup is not None else []
        waiting += [outcomes.future for outcomes, _ in list(self._awaited.values())]
        waiting += [future for asked in list(self._asked.values()) for future, _ in asked]
        for queue in (self._submitted, self._events):
            while True:
                try:
                    item = queue.get_nowait()
                except Empty:
                    break
                waiting += futures_of(item)
            queue.put(_END)
        for future in waiting:
            fail(future, stopped)

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
            if isinstance(item, Removal):
                self._trim(item)
                continue
            if isinstance(item, Backup):
                self._copy_journal(item)
                continue
            groups, size = [item], len(item.records)
            while size < self.limits.group and following is None:
                try:
                    other = self._submitted.get_nowait()
                except Empty:
                    break
                if isinstance(other, Group):
                    groups.append(other)
                    size += len(other.records)
                else:
                    following = other
            self._append(groups)

    def _append(self, groups: list[Group]) -> None:
        records = [record for group in groups for record in group.records]
        try:
            positions = self._durably("journal", lambda: self._engine.journal.append(records))
        except BaseException as error:
            for future in (each for group in groups for each in futures_of(group)):
                fail(future, Stopped(f"the journal cannot be written: {error}"))
            raise
        self._events.put(("recorded", positions, records, [(len(each.records), each.outcomes) for each in groups]))
        at = 0
        for group in groups:
            if group.future is not None:
                succeed(group.future, positions[at : at + len(group.records)])
            at += len(group.records)

    def _trim(self, removal: Removal) -> None:
        """Remove some of what may be, so that commits wait for no more; the rest later."""
        journal = self._engine.journal
        mark = max(journal.mark, min(removal.mark, journal.mark + REMOVED))
        self._durably("journal", lambda: journal.trim(mark))
        if mark < removal.mark:
            self._submitted.put(removal)
            return
        with self._count:
            self._trims_open -= 1
        for future in removal.futures:
            succeed(future, mark)

    def _run(self) -> None:
        """The machine's thread: in turns an event, checkpoints, and loads; the time every tick."""
        due_s = store_due_s = time.monotonic()
        while True:
            now_s = time.monotonic()
            if now_s >= due_s:
                self._look_for_room()
                self._perform(self._machine.ticked(now_s))
                due_s = now_s + TICK_S
                self._flushed()
            has_work = self._loads or self._writes or self._surveys or self._copies()
            is_idle = False
            try:
                item = self._events.get_nowait() if has_work else self._events.get(timeout=max(due_s - now_s, 0.0))
            except Empty:
                is_idle = True
            else:
                if item is _END:
                    return
                self._take(*item)
            if self._writes and (is_idle or self._writes[0].hands_over or self._may_store(store_due_s)):
                begun_s = time.monotonic()
                self._store(self._writes.popleft().writes)
                ended_s = time.monotonic()
                store_due_s = ended_s + YIELDED * (ended_s - begun_s)
            if self._surveys:
                self._survey(self._surveys[0])
            if self._copies():
                self._copy_twins()
            self._load([self._loads.popleft() for _ in range(min(LOADS, len(self._loads)))])

    def _may_store(self, due_s: float) -> bool:
        """Whether checkpoints may be written although records wait to be applied."""
        is_late = self._waiting > self._restless
        uncovered = self._engine.journal.last - self._machine.saved
        return time.monotonic() >= due_s and (not is_late or uncovered > self.limits.uncovered)

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
                succeed(event[0], self._machine.twins)
            case "ask_active":
                self._surveys.append(Survey([*self._machine.in_memory], *event))
            case "move":
                self._move(*event)
            case "backup":
                self._begin_backup(*event)
            case "backed up":
                self._end_backup(*event)
            case "flush":
                self._flushes.append((self._engine.journal.last, event[0]))
                self._perform(self._machine.flush())
                self._flushed()

    def _recorded(
        self, positions: list[int], records: list[bytes], groups: Sequence[tuple[int, Outcomes | None]]
    ) -> None:
        at = 0
        for count, outcomes in groups:
            if outcomes is not None:
                for index in range(count):
                    self._awaited[positions[at + index]] = outcomes, index
                if not count:
                    succeed(outcomes.future, [])
            at += count
        numbered = list(zip(positions, records, strict=True))
        for at in range(0, len(numbered), SLICE):
            began_s = time.monotonic()
            part = numbered[at : at + SLICE]
            self._perform(self._machine.recorded(part))
            with self._count:
                self._waiting -= len(part)
                self._waiting_bytes -= sum(len(record) for _, record in part)
            self._rest(time.monotonic() - began_s)

    def _rest(self, worked_s: float) -> None:
        """Leave the interpreter to the doors for a while, where they are busy and not much waits to be folded."""
        share = 1.0 - self._waiting / self._restless
        if share > 0 and time.monotonic() - self._submitted_s < BUSY_S:
            time.sleep(MOST_REST * share * worked_s)

    def _tell(self, told: Sequence[Told]) -> None:
        for position, folded in told if self._awaited else ():
            outcomes, index = self._awaited.pop(position, (None, 0))
            if outcomes is not None:
                outcomes.told[index] = folded
                if len(outcomes.told) == outcomes.count:
                    succeed(outcomes.future, [outcomes.told[each] for each in range(outcomes.count)])
        if self._listen is not None:
            self._listen(told)

    def _store(self, writes: Sequence[Write]) -> None:
        revisions = self._durably("checkpoints", lambda: self._engine.checkpoints.put(writes))
        self._stored += len(writes)
        for write, revision in zip(writes, revisions, strict=True):
            twin = write.checkpoint.twin
            self._perform(self._machine.stored(twin, revision))
            self._answer_asked(twin)

    def _raise_mark(self, mark: int) -> None:
        if self._before_trim is not None:
            self._durably("projections", partial(self._before_trim, mark))
        self._put_trim(Removal(mark))

    def _put_trim(self, removal: Removal) -> None:
        with self._count:
            self._trims_open += 1
        self._submitted.put(removal)

    def _begin_backup(self, folder: Path, future: Future[BackedUp]) -> None:
        try:
            if self._backup is not None:
                raise InputError(f"a backup is being made in {self._backup.folder}; one at a time")
            if self._engine.copy_twins is None or self._engine.copy_journal is None:
                raise InputError("this engine has backups of its own")
            make_empty(folder)
        except InputError as error:
            fail(future, error)
        else:
            self._backup = Backup(folder, future)

    def _copies(self) -> bool:
        """Whether the twins are to be copied, and nothing is being removed from the journal."""
        backup = self._backup
        return backup is not None and not backup.is_of_journal and not self._trims_open

    def _copy_twins(self) -> None:
        backup, begin = self._backup, self._engine.copy_twins
        assert backup is not None and begin is not None
        try:
            backup.copy = backup.copy or begin(backup.folder)
            if backup.copy.step():
                backup.copy, backup.is_of_journal = None, True
                self._submitted.put(backup)
        except (InputError, OSError) as error:
            self._end_backup(backup, error)

    def _copy_journal(self, backup: Backup) -> None:
        begin = self._engine.copy_journal
        assert begin is not None
        error, is_whole = None, False
        try:
            backup.copy = backup.copy or begin(backup.folder)
            is_whole = backup.copy.step()
            if is_whole:
                sync_folder(backup.folder)
        except (InputError, OSError) as reason:
            error = reason
        if is_whole or error is not None:
            self._events.put(("backed up", backup, error, self._engine.journal.last))
        else:
            self._submitted.put(backup)

    def _end_backup(self, backup: Backup, error: Exception | None, last: int = 0) -> None:
        """Tell whoever asked for it, and remove what was to be removed meanwhile."""
        self._backup = None
        if error is None:
            succeed(backup.future, BackedUp(backup.folder, last))
        else:
            if backup.copy is not None:
                backup.copy.close()
            fail(backup.future, error)
        if backup.is_held:
            self._raise_mark(self._machine.mark)

    def _survey(self, survey: Survey) -> None:
        """Ask some more."""
        some, survey.left = survey.left[:SURVEYED], survey.left[SURVEYED:]
        try:
            for twin in some:
                fold = self._machine.peek(twin)
                if fold is not None:
                    survey.answers[twin] = survey.question(fold)
        except Exception as error:
            self._surveys.popleft()
            fail(survey.future, error)
            return
        if not survey.left:
            self._surveys.popleft()
            succeed(survey.future, survey.answers)

    def _move(self, twin: str, to: str, future: Future[Moved]) -> None:
        try:
            if twin in self._moves:
                raise InputError(f"{twin}: is being moved to {self._moves[twin].target!r}; one move at a time")
            entry = self._machine.next_move(twin, to)
            done: Future[list[Folded]] = running()
            moving = Moving(future, self._machine.owners[twin], to, entry.facts["epoch"])
            self._submit(Group([entry.encoded()], outcomes=Outcomes(done, 1)))
        except TwinhopError as error:
            fail(future, error)
            return
        self._moves[twin] = moving
        done.add_done_callback(partial(self._moved, twin))

    def _moved(self, twin: str, done: Future[list[Folded]]) -> None:
        moving = self._moves.pop(twin)
        error = done.exception()
        if error is not None:
            fail(moving.future, error)
        elif done.result()[0].refused:
            is_damaged = self._machine.damage(twin)
            words = f"{twin}: {done.result()[0].refused}"
            fail(moving.future, Damaged(set_aside(twin)) if is_damaged else InputError(words))
        else:
            pause_s = time.monotonic() - moving.begun_s
            succeed(moving.future, Moved(twin, moving.source, moving.target, moving.epoch, pause_s))

    def _flushed(self) -> None:
        """Answer those whose records are covered, once the journal has removed them; go on for the others."""
        if self._backup is not None:
            return
        mark, saved = self._machine.mark, self._machine.saved
        for position, future in self._flushes:
            if saved >= position:
                self._put_trim(Removal(mark, [future]))
        self._flushes = [each for each in self._flushes if each[0] > saved]
        if self._flushes:
            self._perform(self._machine.flush())

    def _ask(self, twin: str, future: Future, question: Callable[[TwinFold], Any]) -> None:
        if not self._machine.knows(twin):
            fail(future, InputError(f"{twin}: there is no such twin"))
            return
        fold = self._machine.fold_of(twin)
        if fold is not None:
            answer(future, question, fold)
            return
        if self._machine.damage(twin):
            fail(future, Damaged(set_aside(twin)))
            return
        self._asked.setdefault(twin, []).append((future, question))
        self._perform(self._machine.wanted(twin))
        if twin in self._loads:
            self._loads.remove(twin)
            self._load([twin])

    def _load(self, twins: Sequence[str]) -> None:
        checkpoints = self._engine.checkpoints
        for twin in twins:
            try:
                stored = checkpoints.get(twin)
                payloads = {} if stored is None else {each: checkpoints.chunk(each) for each in stored[0].chunks}
            except Damaged as error:
                effects = self._machine.damaged(twin, str(error))
            else:
                effects = self._machine.loaded(twin, *(stored or (None, None)), payloads)
            self._perform(effects)
            self._answer_asked(twin)

    def _answer_asked(self, twin: str) -> None:
        """Answer those who asked for a twin, unless its records still wait for something."""
        if twin not in self._asked:
            return
        machine = self._machine
        fold = machine.fold_of(twin)
        if fold is None and machine.knows(twin) and not machine.damage(twin):
            return
        for future, question in self._asked.pop(twin, ()):
            if self._machine.damage(twin):
                fail(future, Damaged(set_aside(twin)))
            elif fold is None:
                fail(future, InputError(f"{twin}: there is no such twin"))
            else:
                answer(future, question, fold)

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
                    self._submitted.put(Group(records))
                case Store(_, hands_over):
                    (self._writes.appendleft if hands_over else self._writes.append)(effect)
                case Register(key, value, expected):
                    moving = self._moves.get(key.removeprefix(TWIN_PREFIX))
                    if moving is not None:
                        moving.begun_s = time.monotonic()
                    put = partial(engine.registry.put, key, value, expected)
                    queue.extend(machine.registered(key, self._durably("registry", put)))
                case Erase(twin, tombstone):
                    self._durably("registry", partial(engine.registry.put, tombstone, b"", None))
                    self._durably("checkpoints", partial(engine.checkpoints.delete, twin))
                    self._durably("registry", partial(engine.registry.delete, f"{TWIN_PREFIX}{twin}"))
                    queue.extend(machine.erased(twin))
                case Trim(mark):
                    if self._backup is None:
                        self._raise_mark(mark)
                    else:
                        self._backup.is_held = True
