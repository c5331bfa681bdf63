"""Around the library: what it lacks, what it does slowly, and what it would write into the log."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

from moat.lib.mqtt import MQTTConnectPacket, PropertyType

# at level debug the library writes every packet into the log, passwords too; whoever configures logging may enable it
_LIBRARY_LOG = logging.getLogger("moat.lib.mqtt")
_LIBRARY_LOG.disabled = True
_LIBRARY_LOG.addFilter(lambda record: False)

_PUBLISH, _LAST_QOS_1, _HAS_ID = 0x30, 0xF4, 0x02
_PUBACK = b"\x40\x02"
_CONNACK, _DISCONNECT, _REASON_STRING = b"\x20", b"\xe0", b"\x1f"


class Message(NamedTuple):
    """What a client publishes.

    Attributes:
        topic: where.
        payload: as it came.
        packet_id: by which it is acknowledged; None: it is not (QoS 0).
        content_type: as the client says; None: it says nothing.
    """

    topic: str
    payload: bytes | str
    packet_id: int | None = None
    content_type: str | None = None


class ConnectPacket(MQTTConnectPacket):
    """CONNECT with the one property that the library does not know there; it reads them as this class from now on."""

    allowed_property_types = MQTTConnectPacket.allowed_property_types | {PropertyType.REQUEST_RESPONSE_INFORMATION}


def plain_message(packet: bytes) -> Message | None:
    r"""A message of QoS 0 or 1 without properties, read without the library.

    Args:
        packet: a whole one.

    Returns:
        The message; None: the packet is something else, which the library reads or refuses.

    >>> plain_message(b"\x32\x07\x00\x01t\x00\x05\x00!")
    Message(topic='t', payload=b'!', packet_id=5, content_type=None)
    """
    if packet[0] & _LAST_QOS_1 != _PUBLISH:
        return None
    at = 2
    while packet[at - 1] & 0x80:
        at += 1
    after = at + 2 + int.from_bytes(packet[at : at + 2], "big")
    begin = after + 2 if packet[0] & _HAS_ID else after
    if begin >= len(packet) or packet[begin]:
        return None
    try:
        topic = packet[at + 2 : after].decode()
    except UnicodeDecodeError:
        return None
    packet_id = int.from_bytes(packet[after:begin], "big") if packet[0] & _HAS_ID else None
    return Message(topic, packet[begin + 1 :], packet_id)


def plain_acknowledgement(packet_id: int) -> bytes:
    r"""The PUBACK of a message that was taken.

    >>> plain_acknowledgement(5)
    b'@\x02\x00\x05'
    """
    return _PUBACK + packet_id.to_bytes(2, "big")


def farewell(reason: int, words: str, is_connected: bool) -> bytes:
    r"""The last packet to a client: DISCONNECT, or before it was connected CONNACK.

    The library refuses to write some of the reasons that the standard has, keep-alive timeout among them.

    Args:
        reason: code of the standard.
        words: reason string, at most 4,000 bytes; empty: none.
        is_connected: whether it had a CONNACK.

    >>> farewell(0x8D, "late", is_connected=True)
    b'\xe0\t\x8d\x07\x1f\x00\x04late'
    >>> farewell(0x86, "", is_connected=False)
    b' \x03\x00\x86\x00'
    """
    text = words.encode(errors="replace")
    string = _REASON_STRING + len(text).to_bytes(2, "big") + text if text else b""
    body = (b"" if is_connected else b"\x00") + bytes([reason]) + _length(len(string)) + string
    return (_DISCONNECT if is_connected else _CONNACK) + _length(len(body)) + body


def _length(count: int) -> bytes:
    return bytes([count]) if count < 128 else bytes([count & 0x7F | 0x80, count >> 7])


def encoded(packet: Any) -> bytes:
    """The bytes of one of the library's packets."""
    out = bytearray()
    packet.encode(out)
    return bytes(out)
