"""Ids in paths: percent-encoded, so that an id may hold any line of text, slashes included."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote, unquote

from fastapi import Path
from pydantic import AfterValidator

from twinhop.errors import InputError
from twinhop.scenario.fields import LONGEST_TEXT

LONGEST_PATH = 4_096
"""Bytes of a path that are looked at; an id takes at most 200 characters of 4 bytes, each written in 3 [byte]."""


class EncodedPaths:
    """Middleware that routes by the path as it was sent, so that ``%2F`` in an id ends no segment.

    Args:
        app: the ASGI application inside.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand on with the encoded path; path parameters are then decoded by `decoded`."""
        raw = scope.get("raw_path")
        if raw:
            scope["path"] = raw.partition(b"?")[0].decode("ascii", "replace")
        await self._app(scope, receive, send)


def encoded(text: str) -> str:
    """A text as one segment of a path.

    >>> encoded("b/7 é"), decoded("b%2F7%20%C3%A9")
    ('b%2F7%20%C3%A9', 'b/7 é')
    """
    return quote(text, safe="")


def decoded(segment: str) -> str:
    """The text that a segment of a path stands for.

    Raises:
        InputError: it is not UTF-8, percent-encoded, or no line of at most 200 printable characters.
    """
    try:
        text = unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise InputError("path: an id must be percent-encoded UTF-8") from None
    if not text.strip() or len(text) > LONGEST_TEXT or not text.isprintable():
        raise InputError(f"path: an id must be one line of 1 to {LONGEST_TEXT} printable characters")
    if text in (".", ".."):
        raise InputError("path: an id must not be . or .., which addresses resolve")
    return text


def _of(what: str, example: str) -> Any:
    schema = {"minLength": 1, "maxLength": LONGEST_TEXT}
    description = f"id of the {what}: one line of text, percent-encoded"
    return Path(description=description, json_schema_extra=schema, examples=[example])


TwinId = Annotated[str, AfterValidator(decoded), _of("twin", "car-1")]
ServiceId = Annotated[str, AfterValidator(decoded), _of("service", "traffic")]
StationId = Annotated[str, AfterValidator(decoded), _of("station", "b7")]
HostId = Annotated[str, AfterValidator(decoded), _of("host", "b7")]
PlanId = Annotated[str, AfterValidator(decoded), _of("plan", "p12")]
MoveId = Annotated[str, AfterValidator(decoded), _of("move", "p12-0")]
TokenId = Annotated[str, AfterValidator(decoded), _of("token", "t3")]
