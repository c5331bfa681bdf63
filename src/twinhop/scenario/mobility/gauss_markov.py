"""Gauss-Markov: speed and direction of each user are random processes with memory around means of its own."""

from __future__ import annotations

import math
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, model_validator

from twinhop.scenario.fields import NonNegative, Positive, problem
from twinhop.scenario.mobility.borders import folded, wrapped
from twinhop.scenario.mobility.model import Draws, MobilityModel
from twinhop.scenario.place_sections import Area
from twinhop.units.arrays import Array, namespace_of

Memory = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1)]
Angle = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=180)]


def next_gauss_markov(value: Array, mean: Array, sigma: float, memory: float, normal: Array) -> Array:
    """Return the next values of Gauss-Markov processes.

    Formula: ``x <- a x + (1 - a) m + sigma sqrt(1 - a^2) n``. In the long run, and from the start if the start is
    drawn so, x is normal of mean m and standard deviation sigma, and k steps apart the correlation is ``a^k``.

    Args:
        value: any shape, x.
        mean: broadcastable to it, m, in the same unit.
        sigma: scalar, in the same unit.
        memory: scalar a in [0, 1], the correlation of one step [1].
        normal: standard normal draws, same shape as the values [1].

    Returns:
        The values one step later, same shape and unit.

    Source:
        Liang and Haas, Predictive distance-based mobility management for PCS networks, INFOCOM 1999.

    Example:
        >>> import numpy as np
        >>> next_gauss_markov(np.array([4.0]), 5.0, 1.0, 0.75, np.array([0.0])).tolist()
        [4.25]
    """
    return mean + memory * (value - mean) + sigma * math.sqrt(1.0 - memory * memory) * normal


def unit_vector(angle_rad: Array) -> Array:
    """Return the direction of an angle from the x axis.

    Formula, with ``t = tan(angle / 2)``: ``cos = 2 / (1 + t^2) - 1`` and ``sin = 2 t / (1 + t^2)``. One tangent
    takes less time than a sine and a cosine.

    Args:
        angle_rad: (N,) angles [rad].

    Returns:
        (2, N) x and y, of length 1 [1].

    Example:
        >>> import numpy as np
        >>> unit_vector(np.array([0.0, 0.5 * np.pi, np.pi])).round(12).tolist()
        [[1.0, 0.0, -1.0], [0.0, 1.0, 0.0]]
    """
    xp = namespace_of(angle_rad)
    t = xp.tan(0.5 * angle_rad)
    scale = 2.0 / (1.0 + t * t)
    return xp.stack([scale - 1.0, scale * t])


class GaussMarkovState(NamedTuple):
    """Users whose speed and direction wander around their means, on the plane of mirror images of the area."""

    xy_m: Array
    """(N, 2) positions in the area [m]."""
    image_m: Array
    """(2, N) x and y on the plane of mirror images, from 0 to twice the extent of the area [m]."""
    mean_speed_mps: Array
    """(N,) mean of the speed process [m/s]."""
    mean_direction_rad: Array
    """(N,) mean of the direction process, from the x axis [rad]."""
    speed_mps: Array
    """(N,) speed process, not clamped [m/s]."""
    direction_rad: Array
    """(N,) direction process [rad]."""


class GaussMarkov(MobilityModel):
    """Speed and direction wander around means of each user; borders reflect."""

    kind: Literal["gauss_markov"] = Field(description="the model")
    alpha: Memory = Field(
        default=0.85, description="memory: correlation of speed, and of direction, with themselves one second later [1]"
    )
    min_speed_mps: NonNegative = Field(default=1.0, description="nobody moves slower [m/s]")
    max_speed_mps: Positive = Field(default=15.0, description="nobody moves faster [m/s]")
    mean_speed_mps: NonNegative | None = Field(
        default=None, description="mean speed of every user [m/s]; null: each user's own, uniform from least to largest"
    )
    speed_sigma_mps: NonNegative = Field(default=1.0, description="standard deviation of the speed [m/s]")
    direction_sigma_deg: Angle = Field(
        default=45.0, description="standard deviation of the direction around the user's mean direction [degree]"
    )

    @model_validator(mode="after")
    def _ordered(self) -> GaussMarkov:
        low, high = self.min_speed_mps, self.max_speed_mps
        if low > high:
            raise problem(f"must be at most max_speed_mps, {high:g} (got {low:g})", "min_speed_mps")
        mean = self.mean_speed_mps
        if mean is not None and not low <= mean <= high:
            text = f"must be from min_speed_mps to max_speed_mps, {low:g} to {high:g} (got {mean:g})"
            raise problem(text, "mean_speed_mps")
        return self

    def draws(self, area: Area, slot_s: float) -> Draws:
        """Means of speed and direction at the start; a normal draw for each at the start and in each slot."""
        return Draws(start_uniform=2, start_normal=2, normal=2)

    def start(self, xy_m: Array, uniform: Array, normal: Array, area: Area) -> GaussMarkovState:
        """Where the scenario places them, with speed and direction in their stationary distribution.

        Positions that are uniform in the area stay so.
        """
        xp = namespace_of(xy_m)
        fixed, low, high = self.mean_speed_mps, self.min_speed_mps, self.max_speed_mps
        mean_speed_mps = low + (high - low) * uniform[0] if fixed is None else fixed + 0.0 * uniform[0]
        mean_direction_rad = 2.0 * math.pi * uniform[1]
        return GaussMarkovState(
            xy_m=xy_m,
            image_m=xp.matrix_transpose(xy_m),
            mean_speed_mps=mean_speed_mps,
            mean_direction_rad=mean_direction_rad,
            speed_mps=mean_speed_mps + self.speed_sigma_mps * normal[0],
            direction_rad=mean_direction_rad + self._direction_sigma_rad * normal[1],
        )

    def step(
        self, state: GaussMarkovState, uniform: Array, normal: Array, area: Area, slot_s: float, time_s: float
    ) -> GaussMarkovState:
        """The next speed and direction, and the users where these take them within the slot."""
        xp = namespace_of(state.xy_m)
        memory = self.alpha**slot_s
        speed_mps = next_gauss_markov(state.speed_mps, state.mean_speed_mps, self.speed_sigma_mps, memory, normal[0])
        direction_rad = next_gauss_markov(
            state.direction_rad, state.mean_direction_rad, self._direction_sigma_rad, memory, normal[1]
        )
        moved_m = slot_s * xp.minimum(xp.maximum(speed_mps, self.min_speed_mps), self.max_speed_mps)
        way = unit_vector(direction_rad)
        extent_m = xp.asarray([[area.width_m], [area.height_m]], dtype=way.dtype)
        image_m = wrapped(state.image_m + moved_m * way, 2.0 * extent_m)
        xy_m = xp.matrix_transpose(folded(image_m, extent_m))
        return state._replace(xy_m=xy_m, image_m=image_m, speed_mps=speed_mps, direction_rad=direction_rad)

    @property
    def _direction_sigma_rad(self) -> float:
        return math.radians(self.direction_sigma_deg)
