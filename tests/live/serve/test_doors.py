"""A server under clients that are slow, greedy, or not who they say: it answers each with a problem, and goes on."""

import json
import socket
import ssl
import threading
import time
from contextlib import contextmanager

import msgspec
import pytest

pytest.importorskip("uvicorn")

import httpx
import trustme
from serve_makers import ADMIN, WAIT_S, served
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from twinhop.errors import InputError

LIMITS = {"body_bytes": 20_000, "batch": 100, "window": 50, "receive_s": 1.0, "connections": 12}
UPDATE = {"seq": 1, "values": {"position": [1.0, 2.0], "load": 1.0}}


@pytest.fixture(scope="module")
def at(tmp_path_factory):
    with (
        pytest.MonkeyPatch.context() as patch,
        served(tmp_path_factory.mktemp("serve"), patch, doors=LIMITS) as running,
    ):
        assert running.client.put("/v1/twins/car-1", json={}).status_code == 201
        yield running


def raw(at):
    return socket.create_connection(("127.0.0.1", at.port), timeout=10)


def rest(connection):
    """All that comes until the server ends the connection."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def token(at, *scopes):
    answer = at.client.post("/v1/tokens", json={"name": "of a test", "scopes": list(scopes)})
    assert answer.status_code == 201, answer.text
    return answer.json()["token"]


def head(path="/v1/twins/car-1/updates", more=""):
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN}\r\n{more}".encode()


@pytest.mark.parametrize("sent", [b"", b"POST /v1/tw", head(), head(more="Content-Length: 50\r\n\r\n{")])
def test_who_is_slow_is_told_and_left(at, sent):
    with raw(at) as connection:
        began = time.monotonic()
        connection.sendall(sent)
        answer = rest(connection)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"/problems/timeout" in answer
    assert 0.5 < time.monotonic() - began < 8


def test_a_byte_now_and_then_buys_no_time(at):
    with raw(at) as connection:
        began = time.monotonic()
        try:
            for byte in head() * 3:
                connection.sendall(bytes([byte]))
                time.sleep(0.05)
                if time.monotonic() - began > 6:
                    break
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert time.monotonic() - began < 5


def endless_head():
    yield b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Long: "
    yield from [b"a" * 8_192] * 20


def many_headers():
    yield b"GET /health/live HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: 1\r\n" % at for at in range(200)) + b"\r\n"


@pytest.mark.parametrize("parts", [endless_head, many_headers])
def test_a_head_is_bounded(at, parts):
    with raw(at) as connection:
        try:
            for part in parts():
                connection.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert rest(connection)[:12] in (b"HTTP/1.1 431", b"")
    assert at.client.get("/health/live").status_code == 200


def test_a_body_is_counted_while_it_comes(at):
    with raw(at) as connection:
        connection.sendall(head(more="Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n"))
        try:
            for _ in range(200):
                connection.sendall(b"3e8\r\n" + b" " * 1_000 + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert rest(connection)[:12] in (b"HTTP/1.1 413", b"")
    answer = at.client.post("/v1/twins/car-1/updates", content=b" " * 30_000)
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")


@pytest.mark.parametrize(
    "garbage", [b"\x16\x03\x01\x02\x00" * 9, b"\x00" * 40, b"GET\r\n\r\n", b"\x10\x0c\x00\x04MQTT\x05"]
)
def test_garbage_ends_its_own_connection(at, garbage):
    with raw(at) as other, raw(at) as connection:
        connection.sendall(garbage)
        assert rest(connection)[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 408")
        other.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert rest(other).startswith(b"HTTP/1.1 200")


def test_so_many_connections_and_no_more(at):
    connections = [raw(at) for _ in range(LIMITS["connections"] + 3)]
    try:
        time.sleep(0.2)
        refused = [each for each in connections if _comes(each)]
        assert 0 < len(refused) <= 5
        assert b"HTTP/1.1 503" in refused[0].recv(1_000)
    finally:
        for each in connections:
            each.close()
    assert at.client.get("/health/live").status_code == 200


def _comes(connection):
    connection.settimeout(0.05)
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except TimeoutError:
        return False


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"updates": []}, "bad-request"),
        ({"updates": [UPDATE] * 101}, "too-large"),
        ({"updates": [{"seq": 1, "values": [1.0]}]}, "bad-request"),
        ({"updates": [{"seq": 1, "values": {"speed": 1.0}}]}, "bad-request"),
        ({"updates": [{"seq": 1, "values": {"load": "much"}}]}, "bad-request"),
        ({"updates": [{"seq": 1, "values": {"load": float("nan")}}]}, "bad-request"),
        ({"updates": [{"seq": 1, "values": [float("inf"), 1.0, 1.0]}]}, "bad-request"),
        ({"updates": [{"seq": 1, "values": {}, "observed_s": float("inf")}]}, "bad-request"),
    ],
)
def test_what_cannot_be_taken_is_a_problem_in_json_and_msgpack(at, body, code):
    packed = at.client.post(
        "/v1/twins/car-1/updates", content=msgspec.msgpack.encode(body), headers={"Content-Type": "application/msgpack"}
    )
    plain = at.client.post(
        "/v1/twins/car-1/updates", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    for answer in (packed, plain):
        assert answer.json()["type"] == f"/problems/{code}", answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert "\n" not in answer.json()["detail"]


def test_unknown_twins_leave_nothing_behind(at):
    before = at.client.get("/v1/twins").json()
    for first in range(0, 3_000, 100):
        updates = [{"twin": f"nobody-{first + each}", **UPDATE} for each in range(100)]
        answer = at.client.post("/v1/updates", json={"updates": updates}).json()
        assert answer["count"] == 0
        assert {each["code"] for each in answer["refused"]} == {"unknown-twin"}
    assert at.client.get("/v1/twins").json() == before
    assert at.client.get("/metrics").text.count("nobody") == 0


def test_some_of_many_are_refused_alone(at):
    updates = [{"twin": "car-1", **UPDATE}, {"twin": "nobody", **UPDATE}, {"twin": "car-1", "seq": 2, "values": [1]}]
    answer = at.client.post("/v1/updates", json={"updates": updates}).json()
    assert answer["count"] == 1
    assert [(each["index"], each["code"]) for each in answer["refused"]] == [(1, "unknown-twin"), (2, "bad-request")]


def test_a_token_is_of_its_own_twin_by_every_door(at):
    at.client.put("/v1/twins/car-2", json={})
    own = token(at, "device:car-1")
    headers = {"Authorization": f"Bearer {own}"}
    body = {"updates": [{"seq": 9, "values": {"load": 1}}]}
    assert at.client.post("/v1/twins/car-1/updates", json=body, headers=headers).status_code == 200
    assert at.client.post("/v1/twins/car-2/updates", json=body, headers=headers).status_code == 403
    many = at.client.post("/v1/updates", json={"updates": [{"twin": "car-2", **UPDATE}]}, headers=headers).json()
    assert [each["code"] for each in many["refused"]] == ["forbidden"]
    with opened(at, own) as client:
        client.send(json.dumps({"twin": "car-2", "updates": [UPDATE]}))
        assert message(client)["problem"]["code"] == "forbidden"
    for wrong in ("x", "nonsense", own[:-1]):
        answer = at.client.post("/v1/twins/car-1/updates", json=body, headers={"Authorization": f"Bearer {wrong}"})
        assert answer.status_code == 401
        assert "Bearer" in answer.headers["www-authenticate"]


def test_a_token_in_the_address_is_refused_and_why(at):
    answer = at.client.get("/v1/twins", params={"access_token": ADMIN})
    assert answer.status_code == 400
    assert "Authorization" in answer.json()["detail"]
    assert ADMIN not in answer.text
    with pytest.raises(InvalidStatus) as caught, connect(f"ws://127.0.0.1:{at.port}/v1/socket?token={ADMIN}"):
        pass
    assert caught.value.response.status_code == 400


@pytest.mark.parametrize("path", ["/health/ready", "/metrics"])
def test_what_comes_through_a_proxy_needs_a_token(at, path):
    with httpx.Client(base_url=at.url) as nobody:
        assert nobody.get(path).status_code == 200
        assert nobody.get(path, headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 401
    assert at.client.get(path, headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 200


@contextmanager
def opened(at, secret=ADMIN):
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    url = f"ws://127.0.0.1:{at.port}/v1/socket"
    with connect(url, additional_headers=headers, subprotocols=["twinhop.v1"]) as client:
        if secret:
            assert message(client) == {"window": LIMITS["window"]}
        yield client


def message(client):
    text = client.recv(timeout=10)
    return json.loads(text) if isinstance(text, str) else msgspec.msgpack.decode(text)


def closed(client):
    """The code with which the server ends, and the messages before."""
    messages = []
    try:
        while True:
            messages.append(message(client))
    except ConnectionClosed as end:
        return end.rcvd.code, messages


def test_a_socket_acknowledges_from_disk(at):
    at.client.put("/v1/twins/socket", json={})
    with opened(at) as client:
        assert client.subprotocol == "twinhop.v1"
        for first in (1, 11):
            updates = [{"seq": seq, "values": {"load": 1.0}} for seq in range(first, first + 10)]
            client.send(json.dumps({"twin": "socket", "updates": updates}))
        assert [message(client)["acked_through"]["seq"] for _ in range(2)] == [10, 20]
        client.send(msgspec.msgpack.encode({"twin": "socket", "updates": [{"seq": 21, "values": [1.0, 2.0, 3.0]}]}))
        assert message(client)["acked_through"] == {"incarnation": 1, "seq": 21}
        client.send(json.dumps({"twin": "nobody", "updates": [UPDATE]}))
        assert message(client)["problem"]["code"] == "unknown-twin"
        client.send(json.dumps({"twin": "socket", "updates": [{"seq": 22, "values": {}}]}))
        assert message(client)["acked_through"]["seq"] == 22
    assert at.client.get("/v1/twins/socket").json()["seq"] == 22


def test_more_than_the_window_is_told_and_ends(at):
    with opened(at) as client:
        updates = [{"seq": seq, "values": {}} for seq in range(1, LIMITS["window"] + 2)]
        client.send(json.dumps({"twin": "car-1", "updates": updates}))
        code, messages = closed(client)
    assert code == 1008
    assert messages[-1]["problem"]["code"] == "window"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("nonsense", "bad-request"), ("{}", "bad-request"), (b"\xc1\xff", "bad-request"), ("[" * 9_000, "bad-request"),
        ('{"twin": "car-1", "updates": [{"seq": 1, "values": [NaN]}]}', "bad-request"),
    ],
)  # fmt: skip
def test_a_message_that_is_none_ends_its_own_connection(at, sent, expected):
    with opened(at) as client, opened(at) as other:
        client.send(sent)
        code, messages = closed(client)
        assert code == 1008
        assert messages[-1]["problem"]["code"] == expected
        other.send(json.dumps({"twin": "car-1", "updates": [UPDATE]}))
        assert "acked_through" in message(other)


def test_a_message_too_large_ends_its_connection(at):
    with opened(at) as client:
        client.send(" " * 30_000)
        assert closed(client)[0] == 1009


def test_a_token_may_come_first_of_all(at):
    with opened(at, "") as client:
        client.send(json.dumps({"token": ADMIN}))
        assert "window" in message(client)
    for wrong in ({"token": "nonsense"}, {"twin": "car-1", "updates": []}):
        with opened(at, "") as client:
            client.send(json.dumps(wrong))
            code, messages = closed(client)
            assert code == 1008
            assert messages[-1]["problem"]["code"] in ("unauthorized", "bad-request")


def test_desired_settings_are_pushed(at):
    at.client.put("/v1/twins/wished", json={})
    own = token(at, "device:wished")

    def wish(version, period):
        headers = {"If-Match": f'"{version}"'}
        answer = at.client.put("/v1/twins/wished/desired", json={"values": {"period_s": period}}, headers=headers)
        assert answer.status_code == 200, answer.text

    wish(0, 5)
    with opened(at, own) as client:
        assert message(client) == {"desired": {"version": 1, "values": {"period_s": 5}}, "twin": "wished"}
        wish(1, 7)
        assert message(client)["desired"] == {"version": 2, "values": {"period_s": 7}}


def test_a_connection_ends_with_its_token(at):
    at.client.put("/v1/twins/wished", json={})
    made, other = (
        at.client.post("/v1/tokens", json={"name": "the same", "scopes": ["device:wished"]}).json() for _ in range(2)
    )
    with opened(at, made["token"]) as client, opened(at, other["token"]) as stays:
        client.send(json.dumps({"twin": "wished", "updates": [UPDATE]}))
        while "acked_through" not in message(client):
            pass
        assert at.client.delete(f"/v1/tokens/{made['id']}").status_code == 204
        code, messages = closed(client)
        assert (code, messages[-1]["problem"]["code"]) == (1008, "unauthorized")
        stays.send(json.dumps({"twin": "wished", "updates": [UPDATE]}))
        while "acked_through" not in message(stays):
            pass


def test_what_was_taken_is_acknowledged_before_the_end(tmp_path, monkeypatch):
    with served(tmp_path / "data", monkeypatch, doors=LIMITS) as at:
        at.client.put("/v1/twins/car-1", json={})
        with opened(at) as client:
            for seq in range(1, 41):
                client.send(json.dumps({"twin": "car-1", "updates": [{"seq": seq, "values": {}}]}))
            first = message(client)
            threading.Timer(0.0, at.server.stop).start()
            code, messages = closed(client)
        assert code in (1001, 1012)
        through = max(each["acked_through"]["seq"] for each in [first, *messages])
        at.thread.join(WAIT_S)
    with served(tmp_path / "data", monkeypatch) as at:
        assert at.client.get("/v1/twins/car-1").json()["seq"] >= through > 0


def test_tls(tmp_path, monkeypatch):
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    for name, part in (("chain.pem", certificate.cert_chain_pems), ("key.pem", [certificate.private_key_pem])):
        (tmp_path / name).write_bytes(b"".join(each.bytes() for each in part))
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    tls = {"certificate": str(tmp_path / "chain.pem"), "key": str(tmp_path / "key.pem")}
    with served(tmp_path / "data", monkeypatch, verify=trusting, tls=tls, doors={"receive_s": 1.0}) as at:
        assert at.url.startswith("https://")
        assert at.client.get("/health/ready").json() == {"ready": True, "damaged_twins": 0}
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{at.url}/health/ready")
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"http://127.0.0.1:{at.port}/health/ready")
        with raw(at) as connection:  # a handshake that never comes
            assert rest(connection) == b""
    with (
        pytest.raises(InputError, match="tls: certificate.*in PEM"),
        served(tmp_path / "other", monkeypatch, tls={**tls, "key": str(tmp_path / "chain.pem")}),
    ):
        pass


def test_what_is_in_use_is_said_in_a_line(at, tmp_path, monkeypatch):
    with pytest.raises(InputError, match=f"port {at.port}"), served(tmp_path / "a", monkeypatch, port=at.port):
        pass
    assert not (tmp_path / "a").exists()
    with (
        pytest.raises(InputError, match=r"0\.0\.0\.0.*--insecure"),
        served(tmp_path / "b", monkeypatch, host="0.0.0.0"),
    ):  # noqa: S104
        pass
