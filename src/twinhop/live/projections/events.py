"""The latest events of a host, for those who follow it; numbered, bounded, and never waiting for a reader."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from twinhop.errors import InputError, TwinhopError
from twinhop.live.entry import Kind
from twinhop.live.fold import Folded

#: Events kept, and those that may wait for one reader.
KEPT, WAITING = 20_000, 5_000


class Gone(TwinhopError):
    """What was asked for has been forgotten, or the reader was too slow: read the present state, and go on from now."""


class Event(NamedTuple):
    """Something that happened to a twin.

    Attributes:
        id: position of the entry by which it happened, and a number where one entry did more; later ones are above.
        twin: id of the twin.
        kind: what happened, such as "update" or "move".
        outcome: "applied", "duplicate", "set aside" or "held" of an update, "done" or "refused" of others.
        facts: more about it, as values of JSON.
    """

    id: str
    twin: str
    kind: str
    outcome: str
    facts: Mapping[str, Any]


class EventRing:
    """The latest events, in the order in which they were told.

    Events of before a start are gone: what was on its way when a process ended may be told twice or under another
    number, and the twins' state has it. Those of a twin go when it is erased, but for its erasure, by which followers
    learn of it.

    Args:
        start: position of the journal's newest record when the host starts.
        most: events kept.
        waiting: events that may wait for one reader.
    """

    def __init__(self, start: int = 0, most: int = KEPT, waiting: int = WAITING) -> None:
        self._ring: deque[tuple[tuple[int, int], Folded]] = deque(maxlen=most)
        self._newest = (start + 1, 0)
        self._forgotten = (start + 1, 0)
        self._waiting = waiting
        self._readers: dict[asyncio.Queue[Event | Gone], asyncio.AbstractEventLoop] = {}
        self._lock = threading.Lock()

    @property
    def newest(self) -> str:
        """Id after which there is nothing yet."""
        return _id_of(self._newest)

    def fold(self, told: Sequence[tuple[int, Folded]]) -> None:
        """Follow what became of entries, as a host's `listen`."""
        with self._lock:
            new, erased = [], dict[str, tuple[int, int]]()
            for position, folded in told:
                newest, index = self._newest
                self._newest = (position, 0) if position > newest else (newest, index + 1)
                if len(self._ring) == self._ring.maxlen:
                    self._forgotten = self._ring[0][0]
                self._ring.append((self._newest, folded))
                new.append((self._newest, folded))
                if folded.entry.kind is Kind.ERASE and not folded.refused:
                    erased[folded.twin] = self._newest
            if erased:
                first = (0, 0)
                left = [row for row in self._ring if row[0] >= erased.get(row[1].twin, first)]
                self._ring = deque(left, self._ring.maxlen)
            readers = list(self._readers.items())
        if readers:
            events = [_event(number, folded) for number, folded in new]
            for queue, loop in readers:
                try:
                    loop.call_soon_threadsafe(self._deliver, queue, events)
                except RuntimeError:  # its loop has ended
                    self.unsubscribe(queue)

    def after(self, last: str, most: int = 1_000) -> list[Event]:
        """The first events after one, at most so many.

        Raises:
            InputError: it is no id.
            Gone: not all of them are kept.
        """
        number = _number_of(last)
        with self._lock:
            if number < self._forgotten:
                raise Gone(f"events after {last} have been forgotten; read the present state and go on from now")
            rows = []
            for row in reversed(self._ring):
                if row[0] <= number:
                    break
                rows.append(row)
        return [_event(*row) for row in rows[::-1][:most]]

    def subscribe(self, loop: asyncio.AbstractEventLoop) -> asyncio.Queue[Event | Gone]:
        """Follow events from now on; called on the loop.

        Returns:
            Where they come; a reader who lets too many wait gets `Gone` as the last.
        """
        queue: asyncio.Queue[Event | Gone] = asyncio.Queue()
        with self._lock:
            self._readers[queue] = loop
        return queue

    def unsubscribe(self, queue: asyncio.Queue[Event | Gone]) -> None:
        """Follow no more."""
        with self._lock:
            self._readers.pop(queue, None)

    def _deliver(self, queue: asyncio.Queue[Event | Gone], events: Sequence[Event]) -> None:
        if queue not in self._readers:
            return
        if queue.qsize() + len(events) > self._waiting:
            self.unsubscribe(queue)
            queue.put_nowait(Gone(f"more than {self._waiting} events waited for this reader"))
            return
        for each in events:
            queue.put_nowait(each)


def _event(number: tuple[int, int], folded: Folded) -> Event:
    entry, answer = folded.entry, folded.answer
    facts: dict[str, Any] = {}
    if entry.update is not None and entry.kind is Kind.UPDATE:
        facts |= {"incarnation": entry.update.incarnation, "seq": entry.update.seq}
    if entry.kind is not Kind.CREATE:
        facts |= entry.facts
    if answer is not None:
        facts |= {"late": answer.late, "detail": answer.detail, "reason": answer.reason and str(answer.reason)}
        facts["missing"] = answer.missing and list(answer.missing)
        facts["clock"] = answer.clock and str(answer.clock)
    if folded.refused:
        facts["detail"] = folded.refused
    outcome = "done" if answer is None else str(answer.outcome)
    outcome = "refused" if folded.refused else "held" if folded.held else outcome
    return Event(_id_of(number), folded.twin, entry.kind.name.lower(), outcome, {k: v for k, v in facts.items() if v})


def _id_of(number: tuple[int, int]) -> str:
    return f"{number[0]}-{number[1]}"


def _number_of(event: str) -> tuple[int, int]:
    try:
        position, index = event.split("-", 1)
        return int(position), int(index)
    except ValueError:
        raise InputError(f"event {event[:40]!r}: expected POSITION-INDEX, as events have") from None
