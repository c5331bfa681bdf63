"""Scenario sections that set the physics and the objective: backhaul, compute, objective."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from twinhop.scenario.fields import NonNegative, Positive, Section
from twinhop.scenario.schema.graph_sections import Graph

CpuRule = Literal["optimal", "equal", "proportional"]
Aggregation = Literal["mean", "sum"]


class Backhaul(Section):
    """The wired network between stations."""

    latency_s_per_bit_m: NonNegative = Field(
        default=1e-11, description="wired latency per bit and metre, phi [s/(bit m)]"
    )
    graph: Graph | None = Field(default=None, description="nodes and links, in place of the latency by distance")


class Compute(Section):
    """The work of a twin, and how a server shares its CPU among its twins."""

    construction_cycles_per_bit: NonNegative = Field(default=100.0, description="C_c, work of construction [cycle/bit]")
    update_cycles_per_bit: NonNegative = Field(default=50.0, description="C_u, work of one update [cycle/bit]")
    cpu_rule: CpuRule = Field(default="optimal", description="how a server's CPU is shared among its twins")


class Objective(Section):
    """The weights of the cost, and whether deadlines hold."""

    alpha: Positive = Field(default=1.0, description="weight of the latency [1]")
    beta: NonNegative = Field(default=1.0, description="weight of the opening cost and of the energy [1]")
    kappa_s_per_j: NonNegative = Field(default=1.0, description="seconds that one joule is worth [s/J]")
    eta_s: NonNegative = Field(default=1.0, description="weight of synchronisation against construction [s]")
    sync_period_s: Positive = Field(default=1.0, description="synchronisation period dt [s]")
    aggregation: Aggregation = Field(default="mean", description="mean over users, or their sum (alpha times N)")
    deadlines: Annotated[bool, Field(strict=True)] = Field(
        default=True, description="whether updates must arrive within their deadlines"
    )
