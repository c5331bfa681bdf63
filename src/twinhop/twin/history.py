"""The history D of a twin: immutable chunks named by their digests, and an open tail."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import Annotated, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from twinhop.errors import InputError
from twinhop.scenario.fields import Positive, Section
from twinhop.twin.chunk import HEADER, Chunk, record_bytes
from twinhop.twin.records import Records
from twinhop.twin.tail import Tail

LARGEST_COUNT = 2**53


class Retention(Section):
    """Limits of a twin's history; without any, all is kept.

    Whole chunks are dropped, the oldest first, so that age and count keep at least what they say: a chunk goes once no
    record in it is wanted. The limit on bytes is never exceeded.
    """

    max_age_s: Positive | None = Field(
        default=None, description="records this much older than the newest one are not wanted [s]; null: no limit"
    )
    max_records: Annotated[int, Field(strict=True, ge=1, le=LARGEST_COUNT)] | None = Field(
        default=None, description="records wanted, the newest; null: no limit"
    )
    max_bytes: Annotated[int, Field(strict=True, ge=1, le=LARGEST_COUNT)] | None = Field(
        default=None, description="bytes that chunks and tail may take [byte]; null: no limit"
    )


CHUNK_RECORDS = 512
"""Records that are sealed together, at most."""
LEAST_CHUNK_RECORDS = 64
"""Records that are sealed together where few are wanted, so that not many more are kept."""
CHUNKS_WANTED = 4
"""A chunk holds at most this part of the records wanted, down to the least that one holds."""
OPEN_RECORDS = 64
"""The newest records are never sealed, so that one that comes late by as many still finds its place."""
TAIL_RECORDS = CHUNK_RECORDS + OPEN_RECORDS


class Sealed(NamedTuple):
    """Where the sealed part of a history ends, whether or not it is still kept.

    Attributes:
        seq: sequence number of the last record sealed; 0 before the first.
        time_s: when that was observed [s]; minus infinity before the first.
        taken: records sealed since the beginning.
    """

    seq: int = 0
    time_s: float = -math.inf
    taken: int = 0


class History:
    """What a twin has taken from its device, by number and by time.

    A record's number is the device's sequence number while the device has not rebooted, and goes on from there after it
    has; see `Incarnations`.

    Once the tail holds 576 records the oldest 512 are sealed in a chunk. Where few records are wanted chunks are
    smaller, see `chunk_records`, and the first of them ends where the phase says: of many twins that begin at the same
    moment not all seal, and drop, at the same moment.

    Args:
        width: columns of a state vector.
        retention: how much is kept.
        phase: where in the course of its chunks a history begins whose records are limited in number [records].

    Raises:
        InputError: the bytes allowed do not hold the open tail.
    """

    def __init__(self, width: int, retention: Retention | None = None, phase: int = 0) -> None:
        retention = retention or Retention()
        least = TAIL_RECORDS * record_bytes(width) + HEADER.size
        if retention.max_bytes is not None and retention.max_bytes < least:
            raise InputError(
                f"retention.max_bytes: {retention.max_bytes}; expected at least {least}, which the open tail of "
                f"{TAIL_RECORDS} records with {width} columns takes"
            )
        self.width = width
        self.retention = retention
        self.chunks: list[Chunk] = []
        self.sealed = Sealed()
        self.last_seq = 0
        self.last_time_s = -math.inf
        self._tail = Tail(width, TAIL_RECORDS)
        self._kept = 0
        self._chunk = chunk_records(retention)
        self._phase = 0 if retention.max_records is None else phase % self._chunk
        self._seal_at = self._due() + TAIL_RECORDS - CHUNK_RECORDS

    @classmethod
    def of_parts(
        cls,
        width: int,
        retention: Retention,
        chunks: Sequence[Chunk],
        sealed: Sealed,
        tail: Records,
        where: str,
        phase: int = 0,
    ) -> History:
        """The history of these parts.

        Args:
            width: columns of a state vector.
            retention: how much is kept.
            chunks: what is sealed and kept, the oldest first.
            sealed: where the sealed part ends.
            tail: the records that are not sealed.
            where: what to name in errors.
            phase: as it was made with.

        Raises:
            InputError: the parts are of another width, or do not follow each other.
        """
        history = cls(width, retention, phase)
        end = Sealed(0, -math.inf, 0)
        for chunk in chunks:
            if not len(chunk.records):
                raise InputError(f"{where}: chunk {chunk.digest}: holds no records")
            end = _following(end, chunk.records, width, f"{where}: chunk {chunk.digest}")
        if chunks and (sealed.seq, sealed.time_s) != (end.seq, end.time_s):
            raise InputError(f"{where}: the last chunk ends with {end.seq}; expected {sealed.seq}")
        if not end.taken <= sealed.taken <= sealed.seq or len(tail) >= TAIL_RECORDS:
            raise InputError(f"{where}: {sealed.taken} records sealed and {len(tail)} open do not fit the history")
        _following(sealed, tail, width, f"{where}: tail")
        history.chunks, history.sealed, history._kept = list(chunks), sealed, end.taken
        history.last_seq, history.last_time_s = sealed.seq, sealed.time_s
        for seq, time_s, values in zip(tail.seq.tolist(), tail.time_s.tolist(), tail.values, strict=True):
            history._tail.append(seq, time_s, values)
            history.last_seq, history.last_time_s = seq, time_s
        history._seal_at = history._due() + TAIL_RECORDS - CHUNK_RECORDS
        return history

    def __len__(self) -> int:
        return self._kept + len(self._tail)

    @property
    def taken(self) -> int:
        """Records taken since the beginning, dropped ones included."""
        return self.sealed.taken + len(self._tail)

    @property
    def bytes(self) -> int:
        """Bytes that the chunks and the records of the tail take in a pack [byte]."""
        return len(self) * record_bytes(self.width) + HEADER.size * (len(self.chunks) + 1)

    def tail(self) -> Records:
        """Views of the records that are not sealed; they hold until the history changes."""
        return self._tail.records()

    def append(self, seq: int, time_s: float, values: NDArray[np.float64]) -> None:
        """Take the next record.

        Args:
            seq: above the last one.
            time_s: not before the last one [s].
            values: (width,) state vector.

        Raises:
            ValueError: the record does not follow the last one.
        """
        if seq <= self.last_seq or not time_s >= self.last_time_s:
            raise ValueError(f"record {seq} of {time_s} s after record {self.last_seq} of {self.last_time_s} s")
        self._tail.append(seq, time_s, values)
        self.last_seq, self.last_time_s = seq, time_s
        if len(self._tail) >= self._seal_at:
            self._seal()
        if self.chunks:
            self._drop()

    def place(self, seq: int) -> tuple[float, float] | None:
        """Between which times a record that comes late may lie, None where its place is sealed [s].

        Args:
            seq: below the last one, and not in the history.
        """
        if seq <= self.sealed.seq:
            return None
        tail = self.tail()
        at = int(np.searchsorted(tail.seq, seq))
        return float(tail.time_s[at - 1]) if at else self.sealed.time_s, float(tail.time_s[at])

    def insert(self, seq: int, time_s: float, values: NDArray[np.float64]) -> None:
        """Take a record that comes late into its place in the tail.

        Args:
            seq: below the last one, and not in the history.
            time_s: between the times of its place [s].
            values: (width,) state vector.

        Raises:
            ValueError: its place is sealed, or the time is not between those of its neighbours.
        """
        place = self.place(seq)
        if place is None or not place[0] <= time_s <= place[1]:
            raise ValueError(f"record {seq} of {time_s} s does not fit between {place}")
        self._tail.insert(int(np.searchsorted(self.tail().seq, seq)), seq, time_s, values)
        if len(self._tail) >= self._seal_at:
            self._seal()
        self._drop()

    def find(self, seq: int) -> Records | None:
        """The one record of a sequence number, None where it is not kept."""
        record = self.between(seq, seq)
        return record if len(record) else None

    def between(self, first_seq: int, last_seq: int) -> Records:
        """Copies of the records with sequence numbers from ``first_seq`` to ``last_seq``, both included."""
        return self._where(first_seq, last_seq, "seq")

    def during(self, start_s: float, end_s: float) -> Records:
        """Copies of the records observed from ``start_s`` to ``end_s``, both included."""
        return self._where(start_s, end_s, "time_s")

    def _where(self, first: float, last: float, column: str) -> Records:
        """The records whose ``column`` is from ``first`` to ``last``; chunks outside are not looked into."""
        start = bisect_left(self.chunks, first, key=lambda chunk: getattr(chunk.records, column)[-1])
        parts = []
        for run in [*(chunk.records for chunk in self.chunks[start:]), self.tail()]:
            keys = getattr(run, column)
            if len(keys) and keys[0] > last:
                break
            parts.append(run.part(int(np.searchsorted(keys, first)), int(np.searchsorted(keys, last, "right"))))
        return Records.joined(parts, self.width)

    def _seal(self) -> None:
        """Seal what is due: a chunk, or several where the tail comes from a history of larger ones."""
        while len(self._tail) >= self._seal_at:
            count = self._due()
            chunk = Chunk.of_records(self._tail.take(count))
            self.chunks.append(chunk)
            self._kept += count
            ends = chunk.records
            self.sealed = Sealed(int(ends.seq[-1]), float(ends.time_s[-1]), self.sealed.taken + count)
            self._seal_at = self._due() + TAIL_RECORDS - CHUNK_RECORDS

    def _due(self) -> int:
        """Records of the next chunk."""
        return self._chunk - (self.sealed.taken + self._phase) % self._chunk

    def _drop(self) -> None:
        """Drop the oldest chunks that the retention does not want."""
        limits = self.retention
        while self.chunks and (
            (limits.max_age_s is not None and self.chunks[0].records.time_s[-1] < self.last_time_s - limits.max_age_s)
            or (limits.max_records is not None and len(self) - len(self.chunks[0].records) >= limits.max_records)
            or (limits.max_bytes is not None and self.bytes > limits.max_bytes)
        ):
            self._kept -= len(self.chunks.pop(0).records)


def phase_of(twin_id: str) -> int:
    """The phase of a twin's history, spread evenly over the ids."""
    return crc32(twin_id.encode("utf-8", "surrogatepass"))


def chunk_records(retention: Retention) -> int:
    """Records that are sealed together: 512, or, where few are wanted, a power of two of about a quarter of them.

    >>> [chunk_records(Retention(max_records=count)) for count in (100, 300, 1000, 10_000)]
    [64, 64, 128, 512]
    """
    if retention.max_records is None:
        return CHUNK_RECORDS
    part = max(retention.max_records // CHUNKS_WANTED, LEAST_CHUNK_RECORDS)
    return min(CHUNK_RECORDS, 1 << (part.bit_length() - 1))


def _following(end: Sealed, records: Records, width: int, where: str) -> Sealed:
    """Where a history ends after further records, which must be of its width and follow."""
    if records.values.shape[1] != width:
        raise InputError(f"{where}: {records.values.shape[1]} columns; expected {width}, as the schema has")
    if not len(records):
        return end
    if records.seq[0] <= end.seq or records.time_s[0] < end.time_s:
        raise InputError(f"{where}: begins with {records.seq[0]}; expected more than {end.seq}, and no earlier time")
    return Sealed(int(records.seq[-1]), float(records.time_s[-1]), end.taken + len(records))
