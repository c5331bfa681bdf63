"""Answers that are problems (RFC 9457), whatever went wrong and wherever: in a route, or before one was reached."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from twinhop.errors import TwinhopError
from twinhop.io.json_text import json_text
from twinhop.live.gateway.problems import PROBLEMS, Problem, problem_of

MEDIA_TYPE = "application/problem+json"
LONGEST_DETAIL = 1_000
MOST_ERRORS, LONGEST_PART, LONGEST_MESSAGE, LONGEST_INSTANCE = 10, 60, 300, 500
CHALLENGE = 'Bearer realm="twinhop"'


def answer_of(problem: Problem, request: Request) -> Response:
    """The answer that a problem is.

    Args:
        problem: what is wrong.
        request: that is answered.
    """
    headers = {"Cache-Control": "no-store"}
    if problem.retry_after_s is not None:
        headers["Retry-After"] = str(max(math.ceil(problem.retry_after_s), 1))
    if problem.status == 401:
        headers["WWW-Authenticate"] = CHALLENGE
    detail = problem.detail if len(problem.detail) <= LONGEST_DETAIL else problem.detail[:LONGEST_DETAIL] + "..."
    body = {**problem.to_json(), "detail": detail, "instance": request.scope["path"][:LONGEST_INSTANCE]}
    return Response(json_text(body, indent=None).encode(), problem.status, headers, MEDIA_TYPE)


def problem_of_request(error: Exception) -> Problem:
    """The problem that an error of the framework, of the gateway or of nobody's foresight is."""
    match error:
        case RequestValidationError():
            return _invalid(error.errors())
        case HTTPException():
            return Problem(_code(error.status_code), str(error.detail)[:LONGEST_MESSAGE])
    return problem_of(error)


def answer_problems(app: FastAPI) -> None:
    """Let an application answer problems only, where it does not answer what was asked for.

    Args:
        app: to which the handlers are added.
    """

    async def answer(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code == 405:
            return _other_method(app, request)
        if isinstance(error, HTTPException) and error.status_code == 404:
            return answer_of(
                Problem("not-found", "there is nothing at this address; /openapi.json lists what is"), request
            )
        return answer_of(problem_of_request(error), request)

    for kind in (HTTPException, RequestValidationError, TwinhopError, Exception):
        app.add_exception_handler(kind, answer)


def _other_method(app: FastAPI, request: Request) -> Response:
    """What is said to a method that an address does not have; OPTIONS asks for just that."""
    allowed = ", ".join(methods_of(app, request.scope["path"]))
    if request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": allowed})
    method = request.method[:LONGEST_PART]
    answer = answer_of(
        Problem("method-not-allowed", f"{method}: is none of this address; accepted: {allowed}"), request
    )
    answer.headers["Allow"] = allowed
    return answer


def methods_of(app: FastAPI, path: str) -> list[str]:
    """The methods that an address takes."""
    found = {"OPTIONS"}
    for template, operations in app.openapi()["paths"].items():
        if _pattern(template).fullmatch(path):
            found |= {name.upper() for name in operations if name in _METHODS}
    return sorted(found | ({"HEAD"} if "GET" in found else set()))


_METHODS = frozenset({"get", "put", "post", "delete", "patch"})


@lru_cache(256)
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(re.escape(each) for each in re.split(r"\{[^}]*\}", template)))


def _code(status: int) -> str:
    """The word for a status of the framework."""
    return next((code for code, kind in PROBLEMS.items() if kind.status == status), "bad-request")


def _invalid(errors: Sequence[Any]) -> Problem:
    """What is wrong with parameters and body, without what was sent."""
    if errors and errors[0].get("type") == "json_invalid":
        return Problem("bad-request", "the body is not valid JSON")
    shown = [f"{_place(each['loc'])}: {_lower(str(each['msg']))[:LONGEST_MESSAGE]}" for each in errors[:MOST_ERRORS]]
    more = [f"and {len(errors) - len(shown)} more"] if len(errors) > len(shown) else []
    return Problem("invalid", "; ".join([*shown, *more]))


def _place(path: Sequence[str | int]) -> str:
    return ".".join(str(part)[:LONGEST_PART] for part in path)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
