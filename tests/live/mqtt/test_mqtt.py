"""The door for MQTT: what an acknowledgement means, who may what, desired settings, and clients that break rules."""

import asyncio
import logging
import logging.config
import socket
import ssl
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mqtt_makers import (
    WAIT_S,
    Client,
    certificate,
    connect_packet,
    exchange,
    packet,
    packets_of,
    publish_packet,
    serving,
    text,
    until,
    update,
)

from twinhop.live import Entry, Kind
from twinhop.live.gateway.gateway import DoorLimits
from twinhop.live.gateway.problems import Problem
from twinhop.live.mqtt import connection, door, inbox
from twinhop.live.mqtt.frames import Frames, Malformed, TooLarge
from twinhop.live.mqtt.payloads import updates_of
from twinhop.live.mqtt.topics import parse_topic
from twinhop.live.sqlite import open_folder

CONNACK, PUBACK, DISCONNECT = 0x20, 0x40, 0xE0
ROOMY = 2**40


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    limits = DoorLimits(body_bytes=10_000, window=20)
    with serving(tmp_path_factory.mktemp("mqtt") / "twins", limits) as started:
        yield started


def desire(served, twin, version, **values):
    entry = Entry(Kind.DESIRED, twin, facts={"version": version, "values": values})
    assert not served.host.submit_and_wait([entry]).result(WAIT_S)[0].refused


def test_an_acknowledgement_comes_from_disk(tmp_path):
    gate = threading.Event()
    gate.set()
    with serving(tmp_path / "twins", gate=gate) as served:
        client = Client(served)
        gate.clear()
        for seq in (1, 2, 3):
            client.publish("twins/car-1/updates", update(seq))
        time.sleep(0.2)
        assert not client.of("published")
        gate.set()
        client.wait("published", 3)
        journal = served.host._engine.journal
        assert sum(b"car-1" in record for _, record in journal.read(0, 100)) >= 4
        client.leave()
    with open_folder(tmp_path / "twins") as folder:
        records = [record for _, record in folder.engine.journal.read(folder.engine.journal.mark, 100)]
        assert len(records) == 5  # two twins, three updates


def test_what_is_in_flight_when_a_connection_breaks_comes_again_and_counts_once(tmp_path):
    gate = threading.Event()
    gate.set()
    with serving(tmp_path / "twins", gate=gate) as served:
        client = Client(served)
        gate.clear()
        for seq in (1, 2, 3):
            client.publish("twins/car-1/updates", update(seq))
        connected = until(lambda: [each for each in served.door.connections if len(each._in_flight) == 3])[0]
        served._loop.call_soon_threadsafe(connected.abort)
        client.wait("left")
        gate.set()  # the first ones are written, too
        client.wait("published", 3)
        assert {each[2] for each in client.of("published")} == {"Success"} and len(client.of("connected")) == 2
        counts = served.host.ask("car-1", lambda fold: dict(fold.counts)).result(WAIT_S)
        assert counts["applied"] == 3 and counts["duplicate"] == 3 and served.seq("car-1") == 3
        client.leave()


def test_answers_come_in_the_order_of_messages_and_say_why(served):
    client = Client(served)
    sent = [
        client.publish("twins/car-1/updates", update(1)),
        client.publish("twins/car-1/updates", f"[{update(2)}, {update(3)}]"),
        client.publish("twins/car-1/updates", '{"seq": "x", "values": {}}'),
        client.publish("twins/car-1/updates", '{"seq": 9, "values": {"height": 1.0}}'),
        client.publish("twins/nobody/updates", update(1)),
        client.publish("elsewhere", update(1)),
        client.publish("twins/car-1/updates", update(4)),
    ]
    client.wait("published", len(sent))
    assert [each[1] for each in client.of("published")] == sent
    codes = [each[2] for each in client.of("published")]
    bad, none = "Payload format invalid", "Topic name invalid"
    assert codes == ["Success", "Success", bad, bad, none, none, "Success"]
    whys = [each[3] for each in client.of("published")]
    assert "height" in whys[3] and "no such twin" in whys[4] and "twins/ID/updates" in whys[5]
    assert served.seq("car-1") == 4
    client.leave()


def test_msgpack_and_lists(served):
    import msgspec

    client = Client(served)
    body = [{"seq": seq, "values": [float(seq), 0.0, 1.0], "observed_s": 1e9 + seq} for seq in range(1, 6)]
    client.publish("twins/car-2/updates", msgspec.msgpack.encode(body))
    assert client.wait("published")[2] == "Success" and served.seq("car-2") == 5
    client.leave()


