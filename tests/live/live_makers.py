"""Engines, entries and twins for tests of what lives."""

import json
from collections import deque
from hashlib import sha256

from twinhop.errors import InputError
from twinhop.live import Entry, Kind, Limits, TwinSpec
from twinhop.live.host import Engine
from twinhop.live.machine import Append, Erase, Load, Machine, Register, Store, Tell, Trim
from twinhop.live.ports import Versioned
from twinhop.twin import Dimension, Retention, TwinSchema, Update

SCHEMA = TwinSchema(
    dimensions=(
        Dimension(name="position", kind="position_2d", unit="m", tolerance=5.0),
        Dimension(name="speed", kind="scalar", unit="m/s", limits=(-5.0, 60.0)),
    )
)
SPEC = TwinSpec(
    state_schema=SCHEMA, models={"position": "constant_velocity"}, retention=Retention(max_records=300)
).model_dump_json()
PLAIN_SPEC = TwinSpec(state_schema=SCHEMA).model_dump_json()
QUICK = Limits(hole_wait_s=0.2, checkpoint_s=0.2)


def create(twin, spec=PLAIN_SPEC):
    return Entry(Kind.CREATE, twin, facts={"spec": spec, "attributes": {"wheels": 4}})


def sent(twin, seq, incarnation=1, observed_s=None, received_s=None, speed=None):
    """An update that says its seq."""
    values = SCHEMA.vector(
        {"position": (float(seq), float(incarnation)), "speed": float(seq % 50 if speed is None else speed)}
    )
    observed_s = float(seq) if observed_s is None else observed_s
    return Entry(
        Kind.UPDATE,
        twin,
        Update(seq, observed_s, values, incarnation, observed_s if received_s is None else received_s),
    )


class MemoryJournal:
    """Every position a multiple of 10, as an engine's may be."""

    def __init__(self):
        self.records, self.last, self.mark = {}, 0, 0

    def append(self, records):
        positions = [self.last + 10 * (at + 1) for at in range(len(records))]
        self.records |= dict(zip(positions, records, strict=True))
        self.last = positions[-1] if positions else self.last
        return positions

    def read(self, after, most):
        return [(at, self.records[at]) for at in sorted(self.records) if at > after][:most]

    def trim(self, mark):
        if not self.mark <= mark <= self.last:
            raise ValueError(f"mark {mark}")
        self.mark = mark
        self.records = {at: each for at, each in self.records.items() if at > mark}


class MemoryRegistry:
    def __init__(self):
        self.values, self.revision = {}, 0

    def get(self, key):
        return self.values.get(key)

    def put(self, key, value, expected):
        there = self.values.get(key)
        if (None if there is None else there.revision) != expected:
            return None
        self.revision += 1
        self.values[key] = Versioned(value, self.revision)
        return self.revision

    def delete(self, key):
        self.values.pop(key, None)

    def items(self, prefix):
        return [(key, self.values[key]) for key in sorted(self.values) if key.startswith(prefix)]


class MemoryCheckpoints:
    def __init__(self):
        self.stored, self.chunks, self.revision = {}, {}, 0

    def put(self, writes):
        return [self._put(write) for write in writes]

    def _put(self, write):
        each = write.checkpoint
        there, revision = self.stored.get(each.twin, (None, None))
        if revision != write.expected or (there is not None and there.epoch > each.epoch):
            return None
        self.chunks |= write.payloads
        missing = set(each.chunks) - set(self.chunks)
        if missing:
            raise InputError(f"chunk {min(missing)} was never given")
        self.revision += 1
        self.stored[each.twin] = each, self.revision
        self._collect()
        return self.revision

    def get(self, twin):
        return self.stored.get(twin)

    def chunk(self, digest):
        if digest not in self.chunks or sha256(self.chunks[digest]).hexdigest() != digest:
            raise InputError(f"chunk {digest}: is missing")
        return self.chunks[digest]

    def delete(self, twin):
        self.stored.pop(twin, None)
        self._collect()

    def _collect(self):
        needed = {digest for each, _ in self.stored.values() for digest in each.chunks}
        self.chunks = {digest: each for digest, each in self.chunks.items() if digest in needed}


