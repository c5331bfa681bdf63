"""The clients over a small server of the tests: both transports, both shells, spool, settings, problems."""

import asyncio
import time
from itertools import dropwhile, pairwise

import pytest
from fake_server import TOKEN, Fake, serving

from twinhop.errors import InputError
from twinhop.live.client import AsyncDeviceClient, AsyncGatewayClient, ClientSettings, ClientStopped, DeviceClient
from twinhop.live.client.sampling import Sampler, policy_of
from twinhop.live.client.spool import Spool
from twinhop.twin.synchronisation import SendOnDelta

QUICK = ClientSettings(linger_s=0.01, first_wait_s=0.01, longest_wait_s=0.05, desired_every_s=0.05, timeout_s=5.0)


@pytest.fixture(scope="module")
def address():
    fake = Fake()
    holder = {"fake": fake}

    async def app(scope, receive, send):
        await holder["fake"](scope, receive, send)

    with serving(app) as url:
        yield url, holder


@pytest.fixture
def server(address):
    url, holder = address
    fake = holder["fake"] = Fake()
    fake.url = url
    return fake


TRANSPORTS = pytest.mark.parametrize("transport", ["http", "websocket"])


@TRANSPORTS
def test_what_is_offered_arrives_once_and_in_order_whatever_the_server_does(server, transport):
    server.plan = ["fine", (503, "stopped"), "lost", (429, "busy"), "fine", "lost", (507, "no-room")]
    heard = []
    with DeviceClient(
        "car",
        server.url,
        token=TOKEN,
        transport=transport,
        settings=QUICK,
        on_desired=lambda version, values: heard.append((version, values)),
    ) as client:
        for at in range(120):
            assert client.offer([float(at), 0.0])
        assert client.flush(20)
        facts = client.facts
        deadline = time.monotonic() + 5
        while not heard and time.monotonic() < deadline:
            time.sleep(0.01)
    assert server.seqs() == [(client.incarnation, seq) for seq in range(1, 121)]
    assert (facts.offered, facts.acknowledged, facts.waiting, facts.refused) == (120, 120, 0, 0)
    assert facts.resent > 0 and facts.round_trip_p50_s > 0
    assert heard == [(1, {"report_s": 5})]
    assert server.tokens == {f"Bearer {TOKEN}"}
    assert max(server.sizes) <= (50 if transport == "http" else 7)


@TRANSPORTS
@pytest.mark.parametrize(("status", "code"), [(401, "unauthorized"), (403, "forbidden"), (404, "unknown-twin")])
def test_a_client_that_is_refused_says_so_once(server, transport, status, code):
    server.plan = [(status, code)]
    with DeviceClient("car", server.url, token=TOKEN, transport=transport, settings=QUICK) as client:
        client.offer([1.0])
        with pytest.raises(ClientStopped, match=rf"the plan says so \({code}\)"):
            client.flush(10)
        with pytest.raises(ClientStopped):
            client.offer([2.0])
    assert server.taken == []


def test_too_large_a_batch_is_halved(server):
    server.limit = 12
    with DeviceClient("car", server.url, token=TOKEN, settings=QUICK) as client:
        for at in range(100):
            client.offer([float(at)])
        assert client.flush(10)
    # What had been offered when a batch left is a matter of time; each refused one is halved.
    after_first = list(dropwhile(lambda size: size <= 12, server.sizes))
    assert len(after_first) > 2
    for before, after in pairwise(after_first):
        assert after == before // 2 if before > 12 else after <= 12
    assert len(server.seqs()) == 100


@TRANSPORTS
def test_a_gateway_speaks_for_many_and_one_unknown_twin_stops_no_other(server, transport):
    async def go():
        async with AsyncGatewayClient(
            server.url, token=TOKEN, transport=transport, connections=2, settings=QUICK
        ) as client:
            assert await client.create("t0")
            for at in range(40):
                for twin in ("t0", "t1", "t2", *(["bad"] if transport == "http" else [])):
                    client.offer(twin, [float(at)])
            assert await client.flush(10)
            return client.facts

    facts = asyncio.run(go())
    assert facts.acknowledged == 120 and facts.refused == (40 if transport == "http" else 0)
    assert len(server.taken) == 120


