"""Updates in the payload of a message: one, or a list of them, in JSON or msgpack."""

from __future__ import annotations

from collections.abc import Sequence

from twinhop.live.gateway.intake import SentUpdate, decoded, is_packed
from twinhop.live.gateway.problems import Problem

_JSON_BEGINS = b"{[ \t\r\n"


def updates_of(payload: bytes | str, content_type: str | None) -> Sequence[SentUpdate]:
    """The updates in a payload.

    Args:
        payload: as it came; without a content type the first byte tells JSON from msgpack.
        content_type: property of the message; None: it has none.

    Raises:
        Problem: ``bad-request`` or ``unsupported-media-type``.

    >>> [each.seq for each in updates_of(b'{"seq": 7, "values": [1.0]}', None)]
    [7]
    """
    body = payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else payload
    packed = is_packed(content_type) if content_type else bool(body) and body[0] not in _JSON_BEGINS
    sent = decoded(body, SentUpdate | list[SentUpdate], packed)
    if not sent:
        raise Problem("bad-request", "the list of updates is empty")
    return sent if isinstance(sent, list) else (sent,)
