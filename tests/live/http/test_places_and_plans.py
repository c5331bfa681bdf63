"""Stations, hosts, placement, plans, moves, services and the controller, as the API shows them."""

import json
from concurrent.futures import Future

import pytest
from http_makers import in_loop

from twinhop.live.control import Conflict
from twinhop.live.http.paths import encoded


@in_loop
async def test_stations_and_hosts_are_listed_and_got(door):
    await door.car()
    stations = (await door.get("/v1/stations")).json()["items"]
    assert [(each["id"], each["lat_deg"]) for each in stations] == [("b7", 41.1), ("b8/north", None)]
    odd = (await door.get(f"/v1/stations/{encoded('b8/north')}")).json()
    assert odd == stations[1] and odd["is_up"] is False
    hosts = (await door.get("/v1/hosts", params={"limit": 1})).json()
    assert [each["id"] for each in hosts["items"]] == ["b7"] and hosts["items"][0]["load"] == 0.1
    rest = (await door.get("/v1/hosts", params={"limit": 1, "cursor": hosts["next_cursor"]})).json()
    assert (rest["items"][0]["station"], rest["items"][0]["load"], rest["next_cursor"]) == (None, 0.0, None)
    assert (await door.get("/v1/hosts/b7")).json()["twin_ids"] == []
    for path in ("stations", "hosts", "services", "plans", "moves", "tokens"):
        answer = await door.get(f"/v1/{path}/nobody")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


@in_loop
async def test_the_placement_has_its_certificate_and_every_twin(door):
    for each in ("car-1", "car-2", "car-3"):
        await door.put(f"/v1/twins/{each}", {})
    first = (await door.get("/v1/placement", params={"limit": 2})).json()
    assert (first["cost_s"], first["bound_s"], first["gap"], first["plan"]) == (1.25, 1.0, 0.25, "p1764-1")
    assert first["items"][0] == {"twin": "car-1", "host": None, "recommended": "b7"}
    second = (await door.get("/v1/placement", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [each["twin"] for each in first["items"] + second["items"]] == ["car-1", "car-2", "car-3"]
    assert (await door.get("/v1/placement", params={"host": "b7"})).json()["items"] == []


@in_loop
async def test_a_plan_is_made_dry_and_applied_once(door):
    made = await door.post("/v1/plans", {"policy": "nearest"})
    assert (made.status_code, made.json()["is_dry"], made.json()["move_count"]) == (201, True, 1)
    json.loads(made.content, parse_constant=pytest.fail)
    assert made.json()["gap"] is None  # infinite
    plan = made.headers["Location"]
    assert (await door.get(plan)).json() == made.json()
    applied = await door.post(f"{plan}/apply")
    assert (applied.status_code, applied.headers["Location"]) == (202, plan)
    assert (await door.get(plan)).json()["state"] == "applied"
    again = await door.post(f"{plan}/apply")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/conflict")
    assert (await door.post("/v1/plans/p9/apply")).status_code == 404
    unknown = await door.post("/v1/plans", {"policy": "best"})
    assert unknown.status_code == 400 and "accepted" in unknown.json()["detail"]
    for bad in (
        {"time_limit_s": 0},
        {"time_limit_s": 1e9},
        {"time_limit_s": True},
        {"time_limit_s": "5"},
        {"policy": ""},
        {"polcy": "x"},
        [],
        None,
    ):
        assert (await door.post("/v1/plans", bad)).status_code == 422, bad


@in_loop
async def test_no_plan_is_made_by_a_controller_that_has_stopped(door, monkeypatch):
    stopped = Future()
    stopped.set_exception(Conflict("the controller has stopped"))
    monkeypatch.setattr(door.context.controller, "propose", lambda *_: stopped)
    answer = await door.post("/v1/plans", {})
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")


@in_loop
async def test_plans_and_moves_are_listed_the_newest_first(door):
    for _ in range(11):
        await door.post("/v1/plans", {})
    seen, moves, cursor = [], [], None
    while True:
        page = (await door.get("/v1/plans", params={"limit": 5, **({"cursor": cursor} if cursor else {})})).json()
        seen += [each["id"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        await door.post("/v1/plans", {})  # newer than what was shown: on no further page
    assert seen == [f"p1764-{at}" for at in range(12, 0, -1)]
    moves = (await door.get("/v1/moves", params={"plan": "p1764-3"})).json()["items"]
    assert [(each["id"], each["target"], each["state"]) for each in moves] == [("p1764-3-1", "b7", "proposed")]
    assert (await door.get("/v1/moves/p1764-3-1")).json() == moves[0]
    assert (await door.get("/v1/moves", params={"twin": "car-9"})).json()["items"] == []
    assert (await door.get("/v1/plans", params={"state": "applied"})).json()["items"] == []
    assert (await door.get("/v1/plans", params={"state": "lost"})).status_code == 422


@in_loop
async def test_the_controller_says_how_it_works(door):
    shown = (await door.get("/v1/controller")).json()
    assert (shown["mode"], shown["facts"]) == ("approve", {"decisions": 1.0, "gap": None})
    assert (await door.put("/v1/controller", {"mode": "shadow"})).json()["mode"] == "shadow"
    bad = await door.put("/v1/controller", {"mode": "autopilot"})
    assert bad.status_code == 422 and "shadow" in bad.json()["detail"]
