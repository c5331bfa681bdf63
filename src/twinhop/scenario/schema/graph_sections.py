"""Scenario sections of a backhaul graph: its nodes, its links, and what holds where they state nothing."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from twinhop.scenario.fields import Coordinate, Latitude, Longitude, Name, NonNegative, Positive, Section, Text, problem
from twinhop.text import suggestion

MOST_NODES = 5_000
MOST_LINKS = 50_000


class NodeRow(Section):
    """One node of the backhaul."""

    id: Name = Field(description="unique name; a station of the same name is attached here")
    x_m: Coordinate | None = Field(default=None, description="position eastwards of the origin [m]")
    y_m: Coordinate | None = Field(default=None, description="position northwards of the origin [m]")
    lat_deg: Latitude | None = Field(default=None, description="latitude, WGS84, in place of x_m and y_m [degree]")
    lon_deg: Longitude | None = Field(default=None, description="longitude, WGS84 [degree]")

    @model_validator(mode="after")
    def _one_position(self) -> NodeRow:
        stated = tuple(name for name in ("x_m", "y_m", "lat_deg", "lon_deg") if getattr(self, name) is not None)
        if stated not in ((), ("x_m", "y_m"), ("lat_deg", "lon_deg")):
            raise problem(f"give x_m and y_m, or lat_deg and lon_deg, or no position (got {', '.join(stated)})")
        return self


class LinkRow(Section):
    """One link of the backhaul; data takes it both ways."""

    a: Name = Field(description="name of the node at one end")
    b: Name = Field(description="name of the node at the other end")
    rate_mbps: Positive | None = Field(default=None, description="rate [Mbit/s]; null: default_rate_mbps")
    delay_ms: NonNegative | None = Field(
        default=None, description="delay [ms]; null: by distance at 2e8 m/s, or default_delay_ms"
    )

    @model_validator(mode="after")
    def _two_ends(self) -> LinkRow:
        if self.a == self.b:
            raise problem(f"joins the node {self.a!r} to itself; two nodes are needed")
        return self


class Graph(Section):
    """The wired network as nodes and links, in place of a latency by distance."""

    file: Text | None = Field(
        default=None, description="GML (.gml), GraphML (.graphml, .xml) or links as CSV, relative to the scenario file"
    )
    nodes: tuple[NodeRow, ...] = Field(
        default=(), description="nodes; none: those that the links name", max_length=MOST_NODES
    )
    links: tuple[LinkRow, ...] = Field(default=(), description="links", max_length=MOST_LINKS)
    default_rate_mbps: Positive | None = Field(
        default=None, description="rate of links that state none [Mbit/s]; null: every link must state one"
    )
    default_delay_ms: NonNegative | None = Field(
        default=None,
        description="delay of links that state none and whose ends have no positions [ms]; null: refused",
    )
    attach_rate_mbps: Positive | None = Field(
        default=None, description="rate between a station and its node [Mbit/s]; null: unlimited"
    )
    fit: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="true: the graph's extent is stretched onto the area; false: it lies where it lies"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Graph:
        if (self.file is None) == (not self.links) and not (self.file is None and self.nodes):
            raise problem("exactly one of file and links must be given")
        first: dict[str, int] = {}
        for index, node in enumerate(self.nodes):
            if first.setdefault(node.id, index) != index:
                raise problem(
                    f"duplicate node {node.id!r}; nodes.{first[node.id]} has it already", "nodes", index, "id"
                )
        for index, link in enumerate(self.links if first else ()):
            for end, name in (("a", link.a), ("b", link.b)):
                if name not in first:
                    hint = suggestion(name, first)
                    raise problem(f"unknown node {name!r}; {hint}nodes lists {len(first)}", "links", index, end)
        return self

    def node_rows(self) -> tuple[NodeRow, ...]:
        """The nodes: those listed, or those that the links name, in order of appearance."""
        names = dict.fromkeys(name for link in self.links for name in (link.a, link.b))
        return self.nodes or tuple(NodeRow(id=name) for name in names)
