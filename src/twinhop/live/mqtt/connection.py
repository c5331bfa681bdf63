"""One client of MQTT 5: its packets in, acknowledgements out once updates are on disk."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from contextlib import ExitStack
from typing import Any

from moat.lib.mqtt import (
    MQTTAuthPacket,
    MQTTConnAckPacket,
    MQTTConnectPacket,
    MQTTDisconnectPacket,
    MQTTProtocolError,
    MQTTPublishAckPacket,
    MQTTPublishPacket,
    MQTTSubscribePacket,
    MQTTUnsubscribePacket,
    PropertyType,
    QoS,
    ReasonCode,
    RetainHandling,
)
from moat.lib.mqtt.broker_state_machine import MQTTBrokerClientStateMachine

from twinhop.live.gateway.callers import Caller
from twinhop.live.gateway.problems import Problem, problem_of
from twinhop.live.mqtt.clients import MOST_EXPIRY_S, Clients
from twinhop.live.mqtt.frames import CONNECT, Frames, Malformed, TooLarge, refusal_of_version
from twinhop.live.mqtt.inbox import Inbox
from twinhop.live.mqtt.session import Session, Subscription
from twinhop.live.mqtt.topics import desired_topic, parse_topic
from twinhop.live.mqtt.wire import Message, encoded, farewell, plain_acknowledgement, plain_message

LOG = logging.getLogger("twinhop.live.mqtt")
MOST_PACKET_BYTES = 2**20
"""The largest packet that is taken, or that of `DoorLimits.body_bytes` where that is less [byte]."""
MOST_WINDOW = 65_535
CONNECT_WAIT_S = 10.0
"""Within so long a new connection has sent its CONNECT [s]."""
MOST_SUBSCRIPTIONS = 10_000
CONNECT_BYTES = 2**16
"""The largest CONNECT: so much may come of somebody who has not shown a token [byte]."""
FAREWELL_S = 5.0
"""So long a client has to take what is left for it [s]."""
PATIENCE = 1.5
"""Keep-alive intervals that a silent client stays."""
WRITE_BYTES = 2**20
"""Beyond so much that the client has not read nothing more of it is taken [byte]."""

_REASONS = {
    "unauthorized": ReasonCode.NOT_AUTHORIZED,
    "forbidden": ReasonCode.NOT_AUTHORIZED,
    "unknown-twin": ReasonCode.TOPIC_NAME_INVALID,
    "not-found": ReasonCode.TOPIC_NAME_INVALID,
    "bad-request": ReasonCode.PAYLOAD_FORMAT_INVALID,
    "unsupported-media-type": ReasonCode.PAYLOAD_FORMAT_INVALID,
    "too-large": ReasonCode.QUOTA_EXCEEDED,
}
"""Reason codes of PUBACK; any other problem is an unspecified error."""


class _Refused(Exception):
    """The client broke a rule: it is told the reason and left."""

    def __init__(self, reason: ReasonCode, words: str = "") -> None:
        super().__init__(words)
        self.reason, self.words = reason, words


class Connection(asyncio.Protocol):
    """One client, from its first byte to its last.

    The library's state machine reads and writes packets and knows what may follow what. It has no properties in its
    CONNACK and no reasons in its PUBACK, acknowledges nothing by itself, and has no bounds; those are here.

    Args:
        door: whose client it is.
    """

    def __init__(self, door: Clients) -> None:
        self._door, self._gateway = door, door.gateway
        self._limits = door.gateway.limits
        self._most_bytes = min(MOST_PACKET_BYTES, self._limits.body_bytes)
        self._window = min(MOST_WINDOW, self._limits.window)
        self._machine = MQTTBrokerClientStateMachine()
        self._frames = Frames(min(CONNECT_BYTES, self._most_bytes))
        self._stack = ExitStack()
        self._transport: Any = None
        self._caller: Caller | None = None
        self._session: Session | None = None
        self._will: Any = None
        self._inbox: Inbox | None = None
        self._in_flight: set[int] = set()
        self._answers = bytearray()
        self._desired_sent: dict[int, str] = {}
        self._peer_window, self._peer_bytes = MOST_WINDOW, 0
        self._tells_why = True
        self._keep_alive_s = CONNECT_WAIT_S
        self._heard_s = time.monotonic()
        self._watch: asyncio.TimerHandle | None = None
        self._worker: asyncio.Task | None = None
        self._tasks: set[asyncio.Task] = set()
        self._can_write = self._reads = self._is_first = True
        self.is_over = self._is_goodbye = self._is_stopping = False

    # --- the transport

    def connection_made(self, transport: Any) -> None:
        """A client has come."""
        self._transport = transport
        if self._door.is_closing or len(self._door.connections) >= self._limits.connections:
            transport.close()
            return
        self._door.connections.add(self)
        transport.set_write_buffer_limits(high=WRITE_BYTES)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone; what it sent is written all the same, its will is done."""
        self.is_over = True
        if self._inbox is not None:
            self._inbox.end()
        self._door.connections.discard(self)
        if self._watch is not None:
            self._watch.cancel()
        for each in self._tasks:
            each.cancel()
        session, self._session = self._session, None
        if session is not None and session.connection is self:
            assert self._caller is not None
            self._door.left(self._caller, session)
        self._stack.close()
        if self._will is not None and not self._is_goodbye:
            self._door.will(self._caller, session, self._will)

    def pause_writing(self) -> None:
        """The client does not read: nothing more of it is taken until it does."""
        self._can_write = False
        self.balance()

    def resume_writing(self) -> None:
        """It reads again."""
        self._can_write = True
        self.balance()
        self.deliver()

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        if self._transport.is_closing():  # TLS hands over what had come before
            return
        if self._caller is not None:  # whoever has not shown a token cannot stay by sending bytes
            self._heard_s = time.monotonic()
        if self._is_first and data and data[0] & 0xF0 != CONNECT:  # another protocol
            self._close()
            return
        self._is_first = False
        try:
            while packets := self._frames.feed(data):
                for packet in packets:
                    self._read(packet)
                    if self._transport.is_closing():
                        return
                data = b""
            self._flush()
        except _Refused as refused:
            self._refuse(refused.reason, refused.words)
        except TooLarge:
            self._refuse(ReasonCode.PACKET_TOO_LARGE, f"a packet has at most {self._frames.most_bytes} bytes")
        except Malformed:
            self._refuse(ReasonCode.MALFORMED_PACKET, "the length of a packet is none")
        except MQTTProtocolError as error:
            LOG.info("a client broke the protocol: %s", str(error)[:200])
            self._refuse(ReasonCode.PROTOCOL_ERROR, "this packet may not come here")
        except Exception as error:  # whatever the library makes of bytes that are no packet
            LOG.info("a client sent bytes that are no packet: %s", type(error).__name__)
            self._refuse(ReasonCode.MALFORMED_PACKET, "the bytes are no packet")

    def _look(self) -> None:
        """Leave a client that has been silent for too long, while it was listened to."""
        silent_s = time.monotonic() - self._heard_s if self._reads else 0.0
        if silent_s >= self._keep_alive_s:
            self._refuse(ReasonCode.KEEP_ALIVE_TIMEOUT, f"nothing came for {self._keep_alive_s:g} s")
            return
        loop = asyncio.get_running_loop()
        self._watch = loop.call_later(self._keep_alive_s - silent_s + 0.01, self._look)

    # --- packets

    def _read(self, packet: bytes) -> None:
        if self._caller is None:
            refusal = refusal_of_version(packet)
            if refusal:
                self._leave(refusal)
                return
        else:
            message = plain_message(packet)
            if message is not None:
                self._take_message(message)
                return
        for each in self._machine.feed_bytes(packet):
            self._take(each)

    def _take(self, packet: Any) -> None:
        match packet:
            case MQTTPublishPacket():
                self._take_publish(packet)
            case MQTTConnectPacket():
                self._connect(packet)
            case MQTTSubscribePacket():
                self._subscribe(packet)
            case MQTTUnsubscribePacket():
                self._unsubscribe(packet)
            case MQTTPublishAckPacket():
                self._acknowledged(packet.packet_id)
            case MQTTDisconnectPacket():
                self._goodbye(packet)
            case MQTTAuthPacket():
                raise _Refused(ReasonCode.PROTOCOL_ERROR, "the password is the token; there is no other method")

    def _take_publish(self, packet: MQTTPublishPacket) -> None:
        if self._caller is None:
            raise _Refused(ReasonCode.PROTOCOL_ERROR, "the first packet must be CONNECT")
        if packet.qos is QoS.EXACTLY_ONCE:
            raise _Refused(ReasonCode.QOS_NOT_SUPPORTED, "QoS is at most 1; updates have sequence numbers")
        if PropertyType.TOPIC_ALIAS in packet.properties:
            raise _Refused(ReasonCode.TOPIC_ALIAS_INVALID, "topic aliases are not taken")
        # answered from here, with reasons; the library would keep it until it answers itself
        self._machine._pending_remote.pop(packet.packet_id or 0, None)
        content_type = packet.properties.get(PropertyType.CONTENT_TYPE)
        payload = packet.payload if isinstance(packet.payload, str) else bytes(packet.payload)
        self._take_message(Message(packet.topic, payload, packet.packet_id, content_type))  # pyright: ignore[reportArgumentType]

    def _take_message(self, message: Message) -> None:
        assert self._inbox is not None
        packet_id = message.packet_id
        if packet_id is not None:
            if packet_id == 0 or packet_id in self._in_flight:
                raise _Refused(ReasonCode.PROTOCOL_ERROR, f"packet identifier {packet_id} is in use, or 0")
            if len(self._in_flight) >= self._window:
                raise _Refused(ReasonCode.RECEIVE_MAXIMUM_EXCEEDED, f"at most {self._window} may be in flight")
            self._in_flight.add(packet_id)
        self._inbox.put(message)
        if self._inbox.is_full:
            self.balance()

    def _connect(self, packet: MQTTConnectPacket) -> None:
        self._tells_why = packet.properties.get(PropertyType.REQUEST_PROBLEM_INFORMATION, 1) != 0
        if PropertyType.AUTHENTICATION_METHOD in packet.properties:
            raise _Refused(ReasonCode.BAD_AUTHENTICATION_METHOD, "the password is the token; there is no other method")
        if len(packet.client_id) > 200:
            raise _Refused(ReasonCode.CLIENT_IDENTIFIER_NOT_VALID, "a client identifier has at most 200 characters")
        try:
            caller = self._gateway.caller(packet.password or "")
        except Problem:
            raise _Refused(ReasonCode.BAD_USERNAME_OR_PASSWORD, "the password must be a token of this server") from None
        if packet.will is not None:
            self._check_will(packet.will, caller)
        peer_window = packet.properties.get(PropertyType.RECEIVE_MAXIMUM, MOST_WINDOW)
        peer_bytes = packet.properties.get(PropertyType.MAXIMUM_PACKET_SIZE, MOST_PACKET_BYTES)
        if not peer_window or not peer_bytes:
            raise _Refused(ReasonCode.PROTOCOL_ERROR, "Receive Maximum and Maximum Packet Size must not be 0")
        try:
            self._stack.enter_context(self._gateway.connection(caller, "mqtt", self._revoked))
        except Problem as problem:
            raise _Refused(ReasonCode.QUOTA_EXCEEDED, problem.detail) from None
        assigned = "" if packet.client_id else f"auto-{secrets.token_hex(8)}"
        session, is_present = self._door.session(caller, packet.client_id or assigned, packet.clean_start)
        expiry_s = float(packet.properties.get(PropertyType.SESSION_EXPIRY_INTERVAL, 0))  # pyright: ignore[reportArgumentType]
        session.expiry_s = min(expiry_s, MOST_EXPIRY_S)
        session.connection = self
        self._caller, self._session, self._will = caller, session, packet.will
        self._peer_window, self._peer_bytes = int(peer_window), int(peer_bytes)  # pyright: ignore[reportArgumentType]
        keep_alive_s = packet.keep_alive or int(min(self._limits.idle_s / PATIENCE, 65_535))
        self._keep_alive_s = PATIENCE * keep_alive_s
        self._heard_s = time.monotonic()
        properties: dict[PropertyType, Any] = {
            PropertyType.RECEIVE_MAXIMUM: self._window,
            PropertyType.MAXIMUM_QOS: 1,
            PropertyType.MAXIMUM_PACKET_SIZE: self._most_bytes,
            PropertyType.WILDCARD_SUBSCRIPTION_AVAILABLE: 0,
            PropertyType.SUBSCRIPTION_IDENTIFIER_AVAILABLE: 0,
            PropertyType.SHARED_SUBSCRIPTION_AVAILABLE: 0,
        }
        if assigned:
            properties[PropertyType.ASSIGNED_CLIENT_IDENTIFIER] = assigned
        if keep_alive_s != packet.keep_alive:
            properties[PropertyType.SERVER_KEEP_ALIVE] = keep_alive_s
        if session.expiry_s != expiry_s:
            properties[PropertyType.SESSION_EXPIRY_INTERVAL] = int(session.expiry_s)
        self._machine.acknowledge_connect(ReasonCode.SUCCESS, packet.username, is_present)
        self._machine.get_outbound_data()  # the library's has no properties
        self._send(MQTTConnAckPacket(reason_code=ReasonCode.SUCCESS, session_present=is_present, properties=properties))
        if self._watch is not None:
            self._watch.cancel()
        self._look()
        self._frames.most_bytes = self._most_bytes
        self._inbox = Inbox(self._door, caller, self, self._window)
        self._worker = asyncio.create_task(self._guarded(self._inbox.run()))
        for each in session.subscriptions.values():
            each.sent = each.version
        self._later(self._tell_present(list(session.subscriptions)))

    def _check_will(self, will: Any, caller: Caller) -> None:
        topic = parse_topic(will.topic)
        if will.qos is QoS.EXACTLY_ONCE:
            raise _Refused(ReasonCode.QOS_NOT_SUPPORTED, "QoS of a will is at most 1")
        if topic is None or topic.part != "status":
            raise _Refused(ReasonCode.TOPIC_NAME_INVALID, "a will's topic must be twins/ID/status")
        if not caller.may(("device", "gateway"), topic.twin):
            raise _Refused(ReasonCode.NOT_AUTHORIZED, "the token does not allow the will's topic")

    def _subscribe(self, packet: MQTTSubscribePacket) -> None:
        if PropertyType.SUBSCRIPTION_IDENTIFIER in packet.properties:
            raise _Refused(ReasonCode.SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED, "there are no subscription identifiers")
        assert self._session is not None
        session, codes, told = self._session, [], []
        for each in packet.subscriptions:
            code, twin = self._granted(session, each)
            codes.append(code)
            if twin:
                is_new = twin not in session.subscriptions
                subscription = session.subscriptions.setdefault(twin, Subscription(int(code)))
                subscription.qos, subscription.keeps_flag = int(code), each.retain_as_published
                if is_new:
                    subscription.unwatch = self._watch_desired(session, twin)
                if each.retain_handling is RetainHandling.SEND_RETAINED or (
                    is_new and each.retain_handling is not RetainHandling.NO_RETAINED
                ):
                    subscription.sent = subscription.version = -1
                    told.append(twin)
        self._machine.acknowledge_subscribe(packet.packet_id, codes)
        self._flush()
        self._later(self._tell_present(told))

    def _granted(self, session: Session, asked: Any) -> tuple[ReasonCode, str]:
        pattern = asked.pattern.pattern
        if asked.pattern.group_id is not None or pattern.startswith("$share/"):
            return ReasonCode.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED, ""
        if "+" in pattern or "#" in pattern:
            return ReasonCode.WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED, ""
        topic = parse_topic(pattern)
        if topic is None or topic.part != "desired":
            return ReasonCode.TOPIC_FILTER_INVALID, ""
        assert self._caller is not None
        if not self._caller.may(("device", "gateway", "read"), topic.twin):
            return ReasonCode.NOT_AUTHORIZED, ""
        if len(session.subscriptions) >= MOST_SUBSCRIPTIONS and topic.twin not in session.subscriptions:
            return ReasonCode.QUOTA_EXCEEDED, ""
        return (ReasonCode.GRANTED_QOS_0 if asked.max_qos is QoS.AT_MOST_ONCE else ReasonCode.GRANTED_QOS_1), topic.twin

    def _watch_desired(self, session: Session, twin: str) -> Any:
        loop = asyncio.get_running_loop()

        def changed(version: int, values: dict[str, Any]) -> None:
            loop.call_soon_threadsafe(session.changed, twin, version, values)

        return self._gateway.desired.watch(twin, changed)

    def _unsubscribe(self, packet: MQTTUnsubscribePacket) -> None:
        assert self._session is not None
        codes = []
        for each in packet.patterns:
            topic = parse_topic(each if isinstance(each, str) else each.pattern)
            found = self._session.subscriptions.pop(topic.twin, None) if topic and topic.part == "desired" else None
            if found is not None and topic is not None:
                found.unwatch()
                self._session.desired.pop(topic.twin, None)
            codes.append(ReasonCode.SUCCESS if found is not None else ReasonCode.NO_SUBSCRIPTION_EXISTED)
        self._machine.acknowledge_unsubscribe(packet.packet_id, codes)

    def _goodbye(self, packet: MQTTDisconnectPacket) -> None:
        expiry_s = packet.properties.get(PropertyType.SESSION_EXPIRY_INTERVAL)
        if expiry_s is not None and self._session is not None:
            if expiry_s and not self._session.expiry_s:
                raise _Refused(ReasonCode.PROTOCOL_ERROR, "a session that ends with its connection cannot be kept")
            self._session.expiry_s = min(float(expiry_s), MOST_EXPIRY_S)  # pyright: ignore[reportArgumentType]
        self._is_goodbye = packet.reason_code is not ReasonCode.DISCONNECT_WITH_WILL_MESSAGE
        self._close()

    # --- updates

    def answer(self, message: Message, problem: Problem | None) -> None:
        """Acknowledge a message with the next write, or say why not."""
        if problem is not None and problem.code == "stopped":
            self._is_stopping = True
        if message.packet_id is None or self.is_over or self._is_stopping:
            return
        self._in_flight.discard(message.packet_id)
        if problem is None:
            self._answers += plain_acknowledgement(message.packet_id)
            return
        reason = _REASONS.get(problem.code, ReasonCode.UNSPECIFIED_ERROR)
        words = self._words(problem.detail)
        properties: dict[PropertyType, Any] = {PropertyType.REASON_STRING: words} if words else {}
        self._answers += encoded(
            MQTTPublishAckPacket(packet_id=message.packet_id, reason_code=reason, properties=properties)
        )

    def answered(self) -> None:
        """Write the acknowledgements."""
        self._write(bytes(self._answers))
        self._answers.clear()
        if self._is_stopping:
            self._refuse(ReasonCode.SERVER_SHUTTING_DOWN, "the server is stopping; what it acknowledged is on disk")

    def balance(self) -> None:
        """Read, or leave the client's bytes where they are: TCP tells it to wait."""
        if self.is_over or self._transport.is_closing():
            return
        is_full = self._inbox is not None and self._inbox.is_full
        reads = self._can_write and not is_full and not self._door.is_closing
        if reads == self._reads:
            return
        self._reads = reads
        self._heard_s = time.monotonic()  # silence counts from when it could be heard
        if reads:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    # --- desired settings

    async def _tell_present(self, twins: list[str]) -> None:
        for twin in twins:
            now = await self._gateway.desired_of(twin)
            if now is not None and self._session is not None:
                self._session.changed(twin, *now)

    def deliver(self) -> None:
        """Send desired settings for which the client has room, the newest of each twin alone."""
        session = self._session
        if session is None or self.is_over:
            return
        for twin in list(session.desired):
            if len(self._desired_sent) >= self._peer_window or not self._can_write:
                return
            version, values = session.desired.pop(twin)
            subscription = session.subscriptions.get(twin)
            if subscription is None or version <= subscription.sent:
                continue
            payload = json.dumps({"version": version, "values": values}).encode()
            topic = desired_topic(twin)
            if len(payload) + len(topic) + 16 > self._peer_bytes:
                continue
            is_retained = subscription.keeps_flag or subscription.sent < 0
            subscription.sent = version
            packet_id = self._machine.deliver_publish(topic, payload, qos=QoS(subscription.qos), retain=is_retained)
            if packet_id is None:
                subscription.version = version
            else:
                self._desired_sent[packet_id] = twin
        self._flush()

    def _acknowledged(self, packet_id: int) -> None:
        twin = self._desired_sent.pop(packet_id, None)
        if twin is None:
            raise _Refused(ReasonCode.PROTOCOL_ERROR, f"nothing was sent as packet {packet_id}")
        subscription = self._session.subscriptions.get(twin) if self._session is not None else None
        if subscription is not None:
            subscription.version = max(subscription.version, subscription.sent)
        self.deliver()

    # --- out

    def _send(self, packet: Any) -> None:
        self._write(encoded(packet))

    def _flush(self) -> None:
        self._write(bytes(self._machine.get_outbound_data()))

    def _write(self, data: bytes) -> None:
        if data and not self._transport.is_closing():
            self._transport.write(data)

    def _words(self, words: str) -> str:
        """A reason as far as the client wants it and has room for it."""
        fits = self._tells_why and (not self._peer_bytes or 4 * len(words) + 64 <= self._peer_bytes)
        return words[:500] if fits else ""

    def _refuse(self, reason: ReasonCode, words: str) -> None:
        """Tell the client why, and leave it."""
        if self.is_over or self._transport.is_closing():
            return
        self._door.cut_off(reason.name)
        if self._caller is not None or reason in MQTTConnAckPacket.allowed_reason_codes:
            self._leave(farewell(reason, self._words(words), is_connected=self._caller is not None))
        else:
            self._close()

    def _leave(self, last: bytes) -> None:
        self._transport.write(last)
        self._close()

    def _close(self) -> None:
        """Close once all is sent; whoever does not read it is not waited for."""
        self._transport.close()
        if self._watch is not None:
            self._watch.cancel()
        self._watch = asyncio.get_running_loop().call_later(FAREWELL_S, self.abort)

    def abort(self) -> None:
        """Close at once."""
        if not self.is_over:
            self._transport.abort()

    def taken_over(self, goes_on: bool) -> None:
        """Another connection has the session now.

        Args:
            goes_on: whether the session does: then a will that waits is not done, for the device is here.
        """
        self._session = None
        if goes_on and self._will is not None and self._will.properties.get(PropertyType.WILL_DELAY_INTERVAL, 0):
            self._will = None
        self._refuse(ReasonCode.SESSION_TAKEN_OVER, "another connection has this client identifier")

    def _revoked(self) -> None:
        self._refuse(ReasonCode.NOT_AUTHORIZED, "the token of this connection has been deleted")

    async def end(self) -> None:
        """Acknowledge what was taken, and say goodbye: the server ends."""
        if self._transport is None or self.is_over:
            return
        self._reads = False
        if not self._transport.is_closing():
            self._transport.pause_reading()
        while not (self.is_over or self._inbox is None or self._inbox.is_empty):
            await asyncio.sleep(0.01)
        self._is_goodbye = True  # the device has not gone: the server has
        self._refuse(ReasonCode.SERVER_SHUTTING_DOWN, "the server is stopping")

    def _later(self, work: Any) -> None:
        task = asyncio.ensure_future(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Any) -> None:
        try:
            await work
        except Exception as error:
            problem = problem_of(error)
            self._refuse(ReasonCode.UNSPECIFIED_ERROR, problem.detail)
