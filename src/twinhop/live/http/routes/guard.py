"""Who may call a route, looked at before anything else of the request is read, and stated in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.requests import HTTPConnection

from twinhop.errors import InputError
from twinhop.live.gateway.callers import Caller
from twinhop.live.gateway.problems import Problem
from twinhop.live.http.answers import answer_of, problem_of_request
from twinhop.live.http.paths import decoded
from twinhop.live.http.routes.context import Context
from twinhop.text import suggestion

JSON, EVENTS = "application/json", "text/event-stream"

BEARER = HTTPBearer(
    scheme_name="token",
    bearerFormat="opaque",
    auto_error=False,
    description=(
        "A token in the header `Authorization: Bearer ...`, never in the address. Scopes: `admin` may everything; "
        "`operate` changes and reads; `read` reads; `gateway` creates twins and sends their updates; `device:ID` is of "
        "the twin ID alone, where a route lists `device`."
    ),
)
"""How callers say who they are; `Guarded` reads the header, this one states it."""


async def _stated(_: Annotated[Any, Depends(BEARER)]) -> None:
    """States the scheme in the document."""


def needs(*scopes: str) -> list[Any]:
    """The dependencies of a route that takes callers of these scopes; ``admin`` may everything.

    Args:
        scopes: ``read``, ``operate``, ``gateway``, ``admin``; ``device``: of the twin in the path.
    """
    return [Security(_stated, scopes=list(scopes))]


class Guarded(APIRoute):
    """A route that knows its scopes; it refuses a caller before it looks at parameters or body."""

    media: ClassVar[str] = JSON
    """What it answers."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes of which a caller needs one."""
        return tuple(scope for each in self.dependencies for scope in getattr(each, "scopes", None) or ())

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of the framework, behind the guard; whatever goes wrong is a problem."""
        handler = super().get_route_handler()
        accepted = tuple(each.alias for each in self.dependant.query_params)

        async def guarded(request: Request) -> Response:
            try:
                request.state.caller = admitted(context_of(request), request, self.scopes)
                _check_forms(request, self.media, takes_body=self.body_field is not None)
                _check_names(request, accepted)
                return await handler(request)
            except Exception as error:
                return answer_of(problem_of_request(error), request)

        return guarded


class Streamed(Guarded):
    """A route that answers events."""

    media = EVENTS


def router(tag: str, route: type[Guarded] = Guarded) -> APIRouter:
    """A router of guarded routes."""
    return APIRouter(prefix="/v1", tags=[tag], route_class=route, generate_unique_id_function=lambda each: each.name)


def context_of(request: HTTPConnection) -> Context:
    """What the routes of this application show."""
    return request.app.state.context


def token_of(request: HTTPConnection) -> str:
    """The token of a request; empty without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def admitted(context: Context, request: HTTPConnection, scopes: tuple[str, ...]) -> Caller:
    """The caller of a request.

    Raises:
        Problem: there is no such caller, or it has none of the scopes.
    """
    caller = context.gateway.caller(token_of(request))
    context.gateway.require_any(caller, scopes, _twin(request))
    return caller


def _twin(request: HTTPConnection) -> str | None:
    try:
        return decoded(request.path_params["twin"])
    except (KeyError, InputError):
        return None


def _check_forms(request: Request, media: str, *, takes_body: bool) -> None:
    """Refuse a request whose body has another form than is read, or that accepts none that is written.

    Raises:
        Problem: that is so.
    """
    if not accepts(request.headers.get("accept", ""), media):
        raise Problem("not-acceptable", f"Accept: this address answers {media}")
    form = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    has_body = "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"
    if takes_body and (form or has_body) and form != JSON:
        raise Problem("unsupported-media-type", f"Content-Type: {form[:60] or 'none'}; accepted: {JSON}")


def _check_names(request: Request, accepted: tuple[str, ...]) -> None:
    """Refuse a parameter that the address does not have, which would be overlooked.

    Raises:
        Problem: that is so.
    """
    for name in request.query_params:
        if name not in accepted:
            hint = f"{suggestion(name, accepted)}accepted: {', '.join(accepted)}" if accepted else "there are none here"
            raise Problem("invalid", f"query: {name[:40]}: unknown parameter; {hint}")


def accepts(header: str, media: str) -> bool:
    """Whether a header `Accept` allows a media type (RFC 9110, section 12.5.1).

    >>> accepts("text/html, application/*;q=0.5", JSON), accepts("application/json;q=0", JSON)
    (True, False)
    """
    best, found = -1, not header.strip()
    kind = media.partition("/")[0]
    for part in header.split(","):
        name, *parameters = (each.strip().lower() for each in part.split(";"))
        rank = {media: 2, f"{kind}/*": 1, "*/*": 0}.get(name, -1)
        if rank > best:
            best, found = rank, not any(_is_zero(each) for each in parameters)
    return found


def _is_zero(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    try:
        return name.strip() == "q" and float(value) <= 0
    except ValueError:
        return False


async def _api(request: Request) -> Context:
    """The same as a dependency, which waits for no thread."""
    return context_of(request)


Api = Annotated[Context, Depends(_api)]
