"""The machine of a host: durable records, loaded checkpoints and ticks in; loads, writes, decisions and messages out.

It is pure: it reads no clock and no file, and the same events in the same order give the same effects. Its rules:

1. An update is acknowledged by whoever appended it; the machine sees records once they are durable, in their order.
2. A record is applied to its twin if it is above the position of the twin's checkpoint, and once.
3. What a clock decides is appended as an entry, and takes effect when that entry comes back in its place.
4. The low-water mark rises over records that a stored checkpoint, a stored registration or a finished erasure covers.
5. A checkpoint is written under the epoch of its owner, in place of the revision that was read. Where another one is
   there, the machine stops: what is durable is right.
6. A twin moves by an entry: the registry gets owner, next epoch, previous owner and the position of the entry, only if
   the last move is handed over; then its checkpoint is written under the new epoch, and covers what precedes the entry.
   The new owner goes on from it with what follows, which waits so long. A move is handed over once the checkpoint's
   epoch is that of the registry.
7. A twin whose checkpoint is damaged is set aside: what comes for it is not applied, and stays in the journal from its
   first record that no checkpoint covers, until it is erased or a start finds it whole. Others go on.
"""

from __future__ import annotations

import json
import math
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice

from twinhop.errors import InputError, TwinhopError
from twinhop.io.json_text import parse_json
from twinhop.live.entry import Entry, Kind, moved, twin_of
from twinhop.live.fold import Folded, NewerCheckpoint, TwinFold
from twinhop.live.limits import Limits
from twinhop.live.ports import Checkpoint, Damaged, Versioned, Write
from twinhop.scenario.fields import LONGEST_TEXT
from twinhop.twin import Update

TWIN_PREFIX, ERASED_PREFIX = "twin/", "erased/"
#: Checkpoints that are due are spread over this part of `Limits.checkpoint_s`.
SPREAD = 0.8


@dataclass(frozen=True, slots=True)
class Load:
    """Read the checkpoints of these twins; answered by `Machine.loaded`."""

    twins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Append:
    """Write these decisions into the journal; they come back by `Machine.recorded`."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Store:
    """Write checkpoints, those that hand a twin over before others; answered by `Machine.stored`."""

    writes: tuple[Write, ...]
    hands_over: bool = False


@dataclass(frozen=True, slots=True)
class Register:
    """Write a key of the registry in place of a revision, None: it must not be there; see `Machine.registered`."""

    key: str
    value: bytes
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Erase:
    """Remove a twin's checkpoint, write its tombstone, remove its registration; answered by `Machine.erased`."""

    twin: str
    tombstone: str


@dataclass(frozen=True, slots=True)
class Trim:
    """Raise the low-water mark of the journal and remove the records up to it."""

    mark: int


@dataclass(frozen=True, slots=True)
class Tell:
    """What became of entries, in order, with the positions of their records; 0: of an update that was held back."""

    folded: tuple[tuple[int, Folded], ...]


Effect = Load | Append | Store | Register | Erase | Trim | Tell


class Fenced(TwinhopError):
    """Another owner has written in this one's place; the host must stop and start from what is durable."""


@dataclass(frozen=True, slots=True)
class _Move:
    """A move that is not handed over yet."""

    position: int
    entry: Entry
    target: str
    epoch: int


