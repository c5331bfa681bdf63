"""Twins by HTTP: create, list, get, history, forecast, attributes, restart, erase."""

import asyncio
import json
from statistics import NormalDist

import pytest
from http_makers import in_loop

from twinhop.live.http.paths import encoded

ODD = ["a/b", "50% off?", "Straße 7 #x", "車-1", "...", "a b&c=d", "x" * 200]


@in_loop
async def test_a_twin_is_made_asked_and_erased(door):
    await door.car(attributes={"wheels": 4})
    again = await door.put("/v1/twins/car-1", {"attributes": {"wheels": 4}})
    other = await door.put("/v1/twins/car-1", {"attributes": {"wheels": 3}})
    assert (again.status_code, other.status_code, other.json()["type"]) == (200, 409, "/problems/conflict")
    twin = (await door.get("/v1/twins/car-1")).json()
    assert twin["state"]["position"]["value"] == [30.0, 0.0]
    assert (twin["seq"], twin["attributes"], twin["records"]) == (10, {"wheels": 4}, 10)
    assert (await door.ask("DELETE", "/v1/twins/car-1")).status_code == 204
    for path in ("", "/history", "/forecast", "/desired"):
        assert (await door.get(f"/v1/twins/car-1{path}")).status_code == 404
    assert (await door.ask("DELETE", "/v1/twins/car-1")).json()["type"] == "/problems/unknown-twin"
    assert (await door.put("/v1/twins/car-1", {})).status_code == 201


@in_loop
async def test_attributes_are_put_by_one_at_a_time(door):
    await door.car()
    async with door.context.gateway.attribute_lock("car-1"):  # as a status by MQTT does
        put = asyncio.create_task(door.put("/v1/twins/car-1/attributes", {"attributes": {"wheels": 6}}))
        await asyncio.sleep(0.05)
        assert (await door.get("/v1/twins/car-1")).json()["attributes"] == {} and not put.done()
    assert (await put).status_code == 200


@in_loop
async def test_what_a_twin_shows_makes_the_same_twin(door):
    spec = {
        "state_schema": {
            "dimensions": [{"name": "mode", "kind": "category", "unit": "1", "categories": ["walk", "ride"]}]
        },
        "models": {"mode": "markov_chain"},
        "retention": {"max_records": 7},
    }
    assert (await door.put("/v1/twins/a", {"spec": spec})).status_code == 201
    shown = (await door.get("/v1/twins/a")).json()["spec"]
    assert (await door.put("/v1/twins/a", {"spec": shown})).status_code == 200
    unknown = (await door.get("/v1/twins/a/forecast")).json()["dimensions"]["mode"]
    assert unknown["kind"] == "category" and set(unknown["probabilities"]) == {"walk", "ride"}
    updates = [{"seq": seq, "values": {"mode": "walk"}} for seq in range(1, 9)]
    assert (await door.post("/v1/twins/a/updates", {"updates": updates})).status_code == 200
    known = (await door.get("/v1/twins/a/forecast")).json()["dimensions"]["mode"]["probabilities"]
    assert known["walk"] > known["ride"] and sum(known.values()) == pytest.approx(1)


@pytest.mark.parametrize("twin", ODD, ids=range(len(ODD)))
@in_loop
async def test_any_line_of_text_is_an_id(door, twin):
    path = f"/v1/twins/{encoded(twin)}"
    made = await door.put(path, {})
    assert made.status_code == 201, made.text
    assert made.headers["Location"] == path
    assert (await door.get(path)).json()["id"] == twin
    assert [each["id"] for each in (await door.get("/v1/twins")).json()["items"]] == [twin]
    assert (await door.ask("DELETE", path)).status_code == 204


@pytest.mark.parametrize("segment", ["a%0Ab", "%FF", "%20", "x" * 201, "%00", "%E2%80%A8"])
@in_loop
async def test_what_is_no_line_of_text_is_no_id(door, segment):
    for method, path in (("PUT", ""), ("GET", ""), ("GET", "/history")):
        answer = await door.ask(method, f"/v1/twins/{segment}{path}", json={} if method == "PUT" else None)
        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-request")


