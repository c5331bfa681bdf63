"""A level with a damped trend: Holt's method, whose steps may be of any length."""

from __future__ import annotations

import math
from typing import ClassVar

from twinhop.jit import jit
from twinhop.twin.behaviour.model import INTERVAL_SIGMAS, FloatArray
from twinhop.twin.behaviour.row_model import RowModel, require, usable
from twinhop.twin.behaviour.smoothing import COUNT, FIRST, TIME, check_smoothing, faded, gain_over


@jit()
def damped_steps(steps: float, damping: float) -> float:
    """Return f + f^2 + ... + f^n = f (1 - f^n) / (1 - f), which also holds between whole n.

    Args:
        steps: n, at least 0.
        damping: f in (0, 1).
    """
    return damping * (1.0 - damping**steps) / (1.0 - damping)


@jit()
def damped_growth(steps: float, weight: float, trend_weight: float, damping: float) -> float:
    """Variance of a damped-trend forecast over that of one step: 1 + sum_{j<n} (a + a b (f + ... + f^j))^2, closed.

    Args:
        steps: n; under 1 counts as 1.
        weight: a.
        trend_weight: b.
        damping: f in (0, 1).

    Source: Hyndman, Koehler, Ord, Snyder, Forecasting with exponential smoothing (2008), table 6.2, model 3.
    """
    before, slope = max(steps, 1.0) - 1.0, weight * trend_weight * damping / (1.0 - damping)
    whole = weight + slope
    once, twice = damped_steps(before, damping), damped_steps(before, damping * damping)
    return 1.0 + whole * whole * before - 2.0 * whole * slope * once + slope * slope * twice


@jit()
def _advance(state: FloatArray, parameters: FloatArray, time_s: float, value: FloatArray) -> bool:
    if not usable(state, parameters, time_s, value):
        return False
    weight, trend_weight, damping, memory = parameters[2], parameters[3], parameters[4], parameters[5]
    if math.isnan(state[TIME]):
        state[COUNT] = 1.0
        for column in range(value.size):
            at = FIRST + 3 * column
            state[at], state[at + 1], state[at + 2] = value[column], 0.0, 0.0
    else:
        steps = (time_s - state[TIME]) / parameters[1]
        gain, damping_over = gain_over(steps, weight), damping**steps
        reach, growth = damped_steps(steps, damping), damped_growth(steps, weight, trend_weight, damping)
        known = min(state[COUNT], memory)
        state[COUNT] += 1.0
        for column in range(value.size):
            at = FIRST + 3 * column
            expected = state[at] + reach * state[at + 1]
            error = value[column] - expected
            state[at] = expected + gain * error
            state[at + 1] = damping_over * state[at + 1] + gain * trend_weight * error / max(steps, 1.0)
            state[at + 2] = faded(state[at + 2], error, growth, known)
    state[TIME] = time_s
    return True


@jit()
def _forecast(state: FloatArray, parameters: FloatArray, time_s: float, mean: FloatArray, half: FloatArray) -> None:
    steps = (time_s - state[TIME]) / parameters[1]
    reach = damped_steps(steps, parameters[4])
    growth = damped_growth(steps, parameters[2], parameters[3], parameters[4])
    for column in range(mean.size):
        at = FIRST + 3 * column
        mean[column] = state[at] + reach * state[at + 1]
        half[column] = INTERVAL_SIGMAS * math.sqrt(state[at + 2] * growth)


class Trend(RowModel):
    """Holt's linear trend, damped.

    Formula, one step: ``e = y - l - f b``, ``l <- l + f b + a e``, ``b <- f b + a b* e``; the forecast n steps ahead is
    ``l + (f + ... + f^n) b``. Over n steps a becomes ``1 - (1 - a)^n``, f becomes ``f^n``, and an error counts for the
    trend by its n-th part.

    Args:
        width: columns of the dimension.
        step_s: usual time between updates, greater than 0 [s].
        weight: a, of the level, in (0, 1].
        trend_weight: b*, of the trend, in (0, 1].
        damping: f, in (0, 1).
        memory: errors that the variance is a mean over, at least 1; older ones fade.

    Raises:
        InputError: a parameter is out of range.

    Source: Hyndman and Athanasopoulos, Forecasting: principles and practice, 3rd ed., ETS(A,Ad,N).

    Example:
        >>> import numpy as np
        >>> model = Trend(width=1, weight=0.5, trend_weight=0.5, damping=0.9)
        >>> for second in range(3):
        ...     model.update(float(second), np.array([2.0 * second]))
        >>> model.predict(3.0).mean.round(4).tolist()
        [3.7037]
    """

    kind: ClassVar[str] = "trend"
    parameter_names = ("step_s", "weight", "trend_weight", "damping", "memory")
    advance = _advance
    forecast = _forecast
    __slots__ = ()

    def __init__(
        self,
        width: int = 1,
        *,
        step_s: float = 1.0,
        weight: float = 0.3,
        trend_weight: float = 0.1,
        damping: float = 0.95,
        memory: float = 100.0,
    ) -> None:
        super().__init__(width, step_s=step_s, weight=weight, trend_weight=trend_weight, damping=damping, memory=memory)

    @classmethod
    def columns(cls, width: int, **parameters: float) -> int:
        """Time, count, and level, trend and variance of errors one step ahead by column."""
        return FIRST + 3 * width

    @classmethod
    def check(cls, **parameters: float) -> None:
        """Refuse a step that is not greater than 0, weights outside (0, 1], a damping outside (0, 1), a memory < 1."""
        super().check(**parameters)
        check_smoothing(cls.kind, parameters, ("weight", "trend_weight"))
        require(parameters["damping"] < 1, cls.kind, "damping", "in (0, 1)", parameters["damping"])