def test_a_device_that_restarts_loses_nothing_and_its_incarnation_rises(server, tmp_path):
    spool = tmp_path / "spool.db"
    settings = ClientSettings(most_waiting=30)
    first = AsyncDeviceClient("car", server.url, token=TOKEN, spool=spool, settings=settings, clock=lambda: 100.0)
    for at in range(40):
        first.offer({"load": float(at)})  # never sent: the program ends here
    first._spool.close()
    second = AsyncDeviceClient("car", server.url, token=TOKEN, spool=spool, settings=QUICK, clock=lambda: 7.0)
    assert (first.incarnation, second.incarnation) == (100_000, 100_001)  # although the clock has stepped back

    async def go():
        async with second:
            second.offer({"load": 1.0})
            with pytest.raises(InputError, match="cannot be used as a spool.*one program at a time"):
                Spool(spool, 0.0)
            assert await second.flush(10)

    asyncio.run(go())
    assert server.seqs() == [(100_000, seq) for seq in range(11, 41)] + [(100_001, 1)]  # the oldest ten were given up
    third = Spool(spool, 0.0)
    assert third.incarnation == 100_002 and third.updates() == []
    third.close()
    (tmp_path / "no.db").write_text("something else, that is not of this kind, and long enough to be read")
    with pytest.raises(InputError, match="cannot be used as a spool"):
        Spool(tmp_path / "no.db", 0.0)


def test_policies_decide_by_dimension():
    sampler = Sampler({"position": SendOnDelta(2, 5.0), "load": SendOnDelta(1, 0.5)})
    sent = [sampler.offer(at, {"position": [4.0 * at, 0.0], "load": 1.0, "mode": "walk"}) for at in range(3)]
    assert sent == [
        {"position": [0.0, 0.0], "load": 1.0, "mode": "walk"},
        None,
        {"position": [8.0, 0.0], "mode": "walk"},
    ]
    whole = Sampler(policy_of("fixed:2", 2))
    assert [whole.offer(at, [1.0, 2.0]) is None for at in (0.0, 1.0, 2.0)] == [False, True, False]
    for bad in ([float("nan")], {"load": True}, {"load": None}):
        with pytest.raises(InputError, match="values"):
            Sampler(None).offer(0.0, bad)
    for text in ("delta", "delta:-1", "delta:nan", "dela:3", "all:3"):
        with pytest.raises(InputError, match="accepted: all, fixed:SECONDS"):
            policy_of(text, 2)


def test_bad_arguments_are_refused(monkeypatch):
    monkeypatch.delenv("TWINHOP_TOKEN", raising=False)
    for url, token, words in (
        ("127.0.0.1:8471", TOKEN, "expected the server's"),
        ("http://a:b@c", TOKEN, "holds a secret"),
        ("ftp://a:b@c?d", TOKEN, "holds a secret"),
        ("http://[::1", TOKEN, "expected the server's"),
        ("http://127.0.0.1:99999", TOKEN, "expected the server's"),
        ("http://127.0.0.1/a b", TOKEN, "expected the server's"),
        ("http://127.0.0.1", None, "TWINHOP_TOKEN: is not set"),
        ("http://127.0.0.1", "ä", "is not a token"),
    ):
        with pytest.raises(InputError, match=words):
            AsyncDeviceClient("car", url, token=token)
    with pytest.raises(InputError, match="url: got 'http://☃.net'"):
        DeviceClient("car", "http://☃.net", token=TOKEN)
    with pytest.raises(InputError, match="batch: must be greater than 0"):
        ClientSettings(batch=0)
