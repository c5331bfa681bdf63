"""Updates by HTTP: batches of one twin, and of many; acknowledged once they are on disk."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from pydantic_core import PydanticCustomError

from twinhop.live.gateway.callers import DEVICE, Caller
from twinhop.live.gateway.gateway import Gateway
from twinhop.live.gateway.intake import Batch, BatchOfMany, decoded, is_packed
from twinhop.live.gateway.problems import Problem
from twinhop.live.http.answers import answer_of, problem_of_request
from twinhop.live.http.paths import TwinId
from twinhop.live.http.paths import decoded as id_of
from twinhop.live.http.routes.guard import context_of, needs, token_of

_ENCODE = msgspec.json.Encoder().encode


class Direct(APIRoute):
    """A route whose function takes the request itself, and the twin in its path, and makes the answer itself."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The function, with nothing of the framework around it."""
        endpoint = self.endpoint

        async def direct(request: Request) -> Response:
            segment = request.path_params.get("twin")
            return await (endpoint(request) if segment is None else endpoint(request, id_in(request, segment)))

        return direct


def id_in(request: Request, segment: str) -> str:
    """The id that a segment of the path stands for.

    Raises:
        Problem: it stands for none; or ``unauthorized``, which is said before.
    """
    try:
        return id_of(segment)
    except PydanticCustomError as error:
        admitted(request)
        raise Problem("invalid", f"path.twin: {error.message()}") from None


routes = APIRouter(prefix="/v1", tags=["updates"], route_class=Direct)


def _body_of(kind: type) -> dict[str, Any]:
    """What the OpenAPI document says of a body that no framework parses."""
    (reference,), parts = msgspec.json.schema_components([kind], ref_template="#/components/schemas/{name}")
    schema = _inlined(reference, parts)
    content = {each: {"schema": schema} for each in ("application/json", "application/msgpack")}
    return {"requestBody": {"required": True, "content": content}}


def _inlined(schema: Any, parts: dict[str, Any]) -> Any:
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inlined(parts[schema["$ref"].rpartition("/")[2]], parts)
        return {name: _inlined(each, parts) for name, each in schema.items()}
    return [_inlined(each, parts) for each in schema] if isinstance(schema, list) else schema


def _answered(words: str, fields: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    schema = {"type": "object", "required": list(fields), "additionalProperties": False, "properties": fields}
    return {200: {"description": words, "content": {"application/json": {"schema": schema}}}}


_COUNT = {"type": "integer"}
_THROUGH = {"type": "object", "required": ["incarnation", "seq"], "properties": {"incarnation": _COUNT, "seq": _COUNT}}
_REFUSED = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["index", "code", "detail"],
        "properties": {"index": _COUNT, "code": {"type": "string"}, "detail": {"type": "string"}},
    },
}


@routes.post(
    "/twins/{twin}/updates",
    summary="Send updates of one twin",
    operation_id="updates_of_one",
    dependencies=needs("device", "gateway"),
    openapi_extra=_body_of(Batch),
    responses=_answered("All are on disk.", {"acked_through": _THROUGH, "count": _COUNT}),
)
async def updates_of_one(request: Request, twin: TwinId) -> Response:
    """Send updates of one twin, in order; the answer says through which all are on disk."""
    gateway, caller = admitted(request)
    gateway.require_any(caller, ("device", "gateway"), twin)
    batch = decoded(await request.body(), Batch, is_packed(request.headers.get("content-type", "")))
    done = await gateway.updates(caller, twin, batch.updates)
    answer = b'{"acked_through":{"incarnation":%d,"seq":%d},"count":%d}' % (done.incarnation, done.seq, done.count)
    return Response(answer, media_type="application/json")


@routes.post(
    "/updates",
    summary="Send updates of many twins",
    operation_id="updates_of_many",
    dependencies=needs("device", "gateway"),
    openapi_extra=_body_of(BatchOfMany),
    responses=_answered("Those that were not refused are on disk.", {"count": _COUNT, "refused": _REFUSED}),
)
async def updates_of_many(request: Request) -> Response:
    """Send updates of many twins in one commit; those that are refused are listed, all others are on disk."""
    gateway, caller = admitted(request)
    if not (caller.scopes & {"gateway", "admin"} or any(each.startswith(DEVICE) for each in caller.scopes)):
        raise Problem("forbidden", f"{caller.name}: a scope of device, gateway or admin is needed for this")
    batch = decoded(await request.body(), BatchOfMany, is_packed(request.headers.get("content-type", "")))
    outcomes = await gateway.updates_of_many(caller, batch.updates)
    refused = [
        {"index": at, "code": each.code, "detail": each.detail} for at, each in enumerate(outcomes) if each is not None
    ]
    return Response(_ENCODE({"count": len(outcomes) - len(refused), "refused": refused}), media_type="application/json")


def admitted(request: Request) -> tuple[Gateway, Caller]:
    """The gateway, and who calls.

    Raises:
        Problem: ``unauthorized``.
    """
    gateway = context_of(request).gateway
    return gateway, gateway.caller(token_of(request))


class FirstLane:
    """Middleware that answers batches of one twin, which come without end, past the framework; all else goes there.

    Args:
        app: the application inside.
        context: as that of its routes.
    """

    def __init__(self, app: Any, context: Any) -> None:
        self._app, self._context = app, context
        self._route = next(each for each in routes.routes if isinstance(each, APIRoute) and "twin" in each.path)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer, or hand on."""
        path = scope["path"]
        if scope["type"] != "http" or scope["method"] != "POST" or not path.endswith(_END):
            await self._app(scope, receive, send)
            return
        segment = path[len(_BEGINNING) : -len(_END)]
        if not path.startswith(_BEGINNING) or not segment or "/" in segment:
            await self._app(scope, receive, send)
            return
        scope["app"], scope["route"], scope["path_params"] = self, self._route, {"twin": segment}
        request = Request(scope, receive)
        try:
            response = await self._route.endpoint(request, id_in(request, segment))
        except Exception as error:
            response = answer_of(problem_of_request(error), request)
        await response(scope, receive, send)

    @property
    def state(self) -> Any:
        """Where routes find the context."""
        return self

    @property
    def context(self) -> Any:
        """What routes show."""
        return self._context


_BEGINNING, _END = "/v1/twins/", "/updates"