@dataclass(slots=True)
class _Twin:
    """What the machine knows of one twin."""

    epoch: int
    registration: int | None = None
    """Revision of its key in the registry."""
    moved_by: int = 0
    """Position of the entry that began the epoch; 0: its creation did."""
    move: _Move | None = None
    written: int = 0
    """Epoch of its stored checkpoint; 0: there is none."""
    writing: int = 0
    """Epoch of the checkpoint that is being stored."""
    fold: TwinFold | None = None
    covered: int = 0
    """Position that its stored checkpoint covers."""
    folded: int = 0
    """Position of the last record that was applied or judged."""
    first: int = 0
    """Position of the first record that nothing covers; 0: all are covered."""
    revision: int | None = None
    """Of its stored checkpoint."""
    sealed: frozenset[str] = frozenset()
    """Digests that the stored checkpoint has."""
    waiting: deque[tuple[int, bytes]] = field(default_factory=deque)
    """Records that wait for its checkpoint to be loaded."""
    loading: bool = False
    stored: int = 0
    """Position of the checkpoint that is being stored; 0: none is."""
    registered: bool = True
    moving: bool = False
    """Whether the registration that begins a move is being written."""
    erasing: bool = False
    trims: bool = False
    """Whether the mark is raised once it is erased."""
    held_since_s: float = -1.0
    deciding: bool = False
    damage: str = ""
    """Why it is set aside; empty: it is not."""

    @property
    def is_behind(self) -> bool:
        """Whether its stored checkpoint lacks records that were applied."""
        return self.folded > self.covered


