"""Motion at a velocity that strays and comes back to a mean, which is learned: what Gauss-Markov users do."""

from __future__ import annotations

import math
from typing import ClassVar

from twinhop.jit import jit
from twinhop.twin.behaviour.model import INTERVAL_SIGMAS, FloatArray
from twinhop.twin.behaviour.motion import MEANS, Transition, ahead, correct, propagate, start
from twinhop.twin.behaviour.row_model import RowModel, usable


@jit()
def _transition(span: float, rate: float, sigma: float, drift: float) -> Transition:
    """Of dx = v dt, dv = rate (m - v) dt + sigma sqrt(2 rate) dW, dm = sqrt(drift) dV, in closed form."""
    decay = math.exp(-rate * span)
    reach = -math.expm1(-rate * span) / rate
    drift_reach = span - reach
    squares = max(span - 2.0 * reach - math.expm1(-2.0 * rate * span) / (2.0 * rate), 0.0)
    drive = 2.0 * rate * sigma * sigma
    ramps = (0.5 * span * span - (1.0 - decay * (1.0 + rate * span)) / (rate * rate)) / rate
    distances = max(span * span * span / 3.0 - 2.0 * ramps + squares / (rate * rate), 0.0)
    return Transition(
        reach,
        drift_reach,
        decay,
        1.0 - decay,
        drive * squares / (rate * rate) + drift * distances,
        drive * 0.5 * reach * reach + drift * 0.5 * drift_reach * drift_reach,
        drift * (0.5 * span * span - drift_reach / rate),
        sigma * sigma * (1.0 - decay * decay) + drift * squares,
        drift * drift_reach,
        drift * span,
    )


@jit()
def _advance(state: FloatArray, parameters: FloatArray, time_s: float, value: FloatArray) -> bool:
    if not usable(state, parameters, time_s, value):
        return False
    rate, sigma, drift = 1.0 / parameters[1], parameters[2], parameters[3]
    noise, mean = parameters[4] * parameters[4], parameters[5] * parameters[5]
    if math.isnan(state[0]):
        start(state, value, noise, sigma * sigma + mean, mean, mean)
    else:
        propagate(state, _transition(time_s - state[0], rate, sigma, drift), value.size)
        correct(state, value, noise)
    state[0] = time_s
    return True


@jit()
def _forecast(state: FloatArray, parameters: FloatArray, time_s: float, mean: FloatArray, half: FloatArray) -> None:
    f = _transition(time_s - state[0], 1.0 / parameters[1], parameters[2], parameters[3])
    ahead(state, f, mean, half, INTERVAL_SIGMAS)


class RevertingVelocity(RowModel):
    """Kalman filter of position, velocity and mean velocity: the velocity is an Ornstein-Uhlenbeck process.

    Formula: ``dx = v dt``, ``dv = (m - v)/T dt + s sqrt(2/T) dW``, ``dm = sqrt(q) dV``; transition and noise over any
    time in closed form. Far ahead the spread grows with the root of the time, not with its power 3/2 as that of a
    constant velocity. The interval is that of the position itself.

    Args:
        width: columns of the dimension, whose unit is written u here.
        memory_s: T, the time after which a deviation of the velocity is forgotten to 1/e, greater than 0 [s].
        deviation_sigma: s, standard deviation of the velocity around its mean, greater than 0 [u/s].
        drift_intensity: q, by which the mean wanders, greater than 0 [u^2/s^3].
        measurement_sigma: standard deviation of a measured position, greater than 0 [u].
        mean_sigma: standard deviation of the mean velocity before anything is known, greater than 0 [u/s].

    Raises:
        InputError: a parameter is not greater than 0.

    Source: Liang and Haas, INFOCOM 1999 (Gauss-Markov mobility in continuous time); Uhlenbeck and Ornstein (1930).

    Example:
        >>> import numpy as np
        >>> model = RevertingVelocity(width=1)
        >>> for second in range(60):
        ...     model.update(float(second), np.array([3.0 * second]))
        >>> bool(abs(model.predict(69.0).mean[0] - 207.0) < 1.0)
        True
    """

    kind: ClassVar[str] = "reverting_velocity"
    parameter_names = ("memory_s", "deviation_sigma", "drift_intensity", "measurement_sigma", "mean_sigma")
    advance = _advance
    forecast = _forecast
    __slots__ = ()

    def __init__(
        self,
        width: int = 2,
        *,
        memory_s: float = 6.0,
        deviation_sigma: float = 5.0,
        drift_intensity: float = 0.1,
        measurement_sigma: float = 1.0,
        mean_sigma: float = 10.0,
    ) -> None:
        super().__init__(
            width,
            memory_s=memory_s,
            deviation_sigma=deviation_sigma,
            drift_intensity=drift_intensity,
            measurement_sigma=measurement_sigma,
            mean_sigma=mean_sigma,
        )

    @classmethod
    def columns(cls, width: int, **parameters: float) -> int:
        """Time, covariance, and three numbers a column."""
        return MEANS + 3 * width
