"""`twinhop device` against a small server: what it sends, how it ends, and that it does end."""

import asyncio
import json
import os
import signal
import socket
import threading
import time

import pytest
from fake_server import TOKEN, Fake, serving

from twinhop.result import SCHEMA_VERSION

PLAYED = ("device", "gauss_markov", "--devices", "3", "--sample-s", "0.1", "--policy", "all")
TRANSPORTS = pytest.mark.parametrize("transport", ["http", "websocket"])
#: Whatever goes wrong is said within so long [s].
SAID_S = 5.0


@pytest.fixture(scope="module")
def served():
    """One server for all tests, and where its application stands."""
    now = {}

    async def app(scope, receive, send):
        await now["fake"](scope, receive, send)

    with serving(app) as now["url"]:
        yield now


@pytest.fixture
def server(served, monkeypatch):
    monkeypatch.setenv("TWINHOP_TOKEN", TOKEN)
    served["fake"] = Fake()
    served["fake"].url = served["url"]
    return served["fake"]


@pytest.fixture
def refused(run):
    """Runs a call that must end soon, with one line and exit code 2; the line."""

    def drive(*words):
        begun_s = time.monotonic()
        done = run(*words)
        assert time.monotonic() - begun_s < SAID_S
        assert (done.code, done.out) == (2, ""), done
        assert done.err.startswith("twinhop: ") and done.err.count("\n") == 1, done.err
        return done.err

    return drive


def signals_after(wait_s, *numbers):
    """Send signals to this process, one after the other."""

    def send():
        for number in numbers:
            time.sleep(wait_s)
            os.kill(os.getpid(), number)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


@TRANSPORTS
def test_what_is_played_is_acknowledged_and_counted(server, run, transport):
    done = run(*PLAYED, "--url", server.url, "--transport", transport, "--seconds", "0.35", "--show", "u1", "--json")
    assert done.code == 0, done.err
    said = json.loads(done.out)
    assert next(iter(said.items())) == ("schema_version", SCHEMA_VERSION)
    assert said["sent"] == said["acknowledged"] == len(server.taken) == 11 and said["is_complete"] is True
    assert (said["devices"], said["created"], said["refused"], said["waiting"]) == (3, 3, 0, 0)
    assert said["round_trip_p50_s"] > 0 and said["forecast"]["twin"] == "u1"
    assert {*server.taken[0]["values"]} == {"position", "load"}
    assert server.tokens == {f"Bearer {TOKEN}"}


def test_a_table_says_the_same(server, run):
    done = run(*PLAYED, "--url", server.url, "--seconds", "0.15", "--show", "u1")
    assert done.code == 0, done.err
    assert "gauss_markov: 3 devices" in done.out and "3 twins created" in done.out
    assert "acknowledged: on the server's disk" in done.out and "unknown" in done.out


def test_what_is_refused_is_counted_and_the_exit_code_says_so(server, run):
    taken = server.http

    def http(path, method, body):
        status, answer, more = taken(path, method, body)
        if path == "/v1/updates":
            answer["refused"] = [{"index": 0, "code": "bad-request", "detail": "the position is none"}]
        return status, answer, more

    server.http = http
    done = run(*PLAYED, "--url", server.url, "--seconds", "0.15", "--json")
    said = json.loads(done.out)
    assert done.code == 1 and said["refused"] > 0 and said["is_complete"] is False
    assert said["last_refusal"].endswith("the position is none (bad-request)")


@TRANSPORTS
def test_what_is_not_acknowledged_in_time_makes_the_exit_code_1(server, run, transport, monkeypatch):
    monkeypatch.setattr("twinhop.live.client.play.DRAIN_S", 0.2)
    server.plan = [(503, "unavailable")] * 1000
    done = run(*PLAYED, "--url", server.url, "--transport", transport, "--seconds", "0.15")
    assert done.code == 1, done.err
    assert "not acknowledged" in done.out and "the server said: unavailable: the plan says so" in done.out


