"""What routes answer besides what they are for: problems, as the OpenAPI document says them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from twinhop.live.http.answers import MEDIA_TYPE

PROBLEM_SCHEMA = "Problem"


class ProblemView(BaseModel):
    """A problem (RFC 9457)."""

    model_config = ConfigDict(
        title=PROBLEM_SCHEMA,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "type": "/problems/unknown-twin",
                    "title": "There is no such twin",
                    "status": 404,
                    "detail": "car-1: there is no such twin",
                    "instance": "/v1/twins/car-1",
                }
            ]
        },
    )

    type: str = Field(description="`/problems/` and the word for the kind of problem")
    title: str = Field(description="the kind of problem in words")
    status: int = Field(description="as the status of the answer")
    detail: str = Field(description="this one: what, where, and what would be accepted")
    instance: str = Field(description="the path of the request")


WORDS = {
    400: "Something given cannot be used",
    401: "No token, or an unknown one",
    403: "The token's scopes do not suffice",
    404: "There is no such thing",
    405: "The method is not one of this path",
    406: "No form that is accepted can be given",
    409: "It conflicts with what is there",
    410: "It is no longer kept",
    412: "Others have written meanwhile",
    413: "The body or the address is too large",
    415: "The body is of another media type",
    422: "A field is missing, unknown or out of range",
    428: "`If-Match` is needed",
    429: "Too many at once; `Retry-After` says when to try again",
    503: "The server is stopping, or the part that is asked does not run",
    507: "The disk is full; nothing is acknowledged until there is room",
}
ALWAYS = (401, 403, 406, 413, 422, 429, 503)
"""Problems that any route may answer."""
RETRY = {"Retry-After": {"description": "when to try again [s]", "schema": {"type": "integer"}}}


def answers(*statuses: int, always: tuple[int, ...] = ALWAYS) -> dict[int | str, dict[str, Any]]:
    """The problems of a route: those of every route, and these."""
    return {status: _answer(status) for status in sorted({*always, *statuses})}


def _answer(status: int) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": WORDS[status],
        "content": {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{PROBLEM_SCHEMA}"}}},
    }
    return answer | ({"headers": RETRY} if status in (429, 503, 507) else {})
