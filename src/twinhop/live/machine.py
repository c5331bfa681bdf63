"""The machine of a host: durable records, loaded checkpoints and ticks in; loads, writes, decisions and messages out.

It is pure: it reads no clock and no file, and the same events in the same order give the same effects. Its rules:

1. An update is acknowledged by whoever appended it; the machine sees records once they are durable, in their order.
2. A record is applied to its twin if it is above the position of the twin's checkpoint, and once.
3. What a clock decides is appended as an entry, and takes effect when that entry comes back in its place.
4. The low-water mark rises over records that a stored checkpoint, a stored registration or a finished erasure covers.
5. A checkpoint is written under the epoch of its owner, in place of the revision that was read. Where another one is
   there, the machine stops: what is durable is right.
"""

from __future__ import annotations

import json
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from twinhop.errors import InputError, TwinhopError
from twinhop.io.json_text import parse_json
from twinhop.live.entry import Entry, Kind, twin_of
from twinhop.live.fold import Folded, TwinFold
from twinhop.live.limits import Limits
from twinhop.live.ports import Checkpoint, Versioned, Write

TWIN_PREFIX, ERASED_PREFIX = "twin/", "erased/"


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
    """Write checkpoints; answered by `Machine.stored`."""

    writes: tuple[Write, ...]


@dataclass(frozen=True, slots=True)
class Register:
    """Write a key of the registry that must not be there; answered by `Machine.registered`."""

    key: str
    value: bytes


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


