"""How the controller decides, and how much it may do by itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from twinhop.live.control.records import Mode
from twinhop.scenario.fields import NonNegative, Positive, Section, Text


class ControllerConfig(Section):
    """Settings of the controller."""

    mode: Mode = Field(
        default="shadow",
        description="shadow: recommends; approve: a plan waits to be applied; auto: moves twins by itself",
    )
    policy: Text = Field(default="lookahead", description="of placement or migration, with its settings")
    slot_s: Positive = Field(default=60.0, description="from one decision to the next [s]")
    time_limit_s: Positive = Field(default=2.0, description="of a decision, its certificate included [s]")
    gone_s: Positive = Field(default=300.0, description="users whose last update is older are not there [s]")
    horizon_s: NonNegative | None = Field(
        default=None,
        description="how far positions are forecast by the twins' models [s]; null: to the end of the slot; 0: not",
    )
    max_moves: Annotated[int, Field(strict=True, ge=0)] | None = Field(
        default=50, description="moves in a plan, those from hosts that are down included; null: any number"
    )
    rest_s: NonNegative = Field(
        default=300.0, description="a twin stays for so long after a move, unless its host is down [s]"
    )
    keep_plans: Annotated[int, Field(strict=True, ge=1)] = Field(
        default=1000, description="plans of which the controller can still tell"
    )
    record_days: Annotated[int, Field(strict=True, ge=1)] = Field(
        default=14, description="days of recordings that are kept"
    )
    record_bytes: Annotated[int, Field(strict=True, ge=1)] = Field(
        default=2 * 2**30, description="room that recordings may take, the oldest go first [byte]"
    )
