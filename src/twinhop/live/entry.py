"""Entries of the journal: what devices sent, what operators asked for, and what the host decided by its clock."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Self

import numpy as np

from twinhop.errors import InputError
from twinhop.io.json_text import parse_json
from twinhop.scenario.fields import LONGEST_TEXT
from twinhop.twin import Update

VERSION = 2
"""The newest version of entries that this program reads; each kind is written as the version that it came with."""
_HEAD = struct.Struct("<BBH")
_UPDATE = struct.Struct("<qqdd")
MOST_ENTRY_BYTES = 2**20
DEEPEST = 16
_NO_UPDATE = Update(0, 0.0, np.empty(0))


class Kind(IntEnum):
    """What an entry is; the numbers are those in the journal."""

    UPDATE = 1
    """A device sent an update."""
    CREATE = 2
    """A twin begins: ``spec`` (text of JSON) and ``attributes``."""
    ATTRIBUTES = 3
    """Its attributes are replaced: ``attributes``."""
    DESIRED = 4
    """Its desired settings are: ``version`` and ``values``."""
    CLOCK_OFFSET = 5
    """Decided: the device's clock is ahead by ``offset_s``, in ``incarnation``."""
    HOLE = 6
    """Decided: nothing is waited for any more before update ``seq`` of ``incarnation``."""
    RESTART = 7
    """The next update is of a new incarnation, whichever it says."""
    ERASE = 8
    """The twin ends, and nothing is left of it."""
    MOVE = 9
    """The twin's host is ``host`` from now on, in its ``epoch``."""
    RESUMED = 10
    """In no journal: told of a twin that goes on from a checkpoint which covers records above the low-water mark."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One entry.

    Attributes:
        kind: what it is.
        twin: id of the twin that it is about.
        update: what the device sent, of an `UPDATE`.
        facts: what its kind lists, of the others; values of JSON.
    """

    kind: Kind
    twin: str
    update: Update | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The bytes of the entry.

        Raises:
            InputError: a text, a number or the size is beyond what an entry holds.

        >>> update = Update(7, 12.5, np.array([1.0]), incarnation=2, received_s=12.75)
        >>> Entry.decoded(Entry(Kind.UPDATE, "car-1", update).encoded()).update.seq
        7
        """
        try:
            name = self.twin.encode()
        except UnicodeEncodeError:
            raise InputError(f"twin {self.twin[:40]!r}: id: is not text of Unicode") from None
        if len(name) > 4 * LONGEST_TEXT:
            raise InputError(f"twin {self.twin[:40]!r}...: id: must have at most {LONGEST_TEXT} characters")
        body = _facts_body(self.twin, self.facts) if self.update is None else _update_body(self.twin, self.update)
        if len(body) > MOST_ENTRY_BYTES:
            raise InputError(f"twin {self.twin!r}: an entry of {len(body)} bytes; at most {MOST_ENTRY_BYTES}")
        return _HEAD.pack(self.kind, _VERSIONS.get(self.kind, 1), len(name)) + name + body

    @classmethod
    def decoded(cls, record: bytes, twin: str = "") -> Self:
        """The entry in a record.

        Args:
            record: its bytes.
            twin: what `twin_of` gives of them, where that is known.

        Raises:
            InputError: it is none, or of a newer version.
        """
        name = twin or twin_of(record)
        try:
            kind, _, length = _HEAD.unpack_from(record)
            end = _HEAD.size + length
            if kind != Kind.UPDATE:
                return cls(Kind(kind), name, facts=parse_json(record[end:].decode(), "journal: entry"))
            incarnation, seq, observed_s, received_s = _UPDATE.unpack_from(record, end)
            values = np.frombuffer(record, "<f8", offset=end + _UPDATE.size)
            return cls(Kind.UPDATE, name, Update(seq, observed_s, values, incarnation, received_s))
        except (struct.error, ValueError) as error:
            raise InputError(f"journal: not an entry: {error}") from None


_VERSIONS = {Kind.MOVE: 2}


def twin_of(record: bytes) -> str:
    """The twin that the entry in a record is about, without what else is in it.

    Raises:
        InputError: as `Entry.decoded`.
    """
    try:
        _, version, length = _HEAD.unpack_from(record)
        if version > VERSION:
            raise InputError(
                f"journal: an entry of version {version}; this program reads up to {VERSION}; use a newer twinhop"
            )
        return record[_HEAD.size : _HEAD.size + length].decode()
    except (struct.error, ValueError) as error:
        raise InputError(f"journal: not an entry: {error}") from None


def update_head(twin: str) -> bytes:
    """What the records of all updates of a twin begin with.

    Raises:
        InputError: the id is no text, or too long.
    """
    return Entry(Kind.UPDATE, twin, update=_NO_UPDATE).encoded()[: -_UPDATE.size]


def update_record(
    head: bytes, incarnation: int, seq: int, observed_s: float, received_s: float, values: Sequence[float]
) -> bytes:
    """The record of an update, as its entry is encoded.

    Args:
        head: of its twin, by `update_head`.
        incarnation: as in `Update`.
        seq: as in `Update`.
        observed_s: as in `Update` [s].
        received_s: as in `Update` [s].
        values: the numbers of the state vector.

    >>> record = update_record(update_head("car-1"), 2, 7, 12.5, 12.75, [1.0])
    >>> record == Entry(Kind.UPDATE, "car-1", Update(7, 12.5, np.array([1.0]), 2, 12.75)).encoded()
    True
    """
    return head + _UPDATE.pack(incarnation, seq, observed_s, received_s) + struct.pack(f"<{len(values)}d", *values)


def _facts_body(twin: str, facts: Mapping[str, Any]) -> bytes:
    try:
        if not _is_shallow(facts, DEEPEST):
            raise ValueError(f"nested more than {DEEPEST} deep")
        return json.dumps(dict(facts), allow_nan=False, sort_keys=True).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"twin {twin[:40]!r}: an entry is no value of JSON: {error}") from None


def _is_shallow(value: Any, levels: int) -> bool:
    """Whether a value is nested at most so deep, so that whoever reads it can, on whatever stack."""
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return levels > 0 and all(_is_shallow(each, levels - 1) for each in inner)


def _update_body(twin: str, update: Update) -> bytes:
    received_s = update.observed_s if update.received_s is None else update.received_s
    try:
        head = _UPDATE.pack(update.incarnation, update.seq, update.observed_s, received_s)
        return head + np.asarray(update.values, "<f8").tobytes()
    except (struct.error, TypeError, ValueError) as error:
        raise InputError(
            f"twin {twin!r}: update: {error}; expected whole incarnation and seq, times and an array of numbers"
        ) from None


def hole_given_up(twin: str, incarnation: int, seq: int) -> Entry:
    """The decision to go on with an update although others before it are missing."""
    return Entry(Kind.HOLE, twin, facts={"incarnation": incarnation, "seq": seq})


def moved(twin: str, host: str, epoch: int) -> Entry:
    """That a twin's host is another one from an epoch on."""
    return Entry(Kind.MOVE, twin, facts={"host": host, "epoch": epoch})


def offset_changed(twin: str, incarnation: int, offset_s: float) -> Entry:
    """The decision that a device's clock is ahead by so much [s]."""
    assert math.isfinite(offset_s)
    return Entry(Kind.CLOCK_OFFSET, twin, facts={"incarnation": incarnation, "offset_s": offset_s})
