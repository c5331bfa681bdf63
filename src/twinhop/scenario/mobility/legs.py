"""Legs: straight ways at constant speed from one goal to the next, with a pause at each goal."""

from __future__ import annotations

import math
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, Field, WithJsonSchema

from twinhop.scenario.fields import LARGEST_VALUE, Number, problem
from twinhop.units.arrays import Array, namespace_of

MOST_LEGS = 32
"""A user may begin at most this many legs in a slot; slots that need more are refused."""
UNFINISHED = 1e-3
"""Probability with which a user that begins a leg in a slot may need more legs in it than there are."""
SHORTEST_LEG_M = 1e-9
"""A shorter leg takes as long as one of this length."""


def _least_speed(value: float) -> float:
    if value <= 0:
        raise problem(
            f"must be greater than 0 (got {value:g}): with speeds down to 0 some legs never end and the stationary "
            "mean speed is 0, everybody comes to a halt in the long run"
        )
    return value


LeastLegSpeed = Annotated[
    Number,
    AfterValidator(_least_speed),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": LARGEST_VALUE}),
]
"""The least speed of legs whose speed is drawn anew at every goal."""
Pause = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1e9)]


class Journey(NamedTuple):
    """Users on their legs, or in the pause after one."""

    xy_m: Array
    """(N, 2) positions [m]."""
    goal_x_m: Array
    """(N,) where the leg ends, x [m]."""
    goal_y_m: Array
    """(N,) where the leg ends, y [m]."""
    velocity_x_mps: Array
    """(N,) velocity on the leg, x [m/s]."""
    velocity_y_mps: Array
    """(N,) velocity on the leg, y [m/s]."""
    until_next_s: Array
    """(N,) time until the next leg begins: what is left of this leg and of the pause after it, at least 0 [s]."""


def waiting_at(xy_m: Array, until_next_s: Array) -> Journey:
    """Return users that wait where they are.

    Args:
        xy_m: (N, 2) positions [m].
        until_next_s: (N,) time until they begin their next leg [s].

    Returns:
        The journey at time 0.
    """
    still = 0.0 * until_next_s
    return Journey(xy_m, xy_m[:, 0], xy_m[:, 1], still, still, until_next_s)


def travelled(
    journey: Journey,
    goal_x_m: Array,
    goal_y_m: Array,
    speed_mps: Array,
    pause_s: float,
    slot_s: float,
) -> Journey:
    """Return the users one slot later.

    A user whose leg and pause end within the slot begins the next leg at that very moment, with what is left of the
    slot, and so on for L legs. Where even these end within the slot, the user waits at the last goal for its end.

    Formula: a leg of length d at speed v takes d / v; the position is the goal less velocity times travel time left.

    Args:
        journey: (N,) users.
        goal_x_m: (L, N) goals of the legs that may begin in this slot, x [m].
        goal_y_m: (L, N) their y [m].
        speed_mps: (L, N) speeds of these legs, greater than 0 [m/s].
        pause_s: the pause at each goal, at least 0 [s].
        slot_s: length of the slot [s].

    Returns:
        The journey at the end of the slot.

    Example:
        A user at rest is sent 3 m away at 2 m/s:

        >>> import numpy as np
        >>> start = waiting_at(np.zeros((1, 2)), np.zeros(1))
        >>> goal = np.array([[3.0]]), np.array([[0.0]]), np.array([[2.0]])
        >>> after = travelled(start, *goal, pause_s=5.0, slot_s=1.0)
        >>> after.xy_m.tolist(), after.until_next_s.tolist()
        ([[2.0, 0.0]], [5.5])
    """
    xp = namespace_of(journey.xy_m)
    _, x_m, y_m, velocity_x_mps, velocity_y_mps, until_s = journey
    until_s = until_s - slot_s
    for leg in range(goal_x_m.shape[0]):
        ended = until_s < 0.0
        way_x_m, way_y_m = goal_x_m[leg, :] - x_m, goal_y_m[leg, :] - y_m
        length_m = xp.maximum(xp.sqrt(way_x_m * way_x_m + way_y_m * way_y_m), SHORTEST_LEG_M)
        per_s = speed_mps[leg, :] / length_m
        x_m, y_m = xp.where(ended, goal_x_m[leg, :], x_m), xp.where(ended, goal_y_m[leg, :], y_m)
        velocity_x_mps = xp.where(ended, way_x_m * per_s, velocity_x_mps)
        velocity_y_mps = xp.where(ended, way_y_m * per_s, velocity_y_mps)
        until_s = xp.where(ended, until_s + (1.0 / per_s + pause_s), until_s)
    until_s = xp.maximum(until_s, 0.0)
    left_s = xp.maximum(until_s - pause_s, 0.0)
    xy_m = xp.stack([x_m - velocity_x_mps * left_s, y_m - velocity_y_mps * left_s], axis=-1)
    return Journey(xy_m, x_m, y_m, velocity_x_mps, velocity_y_mps, until_s)


def legs_needed(reach_m: float, density_per_m2: float, pause_s: float, slot_s: float) -> int:
    """How many legs a user must be able to begin in one slot.

    After a goal, the next L goals drawn with a density of at most f lie within a total way of r with a probability of
    at most ``(2 pi f r^2)^L / (2 L)!`` (each leg has a length of density at most 2 pi f l). L is the least number that
    makes this smaller than `UNFINISHED`; or with pauses the least for which L pauses fill the slot.

    Args:
        reach_m: the longest way in a slot, r [m].
        density_per_m2: the largest density of goals, f [1/m^2].
        pause_s: pause at each goal [s].
        slot_s: length of the slot [s].

    Returns:
        L, at least 1; `MOST_LEGS` + 1 where more are needed than that.

    >>> legs_needed(15.0, 1 / 1500**2, pause_s=0.0, slot_s=1.0), legs_needed(1500.0, 1 / 1500**2, 0.0, 100.0)
    (1, 6)
    """
    by_pauses = math.ceil(slot_s / pause_s) if pause_s * MOST_LEGS >= slot_s else MOST_LEGS + 1
    probability, legs = 1.0, 0
    while probability > UNFINISHED and legs < by_pauses:
        legs += 1
        probability *= 2.0 * math.pi * density_per_m2 * reach_m**2 / ((2 * legs - 1) * 2 * legs)
    return legs


def check_speeds(low_mps: float, high_mps: float) -> None:
    """Refuse a range of speeds that is upside down.

    Raises:
        ValueError: a `PydanticCustomError`, as validators of the schema raise it.
    """
    if low_mps > high_mps:
        raise problem(f"must be at most max_speed_mps, {high_mps:g} (got {low_mps:g})", "min_speed_mps")


def check_legs(legs: int, slot_s: float, pause: str) -> None:
    """Refuse slots so long that more than `MOST_LEGS` legs may be begun in one.

    Args:
        legs: of `legs_needed`.
        slot_s: length of the slot [s].
        pause: the field that holds the pause.

    Raises:
        ValueError: a `PydanticCustomError`, as validators of the schema raise it.
    """
    if legs > MOST_LEGS:
        text = f"at this speed a user may reach more than {MOST_LEGS} goals in a slot of {slot_s:g} s"
        raise problem(f"{text}; use shorter slots, a lower speed or a longer {pause}", "max_speed_mps")


def uniform_speed(low_mps: float, high_mps: float, uniform: Any) -> Any:
    """Speeds uniform between two bounds, same shape as the draws [m/s].

    >>> uniform_speed(1.0, 3.0, 0.5)
    2.0
    """
    return low_mps + (high_mps - low_mps) * uniform
