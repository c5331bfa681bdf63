"""Scenario sections that set the physics and the objective: backhaul, compute, objective, readings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from twinhop.scenario.fields import NonNegative, Positive, Section, problem
from twinhop.scenario.graph_sections import Graph

CpuRule = Literal["optimal", "equal", "proportional"]
Aggregation = Literal["mean", "sum"]
Reading = Literal["sound", "literal"]

IMPLEMENTED_ROWS = (1, 3, 4, 5, 26)
"""Rows of the table of readings (model.md) that can be switched."""


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


class Readings(Section):
    """Which reading of the paper each row of the table of readings takes."""

    default: Reading = Field(default="sound", description="reading of the rows that are not listed")
    rows: dict[int, Reading] = Field(default={}, description=f"reading by table row, among {IMPLEMENTED_ROWS}")

    @model_validator(mode="after")
    def _known_rows(self) -> Readings:
        for row in self.rows:
            if row not in IMPLEMENTED_ROWS:
                accepted = ", ".join(map(str, IMPLEMENTED_ROWS))
                raise problem(f"row {row} cannot be switched; accepted rows: {accepted}", "rows", str(row))
        return self

    def is_literal(self, row: int) -> bool:
        """Whether the row is read as printed.

        Raises:
            ValueError: if the row is not implemented.

        >>> Readings(default="sound", rows={26: "literal"}).is_literal(26)
        True
        """
        if row not in IMPLEMENTED_ROWS:
            raise ValueError(f"row {row} is not implemented; implemented rows: {IMPLEMENTED_ROWS}")
        return self.rows.get(row, self.default) == "literal"
