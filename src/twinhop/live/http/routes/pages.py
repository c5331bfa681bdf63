"""Pages of lists that change meanwhile: each cursor says after which key the next page begins."""

from __future__ import annotations

import heapq
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import Query

from twinhop.errors import InputError
from twinhop.live.gateway.problems import Problem

T = TypeVar("T")

USUAL_LIMIT, MOST_LIMIT = 100, 1000
LONGEST_CURSOR = 2_048
_CHECK_BYTES = 9

Limit = Annotated[int, Query(ge=1, le=MOST_LIMIT, description="items of a page at most")]
Cursor = Annotated[
    str | None,
    Query(max_length=LONGEST_CURSOR, description="`next_cursor` of the page before; the other parameters as there"),
]


class Row(Protocol):
    """What a list shows and an address names."""

    @property
    def id(self) -> str:
        """Its name."""
        ...


R = TypeVar("R", bound=Row)


def unknown(what: str, name: str) -> Problem:
    """There is no such thing."""
    return Problem("not-found", f"{name}: there is no such {what}")


def row_of(rows: Iterable[R], what: str, name: str) -> R:
    """The row of a name.

    Raises:
        Problem: there is none.
    """
    for each in rows:
        if each.id == name:
            return each
    raise unknown(what, name)


def cursor_after(key: Any, listing: Sequence[Any]) -> str:
    """The cursor of what comes after a key.

    It is a checked text, not a secret: it holds the last key that was shown, and says nothing about what may be read.

    Args:
        key: of the last item that was shown: text or a whole number.
        listing: what is listed and by which filters; a cursor is of one listing alone.
    """
    body = json.dumps(key).encode()
    return urlsafe_b64encode(_check(body, listing) + body).decode().rstrip("=")


def key_after(cursor: str | None, listing: Sequence[Any], kind: type[T]) -> T | None:
    """The key after which a page begins; None without a cursor.

    Raises:
        InputError: the cursor is not one of this listing.

    >>> key_after(cursor_after("car-7", ["twins"]), ["twins"], str)
    'car-7'
    """
    if cursor is None:
        return None
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        check, body = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
        key = json.loads(body) if check == _check(body, listing) else None
    except (ValueError, RecursionError):
        key = None
    if type(key) is not kind:
        raise InputError("cursor: is not one of this list with these filters; begin without a cursor")
    return key


def page_of_texts(
    keys: Iterable[str],
    cursor: str | None,
    limit: int,
    listing: Sequence[Any],
    wanted: Callable[[str], bool] | None = None,
) -> tuple[list[str], str | None]:
    """The keys of a page, ascending, and the cursor of the next one.

    What is there during the whole listing is on exactly one page, whatever comes and goes meanwhile.

    Args:
        keys: all of them, in any order.
        cursor: of this page.
        limit: keys of the page.
        listing: see `cursor_after`.
        wanted: whether a key is listed.

    Raises:
        InputError: as `key_after`.

    >>> keys, following = page_of_texts(["c", "a", "b"], None, 2, ["x"])
    >>> keys, page_of_texts(["c", "b"], following, 2, ["x"])
    (['a', 'b'], (['c'], None))
    """
    after = key_after(cursor, listing, str)
    rest = (key for key in keys if (after is None or key > after) and (wanted is None or wanted(key)))
    first = heapq.nsmallest(limit + 1, rest)
    return first[:limit], cursor_after(first[limit - 1], listing) if len(first) > limit else None


def page_of_rows(
    rows: Iterable[T], key: Callable[[T], str], cursor: str | None, limit: int, listing: Sequence[Any]
) -> tuple[list[T], str | None]:
    """The same of rows that have a key each."""
    by_key = {key(row): row for row in rows}
    keys, following = page_of_texts(by_key, cursor, limit, listing)
    return [by_key[each] for each in keys], following


def _check(body: bytes, listing: Sequence[Any]) -> bytes:
    return blake2b(body, key=blake2b(json.dumps(listing).encode()).digest(), digest_size=_CHECK_BYTES).digest()
