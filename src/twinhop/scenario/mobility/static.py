"""Users that stay where they are."""

from __future__ import annotations

from typing import Literal, NamedTuple

from pydantic import Field

from twinhop.scenario.mobility.model import Draws, MobilityModel
from twinhop.scenario.place_sections import Area
from twinhop.units.arrays import Array


class StaticState(NamedTuple):
    """Users that stand still."""

    xy_m: Array
    """(N, 2) positions [m]."""


class Static(MobilityModel):
    """Users stay where the scenario places them."""

    kind: Literal["static"] = Field(description="the model")

    def draws(self, area: Area, slot_s: float) -> Draws:
        """None."""
        return Draws()

    def start(self, xy_m: Array, uniform: Array, normal: Array, area: Area) -> StaticState:
        """Where the scenario places them."""
        return StaticState(xy_m)

    def step(
        self, state: StaticState, uniform: Array, normal: Array, area: Area, slot_s: float, time_s: float
    ) -> StaticState:
        """The same state."""
        return state
