"""The way in for every door: who may send, for which twin, how much; updates acknowledged from disk."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any, Protocol
from weakref import WeakValueDictionary

from twinhop.errors import InputError, TwinhopError
from twinhop.live.entry import Entry, Kind, update_head
from twinhop.live.fold import Folded, TwinFold
from twinhop.live.gateway.callers import Caller
from twinhop.live.gateway.desired import DesiredWatch
from twinhop.live.gateway.intake import Project, Reader, SentOfTwin, SentUpdate
from twinhop.live.gateway.problems import Problem, problem_of
from twinhop.live.gateway.rates import Rates
from twinhop.live.gateway.tokens import Tokens
from twinhop.live.host import Host
from twinhop.live.ports import Damaged
from twinhop.live.spec import TwinSpec
from twinhop.scenario.fields import LONGEST_TEXT

READERS = 200_000
"""Twins of which it is remembered how their updates are read; those of one specification share it."""


@dataclass(frozen=True)
class DoorLimits:
    """Limits of what comes in by any door.

    Attributes:
        batch: updates in one request, message or packet.
        body_bytes: of one request or message [byte].
        updates_per_s: updates of one caller, in the mean [1/s].
        burst: updates of one caller at once.
        connections: open ones of a door.
        connections_per_caller: open ones of one caller.
        window: updates of one connection that wait for their acknowledgement.
        idle_s: a connection that sends nothing for so long is closed [s].
        receive_s: within so long a request has arrived whole [s].
        streams: open streams of events.

    Raises:
        InputError: a limit is not greater than 0.
    """

    batch: int = 1_000
    body_bytes: int = 2**20
    updates_per_s: float = 100_000.0
    burst: float = 200_000.0
    connections: int = 10_000
    connections_per_caller: int = 10_000
    window: int = 1_000
    idle_s: float = 300.0
    receive_s: float = 30.0
    streams: int = 64

    def __post_init__(self) -> None:
        for each in fields(self):
            if not getattr(self, each.name) > 0:
                raise InputError(f"limits: {each.name}: must be greater than 0 (got {getattr(self, each.name)})")


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Updates of a twin that are on disk.

    Attributes:
        incarnation: of the newest among them.
        seq: its sequence number.
        count: how many they are.
    """

    incarnation: int
    seq: int
    count: int


class Observer(Protocol):
    """Who counts what comes in."""

    def acknowledged(self, door: str, updates: int, seconds: float) -> None:
        """Updates of one submission are on disk, so long after they came."""
        ...

    def refused(self, door: str, code: str, updates: int) -> None:
        """Updates were refused, with the code of the problem."""
        ...

    def connected(self, door: str, count: int = 1) -> None:
        """A connection was opened, or with a count of -1 closed."""
        ...

    def cut_off(self, door: str, reason: str) -> None:
        """A connection was refused or cut off, for one of the few reasons that doors know."""
        ...


