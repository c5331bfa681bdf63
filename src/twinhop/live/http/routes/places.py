"""Stations, logical hosts, and where the twins are."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Query
from pydantic import Field

from twinhop.live.control.records import HostRow, StationRow
from twinhop.live.http.paths import HostId, StationId
from twinhop.live.http.routes.context import Context
from twinhop.live.http.routes.guard import Api, needs, router
from twinhop.live.http.routes.pages import USUAL_LIMIT, Cursor, Limit, page_of_rows, page_of_texts, row_of
from twinhop.live.http.routes.responses import answers
from twinhop.live.http.routes.shown import Answer, Page, finite_or_none
from twinhop.scenario.fields import LONGEST_TEXT

routes = router("places")


class StationView(Answer):
    """A station."""

    id: str
    x_m: float = Field(description="eastwards [m]")
    y_m: float = Field(description="northwards [m]")
    lat_deg: float | None = Field(description="of a city with a place on earth; else null [degree]")
    lon_deg: float | None = Field(description="likewise [degree]")
    may_host: bool = Field(description="whether it has a host")
    is_up: bool = Field(description="whether it works")
    users: int = Field(description="attached to it in the last slot")


class StationPage(Page[StationView]):
    """Stations by id."""


class HostSummary(Answer):
    """A logical host."""

    id: str
    station: str | None = Field(description="its station; null for a cloud")
    capacity: int = Field(description="twins that fit")
    cpu_hz: float = Field(description="its processor [cycle/s]")
    twins: int = Field(description="of users that are there now")
    resting: int = Field(description="twins on it whose users are gone")
    load: float = Field(description="`twins / capacity`; 0 without room")
    is_up: bool = Field(description="whether it may be used")


class HostPage(Page[HostSummary]):
    """Hosts by id."""


class HostView(HostSummary):
    """A logical host, and twins on it."""

    twin_ids: list[str] = Field(description="a page of the twins that it runs, by id")
    next_cursor: str | None = Field(description="of the next page of twins; null: there is none")


class Seat(Answer):
    """Where one twin is."""

    twin: str
    host: str | None = Field(description="that runs it; null: it was never placed")
    recommended: str | None = Field(description="where the last plan would have it; null: it says nothing of it")


class PlacementView(Answer):
    """Where the twins are, and the certificate of the last decision."""

    slot: int = Field(description="of the last decision; -1 before the first")
    plan: str | None = Field(description="its plan; null before the first")
    policy: str | None = Field(description="that made it; null before the first")
    cost_s: float | None = Field(description="of the slot once that plan is in force, moves included [s]")
    bound_s: float | None = Field(description="certified: no placement of that slot costs less [s]")
    gap: float | None = Field(description="`cost_s / bound_s - 1`")
    items: list[Seat] = Field(description="by twin")
    next_cursor: str | None = Field(description="of the next page; null: there is none")


@routes.get("/stations", dependencies=needs("read"), responses=answers(400))
async def list_stations(api: Api, limit: Limit = USUAL_LIMIT, cursor: Cursor = None) -> StationPage:
    """List the stations of the city by id."""
    rows, following = page_of_rows(api.controller.stations(), lambda row: row.id, cursor, limit, ["stations"])
    return StationPage(items=[_station(row) for row in rows], next_cursor=following)


@routes.get("/stations/{station}", dependencies=needs("read"), responses=answers(404))
async def get_station(api: Api, station: StationId) -> StationView:
    """A station."""
    return _station(row_of(api.controller.stations(), "station", station))


@routes.get("/hosts", dependencies=needs("read"), responses=answers(400))
async def list_hosts(api: Api, limit: Limit = USUAL_LIMIT, cursor: Cursor = None) -> HostPage:
    """List the logical hosts by id: one at each station that may host, and a cloud's."""
    rows, following = page_of_rows(api.controller.hosts(), lambda row: row.id, cursor, limit, ["hosts"])
    return HostPage(items=[HostSummary(**_host(row)) for row in rows], next_cursor=following)


@routes.get("/hosts/{host}", dependencies=needs("read"), responses=answers(400, 404))
async def get_host(api: Api, host: HostId, limit: Limit = USUAL_LIMIT, cursor: Cursor = None) -> HostView:
    """A logical host, and the twins on it by id."""
    row = row_of(api.controller.hosts(), "host", host)
    owners = api.host.owners()
    twins = (twin for twin, owner in owners.items() if owner == host)
    ids, following = await asyncio.to_thread(page_of_texts, twins, cursor, limit, ["host", host])
    return HostView(**_host(row), twin_ids=ids, next_cursor=following)


@routes.get("/placement", dependencies=needs("read"), responses=answers(400))
async def get_placement(
    api: Api,
    host: Annotated[str | None, Query(max_length=LONGEST_TEXT, description="twins on this host alone")] = None,
    limit: Limit = USUAL_LIMIT,
    cursor: Cursor = None,
) -> PlacementView:
    """Where the twins are, by twin, and what the last decision said: its cost, and the bound that certifies it."""
    return await asyncio.to_thread(_placement, api, host, limit, cursor)


def _placement(api: Context, host: str | None, limit: int, cursor: str | None) -> PlacementView:
    owners, placement = api.host.owners(), api.controller.placement()
    wanted = None if host is None else lambda twin: owners[twin] == host
    ids, following = page_of_texts(owners, cursor, limit, ["placement", host], wanted)
    seats = [
        Seat(twin=twin, host=owners[twin] or None, recommended=placement.recommended.get(twin) or None) for twin in ids
    ]
    return PlacementView(
        slot=placement.slot,
        plan=placement.plan or None,
        policy=placement.policy or None,
        cost_s=finite_or_none(placement.cost_s),
        bound_s=finite_or_none(placement.bound_s),
        gap=finite_or_none(placement.gap),
        items=seats,
        next_cursor=following,
    )


def _station(row: StationRow) -> StationView:
    return StationView(
        id=row.id,
        x_m=row.x_m,
        y_m=row.y_m,
        lat_deg=row.lat_deg,
        lon_deg=row.lon_deg,
        may_host=row.may_host,
        is_up=row.is_up,
        users=row.users,
    )


def _host(row: HostRow) -> dict:
    return {
        "id": row.id,
        "station": row.station or None,
        "capacity": row.capacity,
        "cpu_hz": row.cpu_hz,
        "twins": row.twins,
        "resting": row.resting,
        "load": row.twins / row.capacity if row.capacity else 0.0,
        "is_up": row.is_up,
    }
