"""A device's client for programs that run a loop of asyncio."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from twinhop.errors import InputError
from twinhop.live.client.connection import Connection, Transport, address, http_client, token_of
from twinhop.live.client.courier import Courier
from twinhop.live.client.facts import ClientFacts, facts_of
from twinhop.live.client.outbox import Update, incarnation_of
from twinhop.live.client.sampling import Judge, Sampler, Values
from twinhop.live.client.settings import ClientSettings, ClientStopped
from twinhop.live.client.spool import Spool

DEFAULT_URL = "http://127.0.0.1:8471"


class AsyncDeviceClient:
    """One device and its twin: what the policy sends is kept until it is on the server's disk.

    Args:
        twin: id of the device's twin, which is there already.
        url: of the server.
        token: of the device; None: that in the environment's ``TWINHOP_TOKEN``.
        transport: ``http`` (requests of up to 50 updates) or ``websocket`` (one connection, settings at once).
        policy: decides what is sent: a policy of `twinhop.twin.synchronisation`, or some by dimension; None: all is.
        spool: file that keeps what is not acknowledged while the device's program is not running; None: memory does.
        settings: batches, bounds and waits.
        on_desired: called with version and values of desired settings, what is desired now first.
        clock: the time of day since 1970 [s].

    Raises:
        InputError: an argument is not usable, there is no token, or the spool cannot be used.
    """

    def __init__(
        self,
        twin: str,
        url: str = DEFAULT_URL,
        *,
        token: str | None = None,
        transport: Transport = "http",
        policy: Judge | Mapping[str, Judge] | None = None,
        spool: Path | str | None = None,
        settings: ClientSettings | None = None,
        on_desired: Callable[[int, dict[str, Any]], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if transport not in ("http", "websocket"):
            raise InputError(f"transport: got {transport!r}; accepted: http, websocket")
        self.twin, self._url, self._token = twin, address(url), token_of(token)
        self._settings, self._on_desired, self._clock = settings or ClientSettings(), on_desired, clock
        self._courier = Courier(self._settings, is_socket=transport == "websocket")
        self._sampler, self._spool = Sampler(policy), None
        self._lock = threading.Lock()
        self._offered = self._not_sent = self._seq = self._order = 0
        self.incarnation = incarnation_of(clock())
        """Number of this start of the device: it rises with every start."""
        if spool is not None:
            self._spool = Spool(spool, clock())
            self.incarnation = self._spool.incarnation
            for each in self._spool.updates():
                self._order = each.order
                self._keep(each)
        self._connection: Connection | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Begin to send."""
        client = http_client(self._url, self._token, self._settings.timeout_s)
        told = self._desired if self._on_desired is not None else None
        self._connection = Connection(self._courier, self._url, self._token, self.twin, client, self._forget, told)
        self._connection.start()
        if told is not None and not self._courier.is_socket:
            self._tasks.append(asyncio.create_task(self._connection.watch_desired(self._settings.desired_every_s)))
        self._client = client
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop sending; what is not acknowledged stays in the spool, or is lost: `flush` before."""
        assert self._connection is not None
        await self._connection.end()
        for each in self._tasks:
            each.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1.0)
        await self._client.aclose()
        if self._spool is not None:
            self._spool.close()

    def offer(self, values: Values, time_s: float | None = None) -> bool:
        """Show the client a sample; it returns at once, with a spool once the update is on the device's disk.

        Args:
            values: by dimension, or the numbers of all dimensions in order.
            time_s: when it was taken, since 1970; None: now [s].

        Returns:
            Whether it is sent.

        Raises:
            ClientStopped: the server refuses this client; the message says why.
            InputError: a value is none, or the spool cannot be written.
        """
        update = self.stamp(values, time_s)
        if update is not None:
            self.accept(update)
        return update is not None

    def stamp(self, values: Values, time_s: float | None = None) -> Update | None:
        """The first half of `offer`, from any thread: the update, on the device's disk; None: it is not sent."""
        if self._courier.why_stopped:
            raise ClientStopped(self._courier.why_stopped)
        with self._lock:
            self._offered += 1
            sent = self._sampler.offer(time.monotonic() if time_s is None else time_s, values)
            if sent is None:
                self._not_sent += 1
                return None
            observed_s = self._clock() if time_s is None else float(time_s)
            update = Update(self._order + 1, self.twin, self.incarnation, self._seq + 1, observed_s, sent)
            if self._spool is not None:
                self._spool.add(update)
            self._order, self._seq = update.order, update.seq
            return update

    def accept(self, update: Update) -> None:
        """The second half of `offer`, from the thread of the loop."""
        self._keep(update)
        if self._connection is not None:
            self._connection.wake()

    def _keep(self, update: Update) -> None:
        lost = self._courier.put(update, time.monotonic())
        if lost is not None:
            self._forget([lost])

    async def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until all that was offered is acknowledged.

        Args:
            timeout_s: how long at most; None: for ever [s].

        Returns:
            Whether it is.

        Raises:
            ClientStopped: the server refuses this client.
        """
        assert self._connection is not None
        self._courier.is_closing = True
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._connection.settled(), timeout_s)
        finally:
            self._courier.is_closing = False
        if self._courier.why_stopped:
            raise ClientStopped(self._courier.why_stopped)
        return not len(self._courier.outbox)

    @property
    def facts(self) -> ClientFacts:
        """What it has done so far."""
        return facts_of(self._offered, self._not_sent, [self._courier])

    @property
    def why_stopped(self) -> str:
        """Why the server refuses this client; empty: it does not."""
        return self._courier.why_stopped

    def _forget(self, updates: list[Update]) -> None:
        if self._spool is not None:
            self._spool.remove(updates)

    def _desired(self, twin: str, version: int, values: dict[str, Any]) -> None:
        assert self._on_desired is not None
        self._on_desired(version, values)
