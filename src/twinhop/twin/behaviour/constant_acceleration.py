"""Motion at an acceleration that changes at random: the Kalman filter of three numbers a column."""

from __future__ import annotations

import math
from typing import ClassVar

from twinhop.jit import jit
from twinhop.twin.behaviour.model import INTERVAL_SIGMAS, FloatArray
from twinhop.twin.behaviour.motion import MEANS, Transition, ahead, correct, propagate, start
from twinhop.twin.behaviour.row_model import RowModel, usable


@jit()
def _transition(span: float, intensity: float) -> Transition:
    second, third = span * span, span * span * span
    return Transition(
        span,
        0.5 * second,
        1.0,
        span,
        intensity * second * third / 20.0,
        intensity * second * second / 8.0,
        intensity * third / 6.0,
        intensity * third / 3.0,
        intensity * second / 2.0,
        intensity * span,
    )


@jit()
def _advance(state: FloatArray, parameters: FloatArray, time_s: float, value: FloatArray) -> bool:
    if not usable(state, parameters, time_s, value):
        return False
    noise = parameters[2] * parameters[2]
    if math.isnan(state[0]):
        start(state, value, noise, parameters[3] * parameters[3], 0.0, parameters[4] * parameters[4])
    else:
        propagate(state, _transition(time_s - state[0], parameters[1]), value.size)
        correct(state, value, noise)
    state[0] = time_s
    return True


@jit()
def _forecast(state: FloatArray, parameters: FloatArray, time_s: float, mean: FloatArray, half: FloatArray) -> None:
    ahead(state, _transition(time_s - state[0], parameters[1]), mean, half, INTERVAL_SIGMAS)


class ConstantAcceleration(RowModel):
    """Kalman filter of position, velocity and acceleration, driven by white noise of the jerk.

    Formula, over t seconds: ``F = [[1, t, t^2/2], [0, 1, t], [0, 0, 1]]``,
    ``Q = q [[t^5/20, t^4/8, t^3/6], [., t^3/3, t^2/2], [., ., t]]``. The interval is that of the position itself.

    Args:
        width: columns of the dimension, whose unit is written u here.
        jerk_intensity: q, greater than 0 [u^2/s^5].
        measurement_sigma: standard deviation of a measured position, greater than 0 [u].
        velocity_sigma: standard deviation of the velocity before anything is known, greater than 0 [u/s].
        acceleration_sigma: the same of the acceleration, greater than 0 [u/s^2].

    Raises:
        InputError: a parameter is not greater than 0.

    Source: Bar-Shalom, Li, Kirubarajan, Estimation with applications to tracking and navigation (2001), section 6.2.3.

    Example:
        >>> import numpy as np
        >>> model = ConstantAcceleration(width=1, measurement_sigma=0.001)
        >>> for second in range(8):
        ...     model.update(float(second), np.array([0.5 * second**2]))
        >>> model.predict(9.0).mean.round(1).tolist()
        [40.5]
    """

    kind: ClassVar[str] = "constant_acceleration"
    parameter_names = ("jerk_intensity", "measurement_sigma", "velocity_sigma", "acceleration_sigma")
    advance = _advance
    forecast = _forecast
    __slots__ = ()

    def __init__(
        self,
        width: int = 2,
        *,
        jerk_intensity: float = 1.0,
        measurement_sigma: float = 1.0,
        velocity_sigma: float = 10.0,
        acceleration_sigma: float = 3.0,
    ) -> None:
        super().__init__(
            width,
            jerk_intensity=jerk_intensity,
            measurement_sigma=measurement_sigma,
            velocity_sigma=velocity_sigma,
            acceleration_sigma=acceleration_sigma,
        )

    @classmethod
    def columns(cls, width: int, **parameters: float) -> int:
        """Time, covariance, and three numbers a column."""
        return MEANS + 3 * width
