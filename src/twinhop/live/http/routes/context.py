"""What the routes show and change: the parts of a server, handed over once."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from twinhop.live.control import Controller
from twinhop.live.gateway.gateway import Gateway
from twinhop.live.gateway.tokens import Tokens
from twinhop.live.host import Host
from twinhop.live.operate.metrics import Metrics
from twinhop.live.projections import EventRing, Roster, Services
from twinhop.live.spec import TwinSpec


@dataclass(frozen=True)
class Context:
    """The parts of a server that routes look at.

    Attributes:
        gateway: who calls, and what may come in.
        roster: what is known of twins without waking them.
        services: service twins.
        events: what happened lately.
        controller: places the twins.
        metrics: what is counted.
        draining: set, on the loop, once the server is to end, so that streams end.
        streams: number of open streams.
    """

    gateway: Gateway
    roster: Roster
    services: Services
    events: EventRing
    controller: Controller
    metrics: Metrics = field(default_factory=Metrics)
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    streams: Counter[str] = field(default_factory=Counter)

    @property
    def host(self) -> Host:
        """Keeps the twins."""
        return self.gateway.host

    @property
    def tokens(self) -> Tokens:
        """Those of callers."""
        return self.gateway.tokens

    @property
    def spec(self) -> TwinSpec:
        """Of twins that are created without one."""
        return self.gateway.spec
