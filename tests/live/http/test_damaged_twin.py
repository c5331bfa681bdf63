"""A twin whose checkpoint is damaged, as doors tell it: one problem, in words, and others are served."""

import asyncio
import sqlite3
from contextlib import closing

from http_makers import BODY, door


async def fill(there):
    await there.car("car-1")
    await there.car("car-2")
    await asyncio.wrap_future(there.context.host.flush())


async def ask(there):
    ways = [
        ("POST", "/v1/twins/car-1/updates", {"updates": [{"seq": 11, "values": {"position": [1, 1], "load": 1}}]}),
        ("GET", "/v1/twins/car-1", None),
        ("GET", "/v1/twins/car-1/history", None),
        ("PUT", "/v1/twins/car-1/attributes", {"attributes": {"wheels": 5}}),
        ("POST", "/v1/twins/car-1/restart", None),
        ("PUT", "/v1/twins/car-1", {}),
    ]
    for method, path, body in ways:
        answer = await there.ask(method, path, json=body)
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/damaged-twin"), (path, answer.text)
        assert answer.json()["detail"].startswith("car-1: is set aside: ") and "\n" not in answer.json()["detail"]
    many = {"updates": [{"twin": twin, **BODY["updates"][0], "seq": 11} for twin in ("car-1", "car-2")]}
    answer = (await there.post("/v1/updates", many)).json()
    assert answer["count"] == 1 and [each["code"] for each in answer["refused"]] == ["damaged-twin"]
    assert (await there.get("/v1/twins/car-2")).json()["seq"] == 11
    assert (await there.get("/health/ready")).json() == {"ready": True, "damaged_twins": 1}
    assert there.context.host.facts()["last"] - there.context.host.facts()["mark"] <= 1  # nothing refused was kept


def test_a_damaged_twin_is_told_and_others_are_served(tmp_path):
    with door(tmp_path / "twins") as there:
        asyncio.run(fill(there))
    with closing(sqlite3.connect(tmp_path / "twins" / "twins.db")) as connection, connection:
        connection.execute("update checkpoint set head = zeroblob(100) where twin = 'car-1'")
    for _ in range(2):
        with door(tmp_path / "twins") as there:
            asyncio.run(ask(there))
    with door(tmp_path / "twins") as there:
        erased = asyncio.run(there.ask("DELETE", "/v1/twins/car-1"))
        assert erased.status_code == 204