@TRANSPORTS
@pytest.mark.parametrize(("status", "code"), [(404, "not-found"), (403, "forbidden"), (401, "unauthorized")])
def test_a_creation_that_is_refused_is_said_at_once(server, refused, transport, status, code):
    server.creation = (status, code)
    line = refused(*PLAYED, "--url", server.url, "--transport", transport)
    assert line == f"twinhop: {server.url}: twin 'u0': the plan says so ({code})\n"


@pytest.mark.parametrize("kind", ["says no", "closes", "hangs"])
def test_a_socket_that_opens_for_nobody_keeps_no_refusal_waiting(server, refused, kind):
    async def opened(receive, send):
        await receive()
        if kind == "hangs":
            await receive()
        elif kind == "closes":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await send({"type": "websocket.accept", "subprotocol": "twinhop.v1"})
            problem = {"status": 403, "code": "forbidden", "detail": "not by this door"}
            await send({"type": "websocket.send", "text": json.dumps({"problem": problem})})
            await send({"type": "websocket.close", "code": 1008})

    server.socket, server.creation = opened, (403, "forbidden")
    refused(*PLAYED, "--url", server.url, "--transport", "websocket")
    if kind == "says no":  # and where creating is allowed, the door's no is heard
        server.creation = (200, "")
        assert "not by this door (forbidden)" in refused(*PLAYED, "--url", server.url, "--transport", "websocket")


@TRANSPORTS
def test_a_token_that_ends_meanwhile_ends_the_playing(server, run, transport):
    server.plan = ["fine", (401, "unauthorized")]
    done = run(*PLAYED, "--url", server.url, "--transport", transport)
    assert done.code == 2 and done.err == "twinhop: the plan says so (unauthorized)\n"


def test_bad_input_is_refused_in_a_line(server, refused, monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
        line = refused(*PLAYED, "--url", nobody)
        assert "no server answers" in line and "start one with `twinhop serve`" in line
    for words, expected in (
        (("--policy", "delta"), "accepted: all, fixed:SECONDS, delta:TOLERANCE"),
        (("--policy", "dela:5"), "delta"),
        (("--seconds", "0"), "--seconds: must be greater than 0"),
        (("--speed", "nan"), "--speed: must be greater than 0"),
        (("--sample-s", "inf"), "--sample-s: must be greater than 0"),
        (("--show", "nobody"), "--show: 'nobody' is none of the devices"),
        (("--url", "127.0.0.1:8471"), "url: got '127.0.0.1:8471'"),
        (("--url", "http://a:b@127.0.0.1"), "url: holds a secret"),
    ):
        assert expected in refused(*PLAYED, "--url", server.url, *words)
    assert "nowhere.yaml" in refused("device", "nowhere.yaml", "--url", server.url)
    monkeypatch.delenv("TWINHOP_TOKEN")
    assert "TWINHOP_TOKEN: is not set" in refused(*PLAYED, "--url", server.url)
    assert server.taken == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_playing_and_what_was_sent_is_acknowledged(server, run, number):
    sender = signals_after(0.6, number)
    begun_s = time.monotonic()
    done = run(*PLAYED, "--url", server.url, "--json")
    sender.join()
    assert done.code == 0, done.err
    assert time.monotonic() - begun_s < SAID_S
    said = json.loads(done.out)
    assert said["sent"] == said["acknowledged"] == len(server.taken) > 0


def test_a_second_ctrl_c_does_not_wait_for_a_server_that_hangs(server, run):
    async def hang(scope, receive, send):
        if scope["path"] != "/v1/updates":
            await Fake.__call__(server, scope, receive, send)
        else:
            await asyncio.sleep(60)

    server.__class__ = type("Hanging", (Fake,), {"__call__": lambda self, *call: hang(*call)})
    sender = signals_after(0.5, signal.SIGINT, signal.SIGINT)
    begun_s = time.monotonic()
    done = run(*PLAYED, "--url", server.url)
    sender.join()
    assert (done.code, done.err.count("\n")) == (130, 1), done
    assert time.monotonic() - begun_s < SAID_S
