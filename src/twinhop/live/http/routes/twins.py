"""Twins: list, create, get, erase; history, forecast, attributes, restart."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import Field

from twinhop.errors import InputError
from twinhop.live.entry import Kind
from twinhop.live.fold import TwinFold
from twinhop.live.gateway.problems import Problem
from twinhop.live.http.paths import TwinId, encoded
from twinhop.live.http.routes.changes import asked, changed_known
from twinhop.live.http.routes.context import Context
from twinhop.live.http.routes.guard import Api, needs, router
from twinhop.live.http.routes.pages import USUAL_LIMIT, Cursor, Limit, cursor_after, key_after, page_of_texts
from twinhop.live.http.routes.responses import answers
from twinhop.live.http.routes.shown import (
    Answer,
    Forecast,
    HistoryPage,
    Page,
    TwinView,
    Value,
    finite,
    forecast_of,
    history_records,
    same_twin,
    twin_view,
)
from twinhop.live.projections import RosterRows
from twinhop.live.spec import TwinSpec
from twinhop.scenario.fields import LONGEST_TEXT, Section
from twinhop.twin.device_clock import LARGEST_TIME_S
from twinhop.twin.identity import make_identity

routes = router("twins")

LARGEST_AHEAD_S = 1e9
"""How far ahead may be forecast; about 30 years [s]."""
LEAST_LEVEL, MOST_LEVEL = 0.01, 0.9999
MOST_FILTERS = 8


class TwinRow(Answer):
    """What is known of a twin without waking it."""

    id: str
    host: str | None = Field(description="the logical host that runs it; null before it was placed")
    x_m: float | None = Field(description="last known position, eastwards; null: none is known [m]")
    y_m: float | None = Field(description="northwards [m]")
    load: float | None = Field(description="last known load, in units of a user's usual work; null: none is known")
    observed_s: float | None = Field(description="when the newest update was observed; null: there is none [s]")
    received_s: float | None = Field(description="when it was received, by the host's clock [s]")


class TwinPage(Page[TwinRow]):
    """Twins by id."""


class TwinToCreate(Section):
    """What a twin is to be."""

    spec: TwinSpec | None = Field(default=None, description="dimensions, models, retention; null: the server's")
    attributes: dict[str, Value] = Field(
        default={}, description="hardware and configuration by name", examples=[{"wheels": 4, "lidar": True}]
    )


class Attributes(Section):
    """Hardware and configuration of a device."""

    attributes: dict[str, Value] = Field(description="by name; all of them", examples=[{"wheels": 4, "lidar": True}])


Time = Annotated[float | None, Query(ge=-LARGEST_TIME_S, le=LARGEST_TIME_S, allow_inf_nan=False)]


@routes.get("/twins", dependencies=needs("read"), responses=answers(400))
async def list_twins(
    api: Api,
    prefix: Annotated[str | None, Query(max_length=LONGEST_TEXT, description="ids that begin so")] = None,
    host: Annotated[str | None, Query(max_length=LONGEST_TEXT, description="on this logical host")] = None,
    attribute: Annotated[
        list[str] | None,
        Query(max_length=MOST_FILTERS, description="`name:value`; several: all", examples=["wheels:4"]),
    ] = None,
    limit: Limit = USUAL_LIMIT,
    cursor: Cursor = None,
) -> TwinPage:
    """List twins by id.

    No twin is woken: a row shows the last position and load. A twin that is there during the whole listing is on
    exactly one page, whatever comes and goes meanwhile.
    """
    return await asyncio.to_thread(_twins, api, prefix, host, attribute or [], limit, cursor)


@routes.put(
    "/twins/{twin}",
    dependencies=needs("operate", "gateway"),
    status_code=201,
    responses={200: {"description": "It is there already, as it is asked for", "model": TwinView}, **answers(409)},
)
async def create_twin(api: Api, twin: TwinId, body: TwinToCreate, response: Response) -> TwinView:
    """Create a twin; once this is answered it is on disk.

    Again with the same specification and attributes nothing changes; with others it is a conflict.
    """
    spec = body.spec or api.spec
    created = False
    if not api.host.knows(twin):
        created = not (await api.gateway.create(twin, spec, body.attributes)).refused
    same, view = await asked(api, twin, lambda fold: (same_twin(fold, spec, body.attributes), _view(api, fold)))
    if not created and not same:
        raise Problem("conflict", f"{twin}: is there with another specification or attributes")
    response.status_code = 201 if created else 200
    if created:
        response.headers["Location"] = f"/v1/twins/{encoded(twin)}"
    return view


@routes.get("/twins/{twin}", dependencies=needs("read", "device"), responses=answers(404))
async def get_twin(api: Api, twin: TwinId) -> TwinView:
    """A twin as it is, after all updates that were acknowledged before; loads it where it is on disk alone."""
    return await asked(api, twin, partial(_view, api))


@routes.delete("/twins/{twin}", dependencies=needs("operate"), status_code=204, responses=answers(404))
async def erase_twin(api: Api, twin: TwinId) -> None:
    """Erase a twin: it is gone at once, and its records leave the disk with the next checkpoints.

    Updates of it that are still on their way are refused, until it is created anew.
    """
    await changed_known(api, Kind.ERASE, twin)


@routes.get("/twins/{twin}/history", dependencies=needs("read"), responses=answers(400, 404))
async def get_history(
    api: Api, twin: TwinId, from_s: Time = None, to_s: Time = None, limit: Limit = USUAL_LIMIT, cursor: Cursor = None
) -> HistoryPage:
    """Records of a twin, the oldest first, of those that its retention keeps.

    A page goes on after the number of the last record shown: records that leave meanwhile are on no further page, and
    those that come are.
    """
    listing = ["history", twin, from_s, to_s]
    after = key_after(cursor, listing, int) or 0
    records, more = await asked(api, twin, lambda fold: history_records(fold, after, from_s, to_s, limit))
    return HistoryPage(items=records, next_cursor=cursor_after(records[-1].number, listing) if more else None)


@routes.get("/twins/{twin}/forecast", dependencies=needs("read", "device"), responses=answers(400, 404))
async def get_forecast(
    api: Api,
    twin: TwinId,
    ahead_s: Annotated[
        float | None, Query(ge=0, le=LARGEST_AHEAD_S, allow_inf_nan=False, description="from now; else `at_s` [s]")
    ] = None,
    at_s: Annotated[Time, Query(description="on the twin's time, since 1970, not before its newest update [s]")] = None,
    level: Annotated[
        float, Query(ge=LEAST_LEVEL, le=MOST_LEVEL, allow_inf_nan=False, description="probability of the intervals")
    ] = 0.9,
) -> Forecast:
    """What the behaviour models expect of each dimension that has one; without a time, now.

    **Interval.** The forecast of a number is taken as normal, with the model's mean m and standard deviation s:
    `low, high = m -+ z s`, where z is the quantile of the standard normal distribution at (1 + level) / 2. It is of the
    value itself, without the noise of a measurement. A category has the probability of each instead.
    """
    if ahead_s is not None and at_s is not None:
        raise InputError("ahead_s, at_s: give one of them")
    now_s = api.host.now_s()

    def question(fold: TwinFold) -> Forecast:
        moment_s = max(now_s + (ahead_s or 0.0), fold.twin.time_s) if at_s is None else at_s
        return forecast_of(fold, moment_s, level)

    return await asked(api, twin, question)


@routes.put("/twins/{twin}/attributes", dependencies=needs("operate", "gateway"), responses=answers(400, 404))
async def put_attributes(api: Api, twin: TwinId, body: Attributes) -> Attributes:
    """Replace the attributes of a twin."""
    make_identity(twin, body.attributes)
    async with api.gateway.attribute_lock(twin):
        await changed_known(api, Kind.ATTRIBUTES, twin, {"attributes": body.attributes})
    return body


@routes.post("/twins/{twin}/restart", dependencies=needs("operate"), status_code=204, responses=answers(404))
async def restart_twin(api: Api, twin: TwinId) -> None:
    """Take the next update for the first of a new incarnation, whichever it says.

    For a device that has sent a wrong incarnation, so that its right ones count as ended.
    """
    await changed_known(api, Kind.RESTART, twin)


def _view(api: Context, fold: TwinFold) -> TwinView:
    return twin_view(fold, api.host.owners().get(fold.twin.id, ""), api.host.now_s())


def _twins(
    api: Context, prefix: str | None, host: str | None, attributes: list[str], limit: int, cursor: str | None
) -> TwinPage:
    owners, rows = api.host.owners(), api.roster.rows()
    pairs = [_pair(each) for each in attributes]

    having = (
        {twin for twin, each in zip(rows.ids, rows.attributes, strict=True) if _has(each, pairs)} if pairs else owners
    )

    def wanted(twin: str) -> bool:
        return (prefix is None or twin.startswith(prefix)) and (host is None or owners[twin] == host) and twin in having

    ids, following = page_of_texts(owners, cursor, limit, ["twins", prefix, host, *sorted(attributes)], wanted)
    shown = set(ids)
    places = {twin: at for at, twin in enumerate(rows.ids) if twin in shown}
    items = [_row(rows, twin, owners[twin], places.get(twin)) for twin in ids]
    return TwinPage(items=items, next_cursor=following)


def _row(rows: RosterRows, twin: str, host: str, at: int | None) -> TwinRow:
    if at is None:
        numbers = dict.fromkeys(("x_m", "y_m", "load", "observed_s", "received_s"))
    else:
        x_m, y_m = rows.xy_m[at]
        numbers = {
            "x_m": finite(x_m),
            "y_m": finite(y_m),
            "load": finite(rows.load[at]),
            "observed_s": finite(rows.observed_s[at]),
            "received_s": finite(rows.received_s[at]),
        }
    return TwinRow(id=twin, host=host or None, **numbers)


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition(":")
    if not separator:
        raise InputError(f"attribute: got {text[:40]!r}; expected name:value, such as wheels:4")
    return name, value


def _has(attributes: Mapping[str, Any], pairs: Sequence[tuple[str, str]]) -> bool:
    return all(name in attributes and _text(attributes[name]) == value for name, value in pairs)


def _text(value: Any) -> str:
    """A value as a filter writes it: as JSON does, a text without quotes."""
    return value if isinstance(value, str) else json.dumps(value)
