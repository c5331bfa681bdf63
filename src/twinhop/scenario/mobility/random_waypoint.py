"""Random waypoint: legs to goals drawn uniformly in the area, stationary from the first slot on."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from pydantic import Field, model_validator

from twinhop.scenario.fields import Positive
from twinhop.scenario.mobility.legs import (
    SHORTEST_LEG_M,
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
from twinhop.units.arrays import Array, namespace_of

LEG_ATTEMPTS = 12
"""Candidates for the first leg. At least 0.78 of them are right: all fail in less than 2 of 10^8 cases. Then the last
is taken as it is."""
DRAWS_PER_ATTEMPT = 4
PLACE_DRAWS = 4
DRAWS_PER_STATIONARY_LEG = DRAWS_PER_ATTEMPT * LEG_ATTEMPTS + PLACE_DRAWS
DRAWS_BESIDES_LEG = 6
DRAWS_PER_LEG = 3


def mean_leg_m(width_m: float, height_m: float) -> float:
    """Mean distance of two points drawn uniformly in a rectangle [m].

    Formula, with ``d = sqrt(a^2 + b^2)``:
    ``(a^3/b^2 + b^3/a^2 + d (3 - a^2/b^2 - b^2/a^2) + 2.5 (b^2/a ln((a+d)/b) + a^2/b ln((b+d)/a))) / 15``.

    Source:
        Ghosh, Random distances within a rectangle and between two rectangles, Bull. Calcutta Math. Soc. 43, 1951.

    >>> round(mean_leg_m(1.0, 1.0), 13)
    0.5214054331647
    """
    a, b = width_m, height_m
    ratio, d = (a / b) ** 2, math.hypot(a, b)
    logarithms = b * b / a * math.asinh(a / b) + a * a / b * math.asinh(b / a)
    return (a * ratio + b / ratio + d * (3.0 - ratio - 1.0 / ratio) + 2.5 * logarithms) / 15.0


def mean_slowness_s_per_m(low_mps: float, high_mps: float) -> float:
    """Mean of 1/v for v uniform between two speeds, greater than 0 [s/m].

    Formula: ``ln(v_max / v_min) / (v_max - v_min)``. Its inverse is the stationary mean speed while moving.

    >>> round(1 / mean_slowness_s_per_m(0.3, 0.7), 6)
    0.472089
    """
    spread = high_mps / low_mps - 1.0
    return (math.log1p(spread) / spread if spread > 0.0 else 1.0) / low_mps


class Leg(NamedTuple):
    """Legs in the area: (N,) coordinates of where they begin and end [m]."""

    from_x_m: Array
    from_y_m: Array
    to_x_m: Array
    to_y_m: Array


def stationary_leg(uniform: Array, width_m: float, height_m: float) -> Leg:
    """Return legs as they are met at a random time: longer ones more often, in proportion to their length.

    The extents (x, y) of such a leg have the density ``sqrt(x^2 + y^2) (a - x) (b - y)`` up to a factor. Candidates
    have ``(x + y) (a - x) (b - y)``, a mixture of products of beta distributions, and are right with the probability
    ``sqrt(x^2 + y^2) / (x + y)``; the first right one is taken.

    Args:
        uniform: (`DRAWS_PER_STATIONARY_LEG`, N) draws, uniform in [0, 1).
        width_m: extent of the area in x, a [m].
        height_m: extent of the area in y, b [m].

    Returns:
        N legs.

    Source:
        Navidi and Camp, Stationary distributions for the random waypoint mobility model, IEEE Trans. Mobile Computing
        3 (1), 2004; the candidates are our own.
    """
    xp = namespace_of(uniform)
    x_m = y_m = 0.0 * uniform[0, :]
    for attempt in reversed(range(LEG_ATTEMPTS)):
        which, first, second, right = (uniform[DRAWS_PER_ATTEMPT * attempt + k, :] for k in range(DRAWS_PER_ATTEMPT))
        x_is_longer = which * (width_m + height_m) < width_m
        long = 0.5 - xp.sin(xp.asin(1.0 - 2.0 * first) / 3.0)  # Beta(2, 2): the root of 3 q^2 - 2 q^3 = u
        short = 1.0 - xp.sqrt(1.0 - second)  # Beta(1, 2)
        new_x_m = width_m * xp.where(x_is_longer, long, short)
        new_y_m = height_m * xp.where(x_is_longer, short, long)
        accepted = right * (new_x_m + new_y_m) <= xp.sqrt(new_x_m * new_x_m + new_y_m * new_y_m)
        if attempt == LEG_ATTEMPTS - 1:
            accepted = accepted | True
        x_m, y_m = xp.where(accepted, new_x_m, x_m), xp.where(accepted, new_y_m, y_m)
    place = uniform[DRAWS_PER_ATTEMPT * LEG_ATTEMPTS :]
    from_x_m, to_x_m = _ends(x_m, width_m, place[0], place[1])
    from_y_m, to_y_m = _ends(y_m, height_m, place[2], place[3])
    return Leg(from_x_m, from_y_m, to_x_m, to_y_m)


def _ends(extent_m: Array, length_m: float, place: Array, sense: Array) -> tuple[Array, Array]:
    """Where legs of an extent begin and end along one side of the area: anywhere that they fit, in either sense."""
    xp = namespace_of(extent_m)
    low_m = place * (length_m - extent_m)
    high_m = low_m + extent_m
    upwards = sense < 0.5
    return xp.where(upwards, low_m, high_m), xp.where(upwards, high_m, low_m)


class RandomWaypoint(MobilityModel):
    """Users go straight to a goal drawn uniformly in the area, pause there, and go on to the next."""

    kind: Literal["random_waypoint"] = Field(description="the model")
    min_speed_mps: LeastLegSpeed = Field(default=1.0, description="least speed of a leg, greater than 0 [m/s]")
    max_speed_mps: Positive = Field(
        default=15.0, description="largest speed of a leg; each leg's is drawn uniformly between them [m/s]"
    )
    pause_s: Pause = Field(default=0.0, description="pause at each goal [s]")
    begin: Literal["stationary", "placed"] = Field(
        default="stationary",
        description="stationary: users start as they are found in the long run, wherever the scenario places them; "
        "placed: they all set out from where it does",
    )

    @model_validator(mode="after")
    def _ordered(self) -> RandomWaypoint:
        check_speeds(self.min_speed_mps, self.max_speed_mps)
        return self

    def check(self, area: Area, slot_s: float) -> None:
        """Refuse slots in which a user may reach very many goals."""
        check_legs(self._legs(area, slot_s), slot_s, "pause_s")

    def draws(self, area: Area, slot_s: float) -> Draws:
        """The first leg and where on it; then goal and speed of every leg that may begin in a slot."""
        start = DRAWS_PER_STATIONARY_LEG + DRAWS_BESIDES_LEG if self.begin == "stationary" else 0
        return Draws(start_uniform=start, uniform=DRAWS_PER_LEG * self._legs(area, slot_s))

    def start(self, xy_m: Array, uniform: Array, normal: Array, area: Area) -> Journey:
        """Users as in the long run, or about to set out from where the scenario places them.

        In the long run a share ``P / (P + E[leg] E[1/v])`` of them pauses, at places uniform in the area, for a time
        uniform in [0, P]. The others are anywhere on a leg of `stationary_leg`, at a speed of density 1/v.

        Source:
            Navidi and Camp, see `stationary_leg`.
        """
        if self.begin == "placed":
            return waiting_at(xy_m, 0.0 * xy_m[:, 0])
        xp = namespace_of(xy_m, uniform)
        which, speed, passed, x, y, waited = (uniform[k] for k in range(DRAWS_BESIDES_LEG))
        leg = stationary_leg(uniform[DRAWS_BESIDES_LEG:], area.width_m, area.height_m)
        way_x_m, way_y_m = leg.to_x_m - leg.from_x_m, leg.to_y_m - leg.from_y_m
        length_m = xp.maximum(xp.sqrt(way_x_m * way_x_m + way_y_m * way_y_m), SHORTEST_LEG_M)
        per_s = self.min_speed_mps * (self.max_speed_mps / self.min_speed_mps) ** speed / length_m
        pauses = which < self.paused_share(area)
        left_s = xp.where(pauses, 0.0, (1.0 - passed) / per_s)
        until_next_s = xp.where(pauses, self.pause_s * waited, left_s + self.pause_s)
        goal_x_m = xp.where(pauses, area.width_m * x, leg.to_x_m)
        goal_y_m = xp.where(pauses, area.height_m * y, leg.to_y_m)
        velocity_x_mps, velocity_y_mps = way_x_m * per_s, way_y_m * per_s
        xy_m = xp.stack([goal_x_m - velocity_x_mps * left_s, goal_y_m - velocity_y_mps * left_s], axis=-1)
        return Journey(xy_m, goal_x_m, goal_y_m, velocity_x_mps, velocity_y_mps, until_next_s)

    def step(self, state: Journey, uniform: Array, normal: Array, area: Area, slot_s: float, time_s: float) -> Journey:
        """The users one slot later; see `travelled`."""
        legs = uniform.shape[0] // DRAWS_PER_LEG
        speed_mps = uniform_speed(self.min_speed_mps, self.max_speed_mps, uniform[2 * legs :])
        goal_x_m, goal_y_m = area.width_m * uniform[:legs], area.height_m * uniform[legs : 2 * legs]
        return travelled(state, goal_x_m, goal_y_m, speed_mps, self.pause_s, slot_s)

    def paused_share(self, area: Area) -> float:
        """The share of users that pause, in the long run [1]."""
        slowness_s_per_m = mean_slowness_s_per_m(self.min_speed_mps, self.max_speed_mps)
        return self.pause_s / (self.pause_s + mean_leg_m(area.width_m, area.height_m) * slowness_s_per_m)

    def _legs(self, area: Area, slot_s: float) -> int:
        density_per_m2 = 1.0 / (area.width_m * area.height_m)
        return legs_needed(self.max_speed_mps * slot_s, density_per_m2, self.pause_s, slot_s)