class Machine:
    """The machine of one host.

    Args:
        owner: name of the host in the registry.
        secret: of this store; tombstones are keyed with it, so that they hold no id.
        limits: see `Limits`.
    """

    def __init__(self, owner: str, secret: bytes, limits: Limits) -> None:
        self.owner, self.limits = owner, limits
        self._secret = secret
        self._twins: dict[str, _Twin] = {}
        self._owners: dict[str, str] = {}
        self._erased: set[str] = set()
        self._damages: dict[str, str] = {}
        self._active: OrderedDict[str, None] = OrderedDict()
        self._dirty: OrderedDict[str, None] = OrderedDict()
        self._holding: OrderedDict[str, None] = OrderedDict()
        self._position = self._mark = self._saved = self._applied = 0
        self._now_s = self._checkpoint_due_s = 0.0
        self._erasure_due_s = -math.inf
        self._flush_to = self._storing = 0
        self._flushing = self._trims = False
        self._spread_since_s, self._spread_over, self._spread = -math.inf, 0, 0

    @property
    def twins(self) -> tuple[str, ...]:
        """Ids of the twins that are there."""
        return tuple(name for name, each in self._twins.items() if not each.erasing)

    @property
    def count(self) -> int:
        """How many there are, those included that are being erased; from any thread."""
        return len(self._twins)

    @property
    def active(self) -> int:
        """Twins in memory."""
        return len(self._active)

    @property
    def in_memory(self) -> tuple[str, ...]:
        """Ids of the twins in memory, the least recently used first."""
        return tuple(self._active)

    def peek(self, twin: str) -> TwinFold | None:
        """The fold of a twin that is in memory, which does not count as a use of it."""
        known = self._twins.get(twin)
        return None if known is None else known.fold

    @property
    def owners(self) -> dict[str, str]:
        """The host of each twin, empty before it was placed; a copy, for any thread."""
        return self._owners.copy()

    def next_move(self, twin: str, target: str) -> Entry:
        """The entry that moves a twin.

        Raises:
            InputError: there is no such twin, it is being moved, or is there already.
        """
        known = self._twins.get(twin)
        if known is None or known.erasing:
            raise InputError(f"{twin}: there is no such twin")
        if known.move is not None:
            raise InputError(f"{twin}: is being moved to {known.move.target!r}; one move at a time")
        if known.damage:
            raise Damaged(set_aside(twin))
        if known.epoch > 1 and target == self._owners[twin]:
            raise InputError(f"{twin}: is on {target!r} already")
        return moved(twin, target, known.epoch + 1)

    @property
    def applied(self) -> int:
        """Number of records applied or judged since the start."""
        return self._applied

    @property
    def mark(self) -> int:
        """The low-water mark that was asked for last."""
        return self._mark

    @property
    def saved(self) -> int:
        """Position up to which everything is covered, but for twins that are set aside; as of the last mark."""
        return self._saved

    @property
    def damages(self) -> dict[str, str]:
        """Why twins are set aside, by id; a copy, for any thread."""
        return self._damages.copy()

    def damage(self, twin: str) -> str:
        """Why a twin is set aside; empty: it is not, as far as is known. From any thread."""
        return self._damages.get(twin, "")

    def fold_of(self, twin: str) -> TwinFold | None:
        """The fold of a twin that is in memory with all its records applied; None where it is not."""
        known = self._twins.get(twin)
        if known is None or known.waiting or known.loading:
            return None
        if known.fold is not None and twin in self._active:
            self._active.move_to_end(twin)
        return known.fold

    def knows(self, twin: str) -> bool:
        """Whether there is such a twin."""
        known = self._twins.get(twin)
        return known is not None and not known.erasing

    def started(self, registry: Sequence[tuple[str, Versioned]], mark: int, now_s: float = 0.0) -> None:
        """Begin; the records above the mark follow by `recorded`.

        Args:
            registry: what is registered.
            mark: the low-water mark.
            now_s: as in `ticked` [s].
        """
        self._now_s = now_s
        for key, versioned in registry:
            if key.startswith(TWIN_PREFIX):
                facts = parse_json(versioned.value.decode(), "registry")
                twin, epoch = key.removeprefix(TWIN_PREFIX), facts["epoch"]
                self._twins[twin] = _Twin(epoch, versioned.revision, facts.get("move", 0))
                self._owners[twin] = facts["owner"] if epoch > 1 else ""
            elif key.startswith(ERASED_PREFIX):
                self._erased.add(key)
        self._position = self._mark = self._saved = mark

    def recorded(self, records: Sequence[tuple[int, bytes]]) -> list[Effect]:
        """Records have become durable; those of twins that are not in memory are decoded once these are.

        Args:
            records: with their positions, ascending, above all before.

        Raises:
            InputError: a record is no entry, or of a newer version.
        """
        told: list[tuple[int, Folded]] = []
        effects: list[Effect] = []
        loads: list[str] = []
        for position, record in records:
            self._position = position
            twin = twin_of(record)
            known = self._twins.get(twin)
            if known is None:
                self._begin(position, Entry.decoded(record), told, effects)
            elif known.damage:
                self._leave(twin, known, position, record, told, effects)
            elif known.fold is None or known.waiting:
                self._uncovered(twin, known, position)
                known.waiting.append((position, record))
                if not known.erasing and not known.loading and known.move is None:
                    known.loading = True
                    loads.append(twin)
            else:
                self._fold(twin, known, position, record, told, effects)
        if loads:
            effects.append(Load(tuple(loads)))
        return self._done(told, effects)

    def wanted(self, twin: str) -> list[Effect]:
        """Someone asks for a twin that may not be in memory."""
        known = self._twins.get(twin)
        if known is None or known.fold is not None or known.loading or known.erasing or known.damage:
            return []
        known.loading = True
        return [Load((twin,))]

    def loaded(
        self, twin: str, checkpoint: Checkpoint | None, revision: int | None, payloads: Mapping[str, bytes]
    ) -> list[Effect]:
        """The checkpoint of a twin has been read; None: it has none yet.

        Raises:
            NewerCheckpoint: the checkpoint is of a newer version.
            Fenced: it is of a newer epoch.
        """
        known = self._twins.get(twin)
        if known is None or not known.loading:
            return []
        if checkpoint is None and known.registration is not None and not _begins(known.waiting):
            return self.damaged(twin, f"twin {twin!r}: its checkpoint is missing; restore the folder from a backup")
        fold = None
        if checkpoint is not None and checkpoint.epoch <= known.epoch:
            try:
                fold = TwinFold.of_head(checkpoint.head, payloads, self.limits, f"checkpoint of twin {twin!r}")
            except NewerCheckpoint:
                raise
            except (InputError, KeyError, TypeError, ValueError) as error:
                return self.damaged(twin, str(error))
        known.loading = False
        if checkpoint is not None:
            if checkpoint.epoch > known.epoch:
                raise Fenced(
                    f"twin {twin!r}: its checkpoint is of epoch {checkpoint.epoch}, this host's is {known.epoch}"
                )
            known.fold = fold
            known.covered = known.folded = checkpoint.position
            known.revision, known.sealed = revision, frozenset(checkpoint.chunks)
            known.written = checkpoint.epoch
            self._activate(twin)
        told: list[tuple[int, Folded]] = []
        effects: list[Effect] = []
        waiting, known.waiting, first, known.first = known.waiting, deque(), known.first, 0
        self._dirty.pop(twin, None)
        if known.fold is not None and known.fold.held:
            self._hold(twin, known)
            self._uncovered(twin, known, first or known.covered)
        if known.fold is not None:
            told += _resumed(twin, known.fold, [record for at, record in waiting if at <= known.covered])
        for position, record in waiting:
            if known.fold is not None or known.erasing:
                if position > known.covered:
                    self._fold(twin, known, position, record, told, effects)
                continue
            entry = Entry.decoded(record)
            if entry.kind is Kind.ERASE:
                self._uncovered(twin, known, position)  # a crash came between its parts: it is done anew
                self._erase(twin, known, effects)
                told.append((position, Folded(twin, entry)))
            else:
                self._begin(position, entry, told, effects)
        return self._done(told, effects)

    def damaged(self, twin: str, words: str) -> list[Effect]:
        """What is stored of a twin that is being loaded is damaged: it is set aside.

        Args:
            twin: its id.
            words: what is damaged, in one line.
        """
        known = self._twins.get(twin)
        if known is None or not known.loading:
            return []
        told, effects = list[tuple[int, Folded]](), list[Effect]()
        known.loading, known.damage = False, words
        self._damages[twin] = words
        waiting, known.waiting = known.waiting, deque()
        for position, record in waiting:
            self._leave(twin, known, position, record, told, effects)
        return self._done(told, effects)

    def _leave(
        self,
        twin: str,
        known: _Twin,
        position: int,
        record: bytes,
        told: list[tuple[int, Folded]],
        effects: list[Effect],
    ) -> None:
        """Leave a record of a twin that is set aside in the journal, unless it ends the twin."""
        if known.erasing:
            known.waiting.append((position, record))
            return
        entry = Entry.decoded(record, twin)
        self._applied += 1
        self._uncovered(twin, known, position)
        if entry.kind is Kind.ERASE:
            self._erase(twin, known, effects)
            told.append((position, Folded(twin, entry)))
        else:
            told.append((position, Folded(twin, entry, refused=set_aside(twin))))

    def stored(self, twin: str, revision: int | None) -> list[Effect]:
        """A checkpoint has been written; None: another one was in its place.

        Raises:
            Fenced: that is so.
        """
        if revision is None:
            raise Fenced(f"twin {twin!r}: another host has written its checkpoint")
        self._storing -= 1
        known, told, effects = self._twins[twin], list[tuple[int, Folded]](), list[Effect]()
        known.revision, known.covered, known.stored = revision, known.stored, 0
        known.written = known.writing
        if known.erasing:
            effects.append(Erase(twin, self.tombstone(twin)))
        elif known.is_behind:
            known.first = known.covered + 1
            self._dirty.move_to_end(twin)
        elif known.fold is not None and known.fold.held:
            known.first = known.folded  # a start reads it, and so ends the wait
        else:
            known.first = 0
            del self._dirty[twin]
        if known.move is not None and known.written == known.move.epoch:
            told.append((known.move.position, Folded(twin, known.move.entry)))
            known.move = None
            waiting, known.waiting = known.waiting, deque()
            for position, record in waiting:
                self._fold(twin, known, position, record, told, effects)
        else:
            self._advance(twin, known, effects)
        return self._done(told, effects, settle=not self._storing)

    def registered(self, key: str, revision: int | None) -> list[Effect]:
        """A twin or its new owner has been registered; None: another revision was there.

        Raises:
            Fenced: that is so.
        """
        twin, effects = key.removeprefix(TWIN_PREFIX), list[Effect]()
        if revision is None:
            raise Fenced(f"twin {twin!r}: another host has written its registration")
        known = self._twins[twin]
        known.registered, known.registration = True, revision
        if known.move is not None and known.moving:
            known.epoch, known.moved_by, known.moving = known.move.epoch, known.move.position, False
            self._owners[twin] = known.move.target
        self._advance(twin, known, effects)
        return self._done([], effects)

    def erased(self, twin: str) -> list[Effect]:
        """Nothing of a twin is left but records of the journal up to its erasure."""
        erased = self._twins.pop(twin)
        self._owners.pop(twin, None)
        self._dirty.pop(twin, None)
        self._trims = self._trims or erased.trims
        told: list[tuple[int, Folded]] = []
        effects: list[Effect] = []
        for position, record in erased.waiting:
            known = self._twins.get(twin)
            if known is None:
                self._begin(position, Entry.decoded(record), told, effects)
            else:
                self._fold(twin, known, position, record, told, effects)
        return self._done(told, effects, settle=True)

    def ticked(self, now_s: float) -> list[Effect]:
        """Time has passed.

        Args:
            now_s: by a clock that never steps back [s].
        """
        self._now_s = max(self._now_s, now_s)
        effects: list[Effect] = []
        decided = []
        for twin in list(self._holding):
            known = self._twins[twin]
            hole = known.fold.hole() if known.fold is not None else None
            if hole is None:
                del self._holding[twin]
            elif not known.deciding and self._now_s - known.held_since_s >= self.limits.hole_wait_s:
                known.deciding = True
                decided.append(hole)
        if decided:
            effects.append(Append(tuple(decided)))
        if self._now_s >= self._checkpoint_due_s:
            self._checkpoint_due_s = self._now_s + self.limits.checkpoint_s
            if not self._flushing:  # else that is finished first, so that the mark rises
                self._flush_through(self._position)
                self._spread_since_s, self._spread_over, self._spread = self._now_s, len(self._dirty), 0
        return self._done([], effects, settle=True)

    def flush(self) -> list[Effect]:
        """Checkpoint what has changed as soon as it can be, as before an orderly end."""
        self._flush_through(self._position)
        return self._done([], [], settle=True)

    def _begin(self, position: int, entry: Entry, told: list[tuple[int, Folded]], effects: list[Effect]) -> None:
        """A record of a twin that is not there."""
        self._applied += 1
        if entry.kind is Kind.CREATE:
            try:
                fold = TwinFold.created(entry, self.limits)
            except InputError as error:
                told.append((position, Folded(entry.twin, entry, refused=str(error))))
                return
            known = self._twins.setdefault(entry.twin, _Twin(1))
            known.fold, known.folded = fold, position
            self._activate(entry.twin)
            self._uncovered(entry.twin, known, position)
            if known.registration is None:
                known.registered = False
                self._owners[entry.twin] = ""
                value = json.dumps({"owner": self.owner, "epoch": known.epoch}).encode()
                effects.append(Register(TWIN_PREFIX + entry.twin, value))
            told.append((position, Folded(entry.twin, entry, state=fold.state())))
            return
        is_erased = self.tombstone(entry.twin) in self._erased
        if is_erased and entry.kind is Kind.ERASE:  # a crash came after its parts: nothing is left to do
            told.append((position, Folded(entry.twin, entry)))
            return
        words = "the twin has been erased" if is_erased else "there is no such twin; create it first"
        told.append((position, Folded(entry.twin, entry, refused=words)))

    def _fold(
        self,
        twin: str,
        known: _Twin,
        position: int,
        record: bytes,
        told: list[tuple[int, Folded]],
        effects: list[Effect],
    ) -> None:
        if known.erasing or known.move is not None:
            known.waiting.append((position, record))
            return
        fold, entry = known.fold, Entry.decoded(record, twin)
        assert fold is not None
        self._applied += 1
        known.folded = position
        self._uncovered(twin, known, position)
        if entry.kind is Kind.ERASE:
            self._erase(twin, known, effects)
            told.append((position, Folded(twin, entry)))
            return
        if entry.kind is Kind.MOVE:
            self._move(twin, known, position, entry, told, effects)
            return
        told.extend((position if each.entry is entry else 0, each) for each in fold.fold(entry))
        if entry.kind in (Kind.HOLE, Kind.CLOCK_OFFSET):
            known.deciding = False
        if not fold.held:
            self._holding.pop(twin, None)
        elif twin not in self._holding or entry.kind is Kind.HOLE:
            self._hold(twin, known)
        if not known.deciding:
            offset = fold.offset()
            if offset is not None:
                known.deciding = True
                effects.append(Append((offset,)))

    def _move(
        self,
        twin: str,
        known: _Twin,
        position: int,
        entry: Entry,
        told: list[tuple[int, Folded]],
        effects: list[Effect],
    ) -> None:
        """Begin a move, or go on with one that a crash has interrupted."""
        target, epoch = entry.facts.get("host"), entry.facts.get("epoch")
        if not isinstance(target, str) or not is_host_name(target) or type(epoch) is not int:
            words = f"expected the name of a host in one line of at most {LONGEST_TEXT} characters, and an epoch"
        elif epoch == known.epoch and known.moved_by == position and known.written < epoch:
            words = ""
        elif epoch != known.epoch + 1:
            words = f"the twin has been moved meanwhile: its epoch is {known.epoch}"
        else:
            words = ""
        if words:
            told.append((position, Folded(twin, entry, refused=words)))
            return
        assert isinstance(target, str) and isinstance(epoch, int)
        known.move = _Move(position, entry, target, epoch)
        self._advance(twin, known, effects)

    def _advance(self, twin: str, known: _Twin, effects: list[Effect]) -> None:
        """The next write of a move, once what comes before it is durable."""
        move = known.move
        if move is None or not known.registered:
            return
        if known.epoch < move.epoch:
            previous = self._owners[twin] or self.owner
            facts = {"owner": move.target, "epoch": move.epoch, "previous": previous, "move": move.position}
            known.registered, known.moving = False, True
            effects.append(Register(TWIN_PREFIX + twin, json.dumps(facts).encode(), known.registration))
        elif not known.stored:
            assert known.fold is not None
            self._storing += 1
            effects.append(Store((self._write(twin, known, known.fold),), hands_over=True))

    def _erase(self, twin: str, known: _Twin, effects: list[Effect]) -> None:
        known.fold, known.erasing, known.damage = None, True, ""
        self._damages.pop(twin, None)
        self._active.pop(twin, None)
        self._holding.pop(twin, None)
        tombstone = self.tombstone(twin)
        self._erased.add(tombstone)
        if self._now_s >= self._erasure_due_s:  # others within that time wait for the next checkpoints
            self._erasure_due_s = self._now_s + self.limits.checkpoint_s
            known.trims = True
            self._flush_through(self._position)
        if not known.stored:  # else once that checkpoint is there, so that it does not come after
            effects.append(Erase(twin, tombstone))

    def _hold(self, twin: str, known: _Twin) -> None:
        self._holding[twin] = None
        known.held_since_s = self._now_s

    def _uncovered(self, twin: str, known: _Twin, position: int) -> None:
        if not known.first:
            known.first = position
            self._dirty[twin] = None

    def _activate(self, twin: str) -> None:
        self._active[twin] = None
        self._active.move_to_end(twin)

    def _done(self, told: list[tuple[int, Folded]], effects: list[Effect], settle: bool = False) -> list[Effect]:
        """The effects of an event, with those that follow: what is told, checkpoints, twins that go, the mark.

        Args:
            told: what became of entries.
            effects: of the event.
            settle: whether twins may have been covered, or time has passed, so that all of them are looked at.
        """
        if told:
            effects.insert(0, Tell(tuple(told)))
        if settle:
            self._evict()
        if self._flushing and not self._storing:
            self._store(effects)
        if settle and self._trims and not self._flushing and not self._storing:
            self._trims = False
            first = [(self._twins[twin].first, not self._twins[twin].damage) for twin in self._dirty]
            mark = min((each for each, _ in first), default=self._position + 1) - 1
            whole = min((each for each, is_whole in first if is_whole), default=self._position + 1) - 1
            self._saved = max(self._saved, whole)
            if mark > self._mark:
                self._mark = mark
                effects.append(Trim(mark))
        return effects

    def _flush_through(self, position: int) -> None:
        """Checkpoint what changed up to a position, and then raise the mark, once for all of it."""
        self._flush_to, self._flushing, self._trims = max(self._flush_to, position), True, True
        self._spread_since_s = -math.inf

    def _room_for(self) -> int:
        """How many checkpoints may be written just now: of those that are spread, whole writes at equal distances."""
        most = self.limits.checkpoints
        share = (self._now_s - self._spread_since_s) / (SPREAD * self.limits.checkpoint_s)
        if share >= 1.0:
            return most
        due = most * (int(share * self._spread_over / most) + 1)
        return max(min(due - self._spread, most), 0)

    def _store(self, effects: list[Effect]) -> None:
        """Checkpoints of twins that changed before the last one was due, so many at a time."""
        writes: list[Write] = []
        most = self._room_for()
        waits = not most
        for twin in self._dirty if most else ():
            known = self._twins[twin]
            if (
                known.first > self._flush_to
                or known.erasing
                or known.damage
                or (known.fold is not None and not known.is_behind)
            ):
                continue
            if known.fold is None or known.waiting or known.move is not None or not known.registered:
                waits = True
                continue
            if len(writes) == most:
                break
            writes.append(self._write(twin, known, known.fold))
        if writes:
            self._storing = len(writes)
            self._spread += len(writes)
            effects.append(Store(tuple(writes)))
        else:
            self._flushing = waits

    def _write(self, twin: str, known: _Twin, fold: TwinFold) -> Write:
        head, chunks = fold.head()
        new = [chunk for chunk in fold.twin.history.chunks if chunk.digest not in known.sealed]
        known.stored = self._position if known.move is None else known.move.position
        known.sealed, known.writing = frozenset(chunks), known.epoch
        checkpoint = Checkpoint(twin, known.epoch, known.stored, head, chunks)
        return Write(checkpoint, known.revision, {chunk.digest: chunk.payload for chunk in new})

    def _evict(self) -> None:
        excess = len(self._active) - self.limits.active
        for twin in list(islice(self._active, max(excess, 0))):
            known = self._twins[twin]
            if known.first or known.stored or known.waiting:
                self._flush_through(known.first)
            else:
                known.fold = None
                del self._active[twin]

    def tombstone(self, twin: str) -> str:
        """The key under which an erased twin is remembered."""
        return ERASED_PREFIX + blake2b(twin.encode(), key=self._secret, digest_size=16).hexdigest()


