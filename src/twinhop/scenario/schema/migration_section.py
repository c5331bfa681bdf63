"""The scenario section of moving twins: what moves cost, and what an open host costs as time goes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from twinhop.scenario.fields import NonNegative, Positive, Section

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