@dataclass
class Gateway:
    """What all doors share.

    Attributes:
        host: keeps the twins.
        tokens: of the callers.
        spec: of twins that are created without one.
        limits: of what comes in.
        create_unknown: whether the first update of an unknown twin creates it, of a caller that may.
        project: from latitude and longitude to the plane of the city; None: it has no place on earth.
        observer: counts.

    `draining` is set once the server ends: doors stop taking, and answer what they took.
    """

    host: Host
    tokens: Tokens
    spec: TwinSpec = field(default_factory=lambda: TwinSpec.model_validate_json(DEFAULT_SPEC))
    limits: DoorLimits = field(default_factory=DoorLimits)
    create_unknown: bool = False
    project: Project | None = None
    observer: Observer | None = None

    def __post_init__(self) -> None:
        self._rates = Rates(self.limits.updates_per_s, self.limits.burst)
        self._readers: OrderedDict[str, Reader] = OrderedDict()
        self._reader = lru_cache(256)(lambda schema: Reader(schema, self.project))
        self._own_reader = self._reader(self.spec.state_schema)
        self._connections: dict[str, dict[object, Callable[[], None]]] = {}
        self._attribute_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.desired = DesiredWatch()
        self.draining = asyncio.Event()

    def caller(self, token: str) -> Caller:
        """Who shows a token.

        Raises:
            Problem: ``unauthorized``.
        """
        found = self.tokens.caller(token)
        if found is None:
            raise Problem(
                "unauthorized",
                "no token, or an unknown one; send the header `Authorization: Bearer TOKEN` with one of this server",
            )
        return found

    def require_any(self, caller: Caller, scopes: Collection[str], twin: str | None = None) -> None:
        """Let a caller through that has one of some scopes.

        Args:
            caller: who.
            scopes: one is needed; ``device``: of the twin.
            twin: id that the call is about.

        Raises:
            Problem: ``forbidden``.
        """
        if not caller.may(scopes, twin):
            raise Problem(
                "forbidden", f"{caller.name}: a scope of {', '.join(sorted(scopes))} or admin is needed for this"
            )

    def require(self, caller: Caller, scope: str, twin: str | None = None) -> None:
        """The same for one scope."""
        self.require_any(caller, (scope,), twin)

    async def updates(self, caller: Caller, twin: str, batch: Sequence[SentUpdate], door: str = "http") -> Acknowledged:
        """Take updates of one twin; when this returns they are on disk.

        Args:
            caller: who sends.
            twin: id.
            batch: at least one.
            door: by which they came.

        Raises:
            Problem: nothing was taken.
        """
        return await (await self.begin(caller, twin, batch, door))

    async def begin(
        self, caller: Caller, twin: str, batch: Sequence[SentUpdate], door: str = "http"
    ) -> Awaitable[Acknowledged]:
        """The same in two steps: when this returns they are in the queue of the journal, in the order of the calls.

        Returns:
            To be awaited until they are on disk.

        Raises:
            Problem: nothing was taken.
        """
        began_s = self.host.now_s()
        try:
            self.require_any(caller, ("device", "gateway"), twin)
            self._admit(caller, len(batch))
            creation = self._creation(caller, twin)
            reader = self._own_reader if creation else await self.reader_of(twin)
            head = update_head(twin)
            records = [reader.record(head, each, began_s) for each in batch]
            future = asyncio.wrap_future(self.host.submit_records([*creation, *records]))
        except Exception as error:
            raise self._refused(door, error, len(batch)) from None
        return self._acknowledged(future, door, batch, began_s)

    async def _acknowledged(
        self, future: asyncio.Future[list[int]], door: str, batch: Sequence[SentUpdate], began_s: float
    ) -> Acknowledged:
        try:
            await future
        except Exception as error:
            raise self._refused(door, error, len(batch)) from None
        self._counted(door, len(batch), began_s)
        newest = max([(each.incarnation, each.seq) for each in batch])
        return Acknowledged(*newest, len(batch))

    async def updates_of_many(
        self, caller: Caller, batch: Sequence[SentOfTwin], door: str = "http"
    ) -> list[Problem | None]:
        """Take updates of many twins in one commit; when this returns those without a problem are on disk.

        Raises:
            Problem: nothing was taken of any.
        """
        began_s = self.host.now_s()
        try:
            self._admit(caller, len(batch))
            outcomes: list[Problem | None] = [None] * len(batch)
            records: list[bytes] = []
            created: set[str] = set()
            for at, sent in enumerate(batch):
                try:
                    self.require_any(caller, ("device", "gateway"), sent.twin)
                    new = [] if sent.twin in created else self._creation(caller, sent.twin)
                    is_new = bool(new) or sent.twin in created
                    reader = self._own_reader if is_new else await self.reader_of(sent.twin)
                    update = reader.record(update_head(sent.twin), sent, began_s)
                except TwinhopError as error:
                    problem = outcomes[at] = self._refused(door, error, 1)
                    if problem.code in ("stopped", "internal"):
                        raise
                else:
                    if new:
                        created.add(sent.twin)
                    records += [*new, update]
            if records:
                await asyncio.wrap_future(self.host.submit_records(records))
        except Exception as error:
            raise self._refused(door, error, len(batch)) from None
        self._counted(door, outcomes.count(None), began_s)
        return outcomes

    async def create(self, twin: str, spec: TwinSpec | None = None, attributes: dict[str, Any] | None = None) -> Folded:
        """Begin a twin; what became of that, on disk.

        Raises:
            TwinhopError: it cannot be written.
        """
        entry = self._create_entry(twin, spec or self.spec, attributes or {})
        return (await asyncio.wrap_future(self.host.submit_and_wait([entry])))[0]

    async def reader_of(self, twin: str) -> Reader:
        """What reads updates of a twin, by its schema; it wakes the twin the first time.

        Raises:
            Problem: ``unknown-twin``.
            Damaged: it is set aside.
        """
        if not self.host.knows(twin):
            raise unknown_twin(twin)
        self.host.require_whole(twin)
        known = self._readers.get(twin)
        if known is not None:
            return known

        def remembered(fold: TwinFold) -> Reader:
            # on the machine's thread, as `folded` forgets: in order with the end of the twin and its next beginning
            reader = self._readers[twin] = self._reader(fold.twin.schema)
            if len(self._readers) > READERS:
                self._readers.popitem(last=False)
            return reader

        try:
            return await asyncio.wrap_future(self.host.ask(twin, remembered))
        except Damaged:
            raise
        except InputError:  # erased meanwhile
            raise unknown_twin(twin) from None

    def folded(self, told: Sequence[tuple[int, Folded]]) -> None:
        """Hear what became of entries, from the machine's thread: twins that end or begin have another schema."""
        for _, each in told:
            if each.entry.kind in (Kind.ERASE, Kind.CREATE):
                self._readers.pop(each.twin, None)
        self.desired.folded(told)

    async def desired_of(self, twin: str) -> tuple[int, dict[str, Any]] | None:
        """Version and values of a twin's desired settings; None: there is no such twin, or it is set aside."""
        if not self.host.knows(twin):
            return None
        try:
            return await asyncio.wrap_future(self.host.ask(twin, _desired))
        except InputError:  # erased meanwhile, or set aside
            return None

    def unready(self) -> str:
        """Why no updates are taken now; empty: they are."""
        if self.draining.is_set():
            return "the server is stopping"
        if self.host.failure is not None:
            return f"the host has stopped: {self.host.failure}"
        return self.host.trouble

    @contextmanager
    def connection(self, caller: Caller, door: str, end: Callable[[], None]) -> Iterator[None]:
        """Inside, one more connection of a caller is open.

        Args:
            caller: who opened it.
            door: by which.
            end: begins its end; called where its token is revoked.

        Raises:
            Problem: ``busy``: it has as many as it may.
        """
        others = self._connections.setdefault(caller.token, {})
        if len(others) >= self.limits.connections_per_caller:
            if self.observer is not None:
                self.observer.cut_off(door, "busy")
            raise Problem(
                "busy", f"{caller.name}: has {self.limits.connections_per_caller} connections open already", 5.0
            )
        key = object()
        others[key] = end
        if self.observer is not None:
            self.observer.connected(door)
        try:
            yield
        finally:
            if self.observer is not None:
                self.observer.connected(door, -1)
            del others[key]
            if not others:
                del self._connections[caller.token]

    async def revoke(self, token: str) -> bool:
        """Delete a token, and end the connections that were opened with it; whether there was one of that id."""
        is_deleted = await asyncio.to_thread(self.tokens.delete, token)
        for end in list(self._connections.get(token, {}).values()):
            end()
        return is_deleted

    def attribute_lock(self, twin: str) -> asyncio.Lock:
        """Held by whoever changes attributes of a twin, so that what was read meanwhile is not written back."""
        return self._attribute_locks.setdefault(twin, asyncio.Lock())

    def _admit(self, caller: Caller, count: int) -> None:
        if not count:
            raise Problem("bad-request", "updates: at least one is needed")
        if count > self.limits.batch:
            raise Problem("too-large", f"{count} updates at once; at most {self.limits.batch} may be")
        self._rates.take(caller.token, count)

    def _creation(self, caller: Caller, twin: str) -> list[bytes]:
        if self.host.knows(twin):
            return []
        if not self.create_unknown or not caller.may(("gateway",)):
            raise unknown_twin(twin)
        return [self._create_entry(twin, self.spec, {}).encoded()]

    def _create_entry(self, twin: str, spec: TwinSpec, attributes: dict[str, Any]) -> Entry:
        if not twin.strip() or len(twin) > LONGEST_TEXT or not twin.isprintable():
            raise InputError(f"twin {twin[:40]!r}: id: must be one line of at most {LONGEST_TEXT} printable characters")
        spec.twin(twin, attributes)  # whether it can be made is known before it is written
        return Entry(Kind.CREATE, twin, facts={"spec": spec.model_dump_json(), "attributes": attributes})

    def _counted(self, door: str, count: int, began_s: float) -> None:
        if self.observer is not None and count:
            self.observer.acknowledged(door, count, self.host.now_s() - began_s)

    def _refused(self, door: str, error: Exception, count: int) -> Problem:
        problem = problem_of(error)
        if self.observer is not None:
            self.observer.refused(door, problem.code, count)
        return problem


def _desired(fold: TwinFold) -> tuple[int, dict[str, Any]]:
    desired = fold.twin.desired
    return desired.version, dict(desired.values)


def unknown_twin(twin: str) -> Problem:
    """The problem with the id of no twin."""
    return Problem("unknown-twin", f"{twin[:LONGEST_TEXT]}: there is no such twin; create it first")


#: A device that moves and has a load: that times the update work of a user of the city.
DEFAULT_SPEC = """{
  "state_schema": {"dimensions": [
    {"name": "position", "kind": "position_2d", "unit": "m", "tolerance": 5.0},
    {"name": "load", "kind": "scalar", "unit": "1"}
  ]},
  "models": {"position": "constant_velocity", "load": "level"},
  "retention": {"max_records": 300}
}"""