def memory_engine():
    return Engine(MemoryJournal(), MemoryRegistry(), MemoryCheckpoints(), b"secret")


def logged(engine):
    """All records that an engine's journal is given from now on, with their positions; trims remove none of them."""
    log, append = [], engine.journal.append

    def append_and_log(records):
        positions = append(records)
        log.extend(zip(positions, records, strict=True))
        return positions

    engine.journal.append = append_and_log
    return log


class Crash(Exception):
    """The process ends before a write."""


def crash_after(engine, writes):
    """Let every durable write after so many fail; the list holds how many are left."""
    left = [writes]

    def counted(call):
        def write(*arguments):
            if not left[0]:
                raise Crash
            left[0] -= 1
            return call(*arguments)

        return write

    for port, names in (
        (engine.journal, ("append", "trim")),
        (engine.registry, ("put", "delete")),
        (engine.checkpoints, ("put", "delete")),
    ):
        for name in names:
            setattr(port, name, counted(getattr(port, name)))
    return left


class Simulation:
    """A machine on an engine, every effect carried out at once; what is told is kept, and whoever follows is told."""

    def __init__(self, engine, limits=QUICK, decides=True, followers=()):
        self.engine, self.decides, self.told, self.followers = engine, decides, [], followers
        self.machine = Machine("here", engine.secret, limits)
        self.machine.started(engine.registry.items(""), engine.journal.mark)
        self.perform(self.machine.recorded(engine.journal.read(engine.journal.mark, 10**6)))

    def send(self, *entries):
        records = [each.encoded() for each in entries]
        self.perform(self.machine.recorded(list(zip(self.engine.journal.append(records), records, strict=True))))

    def tick(self, now_s):
        self.perform(self.machine.ticked(now_s))

    def flush(self):
        self.perform(self.machine.flush())

    def fold(self, twin):
        self.perform(self.machine.wanted(twin))
        return self.machine.fold_of(twin)

    def perform(self, effects):
        queue, engine, machine = deque(effects), self.engine, self.machine
        while queue:
            match queue.popleft():
                case Tell(folded):
                    self.told += folded
                    for each in self.followers:
                        each.fold(folded)
                case Load(twins):
                    for twin in twins:
                        stored = engine.checkpoints.get(twin)
                        chunks = () if stored is None else stored[0].chunks
                        payloads = {digest: engine.checkpoints.chunk(digest) for digest in chunks}
                        queue.extend(machine.loaded(twin, *(stored or (None, None)), payloads))
                case Append(entries) if self.decides:
                    records = [each.encoded() for each in entries]
                    queue.extend(machine.recorded(list(zip(engine.journal.append(records), records, strict=True))))
                case Store(writes, _):
                    for write, revision in zip(writes, engine.checkpoints.put(writes), strict=True):
                        queue.extend(machine.stored(write.checkpoint.twin, revision))
                case Register(key, value, expected):
                    queue.extend(machine.registered(key, engine.registry.put(key, value, expected)))
                case Erase(twin, tombstone):
                    engine.registry.put(tombstone, b"", None)
                    engine.checkpoints.delete(twin)
                    engine.registry.delete(f"twin/{twin}")
                    queue.extend(machine.erased(twin))
                case Trim(mark):
                    for each in self.followers:
                        each.save(mark)
                    engine.journal.trim(mark)


def summary(fold):
    """What a person reads of a twin."""
    twin = fold.twin
    return json.loads(json.dumps([twin.incarnation, twin.seq, twin.values(), dict(fold.counts), twin.desired.version]))


def raw(folder):
    """All bytes of a folder."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
