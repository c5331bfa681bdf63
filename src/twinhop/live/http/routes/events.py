"""Events as they happen, as a stream (SSE) that goes on where it was left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Header, Query, Request
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse

from twinhop.errors import TwinhopError
from twinhop.io.json_text import json_text
from twinhop.live.gateway.problems import Problem
from twinhop.live.http.heads import IS_HEAD
from twinhop.live.http.routes.context import Context
from twinhop.live.http.routes.guard import EVENTS, Api, Streamed, needs, router, token_of
from twinhop.live.http.routes.responses import answers
from twinhop.live.projections import Event, Gone
from twinhop.scenario.fields import LONGEST_TEXT

routes = router("events", Streamed)

BEAT_S = 15.0
"""A stream on which nothing happens says that it is there so often; so often its token is looked at anew [s]."""
SEND_S = 30.0
"""A reader that takes nothing for so long is cut off [s]."""
READ = 500
"""Events that are read at once of those that are kept."""
RETRY_MS = 2_000
"""After how long a browser connects again [ms]."""
FULL_S = 5.0
"""When to try again where all streams are taken [s]."""
LONGEST_ID = 64
EXAMPLE = 'id: 81-0\nevent: update\ndata: {"twin": "car-1", "outcome": "applied", "seq": 7}\n\n: still here\n\n'

Id = Annotated[str, Query(max_length=LONGEST_ID, pattern="^[0-9]+-[0-9]+$", examples=["81-0"])]


class EventStream(StreamingResponse):
    """An answer that ends where its reader is too slow, its token has gone, or the server ends.

    Args:
        context: what is shown.
        request: that is answered.
        after: id of the last event that is known; None: begin now.
        twin: of which alone; None: of all.

    Raises:
        Problem: no stream is free, or what follows the id is no longer kept.
    """

    media_type = EVENTS

    def __init__(self, context: Context, request: Request, after: str | None, twin: str | None) -> None:
        most = context.gateway.limits.streams
        if context.streams["open"] >= most:
            raise Problem("busy", f"{most} streams of events are open; no more may be", FULL_S)
        self._context, self._token, self._twin = context, token_of(request), twin
        self._queue = context.events.subscribe(asyncio.get_running_loop())
        self._last = after or context.events.newest
        try:
            self._kept = self._first(after) if after else []
        except Gone as error:
            context.events.unsubscribe(self._queue)
            raise Problem("gone", str(error)) from None
        except TwinhopError:
            context.events.unsubscribe(self._queue)
            raise
        context.streams["open"] += 1
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        texts = _nothing() if request.scope.get(IS_HEAD) else self._texts()
        super().__init__(texts, headers=headers)

    def _first(self, after: str) -> list[Event]:
        events = self._context.events
        kept, newest = events.after(after, READ), events.newest
        if _number(after) > _number(newest):
            raise Gone(f"event {after} is not one of this server, whose newest is {newest}")
        return kept

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer until somebody ends it."""

        async def timed(message: Any) -> None:
            async with asyncio.timeout(SEND_S):
                await send(message)

        try:
            await super().__call__(scope, receive, timed)
        except (TimeoutError, ClientDisconnect):  # the answer stays half, and its connection ends
            return
        finally:
            self._context.streams["open"] -= 1
            self._context.events.unsubscribe(self._queue)

    async def _texts(self) -> AsyncIterator[str]:
        yield f"retry: {RETRY_MS}\n\n"
        try:
            while self._kept:
                yield self._shown(self._kept)
                self._last = self._kept[-1].id
                self._kept = self._context.events.after(self._last, READ)
        except Gone as error:
            yield _ended(str(error))
            return
        async for text in self._live():
            yield text

    async def _live(self) -> AsyncIterator[str]:
        loop, draining = asyncio.get_running_loop(), self._context.draining
        ending = asyncio.ensure_future(draining.wait())
        checked_s = sent_s = loop.time()
        coming = asyncio.ensure_future(self._queue.get())
        try:
            while True:
                left_s = max(sent_s + BEAT_S - loop.time(), 0.0)
                await asyncio.wait((ending, coming), timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
                if draining.is_set():
                    yield _ended("the server is stopping")
                    return
                if loop.time() - checked_s >= BEAT_S:
                    checked_s = loop.time()
                    if not self._may_read():
                        yield _ended("the token allows this no more")
                        return
                batch: list[Event | Gone] = []
                if coming.done():
                    batch, coming = self._batch(coming.result()), asyncio.ensure_future(self._queue.get())
                events = [each for each in batch if isinstance(each, Event)]
                text = self._shown([each for each in events if _number(each.id) > _number(self._last)])
                if not text and loop.time() - sent_s >= BEAT_S:
                    text = ": still here\n\n"
                if text:
                    sent_s = loop.time()
                    yield text
                if len(events) < len(batch):
                    yield _ended("this reader did not keep up; connect again with the last id")
                    return
        finally:
            ending.cancel()
            coming.cancel()

    def _batch(self, first: Event | Gone) -> list[Event | Gone]:
        batch = [first]
        while not self._queue.empty() and len(batch) < READ:
            batch.append(self._queue.get_nowait())
        return batch

    def _shown(self, events: list[Event]) -> str:
        return "".join(_text(each) for each in events if self._twin is None or each.twin == self._twin)

    def _may_read(self) -> bool:
        try:
            gateway = self._context.gateway
            gateway.require(gateway.caller(self._token), "read")
        except Problem:
            return False
        return True


@routes.get(
    "/events",
    dependencies=needs("read"),
    status_code=200,
    response_class=EventStream,
    responses={
        200: {
            "description": "Events; where nothing happens, a comment every 15 s",
            "content": {EVENTS: {"example": EXAMPLE}},
        },
        **answers(400, 410),
    },
)
async def stream_events(
    request: Request,
    api: Api,
    after: Annotated[Id | None, Query(description="id of the last event that is known")] = None,
    last_event_id: Annotated[
        str | None,
        Header(
            max_length=LONGEST_ID, description="the same, as browsers send it when they connect again; it goes first"
        ),
    ] = None,
    twin: Annotated[str | None, Query(max_length=LONGEST_TEXT, description="of this twin alone")] = None,
) -> EventStream:
    """Events as they happen, each with an id: whoever connects again with the last id misses none.

    Without an id the stream begins now. Where what follows an id is no longer kept, as after a start of the server, the
    answer is 410 `gone`: read the state anew, and begin without one. A reader that does not keep up is cut off, and may
    connect again. Ids ascend: compare them as two whole numbers.
    """
    return EventStream(api, request, last_event_id or after, twin)


async def _nothing() -> AsyncIterator[str]:
    for each in ():
        yield each


def _text(event: Event) -> str:
    body = {"twin": event.twin, "outcome": event.outcome, **event.facts}
    return f"id: {event.id}\nevent: {event.kind}\ndata: {json_text(body, indent=None).strip()}\n\n"


def _ended(reason: str) -> str:
    return f": {reason}\n\n"


def _number(event: str) -> tuple[int, ...]:
    return tuple(map(int, event.split("-")))
