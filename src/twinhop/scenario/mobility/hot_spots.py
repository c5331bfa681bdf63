"""Hot spots over the day: users go from place to place, and the time of day says which places draw them."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from twinhop.scenario.fields import Coordinate, NonNegative, Positive, Section, problem
from twinhop.scenario.mobility.borders import folded, wrapped
from twinhop.scenario.mobility.legs import (
    Journey,
    LeastLegSpeed,
    Pause,
    check_legs,
    check_speeds,
    legs_needed,
    travelled,
    uniform_speed,
    waiting_at,
)
from twinhop.scenario.mobility.model import Draws, MobilityModel
from twinhop.scenario.place_sections import Area
from twinhop.scenario.schema.load_section import HOURS
from twinhop.units import S_PER_HOUR
from twinhop.units.arrays import Array, namespace_of

RADIUS_SIGMAS = 2.0
UNIFORMS_PER_LEG = 4
NORMALS_PER_LEG = 2

WORK_WEIGHTS = (1.0, 1, 1, 1, 1, 2, 5, 12, 20, 20, 20, 18, 14, 18, 20, 20, 18, 12, 6, 3, 2, 1, 1, 1)
LEISURE_WEIGHTS = (2.0, 1, 1, 1, 1, 1, 2, 3, 4, 5, 7, 10, 14, 10, 8, 9, 12, 18, 22, 22, 18, 12, 7, 4)
ELSEWHERE_WEIGHTS = (20.0, 20, 20, 20, 20, 18, 14, 8, 6, 6, 6, 6, 6, 6, 6, 7, 8, 10, 12, 14, 16, 18, 20, 20)
"""Weights of the hours, hour 0 first, up to a factor [1]: made up, so that the day looks like a day."""
DEFAULT_RADIUS = 0.15
"""Radius of a default hot spot of size 1, over the shorter side of the area."""
DEFAULT_SPOTS = ((0.5, 0.5, 2.0, WORK_WEIGHTS), (0.75, 0.25, 1.0, LEISURE_WEIGHTS), (0.2, 0.7, 1.0, LEISURE_WEIGHTS))
"""Default hot spots: place as shares of width and height, size, weights."""

Weights = Annotated[tuple[NonNegative, ...], Field(json_schema_extra={"minItems": HOURS, "maxItems": HOURS})]


class Attraction(Section):
    """A disc that draws users, densest at its centre, more at some hours than at others."""

    x_m: Coordinate = Field(description="centre, eastwards of the origin [m]")
    y_m: Coordinate = Field(description="centre, northwards of the origin [m]")
    radius_m: Positive = Field(description="radius that holds 86 % of those who go there (two sigma) [m]")
    weights: Weights = Field(description="24 weights, hour 0 first: how strongly it draws users, up to a factor [1]")


class HotSpotAttraction(MobilityModel):
    """Users go from place to place, to hot spots or elsewhere in the area, as the time of day suggests."""

    kind: Literal["hot_spots"] = Field(description="the model")
    spots: tuple[Attraction, ...] | None = Field(
        default=None, description="the hot spots; null: a place of work in the centre, and two of leisure"
    )
    elsewhere_weights: Weights | None = Field(
        default=None,
        description="24 weights, hour 0 first: how strongly the rest draws users, who go anywhere in the area [1]; "
        "null: most at night",
    )
    begin_hour: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, lt=HOURS)] = Field(
        default=6.0, description="time of day of slot 0 [h]"
    )
    stay_s: Pause = Field(default=1800.0, description="how long users stay at a place [s]")
    min_speed_mps: LeastLegSpeed = Field(default=1.0, description="least speed of a leg, greater than 0 [m/s]")
    max_speed_mps: Positive = Field(
        default=15.0, description="largest speed of a leg; each leg's is drawn uniformly between them [m/s]"
    )

    @model_validator(mode="after")
    def _consistent(self) -> HotSpotAttraction:
        check_speeds(self.min_speed_mps, self.max_speed_mps)
        _check_weights(self.elsewhere, "elsewhere_weights")
        for index, spot in enumerate(self.spots or ()):
            _check_weights(spot.weights, "spots", index, "weights")
        for hour in range(HOURS):
            draws_nobody = not any(spot.weights[hour] for spot in self.spots or ())
            if self.spots is not None and draws_nobody and not self.elsewhere[hour]:
                text = f"all weights of hour {hour} are 0, those of the hot spots too; at least one must be greater"
                raise problem(text, "elsewhere_weights", hour)
        return self

    def check(self, area: Area, slot_s: float) -> None:
        """Refuse hot spots outside the area, and slots in which a user may reach very many goals."""
        for index, spot in enumerate(self.spots or ()):
            if not (0 <= spot.x_m <= area.width_m and 0 <= spot.y_m <= area.height_m):
                extent = f"{area.width_m:g} m x {area.height_m:g} m"
                text = f"the centre ({spot.x_m:g}, {spot.y_m:g}) lies outside the area of {extent}"
                raise problem(text, "spots", index)
        check_legs(self._legs(area, slot_s), slot_s, "stay_s")

    def draws(self, area: Area, slot_s: float) -> Draws:
        """What is left of the first stay; then place, goal and speed of every leg that may begin in a slot."""
        legs = self._legs(area, slot_s)
        return Draws(start_uniform=1, uniform=UNIFORMS_PER_LEG * legs, normal=NORMALS_PER_LEG * legs)

    def start(self, xy_m: Array, uniform: Array, normal: Array, area: Area) -> Journey:
        """Users that stay where the scenario places them, for a time uniform in [0, `stay_s`]."""
        return waiting_at(xy_m, self.stay_s * uniform[0])

    def step(self, state: Journey, uniform: Array, normal: Array, area: Area, slot_s: float, time_s: float) -> Journey:
        """The users one slot later; those who set out choose by the weights of the hour in which the slot begins."""
        xp = namespace_of(state.xy_m)
        legs = uniform.shape[0] // UNIFORMS_PER_LEG
        which, x, y, speed = (uniform[k * legs : (k + 1) * legs] for k in range(UNIFORMS_PER_LEG))
        places = _places(self, area)  # pyright: ignore[reportArgumentType]  (frozen sections are hashable)
        hour = xp.astype(xp.floor(xp.asarray(self.begin_hour + time_s / S_PER_HOUR)), xp.int32) % HOURS
        spot = xp.searchsorted(xp.asarray(places.edges, dtype=which.dtype)[hour], which, side="right")
        centre_x_m, centre_y_m, sigma_m = (xp.asarray(each, dtype=which.dtype)[spot] for each in places.discs)
        elsewhere = spot == places.elsewhere
        near_x_m = _mirrored(centre_x_m + sigma_m * normal[:legs], area.width_m)
        near_y_m = _mirrored(centre_y_m + sigma_m * normal[legs:], area.height_m)
        goal_x_m = xp.where(elsewhere, area.width_m * x, near_x_m)
        goal_y_m = xp.where(elsewhere, area.height_m * y, near_y_m)
        speed_mps = uniform_speed(self.min_speed_mps, self.max_speed_mps, speed)
        return travelled(state, goal_x_m, goal_y_m, speed_mps, self.stay_s, slot_s)

    @property
    def elsewhere(self) -> tuple[float, ...]:
        """(24,) weights of the rest of the area [1]."""
        return ELSEWHERE_WEIGHTS if self.elsewhere_weights is None else self.elsewhere_weights

    def spots_in(self, area: Area) -> tuple[Attraction, ...]:
        """The hot spots: those given, or work in the centre and leisure in the south-east and in the north-west."""
        if self.spots is not None:
            return self.spots
        radius_m = DEFAULT_RADIUS * min(area.width_m, area.height_m)
        return tuple(
            Attraction(x_m=x * area.width_m, y_m=y * area.height_m, radius_m=radius_m * size, weights=weights)
            for x, y, size, weights in DEFAULT_SPOTS
        )

    def shares(self, area: Area) -> NDArray[np.float64]:
        """Which share of those who set out goes where: (24, S + 1), an hour a row, the S hot spots and elsewhere [1].

        >>> HotSpotAttraction(kind="hot_spots").shares(Area())[10].round(2).tolist()
        [0.5, 0.18, 0.18, 0.15]
        """
        weights = np.array([*(spot.weights for spot in self.spots_in(area)), self.elsewhere]).T
        weights /= weights.max(axis=1, keepdims=True)
        return weights / weights.sum(axis=1, keepdims=True)

    def _legs(self, area: Area, slot_s: float) -> int:
        """A goal is drawn with a density of at most that of the densest hot spot, four times as dense in a corner."""
        least_m2 = min((math.pi * spot.radius_m**2 / 8.0 for spot in self.spots_in(area)), default=math.inf)
        density_per_m2 = 1.0 / min(least_m2, area.width_m * area.height_m)
        return legs_needed(self.max_speed_mps * slot_s, density_per_m2, self.stay_s, slot_s)


class _Places(NamedTuple):
    """The hot spots of an area as arrays."""

    elsewhere: int
    """The index of elsewhere, after those of the hot spots."""
    edges: NDArray[np.float64]
    """(24, S) up to which draw each hot spot is chosen [1]."""
    discs: NDArray[np.float64]
    """(3, S + 1) centre eastwards, centre northwards, sigma; zeros for elsewhere [m]."""


@lru_cache(maxsize=8)
def _places(model: HotSpotAttraction, area: Area) -> _Places:
    spots = model.spots_in(area)
    discs = [(spot.x_m, spot.y_m, spot.radius_m / RADIUS_SIGMAS) for spot in spots]
    edges = np.cumsum(model.shares(area), axis=1)[:, :-1]
    return _Places(len(spots), edges, np.array([*discs, (0.0, 0.0, 0.0)]).T)


def _mirrored(coordinate_m: Array, length_m: float) -> Array:
    """Places outside the area, mirrored at its borders."""
    return folded(wrapped(coordinate_m, 2.0 * length_m), length_m)


def _check_weights(weights: tuple[float, ...], *path: str | int) -> None:
    if len(weights) != HOURS:
        raise problem(f"must hold {HOURS} weights, one an hour (got {len(weights)})", *path)