def set_aside(twin: str) -> str:
    """What whoever asks for a twin that is damaged is told."""
    return (
        f"{twin}: is set aside: its checkpoint is damaged; what was acknowledged is kept, and others go on; "
        "restore a backup, or erase it"
    )


def _begins(waiting: Iterable[tuple[int, bytes]]) -> bool:
    """Whether records that wait begin their twin, or end it."""
    return any(Entry.decoded(record).kind in (Kind.CREATE, Kind.ERASE) for _, record in waiting)


def is_host_name(name: str) -> bool:
    """Whether it is one line of text, neither empty nor too long."""
    return 0 < len(name) <= LONGEST_TEXT and name.isprintable()


def _resumed(twin: str, fold: TwinFold, covered: Sequence[bytes]) -> list[tuple[int, Folded]]:
    """What to tell of records above the mark that a checkpoint covers: where the twin is after them.

    Args:
        twin: its id.
        fold: of the checkpoint.
        covered: those records.
    """
    entries = [Entry.decoded(record) for record in covered]
    told = [(0, Folded(twin, each)) for each in entries if each.kind is Kind.ERASE]
    updates = [each.update for each in entries if each.update is not None]
    before = max(0, len(updates) - fold.updates)  # there was no such twin then, or one that has been erased
    latest = max(updates[before:], key=_received_s, default=None)
    if entries:
        told.append((0, Folded(twin, Entry(Kind.RESUMED, twin, latest), state=fold.state())))
    return told


def _received_s(update: Update) -> float:
    return -math.inf if update.received_s is None else update.received_s
