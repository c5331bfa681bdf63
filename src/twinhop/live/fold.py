"""A twin as a fold of its entries: the twin itself, what is held back after a hole, and what was set aside."""

from __future__ import annotations

import base64
import json
import struct
from collections import Counter, deque
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.io.json_text import parse_json
from twinhop.live.entry import Entry, Kind, hole_given_up, offset_changed
from twinhop.live.limits import Limits
from twinhop.live.spec import spec_of
from twinhop.twin import Applied, DeviceTwin, Outcome, Reason, TwinSchema, Update
from twinhop.twin.behaviour.registry import BEHAVIOUR_MODELS
from twinhop.twin.pack import chunk_part, parts_of, twin_of_pack
from twinhop.twin.pack_file import framed_bytes, parse_framed, parse_pack

HEAD_VERSION = 2
"""Version of heads that are written, and the newest that is read."""
_ARCHIVED = 1
"""Version of heads in which the twin is an archive; of the next one it is framed."""
_HEAD = struct.Struct("<BI")
_CLOCK = "clock "
"""Begins the names of those counts that are of clocks, and of no further updates."""


class NewerCheckpoint(InputError):
    """A checkpoint that a newer program wrote: the folder is not this one's to serve."""


class State(NamedTuple):
    """A twin after an entry.

    Attributes:
        schema: of the values.
        revision: number of changes of the twin so far.
        time_s: of its newest update, on its own axis; minus infinity before the first [s].
        values: (width,) the newest value of each dimension, NaN where there is none.
        attributes: of the device.
    """

    schema: TwinSchema
    revision: int
    time_s: float
    values: NDArray[np.float64]
    attributes: Mapping[str, Any]


class Folded(NamedTuple):
    """What became of one entry.

    Attributes:
        twin: id of the twin.
        entry: which; of an update that was held back, the entry that it came in.
        answer: of the twin, to an update; None for other entries.
        held: whether the update waits for others before it; its answer follows.
        refused: why an entry that is no update changed nothing; empty where it did.
        state: of the twin after the entry, where that changed it; None where it did not, or the twin has gone.
    """

    twin: str
    entry: Entry
    answer: Applied | None = None
    held: bool = False
    refused: str = ""
    state: State | None = None


