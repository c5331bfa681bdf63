"""What the framework says by itself is a problem, too, and repeats nothing large or secret."""

import pytest
from http_makers import ADMIN, in_loop

JSON = {"Content-Type": "application/json"}


@in_loop
async def test_what_no_route_takes_is_a_problem(door):
    for method, path, status, word in (
        ("GET", "/", 404, "not-found"),
        ("GET", "/docs", 404, "not-found"),
        ("GET", "/redoc", 404, "not-found"),
        ("GET", "/v1/twins/", 404, "not-found"),
        ("GET", "/v1/%74wins", 404, "not-found"),
        ("GET", "/v1/twins/a/b", 404, "not-found"),
        ("PATCH", "/v1/twins/a", 405, "method-not-allowed"),
        ("DELETE", "/v1/twins/a/desired", 405, "method-not-allowed"),
        ("TRACE", "/v1/twins", 405, "method-not-allowed"),
    ):
        answer = await door.ask(method, path)
        assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{word}"), path
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["instance"] == path
        assert set(answer.json()) == {"type", "title", "status", "detail", "instance"}


@in_loop
async def test_options_and_405_name_all_methods_of_an_address(door):
    for path, methods in (
        ("/v1/twins/a", "DELETE, GET, HEAD, OPTIONS, PUT"),
        ("/v1/twins/a%2Fb/desired", "GET, HEAD, OPTIONS, PUT"),
        ("/v1/plans/p/apply", "OPTIONS, POST"),
    ):
        options = await door.ask("OPTIONS", path, token="")
        assert (options.status_code, options.headers["Allow"], options.content) == (204, methods, b"")
        assert (await door.ask("PATCH", path)).headers["Allow"] == methods
    assert (await door.ask("OPTIONS", "/v1/nothing", token="")).status_code == 404


@in_loop
async def test_head_is_get_without_its_body(door):
    await door.car()
    for path in ("/v1/twins/car-1/desired", "/v1/twins", "/v1/twins/nobody"):
        get, head = await door.get(path), await door.ask("HEAD", path)
        assert head.status_code == get.status_code and head.content == b""
        assert head.headers["Content-Type"] == get.headers["Content-Type"]
        assert head.headers.get("ETag") == get.headers.get("ETag")
    assert (await door.ask("HEAD", "/v1/twins", token="")).status_code == 401


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("*/*;q=0", 406),
        ("text/*, application/*;q=0.1", 200),
        ("", 200),
    ],
)
@in_loop
async def test_what_is_accepted_is_answered(door, accept, status):
    assert (await door.get("/v1/twins", headers={"Accept": accept})).status_code == status


@pytest.mark.parametrize(
    ("content", "form", "status"),
    [
        (b"{}", "text/plain", 415),
        (b"{}", "application/x-www-form-urlencoded", 415),
        (b"{}", "", 415),
        (b"\x80", "application/msgpack", 415),
        (b"{", "application/json", 400),
        (b'{"a": NaN', "application/json", 400),
        (b"\xff\xfe{}", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"attributes": {"a": 1e999}}', "application/json", 400),
        (b'{"attributes": {"a": "\\ud800"}}', "application/json", 400),
        (b'{"attributes": {"\\ud800": 1}}', "application/json", 400),
        (b'{"attributes": {"a": ' + b"9" * 5_000 + b"}}", "application/json", 400),
        (b"", "application/json", 422),
        (b"null", "application/json", 422),
        (b"[]", "application/json", 422),
        (b'{"spec": {"state_schema": {"dimensions": []}}}', "application/json", 422),
        (b'{"nothing": 1}', "application/json", 422),
        (b'{"attributes": {}}' + b" " * 2**20, "application/json", 413),
    ],
)
@in_loop
async def test_bodies_that_will_not_do(door, content, form, status):
    headers = {"Content-Type": form} if form else {}
    answer = await door.ask("PUT", "/v1/twins/a", content=content, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json" and len(answer.content) < 2_000
    assert (await door.get("/v1/twins/a")).status_code == 404


@in_loop
async def test_nothing_large_or_secret_is_repeated(door):
    word = "s3cret" * 5_000
    for body in (
        {"attributes": {word: 1}},
        {"attributes": {"a": word}},
        {word: 1},
        {"spec": word},
        {"attributes": word},
    ):
        answer = await door.put("/v1/twins/a", body)
        assert answer.status_code in (400, 422) and len(answer.content) < 2_000
    answer = await door.post("/v1/tokens", {"name": "a", "scopes": ["read"], "token": ADMIN})
    assert answer.status_code == 422 and ADMIN not in answer.text
    many = await door.put("/v1/twins/a", {"attributes": {f"{at}": 1 for at in range(300)}})
    assert many.status_code in (400, 422) and len(many.content) < 5_000


@in_loop
async def test_an_unforeseen_error_is_a_problem_that_tells_nothing(door, monkeypatch):
    monkeypatch.setattr(type(door.context.controller), "stations", lambda self: 1 / 0)
    answer = await door.get("/v1/stations")
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/internal")
    assert "division" not in answer.text


@in_loop
async def test_a_full_disk_and_a_stopped_host_are_problems(door):
    await door.car()
    host = door.context.host
    host._full["room"] = "0 MiB are free"
    full = await door.put("/v1/twins/b", {})
    assert (full.status_code, full.json()["type"]) == (507, "/problems/no-room") and full.headers["Retry-After"]
    assert (await door.get("/v1/twins/car-1")).status_code == 200
    host._full.clear()
    host.stop()
    for method, path, body in (("PUT", "b", {}), ("DELETE", "car-1", None), ("GET", "car-1", None)):
        answer = await door.ask(method, f"/v1/twins/{path}", json=body)
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/stopped")
