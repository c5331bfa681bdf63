"""What devices have said and the server has not acknowledged yet: bounded, in order, forgotten once it is on disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal

from twinhop.errors import InputError

WhenFull = Literal["oldest", "newest"]


@dataclass(slots=True)
class Update:
    """One update of one device.

    Attributes:
        order: of all updates of the outbox, rising.
        twin: id of the device's twin.
        incarnation: number of the device's start.
        seq: sequence number in the incarnation, from 1.
        observed_s: when it was observed, by the device's clock, since 1970 [s].
        values: by dimension, or the numbers of all dimensions in order.
        offered_s: when it came into the outbox, by a clock that is never set [s].
        sent_s: when it was sent last, by the same clock [s].
        sends: how often it was sent.
    """

    order: int
    twin: str
    incarnation: int
    seq: int
    observed_s: float
    values: Any
    offered_s: float = 0.0
    sent_s: float = 0.0
    sends: int = 0


def incarnation_of(now_s: float) -> int:
    """The number of a start at a time of day since 1970 [s]: its whole milliseconds, and no less than 1.

    >>> incarnation_of(100.5), incarnation_of(-7.0)
    (100500, 1)
    """
    return max(int(1e3 * now_s), 1)


class Outbox:
    """Updates on their way: first those that were sent and wait for an answer, then those that were not.

    Args:
        most_waiting: how many are kept at most, sent or not.
        when_full: which goes where one more would be too many: the oldest that is not under way, or the newest.

    Raises:
        InputError: an argument is out of range.

    >>> outbox = Outbox(most_waiting=2)
    >>> lost = [outbox.put(Update(at, "car-1", 1, at, 0.0, [1.0])) for at in (1, 2, 3)]
    >>> lost[2].seq, [each.seq for each in outbox.take(5)]
    (1, [2, 3])
    """

    def __init__(self, most_waiting: int = 10_000, when_full: WhenFull = "oldest") -> None:
        if most_waiting < 1:
            raise InputError(f"most_waiting: must be at least 1 (got {most_waiting})")
        if when_full not in ("oldest", "newest"):
            raise InputError(f"when_full: got {when_full!r}; accepted: oldest, newest")
        self.most_waiting, self.when_full = most_waiting, when_full
        self._sent: dict[str, deque[Update]] = {}
        self._unsent: deque[Update] = deque()
        self.under_way = 0

    def __len__(self) -> int:
        return self.under_way + len(self._unsent)

    @property
    def unsent(self) -> int:
        """How many wait to be sent."""
        return len(self._unsent)

    @property
    def oldest_s(self) -> float:
        """When the first of those that wait to be sent was offered [s]."""
        return self._unsent[0].offered_s

    @property
    def orders(self) -> list[int]:
        """Those of all that are kept, ascending."""
        sent = [each.order for of_twin in self._sent.values() for each in of_twin]
        return sorted(sent) + [each.order for each in self._unsent]

    def put(self, update: Update) -> Update | None:
        """Keep one more.

        Returns:
            The one that is given up for it, or itself; None: there was room.
        """
        if len(self) < self.most_waiting:
            self._unsent.append(update)
            return None
        if self.when_full == "newest" or not self._unsent:
            return update
        lost = self._unsent.popleft()
        self._unsent.append(update)
        return lost

    def take(self, most: int, now_s: float = 0.0) -> list[Update]:
        """The first that wait to be sent, in order; they are under way from now on."""
        batch = [self._unsent.popleft() for _ in range(min(most, len(self._unsent)))]
        for each in batch:
            each.sent_s, each.sends = now_s, each.sends + 1
            self._sent.setdefault(each.twin, deque()).append(each)
        self.under_way += len(batch)
        return batch

    def through(self, twin: str, incarnation: int, seq: int) -> list[Update]:
        """Forget what of a twin was sent up to here: it is on disk.

        Returns:
            What is forgotten.
        """
        sent, done = self._sent.get(twin), []
        while sent and (sent[0].incarnation, sent[0].seq) <= (incarnation, seq):
            done.append(sent.popleft())
        if sent is not None and not sent:
            del self._sent[twin]
        self.under_way -= len(done)
        return done

    def sent_of(self, twin: str, count: int, through: tuple[int, int] | None = None) -> list[Update]:
        """So many of a twin that are under way: the last ones up to an (incarnation, seq), or the first of all."""
        sent = list(self._sent.get(twin, ()))
        if through is None:
            return sent[:count]
        return [each for each in sent if (each.incarnation, each.seq) <= through][-count:] if count else []

    def settle(self, batch: Sequence[Update]) -> None:
        """Forget updates that were sent, whatever was sent before or after them."""
        gone = {each.order for each in batch}
        for twin in {each.twin for each in batch}:
            sent = self._sent.get(twin, deque())
            rest = deque(each for each in sent if each.order not in gone)
            self.under_way -= len(sent) - len(rest)
            if rest:
                self._sent[twin] = rest
            else:
                self._sent.pop(twin, None)

    def rewind(self) -> None:
        """What was sent and not answered waits to be sent again, before all else and in order."""
        sent = sorted((each for of_twin in self._sent.values() for each in of_twin), key=attrgetter("order"))
        self._unsent.extendleft(reversed(sent))
        self._sent.clear()
        self.under_way = 0
