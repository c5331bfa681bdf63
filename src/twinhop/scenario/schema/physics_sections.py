"""Scenario sections that set the physics and the objective: backhaul, compute, objective, migration."""

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


Transfer = Literal["stop", "live"]


class Migration(Section):
    """Costs of a run in which twins move (P2)."""

    opening_s: NonNegative = Field(default=0.002, description="cost of an open host in a slot; a cloud's is 0 [s]")
    move_s: NonNegative = Field(
        default=0.05, description="fixed cost of a move, besides the way of the twin's data [s]"
    )
    transfer: Transfer = Field(
        default="stop",
        description="stop: a twin rests while all its data move; live: only while the last update follows",
    )
    energy_j_per_mbit: NonNegative = Field(default=0.0, description="energy of moving a twin [J/Mbit]")
    utility_weight: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1)] = Field(
        default=0.5, description="weight of timeliness against energy in the utility, beta_u [1]"
    )
    utility_scale_ms: Positive | None = Field(
        default=None, description="time scale of the utility, tau_0 [ms]; null: 100, or 1000 where row 11 is literal"
    )
