"""One step of a move: a twin goes from one host to another."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MoveStep:
    """A twin is set up on a host, and leaves the one it has.

    Attributes:
        user: index.
        origin: station that it leaves; NOBODY for a new user, CLOSED where the host is no more.
        target: station that it goes to.
        temporary: whether it goes on from there in a later step: it makes room for others in between.
    """

    user: int
    origin: int
    target: int
    temporary: bool = False
