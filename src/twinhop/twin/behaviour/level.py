"""A level that wanders: simple exponential smoothing, whose steps may be of any length."""

from __future__ import annotations

import math
from typing import ClassVar

from twinhop.jit import jit
from twinhop.twin.behaviour.model import INTERVAL_SIGMAS, FloatArray
from twinhop.twin.behaviour.row_model import RowModel, usable
from twinhop.twin.behaviour.smoothing import COUNT, FIRST, TIME, check_smoothing, faded, gain_over


@jit()
def _advance(state: FloatArray, parameters: FloatArray, time_s: float, value: FloatArray) -> bool:
    if not usable(state, parameters, time_s, value):
        return False
    width, step_s, weight, memory = value.size, parameters[1], parameters[2], parameters[3]
    if math.isnan(state[TIME]):
        state[COUNT] = 1.0
        for column in range(width):
            state[FIRST + column] = value[column]
            state[FIRST + width + column] = 0.0
    else:
        steps = (time_s - state[TIME]) / step_s
        gain = gain_over(steps, weight)
        growth = 1.0 + max(steps - 1.0, 0.0) * weight * weight
        known = min(state[COUNT], memory)
        state[COUNT] += 1.0
        for column in range(width):
            error = value[column] - state[FIRST + column]
            state[FIRST + column] += gain * error
            at = FIRST + width + column
            state[at] = faded(state[at], error, growth, known)
    state[TIME] = time_s
    return True


@jit()
def _forecast(state: FloatArray, parameters: FloatArray, time_s: float, mean: FloatArray, half: FloatArray) -> None:
    steps = (time_s - state[TIME]) / parameters[1]
    growth = 1.0 + max(steps - 1.0, 0.0) * parameters[2] * parameters[2]
    width = mean.size
    for column in range(width):
        mean[column] = state[FIRST + column]
        half[column] = INTERVAL_SIGMAS * math.sqrt(state[FIRST + width + column] * growth)


class Level(RowModel):
    """Simple exponential smoothing.

    Formula: ``l <- l + (1 - (1 - a)^n) (y - l)``, n the steps since the last value (1: the textbook's a). The forecast
    is l; its variance n steps ahead is ``s2 (1 + (n - 1) a^2)``, s2 the mean square of errors one step ahead.

    Args:
        width: columns of the dimension.
        step_s: usual time between updates, greater than 0 [s].
        weight: a of the newest value one step after the last, in (0, 1].
        memory: errors that the variance is a mean over, at least 1; older ones fade.

    Raises:
        InputError: a parameter is out of range.

    Source: Hyndman and Athanasopoulos, Forecasting: principles and practice, 3rd ed., ETS(A,N,N).

    Example:
        >>> import numpy as np
        >>> model = Level(width=1, step_s=1.0, weight=0.5)
        >>> for second, value in enumerate([10.0, 12.0, 11.0]):
        ...     model.update(float(second), np.array([value]))
        >>> model.predict(3.0).mean.tolist()
        [11.0]
    """

    kind: ClassVar[str] = "level"
    parameter_names = ("step_s", "weight", "memory")
    advance = _advance
    forecast = _forecast
    __slots__ = ()

    def __init__(self, width: int = 1, *, step_s: float = 1.0, weight: float = 0.3, memory: float = 100.0) -> None:
        super().__init__(width, step_s=step_s, weight=weight, memory=memory)

    @classmethod
    def columns(cls, width: int, **parameters: float) -> int:
        """Time, count, levels, variances of errors one step ahead."""
        return FIRST + 2 * width

    @classmethod
    def check(cls, **parameters: float) -> None:
        """Refuse a step that is not greater than 0, a weight outside (0, 1] and a memory under 1."""
        super().check(**parameters)
        check_smoothing(cls.kind, parameters, ("weight",))
