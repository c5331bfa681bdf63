"""Whole packets out of a stream of bytes, none larger than allowed, before anything looks into them."""

from __future__ import annotations

CONNECT = 0x10
OLD_REFUSAL = b"\x20\x02\x00\x01"
"""The CONNACK of MQTT 3.1.1: unacceptable protocol version."""
NEW_REFUSAL = b"\x20\x03\x00\x84\x00"
"""That of MQTT 5."""
VERSION = 5
_MOST_LENGTH_BYTES = 4


class TooLarge(Exception):
    """A packet is larger than allowed."""


class Malformed(Exception):
    """The bytes are no packet."""


class Frames:
    r"""Cuts a stream into packets.

    Args:
        most_bytes: of a packet [byte].

    >>> frames = Frames(100)
    >>> frames.feed(bytes([0xC0]))
    []
    >>> frames.feed(bytes([0x00, 0xC0]))
    [b'\xc0\x00']
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The packets that are whole by now; the rest is kept.

        What is wrong after them is raised by the next call, so that they are not lost.

        Raises:
            TooLarge: a packet is larger than allowed.
            Malformed: a length is none.
        """
        data = self._rest + data if self._rest else data
        packets, at, end = [], 0, len(data)
        while at < end:
            length = _packet_bytes(data, at, end)
            if length is None:
                break
            if length < 0 or length > self.most_bytes:
                if packets:
                    break
                raise TooLarge if length > 0 else Malformed
            if at + length > end:
                break
            packets.append(data[at : at + length])
            at += length
        self._rest = data[at:]
        return packets


def _packet_bytes(data: bytes, at: int, end: int) -> int | None:
    """The length of the packet that begins at a place, header included; None: not known yet; -1: it is none [byte]."""
    length, shift = 0, 0
    for place in range(at + 1, min(at + 1 + _MOST_LENGTH_BYTES, end)):
        length |= (data[place] & 0x7F) << shift
        if not data[place] & 0x80:
            return place + 1 - at + length
        shift += 7
    if end - at > _MOST_LENGTH_BYTES:
        return -1
    return None


def refusal_of_version(first: bytes) -> bytes:
    r"""The answer to the CONNECT of another version than 5, in the words of that version; empty: it is none.

    >>> refusal_of_version(bytes([0x10, 12, 0, 4]) + b"MQTT" + bytes([4, 2, 0, 0, 0, 0]))
    b' \x02\x00\x01'
    """
    at = 2
    while first[at - 1] & 0x80:
        at += 1
    if first[0] & 0xF0 != CONNECT:
        return b""
    if first[at : at + 8] == b"\x00\x06MQIsdp":
        return OLD_REFUSAL
    version = first[at + 6] if len(first) > at + 6 and first[at : at + 6] == b"\x00\x04MQTT" else VERSION
    if version == VERSION:
        return b""
    return OLD_REFUSAL if version < VERSION else NEW_REFUSAL
