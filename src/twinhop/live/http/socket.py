"""The WebSocket: updates under a window, acknowledgements from disk, desired settings pushed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

import msgspec
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from twinhop.live.gateway.callers import DEVICE, Caller
from twinhop.live.gateway.gateway import Acknowledged, Gateway
from twinhop.live.gateway.intake import SentUpdate
from twinhop.live.gateway.problems import Problem, problem_of
from twinhop.live.http.routes.guard import context_of, token_of

SUBPROTOCOL = "twinhop.v1"
TOKEN_WAIT_S = 10.0
"""How long a connection without the header may take to send its token [s]."""
SEND_WAIT_S = 20.0
"""How long a message may wait for a client that does not read [s]."""
POLICY, TOO_LARGE, GOING, TRY_LATER = 1008, 1009, 1001, 1013
"""Close codes of RFC 6455."""
DRAIN_LOOK_S = 0.02
"""How often is looked whether all is acknowledged [s]."""
MOST_WATCHED = 10_000
"""Twins of which one connection is told the desired settings."""

routes = APIRouter(prefix="/v1", tags=["updates"])


class Sent(msgspec.Struct, forbid_unknown_fields=True):
    """A message of a client."""

    twin: str
    updates: list[SentUpdate]


class First(msgspec.Struct, forbid_unknown_fields=True):
    """The first message, of a client that sends no header."""

    token: str


_TEXT = {kind: msgspec.json.Decoder(kind) for kind in (Sent, First)}
_PACKED = {kind: msgspec.msgpack.Decoder(kind) for kind in (Sent, First)}


@routes.websocket("/socket")
async def open_socket(websocket: WebSocket) -> None:
    """Take a connection."""
    gateway = context_of(websocket).gateway
    offered = websocket.scope.get("subprotocols") or []
    if offered and SUBPROTOCOL not in offered:
        await websocket.close(POLICY, f"subprotocol: accepted: {SUBPROTOCOL}")
        return
    await websocket.accept(SUBPROTOCOL if offered else None)
    connection = _Connection(websocket, gateway)
    with suppress(WebSocketDisconnect, RuntimeError):  # the client has gone, or does not read
        await connection.run()


class _Connection:
    """One client."""

    def __init__(self, websocket: WebSocket, gateway: Gateway) -> None:
        self._websocket, self._gateway = websocket, gateway
        self._packed = False
        self._unacknowledged = 0
        self._waiting: deque[tuple[str, int, Awaitable[Acknowledged]]] = deque()
        self._is_due = asyncio.Event()
        self._desired: dict[str, Any] = {}
        self._watched: dict[str, Any] = {}
        self._loop = asyncio.get_running_loop()
        self._is_revoked = self._loop.create_future()

    async def run(self) -> None:
        """Read until the client goes or breaks a rule."""
        try:
            caller = await self._caller()
            with self._gateway.connection(caller, "websocket", self._revoke):
                await self._serve(caller)
        except Problem as problem:
            await self._end(problem)

    async def _caller(self) -> Caller:
        token = token_of(self._websocket)
        if not token:
            try:
                message = await asyncio.wait_for(self._message(First), TOKEN_WAIT_S)
            except TimeoutError:
                raise Problem("unauthorized", f"no token came within {TOKEN_WAIT_S:g} s") from None
            token = message.token
        return self._gateway.caller(token)

    async def _serve(self, caller: Caller) -> None:
        await self._send({"window": self._gateway.limits.window})
        own = [scope.removeprefix(DEVICE) for scope in sorted(caller.scopes) if scope.startswith(DEVICE)]
        writer = asyncio.create_task(self._write())
        try:
            for twin in own:
                await self._watch(twin)
            reader = asyncio.create_task(self._read(caller))
            draining = asyncio.create_task(self._gateway.draining.wait())
            ends = (reader, writer, draining, self._is_revoked)
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for each in (reader, draining):
                each.cancel()
            for each in done & {reader, writer}:
                each.result()
            if self._is_revoked in done:
                raise Problem("unauthorized", "the token of this connection has been deleted")
            while self._unacknowledged and not writer.done():  # what was taken is acknowledged
                await asyncio.wait((writer,), timeout=DRAIN_LOOK_S)
            await self._websocket.close(GOING, "the server is stopping")
        finally:
            writer.cancel()
            for unwatch in self._watched.values():
                unwatch()
            for _, _, waiting in self._waiting:
                asyncio.ensure_future(waiting).add_done_callback(_forget)

    def _revoke(self) -> None:
        if not self._is_revoked.done():
            self._is_revoked.set_result(None)

    async def _read(self, caller: Caller) -> None:
        window = self._gateway.limits.window
        while True:
            sent = await self._message(Sent)
            self._unacknowledged += len(sent.updates)
            if self._unacknowledged > window:
                raise Problem(
                    "window", f"{self._unacknowledged} updates wait for their acknowledgement; at most {window} may"
                )
            try:
                waiting = await self._gateway.begin(caller, sent.twin, sent.updates, "websocket")
            except Problem as problem:
                self._unacknowledged -= len(sent.updates)
                await self._send(
                    {"problem": problem.to_json() | {"code": problem.code}, "twin": sent.twin, **_through(sent)}
                )
                if problem.code in ("stopped", "too-large"):
                    raise
                continue
            self._waiting.append((sent.twin, len(sent.updates), waiting))
            self._is_due.set()
            if sent.twin not in self._watched:
                await self._watch(sent.twin)

    async def _write(self) -> None:
        while True:
            await self._is_due.wait()
            self._is_due.clear()
            while self._waiting:
                twin, count, waiting = self._waiting.popleft()
                try:
                    done = await waiting
                except Exception as error:
                    problem = problem_of(error)
                    await self._send(
                        {"problem": problem.to_json() | {"code": problem.code}, "twin": twin, "count": count}
                    )
                else:
                    through = {"incarnation": done.incarnation, "seq": done.seq}
                    await self._send({"acked_through": through, "twin": twin, "count": count})
                self._unacknowledged -= count
            while self._desired:
                twin = next(iter(self._desired))
                await self._send({"desired": self._desired.pop(twin), "twin": twin})

    async def _watch(self, twin: str) -> None:
        """Push desired settings of a twin from now on, what is desired now first."""
        if len(self._watched) >= MOST_WATCHED or twin in self._watched:
            return

        def changed(version: int, values: dict[str, Any]) -> None:
            self._loop.call_soon_threadsafe(self._push, twin, version, values)

        self._watched[twin] = self._gateway.desired.watch(twin, changed)
        now = await self._gateway.desired_of(twin)
        if now is not None and now[0]:
            self._push(twin, *now)

    def _push(self, twin: str, version: int, values: dict[str, Any]) -> None:
        waits = self._desired.get(twin)
        if waits is None or waits["version"] <= version:
            self._desired[twin] = {"version": version, "values": values}
            self._is_due.set()

    async def _message(self, kind: Any) -> Any:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        text, data = message.get("text"), message.get("bytes")
        self._packed = text is None
        if len(text or data or "") > self._gateway.limits.body_bytes:
            raise Problem("too-large", f"a message has at most {self._gateway.limits.body_bytes} bytes")
        try:
            return _PACKED[kind].decode(data or b"") if text is None else _TEXT[kind].decode(text)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            form = "msgpack" if text is None else "JSON"
            raise Problem("bad-request", f"the message is no {form} of {_SHAPES[kind]}: {str(error)[:300]}") from None

    async def _send(self, message: dict[str, Any]) -> None:
        if self._packed:
            sending = self._websocket.send_bytes(msgspec.msgpack.encode(message))
        else:
            sending = self._websocket.send_text(msgspec.json.encode(message).decode())
        try:
            await asyncio.wait_for(sending, SEND_WAIT_S)
        except TimeoutError:
            raise WebSocketDisconnect(POLICY) from None

    async def _end(self, problem: Problem) -> None:
        codes = {"too-large": TOO_LARGE, "stopped": GOING, "busy": TRY_LATER, "rate": TRY_LATER}
        await self._send({"problem": problem.to_json() | {"code": problem.code}})
        await self._websocket.close(codes.get(problem.code, POLICY), problem.code)


_SHAPES = {Sent: '{"twin": ..., "updates": [...]}', First: '{"token": ...}'}


def _through(sent: Sent) -> dict[str, int]:
    newest = max(((each.incarnation, each.seq) for each in sent.updates), default=(0, 0))
    return {"incarnation": newest[0], "seq": newest[1], "count": len(sent.updates)}


def _forget(task: Any) -> None:
    """Take what came of updates whose sender has gone."""
    if not task.cancelled():
        task.exception()
