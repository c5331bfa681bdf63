"""The OpenAPI document of the whole application: what every route answers, problems and scopes included."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from twinhop._version import __version__
from twinhop.live.http.routes.guard import BEARER, EVENTS
from twinhop.live.http.routes.responses import ALWAYS, PROBLEM_SCHEMA, ProblemView, answers

VERSION = "3.1.0"
DESCRIPTION = """\
Twins that live: devices send updates, twins keep them, forecast and are placed on hosts at the stations of a city.

What is answered with a status from 200 to 299 is on disk. Every other answer is a problem (RFC 9457,
`application/problem+json`). Times are seconds since 1970. Lists come in pages: ask again with `cursor` set to
`next_cursor`. Numbers that are not known, or not finite, are null.
"""
TAGS = {
    "updates": "what devices send",
    "twins": "twins of devices: state, history, forecast, settings",
    "services": "twins of services, made of those of devices",
    "places": "stations, hosts, and where the twins are",
    "plans": "what the controller decides, and the moves it makes",
    "events": "what happens, as it happens",
    "tokens": "who may do what",
    "backup": "all that the server keeps, in one file",
    "health": "whether it serves",
}
OTHERS = {"put": (415, 507), "post": (415, 507), "delete": (507,)}
"""Further problems of methods that change something."""


def state_document(app: FastAPI) -> None:
    """Let an application state the complete document.

    Args:
        app: with all its routes.
    """
    app.openapi = lambda: _document(app)  # pyright: ignore[reportAttributeAccessIssue]


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(
            title="twinhop",
            version=__version__,
            openapi_version=VERSION,
            summary="Twins that live: updates, states, forecasts, placement.",
            description=DESCRIPTION,
            routes=app.routes,
            tags=[{"name": name, "description": text} for name, text in TAGS.items()],
            license_info={"name": "MIT", "identifier": "MIT"},
            servers=[{"url": "/", "description": "this server"}],
        )
        components = document.setdefault("components", {})
        components.setdefault("securitySchemes", {}).setdefault(
            BEARER.scheme_name, BEARER.model.model_dump(mode="json", by_alias=True, exclude_none=True)
        )
        schemas = components.setdefault("schemas", {})
        schemas[PROBLEM_SCHEMA] = ProblemView.model_json_schema()
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                _complete(path, method, operation)
        components["schemas"] = dict(sorted(schemas.items()))
        app.openapi_schema = document
    return app.openapi_schema


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """Add the problems that an operation has as all of its kind do."""
    operation["summary"] = operation["operationId"].replace("_", " ").capitalize()
    for each in operation.get("parameters", ()):
        _without_null(each)
    said = operation["responses"]
    statuses = {*ALWAYS, *OTHERS.get(method, ())}
    if "requestBody" in operation:
        operation["requestBody"]["required"] = True
    else:
        statuses -= {415}
    if "{" in path or "requestBody" in operation:
        statuses.add(400)
    if "{" in path:
        statuses.add(404)
    if "security" not in operation:
        statuses -= {401, 403}
    if "HTTPValidationError" in str(said.get("422", "")):
        del said["422"]
    for status, answer in answers(*statuses, always=()).items():
        said.setdefault(str(status), answer)
    for answer in said.values():
        answer.get("content", {}).get(EVENTS, {}).pop("schema", None)  # it would be of the whole stream
    operation["responses"] = dict(sorted(said.items()))


def _without_null(parameter: dict[str, Any]) -> None:
    """A parameter that may be left out is not null: there is no such text in addresses and headers."""
    schema = parameter["schema"]
    kinds = [each for each in schema.pop("anyOf", ()) if each != {"type": "null"}]
    if len(kinds) == 1:
        parameter["schema"] = {**schema, **kinds[0]}
    elif kinds:
        schema["anyOf"] = kinds
