"""Services of a server as its configuration states them, and the twins that they are."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Literal

from pydantic import Field

from twinhop.errors import InputError
from twinhop.live.projections import ServiceDefinition
from twinhop.live.spec import TwinSpec
from twinhop.scenario.fields import Section, Text
from twinhop.scenario.schema.attribute_expression import parse_expression
from twinhop.scenario.schema.polygon import Polygon
from twinhop.twin import TwinSchema
from twinhop.twin.dimension import Identifier
from twinhop.twin.service import Count, Extraction, Mean, Membership, Quantiles, ServiceTwin
from twinhop.twin.service.aggregate import Aggregate


class AggregateConfig(Section):
    """One aggregate over the members of a service."""

    kind: Literal["count", "mean", "quantiles"] = Field(description="what it is")
    dimension: Identifier | None = Field(default=None, description="of the members' state; of mean and quantiles")
    levels: Annotated[tuple[float, ...], Field(max_length=20)] = Field(
        default=(0.5,), description="of quantiles, each from 0 to 1"
    )

    def made(self, schema: TwinSchema, extraction: Extraction) -> Aggregate:
        """The aggregate, fed with nothing yet.

        Raises:
            InputError: it has no dimension, or one that will not do.
        """
        if self.kind == "count":
            return Count()
        if self.dimension is None:
            raise InputError(f"{self.kind}: dimension: is needed; accepted: {', '.join(_names(schema))}")
        columns = extraction.columns(self.dimension)
        if schema.dimension(self.dimension).kind == "category":
            raise InputError(f"{self.kind}: dimension: {self.dimension} is a category; numbers are needed")
        if self.kind == "mean":
            return Mean(columns)
        if len(columns) != 1:
            raise InputError(f"quantiles: dimension: {self.dimension} has {len(columns)} columns; one is needed")
        return Quantiles(columns[0], self.levels)


class ServiceConfig(Section):
    """A service: whose twins belong to it, and what is known of them together."""

    ids: Annotated[tuple[Text, ...], Field(max_length=100_000)] | None = Field(
        default=None, description="the twins that may be members; of ids, where and polygon_m one at least is needed"
    )
    where: Text | None = Field(default=None, description="condition on attributes of the device, such as wheels > 2")
    polygon_m: Annotated[tuple[tuple[float, float], ...], Field(max_length=1_000)] | None = Field(
        default=None, description="corners of the area that members are in [m]"
    )
    aggregates: dict[Identifier, AggregateConfig] = Field(description="by name")

    def twin(self, name: str, schema: TwinSchema) -> ServiceTwin:
        """The service's twin, fed with nothing yet.

        Raises:
            InputError: a part of it does not fit the schema.
        """
        extraction = Extraction(schema, _names(schema))  # pyright: ignore[reportArgumentType]
        aggregates = {key: each.made(schema, extraction) for key, each in self.aggregates.items()}
        ids = None if self.ids is None else frozenset(self.ids)
        positions = [each.name for each in schema.dimensions if each.kind == "position_2d"]
        where = None if self.where is None else parse_expression(self.where)
        membership = Membership(ids, where, None if self.polygon_m is None else Polygon(self.polygon_m))
        return ServiceTwin(name, extraction, membership, aggregates, position=positions[0] if positions else None)


def definitions_of(services: Mapping[str, ServiceConfig], spec: TwinSpec) -> dict[str, ServiceDefinition]:
    """The services of a configuration, tried once.

    Raises:
        InputError: one does not fit the twins.
    """
    return {name: _definition(name, each, spec.state_schema) for name, each in services.items()}


def _definition(name: str, config: ServiceConfig, schema: TwinSchema) -> ServiceDefinition:
    try:
        config.twin(name, schema)
    except InputError as error:
        raise InputError(f"services: {name}: {error}") from None
    text = config.model_dump_json()
    return ServiceDefinition(partial(config.twin, name, schema), text, schema, tuple(config.aggregates))


def _names(schema: TwinSchema) -> list[str]:
    return [each.name for each in schema.dimensions]
