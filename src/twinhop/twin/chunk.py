"""An immutable part of a twin's history, named by the SHA-256 of its bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from twinhop.errors import InputError
from twinhop.twin.records import Records

#: Mark and version of the layout, width, number of records; all little-endian, and a multiple of eight bytes.
HEADER = struct.Struct("<4sIQ")
MARK = b"THC1"
WORD_BYTES = 8


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Records in the bytes in which they are kept, hashed and shipped.

    The layout is a header of 16 bytes (``THC1``, width as uint32, records n as uint64), then ``seq`` (n int64),
    ``time_s`` (n float64) and ``values`` (n x width float64, a record after the other), all little-endian.

    Attributes:
        payload: the bytes.
        digest: their SHA-256, in hexadecimal.
        records: views of them.
    """

    payload: bytes
    digest: str
    records: Records

    @classmethod
    def of_records(cls, records: Records) -> Chunk:
        """The chunk that holds copies of these records; every NaN gets the same bits."""
        payload = payload_of(records)
        return cls(payload, sha256(payload).hexdigest(), records_of_payload(payload, "chunk"))


def payload_of(records: Records) -> bytes:
    """The bytes of a chunk of these records; every NaN gets the same bits."""
    values = np.where(np.isnan(records.values), np.nan, records.values)
    return b"".join(
        (
            HEADER.pack(MARK, values.shape[1], len(records)),
            records.seq.astype("<i8").tobytes(),
            records.time_s.astype("<f8").tobytes(),
            values.astype("<f8").tobytes(),
        )
    )


def record_bytes(width: int) -> int:
    """Bytes that one record takes in a chunk.

    >>> record_bytes(2)
    32
    """
    return WORD_BYTES * (2 + width)


def records_of_payload(payload: bytes, where: str) -> Records:
    """Views of the records in the bytes of a chunk.

    Args:
        payload: the bytes.
        where: what to name in errors.

    Raises:
        InputError: the bytes are no chunk, or the records are out of order.
    """
    if len(payload) < HEADER.size:
        raise InputError(f"{where}: {len(payload)} bytes; a history chunk has at least {HEADER.size}")
    mark, width, count = HEADER.unpack_from(payload)
    if mark != MARK or len(payload) != HEADER.size + count * record_bytes(width):
        raise InputError(
            f"{where}: not a history chunk; expected {MARK.decode()}, a width, a count and that many records"
        )
    seq = np.frombuffer(payload, "<i8", count, HEADER.size)
    time_s = np.frombuffer(payload, "<f8", count, HEADER.size + WORD_BYTES * count)
    values = np.frombuffer(payload, "<f8", count * width, HEADER.size + 2 * WORD_BYTES * count)
    if (seq[1:] <= seq[:-1]).any() or not np.isfinite(time_s).all() or (time_s[1:] < time_s[:-1]).any():
        raise InputError(f"{where}: records out of order; expected ascending sequence numbers and times")
    return Records(seq, time_s, values.reshape(count, width))
