"""Many devices over few connections, for a gateway that speaks for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote
from zlib import crc32

from twinhop.errors import InputError
from twinhop.live.client.async_device_client import DEFAULT_URL
from twinhop.live.client.connection import Connection, Transport, address, http_client, refusal_of, token_of
from twinhop.live.client.courier import Courier
from twinhop.live.client.facts import ClientFacts, facts_of
from twinhop.live.client.outbox import Update, incarnation_of
from twinhop.live.client.settings import ClientSettings, ClientStopped


class AsyncGatewayClient:
    """Many twins over few connections; the updates of a twin go over one of them, in order.

    Args:
        url: of the server.
        token: of the gateway; None: that in the environment's ``TWINHOP_TOKEN``.
        transport: ``http`` or ``websocket``.
        connections: how many.
        settings: of each connection.
        clock: the time of day since 1970; the incarnation of all devices is of it [s].

    Raises:
        InputError: an argument is not usable, or there is no token.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        token: str | None = None,
        transport: Transport = "http",
        connections: int = 4,
        settings: ClientSettings | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if transport not in ("http", "websocket") or connections < 1:
            raise InputError(
                f"transport: got {transport!r} over {connections} connections; accepted: http, websocket; 1 or more"
            )
        self._url, self._token, self._clock = address(url), token_of(token), clock
        self._settings = settings or ClientSettings(batch=500, most_waiting=100_000)
        is_socket = transport == "websocket"
        #: What is under way over each connection.
        self.couriers = [Courier(self._settings, is_socket, is_stopped_by_unknown=False) for _ in range(connections)]
        self._connections: list[Connection] = []
        self._seqs: dict[str, int] = {}
        self._order = 0
        self.incarnation = incarnation_of(clock())
        """Number of this start of the devices."""

    async def __aenter__(self) -> Self:
        """Begin to send."""
        self._client = http_client(self._url, self._token, self._settings.timeout_s)
        for each in self.couriers:
            connection = Connection(each, self._url, self._token, None, self._client, _nothing, None)
            self._connections.append(connection)
            connection.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop sending; what is not acknowledged is lost: `flush` before."""
        await asyncio.gather(*(each.end() for each in self._connections))
        await self._client.aclose()

    async def create(self, twin: str, attributes: dict[str, Any] | None = None) -> bool:
        """Create a twin where there is none.

        Returns:
            Whether there was none.

        Raises:
            ClientStopped: the server says no, or is not there.
        """
        import httpx

        try:
            answer = await self._client.put(
                f"/v1/twins/{quote(twin, safe='')}", json={} if attributes is None else {"attributes": attributes}
            )
        except httpx.HTTPError as error:
            words = str(error) or type(error).__name__
            raise ClientStopped(
                f"{self._url}: no server answers ({words}); start one with `twinhop serve`, or give --url"
            ) from None
        if answer.status_code in (200, 201, 409):
            return answer.status_code == 201
        why = refusal_of(answer.status_code, answer.headers, answer.content)
        raise ClientStopped(f"{self._url}: twin {twin!r}: {why.detail} ({why.code})")

    async def forecast(self, twin: str, ahead_s: float) -> dict[str, Any]:
        """The forecast of a twin so far ahead of its newest update, as the API gives it.

        Raises:
            ClientStopped: the server says no, or is not there.
        """
        import httpx

        try:
            answer = await self._client.get(
                f"/v1/twins/{quote(twin, safe='')}/forecast", params={"ahead_s": f"{ahead_s:g}"}
            )
        except httpx.HTTPError as error:
            raise ClientStopped(f"{self._url}: {str(error) or type(error).__name__}") from None
        if answer.status_code != 200:
            why = refusal_of(answer.status_code, answer.headers, answer.content)
            raise ClientStopped(f"{self._url}: twin {twin!r}: {why.detail} ({why.code})")
        return answer.json()

    def offer(self, twin: str, values: Any, observed_s: float | None = None) -> None:
        """Send an update of a twin.

        Args:
            twin: id.
            values: by dimension, or the numbers of all dimensions in order; values of JSON.
            observed_s: when it was observed, since 1970; None: now [s].

        Raises:
            ClientStopped: the server refuses this gateway.
        """
        at = crc32(twin.encode()) % len(self.couriers)
        courier = self.couriers[at]
        if courier.why_stopped:
            raise ClientStopped(courier.why_stopped)
        self._order += 1
        seq = self._seqs[twin] = self._seqs.get(twin, 0) + 1
        observed_s = self._clock() if observed_s is None else observed_s
        courier.put(Update(self._order, twin, self.incarnation, seq, observed_s, values), time.monotonic())
        self._connections[at].wake()

    async def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until all that was offered is acknowledged or refused, or the time is over; whether it is.

        Raises:
            ClientStopped: the server refuses this gateway.
        """
        for each in self.couriers:
            each.is_closing = True
        for each in self._connections:
            each.wake()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    for each in self._connections:
                        await each.settled()
        finally:
            for each in self.couriers:
                each.is_closing = False
        if self.why_stopped:
            raise ClientStopped(self.why_stopped)
        return not self.facts.waiting

    @property
    def offered(self) -> int:
        """How many updates were offered."""
        return self._order

    @property
    def facts(self) -> ClientFacts:
        """What it has done so far."""
        return facts_of(self._order, 0, self.couriers)

    @property
    def why_stopped(self) -> str:
        """Why the server refuses this gateway; empty: it does not."""
        return next((each.why_stopped for each in self.couriers if each.why_stopped), "")


def _nothing(updates: object) -> None:
    """Nothing is kept besides the outbox."""
