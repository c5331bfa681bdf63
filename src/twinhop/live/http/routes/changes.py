"""Changes of twins as entries of the journal, and questions to twins, with errors as the API tells them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from twinhop.errors import InputError
from twinhop.live.entry import Entry, Kind
from twinhop.live.fold import Folded, TwinFold
from twinhop.live.gateway.gateway import unknown_twin
from twinhop.live.http.routes.context import Context

T = TypeVar("T")


def checked(api: Context, twin: str) -> None:
    """Refuse a twin that is not there, before anything about it goes into the journal.

    Raises:
        Problem: that is so.
    """
    if not api.host.knows(twin):
        raise unknown_twin(twin)


async def asked(api: Context, twin: str, question: Callable[[TwinFold], T]) -> T:
    """What a twin answers to a question.

    Raises:
        Problem: there is no such twin.
        TwinhopError: as the question.
    """
    checked(api, twin)
    api.host.require_whole(twin)
    try:
        return await asyncio.wrap_future(api.host.ask(twin, question))
    except InputError:
        checked(api, twin)  # erased meanwhile
        raise


async def changed(api: Context, kind: Kind, twin: str, facts: Mapping[str, Any] | None = None) -> Folded:
    """Write a change into the journal; once this is done it is on disk, and the twin has it, or refused it.

    Raises:
        TwinhopError: it cannot be written now.
    """
    folded = await asyncio.wrap_future(api.host.submit_and_wait([Entry(kind, twin, facts=facts or {})]))
    return folded[0]


async def changed_known(api: Context, kind: Kind, twin: str, facts: Mapping[str, Any] | None = None) -> None:
    """The same of a twin that must be there, and must take the change.

    Raises:
        Problem: there is no such twin.
        Damaged: it is set aside; an erasure is taken all the same.
        InputError: it refuses the change.
    """
    checked(api, twin)
    if kind is not Kind.ERASE:
        api.host.require_whole(twin)
    folded = await changed(api, kind, twin, facts)
    if folded.refused:
        checked(api, twin)
        api.host.require_whole(twin)
        raise InputError(folded.refused)
