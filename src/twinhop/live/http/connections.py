"""Connections of HTTP under limits: how many, how long a request may take to arrive, how large its head may be."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from twinhop.live.gateway.gateway import DoorLimits
from twinhop.live.gateway.problems import Problem
from twinhop.live.http.answers import answer_of

HEAD_BYTES = 32 * 1024
"""Of the first line and headers of a request, at most [byte]."""
MOST_HEADERS = 100


def protocol_of(limits: DoorLimits) -> type[HttpToolsProtocol]:
    """The protocol of connections under limits, as uvicorn takes it."""
    return type("LimitedProtocol", (LimitedProtocol,), {"limits": limits})


class LimitedProtocol(HttpToolsProtocol):
    """A connection of HTTP/1.1 that ends where it holds on without sending, and where it sends too much of a head.

    From its first byte on, a request has `DoorLimits.receive_s` to arrive whole, and a connection as long to send one.
    """

    limits: ClassVar[DoorLimits] = DoorLimits()

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._arrival: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._is_in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or refuse it where there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            self._refuse(Problem("busy", f"{self.limits.connections} connections are open already", 5.0), 503)
            return
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        if self.transport.is_closing():
            return
        if self._arrival is None and self._is_in_head:
            self._expect()
        self._head_bytes += len(data)
        was_in_head = self._is_in_head
        super().data_received(data)
        if was_in_head and self._is_in_head and self._head_bytes > HEAD_BYTES:
            self._refuse(Problem("head-too-large", f"the head has more than {HEAD_BYTES} bytes"))

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        """The head is here."""
        self._is_in_head = False
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if len(self.headers) > MOST_HEADERS or size > HEAD_BYTES:
            words = f"the head has more than {MOST_HEADERS} headers, or than {HEAD_BYTES} bytes"
            self._refuse(Problem("head-too-large", words))
            raise ValueError(words)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is here."""
        self._arrived()
        self._is_in_head = True
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over; what comes then is the other protocol's."""
        self._arrived()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """Say that this is no HTTP, unless why is said already."""
        if not self.transport.is_closing():
            self._refuse(Problem("bad-request", "this is no request of HTTP/1.1"))

    def _expect(self) -> None:
        self._arrival = self.loop.call_later(self.limits.receive_s, self._too_slow)

    def _arrived(self) -> None:
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None

    def _too_slow(self) -> None:
        self._arrival = None
        if self.transport.is_closing():
            return
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.abort()  # in the middle of an answer nothing else can be said
            return
        self._refuse(Problem("timeout", f"the request did not arrive within {self.limits.receive_s:g} s"))

    def _refuse(self, problem: Problem, status: int | None = None) -> None:
        """Answer with a problem outside of the application, and end."""
        self._arrived()
        response = answer_of(problem, Request({"type": "http", "path": ""}))
        code = status or response.status_code
        lines = [b"HTTP/1.1 %d %s" % (code, problem.code.encode())]
        lines += [name + b": " + value for name, value in response.raw_headers if name != b"connection"]
        self.transport.write(b"\r\n".join([*lines, b"connection: close", b"", bytes(response.body)]))
        self.transport.close()