@in_loop
async def test_pages_are_stable_while_twins_come_and_go(door):
    names = [f"car-{at:02d}" for at in range(20)]
    for each in names:
        await door.put(f"/v1/twins/{each}", {})
    seen, cursor = [], None
    while True:
        page = (await door.get("/v1/twins", params={"limit": 3, **({"cursor": cursor} if cursor else {})})).json()
        seen += [each["id"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        await door.ask("DELETE", f"/v1/twins/{seen[-1]}")
        await door.put(f"/v1/twins/aa-{len(seen)}", {})  # before what was shown: on no further page
    assert seen == names
    other = await door.get("/v1/twins", params={"prefix": "car", "cursor": page["next_cursor"] or "AAAA"})
    assert (other.status_code, other.json()["type"]) == (400, "/problems/bad-request")


@in_loop
async def test_a_cursor_is_of_one_list_alone(door):
    for each in ("a", "b", "c"):
        await door.put(f"/v1/twins/{each}", {})
    cursor = (await door.get("/v1/twins", params={"limit": 1})).json()["next_cursor"]
    for more in ({"prefix": "b"}, {"cursor": cursor[:-2]}, {"cursor": cursor + "AA"}, {"cursor": "é"}, {"cursor": ""}):
        assert (await door.get("/v1/twins", params={"cursor": cursor, **more})).status_code == 400
    assert (await door.get("/v1/placement", params={"cursor": cursor})).status_code == 400


@in_loop
async def test_lists_are_filtered(door):
    await door.car(attributes={"wheels": 4, "lidar": True})
    for each in ("car-2", "bus-1"):
        await door.put(f"/v1/twins/{each}", {"attributes": {"wheels": 4, "lidar": "true"} if each == "bus-1" else {}})

    async def ids(**filters):
        return [each["id"] for each in (await door.get("/v1/twins", params=filters)).json()["items"]]

    assert await ids(prefix="car") == ["car-1", "car-2"]
    assert await ids(attribute=["wheels:4", "lidar:true"]) == ["bus-1", "car-1"]
    assert await ids(attribute=["wheels:4"], prefix="car") == ["car-1"]
    assert await ids(attribute="wheels:5") == []
    assert await ids(host="b7") == []
    row = (await door.get("/v1/twins", params={"prefix": "car-1"})).json()["items"][0]
    assert (row["x_m"], row["y_m"], row["load"], row["host"]) == (30.0, 0.0, 1.0, None)
    assert row["observed_s"] == row["received_s"] > 0
    row = (await door.get("/v1/twins", params={"prefix": "car-2"})).json()["items"][0]
    assert (row["x_m"], row["observed_s"]) == (None, None)
    assert (await door.get("/v1/twins", params={"attribute": "wheels"})).status_code == 400
    typo = await door.get("/v1/twins", params={"prefx": "car"})
    assert typo.status_code == 422 and "did you mean 'prefix'?" in typo.json()["detail"]


@in_loop
async def test_history_comes_in_pages(door):
    await door.car()
    more = [{"seq": seq, "values": {"load": 1.0}, "incarnation": 2} for seq in (1, 2, 4)]
    await door.post("/v1/twins/car-1/updates", {"updates": more})
    seen, cursor = [], None
    while True:
        params = {"limit": 4, **({"cursor": cursor} if cursor else {})}
        page = (await door.get("/v1/twins/car-1/history", params=params)).json()
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [each["number"] for each in seen][:12] == list(range(1, 13))
    assert [(each["incarnation"], each["seq"]) for each in seen[9:12]] == [(1, 10), (2, 1), (2, 2)]
    assert seen[0]["values"] == {"position": [3.0, 0.0], "load": 1.0} and seen[10]["values"] == {"load": 1.0}
    middle = seen[5]["time_s"]
    after = (await door.get("/v1/twins/car-1/history", params={"from_s": middle})).json()["items"]
    before = (await door.get("/v1/twins/car-1/history", params={"to_s": middle})).json()["items"]
    assert all(each["time_s"] >= middle for each in after) and all(each["time_s"] <= middle for each in before)
    assert (await door.get("/v1/twins/car-1/history", params={"from_s": 1e11, "to_s": 0})).json()["items"] == []


@in_loop
async def test_a_long_history_is_read_from_its_chunks(door):
    spec = {"state_schema": {"dimensions": [{"name": "load", "kind": "scalar", "unit": "1"}]}}
    await door.put("/v1/twins/a", {"spec": spec})
    for start in range(0, 1300, 650):
        updates = [{"seq": seq, "values": [float(seq)], "observed_s": 0.0} for seq in range(start + 1, start + 651)]
        assert (await door.post("/v1/twins/a/updates", {"updates": updates})).status_code == 200
    numbers, cursor = [], None
    while True:
        params = {"limit": 400, **({"cursor": cursor} if cursor else {})}
        page = (await door.get("/v1/twins/a/history", params=params)).json()
        numbers += [each["number"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert numbers == list(range(1, 1301))


@in_loop
async def test_the_interval_is_the_normal_quantile_of_the_level(door):
    await door.car()
    now_s = (await door.get("/v1/twins/car-1")).json()["time_s"]
    widths = {}
    for level in (0.5, 0.9, 0.99):
        answer = await door.get("/v1/twins/car-1/forecast", params={"at_s": now_s + 5, "level": level})
        for name, each in answer.json()["dimensions"].items():
            assert each["kind"] == "number"
            reach = NormalDist().inv_cdf((1 + level) / 2) * each["sigma"][0]
            assert each["high"][0] - each["mean"][0] == pytest.approx(reach)
            assert each["mean"][0] - each["low"][0] == pytest.approx(reach)
            widths.setdefault(name, []).append(reach)
    assert all(sorted(each) == each for each in widths.values()) and set(widths) == {"position", "load"}
    ahead = (await door.get("/v1/twins/car-1/forecast", params={"ahead_s": 60})).json()
    assert ahead["at_s"] == pytest.approx(now_s + 60, abs=10)
    early = await door.get("/v1/twins/car-1/forecast", params={"at_s": now_s - 1})
    both = await door.get("/v1/twins/car-1/forecast", params={"at_s": now_s, "ahead_s": 1})
    assert (early.status_code, both.status_code) == (400, 400)
    assert "before the newest update" in early.json()["detail"]


@in_loop
async def test_nothing_that_json_lacks_is_in_an_answer(door):
    await door.put("/v1/twins/new", {})
    for path in ("", "/history", "/forecast?ahead_s=1e9&level=0.9999", "/desired"):
        answer = await door.get(f"/v1/twins/new{path}")
        assert answer.status_code == 200
        json.loads(answer.content, parse_constant=pytest.fail)
    forecast = (await door.get("/v1/twins/new/forecast")).json()
    assert forecast["newest_s"] is None and forecast["dimensions"]["position"]["mean"] == [None, None]


@in_loop
async def test_attributes_are_replaced(door):
    await door.car()
    body = {"attributes": {"wheels": 6, "name": "Ä"}}
    assert (await door.put("/v1/twins/car-1/attributes", body)).json() == body
    assert (await door.get("/v1/twins/car-1")).json()["attributes"] == body["attributes"]
    assert (await door.put("/v1/twins/nobody/attributes", body)).status_code == 404
    for bad in ({"1x": 1}, {"a": "x" * 201}, {"a": "two\nlines"}, {"a": 1e300}, {"a": 10**400}):
        answer = await door.put("/v1/twins/car-1/attributes", {"attributes": bad})
        assert answer.status_code in (400, 422), bad
    assert (await door.get("/v1/twins/car-1")).json()["attributes"] == body["attributes"]


@in_loop
async def test_a_device_with_a_wrong_incarnation_is_taken_up_again(door):
    await door.car()
    wrong = {"updates": [{"seq": 1, "incarnation": 2**60, "values": {"load": 1.0}}]}
    right = {"updates": [{"seq": 1, "incarnation": 2, "values": {"load": 2.0}}]}
    await door.post("/v1/twins/car-1/updates", wrong)
    await door.post("/v1/twins/car-1/updates", right)
    twin = (await door.get("/v1/twins/car-1")).json()
    assert twin["counts"].get("sealed") == 1 and len(twin["set_aside"]) == 1
    assert (await door.post("/v1/twins/car-1/restart")).status_code == 204
    await door.post("/v1/twins/car-1/updates", right)
    assert (await door.get("/v1/twins/car-1")).json()["incarnation"] == 2
