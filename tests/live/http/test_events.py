"""Streams of events: replay, forgetting, slow readers, streams that end."""

import asyncio
import re

import pytest
from http_makers import Reader, door, in_loop

from twinhop.live.gateway.gateway import DoorLimits
from twinhop.live.http.routes import events


def ids(text):
    return re.findall(r"^id: (.*)$", text, re.M)


async def send(there, first, count=1, twin="car-1"):
    updates = [{"seq": seq, "values": {"load": 1.0}} for seq in range(first, first + count)]
    assert (await there.post(f"/v1/twins/{twin}/updates", {"updates": updates})).status_code == 200


@in_loop
async def test_whoever_connects_again_misses_nothing(door):
    await door.car()
    async with Reader(door.app) as reader:
        assert reader.headers[b"content-type"].startswith(b"text/event-stream")
        await send(door, 11, 3)
        text = await reader.until('"seq": 13')
    last = ids(text)[0]
    await send(door, 14, 2)
    async with Reader(door.app, last=last) as again:
        await again.until('"seq": 15')
        await send(door, 16)
        seen = await again.until('"seq": 16')
    assert re.findall(r'"seq": (\d+)', seen) == ["12", "13", "14", "15", "16"]
    assert '"seq": 11' in text and len(set(ids(seen))) == 5
    async with Reader(door.app, query=f"after={last}&twin=other") as other:
        await door.put("/v1/twins/other", {})
        assert len(ids(await other.until("event: create"))) == 1


@in_loop
async def test_many_kept_events_come_before_those_that_happen(door, monkeypatch):
    monkeypatch.setattr(events, "READ", 4)
    await door.car()
    start = door.context.events.newest
    await send(door, 11, 30)
    async with Reader(door.app, last=start) as reader:
        await reader.until('"seq": 12')
        await send(door, 41, 30)
        seen = await reader.until('"seq": 70')
    assert [int(each) for each in re.findall(r'"seq": (\d+)', seen)] == list(range(11, 71))


def test_after_a_start_of_the_host_old_events_are_gone(tmp_path):
    async def before(there):
        await there.car()
        async with Reader(there.app) as reader:
            await send(there, 11)
            return ids(await reader.until('"seq": 11'))[-1]

    async def after(there, last):
        async with Reader(there.app, last=last) as reader:
            assert reader.status == 410
            assert "/problems/gone" in await reader.rest()
        async with Reader(there.app) as reader:
            await send(there, 12)
            await reader.until('"seq": 12')

    with door(tmp_path / "twins") as there:
        last = asyncio.run(before(there))
    with door(tmp_path / "twins") as there:
        asyncio.run(after(there, last))


def test_a_forgotten_or_foreign_id_is_gone_and_no_id_is_refused(tmp_path):
    async def look(there):
        first = there.context.events.newest
        await there.car()
        for last, status in (
            (first, 410),
            ("9999999-0", 410),
            ("0-0", 410),
            ("seven", 400),
            ("7", 400),
            ("x" * 65, 422),
        ):
            async with Reader(there.app, last=last) as reader:
                assert reader.status == status, last
                assert '"type": "/problems/' in await reader.rest()
        assert not there.context.streams["open"] and not there.context.events._readers

    with door(tmp_path / "twins", ring={"most": 5}) as there:
        asyncio.run(look(there))


def test_a_slow_reader_is_cut_off_and_goes_on(tmp_path):
    async def slow(there):
        await there.car()
        async with Reader(there.app) as reader:
            await reader.until("retry")
            reader.taking.clear()
            for first in range(11, 71, 10):
                await send(there, first, 10)
                await asyncio.sleep(0.02)
            reader.taking.set()
            text = await reader.rest()
        assert "did not keep up" in text
        async with Reader(there.app, last=ids(text)[-1] if ids(text) else None) as again:
            await send(there, 71)
            await again.until('"seq": 71')

    with door(tmp_path / "twins", ring={"waiting": 15}) as there:
        asyncio.run(slow(there))


@in_loop
async def test_a_reader_that_takes_nothing_is_left(door, monkeypatch):
    monkeypatch.setattr(events, "SEND_S", 0.05)
    await door.car()
    async with Reader(door.app) as reader:
        reader.taking.clear()
        await send(door, 11)
        await asyncio.wait_for(reader._task, 5)
    assert not door.context.streams["open"] and not door.context.events._readers


@in_loop
async def test_a_quiet_stream_beats_and_ends_with_its_token(door, monkeypatch):
    monkeypatch.setattr(events, "BEAT_S", 0.05)
    token = door.token("read")
    async with Reader(door.app, token=token) as reader:
        await reader.until(": still here")
        kept = door.context.tokens.all()[0]
        assert (await door.ask("DELETE", f"/v1/tokens/{kept.id}")).status_code == 204
        assert "the token allows this no more" in await reader.rest()


@in_loop
async def test_streams_end_with_the_server(door):
    async with Reader(door.app) as reader:
        await reader.until("retry")
        door.context.draining.set()
        assert "the server is stopping" in await reader.rest()


def test_so_many_streams_and_no_more(tmp_path):
    async def look(there):
        async with Reader(there.app), Reader(there.app):
            async with Reader(there.app) as third:
                assert (third.status, third.headers[b"retry-after"]) == (429, b"5")
        async with Reader(there.app) as again:
            assert again.status == 200
        async with Reader(there.app, method="HEAD") as head:
            assert head.status == 200 and await head.rest() == ""
        assert not there.context.streams["open"]

    with door(tmp_path / "twins", limits_of_door=DoorLimits(streams=2)) as there:
        asyncio.run(look(there))


@in_loop
async def test_a_twin_is_erased_while_streams_are_open(door):
    await door.car()
    async with Reader(door.app) as reader, Reader(door.app, query="twin=car-1") as of_it:
        assert (await door.ask("DELETE", "/v1/twins/car-1")).status_code == 204
        await reader.until("event: erase")
        await of_it.until("event: erase")
        assert (await door.put("/v1/twins/car-1", {})).status_code == 201
        await of_it.until("event: create")


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
@in_loop
async def test_a_stream_is_no_json(door, accept):
    answer = await door.get("/v1/events", headers={"Accept": accept})
    assert (answer.status_code, answer.json()["type"]) == (406, "/problems/not-acceptable")
