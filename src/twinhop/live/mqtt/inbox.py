"""Messages of one client on their way to disk: bounded, in order, answered once they are there."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from twinhop.live.gateway.callers import Caller
from twinhop.live.gateway.intake import SentUpdate
from twinhop.live.gateway.problems import Problem, problem_of
from twinhop.live.mqtt.clients import Clients
from twinhop.live.mqtt.payloads import updates_of
from twinhop.live.mqtt.topics import parse_topic
from twinhop.live.mqtt.wire import Message

HELD_S, LONGEST_HELD_S = 0.05, 1.0
"""Between tries of messages for which there is no room [s]."""
HELD = ("busy", "rate", "no-room")
"""Problems that pass: messages wait, and are neither acknowledged nor dropped."""
MOST_BYTES = 2**22
"""Of messages of one client that wait; beyond, its bytes stay where they are [byte]."""
_NO_TOPIC = Problem("not-found", "accepted topics: twins/ID/updates, twins/ID/status")


class Client(Protocol):
    """Who sends the messages."""

    is_over: bool

    def answer(self, message: Message, problem: Problem | None) -> None:
        """A message is on disk, or why it is not."""
        ...

    def answered(self) -> None:
        """Those of one read have all been answered."""
        ...

    def balance(self) -> None:
        """There is more room for messages, or less."""
        ...


class _Part(NamedTuple):
    """Updates of one message.

    Attributes:
        at: place of the message.
        updates: in it.
    """

    at: int
    updates: Sequence[SentUpdate]


_Outcome = Awaitable[Any] | Problem


class Inbox:
    """What a client has published and is not on disk yet.

    Args:
        door: by which it comes.
        caller: who sends.
        client: is told.
        most: messages that wait, beyond which no more should be read.
    """

    def __init__(self, door: Clients, caller: Caller, client: Client, most: int) -> None:
        self._door, self._gateway, self._caller, self._client, self._most = door, door.gateway, caller, client, most
        self._messages: deque[Message] = deque()
        self._bytes = 0
        self._is_due = asyncio.Event()
        self._is_held = self._is_writing = False

    @property
    def is_full(self) -> bool:
        """Whether nothing more should be read."""
        return self._is_held or len(self._messages) > self._most or self._bytes > MOST_BYTES

    @property
    def is_empty(self) -> bool:
        """Whether all is answered."""
        return not self._messages and not self._is_writing

    def put(self, message: Message) -> None:
        """Take a message."""
        self._messages.append(message)
        self._bytes += len(message.payload)
        self._is_due.set()

    def end(self) -> None:
        """Nothing more comes: write what is here, and end."""
        self._is_due.set()

    async def run(self) -> None:
        """Write what has come, in order."""
        while not (self._client.is_over and not self._messages):
            await self._is_due.wait()
            self._is_due.clear()
            while self._messages:
                messages = list(self._messages)
                self._messages.clear()
                self._bytes = 0
                self._is_writing = True
                await self._write(messages)
                self._is_writing = False
                self._client.balance()

    async def _write(self, messages: list[Message]) -> None:
        """Write messages, those of each twin together; all are answered in the order in which they came."""
        problems: list[Problem | None] = [None] * len(messages)
        waiting: list[tuple[Sequence[int], _Outcome]] = []
        of_twins: dict[str, list[_Part]] = {}
        for at, message in enumerate(messages):
            topic = parse_topic(message.topic)
            try:
                if topic is None or topic.part == "desired":
                    raise _NO_TOPIC
                if topic.part == "status":
                    waiting.append(((at,), self._status(topic.twin, message)))
                    continue
                updates = updates_of(message.payload, message.content_type)
                of_twins.setdefault(topic.twin, []).append(_Part(at, updates))
            except Problem as problem:
                problems[at] = problem
                self._door.count(problem)
        for twin, parts in of_twins.items():
            for some in _batches(parts, self._gateway.limits.batch):
                waiting += await self._begin(twin, some)
        for places, outcome in waiting:
            problem = outcome if isinstance(outcome, Problem) else await _problem_in(outcome)
            for at in places:
                problems[at] = problem
        for message, problem in zip(messages, problems, strict=True):
            self._client.answer(message, problem)
        self._client.answered()

    async def _begin(self, twin: str, parts: list[_Part]) -> list[tuple[Sequence[int], _Outcome]]:
        """Queue updates of one twin for one commit; where some will not do, message by message."""
        batch = [each for part in parts for each in part.updates]
        places = [part.at for part in parts]
        try:
            return [(places, await self._held(lambda: self._gateway.begin(self._caller, twin, batch, "mqtt")))]
        except Problem as problem:
            if len(parts) == 1 or problem.code != "bad-request":
                return [(places, problem)]
        return [each for part in parts for each in await self._begin(twin, [part])]

    async def _status(self, twin: str, message: Message) -> None:
        await self._held(lambda: self._door.set_status(self._caller, twin, message.payload))

    async def _held(self, call: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """What a call gives; while there is no room for it, it is made again, and nothing more is read."""
        try:
            while True:
                try:
                    return await call()
                except Exception as error:
                    problem = problem_of(error)
                if problem.code not in HELD or self._client.is_over:  # whoever has gone sends it again
                    raise problem from None
                self._is_held = True
                self._client.balance()
                await asyncio.sleep(max(HELD_S, min(problem.retry_after_s or HELD_S, LONGEST_HELD_S)))
        finally:
            self._is_held = False


def _batches(parts: list[_Part], most: int) -> Iterator[list[_Part]]:
    """Parts in groups of at most so many updates; larger ones alone."""
    group: list[_Part] = []
    count = 0
    for part in parts:
        if group and count + len(part.updates) > most:
            yield group
            group, count = [], 0
        group.append(part)
        count += len(part.updates)
    yield group


async def _problem_in(outcome: Awaitable[Any]) -> Problem | None:
    """What went wrong; None: nothing did."""
    try:
        await outcome
    except Exception as error:
        return problem_of(error)
    return None
