"""The clients of a door: their connections, sessions and wills."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Any, NamedTuple

from moat.lib.mqtt import Buffer, PropertyType
from pydantic_core import PydanticCustomError

from twinhop.errors import InputError, TwinhopError
from twinhop.live.entry import Entry, Kind
from twinhop.live.gateway.callers import Caller
from twinhop.live.gateway.gateway import Gateway, unknown_twin
from twinhop.live.gateway.problems import Problem
from twinhop.live.mqtt.session import PendingWill, Session
from twinhop.live.mqtt.topics import parse_topic
from twinhop.scenario.fields import LONGEST_TEXT
from twinhop.twin.identity import plain_value

LOG = logging.getLogger("twinhop.live.mqtt")
MOST_EXPIRY_S = 86_400.0
"""For so long at most a session is kept for a client that is away [s]."""
MOST_SESSIONS = 100_000
"""Of all clients; of one token no more than it may have connections."""
LAST_S = 1.0
"""So long clients have to take what was written last when the server ends [s]."""
STATUS = "status"
"""The attribute that a will, or a message to ``twins/{id}/status``, sets."""


class SessionKey(NamedTuple):
    """Whose session: nobody takes over that of another caller.

    Attributes:
        token: id of the token.
        client_id: of the client.
    """

    token: str
    client_id: str


class Clients:
    """The clients of a door, whichever way they come in.

    Args:
        gateway: takes the updates.
    """

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.sessions: dict[SessionKey, Session] = {}
        self._sessions_of: Counter[str] = Counter()
        self.connections: set = set()
        self.is_closing = False
        self._tasks: set[asyncio.Task] = set()
        self._ends: dict[SessionKey, asyncio.TimerHandle] = {}

    async def leave(self, wait_s: float) -> None:
        """Acknowledge what was taken, and say goodbye to all."""
        self.is_closing = True
        ending = [asyncio.ensure_future(each.end()) for each in list(self.connections)]
        if ending:
            await asyncio.wait(ending, timeout=wait_s)
        loop = asyncio.get_running_loop()
        until_s = loop.time() + LAST_S
        while self.connections and loop.time() < until_s:  # they take what was written last
            await asyncio.sleep(0.01)
        for each in list(self.connections):
            each.abort()
        await asyncio.sleep(0)
        for handle in self._ends.values():
            handle.cancel()
        for each in self.sessions.values():
            each.drop_will()

    def session(self, caller: Caller, client_id: str, is_clean: bool) -> tuple[Session, bool]:
        """The session of a client, and whether it was there before.

        A connection that has it is ended: it was taken over.
        """
        key = SessionKey(caller.token, client_id)
        handle = self._ends.pop(key, None)
        if handle is not None:
            handle.cancel()
        session = self.sessions.get(key)
        ends = is_clean
        if session is not None and session.connection is not None:
            ends = is_clean or session.expiry_s <= 0
            session.connection.taken_over(not ends)
        if session is not None and ends:
            session.end()
            session = None
        is_present = session is not None
        if session is not None:
            session.drop_will()  # the client is back
        else:
            self._sessions_of[key.token] += key not in self.sessions
            session = self.sessions[key] = Session(client_id)
        return session, is_present

    def left(self, caller: Caller, session: Session) -> None:
        """A client has gone: its session is kept for as long as it asked."""
        key = SessionKey(caller.token, session.client_id)
        session.connection = None
        most = self.gateway.limits.connections_per_caller
        is_full = len(self.sessions) > MOST_SESSIONS or self._sessions_of[key.token] > most
        if session.expiry_s <= 0 or is_full or self.is_closing:
            self._forget(key, session)
        else:
            loop = asyncio.get_running_loop()
            self._ends[key] = loop.call_later(session.expiry_s, self._forget, key, session)

    def will(self, caller: Caller | None, session: Session | None, will: Any) -> None:
        """Do the will of a client that has gone without a word: set the status, after the delay that was asked for.

        It is done with the end of the session where that comes first, and not at all where the session goes on first.
        """
        topic = parse_topic(will.topic)
        if topic is None or caller is None or self.is_closing:
            return

        def do() -> None:
            task = asyncio.ensure_future(self._set_last(caller, topic.twin, will.payload))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        delay_s = float(will.properties.get(PropertyType.WILL_DELAY_INTERVAL, 0))
        is_kept = session is not None and self.sessions.get(SessionKey(caller.token, session.client_id)) is session
        if session is not None and is_kept and delay_s > 0:
            session.will = PendingWill(do, asyncio.get_running_loop().call_later(delay_s, session.do_will))
        else:
            do()

    def count(self, problem: Problem, messages: int = 1) -> None:
        """Count messages that the gateway never sees."""
        if self.gateway.observer is not None:
            self.gateway.observer.refused("mqtt", problem.code, messages)

    def cut_off(self, reason: str) -> None:
        """Count a connection that is refused or ended by the server, by the name of the reason in the standard."""
        if self.gateway.observer is not None:
            self.gateway.observer.cut_off("mqtt", reason.lower().replace("_", "-"))

    async def _set_last(self, caller: Caller, twin: str, payload: Buffer | str) -> None:
        if not self.gateway.tokens.knows(caller):
            return
        try:
            await self.set_status(caller, twin, payload)
        except TwinhopError as error:
            LOG.warning("the last will for twin %r was not done: %s", twin, error)
        else:
            LOG.info("twin %r: its device has gone without a word", twin)

    async def set_status(self, caller: Caller, twin: str, payload: Buffer | str) -> None:
        """Set the attribute ``status`` of a twin to a text, on disk when this returns.

        Raises:
            TwinhopError: the caller may not, there is no such twin, or the text will not do.
        """
        self.gateway.require_any(caller, ("device", "gateway"), twin)
        try:
            text = payload if isinstance(payload, str) else bytes(payload).decode()
            status = plain_value(text)
        except (UnicodeDecodeError, PydanticCustomError):
            raise InputError(f"twin {twin}: status: must be one line of at most {LONGEST_TEXT} characters") from None
        if not self.gateway.host.knows(twin):
            raise unknown_twin(twin)
        host = self.gateway.host
        async with self.gateway.attribute_lock(twin):
            attributes = await asyncio.wrap_future(host.ask(twin, lambda fold: dict(fold.twin.attributes)))
            entry = Entry(Kind.ATTRIBUTES, twin, facts={"attributes": {**attributes, STATUS: status}})
            (folded,) = await asyncio.wrap_future(host.submit_and_wait([entry]))
        if folded.refused:
            raise InputError(folded.refused)

    def _forget(self, key: SessionKey, session: Session) -> None:
        self._ends.pop(key, None)
        session.end()
        if self.sessions.get(key) is session:
            del self.sessions[key]
            self._sessions_of[key.token] -= 1
            if not self._sessions_of[key.token]:
                del self._sessions_of[key.token]