def test_a_device_has_its_own_twin_alone(served):
    client = Client(served, "car-1")
    client.publish("twins/car-2/updates", update(50))
    client.publish("twins/car-1/updates", update(5))
    client.wait("published", 2)
    assert [each[2] for each in client.of("published")] == ["Not authorized", "Success"]
    assert served.seq("car-2") == 5
    assert client.subscribe("twins/car-2/desired") == ["Not authorized"]
    assert client.subscribe("twins/+/desired") == ["Not authorized"]
    client.leave()


@pytest.mark.parametrize(
    ("filter_", "code"),
    [
        ("twins/+/desired", 0xA2),
        ("#", 0xA2),
        ("$share/g/twins/car-1/desired", 0x9E),
        ("twins/car-1/updates", 0x8F),
        ("other", 0x8F),
        ("twins/car-1/desired", 0x01),
    ],
)
def test_what_may_be_subscribed_to(served, filter_, code):
    subscribe = packet(0x82, b"\x00\x07\x00" + text(filter_) + b"\x01")
    answer, _ = exchange(served, connect_packet(served.tokens["admin"]), subscribe, packets=2)
    suback = next(body for kind, body in packets_of(answer) if kind == 0x90)
    assert suback == b"\x00\x07\x00" + bytes([code])


def test_wrong_tokens(served):
    for token in ("wrong", "", served.tokens["admin"] + "x"):
        answer, is_over = exchange(served, connect_packet(token))
        assert is_over and [kind for kind, _ in packets_of(answer)] == [CONNACK] and answer[3] == 0x86


def test_desired_settings_reach_devices(served):
    desire(served, "car-1", 1, period_s=5)
    client = Client(served, client_id="wish", expiry_s=100)
    assert client.subscribe("twins/car-1/desired") == ["Granted QoS 1"]
    assert client.wait("message")[2] == b'{"version": 1, "values": {"period_s": 5}}'
    desire(served, "car-1", 2, period_s=6)
    assert b'"version": 2' in client.wait("message", 2)[2]
    session = next(each for each in served.door.sessions.values() if each.client_id == "wish")
    until(lambda: all(each.version == 2 for each in session.subscriptions.values()))
    client.leave()
    desire(served, "car-1", 3, period_s=7)
    desire(served, "car-1", 4, period_s=8)
    again = Client(served, client_id="wish", expiry_s=100, clean=False)
    assert again.wait("connected")[2] and b'"version": 4' in again.wait("message")[2]
    time.sleep(0.1)
    assert len(again.of("message")) == 1  # the newest alone, once
    third = Client(served, client_id="wish", clean=True)
    assert again.wait("left")[1] == "Session taken over" and not third.wait("connected")[2]
    again.leave()
    third.leave()


def test_nobody_takes_over_the_session_of_another_caller(served):
    first = Client(served, client_id="same")
    second = Client(served, "car-1", client_id="same")
    first.publish("twins/car-1/updates", update(6))
    assert first.wait("published")[2] == "Success" and not first.of("left")
    first.leave()
    second.leave()


def test_tokens_of_one_name_have_sessions_of_their_own(served):
    tokens = served.gateway.tokens
    first, second = (tokens.make("a car", [f"device:car-{number}"])[0] for number in (1, 2))
    kept = Client(served, first, client_id="named", expiry_s=100)
    assert kept.subscribe("twins/car-1/desired") == ["Granted QoS 1"]
    kept.leave()
    other = Client(served, second, client_id="named", clean=False)
    assert not other.wait("connected")[2]
    other.leave()


def test_a_connection_ends_with_its_token_and_its_will_is_not_done(served):
    text, made = served.gateway.tokens.make("a car", ["device:car-2"])
    client = Client(served, text, client_id="revoked", will=("twins/car-2/status", "gone"))
    staying = Client(served, client_id="staying")
    staying.publish("twins/car-2/status", "here")
    staying.wait("published")
    assert asyncio.run_coroutine_threadsafe(served.gateway.revoke(made.id), served._loop).result(WAIT_S)
    assert client.wait("left")[1] == "Not authorized"
    client.end()
    until(lambda: len(served.door.connections) == 1 and not served.door._tasks)
    staying.publish("twins/car-2/updates", update(7))
    assert staying.wait("published", 2)[2] == "Success" and not staying.of("left")
    assert served.attributes("car-2") == {"status": "here"}
    staying.leave()


