"""The door: its listener."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any

from twinhop.live.gateway.gateway import Gateway
from twinhop.live.mqtt.clients import Clients
from twinhop.live.mqtt.connection import Connection

BACKLOG = 2_048
HANDSHAKE_S = 10.0
"""A handshake of TLS takes no longer [s]."""


class MqttDoor(Clients):
    """MQTT 5 for one gateway, in its event loop.

    Args:
        gateway: takes the updates.
        tls: context of the server's certificate; None: without.
    """

    def __init__(self, gateway: Gateway, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(gateway)
        self._tls = tls
        self._server: asyncio.Server | None = None

    async def start(self, listening: socket.socket) -> None:
        """Take connections at a socket that listens."""
        loop = asyncio.get_running_loop()
        more: dict[str, Any] = {} if self._tls is None else {"ssl": self._tls, "ssl_handshake_timeout": HANDSHAKE_S}
        self._server = await loop.create_server(lambda: Connection(self), sock=listening, backlog=BACKLOG, **more)

    async def close(self, wait_s: float = 30.0) -> None:
        """Take nothing more, acknowledge what was taken, and say goodbye."""
        if self._server is not None:
            self._server.close()
        await self.leave(wait_s)
