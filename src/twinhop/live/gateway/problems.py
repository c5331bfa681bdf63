"""What a door answers where it cannot do what was asked: one kind of problem for all doors."""

from __future__ import annotations

import logging
from typing import NamedTuple

from twinhop.errors import InputError, TwinhopError
from twinhop.live.host import Busy, Stopped
from twinhop.live.ports import Damaged, NoRoom

LOG = logging.getLogger("twinhop.live")


class ProblemKind(NamedTuple):
    """A kind of problem.

    Attributes:
        status: of HTTP.
        title: what it is, in words.
    """

    status: int
    title: str


PROBLEMS = {
    "bad-request": ProblemKind(400, "The request cannot be understood"),
    "unauthorized": ProblemKind(401, "A token is needed"),
    "forbidden": ProblemKind(403, "The token does not allow this"),
    "not-found": ProblemKind(404, "There is nothing here"),
    "unknown-twin": ProblemKind(404, "There is no such twin"),
    "method-not-allowed": ProblemKind(405, "The method is none of this address"),
    "not-acceptable": ProblemKind(406, "No accepted form of the answer is offered"),
    "timeout": ProblemKind(408, "The request took too long to arrive"),
    "conflict": ProblemKind(409, "It is otherwise by now"),
    "gone": ProblemKind(410, "It is not kept any more"),
    "precondition-failed": ProblemKind(412, "It was changed meanwhile"),
    "too-large": ProblemKind(413, "The request is too large"),
    "unsupported-media-type": ProblemKind(415, "The form of the body is not understood"),
    "invalid": ProblemKind(422, "A value will not do"),
    "head-too-large": ProblemKind(431, "The head of the request is too large"),
    "precondition-required": ProblemKind(428, "A precondition is needed"),
    "busy": ProblemKind(429, "Too much waits already"),
    "rate": ProblemKind(429, "Too many requests"),
    "window": ProblemKind(429, "More is sent than the window allows"),
    "internal": ProblemKind(500, "Something unexpected happened"),
    "stopped": ProblemKind(503, "The server is stopping"),
    "damaged-twin": ProblemKind(503, "What is kept of the twin is damaged"),
    "unavailable": ProblemKind(503, "The server cannot do this now"),
    "no-room": ProblemKind(507, "There is no room on the disk"),
}
"""The kinds by their codes."""

#: How long a sender waits where nothing better is known [s].
BUSY_S, STOPPED_S, NO_ROOM_S = 1.0, 5.0, 5.0


class Problem(TwinhopError):
    """What a door answers in place of what was asked for.

    Args:
        code: one of `PROBLEMS`.
        detail: what is wrong, where, and what would be accepted.
        retry_after_s: when to try again; None: that is not known, or it would not help [s].

    >>> Problem("unknown-twin", "car-1: there is no such twin").status
    404
    """

    def __init__(self, code: str, detail: str, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.code, self.detail, self.retry_after_s = code, detail, retry_after_s
        self.status, self.title = PROBLEMS[code]

    def to_json(self) -> dict[str, str | int]:
        """Its fields, as RFC 9457 names them."""
        return {"type": f"/problems/{self.code}", "title": self.title, "status": self.status, "detail": self.detail}


def problem_of(error: BaseException) -> Problem:
    """The problem that an error is to whoever asked; what nobody foresaw is logged, and not shown.

    >>> problem_of(InputError("twin 'car-1': no")).code
    'bad-request'
    """
    match error:
        case Problem():
            return error
        case NoRoom():
            return Problem("no-room", str(error), NO_ROOM_S)
        case Damaged():
            return Problem("damaged-twin", str(error))
        case Busy():
            return Problem("busy", str(error), BUSY_S)
        case Stopped():
            return Problem(
                "stopped", "the server is stopping, or has stopped; what it acknowledged is on disk", STOPPED_S
            )
        case InputError():
            return Problem("bad-request", str(error))
    LOG.error("unexpected: %s: %s", type(error).__name__, error, exc_info=error)
    return Problem("internal", "the server's log says what happened")