def delayed(served):
    """Goes without a word, and leaves a will that waits."""
    flags = 0xCC  # user name, password, will of QoS 1; the session goes on
    body = text("MQTT") + bytes([5, flags]) + b"\x00\x3c" + b"\x05\x11" + (100).to_bytes(4, "big") + text("delayed")
    body += b"\x05\x18" + (50).to_bytes(4, "big") + text("twins/car-2/status") + text("left")
    body += text("any") + text(served.tokens["admin"])
    exchange(served, packet(0x10, body), packets=1)


def test_wills_that_wait_do_not_pile_up(served):
    for _ in range(3):
        delayed(served)
    session = until(lambda: next((each for each in served.door.sessions.values() if each.client_id == "delayed"), None))
    until(lambda: session.will is not None)
    timers = [each for each in served._loop._scheduled if getattr(each._callback, "__name__", "") == "do_will"]
    assert len([each for each in timers if not each.cancelled()]) == 1
    assert served.attributes("car-2")["status"] != "left"
    back = Client(served, client_id="delayed")  # begins anew: the old session ends, and its will is done at once
    until(lambda: served.attributes("car-2")["status"] == "left")
    back.leave()


def test_a_status_leaves_attributes_that_change_meanwhile(served):
    gateway, host = served.gateway, served.host

    async def meanwhile():
        caller = gateway.caller(served.tokens["admin"])
        async with gateway.attribute_lock("car-2"):  # as whoever puts attributes does
            status = asyncio.create_task(served.door.set_status(caller, "car-2", "here"))
            await asyncio.sleep(0.05)
            assert not status.done()
            change = Entry(Kind.ATTRIBUTES, "car-2", facts={"attributes": {"wheels": 6}})
            await asyncio.wrap_future(host.submit_and_wait([change]))
        await status

    asyncio.run_coroutine_threadsafe(meanwhile(), served._loop).result(WAIT_S)
    assert served.attributes("car-2") == {"wheels": 6, "status": "here"}


def test_a_token_has_no_more_sessions_than_connections(tmp_path):
    with serving(tmp_path / "twins", DoorLimits(connections_per_caller=2)) as served:
        for number in range(4):
            Client(served, "car-1", client_id=f"c{number}", expiry_s=100).leave()
            until(lambda: not served.door.connections)
        assert len(served.door.sessions) == 2
        Client(served, "admin", client_id="c9", expiry_s=100).leave()
        until(lambda: not served.door.connections)
        assert len(served.door.sessions) == 3
        for number in range(2):  # they end when they are taken up and given up
            Client(served, "car-1", client_id=f"c{number}").leave()
            until(lambda: not served.door.connections)
        assert {each.client_id for each in served.door.sessions.values()} == {"c9"}
        assert len(served.door._sessions_of) == 1


def test_a_status_that_the_twin_refuses_is_not_acknowledged(served):
    entry = Entry(Kind.ATTRIBUTES, "car-2", facts={"attributes": {f"a{at}": at for at in range(256)}})
    assert not served.host.submit_and_wait([entry]).result(WAIT_S)[0].refused
    client = Client(served)
    client.publish("twins/car-2/status", "here")
    assert client.wait("published")[2] == "Payload format invalid"
    client.leave()
    entry = Entry(Kind.ATTRIBUTES, "car-2", facts={"attributes": {}})
    served.host.submit_and_wait([entry]).result(WAIT_S)


def test_messages_that_wait_have_bounds_in_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(inbox, "MOST_BYTES", 10_000)
    gate = threading.Event()
    gate.set()
    with serving(tmp_path / "twins", gate=gate) as served:
        client = Client(served)
        gate.clear()
        for seq in range(1, 101):
            client.publish("twins/car-1/updates", update(seq) + " " * 2_000)
        until(lambda: any(not each._reads for each in served.door.connections))
        gate.set()
        client.wait("published", 100)
        client.leave()


def test_a_will_is_done_where_a_device_goes_without_a_word(served):
    client = Client(served, "car-1", will=("twins/car-1/status", "gone"))
    client.publish("twins/car-1/status", "here")
    client.wait("published")
    assert served.attributes("car-1") == {"status": "here"}
    client.vanish()
    until(lambda: served.attributes("car-1") == {"status": "gone"})
    client = Client(served, "car-1", will=("twins/car-1/status", "gone again"))
    client.leave()
    time.sleep(0.1)
    assert served.attributes("car-1") == {"status": "gone"}


