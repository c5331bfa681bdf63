"""Manhattan grid: users follow streets and turn at crossings at random."""

from __future__ import annotations

import math
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, model_validator

from twinhop.scenario.fields import Extent, Positive, problem
from twinhop.scenario.mobility.borders import folded, wrapped
from twinhop.scenario.mobility.legs import Pause, check_speeds, uniform_speed
from twinhop.scenario.mobility.model import Draws, MobilityModel
from twinhop.scenario.place_sections import Area
from twinhop.units.arrays import Array, namespace_of

MOST_CROSSINGS = 128
"""A user may pass at most this many crossings in a slot; slots that need more are refused."""
START_DRAWS = 5
SURE = 1.0 + 1e-9
"""Two probabilities may exceed one together by rounding."""

Probability = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1)]


class StreetState(NamedTuple):
    """Users on the streets of the plane of mirror images, whose crossings are counted from the corner of the area."""

    xy_m: Array
    """(N, 2) positions in the area [m]."""
    crossing_x: Array
    """(N,) the crossing last reached, eastwards, a whole number [1]."""
    crossing_y: Array
    """(N,) the crossing last reached, northwards, a whole number [1]."""
    heading_x: Array
    """(N,) -1, 0 or 1: the way that the user takes from there, eastwards [1]."""
    heading_y: Array
    """(N,) the same northwards [1]."""
    beyond_m: Array
    """(N,) distance from that crossing [m]; below 0 the user waits there, for as long as this distance takes it."""
    speed_mps: Array
    """(N,) speed [m/s]."""


class Blocks(NamedTuple):
    """How streets divide the area; streets run along its borders too."""

    count_x: int
    count_y: int
    length_x_m: float
    length_y_m: float


