"""What every request passes before the application: a whole body of bounded size, no token in the address."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from twinhop.live.gateway.gateway import DoorLimits
from twinhop.live.gateway.problems import Problem, problem_of
from twinhop.live.http.answers import answer_of
from twinhop.live.http.paths import LONGEST_PATH

SECRETS = frozenset(
    ("token", "access_token", "api_key", "apikey", "authorization", "auth", "bearer", "password", "secret")
)
"""Names of a query in which callers of other servers send what is secret."""
MOST_FIELDS = 100
HEADERS = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
"""Of every answer that does not say otherwise."""
CLOSE = (b"connection", b"close")

Observe = Callable[[str, str, int, float], None]
"""Told of every answer: method, path of its route, status, seconds that it took."""


class Edge:
    """ASGI middleware, the outermost: it bounds what comes in, and answers whatever goes wrong with a problem.

    Args:
        app: the application inside.
        limits: see `DoorLimits`.
        observe: told of answers.
    """

    def __init__(self, app: Any, limits: DoorLimits, observe: Observe | None = None) -> None:
        self._app, self._limits, self._observe = app, limits, observe

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand a request on, or answer it."""
        if scope["type"] == "http":
            await self._exchange(scope, receive, send)
            return
        if scope["type"] == "websocket":
            refusal = refusal_of(scope)
            if refusal is not None:
                await _refuse_socket(refusal, scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _exchange(self, scope: Any, receive: Any, send: Any) -> None:
        loop = asyncio.get_running_loop()
        began_s, status, is_whole, body = loop.time(), 0, False, b""

        async def given() -> Any:
            nonlocal body
            if body is None:
                return await receive()
            message, body = {"type": "http.request", "body": body, "more_body": False}, None
            return message

        async def answered(message: Any) -> None:
            nonlocal status, is_whole
            if message["type"] == "http.response.start":
                status = message["status"]
                there = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(each for each in HEADERS if each[0] not in there)]
            else:
                is_whole = not message.get("more_body", False)
            await send(message)

        try:
            problem = refusal_of(scope)
            if problem is None:
                body = await self._body(scope, receive)
        except Problem as error:
            problem = error
        if problem is not None:
            await _respond(problem, scope, answered, ends=True)
        elif body is not None:  # else the sender has gone
            try:
                await self._app(scope, given, answered)
            except Exception as error:
                if not status:
                    await _respond(problem_of(error), scope, answered)
                elif not is_whole:
                    raise  # half an answer: the connection ends
        if self._observe is not None:
            # the pattern of the route stands for the path, since ids are without number
            self._observe(scope["method"], getattr(scope.get("route"), "path", ""), status, loop.time() - began_s)

    async def _body(self, scope: Any, receive: Any) -> bytes | None:
        """The whole body, counted as it comes; None: the sender has gone."""
        most = self._limits.body_bytes
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value[:20]) > most:
                raise _too_large(most)
        message = await receive()  # how long it may take to arrive is the connection's matter
        parts, size = [], 0
        while True:
            if message["type"] == "http.disconnect":
                return None
            part = message.get("body", b"")
            size += len(part)
            if size > most:
                raise _too_large(most)
            if not message.get("more_body", False):
                return b"".join([*parts, part]) if parts else part
            parts.append(part)
            message = await receive()


def _too_large(most: int) -> Problem:
    return Problem("too-large", f"the body has more than {most} bytes; send smaller batches")


async def _respond(problem: Problem, scope: Any, send: Any, ends: bool = False) -> None:
    response = answer_of(problem, Request({**scope, "type": "http"}))
    headers = [*response.raw_headers, *([CLOSE] if ends else [])]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(response.body)})


async def _refuse_socket(problem: Problem, scope: Any, receive: Any, send: Any) -> None:
    await receive()
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    response = answer_of(problem, Request({**scope, "type": "http"}))
    status, headers = response.status_code, response.raw_headers
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": bytes(response.body)})


def refusal_of(scope: Any) -> Problem | None:
    """Why a request is refused before anything of it is read; None: it is not."""
    query = scope.get("query_string", b"")
    if len(scope.get("raw_path") or b"") > LONGEST_PATH or len(query) > LONGEST_PATH:
        return Problem("too-large", f"the address has more than {LONGEST_PATH} bytes")
    if not query:
        return None
    try:
        names = {name.lower() for name, _ in parse_qsl(query.decode("latin-1"), True, max_num_fields=MOST_FIELDS)}
    except ValueError:
        return Problem("bad-request", f"the query has more than {MOST_FIELDS} fields")
    secret = sorted(names & SECRETS)
    if not secret:
        return None
    return Problem(
        "bad-request",
        f"{secret[0]}: secrets do not belong into addresses, which are logged on the way; send the header "
        "`Authorization: Bearer TOKEN`, and make a new token in place of this one",
    )
