"""How a client behaves."""

from __future__ import annotations

from dataclasses import dataclass, fields

from twinhop.errors import InputError, TwinhopError
from twinhop.live.client.outbox import WhenFull


class ClientStopped(TwinhopError):
    """The server refuses what the client is, not what it sends now: nothing is sent any more."""


@dataclass(frozen=True)
class ClientSettings:
    """Settings of a client.

    Attributes:
        batch: updates in one request or message at most.
        linger_s: how long an update waits for others to share its request; a WebSocket does not wait [s].
        most_waiting: updates that are kept until they are acknowledged, at most.
        when_full: which goes where one more would be too many: the oldest that is not under way, or the newest.
        timeout_s: a request, or a connection, that is not answered within this is given up [s].
        first_wait_s: bound of the first wait before trying again; it doubles [s].
        longest_wait_s: bound of every wait; waits that the server asks for may be longer [s].
        desired_every_s: how often desired settings are asked for over HTTP; a WebSocket is told at once [s].

    Raises:
        InputError: one is not greater than 0.
    """

    batch: int = 50
    linger_s: float = 0.1
    most_waiting: int = 10_000
    when_full: WhenFull = "oldest"
    timeout_s: float = 10.0
    first_wait_s: float = 0.25
    longest_wait_s: float = 30.0
    desired_every_s: float = 30.0

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name != "when_full" and not 0 < value < float("inf"):
                raise InputError(f"settings: {each.name}: must be greater than 0 and finite (got {value})")