def test_without_room_nothing_is_acknowledged_and_nothing_dropped(tmp_path):
    room = [ROOMY]
    with serving(tmp_path / "twins", room=room) as served:
        client = Client(served)
        room[0] = 0
        until(lambda: served.host.trouble)
        sent = [client.publish("twins/car-1/updates", update(seq)) for seq in (1, 2, 3)]
        time.sleep(0.3)
        assert not client.of("published") and not client.of("left")
        room[0] = ROOMY
        client.wait("published", 3)
        assert [each[1:3] for each in client.of("published")] == [(mid, "Success") for mid in sent]
        assert served.seq("car-1") == 3
        client.leave()


def test_who_is_not_listened_to_is_not_silent(tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "PATIENCE", 0.2)
    room = [ROOMY]
    with serving(tmp_path / "twins", room=room) as served:
        room[0] = 0
        until(lambda: served.host.trouble)
        with socket.create_connection(("127.0.0.1", served.port), timeout=WAIT_S) as raw:
            raw.sendall(connect_packet(served.tokens["admin"], keep_alive=1))
            raw.sendall(publish_packet("twins/car-1/updates", update(1), 7))
            time.sleep(0.6)  # three times what a silent client stays
            room[0] = ROOMY
            answer = b""
            while got := raw.recv(65_536):
                answer += got
        kinds = packets_of(answer)
        assert [kind for kind, _ in kinds] == [CONNACK, PUBACK, DISCONNECT]
        assert kinds[1][1] == b"\x00\x07" and kinds[2][1][0] == 0x8D


@pytest.mark.parametrize(("options", "first", "later"), [(0x01, 0x33, 0x32), (0x09, 0x33, 0x33)])
def test_the_present_settings_are_retained_and_changes_as_asked_for(served, options, first, later):
    twin = f"kept-{options}"
    asyncio.run_coroutine_threadsafe(served.gateway.create(twin), served._loop).result(WAIT_S)
    desire(served, twin, 1, period_s=1)
    subscribe = packet(0x82, b"\x00\x07\x00" + text(f"twins/{twin}/desired") + bytes([options]))
    with socket.create_connection(("127.0.0.1", served.port), timeout=WAIT_S) as raw:
        raw.sendall(connect_packet(served.tokens["admin"]) + subscribe)
        answer = b""
        for version in (1, 2, 3):
            if version > 1:
                desire(served, twin, version, period_s=version)
            while f'"version": {version},'.encode() not in answer:
                answer += raw.recv(65_536)
    kinds = [kind for kind, _ in packets_of(answer)]
    assert kinds == [CONNACK, 0x90, first, later, later]  # QoS 1, with the flag of retained messages or without


def test_no_token_is_in_the_log_at_any_level(served, caplog):
    caplog.set_level(logging.DEBUG)
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False})  # enables what was disabled
    token = served.tokens["admin"]
    client = Client(served, will=("twins/car-1/status", "gone"))
    client.publish("twins/car-1/updates", update(1))
    client.wait("published")
    client.leave()
    exchange(served, connect_packet(f"{token}x"))
    exchange(served, connect_packet(token, properties=b"\x15\x00\x01a"))
    exchange(served, connect_packet(token)[:-1] + b"\xff", packet(0xC0, b""))
    exchange(served, connect_packet(token), packet(0x30, b"\x00\x50" + token.encode()))
    logging.getLogger("moat.lib.mqtt").error("would be seen")
    written = " ".join(f"{each.getMessage()} {each.args} {each.exc_text}" for each in caplog.records)
    assert written and token not in written and "would be seen" not in written


def test_other_authentication_is_refused(served):
    answer, is_over = exchange(served, connect_packet(served.tokens["admin"], properties=b"\x15\x00\x01a"))
    assert is_over and answer[0] == CONNACK and answer[3] == 0x8C


def test_tls(tmp_path, monkeypatch):
    monkeypatch.setattr(door, "HANDSHAKE_S", 0.3)
    context, authority = certificate(tmp_path)
    with serving(tmp_path / "twins", tls=context) as served:
        trusting = ssl.create_default_context(cafile=str(authority))
        client = Client(served, trusting=trusting)
        sent = [client.publish("twins/car-1/updates", update(seq)) for seq in range(1, 21)]
        client.wait("published", 20)
        assert [each[1:3] for each in client.of("published")] == [(mid, "Success") for mid in sent]
        assert served.seq("car-1") == 20
        answer, is_over = exchange(served, connect_packet(served.tokens["admin"]))
        assert is_over and CONNACK not in [kind for kind, _ in packets_of(answer)]
        assert exchange(served) == (b"", True)  # a handshake that never comes
        served.close()
        assert client.wait("left")[1] == "Server shutting down"
        client.end()


