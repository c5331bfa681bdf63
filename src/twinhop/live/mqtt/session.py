"""What is remembered of a client between its connections: what it subscribed to, and what it has been told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple


@dataclass
class Subscription:
    """The desired settings of one twin, for one client.

    Attributes:
        qos: with which they are sent.
        keeps_flag: whether the client wants the flag of retained messages as it was published (Retain As Published):
            settings are retained ones; without, only those carry it that were there when it subscribed.
        version: the newest that the client has, as far as it said so; -1: none.
        sent: the newest that was sent; -1: none.
        unwatch: ends that the session hears of changes.
    """

    qos: int
    keeps_flag: bool = False
    version: int = -1
    sent: int = -1
    unwatch: Callable[[], None] = lambda: None


class PendingWill(NamedTuple):
    """A will that waits for its delay.

    Attributes:
        do: does it.
        due: does it in time.
    """

    do: Callable[[], None]
    due: asyncio.TimerHandle


@dataclass
class Session:
    """A client's session.

    Attributes:
        client_id: of the client.
        subscriptions: by twin.
        desired: versions and values that are to be sent, by twin: the newest alone.
        connection: which has it now; None: the client is away.
        expiry_s: how long it is kept when the client is away [s].
        will: that waits; None: none does.
    """

    client_id: str
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    desired: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    connection: Any = None
    expiry_s: float = 0.0
    will: PendingWill | None = None

    def changed(self, twin: str, version: int, values: dict[str, Any]) -> None:
        """Note that a twin's desired settings are of a version; it is sent when there is room."""
        waits = self.desired.get(twin)
        if twin in self.subscriptions and (waits is None or waits[0] <= version):
            self.desired[twin] = version, values
            if self.connection is not None:
                self.connection.deliver()

    def do_will(self) -> None:
        """Do the will that waits, if one does."""
        will = self.drop_will()
        if will is not None:
            will.do()

    def drop_will(self) -> PendingWill | None:
        """The will that waited; it does no more."""
        will, self.will = self.will, None
        if will is not None:
            will.due.cancel()
        return will

    def end(self) -> None:
        """Hear of nothing any more; a will that waits is done."""
        self.do_will()
        for each in self.subscriptions.values():
            each.unwatch()
        self.subscriptions.clear()
        self.desired.clear()
