"""A server with its own controller and services, from updates to the hosts of twins, by the API alone."""

import time

import pytest

pytest.importorskip("uvicorn")

from serve_makers import WAIT_S, served

from twinhop.live.http.paths import encoded

SERVICES = {
    "west": {
        "polygon_m": [[0, 0], [500, 0], [500, 500], [0, 500]],
        "aggregates": {"cars": {"kind": "count"}, "load": {"kind": "mean", "dimension": "load"}},
    },
    "none": {"ids": ["nobody"], "aggregates": {"load": {"kind": "mean", "dimension": "load"}}},
}
PLACES = {"car-1": (100.0, 100.0, 1.0), "b/7": (400.0, 400.0, 3.0), "car-3": (900.0, 900.0, 8.0)}


@pytest.fixture(scope="module")
def at(tmp_path_factory):
    """Started again where the twins are already: the one decision of its first slot knows them."""
    data = tmp_path_factory.mktemp("whole") / "twins"
    with pytest.MonkeyPatch.context() as patch:
        with served(data, patch) as first:
            for twin, values in PLACES.items():
                path = f"/v1/twins/{encoded(twin)}"
                assert first.client.put(path, json={}).status_code == 201
                updates = [{"seq": 1, "values": list(values), "observed_s": time.time()}]
                assert first.client.post(f"{path}/updates", json={"updates": updates}).status_code == 200
        controller = {"mode": "approve", "policy": "nearest", "slot_s": 3600.0}
        with served(data, patch, services=SERVICES, controller=controller) as running:
            yield running


def got(at, path):
    answer = at.client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_plan_is_applied_and_its_twins_are_where_it_says(at):
    made = at.client.post("/v1/plans", json={"policy": "nearest"})
    assert made.status_code == 201, made.text
    plan = made.json()
    assert {each["twin"] for each in plan["moves"]} == set(PLACES)
    assert (plan["state"], plan["is_dry"]) == ("proposed", True)
    assert {each["state"] for each in plan["moves"]} == {"proposed"}
    assert plan["bound_s"] <= plan["cost_s"]
    answer = at.client.post(f"{made.headers['Location']}/apply")
    assert (answer.status_code, answer.headers["Location"]) == (202, made.headers["Location"])
    end_s = time.monotonic() + WAIT_S
    while (done := got(at, made.headers["Location"]))["state"] not in ("applied", "failed"):
        assert time.monotonic() < end_s, done
        time.sleep(0.02)
    assert (done["state"], {each["state"] for each in done["moves"]}) == ("applied", {"done"})
    for move in done["moves"]:
        assert got(at, f"/v1/twins/{encoded(move['twin'])}")["host"] == move["target"]
        assert move["twin"] in got(at, f"/v1/hosts/{encoded(move['target'])}")["twin_ids"]
        assert got(at, f"/v1/moves/{move['id']}") == move and move["epoch"] >= 1
    again = at.client.post(f"{made.headers['Location']}/apply")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/conflict")


def test_a_controller_in_shadow_applies_nothing(at):
    plan = at.client.post("/v1/plans", json={"policy": "nearest"}).headers["Location"]
    assert at.client.put("/v1/controller", json={"mode": "shadow"}).json()["mode"] == "shadow"
    try:
        refused = at.client.post(f"{plan}/apply")
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/conflict")
        assert "shadow" in refused.json()["detail"]
    finally:
        at.client.put("/v1/controller", json={"mode": "approve"})


def test_services_are_made_of_the_twins_that_belong_to_them(at):
    end_s = time.monotonic() + WAIT_S  # services that are new are made of the twins while the server runs
    while (west := got(at, "/v1/services/west"))["members"] < 2:
        assert time.monotonic() < end_s, west
        time.sleep(0.02)
    listed = {each["id"]: each["members"] for each in got(at, "/v1/services")["items"]}
    assert listed == {"west": 2, "none": 0}
    west = got(at, "/v1/services/west")
    assert west["aggregates"]["cars"] == {"shape": [1], "values": [2.0]}
    assert west["aggregates"]["load"]["values"] == [2.0]
    assert west["staleness"]["oldest"] == "car-1" and 0 <= west["staleness"]["mean_s"] <= west["staleness"]["peak_s"]
    empty = got(at, "/v1/services/none")
    assert (empty["aggregates"]["load"]["values"], empty["staleness"]["oldest"]) == ([None], None)
    first = got(at, "/v1/services?limit=1")
    assert [each["id"] for each in first["items"]] == ["none"]
    assert [each["id"] for each in got(at, f"/v1/services?limit=1&cursor={first['next_cursor']}")["items"]] == ["west"]