def test_who_does_not_read_its_farewell_is_not_waited_for(served, monkeypatch):
    monkeypatch.setattr(connection, "FAREWELL_S", 0.2)
    monkeypatch.setattr(connection, "WRITE_BYTES", 2**30)
    subscribe = packet(0x82, b"\x00\x07\x00" + text("twins/car-1/desired") + b"\x01")
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        raw.connect(("127.0.0.1", served.port))
        raw.sendall(connect_packet(served.tokens["admin"], client_id="deaf") + subscribe)
        mine = until(lambda: [each for each in served.door.connections if each._session is not None][-1:])[0]
        served._loop.call_soon_threadsafe(mine._write, bytes(2**23))
        raw.sendall(b"\xf0\x02\x18\x00")
        until(lambda: mine not in served.door.connections, 3.0)


def test_the_end_of_the_server(tmp_path):
    with serving(tmp_path / "twins") as served:
        client = Client(served, will=("twins/car-1/status", "gone"))
        client.publish("twins/car-1/updates", update(1))
        client.wait("published")
        served.close()
        assert client.wait("left")[1] == "Server shutting down"
        assert served.attributes("car-1") == {}
        client.end()


CONNECTED = "connected"
BROKEN = {
    "qos 2": ([CONNECTED, packet(0x34, text("twins/car-1/updates") + b"\x00\x01\x00{}")], 0x9B),
    "more in flight than allowed": (
        [CONNECTED, b"".join(publish_packet("twins/car-1/updates", update(90 + at), at + 1) for at in range(40))],
        0x93,
    ),
    "a packet identifier twice": ([CONNECTED, 2 * publish_packet("twins/car-1/updates", update(90), 1)], 0x82),
    "a packet identifier of 0": ([CONNECTED, publish_packet("twins/car-1/updates", update(90), 0)], 0x82),
    "a length of five bytes": ([CONNECTED, b"\x30\xff\xff\xff\xff\x01"], 0x81),
    "too large": ([CONNECTED, b"\x30\xff\xff\xff\x7f" + bytes(100)], 0x95),
    "a topic alias": ([CONNECTED, packet(0x30, text("twins/car-1/updates") + b"\x03\x23\x00\x01{}")], 0x94),
    "a second connect": ([CONNECTED, CONNECTED], 0x82),
    "an unknown packet": ([CONNECTED, b"\x00\x00"], 0x82),
    "an acknowledgement of nothing": ([CONNECTED, b"\x40\x02\x00\x05"], 0x82),
    "another authentication": ([CONNECTED, packet(0xF0, b"\x18\x00")], 0x82),
    "a subscription identifier": (
        [CONNECTED, packet(0x82, b"\x00\x07\x02\x0b\x05" + text("twins/car-1/desired") + b"\x01")],
        0xA1,
    ),
    "a topic that is longer than its packet": ([CONNECTED, packet(0x32, b"\x00\x50twins/car-1/updates")], 0x81),
    "a filter that is longer than its packet": ([CONNECTED, packet(0x82, b"\x00\x07\x00\x00\x50twins")], 0x81),
    "properties that are longer than their packet": ([CONNECTED, packet(0x30, text("a") + b"\x70\x03\x00")], 0x81),
    "more than a packet": ([CONNECTED, packet(0xC0, b"\x00")], 0x81),
    "no text": ([CONNECTED, packet(0x32, b"\x00\x02\xff\xfe\x00\x01\x00{}")], 0x81),
    "packets cut at the wrong place": ([CONNECTED, packet(0x32, b"\x00\x50twins"), 3 * packet(0xC0, b"")], 0x81),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_client_that_breaks_a_rule_is_told_and_left_alone(served, broken):
    parts, code = BROKEN[broken]
    other = Client(served, client_id="other")
    sent = [connect_packet(served.tokens["admin"]) if each == CONNECTED else each for each in parts]
    answer, is_over = exchange(served, *sent)
    assert is_over
    kind, body = packets_of(answer)[-1]
    assert kind == DISCONNECT and body[0] == code
    other.publish("twins/car-1/updates", update(7))
    other.wait("published")
    assert not other.of("left")
    other.leave()


@pytest.mark.parametrize(
    ("first", "answer"),
    [
        (packet(0x10, text("MQTT") + bytes([4, 2, 0, 60]) + text("old")), b"\x20\x02\x00\x01"),
        (packet(0x10, text("MQIsdp") + bytes([3, 2, 0, 60]) + text("old")), b"\x20\x02\x00\x01"),
        (packet(0x10, text("MQTT") + bytes([6, 2, 0, 60, 0]) + text("new")), b"\x20\x03\x00\x84\x00"),
        (packet(0xF0, b"\x18\x00"), b""),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b""),
        (publish_packet("twins/car-1/updates", update(1)), b""),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b""),
    ],
)
def test_other_protocols(served, first, answer):
    given_back, is_over = exchange(served, first)
    assert is_over and given_back.startswith(answer)