class Manhattan(MobilityModel):
    """Users follow a grid of streets and go straight on, turn, and stop at crossings at random."""

    kind: Literal["manhattan"] = Field(description="the model")
    block_m: Extent = Field(
        default=100.0,
        description="distance of neighbouring streets, changed so far that whole blocks fill the area [m]",
    )
    min_speed_mps: Positive = Field(default=1.0, description="least speed of a user [m/s]")
    max_speed_mps: Positive = Field(
        default=15.0, description="largest speed of a user; each user's is drawn uniformly between them, once [m/s]"
    )
    left_probability: Probability = Field(default=0.25, description="probability of turning left at a crossing [1]")
    right_probability: Probability = Field(default=0.25, description="probability of turning right at a crossing [1]")
    stop_probability: Probability = Field(default=0.0, description="probability of stopping at a crossing [1]")
    stop_s: Pause = Field(default=10.0, description="how long a user stops where it does [s]")

    @model_validator(mode="after")
    def _consistent(self) -> Manhattan:
        check_speeds(self.min_speed_mps, self.max_speed_mps)
        turns = self.left_probability + self.right_probability
        if turns > SURE:
            text = f"left_probability and right_probability add up to {turns:g}; at most 1 is possible"
            raise problem(text, "right_probability")
        return self

    def check(self, area: Area, slot_s: float) -> None:
        """Refuse slots in which a user may pass very many crossings."""
        if self._crossings(area, slot_s) > MOST_CROSSINGS:
            text = f"at this speed a user may pass more than {MOST_CROSSINGS} crossings in a slot of {slot_s:g} s"
            raise problem(f"{text}; use shorter slots, a lower speed or a larger block_m", "max_speed_mps")

    def draws(self, area: Area, slot_s: float) -> Draws:
        """Street, sense, speed and stop at the start; a turn, and a stop, at every crossing of a slot."""
        return Draws(start_uniform=START_DRAWS, uniform=self._draws_per_crossing * self._crossings(area, slot_s))

    def start(self, xy_m: Array, uniform: Array, normal: Array, area: Area) -> StreetState:
        """Users on a street near where the scenario places them: the nearest eastwards or the nearest northwards.

        Where the scenario places users uniformly, this is how they are spread in the long run, along streets and in
        stops alike: a share ``p t / (p t + block / v)`` stops, at the crossing behind, for a time uniform in [0, t].
        """
        xp = namespace_of(xy_m, uniform)
        blocks = self.blocks(area)
        street, sense, speed, stops, stopped = (uniform[k] for k in range(START_DRAWS))
        eastwards = street * (blocks.length_x_m + blocks.length_y_m) < blocks.length_x_m
        forwards = sense < 0.5
        at_x, at_y = xy_m[:, 0] / blocks.length_x_m, xy_m[:, 1] / blocks.length_y_m
        along = xp.where(eastwards, at_x, at_y)
        last = xp.where(forwards, xp.floor(along), xp.ceil(along))
        length_m = xp.where(eastwards, blocks.length_x_m, blocks.length_y_m)
        speed_mps = uniform_speed(self.min_speed_mps, self.max_speed_mps, speed)
        stop_m = self.stop_probability * self.stop_s * speed_mps
        waits = stops * (stop_m + 0.5 * (blocks.length_x_m + blocks.length_y_m)) < stop_m
        way = xp.where(forwards, 1.0, -1.0)
        return _street_state(
            crossing_x=xp.where(eastwards, last, xp.round(at_x)),
            crossing_y=xp.where(eastwards, xp.round(at_y), last),
            heading_x=xp.where(eastwards, way, 0.0),
            heading_y=xp.where(eastwards, 0.0, way),
            beyond_m=xp.where(waits, -stopped * self.stop_s * speed_mps, xp.abs(along - last) * length_m),
            speed_mps=speed_mps,
            blocks=blocks,
        )

    def step(
        self, state: StreetState, uniform: Array, normal: Array, area: Area, slot_s: float, time_s: float
    ) -> StreetState:
        """The users one slot later, after the turns and stops drawn for the crossings on their way."""
        xp = namespace_of(state.xy_m)
        blocks = self.blocks(area)
        _, at_x, at_y, way_x, way_y, beyond_m, speed_mps = state
        beyond_m = beyond_m + speed_mps * slot_s
        for draw in range(0, uniform.shape[0], self._draws_per_crossing):
            length_m = xp.where(way_x == 0.0, blocks.length_y_m, blocks.length_x_m)
            reached = xp.where(beyond_m >= length_m, 1.0, 0.0)
            at_x, at_y, beyond_m = at_x + reached * way_x, at_y + reached * way_y, beyond_m - reached * length_m
            left = xp.where(uniform[draw] < self.left_probability, reached, 0.0)
            right = xp.where(uniform[draw] >= 1.0 - self.right_probability, reached, 0.0)
            on, turn = 1.0 - left - right, left - right
            way_x, way_y = on * way_x - turn * way_y, on * way_y + turn * way_x
            if self.stop_probability > 0.0:
                stops = xp.where(uniform[draw + 1] < self.stop_probability, reached, 0.0)
                beyond_m = beyond_m - stops * speed_mps * self.stop_s
        return _street_state(at_x, at_y, way_x, way_y, beyond_m, speed_mps, blocks)

    def blocks(self, area: Area) -> Blocks:
        """The whole numbers of blocks that fill the area, and their lengths.

        >>> Manhattan(kind="manhattan", block_m=100.0).blocks(Area(width_m=1500.0, height_m=240.0))
        Blocks(count_x=15, count_y=2, length_x_m=100.0, length_y_m=120.0)
        """
        count_x = max(1, round(area.width_m / self.block_m))
        count_y = max(1, round(area.height_m / self.block_m))
        return Blocks(count_x, count_y, area.width_m / count_x, area.height_m / count_y)

    @property
    def _draws_per_crossing(self) -> int:
        return 2 if self.stop_probability > 0.0 else 1

    def _crossings(self, area: Area, slot_s: float) -> int:
        blocks = self.blocks(area)
        return math.floor(self.max_speed_mps * slot_s / min(blocks.length_x_m, blocks.length_y_m)) + 1


def _street_state(
    crossing_x: Array,
    crossing_y: Array,
    heading_x: Array,
    heading_y: Array,
    beyond_m: Array,
    speed_mps: Array,
    blocks: Blocks,
) -> StreetState:
    """Users on the plane of mirror images, and where they are seen in the area."""
    xp = namespace_of(beyond_m)
    period_x, period_y = 2.0 * blocks.count_x, 2.0 * blocks.count_y
    crossing_x, crossing_y = wrapped(crossing_x, period_x), wrapped(crossing_y, period_y)
    ahead_m = xp.maximum(beyond_m, 0.0)
    image_x_m = wrapped(crossing_x * blocks.length_x_m + heading_x * ahead_m, period_x * blocks.length_x_m)
    image_y_m = wrapped(crossing_y * blocks.length_y_m + heading_y * ahead_m, period_y * blocks.length_y_m)
    x_m = folded(image_x_m, blocks.count_x * blocks.length_x_m)
    y_m = folded(image_y_m, blocks.count_y * blocks.length_y_m)
    return StreetState(xp.stack([x_m, y_m], axis=-1), crossing_x, crossing_y, heading_x, heading_y, beyond_m, speed_mps)
