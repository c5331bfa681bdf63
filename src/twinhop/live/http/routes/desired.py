"""Settings towards a device, with a version that decides which of two writers was first."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Header, Response
from pydantic import Field

from twinhop.errors import InputError
from twinhop.live.entry import Kind
from twinhop.live.gateway.problems import Problem
from twinhop.live.http.paths import TwinId
from twinhop.live.http.routes.changes import asked, changed, checked
from twinhop.live.http.routes.guard import Api, needs, router
from twinhop.live.http.routes.responses import answers
from twinhop.live.http.routes.shown import Answer, Value
from twinhop.scenario.fields import Section
from twinhop.twin.desired import make_desired

routes = router("twins")

_TAGS = re.compile(r'\s*(?:W/)?"[^"]*"\s*(?:,\s*(?:W/)?"[^"]*"\s*)*')
_TAG = re.compile(r'(W/)?"([^"]*)"')
LONGEST_MATCH = 1_000

ETAG = {"ETag": {"description": "version of the settings, quoted", "schema": {"type": "string"}, "example": '"3"'}}


class DesiredView(Answer):
    """Settings that the device should take up."""

    version: int = Field(description="number of changes; 0: there was none")
    values: dict[str, Value] = Field(description="by name", examples=[{"report_period_s": 5}])


class DesiredValues(Section):
    """Settings by name, all of them."""

    values: dict[str, Value] = Field(description="text, numbers, true or false", examples=[{"report_period_s": 5}])


@routes.get(
    "/twins/{twin}/desired",
    dependencies=needs("read", "device"),
    response_model=DesiredView,
    responses={
        200: {"headers": ETAG},
        304: {"description": "The version is that of `If-None-Match`", "headers": ETAG},
        **answers(404),
    },
)
async def get_desired(
    api: Api,
    twin: TwinId,
    response: Response,
    if_none_match: Annotated[
        str | None, Header(max_length=LONGEST_MATCH, description="versions that are known")
    ] = None,
) -> DesiredView | Response:
    """The settings towards a device, and their version as `ETag`."""
    desired = await asked(api, twin, lambda fold: fold.twin.desired)
    tag = f'"{desired.version}"'
    if if_none_match is not None and (
        if_none_match.strip() == "*" or str(desired.version) in (each for _, each in _TAG.findall(if_none_match))
    ):
        return Response(status_code=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return DesiredView(version=desired.version, values=desired.values)


@routes.put(
    "/twins/{twin}/desired",
    dependencies=needs("operate"),
    responses={200: {"headers": ETAG}, **answers(400, 404, 412, 428)},
)
async def put_desired(
    api: Api,
    twin: TwinId,
    body: DesiredValues,
    response: Response,
    if_match: Annotated[
        str | None,
        Header(
            max_length=LONGEST_MATCH, description='the `ETag` that was read, such as `"3"`; needed', examples=['"3"']
        ),
    ] = None,
) -> DesiredView:
    """Replace the settings towards a device.

    The version is compared where the change is applied, so that of two writers who have read the same version one gets
    412: read again, and decide anew.
    """
    checked(api, twin)
    if if_match is None:
        raise Problem("precondition-required", f"{twin}: desired: give the ETag that you have read as If-Match")
    read = await _version(api, twin, if_match)
    version = read + 1
    make_desired(version, body.values, f"twin {twin!r}: desired")
    folded = await changed(api, Kind.DESIRED, twin, {"version": version, "values": body.values})
    if folded.refused:
        now = await asked(api, twin, lambda fold: fold.twin.desired.version)
        raise _stale(twin, if_match, now) if now != read else InputError(folded.refused)
    response.headers["ETag"] = f'"{version}"'
    return DesiredView(version=version, values=body.values)


async def _version(api: Api, twin: str, if_match: str) -> int:
    """The version that a writer has read, which must be the present one.

    Raises:
        InputError: it is no entity tag.
        Problem: it is another one.
    """
    if if_match.strip() != "*" and not _TAGS.fullmatch(if_match):
        raise InputError(f'If-Match: got {if_match[:40]!r}; expected the ETag that you have read, such as "3"')
    now = await asked(api, twin, lambda fold: fold.twin.desired.version)
    strong = [tag for weak, tag in _TAG.findall(if_match) if not weak]
    if if_match.strip() != "*" and str(now) not in strong:
        raise _stale(twin, if_match, now)
    return now


def _stale(twin: str, if_match: str, now: int) -> Problem:
    return Problem(
        "precondition-failed",
        f'{twin}: desired: If-Match {if_match[:40]}, but the version is "{now}"; read again',
    )
