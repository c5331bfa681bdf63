"""Twins of services: aggregates of device twins, and how old what they are made of is."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from twinhop.errors import InputError
from twinhop.live.http.paths import ServiceId
from twinhop.live.http.routes.guard import Api, needs, router
from twinhop.live.http.routes.pages import USUAL_LIMIT, Cursor, Limit, page_of_texts, unknown
from twinhop.live.http.routes.responses import answers
from twinhop.live.http.routes.shown import Answer, Page, finite
from twinhop.live.projections import ServiceView as Seen

routes = router("services")


class ServiceSummary(Answer):
    """A service twin."""

    id: str
    members: int = Field(description="device twins that belong to it now")
    age_s: float | None = Field(description="since anything changed it, by the host's clock; null: nothing has [s]")


class ServicePage(Page[ServiceSummary]):
    """Service twins by id."""


class AggregateView(Answer):
    """An aggregate over the members."""

    shape: list[int] = Field(description="of the values; empty: one number")
    values: list[float | None] = Field(description="row by row; null where there is none")


class StalenessView(Answer):
    """How old the members' newest updates are; null without members."""

    mean_s: float | None = Field(description="mean age [s]")
    peak_s: float | None = Field(description="age of the oldest [s]")
    oldest: str | None = Field(description="the device twin that it is of")


class ServiceView(ServiceSummary):
    """A service twin as it is now."""

    aggregates: dict[str, AggregateView] = Field(description="by name")
    staleness: StalenessView


@routes.get("/services", dependencies=needs("read"), responses=answers(400))
async def list_services(api: Api, limit: Limit = USUAL_LIMIT, cursor: Cursor = None) -> ServicePage:
    """List the service twins by id."""
    ids, following = page_of_texts(api.services.names, cursor, limit, ["services"])
    now_s = api.host.now_s()
    rows = [api.services.view(each, now_s) for each in ids]
    return ServicePage(items=[_summary(each) for each in rows], next_cursor=following)


@routes.get("/services/{service}", dependencies=needs("read"), responses=answers(404))
async def get_service(api: Api, service: ServiceId) -> ServiceView:
    """A service twin: its aggregates, and the age of what they are made of."""
    try:
        seen = api.services.view(service, api.host.now_s())
    except InputError:
        raise unknown("service", service) from None
    ages = seen.staleness
    return ServiceView(
        **_summary(seen).model_dump(),
        aggregates={name: _aggregate(values) for name, values in seen.aggregates.items()},
        staleness=StalenessView(mean_s=finite(ages.mean_s), peak_s=finite(ages.peak_s), oldest=ages.oldest),
    )


def _summary(seen: Seen) -> ServiceSummary:
    return ServiceSummary(id=seen.name, members=seen.members, age_s=finite(seen.age_s))


def _aggregate(values: np.ndarray) -> AggregateView:
    numbers = np.asarray(values, float)
    return AggregateView(shape=list(numbers.shape), values=[finite(each) for each in numbers.ravel()])