@dataclass(slots=True)
class _Twin:
    """What the machine knows of one twin."""

    epoch: int
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
    erasing: bool = False
    held_since_s: float = -1.0
    deciding: bool = False

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
        self._erased: set[str] = set()
        self._active: OrderedDict[str, None] = OrderedDict()
        self._dirty: OrderedDict[str, None] = OrderedDict()
        self._holding: OrderedDict[str, None] = OrderedDict()
        self._position = self._mark = self._applied = 0
        self._now_s = self._checkpoint_due_s = 0.0
        self._flush_to = self._storing = 0
        self._flushing = False

    @property
    def twins(self) -> tuple[str, ...]:
        """Ids of the twins that are there."""
        return tuple(name for name, each in self._twins.items() if not each.erasing)

    @property
    def active(self) -> int:
        """Twins in memory."""
        return len(self._active)

    @property
    def applied(self) -> int:
        """Number of records applied or judged since the start."""
        return self._applied

    @property
    def mark(self) -> int:
        """The low-water mark that was asked for last."""
        return self._mark

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
                self._twins[key.removeprefix(TWIN_PREFIX)] = _Twin(facts["epoch"])
            elif key.startswith(ERASED_PREFIX):
                self._erased.add(key)
        self._position = self._mark = mark

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
            elif known.fold is None or known.waiting:
                self._uncovered(twin, known, position)
                known.waiting.append((position, record))
                if not known.erasing and not known.loading:
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
        if known is None or known.fold is not None or known.loading or known.erasing:
            return []
        known.loading = True
        return [Load((twin,))]

    def loaded(
        self, twin: str, checkpoint: Checkpoint | None, revision: int | None, payloads: Mapping[str, bytes]
    ) -> list[Effect]:
        """The checkpoint of a twin has been read; None: it has none yet.

        Raises:
            InputError: the checkpoint is damaged, or of a newer version.
            Fenced: it is of a newer epoch.
        """
        known = self._twins.get(twin)
        if known is None or not known.loading:
            return []
        known.loading = False
        if checkpoint is not None:
            if checkpoint.epoch > known.epoch:
                raise Fenced(
                    f"twin {twin!r}: its checkpoint is of epoch {checkpoint.epoch}, this host's is {known.epoch}"
                )
            where = f"checkpoint of twin {twin!r}"
            known.fold = TwinFold.of_head(checkpoint.head, payloads, self.limits, where)
            known.covered = known.folded = checkpoint.position
            known.revision, known.sealed = revision, frozenset(checkpoint.chunks)
            self._activate(twin)
        told: list[tuple[int, Folded]] = []
        effects: list[Effect] = []
        waiting, known.waiting, first, known.first = known.waiting, deque(), known.first, 0
        self._dirty.pop(twin, None)
        if known.fold is not None and known.fold.held:
            self._hold(twin, known)
            self._uncovered(twin, known, first or known.covered)
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

    def stored(self, twin: str, revision: int | None) -> list[Effect]:
        """A checkpoint has been written; None: another one was in its place.

        Raises:
            Fenced: that is so.
        """
        if revision is None:
            raise Fenced(f"twin {twin!r}: another host has written its checkpoint")
        self._storing -= 1
        known, effects = self._twins[twin], list[Effect]()
        known.revision, known.covered, known.stored = revision, known.stored, 0
        if known.erasing:
            effects.append(Erase(twin, self.tombstone(twin)))
        elif known.is_behind:
            known.first = known.covered + 1
        elif known.fold is not None and known.fold.held:
            known.first = known.folded  # a start reads it, and so ends the wait
        else:
            known.first = 0
            del self._dirty[twin]
        return self._done([], effects, settle=not self._storing)

    def registered(self, key: str, revision: int | None) -> list[Effect]:
        """A twin has been registered; None: it was there already, as after a crash."""
        known = self._twins.get(key.removeprefix(TWIN_PREFIX))
        if known is not None:
            known.registered = True
        return self._done([], [])

    def erased(self, twin: str) -> list[Effect]:
        """Nothing of a twin is left but records of the journal up to its erasure."""
        erased = self._twins.pop(twin)
        self._dirty.pop(twin, None)
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
            self._flush_through(self._position)
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
            known.registered = False
            self._activate(entry.twin)
            self._uncovered(entry.twin, known, position)
            value = json.dumps({"owner": self.owner, "epoch": known.epoch}).encode()
            effects.append(Register(TWIN_PREFIX + entry.twin, value))
            told.append((position, Folded(entry.twin, entry)))
            return
        is_erased = self.tombstone(entry.twin) in self._erased
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
        if known.erasing:
            known.waiting.append((position, record))
            return
        fold, entry = known.fold, Entry.decoded(record)
        assert fold is not None
        self._applied += 1
        known.folded = position
        self._uncovered(twin, known, position)
        if entry.kind is Kind.ERASE:
            self._erase(twin, known, effects)
            told.append((position, Folded(twin, entry)))
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

    def _erase(self, twin: str, known: _Twin, effects: list[Effect]) -> None:
        known.fold, known.erasing = None, True
        self._active.pop(twin, None)
        self._holding.pop(twin, None)
        tombstone = self.tombstone(twin)
        self._erased.add(tombstone)
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
        if settle and not self._storing:
            mark = min((self._twins[twin].first for twin in self._dirty), default=self._position + 1) - 1
            if mark > self._mark:
                self._mark = mark
                effects.append(Trim(mark))
        return effects

    def _flush_through(self, position: int) -> None:
        self._flush_to, self._flushing = max(self._flush_to, position), True

    def _store(self, effects: list[Effect]) -> None:
        """Checkpoints of twins that changed before the last one was due, so many at a time."""
        writes: list[Write] = []
        waits = False
        for twin in self._dirty:
            known = self._twins[twin]
            if known.first > self._flush_to or known.erasing or (known.fold is not None and not known.is_behind):
                continue
            if known.fold is None or known.waiting or not known.registered:
                waits = True
                continue
            if len(writes) == self.limits.checkpoints:
                break
            writes.append(self._write(twin, known, known.fold))
        if writes:
            self._storing = len(writes)
            effects.append(Store(tuple(writes)))
        else:
            self._flushing = waits

    def _write(self, twin: str, known: _Twin, fold: TwinFold) -> Write:
        head, chunks = fold.head()
        new = [chunk for chunk in fold.twin.history.chunks if chunk.digest not in known.sealed]
        known.stored, known.sealed = self._position, frozenset(chunks)
        checkpoint = Checkpoint(twin, known.epoch, self._position, head, chunks)
        return Write(checkpoint, known.revision, {chunk.digest: chunk.payload for chunk in new})

    def _evict(self) -> None:
        excess = len(self._active) - self.limits.active
        for twin in list(self._active)[: max(excess, 0)]:
            known = self._twins[twin]
            if known.first or known.stored or known.waiting:
                self._flush_through(known.first)
            else:
                known.fold = None
                del self._active[twin]

    def tombstone(self, twin: str) -> str:
        """The key under which an erased twin is remembered."""
        return ERASED_PREFIX + blake2b(twin.encode(), key=self._secret, digest_size=16).hexdigest()
