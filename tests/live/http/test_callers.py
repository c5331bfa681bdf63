"""Every route against every wrong caller; a new route that is in no row fails here."""

import asyncio
from http import HTTPStatus

import pytest
from http_makers import Reader, door

READ, DEVICE, GATEWAY, OPERATE, ADMIN_ONLY = {"read", "operate"}, {"device"}, {"gateway"}, {"operate"}, set()

#: Method and path of every route that needs a token, who may call it besides an administrator, and a body.
ROUTES = {
    ("POST", "/v1/twins/{twin}/updates"): (DEVICE | GATEWAY, {"updates": [{"seq": 1, "values": {"load": 1}}]}),
    ("POST", "/v1/updates"): (DEVICE | GATEWAY, {"updates": [{"twin": "car-1", "seq": 1, "values": {"load": 1}}]}),
    ("GET", "/v1/twins"): (READ, None),
    ("PUT", "/v1/twins/{twin}"): (OPERATE | GATEWAY, {}),
    ("GET", "/v1/twins/{twin}"): (READ | DEVICE, None),
    ("DELETE", "/v1/twins/{twin}"): (OPERATE, None),
    ("GET", "/v1/twins/{twin}/history"): (READ, None),
    ("GET", "/v1/twins/{twin}/forecast"): (READ | DEVICE, None),
    ("PUT", "/v1/twins/{twin}/attributes"): (OPERATE | GATEWAY, {"attributes": {}}),
    ("POST", "/v1/twins/{twin}/restart"): (OPERATE, None),
    ("GET", "/v1/twins/{twin}/desired"): (READ | DEVICE, None),
    ("PUT", "/v1/twins/{twin}/desired"): (OPERATE, {"values": {}}),
    ("GET", "/v1/services"): (READ, None),
    ("GET", "/v1/services/{service}"): (READ, None),
    ("GET", "/v1/stations"): (READ, None),
    ("GET", "/v1/stations/{station}"): (READ, None),
    ("GET", "/v1/hosts"): (READ, None),
    ("GET", "/v1/hosts/{host}"): (READ, None),
    ("GET", "/v1/placement"): (READ, None),
    ("POST", "/v1/plans"): (OPERATE, {}),
    ("GET", "/v1/plans"): (READ, None),
    ("GET", "/v1/plans/{plan}"): (READ, None),
    ("POST", "/v1/plans/{plan}/apply"): (OPERATE, None),
    ("GET", "/v1/moves"): (READ, None),
    ("GET", "/v1/moves/{move}"): (READ, None),
    ("GET", "/v1/controller"): (READ, None),
    ("PUT", "/v1/controller"): (OPERATE, {"mode": "shadow"}),
    ("GET", "/v1/events"): (READ, None),
    ("GET", "/v1/tokens"): (ADMIN_ONLY, None),
    ("POST", "/v1/tokens"): (ADMIN_ONLY, {"name": "a", "scopes": ["read"]}),
    ("GET", "/v1/tokens/{token}"): (ADMIN_ONLY, None),
    ("DELETE", "/v1/tokens/{token}"): (ADMIN_ONLY, None),
    ("GET", "/v1/backup"): (ADMIN_ONLY, None),
}
IDS = {
    "twin": "car-1",
    "service": "x",
    "station": "b7",
    "host": "b7",
    "plan": "p1764-1",
    "move": "p1764-1-1",
    "token": "x",
}
SCOPES = ("read", "operate", "gateway", "device:car-1", "device:car-2", "device:car-1/x")


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    with door(tmp_path_factory.mktemp("callers") / "twins") as opened:
        yield opened


def may(accepted, scope):
    return "device" in accepted if scope == "device:car-1" else scope in accepted


def test_every_route_is_in_the_table_and_states_its_scopes(there):
    document = asyncio.run(there.get("/openapi.json")).json()
    stated = {
        (method.upper(), path): operation.get("security")
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if path.startswith("/v1")
    }
    assert set(ROUTES) == set(stated)
    for route, (accepted, _) in ROUTES.items():
        (scheme,) = stated[route]
        scopes = set(scheme["token"])
        assert (scopes | ({"operate"} if "read" in scopes else set())) - {"admin"} == accepted, route


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_wrong_callers_are_refused_before_anything_else(there, route):
    method, template = route
    accepted, body = ROUTES[route]
    path = template.format(**IDS)

    async def status(token, **more):
        if path == "/v1/events":
            async with Reader(there.app, token=token) as reader:
                return reader.status, {}
        answer = await there.ask(method, path, token=token, **({"json": body} if body is not None else {}) | more)
        return answer.status_code, answer

    async def look():
        for token in ("", "wrong", "x" * 40, "x" * 10_000):
            code, answer = await status(token)
            assert code == HTTPStatus.UNAUTHORIZED
            if answer:
                assert answer.json()["type"] == "/problems/unauthorized"
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")
                assert token not in answer.text or not token
        for scope in SCOPES:
            token = there.token(scope)
            code, answer = await status(token)
            if may(accepted, scope):
                assert code not in (401, 403), (scope, answer and answer.text)
            elif template == "/v1/updates" and scope.startswith("device"):
                assert [each["code"] for each in answer.json()["refused"]] == ["forbidden"]
            else:
                assert code == HTTPStatus.FORBIDDEN, scope
                assert token not in (answer.text if answer else "")
                if body is not None:  # the caller is looked at before the body
                    assert (await status(token, json=None, content=b"{", headers=JSON))[0] == HTTPStatus.FORBIDDEN
                    assert (await status("", json=None, content=b"{", headers=JSON))[0] == HTTPStatus.UNAUTHORIZED

    asyncio.run(look())


JSON = {"Content-Type": "application/json"}


def test_tokens_are_of_one_scheme_and_never_in_the_address(there):
    async def look():
        for header in ("a" * 40, "Basic " + "a" * 40, "Bearer", "Bearer  ", "bearer-" + "a" * 40):
            assert (await there.get("/v1/twins", token="", headers={"Authorization": header})).status_code == 401
        assert (
            await there.get("/v1/twins", token="", headers={"Authorization": "bearer " + "a" * 40})
        ).status_code == 200
        answer = await there.get("/v1/twins?token=" + "a" * 40)
        assert answer.status_code == 400 and "a" * 40 not in answer.text

    asyncio.run(look())


def test_a_token_works_until_it_is_deleted(there):
    async def look():
        made = await there.post("/v1/tokens", {"name": "car 1", "scopes": ["device:car-1"]})
        assert made.status_code == 201
        token, name = made.json()["token"], made.headers["Location"]
        assert (await there.get("/v1/twins/car-1/desired", token=token)).status_code in (200, 404)
        listed = await there.get("/v1/tokens", params={"limit": 1000})
        assert token not in listed.text and (await there.get(name)).json()["scopes"] == ["device:car-1"]
        assert "digest" not in listed.text
        assert (await there.ask("DELETE", name)).status_code == 204
        assert (await there.ask("DELETE", name)).status_code == 404
        assert (await there.get("/v1/twins/car-1/desired", token=token)).status_code == 401
        for bad in (
            {"name": "a", "scopes": []},
            {"name": "a", "scopes": ["root"]},
            {"name": "a\nb", "scopes": ["read"]},
        ):
            assert (await there.post("/v1/tokens", bad)).status_code in (400, 422)

    asyncio.run(look())
