"""When what is sent, and what becomes of it: events and the clock come in, what to do next comes out."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from twinhop.live.client.back_off import BackOff
from twinhop.live.client.outbox import Outbox, Update
from twinhop.live.client.round_trips import RoundTrips
from twinhop.live.client.settings import ClientSettings

#: Statuses that say no to one update, or to a batch of which it is part.
REFUSALS = frozenset((400, 413, 422))
#: Statuses after which the same may go well later; those from 500 on, too.
WAITS = frozenset((408, 425, 429))


class Refusal(NamedTuple):
    """Why the server did not take something.

    Attributes:
        status: of HTTP.
        code: of the problem.
        detail: in words.
        retry_after_s: when to try again, if the server says so; else 0 [s].
    """

    status: int
    code: str
    detail: str
    retry_after_s: float = 0.0

    @property
    def is_passing(self) -> bool:
        """Whether it may go well later."""
        return self.status in WAITS or self.status >= 500


class Send(NamedTuple):
    """Send these, in this order."""

    batch: list[Update]


class Wait(NamedTuple):
    """Do nothing before this moment, or before something happens; infinite: until something does [s]."""

    until_s: float


class Connect(NamedTuple):
    """Connect."""


class Halt(NamedTuple):
    """End: why, in words."""

    why: str


Action = Send | Wait | Connect | Halt


class Courier:
    """One connection's worth of updates: what is under way, what is sent again, when to wait, when to give up.

    Over HTTP one request is under way at a time, so that nothing overtakes; a WebSocket has as many updates under way
    as the server's window allows, and any problem on it ends the connection: what follows a refused update waits, too.

    Args:
        settings: of the client.
        is_socket: whether it goes by connections that are opened; else by requests.
        is_stopped_by_unknown: whether an unknown twin stops it; else its updates alone are refused.
        generator: of the jitter.
    """

    def __init__(
        self,
        settings: ClientSettings,
        is_socket: bool = False,
        is_stopped_by_unknown: bool = True,
        generator: random.Random | None = None,
    ) -> None:
        self.settings, self.is_socket = settings, is_socket
        self._is_stopped_by_unknown = is_stopped_by_unknown
        self.outbox = Outbox(settings.most_waiting, settings.when_full)
        self.counts: Counter[str] = Counter()
        self.trips = RoundTrips()
        self.why_stopped = ""
        self.last_refusal = ""
        self.is_closing = False
        self._back_off = BackOff(settings.first_wait_s, settings.longest_wait_s, generator or random.Random())  # noqa: S311
        self._retry_s = -float("inf")
        self._most = settings.batch
        self._trial = 0  # so many at once until the one that is refused has been found
        self._window = 0 if is_socket else settings.batch

    def put(self, update: Update, now_s: float) -> Update | None:
        """Take an update; see `Outbox.put`."""
        update.offered_s = now_s
        lost = self.outbox.put(update)
        if lost is not None:
            self.counts["dropped"] += 1
        return lost

    def next(self, now_s: float) -> Action:
        """What to do."""
        if self.why_stopped:
            return Halt(self.why_stopped)
        if now_s < self._retry_s:
            return Wait(self._retry_s)
        if self.is_socket and not self._window:
            return Connect()
        outbox, most = self.outbox, self._trial or self._most
        room = self._window - outbox.under_way
        if outbox.under_way and (not self.is_socket or self._trial):
            room = 0
        if not outbox.unsent or room <= 0:
            return Wait(float("inf"))
        due_s = outbox.oldest_s + self.settings.linger_s
        if not (self.is_socket or self.is_closing or outbox.unsent >= most or now_s >= due_s):
            return Wait(due_s)
        batch = outbox.take(min(most, room), now_s)
        self.counts["sent"] += len(batch)
        self.counts["resent"] += sum(each.sends > 1 for each in batch)
        return Send(batch)

    @property
    def is_connected(self) -> bool:
        """Whether the server has opened a window; over HTTP: always."""
        return self._window > 0

    def connected(self, window: int) -> None:
        """The server has opened a window of so many updates."""
        self._window = max(window, 1)

    def acknowledged(self, twin: str, incarnation: int, seq: int, now_s: float) -> list[Update]:
        """Updates of a twin are on disk, up to this one.

        Returns:
            Which.
        """
        return self._done(self.outbox.through(twin, incarnation, seq), now_s)

    def answered(self, batch: Sequence[Update], refused: Mapping[int, Refusal], now_s: float) -> list[Update]:
        """A batch was taken, but for some of its updates.

        Args:
            batch: as it was sent.
            refused: why, by position in the batch.
            now_s: the time [s].

        Returns:
            What is not kept any more.
        """
        passing = [why for why in refused.values() if why.is_passing]
        bad = [batch[at] for at, why in refused.items() if not why.is_passing]
        fine = [each for at, each in enumerate(batch) if at not in refused]
        self.outbox.settle([*fine, *bad])
        self._done(fine, now_s)
        for at, why in refused.items():
            if not why.is_passing:
                self._refuse(batch[at], why)
        if passing:
            self._later(passing[0], now_s)
        return [*fine, *bad]

    def refused(self, batch: Sequence[Update], why: Refusal, now_s: float) -> list[Update]:
        """The server took nothing of what is under way.

        Args:
            batch: what it is about; empty: the connection as a whole.
            why: the problem.
            now_s: the time [s].

        Returns:
            What is not kept any more.
        """
        self.last_refusal = f"{why.code}: {why.detail}"
        is_of_one = why.status in REFUSALS or (why.status == 404 and not self._is_stopped_by_unknown)
        if why.is_passing:
            self._later(why, now_s)
            return []
        if not batch or not is_of_one:
            self.lost(now_s)
            self.why_stopped = f"{why.detail} ({why.code})"
            return []
        if len(batch) > 1:
            if why.status == 413:
                self._most = len(batch) // 2
            else:
                self._trial = len(batch) // 2
            self._lose_connection()
            return []
        self.outbox.settle(batch)
        self._refuse(batch[0], why)
        self._trial = 0
        self._lose_connection()
        return list(batch)

    def lost(self, now_s: float) -> None:
        """The connection is gone, or there is none, or no answer came: what was under way is sent again."""
        self._lose_connection()
        self._retry_s = now_s + self._back_off.next_s()
        self.counts["reconnects"] += 1

    def _later(self, why: Refusal, now_s: float) -> None:
        """Try again after a while, and not before the server said."""
        self._lose_connection()
        self._retry_s = now_s + why.retry_after_s + self._back_off.next_s()
        self.counts["waits"] += 1

    def _lose_connection(self) -> None:
        self.outbox.rewind()
        if self.is_socket:
            self._window = 0

    def _done(self, updates: list[Update], now_s: float) -> list[Update]:
        if updates:
            self._back_off.reset()
            self.counts["acknowledged"] += len(updates)
            for each in updates:
                self.trips.add(now_s - each.sent_s)
            if self._trial:
                self._trial = min(2 * self._trial, self._most) % self._most
        return updates

    def _refuse(self, update: Update, why: Refusal) -> None:
        self.counts["refused"] += 1
        self.last_refusal = f"twin {update.twin!r}: update {update.seq}: {why.detail} ({why.code})"


def by_twin(batch: Iterable[Update]) -> dict[str, list[Update]]:
    """Updates in order, by twin."""
    grouped: dict[str, list[Update]] = {}
    for each in batch:
        grouped.setdefault(each.twin, []).append(each)
    return grouped
