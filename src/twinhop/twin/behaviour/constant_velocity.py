"""Motion at a velocity that changes at random: the Kalman filter of two numbers a column."""

from __future__ import annotations

import math
from typing import ClassVar

from twinhop.jit import jit
from twinhop.twin.behaviour.model import INTERVAL_SIGMAS, FloatArray
from twinhop.twin.behaviour.row_model import RowModel, usable

#: State: time, variance of the position, covariance, variance of the velocity, then position and velocity by column.
_MEANS = 4


@jit()
def _advance(state: FloatArray, parameters: FloatArray, time_s: float, value: FloatArray) -> bool:
    if not usable(state, parameters, time_s, value):
        return False
    intensity, noise = parameters[1], parameters[2] * parameters[2]
    if math.isnan(state[0]):
        state[0], state[1], state[2], state[3] = time_s, noise, 0.0, parameters[3] * parameters[3]
        for column in range(value.size):
            state[_MEANS + 2 * column] = value[column]
            state[_MEANS + 2 * column + 1] = 0.0
        return True
    span = time_s - state[0]
    p00 = state[1] + span * (2.0 * state[2] + span * (state[3] + intensity * span / 3.0))
    p01 = state[2] + span * (state[3] + 0.5 * intensity * span)
    p11 = state[3] + intensity * span
    k0, k1 = p00 / (p00 + noise), p01 / (p00 + noise)
    state[0], state[1], state[2], state[3] = time_s, p00 - k0 * p00, p01 - k0 * p01, p11 - k1 * p01
    for column in range(value.size):
        at = _MEANS + 2 * column
        expected = state[at] + span * state[at + 1]
        error = value[column] - expected
        state[at] = expected + k0 * error
        state[at + 1] += k1 * error
    return True


@jit()
def _forecast(state: FloatArray, parameters: FloatArray, time_s: float, mean: FloatArray, half: FloatArray) -> None:
    span = time_s - state[0]
    variance = state[1] + span * (2.0 * state[2] + span * (state[3] + parameters[1] * span / 3.0))
    reach = INTERVAL_SIGMAS * math.sqrt(variance)
    for column in range(mean.size):
        at = _MEANS + 2 * column
        mean[column] = state[at] + span * state[at + 1]
        half[column] = reach


class ConstantVelocity(RowModel):
    """Kalman filter of position and velocity, driven by white noise of the acceleration.

    Formula, over t seconds: ``F = [[1, t], [0, 1]]``, ``Q = q [[t^3 / 3, t^2 / 2], [t^2 / 2, t]]``. The interval is
    that of the position itself, without the noise of a measurement.

    Args:
        width: columns of the dimension, whose unit is written u here.
        acceleration_intensity: q, greater than 0 [u^2/s^3].
        measurement_sigma: standard deviation of a measured position, greater than 0 [u].
        velocity_sigma: standard deviation of the velocity before anything is known, greater than 0 [u/s].

    Raises:
        InputError: a parameter is not greater than 0.

    Source: Bar-Shalom, Li, Kirubarajan, Estimation with applications to tracking and navigation (2001), section 6.2.2.

    Example:
        >>> import numpy as np
        >>> model = ConstantVelocity(width=1, measurement_sigma=0.001)
        >>> for second in range(5):
        ...     model.update(float(second), np.array([3.0 * second]))
        >>> model.predict(6.0).mean.round(2).tolist()
        [18.0]
    """

    kind: ClassVar[str] = "constant_velocity"
    parameter_names = ("acceleration_intensity", "measurement_sigma", "velocity_sigma")
    advance = _advance
    forecast = _forecast
    __slots__ = ()

    def __init__(
        self,
        width: int = 2,
        *,
        acceleration_intensity: float = 4.0,
        measurement_sigma: float = 1.0,
        velocity_sigma: float = 10.0,
    ) -> None:
        super().__init__(
            width,
            acceleration_intensity=acceleration_intensity,
            measurement_sigma=measurement_sigma,
            velocity_sigma=velocity_sigma,
        )

    @classmethod
    def columns(cls, width: int, **parameters: float) -> int:
        """Time, covariance, positions and velocities."""
        return _MEANS + 2 * width
