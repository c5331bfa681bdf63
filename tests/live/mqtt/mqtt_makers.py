"""A door that runs in a thread, and clients of it: paho, and bare bytes written by hand from the standard."""

import asyncio
import socket
import ssl
import struct
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import paho.mqtt.client as paho
import trustme
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from twinhop.live import Host, Limits
from twinhop.live.gateway import Gateway, Tokens
from twinhop.live.gateway.gateway import DoorLimits
from twinhop.live.mqtt import MqttDoor
from twinhop.live.sqlite import open_folder

WAIT_S = 10.0


class Served:
    """A door in a thread of its own.

    Attributes:
        port: where it listens.
        host: behind it.
        gateway: between.
        tokens: by name: ``admin``, and ``car-1`` of that twin alone.
    """

    def __init__(self, folder, host, limits, tls=None):
        tokens = Tokens(folder / "tokens.json")
        self.tokens = {"admin": tokens.make("admin", ["admin"])[0], "car-1": tokens.make("car-1", ["device:car-1"])[0]}
        self.host, self.gateway = host, Gateway(host, tokens, limits=limits)
        self._tls = tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        assert self._started.wait(WAIT_S)

    async def _run(self):
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        self.door = MqttDoor(self.gateway, self._tls)
        await self.door.start(self._listening)
        for twin in ("car-1", "car-2"):
            await self.gateway.create(twin)
        self._started.set()
        await self._ended.wait()
        await self.door.close(5.0)

    def close(self):
        if not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(WAIT_S)

    def seq(self, twin):
        return self.host.ask(twin, lambda fold: fold.twin.seq).result(WAIT_S)

    def attributes(self, twin):
        return self.host.ask(twin, lambda fold: dict(fold.twin.attributes)).result(WAIT_S)


@contextmanager
def serving(folder, limits=None, room=None, gate=None, tls=None):
    """A door on a folder.

    Args:
        folder: of the twins.
        limits: of doors.
        room: a list with the bytes that are free.
        gate: an event that writes of the journal wait for.
        tls: context of a certificate.
    """
    with open_folder(folder) as opened:
        engine = opened.engine
        if room is not None:
            engine = replace(engine, free_bytes=lambda: room[0])
        if gate is not None:
            append = engine.journal.append

            def held(records):
                gate.wait(WAIT_S)
                return append(records)

            engine.journal.append = held
        hearing = []
        with Host(engine, Limits(), listen=lambda told: [each(told) for each in hearing]) as host:
            served = Served(folder, host, limits or DoorLimits(), tls)
            hearing.append(served.gateway.folded)
            try:
                yield served
            finally:
                served.close()


class Client:
    """paho, with what happened in order."""

    def __init__(self, served, token="admin", client_id="device", clean=True, expiry_s=0, will=None, trusting=None):
        self.events = []
        client = self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=client_id, protocol=paho.MQTTv5)
        client.username_pw_set("any", served.tokens.get(token, token))
        client.on_connect = lambda _, __, flags, code, ___: self.events.append(
            ("connected", str(code), flags.session_present)
        )
        client.on_publish = lambda _, __, mid, code, more: self.events.append(
            ("published", mid, str(code), getattr(more, "ReasonString", ""))
        )
        client.on_message = lambda _, __, message: self.events.append(("message", message.topic, message.payload))
        client.on_subscribe = lambda _, __, mid, codes, ___: self.events.append(("subscribed", [str(c) for c in codes]))
        client.on_disconnect = lambda _, __, ___, code, ____: self.events.append(("left", str(code)))
        if trusting is not None:
            client.tls_set_context(trusting)
        if will is not None:
            client.will_set(*will, qos=1)
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = expiry_s
        client.connect("127.0.0.1", served.port, clean_start=clean, properties=properties)
        client.loop_start()
        self.wait("connected")

    def publish(self, topic, payload, qos=1):
        return self._client.publish(topic, payload, qos=qos).mid

    def subscribe(self, topic, qos=1):
        self._client.subscribe(topic, qos=qos)
        return self.wait("subscribed")[1]

    def wait(self, kind, number=1):
        """The so manyth event of a kind."""
        return until(lambda: found[number - 1] if len(found := self.of(kind)) >= number else None)

    def of(self, kind):
        return [each for each in self.events if each[0] == kind]

    def leave(self):
        self._client.disconnect()
        self.end()

    def end(self):
        self._client.loop_stop()
        self._client._reset_sockets()

    def vanish(self):
        """Go without a word."""
        self._client._sock.shutdown(socket.SHUT_RDWR)
        self.end()


def until(look, wait_s=WAIT_S):
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline:
        result = look()
        if result:
            return result
        time.sleep(0.005)
    raise AssertionError(f"not within {wait_s} s: {look()}")


def update(seq, x=1.0):
    return f'{{"seq": {seq}, "values": {{"position": [{x}, 2.0]}}}}'


# --- bytes by hand, from the standard


def text(value):
    return struct.pack(">H", len(value)) + value.encode()


def packet(kind, body):
    length, size = b"", len(body)
    while True:
        size, digit = divmod(size, 128)
        length += bytes([digit | (0x80 if size else 0)])
        if not size:
            return bytes([kind]) + length + body


def connect_packet(token, client_id="raw", keep_alive=60, properties=b"", flags=0xC2):
    body = text("MQTT") + bytes([5, flags]) + struct.pack(">H", keep_alive) + bytes([len(properties)]) + properties
    return packet(0x10, body + text(client_id) + text("any") + text(token))


def publish_packet(topic, payload, packet_id=None, flags=0):
    qos = 0 if packet_id is None else 2
    head = text(topic) + (b"" if packet_id is None else struct.pack(">H", packet_id)) + b"\x00"
    return packet(0x30 | qos | flags, head + payload.encode())


def exchange(served, *parts, packets=None):
    """What comes back until the server leaves, or so many packets have come; and whether it left."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=WAIT_S) as raw:
        for each in parts:
            raw.sendall(each)
        answer = b""
        try:
            while packets is None or len(packets_of(answer)) < packets:
                got = raw.recv(65_536)
                if not got:
                    return answer, True
                answer += got
        except ConnectionError:
            return answer, True
        return answer, False


def packets_of(answer):
    """Kind and body of each packet."""
    found = []
    while len(answer) > 1:
        size, at, shift = 0, 1, 0
        while at < len(answer):
            size |= (answer[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if not answer[at - 1] & 0x80:
                break
        found.append((answer[0], answer[at : at + size]))
        answer = answer[at + size :]
    return found


def certificate(folder):
    """A server's context with a certificate for this machine, and the file of who issued it."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    path = folder / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return context, path