class TwinFold:
    """A twin and what belongs to it, changed by the entries of its journal alone.

    Updates after a hole are held back, sorted, until those that are missing have come, until more are held than the
    limit, until the device starts again, or until an entry gives the hole up; all are of one incarnation. No entry
    raises.

    Args:
        twin: the twin.
        limits: of the host; only how many may be held and shown matter here, and they are part of what is replayed.
    """

    def __init__(self, twin: DeviceTwin, limits: Limits) -> None:
        self.twin = twin
        self.held: list[Entry] = []
        self.counts: Counter[str] = Counter()
        self.asides: deque[str] = deque(maxlen=limits.shown)
        self._limits = limits

    @classmethod
    def created(cls, entry: Entry, limits: Limits) -> Self:
        """The fold that a `CREATE` begins.

        Raises:
            InputError: the specification, the id or an attribute will not do.
        """
        facts = entry.facts
        spec, attributes = facts.get("spec"), facts.get("attributes", {})
        if not isinstance(spec, str) or not isinstance(attributes, dict):
            raise InputError(f"twin {entry.twin!r}: expected a specification as text, and attributes by name")
        return cls(spec_of(spec).twin(entry.twin, attributes), limits)

    def fold(self, entry: Entry) -> list[Folded]:
        """Take the next entry.

        Returns:
            What became of it, and of those that it let go on.
        """
        if entry.kind is Kind.UPDATE:
            return self._update(entry)
        try:
            return self._change(entry)
        except (InputError, KeyError, TypeError, ValueError, OverflowError) as error:
            return [Folded(self.twin.id, entry, refused=str(error) or type(error).__name__)]

    def hole(self) -> Entry | None:
        """The decision that ends the present hole; None: there is none."""
        if not self.held:
            return None
        update = _update_of(self.held[0])
        return hole_given_up(self.twin.id, update.incarnation, update.seq)

    def offset(self) -> Entry | None:
        """The decision on the device's clock that is due; None: none is."""
        due_s = self.twin.clock.due()
        return None if due_s is None else offset_changed(self.twin.id, self.twin.incarnation, due_s)

    @property
    def updates(self) -> int:
        """How many updates it was given since it was created, whatever became of them."""
        return len(self.held) + sum(count for name, count in self.counts.items() if not name.startswith(_CLOCK))

    def state(self) -> State:
        """The twin as it is now."""
        twin = self.twin
        return State(twin.schema, twin.revision, twin.time_s, twin.state, twin.attributes)

    def _update(self, entry: Entry) -> list[Folded]:
        update, twin = _update_of(entry), self.twin
        if not self.held and update.incarnation == twin.incarnation and update.seq == twin.seq + 1:
            return [self._apply(entry)]
        done = []
        held = _update_of(self.held[0]).incarnation if self.held else update.incarnation
        if update.incarnation > held:
            done = self._release(len(self.held))
        answer = twin.judge(update)
        has_hole = answer.outcome is Outcome.APPLIED and not answer.late and answer.missing is not None
        if has_hole and update.incarnation >= held:  # of an incarnation that has ended nothing is waited for
            return done + self._hold(entry, update)
        return [*done, self._apply(entry), *self._drain()]

    def _hold(self, entry: Entry, update: Update) -> list[Folded]:
        for other in self.held:
            if _update_of(other).seq == update.seq:
                same = np.array_equal(_update_of(other).values, update.values, equal_nan=True)
                outcome, reason = (Outcome.DUPLICATE, None) if same else (Outcome.SET_ASIDE, Reason.CONFLICT)
                words = "" if same else f"update {update.seq}: other values under that number are held back already"
                answer = Applied(outcome, self.twin.incarnation, self.twin.seq, reason=reason, detail=words)
                return [self._counted(entry, answer)]
        self.held.append(entry)
        self.held.sort(key=lambda each: _update_of(each).seq)
        done = [Folded(self.twin.id, entry, held=True)]
        return done + (self._release(1) if len(self.held) > self._limits.held else [])

    def _release(self, count: int) -> list[Folded]:
        """Apply the first of those that are held back, and what follows them without a hole."""
        done = []
        for _ in range(count):
            if self.held:
                done.append(self._apply(self.held.pop(0)))
        return done + self._drain()

    def _drain(self) -> list[Folded]:
        done = []
        while self.held and self.twin.judge(_update_of(self.held[0])).missing is None:
            done.append(self._apply(self.held.pop(0)))
        return done

    def _apply(self, entry: Entry) -> Folded:
        return self._counted(entry, self.twin.apply(_update_of(entry)))

    def _counted(self, entry: Entry, answer: Applied) -> Folded:
        self.counts[str(answer.reason or answer.outcome)] += 1
        if answer.reason is not None:
            self.asides.append(answer.detail)
        if answer.clock is not None and answer.clock != "trusted":
            self.counts[f"{_CLOCK}{answer.clock}"] += 1
        return Folded(self.twin.id, entry, answer, state=self.state() if answer.changed else None)

    def _change(self, entry: Entry) -> list[Folded]:
        facts, twin, done = entry.facts, self.twin, Folded(self.twin.id, entry)
        match entry.kind:
            case Kind.ATTRIBUTES:
                twin.set_attributes(facts["attributes"])
                return [done._replace(state=self.state())]
            case Kind.DESIRED:
                twin.set_desired(facts["version"], facts["values"])
            case Kind.RESTART:
                released = self._release(len(self.held))
                twin.restart()
                return [*released, done]
            case Kind.CLOCK_OFFSET:
                if facts["incarnation"] != twin.incarnation:
                    raise InputError(f"incarnation {facts['incarnation']} has ended")
                twin.set_clock_offset(float(facts["offset_s"]))
            case Kind.HOLE:
                first = _update_of(self.held[0]) if self.held else None
                if first is None or (first.incarnation, first.seq) != (facts["incarnation"], facts["seq"]):
                    raise InputError("that hole has been filled or given up already")
                return [done, *self._release(1)]
            case Kind.CREATE:
                raise InputError("the twin is there already")
            case _:
                raise InputError("is no entry of a journal")
        return [done]

    def head(self) -> tuple[bytes, tuple[str, ...]]:
        """What changes with every checkpoint, and the digests of the chunks that do not."""
        manifest, parts = parts_of(self.twin)
        more = {
            "held": [base64.b64encode(each.encoded()).decode() for each in self.held],
            "counts": dict(sorted(self.counts.items())),
            "asides": list(self.asides),
        }
        text = json.dumps(more).encode()
        return _HEAD.pack(HEAD_VERSION, len(text)) + text + framed_bytes(manifest, parts), manifest.history.chunks

    @classmethod
    def of_head(cls, head: bytes, chunks: Mapping[str, bytes], limits: Limits, where: str) -> Self:
        """The fold that goes on from a checkpoint, bit for bit.

        Args:
            head: as `head` gives it.
            chunks: by digest.
            limits: of the host.
            where: what to name in errors.

        Raises:
            NewerCheckpoint: it is of a newer version.
            InputError: it is no such head.
        """
        more, packed = _parts_of_head(head, where)
        apart = {chunk_part(digest): payload for digest, payload in chunks.items()}
        pack = (parse_pack if head[0] == _ARCHIVED else parse_framed)(packed, where, apart)
        fold = cls(twin_of_pack(pack, BEHAVIOUR_MODELS), limits)
        fold.held = [Entry.decoded(base64.b64decode(each)) for each in more["held"]]
        fold.counts = Counter(more["counts"])
        fold.asides.extend(more["asides"])
        return fold


def asides_of_head(head: bytes, where: str) -> Counter[str]:
    """How many updates of a checkpointed twin were set aside, by reason.

    Args:
        head: as `TwinFold.head` gives it.
        where: what to name in errors.

    Raises:
        InputError: it is no such head, or of a newer version.
    """
    counts = _parts_of_head(head, where)[0]["counts"]
    return Counter({reason: counts[reason] for reason in Reason if reason in counts})


def _parts_of_head(head: bytes, where: str) -> tuple[dict[str, Any], bytes]:
    """What belongs to the twin, and the pack of the twin itself."""
    try:
        version, length = _HEAD.unpack_from(head)
        if version > HEAD_VERSION:
            raise NewerCheckpoint(
                f"{where}: a checkpoint of version {version}; this program reads up to {HEAD_VERSION}; "
                "use a newer twinhop"
            )
        text = head[_HEAD.size : _HEAD.size + length].decode()
    except (struct.error, ValueError):
        raise InputError(f"{where}: not a checkpoint") from None
    return parse_json(text, where), head[_HEAD.size + length :]


def _update_of(entry: Entry) -> Update:
    assert entry.update is not None
    return entry.update