@settings(max_examples=60)
@given(data=st.data())
def test_frames_are_the_same_however_they_arrive(data):
    bodies = data.draw(st.lists(st.binary(max_size=300), max_size=6))
    stream = b"".join(packet(0x30, body) for body in bodies)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    frames, out = Frames(400), b""
    for start, stop in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        out += b"".join(frames.feed(stream[start:stop]))
    assert out == stream


def test_frames_have_bounds():
    with pytest.raises(TooLarge):
        Frames(100).feed(packet(0x30, bytes(99)))
    with pytest.raises(Malformed):
        Frames(100).feed(b"\x30\xff\xff\xff\xff\x00")


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"\x90", b"\xc1", b"null", b"[" * 100_000, b"[1]", b'{"seq": 1}', b"\xff\xfe"]
)
def test_payloads_that_are_no_updates(payload):
    with pytest.raises(Problem) as caught:
        updates_of(payload, None)
    assert caught.value.code == "bad-request"


@pytest.mark.parametrize(
    "topic",
    ["", "twins", "twins//updates", "twins/+/updates", "twins/a#/updates", "twins/a/b/updates", "twins/\0/updates"],
)
def test_topics_that_are_none(topic):
    assert parse_topic(topic) is None


@pytest.fixture(scope="module")
def served_quietly(served):
    """Connections without a socket, in an event loop of their own that is run between the bytes."""
    import asyncio

    from twinhop.live.mqtt.connection import Connection
    from twinhop.live.mqtt.door import MqttDoor

    class Transport:
        def __init__(self):
            self.written, self._closed = bytearray(), False

        def write(self, data):
            assert not self._closed
            self.written += data

        def close(self):
            self._closed = True

        def is_closing(self):
            return self._closed

        def set_write_buffer_limits(self, high):
            pass

        pause_reading = resume_reading = lambda self: None

    loop = asyncio.new_event_loop()
    failures = []
    loop.set_exception_handler(lambda _, context: failures.append(context))

    def make():
        door = MqttDoor(served.gateway)
        transport = Transport()

        async def made():
            connection = Connection(door)
            connection.connection_made(transport)
            return connection

        connection = loop.run_until_complete(made())
        inner = connection.data_received

        def received(data):
            async def run():
                inner(data)
                await asyncio.sleep(0)

            loop.run_until_complete(run())

        connection.data_received = received
        return served, connection, transport

    yield make
    pending = asyncio.all_tasks(loop)
    for each in pending:
        each.cancel()
    loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
    loop.close()
    assert not failures


@settings(max_examples=150)
@given(data=st.data())
def test_bytes_that_are_no_packets_end_their_connection_alone(served_quietly, data):
    """Valid packets with bytes changed, cut and joined: never an exception, never an answer to somebody else."""
    served, connection, transport = served_quietly()
    stream = bytearray(
        connect_packet(served.tokens["admin"])
        + packet(0x82, b"\x00\x07\x00" + text("twins/car-1/desired") + b"\x01")
        + publish_packet("twins/car-1/updates", update(1), 9)
        + packet(0xC0, b"")
    )
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(stream) - 1))
        match data.draw(st.sampled_from(("change", "remove", "add"))):
            case "change":
                stream[at] = data.draw(st.integers(0, 255))
            case "remove":
                del stream[at : at + data.draw(st.integers(1, 5))]
            case "add":
                stream[at:at] = data.draw(st.binary(min_size=1, max_size=5))
        if not stream:
            return
    cut = data.draw(st.integers(0, len(stream)))
    connection.data_received(bytes(stream[:cut]))
    if not transport.is_closing():
        connection.data_received(bytes(stream[cut:]))
    assert len(stream) < 10_000 and transport.is_closing() in (True, False)
