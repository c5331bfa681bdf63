"""What waits in a host's queues, with the futures of those who wait for it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from twinhop.live.backup import Backup
from twinhop.live.fold import Folded, TwinFold


class Moved(NamedTuple):
    """A move that was handed over.

    Attributes:
        twin: its id.
        source: its host before; empty where it had not been placed.
        target: its host now.
        epoch: that it began.
        pause_s: for so long updates of the twin waited to be applied [s].
    """

    twin: str
    source: str
    target: str
    epoch: int
    pause_s: float


@dataclass(slots=True)
class Moving:
    """A move that was asked for."""

    future: Future[Moved]
    source: str
    target: str
    epoch: int
    begun_s: float = 0.0


@dataclass(slots=True)
class Survey:
    """A question to all twins in memory: those that are left, and the answers."""

    left: list[str]
    question: Callable[[TwinFold], Any]
    future: Future[dict[str, Any]]
    answers: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Outcomes:
    """What became of the records of one submission, as far as that is known."""

    future: Future[list[Folded]]
    count: int
    told: dict[int, Folded] = field(default_factory=dict)


@dataclass(slots=True)
class Group:
    """Records that were submitted together; `future` learns that they are on disk, `outcomes` what came of them."""

    records: list[bytes]
    future: Future[list[int]] | None = None
    outcomes: Outcomes | None = None


@dataclass(slots=True)
class Removal:
    """Records up to the mark are to be removed; those who wait for that are told."""

    mark: int
    futures: list[Future[int]] = field(default_factory=list)


def futures_of(item: Any) -> list[Future[Any]]:
    """Those who wait for something that was queued."""
    match item:
        case Group():
            groups = [item.future, item.outcomes and item.outcomes.future]
            return [each for each in groups if each is not None]
        case Removal():
            return list(item.futures)
        case Backup():
            return [item.future]
        case ("recorded", _, _, groups):
            return [outcomes.future for _, outcomes in groups if outcomes is not None]
        case tuple():
            return [each for each in item if isinstance(each, Future)]
    return []
